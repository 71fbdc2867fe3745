"""The tables of what people and machines do with a run: accounts, deliveries, pulls, returned mail, signatures.

Runs, notices, pieces and batches stand in ``models``. Names of persons stand in ``Account.shown`` and ``SignOff.by``
and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKeyConstraint, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


def _moment() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _perhaps() -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


def _text() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False, default=""))


class Account(SQLModel, table=True):
    """Who may come in. ``party``: the city's code, the vendor's name, empty for lead and auditor.

    ``shown`` is the person's name. The TOTP secret is not stored: it is derived from the operator's secret and
    ``totp_salt``. ``totp_step`` is the last one taken, so that no code is good twice.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    shown: str
    role: str
    party: str = ""
    password_hash: str
    totp_salt: str
    totp_step: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    failures: int = 0
    locked_until: datetime | None = _perhaps()
    created_at: datetime = _moment()
    disabled_at: datetime | None = _perhaps()


class AccountKey(SQLModel, table=True):
    """A public key of an account: ``kind`` is ``ssh`` (the SFTP gateway) or ``age`` (files encrypted to it)."""

    __tablename__ = "account_key"
    __table_args__ = (UniqueConstraint("account_id", "kind", "value"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    kind: str
    value: str = _text()
    added_at: datetime = _moment()
    removed_at: datetime | None = _perhaps()


class WebSession(SQLModel, table=True):
    """A browser that is logged in: the SHA-256 of its cookie, and what its forms must carry."""

    __tablename__ = "web_session"

    sha256: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    csrf: str
    opened_at: datetime = _moment()
    seen_at: datetime = _moment()
    ended_at: datetime | None = _perhaps()


class ApiToken(SQLModel, table=True):
    """A machine's key, by its SHA-256. ``scopes`` are words with blanks between them."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    name: str
    sha256: str = Field(unique=True)
    scopes: str
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    revoked_at: datetime | None = _perhaps()


class JournalEntry(SQLModel, table=True):
    """Append-only: every request that reads or changes, each with the hash of the one before (``trust/journal.py``).

    The database refuses to change or delete a row. ``at`` is ISO text in UTC, because it is hashed as it stands.
    """

    __tablename__ = "journal"

    id: int | None = Field(default=None, primary_key=True)
    at: str
    account: str
    role: str
    via: str
    action: str
    subject: str
    outcome: int
    detail: str = _text()
    previous: str
    hash: str = Field(unique=True)


class Lease(SQLModel, table=True):
    """A vendor's claim to a batch, until it expires or ends with the receipt."""

    id: int | None = Field(default=None, primary_key=True)
    batch_id: str = Field(foreign_key="batch.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    claimed_at: datetime = _moment()
    expires_at: datetime = _moment()
    ended_at: datetime | None = _perhaps()


class Receipt(SQLModel, table=True):
    """What the vendor computed of a batch, equal to the manifest, counter-signed. One a batch.

    ``signed`` is the JSON that the vendor keeps: what was received, and the lead's signature under it.
    """

    id: int | None = Field(default=None, primary_key=True)
    batch_id: str = Field(foreign_key="batch.id", unique=True)
    account_id: int = Field(foreign_key="account.id")
    at: datetime = _moment()
    signed: str = _text()


class Stage(SQLModel, table=True):
    """How far the vendor says a batch is: accepted, printed, inserted, posted; once each."""

    __table_args__ = (UniqueConstraint("batch_id", "stage"),)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: str = Field(foreign_key="batch.id", index=True)
    stage: str
    count: int
    at: datetime = _moment()


class Upload(SQLModel, table=True):
    """A report that comes in parts: how many bytes of it are here."""

    id: str = Field(primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    layout: str
    size: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    opened_at: datetime = _moment()
    ended_at: datetime | None = _perhaps()


class SentReport(SQLModel, table=True):
    """What the vendor is told of a report that it put on the SFTP gateway, by the name that it gave: the newest one."""

    __tablename__ = "sent_report"

    run_id: str = Field(foreign_key="run.id", primary_key=True)
    name: str = Field(primary_key=True)
    at: datetime = _moment()
    told: str = _text()


class BadRow(SQLModel, table=True):
    """A row of a report that could not be read: kept, shown, and of no effect."""

    __tablename__ = "bad_row"

    id: int | None = Field(default=None, primary_key=True)
    log_id: int = Field(foreign_key="scan_log.id", index=True)
    line: int
    reason: str = _text()
    text: str = _text()


class LiveScan(SQLModel, table=True):
    """A sheet that a machine on line asked about and was told is in order; each once. Reports settle, not these."""

    __tablename__ = "live_scan"

    batch_id: str = Field(primary_key=True)
    piece: int = Field(primary_key=True)
    sheet: int = Field(primary_key=True)
    machine: str
    at: datetime = _moment()


class LiveMachine(SQLModel, table=True):
    """The last sheet in order that a machine on line showed."""

    __tablename__ = "live_machine"

    run_id: str = Field(primary_key=True)
    machine: str = Field(primary_key=True)
    batch_id: str
    piece: int
    sheet: int


class PullOrder(SQLModel, table=True):
    """A city's order not to mail a notice (引抜き). ``batch_id`` and ``piece`` name the envelope that the vendor has.

    Both are empty when the notice was not released; ``diverted_at`` is when the vendor reported the envelope diverted.
    """

    __tablename__ = "pull_order"
    __table_args__ = (UniqueConstraint("run_id", "city", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    city: str
    number: str
    reason: str
    ordered_at: datetime = _moment()
    batch_id: str = ""
    piece: int = 0
    diverted_at: datetime | None = _perhaps()


class Returned(SQLModel, table=True):
    """An envelope that came back from the post (返戻), by the mark on one of its sheets. Once each."""

    __table_args__ = (
        UniqueConstraint("batch_id", "piece"),
        ForeignKeyConstraint(["batch_id", "piece"], ["piece.batch_id", "piece.number"]),
    )

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    city: str
    batch_id: str
    piece: int
    reason: str
    at: datetime = _moment()


class Cutoff(SQLModel, table=True):
    """Until when a city hands in, and what its being late does to the run: ``leave_out`` or ``hold``."""

    run_id: str = Field(foreign_key="run.id", primary_key=True)
    city: str = Field(primary_key=True)
    date: str
    late: str


class ReleaseRequest(SQLModel, table=True):
    """One person asked for a release of exactly these batches; another one confirms it, or it is withdrawn.

    ``manifests`` is JSON: the manifest's SHA-256 by batch id.
    """

    __tablename__ = "release_request"

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    manifests: str = _text()
    asked_by: int = Field(foreign_key="account.id")
    asked_at: datetime = _moment()
    confirmed_by: int | None = Field(default=None, foreign_key="account.id")
    ended_at: datetime | None = _perhaps()


class Job(SQLModel, table=True):
    """A ``run go`` that was started from the web. ``failed`` says what stopped it.

    ``seen_at`` is written every few seconds while it works: one that was killed cannot say that it ended.
    """

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    started_at: datetime = _moment()
    seen_at: datetime = _moment()
    ended_at: datetime | None = _perhaps()
    failed: str = _text()


class SignOff(SQLModel, table=True):
    """A city's signature under a run's audit report: what it saw, in JSON, and the SHA-256 of the signed PDF."""

    __tablename__ = "sign_off"
    __table_args__ = (UniqueConstraint("run_id", "city"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    city: str
    by: str
    at: datetime = _moment()
    figures: str = _text()
    pdf_sha256: str
    journal_hash: str


class ProofRoot(SQLModel, table=True):
    """The Merkle root over a city's notices of a batch (``core/merkle.py``); ``leaves`` of them."""

    __tablename__ = "proof_root"

    run_id: str = Field(foreign_key="run.id", primary_key=True)
    city: str = Field(primary_key=True)
    batch_id: str = Field(primary_key=True)
    root: str
    leaves: int
    at: datetime = _moment()
