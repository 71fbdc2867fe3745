"""How far a run is: counts over few rows only, so that whoever watches may ask every second."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from printjobs.core.model import PieceStatus, SubmissionStatus

from .dealings import LiveScan, Receipt, Stage
from .models import Approval, Batch, Event, Piece, PrintFile, ScanLog, Submission, columns
from .runs import Record

_A, _B, _E, _F, _G, _P = (columns(m) for m in (Approval, Batch, Event, PrintFile, ScanLog, Piece))
_R, _S, _T, _V = (columns(m) for m in (Receipt, Submission, Stage, LiveScan))


def submission_counts(connection: Connection, run_id: str) -> dict[str, int]:
    """Hand-ins of a run by status."""
    rows = connection.execute(select(_S.status, func.count()).where(_S.run_id == run_id).group_by(_S.status))
    return {status: int(count) for status, count in rows}


def signed(connection: Connection, run_id: str) -> int:
    """How many accepted hand-ins of a run have an approval, be it of an earlier drawing of the proof."""
    query = (
        select(func.count(func.distinct(_A.submission_id)))
        .join(Submission, _A.submission_id == _S.id)
        .where(_A.run_id == run_id, _S.status == SubmissionStatus.ACCEPTED)
    )
    return int(connection.execute(query).scalar_one())


def batch_counts(connection: Connection, run_id: str) -> dict[str, int]:
    """Batches of a run by status."""
    rows = connection.execute(select(_B.status, func.count()).where(_B.run_id == run_id).group_by(_B.status))
    return {status: int(count) for status, count in rows}


def file_counts(connection: Connection, run_id: str) -> Sequence[Record]:
    """Print files of a run by the status of their batch and their own: how many, and their sheets."""
    by = (_B.status.label("batch"), _F.status)
    return connection.execute(
        select(*by, func.count().label("files"), func.sum(_F.sheets).label("sheets"))
        .join(Batch, _F.batch_id == _B.id)
        .where(_B.run_id == run_id)
        .group_by(*by)
        .order_by(*by)
    ).all()


def stages(connection: Connection, run_id: str) -> Sequence[Record]:
    """What the vendor said of a run's batches: batch id, stage, count."""
    said = select(_T.batch_id, _T.stage, _T.count).join(Batch, _T.batch_id == _B.id).where(_B.run_id == run_id)
    return connection.execute(said.order_by(_T.id)).all()


def received(connection: Connection, run_id: str) -> set[str]:
    """The batches of a run that the vendor has given its receipt for."""
    query = select(_R.batch_id).join(Batch, _R.batch_id == _B.id).where(_B.run_id == run_id)
    return set(connection.execute(query).scalars())


def released(connection: Connection, run_id: str) -> dict[str, datetime]:
    """When each batch of a run was released."""
    where = (_E.run_id == run_id, _E.what == "release")
    rows = connection.execute(select(_E.subject, func.max(_E.at).label("at")).where(*where).group_by(_E.subject))
    return {row.subject: row.at for row in rows}


def heard(connection: Connection, run_id: str) -> datetime | None:
    """When the vendor last said anything of a run: a receipt, a stage, a report, a sheet shown by a machine on line."""
    reports = select(func.max(_G.at)).where(_G.run_id == run_id)
    said = [
        select(func.max(at)).join(Batch, batch == _B.id).where(_B.run_id == run_id)
        for at, batch in ((_R.at, _R.batch_id), (_T.at, _T.batch_id), (_V.at, _V.batch_id))
    ]
    moments = [connection.execute(query).scalar_one() for query in (reports, *said)]
    return max((at for at in moments if at), default=None)


def settled_pieces(connection: Connection, run_id: str) -> dict[str, int]:
    """Pieces of each batch that reports have told something of: all but those only planned or released."""
    waiting = (PieceStatus.PLANNED, PieceStatus.RELEASED)
    rows = connection.execute(
        select(_P.batch_id, func.count())
        .join(Batch, _P.batch_id == _B.id)
        .where(_B.run_id == run_id, _P.status.not_in(waiting))
        .group_by(_P.batch_id)
    )
    return {batch: int(count) for batch, count in rows}
