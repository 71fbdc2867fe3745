"""Long work that the lead starts from a page: ``run go`` in processes of its own, told by a row in the database."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from printjobs.core.model import PrintjobsError, Refused
from printjobs.pipeline import Context, scheduling, submitting
from printjobs.pipeline.submitting import Submitted
from printjobs.settings import Settings
from printjobs.store import jobs as rows
from printjobs.store import runs, writing
from printjobs.store.runs import Record
from workers import run_all

_STOPPED = "サービスが止まったため、途中で終わりました。もう一度進めてください。続きから進みます。"
_FAULT = "プログラムの誤りで止まりました。サービスの記録を開発者に見せてください。"


class Jobs:
    """Starts the steps of a run, one job a run at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        # Spawned, not forked: a child must not share database connections. It starts a pool of its own.
        self._pool = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))

    def start(self, run_id: str) -> None:
        """Start ``run go``; :class:`Refused` while one is at work."""
        self._context.run(run_id)
        with writing(self._context.engine) as connection:
            runs.lock_run(connection, run_id)
            if rows.working(connection, run_id):
                raise Refused("この回はもう進めているところです。終わるまで待ってください。")
            job = rows.start(connection, run_id, self._context.now())
        self._pool.submit(_go, self._context.settings, run_id).add_done_callback(lambda done: self._end(job, done))

    def submit(self, run_id: str, city: str, folder: Path) -> Submitted:
        """Take a folder as a city's hand-in, in another process: it is minutes of work for a large city."""
        return self._pool.submit(_submit, self._context.settings, run_id, city, folder).result()

    def _end(self, job: int, done: Future[None]) -> None:
        fault = None if done.cancelled() else done.exception()
        told = _STOPPED if done.cancelled() else ""
        if fault is not None:
            told = str(fault) if isinstance(fault, PrintjobsError) else _FAULT
        with writing(self._context.engine) as connection:
            rows.end(connection, job, self._context.now(), told)

    def last(self, run_id: str) -> Record | None:
        """The newest job of a run."""
        with self._context.engine.connect() as connection:
            return rows.last(connection, run_id)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def end_what_was_at_work(context: Context) -> None:
    """Before the service starts: no job of an earlier one is at work any more."""
    with writing(context.engine) as connection:
        rows.end_all(connection, context.now(), _STOPPED)


def _go(settings: Settings, run_id: str) -> None:
    run_all(settings, run_id)
    scheduling.refuse_open(Context(settings), run_id)  # or nothing would be said of the cities that are waited for


def _submit(settings: Settings, run_id: str, city: str, folder: Path) -> Submitted:
    return submitting.submit(Context(settings), run_id, city, folder)
