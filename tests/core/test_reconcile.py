"""Law 4: what the machines report settles every piece, and nothing is mailed that was not seen whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from printjobs.core.marks import sheet as marks
from printjobs.core.marks.sheet import END_OF_PIECE, SEPARATOR, SheetMark
from printjobs.core.model import PieceStatus, advance
from printjobs.core.pieces import Expected as Planned
from printjobs.core.pieces import Key, Pieces
from printjobs.core.reconcile import DISPOSITIONS, Event, Finding, Reconciler, Result, Sighting

RUN = marks.run_code("property_tax-2026")
KEY = marks.run_key(b"the secret of these tests, 32 chars", "property_tax-2026")
RELEASED, INSERTED, MAILED = PieceStatus.RELEASED, PieceStatus.INSERTED, PieceStatus.MAILED
PULLED, SPOILED, SUPERSEDED = PieceStatus.PULLED, PieceStatus.SPOILED, PieceStatus.SUPERSEDED
DONE = ("inserted", "hand_mailed")
A, B, C = (1, 1), (1, 2), (1, 3)  # three pieces of one batch


def read(text: str) -> SheetMark | None:
    return marks.decode(text, KEY)


class Expected(NamedTuple):
    """A released piece, which of its sheets earlier reports showed, and if it is on the pull list and diverted."""

    sheets: int
    generation: int
    status: PieceStatus
    seen: tuple[int, ...] = ()
    diverted: bool | None = None


class Settled(NamedTuple):
    """All that a report settles, the statuses of the pieces that moved included."""

    statuses: dict[Key, PieceStatus]
    posted: list[int]
    pulls: dict[Key, bool]
    sightings: list[Sighting]
    findings: list[Finding]


def known(expected: dict[Key, Expected]) -> Pieces:
    """The pieces as settling.py tells them: each as it stands, then what was seen of them before."""
    pieces = Pieces((key, Planned(one.sheets, one.generation, one.status)) for key, one in expected.items())
    for key, one in expected.items():
        for sheet in one.seen:
            pieces.remember(key, sheet)
        if one.diverted is not None:
            pieces.pull(key, diverted=one.diverted)
    return pieces


def settled(pieces: Pieces, result: Result) -> Settled:
    moved = {key: new for old, new in pieces.moves() for key in pieces.moved(old, new)}
    return Settled(moved, list(result.posted), dict(result.pulls), list(result.sightings), list(result.findings))


def reconcile(expected: dict[Key, Expected], events: Iterable[Event]) -> Settled:
    """All of a report at once."""
    pieces = known(expected)
    return settled(pieces, Reconciler(pieces, read, RUN).feed(events))


def written(key: Key, sheet: int, of: int, generation: int = 1, flags: int = 0, run: str = RUN) -> str:
    end = END_OF_PIECE if sheet == of else 0
    return marks.encode(SheetMark(run, *key, sheet, of, generation, flags | end, 0), KEY)


class Report:
    """A vendor's report as it is written, line by line."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def _add(self, what: str, key: Key, mark: str = "", status: str = "", count: int = 0) -> Report:
        self.events.append(Event(len(self.events) + 2, what, *key, mark, status, count))
        return self

    def sheets(self, key: Key, *seen: int, of: int = 2, generation: int = 1) -> Report:
        for sheet in seen:
            self._add("sheet", key, written(key, sheet, of, generation))
        return self

    def mark(self, text: str, key: Key = (0, 0)) -> Report:
        return self._add("sheet", key, text)

    def unread(self, key: Key = (0, 0)) -> Report:
        return self._add("sheet", key)

    def separator(self, key: Key) -> Report:
        return self._add("sheet", key, written(key, 0, 0, flags=SEPARATOR))

    def result(self, key: Key, status: str = "inserted") -> Report:
        return self._add("piece", key, status=status)

    def good(self, key: Key, of: int = 2) -> Report:
        return self.sheets(key, *range(1, of + 1), of=of).result(key)

    def post(self, count: int, batch: int = 1) -> Report:
        return self._add("post", (batch, 0), count=count)


