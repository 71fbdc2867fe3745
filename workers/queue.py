"""Many machines: send what is unfinished, watch the database, send again what got lost."""

from __future__ import annotations

import time

import redis

from printjobs.core.model import PrintjobsError
from printjobs.pipeline import Context, Step, unfinished
from printjobs.settings import Settings

from . import failures
from .broker import connect, send
from .progress import Progress
from .pulse import Pulse

_LOOK_S = 0.5
_SILENT_S = 60.0  # a worker that restarts is back by then
_ATTEMPTS = 8
_SENT_BY_WORKERS = ("render", "check", "package")  # by the step before; from here only at the start or when lost


class Stuck(PrintjobsError):
    """Nobody works, or steps do not get done however often they are sent."""


def run_all(settings: Settings, run_id: str, watcher: Progress | None = None) -> None:
    """Have the workers do every step of a run that can be done, and wait for them.

    Raises :class:`failures.StepFailed` with what stopped a step, :class:`Stuck` when nothing moves.
    """
    try:
        _run_all(settings, run_id, watcher)
    except redis.RedisError as error:
        raise Stuck(
            f"Redis を使えません（{type(error).__name__}）。Redis を確かめて、もう一度 run go を行ってください。"
        ) from error


def _run_all(settings: Settings, run_id: str, watcher: Progress | None) -> None:
    context, broker = Context(settings), connect(settings)
    pulse = Pulse(broker)
    failures.forget(broker, run_id)
    before: list[Step] = []
    most = attempts = 0
    while True:
        # First the queue, then the database: what is on its way nowhere and still unfinished after that is lost.
        lost = pulse.on_its_way() == 0
        steps = unfinished(context, run_id)
        most = max(most, len(steps))
        if watcher and most:
            watcher("steps", most - len(steps), most)
        if not steps:
            return
        if failed := failures.find(broker, run_id):
            raise failed
        attempts = attempts + lost if steps == before else 0
        if pulse.silent_s > _SILENT_S or attempts > _ATTEMPTS:
            raise Stuck(
                f"作業が進みません（{steps[0].name} など{len(steps)}件）。"
                "worker が動いているか、worker のログを確かめてください。"
            )
        for step in _to_send(steps, before, lost=lost):
            send(broker, run_id, step)
        before = steps
        time.sleep(_LOOK_S)


def _to_send(steps: list[Step], before: list[Step], *, lost: bool) -> list[Step]:
    """All at the start and when nothing moved and nothing is on its way; else what no worker sends."""
    if not before or (lost and steps == before):
        return steps
    return [step for step in steps if step not in before and step.name not in _SENT_BY_WORKERS]
