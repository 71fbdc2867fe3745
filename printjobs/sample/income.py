"""Incomes, deductions and resident tax by the rules of the 令和8年度 assessment, to the yen, for made-up people.

The rules are those that the notice explains; what it does not explain (cities' own reliefs) nobody here has.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from printjobs.reference.profile import Profile

_FULL_BASIC = 24_000_000  # income up to which the basic deduction is whole
_SPOUSE_LIMIT = 10_000_000
_MOST_INSURED = 10_000_000  # income above it makes no contribution larger


class Deduction(NamedTuple):
    """所得控除. ``gap``: how much more income tax deducts for the same person (人的控除額の差)."""

    kind: str
    note: str
    amount: int
    gap: int = 0


class Rates(NamedTuple):
    """A city's rates in percent and its yearly sums a head (均等割), from its profile."""

    city: int
    prefecture: int
    city_per_capita: int
    prefecture_per_capita: int
    forest_tax: int

    @classmethod
    def of(cls, profile: Profile) -> Rates:
        names = ("city_rate", "prefecture_rate", "city_per_capita", "prefecture_per_capita", "forest_tax")
        return cls(*(int(profile.values[name].replace(",", "")) for name in names))

    @property
    def per_capita(self) -> int:
        return self.city_per_capita + self.prefecture_per_capita + self.forest_tax


def salary_income(revenue: int) -> int:
    """給与所得 of wages: below 6.6 million yen by steps of 4,000 yen (所得税法別表第五)."""
    if revenue <= 1_900_000:
        return max(0, revenue - 650_000)
    step = revenue // 4000 * 4000
    if revenue <= 3_600_000:
        return step * 7 // 10 - 80_000
    if revenue <= 6_600_000:
        return step * 8 // 10 - 440_000
    return revenue * 9 // 10 - 1_100_000 if revenue <= 8_500_000 else revenue - 1_950_000


def pension_income(revenue: int) -> int:
    """公的年金等に係る雑所得 of somebody of 65 or older with less than 10 million yen of other income."""
    if revenue <= 3_300_000:
        return max(0, revenue - 1_100_000)
    for most, percent, fixed in ((4_100_000, 75, 275_000), (7_700_000, 85, 685_000), (10_000_000, 95, 1_455_000)):
        if revenue <= most:
            return revenue * percent // 100 - fixed
    return revenue - 1_955_000


def between(rng: Random, low: int, high: int, skew: float = 1.0) -> int:
    """A whole number between the bounds; with a larger ``skew`` small ones are more frequent."""
    return low + int((high - low) * rng.random() ** skew)


def deductions(rng: Random, income: int, *, elderly: bool) -> list[Deduction]:
    """What one person deducts, in the order of the form."""
    found: list[Deduction] = []
    if rng.random() < 0.15:
        found.append(Deduction("医療費", "", between(rng, 3_000, 280_000, 2)))
    found.append(Deduction("社会保険料", "", min(income, _MOST_INSURED) * between(rng, 6, 15) // 100 // 10 * 10))
    if not elderly and rng.random() < 0.15:
        found.append(Deduction("小規模企業共済等掛金", "", 12_000 * between(rng, 1, 24)))
    if rng.random() < 0.6:
        found.append(Deduction("生命保険料", "", between(rng, 9_000, 70_000)))
    if rng.random() < 0.4:
        found.append(Deduction("地震保険料", "", between(rng, 2_000, 25_000)))
    if rng.random() < 0.06:
        found.append(Deduction("障害者", "普通障害 1人", 260_000, 10_000))
    return [*found, *_household(rng, income, elderly=elderly), *basic(income)]


def _household(rng: Random, income: int, *, elderly: bool) -> Iterable[Deduction]:
    """Spouse or single parent, and dependants; at most as much as a household of five."""
    draw = rng.random()
    if draw < 0.35 and income <= _SPOUSE_LIMIT:
        yield Deduction("配偶者", "老人", 380_000, 100_000) if elderly else Deduction("配偶者", "一般", 330_000, 50_000)
    elif draw < 0.4 and not elderly:
        yield Deduction("ひとり親", "", 300_000, 50_000)
    if draw < 0.12 and not elderly:
        yield Deduction("扶養", "特定 1人、一般 1人", 780_000, 230_000)
    elif draw < 0.25 and not elderly:
        yield Deduction("扶養", "一般 1人", 330_000, 50_000)
    elif draw < 0.28:
        yield Deduction("扶養", "同居老親 1人", 450_000, 130_000)


def basic(income: int) -> list[Deduction]:
    """基礎控除, which melts away above 24 million yen."""
    for most, amount in ((_FULL_BASIC, 430_000), (24_500_000, 290_000), (25_000_000, 150_000)):
        if income <= most:
            return [Deduction("基礎", "", amount, 50_000)]
    return []


def adjustment(base: int, gap: int) -> tuple[int, int]:
    """調整控除 of city and prefecture; ``base`` is the 合計課税所得金額, ``gap`` that of all deductions together."""
    limit = 2_000_000
    reduced = min(gap, base) if base <= limit else max(gap - (base - limit), 50_000)
    return reduced * 3 // 100, reduced * 2 // 100


def cut(amount: int, unit: int) -> int:
    return max(0, amount) // unit * unit