def expected(
    *keys: Key, sheets: int = 2, status: PieceStatus = RELEASED, seen: tuple[int, ...] = ()
) -> dict[Key, Expected]:
    return {key: Expected(sheets, 1, status, seen) for key in keys}


def settle(pieces: dict[Key, Expected], report: Report) -> Settled:
    return reconcile(pieces, report.events)


def codes(result: Settled) -> list[str]:
    return [finding.code for finding in result.findings]


def seen_codes(result: Settled) -> list[str]:
    return [sighting.code for sighting in result.sightings if sighting.code]


# --- all good -------------------------------------------------------------------------------------------------


def test_pieces_seen_whole_and_reported_inserted_are_inserted_until_they_are_posted() -> None:
    result = settle(expected(A, B), Report().separator(A).good(A).good(B))
    assert result.statuses == {A: INSERTED, B: INSERTED}
    assert not result.findings
    assert not result.posted


def test_pieces_are_mailed_once_the_posting_counts_exactly_those_that_were_inserted() -> None:
    result = settle(expected(A, B), Report().good(A).good(B).post(2))
    assert result.statuses == {A: MAILED, B: MAILED}
    assert result.posted == [1]
    assert not result.findings


def test_every_sheet_is_kept_with_its_line_and_place() -> None:
    result = settle(expected(A), Report().separator(A).good(A))
    assert [tuple(s) for s in result.sightings] == [(2, 1, 1, 0, ""), (3, 1, 1, 1, ""), (4, 1, 1, 2, "")]


def test_a_piece_made_up_by_hand_counts_like_one_of_the_machine() -> None:
    result = settle(expected(A), Report().sheets(A, 1, 2).result(A, "hand_mailed").post(1))
    assert result.statuses == {A: MAILED}


def test_a_posting_settles_its_own_batch_and_no_other() -> None:
    other = (2, 1)
    result = settle(expected(A, other), Report().good(A).good(other).post(1, batch=2))
    assert result.statuses == {A: INSERTED, other: MAILED}
    assert result.posted == [2]


def test_pieces_inserted_in_an_earlier_report_are_mailed_by_a_later_posting() -> None:
    result = settle(expected(A, B, status=INSERTED), Report().post(2))
    assert result.statuses == {A: MAILED, B: MAILED}


def test_a_piece_in_process_has_no_result_yet() -> None:
    result = settle(expected(A), Report().sheets(A, 1).result(A, "in_process"))
    assert not result.statuses
    assert not result.findings


# --- what goes wrong with one piece -------------------------------------------------------------------------------


@pytest.mark.parametrize("disposition", ["spoiled", "unread"])
def test_a_piece_that_the_machine_threw_out_is_made_again(disposition: str) -> None:
    result = settle(expected(A, B), Report().sheets(A, 1, 2).result(A, disposition).good(B).post(1))
    assert result.statuses == {A: SPOILED, B: MAILED}
    assert not result.findings


def test_a_piece_diverted_without_an_order_is_made_again_and_somebody_is_told() -> None:
    result = settle(expected(A), Report().sheets(A, 1, 2).result(A, "diverted"))
    assert result.statuses == {A: SPOILED}
    assert codes(result) == ["diverted_without_order"]


def test_a_piece_with_an_unread_sheet_is_not_inserted_whatever_the_machine_says() -> None:
    result = settle(expected(A), Report().sheets(A, 1).unread(A).result(A))
    assert result.statuses == {A: SPOILED}
    assert result.findings


def test_a_piece_with_a_doubled_sheet_is_not_inserted() -> None:
    result = settle(expected(A), Report().sheets(A, 1, 1, 2).result(A))
    assert result.statuses == {A: SPOILED}
    assert seen_codes(result)[0] == "duplicate_sheet"


def test_a_piece_with_its_last_sheet_doubled_is_not_inserted() -> None:
    assert settle(expected(A), Report().sheets(A, 1, 2, 2).result(A)).statuses == {A: SPOILED}


