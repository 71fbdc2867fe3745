"""Pull orders (引抜き): which notices are not to be mailed, and which envelopes the vendor has to take out for it.

An order counts when its notice stands in an accepted hand-in, by run, city and number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from printjobs.core.model import BatchStatus, PieceStatus, SubmissionStatus
from printjobs.core.plan import PlanNotice

from .dealings import PullOrder
from .models import Batch, Notice, Piece, Placement, Submission, columns
from .runs import Record

_B, _L, _N, _O, _P, _S = (columns(m) for m in (Batch, Placement, Notice, PullOrder, Piece, Submission))
_ITS_NOTICE = (_N.run_id == _O.run_id) & (_N.city == _O.city) & (_N.number == _O.number)


def find(connection: Connection, run_id: str, city: str, number: str) -> Record | None:
    where = (_O.run_id == run_id, _O.city == city, _O.number == number)
    return connection.execute(select(*_O).where(*where)).one_or_none()


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Record an order and return its number."""
    return int(connection.execute(insert(PullOrder).values(**values).returning(_O.id)).scalar_one())


def set_diverted(connection: Connection, batch_id: str, piece: int, at: datetime | None) -> None:
    """Record when the vendor reported an envelope diverted, None when it was found inserted after all."""
    connection.execute(update(PullOrder).where(_O.batch_id == batch_id, _O.piece == piece).values(diverted_at=at))


def _ordered(*what: Any) -> Select[Any]:
    """Something of the orders that count, with their notices."""
    accepted = (_N.submission_id == _S.id) & (_S.status == SubmissionStatus.ACCEPTED)
    return select(*what).select_from(PullOrder).join(Notice, _ITS_NOTICE).join(Submission, accepted)


def _lying(*what: Any) -> Select[Any]:
    """The same with the pieces in which these notices lie or lay."""
    here = (_P.batch_id == _L.batch_id) & (_P.number == _L.piece)
    return _ordered(*what).join(Placement, _L.notice_id == _N.id).join(Piece, here)


def notices(connection: Connection, run_id: str) -> set[int]:
    """Ids of the notices that are ordered to be pulled."""
    return set(connection.execute(_ordered(_N.id).where(_O.run_id == run_id)).scalars())


def counts(connection: Connection, run_id: str) -> dict[str, int]:
    """By city, how many accepted notices are ordered to be pulled."""
    query = _ordered(_O.city, func.count()).where(_O.run_id == run_id).group_by(_O.city)
    return {city: int(count) for city, count in connection.execute(query)}


def piece_counts(connection: Connection, run_id: str) -> dict[str, dict[PieceStatus, int]]:
    """The same by city and the status of the piece that they lie in, superseded generations left out."""
    query = (
        _lying(_O.city, _P.status, func.count())
        .where(_O.run_id == run_id, _P.status != PieceStatus.SUPERSEDED)
        .group_by(_O.city, _P.status)
    )
    found: defaultdict[str, dict[PieceStatus, int]] = defaultdict(dict)
    for city, status, count in connection.execute(query):
        found[city][PieceStatus(status)] = int(count)
    return dict(found)


def pieces(connection: Connection, run_id: str) -> set[tuple[str, int]]:
    """Batch id and number of every piece of any generation that holds a notice ordered to be pulled."""
    rows = connection.execute(_lying(_P.batch_id, _P.number).where(_O.run_id == run_id))
    return {(batch, number) for batch, number in rows}


def unreleased(connection: Connection, run_id: str) -> list[str]:
    """Ids of the batches, not released and not withdrawn, that hold a notice ordered to be pulled."""
    waiting = (BatchStatus.PLANNED, BatchStatus.PACKAGED)
    query = _lying(_B.id).join(Batch, _P.batch_id == _B.id).where(_O.run_id == run_id, _B.status.in_(waiting))
    return list(connection.execute(query.distinct().order_by(_B.id)).scalars())


def notices_left(connection: Connection, batch_id: str, piece: int) -> list[PlanNotice]:
    """The notices of a piece that are not ordered to be pulled, as planning needs them, in print order."""
    names = (_N.id, _N.city, _N.number, _N.owner, _N.office, _N.zip, _N.sheets, _N.slips, _N.inserts, _N.barcode)
    rows = connection.execute(
        select(*names)
        .select_from(Placement)
        .join(Notice, _N.id == _L.notice_id)
        .outerjoin(PullOrder, _ITS_NOTICE)
        .where(_L.batch_id == batch_id, _L.piece == piece, _O.id.is_(None))
        .order_by(_N.number)
    )
    return [PlanNotice(**row._asdict()) for row in rows]


def envelopes(connection: Connection, run_id: str) -> Sequence[Record]:
    """The vendor's pull list, an envelope a row: with its first order and its piece, and when it was diverted."""
    same = (_O.batch_id, _O.piece)
    first = (
        select(*same, func.min(_O.id).label("order_id"), func.min(_O.ordered_at).label("ordered_at"),
               func.max(_O.diverted_at).label("diverted_at"))
        .where(_O.run_id == run_id, _O.batch_id != "")
        .group_by(*same)
        .subquery()
    )  # fmt: skip
    told = (first.c.order_id, first.c.ordered_at, first.c.diverted_at)
    here = (_P.batch_id == first.c.batch_id) & (_P.number == first.c.piece)
    return connection.execute(
        select(*_P, _B.number.label("batch"), *told)
        .select_from(first)
        .join(Piece, here)
        .join(Batch, _P.batch_id == _B.id)
        .order_by(_B.number, _P.number)
    ).all()
