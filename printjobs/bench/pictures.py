"""Symbols as pictures, for the ways that place pictures."""

from __future__ import annotations

from typing import Any

import msgspec
import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M

from .things import Symbol


def qr_picture(says: str) -> Image.Image:
    """A QR as ``qrcode`` makes it when it is only told the text: it looks for the version and for the best mask.

    A pixel a module, which is all that a PDF needs; its default of ten would make the files larger.
    """
    code: Any = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=1, border=0)
    code.add_data(says)
    image: Image.Image = code.make_image().get_image()
    return image


def ready_picture(symbol: Symbol) -> Image.Image:
    return Image.frombytes("1", (symbol.columns, symbol.rows), symbol.bits, "raw", "1;I")


def qr_mask(symbol: Symbol) -> Symbol:
    """The QR made anew by ``qrcode``, as someone would who wants it quick: version and mask given, not looked for."""
    code: Any = qrcode.QRCode((symbol.columns - 17) // 4, ERROR_CORRECT_M, border=0, mask_pattern=0)
    code.add_data(symbol.says, optimize=0)
    code.make(fit=False)
    padding = [False] * (-symbol.columns % 8)
    rows = ["".join("1" if dark else "0" for dark in [*row, *padding]) for row in code.modules]
    bits = b"".join(int(row, 2).to_bytes(len(row) // 8) for row in rows)
    return msgspec.structs.replace(symbol, bits=bits)
