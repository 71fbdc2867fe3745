"""Approvals (承認): which proof a city signed, who did and when. Append-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from .models import Approval, columns
from .runs import Record

_A = columns(Approval)


def find(connection: Connection, submission_id: int, proof_sha256: str) -> Record | None:
    """The approval of exactly this proof of this hand-in."""
    where = (_A.submission_id == submission_id, _A.proof_sha256 == proof_sha256)
    return connection.execute(select(*_A).where(*where)).one_or_none()


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(Approval).values(**values))


def of_run(connection: Connection, run_id: str) -> Sequence[Record]:
    """Every approval of a run, those of replaced hand-ins and earlier proofs included, in the order they came."""
    return connection.execute(select(*_A).where(_A.run_id == run_id).order_by(_A.id)).all()
