"""The cost ledger, the tables that it was reckoned by, and its closed months and years. Nothing in it ever changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, text

from .accounting import Closing, DatedTable
from .models import Charge, columns
from .runs import Record

_C, _D, _O = columns(Charge), columns(DatedTable), columns(Closing)
_LOCK = 7019


class Entry(NamedTuple):
    """Yen that a run's cities were charged in one month and group of items."""

    run_id: str
    month: str
    group: str
    yen: int


def lock_books(connection: Connection) -> None:
    """Hold ledger, invoices and closings still until the transaction ends: whoever decides from them decides alone.

    SQLite's writers wait for each other in any case.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def add_charges(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    connection.execute(insert(Charge), list(rows))


def charges(connection: Connection, run_id: str) -> Sequence[Record]:
    return connection.execute(select(*_C).where(_C.run_id == run_id).order_by(_C.id)).all()


def charged(connection: Connection, run_id: str) -> dict[str, tuple[int, int]]:
    """Yen and notices charged so far, by city. The notices of one settlement stand on each of its lines."""
    rows = connection.execute(
        select(_C.city, func.sum(_C.yen), func.max(_C.notices)).where(_C.run_id == run_id).group_by(_C.city)
    )
    return {city: (int(yen), int(notices)) for city, yen, notices in rows}


def sums(connection: Connection) -> list[Entry]:
    """The whole ledger by run, month and group."""
    by = (_C.run_id, _C.month, _C.group)
    rows = connection.execute(select(*by, func.sum(_C.yen)).group_by(*by).order_by(*by))
    return [Entry(run, month, group, int(yen)) for run, month, group, yen in rows]


def charged_notices(connection: Connection, month: str) -> int:
    """Notices that were charged in a month: each city's of a run once, however many lines it has."""
    most = select(func.max(_C.notices).label("notices")).where(_C.month == month)
    each = most.group_by(_C.run_id, _C.city).subquery()
    return int(connection.execute(select(func.coalesce(func.sum(each.c.notices), 0))).scalar_one())


def pinned(connection: Connection, names: Iterable[str]) -> dict[str, Record]:
    """Those of the dated files that a run was charged by, by name."""
    rows = connection.execute(select(*_D).where(_D.name.in_(list(names))).order_by(_D.name))
    return {row.name: row for row in rows}


def pin(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write down what dated files are as a run is charged by them; one row or more."""
    connection.execute(insert(DatedTable), list(rows))


def closings(connection: Connection) -> dict[str, Record]:
    """The closed months and years by period."""
    return {row.period: row for row in connection.execute(select(*_O).order_by(_O.period))}


def add_closing(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(Closing).values(**values))
