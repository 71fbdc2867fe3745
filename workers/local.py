"""One machine: steps in a pool of processes over SQLite and local files. No server needed."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

from printjobs.pipeline import Context, Step, run_step, unfinished
from printjobs.settings import Settings

from .progress import Counter, Progress

_context: Context | None = None


def _open(settings: Settings) -> None:
    global _context  # noqa: PLW0603 - one per process of the pool, opened before its first step
    _context = Context(settings)


def _work(step: Step) -> list[Step]:
    assert _context is not None
    return run_step(_context, step)


def run_all(settings: Settings, run_id: str, watcher: Progress | None = None) -> None:
    """Do every step of a run that can be done; the first failure ends the pool and is raised."""
    context = Context(settings)
    steps = unfinished(context, run_id)
    if not steps:
        return
    counter = Counter(watcher)
    # Spawned, not forked: a child must not share the parent's database connections.
    method = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(settings.processes, mp_context=method, initializer=_open, initargs=(settings,)) as pool:
        try:
            while steps:
                _drain(pool, steps, counter)
                following = unfinished(context, run_id)
                if following == steps:  # what was just done is still to do: a fault of ours, not a reason to spin
                    raise RuntimeError(f"no progress on {steps[0].name} {steps[0].ids}")
                steps = following
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _drain(pool: ProcessPoolExecutor, steps: list[Step], counter: Counter) -> None:
    """Run these steps and all that they return."""
    running: dict[Future[list[Step]], Step] = {}

    def start(step: Step) -> None:
        counter.expect(step.name)
        running[pool.submit(_work, step)] = step

    for step in steps:
        start(step)
    while running:
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            step = running.pop(future)
            counter.done(step.name)
            for following in future.result():
                start(following)
