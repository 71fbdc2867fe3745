"""One notice by its number: where it was put, and what lies before it there."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select

from .models import Notice, Placement, columns
from .runs import Record

_L, _N = columns(Placement), columns(Notice)


def find_notices(connection: Connection, run_id: str, cities: Collection[str], number: str) -> Sequence[Record]:
    """Accepted notices with a number, by city: it is unique within one. A row for each generation, the newest last.

    Generation, batch and piece are None before planning.
    """
    return connection.execute(
        select(_N.city, _N.number, _N.sheets, _L.generation, _L.batch_id, _L.piece)
        .outerjoin(Placement, _L.notice_id == _N.id)
        .where(_N.run_id == run_id, _N.city.in_(sorted(cities)), _N.number == number)
        .order_by(_N.city, _L.generation)
    ).all()


def notices_of_piece(connection: Connection, batch_id: str, piece: int) -> Sequence[Record]:
    """Number and sheets of each notice of a piece, in the order in which they were printed."""
    return connection.execute(
        select(_N.number, _N.sheets)
        .join(Placement, _L.notice_id == _N.id)
        .where(_L.batch_id == batch_id, _L.piece == piece)
        .order_by(_N.number)
    ).all()
