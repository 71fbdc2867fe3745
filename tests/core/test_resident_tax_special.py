"""What the check of resident tax from wages finds: employees' months, the employer's months, and each one's sums."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.kinds import RESIDENT_TAX_SPECIAL, SLIP, Terms, Type
from printjobs.core.kinds.resident_tax_special import EMPLOYEES, MONTHS
from printjobs.core.model import Notice
from printjobs.reference import city
from printjobs.reference.profile import Profile, profiles
from printjobs.sample.making import Case, Payments
from printjobs.sample.people import HABITS, Registry, Trait
from printjobs.sample.resident_tax_special import ResidentTaxSpecialOffice

KUSATSU = "252069"
KIND = RESIDENT_TAX_SPECIAL


def profile(code: str = KUSATSU) -> Profile:
    return profiles(KIND.code, 2026)[code]


def terms(code: str = KUSATSU) -> Terms:
    return profile(code).terms("2026-05-15")


def made(case: Case = Case.MOST, seed: int = 1, code: str = KUSATSU) -> Notice:
    """A notice as the sample's office makes it up and intake would hold it."""
    rng = Random(seed)
    own = city(code)
    registry = Registry(rng, own.name, HABITS[code])
    payments = Payments(rng, KIND.code, own, profile(code), 2026)
    who = registry.addressee(Trait.COMPANY)
    values, tables = ResidentTaxSpecialOffice(rng, registry, profile(code), payments).make("2600012345", who, case)
    rows = {t.name: [[row[c.key] for c in t.columns[1:]] for row in tables[t.name]] for t in KIND.details}
    return Notice(code, KIND.code, "2600012345", 2, who, values, rows)


def paid_by_slip(case: Case = Case.MOST) -> Notice:
    return next(n for n in (made(case, seed) for seed in range(50)) if n.fields["payment"] == SLIP)


def codes(notice: Notice) -> set[str]:
    return {complaint.code for complaint in KIND.check(notice, terms(notice.city))}


def more(notice: Notice, key: str, by: int = 1000) -> Notice:
    return msgspec.structs.replace(notice, fields=notice.fields | {key: int(notice.fields[key]) + by})


def with_cell(notice: Notice, table: str, row: int, key: str, value: str | int) -> Notice:
    rows = [list(values) for values in notice.tables[table]]
    rows[row][KIND.table(table).index(key)] = value
    return msgspec.structs.replace(notice, tables=notice.tables | {table: rows})


def more_in(notice: Notice, row: int, key: str, by: int = 1000) -> Notice:
    return with_cell(notice, "employees", row, key, int(notice.tables["employees"][row][EMPLOYEES.index(key)]) + by)


def swapped(notice: Notice) -> Notice:
    """Two employees' June amounts exchanged: the employer's sums stay."""
    june = EMPLOYEES.index("month_06")
    first, second = (int(notice.tables["employees"][i][june]) for i in (0, 1))
    assert first != second
    return with_cell(with_cell(notice, "employees", 0, "month_06", second), "employees", 1, "month_06", first)


def without_employee(notice: Notice) -> Notice:
    return msgspec.structs.replace(notice, tables=notice.tables | {"employees": notice.tables["employees"][:-1]})


@pytest.mark.parametrize("code", HABITS)
@pytest.mark.parametrize("case", Case)
def test_a_notice_as_the_office_makes_it_has_no_complaint(case: Case, code: str) -> None:
    assert codes(made(case, code=code)) == set()


@given(seed=st.integers(0, 100_000), case=st.sampled_from(Case))
def test_no_made_up_notice_has_a_complaint(seed: int, case: Case) -> None:
    assert codes(made(case, seed)) == set()


