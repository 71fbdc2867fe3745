"""Returned mail (返戻): envelopes that came back, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from .dealings import Returned
from .models import Batch, Piece, Run, columns
from .runs import Record

_B, _P, _Q, _R = columns(Batch), columns(Piece), columns(Run), columns(Returned)


def run_of_code(connection: Connection, code: str) -> str | None:
    """The id of the run that stands behind the six characters on its sheets."""
    return connection.execute(select(_Q.id).where(_Q.code == code)).scalar_one_or_none()


def find_piece(connection: Connection, run_id: str, batch: int, piece: int) -> Record | None:
    """An envelope by what is said on its sheets."""
    where = (_B.run_id == run_id, _B.number == batch, _P.number == piece)
    return connection.execute(select(*_P).join(Batch, _B.id == _P.batch_id).where(*where)).one_or_none()


def find_returned(connection: Connection, batch_id: str, piece: int) -> Record | None:
    """The registration of an envelope that came back."""
    return connection.execute(select(*_R).where(_R.batch_id == batch_id, _R.piece == piece)).one_or_none()


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(Returned).values(**values))


def by_reason(connection: Connection, run_id: str, city: str) -> Sequence[Record]:
    """Envelopes and notices of a city that came back, by reason."""
    return connection.execute(
        select(_R.reason, func.count().label("pieces"), func.sum(_P.notices).label("notices"))
        .join(Piece, (_P.batch_id == _R.batch_id) & (_P.number == _R.piece))
        .where(_R.run_id == run_id, _R.city == city)
        .group_by(_R.reason)
        .order_by(_R.reason)
    ).all()
