"""What a vendor takes: released batches, who has a claim to each (lease), and the receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from printjobs.core.model import BatchStatus

from .dealings import Lease, Receipt
from .models import Batch, Run, columns
from .runs import Record

_B, _L, _R, _T = columns(Batch), columns(Lease), columns(Run), columns(Receipt)


def released(connection: Connection, vendor: str, now: datetime) -> Sequence[Record]:
    """A vendor's released batches by id: each with whose living lease it is under, until when, and its receipt's id."""
    lease = _L.account_id.label("leased_by"), _L.expires_at.label("leased_until")
    return connection.execute(
        select(*_B, *lease, _T.id.label("receipt_id"))
        .join(Run, _B.run_id == _R.id)
        .outerjoin(Lease, and_(_L.batch_id == _B.id, *_living(now)))
        .outerjoin(Receipt, _T.batch_id == _B.id)
        .where(_R.vendor == vendor, _B.status == BatchStatus.RELEASED)
        .order_by(_B.id)
    ).all()


def find_batch(connection: Connection, vendor: str, batch_id: str) -> Record | None:
    """A batch that was released to the vendor, be it posted by now; None for any other."""
    handed_over = (BatchStatus.RELEASED, BatchStatus.POSTED)
    where = (_B.id == batch_id, _R.vendor == vendor, _B.status.in_(handed_over))
    return connection.execute(select(*_B).join(Run, _B.run_id == _R.id).where(*where)).one_or_none()


def lock_batch(connection: Connection, batch_id: str) -> str:
    """The batch's status, held still until the transaction ends: of two that claim it at once, one is the first."""
    return str(connection.execute(select(_B.status).where(_B.id == batch_id).with_for_update()).scalar_one())


def living_lease(connection: Connection, batch_id: str, now: datetime) -> Record | None:
    """The one lease of a batch that has neither ended nor expired."""
    return connection.execute(select(*_L).where(_L.batch_id == batch_id, *_living(now))).one_or_none()


def add_lease(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(Lease).values(**values))


def renew_lease(connection: Connection, lease_id: int, expires_at: datetime) -> None:
    connection.execute(update(Lease).where(_L.id == lease_id).values(expires_at=expires_at))


def end_leases(connection: Connection, batch_id: str, at: datetime) -> None:
    """End what is open of a batch's leases, expired or not."""
    connection.execute(update(Lease).where(_L.batch_id == batch_id, _L.ended_at.is_(None)).values(ended_at=at))


def receipt(connection: Connection, batch_id: str) -> Record | None:
    return connection.execute(select(*_T).where(_T.batch_id == batch_id)).one_or_none()


def add_receipt(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(Receipt).values(**values))


def _living(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _L.ended_at.is_(None), _L.expires_at > now
