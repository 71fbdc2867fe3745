"""Symbols that machines read, as tiny 1-bit images: one pixel a module, whole device dots a pixel."""

from .bars import customer_barcode, customer_barcode_extent, gs1_128, gs1_128_extent
from .mask import Extent, Mask, image_code, paint
from .qr import el_qr, el_qr_extent, sheet_qr, sheet_qr_extent

__all__ = [
    "Extent",
    "Mask",
    "customer_barcode",
    "customer_barcode_extent",
    "el_qr",
    "el_qr_extent",
    "gs1_128",
    "gs1_128_extent",
    "image_code",
    "paint",
    "sheet_qr",
    "sheet_qr_extent",
]
