"""Premiums collected from pensions: what a notice must hold for pension and slips to be one year's premium."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.kinds import CARE_INSURANCE, DEBIT, LATE_ELDERLY, PENSION, SLIP, Kind
from printjobs.core.kinds.pension import STAGES, WITHHELD
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from printjobs.sample.making import Case
from printjobs.sample.premiums import Collector
from tests.core.premiums import MAILED, complaints, made, paid_by, terms, with_cell, with_fields, with_rows

KINDS = {kind.code: kind for kind in (CARE_INSURANCE, LATE_ELDERLY)}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_city = pytest.mark.parametrize("city", cities())
kinds = st.sampled_from(list(KINDS.values()))
seeds = st.integers(0, 10**6)
cases = st.sampled_from(list(Case))
MONTH, STAGE, AMOUNT = (WITHHELD.index(key) for key in ("paid", "stage", "amount"))


@given(kinds, cases, seeds, st.sampled_from(list(cities())))
def test_what_the_sample_makes_up_has_no_complaint(kind: Kind, case: Case, seed: int, city: str) -> None:
    assert complaints(kind, made(kind, case, seed, city)) == []


@every_kind
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"pension": 1}, ["pension:withheld_sum", "premium:collection_sum"]),
        ({"ordinary": 1}, ["ordinary:instalments_sum", "premium:collection_sum"]),
        ({"premium": 1}, ["premium:collection_sum", "premium:premium_parts"]),
        ({"pension": 1, "ordinary": -1}, ["ordinary:instalments_sum", "pension:withheld_sum"]),
    ],
    ids=["pension", "ordinary", "premium", "one for the other"],
)
def test_a_sum_that_is_one_yen_off_is_told_at_its_column(kind: Kind, changed: dict[str, int], told: list[str]) -> None:
    right = paid_by(kind, pension=True, ordinary=True)
    wrong = with_fields(right, **{key: int(right.fields[key]) + by for key, by in changed.items()})
    found = complaints(kind, wrong)
    assert {place[:2] for place in found} == {("notices", 0)}
    assert sorted(f"{column}:{code}" for _, _, column, code in found) == told


@every_kind
def test_a_sum_is_told_with_both_figures(kind: Kind) -> None:
    right = paid_by(kind, pension=True, ordinary=False)
    pension = int(right.fields["pension"])
    wrong = with_fields(right, pension=pension + 100, premium=pension + 100)
    (told,) = [c for c in kind.check(wrong, terms(kind)) if c.code == "withheld_sum"]
    assert f"{pension:,}円" in told.message
    assert f"{pension + 100:,}円" in told.message


@every_kind
def test_who_pays_from_the_pension_only_has_no_slips_beside_it(kind: Kind) -> None:
    both = paid_by(kind, pension=True, ordinary=True)
    assert complaints(kind, with_fields(both, payment=PENSION)) == [("notices", 0, "payment", "slips_beside_pension")]


@every_kind
@pytest.mark.parametrize("payment", [SLIP, DEBIT])
def test_who_has_nothing_to_pay_otherwise_pays_from_the_pension(kind: Kind, payment: str) -> None:
    alone = paid_by(kind, pension=True, ordinary=False)
    assert alone.fields["payment"] == PENSION
    assert complaints(kind, with_fields(alone, payment=payment)) == [("notices", 0, "payment", "only_pension")]


@every_kind
def test_a_pension_has_a_name(kind: Kind) -> None:
    found = complaints(kind, with_fields(paid_by(kind, pension=True, ordinary=False), pension_name=""))
    assert found == [("notices", 0, "pension_name", "pension_name_missing")]


@every_kind
@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("paid", "2026-05-15", "paid:withheld_month"),
        ("paid", "2027-04-15", "paid:withheld_year"),
        ("paid", "2026-02-13", "paid:withheld_year"),
        ("paid", "2026-06-30", "paid:withheld_twice"),
        ("stage", "本徴収", "stage:withheld_stage"),
    ],
)
def test_a_row_of_the_pension_that_cannot_be_is_told_at_its_row(kind: Kind, column: str, value: str, told: str) -> None:
    right = paid_by(kind, pension=True, ordinary=False)
    wrong = with_cell(kind, right, "withheld", 0, column, value)
    found = complaints(kind, wrong)
    place = 1 if told.endswith("twice") else 0
    assert ("withheld", place, *told.split(":")) in found
    assert {table for table, *_ in found} == {"withheld"}


@every_kind
@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("due", MAILED, "due_before_mailing"),
        ("due", "2026-08-01", "due_differs"),
        ("period", 10, "due_differs"),
        ("period", 2, "duplicate_period"),
        ("payment_number", "", "payment_number_missing"),
        ("barcode", "", "barcode_missing"),
        ("accept_until", "2026-07-30", "accept_before_due"),
    ],
)
def test_a_row_that_cannot_be_paid_is_told(kind: Kind, column: str, value: str | int, code: str) -> None:
    right = made(kind, Case.SLIPS)
    assert code in {c for *_, c in complaints(kind, with_cell(kind, right, "instalments", 0, column, value))}


@every_kind
def test_swapped_barcodes_of_two_instalments_are_told_at_both(kind: Kind) -> None:
    right = made(kind, Case.SLIPS)
    place = kind.table("instalments").index("barcode")
    rows = [list(row) for row in right.tables["instalments"]]
    rows[0][place], rows[1][place] = rows[1][place], rows[0][place]
    told = complaints(kind, with_rows(right, "instalments", rows))
    assert {row for table, row, column, _ in told if (table, column) == ("instalments", "barcode")} == {0, 1}


@every_kind
@pytest.mark.parametrize("column", ["payment_number", "barcode"])
def test_two_slips_with_one_number_are_told(kind: Kind, column: str) -> None:
    right = made(kind, Case.SLIPS)
    place = kind.table("instalments").index(column)
    wrong = with_cell(kind, right, "instalments", 2, column, right.tables["instalments"][1][place])
    assert ("instalments", 2, column, f"duplicate_{column}") in complaints(kind, wrong)


@given(kinds, seeds, st.booleans())
def test_a_lost_row_is_always_told(kind: Kind, seed: int, withheld: bool) -> None:
    right = made(kind, Case.MOST, seed)
    table = "withheld" if withheld else "instalments"
    place = kind.table(table).index("amount")
    rows = right.tables[table]
    lost = Random(seed).randrange(len(rows))
    if not rows[lost][place]:
        return
    assert complaints(kind, with_rows(right, table, rows[:lost] + rows[lost + 1 :])) != []


@given(kinds, seeds, st.integers(1, 10**6))
def test_an_amount_that_is_moved_between_rows_of_the_pension_keeps_the_sum(kind: Kind, seed: int, more: int) -> None:
    """Only the sums are the check's business: how a city levels its six months (平準化) is its own."""
    right = paid_by(kind, pension=True, ordinary=False)
    rows = [list(row) for row in right.tables["withheld"]]
    first, second = Random(seed).sample(range(len(rows)), 2)
    moved = min(more, int(rows[first][AMOUNT]))
    rows[first][AMOUNT] = int(rows[first][AMOUNT]) - moved
    rows[second][AMOUNT] = int(rows[second][AMOUNT]) + moved
    assert complaints(kind, with_rows(right, "withheld", rows)) == []


