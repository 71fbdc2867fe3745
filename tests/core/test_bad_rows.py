"""A row that could not be read holds envelopes back, and never lets one through."""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from printjobs.core.model import PieceStatus
from printjobs.core.pieces import Key
from printjobs.core.reconcile import BAD, Event
from tests.core.test_reconcile import (
    INSERTED,
    MAILED,
    SPOILED,
    A,
    B,
    Expected,
    Report,
    codes,
    expected,
    reconcile,
    released,
    reports,
    settle,
)

KNOWN = ("", "sheet", "piece", "post")


def unreadable(row: Event, *, certain: bool) -> Event:
    """The same row after it could not be read: what it was is certain or not."""
    batch, what = (row.batch, row.what) if certain else (0, "")
    return Event(row.line, BAD, batch, row.piece if certain else 0, "", what, 0)


def bad(report: Report, what: str = "", key: Key = (0, 0)) -> Report:
    report.events.append(Event(len(report.events) + 2, BAD, *key, "", what, 0))
    return report


def mailed(pieces: dict[Key, Expected], events: list[Event]) -> set[Key]:
    return {key for key, status in reconcile(pieces, events).statuses.items() if status == MAILED}


@st.composite
def troubled(draw: st.DrawFn) -> tuple[list[Event], int]:
    """A report of two pieces in which all goes well but for one row, and where that row is."""
    report = Report().good(A).good(B)
    at = draw(st.integers(0, len(report.events)))
    trouble = draw(st.sampled_from(["lost", "spoiled", "diverted", "sheet", "foreign", "unread"]))
    key = draw(st.sampled_from([A, B]))
    if trouble == "lost":
        at = min(at, len(report.events) - 1)
    else:
        match trouble:
            case "sheet":
                report.sheets(key, draw(st.integers(1, 2)))
            case "foreign":
                report.mark("1" * 34)
            case "unread":
                report.unread()
            case _:
                report.result(key, trouble)
        report.events.insert(at, report.events.pop())
    report.post(draw(st.integers(0, 2)))
    return report.events, at


@given(troubled(), st.booleans())
def test_one_row_that_cannot_be_read_mails_nothing_that_else_were_not(
    told: tuple[list[Event], int], certain: bool
) -> None:
    pieces, (events, at) = expected(A, B), told
    broken = [*events[:at], unreadable(events[at], certain=certain), *events[at + 1 :]]
    event(f"mailed {len(mailed(pieces, events))}")
    assert mailed(pieces, broken) <= mailed(pieces, events)


@given(released(), reports(), st.data())
def test_whatever_rows_of_a_report_cannot_be_read_nothing_is_mailed_that_else_were_not(
    pieces: dict[Key, Expected], events: list[Event], data: st.DataObject
) -> None:
    broken = list(events)
    for at in data.draw(st.lists(st.integers(0, max(len(events) - 1, 0)), min_size=1, max_size=4)):
        if at < len(events):
            broken[at] = unreadable(events[at], certain=data.draw(st.booleans()))
    assert mailed(pieces, broken) <= mailed(pieces, events)


@pytest.mark.parametrize("what", KNOWN)
def test_a_posting_waits_after_a_row_that_could_not_be_read(what: str) -> None:
    result = settle(expected(A), bad(Report().good(A), what, (1, 0)).post(1))
    assert codes(result)[-1] == "post_after_bad_row"
    assert result.statuses == {A: INSERTED}
    assert result.posted == []


@pytest.mark.parametrize("what", ["piece", "post"])
def test_a_bad_row_that_is_certainly_of_another_batch_holds_only_that_back(what: str) -> None:
    assert settle(expected(A), bad(Report().good(A), what, (2, 1)).post(1)).statuses == {A: MAILED}


@pytest.mark.parametrize("what", ["", "sheet"])
@pytest.mark.parametrize("at", range(4))
def test_an_envelope_where_the_bad_row_may_have_been_a_sheet_is_made_again(what: str, at: int) -> None:
    """Before its first sheet, between its sheets, and after them until its result is told."""
    report = Report().good(A)
    bad(report, what)
    report.events.insert(at, report.events.pop())
    result = settle(expected(A, B), report.good(B))
    hit, safe = (A, B) if at < 3 else (B, A)
    assert result.statuses[hit] == SPOILED
    assert codes(result)[0] == "bad_row"
    if at in (1, 3):
        assert result.statuses[safe] == INSERTED


def test_a_bad_result_is_made_good_by_a_report_that_tells_it_again() -> None:
    first = settle(expected(A), bad(Report().sheets(A, 1, 2), "piece", A))
    assert first.statuses == {}
    again = {A: Expected(2, 1, PieceStatus.RELEASED, (1, 2))}
    assert settle(again, Report().result(A).post(1)).statuses == {A: MAILED}
