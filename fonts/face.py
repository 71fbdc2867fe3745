"""One font file: which glyph a character has, how wide it is, and where the file came from."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path

import uharfbuzz as hb


def is_selector(char: str) -> bool:
    """Whether ``char`` is a variation selector (the second half of an IVS)."""
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


# Page code carries glyph numbers and the PDF its own widths: nothing reads these tables.
_UNNEEDED_TABLES = (b"GSUB", b"GPOS", b"GDEF", b"cmap", b"name", b"OS/2", b"post", b"vhea", b"vmtx", b"VORG")


class Face:
    """A TrueType face, looked up lazily: opening one of 46 MB costs nothing until it is asked.

    ``resource`` is the name that page code calls it by (``F0``). Widths are thousandths of an em.
    """

    def __init__(self, resource: str, name: str, path: Path) -> None:
        self.resource = resource
        self.name = name
        self.path = path
        self.hb_face = hb.Face(hb.Blob.from_file_path(str(path)))
        self._font = hb.Font(self.hb_face)
        self._scale = 1000 / self.hb_face.upem

    @cached_property
    def sha256(self) -> str:
        return sha256(self.path.read_bytes()).hexdigest()

    def glyph(self, cluster: str) -> int | None:
        """Glyph of one character, or of a character and its variation selector; None if there is none."""
        if len(cluster) == 2:
            gid = self._font.get_variation_glyph(ord(cluster[0]), ord(cluster[1]))
        else:
            gid = self._font.get_nominal_glyph(ord(cluster))
        return gid or None

    def advance(self, gid: int) -> float:
        """Width of a glyph in thousandths of an em."""
        return float(self._font.get_glyph_h_advance(gid) * self._scale)

    def subset(self, gids: set[int]) -> bytes:
        """The font file with only these glyphs, numbers kept, so page code needs no second pass."""
        wanted = hb.SubsetInput()
        wanted.glyph_set.update(gids)
        wanted.flags = hb.SubsetFlags.RETAIN_GIDS | hb.SubsetFlags.NO_LAYOUT_CLOSURE
        wanted.drop_table_tag_set.update({int.from_bytes(tag) for tag in _UNNEEDED_TABLES})
        return bytes(hb.subset(self.hb_face, wanted).blob.data)

    @property
    def metrics(self) -> tuple[int, int, tuple[int, int, int, int]]:
        """Ascent, descent and bounding box in thousandths of an em, for the font descriptor."""
        extents = self._font.get_font_extents("ltr")
        ascent, descent = round(extents.ascender * self._scale), round(extents.descender * self._scale)
        return ascent, descent, (0, descent, 1000, ascent)
