"""MJ glyph names (MJ文字図形名) and the texts that IPAmj Mincho draws them for.

The font names its glyphs so (``mj028902``). A text comes from its cmap alone: format 14 for a character with its
selector (the Moji_Joho collection), the plain tables for a bare code point. Nothing is looked up elsewhere.
"""

from __future__ import annotations

from functools import cached_property

import uharfbuzz as hb

from .face import Face, is_private


class MojiJoho:
    """The names of one face. A face without them knows none; reading all of IPAmj takes 50 ms, once."""

    def __init__(self, face: Face) -> None:
        self._font = hb.Font(face.hb_face)

    @cached_property
    def _texts(self) -> dict[int, list[str]]:
        """By glyph, every text that gives it: ideographic sequences first, then standardized ones, then bare."""
        face = self._font.face
        found: dict[int, list[str]] = {}
        for selector in sorted(face.variation_selectors, reverse=True):
            for base in sorted(face.variation_unicodes(selector)):
                gid = self._font.get_variation_glyph(base, selector)
                found.setdefault(gid, []).append(chr(base) + chr(selector))
        for base in sorted(face.unicodes):
            if not is_private(chr(base)):
                found.setdefault(self._font.get_nominal_glyph(base), []).append(chr(base))
        return found

    def knows(self, name: str) -> bool:
        """Whether the face has a glyph of this name (``MJ028902``)."""
        return self._font.get_glyph_from_name(name.lower()) is not None

    def texts(self, name: str) -> list[str]:
        """The texts that may be printed for a name, the one to prefer first; empty when the face has none.

        Where a sequence exists the bare character is not among them: it leaves the form to whichever face draws
        it, and the first of the chain is not this one. More than one base is left for a person to choose from.
        """
        gid = self._font.get_glyph_from_name(name.lower())
        texts = self._texts.get(gid, []) if gid is not None else []
        for exact in (
            [t for t in texts if t[-1] >= "\U000e0100"],
            [t for t in texts if len(t) == 2],
        ):
            if exact:
                return exact
        return texts
