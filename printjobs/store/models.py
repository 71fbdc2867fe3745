"""The tables: what is asked about, in light rows. A notice's content stays in record files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel


class Run(SQLModel, table=True):
    """One notice kind of one year. What was pinned when it was opened never changes under it."""

    id: str = Field(primary_key=True)
    code: str = Field(unique=True)
    kind: str
    year: int
    mailing_date: str
    layout_version: str
    layout_sha256: str
    fonts_sha256: str
    status: str
    opened_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    # JSON: name and sha256 of each. Columns that came later have a server default, for the rows that were there.
    faces: str = Field(default="[]", sa_column=Column(Text, nullable=False, default="[]", server_default="[]"))
    gaiji_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    profiles_sha256: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    vendor: str = Field(default="standard", sa_column_kwargs={"server_default": "standard"})
    due_date: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    postage_delay: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Submission(SQLModel, table=True):
    """One hand-in of one city: what its transmittal said and what intake counted itself."""

    __table_args__ = (UniqueConstraint("run_id", "city", "sha256"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    city: str
    sha256: str
    status: str
    inbox: str
    records: str = ""
    notices: int = 0
    rejected: int = 0
    tax_total: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    reason: str = Field(default="", sa_column=Column(Text, nullable=False, default=""))
    gaiji_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Problem(SQLModel, table=True):
    """One fault in a city's data, as the city sees it."""

    id: int | None = Field(default=None, primary_key=True)
    submission_id: int = Field(foreign_key="submission.id", index=True)
    file: str
    row: int
    column: str
    code: str
    message: str = Field(sa_column=Column(Text, nullable=False))
    notice_number: str = ""


class Batch(SQLModel, table=True):
    """What the vendor prints and inserts as one job. Sheets and pages are paper, separators included."""

    id: str = Field(primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    number: int
    generation: int
    class_code: str
    slips: bool
    inserts: int
    sheet_class: int
    status: str
    pieces: int
    sheets: int
    pages: int
    manifest_sha256: str = ""


class PrintFile(SQLModel, table=True):
    """A run of pieces that one task renders and one PDF holds."""

    __tablename__ = "print_file"

    id: str = Field(primary_key=True)
    batch_id: str = Field(foreign_key="batch.id", index=True)
    sequence: int
    first: int
    last: int
    separators: int
    sheets: int
    pages: int
    status: str
    sha256: str = ""
    bytes: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))


class Piece(SQLModel, table=True):
    """One envelope of one generation; a reprint is a new row and the old one is superseded.

    ``batch_id`` is no foreign key: to look the same few batches up a million times takes PostgreSQL 3 s. Pieces are
    added with their batch, in one transaction, and releasing counts those of the batches that are there.
    """

    batch_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    generation: int
    city: str
    office: str
    zip: str
    sheets: int
    inserts: int
    slips: bool
    notices: int
    status: str
    barcode: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    posting: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Posting(SQLModel, table=True):
    """How pieces of a run are handed to the post (差出し), fixed when it is planned; ``core/postage/posting.py``.

    A run that was planned before there were postings has none: its pieces are in 0, the undiscounted one.
    """

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    number: int = Field(primary_key=True)
    route: str
    delay: int
    regional: bool


class Notice(SQLModel, table=True):
    """An accepted notice: what planning asks about it, and where its record is, in which file at which bytes."""

    __table_args__ = (UniqueConstraint("run_id", "city", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    submission_id: int = Field(foreign_key="submission.id", index=True)
    run_id: str = Field(foreign_key="run.id")
    city: str
    number: str
    owner: str
    office: str
    zip: str
    sheets: int
    slips: bool
    inserts: int
    start: int = Field(sa_column=Column(BigInteger, nullable=False))
    length: int
    barcode: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class Placement(SQLModel, table=True):
    """In which piece a notice is. One row a notice and generation, so that it cannot be in two; the newest stands.

    Append-only: a reprint is another row, and what an envelope held before stays known. A table of its own, because a
    million rows are inserted three times as quickly as they are changed. ``notice_id`` is no foreign key: looked up a
    million times at random places it takes as long as all else of this table. A run's notices are only deleted while
    it is open, when none is placed.
    """

    __table_args__ = (
        Index("ix_placement_piece", "batch_id", "piece"),
        ForeignKeyConstraint(["batch_id", "piece"], ["piece.batch_id", "piece.number"]),
    )

    notice_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    generation: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    batch_id: str
    piece: int


class Approval(SQLModel, table=True):
    """Append-only: a city's signature (承認) under one proof, named by its SHA-256. ``by`` is a person's name."""

    __table_args__ = (UniqueConstraint("submission_id", "proof_sha256"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    city: str
    submission_id: int = Field(foreign_key="submission.id")
    proof_sha256: str
    by: str
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ScanLog(SQLModel, table=True):
    """A report file of the vendor's machines, taken once. ``bad`` rows of its ``lines`` could not be read."""

    __tablename__ = "scan_log"
    __table_args__ = (UniqueConstraint("run_id", "sha256"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    sha256: str
    lines: int
    layout: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    bad: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class Scan(SQLModel, table=True):
    """One sheet that a camera saw, joined with its piece. ``code`` is empty when all is well."""

    id: int | None = Field(default=None, primary_key=True)
    log_id: int = Field(foreign_key="scan_log.id", index=True)
    line: int
    batch: int
    piece: int
    sheet: int
    code: str


class Finding(SQLModel, table=True):
    """Something in a report that somebody has to look at. ``batch`` and ``piece`` are 0 when unknown."""

    id: int | None = Field(default=None, primary_key=True)
    log_id: int = Field(foreign_key="scan_log.id", index=True)
    line: int
    batch: int
    piece: int
    code: str
    message: str = Field(sa_column=Column(Text, nullable=False))


class Event(SQLModel, table=True):
    """Append-only: what was done to what, when. Ids and counts, never a name."""

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(index=True)
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    what: str
    subject: str
    detail: str = Field(default="", sa_column=Column(Text, nullable=False, default=""))


class Charge(SQLModel, table=True):
    """The cost ledger, append-only: one city's share of one invoice line. A correction is another line.

    ``group`` is the item's (``core/cost/bill.py``). ``month``, in which it counts, is that of the run's mailing or, if
    that was closed already, a later one. A settlement has no ``reason`` and its city's number of ``notices``; a
    correction has a reason, ``by`` whom, and no notices.
    """

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    city: str
    item: str
    rule: str
    basis: str
    yen: int = Field(sa_column=Column(BigInteger, nullable=False))
    notices: int
    at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))
    by: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    month: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    group: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    reason: str = Field(default="", sa_column=Column(Text, nullable=False, default="", server_default=text("''")))


class Gaiji(SQLModel, table=True):
    """The council's one gaiji table (統一外字表), append-only: what a city's private-use code point means.

    A correction is another row; the newest of a key stands. ``version`` is the table's and goes up with each
    change (``core/gaiji.py`` has the rules and what the columns hold).
    """

    __table_args__ = (UniqueConstraint("city", "character_set", "code", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    version: int = Field(index=True)
    city: str
    character_set: str
    code: str
    state: str
    mj: str = ""
    text: str = Field(default="", sa_column=Column(Text, nullable=False, default=""))
    glyph: str = ""
    by: str = ""
    date: str = ""
    ground: str = Field(default="", sa_column=Column(Text, nullable=False, default=""))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def columns(model: type[SQLModel]) -> Any:
    """A table's columns, for queries that return rows. Untyped: SQLModel gives attributes their values' types."""
    return model.__table__.c  # type: ignore[attr-defined]
