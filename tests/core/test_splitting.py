"""Law 5, for one amount: the shares add up to it, by any rule and in any order, and every share explains itself."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from printjobs import reference
from printjobs.core.cost.shapley import shapley, whole_yen
from printjobs.core.cost.splitting import Bases, Basis, Part, SplitRules, split, title, weights
from printjobs.core.rounding import Rounding, capped, largest_remainder, rounded
from printjobs.reference import costs

CODES = sorted(reference.cities())
PEOPLE = costs.people("2018-10-01")

weights_by_code = st.dictionaries(st.sampled_from(CODES), st.integers(0, 10**9), min_size=1)
counts = st.dictionaries(st.sampled_from(CODES), st.integers(0, 10**6))
bases = st.builds(Bases, counts, counts, counts, counts)
yen = st.integers(0, 10**10)
members = st.sets(st.sampled_from(CODES), min_size=1)


@st.composite
def rules(draw: st.DrawFn) -> tuple[Part, ...]:
    """Mixtures of one to three bases, in tenths of a percent."""
    chosen = draw(st.lists(st.sampled_from(list(Basis)), min_size=1, max_size=3, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, 1000), min_size=len(chosen) - 1, max_size=len(chosen) - 1)))
    ends = [0, *cuts, 1000]
    return tuple(
        Part(by, f"{(b - a) // 10}.{(b - a) % 10}") for by, a, b in zip(chosen, ends[:-1], ends[1:], strict=True)
    )


def test_ten_million_yen_are_split_as_in_the_worked_example_of_the_trade() -> None:
    """Equal 20 %, by the population of 2018 80 %: the figures that the council calculated by hand."""
    rule = (Part(Basis.EQUAL, "20"), Part(Basis.POPULATION, "80"))
    shares = split(10_000_000, rule, CODES, Bases(PEOPLE.population, {}, {}, {}))
    assert {code: share.yen for code, share in shares.items()} == {
        "252069": 2_018_444, "252077": 1_348_930, "252085": 1_165_821, "252107": 925_099,
        "252115": 977_128, "252042": 1_337_894, "252140": 771_459, "252093": 1_455_225,
    }  # fmt: skip
    assert sum(share.yen for share in shares.values()) == 10_000_000
    assert title(rule) == "均等割20%・人口割80%"
    assert shares["252069"].basis == "均等 1／8の20%＋人口 133,646／604,581の80%＝2,018,444.59円、端数は切捨て"


@given(yen, rules(), members, bases)
def test_the_shares_of_any_rule_add_up_to_the_amount_and_none_is_negative(
    total: int, rule: tuple[Part, ...], cities: set[str], own: Bases
) -> None:
    shares = split(total, rule, cities, own)
    assert sum(share.yen for share in shares.values()) == total
    assert min(share.yen for share in shares.values()) >= 0
    assert set(shares) == cities


@given(yen, rules(), members, bases, st.randoms(use_true_random=False))
def test_no_share_depends_on_the_order_of_cities(
    total: int, rule: tuple[Part, ...], cities: set[str], own: Bases, chance: random.Random
) -> None:
    order = list(cities)
    chance.shuffle(order)
    turned = Bases(*(dict(reversed(list(basis.items()))) for basis in own))
    assert split(total, rule, order, turned) == split(total, rule, sorted(cities), own)


@given(rules(), members, bases)
def test_the_weights_are_in_the_proportion_of_the_rule(rule: tuple[Part, ...], cities: set[str], own: Bases) -> None:
    """Written a second time, city by city, with exact fractions."""
    made = weights(rule, cities, own)
    for code in cities:
        wanted = Fraction(0)
        for part in rule:
            counted = [] if part.by is Basis.EQUAL else [getattr(own, part.by).get(c, 0) for c in sorted(cities)]
            mine = 0 if part.by is Basis.EQUAL else getattr(own, part.by).get(code, 0)
            wanted += Fraction(part.percent) * (
                Fraction(mine, sum(counted)) if sum(counted) else Fraction(1, len(cities))
            )
        assert Fraction(made[code], sum(made.values())) * 100 == wanted


@given(st.integers(1, 10**9), rules(), members, bases)
def test_every_share_tells_its_exact_amount_or_is_whole(
    total: int, rule: tuple[Part, ...], cities: set[str], own: Bases
) -> None:
    weighed = weights(rule, cities, own)
    for code, share in split(total, rule, cities, own).items():
        exact = Fraction(total * weighed[code], sum(weighed.values()))
        told = re.search(r"＝([\d,]+)\.(\d\d)円、端数は(繰上げ|切捨て)$", share.basis)
        assert (told is None) == (exact == share.yen)
        if told:
            assert int(told[1].replace(",", "")) * 100 + int(told[2]) == int(exact * 100)
            assert (told[3] == "繰上げ") == (share.yen > exact)


@given(yen, weights_by_code)
def test_none_is_a_yen_away_from_the_exact_one(total: int, weights: dict[str, int]) -> None:
    assume(any(weights.values()))
    whole = sum(weights.values())
    for code, share in largest_remainder(total, weights).items():
        assert abs(share - Fraction(total * weights[code], whole)) < 1


@given(yen, weights_by_code)
def test_a_city_with_more_weight_never_pays_less(total: int, weights: dict[str, int]) -> None:
    assume(any(weights.values()))
    shares = largest_remainder(total, weights)
    by_weight = sorted(weights, key=lambda code: (weights[code], shares[code]))
    assert [shares[c] for c in by_weight] == sorted(shares.values())


@given(yen, weights_by_code)
def test_the_rest_goes_to_the_largest_remainders_and_ties_to_the_lower_code(
    total: int, weights: dict[str, int]
) -> None:
    """Written a second time with fractions, one yen after the other."""
    assume(any(weights.values()))
    exact = {code: Fraction(total * weight, sum(weights.values())) for code, weight in weights.items()}
    shares = {code: int(part) for code, part in exact.items()}
    waiting = sorted(exact)
    while sum(shares.values()) < total:
        first = max(waiting, key=lambda code: exact[code] - int(exact[code]))  # the first of equals: the lowest code
        waiting.remove(first)
        shares[first] += 1
    assert largest_remainder(total, weights) == shares


def test_equal_remainders_go_to_the_lower_city_codes() -> None:
    assert largest_remainder(5, {"252093": 1, "252042": 1, "252069": 1}) == {"252042": 2, "252069": 2, "252093": 1}


def test_an_amount_cannot_be_split_by_weights_that_are_all_zero() -> None:
    assert largest_remainder(0, {"252042": 0, "252069": 0}) == {"252042": 0, "252069": 0}
    with pytest.raises(ValueError, match="all zero"):
        largest_remainder(1, {"252042": 0, "252069": 0})


@given(weights_by_code, st.dictionaries(st.sampled_from(CODES), st.integers(0, 10**6)), st.data())
def test_under_caps_nothing_is_lost_and_nobody_gets_more_than_the_cap(
    weights: dict[str, int], caps: dict[str, int], data: st.DataObject
) -> None:
    most = {code: caps.get(code, 0) for code in weights}
    total = data.draw(st.integers(0, sum(most.values())))
    shares = capped(total, weights, most)
    assert sum(shares.values()) == total
    assert all(0 <= shares[code] <= most[code] for code in weights)
    free = {code: weight for code, weight in weights.items() if any(weights.values())}
    if free and all(share <= most[code] for code, share in largest_remainder(total, free).items()):
        assert shares == largest_remainder(total, free)  # caps that nobody reaches change nothing


def test_caps_that_are_less_together_are_refused() -> None:
    with pytest.raises(ValueError, match="caps"):
        capped(3, {"252042": 1}, {"252042": 2})


@pytest.mark.parametrize(
    ("rule", "amounts"),
    [
        (Rounding.DOWN, {"1.99": 1, "2": 2, "0.5": 0, "0": 0}),
        (Rounding.HALF_UP, {"1.49": 1, "1.5": 2, "0.5": 1, "2": 2}),
        (Rounding.UP, {"1.01": 2, "2": 2, "0.001": 1, "0": 0}),
    ],
)
def test_a_fraction_of_a_yen_is_rounded_by_the_named_rule(rule: Rounding, amounts: dict[str, int]) -> None:
    assert {text: rounded(Fraction(text), rule) for text in amounts} == amounts


@pytest.mark.parametrize("percents", [("20", "79.9"), ("120", "-20"), ("0", "0")])
def test_a_rule_that_is_not_a_hundred_percent_is_refused(percents: tuple[str, str]) -> None:
    rule = (Part(Basis.EQUAL, percents[0]), Part(Basis.POPULATION, percents[1]))
    whole = (Part(Basis.ACTUAL),)
    with pytest.raises(ValueError, match="100 percent"):
        SplitRules("2026-04-01", "2018-10-01", whole, whole, {"page": rule})


def test_every_rule_in_force_names_a_key_of_the_tariff_of_its_day() -> None:
    agreed = costs.split_rules("2026-04-01")
    assert set(agreed.items) <= {p.key for p in costs.tariff("2026-04-01").prices}
    assert set(CODES) <= set(costs.people(agreed.people_as_of).population)
    assert set(CODES) <= set(costs.people(agreed.people_as_of).households)


# --- the yardstick


@given(
    st.lists(st.sampled_from(CODES), min_size=1, max_size=4, unique=True),
    st.dictionaries(st.frozensets(st.sampled_from(CODES)), st.integers(0, 10**6)),
    st.integers(0, 1000),
)
def test_the_shapley_value_is_the_average_over_every_order_of_joining(
    cities: list[str], told: dict[frozenset[str], int], each: int
) -> None:
    """Held against its definition: every order written out."""

    def cost(some: frozenset[str]) -> int:
        return told.get(some, each * len(some))

    orders = list(permutations(cities))
    wanted = dict.fromkeys(cities, Fraction(0))
    for order in orders:
        for place, code in enumerate(order):
            before = frozenset(order[:place])
            wanted[code] += cost(before | {code}) - (cost(before) if before else 0)
    assert shapley(cities, cost) == {code: total / len(orders) for code, total in wanted.items()}


@given(st.dictionaries(st.sampled_from(CODES), st.fractions(-1000, 1000), min_size=1))
def test_whole_yen_of_the_yardstick_add_up_as_the_exact_ones_do(values: dict[str, Fraction]) -> None:
    last = max(values)
    values[last] += 1 - sum(values.values()) % 1  # together they are whole, as what all pay is
    made = whole_yen(values)
    assert sum(made.values()) == sum(values.values())
    assert all(abs(made[code] - values[code]) < 1 for code in values)
