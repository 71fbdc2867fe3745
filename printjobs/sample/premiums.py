"""How the premiums of the elderly are collected: from pensions, by slips, or both, in realistic shares."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from printjobs.core.kinds import DEBIT, PENSION, SLIP
from printjobs.core.kinds.pension import FINAL, PROVISIONAL
from printjobs.reference.profile import Profile
from printjobs.sample.making import Case, Payments, Row, weighted

MONTHS = ("-04", "-06", "-08", "-10", "-12", "-02")  # in which pensions are paid, in order of the fiscal year
PENSIONS = {"老齢基礎年金": 0.86, "退職共済年金": 0.06, "遺族厚生年金": 0.06, "障害基礎年金": 0.02}
_PROVISIONAL = 3  # the first three of these months
_SATURDAY = 5


class Collected(NamedTuple):
    """The columns and the rows that say how a premium is collected."""

    values: Row
    withheld: list[Row]
    instalments: list[Row]


class Collector:
    """Collects one city's premiums. ``by_pension``: the share of people who pay from their pension only.

    ``full``: whether a slip for the whole year at once goes with the others.
    """

    full = False

    def __init__(self, rng: Random, profile: Profile, payments: Payments, by_pension: float) -> None:
        self.rng = rng
        self.payments = payments
        year = int(profile.due[0][:4])
        self._days = [_payday(year + (month == MONTHS[-1]), int(month[1:])) for month in MONTHS]
        self._by_pension = by_pension

    def collect(self, number: str, premium: int, case: Case, *, new: bool = False) -> Collected:
        """Ordinary people pay in one of four ways; the cases of a rehearsal in the way that shows them best.

        Nobody's pension is used yet who is ``new`` among the insured.
        """
        draw = self.rng.random()
        payment = SLIP if self.rng.random() < 0.6 or case is not Case.ORDINARY else DEBIT
        alone = case not in (Case.ORDINARY, Case.MOST)
        if alone or new or not premium:
            return self._made(number, premium, [], payment, 1000 if case is Case.SMALL else 100)
        if case is Case.MOST or draw > 1 - (1 - self._by_pension) * 0.15:
            return self._both(number, premium, payment)
        if draw < self._by_pension:
            return self._made(number, premium, self._six(premium), PENSION)
        return self._made(number, premium, [], payment)

    def _six(self, premium: int) -> list[int]:
        """What each payday keeps back: at first as much as last February, then the rest, in October a little more."""
        provisional = min(premium // 6, int(premium * self.rng.uniform(0.14, 0.2))) // 100 * 100
        rest = premium - _PROVISIONAL * provisional
        later = rest // 3 // 100 * 100
        return [provisional] * _PROVISIONAL + [rest - 2 * later, later, later]

    def _both(self, number: str, premium: int, payment: str) -> Collected:
        """Combined collection (併用徴収): the pension pays the provisional months, the rest is paid otherwise."""
        part = premium // 6 // 100 * 100
        return self._made(number, premium, [part] * _PROVISIONAL + [0] * 3, payment)

    def _made(self, number: str, premium: int, amounts: list[int], payment: str, unit: int = 100) -> Collected:
        pension = sum(amounts)
        ordinary = premium - pension
        withheld: list[Row] = [
            {"paid": day, "stage": PROVISIONAL if i < _PROVISIONAL else FINAL, "amount": amount}
            for i, (day, amount) in enumerate(zip(self._days, amounts, strict=bool(amounts)))
            if amount
        ]
        values: Row = {
            "payment": payment,
            "pension": pension,
            "ordinary": ordinary,
            "pension_name": weighted(self.rng, PENSIONS) if pension else "",
            "next_provisional": amounts[-1] if amounts else 0,
        }
        rows = self.payments.instalments(number, ordinary, payment, unit=unit, full=self.full)
        return Collected(values, withheld, rows)


def _payday(year: int, month: int) -> str:
    """The 15th, or the last working day before it."""
    day = date(year, month, 15)
    return (day - timedelta(days=max(0, day.weekday() - _SATURDAY + 1))).isoformat()
