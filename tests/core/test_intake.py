"""City files in, records and problems out: nothing is lost, nothing doubled, and every fault has its place."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import layouts
from fonts import FontSet
from printjobs import intake
from printjobs.core import gaiji
from printjobs.core.kinds import DEBIT, PROPERTY_TAX, SLIP
from printjobs.core.model import BadInput, Notice, Problem
from printjobs.intake import SubmissionReader, sorting
from printjobs.intake.sorting import Row, sort_rows
from printjobs.pipeline.fitting import fits
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from printjobs.render.compiled import CompiledLayout
from printjobs.render.schema import compile_layout
from printjobs.sample import SampleSummary, write_sample
from printjobs.sample.gaiji import TABLE
from tests.handin import (
    DUE,
    KUSATSU,
    MAILING_DATE,
    MAPPING,
    TABLES,
    TRANSMITTAL,
    YEAR,
    ZIP,
    HandIn,
    barcode,
    notice_number,
)

NOTICES, ASSETS, INSTALMENTS = TABLES
FORM = [t.name for t in TABLES]
MAIBARA = "252140"
TABLE_OF = {t.file: t.name for t in TABLES}


class Read(NamedTuple):
    """A hand-in read to its end."""

    reader: SubmissionReader
    notices: list[Notice]
    problems: list[Problem]
    rejected: int

    @property
    def told(self) -> list[tuple[str, int, str, str]]:
        """File, row, column and code of every problem."""
        return [(p.file, p.row, p.column, p.code) for p in self.problems]


def is_ours(code: str) -> bool:
    return code == ZIP.replace("-", "")


def read_files(
    files: dict[str, bytes],
    city: str,
    knows_zip: Any = is_ours,
    fit: Any = lambda _: [],
    table: gaiji.Lookup = gaiji.NOTHING,
) -> Read:
    transmittal = intake.parse(files[TRANSMITTAL], PROPERTY_TAX, YEAR, city)
    mapping = intake.parse_mapping(files[MAPPING], PROPERTY_TAX) if MAPPING in files else {}
    rules = intake.Rules(
        profiles(PROPERTY_TAX.code, YEAR)[city].terms(MAILING_DATE), lambda *_: "", knows_zip, fit, *table
    )
    reader = SubmissionReader(PROPERTY_TAX, transmittal, mapping, lambda name: io.BytesIO(files[name]), rules)
    outcomes = list(reader)
    return Read(
        reader,
        [o.notice for o in outcomes if o.notice is not None],
        [p for o in outcomes for p in o.problems],
        sum(o.rejected for o in outcomes),
    )


def read(handin: HandIn) -> Read:
    return read_files(handin.files(), handin.city)


def records(found: Read) -> dict[str, dict[str, Any]]:
    """What would be printed, by notice number: everything but the place in the file."""
    return {n.number: msgspec.to_builtins(msgspec.structs.replace(n, row=0)) for n in found.notices}


# A good hand-in


def test_a_good_hand_in_gives_one_record_per_row_and_no_problem() -> None:
    found = read(HandIn(notices=5))
    found.reader.settle()
    assert [n.number for n in found.notices] == [notice_number(i) for i in range(1, 6)]
    assert (found.problems, found.rejected, found.reader.notices) == ([], 0, 5)
    assert found.reader.tax_total == sum(10_000 * i + 6_000 for i in range(1, 6))


def test_a_record_holds_every_cell_of_its_rows_with_amounts_as_numbers() -> None:
    notice = read(HandIn(notices=1)).notices[0]
    assert (notice.city, notice.kind, notice.row) == (KUSATSU, "property_tax", 2)
    assert notice.addressee.name == "見本　1郎"
    assert (notice.addressee.honorific, notice.addressee.zip) == ("様", "5250034")
    assert notice.fields["annual_tax"] == 16_000
    assert notice.fields["payment"] == SLIP
    assert [row[ASSETS.index("area")] for row in notice.tables["assets"]] == [12_050, 12_050]
    assert [row[0] for row in notice.tables["instalments"]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_encoding_byte_order_mark_and_line_ends_do_not_change_a_record(encoding: str, newline: str) -> None:
    handin = HandIn()
    plain = records(read(handin))
    handin.encoding, handin.newline = encoding, newline
    found = read(handin)
    found.reader.settle()
    assert records(found) == plain
    assert not found.problems


def test_the_order_of_columns_does_not_change_a_record() -> None:
    handin = HandIn()
    plain = records(read(handin))
    for rows in handin.tables.values():
        for row in rows:
            row.reverse()
    assert records(read(handin)) == plain


def test_quotes_and_commas_in_a_field_belong_to_the_field() -> None:
    found = read(HandIn().set("notices", 1, "方書", '見本荘"A,B"棟'))
    assert found.notices[0].addressee.building == '見本荘"A,B"棟'


def test_a_last_line_without_a_line_end_is_a_row() -> None:
    handin = HandIn()
    handin.raw["notices.csv"] = handin.csv(NOTICES).removesuffix(b"\n")
    found = read(handin)
    found.reader.settle()
    assert len(found.notices) == 3


def test_a_mapping_gives_the_same_records_as_the_councils_own_form() -> None:
    handin = HandIn()
    plain = records(read(handin))
    handin.drop_column("notices", "敬称").tables["notices"][0][2] = "宛名"
    codes = {SLIP: "1", DEBIT: "2"}
    place = handin.column("notices", "納付方法")
    for row in handin.tables["notices"][1:]:
        row[place] = codes[row[place]]
    handin.mapping = (
        '[notices.columns]\n"氏名" = "宛名"\n[notices.constants]\n"敬称" = "様"\n'
        '[notices.values."納付方法"]\n"1" = "納付書"\n"2" = "口座振替"\n'
    )
    found = read(handin)
    assert records(found) == plain
    assert not found.problems


# One fault, one notice: each is told at its file, row and column


def _faults() -> list[Any]:
    n, a, i = FORM
    faults = [
        ("no name", n, 2, "氏名", "", "required"),
        ("no honorific", n, 2, "敬称", "", "required"),
        ("an honorific that we do not know", n, 2, "敬称", "殿", "choice"),
        ("no address", n, 2, "住所", "", "required"),
        ("no postal code", n, 2, "郵便番号", "", "required"),
        ("a postal code that does not exist", n, 2, "郵便番号", "000-0000", "zip_unknown"),
        ("a postal code with a letter", n, 2, "郵便番号", "525-003O", "zip_format"),
        ("a postal code of six digits", n, 2, "郵便番号", "525003", "zip_format"),
        ("a postal code in wide digits", n, 2, "郵便番号", "５２５００３４", "zip_format"),
        ("a postal code beside a country", n, 2, "国名", "アメリカ合衆国", "zip_with_country"),
        ("a wrong check digit", n, 2, "宛名番号", "700000021", "check_digit"),
        ("an addressee number with a letter", n, 2, "宛名番号", "7000000X2", "digits"),
        ("a notice number with a hyphen", n, 2, "通知書番号", "26-0010002", "digits"),
        ("a private-use character", n, 2, "氏名", "見本\ue000", "private_use"),
        ("a private-use character beyond the first plane", n, 2, "住所", "草津市\U000f0000", "private_use"),
        ("a line break in a name", n, 2, "氏名", "見本\n二郎", "control_character"),
        ("a tab in an address", n, 2, "住所", "草津市\t草津", "control_character"),
        ("a character that was lost before", n, 2, "氏名", "見\ufffd二郎", "control_character"),
        ("10,000 characters of a name", n, 2, "氏名", "見" * 10_000, "too_long"),
        ("10,000 characters of a notice number", n, 2, "通知書番号", "2" * 10_000, "too_long"),
        ("10,000 digits of an amount", n, 2, "固定資産税額", "1" * 10_000, "too_large"),
        ("10,000 characters of a choice", n, 2, "納付方法", "納" * 10_000, "choice"),
        ("10,000 characters of a date", i, 6, "納期限", "2" * 10_000, "date_format"),
        ("10,000 characters of a period", i, 6, "期別", "1" * 10_000, "number_format"),
        ("10,000 characters of an area", a, 3, "地積・床面積", "1" * 10_000, "number_format"),
        ("a negative amount", i, 6, "納付額", "-8000", "negative"),
        ("an amount of twelve digits", i, 6, "納付額", "100000000000", "too_large"),
        ("an amount with thousands marked", i, 6, "納付額", "8,000", "number_format"),
        ("an amount in wide digits", i, 6, "納付額", "８０００", "number_format"),
        ("an amount with a fraction", i, 6, "納付額", "8000.0", "number_format"),
        ("a space before an amount", i, 6, "納付額", " 8000", "number_format"),
        ("an area with three decimals", a, 3, "地積・床面積", "120.505", "number_format"),
        ("a day that does not exist", i, 6, "納期限", "2026-02-30", "date_format"),
        ("a date with slashes", i, 6, "納期限", "2026/04/30", "date_format"),
        ("a due date on the mailing date", i, 6, "納期限", MAILING_DATE, "due_before_mailing"),
        ("a due date before the mailing date", i, 6, "納期限", "2026-03-31", "due_before_mailing"),
        ("a slip taken only until before it is due", i, 1, "取扱期限", "2026-04-29", "accept_before_due"),
        ("a slip without a payment number", i, 1, "納付番号", "", "payment_number_missing"),
        ("a whole year that is not the tax", i, 1, "納付額", "15000", "full_payment_differs"),
        ("a period twice", i, 7, "期別", "1", "duplicate_period"),
    ]
    return [pytest.param(*rest, id=name.replace(" ", "_")) for name, *rest in faults]


@pytest.mark.parametrize(("table", "row", "title", "value", "code"), _faults())
def test_a_faulty_cell_rejects_its_notice_alone_and_is_told_at_its_place(
    table: str, row: int, title: str, value: str, code: str
) -> None:
    handin = HandIn()
    number = handin.tables[table][row][0]
    found = read(handin.set(table, row, title, value))
    file = PROPERTY_TAX.table(table).file
    column = "郵便番号" if code == "zip_with_country" else "納付番号" if code == "payment_number_missing" else title
    assert (file, row + 1, column, code) in found.told
    assert {n.number for n in found.notices} == {notice_number(i) for i in (1, 2, 3)} - {number}
    assert found.rejected == 1
    assert all(len(p.message) < 200 for p in found.problems)


def test_an_amount_that_breaks_the_sum_is_told_at_the_years_tax() -> None:
    found = read(HandIn().set("instalments", 6, "納付額", "8100"))
    (problem,) = found.problems
    assert (problem.file, problem.row, problem.column) == ("notices.csv", 3, "年税額")
    assert problem.code == "instalments_sum"
    assert "26,100円" in problem.message
    assert "26,000円" in problem.message
    assert [n.number for n in found.notices] == [notice_number(1), notice_number(3)]


def test_taxes_that_do_not_add_up_to_the_years_tax_are_told() -> None:
    found = read(HandIn().set("notices", 2, "都市計画税額", "900"))
    assert found.told == [("notices.csv", 3, "年税額", "tax_parts")]


@pytest.mark.parametrize(("row", "column"), [(3, "固定土地課税標準額"), (4, "固定家屋課税標準額")])
def test_a_detail_row_that_got_lost_is_missed(row: int, column: str) -> None:
    handin = HandIn()
    del handin.tables["assets"][row]
    found = read(handin)
    assert found.told == [("notices.csv", 3, column, "assets_sum")]
    assert found.rejected == 1


def test_a_notice_without_any_detail_row_is_rejected() -> None:
    handin = HandIn()
    handin.tables["assets"] = [r for r in handin.tables["assets"] if r[0] != notice_number(2)]
    assert ("notices.csv", 3, "通知書番号", "no_assets") in read(handin).told


def test_a_detail_row_without_a_notice_is_told_and_rejects_nobody() -> None:
    handin = HandIn()
    handin.tables["assets"].append([notice_number(9), *handin.tables["assets"][1][1:]])
    handin.tables["instalments"].insert(1, [notice_number(0), *handin.tables["instalments"][1][1:]])
    found = read(handin)
    assert sorted(found.told) == [
        ("assets.csv", 8, "通知書番号", "orphan_row"),
        ("instalments.csv", 2, "通知書番号", "orphan_row"),
    ]
    assert {p.notice_number for p in found.problems} == {notice_number(9), notice_number(0)}
    assert (len(found.notices), found.rejected) == (3, 0)


def test_every_row_of_a_doubled_notice_number_is_told_and_none_is_taken() -> None:
    handin = HandIn().set("notices", 3, "通知書番号", notice_number(1))
    found = read(handin)
    doubled = [p for p in found.problems if p.code == "duplicate_number"]
    assert [(p.row, p.notice_number) for p in doubled] == [(2, notice_number(1)), (4, notice_number(1))]
    assert "2行" in doubled[0].message
    assert [n.number for n in found.notices] == [notice_number(2)]
    assert found.rejected == 2


def test_a_row_without_a_notice_number_is_told_by_its_row() -> None:
    found = read(HandIn().set("notices", 2, "通知書番号", ""))
    assert ("notices.csv", 3, "通知書番号", "required") in found.told
    assert (len(found.notices), found.rejected) == (2, 1)


@pytest.mark.parametrize("table", FORM)
@pytest.mark.parametrize("change", ["short", "long", "empty"])
def test_a_row_with_too_few_or_too_many_columns_is_told_and_not_read(table: str, change: str) -> None:
    handin = HandIn()
    row = handin.tables[table][2]
    number = row[0]
    handin.tables[table][2] = {"short": row[:-1], "long": [*row, ""], "empty": []}[change]
    found = read(handin)
    assert (PROPERTY_TAX.table(table).file, 3, "", "column_count") in found.told
    assert (len(found.notices), found.rejected) == (2, 1)
    assert number not in {n.number for n in found.notices}


def test_a_detail_row_without_a_number_is_told_even_beside_a_notice_without_one() -> None:
    handin = HandIn().set("notices", 2, "通知書番号", "").set("assets", 5, "通知書番号", "")
    told = [(file, row) for file, row, _, _ in read(handin).told]
    assert ("notices.csv", 3) in told
    assert ("assets.csv", 6) in told


def test_an_overseas_address_needs_a_country_and_no_postal_code() -> None:
    found = read(HandIn().set("notices", 2, "郵便番号", "").set("notices", 2, "国名", "アメリカ合衆国"))
    assert not found.problems
    assert (found.notices[1].addressee.zip, found.notices[1].addressee.country) == ("", "アメリカ合衆国")


def test_a_fault_is_told_in_the_citys_own_headers() -> None:
    handin = HandIn().set("notices", 1, "氏名", "")
    handin.tables["notices"][0][2] = "宛名"
    handin.mapping = '[notices.columns]\n"氏名" = "宛名"\n'
    assert read(handin).told == [("notices.csv", 2, "宛名", "required")]


def test_a_message_never_repeats_a_text_cell() -> None:
    for title in ("氏名", "住所", "方書", "共有者", "国名"):
        for text in ("見本鰐\ue000", "見本鰐\n", "見本鰐" * 100):
            for problem in read(HandIn().set("notices", 1, title, text)).problems:
                assert "見本鰐" not in problem.message


# Law 1: rows = records + problems, whatever the files hold

CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", "　", "0", "-1", "9" * 11, "9" * 12, "9" * 30, "１", "12.34", "2026-04-30", "2026-02-30", "様", "殿"]
    ),
    st.sampled_from(["\ue000", "\n", "\r\n", '"', '","', ",", "\x00", "\ufeff", "\U000e0100", "525-0034", "土地"]),
    st.sampled_from([notice_number(i) for i in range(5)]),
)


Rows = list[list[str]]


def _change(rows: Rows, at: int, draw: st.DrawFn) -> None:
    if rows[at]:
        rows[at][draw(st.integers(0, len(rows[at]) - 1))] = draw(CELLS)


def _renumber(rows: Rows, at: int, draw: st.DrawFn) -> None:
    if rows[at]:
        rows[at][0] = draw(st.sampled_from(["", *(notice_number(i) for i in range(5))]))


def _lose(rows: Rows, at: int, _: st.DrawFn) -> None:
    del rows[at]


def _double(rows: Rows, at: int, draw: st.DrawFn) -> None:
    rows.insert(draw(st.integers(1, len(rows))), list(rows[at]))


def _move(rows: Rows, at: int, draw: st.DrawFn) -> None:
    rows.insert(draw(st.integers(1, len(rows) - 1)), rows.pop(at))


def _shorten(rows: Rows, at: int, draw: st.DrawFn) -> None:
    rows[at] = rows[at][: draw(st.integers(0, len(rows[at])))]


def _lengthen(rows: Rows, at: int, draw: st.DrawFn) -> None:
    rows[at] = [*rows[at], draw(CELLS)]


ACCIDENTS = (_change, _change, _renumber, _lose, _double, _move, _shorten, _lengthen)


@st.composite
def spoilt_handins(draw: st.DrawFn) -> HandIn:
    """A hand-in after a few accidents to its cells and rows."""
    handin = HandIn(notices=draw(st.integers(1, 4)))
    handin.quoting = csv.QUOTE_ALL  # so that whatever a cell holds stays one cell
    for _ in range(draw(st.integers(1, 6))):
        rows = handin.tables[draw(st.sampled_from(FORM))]
        if len(rows) > 1:
            draw(st.sampled_from(ACCIDENTS))(rows, draw(st.integers(1, len(rows) - 1)), draw)
    return handin


@settings(max_examples=300, deadline=None)
@given(spoilt_handins())
def test_no_accident_to_cells_or_rows_loses_or_doubles_a_notice(handin: HandIn) -> None:
    found = read(handin)
    rows = dict(enumerate(handin.tables["notices"][1:], start=2))
    taken = {n.row: n for n in found.notices}
    assert len(taken) == len(found.notices)
    assert len({n.number for n in found.notices}) == len(found.notices)
    assert len(found.notices) + found.rejected == len(rows) == found.reader.notices
    for at, notice in taken.items():
        assert rows[at][0] == notice.number
        assert rows[at][2] == notice.addressee.name
    told_rows = {(p.file, p.row) for p in found.problems}
    told_numbers = {p.notice_number for p in found.problems} - {""}
    for at, row in rows.items():
        if at not in taken:
            assert ("notices.csv", at) in told_rows or (row and row[0] in told_numbers)


@settings(max_examples=300, deadline=None)
@given(spoilt_handins())
def test_no_accident_loses_a_detail_row_without_a_word(handin: HandIn) -> None:
    found = read(handin)
    numbers = {row[0] if row else "" for row in handin.tables["notices"][1:]}
    own = {n.number: n for n in found.notices}
    told = {(p.file, p.row) for p in found.problems}
    for table in PROPERTY_TAX.details:
        counted = Counter(row[0] if row else "" for row in handin.tables[table.name][1:])
        for number, notice in own.items():
            assert len(notice.tables[table.name]) == counted[number]
        for at, row in enumerate(handin.tables[table.name][1:], start=2):
            number = row[0] if row else ""
            assert number in own or number in numbers or (table.file, at) in told


@settings(max_examples=100, deadline=None)
@given(spoilt_handins())
def test_totals_are_counted_over_all_rows_whether_taken_or_rejected(handin: HandIn) -> None:
    header, *rows = handin.tables["notices"]
    place = header.index("年税額")
    # A row of broken form has no cell that can be trusted, and a cell that is no whole number states nothing.
    cells = [row[place] for row in rows if len(row) == len(header)]
    whole = [c for c in cells if c.isascii() and c.removeprefix("-").isdecimal()]
    assume(all(len(c) <= 12 for c in whole))  # longer ones are no yen
    assert read(handin).reader.tax_total == sum(map(int, whole))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_the_order_of_notices_in_any_file_changes_no_record(seed: int, notices: int) -> None:
    handin = HandIn(notices=notices)
    plain = records(read(handin))
    chance = Random(seed)
    for table in FORM:
        header, *rows = handin.tables[table]
        if table == "notices":
            chance.shuffle(rows)
        else:  # mixed among each other, each notice's own rows still one after another
            by_number = {n: [r for r in rows if r[0] == n][::-1] for n in {r[0] for r in rows}}
            numbers = [r[0] for r in rows]
            chance.shuffle(numbers)
            rows = [by_number[n].pop() for n in numbers]
        handin.tables[table] = [header, *rows]
    found = read(handin)
    assert records(found) == plain
    assert not found.problems


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_rows_in_any_order_are_all_there_and_the_count_is_the_same(seed: int) -> None:
    handin = HandIn(notices=4)
    chance = Random(seed)
    plain = records(read(handin))
    for table in FORM:
        header, *rows = handin.tables[table]
        chance.shuffle(rows)
        handin.tables[table] = [header, *rows]
    found = read(handin)
    found.reader.settle()
    for number, record in records(found).items():
        assert {k: sorted(map(str, v)) for k, v in record["tables"].items()} == {
            k: sorted(map(str, v)) for k, v in plain[number]["tables"].items()
        }
        assert {k: v for k, v in record.items() if k != "tables"} == {
            k: v for k, v in plain[number].items() if k != "tables"
        }


def test_instalments_stand_by_period_whatever_their_order_in_the_file() -> None:
    handin = HandIn(notices=1)
    plain = records(read(handin))
    handin.tables["instalments"][1:] = handin.tables["instalments"][:0:-1]
    assert records(read(handin)) == plain


# Sorting in bounded memory

ROWS = st.lists(st.tuples(st.text("0129", max_size=3), st.lists(st.text(max_size=3), max_size=3)), max_size=60)


@settings(deadline=None)
@given(ROWS, st.integers(1, 9), st.integers(1, 4))
def test_sorting_in_small_parts_equals_sorting_at_once(
    given_rows: list[tuple[str, list[str]]], part: int, block: int
) -> None:
    rows = [Row(key, i, tuple(cells)) for i, (key, cells) in enumerate(given_rows, start=2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "_BLOCK", block)
        assert list(sort_rows(iter(rows), part)) == sorted(rows, key=lambda r: (r.key, r.row))


def test_rows_that_fit_one_part_never_touch_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sorting, "tempfile")
    rows = [Row(str(9 - i), i, ()) for i in range(5)]
    assert list(sort_rows(rows, 5)) == rows[::-1]
    with pytest.raises(NameError):
        list(sort_rows(rows, 4))


def test_a_hand_in_sorted_in_small_parts_gives_the_same_records(monkeypatch: pytest.MonkeyPatch) -> None:
    handin = HandIn(notices=30)
    for rows in handin.tables.values():
        rows[1:] = rows[:0:-1]
    plain = read(handin)
    monkeypatch.setattr(sort_rows, "__defaults__", (7,))
    small = read(handin)
    assert small.notices == plain.notices
    assert len(small.notices) == 30


# The transmittal and the totals


def test_a_transmittal_that_is_right_settles() -> None:
    read(HandIn()).reader.settle()


@pytest.mark.parametrize(
    ("said", "figures"),
    [
        ({"notices": 4}, ("通知書の件数", "4", "3")),
        ({"tax_total": 78_001}, ("税額の合計", "78,001", "78,000")),
    ],
)
def test_totals_that_differ_are_refused_with_both_figures(said: dict[str, int], figures: tuple[str, ...]) -> None:
    handin = HandIn()
    handin.said = said
    with pytest.raises(BadInput) as refusal:
        read(handin).reader.settle()
    assert all(figure in str(refusal.value) for figure in figures)


@pytest.mark.parametrize("table", FORM)
def test_rows_that_differ_from_the_transmittal_are_refused_with_file_and_both_figures(table: str) -> None:
    handin = HandIn().seal()
    rows = len(handin.tables[table]) - 1
    handin.tables[table].append(list(handin.tables[table][-1]))
    with pytest.raises(BadInput) as refusal:
        read(handin).reader.settle()
    assert f"{PROPERTY_TAX.table(table).file} の行数: 送付票 {rows:,}、受領データ {rows + 1:,}" in str(refusal.value)


def test_all_differences_are_named_at_once() -> None:
    handin = HandIn()
    handin.said = {"notices": 9, "tax_total": 1}
    with pytest.raises(BadInput, match=r"件数.*税額"):
        read(handin).reader.settle()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"city": "252077"}, ("市コード", "252077", KUSATSU)),
        ({"kind": "resident_tax"}, ("通知種別", "resident_tax", "property_tax")),
        ({"year": 2025}, ("年度", "2025", "2026")),
        ({"encoding": "utf-16"}, ("文字コード", "utf-16")),
        ({"files": []}, ("notices.csv", "assets.csv", "instalments.csv")),
        ({"notices": "3"}, ("読めません", "notices")),
        ({"notices": 3.5}, ("読めません", "notices")),
        ({"notices": -1}, ("読めません", "notices")),
        ({"tax_total": None}, ("読めません", "tax_total")),
        ({"year": True}, ("読めません", "year")),
        ({"files": {"notices.csv": 3}}, ("読めません", "files")),
        ({"files": [{"name": "notices.csv", "rows": 3, "sha256": "0" * 63}]}, ("読めません", "sha256")),
    ],
)
def test_a_transmittal_that_does_not_fit_is_refused_and_says_where(
    change: dict[str, object], words: tuple[str, ...]
) -> None:
    handin = HandIn()
    handin.said = change
    with pytest.raises(BadInput) as refusal:
        read(handin)
    assert all(word in str(refusal.value) for word in words)


@pytest.mark.parametrize("key", ["city", "kind", "year", "encoding", "notices", "tax_total", "files"])
def test_a_transmittal_without_one_of_its_entries_is_refused_and_names_it(key: str) -> None:
    said = HandIn().transmittal()
    del said[key]
    with pytest.raises(BadInput, match=key):
        intake.parse(json.dumps(said).encode(), PROPERTY_TAX, YEAR, KUSATSU)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"PK\x03\x04", '{"city":'.encode("utf-16"), b"\xff"])
def test_what_is_no_json_object_is_no_transmittal(data: bytes) -> None:
    with pytest.raises(BadInput, match=TRANSMITTAL):
        intake.parse(data, PROPERTY_TAX, YEAR, KUSATSU)


@pytest.mark.parametrize("name", ["../notices.csv", "/notices.csv", "memo.txt", "notices.csv"])
def test_a_transmittal_lists_the_forms_own_files_once_each_and_no_other(name: str) -> None:
    handin = HandIn()
    handin.said = {"files": [*handin.transmittal()["files"], {"name": name, "rows": 0, "sha256": "0" * 64}]}
    with pytest.raises(BadInput, match="余分なファイル"):
        read(handin)


# Files as a whole


@pytest.mark.parametrize("table", FORM)
def test_an_empty_file_is_refused_by_name(table: str) -> None:
    handin = HandIn()
    file = PROPERTY_TAX.table(table).file
    handin.raw[file] = b""
    with pytest.raises(BadInput, match=f"{file} が空"):
        read(handin)


@pytest.mark.parametrize("table", FORM)
def test_a_missing_column_is_refused_by_file_and_name(table: str) -> None:
    title = PROPERTY_TAX.table(table).columns[2].title
    with pytest.raises(BadInput, match=rf"{PROPERTY_TAX.table(table).file}.*足りない列: {title}"):
        read(HandIn().drop_column(table, title))


@pytest.mark.parametrize("table", FORM)
def test_an_extra_column_is_refused(table: str) -> None:
    with pytest.raises(BadInput, match=rf"{PROPERTY_TAX.table(table).file}.*余分な列"):
        read(HandIn().add_column(table, "備考", ""))


def test_a_column_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="同じ名前の列"):
        read(HandIn().add_column("notices", "氏名", "見本"))


def test_a_file_without_its_header_is_refused_without_repeating_its_first_row() -> None:
    handin = HandIn()
    handin.raw["notices.csv"] = handin.csv(NOTICES).split(b"\n", 1)[1]
    with pytest.raises(BadInput) as refusal:
        read(handin)
    assert "見本" not in str(refusal.value)
    assert "草津三丁目" not in str(refusal.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)) * 8, "utf-8 として読めません"),
        (b'"a\n', "CSVの形"),
        (b'"a"b,c\n', "CSVの形"),
        (bytes(200), "見出しが様式と違います"),
    ],
    ids=["a_zip_as_of_a_spreadsheet", "an_open_quote", "text_after_a_quote", "zeros"],
)
def test_what_is_not_csv_is_refused_by_file(data: bytes, words: str) -> None:
    handin = HandIn()
    handin.raw["notices.csv"] = data
    with pytest.raises(BadInput, match=f"notices.csv.*{words}"):
        read(handin)


@pytest.mark.parametrize(("encoding", "said"), [("cp932", "utf-8"), ("utf-8", "cp932"), ("utf-16", "utf-8")])
def test_a_file_in_another_encoding_than_said_is_refused(encoding: str, said: str) -> None:
    handin = HandIn(notices=30)
    handin.encoding, handin.said = encoding, {"encoding": said}
    with pytest.raises(BadInput, match=f"{said} として読めません|見出しが様式と違います"):
        read(handin)


def test_a_field_that_swallows_a_whole_file_is_refused() -> None:
    handin = HandIn(notices=1)
    head, _, rest = handin.csv(NOTICES).partition("見本".encode())
    handin.raw["notices.csv"] = head + '"見本'.encode() + rest + b"x" * 2_000_000
    with pytest.raises(BadInput, match=r"notices\.csv"):
        read(handin)


# The mapping file


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ('[notices.columns]\n"なまえ" = "x"\n', ("[notices]", "なまえ")),
        ('[notices.constants]\n"なまえ" = "x"\n', ("[notices]", "なまえ")),
        ('[notices.values."なまえ"]\n"1" = "x"\n', ("[notices]", "なまえ")),
        ('[persons.columns]\n"氏名" = "x"\n', ("[persons]", "notices")),
        ('[notices.titles]\n"氏名" = "x"\n', ("読めません", "titles")),
        ('[notices.columns]\n"氏名" = 3\n', ("読めません",)),
        ("[notices.columns\n", ("読めません",)),
    ],
)
def test_a_mapping_with_what_we_do_not_know_is_refused_and_names_it(mapping: str, words: tuple[str, ...]) -> None:
    handin = HandIn()
    handin.mapping = mapping
    with pytest.raises(BadInput) as refusal:
        read(handin)
    assert MAPPING in str(refusal.value)
    assert all(word in str(refusal.value) for word in words)


def test_a_mapping_that_is_not_text_is_refused() -> None:
    with pytest.raises(BadInput, match=MAPPING):
        intake.parse_mapping(b"\xff\xfe", PROPERTY_TAX)


def test_a_code_that_the_mapping_does_not_know_is_a_problem_of_its_row() -> None:
    handin = HandIn().set("notices", 1, "納付方法", "9")
    handin.mapping = '[notices.values."納付方法"]\n"1" = "納付書"\n'
    assert read(handin).told == [("notices.csv", 2, "納付方法", "choice")]


def test_a_wrong_constant_is_told_under_our_own_title() -> None:
    handin = HandIn(notices=1).drop_column("notices", "敬称")
    handin.mapping = '[notices.constants]\n"敬称" = "さま"\n'
    assert read(handin).told == [("notices.csv", 2, "敬称", "choice")]


# A text of spaces only is as good as none


@pytest.mark.parametrize("space", [" ", "　", "\u00a0"], ids=["space", "wide_space", "no_break_space"])
@pytest.mark.parametrize("title", ["氏名", "住所"], ids=["name", "address"])
def test_a_name_or_address_of_nothing_but_blanks_is_a_missing_one(title: str, space: str) -> None:
    assert read(HandIn().set("notices", 1, title, space * 2)).told == [("notices.csv", 2, title, "required")]


# What the layout says


@pytest.fixture(scope="module")
def layout() -> CompiledLayout:
    """The real layout with the faces that ship, whatever is installed on this machine."""
    version = layouts.newest(PROPERTY_TAX.code, YEAR)
    return compile_layout(PROPERTY_TAX, version, FontSet(None), YEAR, MAILING_DATE)


@pytest.mark.parametrize(
    ("title", "value", "code"),
    [("氏名", "見" * 79, "overflow"), ("住所", "草津市" * 30, "overflow"), ("氏名", "𠮷田　見本", "no_glyph")],
    ids=["a_name_too_long", "an_address_too_long", "a_character_without_a_glyph"],
)
def test_what_the_layout_cannot_print_is_told_once_at_the_cell_it_comes_from(
    layout: CompiledLayout, title: str, value: str, code: str
) -> None:
    handin = HandIn().set("notices", 1, title, value)
    found = read_files(handin.files(), KUSATSU, fit=lambda notice: fits(layout, notice))
    assert (len(found.notices), found.rejected) == (2, 1)
    assert found.told == [("notices.csv", 2, title, code)]


@pytest.mark.parametrize("first", ["\U000e0100", "\ufe00"])
def test_a_building_that_begins_with_a_selector_is_told_and_stops_nobody_else(
    layout: CompiledLayout, first: str
) -> None:
    """Behind the address it would pass for a variant of its last character; on a line of its own it is nothing."""
    handin = HandIn().set("notices", 1, "方書", first + "見本荘" * 9)
    found = read_files(handin.files(), KUSATSU, fit=lambda notice: fits(layout, notice))
    assert ("notices.csv", 2, "方書", "no_glyph") in found.told
    assert {code for *_, code in found.told} == {"no_glyph"}
    assert len(found.notices) == 2


def test_more_instalments_than_the_city_has_due_dates_are_told_at_their_file(layout: CompiledLayout) -> None:
    handin = HandIn(notices=2)
    rows = [r for r in handin.tables["instalments"] if r[0] == notice_number(2)]
    for period in (5, 6):
        handin.tables["instalments"].append([notice_number(2), str(period), "2027-03-01", "0", *rows[0][4:]])
    found = read_files(handin.files(), KUSATSU, fit=lambda notice: fits(layout, notice))
    assert [n.number for n in found.notices] == [notice_number(1)]
    assert {(p.file, p.code) for p in found.problems} == {("instalments.csv", "due_differs")}


def test_a_character_of_the_co_owners_is_told_at_the_co_owners(layout: CompiledLayout) -> None:
    handin = HandIn().set("notices", 1, "共有者", "外𠮷")
    found = read_files(handin.files(), KUSATSU, fit=lambda notice: fits(layout, notice))
    assert found.told == [("notices.csv", 2, "共有者", "no_glyph")]


def test_the_layout_is_asked_only_about_a_sound_notice() -> None:
    asked: list[str] = []

    def fit(notice: Notice) -> list[intake.Fit]:
        asked.append(notice.number)
        return [intake.Fit("overflow", "assets", 1, "location", "長すぎます")] if len(asked) == 1 else []

    found = read_files(HandIn().set("notices", 2, "氏名", "").files(), KUSATSU, fit=fit)
    assert asked == [notice_number(1), notice_number(3)]
    assert ("assets.csv", 3, "所在", "overflow") in found.told
    assert found.rejected == 2


# The sample, read by the same intake: exactly what its summary says


class Sample(NamedTuple):
    directory: Path
    summary: SampleSummary


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    directory = tmp_path_factory.mktemp("sample")
    return Sample(directory, write_sample(directory, kind="property_tax", year=YEAR, scale=0.01, seed=1))


@pytest.fixture(scope="module")
def sample_read(sample: Sample, layout: CompiledLayout) -> dict[str, Read]:
    codes = intake.PostalCodes()
    return {
        city: read_files(
            {p.name: p.read_bytes() for p in (sample.directory / city).iterdir()},
            city,
            codes.knows,
            lambda notice: fits(layout, notice),
            gaiji.lookup(entry for entry in TABLE if entry.city == city),
        )
        for city in cities()
    }


every_city = pytest.mark.parametrize("city", list(cities()))


@every_city
def test_the_sample_is_read_to_its_last_row_and_settles(
    sample: Sample, sample_read: dict[str, Read], city: str
) -> None:
    found, summary = sample_read[city], sample.summary.cities[city]
    found.reader.settle()
    assert len(found.notices) + found.rejected == found.reader.notices == summary.notices
    assert found.reader.tax_total == summary.tax_total


@every_city
def test_the_samples_faults_are_found_exactly(sample: Sample, sample_read: dict[str, Read], city: str) -> None:
    found, summary = sample_read[city], sample.summary.cities[city]
    codes: defaultdict[str, set[str]] = defaultdict(set)
    for problem in found.problems:
        if problem.code != "orphan_row":
            codes[problem.notice_number].add(problem.code)
    assert {number: codes[number] for number in summary.bad} == {n: {code} for n, code in summary.bad.items()}
    others = {number: found for number, found in codes.items() if number not in summary.bad}
    assert set().union(*others.values()) <= {"overflow", "no_glyph"}
    assert {number for number, found in others.items() if "no_glyph" in found} == summary.needs_extra_font
    assert found.rejected == len(summary.bad) + len(others)
    assert {n.number for n in found.notices}.isdisjoint(codes)


@every_city
def test_the_samples_orphans_are_found_exactly(sample: Sample, sample_read: dict[str, Read], city: str) -> None:
    orphans = [p for p in sample_read[city].problems if p.code == "orphan_row"]
    assert tuple(p.notice_number for p in orphans) == sample.summary.cities[city].orphans
    assert {p.file for p in orphans} == {"assets.csv"}


@every_city
def test_a_problem_of_the_sample_stands_at_a_row_and_a_header_of_its_file(
    sample: Sample, sample_read: dict[str, Read], city: str
) -> None:
    encoding = {"utf-8": "utf-8-sig"}.get(json.loads((sample.directory / city / TRANSMITTAL).read_bytes())["encoding"])
    mapping: dict[str, Any] = {}
    if city == MAIBARA:
        mapping = tomllib.loads((sample.directory / city / MAPPING).read_text("utf-8"))
    for problem in sample_read[city].problems:
        with (sample.directory / city / problem.file).open(encoding=encoding or "cp932", newline="") as file:
            header, *rows = csv.reader(file)
        assert problem.column in header or problem.column in mapping.get("notices", {}).get("constants", {})
        own = rows[problem.row - 2]
        number = mapping.get(TABLE_OF[problem.file], {}).get("columns", {}).get("通知書番号", "通知書番号")
        assert own[header.index(number)] == problem.notice_number


def test_the_extra_font_is_asked_for_by_the_code_point_and_no_name(sample_read: dict[str, Read]) -> None:
    messages = {p.message for found in sample_read.values() for p in found.problems if p.code == "no_glyph"}
    assert messages
    assert all("U+20BB7" in message or "U+9089 U+E011F" in message for message in messages)
    assert not any("𠮷" in message or "邉" in message for message in messages)


# --- numbers to pay with, across the notices of a hand-in --------------------------------------------------------


def _slip_row(handin: HandIn, number: str) -> int:
    """The row of a notice's first instalment that is paid by slip."""
    rows = handin.tables["instalments"]
    return next(i for i, row in enumerate(rows) if row[0] == number and row[1] == "1")


