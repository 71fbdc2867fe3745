"""The vendor's invoice: joint volumes priced by a dated tariff, each line rounded once, the tax on their sum."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.cost.tariff import SET_UPS, TAX, Line, Price, Tariff, Tier, Unit, Volumes, invoice_lines, own_units
from printjobs.core.model import UsageError
from printjobs.core.rounding import Rounding
from printjobs.reference import costs
from tests.core.costs import CODES, tariffs, volumes_by_city

IN_FORCE = costs.tariff("2026-04-10")


def tariff(*prices: Price, **other: Any) -> Tariff:
    given_ = {"rounding": Rounding.DOWN, "consumption_tax_percent": "0", "tax_rounding": Rounding.DOWN} | other
    return Tariff("2026-04-01", prices=prices, **given_)


def city(units: dict[tuple[Unit, str], int], *classes: str, new: bool = False) -> Volumes:
    return Volumes(0, units, frozenset(classes), new)


def line(made: tuple[Line, ...], key: str) -> Line:
    return next(line for line in made if line.key == key)


def test_a_tenth_of_a_yen_is_exact_and_rounded_once_per_line() -> None:
    one = city({(Unit.SHEET, "slip"): 9})
    cheap = tariff(Price("sheet", "用紙", Unit.SHEET, "0.10"))
    assert line(invoice_lines({"252069": one}, cheap), "sheet").yen == 0
    assert line(invoice_lines({"252069": one, "252077": one, "252085": one}, cheap), "sheet").yen == 2  # 2.7
    many = city({(Unit.SHEET, "slip"): 10**9 + 9})
    assert line(invoice_lines({"252069": many}, cheap), "sheet").yen == 10**8


@pytest.mark.parametrize(("rule", "yen"), [(Rounding.DOWN, 4), (Rounding.HALF_UP, 5), (Rounding.UP, 5)])
def test_a_line_is_rounded_by_the_rule_that_the_tariff_names(rule: Rounding, yen: int) -> None:
    made = invoice_lines(
        {"252069": city({(Unit.STEP, "slip"): 9})}, tariff(Price("step", "点", Unit.STEP, "0.5"), rounding=rule)
    )
    assert line(made, "step").yen == yen


def test_the_tax_is_on_the_sum_of_the_lines_and_rounded_once() -> None:
    seven = city({(Unit.SHEET, "slip"): 7, (Unit.PAGE, "slip"): 7})
    prices = (Price("sheet", "用紙", Unit.SHEET, "1"), Price("page", "印字", Unit.PAGE, "1"))
    made = invoice_lines({"252069": seven}, tariff(*prices, consumption_tax_percent="10"))
    assert line(made, TAX).yen == 1  # of 14; not twice 0
    made = invoice_lines({"252069": seven}, tariff(*prices, consumption_tax_percent="10", tax_rounding=Rounding.UP))
    assert line(made, TAX).yen == 2


def test_every_unit_costs_the_price_of_the_tier_that_is_reached_together() -> None:
    price = Price("sheet", "用紙", Unit.SHEET, "3", tiers=(Tier(100, "2.50"), Tier(200, "2")))
    half = city({(Unit.SHEET, "slip"): 99})
    assert line(invoice_lines({"252069": half}, tariff(price)), "sheet").yen == 297
    together = line(invoice_lines({"252069": half, "252077": half}, tariff(price)), "sheet")
    assert (together.quantity, together.unit_yen, together.yen) == (198, "2.50", 495)
    more = city({(Unit.SHEET, "slip"): 101})
    assert line(invoice_lines({"252069": half, "252077": more}, tariff(price)), "sheet").unit_yen == "2"


def test_a_minimum_is_charged_where_there_is_one_and_nothing_where_there_is_none() -> None:
    price = Price("envelope", "封筒", Unit.ENVELOPE, "8", minimum=1000)
    few = city({(Unit.ENVELOPE, "slip"): 3})
    assert line(invoice_lines({"252069": few}, tariff(price)), "envelope").yen == 8000
    assert [made.key for made in invoice_lines({"252069": city({})}, tariff(price))] == [TAX]


def test_a_form_is_priced_by_itself() -> None:
    prices = (Price("a", "あり", Unit.SHEET, "2", form="slip"), Price("b", "なし", Unit.SHEET, "1", form="plain"))
    both = city({(Unit.SHEET, "slip"): 10, (Unit.SHEET, "plain"): 5})
    assert [made.yen for made in invoice_lines({"252069": both}, tariff(*prices))] == [20, 5, 0]


def test_set_ups_that_cities_share_are_charged_once() -> None:
    """That is what joining saves: two cities with the same envelopes need one set-up of the machines."""
    price = Price("set_up", "段取り", Unit.CLASS, "100")
    first, second = city({}, "slip-i1-s04", "slip-i1-s07"), city({}, "slip-i1-s04", "plain-i0-s04")
    made = line(invoice_lines({"252069": first, "252077": second}, tariff(price)), "set_up")
    assert (made.quantity, made.own) == (3, {"252069": 2, "252077": 2})
    of_form = Price("set_up", "段取り", Unit.CLASS, "100", form="plain")
    assert own_units(of_form, {"252069": first, "252077": second}) == {"252069": 0, "252077": 1}


def test_a_run_is_charged_once_and_a_new_city_by_itself() -> None:
    prices = (Price("run", "版", Unit.RUN, "1000"), Price("new", "受入れ", Unit.NEW_CITY, "500"),
              Price("city", "設定", Unit.CITY, "30"))  # fmt: skip
    made = invoice_lines({"252069": city({}), "252077": city({}, new=True)}, tariff(*prices))
    assert [(one.quantity, one.yen) for one in made] == [(1, 1000), (1, 500), (2, 60), (1, 0)]
    assert line(made, "new").own == {"252069": 0, "252077": 1}


@pytest.mark.parametrize(
    "tiers", [(Tier(100, "4"),), (Tier(100, "2"), Tier(100, "1")), (Tier(0, "2"),), (Tier(9, "-1"),)]
)
def test_tiers_that_do_not_grow_or_that_cost_more_are_refused(tiers: tuple[Tier, ...]) -> None:
    with pytest.raises(ValueError, match="tiers of sheet"):
        Price("sheet", "用紙", Unit.SHEET, "3", tiers=tiers)


def test_a_key_stands_once_in_a_tariff() -> None:
    with pytest.raises(ValueError, match="twice"):
        tariff(Price("sheet", "用紙", Unit.SHEET, "3"), Price("sheet", "紙", Unit.SHEET, "2"))


def test_a_day_before_the_first_tariff_is_told_with_what_to_do() -> None:
    with pytest.raises(UsageError, match="単価表がありません"):
        costs.tariff("1999-04-01")


def test_of_several_files_the_newest_that_is_not_later_is_in_force() -> None:
    assert costs.in_force("tariff", "2026-04-01") == "tariff-2026-04-01.toml"
    assert costs.in_force("tariff", "2031-12-31") == max(
        costs.in_force("tariff", day) for day in ("2026-04-01", "2031-12-31")
    )


@given(volumes_by_city, tariffs)
def test_the_invoice_is_what_the_vendor_would_write(volumes: dict[str, Volumes], prices: Tariff) -> None:
    """Written a second time, from the sums of all cities."""
    made, net = invoice_lines(volumes, prices), 0
    for price in prices.prices:
        counted = sum(own_units(price, volumes).values())
        if price.counts in (Unit.RUN, Unit.CLASS):
            needed = {c for v in volumes.values() for c in v.classes if c.startswith(price.form)}
            counted = 1 if price.counts is Unit.RUN else len(needed)
        if counted:
            counted = max(counted, price.minimum)
            each = Fraction(price.yen)
            for tier in price.tiers:
                each = Fraction(tier.yen) if counted >= tier.least else each
            amount = each * counted
            wanted = {"down": amount // 1, "half_up": (amount + Fraction(1, 2)) // 1, "up": -(-amount // 1)}
            assert line(made, price.key).yen == wanted[prices.rounding]
            net += line(made, price.key).yen
    assert sum(one.yen for one in made) == net + made[-1].yen
    assert abs(made[-1].yen - net * Fraction(prices.consumption_tax_percent) / 100) < 1


@given(volumes_by_city, tariffs, st.randoms(use_true_random=False))
def test_the_invoice_does_not_depend_on_the_order_of_cities(
    volumes: dict[str, Volumes], prices: Tariff, chance: random.Random
) -> None:
    shuffled = list(volumes.items())
    chance.shuffle(shuffled)
    assert invoice_lines(dict(shuffled), prices) == invoice_lines(volumes, prices)


def test_nobody_is_asked_for_nothing() -> None:
    assert invoice_lines({}, IN_FORCE) == ()


def test_the_tariff_in_force_prices_all_that_a_run_can_count() -> None:
    counted = {price.counts for price in IN_FORCE.prices}
    assert counted >= SET_UPS | {
        Unit.SHEET,
        Unit.PAGE,
        Unit.INSERT,
        Unit.ENVELOPE,
        Unit.STEP,
        Unit.PIECE,
        Unit.HAND_PIECE,
    }
    assert len(CODES) == 8


@pytest.mark.parametrize("what", costs.DATED)
def test_a_dated_file_holds_from_the_day_in_its_name(what: str) -> None:
    """What is chosen by name and what is printed on a statement are one day."""
    read = {costs.TARIFF: costs.tariff, costs.SPLIT: costs.split_rules, costs.POSTAGE: costs.postage_table}[what]
    day = costs.in_force(what, "2026-04-10").removeprefix(f"{what}-").removesuffix(".toml")
    assert read(day).valid_from == day
