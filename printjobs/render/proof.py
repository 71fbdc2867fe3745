"""The word 見本 across a page, so that a proof can never be taken for a notice."""

from __future__ import annotations

from fonts import FontSet

from .writer import A4, PdfWriter

_SIZE = 150.0  # pt
_TEXT = "見　本"


def overlay(fonts: FontSet, writer: PdfWriter) -> str:
    """Page code of large light-grey outlines, slanted, drawn over everything without hiding it."""
    chain = fonts.chains["gothic-bold"]
    span = chain.spans(_TEXT, writer.ink.of(chain))[0]
    half = span.width * _SIZE / 2000
    x, y = A4[0] / 2 - half * 0.87 + 30, A4[1] / 2 - half * 0.5 - 30
    return (
        f"q 0.65 G 1.5 w 1 Tr BT /{span.face.resource} {_SIZE:g} Tf 0.866 0.5 -0.5 0.866 {x:.1f} {y:.1f} Tm"
        f"<{span.codes}>Tj ET Q\n"
    )
