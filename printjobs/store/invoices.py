"""Invoices of vendor and post office, as they were sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from .accounting import Invoice, InvoiceLine
from .models import columns
from .runs import Record

_I, _L = columns(Invoice), columns(InvoiceLine)


def find(connection: Connection, issuer: str, number: str) -> Record | None:
    """An invoice by its issuer's own number, withdrawn or not."""
    return connection.execute(select(*_I).where(_I.issuer == issuer, _I.number == number)).one_or_none()


def standing(connection: Connection, run_id: str, issuer: str) -> Record | None:
    """A run's invoice of an issuer that counts."""
    where = (_I.run_id == run_id, _I.issuer == issuer, _I.replaced_by.is_(None))
    return connection.execute(select(*_I).where(*where)).one_or_none()


def lines(connection: Connection, invoice_id: int) -> Sequence[Record]:
    return connection.execute(select(*_L).where(_L.invoice_id == invoice_id).order_by(_L.line)).all()


def add(connection: Connection, values: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> int:
    """An invoice with its lines, one or more, in order."""
    invoice = int(connection.execute(insert(Invoice).values(**values).returning(_I.id)).scalar_one())
    numbered = [{"invoice_id": invoice, "line": at, **row} for at, row in enumerate(rows, start=1)]
    connection.execute(insert(InvoiceLine), numbered)
    return invoice


def withdraw(connection: Connection, invoice_id: int, by: int, month: str) -> None:
    """It was wrong, and another stands instead of it from this month on."""
    connection.execute(update(Invoice).where(_I.id == invoice_id).values(replaced_by=by, withdrawn_month=month))


def all_invoices(connection: Connection) -> Sequence[Record]:
    """Every invoice of every run, withdrawn ones too, in the order they came."""
    return connection.execute(select(*_I).order_by(_I.id)).all()
