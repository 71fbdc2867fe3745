"""Runs that are all in the post, as their reports would have left them in the database: there in a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from printjobs import store
from printjobs.core.model import BatchStatus, PieceStatus, RunStatus, SubmissionStatus
from printjobs.core.plan import Piece
from printjobs.pipeline import Context
from printjobs.store import models, production, runs
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN

NOW = datetime(2026, 4, 12, 9, 30, tzinfo=UTC)
LATER, LAST = "resident_tax-2026", "late_elderly-2026"
MAILED = {RUN: "2026-04-10", LATER: "2026-06-05", LAST: "2027-03-10"}
PIECES = {KUSATSU: 30, MORIYAMA: 20, RITTO: 11}


def mailed(context: Context, run_id: str, pieces: Mapping[str, int] = PIECES) -> None:
    """A run all of whose pieces are in the post, one notice each."""
    batch, kind = f"{run_id}-B001", run_id.rpartition("-")[0]
    row = {"id": run_id, "code": kind[:4], "kind": kind, "year": 2026, "mailing_date": MAILED[run_id], "opened_at": NOW}
    row |= {"layout_version": "2026-1", "layout_sha256": "", "fonts_sha256": "", "status": RunStatus.RELEASED}
    with store.writing(context.engine) as connection:
        runs.add_run(connection, row)
        for city, count in pieces.items():
            values = {"run_id": run_id, "city": city, "sha256": city, "status": SubmissionStatus.ACCEPTED, "inbox": ""}
            runs.add_submission(connection, values | {"notices": count})
        same = {"run_id": run_id, "number": 1, "generation": 1, "class_code": "S4", "slips": True, "inserts": 1}
        same |= {"sheet_class": 4, "pieces": sum(pieces.values()), "sheets": 0, "pages": 0}
        production.add_batch(connection, same | {"id": batch, "status": BatchStatus.POSTED})
        each = (Piece(city, "525", "5250034", "1", 2, 1, True, (0,)) for city, n in pieces.items() for _ in range(n))
        production.add_pieces(connection, batch, 1, each)
        connection.execute(models.Piece.__table__.update().values(status=PieceStatus.MAILED))  # type: ignore[attr-defined]