@pytest.mark.parametrize("seen", [(1,), (2,), ()])
def test_a_piece_with_a_missing_sheet_is_not_inserted(seen: tuple[int, ...]) -> None:
    result = settle(expected(A), Report().sheets(A, *seen).result(A))
    assert result.statuses == {A: SPOILED}
    assert codes(result) == ["sheets_differ"]


@pytest.mark.parametrize("seen", [(2, 1, 3), (1, 3, 2), (3, 2, 1)])
def test_a_piece_with_its_sheets_out_of_order_is_not_inserted(seen: tuple[int, ...]) -> None:
    result = settle(expected(A, sheets=3), Report().sheets(A, *seen, of=3).result(A))
    assert result.statuses == {A: SPOILED}
    assert "out_of_order" in seen_codes(result)


def test_a_piece_thrown_out_half_way_does_not_spoil_the_next() -> None:
    result = settle(expected(A, B), Report().sheets(A, 1).result(A, "spoiled").good(B).post(1))
    assert result.statuses == {A: SPOILED, B: MAILED}
    assert not result.findings


def test_a_result_before_its_sheets_is_not_believed() -> None:
    assert settle(expected(A), Report().result(A).sheets(A, 1, 2)).statuses == {A: SPOILED}


# --- what goes wrong between pieces ---------------------------------------------------------------------------


def test_sheets_of_two_pieces_that_mix_spoil_both() -> None:
    result = settle(expected(A, B), Report().sheets(A, 1).sheets(B, 1).sheets(A, 2).result(A).sheets(B, 2).result(B))
    assert result.statuses == {A: SPOILED, B: SPOILED}
    assert "mixed" in codes(result)


def test_a_sheet_of_another_piece_within_a_piece_spoils_both() -> None:
    result = settle(expected(A, B), Report().sheets(A, 1).sheets(B, 1).sheets(A, 2).result(A).good(B))
    assert result.statuses == {A: SPOILED, B: SPOILED}
    assert "mixed" in codes(result)


def test_a_sheet_of_a_piece_that_is_closed_spoils_the_piece_it_ran_into() -> None:
    result = settle(expected(A, B), Report().good(A).sheets(B, 1).sheets(A, 2).sheets(B, 2).result(B))
    assert result.statuses == {A: INSERTED, B: SPOILED}


@pytest.mark.parametrize("extra", ["unread", "foreign", "superseded", "separator", "unknown piece"])
def test_a_piece_with_an_extra_sheet_between_its_own_is_not_inserted(extra: str) -> None:
    pieces = expected(A, B) | {C: Expected(2, 1, SUPERSEDED)}
    report = Report().sheets(A, 1)
    {
        "unread": lambda: report.unread(A),
        "foreign": lambda: report.mark("WHAT SOMEBODY ELSE PRINTED", A),
        "superseded": lambda: report.sheets(C, 1),
        "separator": lambda: report.separator(B),
        "unknown piece": lambda: report.sheets((1, 99), 1),
    }[extra]()
    assert settle(pieces, report.sheets(A, 2).result(A)).statuses == {A: SPOILED}


def test_an_unread_sheet_after_the_last_one_of_its_piece_spoils_that_piece() -> None:
    assert settle(expected(A), Report().sheets(A, 1, 2).unread(A).result(A)).statuses == {A: SPOILED}


def test_an_unread_sheet_that_belongs_to_no_piece_is_somebodys_to_look_at() -> None:
    assert codes(settle(expected(A, B), Report().good(A).unread().good(B))) == ["unread"]


@pytest.mark.parametrize("text", ["", "SOMETHING ELSE", "1" + "0" * 33])
def test_a_foreign_sheet_is_found_and_settles_nothing(text: str) -> None:
    result = settle(expected(A), Report().mark(text or "0", A))
    assert codes(result) == ["foreign"]
    assert not result.statuses


