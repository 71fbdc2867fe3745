"""The vendor's prices in force from a day on, and the invoice lines that volumes make by them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import msgspec

from printjobs.core.rounding import Rounding, rounded

Form = str  # "slip" or "plain": the paper of a batch (納付書あり・なし)


class Unit(StrEnum):
    """What a price counts. The first four are set-ups, of which a joint run needs fewer than its cities would alone."""

    RUN = "run"  # once for a run that has anything
    CITY = "city"  # each city that takes part
    NEW_CITY = "new_city"  # each city in its first year in the council
    CLASS = "class"  # each set-up of the machines: form, inserts and sheet class of batches
    NOTICE = "notice"
    PIECE = "piece"  # an envelope made up by the inserter
    HAND_PIECE = "hand_piece"  # an envelope made up by hand
    ENVELOPE = "envelope"  # an envelope, whoever made it up
    SHEET = "sheet"
    PAGE = "page"  # a printed side, blank backs included
    INSERT = "insert"  # a leaflet added
    STEP = "step"  # what a feeder of the inserter adds to an envelope: the collated sheets, and each leaflet


SET_UPS = frozenset({Unit.RUN, Unit.CITY, Unit.NEW_CITY, Unit.CLASS})
COUNTERS = {
    Unit.RUN: "式", Unit.CITY: "市", Unit.NEW_CITY: "市", Unit.CLASS: "種", Unit.NOTICE: "件", Unit.PIECE: "通",
    Unit.HAND_PIECE: "通", Unit.ENVELOPE: "通", Unit.SHEET: "枚", Unit.PAGE: "頁", Unit.INSERT: "枚", Unit.STEP: "点",
}  # fmt: skip


class Tier(msgspec.Struct, frozen=True):
    """From ``least`` units on, every unit costs ``yen``."""

    least: int
    yen: str


class Price(msgspec.Struct, frozen=True):
    """One line of the tariff: so many yen without tax, as decimal text, for each unit that it counts.

    ``form``: only paper of this form, empty for both. ``minimum``: so many are charged at least if there is one
    (最低ロット). ``key`` names the line on invoices for good; ``title`` is what people read.
    """

    key: str
    title: str
    counts: Unit
    yen: str
    form: Form = ""
    minimum: int = 0
    tiers: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        steps = ((0, Fraction(self.yen)), *((t.least, Fraction(t.yen)) for t in self.tiers))
        if any(later[0] <= before[0] or later[1] > before[1] for before, later in pairwise(steps)) or steps[-1][1] < 0:
            raise ValueError(f"the tiers of {self.key} must grow in volume, and not in price")

    def unit_yen(self, quantity: int) -> str:
        """The price of each of so many units."""
        reached = [tier.yen for tier in self.tiers if quantity >= tier.least]
        return reached[-1] if reached else self.yen


class Tariff(msgspec.Struct, frozen=True):
    """Prices in force from a day on. ``rounding`` is that of each line, ``tax_rounding`` that of the tax."""

    valid_from: str
    rounding: Rounding
    consumption_tax_percent: str
    tax_rounding: Rounding
    prices: tuple[Price, ...]

    def __post_init__(self) -> None:
        if len({p.key for p in self.prices}) != len(self.prices):
            raise ValueError("a key stands twice in the tariff")


class Volumes(NamedTuple):
    """What one city had made: notices, units by what and form, the set-ups it needs (codes of batch classes).

    ``new``: the city is in its first year in the council.
    """

    notices: int
    units: Mapping[tuple[Unit, Form], int]
    classes: frozenset[str]
    new: bool = False


class Line(NamedTuple):
    """One line of an invoice, as the vendor (``vendor``) or the post office (``post``) would write it.

    ``unit_yen`` is decimal text without tax for the vendor, with tax for the post. ``own``: what each city has of the
    quantity; set-ups that cities share count for each of them, of a posting all its pieces of the line's class.
    """

    issuer: str
    key: str
    title: str
    quantity: int
    counter: str
    unit_yen: str
    yen: int
    own: Mapping[str, int]


TAX = "tax"


def own_units(price: Price, volumes: Mapping[str, Volumes]) -> dict[str, int]:
    """What each city has of what a price counts."""
    return {code: _of_one(price, own) for code, own in volumes.items()}


def _of_one(price: Price, own: Volumes) -> int:
    match price.counts:
        case Unit.RUN | Unit.CITY:
            return 1
        case Unit.NEW_CITY:
            return int(own.new)
        case Unit.CLASS:
            return len(_classes(price, own))
    return sum(n for (unit, form), n in own.units.items() if unit is price.counts and price.form in ("", form))


def _classes(price: Price, own: Volumes) -> frozenset[str]:
    return frozenset(code for code in own.classes if code.startswith(price.form))


def _quantity(price: Price, volumes: Mapping[str, Volumes], own: Mapping[str, int]) -> int:
    if price.counts is Unit.RUN:
        return 1
    if price.counts is Unit.CLASS:
        return len(frozenset[str]().union(*(_classes(price, v) for v in volumes.values())))
    return sum(own.values())


def invoice_lines(volumes: Mapping[str, Volumes], tariff: Tariff) -> tuple[Line, ...]:
    """The vendor's invoice for the joint volumes of these cities, the tax as its last line; none without cities.

    Each line is rounded once. The tax is on the sum of the lines.
    """
    if not volumes:
        return ()
    lines: list[Line] = []
    for price in tariff.prices:
        own = own_units(price, volumes)
        counted = _quantity(price, volumes, own)
        if not counted:
            continue
        quantity = max(counted, price.minimum)
        unit_yen = price.unit_yen(quantity)
        yen = rounded(Fraction(unit_yen) * quantity, tariff.rounding)
        counter = COUNTERS[price.counts]
        lines.append(Line("vendor", price.key, price.title, quantity, counter, unit_yen, yen, own))
    net = sum(line.yen for line in lines)
    percent = tariff.consumption_tax_percent
    tax = rounded(Fraction(percent) * net / 100, tariff.tax_rounding)
    lines.append(Line("vendor", TAX, f"消費税（{percent}%）", 1, "式", str(tax), tax, {}))
    return tuple(lines)
