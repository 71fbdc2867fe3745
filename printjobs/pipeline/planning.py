"""Plan a run's joint batches, and the reprints that go one generation up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec
from sqlalchemy import Connection

from printjobs import reference
from printjobs.core import plan as planner
from printjobs.core.model import BatchStatus, FileStatus, PieceStatus, Refused, RunStatus
from printjobs.core.plan import Batch
from printjobs.reference.costs import postage_table
from printjobs.store import production, pulls, runs, writing
from printjobs.store.models import Run
from printjobs.store.runs import Record, change_status

from . import lots, packaging
from .context import Context, Step
from .gaiji import refuse_outdated
from .scheduling import lawful_delay, refuse_waiting


def plan(context: Context, run_id: str) -> list[Step]:
    """The plan step: every accepted notice that is not pulled into exactly one piece of one batch, all at once."""
    run = context.run(run_id)
    kind = context.kind(run.kind)
    rules, table = context.rules(kind), postage_table(run.mailing_date)
    with writing(context.engine) as connection:
        if not change_status(connection, Run, Run.id, run_id, RunStatus.OPEN, RunStatus.PLANNED):
            return []
        refuse_waiting(context, connection, run_id)
        pulled = pulls.notices(connection, run_id)
        notices = [n for n in production.plan_notices(connection, run_id) if n.id not in pulled]
        if not notices:
            told = "引抜きを指示したもののほかに" if pulled else ""
            raise Refused(
                f"回 {run_id} に{told}受け取った通知がありません。submit で市のデータを受け取ってから実行してください。"
            )
        refuse_outdated(context, connection, run)
        pieces = planner.make_pieces(notices, groups=kind.groups)
        postings = lots.post(pieces, rules, table, lawful_delay(run, run.postage_delay))
        batches = planner.make_batches(pieces, rules)
        placed = sum(len(p.notices) for b in batches for p in b.pieces)
        if placed != len(notices):  # law 2, before anything is written
            raise AssertionError(f"{len(notices)} notices but {placed} places")
        files = _save(connection, context, run, [(1, batch) for batch in batches], first=1)
        production.add_postings(
            connection, [{"run_id": run_id, "number": p.number, **p.terms._asdict()} for p in postings]
        )
        detail = f"notices {len(notices)} batches {len(batches)} files {len(files)} postings {len(postings)}"
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

    Notices that are ordered to be pulled are left out. Above the vendor profile's ceiling it is :class:`Refused`: so
    many spoiled pieces mean that something else is wrong. A person who has found out what it was says ``whatever``.
    """
    run = context.run(run_id)
    rules = context.rules(context.kind(run.kind))
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        spoiled = production.pieces_with_status(connection, run_id, PieceStatus.SPOILED)
        if not spoiled:
            return []
        if not whatever and (many := over_ceiling(connection, run_id, spoiled)):
            raise Refused(
                f"作り直しが{many:,}通あり、上限の{ceiling(connection, run_id):,}通を超えました。"
                "自動の作り直しを止めました。とりまとめ市が受託者と原因を確かめ、画面か run reprint で作り直します。"
            )
        notices = production.notices_of_pieces(connection, run_id, PieceStatus.SPOILED)
        pulled = pulls.pieces(connection, run_id)
        batches: list[tuple[int, Batch]] = []
        for generation in sorted({row.generation for row in spoiled}):
            rows = [row for row in spoiled if row.generation == generation]
            pieces = _again(connection, rows, notices, pulled)
            batches += [(generation + 1, batch) for batch in planner.make_batches(pieces, rules)]
        first = len(production.batches(connection, run_id)) + 1
        files = _save(connection, context, run, batches, first)
        superseded = (PieceStatus.SPOILED, PieceStatus.SUPERSEDED)
        production.set_piece_statuses(connection, superseded, ((r.batch_id, r.number) for r in spoiled))
        runs.add_event(
            connection, run_id, context.now(), "reprint", run_id, f"pieces {len(spoiled)} files {len(files)}"
        )
    return [Step("render", (f,)) for f in files]


def over_ceiling(connection: Connection, run_id: str, spoiled: Iterable[Record]) -> int:
    """How many pieces the machines spoiled, if these are more than the ceiling; else 0.

    What is only made again because another notice of the envelope is pulled says nothing about the machines.
    """
    for_pulls = {(e.batch_id, e.number) for e in pulls.envelopes(connection, run_id)}
    many = sum((row.batch_id, row.number) not in for_pulls for row in spoiled)
    return many if many > ceiling(connection, run_id) else 0


def ceiling(connection: Connection, run_id: str) -> int:
    """How many pieces of a run are reprinted without asking, by the vendor profile."""
    everyone = sum(row.pieces for row in production.city_counts(connection, run_id))
    return int(everyone * reference.vendor().insert.reprint_ceiling_percent / 100)


def replan(context: Context, batch_id: str) -> list[Step]:
    """The step after a pull order: withdraw a batch that was not released, and plan what is left of it anew.

    Its number is never used again, so that no batch id has two contents; the new batches are one generation up, as
    a notice is placed once in each. Its files are deleted: they hold what nobody needs any more.
    """
    with context.engine.connect() as connection:
        batch = production.find_batch(connection, batch_id)
    run = context.run(batch.run_id)
    rules = context.rules(context.kind(run.kind))
    files: list[str] = []
    with writing(context.engine) as connection:
        runs.lock_run(connection, run.id)
        batch = production.find_batch(connection, batch_id)
        if batch_id in pulls.unreleased(connection, run.id) and production.withdraw_batch(connection, batch):
            rows = production.pieces(connection, batch_id)
            places = production.notice_places(connection, batch_id, 1, batch.pieces)
            notices = {(batch_id, n): [p.id for p in same] for n, same in groupby(places, attrgetter("piece"))}
            pieces = _again(connection, rows, notices, pulls.pieces(connection, run.id))
            batches = [(batch.generation + 1, made) for made in planner.make_batches(pieces, rules)]
            files = _save(connection, context, run, batches, len(production.batches(connection, run.id)) + 1)
            detail = f"pieces {len(pieces)} files {len(files)}"
            runs.add_event(connection, run.id, context.now(), "replan", batch_id, detail)
            packaging.run_packaged(connection, run.id)
        withdrawn = production.find_batch(connection, batch_id).status == BatchStatus.WITHDRAWN
    if withdrawn:
        context.files.sweep(f"batches/{batch_id}")
        context.files.delete_folder(f"batches/{batch_id}")
    return [Step("render", (f,)) for f in files]


def _again(
    connection: Connection,
    rows: Iterable[Record],
    notices: Mapping[tuple[str, int], Sequence[int]],
    pulled: set[tuple[str, int]],
) -> list[planner.Piece]:
    """Pieces that are made again, as planning sees them, without notices that are pulled; none of none.

    The number only orders them: it is their place in the old batch. They stay in the posting that they were in: it
    was counted with them.
    """
    made = []
    for row in rows:
        key, order = (row.batch_id, row.number), f"{row.batch_id}-{row.number:08d}"
        if key not in pulled:
            same = (row.city, row.office, row.zip, order, row.sheets, row.inserts, row.slips)
            made.append(planner.Piece(*same, tuple(notices[key]), row.barcode, row.posting))
        elif left := pulls.notices_left(connection, *key):
            made.append(msgspec.structs.replace(planner.together(left), number=order, posting=row.posting))
    return made
