"""The numbers that a slip is paid by, put together again from the row it stands for: eL-QR and OCR lines.

Sources as in ``core/marks``: the description of the local tax QR and of the MPN slip. The check digits and the CRC
are worked out here in another way than there, so that a fault in one of the two is a difference.
"""

from __future__ import annotations

from typing import NamedTuple

from printjobs.core.kinds import Kind
from printjobs.reference import Biller

from .wanted import Row

_GENERATOR, _FIRST = 0x1021, 0xFFFF  # CRC-16/CCITT-FALSE


def _remainders() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        rest = byte << 8
        for _ in range(8):
            rest = rest << 1 ^ (_GENERATOR if rest & 0x8000 else 0)
        found.append(rest & 0xFFFF)
    return tuple(found)


_REMAINDERS = _remainders()


def crc(text: str) -> int:
    """The CRC of a text's ASCII bytes, a byte at a time."""
    rest = _FIRST
    for byte in text.encode():
        rest = (rest << 8 & 0xFFFF) ^ _REMAINDERS[rest >> 8 ^ byte]
    return rest


def _line(body: str) -> str:
    """An OCR line: its two check digits, then its body of digits."""
    second = 0
    for place, digit in enumerate(body):  # weights 9 1 8 1 7 1 ... 2 1, and again
        second += int(digit) * (1 if place % 2 else 9 - (place // 2) % 8)
    second %= 10
    first = 0
    for place, digit in enumerate(f"{second}{body}"):  # weights 2 1 3 1 4 1 ... 9 1, and again
        first += int(digit) * (1 if place % 2 else 2 + (place // 2) % 8)
    return f"{first % 11 % 10}{second}{body}"


class Numbers(NamedTuple):
    """What one row is paid by; all empty when it is not paid by a slip."""

    upper: str
    lower: str
    symbol: str


_NONE = Numbers("", "", "")


class Payee:
    """What one city's rows of a kind are paid by. ``city``: code of six digits; ``organisation``: who is paid.

    ``el_qr`` and ``mpn``: whether its slips carry the symbol and the lines.
    """

    def __init__(self, kind: Kind, city: str, year: int, biller: Biller, *, el_qr: bool, mpn: bool) -> None:
        table = kind.table(kind.payable)
        self._amount, self._due, self._until = map(table.index, ("amount", "due", "accept_until"))
        self._number, self._confirmation, self._division = map(
            table.index, ("payment_number", "confirmation", "division")
        )
        self._period = table.index("period") if any(c.key == "period" for c in table.columns) else None
        self._biller, self._city, self._year = biller, city, year
        self._el_qr, self._mpn = el_qr, mpn
        self._row: Row = []
        self._numbers = _NONE

    def upper(self, row: Row) -> str:
        return self._of(row).upper if self._mpn else ""

    def lower(self, row: Row) -> str:
        return self._of(row).lower if self._mpn else ""

    def symbol(self, row: Row) -> str:
        """The 255 digits of the eL-QR."""
        return self._of(row).symbol if self._el_qr else ""

    def _of(self, row: Row) -> Numbers:
        """The three are asked for one after the other."""
        if self._row is not row:
            self._row, self._numbers = row, self._put_together(row)
        return self._numbers

    def _put_together(self, row: Row) -> Numbers:
        amount, number, biller = row[self._amount], str(row[self._number]), self._biller
        if not amount or not number:
            return _NONE
        yen, due = f"{amount:0>11}", str(row[self._due])
        until = str(row[self._until]) or due
        period = row[self._period] if self._period is not None else 0
        upper = _line(
            f"{biller.account}{yen}{biller.fee}{biller.organisation}{biller.stamp}{row[self._division]:0>3}00000"
        )
        lower = _line(f"{number:0>20}{row[self._confirmation]:0>6}0{self._city[:5]}{biller.office}0000000")
        reference = f"{self._year}{self._year}{period:0>2}{due}{until}".replace("-", "")
        told = f"00020101021227960005{biller.organisation}0183{upper}{lower}5411{yen}6226{reference}8085{'0' * 85}6305"
        return Numbers(upper, lower, f"{told}{crc(told):0>5}")