def test_a_forged_check_code_is_foreign() -> None:
    genuine = written(A, 1, 2)
    forged = genuine[:-1] + ("0" if genuine[-1] != "0" else "1")
    result = settle(expected(A), Report().mark(forged, A).sheets(A, 2).result(A))
    assert codes(result)[0] == "foreign"
    assert result.statuses == {A: SPOILED}


def test_a_sheet_of_another_run_is_foreign_even_under_the_same_key() -> None:
    other = marks.run_code("property_tax-2027")
    assert codes(settle(expected(A), Report().mark(written(A, 1, 2, run=other)))) == ["foreign"]


@pytest.mark.parametrize("status", [SUPERSEDED, SPOILED])
def test_a_sheet_of_a_piece_that_is_made_again_is_found_and_never_counts(status: PieceStatus) -> None:
    result = settle(expected(A, status=status), Report().good(A).post(0))
    assert codes(result)[:2] == ["superseded", "superseded"]
    assert "contradiction" in codes(result)
    assert not result.statuses


def test_a_sheet_of_another_generation_is_not_of_the_plan() -> None:
    result = settle(expected(A), Report().sheets(A, 1, 2, generation=2).result(A))
    assert codes(result) == ["unknown_piece", "unknown_piece", "sheets_differ"]
    assert result.statuses == {A: SPOILED}


def test_a_sheet_of_a_piece_of_another_size_is_not_of_the_plan() -> None:
    result = settle(expected(A), Report().sheets(A, 1, 2, of=3).result(A))
    assert codes(result)[:2] == ["unknown_piece", "unknown_piece"]
    assert result.statuses == {A: SPOILED}


def test_sheets_and_results_of_an_unknown_piece_are_found_and_settle_nothing() -> None:
    nobody = (1, 99)
    result = settle(expected(A), Report().good(nobody))
    assert codes(result) == ["unknown_piece"] * 3
    assert not result.statuses


def test_results_and_postings_of_an_unknown_batch_are_found_and_settle_nothing() -> None:
    result = settle(expected(A), Report().result((9, 1)).post(1, batch=9))
    assert codes(result) == ["unknown_batch", "unknown_batch"]
    assert not result.statuses
    assert not result.posted


# --- orders, contradictions, posting ---------------------------------------------------------------------------


@pytest.mark.parametrize("disposition", DONE)
def test_a_pulled_piece_that_was_inserted_all_the_same_is_held_back(disposition: str) -> None:
    result = settle(expected(A, status=PULLED), Report().sheets(A, 1, 2).result(A, disposition).post(0))
    assert codes(result) == ["pulled_inserted", "pull_not_diverted"]
    assert not result.statuses
    assert not result.posted


def test_a_pulled_piece_that_was_diverted_is_as_ordered() -> None:
    result = settle(expected(A, status=PULLED), Report().sheets(A, 1, 2).result(A, "diverted").post(0))
    assert not result.findings
    assert not result.statuses


def on_the_pull_list(status: PieceStatus = PULLED, *, diverted: bool = False) -> dict[Key, Expected]:
    """A is to be taken out, B is another piece of its batch."""
    return {A: Expected(2, 1, status, diverted=diverted), B: Expected(2, 1, RELEASED)}


@pytest.mark.parametrize("status", [PULLED, SPOILED, SUPERSEDED])
def test_an_envelope_on_the_pull_list_that_was_diverted_is_as_ordered_whatever_became_of_its_piece(
    status: PieceStatus,
) -> None:
    result = settle(on_the_pull_list(status), Report().sheets(A, 1, 2).result(A, "diverted").good(B).post(1))
    assert not result.findings
    assert (result.statuses, result.pulls, result.posted) == ({B: MAILED}, {A: True}, [1])


@pytest.mark.parametrize("status", [PULLED, SPOILED, SUPERSEDED])
@pytest.mark.parametrize("disposition", ["spoiled", "unread", "in_process", ""])
def test_a_batch_is_not_posted_before_its_envelopes_on_the_pull_list_are_diverted(
    status: PieceStatus, disposition: str
) -> None:
    report = Report().good(B)
    if disposition:
        report.sheets(A, 1, 2).result(A, disposition)
    result = settle(on_the_pull_list(status), report.post(1))
    assert codes(result) == ["pull_not_diverted"]
    assert (result.statuses, result.pulls, result.posted) == ({B: INSERTED}, {}, [])
    assert (result.findings[0].batch, result.findings[0].piece) == A


