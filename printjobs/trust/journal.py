"""The journal: who did what when, each entry hashed with the one before, so that nothing is changed or left out unseen.

The hash is keyed with the operator's secret: who has the database alone cannot make a chain that holds. What the
chain cannot show is that its end was cut off; so its newest hash stands in every signed audit report.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import Engine

from printjobs import store
from printjobs.settings import Settings
from printjobs.store import journal as rows
from printjobs.store import writing
from printjobs.store.runs import Record

_MOST = 500  # entries in one transaction


class Entry(NamedTuple):
    """One request. ``account`` is the login name, empty for nobody; ``subject`` ids only; ``outcome`` an HTTP status.

    ``at`` is ISO text in UTC.
    """

    at: str
    account: str
    role: str
    via: str
    action: str
    subject: str
    outcome: int
    detail: str = ""


class Verified(NamedTuple):
    """How far the chain holds. ``broken`` is the id of the first entry that does not fit, 0 when all do.

    ``known`` is whether the hash that was asked about is in it; True when none was asked about.
    """

    entries: int
    head: str
    broken: int
    known: bool


class Journal:
    """Appends to the chain and verifies it."""

    def __init__(self, engine: Engine, secret: bytes) -> None:
        self._engine = engine
        self._key = blake2b(b"journal", key=secret[:64], digest_size=32).digest()

    def append(self, entries: Sequence[Entry]) -> str:
        """Add entries in one transaction; the newest hash."""
        with writing(self._engine) as connection:
            previous = rows.last_hash(connection)
            added = []
            for entry in entries:
                hashed = self._hash(previous, entry)
                added.append(entry._asdict() | {"previous": previous, "hash": hashed})
                previous = hashed
            rows.add(connection, added)
        return previous

    def head(self) -> str:
        """The newest hash, empty when nothing was done yet."""
        with self._engine.connect() as connection:
            found = rows.newest(connection, 1)
        return str(found[0].hash) if found else ""

    def newest(self, limit: int, before: int = 0) -> Sequence[Record]:
        with self._engine.connect() as connection:
            return rows.newest(connection, limit, before)

    def verify(self, known: str = "") -> Verified:
        """Go through the whole chain; ``known`` is a hash that must be in it, from a signed report."""
        previous, count, found = "", 0, not known
        with self._engine.connect() as connection, closing(rows.entries(connection)) as kept:
            for row in kept:
                entry = Entry(*(getattr(row, name) for name in Entry._fields))
                if row.previous != previous or row.hash != self._hash(previous, entry):
                    return Verified(count, previous, row.id, found)
                previous, count, found = row.hash, count + 1, found or row.hash == known
        return Verified(count, previous, 0, found)

    def _hash(self, previous: str, entry: Entry) -> str:
        said = json.dumps([previous, *entry], ensure_ascii=False, separators=(",", ":"))
        return blake2b(said.encode(), key=self._key, digest_size=32).hexdigest()


class Recorder:
    """Writes entries of many requests in few transactions: one thread takes whatever waits and commits it at once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: queue.SimpleQueue[tuple[Entry, Future[str]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def record(self, entry: Entry) -> Future[str]:
        """Done when the entry is kept; its result is the newest hash then."""
        kept: Future[str] = Future()
        self._waiting.put((entry, kept))
        return kept

    def close(self) -> None:
        """Write what waits and end."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        ended = False
        while not ended:
            taken = [self._waiting.get()]
            while len(taken) < _MOST and not self._waiting.empty():
                taken.append(self._waiting.get())
            ended = None in taken
            work = [one for one in taken if one is not None]
            if not work:
                continue
            # Whoever does not wait any more has asked all the same: the entry is written, and nobody is told.
            waiting = [kept for _, kept in work if kept.set_running_or_notify_cancel()]
            try:
                head = self._journal.append([entry for entry, _ in work])
            except Exception as fault:  # noqa: BLE001 - whoever waits for it is told
                for kept in waiting:
                    kept.set_exception(fault)
            else:
                for kept in waiting:
                    kept.set_result(head)


def open_journal(settings: Settings) -> Journal:
    """The journal of an installation. On SQLite it has a file of its own: a long report must not hold up every page."""
    engine = store.connect(settings.journal_database(), durable=True)
    store.migrate(engine)
    return Journal(engine, settings.secret_bytes())


def now() -> str:
    """This moment as the journal writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
