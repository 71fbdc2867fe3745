"""Whether joining can make an earlier member pay more: which lines never do, what does, and how a rise is told."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printjobs.core.cost.bill import Bill, Case, CityBill, Item, Mail, make_bill
from printjobs.core.cost.projection import ALONE, ROUNDING_YEN, Projection, Run, never_raises, project
from printjobs.core.cost.splitting import Bases, Basis, Part, People, Rule, weights
from printjobs.core.cost.tariff import Price, Tariff, Unit, Volumes, invoice_lines
from printjobs.reference import costs
from printjobs.reference.costs import postage_table
from tests.core.costs import CLASSES, CODES, tariffs, volumes

DAY = "2026-04-10"
TABLE, RULES, TARIFF = postage_table(DAY), costs.split_rules(DAY), costs.tariff(DAY)
NOTHING = Mail((), (), {}, 0)
NEWCOMER = "252018"
some = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])

counts = st.dictionaries(st.sampled_from([*CODES, NEWCOMER]), st.integers(0, 10**6))
everybody = st.builds(People, population=counts, households=counts)
members = st.dictionaries(st.sampled_from(CODES[:4]), volumes, min_size=1)
rules = st.sampled_from([
    (Part(Basis.ACTUAL),), (Part(Basis.ACTUAL),), (Part(Basis.VOLUME),), (Part(Basis.EQUAL),),
    (Part(Basis.POPULATION),),
    (Part(Basis.EQUAL, "20"), Part(Basis.POPULATION, "80")), (Part(Basis.ACTUAL, "100"), Part(Basis.VOLUME, "0")),
    (Part(Basis.HOUSEHOLDS, "33.3"), Part(Basis.VOLUME, "66.7")),
])  # fmt: skip


def exact_shares(
    own: Mapping[str, Volumes], people: People, tariff: Tariff, rule: Rule
) -> dict[str, dict[str, Fraction]]:
    """What each line costs each city before anything is rounded, by key and code."""
    envelopes = {code: sum(n for (unit, _), n in v.units.items() if unit is Unit.ENVELOPE) for code, v in own.items()}
    found = {}
    for line in invoice_lines(own, tariff)[:-1]:
        weighed = weights(rule, own, Bases(people.population, people.households, envelopes, line.own))
        whole = Fraction(line.unit_yen) * line.quantity
        found[line.key] = {code: whole * weight / sum(weighed.values()) for code, weight in weighed.items()}
    return found


@some
@given(members, volumes, everybody, tariffs, rules)
def test_shares_that_are_said_never_to_rise_do_not_whoever_joins(
    own: dict[str, Volumes], joins: Volumes, people: People, tariff: Tariff, rule: Rule
) -> None:
    before = exact_shares(own, people, tariff, rule)
    after = exact_shares(own | {NEWCOMER: joins}, people, tariff, rule)
    for price in tariff.prices:
        if never_raises(price, rule) and price.key in after:
            for code in own:
                assert after[price.key][code] <= before.get(price.key, {}).get(code, Fraction(0))


@some
@given(members, volumes, everybody, tariffs, rules)
def test_a_set_up_that_somebody_had_already_never_costs_more_by_any_rule(
    own: dict[str, Volumes], joins: Volumes, people: People, tariff: Tariff, rule: Rule
) -> None:
    had = frozenset[str]().union(*(v.classes for v in own.values()))
    after = exact_shares(own | {NEWCOMER: joins._replace(classes=joins.classes & had)}, people, tariff, rule)
    before = exact_shares(own, people, tariff, rule)
    for price in tariff.prices:
        if price.counts is Unit.CLASS and price.key in after:
            assert all(after[price.key][code] <= before[price.key][code] for code in own)


@some
@given(members, volumes, everybody, tariffs, rules)
def test_rounding_moves_such_a_share_by_no_more_than_is_told(
    own: dict[str, Volumes], joins: Volumes, people: People, tariff: Tariff, rule: Rule
) -> None:
    case = Case(own, people, tariff, msgspec.structs.replace(RULES, default=rule, items={}), TABLE, NOTHING)
    before, after = paid(make_bill(case)), paid(make_bill(case._replace(volumes=own | {NEWCOMER: joins})))
    for price in tariff.prices:
        if never_raises(price, rule):
            for code in own:
                assert after.get((code, price.title), 0) <= before.get((code, price.title), 0) + ROUNDING_YEN


def paid(bill: Bill) -> dict[tuple[str, str], int]:
    return {(city.code, item.item): item.yen for city in bill.cities for item in city.items}


def units(unit: Unit, slip: int, plain: int = 0, envelopes: int = 100) -> Volumes:
    return Volumes(0, {(Unit.ENVELOPE, "slip"): envelopes, (unit, "slip"): slip, (unit, "plain"): plain}, frozenset())


def set_ups(*codes: str) -> Volumes:
    return Volumes(0, {}, frozenset(codes))


@pytest.mark.parametrize(
    ("unit", "form", "by", "own", "joins"),
    [
        (Unit.SHEET, "", Basis.EQUAL, units(Unit.SHEET, 100), units(Unit.SHEET, 900)),
        (Unit.SHEET, "", Basis.POPULATION, units(Unit.SHEET, 100), units(Unit.SHEET, 900)),
        (Unit.SHEET, "", Basis.VOLUME, units(Unit.SHEET, 100), units(Unit.SHEET, 900)),
        (Unit.PIECE, "slip", Basis.VOLUME, units(Unit.PIECE, 50, 50), units(Unit.PIECE, 100)),
        (Unit.ENVELOPE, "slip", Basis.VOLUME, units(Unit.ENVELOPE, 50, 50), units(Unit.ENVELOPE, 100)),
        (Unit.CLASS, "", Basis.ACTUAL, set_ups(CLASSES[0]), set_ups(CLASSES[1])),
        (Unit.CLASS, "", Basis.EQUAL, set_ups(CLASSES[0]), set_ups(*CLASSES)),
        (Unit.CITY, "", Basis.POPULATION, set_ups(), set_ups()),
        (Unit.NEW_CITY, "", Basis.EQUAL, set_ups(), Volumes(0, {}, frozenset(), new=True)),
    ],
    ids=lambda value: str(value) if isinstance(value, Unit | Basis) else "",
)
def test_a_newcomer_can_make_others_pay_for_what_it_brings(
    unit: Unit, form: str, by: Basis, own: Volumes, joins: Volumes
) -> None:
    """Why no other combination is said never to raise a share: each of these does. The newcomer is a small city."""
    price, rule = Price("key", "費目", unit, "1000", form), (Part(by),)
    tariff = msgspec.structs.replace(TARIFF, prices=(price,))
    small = People({**dict.fromkeys(CODES, 50_000), NEWCOMER: 40_000}, {})
    two = dict.fromkeys(CODES[:2], own)
    before, after = (exact_shares(cities, small, tariff, rule) for cities in (two, two | {NEWCOMER: joins}))
    assert not never_raises(price, rule)
    assert after["key"][CODES[0]] > before.get("key", {}).get(CODES[0], 0)


def test_of_the_agreement_in_force_only_set_ups_may_rise() -> None:
    sure = {price.key: never_raises(price, RULES.of(price.key)) for price in TARIFF.prices}
    assert [key for key, never in sure.items() if not never] == ["set_up"]


def bill(**paid_by: Mapping[str, int]) -> Bill:
    """City bills by code from their items' yen; the item ``tax`` and those of the post are of their own groups."""
    groups = {"tax": "tax", "post": "postage"}
    cities = []
    for code, own in paid_by.items():
        items = (Item(groups.get(item.partition("-")[0], "fixed"), item, "", "", yen) for item, yen in own.items())
        cities.append(CityBill(code, 0, tuple(items), sum(own.values()), 0))
    return Bill((), tuple(cities))