@pytest.mark.parametrize("status", [PULLED, SPOILED, SUPERSEDED])
@pytest.mark.parametrize("disposition", DONE)
def test_an_envelope_on_the_pull_list_that_is_inserted_has_to_be_diverted_again(
    status: PieceStatus, disposition: str
) -> None:
    result = settle(on_the_pull_list(status, diverted=True), Report().good(B).result(A, disposition).post(1))
    assert codes(result) == ["pulled_inserted", "pull_not_diverted"]
    assert (result.statuses, result.pulls, result.posted) == ({B: INSERTED}, {A: False}, [])


def test_a_posting_with_two_faults_tells_both() -> None:
    assert codes(settle(on_the_pull_list(), Report().good(B).post(2))) == ["pull_not_diverted", "post_count_differs"]


def test_an_envelope_on_the_pull_list_of_another_batch_holds_no_posting_back() -> None:
    pieces = on_the_pull_list() | expected((2, 1))
    assert settle(pieces, Report().good((2, 1)).post(1, batch=2)).posted == [2]


@pytest.mark.parametrize("disposition", ["spoiled", "unread", "diverted"])
def test_a_mailed_piece_stays_mailed_and_the_contradiction_is_raised(disposition: str) -> None:
    result = settle(expected(A, status=MAILED), Report().result(A, disposition))
    assert codes(result) == ["contradiction"]
    assert not result.statuses


def test_a_mailed_piece_reported_inserted_again_is_nothing_new() -> None:
    result = settle(expected(A, status=MAILED), Report().result(A))
    assert not result.findings
    assert not result.statuses


def test_an_inserted_piece_reported_spoiled_later_is_made_again_and_raised() -> None:
    result = settle(expected(A, status=INSERTED), Report().result(A, "spoiled"))
    assert result.statuses == {A: SPOILED}
    assert codes(result) == ["contradiction"]


def test_a_spoiled_piece_reported_inserted_later_is_not_taken_back() -> None:
    result = settle(expected(A), Report().sheets(A, 1, 2).result(A, "spoiled").result(A).post(0))
    assert result.statuses == {A: SPOILED}
    assert codes(result) == ["contradiction"]


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_nothing_is_mailed_when_the_posting_counts_another_number(count: int) -> None:
    result = settle(expected(A, B, C), Report().good(A).good(B).post(count))
    assert result.statuses == {A: INSERTED, B: INSERTED}
    assert codes(result) == ["post_count_differs"]
    assert not result.posted


def test_a_corrected_posting_mails_what_the_wrong_one_did_not() -> None:
    result = settle(expected(A, B), Report().good(A).good(B).post(3).post(2))
    assert result.statuses == {A: MAILED, B: MAILED}
    assert codes(result) == ["post_count_differs"]


def test_a_piece_without_a_result_is_missing_once_its_batch_is_posted() -> None:
    result = settle(expected(A, B), Report().good(A).sheets(B, 1, 2).post(1))
    assert result.statuses == {A: MAILED, B: SPOILED}
    assert codes(result) == ["missing"]
    assert (result.findings[0].batch, result.findings[0].piece) == B


def test_a_batch_that_nobody_reported_is_not_posted_by_a_slip() -> None:
    result = settle(expected(A, B), Report().post(0))
    assert result.statuses == {}
    assert codes(result) == ["post_without_results"]
    assert not result.posted


def test_a_posting_of_a_part_makes_nothing_of_the_rest_missing() -> None:
    pieces = {(1, number): Expected(2, 1, RELEASED) for number in range(1, 6)}
    result = settle(pieces, Report().good((1, 1)).good((1, 2)).post(2))
    assert set(result.statuses.values()) == {INSERTED}
    assert codes(result) == ["post_without_results"]


