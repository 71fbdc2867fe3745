"""Jobs: a ``run go`` that was started from a page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from .dealings import Job
from .models import columns
from .runs import Record

_J = columns(Job)


def start(connection: Connection, run_id: str, at: datetime) -> int:
    values = {"run_id": run_id, "started_at": at, "seen_at": at, "failed": ""}
    return int(connection.execute(insert(Job).values(**values).returning(_J.id)).scalar_one())


def see(connection: Connection, job_id: int, at: datetime) -> None:
    """It is at work at this moment."""
    connection.execute(update(Job).where(_J.id == job_id).values(seen_at=at))


def end(connection: Connection, job_id: int, at: datetime, failed: str) -> None:
    """Record how it ended, once."""
    connection.execute(update(Job).where(_J.id == job_id, _J.ended_at.is_(None)).values(ended_at=at, failed=failed))


def last(connection: Connection, run_id: str) -> Record | None:
    return connection.execute(select(*_J).where(_J.run_id == run_id).order_by(_J.id.desc()).limit(1)).one_or_none()
