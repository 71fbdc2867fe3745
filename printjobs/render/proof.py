"""The word 見本 across a page, so that a proof can never be taken for a notice."""

from __future__ import annotations

from fonts import FontSet

from .text import MM
from .writer import A4, PdfWriter

_SIZE = 150.0  # pt
_TEXT = "見　本"
_GREY, _OUTLINE = 0.72, 0.8  # light and thin: every figure under it must be read to be signed for
_TAG = "見本（校正用）　この紙は通知ではありません"
_TAG_SIZE = 9.0  # pt
_TAG_X = 12.0  # mm from the left edge: upright in the strip that every page keeps free


def overlay(fonts: FontSet, writer: PdfWriter, place: str) -> str:
    """Page code of large light-grey outlines, slanted, drawn over everything without hiding it, and of a side tag.

    ``place`` ends the tag: which page this is of which notice, so that one that was taken out can be put back.
    """
    chain = fonts.chains["gothic-bold"]
    span = chain.spans(_TEXT, writer.ink.of(chain))[0]
    half = span.width * _SIZE / 2000
    # Turned by 30 degrees about the middle of the paper, where the middle of the word then lies.
    x = A4[0] / 2 - half * 0.866 + 0.38 * _SIZE * 0.5
    y = A4[1] / 2 - half * 0.5 - 0.38 * _SIZE * 0.866
    tag = chain.spans(f"{_TAG}　　{place}", writer.ink.of(chain))[0]
    tag_x = _TAG_X * MM + 0.38 * _TAG_SIZE
    tag_y = (A4[1] - tag.width * _TAG_SIZE / 1000) / 2
    return (
        f"q {_GREY:g} G {_OUTLINE:g} w 1 Tr BT /{span.face.resource} {_SIZE:g} Tf "
        f"0.866 0.5 -0.5 0.866 {x:.1f} {y:.1f} Tm<{span.codes}>Tj ET Q\n"
        f"q 0 g BT /{tag.face.resource} {_TAG_SIZE:g} Tf 0 1 -1 0 {tag_x:.2f} {tag_y:.2f} Tm<{tag.codes}>Tj ET Q\n"
    )
