"""What the vendor says of a batch as a whole: accepted, printed, inserted, posted (``core/stages.py`` has the rule)."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs.core.model import BatchStatus, NotFound, Refused, UsageError
from printjobs.core.reconcile import Event, Finding
from printjobs.core.stages import STAGES
from printjobs.store import production, runs, stages, tracking, writing
from printjobs.store.runs import Record

from .context import Context, Step
from .settling import judge_stage, reprint_if_allowed, take

LAYOUT = "stage"  # what a posting that was told by itself stands under among the reports


class Told(NamedTuple):
    """A stage that was taken, or was there already (``again``).

    ``findings``, ``reprints`` and ``held`` are of a posting: what nobody reported is missing, and made again.
    """

    again: bool
    findings: list[Finding]
    reprints: list[Step]
    held: str


def report_stage(context: Context, batch_id: str, stage: str, count: int) -> Told:
    """Keep that ``count`` pages (accepted), sheets (printed) or pieces (inserted, posted) of a batch are done.

    ``posted`` goes by the same rule as the line of a report: its pieces are mailed only when the count is that of the
    pieces seen inserted. The same again changes nothing. :class:`Refused` with both numbers for a count that differs
    or contradicts what was told, and with what is missing; that it was told is an event all the same.
    """
    if stage not in STAGES:
        raise UsageError(f"工程 {stage} はありません。次から選んでください: {'、'.join(STAGES)}")
    with writing(context.engine) as connection:
        batch = production.perhaps_batch(connection, batch_id)
        if batch is None:
            raise NotFound(f"バッチ {batch_id} はありません。番号を確かめてください。")
        runs.lock_run(connection, batch.run_id)
        batch = production.find_batch(connection, batch_id)  # as it is now that nobody else decides
        if batch.status not in (BatchStatus.RELEASED, BatchStatus.POSTED):
            raise Refused(f"バッチ {batch_id} は引き渡していません（{batch.status}）。引渡しの後で報告してください。")
        again, why, findings = _keep(context, connection, batch, stage, count)
        if not again:
            detail = f"{stage} {count}{' refused' if why else ''}"
            runs.add_event(connection, batch.run_id, context.now(), "stage", batch_id, detail)
    if why:
        raise Refused(why)
    steps, held = reprint_if_allowed(context, batch.run_id) if stage == "posted" else ([], "")
    return Told(again, findings, steps, held)


def _keep(
    context: Context, connection: Connection, batch: Record, stage: str, count: int
) -> tuple[bool, str, list[Finding]]:
    """Whether the stage was told before, why it is refused, and what a posting found."""
    verdict = judge_stage(connection, batch, stage, count)
    if verdict.again or verdict.why:
        return verdict.again, verdict.why, []
    if stage != "posted":
        stages.add(connection, batch.id, stage, count, context.now())
        return False, "", []
    at = context.now()
    with connection.begin_nested() as attempt:
        run = runs.find_run(connection, batch.run_id)
        assert run is not None
        name = sha256(f"{batch.id} posted {count} {at.isoformat()}".encode()).hexdigest()
        log = tracking.add_scan_log(connection, run.id, name, LAYOUT, at)
        taken = take(context, connection, run, log, [Event(1, "post", batch.number, 0, "", "", count)])
        if batch.number in taken.posted:
            tracking.end_scan_log(connection, log, taken.lines, 0)
            return False, "", taken.findings
        attempt.rollback()
    return False, "".join(dict.fromkeys(f.message for f in taken.findings)), []
