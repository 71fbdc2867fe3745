"""All steps by name, and what the database says is still to be done.

A step takes ids, does one thing that may be done twice, and returns the steps that come next. The
embedded pool and the Dramatiq actors both run ``run_step``; when messages are lost, ``unfinished``
finds the work again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from printjobs.core.model import BatchStatus, FileStatus, PieceStatus, RunStatus, SubmissionStatus
from printjobs.store import production, pulls, runs

from . import charging, packaging, planning, proofs, rendering, scheduling, settling, submitting
from .context import Context, Step

STEPS: Mapping[str, Callable[..., list[Step]]] = MappingProxyType(
    {
        "intake": submitting.take_in,
        "plan": planning.plan,
        "proof": proofs.proof,
        "render": rendering.render,
        "check": rendering.check,
        "package": packaging.seal,
        "replan": planning.replan,
        "reprint": planning.reprint,
        "close": charging.close,
    }
)


def run_step(context: Context, step: Step) -> list[Step]:
    """Do one step; what it returns comes next."""
    return STEPS[step.name](context, *step.ids)


def unfinished(context: Context, run_id: str) -> list[Step]:
    """The steps that can be done now, from what the database says and nothing else."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        submissions = runs.submissions(connection, run_id)
        waiting = [s for s in submissions if s.status == SubmissionStatus.RECEIVED]
        if waiting:
            return [Step("intake", (str(s.id),)) for s in waiting]
        if run.status == RunStatus.OPEN:
            return [] if scheduling.is_waiting(context, connection, run_id) else [Step("plan", (run_id,))]
        steps: list[Step] = []
        pulled = pulls.unreleased(connection, run_id)
        for batch in production.batches(connection, run_id):
            left = batch.status == BatchStatus.WITHDRAWN and context.files.has_any(f"batches/{batch.id}")
            if left or batch.id in pulled:
                steps.append(Step("replan", (batch.id,)))
                continue
            if batch.status == BatchStatus.PACKAGED and not context.files.exists(packaging.manifest_key(batch.id)):
                steps.append(Step("package", (batch.id,)))
            if batch.status != BatchStatus.PLANNED:
                continue
            files = production.files(connection, batch.id)
            names = {FileStatus.PLANNED: "render", FileStatus.RENDERED: "check"}
            todo = [Step(names[FileStatus(f.status)], (f.id,)) for f in files if f.status in names]
            steps += todo or [Step("package", (batch.id,))]
        accepted = sorted(proofs.accepted(connection, run_id).items())
    steps += [Step("proof", (run_id, c)) for c, s in accepted if not context.files.exists(proofs.proof_key(s))]
    if not steps and run.status == RunStatus.RELEASED:
        steps += _after_release(context, run_id)
    return steps


def _after_release(context: Context, run_id: str) -> list[Step]:
    """Reprints that a report left to be made, or the closing when everything is in the post."""
    with context.engine.connect() as connection:
        spoiled = production.pieces_with_status(connection, run_id, PieceStatus.SPOILED)
        held = spoiled and planning.over_ceiling(connection, run_id, spoiled)
    if spoiled:
        return [] if held else [Step("reprint", (run_id,))]
    return [Step("close", (run_id,))] if settling.all_posted(context, run_id) else []
