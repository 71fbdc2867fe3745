"""The audit of a city (監査): the count equation with all that lies behind it, each side from its own stage.

What the notices' own rows say is held against what the stages counted (``pipeline/status.py``). Where the two
differ, or a notice stands where none may, that is a difference with its notice numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from heapq import merge
from itertools import chain, islice
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.audit import Difference, Fault, Figures, Side
from printjobs.core.model import PieceStatus
from printjobs.core.proof_of_mailing import REJECTED
from printjobs.reference import returns
from printjobs.store import audit, ledger, production
from printjobs.store.audit import Known
from printjobs.store.runs import Record

from .context import Context
from .status import counted

NUMBERS = 20  # of each difference told with the figures; all of them are behind it
WAITING = "received"  # the status of an accepted notice that is in no envelope yet
_ROWS = 500  # of an export at a time
_WITHOUT_LIST = (Fault.CHARGED_DIFFERS, Fault.COUNT_DIFFERS)


class Line(NamedTuple):
    """A notice behind a figure. ``batch`` is empty and ``piece`` 0 outside of any envelope.

    ``status`` is its envelope's, ``rejected`` or ``received``; ``pulled`` and ``returned`` are codes of reasons, and
    ``problem`` says why it was rejected.
    """

    number: str
    batch: str
    piece: int
    generation: int
    status: str
    pulled: str = ""
    returned: str = ""
    problem: str = ""


def stamp(context: Context, run_id: str) -> int:
    """Grows whenever a figure of the run may have changed. Quick: it may be asked at any time."""
    with context.engine.connect() as connection:
        return audit.stamp(connection, run_id)


def figures(context: Context, run_id: str, city: str) -> Figures:
    """What became of all notices of a city, and what differs."""
    run = context.run(run_id)
    code = reference.city(city).code
    with context.engine.connect() as connection:
        known_by = audit.stamp(connection, run_id)  # first: what happens meanwhile is then seen as newer
        equation = counted(connection, run_id)[code].figures
        known = _known(connection, run_id, code)
        found = audit.counts(connection, run_id, code, known)
        found[Fault.TWICE] = audit.count_twice(connection, run_id, code)
        told = {
            Side.RECEIVED: equation.received - equation.rejected,
            Side.PULLED: equation.pulled,
            Side.MAILED: equation.mailed,
            Side.OUTSTANDING: equation.outstanding,
        }
        found[Fault.COUNT_DIFFERS] = max(abs(found[side] - count) for side, count in told.items())
        found[Fault.CHARGED_DIFFERS] = abs((equation.charged or 0) - equation.mailed) if known.charged else 0
        differences = tuple(
            Difference(fault, found[fault], _numbers(connection, run_id, code, fault, known))
            for fault in Fault
            if found[fault]
        )
    return Figures(
        run=run_id,
        city=code,
        run_status=run.status,
        equation=equation,
        printed=found[Side.PRINTED],
        inserted=found[Side.INSERTED],
        returned=found[Side.RETURNED],
        differences=differences,
        stamp=known_by,
    )


def _known(connection: Connection, run_id: str, city: str) -> Known:
    planned = bool(production.batches(connection, run_id))
    charged = city in ledger.charged(connection, run_id)
    return Known(planned, charged, audit.printed_batches(connection, run_id))


def _numbers(connection: Connection, run_id: str, city: str, fault: Fault, known: Known) -> tuple[str, ...]:
    if fault in _WITHOUT_LIST:
        return ()
    return tuple(row.number for row in audit.behind(connection, run_id, city, fault, known, "", NUMBERS))


def notices(
    context: Context, run_id: str, city: str, which: Side | Fault, after: str = "", limit: int = 100
) -> tuple[Line, ...]:
    """A page of the notices behind a figure or a difference, by number.

    ``after`` is the last number of the page before. Behind a difference that is known by count alone there are none.
    """
    context.run(run_id)
    code = reference.city(city).code
    if which in _WITHOUT_LIST:
        return ()
    with context.engine.connect() as connection:
        aside = (
            audit.rejected(connection, run_id, code, after, limit) if which in (Side.RECEIVED, Side.REJECTED) else ()
        )
        if which is Side.REJECTED:
            return tuple(map(_rejected, aside))
        known = _known(connection, run_id, code)
        rows = audit.behind(connection, run_id, code, which, known, after, limit)
    both = merge(map(line, rows), map(_rejected, aside), key=attrgetter("number"))
    return tuple(islice(both, limit))


def every(connection: Connection, run_id: str, city: str) -> Iterator[Line]:
    """What became of each notice of a city, those that were rejected included, by number; never held all."""
    aside = map(_rejected, audit.rejected(connection, run_id, city))
    yield from merge(map(line, audit.fates(connection, run_id, city)), aside, key=attrgetter("number"))


def line(row: Record) -> Line:
    """A row of the store as it is shown. A notice with an order is pulled unless it is in the post all the same."""
    status = row.status or WAITING
    if row.pulled and status != PieceStatus.MAILED:
        status = str(PieceStatus.PULLED)
    place = (row.batch_id or "", row.piece or 0, row.generation or 0)
    return Line(row.number, *place, status, row.pulled or "", row.returned or "")


def _rejected(row: Record) -> Line:
    return Line(row.number, "", 0, 0, REJECTED, problem=f"{row.file} {row.row}行 {row.column}: {row.message}")


_COLUMNS = ("通知書番号", "状態", "バッチ", "封筒番号", "世代", "引抜きの理由", "返戻の理由", "はじいた理由")


def export(context: Context, run_id: str, city: str) -> Iterator[bytes]:
    """Every notice of a city with what became of it, as parts of a CSV file (UTF-8 with a byte order mark, CR LF).

    Nothing personal beside the notice number. The parts are made as they are taken.
    """
    context.run(run_id)
    code = reference.city(city).code
    return _export(context, run_id, code)


def _export(context: Context, run_id: str, city: str) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    with context.engine.connect() as connection:
        cells = (_cells(one) for one in every(connection, run_id, city))
        rows = chain([_COLUMNS], cells)
        while part := list(islice(rows, _ROWS)):
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\r\n").writerows(part)
            yield text.getvalue().encode()


STATUS_NAMES = {
    REJECTED: "はじき（データの問題）",
    WAITING: "受領（封筒の計画前）",
    PieceStatus.PLANNED: "作成中",
    PieceStatus.RELEASED: "受託者に引渡し",
    PieceStatus.INSERTED: "封入",
    PieceStatus.MAILED: "差出し",
    PieceStatus.PULLED: "引抜き",
    PieceStatus.SPOILED: "事故品（作り直し待ち）",
    PieceStatus.SUPERSEDED: "作り直し済みの古い封筒",
}


def _cells(one: Line) -> tuple[str | int, ...]:
    returned = returns.reasons().get(one.returned, "")
    where = (one.batch, one.piece or "", one.generation or "")
    pulled = reference.pull_reasons().get(one.pulled, one.pulled)
    return (one.number, STATUS_NAMES[one.status], *where, pulled, returned, one.problem)
