"""What a machine on line is told of the sheet before its camera. It only answers: what settles is the report.

Order: the sheets of a piece one after the other, and a new piece only when the last one is complete. After any answer
but "ok" the machine begins with a new piece, for what lies half in an envelope then is to be taken out.
"""

from __future__ import annotations

from typing import NamedTuple

from .marks.sheet import SEPARATOR, SheetMark
from .model import PieceStatus

OK, FOREIGN, SUPERSEDED, DUPLICATE = "ok", "foreign", "superseded", "duplicate"
OUT_OF_ORDER, PULLED, UNREAD = "out_of_order", "pulled", "unread"
SENTENCES = {
    OK: "進めてください。",
    FOREIGN: "この回の紙ではありません。機械を止めて抜いてください。",
    SUPERSEDED: "作り直し済みの古い紙です。封入せずに抜いてください。",
    DUPLICATE: "すでに通った紙です。2通できていないかを確かめてください。",
    OUT_OF_ORDER: "順番が違います。途中の封筒とこの紙を抜き、次の封筒の1枚目から始めてください。",
    PULLED: "引抜きの封筒です。封入せずに抜いてください。",
    UNREAD: "読めません。途中の封筒を抜き、次の封筒の1枚目から始めてください。",
}


class Standing(NamedTuple):
    """The piece that a mark names, as it stands; ``shown``: a machine showed this very sheet before."""

    batch_id: str
    sheets: int
    generation: int
    status: PieceStatus
    shown: bool


class Last(NamedTuple):
    """The last sheet in order that this machine showed, and of how many."""

    batch_id: str
    piece: int
    sheet: int
    sheets: int


_BY_STATUS = {
    PieceStatus.PLANNED: FOREIGN,
    PieceStatus.PULLED: PULLED,
    PieceStatus.SUPERSEDED: SUPERSEDED,
    PieceStatus.SPOILED: SUPERSEDED,
    PieceStatus.INSERTED: DUPLICATE,
    PieceStatus.MAILED: DUPLICATE,
}


def judge(mark: SheetMark, piece: Standing | None, last: Last | None) -> str:
    """The answer to a sheet with a genuine mark of the run."""
    separator = bool(mark.flags & SEPARATOR)
    if piece is None or mark.generation != piece.generation or (mark.of != piece.sheets and not separator):
        return FOREIGN
    half_open = last is not None and last.sheet < last.sheets
    if separator:
        return OUT_OF_ORDER if half_open else OK
    if piece.status in _BY_STATUS:
        return _BY_STATUS[piece.status]
    if piece.shown:
        return DUPLICATE
    next_one = (*last[:2], last.sheet + 1) if last and half_open else (piece.batch_id, mark.piece, 1)
    return OK if (piece.batch_id, mark.piece, mark.sheet) == next_one else OUT_OF_ORDER
