"""Reports that come in parts: how many bytes of each are here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from .dealings import Upload
from .models import columns
from .runs import Record

_U = columns(Upload)


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(Upload).values(**values))


def find(connection: Connection, upload_id: str) -> Record | None:
    return connection.execute(select(*_U).where(_U.id == upload_id)).one_or_none()


def grow(connection: Connection, upload_id: str, old: int, new: int) -> bool:
    """Note that bytes came; False when others came first, or the upload has ended."""
    where = (_U.id == upload_id, _U.size == old, _U.ended_at.is_(None))
    return connection.execute(update(Upload).where(*where).values(size=new)).rowcount > 0


def end(connection: Connection, upload_id: str, at: datetime) -> None:
    connection.execute(update(Upload).where(_U.id == upload_id, _U.ended_at.is_(None)).values(ended_at=at))


def abandoned(connection: Connection, before: datetime) -> Sequence[str]:
    """Ids of uploads that were begun before a moment and never ended."""
    return connection.execute(select(_U.id).where(_U.opened_at < before, _U.ended_at.is_(None))).scalars().all()