def test_a_piece_still_in_process_when_its_batch_is_posted_is_missing() -> None:
    result = settle(expected(A, B), Report().good(A).sheets(B, 1, 2).result(B, "in_process").post(1))
    assert result.statuses == {A: MAILED, B: SPOILED}


def test_a_second_posting_of_a_batch_mails_nothing_twice() -> None:
    result = settle(expected(A, B), Report().good(A).good(B).post(2).post(2))
    assert result.statuses == {A: MAILED, B: MAILED}
    assert codes(result) == ["post_count_differs"]


# --- over several reports ------------------------------------------------------------------------------------------


def test_the_sheets_of_a_piece_may_come_in_two_reports() -> None:
    pieces = expected(A, sheets=3, seen=(1, 2))
    assert settle(pieces, Report().sheets(A, 3, of=3).result(A)).statuses == {A: INSERTED}


def test_a_sheet_seen_again_in_a_later_report_is_a_double() -> None:
    assert settle(expected(A, seen=(1,)), Report().sheets(A, 1, 2).result(A)).statuses == {A: SPOILED}


@pytest.mark.parametrize("before", [(2,), (1, 1), (2, 1)])
def test_what_an_earlier_report_saw_out_of_order_is_not_forgotten(before: tuple[int, ...]) -> None:
    rest = [sheet for sheet in (1, 2, 3) if sheet not in before]
    pieces = expected(A, sheets=3, seen=before)
    assert settle(pieces, Report().sheets(A, *rest, of=3).result(A)).statuses == {A: SPOILED}


def test_the_result_of_a_piece_may_come_in_a_report_after_all_its_sheets() -> None:
    assert settle(expected(A, seen=(1, 2)), Report().result(A)).statuses == {A: INSERTED}


def test_a_piece_reported_inserted_a_second_time_in_a_later_report_stays_inserted() -> None:
    result = settle(expected(A, status=INSERTED), Report().result(A))
    assert result.statuses.get(A, INSERTED) == INSERTED
    assert not result.findings


@pytest.mark.parametrize("status", [INSERTED, MAILED])
def test_a_second_copy_of_a_piece_that_is_inserted_or_mailed_already_is_found(status: PieceStatus) -> None:
    result = settle(expected(A, status=status), Report().good(A))
    assert result.findings
    assert result.statuses.get(A, status) != INSERTED


def over_two_reports(sheets: int, first: Report, second: Report) -> Settled:
    """Two reports as settling.py takes them: between them only sheets of pieces without a result are kept."""
    pieces = expected(A, B, sheets=sheets)
    before = settle(pieces, first)
    seen: dict[Key, tuple[int, ...]] = {}
    for sighting in before.sightings:
        if sighting.sheet > 0:
            key = (sighting.batch, sighting.piece)
            seen[key] = (*seen.get(key, ()), sighting.sheet)
    after = {}
    for key, piece in pieces.items():
        status = before.statuses.get(key, piece.status)
        after[key] = Expected(piece.sheets, 1, status, seen.get(key, ()) if status == RELEASED else ())
    return settle(after, second)


def test_two_pieces_that_were_mixed_in_one_report_are_not_inserted_by_the_next() -> None:
    first = Report().sheets(A, 1).sheets(B, 1)
    second = Report().sheets(A, 2).result(A).sheets(B, 2).result(B)
    assert INSERTED not in over_two_reports(2, first, second).statuses.values()


# --- the law ------------------------------------------------------------------------------------------------------

SIZES = {(1, 1): 1, (1, 2): 2, (1, 3): 3, (2, 1): 2}
STARTS = {
    (1, 1): [RELEASED, RELEASED, INSERTED, MAILED, PULLED],
    (1, 2): [RELEASED, RELEASED, SPOILED, SUPERSEDED],
    (1, 3): [RELEASED],
    (2, 1): [RELEASED, RELEASED, PULLED],
}


