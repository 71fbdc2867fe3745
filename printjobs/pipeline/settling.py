"""The vendor's reports: joined with every sheet, settling every piece."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from hashlib import file_digest
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs.core.marks import sheet
from printjobs.core.model import BadInput, BatchStatus, PieceStatus, Refused, RunStatus
from printjobs.core.pieces import Expected, Pieces
from printjobs.core.reconcile import DISPOSITIONS, Event, Finding, Reconciler
from printjobs.store import production, runs, tracking, writing
from printjobs.store.runs import Record

from .context import Context, Step
from .planning import reprint

COLUMNS = ("time", "event", "batch", "piece", "mark", "status", "count")
_EVENTS = ("sheet", "piece", "post")
_DIGITS = 9
_PART = 10_000  # lines read, judged and written at a time


class Settled(NamedTuple):
    """What a report did: lines read, pieces by new status, findings, and whether it came before.

    ``held`` says why reprints were not made on their own, else it is empty.
    """

    lines: int
    statuses: dict[str, int]
    findings: list[Finding]
    reprints: list[Step]
    held: str
    again: bool


def load_scans(context: Context, run_id: str, path: Path) -> Settled:
    """Take a report once, whole; then plan reprints for what it leaves spoiled or missing."""
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
            return Settled(before.lines, {}, [], [], "", again=True)
        if status == RunStatus.CLOSED:
            raise Refused(f"回 {run_id} は締めてあります。新しい報告は受け取れません。内容を受託者と確かめてください。")
        log = tracking.add_scan_log(connection, run_id, data_hash)
        lines, counts, findings = _take(context, connection, run, log, _events(path))
        tracking.end_scan_log(connection, log, lines)
        detail = " ".join(f"{k} {v}" for k, v in sorted(counts.items()))
        runs.add_event(connection, run_id, context.now(), "scans", data_hash[:16], f"lines {lines} {detail}")
    try:
        steps, held = reprint(context, run_id), ""
    except Refused as ceiling:
        steps, held = [], str(ceiling)
    return Settled(lines, dict(counts), findings, steps, held, again=False)


def _take(
    context: Context, connection: Connection, run: Record, log: int, events: Iterator[Event]
) -> tuple[int, Counter[str], list[Finding]]:
    """Settle pieces by a report, part by part: its lines, how many pieces got which status, what to look at."""
    pieces = _released(connection, run.id)
    mark_key = context.mark_key(run.id)
    reconciler = Reconciler(pieces, lambda text: sheet.decode(text, mark_key), run.code)
    lines, findings = 0, list[Finding]()
    seen: Counter[bool] = Counter()  # sheets that were read, by whether they are of another run
    while part := list(islice(events, _PART)):
        result = reconciler.feed(part)
        tracking.add_sightings(connection, log, result.sightings)
        tracking.add_findings(connection, log, result.findings)
        lines += len(part)
        findings += result.findings
        seen.update(sighting.code == "foreign" for sighting in result.sightings if sighting.code != "unread")
        result.sightings.clear()
        result.findings.clear()
    if seen[True] and not seen[False]:  # batches have the same numbers in every run: it would spoil all of them
        raise BadInput(
            f"報告ファイルに、回 {run.id} の紙が1枚もありません（別の回の紙 {seen[True]:,}枚）。"
            "何も取り込んでいません。どの回の報告かを確かめてください。"
        )
    ids = {b.number: b.id for b in production.batches(connection, run.id)}
    moves = pieces.moves()
    for move in moves:
        moved = ((ids[batch], number) for batch, number in pieces.moved(*move))
        production.set_piece_statuses(connection, _way(*move), moved)
    for batch in reconciler.result.posted:
        production.batch_posted(connection, ids[batch])
    counts: Counter[str] = Counter()
    for (_, new), count in moves.items():
        counts[str(new)] += count
    return lines, counts, findings


def _released(connection: Connection, run_id: str) -> Pieces:
    """What was released and how it stands before a report."""
    pieces = Pieces(
        ((r.batch, r.number), Expected(r.sheets, r.generation, PieceStatus(r.status)))
        for r in production.released_pieces(connection, run_id)
    )
    for batch, piece, number in tracking.seen_sheets(connection, run_id):
        pieces.remember((batch, piece), number)
    return pieces


def _way(old: PieceStatus, new: PieceStatus) -> tuple[PieceStatus, ...]:
    """The legal steps from one status to another: nothing is mailed that was not inserted."""
    if (old, new) == (PieceStatus.RELEASED, PieceStatus.MAILED):
        return (old, PieceStatus.INSERTED, new)
    return (old, new)


def _events(path: Path) -> Iterator[Event]:
    """A report in the plain CSV form; :class:`BadInput` with the line when it is not one."""
    with path.open("rb") as raw:
        reader = csv.reader(TextIOWrapper(raw, encoding="utf-8-sig", newline=""), strict=True)
        line = 1
        try:
            header = next(reader, None)
            if header != list(COLUMNS):
                raise BadInput(f"報告ファイルの見出しが違います。{','.join(COLUMNS)} の順の列にしてください。")
            for line, cells in enumerate(reader, start=2):
                yield _event(line, cells)
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadInput(
                f"報告ファイルの{line + 1}行目付近を読めません（{error}）。出力し直してください。"
            ) from error


def _event(line: int, cells: list[str]) -> Event:
    if len(cells) != len(COLUMNS):
        raise BadInput(f"報告ファイルの{line}行目は{len(cells)}列です。{len(COLUMNS)}列にしてください。")
    _, what, batch, piece, mark, disposition, count = cells
    sound = (
        what in _EVENTS
        and all(not c or (c.isascii() and c.isdigit() and len(c) <= _DIGITS) for c in (batch, piece, count))
        and (what != "piece" or (disposition in DISPOSITIONS and piece))
        and (what == "sheet" or batch)
        and (what != "post" or count)  # a posting that does not say how many is no posting
    )
    if not sound:
        raise BadInput(
            f"報告ファイルの{line}行目を読めません。event は {'・'.join(_EVENTS)}、"
            f"status は {'・'.join(DISPOSITIONS)}、番号は半角数字にしてください。"
        )
    return Event(line, what, int(batch or 0), int(piece or 0), mark, disposition, int(count or 0))


def all_posted(context: Context, run_id: str) -> bool:
    """Whether every batch of the run is in the post and nothing waits for a reprint."""
    with context.engine.connect() as connection:
        batches = production.batches(connection, run_id)
        return (
            bool(batches)
            and all(b.status == BatchStatus.POSTED for b in batches)
            and not production.count_pieces(connection, run_id, PieceStatus.SPOILED)
        )