CHANGES: dict[str, Callable[[Notice], Notice]] = {
    "income_sum": lambda n: more_in(n, 0, "salary"),
    "deductions_sum": lambda n: more_in(n, 1, "basic"),
    "base_differs": lambda n: more_in(n, 2, "base"),
    "city_levy": lambda n: more_in(n, 3, "city_gross"),
    "prefecture_levy": lambda n: more_in(n, 4, "prefecture_levy"),
    "tax_parts": lambda n: more_in(n, 5, "forest_tax"),
    "months_sum": swapped,
    "month_sum": lambda n: more_in(n, 7, "month_03"),
    "employees_count": without_employee,
    "annual_tax_sum": without_employee,
    "city_tax_sum": lambda n: more(n, "city_tax"),
    "prefecture_tax_sum": lambda n: more(n, "prefecture_tax"),
    "forest_tax_sum": lambda n: more(n, "forest_tax"),
    "duplicate_row": lambda n: with_cell(n, "employees", 1, "order", 1),
    "instalments_sum": lambda n: with_cell(n, "instalments", 11, "amount", 100),
    "due_differs": lambda n: with_cell(n, "instalments", 3, "due", "2026-10-12"),
    "duplicate_period": lambda n: with_cell(n, "instalments", 3, "period", 3),
    "payment_number_missing": lambda n: with_cell(n, "instalments", 1, "confirmation", ""),
}


@pytest.mark.parametrize("code", CHANGES)
def test_one_changed_value_gives_its_complaint(code: str) -> None:
    assert code in codes(CHANGES[code](paid_by_slip()))


def test_a_complaint_about_an_employee_stands_at_that_row_and_names_nobody() -> None:
    notice = paid_by_slip()
    found = [c for c in KIND.check(more_in(notice, 7, "month_03"), terms()) if c.table == "employees"]
    assert [(c.index, c.column, c.code) for c in found] == [(7, "annual_tax", "months_sum")]
    names = {str(row[EMPLOYEES.index("name")]) for row in notice.tables["employees"]}
    assert not any(name in c.message for name in names for c in found)


@given(st.data(), st.integers(0, 500))
def test_no_amount_changes_unseen(data: st.DataObject, seed: int) -> None:
    """1,000 yen more in any one place: it would be taken from somebody's wages."""
    notice = made(Case.ORDINARY, seed)
    keys = [c.key for c in EMPLOYEES.columns if c.type is Type.YEN and c.key != "revenue"]
    row = data.draw(st.integers(0, len(notice.tables["employees"]) - 1))
    key = data.draw(st.sampled_from(keys))
    values = notice.tables["employees"][row]
    swallowed = "credits" in key and values[EMPLOYEES.index(key.replace("credits", "levy"))] == 0
    assert codes(more_in(notice, row, key)) or swallowed
    fields = [c.key for c in KIND.notices.columns if c.type is Type.YEN]
    assert codes(more(notice, data.draw(st.sampled_from(fields))))


@given(st.integers(0, 500), st.randoms())
def test_two_employees_amounts_that_change_places_are_seen(seed: int, random: Random) -> None:
    notice = made(Case.MOST, seed)
    one, other = random.sample(range(len(notice.tables["employees"])), 2)
    key = random.choice([f"month_{m:02d}" for m in MONTHS])
    place = EMPLOYEES.index(key)
    first, second = (notice.tables["employees"][i][place] for i in (one, other))
    changed = with_cell(with_cell(notice, "employees", one, key, second), "employees", other, key, first)
    assert ("months_sum" in codes(changed)) is (first != second)


# --- the amounts that the sample's office makes up ---------------------------------------------------------------


@given(st.integers(0, 2000))
def test_the_months_are_twelfths_with_the_rest_in_june(seed: int) -> None:
    for values in made(Case.ORDINARY, seed).tables["employees"]:
        row = dict(zip([c.key for c in EMPLOYEES.columns[1:]], values, strict=True))
        june, *others = (int(row[f"month_{m:02d}"]) for m in MONTHS)
        assert len(set(others)) == 1
        assert others[0] % 100 == 0
        assert june >= others[0]
        if int(row["annual_tax"]) <= 5800:
            assert others[0] == 0


def test_the_extremes_are_there() -> None:
    assert len(made(Case.MOST).tables["employees"]) == 40
    assert int(made(Case.LARGEST).fields["annual_tax"]) > 300_000_000
    small = made(Case.SMALL)
    assert [int(row[2]) for row in small.tables["instalments"]] == [5800, *[0] * 11]
    assert made(Case.ZERO).fields["annual_tax"] == 0


def test_most_employers_have_one_to_eight_employees() -> None:
    counts = [len(made(Case.ORDINARY, seed).tables["employees"]) for seed in range(300)]
    assert sum(count <= 8 for count in counts) > 270
