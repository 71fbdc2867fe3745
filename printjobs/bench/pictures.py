"""Symbols as pictures, for the ways that place pictures."""

from __future__ import annotations

from typing import Any

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
