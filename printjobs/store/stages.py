"""Stages (工程の報告): how far the vendor says a batch is. A row a batch and stage, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from .dealings import Stage
from .models import columns

_S = columns(Stage)


def told(connection: Connection, batch_id: str) -> dict[str, int]:
    """The counts of a batch's stages so far, by stage."""
    rows = connection.execute(select(_S.stage, _S.count).where(_S.batch_id == batch_id).order_by(_S.id))
    return {stage: int(count) for stage, count in rows}


def add(connection: Connection, batch_id: str, stage: str, count: int, at: datetime) -> None:
    connection.execute(insert(Stage).values(batch_id=batch_id, stage=stage, count=count, at=at))
