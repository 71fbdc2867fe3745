"""The vendor's reports: joined with every sheet, settling every piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs.core.marks import sheet
from printjobs.core.model import BadInput, BatchStatus, PieceStatus, Refused, RunStatus
from printjobs.core.pieces import Expected, Pieces
from printjobs.core.reconcile import Event, Finding, Reconciler
from printjobs.core.stages import TOLD_IN_ROWS, BatchCounts, Verdict, judge
from printjobs.intake.vendor_reports import BadRow, Row, read_report, taken_before
from printjobs.reference.report_layout import STANDARD, ReportLayout, report_layout
from printjobs.store import production, pulls, runs, stages, tracking, writing
from printjobs.store.runs import Record

from .context import Context, Step
from .encrypting import forget
from .planning import reprint

_PART = 10_000  # lines read, judged and written at a time
_NOT_BY_CHANCE = 10  # envelopes of which sheets passed again: a machine that jams doubles one or two


class Taken(NamedTuple):
    """What events did: lines, pieces by new status, what to look at, rows that could not be read, batches posted."""

    lines: int
    statuses: Counter[str]
    findings: list[Finding]
    bad: list[BadRow]
    posted: list[int]


class Settled(NamedTuple):
    """What a report did: lines read, pieces by new status, findings, bad rows, and whether it came before.

    ``held`` says why reprints were not made on their own, else it is empty.
    """

    lines: int
    statuses: dict[str, int]
    findings: list[Finding]
    bad: list[BadRow]
    reprints: list[Step]
    held: str
    again: bool


def load_scans(context: Context, run_id: str, path: Path, layout: str = STANDARD) -> Settled:
    """Take a report once, then plan reprints for what it leaves spoiled or missing.

    Rows that cannot be read are kept as they are, and the others count. The same bytes are the same report, whatever
    layout they are said to have.
    """
    declared = report_layout(layout)
    run = context.run(run_id)
    if run.status not in (RunStatus.RELEASED, RunStatus.CLOSED):
        raise Refused(f"回 {run_id} はまだ引き渡していません（{run.status}）。release の後で報告を取り込んでください。")
    try:
        with path.open("rb") as file:
            data_hash = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"報告ファイル {path.name} を開けません。ファイル名を確かめてください。") from error
    with writing(context.engine) as connection:
        status = runs.lock_run(connection, run_id)  # two reports at once would each decide by what was before both
        before = tracking.find_scan_log(connection, run_id, data_hash)
        if before is not None:
            return Settled(before.lines, {}, [], [], [], "", again=True)
        if status == RunStatus.CLOSED:
            raise Refused(f"回 {run_id} は締めてあります。新しい報告は受け取れません。内容を受託者と確かめてください。")
        earlier = {log.sha256: log.lines for log in tracking.scan_logs(connection, run_id)}
        with path.open("rb") as file:
            grown = taken_before(file, earlier, declared.header)
        if grown.is_all:
            return Settled(0, {}, [], [], [], "", again=True)
        log = tracking.add_scan_log(connection, run_id, data_hash, layout, context.now())
        taken = take(context, connection, run, log, _rows(path, declared, grown.line))
        tracking.end_scan_log(connection, log, grown.rows + taken.lines, len(taken.bad))
        detail = " ".join(f"{k} {v}" for k, v in sorted(taken.statuses.items()))
        told = f"lines {taken.lines} bad {len(taken.bad)} {detail}"
        runs.add_event(connection, run_id, context.now(), "scans", data_hash[:16], told)
    steps, held = reprint_if_allowed(context, run_id)
    return Settled(taken.lines, dict(taken.statuses), taken.findings, taken.bad, steps, held, again=False)


def reprint_if_allowed(context: Context, run_id: str) -> tuple[list[Step], str]:
    """The steps of the reprints that follow, or why a person has to decide."""
    try:
        return reprint(context, run_id), ""
    except Refused as ceiling:
        return [], str(ceiling)


def _rows(path: Path, layout: ReportLayout, after: int) -> Iterator[Row]:
    """The rows of a report behind a line; :class:`BadInput` at the end when not one could be read.

    A header alone is no fault, nor is a row that was added to an earlier report.
    """
    readable, alone = after > 0, layout.header
    with path.open("rb") as source:
        for row in read_report(source, layout, after):
            readable, alone = readable or not isinstance(row, BadRow), False
            yield row
    if not (readable or alone):
        raise BadInput(
            f"報告ファイルに、形式「{layout.title}」で読める行が1行もありません。何も取り込んでいません。"
            "形式を scans layouts で確かめてください。"
        )


def take(context: Context, connection: Connection, run: Record, log: int, rows: Iterable[Row]) -> Taken:
    """Settle pieces by rows, part by part. The run is locked, and ``log`` is where findings and sightings belong."""
    pieces = _released(connection, run.id)
    mark_key = context.mark_key(run.id)
    reconciler = Reconciler(pieces, lambda text: sheet.decode(text, mark_key), run.code)
    batches = {b.number: b for b in production.batches(connection, run.id)}
    lines, findings, bad = 0, list[Finding](), list[BadRow]()
    seen: Counter[bool] = Counter()  # sheets that were read, by whether they are of another run
    twice, doubled = 0, set[tuple[int, int]]()  # sheets that passed again, and some of their pieces
    left = iter(rows)
    while part := list(islice(left, _PART)):
        lines += len(part)
        unread = [row for row in part if isinstance(row, BadRow)]
        tracking.add_bad_rows(connection, log, ((b.event.line, b.reason, b.text) for b in unread))
        bad += unread
        events = [row.event if isinstance(row, BadRow) else row for row in part if row is not None]
        result = reconciler.feed(e for e in events if e.what not in TOLD_IN_ROWS and e.status not in TOLD_IN_ROWS)
        told = list(_tell(context, connection, batches, (e for e in events if e.what in TOLD_IN_ROWS)))
        tracking.add_sightings(connection, log, result.sightings)
        tracking.add_findings(connection, log, [*told, *result.findings])
        findings += [*told, *result.findings]
        seen.update(sighting.code == "foreign" for sighting in result.sightings if sighting.code != "unread")
        again = [(s.batch, s.piece) for s in result.sightings if s.code in ("again", "duplicate_sheet")]
        twice += len(again)
        if len(doubled) < _NOT_BY_CHANCE:
            doubled.update(again)
        result.sightings.clear()
        result.findings.clear()
    if seen[True] and not seen[False]:  # batches have the same numbers in every run: it would spoil all of them
        raise BadInput(
            f"報告ファイルに、回 {run.id} の紙が1枚もありません（別の回の紙 {seen[True]:,}枚）。"
            "何も取り込んでいません。どの回の報告かを確かめてください。"
        )
    if 2 * twice > seen[False] and len(doubled) >= _NOT_BY_CHANCE:
        raise BadInput(
            f"報告ファイルの紙の半分より多く（{twice:,}枚）が、前の報告にあった紙です。前に送った行を除き、新しい行だけを"
            "送ってください。何も取り込んでいません。"
        )
    moves = pieces.moves()
    for move in moves:
        moved = ((batches[batch].id, number) for batch, number in pieces.moved(*move))
        production.set_piece_statuses(connection, _way(*move), moved)
    for (batch, number), diverted in reconciler.result.pulls.items():
        pulls.set_diverted(connection, batches[batch].id, number, context.now() if diverted else None)
    for batch in reconciler.result.posted:
        if production.batch_posted(connection, batches[batch].id):
            mailed = pieces.count(batch, PieceStatus.MAILED)
            stages.add(connection, batches[batch].id, "posted", mailed, context.now())
            forget(context, batches[batch].id)
    counts: Counter[str] = Counter()
    for (_, new), count in moves.items():
        counts[str(new)] += count
    return Taken(lines, counts, findings, bad, reconciler.result.posted)


def _tell(
    context: Context, connection: Connection, batches: Mapping[int, Record], events: Iterable[Event]
) -> Iterator[Finding]:
    """Keep the stages that rows tell; what cannot be kept is a finding."""
    for event in events:
        batch = batches.get(event.batch)
        if batch is None or batch.status not in (BatchStatus.RELEASED, BatchStatus.POSTED):
            why = f"バッチ{event.batch}はこの回で引き渡していません。送り先を確かめてください。"
            yield Finding(event.line, event.batch, 0, "unknown_batch", why)
            continue
        verdict = judge_stage(connection, batch, event.what, event.count)
        if verdict.why:
            yield Finding(event.line, event.batch, 0, verdict.code, verdict.why)
        elif not verdict.again:
            stages.add(connection, batch.id, event.what, event.count, context.now())


def judge_stage(connection: Connection, batch: Record, stage: str, count: int) -> Verdict:
    """Whether a stage of a batch may be told now with this count."""
    known = BatchCounts(batch.pages, batch.sheets, batch.pieces)
    return judge(stage, count, stages.told(connection, batch.id), known)


def _released(connection: Connection, run_id: str) -> Pieces:
    """What was released and how it stands before a report."""
    pieces = Pieces(
        ((r.batch, r.number), Expected(r.sheets, r.generation, PieceStatus(r.status)))
        for r in production.released_pieces(connection, run_id)
    )
    for batch, piece, number in tracking.seen_sheets(connection, run_id):
        pieces.remember((batch, piece), number)
    for row in pulls.envelopes(connection, run_id):
        pieces.pull((row.batch, row.number), diverted=row.diverted_at is not None)
    return pieces


def _way(old: PieceStatus, new: PieceStatus) -> tuple[PieceStatus, ...]:
    """The legal steps from one status to another: nothing is mailed that was not inserted."""
    if (old, new) == (PieceStatus.RELEASED, PieceStatus.MAILED):
        return (old, PieceStatus.INSERTED, new)
    return (old, new)


def all_posted(context: Context, run_id: str) -> bool:
    """Whether every batch of the run is in the post and nothing waits for a reprint."""
    with context.engine.connect() as connection:
        batches = [b for b in production.batches(connection, run_id) if b.status != BatchStatus.WITHDRAWN]
        return (
            bool(batches)
            and all(b.status == BatchStatus.POSTED for b in batches)
            and not production.count_pieces(connection, run_id, PieceStatus.SPOILED)
        )
