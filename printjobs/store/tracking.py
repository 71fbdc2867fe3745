"""Vendor reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from printjobs.core.model import PieceStatus
from printjobs.core.reconcile import Finding as FindingValue
from printjobs.core.reconcile import Sighting

from .bulk import insert_rows
from .dealings import BadRow
from .models import Batch, Finding, Piece, Scan, ScanLog, columns
from .runs import FETCHED, Record

_B, _F, _L, _P, _R, _S = (columns(m) for m in (Batch, Finding, ScanLog, Piece, BadRow, Scan))


def find_scan_log(connection: Connection, run_id: str, sha256: str) -> Record | None:
    where = (_L.run_id == run_id, _L.sha256 == sha256)
    return connection.execute(select(_L.id, _L.lines).where(*where)).one_or_none()


def add_scan_log(connection: Connection, run_id: str, sha256: str, layout: str, at: datetime) -> int:
    """Begin to take a report in; how many lines it has is told by :func:`end_scan_log`."""
    values = {"run_id": run_id, "sha256": sha256, "layout": layout, "at": at, "lines": 0}
    return int(connection.execute(insert(ScanLog).values(**values).returning(_L.id)).scalar_one())


def end_scan_log(connection: Connection, log_id: int, lines: int, bad: int) -> None:
    connection.execute(update(ScanLog).where(_L.id == log_id).values(lines=lines, bad=bad))


def scan_logs(connection: Connection, run_id: str) -> Sequence[Record]:
    """The reports of a run in the order they came, each with its number of ``findings``."""
    found = select(func.count()).where(_F.log_id == _L.id).scalar_subquery()
    return connection.execute(select(*_L, found.label("findings")).where(_L.run_id == run_id).order_by(_L.id)).all()


def find_report(connection: Connection, run_id: str, log_id: int) -> Record | None:
    """A report of a run by the number it was given here."""
    return connection.execute(select(*_L).where(_L.run_id == run_id, _L.id == log_id)).one_or_none()


def add_bad_rows(connection: Connection, log_id: int, rows: Iterable[tuple[int, str, str]]) -> None:
    """Keep rows that could not be read: line, reason, text."""
    insert_rows(connection, BadRow, ("log_id", "line", "reason", "text"), ((log_id, *r) for r in rows))


def bad_rows(connection: Connection, log_id: int) -> Sequence[Record]:
    return connection.execute(select(*_R).where(_R.log_id == log_id).order_by(_R.line)).all()


def findings_of(connection: Connection, log_id: int) -> Sequence[Record]:
    return connection.execute(select(*_F).where(_F.log_id == log_id).order_by(_F.line, _F.id)).all()


def add_sightings(connection: Connection, log_id: int, sightings: Iterable[Sighting]) -> None:
    insert_rows(connection, Scan, ("log_id", *Sighting._fields), ((log_id, *s) for s in sightings))


def add_findings(connection: Connection, log_id: int, findings: Iterable[FindingValue]) -> None:
    insert_rows(connection, Finding, ("log_id", *FindingValue._fields), ((log_id, *f) for f in findings))


def seen_sheets(connection: Connection, run_id: str) -> Iterator[Record]:
    """Sheets that earlier reports showed of pieces still without a result, in that order: batch, piece, sheet."""
    yield from connection.execute(
        select(_S.batch, _S.piece, _S.sheet)
        .join(ScanLog, _S.log_id == _L.id)
        .join(Batch, (_B.run_id == _L.run_id) & (_B.number == _S.batch))
        .join(Piece, (_P.batch_id == _B.id) & (_P.number == _S.piece))
        .where(_L.run_id == run_id, _P.status == PieceStatus.RELEASED, _S.sheet > 0)
        .order_by(_L.id, _S.line)
        .execution_options(yield_per=FETCHED)
    )


def findings(connection: Connection, run_id: str) -> Sequence[Record]:
    return connection.execute(
        select(*_F).join(ScanLog, _F.log_id == _L.id).where(_L.run_id == run_id).order_by(_F.log_id, _F.line, _F.id)
    ).all()
