"""Price a run's volumes by a tariff and split the invoice among the cities (割勘), to the yen.

Law 5: the shares of every line add up to the line. All arithmetic is in whole yen or exact
fractions; what is left after rounding down goes by the largest remainder, ties by city code.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import msgspec


class PostageClass(msgspec.Struct, frozen=True):
    """Postage with tax for one piece up to a weight in grams."""

    name: str
    up_to_g: int
    yen: int


class OverseasPostage(msgspec.Struct, frozen=True):
    name: str
    yen: int


class FixedRule(msgspec.Struct, frozen=True):
    """How the fixed part is shared: percent equal and percent by population, together 100."""

    equal_percent: str
    population_percent: str


class Tariff(msgspec.Struct, frozen=True):
    """Prices in force from a day on. Unit prices are decimal text: a tenth of a yen is exact."""

    valid_from: str
    consumption_tax_percent: str
    fixed: dict[str, int]
    fixed_rule: FixedRule
    variable: dict[str, str]
    postage: tuple[PostageClass, ...]
    overseas: OverseasPostage


ITEM_NAMES = {
    "meetings_and_versions": "打合せ・版作成",
    "tests_and_proofs": "テスト・校正",
    "sheet": "用紙・印字（枚）",
    "piece": "封入封緘・差出し（通）",
    "envelope": "封筒（通）",
    "insert": "同封物（枚）",
    "hand_piece": "手作業封入（通）",
}


class Volumes(msgspec.Struct, frozen=True):
    """What one city had printed and mailed. ``units`` has the tariff's variable items as keys."""

    notices: int
    units: dict[str, int]
    postage: dict[str, int]


class Item(msgspec.Struct, frozen=True):
    """One city's share of one invoice line: by which rule, on what basis, in yen.

    ``group`` is ``fixed``, ``variable``, ``tax`` or ``postage``.
    """

    group: str
    item: str
    rule: str
    basis: str
    yen: int


class CityBill(msgspec.Struct, frozen=True):
    code: str
    notices: int
    items: tuple[Item, ...]
    total_yen: int


class Bill(msgspec.Struct, frozen=True):
    """The invoice and its shares; ``sum_ok`` is law 5, computed from the finished shares."""

    invoice_yen: int
    cities: tuple[CityBill, ...]

    @property
    def sum_ok(self) -> bool:
        return (
            self.invoice_yen
            == sum(i.yen for c in self.cities for i in c.items)
            == sum(c.total_yen for c in self.cities)
        )


def largest_remainder(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split ``total`` yen by integer weights: rounded down, the rest by largest remainder, ties by code."""
    whole = sum(weights.values())
    if whole == 0:
        if total:
            raise ValueError("an amount cannot be split by weights that are all zero")
        return dict.fromkeys(weights, 0)
    shares = {code: total * weight // whole for code, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda code: (-(total * weights[code] % whole), code))
    for code in by_remainder[: total - sum(shares.values())]:
        shares[code] += 1
    return shares


def fixed_weights(rule: FixedRule, population: Mapping[str, int]) -> dict[str, int]:
    """Integer weights of equal% / n + population% x own / all, cleared of denominators."""
    equal, by_population = Fraction(rule.equal_percent), Fraction(rule.population_percent)
    if equal + by_population != 100:
        raise ValueError("equal and population percent must add up to 100")
    whole, scale = sum(population.values()), equal.denominator * by_population.denominator
    return {
        code: int(scale * (equal * whole + by_population * len(population) * own)) for code, own in population.items()
    }


def postage_class(grams: float, tariff: Tariff) -> str:
    """Name of the first class that takes the weight; ValueError beyond the last."""
    for step in tariff.postage:
        if grams <= step.up_to_g:
            return step.name
    raise ValueError(f"{grams:g} g is more than the postage table knows")


def make_bill(volumes: Mapping[str, Volumes], population: Mapping[str, int], tariff: Tariff) -> Bill:
    """Price the joint volumes line by line and split each line. All mappings are by city code."""
    if not volumes:
        return Bill(0, ())
    codes = sorted(volumes)
    lines: dict[str, list[Item]] = {code: [] for code in codes}

    def add(group: str, name: str, rule: str, shares: Mapping[str, int], basis: Mapping[str, str]) -> None:
        for code in codes:
            lines[code].append(Item(group, name, rule, basis[code], shares[code]))

    people = {code: population[code] for code in codes}
    everyone = sum(people.values())
    weights = fixed_weights(tariff.fixed_rule, people)
    parts = (("均等割", tariff.fixed_rule.equal_percent), ("人口割", tariff.fixed_rule.population_percent))
    rule = "・".join(f"{name}{percent}%" for name, percent in parts if percent != "0")
    for key, yen in tariff.fixed.items():
        basis = {code: f"人口 {people[code]:,} / {everyone:,}" for code in codes}
        add("fixed", ITEM_NAMES[key], rule, largest_remainder(yen, weights), basis)
    for key, unit in tariff.variable.items():
        own = {code: volumes[code].units.get(key, 0) for code in codes}
        count = sum(own.values())
        if not count:
            continue
        yen = int(Fraction(unit) * count)  # rounded down once per invoice line
        basis = {code: f"{own[code]:,} / {count:,} × {unit}円" for code in codes}
        add("variable", ITEM_NAMES[key], "実績割", largest_remainder(yen, own), basis)
    before_tax = {code: sum(i.yen for i in lines[code]) for code in codes}
    tax = int(Fraction(tariff.consumption_tax_percent) * sum(before_tax.values()) / 100)
    basis = {code: f"税抜 {before_tax[code]:,}円 の {tariff.consumption_tax_percent}%" for code in codes}
    add("tax", "消費税", "税抜額割", largest_remainder(tax, before_tax), basis)
    for name, unit_yen in [(p.name, p.yen) for p in tariff.postage] + [(tariff.overseas.name, tariff.overseas.yen)]:
        own = {code: volumes[code].postage.get(name, 0) for code in codes}
        if sum(own.values()):
            basis = {code: f"{own[code]:,}通 × {unit_yen}円" for code in codes}
            add("postage", f"郵便料 {name}", "実費", {code: own[code] * unit_yen for code in codes}, basis)
    bills = tuple(
        CityBill(code, volumes[code].notices, tuple(lines[code]), sum(i.yen for i in lines[code])) for code in codes
    )
    return Bill(invoice_yen=sum(tariff.fixed.values()) + _priced(volumes, tariff) + tax, cities=bills)


def _priced(volumes: Mapping[str, Volumes], tariff: Tariff) -> int:
    """Variable part and postage of the invoice, from the joint volumes and not from the shares."""
    variable = sum(
        int(Fraction(unit) * sum(v.units.get(key, 0) for v in volumes.values()))
        for key, unit in tariff.variable.items()
    )
    postage = {p.name: p.yen for p in tariff.postage} | {tariff.overseas.name: tariff.overseas.yen}
    return variable + sum(yen * v.postage.get(name, 0) for v in volumes.values() for name, yen in postage.items())
