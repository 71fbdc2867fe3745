"""Late-elderly premiums: both parts, their reductions and limits, to the yen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.kinds import LATE_ELDERLY
from printjobs.core.kinds.late_elderly import PARTS
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from printjobs.sample.late_elderly import Rates
from printjobs.sample.making import Case
from tests.core.premiums import KUSATSU, complaints, made, terms, with_fields

KIND = LATE_ELDERLY


@pytest.mark.parametrize("part", [key for key, _ in PARTS])
@pytest.mark.parametrize("column", ["head", "cut", "share", "over", "year"])
def test_one_wrong_value_of_a_part_is_told_at_its_year(part: str, column: str) -> None:
    right = made(KIND, Case.SLIPS)
    wrong = with_fields(right, **{f"{part}_{column}": int(right.fields[f"{part}_{column}"]) + 1})
    assert complaints(KIND, wrong) == [("notices", 0, f"{part}_year", f"{part}_parts")]


def test_a_part_is_told_with_every_figure_of_it() -> None:
    right = made(KIND, Case.LARGEST)
    wrong = with_fields(right, medical_over=int(right.fields["medical_over"]) - 1)
    (told,) = KIND.check(wrong, terms(KIND))
    for key in ("head", "cut", "share", "year"):
        assert f"{int(right.fields[f'medical_{key}']):,}円" in told.message


@pytest.mark.parametrize("column", ["medical_premium", "child_premium", "relief"])
def test_a_premium_that_is_not_the_sum_of_its_parts_is_told(column: str) -> None:
    right = made(KIND, Case.SLIPS)
    wrong = with_fields(right, **{column: int(right.fields[column]) + 1})
    assert complaints(KIND, wrong) == [("notices", 0, "premium", "premium_parts")]


@given(st.integers(0, 10**6), st.sampled_from([Case.ORDINARY, Case.LARGEST, Case.SMALL]))
def test_both_parts_swapped_are_always_told(seed: int, case: Case) -> None:
    right = made(KIND, case, seed)
    fields = right.fields
    wrong = with_fields(right, medical_year=fields["child_year"], child_year=fields["medical_year"])
    assert {"medical_parts", "child_parts"} <= {code for *_, code in complaints(KIND, wrong)}


@given(st.integers(0, 10**6))
def test_the_amounts_follow_from_the_rates_that_the_notice_states(seed: int) -> None:
    fields, rates = made(KIND, seed=seed).fields, Rates(profiles(KIND.code, 2026)[KUSATSU])
    for key, _ in PARTS:
        assert fields[f"{key}_head"] == rates.head[key]
        assert fields[f"{key}_share"] == int(int(fields["base_income"]) * rates.rate[key] / 100)
        assert int(fields[f"{key}_year"]) <= rates.limit[key]
        assert int(fields[f"{key}_premium"]) % 100 == 0
        tenths = {"7割軽減": 7, "5割軽減": 5, "2割軽減": 2, "該当なし": 0}[str(fields["reduction"])]
        assert fields[f"{key}_cut"] == rates.head[key] * tenths // 10


def test_the_union_decides_for_all_cities_alike() -> None:
    names = ("union", "medical_head", "medical_rate", "medical_limit", "child_head", "child_rate", "child_limit",
             "reduction_7", "reduction_5", "reduction_2")  # fmt: skip
    found = {tuple(profiles(KIND.code, 2026)[city].values[name] for name in names) for city in cities()}
    assert len(found) == 1


def test_the_special_cases_are_what_they_are_called() -> None:
    largest, rates = made(KIND, Case.LARGEST).fields, Rates(profiles(KIND.code, 2026)[KUSATSU])
    assert largest["premium"] == sum(rates.limit.values())
    assert min(int(largest["medical_over"]), int(largest["child_over"])) > 0
    assert made(KIND, Case.ZERO).fields["premium"] == 0
    assert len(made(KIND, Case.SMALL).tables["instalments"]) == 1
    assert len(made(KIND, Case.MOST).tables["instalments"]) == 9