def projected(before: Bill, after: Bill, **alone: int) -> Projection:
    return project([Run(2027, "property_tax", "2027-04-09", before, after, alone)])


def test_outside_the_council_a_city_pays_alone() -> None:
    made = projected(bill(a={"x": 100}, b={"x": 50}), bill(a={"x": 60}, c={"x": 70}), a=110, b=80, c=90)
    found = {city.code: city.whole for city in made.cities}
    assert {code: (own.before_yen, own.after_yen, own.difference_yen) for code, own in found.items()} == {
        "a": (100, 60, -40), "b": (50, 80, 30), "c": (90, 70, -20),
    }  # fmt: skip
    assert {code: (own.alone_yen, own.saving_yen) for code, own in found.items()} == {
        "a": (110, 50), "b": (80, 0), "c": (90, 20),
    }  # fmt: skip
    assert found["b"].groups == {ALONE: 80}
    assert made.rises == ()  # neither of those who come or go: a share rises only for who stays


def test_years_and_runs_add_up() -> None:
    before, after = bill(a={"x": 5, "tax": 1}), bill(a={"x": 4, "tax": 1})
    runs = [Run(year, kind, f"{year}-06-01", before, after, {"a": 9}) for year in (2027, 2028) for kind in "pq"]
    (city,) = project(runs).cities
    assert {year: (own.before_yen, own.after_yen) for year, own in city.years.items()} == {
        2027: (12, 10),
        2028: (12, 10),
    }
    assert (city.whole.before_yen, city.whole.after_yen, city.whole.alone_yen) == (24, 20, 36)
    assert city.whole.groups == {"fixed": 16, "tax": 4}


def test_a_rise_names_the_city_the_run_the_yen_and_where_it_comes_from() -> None:
    made = projected(
        bill(a={"x": 100, "post-1": 500}, b={"x": 100}), bill(a={"x": 90, "post-2": 530}, b={"x": 90}), a=1, b=1
    )
    (rise,) = made.rises
    assert (rise.code, rise.year, rise.kind, rise.yen) == ("a", 2027, "property_tax", 20)
    assert rise.groups == {"fixed": -10, "postage": 30}
    assert not rise.rounding
    assert not made.none_rises


@pytest.mark.parametrize(
    ("before", "after", "rounding"),
    [
        ({"x": 100, "y": 100}, {"x": 101, "y": 100}, True),
        ({"x": 100, "y": 100}, {"x": 101, "y": 102, "tax": 9}, True),
        ({"x": 100, "y": 100}, {"x": 103, "y": 100}, False),
        ({"x": 100, "y": 100}, {"x": 110, "y": 91}, False),
        ({"post-1": 100, "post-2": 100}, {"post-3": 103, "post-4": 100}, True),
        ({"post-1": 100, "post-2": 100}, {"post-3": 105, "post-4": 100}, False),
    ],
)
def test_a_rise_is_rounding_only_where_no_line_moves_more_than_that(
    before: dict[str, int], after: dict[str, int], *, rounding: bool
) -> None:
    made = projected(bill(a=before), bill(a=after), a=1)
    assert [rise.rounding for rise in made.rises] == [rounding]
    assert made.none_rises == rounding
