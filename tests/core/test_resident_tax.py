"""What the check of resident tax by ordinary collection finds: every sum that a lost or swapped row would break."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.kinds import DEBIT, PENSION, RESIDENT_TAX, SLIP, Terms, Type
from printjobs.core.model import Notice
from printjobs.reference import city
from printjobs.reference.profile import Profile, profiles
from printjobs.sample.making import Case, Payments
from printjobs.sample.people import HABITS, Registry, Trait
from printjobs.sample.resident_tax import ResidentTaxOffice

KUSATSU = "252069"
TOLD_ONLY = {"revenue", "next_04", "next_06", "next_08"}  # no sum of this year has them


def profile(code: str = KUSATSU) -> Profile:
    return profiles(RESIDENT_TAX.code, 2026)[code]


def terms(code: str = KUSATSU) -> Terms:
    return profile(code).terms("2026-06-10")


def made(case: Case = Case.MOST, seed: int = 1, code: str = KUSATSU) -> Notice:
    """A notice as the sample's office makes it up and intake would hold it."""
    rng = Random(seed)
    own = city(code)
    registry = Registry(rng, own.name, HABITS[code]._replace(only_persons=True))
    payments = Payments(rng, RESIDENT_TAX.code, own, profile(code), 2026)
    who = registry.addressee(Trait.PLAIN)
    values, tables = ResidentTaxOffice(rng, registry, profile(code), payments).make("2600012345", who, case)
    rows = {t.name: [[row[c.key] for c in t.columns[1:]] for row in tables[t.name]] for t in RESIDENT_TAX.details}
    return Notice(code, RESIDENT_TAX.code, "2600012345", 2, who, values, rows)


def pensioner() -> Notice:
    """Somebody whose whole tax is taken from a pension."""
    found = (made(Case.ORDINARY, seed) for seed in range(200))
    return next(notice for notice in found if notice.fields["payment"] == PENSION)


def codes(notice: Notice) -> set[str]:
    return {complaint.code for complaint in RESIDENT_TAX.check(notice, terms(notice.city))}


def with_fields(notice: Notice, **fields: str | int) -> Notice:
    return msgspec.structs.replace(notice, fields=notice.fields | fields)


def with_cell(notice: Notice, table: str, row: int, key: str, value: str | int) -> Notice:
    rows = [list(values) for values in notice.tables[table]]
    rows[row][RESIDENT_TAX.table(table).index(key)] = value
    return msgspec.structs.replace(notice, tables=notice.tables | {table: rows})


def without_row(notice: Notice, table: str, row: int) -> Notice:
    rows = [values for i, values in enumerate(notice.tables[table]) if i != row]
    return msgspec.structs.replace(notice, tables=notice.tables | {table: rows})


def more(notice: Notice, key: str, by: int = 1000) -> Notice:
    return with_fields(notice, **{key: int(notice.fields[key]) + by})


@pytest.mark.parametrize("code", HABITS)
@pytest.mark.parametrize("case", Case)
def test_a_notice_as_the_office_makes_it_has_no_complaint(case: Case, code: str) -> None:
    assert codes(made(case, code=code)) == set()


@given(seed=st.integers(0, 100_000), case=st.sampled_from(Case))
def test_no_made_up_notice_has_a_complaint(seed: int, case: Case) -> None:
    assert codes(made(case, seed)) == set()


CHANGES: dict[str, Callable[[Notice], Notice]] = {
    "income_sum": lambda n: without_row(n, "incomes", 3),
    "separate_sum": lambda n: without_row(n, "separate_incomes", 0),
    "separate_base_sum": lambda n: more(n, "separate_base"),
    "base_over_income": lambda n: with_cell(n, "separate_incomes", 2, "base", 99_000_000),
    "deductions_sum": lambda n: without_row(n, "deductions", 1),
    "base_differs": lambda n: more(n, "base"),
    "city_levy": lambda n: more(n, "city_gross"),
    "prefecture_levy": lambda n: without_row(n, "credits", 0),
    "tax_parts": lambda n: more(n, "forest_tax"),
    "collection_parts": lambda n: more(n, "wage_tax"),
    "pension_sum": lambda n: more(n, "pension_10"),
    "pension_payer_missing": lambda n: more(n, "next_04"),
    "payment_differs": lambda n: with_fields(n, payment=PENSION),
    "duplicate_row": lambda n: with_cell(n, "credits", 1, "kind", n.tables["credits"][0][0]),
    "instalments_sum": lambda n: without_row(n, "instalments", 2),
    "full_payment_differs": lambda n: with_cell(n, "instalments", 0, "amount", 100),
    "due_differs": lambda n: with_cell(n, "instalments", 2, "due", "2026-09-01"),
    "due_before_mailing": lambda n: with_cell(n, "instalments", 1, "due", "2026-06-10"),
    "payment_number_missing": lambda n: with_cell(n, "instalments", 1, "payment_number", ""),
    "barcode_missing": lambda n: with_cell(n, "instalments", 2, "barcode", ""),
    "barcode_amount": lambda n: with_cell(n, "instalments", 2, "barcode", n.tables["instalments"][1][-1]),
}


