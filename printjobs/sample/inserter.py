"""Plays the vendor's inserter: cameras, dispositions and postings as a real machine would report them.

A few pieces go wrong on purpose: spoiled, unread, a sheet doubled, a sheet missing, no result at all.
Reprints go well, so that a rehearsal ends.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import NamedTuple

Row = tuple[str, str, str, str, str, str, str]
_FAULTS = ("spoiled", "unread", "doubled", "missing_sheet", "no_result")
_RATE = 1_500  # one piece in so many for each fault; real machines spoil about one in 10,000
_SECONDS = 0.3


class ReleasedPiece(NamedTuple):
    """A piece as it lies in the feeder: what its sheets' marks say, and whether it is on the pull list."""

    number: int
    marks: list[str]
    pulled: bool


class ReleasedBatch(NamedTuple):
    number: int
    generation: int
    by_hand: bool
    pieces: Iterable[ReleasedPiece]


def play(batches: Iterable[ReleasedBatch], seed: int) -> Iterator[Row]:
    """Lines of a report: time, event, batch, piece, mark, status, count."""
    chance = random.Random(seed)
    clock = 0.0
    for batch in batches:
        inserted = 0
        for place, piece in enumerate(batch.pieces):
            fault = ""
            if batch.generation == 1 and not batch.by_hand and not piece.pulled:
                fault = _FAULTS[place] if place < len(_FAULTS) and batch.number == 1 else _fault(chance)
            clock += _SECONDS
            time = f"{8 + int(clock // 3600) % 12:02d}:{int(clock // 60) % 60:02d}:{int(clock) % 60:02d}"
            yield from _sheets(time, batch.number, piece, fault)
            if fault == "no_result":
                continue
            status = {"": "inserted", "unread": "unread"}.get(fault, "spoiled")
            if piece.pulled:
                status = "diverted"
            elif batch.by_hand and not fault:
                status = "hand_mailed"
            inserted += status in ("inserted", "hand_mailed")
            yield time, "piece", str(batch.number), str(piece.number), "", status, ""
        yield "", "post", str(batch.number), "", "", "", str(inserted)


def _fault(chance: random.Random) -> str:
    place = chance.randrange(_RATE)
    return _FAULTS[place] if place < len(_FAULTS) else ""


def _sheets(time: str, batch: int, piece: ReleasedPiece, fault: str) -> Iterator[Row]:
    marks = list(piece.marks)
    if fault == "unread":
        marks[-1] = ""
    elif fault == "doubled":
        marks.insert(1, marks[0])
    elif fault == "missing_sheet":
        marks.pop()
    for mark in marks:
        yield time, "sheet", str(batch), str(piece.number), mark, "", ""
