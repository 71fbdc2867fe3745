"""A rehearsal of the vendor: what is released and not yet posted, played through a made-up inserter."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from printjobs.core.model import BatchStatus, Refused
from printjobs.reference.report_layout import STANDARD, report_layout
from printjobs.sample.inserter import ReleasedBatch, ReleasedPiece, play
from printjobs.store import production, pulls
from printjobs.store.runs import Record

from .context import Context
from .rendering import released_marks


def write_scans(context: Context, run_id: str, path: Path, seed: int) -> int:
    """Write a report file for every released batch and return its lines."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        batches = [b for b in production.batches(connection, run_id) if b.status == BatchStatus.RELEASED]
        pulled = {(e.batch_id, e.number) for e in pulls.envelopes(connection, run_id)}
    if not batches:
        raise Refused(f"回 {run_id} に引渡し済みで差出し前のバッチがありません。先に release を行ってください。")
    lines = 0
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(report_layout(STANDARD).columns)
        for row in play((_batch(context, run, b, pulled) for b in batches), seed):
            writer.writerow(row)
            lines += 1
    temporary.replace(path)
    return lines


def _batch(context: Context, run: Record, batch: Record, pulled: set[tuple[str, int]]) -> ReleasedBatch:
    def pieces() -> Iterator[ReleasedPiece]:
        for number, texts in released_marks(context, run, batch):
            yield ReleasedPiece(number, texts, (batch.id, number) in pulled)

    return ReleasedBatch(batch.number, batch.generation, batch.sheet_class == 0, pieces())
