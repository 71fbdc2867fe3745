"""A council's own gaiji font, made for a test: each private-use character is a box of its own width."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen


def _box(pen: TTGlyphPen | T2CharStringPen, width: int) -> None:
    pen.moveTo((50, 0))
    for point in ((50, 700), (width - 50, 700), (width - 50, 0)):
        pen.lineTo(point)
    pen.closePath()


def write_font(path: Path, widths: Mapping[str, int]) -> Path:
    """A TrueType file with a glyph for each character, so wide in thousandths of an em; .tte is the same inside."""
    builder = FontBuilder(1000, isTTF=True)
    names = {char: f"g{ord(char):X}" for char in widths}
    advances = {".notdef": 1000, **{names[char]: width for char, width in widths.items()}}
    builder.setupGlyphOrder(list(advances))
    builder.setupCharacterMap({ord(char): name for char, name in names.items()})
    glyphs = {}
    for name, width in advances.items():
        pen = TTGlyphPen(None)
        _box(pen, width)
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    _finish(builder, advances)
    builder.save(path)
    return path


def write_postscript_font(path: Path, char: str) -> Path:
    """A font with PostScript outlines, which our PDF files cannot embed."""
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "g"])
    builder.setupCharacterMap({ord(char): "g"})
    pen = T2CharStringPen(1000, None)
    _box(pen, 1000)
    outline = pen.getCharString()
    builder.setupCFF("Gaiji", {}, {".notdef": outline, "g": outline}, {})
    _finish(builder, {".notdef": 1000, "g": 1000})
    builder.save(path)
    return path


def _finish(builder: FontBuilder, advances: Mapping[str, int]) -> None:
    builder.setupHorizontalMetrics({name: (width, 50) for name, width in advances.items()})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Gaiji", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
