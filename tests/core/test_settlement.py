"""After the bill: corrections share exactly, an invoice is held against it, a month closes when all agrees."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printjobs.core.cost.bill import OVERSEAS, Bill, Case, Mail, make_bill
from printjobs.core.cost.settlement import (
    Amends,
    Difference,
    Discrepancy,
    Fault,
    Gap,
    Lack,
    Sent,
    Standing,
    booking_month,
    compare,
    correct,
    differences,
    find_line,
    gaps,
    months_of,
    overdrawn,
)
from printjobs.core.cost.tariff import TAX, Line
from printjobs.core.rounding import Rounding, rounded
from printjobs.reference import costs as tables
from printjobs.reference.costs import postage_table
from tests.core.costs import tariffs, volumes_by_city

DAY = "2026-04-10"
KUSATSU, MORIYAMA = "252069", "252077"


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    volumes, rules = draw(volumes_by_city), tables.split_rules(DAY)
    abroad = draw(st.dictionaries(st.sampled_from(sorted(volumes)), st.integers(1, 50), max_size=3))
    mail = Mail((), (), abroad, 0)
    return Case(volumes, tables.people(rules.people_as_of), draw(tariffs), rules, postage_table(DAY), mail)


cases = _cases()


# Corrections


@settings(max_examples=40)
@given(cases, st.integers(1, 10**9), st.data())
def test_the_shares_of_a_correction_add_up_to_it_and_the_opposite_one_takes_it_back(
    case: Case, yen: int, data: st.DataObject
) -> None:
    bill = make_bill(case)
    line = data.draw(st.sampled_from(bill.lines))
    up, down = correct(yen, line, case, bill), correct(-yen, line, case, bill)
    assert sum(s.yen for s in up.shares.values()) == yen
    assert {c: s.yen for c, s in down.shares.items()} == {c: -s.yen for c, s in up.shares.items()}
    assert all(0 < s.yen <= yen for s in up.shares.values())
    assert set(up.shares) <= set(case.volumes)


@settings(max_examples=30)
@given(cases, st.integers(-(10**9), 10**9), st.data())
def test_a_correction_does_not_depend_on_the_order_of_the_cities(case: Case, yen: int, data: st.DataObject) -> None:
    backwards = case._replace(volumes=dict(reversed(list(case.volumes.items()))))
    bill = make_bill(case)
    line = data.draw(st.sampled_from(bill.lines))
    assert correct(yen, line, case, bill) == correct(yen, line, backwards, make_bill(backwards))


@settings(max_examples=30)
@given(cases)
def test_to_correct_a_line_by_its_own_amount_gives_each_city_its_own_share_of_it(case: Case) -> None:
    bill = make_bill(case)
    for line in bill.lines:
        if line.yen and line.key not in (TAX, OVERSEAS):
            again = correct(line.yen, line, case, bill).shares
            own = {c.code: sum(i.yen for i in c.items if i.item == line.title) for c in bill.cities}
            assert {c: s.yen for c, s in again.items()} == {c: yen for c, yen in own.items() if yen}


def test_who_would_be_paid_is_named_and_who_then_pays_nothing_is_not() -> None:
    charged = {KUSATSU: 100, MORIYAMA: 100}
    assert overdrawn(charged, {KUSATSU: -100, MORIYAMA: -101}) == (MORIYAMA,)
    assert overdrawn({}, {KUSATSU: -1}) == (KUSATSU,)
    assert overdrawn({}, {KUSATSU: 1}) == ()


# The invoice


def a_line(number: int, quantity: int, unit: int, yen: int) -> Line:
    return Line("vendor", f"key-{number}", f"費目{number}", quantity, "枚", f"{unit / 100:.2f}", yen, {})


amounts = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**9))
bills = st.lists(amounts, min_size=1, max_size=8).map(lambda some: [a_line(n, *one) for n, one in enumerate(some)])


def as_sent(line: Line, by: str) -> Sent:
    return Sent(getattr(line, by), line.quantity, line.unit_yen, line.yen)


@given(bills, st.data())
def test_an_invoice_as_expected_has_no_discrepancy_in_whatever_order_and_by_key_or_title(
    lines: list[Line], data: st.DataObject
) -> None:
    by = st.sampled_from(["key", "title"])
    sent = data.draw(st.permutations([as_sent(line, data.draw(by)) for line in lines]))
    assert compare(lines, sent) == ()
    with_zeros = [one._replace(unit_yen=one.unit_yen + "0") for one in sent]
    assert compare(lines, with_zeros) == ()


@given(bills, st.data())
def test_each_field_that_is_changed_is_found_with_both_figures_and_nothing_else_is(
    lines: list[Line], data: st.DataObject
) -> None:
    at, more = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(1, 10**6))
    sent, line = [as_sent(one, "title") for one in lines], lines[at]
    fault = data.draw(st.sampled_from(list(Fault)))
    if fault is Fault.MISSING:
        wanted = Discrepancy(fault, line.title, str(line.yen), "")
        del sent[at]
    elif fault is Fault.UNEXPECTED:
        strange = data.draw(st.sampled_from(["値引き", line.key, line.title]))
        sent.append(Sent(strange, 1, "1", more))
        wanted = Discrepancy(fault, strange, "", str(more))
    else:
        before = getattr(line, fault)
        after = f"{float(before) + more:.2f}" if fault is Fault.UNIT_YEN else before + more
        changed: dict[str, Any] = {str(fault): after}
        sent[at] = sent[at]._replace(**changed)
        wanted = Discrepancy(fault, line.title, str(before), str(after))
    assert compare(lines, sent) == (wanted,)


TAX_LINE = Line("vendor", TAX, "消費税", 1, "式", "0", 10**9, {})
added = st.lists(st.integers(-(10**5), 10**5), min_size=8, max_size=8)


@given(bills, added, st.sampled_from(["0", "8", "10"]), st.booleans())
def test_the_lines_with_their_corrections_come_to_all_of_it_and_are_themselves_a_right_invoice(
    lines: list[Line], added: list[int], percent: str, with_tax: bool
) -> None:
    lines = [*lines, TAX_LINE] if with_tax else lines
    amends = Amends({line.key: yen for line, yen in zip(lines, added, strict=False)}, Fraction(percent))
    due = amends.due(lines)
    assert sum(o.yen - w.yen for o, w in zip(due, lines, strict=True)) == sum(amends.yen.values())
    sent = [as_sent(line, "title") for line in due]
    assert compare(lines, sent, amends) == ()
    others = [one._replace(quantity=one.quantity + 1, unit_yen="1") if amends.yen.get(line.key) else one
              for one, line in zip(sent, lines, strict=True)]  # fmt: skip
    assert compare(lines, others, amends) == ()


@given(st.integers(-(10**6), 10**6).filter(bool), st.integers(0, 10**6), st.sampled_from(list(Rounding)))
def test_a_vendor_who_reckons_the_tax_anew_and_one_who_has_it_on_the_line_are_both_right(
    net: int, rest: int, rule: Rounding
) -> None:
    """What the lead corrects is what the invoice has more, tax included."""

    def tax(of: int) -> int:
        return rounded(Fraction(of, 10), rule)

    before = 10**6 + rest
    lines = [a_line(1, 1, 1, 10**6), a_line(2, 1, 1, rest), TAX_LINE._replace(yen=tax(before))]
    more = net + tax(before + net) - tax(before)
    amends = Amends({"key-1": more}, Fraction(10))
    right = [(10**6 + net, tax(before + net)), (10**6 + more, tax(before))]
    for own, taxed in right:
        sent = [Sent("key-1", 1, "1", own), as_sent(lines[1], "key"), Sent(TAX, 1, "1", taxed)]
        assert compare(lines, sent, amends) == ()
        wrong = [sent[0], sent[1], sent[2]._replace(yen=taxed + 1)]
        assert [d.fault for d in compare(lines, wrong, amends)] == [Fault.YEN]


def test_a_line_that_was_corrected_to_nothing_may_be_left_out_and_another_not() -> None:
    lines = [a_line(1, 1, 1, 100), a_line(2, 1, 1, 100)]
    sent = [as_sent(lines[1], "key")]
    assert compare(lines, sent, Amends({"key-1": -100}, Fraction(0))) == ()
    found = compare(lines, sent, Amends({"key-1": -99}, Fraction(0)))
    assert found == (Discrepancy(Fault.MISSING, "費目1", "1", ""),)


def test_a_line_is_found_by_its_key_first_and_by_its_title_only_if_no_other_has_it() -> None:
    lines = [a_line(1, 1, 1, 1), a_line(2, 1, 1, 1)._replace(title="key-1"), a_line(3, 1, 1, 1)._replace(title="二つ")]
    twice = [*lines, a_line(4, 1, 1, 1)._replace(title="二つ")]
    assert find_line("key-1", lines) is lines[0]
    assert find_line("二つ", lines) is lines[2]
    assert find_line("二つ", twice) is None
    assert find_line("key-4", twice) == find_line("二つ（key-4）", twice) == twice[3]._replace(title="二つ（key-4）")
    assert find_line("別", lines) is None


# Estimate and settlement


@settings(max_examples=20)
@given(cases, cases)
def test_the_differences_are_what_the_totals_differ_by(before: Case, after: Case) -> None:
    estimate, settled = make_bill(before), make_bill(after)
    found = differences(estimate, settled)
    assert differences(settled, settled) == ()
    assert sum(d.settled_yen - d.estimate_yen for d in found) == settled.invoice_yen - estimate.invoice_yen
    assert all(d.settled_yen != d.estimate_yen for d in found)


@settings(max_examples=20)
@given(cases, st.data())
def test_one_item_that_came_otherwise_is_the_one_difference(case: Case, data: st.DataObject) -> None:
    settled = make_bill(case)
    city = data.draw(st.sampled_from(settled.cities))
    at = data.draw(st.integers(0, len(city.items) - 1))
    item = city.items[at]
    other = msgspec.structs.replace(item, yen=item.yen + 7)
    items = (*city.items[:at], other, *city.items[at + 1 :])
    changed = msgspec.structs.replace(city, items=items)
    estimate = Bill(settled.lines, tuple(changed if c is city else c for c in settled.cities))
    name = "郵便料" if item.group == "postage" else item.item
    yen = sum(i.yen for i in city.items if (i.group == "postage") == (name == "郵便料") and name in (i.item, "郵便料"))
    assert differences(estimate, settled) == (Difference(city.code, name, yen + 7, yen),)


# Months and years


def test_a_fiscal_year_has_the_months_from_april_to_march() -> None:
    assert months_of("2026-05") == ("2026-05",)
    assert months_of("2026") == (*(f"2026-{m:02d}" for m in range(4, 13)), "2027-01", "2027-02", "2027-03")


@pytest.mark.parametrize(
    ("month", "closed", "wanted"),
    [
        ("2026-04", [], "2026-04"),
        ("2026-04", ["2026-05"], "2026-04"),
        ("2026-04", ["2026-04", "2026-05"], "2026-06"),
        ("2026-12", ["2026-12"], "2027-01"),
        ("2026-07", ["2026"], "2027-04"),
        ("2027-03", ["2026", "2027-04"], "2027-05"),
    ],
)
def test_an_entry_goes_into_its_own_month_or_the_next_that_is_not_closed(
    month: str, closed: list[str], wanted: str
) -> None:
    assert booking_month(month, closed) == wanted


GOOD = Standing("r", True, {KUSATSU: 3}, {KUSATSU: 3}, {"vendor": 100, "post": 50}, {"vendor": 100, "post": 50})


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, ()),
        ({"closed": False}, (Gap(Lack.OPEN, "r"),)),
        ({"mailed": {KUSATSU: 4}}, (Gap(Lack.COUNT, "r", KUSATSU, 4, 3),)),
        ({"charged": {KUSATSU: 3, MORIYAMA: 1}}, (Gap(Lack.COUNT, "r", MORIYAMA, 0, 1),)),
        ({"mailed": {KUSATSU: 3, MORIYAMA: 0}}, ()),
        ({"invoiced": {"vendor": 100}}, (Gap(Lack.NO_INVOICE, "r", "post", 50),)),
        (
            {"invoiced": {"vendor": 101, "post": 49}},
            (Gap(Lack.SUM, "r", "vendor", 100, 101), Gap(Lack.SUM, "r", "post", 50, 49)),
        ),
        ({"ledger": {"vendor": 100}, "invoiced": {"vendor": 100}}, ()),
        ({"ledger": {"vendor": 100}}, (Gap(Lack.SUM, "r", "post", 0, 50),)),
    ],
)
def test_every_reason_against_closing_is_told_with_both_figures(changed: Any, wanted: tuple[Gap, ...]) -> None:
    assert gaps([GOOD, GOOD._replace(**changed)]) == wanted
