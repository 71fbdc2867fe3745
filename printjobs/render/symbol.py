"""The sheet QR as a tiny 1-bit image, from tables built with the ``qrcode`` library.

At a fixed version, mask, level and length a QR symbol is an affine function over GF(2) of its
payload bits: the symbol of a text is the XOR of one table entry per pair of characters. A test
holds the tables equal to the library; drawing is about 90 times faster (docs/performance.md).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import MODE_ALPHA_NUM, QRData

from printjobs.core.marks import LENGTH

VERSION, MASK, SIZE = 2, 0, 25  # modules a side; a fixed mask is read by every decoder
_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_ROW_BYTES = (SIZE + 7) // 8


def library_matrix(text: str) -> list[list[bool]]:
    """The symbol as the library draws it: the reference for the tables."""
    code: Any = qrcode.QRCode(version=VERSION, error_correction=ERROR_CORRECT_M, mask_pattern=MASK, border=0)
    code.add_data(QRData(text, mode=MODE_ALPHA_NUM))
    code.make(fit=False)
    return code.modules  # type: ignore[no-any-return]


def pack(matrix: list[list[bool]]) -> int:
    """Rows of modules, each padded to whole bytes, as one number."""
    bits = 0
    for row in matrix:
        for dark in row:
            bits = bits << 1 | dark
        bits <<= _ROW_BYTES * 8 - SIZE
    return bits


@cache
def _tables() -> tuple[int, list[dict[str, int]]]:
    """The symbol of all zeros, and per pair of characters what it changes in that symbol."""
    base = pack(library_matrix("0" * LENGTH))
    tables = []
    for place in range(LENGTH // 2):
        # 45 x first + second in eleven bits: the change of each single bit, then of every pair.
        basis = []
        for bit in range(11):
            first, second = divmod(1 << bit, 45)
            text = "0" * (2 * place) + _ALPHANUMERIC[first] + _ALPHANUMERIC[second]
            basis.append(pack(library_matrix(text.ljust(LENGTH, "0"))) ^ base)
        table = {}
        for value in range(45 * 45):
            change = 0
            for bit, flip in enumerate(basis):
                if value >> bit & 1:
                    change ^= flip
            table[_ALPHANUMERIC[value // 45] + _ALPHANUMERIC[value % 45]] = change
        tables.append(table)
    return base, tables


def bitmap(text: str) -> bytes:
    """The 25 x 25 symbol of a sheet mark: rows padded to four bytes, 1 is dark."""
    symbol, tables = _tables()
    for place, table in enumerate(tables):
        symbol ^= table[text[2 * place : 2 * place + 2]]
    return symbol.to_bytes(SIZE * _ROW_BYTES)


def image_code(text: str, x: float, y: float, side: float) -> str:
    """Page code of the symbol as an inline image mask, ``side`` pt wide, lower left corner at x, y.

    A mask rasterises exactly, one pixel a module; filled rectangles would grow by 5 % at 600 dpi.
    Hex, because a binary inline image may hold its own end marker by chance.
    """
    return (
        f"q {side:.6g} 0 0 {side:.6g} {x:.6g} {y:.6g} cm\nBI/W {SIZE}/H {SIZE}/IM true/D[1 0]/F/AHx\nID "
        f"{bitmap(text).hex().upper()}>\nEI Q\n"
    )
