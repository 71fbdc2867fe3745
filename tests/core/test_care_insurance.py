"""Long-term care premiums: the step, its amount, and the city's table of steps that explains both."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.kinds import CARE_INSURANCE
from printjobs.core.kinds.care_insurance import TAXED, UNTAXED
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from printjobs.sample.care_insurance import Income, Steps
from printjobs.sample.making import Case
from tests.core.premiums import OMIHACHIMAN, complaints, made, terms, with_fields

KIND = CARE_INSURANCE
every_city = pytest.mark.parametrize("city", cities())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"base": 65_600}, "step_amount:step_amount"),
        ({"rate": "1.10"}, "step_amount:step_amount"),
        ({"rate": "1"}, "rate:rate_format"),
        ({"rate": "百分の百"}, "rate:rate_format"),
        ({"relief": 100}, "premium:premium_parts"),
        ({"computed": 75_700}, "premium:premium_parts"),
        ({"own_tax": TAXED, "household_tax": UNTAXED}, "household_tax:household_tax"),
    ],
)
def test_one_wrong_value_is_told_at_its_column(changed: dict[str, str | int], told: str) -> None:
    right = made(KIND, Case.SLIPS)
    assert right.fields["step_amount"] == 75_600
    assert ("notices", 0, *told.split(":")) in complaints(KIND, with_fields(right, **changed))


def test_a_step_amount_of_another_step_is_told_with_the_whole_sum() -> None:
    wrong = with_fields(made(KIND, Case.SLIPS), step_amount=90_700, computed=90_700)
    (told,) = [c for c in KIND.check(wrong, terms(KIND)) if c.code == "step_amount"]
    assert "90,700円" in told.message
    assert "75,600円×1.00＝75,600円" in told.message


@pytest.mark.parametrize(
    "changed",
    [
        {"step": 6},
        {"step": 0},
        {"step": 14},
        {"base": 75_610},
        {"rate": "0.85", "step_amount": 64_260, "computed": 64_260, "relief": 0, "premium": 64_260},
        {"base": 78_000, "step_amount": 78_000},
    ],
    ids=["of the next step", "none", "beyond the table", "base", "rate", "another city's base"],
)
def test_a_step_that_the_table_beside_it_does_not_have_is_told(changed: dict[str, str | int]) -> None:
    """The notice shows the city's table with this step marked: both are on one page and must say the same."""
    wrong = with_fields(made(KIND, Case.SLIPS), **changed)
    assert ("notices", 0, "step", "step_differs") in complaints(KIND, wrong)


@given(st.integers(0, 10**6), st.integers(100, 10**6))
def test_a_base_that_does_not_lead_to_the_amount_is_always_told(seed: int, more: int) -> None:
    right = made(KIND, seed=seed)
    base, rate = int(right.fields["base"]), Decimal(str(right.fields["rate"]))
    wrong = with_fields(right, base=base + more)
    expected = abs((base + more) * rate - int(right.fields["step_amount"])) >= 100
    assert (complaints(KIND, wrong) == [("notices", 0, "step_amount", "step_amount")]) is expected


@every_city
def test_the_table_of_steps_has_one_line_for_each_step(city: str) -> None:
    values = profiles(KIND.code, 2026)[city].values
    columns = [values[key].split("\n") for key in ("step_who", "step_rates", "step_amounts")]
    assert [len(lines) for lines in columns] == [int(values["step_count"])] * 3
    assert int(values["step_count"]) in (13, 14, 15)
    assert all(line.strip() == line != "" for lines in columns for line in lines)


@every_city
def test_every_amount_of_the_table_is_base_times_rate_to_a_hundred_yen(city: str) -> None:
    steps = Steps(profiles(KIND.code, 2026)[city])
    hundreds = [(steps.base * Decimal(rate) / 100).quantize(Decimal(1), ROUND_HALF_UP) for rate in steps.rates]
    assert steps.amounts == [100 * int(h) for h in hundreds]
    assert steps.amounts == sorted(steps.amounts)
    assert steps.floors == sorted(set(steps.floors))


@pytest.mark.parametrize("who", [1, 4, 6, 7, 13])
def test_the_next_step_begins_where_the_table_says(who: int) -> None:
    steps = Steps(profiles(KIND.code, 2026)[OMIHACHIMAN])
    last = {
        1: Income(UNTAXED, UNTAXED, 826_500, 0, 0), 4: Income(UNTAXED, TAXED, 800_000, 26_500, 26_500),
        6: Income(TAXED, TAXED, 0, 1_199_999, 1_199_999), 7: Income(TAXED, TAXED, 0, 2_099_999, 2_099_999),
        13: Income(TAXED, TAXED, 0, 9_999_999, 9_999_999),
    }[who]  # fmt: skip
    more = last._replace(other_income=last.other_income + 1, total_income=last.total_income + 1)
    assert (steps.step(last), steps.step(more)) == (who, who + 1)


@every_city
def test_every_made_up_income_falls_in_its_step(city: str) -> None:
    steps, rng = Steps(profiles(KIND.code, 2026)[city]), Random(1)
    for step in range(1, len(steps) + 1):
        for _ in range(100):
            income = steps.income(step, rng)
            assert steps.step(income) == step
            assert min(income[2:]) >= 0
            assert income.other_income <= income.total_income


def test_people_of_every_step_are_made_up_and_the_base_step_is_among_the_largest() -> None:
    found = Counter(int(made(KIND, seed=seed, city=OMIHACHIMAN).fields["step"]) for seed in range(3000))
    assert set(found) == set(range(1, 16))
    assert 5 in [step for step, _ in found.most_common(4)]


def test_the_special_cases_are_what_they_are_called() -> None:
    by_case = {case: made(KIND, case).fields for case in Case}
    assert by_case[Case.LARGEST]["step"] == 13
    assert by_case[Case.ZERO]["premium"] == 0
    small, most = made(KIND, Case.SMALL), made(KIND, Case.MOST)
    assert len(small.tables["instalments"]) == 1
    assert (len(most.tables["instalments"]), len(most.tables["withheld"])) == (9, 3)