@pytest.mark.parametrize("code", CHANGES)
def test_one_changed_value_gives_its_complaint(code: str) -> None:
    notice = made()
    assert notice.fields["payment"] == SLIP
    assert code in codes(CHANGES[code](notice))


def test_a_month_of_the_pension_that_is_lost_is_found() -> None:
    notice = pensioner()
    assert codes(notice) == set()
    assert codes(more(notice, "pension_02", -100)) == {"pension_sum"}
    assert codes(with_fields(notice, pension_name="")) == {"pension_payer_missing"}


def test_who_pays_by_debit_or_pension_needs_no_numbers_to_pay_with() -> None:
    notice = pensioner()
    assert notice.fields["ordinary_tax"] == 0
    assert notice.tables["instalments"] == []
    found = (made(Case.ORDINARY, seed) for seed in range(200))
    debit = next(n for n in found if n.fields["payment"] == DEBIT and n.tables["instalments"])
    place = RESIDENT_TAX.table("instalments").index("payment_number")
    assert {row[place] for row in debit.tables["instalments"]} == {""}
    assert "payment_number_missing" in codes(with_fields(debit, payment=SLIP))


@given(st.data(), st.integers(0, 500), st.sampled_from([Case.MOST, Case.LARGEST, Case.ORDINARY]))
def test_no_amount_changes_unseen(data: st.DataObject, seed: int, case: Case) -> None:
    """1,000 yen more in any one place: somebody would pay them or be told a tax that he does not owe."""
    notice = made(case, seed)
    places = [
        (t.name, i, c.key)
        for t in RESIDENT_TAX.details
        for i in range(len(notice.tables[t.name]))
        for c in t.columns
        if c.type is Type.YEN and c.key not in TOLD_ONLY
    ]
    places += [
        ("notices", 0, c.key) for c in RESIDENT_TAX.notices.columns if c.type is Type.YEN and c.key not in TOLD_ONLY
    ]
    table, i, key = data.draw(st.sampled_from(places))
    if table == "notices":
        changed = more(notice, key)
    else:
        cell = notice.tables[table][i][RESIDENT_TAX.table(table).index(key)]
        changed = with_cell(notice, table, i, key, int(cell) + 1000)
    assert codes(changed) or _swallowed(notice, table)


def _swallowed(notice: Notice, table: str) -> bool:
    """A credit larger than the tax leaves none, whatever it is."""
    fields = notice.fields
    return table == "credits" and 0 in (fields["city_levy"], fields["prefecture_levy"])


def test_each_complaint_tells_both_figures_and_the_next_step() -> None:
    found = RESIDENT_TAX.check(more(made(), "annual_tax", 300), terms())
    told = {complaint.code: complaint.message for complaint in found}
    year = int(made().fields["annual_tax"])
    assert f"{year:,}円" in told["tax_parts"]
    assert f"{year + 300:,}円" in told["tax_parts"]
    assert told["tax_parts"].endswith("直してください。")


# --- the amounts that the sample's office makes up: the rule that the notice explains --------------------------


@given(st.integers(0, 2000))
def test_the_levy_is_the_stated_percent_of_the_base(seed: int) -> None:
    fields = {key: int(v) for key, v in made(Case.ORDINARY, seed).fields.items() if isinstance(v, int)}
    if not fields["separate_base"]:
        assert fields["city_gross"] == fields["base"] * 6 // 100
        assert fields["prefecture_gross"] == fields["base"] * 4 // 100
    assert (fields["city_per_capita"], fields["prefecture_per_capita"], fields["forest_tax"]) == (3000, 1800, 1000)
    assert fields["city_levy"] % 100 == fields["prefecture_levy"] % 100 == fields["annual_tax"] % 100 == 0


def test_the_extremes_are_there() -> None:
    assert int(made(Case.LARGEST).fields["annual_tax"]) > 300_000_000
    small = made(Case.SMALL)
    assert small.fields["annual_tax"] == 5800
    assert [row[0] for row in small.tables["instalments"]] == [1]
    zero = made(Case.ZERO)
    assert (zero.fields["annual_tax"], zero.tables["instalments"]) == (0, [])
    most = made(Case.MOST)
    assert (len(most.tables["incomes"]), len(most.tables["separate_incomes"])) == (9, 7)
    assert len(most.tables["deductions"]) >= 12
    assert len(most.tables["credits"]) == 7


def test_a_city_with_another_number_of_instalments_gets_them() -> None:
    notice = made(Case.MOST, code="252042")
    assert [row[0] for row in notice.tables["instalments"]][-1] == len(profile("252042").due) == 5
