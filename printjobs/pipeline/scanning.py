"""The answer to a machine on line, sheet by sheet (``core/live.py`` has the rule)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs.core import live as rule
from printjobs.core.marks import sheet
from printjobs.core.marks.sheet import SEPARATOR, SheetMark
from printjobs.core.model import UsageError
from printjobs.store import live, runs, writing
from printjobs.store.live import Look

from .context import Context

_MACHINE = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Answer(NamedTuple):
    """What to do with a sheet: ``ok`` or why not, which sheet it is (0 where unknown), a sentence for the screen."""

    answer: str
    batch: int
    piece: int
    sheet: int
    of: int
    message: str


class Refusal(NamedTuple):
    """A sheet that was not "ok". ``detail``: the answer, piece, sheet, machine. ``batch_id`` is empty if unknown."""

    at: datetime
    batch_id: str
    detail: str


def judge(context: Context, mark_text: str, machine: str, vendor: str) -> Answer:
    """Whether the sheet before a machine's camera may go into its envelope. ``mark_text`` is empty if unread.

    A run of another vendor is foreign. What is not "ok" is kept as an event of the run. The same sheet shown again is
    a duplicate, also after an answer that got lost: the machine stops, and a person looks.
    """
    if not _MACHINE.fullmatch(machine):
        raise UsageError("machine は半角の英数字・ハイフン・下線で32字までにしてください。")
    claimed = sheet.claimed(mark_text)
    with writing(context.engine) as connection:
        found = live.look(connection, claimed, machine) if claimed else None
        if claimed is None or found is None or not _is_genuine(context, mark_text, found, vendor):
            answer = rule.FOREIGN if mark_text else rule.UNREAD
            for known in live.working_on(connection, machine, vendor):
                _stop(context, connection, known, machine, "", answer)
            return Answer(answer, 0, 0, 0, 0, rule.SENTENCES[answer])
        answer = _place(context, connection, found, claimed, machine)
    return Answer(answer, claimed.batch, claimed.piece, claimed.sheet, claimed.of, rule.SENTENCES[answer])


def _is_genuine(context: Context, text: str, found: Look, vendor: str) -> bool:
    """Whether the mark has the check code of its run, and the run is this vendor's."""
    return found.vendor == vendor and sheet.decode(text, context.mark_key(found.run_id)) is not None


def _place(context: Context, connection: Connection, found: Look, mark: SheetMark, machine: str) -> str:
    """Judge a genuine mark and note where the machine stands by it."""
    run_id, piece = found.run_id, found.piece
    answer = rule.judge(mark, piece, found.last)
    if answer == rule.OK and piece and not mark.flags & SEPARATOR:
        if live.show(connection, piece.batch_id, mark.piece, mark.sheet, machine, context.now()):
            live.set_last(connection, run_id, machine, piece.batch_id, mark.piece, mark.sheet)
        else:
            answer = rule.DUPLICATE
    if answer != rule.OK:
        batch_id = piece.batch_id if piece else ""
        _stop(context, connection, run_id, machine, batch_id, f"{answer} piece {mark.piece} sheet {mark.sheet}")
    return answer


def _stop(context: Context, connection: Connection, run_id: str, machine: str, batch_id: str, what: str) -> None:
    """Keep what was not "ok"; the machine goes on with a new piece."""
    live.set_last(connection, run_id, machine, "", 0, 0)
    runs.add_event(connection, run_id, context.now(), live.EVENT, batch_id, f"{what} machine {machine}")


def refusals(context: Context, run_id: str) -> list[Refusal]:
    """The sheets of a run that machines on line were not told "ok" of, in order."""
    context.run(run_id)
    with context.engine.connect() as connection:
        return [Refusal(*row) for row in live.refusals(connection, run_id)]
