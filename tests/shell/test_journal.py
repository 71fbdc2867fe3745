"""The journal: what was done stays as it was written, and whoever changes it past us is found out."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from printjobs import store
from printjobs.settings import Settings
from printjobs.trust.journal import Entry, Journal, Recorder, open_journal
from tests.handin import SECRET as DESK_SECRET
from tests.handin import Desk

SECRET = b"a secret of the tests, and no other one's"
ENTRIES = 8
FIELDS = ("at", "account", "role", "via", "action", "subject", "outcome", "detail", "previous", "hash")


def entry(number: int, **changed: Any) -> Entry:
    made = Entry("2026-04-01T00:00:00.000+00:00", "lead", "lead", "session", "GET run", f"run-{number}", 200)
    return made._replace(**changed)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = store.connect(url)
    store.migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'audit.db'}"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres_database"))
    with opened(url) as engine:
        yield engine


def test_an_untouched_chain_holds_and_its_newest_hash_is_known_in_it(engine: Engine) -> None:
    journal = Journal(engine, SECRET)
    assert journal.verify() == (0, "", 0, True)
    assert not journal.verify(known="ab").known
    first = journal.append([entry(1), entry(2)])
    last = journal.append([entry(3, detail='あ"\\\n', subject="")])
    assert journal.verify() == (3, last, 0, True)
    assert journal.verify(known=first).known
    assert not journal.verify(known="0" * 64).known
    assert journal.head() == last
    assert [row.subject for row in journal.newest(2)] == ["", "run-2"]
    assert [row.subject for row in journal.newest(2, before=2)] == ["run-1"]


def test_who_has_the_database_without_the_secret_cannot_make_a_chain_that_holds(engine: Engine) -> None:
    Journal(engine, b"somebody else's secret, of the same length").append([entry(1)])
    assert Journal(engine, SECRET).verify().broken


def test_the_database_refuses_to_change_or_delete_an_entry(engine: Engine) -> None:
    Journal(engine, SECRET).append([entry(1)])
    attempts = ["UPDATE journal SET account = 'x'", "DELETE FROM journal", "UPDATE journal SET id = 9"]
    if engine.dialect.name == "postgresql":
        attempts.append("TRUNCATE journal")
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="append-only"), store.writing(engine) as connection:
            connection.execute(text(attempt))
    assert Journal(engine, SECRET).verify().entries == 1


# Past the triggers


@pytest.fixture(scope="module")
def tampered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A journal without its guards, as who holds the file can make it."""
    with opened(f"sqlite:///{tmp_path_factory.mktemp('journal') / 'audit.db'}") as engine:
        with store.writing(engine) as connection:
            for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        yield engine


def rows(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(text("SELECT * FROM journal ORDER BY id"))]


def put(engine: Engine, kept: list[dict[str, Any]]) -> None:
    names = ", ".join(("id", *FIELDS))
    places = ", ".join(f":{name}" for name in ("id", *FIELDS))
    with store.writing(engine) as connection:
        connection.execute(text("DELETE FROM journal"))
        if kept:
            connection.execute(text(f"INSERT INTO journal ({names}) VALUES ({places})"), kept)


@pytest.fixture(scope="module")
def chain(tampered: Engine) -> list[dict[str, Any]]:
    Journal(tampered, SECRET).append([entry(number, detail=f"d{number}") for number in range(ENTRIES)])
    return rows(tampered)


def change(draw: st.DataObject, kept: list[dict[str, Any]]) -> None:
    row, name = draw.draw(st.sampled_from(kept)), draw.draw(st.sampled_from(FIELDS))
    was = row[name]
    row[name] = draw.draw(
        (st.integers(100, 599) if name == "outcome" else st.text(max_size=9)).filter(lambda v: v != was)
    )


def delete(draw: st.DataObject, kept: list[dict[str, Any]]) -> None:
    del kept[draw.draw(st.integers(0, len(kept) - 2))]  # that the end is cut off, only a known hash can show


def insert(draw: st.DataObject, kept: list[dict[str, Any]]) -> None:
    place, like = draw.draw(st.integers(0, len(kept))), draw.draw(st.sampled_from(kept))
    kept.insert(place, like | {"hash": draw.draw(st.sampled_from("abc"))})


def swap(draw: st.DataObject, kept: list[dict[str, Any]]) -> None:
    one, other = draw.draw(st.lists(st.integers(0, len(kept) - 1), min_size=2, max_size=2, unique=True))
    kept[one], kept[other] = kept[other], kept[one]


@settings(max_examples=60)
@given(st.data(), st.sampled_from([change, delete, insert, swap]))
def test_whatever_is_changed_deleted_inserted_or_swapped_is_found(
    tampered: Engine, chain: list[dict[str, Any]], draw: st.DataObject, how: Callable[[Any, Any], None]
) -> None:
    kept = [dict(row) for row in chain]
    how(draw, kept)
    put(tampered, [row | {"id": number} for number, row in enumerate(kept, 1)])
    found = Journal(tampered, SECRET).verify(known=chain[-1]["hash"])
    first = next(
        (n for n, (was, row) in enumerate(zip(chain, kept, strict=False), 1) if any(was[f] != row[f] for f in FIELDS)),
        len(chain) + 1,
    )
    assert (found.broken, found.entries) == (first, first - 1)


def test_a_chain_whose_end_is_cut_off_holds_but_does_not_know_the_hash_of_a_report(
    tampered: Engine, chain: list[dict[str, Any]]
) -> None:
    put(tampered, chain[:-2])
    journal = Journal(tampered, SECRET)
    assert journal.verify() == (ENTRIES - 2, chain[-3]["hash"], 0, True)
    assert not journal.verify(known=chain[-1]["hash"]).known
    assert journal.verify(known=chain[0]["hash"]).known


