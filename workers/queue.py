"""Many machines: send what is unfinished, watch the database, send again what got lost."""

from __future__ import annotations

import time

from printjobs.core.model import PrintjobsError
from printjobs.pipeline import Context, Step, unfinished
from printjobs.settings import Settings

from .progress import Progress

_LOOK_S = 0.5
_RESEND_S = 15.0  # nothing has changed for so long: messages may be lost (a flushed Redis, a killed worker)
_ATTEMPTS = 8


class Stuck(PrintjobsError):
    """Steps that do not get done however often they are sent."""


def run_all(settings: Settings, run_id: str, watcher: Progress | None = None) -> None:
    """Have the workers do every step of a run that can be done, and wait for them."""
    from .actors import send

    context = Context(settings)
    sent: list[Step] = []
    last_change, attempts = time.monotonic(), 0
    most = 0
    while steps := unfinished(context, run_id):
        now = time.monotonic()
        if steps != sent:
            for step in steps:
                if step not in sent and not _follows(step, sent):
                    send(step)
            sent, last_change, attempts = steps, now, 0
        elif now - last_change > _RESEND_S:
            attempts += 1
            if attempts > _ATTEMPTS:
                raise Stuck(
                    f"作業が進みません（{steps[0].name} など{len(steps)}件）。worker が動いているか、worker のログを確かめてください。"
                )
            for step in steps:
                send(step)
            last_change = now
        most = max(most, len(steps))
        if watcher:
            watcher("steps", most - len(steps), most)
        time.sleep(_LOOK_S)
    if watcher and most:
        watcher("steps", most, most)


def _follows(step: Step, sent: list[Step]) -> bool:
    """Whether a worker has sent this step itself, after one that we sent."""
    before = {"check": "render"}.get(step.name)
    return before is not None and Step(before, step.ids) in sent
