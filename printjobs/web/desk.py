"""What the service works with, made once a process: the pipeline's context, accounts, the journal, limits, jobs."""

from __future__ import annotations

import asyncio
import threading
from functools import cached_property

from printjobs.core.audit import Figures
from printjobs.pipeline import Context, auditing
from printjobs.settings import Settings
from printjobs.trust.accounts import Accounts
from printjobs.trust.journal import Journal, Recorder, open_journal
from printjobs.trust.signing import CouncilKey

from .jobs import Jobs
from .limits import Limits


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
        self._figures: dict[tuple[str, str], Figures] = {}
        self._counting = threading.Lock()

    def figures(self, run_id: str, city: str) -> Figures:
        """A city's figures, counted again when something happened to the run and not before."""
        key = run_id, city
        stamp = auditing.stamp(self.context, run_id)
        known = self._figures.get(key)
        if known is None or known.stamp < stamp:
            with self._counting:  # of many who ask at once, one counts
                known = self._figures.get(key)
                if known is None or known.stamp < stamp:
                    known = self._figures[key] = auditing.figures(self.context, run_id, city)
        return known

    @cached_property
    def council(self) -> CouncilKey:
        return CouncilKey(self.settings.secret_bytes())

    def close(self) -> None:
        self.closing.set()
        self.jobs.close()
        self.recorder.close()