@st.composite
def released(draw: st.DrawFn) -> dict[Key, Expected]:
    pieces = {}
    for key, sheets in SIZES.items():
        status = draw(st.sampled_from(STARTS[key]))
        seen = draw(st.just([]) | st.lists(st.integers(1, sheets), max_size=2)) if status == RELEASED else []
        diverted = draw(st.sampled_from([None, False, True])) if status in (PULLED, SPOILED, SUPERSEDED) else None
        pieces[key] = Expected(sheets, 1, status, tuple(seen), diverted)
    return pieces


keys = st.sampled_from([*SIZES, *SIZES, *SIZES, (1, 4), (3, 1)])
lines = st.one_of(
    st.builds(
        lambda key, sheet, generation: Event(
            0, "sheet", *key, written(key, min(sheet, SIZES.get(key, 2)), SIZES.get(key, 2), generation), "", 0
        ),
        keys, st.integers(1, 3), st.sampled_from([1, 1, 1, 2]),
    ),
    st.builds(lambda key: Event(0, "sheet", *key, written(key, 0, 0, flags=SEPARATOR), "", 0), keys),
    st.builds(lambda key, status: Event(0, "piece", *key, "", status, 0), keys, st.sampled_from(DISPOSITIONS)),
    st.builds(lambda batch, count: Event(0, "post", batch, 0, "", "", count), st.integers(1, 3), st.integers(0, 4)),
    st.builds(lambda key, text: Event(0, "sheet", *key, text, "", 0), keys, st.sampled_from(["", "0", "1" * 34])),
)  # fmt: skip


@st.composite
def reports(draw: st.DrawFn) -> list[Event]:
    """A report on which all went well, then a few lines lost, doubled, moved or strange; or only strange ones."""
    report = Report()
    for batch in draw(st.sampled_from([(1, 2), (2, 1), ()])):
        mine = [key for key in SIZES if key[0] == batch]
        for key in mine:
            report.good(key, of=SIZES[key])
        report.post(draw(st.just(len(mine)) | st.integers(0, len(mine))), batch)
    events = report.events
    for _ in range(draw(st.integers(0, 4) if events else st.integers(5, 20))):
        place = draw(st.integers(0, len(events)))
        match draw(st.sampled_from(["strange", "lost", "doubled", "moved"])):
            case "lost":
                del events[place : place + draw(st.integers(1, 3))]
            case "doubled":
                events[place:place] = events[place : place + 2]
            case "moved":
                moved = events[place : place + 1]
                del events[place : place + 1]
                there = draw(st.integers(0, len(events)))
                events[there:there] = moved
            case _:
                events.insert(place, draw(lines))
    return [msgspec.structs.replace(one, line=number) for number, one in enumerate(events, start=2)]


def genuine_sheets(pieces: dict[Key, Expected], events: Iterable[Event], key: Key) -> set[int]:
    """The sheets of a piece that any camera saw so far, found without the reconciler."""
    found = set(pieces[key].seen)
    for line in events:
        mark = read(line.mark) if line.what == "sheet" else None
        if mark and (mark.run, mark.batch, mark.piece, mark.generation) == (RUN, *key, pieces[key].generation):
            found.add(mark.sheet)
    return found - {0}


def steps_between(old: PieceStatus, new: PieceStatus) -> list[tuple[PieceStatus, PieceStatus]]:
    """The step or steps by which pipeline/settling.py writes a change: nothing is mailed that was not inserted."""
    if (old, new) == (RELEASED, MAILED):
        return [(RELEASED, INSERTED), (INSERTED, MAILED)]
    return [] if old == new else [(old, new)]


@settings(max_examples=250)
@given(released(), reports())
def test_whatever_is_reported_no_piece_is_inserted_or_mailed_that_lacks_a_sheet(
    pieces: dict[Key, Expected], events: list[Event]
) -> None:
    statuses = reconcile(pieces, events).statuses
    for key, status in statuses.items():
        if status in (INSERTED, MAILED) and pieces[key].status == RELEASED:
            event(f"a piece became {status}")
            assert genuine_sheets(pieces, events, key) == set(range(1, pieces[key].sheets + 1))


