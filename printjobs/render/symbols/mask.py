"""A symbol as a 1-bit image, how large it is on a device, and the page code that draws it."""

from __future__ import annotations

from typing import NamedTuple

from printjobs.render.text import MM
from printjobs.render.writer import A4


class Mask(NamedTuple):
    """``height`` rows of ``width`` modules, each row padded to whole bytes; 1 is dark. No quiet zone."""

    width: int
    height: int
    data: bytes


class Extent(NamedTuple):
    """A symbol on a device, all in its dots: the symbol itself, and the white that it needs beside and above it."""

    dpi: int
    width: int
    height: int
    beside: int
    above: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in mm with the quiet zones: the least box that holds the symbol."""
        mm = 25.4 / self.dpi
        return (self.width + 2 * self.beside) * mm, (self.height + 2 * self.above) * mm


def image_code(mask: Mask, x: float, y: float, width: float, height: float) -> str:
    """Page code of a symbol as an inline image mask, ``width`` by ``height`` pt, lower left corner at x, y.

    A mask rasterises exactly, one pixel a module; filled rectangles would grow by 5 % at 600 dpi.
    Hex, because a binary inline image may hold its own end marker by chance.
    """
    return (
        f"q {width:.6g} 0 0 {height:.6g} {x:.6g} {y:.6g} cm\n"
        f"BI/W {mask.width}/H {mask.height}/IM true/D[1 0]/F/AHx\nID {mask.data.hex().upper()}>\nEI Q\n"
    )


def paint(mask: Mask, extent: Extent, x: float, y: float) -> str:
    """Page code of a symbol whose quiet zone begins ``x`` mm from the left and ``y`` mm from the top of an A4 page.

    Its corner is moved to the nearest dot of the device: off the grid, bars of equal width would differ by a dot.
    """
    dot = 72 / extent.dpi
    left = round(x * MM / dot) + extent.beside
    bottom = round((A4[1] - y * MM) / dot) - extent.above - extent.height
    return image_code(mask, left * dot, bottom * dot, extent.width * dot, extent.height * dot)
