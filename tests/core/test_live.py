"""What a machine on line is told: a sheet goes in as the next one of its envelope or the first of a new one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.live import SENTENCES, Last, Standing, judge
from printjobs.core.marks.sheet import SEPARATOR, SheetMark
from printjobs.core.model import PieceStatus

BATCH = "property_tax-2026-B001"


def mark(piece: int, sheet: int, of: int = 2, generation: int = 1, flags: int = 0) -> SheetMark:
    return SheetMark("000000", 1, piece, sheet, of, generation, flags, 0)


def standing(status: PieceStatus = PieceStatus.RELEASED, *, shown: bool = False, sheets: int = 2) -> Standing:
    return Standing(BATCH, sheets, 1, status, shown)


HALF, WHOLE = Last(BATCH, 1, 1, 2), Last(BATCH, 1, 2, 2)


@pytest.mark.parametrize(
    ("piece", "sheet", "last", "answer"),
    [
        (1, 1, None, "ok"),
        (1, 2, None, "out_of_order"),
        (1, 2, HALF, "ok"),
        (1, 1, HALF, "out_of_order"),
        (2, 1, HALF, "out_of_order"),
        (2, 2, HALF, "out_of_order"),
        (2, 1, WHOLE, "ok"),
        (2, 2, WHOLE, "out_of_order"),
    ],
)
def test_the_next_sheet_of_the_envelope_or_the_first_of_a_new_one(
    piece: int, sheet: int, last: Last | None, answer: str
) -> None:
    assert judge(mark(piece, sheet), standing(), last) == answer


def test_the_same_number_in_another_batch_is_another_envelope() -> None:
    assert judge(mark(1, 2), standing(), HALF._replace(batch_id="property_tax-2026-B002")) == "out_of_order"


def test_a_separator_passes_between_envelopes_and_not_within_one() -> None:
    separator = mark(2, 0, of=0, flags=SEPARATOR)
    assert judge(separator, standing(), WHOLE) == judge(separator, standing(), None) == "ok"
    assert judge(separator, standing(), HALF) == "out_of_order"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (PieceStatus.PLANNED, "foreign"),
        (PieceStatus.RELEASED, "ok"),
        (PieceStatus.INSERTED, "duplicate"),
        (PieceStatus.MAILED, "duplicate"),
        (PieceStatus.PULLED, "pulled"),
        (PieceStatus.SPOILED, "superseded"),
        (PieceStatus.SUPERSEDED, "superseded"),
    ],
)
def test_the_status_of_the_envelope_decides_first(status: PieceStatus, answer: str) -> None:
    assert judge(mark(1, 1), standing(status), None) == answer
    assert answer in SENTENCES


@pytest.mark.parametrize("wrong", [mark(1, 1, of=3), mark(1, 1, generation=2)])
def test_a_sheet_that_the_plan_does_not_know_is_foreign(wrong: SheetMark) -> None:
    assert judge(wrong, standing(), None) == "foreign"
    assert judge(mark(9, 1), None, None) == "foreign"


def test_a_sheet_that_was_shown_is_a_duplicate_wherever_it_comes() -> None:
    assert {judge(mark(1, 1), standing(shown=True), last) for last in (None, HALF, WHOLE)} == {"duplicate"}


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=30))
def test_whatever_is_shown_each_envelope_gets_its_sheets_once_in_order_and_nothing_between(
    shown: list[tuple[int, int]],
) -> None:
    last: Last | None = None
    taken: list[tuple[int, int]] = []
    for piece, sheet in shown:
        answer = judge(mark(piece, sheet, of=3), standing(shown=(piece, sheet) in taken, sheets=3), last)
        if answer == "ok":
            taken.append((piece, sheet))
            last = Last(BATCH, piece, sheet, 3)
        else:
            last = None
    assert len(set(taken)) == len(taken)
    for before, after in pairwise(taken):
        assert after in ((before[0], before[1] + 1), (after[0], 1))
