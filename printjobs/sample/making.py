"""What a maker of a kind's notices is asked for, and the rows that are paid, made alike for all kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple

from printjobs.core.kinds import FULL_PAYMENT, SLIP
from printjobs.core.marks import gs1_128
from printjobs.core.model import Addressee
from printjobs.reference import City
from printjobs.reference.profile import Profile
from printjobs.sample.people import Registry

Row = dict[str, str | int]

DIVISIONS = {
    "property_tax": "101",
    "resident_tax": "102",
    "resident_tax_special": "103",
    "light_vehicle_tax": "104",
    "health_insurance": "105",
    "care_insurance": "106",
    "late_elderly": "107",
}  # fmt: skip - 納付区分; the cities' real values are not published


class Case(StrEnum):
    """What a notice's contents are wanted for; each maker has its own extreme of each."""

    ORDINARY = "ordinary"
    LARGEST = "largest"  # an amount that only a large company owes
    MOST = "most"  # the most detail rows
    SMALL = "small"  # so little that it is paid in one instalment
    ZERO = "zero"  # nothing to pay
    SLIPS = "slips"  # ordinary, and paid by slips and not from a pension: what is spoilt is a row that is paid


class Contents(NamedTuple):
    """A notice without number and addressee: its columns by key, and its detail rows by table, number left out."""

    values: Row
    tables: dict[str, list[Row]]


class Maker(ABC):
    """Makes up one kind's notices for one city.

    ``persons``: companies get none of them; ``companies``: only they do. ``sum_code``: the problem that the
    kind's check tells when the amounts to pay do not add up.
    """

    persons = False
    companies = False
    sum_code = "instalments_sum"

    def __init__(self, rng: Random, registry: Registry, profile: Profile, payments: Payments) -> None:
        self.rng = rng
        self.registry = registry
        self.profile = profile
        self.payments = payments

    @abstractmethod
    def make(self, number: str, addressee: Addressee, case: Case) -> Contents:
        """What one addressee's notice says."""


MakerOf = type[Maker]


class Payments:
    """The rows that one city's notices of one kind are paid by, with numbers as a tax office would assign them."""

    def __init__(self, rng: Random, kind: str, city: City, profile: Profile, year: int) -> None:
        self.rng = rng
        self.due = profile.due
        self._company = profile.company
        self._division = DIVISIONS[kind]
        self._key = f"{year}{city.code[:5]}{self._division[1:]}"

    def row(self, number: str, period: int, due: str, amount: int, *, slip: bool) -> Row:
        """One row to be paid; without ``slip`` its numbers are empty. The payment number tells the period."""
        row: Row = {"period": period, "due": due, "amount": amount}
        if not (slip and amount):
            return row | dict.fromkeys(("payment_number", "confirmation", "division", "accept_until", "barcode"), "")
        until = _end_of_next_month(date.fromisoformat(due)).isoformat()
        payment = f"{self._key}{number[-6:]}{period:03d}"  # 20 digits; a company has sixty vehicles to pay for
        barcode = ""
        if self._company and amount <= gs1_128.MOST_YEN:
            free = f"{payment}0"[:21]
            barcode = gs1_128.build(gs1_128.Payment(self._company, free, 0, until, 0, amount))
        confirmation = f"{int(self.rng.random() * 1_000_000):06d}"
        return row | {
            "payment_number": payment, "confirmation": confirmation, "division": self._division,
            "accept_until": until, "barcode": barcode,
        }  # fmt: skip

    def instalments(self, number: str, amount: int, payment: str, *, unit: int = 1000, full: bool = True) -> list[Row]:
        """Equal instalments on the city's due dates, cut to ``unit`` yen with the rest in the first, none of zero.

        By slip also one for the whole year at once, if ``full``.
        """
        part = amount // len(self.due) // unit * unit
        amounts = [amount - (len(self.due) - 1) * part, *[part] * (len(self.due) - 1)]
        periods = [*zip(range(1, len(self.due) + 1), self.due, amounts, strict=True)]
        if payment == SLIP and full:
            periods.insert(0, (FULL_PAYMENT, self.due[0], amount))
        return [self.row(number, p, due, yen, slip=payment == SLIP) for p, due, yen in periods if yen]


def _end_of_next_month(day: date) -> date:
    first = day.replace(day=1)
    return (first + timedelta(days=63)).replace(day=1) - timedelta(days=1)


def weighted(rng: Random, choices: Mapping[str, float]) -> str:
    """One of the choices by their shares."""
    draw = rng.random() * sum(choices.values())
    for name, share in choices.items():
        draw -= share
        if draw < 0:
            return name
    return name
