"""The faces that a finished file has embedded: which text its glyph numbers are, how wide, and whether they are drawn.

The file's own tables say which text is meant (ToUnicode) and how wide it is (W); both are held against the run's
faces, and each embedded outline against the one in the face: a blank or another glyph is found without a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import pikepdf
import uharfbuzz as hb

from fonts import Chain, Face, clusters

from .fault import Difference

_MAP = re.compile(rb"<([0-9A-F]{4})><((?:[0-9A-F]{4})+)>\n")
_RANGE = b"<0000><FFFF>\n"
_EM = 1000
_PLAIN = {"ccmp": False, "locl": False, "liga": False, "calt": False, "kern": False}


class Typeface:
    """One embedded face. ``texts`` and ``widths`` (thousandths of an em) by glyph number."""

    def __init__(self, face: Face, texts: dict[int, str], widths: dict[int, float]) -> None:
        self.face = face
        self._texts = texts
        self._glyphs = {f"{gid:04X}": (text, widths.get(gid, _EM)) for gid, text in texts.items()}

    def read(self, codes: str) -> tuple[str, float]:
        """What glyph numbers in hex say, and their width in thousandths of an em.

        :class:`Difference` for a glyph that the file does not have.
        """
        try:
            found = [self._glyphs[codes[i : i + 4]] for i in range(0, len(codes), 4)]
        except KeyError:
            raise Difference("字形がファイルの書体にありません") from None
        texts, widths = zip(*found, strict=True)
        return "".join(texts), sum(widths)

    def named(self, cluster: str) -> str:
        """The text that the file has for a cluster's glyph (of two with one glyph it names one); empty for none."""
        gid = shaped(self.face, cluster)
        return self._texts.get(gid, "") if gid is not None else ""


def typefaces(resources: Any, chains: Iterable[Chain]) -> dict[str, Typeface]:
    """The embedded faces by the names that page code calls them, each held against the run's own.

    Raises :class:`Difference`, which names a face and glyph numbers.
    """
    faces = {face.name: face for chain in chains for face in chain.faces}
    found = {}
    for name, font in resources.Font.items():
        base = str(font.BaseFont).partition("+")[2]
        if base not in faces:
            raise Difference(f"書体 {base} は、この回の書体ではありません")
        try:
            found[str(name)[1:]] = _typeface(font, faces[base])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, pikepdf.PdfError):
            raise Difference(f"書体 {base} の組み立てが違います") from None
    return found


def as_named(text: str, chain: Chain, faces: Mapping[str, Typeface]) -> str:
    """A text with, for characters that share a glyph, the one that the file names it by."""
    used = {face.face.name: face for face in faces.values()}
    own = [used[face.name] for face in chain.faces if face.name in used]
    return "".join([next((name for face in own if (name := face.named(one))), one) for one in clusters(text)])


def _typeface(font: Any, face: Face) -> Typeface:
    descendant = font.DescendantFonts[0]
    if str(font.Encoding) != "/Identity-H" or str(descendant.CIDToGIDMap) != "/Identity" or descendant.DW != _EM:
        raise Difference(f"書体 {face.name} の字形番号の付け方が違います")
    mapping = font.ToUnicode.read_bytes().replace(_RANGE, b"")
    texts = {
        int(gid, 16): bytes.fromhex(text.decode()).decode("utf-16-be", "surrogatepass")
        for gid, text in _MAP.findall(mapping)
    }
    widths = _widths(descendant.get("/W", pikepdf.Array()))
    data = bytes(descendant.FontDescriptor.FontFile2.read_bytes())
    embedded, whole = hb.Font(hb.Face(data)), _opened(str(face.path))
    scale = _EM / whole.face.upem
    if embedded.face.upem != whole.face.upem:
        raise Difference(f"書体 {face.name} の大きさが違います")
    for gid, text in texts.items():
        told = f"書体 {face.name} の字形 {gid}"
        if not gid or shaped(face, text) != gid:
            raise Difference(f"{told} が、書体の字と違います")
        if abs(widths.get(gid, _EM) - whole.get_glyph_h_advance(gid) * scale) > 1:
            raise Difference(f"{told} の幅が、書体と違います")
        if _outline(embedded, gid) != _outline_of(str(face.path), gid):
            raise Difference(f"{told} の形が、書体と違います")
    return Typeface(face, texts, widths)


def _widths(array: Any) -> dict[int, float]:
    """A W array in its form of a number and a list of widths from there on."""
    found: dict[int, float] = {}
    for first, widths in zip(array[::2], array[1::2], strict=True):
        found.update({int(first) + i: float(width) for i, width in enumerate(widths)})
    return found


@cache
def _opened(path: str) -> hb.Font:
    return hb.Font(hb.Face(hb.Blob.from_file_path(path)))


@cache
def _outline_of(path: str, gid: int) -> bytes:
    return _outline(_opened(path), gid)


def _outline(font: hb.Font, gid: int) -> bytes:
    """A digest of a glyph's curves in units of the face."""
    drawn: list[tuple[str, tuple[float, ...]]] = []
    font.draw_glyph(gid, _collecting(), drawn)
    return sha256(repr(drawn).encode()).digest()


@cache
def _collecting() -> hb.DrawFuncs:
    functions = hb.DrawFuncs()
    functions.set_move_to_func(lambda x, y, into: into.append(("m", (x, y))))
    functions.set_line_to_func(lambda x, y, into: into.append(("l", (x, y))))
    functions.set_quadratic_to_func(lambda *values: values[-1].append(("q", values[:-1])))
    functions.set_cubic_to_func(lambda *values: values[-1].append(("c", values[:-1])))
    functions.set_close_path_func(lambda into: into.append(("h", ())))
    return functions


@cache
def shaped(face: Face, cluster: str) -> int | None:
    """The glyph that a shaper draws a cluster with, None for more than one: asked another way than by what prints."""
    if len(clusters(cluster)) != 1:
        return None
    buffer = hb.Buffer()
    buffer.add_str(cluster)
    buffer.guess_segment_properties()
    hb.shape(_opened(str(face.path)), buffer, _PLAIN)
    glyphs = [info.codepoint for info in buffer.glyph_infos]
    return glyphs[0] if len(glyphs) == 1 else None
