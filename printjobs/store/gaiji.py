"""The council's gaiji table (統一外字表): append-only rows, one version of the table for each change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, text

from printjobs.core.gaiji import Entry, Lookup, State, character
from printjobs.core.gaiji import lookup as lookup_of

from .models import Gaiji, columns
from .runs import Record

_G = columns(Gaiji)
_LOCK = 7018  # of PostgreSQL's advisory locks; 7017 is that of migrating


def version(connection: Connection) -> int:
    """The table's version now; 0 before anything was said."""
    return int(connection.execute(select(func.max(_G.version))).scalar_one() or 0)


def lock_table(connection: Connection) -> None:
    """Hold the table still until the transaction ends: versions come one after the other.

    SQLite's writers wait for each other in any case.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def entries(
    connection: Connection, *, city: str = "", character_set: str = "", state: str = "", as_of: int | None = None
) -> Sequence[Record]:
    """The newest row of every key, as of a version of the table (None: now), by city, set and code."""
    among: list[Any] = [] if as_of is None else [_G.version <= as_of]
    if city:
        among.append(_G.city == city)
    if character_set:
        among.append(_G.character_set == character_set)
    newest = select(func.max(_G.id)).where(*among).group_by(_G.city, _G.character_set, _G.code)
    where = [_G.id.in_(newest)] + ([_G.state == state] if state else [])
    found = connection.execute(select(*_G).where(*where)).all()
    return sorted(found, key=lambda row: (row.city, row.character_set, character(row.code)))


def history(connection: Connection, keys: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], list[Entry]]:
    """All that was ever said of these keys, oldest first."""
    found: dict[tuple[str, str, str], list[Entry]] = {key: [] for key in keys}
    cities = {city for city, _, _ in found}
    rows = connection.execute(select(*_G).where(_G.city.in_(cities)).order_by(_G.id))
    for row in rows:
        if (entry := as_entry(row)).key in found:
            found[entry.key].append(entry)
    return found


def as_entry(row: Record) -> Entry:
    """A row as the value that the rules are about."""
    return Entry(**{name: getattr(row, name) for name in Entry.__struct_fields__} | {"state": State(row.state)})


def lookup(connection: Connection, city: str, character_set: str, as_of: int) -> Lookup:
    """What a city's private-use characters mean as of a version of the table."""
    rows = entries(connection, city=city, character_set=character_set, as_of=as_of)
    return lookup_of(as_entry(row) for row in rows)


def add(connection: Connection, new: Sequence[Entry], at: datetime) -> int:
    """Add entries as one change and return the table's version after it; the table is locked by the caller."""
    number = version(connection)
    if not new:
        return number
    rows = [{**msgspec.structs.asdict(e), "state": str(e.state), "version": number + 1, "at": at} for e in new]
    connection.execute(insert(Gaiji), rows)
    return number + 1


def add_unknown(
    connection: Connection, city: str, character_set: str, codes: Iterable[str], ground: str, at: datetime
) -> int:
    """Note codes that a hand-in used as not identified, those that the table does not have; how many."""
    lock_table(connection)
    wanted = {(city, character_set, code): code for code in codes}
    known = history(connection, wanted) if wanted else {}
    new = [
        Entry(city, character_set, code, State.OPEN, ground=ground) for key, code in wanted.items() if not known[key]
    ]
    add(connection, new, at)
    return len(new)
