"""Statuses move only as the trade knows, and a fault tells the command line how to end."""

from __future__ import annotations

from enum import StrEnum
from itertools import product

import pytest

from printjobs.core.model import (
    BadInput,
    BatchStatus,
    CityFigures,
    FileStatus,
    IllegalTransition,
    PieceStatus,
    PrintjobsError,
    Refused,
    RunStatus,
    SubmissionStatus,
    UsageError,
    advance,
)

STATUS_TYPES: tuple[type[StrEnum], ...] = (RunStatus, SubmissionStatus, BatchStatus, FileStatus, PieceStatus)

# Written out a second time, from the trade and not from the code: a step that is added there must be added here.
LEGAL: dict[type[StrEnum], set[str]] = {
    RunStatus: {"open planned", "planned packaged", "packaged released", "released closed"},
    SubmissionStatus: {"received accepted", "received refused", "accepted replaced", "replaced received"},
    BatchStatus: {
        "planned packaged", "packaged released", "released posted",
        "planned withdrawn", "packaged withdrawn",
    },
    FileStatus: {"planned rendered", "rendered checked", "rendered planned"},
    PieceStatus: {
        "planned released", "planned superseded",
        "released inserted", "released spoiled", "released pulled",
        "inserted mailed", "inserted spoiled", "inserted pulled",
        "spoiled superseded", "spoiled pulled",
    },
}  # fmt: skip


def is_legal(old: StrEnum, new: StrEnum) -> bool:
    try:
        return advance(old, new) is new
    except IllegalTransition:
        return False


@pytest.mark.parametrize("of", STATUS_TYPES, ids=lambda t: t.__name__)
def test_exactly_the_steps_of_the_trade_are_legal(of: type[StrEnum]) -> None:
    assert {f"{old} {new}" for old, new in product(of, of) if is_legal(old, new)} == LEGAL[of]


@pytest.mark.parametrize("of", STATUS_TYPES, ids=lambda t: t.__name__)
def test_no_status_may_be_set_twice(of: type[StrEnum]) -> None:
    assert not any(is_legal(status, status) for status in of)


def test_an_illegal_step_says_which_kind_of_thing_and_which_step() -> None:
    with pytest.raises(IllegalTransition, match=r"^PieceStatus: mailed -> spoiled$"):
        advance(PieceStatus.MAILED, PieceStatus.SPOILED)


def test_nothing_that_was_released_can_be_withdrawn() -> None:
    assert [old for old in BatchStatus if is_legal(old, BatchStatus.WITHDRAWN)] == [
        BatchStatus.PLANNED, BatchStatus.PACKAGED,
    ]  # fmt: skip


@pytest.mark.parametrize("final", [PieceStatus.MAILED, PieceStatus.PULLED, PieceStatus.SUPERSEDED])
def test_a_piece_that_is_mailed_pulled_or_superseded_stays_so(final: PieceStatus) -> None:
    assert not any(is_legal(final, status) for status in PieceStatus)


def test_only_an_inserted_piece_can_be_mailed() -> None:
    assert [old for old in PieceStatus if is_legal(old, PieceStatus.MAILED)] == [PieceStatus.INSERTED]


@pytest.mark.parametrize("of", STATUS_TYPES, ids=lambda t: t.__name__)
def test_every_status_can_be_reached_from_the_first(of: type[StrEnum]) -> None:
    reached = {next(iter(of))}
    while more := {new for old in reached for new in of if is_legal(old, new)} - reached:
        reached |= more
    assert reached == set(of)


def test_a_status_of_one_thing_never_leads_to_a_status_of_another() -> None:
    confused = [
        f"{old!r} -> {new!r}"
        for one, other in product(STATUS_TYPES, STATUS_TYPES)
        if one is not other
        for old, new in product(one, other)
        if is_legal(old, new)
    ]
    assert not confused


@pytest.mark.parametrize(
    ("error", "code"), [(PrintjobsError, 1), (UsageError, 2), (Refused, 3), (BadInput, 4)], ids=str
)
def test_an_error_knows_its_exit_code(error: type[PrintjobsError], code: int) -> None:
    assert error("一文").exit_code == code


def test_a_fault_of_ours_is_no_error_of_the_operator() -> None:
    assert not issubclass(IllegalTransition, PrintjobsError)


def test_the_count_equation_holds_to_the_notice() -> None:
    figures = CityFigures(received=100, rejected=3, pulled=2, mailed=90, outstanding=5, charged=None)
    assert figures.balanced
    for side in ("received", "rejected", "pulled", "mailed", "outstanding"):
        assert not figures._replace(**{side: getattr(figures, side) + 1}).balanced


def sides(notices: dict[PieceStatus, int], ordered: dict[PieceStatus, int], pulled: int) -> CityFigures:
    return CityFigures.of(notices, ordered, received=10, rejected=1, pulled=pulled, unplanned=0, charged=None)


def test_an_ordered_notice_is_outstanding_no_more_wherever_its_envelope_has_got_to() -> None:
    waiting = {PieceStatus.RELEASED: 6, PieceStatus.SPOILED: 3}
    assert sides(waiting, {}, 0) == (10, 1, 0, 0, 9, None)
    assert sides(waiting, {PieceStatus.SPOILED: 1}, 1) == (10, 1, 1, 0, 8, None)
    assert sides({PieceStatus.RELEASED: 6, PieceStatus.PULLED: 3}, {PieceStatus.PULLED: 3}, 3) == (10, 1, 3, 0, 6, None)
    assert sides({PieceStatus.RELEASED: 8}, {}, 1) == (10, 1, 1, 0, 8, None)  # left out of the plan


def test_a_piece_pulled_without_an_order_and_a_pulled_notice_that_is_mailed_are_seen_in_the_sum() -> None:
    assert not sides({PieceStatus.MAILED: 8, PieceStatus.PULLED: 1}, {}, 0).balanced
    assert not sides({PieceStatus.MAILED: 9}, {PieceStatus.MAILED: 1}, 1).balanced
    assert sides({PieceStatus.MAILED: 8, PieceStatus.PULLED: 1}, {PieceStatus.PULLED: 1}, 1).balanced


def test_once_settled_what_is_charged_must_be_what_was_mailed() -> None:
    figures = CityFigures(received=95, rejected=3, pulled=2, mailed=90, outstanding=0, charged=90)
    assert figures.balanced
    assert not figures._replace(charged=89).balanced
    assert not figures._replace(charged=0).balanced
