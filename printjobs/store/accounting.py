"""The tables beside the ledger: invoices, the tables that runs were charged by, closed months and years."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


def _moment() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _yen() -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False))


class Invoice(SQLModel, table=True):
    """An invoice (請求書) for a run as it was sent. ``issuer``: ``vendor`` or ``post``.

    ``number`` and ``date`` are its issuer's own. One that was wrong stays and is withdrawn by another
    (``replaced_by``). ``month`` and ``withdrawn_month`` are those in which it counts and counts no longer.
    """

    __table_args__ = (UniqueConstraint("issuer", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    issuer: str
    number: str
    date: str
    sha256: str
    yen: int = _yen()
    month: str
    at: datetime = _moment()
    replaced_by: int | None = Field(default=None, foreign_key="invoice.id")
    withdrawn_month: str = ""


class InvoiceLine(SQLModel, table=True):
    """One line of an invoice; ``unit_yen`` is decimal text."""

    __tablename__ = "invoice_line"

    invoice_id: int = Field(primary_key=True, foreign_key="invoice.id")
    line: int = Field(primary_key=True)
    item: str = Field(sa_column=Column(Text, nullable=False))
    quantity: int
    unit_yen: str
    yen: int = _yen()


class DatedTable(SQLModel, table=True):
    """Append-only: a dated reference file that a run was charged by, as it was then. ``run_id``: the first such run."""

    __tablename__ = "dated_table"

    name: str = Field(primary_key=True)
    sha256: str
    run_id: str = Field(foreign_key="run.id")
    at: datetime = _moment()


class Closing(SQLModel, table=True):
    """Append-only: a month (``2026-05``) or fiscal year (``2026``) that is closed, and its figures at that time.

    ``by`` is a person's name.
    """

    period: str = Field(primary_key=True)
    invoice_yen: int = _yen()
    charged_yen: int = _yen()
    notices: int
    by: str
    at: datetime = _moment()