@every_kind
def test_zero_yen_needs_neither_slips_nor_pension(kind: Kind) -> None:
    zero = made(kind, Case.ZERO)
    assert (zero.fields["premium"], zero.tables["instalments"], zero.tables["withheld"]) == (0, [], [])
    assert complaints(kind, zero) == []
    assert complaints(kind, with_fields(zero, payment=PENSION)) == []


@every_kind
@pytest.mark.parametrize("months", [0, 6, 12])
def test_a_part_of_a_year_may_be_off_by_what_is_rounded_and_no_more(kind: Kind, months: int) -> None:
    year, part = {
        "care_insurance": ("step_amount", "computed"), "late_elderly": ("medical_year", "medical_premium"),
    }[kind.code]  # fmt: skip
    right = made(kind, Case.ZERO)
    whole = int(right.fields[year]) * months // 12
    other = {"child_premium": int(right.fields["child_year"]) * months // 12} if kind is LATE_ELDERLY else {}
    for off, codes in ((0, set()), (99, set()), (-99, set()), (100, {"months_amount"}), (-100, {"months_amount"})):
        wrong = with_fields(right, months=months, **other, **{part: whole + off})
        assert {code for *_, code in complaints(kind, wrong)} - {"premium_parts"} == codes, off


@every_kind
def test_a_year_has_twelve_months(kind: Kind) -> None:
    assert ("notices", 0, "months", "months") in complaints(kind, with_fields(made(kind), months=13))


@every_kind
@every_city
def test_due_dates_are_working_days_after_the_mailing(kind: Kind, city: str) -> None:
    due = terms(kind, city).due
    assert len(due) in (8, 9)
    assert list(due) == sorted(due)
    assert due[0] > MAILED


def test_pensions_are_paid_on_the_fifteenth_or_the_working_day_before() -> None:
    profile = profiles("care_insurance", 2026)["252069"]
    days = Collector(Random(1), profile, None, 0.9)._days  # type: ignore[arg-type]
    assert days == ["2026-04-15", "2026-06-15", "2026-08-14", "2026-10-15", "2026-12-15", "2027-02-15"]
    assert [int(day[5:7]) for day in days] == list(STAGES)


@pytest.mark.parametrize(("kind", "share"), [(CARE_INSURANCE, 0.9), (LATE_ELDERLY, 0.75)], ids=KINDS)
def test_as_many_pay_from_their_pension_as_in_real_cities(kind: Kind, share: float) -> None:
    made_up = [made(kind, seed=seed).fields["payment"] for seed in range(600)]
    assert made_up.count(PENSION) / len(made_up) == pytest.approx(share, abs=0.06)
    assert {SLIP, DEBIT} < set(made_up)
