"""A report is read in parts, and a year's pieces stand in a few megabytes: neither changes what is settled."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterable, Iterator

from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.model import PieceStatus
from printjobs.core.pieces import Expected, Key, Pieces
from printjobs.core.reconcile import Event, Reconciler
from tests.core import test_reconcile as vendor
from tests.core.test_reconcile import RUN, Settled, known, read, reconcile, released, reports, settled

RELEASED, INSERTED, MAILED, SPOILED = (
    PieceStatus.RELEASED, PieceStatus.INSERTED, PieceStatus.MAILED, PieceStatus.SPOILED,
)  # fmt: skip


def in_parts(pieces: Pieces, parts: Iterable[list[Event]]) -> Settled:
    """Read a report as settling.py does: what each part gave is taken away before the next."""
    reconciler = Reconciler(pieces, read, RUN)
    sightings, findings = [], []
    for part in parts:
        result = reconciler.feed(part)
        sightings += result.sightings
        findings += result.findings
        result.sightings.clear()
        result.findings.clear()
    return settled(pieces, reconciler.result)._replace(sightings=sightings, findings=findings)


@given(released(), reports(), st.lists(st.integers(1, 9)))
def test_a_report_read_in_parts_settles_the_same_as_at_once(
    expected: dict[Key, vendor.Expected], events: list[Event], sizes: list[int]
) -> None:
    def parts() -> Iterator[list[Event]]:
        left = list(events)
        for size in sizes:
            yield left[:size]
            del left[:size]
        yield left

    assert in_parts(known(expected), parts()) == reconcile(expected, events)


@given(released(), reports(), st.randoms(use_true_random=False))
def test_pieces_told_in_any_order_and_their_sheets_afterwards_settle_the_same(
    expected: dict[Key, vendor.Expected], events: list[Event], chance: random.Random
) -> None:
    shuffled = [(key, Expected(*piece[:3])) for key, piece in expected.items()]
    chance.shuffle(shuffled)
    pieces = Pieces(shuffled)
    for key, piece in expected.items():
        for sheet in piece.seen:
            pieces.remember(key, sheet)
        if piece.diverted is not None:
            pieces.pull(key, diverted=piece.diverted)
    assert in_parts(pieces, [events]) == reconcile(expected, events)


@given(released(), reports())
def test_the_moves_are_the_statuses_that_changed(expected: dict[Key, vendor.Expected], events: list[Event]) -> None:
    pieces = known(expected)
    in_parts(pieces, [events])
    moves = pieces.moves()
    changed = {key: (one.status, pieces.now(key)) for key, one in expected.items() if pieces.now(key) != one.status}
    assert {key: (old, new) for old, new in moves for key in pieces.moved(old, new)} == changed
    assert moves.total() == len(changed)


@given(st.dictionaries(st.tuples(st.integers(1, 3), st.integers(1, 40)), st.integers(1, 1023), max_size=20))
def test_only_what_was_told_is_there(sizes: dict[Key, int]) -> None:
    pieces = Pieces((key, Expected(sheets, 1, RELEASED)) for key, sheets in sizes.items())
    there = {(batch, number) for batch in range(5) for number in range(60) if (batch, number) in pieces}
    assert there == set(sizes)
    assert all(pieces.sheets(key) == sheets for key, sheets in sizes.items())
    assert not pieces.moves()


@given(st.lists(st.integers(1, 6), max_size=8), st.integers(1, 5))
def test_what_was_seen_of_a_piece_is_what_a_plain_list_of_its_sheets_says(seen: list[int], size: int) -> None:
    pieces = Pieces({vendor.A: Expected(size, 1, RELEASED)}.items())
    found = [pieces.see(vendor.A, sheet) for sheet in seen]
    wanted = [
        "duplicate_sheet" if sheet in seen[:i] else "" if sheet == i + 1 else "out_of_order"
        for i, sheet in enumerate(seen)
    ]
    assert found == wanted
    assert pieces.is_bad(vendor.A) is any(wanted)
    assert pieces.is_seen(vendor.A) is bool(seen)
    assert pieces.sheets_seen(vendor.A) == len(seen)
    assert pieces.is_complete(vendor.A) is (sorted(seen) == list(range(1, size + 1)))
    assert pieces.is_in_order(vendor.A) is (seen == list(range(1, size + 1)))


def test_one_that_was_seen_out_of_order_and_mended_stays_bad() -> None:
    pieces = known({vendor.A: vendor.Expected(3, 1, RELEASED, (1, 3))})
    report = vendor.Report().sheets(vendor.A, 2, of=3).result(vendor.A)
    assert in_parts(pieces, [report.events]).statuses == {vendor.A: SPOILED}


def test_twenty_thousand_pieces_and_their_report_take_less_than_a_megabyte() -> None:
    batches, size = 2, 10_000

    def lines(batch: int) -> Iterator[Event]:
        for number in range(1, size + 1):
            yield Event(0, "sheet", batch, number, f"{batch} {number}", "", 0)
            yield Event(0, "piece", batch, number, "", "inserted", 0)
        yield Event(0, "post", batch, 0, "", "", size)

    def mark(text: str) -> vendor.SheetMark:
        batch, number = map(int, text.split())
        return vendor.SheetMark(RUN, batch, number, 1, 1, 1, vendor.END_OF_PIECE, 0)

    tracemalloc.start()
    try:
        pieces = Pieces(((b, n), Expected(1, 1, RELEASED)) for b in range(1, batches + 1) for n in range(1, size + 1))
        reconciler = Reconciler(pieces, mark, RUN)
        for batch in range(1, batches + 1):
            for event in lines(batch):
                reconciler.feed([event]).sightings.clear()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert pieces.moves() == {(RELEASED, MAILED): batches * size}
    assert peak < 2**20  # about ten bytes a piece, and a little that does not grow
