"""What the SFTP gateway tells of reports that were put there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from .dealings import SentReport
from .models import columns
from .runs import Record

_R = columns(SentReport)


def tell(connection: Connection, run_id: str, name: str, at: datetime, told: str) -> None:
    """Keep what is told of a report in place of what was told before. Whoever calls holds the run's row."""
    where = (_R.run_id == run_id, _R.name == name)
    if not connection.execute(update(SentReport).where(*where).values(at=at, told=told)).rowcount:
        connection.execute(insert(SentReport).values(run_id=run_id, name=name, at=at, told=told))


def results(connection: Connection, run_id: str, limit: int) -> Sequence[str]:
    """The names of a run's reports, the newest first."""
    return connection.execute(
        select(_R.name).where(_R.run_id == run_id).order_by(_R.at.desc(), _R.name).limit(limit)
    ).scalars().all()  # fmt: skip


def result(connection: Connection, run_id: str, name: str) -> Record | None:
    return connection.execute(select(*_R).where(_R.run_id == run_id, _R.name == name)).one_or_none()
