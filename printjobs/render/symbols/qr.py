"""QR symbols of fixed shape, from tables built with the ``qrcode`` library.

At a fixed version, mask, level, mode and length a QR symbol is an affine function over GF(2) of its payload
bits: the symbol of a text is that of zeros, changed by one table entry per group of characters. A test holds
the tables equal to the library; drawing is about 90 times faster (docs/performance.md).

A symbol has too many bits to ask the library for each. It is asked where every bit of every codeword goes (a
dozen symbols, that of number k with the bits whose number has bit k) and which error correction goes with
every data bit of a block; the change of a payload bit follows from both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from itertools import accumulate
from typing import Any

import qrcode
from qrcode.base import rs_blocks
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.util import MODE_ALPHA_NUM, MODE_NUMBER, BitBuffer, QRData, create_bytes, length_in_bits

from printjobs import reference
from printjobs.core.marks import el_qr as local_tax
from printjobs.core.marks import sheet

from .mask import Extent, Mask

MASK = 0  # a fixed mask is read by every decoder
QUIET_MODULES = 4
LEVELS = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q, "H": ERROR_CORRECT_H}
_ALPHANUMERIC = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")}
_STRETCH = 5  # groups
_KEPT = 4_000  # texts of a stretch
_GROUPS = {MODE_NUMBER: (3, 10, 10), MODE_ALPHA_NUM: (2, 11, 45)}  # characters, bits, base


class _Changes(dict[str, int]):
    """What a group of characters changes in the symbol of zeros; filled as groups occur."""

    def __init__(self, basis: list[int], base: int) -> None:
        super().__init__()
        self._basis = basis
        self._base = base

    def __missing__(self, group: str) -> int:
        value = 0
        for char in group:
            digit = _ALPHANUMERIC.get(char, self._base)
            if digit >= self._base:
                raise ValueError("a character that this kind of QR does not have")
            value = value * self._base + digit
        change = 0
        for bit, flip in enumerate(self._basis):
            if value >> bit & 1:
                change ^= flip
        self[group] = change
        return change


class _Stretch(dict[str, int]):
    """The changes of several groups together. Most of an eL-QR is the same on many slips: one look-up, not five."""

    def __init__(self, tables: list[_Changes], group: int) -> None:
        super().__init__()
        self._tables, self._group = tables, group

    def __missing__(self, text: str) -> int:
        if len(self) >= _KEPT:
            self.clear()
        change = 0
        for place, table in enumerate(self._tables):
            change ^= table[text[place * self._group : (place + 1) * self._group]]
        self[text] = change
        return change


class FixedQr:
    """All symbols of one version, level, mode and length; ``length`` fills whole groups of characters."""

    def __init__(self, version: int, level: str, mode: int, length: int) -> None:
        self.size = 17 + 4 * version  # modules a side
        self._version, self._level, self._mode, self._length = version, LEVELS[level], mode, length
        self._group, self._bits, self._base = _GROUPS[mode]
        self._row_bytes = (self.size + 7) // 8
        if length % self._group:
            raise ValueError(f"{length} characters are no whole number of groups")

    def mask(self, text: str) -> Mask:
        """The symbol of a text; ValueError for one of another length or alphabet."""
        if len(text) != self._length:
            raise ValueError(f"this QR has {self._length} characters")
        symbol, stretches = self._stretches
        for place, table in stretches:
            symbol ^= table[text[place : place + _STRETCH * self._group]]
        return self._mask(symbol)

    def library_mask(self, text: str) -> Mask:
        """The symbol as the library draws it: the reference for the tables."""
        return self._mask(self._draw(lambda code: code.add_data(QRData(text, mode=self._mode))))

    def _mask(self, symbol: int) -> Mask:
        return Mask(self.size, self.size, symbol.to_bytes(self.size * self._row_bytes))

    def _draw(self, fill: Callable[[Any], None]) -> int:
        """A symbol of the library as one number: rows of modules, each padded to whole bytes."""
        code: Any = qrcode.QRCode(version=self._version, error_correction=self._level, mask_pattern=MASK, border=0)
        fill(code)
        code.make(fit=False)
        bits = 0
        for row in code.modules:
            for dark in row:
                bits = bits << 1 | dark
            bits <<= self._row_bytes * 8 - self.size
        return bits

    def _of_codewords(self, codewords: list[int]) -> int:
        def fill(code: Any) -> None:
            code.data_cache = codewords

        return self._draw(fill)

    def _places(self, count: int) -> list[int]:
        """By number of a bit in ``count`` codewords, the module that it darkens."""
        nothing = self._of_codewords([0] * count)
        numbers: dict[int, int] = {}  # of each module, the bit that it shows, counted from 1
        for k in range((8 * count).bit_length()):
            shown = [sum(0x80 >> bit for bit in range(8) if (8 * i + bit + 1) >> k & 1) for i in range(count)]
            differing = self._of_codewords(shown) ^ nothing
            while differing:
                module = differing & -differing
                numbers[module] = numbers.get(module, 0) | 1 << k
                differing ^= module
        places = [0] * (8 * count)
        for module, number in numbers.items():
            places[number - 1] = module
        return places

    def _basis(self) -> list[int]:
        """By number of a data bit, all modules that it changes: its own and those of its error correction."""
        blocks = rs_blocks(self._version, self._level)
        counts = [block.data_count for block in blocks]
        corrections = [block.total_count - block.data_count for block in blocks]
        owners = [r for i in range(max(counts)) for r, count in enumerate(counts) if i < count]
        owners += [r for i in range(max(corrections)) for r, count in enumerate(corrections) if i < count]
        places = self._places(len(owners))
        starts = [0, *accumulate(counts)]
        basis = [0] * (8 * starts[-1])
        for i in range(max(counts)):
            for bit in range(8):
                buffer = BitBuffer()  # the same bit in every block: each block's codewords are its own
                buffer.buffer = [0] * starts[-1]
                for r, count in enumerate(
                    counts
                ):  # the library cannot correct a block of zeros: a short one has any bit
                    buffer.buffer[starts[r] + min(i, count - 1)] = 0x80 >> bit
                for place, (codeword, r) in enumerate(zip(create_bytes(buffer, blocks), owners, strict=True)):
                    if codeword and i < counts[r]:
                        number = 8 * (starts[r] + i) + bit
                        for shown in range(8):
                            if codeword & 0x80 >> shown:
                                basis[number] ^= places[8 * place + shown]
        return basis

    @cached_property
    def _stretches(self) -> tuple[int, list[tuple[int, _Stretch]]]:
        """The symbol of all zeros, and where each stretch of the text begins with what it changes."""
        zeros, tables = self._tables
        starts = range(0, len(tables), _STRETCH)
        return zeros, [(i * self._group, _Stretch(tables[i : i + _STRETCH], self._group)) for i in starts]

    @cached_property
    def _tables(self) -> tuple[int, list[_Changes]]:
        """The symbol of all zeros, and per group of characters what it changes in that symbol."""
        basis = self._basis()
        first = 4 + length_in_bits(self._mode, self._version)  # after the mode and the count
        groups = self._length // self._group
        starts = range(first, first + groups * self._bits, self._bits)
        tables = [_Changes(basis[start : start + self._bits][::-1], self._base) for start in starts]
        zeros = int.from_bytes(self.library_mask("1" * self._length).data)  # it cannot draw a block of zeros
        for table in tables:
            zeros ^= table["1" * self._group]
        return zeros, tables


SHEET = FixedQr(2, "M", MODE_ALPHA_NUM, sheet.LENGTH)


@cache
def local_tax_qr() -> FixedQr:
    """The shape of an eL-QR that is in force."""
    setting = reference.marks().el_qr
    return FixedQr(setting.version, setting.level, MODE_NUMBER, local_tax.LENGTH)


def sheet_qr(text: str) -> Mask:
    """The 25 x 25 symbol of a sheet mark."""
    return SHEET.mask(text)


def sheet_qr_extent(dpi: int, dots: int) -> Extent:
    return _extent(SHEET, dpi, dots)


def el_qr(digits: str) -> Mask:
    """The symbol of the 255 digits of an eL-QR: 41 x 41 modules at version 6."""
    return local_tax_qr().mask(digits)


def el_qr_extent(dpi: int, dots: int) -> Extent:
    """The symbol's size, ``dots`` a module, with four modules of white around."""
    return _extent(local_tax_qr(), dpi, dots)


def _extent(qr: FixedQr, dpi: int, dots: int) -> Extent:
    return Extent(dpi, qr.size * dots, qr.size * dots, QUIET_MODULES * dots, QUIET_MODULES * dots)