@pytest.mark.parametrize(
    ("title", "code"), [("納付番号", "repeated_payment_number"), ("コンビニ収納番号", "repeated_barcode")]
)
def test_a_number_that_two_notices_share_rejects_both_and_no_other(title: str, code: str) -> None:
    """One of the two debts would never be paid, and each slip looks sound by itself."""
    handin = HandIn(notices=5)
    one, other = (_slip_row(handin, notice_number(place)) for place in (1, 3))
    rows, column = handin.tables["instalments"], handin.column("instalments", title)
    for row in (one, other):  # equal instalments, as vehicles of one class have: nothing else could tell
        handin.set("instalments", row, "納付額", "4000")
    for place, row in ((1, one), (3, other)):
        following = rows[row + 1]
        following[3] = str(10_000 * place + 6_000 - 4_000 - int(rows[row + 2][3]) - int(rows[row + 3][3]))
        following[-1] = barcode(int(following[3]), serial=int(following[4][2:]))
        rows[row][-1] = barcode(4000, serial=int(rows[row][4][2:]))
    assert len(records(read(handin))) == 5
    rows[other][column] = rows[one][column]
    found = read(handin)
    assert sorted(found.told) == sorted(("instalments.csv", row + 1, title, code) for row in (one, other))
    assert set(records(found)) == {notice_number(place) for place in (2, 4, 5)}


def test_zeros_in_front_make_no_other_payment_number() -> None:
    """The marks say twenty digits: what a spreadsheet cut is the same number on paper."""
    handin = HandIn(notices=3)
    for place, number in ((1, "12"), (3, "0012")):
        handin.set("instalments", _slip_row(handin, notice_number(place)), "納付番号", number)
    assert {code for *_, code in read(handin).told} == {"repeated_payment_number"}
    again = HandIn(notices=1)
    row = _slip_row(again, notice_number(1))
    again.set("instalments", row, "納付番号", "12").set("instalments", row + 1, "納付番号", "0012")
    assert {code for *_, code in read(again).told} == {"duplicate_payment_number"}


def test_a_number_of_a_row_without_a_notice_or_without_an_amount_is_shared_with_nobody() -> None:
    handin = HandIn(notices=3)
    first = handin.tables["instalments"][1]
    handin.tables["instalments"].append([notice_number(9), *first[1:]])
    handin.tables["instalments"].append([notice_number(2), "4", DUE[3], "0", *first[4:]])
    assert {code for *_, code in read(handin).told} == {"orphan_row", "duplicate_period"}
