"""What the service works with, made once a process: the pipeline's context, accounts, the journal, limits, jobs."""

from __future__ import annotations

import asyncio
import threading
from functools import cached_property, partial

from printjobs.pipeline import Context, auditing
from printjobs.settings import Settings
from printjobs.store import runs
from printjobs.trust.accounts import Accounts
from printjobs.trust.journal import Journal, Recorder, open_journal
from printjobs.trust.signing import CouncilKey

from .jobs import Jobs
from .kept import Kept
from .limits import Limits
from .reckoning import reckon
from .yearly import reckon_year


class Desk:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.context = Context(settings)
        self.accounts = Accounts(self.context.engine, settings.secret_bytes())
        self.journal: Journal = open_journal(settings)
        self.recorder = Recorder(self.journal)
        self.limits = Limits()
        self.jobs = Jobs(self.context)
        self.door = asyncio.Semaphore(2)  # a password costs 64 MB and a core for a while: many at once would be all
        self.paper = threading.Lock()  # ReportLab's fonts belong to a whole process: one document at a time

        self.closing = threading.Event()
        self.figures = Kept(partial(auditing.stamp, self.context), partial(auditing.figures, self.context))
        self.cost = Kept(partial(auditing.stamp, self.context), partial(reckon, self.context))
        self.year = Kept(self._stamp_of_all, lambda year: reckon_year(self.context, self.cost, int(year)))

    def _stamp_of_all(self, _year: str) -> int:
        with self.context.engine.connect() as connection:
            every = runs.run_ids(connection)
        return sum(auditing.stamp(self.context, run) for run in every)

    @cached_property
    def council(self) -> CouncilKey:
        return CouncilKey(self.settings.secret_bytes())

    def close(self) -> None:
        self.closing.set()
        self.jobs.close()
        self.recorder.close()
