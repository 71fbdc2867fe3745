"""Machines on line (機上の照合): what they showed, where each stands. A few indexed statements a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from printjobs.core.live import Last, Standing
from printjobs.core.marks.sheet import SheetMark
from printjobs.core.model import PieceStatus, RunStatus

from .dealings import LiveMachine, LiveScan
from .models import Batch, Event, Piece, Run, columns
from .runs import Record

_B, _E, _M, _P, _R, _S = (columns(m) for m in (Batch, Event, LiveMachine, Piece, Run, LiveScan))
_LAST = Piece.__table__.alias("last_piece")  # type: ignore[attr-defined]
_Q = _LAST.c
EVENT = "live"


class Look(NamedTuple):
    """What a mark claims to be of: the run and its vendor, the piece if it is in the plan; the machine's last sheet."""

    run_id: str
    vendor: str
    piece: Standing | None
    last: Last | None


def _insert(connection: Connection, model: Any) -> Any:
    """The database's own INSERT, which can say what to do with a row that is there; both say it alike."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(model)


def look(connection: Connection, mark: SheetMark, machine: str) -> Look | None:
    """The run that a mark claims, how its piece stands, and where the machine stands in that run: one statement."""
    shown = exists().where(_S.batch_id == _P.batch_id, _S.piece == _P.number, _S.sheet == mark.sheet)
    row = connection.execute(
        select(_R.id, _R.vendor, _P.batch_id, _P.sheets, _P.generation, _P.status, shown.label("shown"),
               _M.batch_id.label("last_batch"), _M.piece, _M.sheet, _Q.sheets.label("last_sheets"))
        .select_from(Run)
        .outerjoin(Batch, (_B.run_id == _R.id) & (_B.number == mark.batch))
        .outerjoin(Piece, (_P.batch_id == _B.id) & (_P.number == mark.piece))
        .outerjoin(LiveMachine, (_M.run_id == _R.id) & (_M.machine == machine))
        .outerjoin(_LAST, (_Q.batch_id == _M.batch_id) & (_Q.number == _M.piece))
        .where(_R.code == mark.run)
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    piece = row.batch_id and Standing(
        row.batch_id, row.sheets, row.generation, PieceStatus(row.status), shown=bool(row.shown)
    )
    last = row.last_sheets and Last(row.last_batch, row.piece, row.sheet, row.last_sheets)
    return Look(row.id, row.vendor, piece or None, last or None)


def show(connection: Connection, batch_id: str, piece: int, sheet: int, machine: str, at: datetime) -> bool:
    """Note that a sheet was shown; False when it was before, be it by another machine at this very moment."""
    row = {"batch_id": batch_id, "piece": piece, "sheet": sheet, "machine": machine, "at": at}
    statement = _insert(connection, LiveScan).values(**row).on_conflict_do_nothing().returning(_S.sheet)
    return connection.execute(statement).first() is not None  # an INSERT's row count is not told by every driver


def set_last(connection: Connection, run_id: str, machine: str, batch_id: str, piece: int, sheet: int) -> None:
    """Note where a machine stands; no batch: it begins with a new piece."""
    where = {"batch_id": batch_id, "piece": piece, "sheet": sheet}
    row = _insert(connection, LiveMachine).values(run_id=run_id, machine=machine, **where)
    connection.execute(row.on_conflict_do_update(index_elements=["run_id", "machine"], set_=where))


def working_on(connection: Connection, machine: str, vendor: str) -> Sequence[str]:
    """The released runs that a machine showed sheets of; when it is new, the vendor's newest; may be none."""
    mine = (_R.vendor == vendor, _R.status == RunStatus.RELEASED)
    shown = select(_R.id).join(LiveMachine, _M.run_id == _R.id).where(*mine, _M.machine == machine).order_by(_R.id)
    newest = select(_R.id).where(*mine).order_by(_R.opened_at.desc(), _R.id).limit(1)
    return connection.execute(shown).scalars().all() or connection.execute(newest).scalars().all()


def refusals(connection: Connection, run_id: str) -> Sequence[Record]:
    """What machines on line were told but "ok", in order: at, subject (batch id, may be empty), detail."""
    where = (_E.run_id == run_id, _E.what == EVENT)
    return connection.execute(select(_E.at, _E.subject, _E.detail).where(*where).order_by(_E.id)).all()
