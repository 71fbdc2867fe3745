"""What became of each notice of a city, for its audit: counts, lists behind the counts, and one notice's life."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, case, false, func, insert, or_, select, true

from printjobs.core.audit import Fault, Side
from printjobs.core.model import BatchStatus, PieceStatus, SubmissionStatus

from .dealings import ProofRoot, PullOrder, Returned, SignOff, Stage
from .models import Batch, Event, Finding, Notice, Piece, Placement, Problem, Scan, ScanLog, Submission, columns
from .runs import FETCHED, Record

_B, _E, _F, _N, _L, _P = (columns(m) for m in (Batch, Event, Finding, Notice, Placement, Piece))
_X, _U, _G, _S, _T = (columns(m) for m in (Problem, Submission, ScanLog, Scan, Stage))
_O, _R, _M, _V = (columns(m) for m in (PullOrder, Returned, ProofRoot, SignOff))
_PRINTED = ("printed", "inserted", "posted")  # stages after which everything of a batch is on paper
_ON_MACHINE = (PieceStatus.INSERTED, PieceStatus.MAILED)
_later = Placement.__table__.alias("later")  # type: ignore[attr-defined]


class Known(NamedTuple):
    """What is asked once for all notices of a run: whether it is planned, charged, and which batches are printed."""

    planned: bool
    charged: bool
    printed: Collection[str]


def printed_batches(connection: Connection, run_id: str) -> set[str]:
    """Batches whose sheets are all on paper: the vendor said so, or they are in the post."""
    told = select(_T.batch_id).where(_T.stage.in_(_PRINTED))
    where = (_B.run_id == run_id, or_(_B.status == BatchStatus.POSTED, _B.id.in_(told)))
    return set(connection.execute(select(_B.id).where(*where)).scalars())


def _wherever(*wanted: Any) -> Select[Any]:
    """``wanted`` of accepted notices with the newest placement of each, its envelope, and orders and returns."""
    newest = select(func.max(_later.c.generation)).where(_later.c.notice_id == _N.id).scalar_subquery()
    ordered = (_O.run_id == _N.run_id) & (_O.city == _N.city) & (_O.number == _N.number)
    return (
        select(*wanted)
        .select_from(Notice)
        .outerjoin(Placement, (_L.notice_id == _N.id) & (_L.generation == newest))
        .outerjoin(Piece, (_P.batch_id == _L.batch_id) & (_P.number == _L.piece))
        .outerjoin(Batch, _B.id == _L.batch_id)
        .outerjoin(PullOrder, ordered)
        .outerjoin(Returned, (_R.batch_id == _L.batch_id) & (_R.piece == _L.piece))
    )


def _conditions(known: Known) -> Mapping[Side | Fault, ColumnElement[bool]]:
    """By side and fault, which accepted notices are behind it."""
    ordered, open_ = _O.id.is_not(None), (PieceStatus.PLANNED, PieceStatus.RELEASED, PieceStatus.INSERTED)
    waiting = true() if not known.planned else false()
    unmade = (PieceStatus.PLANNED, PieceStatus.SUPERSEDED)
    mailed = _P.status == PieceStatus.MAILED
    return {
        Side.RECEIVED: true(),
        Side.PULLED: ordered,
        Side.PRINTED: or_(_P.status.in_(_ON_MACHINE), _P.batch_id.in_(known.printed) & _P.status.not_in(unmade)),
        Side.INSERTED: _P.status.in_(_ON_MACHINE),
        Side.MAILED: mailed,
        Side.OUTSTANDING: ~ordered & or_(_P.status.in_((*open_, PieceStatus.SPOILED)), _P.status.is_(None) & waiting),
        Side.RETURNED: _R.id.is_not(None),
        Side.CHARGED: mailed if known.charged else false(),
        Fault.LOST: ~ordered & ~waiting & or_(_P.status.is_(None), _P.status == PieceStatus.SUPERSEDED),
        Fault.PULLED_MAILED: ordered & mailed,
        Fault.PULLED_UNORDERED: ~ordered & (_P.status == PieceStatus.PULLED),
        Fault.POSTED_OPEN: ~ordered & (_B.status == BatchStatus.POSTED) & _P.status.in_(open_),
        Fault.RETURNED_UNMAILED: _R.id.is_not(None) & ~mailed,
    }


def counts(connection: Connection, run_id: str, city: str, known: Known) -> dict[str, int]:
    """How many notices are behind each side and fault, by its word."""
    summed = [
        func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(str(word))
        for word, condition in _conditions(known).items()
    ]
    row = connection.execute(_wherever(*summed).where(_N.run_id == run_id, _N.city == city)).one()
    return {word: int(count) for word, count in row._asdict().items()}


_LISTED = (
    _N.number, _L.batch_id, _L.piece, _L.generation, _P.status, _O.reason.label("pulled"), _R.reason.label("returned"),
)  # fmt: skip


def behind(
    connection: Connection, run_id: str, city: str, which: Side | Fault, known: Known, after: str, limit: int
) -> Sequence[Record]:
    """Accepted notices behind a side or fault, by number, from the one after ``after`` on: where each is and stands."""
    if which is Fault.TWICE:
        return _twice(connection, run_id, city, after, limit)
    where = (_N.run_id == run_id, _N.city == city, _N.number > after, _conditions(known)[which])
    return connection.execute(_wherever(*_LISTED).where(*where).order_by(_N.number).limit(limit)).all()


def _twice(connection: Connection, run_id: str, city: str, after: str, limit: int) -> Sequence[Record]:
    several = _live(run_id, city).where(_N.number > after).subquery()
    query = _wherever(*_LISTED).join(several, several.c.notice_id == _N.id)
    return connection.execute(query.order_by(_N.number).limit(limit)).all()


def count_twice(connection: Connection, run_id: str, city: str) -> int:
    """Notices that are in two envelopes that both stand."""
    several = _live(run_id, city).subquery()
    return int(connection.execute(select(func.count()).select_from(several)).scalar_one())


def _live(run_id: str, city: str) -> Select[Any]:
    """Notices in more than one envelope that was not replaced; a notice planned once cannot be among them."""
    again = (_N.run_id == run_id, _N.city == city, _P.status != PieceStatus.SUPERSEDED)
    reprinted = select(_later.c.notice_id).where(_later.c.generation > 1)
    return (
        select(_L.notice_id)
        .join(Notice, _N.id == _L.notice_id)
        .join(Piece, (_P.batch_id == _L.batch_id) & (_P.number == _L.piece))
        .where(*again, _L.notice_id.in_(reprinted))
        .group_by(_L.notice_id)
        .having(func.count() > 1)
    )


def fates(connection: Connection, run_id: str, city: str) -> Iterator[Record]:
    """Every accepted notice of a city by number: where it is, how it stands, pulled or returned; never held all."""
    where = (_N.run_id == run_id, _N.city == city)
    query = _wherever(*_LISTED).where(*where).order_by(_N.number).execution_options(yield_per=FETCHED)
    yield from connection.execute(query)


def rejected(
    connection: Connection, run_id: str, city: str, after: str = "", limit: int | None = None
) -> Sequence[Record]:
    """Notices that the standing hand-in had set aside, by number, each with its first problem.

    Rows that share a number, or have none that can be read, are notices of their own, as intake counts them.
    """
    standing = select(_U.id).where(_U.run_id == run_id, _U.city == city, _U.status == SubmissionStatus.ACCEPTED)
    # A row of a table of details whose notice is in no row of notices.csv is a problem of no notice that came.
    where = [_X.submission_id.in_(standing), _X.code != "orphan_row"]
    if after:
        where.append(_X.notice_number > after)
    alone = case(((_X.notice_number == "") | (_X.code == "duplicate_number"), _X.row), else_=0)
    first = select(func.min(_X.id)).where(*where).group_by(_X.notice_number, alone)
    query = select(_X.notice_number.label("number"), _X.file, _X.row, _X.column, _X.code, _X.message)
    return connection.execute(query.where(_X.id.in_(first)).order_by(_X.notice_number, _X.row).limit(limit)).all()


def stamp(connection: Connection, run_id: str) -> int:
    """How many events of a run can have changed a figure; looking at a notice's pages is none.

    Counted: events are only ever added, and one that commits late may have a lower id than one that was seen.
    """
    where = (_E.run_id == run_id, _E.what != "extract")
    return int(connection.execute(select(func.count()).where(*where)).scalar_one())


# One notice


def events(connection: Connection, run_id: str, subjects: Collection[str]) -> Sequence[Record]:
    """Events about the run, its city or its batches, in the order in which they happened."""
    where = (_E.run_id == run_id, _E.subject.in_(sorted(subjects)))
    return connection.execute(select(*_E).where(*where).order_by(_E.id)).all()


def problems_of(connection: Connection, run_id: str, city: str, number: str) -> Sequence[Record]:
    """What was wrong with a notice in any hand-in of its city, the newest last."""
    where = (_U.run_id == run_id, _U.city == city, _X.notice_number == number)
    query = select(*_X, _U.status).join(Submission, _U.id == _X.submission_id)
    return connection.execute(query.where(*where).order_by(_X.id)).all()


def placements_of(connection: Connection, run_id: str, city: str, number: str) -> Sequence[Record]:
    """Every envelope that a notice was put into, by generation, with its batch and its status."""
    where = (_N.run_id == run_id, _N.city == city, _N.number == number)
    wanted = (
        _L.generation, _L.batch_id, _L.piece, _P.status, _P.sheets, _B.number.label("batch"),
        _B.status.label("batch_status"), _B.manifest_sha256,
    )  # fmt: skip
    query = select(*wanted).join(Notice, _N.id == _L.notice_id)
    query = query.join(Piece, (_P.batch_id == _L.batch_id) & (_P.number == _L.piece)).join(Batch, _B.id == _L.batch_id)
    return connection.execute(query.where(*where).order_by(_L.generation)).all()


def stages(connection: Connection, batch_id: str) -> Sequence[Record]:
    """What the vendor reported of a batch, in that order."""
    return connection.execute(select(_T.stage, _T.count, _T.at).where(_T.batch_id == batch_id).order_by(_T.id)).all()


def sightings(connection: Connection, run_id: str, batch: int, piece: int) -> Sequence[Record]:
    """Sheets of an envelope that cameras saw, by report and line."""
    where = (_G.run_id == run_id, _S.batch == batch, _S.piece == piece)
    query = select(_G.at, _S.line, _S.sheet, _S.code).join(ScanLog, _G.id == _S.log_id)
    return connection.execute(query.where(*where).order_by(_G.id, _S.line)).all()


def findings_about(connection: Connection, run_id: str, batch: int, piece: int) -> Sequence[Record]:
    """What somebody had to look at about an envelope."""
    where = (_G.run_id == run_id, _F.batch == batch, _F.piece == piece)
    query = select(_G.at, _F.line, _F.code, _F.message).join(ScanLog, _G.id == _F.log_id)
    return connection.execute(query.where(*where).order_by(_G.id, _F.line, _F.id)).all()


def order_of(connection: Connection, run_id: str, city: str, number: str) -> Record | None:
    """The order to pull a notice, if there is one."""
    where = (_O.run_id == run_id, _O.city == city, _O.number == number)
    return connection.execute(select(_O.reason, _O.ordered_at, _O.diverted_at).where(*where)).one_or_none()


# Sign-off and proof


def batch_counts(connection: Connection, run_id: str, city: str) -> Sequence[Record]:
    """The batches that a city has envelopes in, with the manifest: its notices by status of the envelope."""
    wanted = (_B.id, _B.manifest_sha256, _P.status)
    return connection.execute(
        select(*wanted, func.sum(_P.notices).label("notices"))
        .join(Piece, _P.batch_id == _B.id)
        .where(_B.run_id == run_id, _P.city == city)
        .group_by(*wanted, _B.number)
        .order_by(_B.number, _P.status)
    ).all()


def roots(connection: Connection, run_id: str, city: str) -> dict[str, str]:
    """Roots by batch as they were signed."""
    rows = connection.execute(select(_M.batch_id, _M.root).where(_M.run_id == run_id, _M.city == city))
    return {batch: root for batch, root in rows}  # noqa: C416 - rows are no pairs to mypy


def add_roots(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(ProofRoot), list(rows))


def sign_off(connection: Connection, run_id: str, city: str) -> Record | None:
    """A city's signature under its audit, if it has signed."""
    return connection.execute(select(*_V).where(_V.run_id == run_id, _V.city == city)).one_or_none()


def add_sign_off(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(SignOff).values(**values))
