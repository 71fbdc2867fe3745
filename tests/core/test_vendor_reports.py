"""Reports in whatever form a machine writes them: declared, read row by row, and no word of theirs guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.model import BadInput, UsageError
from printjobs.core.reconcile import BAD, DISPOSITIONS, Event
from printjobs.intake.vendor_reports import BadRow, Row, read_report
from printjobs.reference.report_layout import EVENTS, FIELDS, STANDARD, ReportLayout, decode, report_layouts

LAYOUTS = report_layouts()
MARK = "1" + "0" * 33
every_layout = pytest.mark.parametrize("name", LAYOUTS)


def rows(layout: ReportLayout, data: bytes) -> list[Row]:
    return list(read_report(io.BytesIO(data), layout))


def written(layout: ReportLayout, events: Iterable[Event], newline: str = "\r\n") -> bytes:
    """The events as a machine of this layout writes them, header included, found without our reader."""
    back = {
        field: {ours: theirs for theirs, ours in place.words.items() if ours} for field, place in layout.fields.items()
    }
    lines = [list(layout.columns)] if layout.header else []
    for e in events:
        said = {"event": e.what, "batch": e.batch or "", "piece": e.piece or "", "mark": e.mark, "status": e.status}
        said["count"] = e.count if e.what in ("post", "accepted", "printed") else ""
        by_column = {layout.fields[f].column: str(back[f].get(str(v), v)) for f, v in said.items()}
        lines.append([by_column.get(column, "") for column in layout.columns])
    if layout.form == "fixed":
        filled = [map(_fill, line, layout.widths) for line in lines]
        return "".join("".join(line) + newline for line in filled).encode(layout.encoding)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=layout.delimiter, lineterminator=newline).writerows(lines)
    return out.getvalue().encode(layout.encoding)


def _fill(cell: str, width: int) -> str:
    return cell.zfill(width) if cell.isdigit() else cell.ljust(width)


numbers = st.integers(1, 99_999)
marks = st.sampled_from(["", MARK])
one_event = st.one_of(
    st.builds(lambda b, p, m: Event(0, "sheet", b, p, m, "", 0), st.just(0) | numbers, st.just(0) | numbers, marks),
    st.builds(lambda b, p, s: Event(0, "piece", b, p, "", s, 0), numbers, numbers, st.sampled_from(DISPOSITIONS)),
    st.builds(
        lambda what, b, c: Event(0, what, b, 0, "", "", c),
        st.sampled_from(["post", "accepted", "printed"]), numbers, st.integers(0, 10**9 - 1),
    ),
)  # fmt: skip


@every_layout
@given(events=st.lists(one_event, max_size=12), newline=st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_in_any_layout_is_read_as_the_same_events(name: str, events: list[Event], newline: str) -> None:
    layout = LAYOUTS[name]
    first = 2 if layout.header else 1
    told = [Event(i, e.what, e.batch, e.piece, e.mark, e.status, e.count) for i, e in enumerate(events, first)]
    assert rows(layout, written(layout, events, newline)) == told


@every_layout
@given(data=st.data(), junk=st.binary(min_size=1, max_size=60))
def test_junk_in_one_line_is_one_bad_row_and_harms_no_other(name: str, data: st.DataObject, junk: bytes) -> None:
    layout = LAYOUTS[name]
    junk = b"\xff" + junk.replace(b"\n", b"").replace(b"\r", b"")
    events = data.draw(st.lists(one_event, max_size=6))
    lines = written(layout, events).splitlines(keepends=True)
    at = data.draw(st.integers(int(layout.header), len(lines)))
    found = rows(layout, b"".join([*lines[:at], junk + b"\n", *lines[at:]]))
    (bad,) = [row for row in found if isinstance(row, BadRow)]
    assert (bad.event.line, bad.event.what, bad.event.status) == (at + 1, BAD, "")
    assert len(found) == len(events) + 1
    assert [row.what for row in found if isinstance(row, Event)] == [e.what for e in events]


@every_layout
@given(data=st.binary(max_size=300))
def test_no_bytes_at_all_are_more_than_bad_rows_or_a_wrong_header(name: str, data: bytes) -> None:
    layout = LAYOUTS[name]
    begin = (layout.delimiter.join(layout.columns) + "\n").encode(layout.encoding) if layout.header else b""
    for row in rows(layout, begin + data):
        if isinstance(row, BadRow):
            assert row.reason.endswith("。")
            assert "\0" not in row.reason + row.text
            assert len(row.text) <= 300


def standard(*lines: str) -> list[Row]:
    layout = LAYOUTS[STANDARD]
    return rows(layout, "\n".join([",".join(layout.columns), *lines, ""]).encode())


@pytest.mark.parametrize(
    ("line", "what", "where", "word"),
    [
        ("08:00,sheet", "", (0, 0), "2列"),
        ("08:00,weigh,1,1,,,", "", (0, 0), "weigh"),
        ('08:00,"sheet,1,1,,,', "", (0, 0), "引用符"),
        ("08:00,sheet,1,x,,,", "sheet", (1, 0), "半角数字"),
        ("08:00,piece,1,7,,lost,", "piece", (1, 7), "結果"),
        ("08:00,piece,1,,,inserted,", "piece", (1, 0), "封筒の番号"),
        ("08:00,piece,,7,,inserted,", "piece", (0, 7), "バッチの番号"),
        ("08:00,post,1,,,,", "post", (1, 0), "通数"),
        ("08:00,printed,1,,,,1.5", "printed", (1, 0), "半角数字"),
        ("08:00,post,1,,,,1234567890", "post", (1, 0), "9桁"),
    ],
)
def test_of_a_bad_row_only_what_is_certain_is_told(line: str, what: str, where: tuple[int, int], word: str) -> None:
    (bad,) = standard(line)
    assert isinstance(bad, BadRow)
    assert (bad.event.status, (bad.event.batch, bad.event.piece)) == (what, where)
    assert word in bad.reason
    assert bad.text == line


def test_empty_lines_are_no_rows() -> None:
    assert [row.line for row in standard("", "08:00,post,1,,,,5", "") if isinstance(row, Event)] == [3]


def test_a_line_without_an_end_is_one_bad_row_however_long_it_is() -> None:
    found = standard("9" * 100_000, "08:00,post,1,,,,5")
    assert [type(row) for row in found] == [BadRow, Event]
    assert isinstance(found[1], Event)
    assert found[1].line == 3


def test_what_a_layout_passes_over_is_no_event_and_no_bad_row() -> None:
    layout = LAYOUTS["inserter-csv"]
    text = ";".join(layout.columns) + "\n08:00;2;停止;;;;;\n08:00;2;封筒;1;7;;完了;\n08:00;2;故障;;;;;\n"
    passed, told, unknown = rows(layout, text.encode("cp932"))
    assert passed is None
    assert told == Event(3, "piece", 1, 7, "", "inserted", 0)
    assert isinstance(unknown, BadRow)
    assert "故障" in unknown.reason


@pytest.mark.parametrize(("name", "word"), [("fixed", "NOREAD"), ("inserter-csv", "?")])
def test_the_machines_word_for_a_sheet_it_could_not_read_is_an_unread_sheet(name: str, word: str) -> None:
    layout = LAYOUTS[name]
    (row,) = rows(layout, written(layout, [Event(0, "sheet", 1, 2, word, "", 0)]))
    assert isinstance(row, Event)
    assert row.mark == ""


def test_a_fixed_line_of_another_length_is_bad_and_tells_both_lengths() -> None:
    (bad,) = rows(LAYOUTS["fixed"], b"08:00:00S00001\r\n")
    assert isinstance(bad, BadRow)
    assert "14バイト" in bad.reason
    assert "65バイト" in bad.reason


@pytest.mark.parametrize("name", [n for n, layout in LAYOUTS.items() if layout.header])
@pytest.mark.parametrize("header", [b"", b"time,event\n", b"PK\x03\x04\n", b"\xff\xfe\n", b'"time\n'])
def test_another_header_is_another_layout(name: str, header: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        rows(LAYOUTS[name], header)
    assert LAYOUTS[name].delimiter.join(LAYOUTS[name].columns) in str(refused.value)


# What may be declared


def test_ours_comes_first_and_every_layout_can_tell_every_event_and_disposition() -> None:
    assert next(iter(LAYOUTS)) == STANDARD
    for layout in LAYOUTS.values():
        assert set(layout.fields["event"].words.values()) - {""} == set(EVENTS)
        assert set(layout.fields["status"].words.values()) == set(DISPOSITIONS)
        assert not layout.title.isascii()


GOOD = """
title = "見本"
form = "csv"
encoding = "utf-8"
delimiter = ","
columns = ["a", "b", "c", "d", "e"]
fields.event = { constant = "P", words = { P = "piece" } }
fields.batch = { column = "a" }
fields.piece = { column = "b" }
fields.mark = { column = "c" }
fields.status = { column = "d", words = { ok = "inserted" } }
fields.count = { column = "e" }
"""


def test_what_is_the_same_in_every_row_need_not_be_in_the_file() -> None:
    layout = decode("x", GOOD.encode())
    assert rows(layout, b"3,4,,ok,\n") == [Event(1, "piece", 3, 4, "", "inserted", 0)]


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('form = "csv"', 'form = "xml"', "form"),
        ('encoding = "utf-8"', 'encoding = "utf-16"', "encoding"),
        ('delimiter = ","', "", "delimiter"),
        ('delimiter = ","', 'delimiter = "ab"', "delimiter"),
        ('form = "csv"', 'form = "fixed"', "widths"),
        ('delimiter = ","', 'delimiter = ","\nwidths = [1]', "widths"),
        ('"d", "e"]', '"d", "d"]', "同じ名前"),
        ('column = "a"', 'column = "z"', "z"),
        ('column = "a"', 'column = "a", constant = "1"', "どちらか一つ"),
        ('column = "a"', 'column = "a", words = { x = "y" }', "words"),
        ('ok = "inserted"', 'ok = "fine"', "fine"),
        ('P = "piece"', 'P = "parcel"', "parcel"),
        (', words = { ok = "inserted" }', "", "words"),
        ("fields.count", "fields.weight", "count"),
        ('title = "見本"', 'title = "見本"\ncolour = "red"', "colour"),
        ('title = "見本"', "title = ", "toml"),
    ],
)
def test_a_layout_that_cannot_be_is_told_by_its_file_and_what_is_wrong(old: str, new: str, word: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(UsageError) as refused:
        decode("press-x", text.encode())
    assert "reports/press-x.toml" in str(refused.value)
    assert word in str(refused.value)
    assert str(refused.value).endswith("。")


def test_every_field_is_asked_for() -> None:
    for field in FIELDS:
        line = next(line for line in GOOD.splitlines() if line.startswith(f"fields.{field} "))
        with pytest.raises(UsageError, match=field):
            decode("x", GOOD.replace(line, "").encode())