# Many at once


_APPENDING = """
import sys
from printjobs import store
from printjobs.trust.journal import Entry, Journal, now
journal = Journal(store.connect(sys.argv[1]), bytes.fromhex(sys.argv[2]))
for number in range(int(sys.argv[4])):
    journal.append([Entry(now(), sys.argv[3], "lead", "session", "GET run", str(number), 200)])
"""


def test_two_processes_that_write_at_once_leave_one_chain(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    writers = [
        subprocess.Popen([sys.executable, "-c", _APPENDING, url, SECRET.hex(), name, "15"], stderr=subprocess.PIPE)
        for name in ("one", "other")
    ]
    for writer in writers:
        _, err = writer.communicate(timeout=60)
        assert (writer.returncode, err) == (0, b"")
    journal = Journal(engine, SECRET)
    assert journal.verify()[0::2] == (30, 0)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT account, subject FROM journal ORDER BY id")).all()
    for name in ("one", "other"):
        assert [int(row.subject) for row in kept if row.account == name] == list(range(15))


def test_the_recorder_keeps_the_order_and_answers_when_an_entry_is_kept(engine: Engine) -> None:
    journal = Journal(engine, SECRET)
    with closing(Recorder(journal)) as recorder:
        waiting = [recorder.record(entry(number)) for number in range(1_200)]
        assert journal.verify(known=waiting[0].result(30)).known
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT subject FROM journal ORDER BY id")).scalars().all()
    assert kept == [f"run-{number}" for number in range(1_200)]
    assert all(future.done() for future in waiting)
    assert waiting[-1].result() == journal.head()


class Broken:
    """A journal whose disk is full until it is mended."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self.is_broken, self.asked = journal, True, threading.Event()

    def append(self, entries: list[Entry]) -> str:
        self.asked.set()
        if self.is_broken:
            raise OSError("no space")
        return self._journal.append(entries)


def test_whoever_waits_is_told_that_an_entry_was_not_kept_and_the_next_one_is(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'audit.db'}") as engine:
        broken = Broken(Journal(engine, SECRET))
        recorder = Recorder(broken)  # type: ignore[arg-type]
        with pytest.raises(OSError, match="no space"):
            recorder.record(entry(1)).result(30)
        broken.is_broken = False
        assert recorder.record(entry(2)).result(30)
        recorder.close()
        assert Journal(engine, SECRET).verify().entries == 1


def test_who_does_not_wait_any_more_stops_nobody_and_the_entry_is_kept(tmp_path: Path) -> None:
    """A client that goes away cancels what it waits for."""
    with opened(f"sqlite:///{tmp_path / 'audit.db'}") as engine:
        recorder = Recorder(Journal(engine, SECRET))
        with store.writing(engine):  # so that entries have to wait
            held: Future[str] = recorder.record(entry(1))
            left = recorder.record(entry(2))
            assert left.cancel()
            after = recorder.record(entry(3))
        assert held.result(30)
        assert after.result(30)
        recorder.close()
        assert Journal(engine, SECRET).verify().entries == 3


# The command line


def test_whoever_is_let_in_or_shut_out_by_the_command_line_is_in_the_journal(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    recipient = tmp_path / "age.pub"
    recipient.write_text(str(pyrage.x25519.Identity.generate().to_public()))
    opened = desk("user", "add", "press-1", "--role", "vendor", "--shown", "見本", "--json").json
    token = desk("user", "token", "press-1", "--label", "t", "--scope", "batches", "--json").json["token"]
    (row,) = desk("user", "tokens", "press-1", "--json").json
    for words in (("key", "press-1", recipient), ("key", "press-1", "--remove", "age"), ("revoke", row["id"]),
                  ("renew", "press-1"), ("disable", "press-1")):  # fmt: skip
        assert desk("user", *words).code == 0
    assert desk("user", "add", "press-1", "--role", "vendor", "--shown", "見本").code == 2
    assert [(one["name"], one["disabled"]) for one in desk("user", "list", "--json").json] == [("press-1", True)]
    journal = open_journal(Settings(home=desk.home, secret=SecretStr(DESK_SECRET)))
    kept = [(row.via, row.action, row.subject) for row in reversed(journal.newest(99))]
    assert kept == [("cli", f"user {what}", subject) for what, subject in (
        ("add", "press-1 vendor standard"), ("token", "press-1 batches"), ("key", "press-1 age"),
        ("key", "press-1 age removed"), ("revoke", "1"), ("renew", "press-1"), ("disable", "press-1"),
    )]  # fmt: skip
    said = str(journal.newest(99))
    assert opened["password"] not in said
    assert token not in said
    assert "見本" not in said
    journal._engine.dispose()


def test_audit_verify_tells_where_the_chain_breaks_and_ends_with_three(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    journal = open_journal(Settings(home=desk.home, secret=SecretStr(DESK_SECRET)))
    head = journal.append([entry(1), entry(2), entry(3)])
    told = desk("audit", "verify", "--json")
    assert (told.code, told.json) == (0, {"entries": 3, "head": head, "broken": 0, "known": True})
    assert "3件" in desk("audit", "verify", "--known", head.upper()).out
    told = desk("audit", "verify", "--known", "0" * 64, "--json")
    assert (told.code, told.json["known"]) == (3, False)
    with store.writing(journal._engine) as connection:
        connection.execute(text("DROP TRIGGER journal_no_update"))
        connection.execute(text("UPDATE journal SET account = 'other' WHERE id = 2"))
    told = desk("audit", "verify", "--json")
    assert (told.code, told.json["broken"], told.json["entries"]) == (3, 2, 1)
    assert "番号 2" in desk("audit", "verify").out
    journal._engine.dispose()
