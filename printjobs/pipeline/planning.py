"""Plan a run's joint batches, and the reprints that go one generation up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core import plan as planner
from printjobs.core.model import BatchStatus, FileStatus, PieceStatus, Refused, RunStatus
from printjobs.core.plan import Batch
from printjobs.store import production, runs, writing
from printjobs.store.models import Run
from printjobs.store.runs import Record, change_status

from .context import Context, Step
from .gaiji import refuse_outdated


def plan(context: Context, run_id: str) -> list[Step]:
    """The plan step: every accepted notice into exactly one piece of one batch, all at once."""
    run = context.run(run_id)
    kind = context.kind(run.kind)
    rules = context.rules(kind)
    with writing(context.engine) as connection:
        if not change_status(connection, Run, Run.id, run_id, RunStatus.OPEN, RunStatus.PLANNED):
            return []
        notices = list(production.plan_notices(connection, run_id))
        if not notices:
            raise Refused(
                f"回 {run_id} に受け取った通知がありません。submit で市のデータを受け取ってから実行してください。"
            )
        refuse_outdated(context, connection, run)
        batches = planner.make_batches(planner.make_pieces(notices, groups=kind.groups), rules)
        placed = sum(len(p.notices) for b in batches for p in b.pieces)
        if placed != len(notices):  # law 2, before anything is written
            raise AssertionError(f"{len(notices)} notices but {placed} places")
        files = _save(connection, context, run, [(1, batch) for batch in batches], first=1)
        detail = f"notices {len(notices)} batches {len(batches)} files {len(files)}"
        runs.add_event(connection, run_id, context.now(), "plan", run_id, detail)
    return [Step("render", (f,)) for f in files]


def _save(
    connection: Connection, context: Context, run: Record, batches: Iterable[tuple[int, Batch]], first: int
) -> list[str]:
    """Write batches with their generation, numbered from ``first``; returns the ids of their files."""
    rules = context.rules(context.kind(run.kind))
    file_ids: list[str] = []
    for number, (generation, batch) in enumerate(batches, start=first):
        batch_id = f"{run.id}-B{number:03d}"
        sheets = sum(f.sheets for f in batch.files)
        production.add_batch(
            connection,
            {
                "id": batch_id,
                "run_id": run.id,
                "number": number,
                "generation": generation,
                "class_code": batch.batch_class.code,
                "slips": batch.batch_class.slips,
                "inserts": batch.batch_class.inserts,
                "sheet_class": batch.batch_class.sheets,
                "status": BatchStatus.PLANNED,
                "pieces": len(batch.pieces),
                "sheets": sheets,
                "pages": sheets * rules.pages_per_sheet,
            },
        )
        files = [
            {"id": f"{batch_id}-F{f.sequence:02d}", "batch_id": batch_id, "status": FileStatus.PLANNED, **f._asdict()}
            for f in batch.files
        ]
        production.add_files(connection, files)
        file_ids += [str(f["id"]) for f in files]
        production.add_pieces(connection, batch_id, generation, batch.pieces)
        production.place_notices(connection, batch_id, generation, batch.pieces)
    return file_ids


def reprint(context: Context, run_id: str, *, whatever: bool = False) -> list[Step]:
    """Put every spoiled piece into a reprint batch one generation up; the old sheets become invalid.

    Above the vendor profile's ceiling it is :class:`Refused`: so many spoiled pieces mean that something
    else is wrong. A person who has found out what it was says ``whatever``.
    """
    run = context.run(run_id)
    rules = context.rules(context.kind(run.kind))
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        spoiled = production.pieces_with_status(connection, run_id, PieceStatus.SPOILED)
        if not spoiled:
            return []
        if not whatever and len(spoiled) > ceiling(connection, run_id):
            raise Refused(
                f"作り直しが{len(spoiled):,}通あり、上限の{ceiling(connection, run_id):,}通を超えました。"
                "自動の作り直しを止めました。受託者と原因を確かめ、作り直すときは run reprint を行ってください。"
            )
        notices = production.notices_of_pieces(connection, run_id, PieceStatus.SPOILED)
        batches: list[tuple[int, Batch]] = []
        for generation in sorted({row.generation for row in spoiled}):
            pieces = [_again(row, notices[row.batch_id, row.number]) for row in spoiled if row.generation == generation]
            batches += [(generation + 1, batch) for batch in planner.make_batches(pieces, rules)]
        first = len(production.batches(connection, run_id)) + 1
        files = _save(connection, context, run, batches, first)
        superseded = (PieceStatus.SPOILED, PieceStatus.SUPERSEDED)
        production.set_piece_statuses(connection, superseded, ((r.batch_id, r.number) for r in spoiled))
        runs.add_event(
            connection, run_id, context.now(), "reprint", run_id, f"pieces {len(spoiled)} files {len(files)}"
        )
    return [Step("render", (f,)) for f in files]


def ceiling(connection: Connection, run_id: str) -> int:
    """How many pieces of a run are reprinted without asking, by the vendor profile."""
    everyone = sum(b.pieces for b in production.batches(connection, run_id) if b.generation == 1)
    return int(everyone * reference.vendor().insert.reprint_ceiling_percent / 100)


def _again(row: Record, notices: Sequence[int]) -> planner.Piece:
    """A spoiled piece as planning sees it. The number only orders pieces: its place in the old batch."""
    order = f"{row.batch_id}-{row.number:08d}"
    return planner.Piece(row.city, row.office, row.zip, order, row.sheets, row.inserts, row.slips, tuple(notices))
