"""Cut-offs of the cities, and requests to release that a second person confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from printjobs.core.model import SubmissionStatus

from .dealings import Cutoff, ReleaseRequest
from .models import Event, Submission, columns
from .runs import Record

_C, _E, _Q, _S = columns(Cutoff), columns(Event), columns(ReleaseRequest), columns(Submission)


def set_cutoff(connection: Connection, run_id: str, city: str, date: str, late: str) -> None:
    """Agree on a city's day and what its being late does, whatever was agreed before. The run is locked."""
    drop_cutoff(connection, run_id, city)
    connection.execute(insert(Cutoff).values(run_id=run_id, city=city, date=date, late=late))


def drop_cutoff(connection: Connection, run_id: str, city: str) -> bool:
    where = (_C.run_id == run_id, _C.city == city)
    return connection.execute(delete(Cutoff).where(*where)).rowcount > 0


def cutoffs(connection: Connection, run_id: str) -> Sequence[Record]:
    return connection.execute(select(*_C).where(_C.run_id == run_id).order_by(_C.city)).all()


def waited_for(connection: Connection, run_id: str) -> Sequence[Record]:
    """Cut-offs of the cities that have no accepted hand-in."""
    accepted = select(_S.city).where(_S.run_id == run_id, _S.status == SubmissionStatus.ACCEPTED)
    where = (_C.run_id == run_id, _C.city.not_in(accepted))
    return connection.execute(select(*_C).where(*where).order_by(_C.city)).all()


def handed_in(connection: Connection, run_id: str) -> dict[str, datetime]:
    """When each city first handed in what could be taken."""
    where = (_E.run_id == run_id, _E.what == "accept")
    rows = connection.execute(select(_E.subject, func.min(_E.at).label("at")).where(*where).group_by(_E.subject))
    return {row.subject: row.at for row in rows}


def add_request(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(ReleaseRequest).values(**values))


def open_request(connection: Connection, run_id: str) -> Record | None:
    """The request of a run that is neither released nor withdrawn; the newest, were there ever two."""
    query = select(*_Q).where(_Q.run_id == run_id, _Q.ended_at.is_(None)).order_by(_Q.id.desc()).limit(1)
    return connection.execute(query).one_or_none()


def end_request(connection: Connection, request_id: int, at: datetime, confirmed_by: int | None) -> None:
    """It was released, by whom it was confirmed; or withdrawn, by nobody."""
    where = (_Q.id == request_id, _Q.ended_at.is_(None))
    connection.execute(update(ReleaseRequest).where(*where).values(ended_at=at, confirmed_by=confirmed_by))
