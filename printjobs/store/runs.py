"""Runs, submissions, problems and events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from printjobs.core.model import Problem as ProblemValue
from printjobs.core.model import RunStatus, SubmissionStatus, advance

from .bulk import insert_rows
from .models import Event, Notice, Problem, Run, Submission, columns

Record: TypeAlias = Row[*tuple[Any, ...]]
FETCHED = 1_000  # rows of a long answer at a time
_R, _S, _P = columns(Run), columns(Submission), columns(Problem)


def change_status(connection: Connection, model: Any, key: Any, value: Any, old: StrEnum, new: StrEnum) -> bool:
    """Compare and set: True for the one caller that made the step, False when it was made already."""
    advance(old, new)
    done = connection.execute(update(model).where(key == value, model.status == old).values(status=new))
    return done.rowcount > 0


def add_event(connection: Connection, run_id: str, at: datetime, what: str, subject: str, detail: str = "") -> None:
    connection.execute(insert(Event).values(run_id=run_id, at=at, what=what, subject=subject, detail=detail))


def add_run(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Record a run; False when its id is taken, be it by somebody at this very moment."""
    try:
        with connection.begin_nested():
            connection.execute(insert(Run).values(**values))
    except IntegrityError:
        return False
    return True


def find_run(connection: Connection, run_id: str) -> Record | None:
    return connection.execute(select(*_R).where(_R.id == run_id)).one_or_none()


def all_runs(connection: Connection) -> Sequence[Record]:
    """Every run, the newest first."""
    return connection.execute(select(*_R).order_by(_R.opened_at.desc(), _R.id)).all()


def frozen_layouts(connection: Connection, kind: str, version: str) -> set[str]:
    """SHA-256 of a layout version as released runs were printed with it: one at most, if nobody meddled."""
    released = (RunStatus.RELEASED, RunStatus.CLOSED)
    where = (_R.kind == kind, _R.layout_version == version, _R.status.in_(released))
    return set(connection.execute(select(_R.layout_sha256).where(*where)).scalars())


def lock_run(connection: Connection, run_id: str) -> str:
    """The run's status, held still until the transaction ends: whoever decides from it decides alone."""
    return str(connection.execute(select(_R.status).where(_R.id == run_id).with_for_update()).scalar_one())


def run_ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(_R.id).order_by(_R.id)).scalars())


def find_submission(connection: Connection, submission_id: int) -> Record:
    return connection.execute(select(*_S).where(_S.id == submission_id)).one()


def submissions(connection: Connection, run_id: str) -> Sequence[Record]:
    """All hand-ins of a run in the order they came."""
    return connection.execute(select(*_S).where(_S.run_id == run_id).order_by(_S.id)).all()


def same_submission(connection: Connection, run_id: str, city: str, sha256: str) -> Record | None:
    """The hand-in with exactly these files, if the city made it before."""
    where = (_S.run_id == run_id, _S.city == city, _S.sha256 == sha256)
    return connection.execute(select(*_S).where(*where)).one_or_none()


def add_submission(connection: Connection, values: Mapping[str, Any]) -> int:
    done = connection.execute(insert(Submission).values(**values).returning(_S.id))
    return int(done.scalar_one())


def take_back(connection: Connection, submission_id: int) -> None:
    """A hand-in that stands is to be read anew (:func:`receive_again`): its notices are no longer to be printed."""
    connection.execute(delete(Notice).where(columns(Notice).submission_id == submission_id))
    change_status(connection, Submission, _S.id, submission_id, SubmissionStatus.ACCEPTED, SubmissionStatus.REPLACED)


def receive_again(connection: Connection, submission_id: int) -> None:
    """A hand-in that was replaced is handed in once more: it is read anew and stands again."""
    connection.execute(delete(Problem).where(_P.submission_id == submission_id))
    change_status(connection, Submission, _S.id, submission_id, SubmissionStatus.REPLACED, SubmissionStatus.RECEIVED)


def replace_earlier(connection: Connection, run_id: str, city: str, submission_id: int) -> None:
    """Take back what a city handed in before this, as far as planning could see it: a better one has come."""
    earlier = (
        _S.run_id == run_id,
        _S.city == city,
        _S.status == SubmissionStatus.ACCEPTED,
        _S.id != submission_id,
    )
    old = select(_S.id).where(*earlier)
    connection.execute(delete(Notice).where(columns(Notice).submission_id.in_(old)))
    replaced = advance(SubmissionStatus.ACCEPTED, SubmissionStatus.REPLACED)
    connection.execute(update(Submission).where(*earlier).values(status=replaced))


def settle_submission(connection: Connection, submission_id: int, new: StrEnum, values: Mapping[str, Any]) -> bool:
    """Record what intake found; False when another worker was first."""
    if not change_status(connection, Submission, _S.id, submission_id, SubmissionStatus.RECEIVED, new):
        return False
    connection.execute(update(Submission).where(_S.id == submission_id).values(**values))
    return True


def add_problems(connection: Connection, submission_id: int, problems: Iterable[ProblemValue]) -> None:
    names = ("submission_id", "file", "row", "column", "code", "message", "notice_number")
    rows = ((submission_id, p.file, p.row, p.column, p.code, p.message, p.notice_number) for p in problems)
    insert_rows(connection, Problem, names, rows)


def problems(connection: Connection, run_id: str) -> Sequence[Record]:
    """Problems of hand-ins that stand (accepted, or refused and not yet bettered), by city, file and row."""
    standing = (SubmissionStatus.ACCEPTED, SubmissionStatus.REFUSED)
    newest = select(func.max(_S.id)).where(_S.run_id == run_id, _S.status.in_(standing)).group_by(_S.city)
    return connection.execute(
        select(_S.city, *_P)
        .join(Submission, _P.submission_id == _S.id)
        .where(_S.id.in_(newest))
        .order_by(_S.city, _P.file, _P.row, _P.id)
    ).all()


def city_problems(connection: Connection, run_id: str, city: str, after: int, limit: int) -> Sequence[Record]:
    """A page of the problems of a city's newest hand-in that was read, in the order they were found."""
    where = (_P.submission_id == _newest_read(run_id, city), _P.id > after)
    return connection.execute(select(*_P).where(*where).order_by(_P.id).limit(limit)).all()


def count_problems(connection: Connection, run_id: str, city: str) -> int:
    where = _P.submission_id == _newest_read(run_id, city)
    return int(connection.execute(select(func.count()).select_from(Problem).where(where)).scalar_one())


def city_problem(connection: Connection, run_id: str, city: str, problem_id: int) -> Record | None:
    """One problem of a city with the inbox of its hand-in."""
    where = (_P.id == problem_id, _S.run_id == run_id, _S.city == city)
    query = select(_S.inbox, *_P).join(Submission, _P.submission_id == _S.id)
    return connection.execute(query.where(*where)).one_or_none()


def _newest_read(run_id: str, city: str) -> Any:
    read = (SubmissionStatus.ACCEPTED, SubmissionStatus.REFUSED)
    where = (_S.run_id == run_id, _S.city == city, _S.status.in_(read))
    return select(func.max(_S.id)).where(*where).scalar_subquery()
