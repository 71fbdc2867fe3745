"""The journal's rows. Nothing here changes or deletes one, and the database would refuse it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, text

from .dealings import JournalEntry
from .models import columns
from .runs import FETCHED, Record

_J = columns(JournalEntry)


def last_hash(connection: Connection) -> str:
    """The hash of the newest entry, held still until the transaction ends; empty when there is none."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7018)"))
    return connection.execute(select(_J.hash).order_by(_J.id.desc()).limit(1)).scalar_one_or_none() or ""


def add(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    connection.execute(insert(JournalEntry), list(rows))


def entries(connection: Connection) -> Generator[Record]:
    """All entries in order, never held all. Whoever stops halfway closes it."""
    with connection.execute(select(*_J).order_by(_J.id).execution_options(yield_per=FETCHED)) as found:
        yield from found


def newest(connection: Connection, limit: int, before: int = 0) -> Sequence[Record]:
    """Entries from the newest back, or from before an id."""
    query = select(*_J).order_by(_J.id.desc()).limit(limit)
    return connection.execute(query.where(_J.id < before) if before else query).all()


def count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(JournalEntry)).scalar_one())
