"""Connecting and migrating: SQLite for one machine, PostgreSQL for many, one code path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from printjobs.core.model import StoreFull

_FULL = ("disk is full", "disk I/O error", "unable to open database file", "No space left")


def connect(url: str, *, durable: bool = False) -> Engine:
    """An engine. SQLite gets write-ahead logging, foreign keys, and writers that wait for each other.

    ``durable``: on SQLite a transaction is on the disk when it is done, as it always is on PostgreSQL; else a power
    cut may take the last ones back, which every step can do again.

    Parameters are hidden from error texts: a row may hold what no log may.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 60}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        synchronous = "FULL" if durable else "NORMAL"
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that turns into a writer fails at once under WAL; one that says so first waits its turn.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.pop("writes", False) else "BEGIN")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes one fact: all of it is kept, or none."""
    with told_when_full(), engine.connect() as connection:
        connection.info["writes"] = True
        with connection.begin():
            yield connection


@contextmanager
def told_when_full() -> Iterator[None]:
    """A database that has no more room says so in its own words; here they become ours."""
    try:
        yield
    except OperationalError as error:
        if any(words in str(error.orig) for words in _FULL):
            raise StoreFull("データベース") from error
        raise


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision; running it again, or twice at once, changes nothing."""
    if is_migrated(engine):
        return
    config = _config()
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7017)"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_migrated(engine: Engine) -> bool:
    """Whether the schema is the one this code was written for."""
    with told_when_full(), engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current == _head()


@cache
def _head() -> str | None:
    """The newest revision: all scripts have to be loaded to know it."""
    return ScriptDirectory.from_config(_config()).get_current_head()
