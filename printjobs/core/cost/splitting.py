"""How one amount is shared: the agreed rules, dated, and shares that explain themselves.

Law 5: the shares of an amount add up to it. Rules are weighted mixtures of bases; all arithmetic is exact, the result
does not depend on the order of cities, and what rounding leaves goes by the largest remainder, ties by city code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from fractions import Fraction
from math import floor, lcm
from typing import NamedTuple

import msgspec

from printjobs.core.rounding import largest_remainder


class Basis(StrEnum):
    """What a part of an amount is shared by."""

    EQUAL = "equal"
    POPULATION = "population"
    HOUSEHOLDS = "households"
    VOLUME = "volume"  # the city's own envelopes in the run
    ACTUAL = "actual"  # what the city itself had of the very thing that is paid


RULE_WORDS = {
    Basis.EQUAL: "均等割", Basis.POPULATION: "人口割", Basis.HOUSEHOLDS: "世帯割", Basis.VOLUME: "通数割",
    Basis.ACTUAL: "実績割",
}  # fmt: skip
_WORDS = {
    Basis.EQUAL: "均等", Basis.POPULATION: "人口", Basis.HOUSEHOLDS: "世帯", Basis.VOLUME: "通数", Basis.ACTUAL: "実績",
}  # fmt: skip


class Part(msgspec.Struct, frozen=True):
    """So many percent of an amount, as decimal text, by a basis."""

    by: Basis
    percent: str = "100"


Rule = tuple[Part, ...]


def checked(rule: Rule) -> Rule:
    """The rule itself; :class:`ValueError` when its parts are not a hundred percent, or one is negative."""
    if sum(Fraction(part.percent) for part in rule) != 100 or any(Fraction(p.percent) < 0 for p in rule):
        raise ValueError("the parts of a rule must add up to 100 percent")
    return rule


class SplitRules(msgspec.Struct, frozen=True):
    """The council's agreement in force from a day on.

    ``items``: rules by the tariff's keys; ``default`` for those without one. ``pooled_discount``: for what a joint
    posting saves beyond what its cities would have got alone. ``people_as_of``: the day of the populations and
    households that count.
    """

    valid_from: str
    people_as_of: str
    default: Rule
    pooled_discount: Rule
    items: dict[str, Rule]

    def __post_init__(self) -> None:
        for rule in (self.default, self.pooled_discount, *self.items.values()):
            checked(rule)

    def of(self, key: str) -> Rule:
        return self.items.get(key, self.default)


class People(NamedTuple):
    """Population and households of the agreed day, by city code."""

    population: Mapping[str, int]
    households: Mapping[str, int]


class Bases(NamedTuple):
    """What cities are weighed by, each by city code; ``actual`` in the units of the line that is shared."""

    population: Mapping[str, int]
    households: Mapping[str, int]
    volume: Mapping[str, int]
    actual: Mapping[str, int]

    def of(self, by: Basis, cities: Iterable[str]) -> dict[str, int]:
        """Weights by one basis. Where nobody has anything of it, all are equal: somebody has to pay."""
        if by is Basis.EQUAL:
            return dict.fromkeys(cities, 1)
        counts: Mapping[str, int] = getattr(self, by)
        own = {code: counts.get(code, 0) for code in cities}
        return own if any(own.values()) else dict.fromkeys(own, 1)


class Share(NamedTuple):
    """One city's part of an amount, in yen, and how it came about (``basis``, in Japanese)."""

    yen: int
    basis: str


def weights(rule: Rule, cities: Iterable[str], bases: Bases) -> dict[str, int]:
    """Integer weights of a rule's mixture, cleared of denominators."""
    codes = sorted(cities)
    exact = dict.fromkeys(codes, Fraction(0))
    for part in rule:
        own = bases.of(part.by, codes)
        whole = sum(own.values())
        for code in codes:
            exact[code] += Fraction(part.percent) * own[code] / whole
    scale = lcm(*(weight.denominator for weight in exact.values()))
    return {code: int(weight * scale) for code, weight in exact.items()}


def split(total: int, rule: Rule, cities: Iterable[str], bases: Bases) -> dict[str, Share]:
    """Share ``total`` yen among cities by a rule."""
    weighed = weights(rule, cities, bases)
    whole = sum(weighed.values())
    shares = largest_remainder(total, weighed)
    own = {part.by: bases.of(part.by, weighed) for part in rule}
    return {
        code: Share(yen, _told(code, rule, own) + _rounding(Fraction(total * weighed[code], whole), yen))
        for code, yen in shares.items()
    }


def title(rule: Rule) -> str:
    """A rule in words: 均等割20%・人口割80%."""
    if len(rule) == 1:
        return RULE_WORDS[rule[0].by]
    return "・".join(f"{RULE_WORDS[part.by]}{part.percent}%" for part in rule if Fraction(part.percent))


def _told(code: str, rule: Rule, own: Mapping[Basis, Mapping[str, int]]) -> str:
    told = []
    for part in rule:
        if not Fraction(part.percent):
            continue
        counts = own[part.by]
        percent = f"の{part.percent}%" if len(rule) > 1 else ""
        told.append(f"{_WORDS[part.by]} {counts[code]:,}／{sum(counts.values()):,}{percent}")
    return "＋".join(told)


def _rounding(exact: Fraction, yen: int) -> str:
    """What the largest remainder did to a share; nothing for one that was whole."""
    if exact == yen:
        return ""
    cut = floor(exact * 100)
    return f"＝{cut // 100:,}.{cut % 100:02d}円、端数は{'繰上げ' if yen > exact else '切捨て'}"