@settings(max_examples=250)
@given(released(), reports())
def test_whatever_is_reported_every_piece_has_one_status_and_the_sum_is_what_was_released(
    pieces: dict[Key, Expected], events: list[Event]
) -> None:
    statuses = reconcile(pieces, events).statuses
    assert set(statuses) <= set(pieces)
    final = Counter(statuses.get(key, piece.status) for key, piece in pieces.items())
    others = sum(n for status, n in final.items() if status not in (MAILED, PULLED))
    assert final[MAILED] + final[PULLED] + others == len(pieces)
    assert final[PULLED] == sum(piece.status == PULLED for piece in pieces.values())
    assert final[MAILED] >= sum(piece.status == MAILED for piece in pieces.values())


@settings(max_examples=250)
@given(released(), reports())
def test_whatever_is_reported_statuses_move_only_along_legal_steps(
    pieces: dict[Key, Expected], events: list[Event]
) -> None:
    for key, new in reconcile(pieces, events).statuses.items():
        for old, following in steps_between(pieces[key].status, new):
            advance(old, following)


@settings(max_examples=250)
@given(released(), reports())
def test_whatever_is_reported_each_line_alone_moves_a_piece_along_a_legal_step(
    pieces: dict[Key, Expected], events: list[Event]
) -> None:
    states = known(pieces)
    reconciler = Reconciler(states, read, RUN)
    now = {key: piece.status for key, piece in pieces.items()}
    for line in events:
        reconciler.feed([line])
        for key, old in now.items():
            now[key] = states.now(key)
            if now[key] != old:
                advance(old, now[key])


@settings(max_examples=250)
@given(released(), reports())
def test_whatever_is_reported_only_a_posting_that_agrees_mails_a_piece(
    pieces: dict[Key, Expected], events: list[Event]
) -> None:
    states = known(pieces)
    reconciler = Reconciler(states, read, RUN)
    now = {key: piece.status for key, piece in pieces.items()}
    for line in events:
        ready = sum(now[key] == INSERTED for key in now if key[0] == line.batch)
        reconciler.feed([line])
        after = {key: states.now(key) for key in pieces}
        mailed = [key for key in now if now[key] != MAILED and after[key] == MAILED]
        if mailed:
            assert (line.what, line.count, {key[0] for key in mailed}) == ("post", ready, {line.batch})
            assert len(mailed) == ready
        now = after


@settings(max_examples=250)
@given(released(), reports())
def test_whatever_is_reported_no_batch_is_posted_while_an_envelope_of_its_pull_list_is_not_diverted(
    pieces: dict[Key, Expected], events: list[Event]
) -> None:
    pulled = {key for key, one in pieces.items() if one.status == PULLED or one.diverted is not None}
    waiting = {key for key, one in pieces.items() if one.diverted is False}
    reconciler = Reconciler(known(pieces), read, RUN)
    for line in events:
        key, before = (line.batch, line.piece), len(reconciler.result.posted)
        if line.what == "piece" and key in pulled and line.status in DONE:
            waiting.add(key)
        elif line.what == "piece" and line.status == "diverted":
            waiting.discard(key)
        if len(reconciler.feed([line]).posted) > before:
            event("a batch was posted")
            assert not any(key[0] == line.batch for key in waiting)


@given(released(), reports())
def test_whatever_is_reported_every_sheet_line_is_kept_once(pieces: dict[Key, Expected], events: list[Event]) -> None:
    kept = [sighting.line for sighting in reconcile(pieces, events).sightings]
    assert kept == [line.line for line in events if line.what == "sheet"]


@given(released(), reports())
def test_what_is_reported_line_by_line_settles_the_same_as_at_once(
    pieces: dict[Key, Expected], events: list[Event]
) -> None:
    states = known(pieces)
    reconciler = Reconciler(states, read, RUN)
    for line in events:
        reconciler.feed([line])
    assert settled(states, reconciler.result) == reconcile(pieces, events)
