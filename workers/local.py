"""One machine: steps in a pool of processes over SQLite and local files. No server needed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import FrameType

from printjobs.core.model import PrintjobsError
from printjobs.pipeline import Context, Step, run_step, unfinished
from printjobs.preflight import PreflightError
from printjobs.settings import Settings

from .progress import Counter, Progress

_context: Context | None = None


class ProcessLost(PrintjobsError):
    """A process of the pool was ended from outside, most often for want of memory."""


def _open(settings: Settings) -> None:
    global _context  # noqa: PLW0603 - one per process of the pool, opened before its first step
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _context = Context(settings)


def _end_with_parent() -> None:
    """A killed parent leaves its pool waiting for work for ever; its next run would find strangers at work."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(step: Step) -> list[Step]:
    assert _context is not None
    return run_step(_context, step)


def run_all(settings: Settings, run_id: str, watcher: Progress | None = None) -> None:
    """Do every step of a run that can be done.

    The first failure ends the pool and is raised; a print file that the read back refuses holds up no other file,
    and is told when these are done.
    """
    context = Context(settings)
    steps = unfinished(context, run_id)
    if not steps:
        return
    counter = Counter(watcher)
    # Spawned, not forked: a child must not share the parent's database connections.
    method = multiprocessing.get_context("spawn")
    with (
        _remembered_interrupt() as interrupted,
        ProcessPoolExecutor(settings.processes, mp_context=method, initializer=_open, initargs=(settings,)) as pool,
    ):
        try:
            while steps:
                _drain(pool, steps, counter, interrupted)
                steps = _progressed(steps, unfinished(context, run_id))
        except BrokenProcessPool as error:
            raise ProcessLost(
                "作業中のプロセスが外から止められました（メモリ不足など）。"
                "PRINTJOBS_PROCESSES を減らすなどして、もう一度 run go を行ってください。続きから進みます。"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _progressed(before: list[Step], after: list[Step]) -> list[Step]:
    if after == before:  # what was just done is still to do: a fault of ours, not a reason to spin
        raise RuntimeError(f"no progress on {before[0].name} {before[0].ids}")
    return after


@contextmanager
def _remembered_interrupt() -> Iterator[threading.Event]:
    """Set by Ctrl-C. Raised inside a destructor or a callback, Python would only print it, and the run go on."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted  # the signal is another thread's affair
        return

    def hear(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _drain(pool: ProcessPoolExecutor, steps: list[Step], counter: Counter, interrupted: threading.Event) -> None:
    """Run these steps and all that they return."""
    running: dict[Future[list[Step]], Step] = {}

    def start(step: Step) -> None:
        counter.expect(step.name)
        # Ctrl-C reaches every process of a terminal. A process that is started while the signal is held back never
        # hears it: this one decides, and the pool finishes what it has begun.
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            running[pool.submit(_work, step)] = step
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)

    for step in steps:
        start(step)
    refused: list[PreflightError] = []
    while running:
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        if interrupted.is_set():
            raise KeyboardInterrupt
        for future in finished:
            step = running.pop(future)
            counter.done(step.name)
            try:
                following = future.result()
            except PreflightError as error:
                refused.append(error)
                continue
            for step in following:
                start(step)
    if refused:
        more = f"ほかに{len(refused) - 1}個の印刷ファイルも引き渡せません。" if len(refused) > 1 else ""
        raise PreflightError(f"{refused[0]}{more}")
