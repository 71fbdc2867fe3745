"""The vendor's reports: joined with every sheet, settling every piece."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from hashlib import file_digest
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from printjobs.core.marks import sheet
from printjobs.core.model import BadInput, BatchStatus, PieceStatus, Refused, RunStatus
from printjobs.core.reconcile import DISPOSITIONS, Event, Expected, Finding, Key, Result, reconcile
from printjobs.store import production, runs, tracking, writing

from .context import Context, Step
from .planning import reprint

COLUMNS = ("time", "event", "batch", "piece", "mark", "status", "count")
_EVENTS = ("sheet", "piece", "post")
_DIGITS = 9


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
        seen = tracking.seen_sheets(connection, run_id)
        rows = production.run_pieces(connection, run_id)
        ids = {r.batch: r.batch_id for r in rows}
        before_status = {(r.batch, r.number): PieceStatus(r.status) for r in rows}
        expected = {
            key: Expected(r.sheets, r.generation, before_status[key], seen.get(key, ()))
            for r in rows
            if (key := (r.batch, r.number)) and r.status != PieceStatus.PLANNED
        }
        lines = [0]
        mark_key = context.mark_key(run_id)
        result = reconcile(expected, _events(path, lines), lambda text: sheet.decode(text, mark_key), run.code)
        changes = _changes(result, before_status)
        named = {change: [(ids[batch], piece) for batch, piece in keys] for change, keys in changes.items()}
        production.set_piece_statuses(connection, named)
        counts = Counter(str(new) for key, new in result.statuses.items() if new != before_status[key])
        for batch in result.posted:
            production.batch_posted(connection, ids[batch])
        log = tracking.add_scan_log(connection, run_id, data_hash, lines[0])
        tracking.add_sightings(connection, log, result.sightings)
        tracking.add_findings(connection, log, result.findings)
        detail = " ".join(f"{k} {v}" for k, v in sorted(counts.items()))
        runs.add_event(connection, run_id, context.now(), "scans", data_hash[:16], f"lines {lines[0]} {detail}")
    try:
        steps, held = reprint(context, run_id), ""
    except Refused as ceiling:
        steps, held = [], str(ceiling)
    return Settled(lines[0], dict(counts), result.findings, steps, held, again=False)


def _changes(result: Result, before: Mapping[Key, PieceStatus]) -> dict[tuple[PieceStatus, PieceStatus], list[Key]]:
    """Pieces by the step they make, in an order that makes each step legal: inserted before mailed."""
    changes: defaultdict[tuple[PieceStatus, PieceStatus], list[Key]] = defaultdict(list)
    for key, new in result.statuses.items():
        old = before[key]
        if old == PieceStatus.RELEASED and new == PieceStatus.MAILED:
            changes[PieceStatus.RELEASED, PieceStatus.INSERTED].append(key)
            old = PieceStatus.INSERTED
        if old != new:
            changes[old, new].append(key)
    return {change: changes[change] for change in sorted(changes, key=lambda c: c[1] == PieceStatus.MAILED)}


def _events(path: Path, lines: list[int]) -> Iterator[Event]:
    """A report in the plain CSV form; :class:`BadInput` with the line when it is not one."""
    with path.open("rb") as raw:
        reader = csv.reader(TextIOWrapper(raw, encoding="utf-8-sig", newline=""), strict=True)
        try:
            header = next(reader, None)
            if header != list(COLUMNS):
                raise BadInput(f"報告ファイルの見出しが違います。{','.join(COLUMNS)} の順の列にしてください。")
            for line, cells in enumerate(reader, start=2):
                lines[0] += 1
                yield _event(line, cells)
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadInput(
                f"報告ファイルの{lines[0] + 2}行目付近を読めません（{error}）。出力し直してください。"
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
            and not production.pieces_with_status(connection, run_id, PieceStatus.SPOILED)
        )
