"""Jobs: a ``run go`` that was started from a page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from .dealings import Job
from .models import columns
from .runs import Record

_J = columns(Job)


def start(connection: Connection, run_id: str, at: datetime) -> int:
    statement = insert(Job).values(run_id=run_id, started_at=at, failed="").returning(_J.id)
    return int(connection.execute(statement).scalar_one())


def working(connection: Connection, run_id: str) -> bool:
    where = (_J.run_id == run_id, _J.ended_at.is_(None))
    return connection.execute(select(_J.id).where(*where)).first() is not None


def end(connection: Connection, job_id: int, at: datetime, failed: str) -> None:
    connection.execute(update(Job).where(_J.id == job_id, _J.ended_at.is_(None)).values(ended_at=at, failed=failed))


def end_all(connection: Connection, at: datetime, failed: str) -> None:
    """What was at work when the service was last ended."""
    connection.execute(update(Job).where(_J.ended_at.is_(None)).values(ended_at=at, failed=failed))


def last(connection: Connection, run_id: str) -> Record | None:
    return connection.execute(select(*_J).where(_J.run_id == run_id).order_by(_J.id.desc()).limit(1)).one_or_none()
