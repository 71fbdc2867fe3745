"""What the service works with, made once a process: the pipeline's context, accounts, the journal, limits, jobs."""

from __future__ import annotations

import threading
from functools import cached_property

from printjobs.pipeline import Context
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
        self.paper = threading.Lock()  # ReportLab's fonts belong to a whole process: one document at a time

    @cached_property
    def council(self) -> CouncilKey:
        return CouncilKey(self.settings.secret_bytes())

    def close(self) -> None:
        self.jobs.close()
        self.recorder.close()
