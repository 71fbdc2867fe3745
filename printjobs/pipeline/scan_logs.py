"""The vendor's reports as they came: which, how they were read, what to look at, and the rows nobody could read."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from printjobs.core.model import NotFound
from printjobs.core.reconcile import Finding
from printjobs.store import tracking
from printjobs.store.runs import Record

from .context import Context


class Came(NamedTuple):
    """A report of a run: ``bad`` of its ``lines`` could not be read, and so many ``findings`` are to be looked at.

    ``layout`` is ``stage`` for a posting that was told without a file. ``at`` is None for one of before the web.
    """

    log_id: int
    at: datetime | None
    sha256: str
    layout: str
    lines: int
    bad: int
    findings: int


class BadLine(NamedTuple):
    """A row that could not be read: its line, why in Japanese, its text (300 characters at most)."""

    line: int
    reason: str
    text: str


class Report(NamedTuple):
    """A report with all that a person has to look at."""

    came: Came
    findings: list[Finding]
    bad: list[BadLine]


def reports(context: Context, run_id: str) -> list[Came]:
    """The reports of a run in the order they came."""
    context.run(run_id)
    with context.engine.connect() as connection:
        return [_came(row, row.findings) for row in tracking.scan_logs(connection, run_id)]


def report(context: Context, run_id: str, log_id: int) -> Report:
    """One report; :class:`NotFound` when the run has none of this number."""
    with context.engine.connect() as connection:
        row = tracking.find_report(connection, run_id, log_id)
        if row is None:
            raise NotFound(f"回 {run_id} に報告 {log_id} はありません。scans list で番号を確かめてください。")
        rows = tracking.findings_of(connection, log_id)
        findings = [Finding(f.line, f.batch, f.piece, f.code, f.message) for f in rows]
        bad = [BadLine(b.line, b.reason, b.text) for b in tracking.bad_rows(connection, log_id)]
    return Report(_came(row, len(findings)), findings, bad)


def _came(row: Record, findings: int) -> Came:
    return Came(row.id, row.at, row.sha256, row.layout, row.lines, row.bad, findings)
