"""The numbers a slip is paid by, put together from what the tax office assigned: eL-QR and MPN lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from printjobs.core.kinds import Kind
from printjobs.core.marks import el_qr
from printjobs.core.model import Notice
from printjobs.reference import Biller

_PLACES = ("amount", "due", "accept_until", "payment_number", "confirmation", "division")
SOURCES = tuple(f"row.{key}" for key in (*_PLACES, "period"))  # the columns that ``pay.x`` is put together from


class Payer:
    """How one city's rows of one kind become digits.

    ``el_qr`` and ``mpn``: whether its slips carry the symbol and the lines.
    """

    def __init__(self, kind: Kind, city: str, year: int, biller: Biller, *, el_qr: bool, mpn: bool) -> None:
        self.el_qr, self.mpn = el_qr, mpn
        self._city, self._year, self._biller = city, year, biller
        keys = [c.key for c in kind.table(kind.payable).columns[1:]]
        self._places = tuple(keys.index(k) for k in _PLACES)
        self._period = keys.index("period") if "period" in keys else None
        # A slip asks three times for the same row: the symbol and the two lines are one number.
        self._last: tuple[list[str | int], str] = ([], "")

    def digits(self, row: list[str | int]) -> str:
        """The 255 digits of an eL-QR for one row; empty for one that is not paid by slip."""
        last = self._last
        if last[0] is not row:
            last = self._last = row, self._build(row)
        return last[1]

    def _build(self, row: list[str | int]) -> str:
        amount, due, until, number, confirmation, division = (row[i] for i in self._places)
        if not (amount and number):
            return ""
        return el_qr.build(
            el_qr.ElQr(
                account=self._biller.account,
                amount=int(amount),
                fee=self._biller.fee,
                organisation=self._biller.organisation,
                stamp=self._biller.stamp,
                division=str(division).zfill(3),
                payment_number=str(number).zfill(20),
                confirmation=str(confirmation).zfill(6),
                city=self._city[:5],
                office=self._biller.office,
                levy_year=self._year,
                tax_year=self._year,
                period=int(row[self._period]) if self._period is not None else 0,
                due=str(due),
                accept_until=str(until or due),
            )
        )


def _el_qr(payer: Payer, _notice: Notice, row: list[str | int]) -> str:
    return payer.digits(row) if payer.el_qr else ""


def _line(which: int) -> Callable[[Payer, Notice, list[str | int]], str]:
    def line(payer: Payer, _notice: Notice, row: list[str | int]) -> str:
        digits = payer.digits(row) if payer.mpn else ""
        return el_qr.mpn_lines(digits)[which] if digits else ""

    return line


# What a layout may name in the rows that are paid: ``pay.el_qr``, and the two lines that a bank's reader takes.
PAY: Mapping[str, Callable[[Payer, Notice, list[str | int]], str]] = MappingProxyType(
    {"el_qr": _el_qr, "upper": _line(0), "lower": _line(1)}
)
