"""Vendor reports and the cost ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert
from sqlmodel import select

from printjobs.core.model import BatchStatus, PieceStatus
from printjobs.core.reconcile import Finding as FindingValue
from printjobs.core.reconcile import Sighting

from .models import Batch, Charge, Finding, Piece, Scan, ScanLog
from .runs import Record, insert_many

_C = Charge.__table__.c  # type: ignore[attr-defined]


def find_scan_log(connection: Connection, run_id: str, sha256: str) -> Record | None:
    where = (ScanLog.run_id == run_id, ScanLog.sha256 == sha256)
    return connection.execute(select(ScanLog.id, ScanLog.lines).where(*where)).one_or_none()


def add_scan_log(connection: Connection, run_id: str, sha256: str, lines: int) -> int:
    statement = insert(ScanLog).values(run_id=run_id, sha256=sha256, lines=lines).returning(ScanLog.__table__.c.id)  # type: ignore[attr-defined]
    return int(connection.execute(statement).scalar_one())


def add_sightings(connection: Connection, log_id: int, sightings: Iterable[Sighting]) -> None:
    insert_many(connection, Scan, ({"log_id": log_id, **s._asdict()} for s in sightings))


def add_findings(connection: Connection, log_id: int, findings: Iterable[FindingValue]) -> None:
    insert_many(connection, Finding, ({"log_id": log_id, **f._asdict()} for f in findings))


def seen_sheets(connection: Connection, run_id: str) -> dict[tuple[int, int], tuple[int, ...]]:
    """Sheets that earlier reports showed of pieces still without a result, by batch and piece number."""
    rows = connection.execute(
        select(Scan.batch, Scan.piece, Scan.sheet)
        .join(ScanLog, Scan.log_id == ScanLog.id)  # type: ignore[arg-type]
        .join(Batch, (Batch.run_id == ScanLog.run_id) & (Batch.number == Scan.batch))  # type: ignore[arg-type]
        .join(Piece, (Piece.batch_id == Batch.id) & (Piece.number == Scan.piece))  # type: ignore[arg-type]
        .where(ScanLog.run_id == run_id, Piece.status == PieceStatus.RELEASED, Scan.sheet > 0)
        .order_by(ScanLog.id, Scan.line)  # type: ignore[arg-type]
    )
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    for batch, piece, sheet in rows:
        found[batch, piece] = (*found.get((batch, piece), ()), sheet)
    return found


def findings(connection: Connection, run_id: str) -> Sequence[Record]:
    return connection.execute(
        select(*Finding.__table__.c)  # type: ignore[attr-defined]
        .join(ScanLog, Finding.log_id == ScanLog.id)  # type: ignore[arg-type]
        .where(ScanLog.run_id == run_id)
        .order_by(Finding.log_id, Finding.line, Finding.id)
    ).all()


def add_charges(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    insert_many(connection, Charge, rows)


def charges(connection: Connection, run_id: str) -> Sequence[Record]:
    return connection.execute(select(*_C).where(_C.run_id == run_id).order_by(_C.id)).all()


def charged(connection: Connection, run_id: str) -> dict[str, tuple[int, int]]:
    """Yen and notices charged so far, by city. The notices of one settlement stand on each of its lines."""
    rows = connection.execute(
        select(_C.city, func.sum(_C.yen), func.max(_C.notices)).where(_C.run_id == run_id).group_by(_C.city)
    )
    return {city: (int(yen), int(notices)) for city, yen, notices in rows}


def outstanding_batches(connection: Connection, run_id: str) -> int:
    """Batches not yet handed to the post office."""
    where = (Batch.run_id == run_id, Batch.status != BatchStatus.POSTED)
    return int(connection.execute(select(func.count()).select_from(Batch).where(*where)).scalar_one())
