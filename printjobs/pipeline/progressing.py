"""How far every step of a run is, from grouped counts alone: a page may ask every second."""

from __future__ import annotations

from typing import NamedTuple

from printjobs.core.model import BatchStatus, FileStatus, RunStatus, SubmissionStatus
from printjobs.store import progress as counts

from .context import Context


class StepCount(NamedTuple):
    """A step with how much of it is done, of how much there is, in ``unit``: 件, 回, 枚, バッチ or 市."""

    name: str
    title: str
    done: int
    total: int
    unit: str


class Progress(NamedTuple):
    """A run at one moment. ``work`` and ``work_done``: sheets to write and to read back, for an estimate.

    Feed ``work_done`` to a ``core.estimate.Estimate`` and ask it for the seconds left until ``work``.
    """

    run: str
    status: str
    steps: tuple[StepCount, ...]
    work_done: int
    work: int


_PACKAGED = (BatchStatus.PACKAGED, BatchStatus.RELEASED, BatchStatus.POSTED)
_RELEASED = (BatchStatus.RELEASED, BatchStatus.POSTED)
_RENDERED = (FileStatus.RENDERED, FileStatus.CHECKED)


def progress(context: Context, run_id: str) -> Progress:
    """Every step of a run, generations together. Batches that were withdrawn count nowhere."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        hand_ins = counts.submission_counts(connection, run_id)
        signed = counts.signed(connection, run_id)
        batches = counts.batch_counts(connection, run_id)
        files = counts.file_counts(connection, run_id)
    ended = (SubmissionStatus.ACCEPTED, SubmissionStatus.REFUSED)
    read = sum(hand_ins.get(status, 0) for status in ended)
    accepted = hand_ins.get(SubmissionStatus.ACCEPTED, 0)
    alive = [f for f in files if f.batch in (BatchStatus.PLANNED, *_PACKAGED)]
    sheets = sum(int(f.sheets) for f in alive)
    rendered = sum(int(f.sheets) for f in alive if f.status in _RENDERED)
    checked = sum(int(f.sheets) for f in alive if f.status == FileStatus.CHECKED)
    packaged = sum(batches.get(status, 0) for status in _PACKAGED)
    there = packaged + batches.get(BatchStatus.PLANNED, 0)
    released = sum(batches.get(status, 0) for status in _RELEASED)
    steps = (
        StepCount("intake", "受取り", read, read + hand_ins.get(SubmissionStatus.RECEIVED, 0), "件"),
        StepCount("plan", "計画", int(run.status != RunStatus.OPEN), 1, "回"),
        StepCount("render", "組版", rendered, sheets, "枚"),
        StepCount("check", "読み戻し検査", checked, sheets, "枚"),
        StepCount("package", "封印", packaged, there, "バッチ"),
        StepCount("approve", "校正の承認", signed, accepted, "市"),
        StepCount("release", "引渡し", released, there, "バッチ"),
        StepCount("post", "差出し", batches.get(BatchStatus.POSTED, 0), there, "バッチ"),
    )
    return Progress(run_id, str(run.status), steps, rendered + checked, 2 * sheets)
