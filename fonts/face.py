"""One font file: which glyph a character has, how wide it is, and where the file came from."""

from __future__ import annotations

import unicodedata
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import uharfbuzz as hb


def is_selector(char: str) -> bool:
    """Whether ``char`` is a variation selector (the second half of an IVS)."""
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def is_mark(char: str) -> bool:
    """Whether ``char`` combines with the one before it (゙ U+3099, an accent) and is no selector."""
    return char >= "\u0300" and unicodedata.category(char)[0] == "M" and not is_selector(char)


def is_private(char: str) -> bool:
    """Whether ``char`` is in a private-use area: it means what its own font's maker says, and nothing elsewhere."""
    return "\ue000" <= char <= "\uf8ff" or char >= "\U000f0000"


class FontError(Exception):
    """A file that was given as a font is none that can be printed with. The sentence is for the operator."""


# Page code carries glyph numbers and the PDF its own widths: nothing reads these tables.
_UNNEEDED_TABLES = (b"GSUB", b"GPOS", b"GDEF", b"cmap", b"name", b"OS/2", b"post", b"vhea", b"vmtx", b"VORG")


class Face:
    """A TrueType face, looked up lazily: opening one of 46 MB costs nothing until it is asked.

    ``resource`` is the name that page code calls it by (``F0``). Widths are thousandths of an em. ``private``:
    the council's own gaiji font, the only face that is ever asked for a private-use character. Others have some
    too (IPAmj Mincho five), and they are not the council's.
    """

    def __init__(self, resource: str, name: str, path: Path, *, private: bool = False) -> None:
        self.resource = resource
        self.name = name
        self.path = path
        self.private = private
        self.hb_face = hb.Face(hb.Blob.from_file_path(str(path)))
        self._font = hb.Font(self.hb_face)
        self._scale = 1000 / self.hb_face.upem

    @cached_property
    def sha256(self) -> str:
        return sha256(self.path.read_bytes()).hexdigest()

    @property
    def characters(self) -> set[str]:
        """The characters that the file has a glyph for."""
        return {chr(code) for code in self.hb_face.unicodes}

    @property
    def tables(self) -> set[str]:
        """Tags of the file's tables; none for a file that is no font."""
        return set(self.hb_face.table_tags)

    def glyph(self, cluster: str) -> int | None:
        """Glyph of a character, alone or with its variation selector or its combining marks; None if there is none.

        A base is never drawn in place of a sequence that the face does not know. Marks are drawn only as the
        one character that Unicode composes them to: these faces give ゙ a full em of its own, and か゛ is not が.
        """
        base, rest = cluster[0], cluster[1:]
        if (is_private(base) and not self.private) or is_selector(base) or is_mark(base):
            return None
        if len(rest) == 1 and is_selector(rest):
            return self._font.get_variation_glyph(ord(base), ord(rest)) or None
        if rest:
            composed = unicodedata.normalize("NFC", cluster)
            if len(composed) > 1:
                return None
            base = composed
        if unicodedata.category(base) in ("Cc", "Cf"):  # BIZ UD draws a soft hyphen, which nobody sees elsewhere
            return None
        gid = self._font.get_nominal_glyph(ord(base)) or None
        # What fits is reckoned with an em a character; of the faces that ship a test says that it holds.
        return None if gid and self.private and self.advance(gid) > 1000 else gid

    def glyph_name(self, gid: int) -> str:
        """The glyph's name in the file (``mj028902``), or its number (``gid123``) where it has none."""
        return str(self._font.glyph_to_string(gid))

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


def further_face(resource: str, path: Path, *, private: bool = False) -> Face:
    """A face that does not ship with us, TrueType in whatever wrapping (.ttf, .tte, .ttc).

    :class:`FontError` says that the file is missing or holds no TrueType glyphs.
    """
    if not path.is_file():
        raise FontError(f"書体ファイル {path.name} が見つかりません。")
    # The name stands in PDF files and in a run's record, where only these characters are plain.
    name = "".join(c for c in path.stem if c.isascii() and (c.isalnum() or c in "-_")) or "Gaiji"
    face = Face(resource, name, path, private=private)
    if not {"glyf", "cmap"} <= face.tables:
        raise FontError(f"{path.name} は TrueType の書体（.ttf、Windows の外字ファイル .tte）ではありません。")
    return face
