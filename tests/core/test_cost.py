"""Law 5: the shares of every line add up to the line, to the yen."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from printjobs import reference
from printjobs.core.cost import (
    ITEM_NAMES,
    FixedRule,
    OverseasPostage,
    PostageClass,
    Tariff,
    Volumes,
    fixed_weights,
    largest_remainder,
    make_bill,
    postage_class,
)
from printjobs.core.plan import MOST_SHEETS
from printjobs.pipeline.packaging import weight_g

TARIFF = reference.tariff("2026-04-10")
POPULATION = {code: city.population for code, city in reference.cities().items()}
CODES = sorted(POPULATION)

weights_by_code = st.dictionaries(st.sampled_from(CODES), st.integers(0, 10**9), min_size=1)
yen = st.integers(0, 10**10)


def test_ten_million_yen_are_split_as_in_the_worked_example_of_the_trade() -> None:
    """Equal 20 %, by the population of 2018 80 %: the figures that the council calculated by hand."""
    population = {
        "252042": 82_215, "252069": 133_646, "252077": 83_049, "252085": 69_211,
        "252093": 91_082, "252107": 51_019, "252115": 54_951, "252140": 39_408,
    }  # fmt: skip
    shares = largest_remainder(10_000_000, fixed_weights(FixedRule("20", "80"), population))
    assert shares == {
        "252069": 2_018_444, "252077": 1_348_930, "252085": 1_165_821, "252107": 925_099,
        "252115": 977_128, "252042": 1_337_894, "252140": 771_459, "252093": 1_455_225,
    }  # fmt: skip
    assert sum(shares.values()) == 10_000_000


@given(yen, weights_by_code)
def test_the_shares_add_up_to_the_amount_exactly(total: int, weights: dict[str, int]) -> None:
    assume(any(weights.values()))
    assert sum(largest_remainder(total, weights).values()) == total


@given(yen, weights_by_code)
def test_no_share_is_negative_and_none_is_a_yen_away_from_the_exact_one(total: int, weights: dict[str, int]) -> None:
    assume(any(weights.values()))
    whole = sum(weights.values())
    for code, share in largest_remainder(total, weights).items():
        assert share >= 0
        assert abs(share - Fraction(total * weights[code], whole)) < 1


@given(yen, weights_by_code, st.randoms(use_true_random=False))
def test_the_shares_do_not_depend_on_the_order_of_cities(
    total: int, weights: dict[str, int], chance: random.Random
) -> None:
    assume(any(weights.values()))
    shuffled = list(weights.items())
    chance.shuffle(shuffled)
    assert largest_remainder(total, dict(shuffled)) == largest_remainder(total, weights)


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


def test_nothing_is_split_by_weights_that_are_all_zero() -> None:
    assert largest_remainder(0, {"252042": 0, "252069": 0}) == {"252042": 0, "252069": 0}


def test_an_amount_cannot_be_split_by_weights_that_are_all_zero() -> None:
    with pytest.raises(ValueError, match="all zero"):
        largest_remainder(1, {"252042": 0, "252069": 0})


@pytest.mark.parametrize(
    ("equal", "by_population"), [("20", "80"), ("0", "100"), ("100", "0"), ("33.3", "66.7"), ("1/3", "299/3")]
)
def test_fixed_weights_are_in_the_proportion_of_the_rule(equal: str, by_population: str) -> None:
    rule = FixedRule(equal, by_population)
    weights = fixed_weights(rule, POPULATION)
    whole, everyone = sum(weights.values()), sum(POPULATION.values())
    for code, weight in weights.items():
        wanted = Fraction(rule.equal_percent) / len(POPULATION)
        wanted += Fraction(rule.population_percent) * POPULATION[code] / everyone
        assert Fraction(weight, whole) * 100 == wanted


def test_percents_that_are_not_a_hundred_together_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to 100"):
        fixed_weights(FixedRule("20", "79.9"), POPULATION)


price = st.decimals(0, 500, places=2).map(str)
tariffs = st.builds(
    Tariff,
    valid_from=st.just("2026-04-01"),
    consumption_tax_percent=st.sampled_from(["0", "8", "10", "12.5"]),
    fixed=st.dictionaries(st.sampled_from(["meetings_and_versions", "tests_and_proofs"]), st.integers(0, 10**7)),
    fixed_rule=st.integers(0, 100).map(lambda equal: FixedRule(str(equal), str(100 - equal))),
    variable=st.dictionaries(st.sampled_from(["sheet", "piece", "envelope", "insert", "hand_piece"]), price),
    postage=st.integers(1, 500).map(lambda yen: (PostageClass("small", 50, yen), PostageClass("large", 1000, 3 * yen))),
    overseas=st.builds(OverseasPostage, st.just("abroad"), st.integers(1, 500)),
)
count = st.integers(0, 10**6)
volumes_by_city = st.dictionaries(
    st.sampled_from(CODES),
    st.builds(
        Volumes,
        notices=count,
        units=st.dictionaries(st.sampled_from(["sheet", "piece", "envelope", "insert", "hand_piece"]), count),
        postage=st.dictionaries(st.sampled_from(["small", "large", "abroad"]), count),
    ),
    min_size=1,
)


@given(volumes_by_city, tariffs)
def test_the_shares_of_every_city_add_up_to_the_invoice(volumes: dict[str, Volumes], tariff: Tariff) -> None:
    bill = make_bill(volumes, POPULATION, tariff)
    assert bill.sum_ok
    assert sum(city.total_yen for city in bill.cities) == bill.invoice_yen
    assert all(item.yen >= 0 for city in bill.cities for item in city.items)


def priced(volumes: dict[str, Volumes], tariff: Tariff) -> int:
    """The invoice as the vendor would write it: one line per item over all cities, each rounded down."""
    net = sum(tariff.fixed.values())
    for key, unit in tariff.variable.items():
        net += int(Fraction(unit) * sum(v.units.get(key, 0) for v in volumes.values()))
    tax = int(net * Fraction(tariff.consumption_tax_percent) / 100)
    stamps = {p.name: p.yen for p in tariff.postage} | {tariff.overseas.name: tariff.overseas.yen}
    return net + tax + sum(stamps[name] * n for v in volumes.values() for name, n in v.postage.items())


@given(volumes_by_city, tariffs)
def test_the_invoice_is_what_the_vendor_would_write(volumes: dict[str, Volumes], tariff: Tariff) -> None:
    assert make_bill(volumes, POPULATION, tariff).invoice_yen == priced(volumes, tariff)


@given(volumes_by_city, tariffs, st.randoms(use_true_random=False))
def test_the_bill_does_not_depend_on_the_order_of_cities(
    volumes: dict[str, Volumes], tariff: Tariff, chance: random.Random
) -> None:
    shuffled = list(volumes.items())
    chance.shuffle(shuffled)
    turned = dict(reversed(POPULATION.items()))
    assert make_bill(dict(shuffled), turned, tariff) == make_bill(volumes, POPULATION, tariff)


@given(volumes_by_city, tariffs)
def test_every_line_of_the_invoice_is_split_to_the_yen(volumes: dict[str, Volumes], tariff: Tariff) -> None:
    bill = make_bill(volumes, POPULATION, tariff)
    lines: Counter[str] = Counter()
    for city in bill.cities:
        for item in city.items:
            lines[item.item] += item.yen
    for key, amount in tariff.fixed.items():
        assert lines[ITEM_NAMES[key]] == amount
    for key, unit in tariff.variable.items():
        own = sum(v.units.get(key, 0) for v in volumes.values())
        assert lines[ITEM_NAMES[key]] == int(Fraction(unit) * own)


@given(volumes_by_city, tariffs)
def test_every_city_has_the_same_lines_and_its_own_count_of_notices(
    volumes: dict[str, Volumes], tariff: Tariff
) -> None:
    bill = make_bill(volumes, POPULATION, tariff)
    assert [city.code for city in bill.cities] == sorted(volumes)
    assert len({tuple((i.item, i.rule) for i in city.items) for city in bill.cities}) == 1
    assert [city.notices for city in bill.cities] == [volumes[city.code].notices for city in bill.cities]


@given(volumes_by_city, tariffs)
def test_postage_is_charged_to_the_city_whose_mail_it_was(volumes: dict[str, Volumes], tariff: Tariff) -> None:
    stamps = {p.name: p.yen for p in tariff.postage} | {tariff.overseas.name: tariff.overseas.yen}
    for city in make_bill(volumes, POPULATION, tariff).cities:
        paid = sum(i.yen for i in city.items if i.item.startswith("郵便料"))
        assert paid == sum(stamps[name] * n for name, n in volumes[city.code].postage.items())


def test_one_city_alone_pays_the_whole_invoice() -> None:
    own = Volumes(100, {"sheet": 457, "piece": 99, "envelope": 99, "insert": 80}, {"定形50gまで": 99})
    bill = make_bill({"252069": own}, POPULATION, TARIFF)
    assert [city.total_yen for city in bill.cities] == [bill.invoice_yen]


def test_a_city_without_a_notice_pays_only_its_share_of_the_fixed_part_and_the_tax_on_it() -> None:
    nothing = Volumes(0, {}, {})
    own = Volumes(100, {"sheet": 457, "piece": 99, "envelope": 99}, {"定形50gまで": 99})
    bill = make_bill({"252069": own, "252077": nothing}, POPULATION, TARIFF)
    paid = {i.item: i.yen for i in bill.cities[1].items if i.yen}
    assert set(paid) == {"打合せ・版作成", "テスト・校正", "消費税"}


def test_a_year_without_fixed_costs_and_without_mail_costs_nothing() -> None:
    bill = make_bill({"252069": Volumes(0, {}, {})}, POPULATION, msgspec.structs.replace(TARIFF, fixed={}))
    assert bill.invoice_yen == 0
    assert bill.sum_ok


def test_a_run_without_a_city_has_an_empty_bill() -> None:
    assert make_bill({}, POPULATION, TARIFF).invoice_yen == 0


def test_a_tenth_of_a_yen_is_exact_and_rounded_down_once_per_line() -> None:
    tariff = msgspec.structs.replace(TARIFF, fixed={}, variable={"sheet": "0.10"}, consumption_tax_percent="0")
    one = Volumes(1, {"sheet": 9}, {})
    assert make_bill({"252069": one}, POPULATION, tariff).invoice_yen == 0
    assert make_bill({"252069": one, "252077": one, "252085": one}, POPULATION, tariff).invoice_yen == 2
    assert make_bill({"252069": Volumes(1, {"sheet": 10**9 + 9}, {})}, POPULATION, tariff).invoice_yen == 10**8


@pytest.mark.parametrize(
    ("grams", "name"),
    [
        (0, "定形50gまで"), (1, "定形50gまで"), (50, "定形50gまで"),
        (50.01, "定形外100gまで"), (51, "定形外100gまで"), (100, "定形外100gまで"),
        (101, "定形外150gまで"), (150, "定形外150gまで"),
        (151, "定形外250gまで"), (250, "定形外250gまで"),
        (251, "定形外500gまで"), (500, "定形外500gまで"),
        (501, "定形外1kgまで"), (1000, "定形外1kgまで"),
    ],
)  # fmt: skip
def test_a_piece_pays_the_first_class_that_takes_its_weight(grams: float, name: str) -> None:
    assert postage_class(grams, TARIFF) == name


def test_a_piece_heavier_than_the_last_class_is_an_error_and_not_free() -> None:
    with pytest.raises(ValueError, match=r"4000\.5 g"):
        postage_class(4000.5, TARIFF)


def test_the_classes_of_the_tariff_in_force_grow_in_weight_and_in_price() -> None:
    assert [c.up_to_g for c in TARIFF.postage] == sorted({c.up_to_g for c in TARIFF.postage})
    assert [c.yen for c in TARIFF.postage] == sorted({c.yen for c in TARIFF.postage})


def test_every_priced_item_has_a_name_for_the_statement() -> None:
    assert {*TARIFF.fixed, *TARIFF.variable} <= set(ITEM_NAMES)


def test_the_heaviest_letter_that_is_planned_has_its_postage() -> None:
    newest = reference.tariff("2026-04-10")
    assert postage_class(weight_g(MOST_SHEETS, 1), newest) == newest.postage[-1].name
