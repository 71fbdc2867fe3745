"""Long work that is started from a page, in processes of its own: ``run go``, and reading a hand-in."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from printjobs.core.model import PrintjobsError, Refused
from printjobs.pipeline import Context, scheduling, submitting
from printjobs.pipeline.submitting import Submitted
from printjobs.settings import Settings
from printjobs.store import jobs as rows
from printjobs.store import runs, writing
from printjobs.trust.faults import without_words
from workers import run_all
from workers.local import ProcessLost

_LOG = logging.getLogger(__name__)
_BEAT_S = 5.0
_SILENT = timedelta(minutes=1)  # a job that works writes twelve times as often
_STOPPED = "途中で止められました。もう一度進めてください。続きから進みます。"
_FAULT = "プログラムの誤りで止まりました。サービスの記録を開発者に見せてください。"
_SPAWN = multiprocessing.get_context("spawn")  # not forked: a child must not share database connections


class Working(NamedTuple):
    """How the newest job of a run stands: at work, or ended, and what stopped it."""

    working: bool
    failed: str


class Jobs:
    """Starts the steps of a run, one job a run at a time, whichever process of the service it was started from."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._running: dict[int, BaseProcess] = {}
        self._readers: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def start(self, run_id: str) -> None:
        """Start ``run go``; :class:`Refused` while one is at work."""
        self._context.run(run_id)
        with writing(self._context.engine) as connection:
            runs.lock_run(connection, run_id)
            before = rows.last(connection, run_id)
            if before is not None and before.ended_at is None:
                if not _is_silent(before.seen_at, self._context.now()):
                    raise Refused("この回はもう進めているところです。終わるまで待ってください。")
                rows.end(connection, before.id, self._context.now(), _STOPPED)
            job = rows.start(connection, run_id, self._context.now())
        # Not a daemon: it starts a pool of its own. It is ended with the service.
        process = _SPAWN.Process(target=_go, args=(self._context.settings, run_id, job))
        process.start()
        with self._lock:
            self._running = {key: one for key, one in self._running.items() if one.is_alive()} | {job: process}

    def last(self, run_id: str) -> Working:
        """How the newest job of a run stands; one that fell silent was killed."""
        with self._context.engine.connect() as connection:
            row = rows.last(connection, run_id)
        if row is None or row.ended_at is not None:
            return Working(working=False, failed=row.failed if row else "")
        silent = _is_silent(row.seen_at, self._context.now())
        return Working(working=not silent, failed=_STOPPED if silent else "")

    def submit(self, run_id: str, city: str, folder: Path) -> Submitted:
        """Take a folder as a city's hand-in, in another process: a page answers while 48,000 notices are read."""
        with self._lock:
            if self._readers is None:
                self._readers = ProcessPoolExecutor(2, mp_context=_SPAWN)
            readers = self._readers
        try:
            return readers.submit(_submit, self._context.settings, run_id, city, folder).result()
        except BrokenProcessPool as error:
            with self._lock:
                self._readers = None if self._readers is readers else self._readers
            raise ProcessLost(
                "データの受取りが外から止められました（メモリ不足など）。もう一度出してください。"
            ) from error

    def close(self) -> None:
        """End what is at work. What was done is kept, and the next start goes on from there."""
        with self._lock:
            for job, process in self._running.items():
                process.terminate()
                process.join()
                with writing(self._context.engine) as connection:
                    rows.end(connection, job, self._context.now(), _STOPPED)
            if self._readers is not None:
                self._readers.shutdown(wait=False, cancel_futures=True)


def _is_silent(seen: datetime, now: datetime) -> bool:
    return now - (seen if seen.tzinfo else seen.replace(tzinfo=UTC)) > _SILENT


def _go(settings: Settings, run_id: str, job: int) -> None:
    """The job's own process. What nobody expected ends here: multiprocessing would print its words."""
    try:
        _work(settings, run_id, job)
    except Exception as fault:  # noqa: BLE001 - whatever it is
        _LOG.error("%s", without_words(fault))


def _work(settings: Settings, run_id: str, job: int) -> None:
    """Work, say every few seconds that it does, and write down how it ended."""
    context = Context(settings)
    ended = threading.Event()
    threading.Thread(target=_beat, args=(context, job, ended), daemon=True).start()
    told = _FAULT
    try:
        run_all(settings, run_id)
        scheduling.refuse_open(context, run_id)  # or nothing would be said of the cities that are waited for
        told = ""
    except PrintjobsError as fault:
        told = str(fault)
    finally:
        ended.set()
        with writing(context.engine) as connection:
            rows.end(connection, job, context.now(), told)


def _beat(context: Context, job: int, ended: threading.Event) -> None:
    """Whatever becomes of one beat, the next one comes: a job that falls silent counts as killed."""
    while not ended.wait(_BEAT_S):
        try:
            with writing(context.engine) as connection:
                rows.see(connection, job, context.now())
        except Exception as fault:  # noqa: BLE001 - a database that is away may be back in five seconds
            _LOG.error("%s", without_words(fault))


def _submit(settings: Settings, run_id: str, city: str, folder: Path) -> Submitted:
    return submitting.submit(Context(settings), run_id, city, folder)
