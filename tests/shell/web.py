"""An installation with somebody of every role and a run that has everything, and clients that are already inside."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp

from printjobs.core.access import Role, Scope
from printjobs.pipeline import Context, delivering, receiving, rehearsal, settling, uploads
from printjobs.store import accounts as rows
from printjobs.store import jobs, production, writing
from printjobs.trust.accounts import SCOPES_OF, Accounts, Opened
from printjobs.trust.journal import Journal, open_journal
from printjobs.trust.receipts import ReceivedFile
from tests import audited
from tests.handin import KUSATSU, MORIYAMA, RUN, Desk, notice_number
from tests.shell.vendors import VENDOR

COOKIE = "__Host-session"
OTHER_RUN, OTHER_VENDOR = "property_tax-2026-2", "another"
LEAD, PRESS, OTHER_PRESS, AUDITOR = "lead-1", "press-1", "press-9", "auditor-1"
CITY, OTHER_CITY = "kusatsu-1", "moriyama-1"
PEOPLE = {
    LEAD: (Role.LEAD, ""),
    PRESS: (Role.VENDOR, VENDOR),
    OTHER_PRESS: (Role.VENDOR, OTHER_VENDOR),
    CITY: (Role.CITY, KUSATSU),
    OTHER_CITY: (Role.CITY, MORIYAMA),
    AUDITOR: (Role.AUDITOR, ""),
}


class Inside(NamedTuple):
    """Somebody who has come in: what every request of theirs carries, and the word for their forms."""

    role: Role
    headers: dict[str, str]
    csrf: str = ""
    scope: Scope | None = None

    @property
    def forms(self) -> dict[str, str]:
        """The headers with the word of their own pages, as a script of those would send it."""
        return self.headers | ({"x-csrf-token": self.csrf} if self.csrf else {})


class Ids(NamedTuple):
    """Of the run that has everything."""

    batch: str
    generation: int
    file: str
    number: str
    problem: int
    log: int
    upload: str


class House:
    """The council's machine."""

    def __init__(self, home: Path) -> None:
        self.desk = Desk(home)
        self.context: Context = self.desk.context()
        self.settings = self.context.settings
        self.accounts = Accounts(self.context.engine, self.settings.secret_bytes())

    def close(self) -> None:
        self.context.engine.dispose()

    @property
    def journal(self) -> Journal:
        return open_journal(self.settings)

    def entries(self) -> list[tuple[Any, ...]]:
        """Who did what to what, and how it ended, as the database has it."""
        with closing(sqlite3.connect(self.desk.home / "audit.db")) as database:
            query = "SELECT account, via, action, subject, outcome FROM journal ORDER BY id"
            return database.execute(query).fetchall()

    def open(self, name: str) -> Opened:
        role, party = PEOPLE[name]
        return self.accounts.add(name, f"見本の{name}", role, party, datetime.now(UTC))

    def account(self, name: str) -> int:
        return next(row.id for row in self.accounts.everyone() if row.name == name)

    def session(self, name: str) -> Inside:
        """Inside with a browser, past the door: a one-time code is good once, and tests come in often."""
        cookie, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), datetime.now(UTC)
        values = {"sha256": sha256(cookie.encode()).hexdigest(), "account_id": self.account(name), "csrf": csrf}
        with writing(self.context.engine) as connection:
            rows.open_session(connection, values | {"opened_at": now, "seen_at": now})
        return Inside(PEOPLE[name][0], {"cookie": f"{COOKIE}={cookie}"}, csrf)

    def token(self, name: str, *scopes: Scope) -> Inside:
        """Come in with a machine; without a scope, with all of the role."""
        role = PEOPLE[name][0]
        token = self.accounts.add_token(name, "test", scopes or SCOPES_OF[role], 30, datetime.now(UTC))
        return Inside(role, {"authorization": f"Bearer {token}"}, scope=scopes[0] if len(scopes) == 1 else None)

    def set_at_work(self) -> None:
        """Runs that are gone on with: whoever may start that is told so, and no process is started for a test."""
        with writing(self.context.engine) as connection:
            for run in (RUN, OTHER_RUN):
                jobs.start(connection, run, datetime.now(UTC))

    def change(self, statement: str) -> None:
        """Past all our own code."""
        with closing(sqlite3.connect(self.desk.home / "printjobs.db")) as database:
            database.execute(statement)
            database.commit()


def code(opened: Opened, now: datetime) -> str:
    """What the authenticator app shows."""
    secret = parse_qs(urlsplit(opened.otpauth).query)["secret"][0]
    return pyotp.TOTP(secret).at(now)


def write_everything(home: Path) -> tuple[House, dict[str, Opened], Ids]:
    """A released run with a problem, a receipt, a report, an upload, and another vendor's run with a batch."""
    audited.release(home)
    house = House(home)
    people = {name: house.open(name) for name in PEOPLE}
    context, press = house.context, house.account(PRESS)
    with context.engine.connect() as connection:
        batch, generation = next((b.id, b.generation) for b in production.batches(connection, RUN))
    now = context.now()
    delivering.claim(context, batch, press, VENDOR, now)
    files = delivering.files(context, batch, VENDOR)
    told = [ReceivedFile(f.path, f.sha256, f.bytes, f.pages) for f in files]
    assert receiving.receive(context, batch, press, VENDOR, told, now).signed
    report = home.with_name(f"{home.name}-report.csv")
    rehearsal.write_scans(context, RUN, report, seed=1)
    report.write_text("".join(report.read_text().splitlines(keepends=True)[:2]) + "bad\n")
    settling.load_scans(context, RUN, report)
    upload = uploads.begin(context, RUN, press, "standard").id
    assert house.desk("run", "open", "property_tax", 2026).code == 0
    house.change(f"UPDATE run SET vendor = '{OTHER_VENDOR}' WHERE id = '{OTHER_RUN}'")
    columns = ", ".join(c for (_, c, *_) in house.desk.rows("PRAGMA table_info(batch)") if c not in ("id", "run_id"))
    house.change(
        f"INSERT INTO batch (id, run_id, {columns}) SELECT '{OTHER_RUN}-B01', '{OTHER_RUN}', {columns}"
        f" FROM batch WHERE id = '{batch}'"
    )
    ((problem,),) = house.desk.rows("SELECT min(id) FROM problem")
    ((log,),) = house.desk.rows("SELECT max(id) FROM scan_log")
    return house, people, Ids(batch, generation, "manifest.json", notice_number(1), problem, log, upload)


@contextmanager
def copied(house: House, home: Path) -> Iterator[House]:
    """A copy that may be changed; accounts, sessions and tokens are the same."""
    shutil.copytree(house.desk.home, home)
    copy = House(home)
    try:
        yield copy
    finally:
        copy.close()


def client(url: str, inside: Inside | None = None) -> httpx.Client:
    return httpx.Client(base_url=url, headers=inside.headers if inside else {}, timeout=60)
