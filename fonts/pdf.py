"""A face as PDF objects: one CID font per file (Type 0, Identity-H), with a ToUnicode map.

Two-byte codes are glyph numbers, so Japanese text and variation sequences are one string in one
font; a subset keeps its numbers, so pages can be written before the subset is known.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from deflate import zlib_compress

from .face import Face

DEFLATE_LEVEL = 6  # half the time of zlib's 6 and a little smaller; docs/performance.md


class FontObjects(NamedTuple):
    """Bodies of the five objects; ``%d`` places take the object numbers in the order given."""

    font: str  # needs: descendant, to_unicode
    descendant: str  # needs: descriptor
    descriptor: str  # needs: file
    file_entries: str  # stream dictionary without its length
    file: bytes
    to_unicode: bytes


def font_objects(face: Face, glyphs: dict[int, str]) -> FontObjects:
    """The objects that embed the used ``glyphs`` (glyph number to the text it stands for)."""
    data = face.subset(set(glyphs))
    tag = sha256(f"{face.sha256} {sorted(glyphs)}".encode()).digest()
    base = "".join(chr(65 + b % 26) for b in tag[:6]) + "+" + face.name
    ascent, descent, box = face.metrics
    packed = bytes(zlib_compress(data, DEFLATE_LEVEL))
    return FontObjects(
        font=(
            f"<</Type/Font/Subtype/Type0/BaseFont/{base}/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
        ),
        descendant=(
            f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{base}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
            f"/Supplement 0>>/CIDToGIDMap/Identity/DW 1000/W[{_widths(face, glyphs)}]/FontDescriptor %d 0 R>>"
        ),
        descriptor=(
            f"<</Type/FontDescriptor/FontName/{base}/Flags 4/FontBBox[{' '.join(map(str, box))}]/ItalicAngle 0"
            f"/Ascent {ascent}/Descent {descent}/CapHeight {ascent}/StemV 80/FontFile2 %d 0 R>>"
        ),
        file_entries=f"/Length1 {len(data)}/Filter/FlateDecode",
        file=packed,
        to_unicode=bytes(zlib_compress(to_unicode(glyphs), DEFLATE_LEVEL)),
    )


def _widths(face: Face, glyphs: dict[int, str]) -> str:
    """The W array: only glyphs that are not a full em wide."""
    narrow = ((gid, round(face.advance(gid))) for gid in sorted(glyphs))
    return " ".join(f"{gid}[{width}]" for gid, width in narrow if width != 1000)


def to_unicode(glyphs: dict[int, str]) -> bytes:
    """A ToUnicode CMap, so that text can be searched, copied and read back."""
    lines = [f"<{gid:04X}><{text.encode('utf-16-be').hex().upper()}>" for gid, text in sorted(glyphs.items())]
    blocks = [lines[i : i + 100] for i in range(0, len(lines), 100)]
    body = "\n".join(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar" for b in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n"
        "/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n{body}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()
