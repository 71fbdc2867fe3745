"""A symbol as a picture of its own, to look at or to hold before a reader: device dots, quiet zone included."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from fonts import Face

from .mask import Extent, Mask

_LEAST_ABOVE = 4  # modules' worth of white where a symbol itself needs none: an edge is not a bar's end
OCR_POINTS = 8.3  # of the slips' OCR lines: twelve characters to the inch


def picture(mask: Mask, extent: Extent) -> Image.Image:
    """Black and white, one pixel a dot."""
    symbol = Image.frombytes("1", (mask.width, mask.height), mask.data, "raw", "1;I")
    above = extent.above or _LEAST_ABOVE * extent.width // mask.width
    drawn = Image.new("1", (extent.width + 2 * extent.beside, extent.height + 2 * above), 1)
    drawn.paste(symbol.resize((extent.width, extent.height), Image.Resampling.NEAREST), (extent.beside, above))
    return drawn


def ocr_picture(line: str, face: Face, dpi: int) -> Image.Image:
    """A line of OCR-B in black and white, one pixel a dot, with a character's width of white around."""
    font = ImageFont.truetype(str(face.path), OCR_POINTS * dpi / 72)
    pitch, height = font.getlength("0"), font.getbbox("0")[3]
    drawn = Image.new("1", (round(pitch * (len(line) + 2)), round(height + 2 * pitch)), 1)
    draw = ImageDraw.Draw(drawn)
    for place, char in enumerate(line, start=1):
        draw.text((round(place * pitch), round(pitch)), char, 0, font)
    return drawn


def png(drawn: Image.Image, dpi: int) -> bytes:
    """A picture as PNG with the device's resolution, so that it prints in its true size."""
    sink = BytesIO()
    drawn.save(sink, "PNG", dpi=(dpi, dpi))
    return sink.getvalue()
