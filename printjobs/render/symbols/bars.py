"""Barcodes as 1-bit images: the post's customer barcode in three rows, a store's GS1-128 in one."""

from __future__ import annotations

from math import ceil

from printjobs.core.marks import customer
from printjobs.core.marks import gs1_128 as payment

from .mask import Extent, Mask

_ROWS = ("FA", "FADT", "FD")  # which bars reach into the upper, the middle and the lower third
_CUSTOMER_ROW = (customer.MODULES + 7) // 8


def customer_barcode(bars: str) -> Mask:
    """133 x 3 modules of 67 bars (``FADT``): bar and space are a module wide, a row a third of the height."""
    pad = 8 * _CUSTOMER_ROW - customer.MODULES
    data = bytearray()
    for reaching in _ROWS:
        modules = "0".join("1" if bar in reaching else "0" for bar in bars)
        data += (int(modules, 2) << pad).to_bytes(_CUSTOMER_ROW)
    return Mask(customer.MODULES, len(_ROWS), bytes(data))


def customer_barcode_extent(dpi: int, points: float) -> Extent:
    """The barcode's size with 2 mm of white around; ValueError when the device is too coarse for ``points``."""
    module, third = customer.dimensions(points, dpi)
    clear = ceil(customer.CLEAR * dpi / 25.4)
    return Extent(dpi, customer.MODULES * module, 3 * third, clear, clear)


def gs1_128(digits: str) -> Mask:
    """288 x 1 modules of the 44 digits of a payment."""
    return Mask(payment.MODULES, 1, int(payment.bars(digits), 2).to_bytes(payment.MODULES // 8))


def gs1_128_extent(dpi: int, dots: int, height: float) -> Extent:
    """The barcode's size, ``dots`` a module and ``height`` mm high, with ten modules of white left and right.

    ValueError when it is wider than 60 mm or lower than 10 mm: then no store's reader is sure to take it.
    """
    payment.width(dots, dpi)
    if height < payment.LEAST_HEIGHT:
        raise ValueError(f"a payment barcode is {payment.LEAST_HEIGHT:.0f} mm high at least")
    return Extent(dpi, payment.MODULES * dots, ceil(height * dpi / 25.4), payment.QUIET_MODULES * dots, 0)
