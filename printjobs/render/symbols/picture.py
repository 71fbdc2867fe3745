"""A symbol as a picture of its own, to look at or to hold before a reader: device dots, quiet zone included."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from .mask import Extent, Mask

_LEAST_ABOVE = 4  # modules' worth of white where a symbol itself needs none: an edge is not a bar's end


def picture(mask: Mask, extent: Extent) -> Image.Image:
    """Black and white, one pixel a dot."""
    symbol = Image.frombytes("1", (mask.width, mask.height), mask.data, "raw", "1;I")
    above = extent.above or _LEAST_ABOVE * extent.width // mask.width
    drawn = Image.new("1", (extent.width + 2 * extent.beside, extent.height + 2 * above), 1)
    drawn.paste(symbol.resize((extent.width, extent.height), Image.Resampling.NEAREST), (extent.beside, above))
    return drawn


def png(mask: Mask, extent: Extent) -> bytes:
    """The picture as PNG with the device's resolution, so that it prints in its true size."""
    sink = BytesIO()
    picture(mask, extent).save(sink, "PNG", dpi=(extent.dpi, extent.dpi))
    return sink.getvalue()
