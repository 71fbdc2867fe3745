"""What the gateway works with, made once: the pipeline's context, accounts, the journal, work that must not be cut."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from typing import Any, BinaryIO, cast

from printjobs.core.access import Identity, Role
from printjobs.pipeline import Context
from printjobs.settings import Settings
from printjobs.trust.accounts import Accounts
from printjobs.trust.journal import Entry, Recorder, now, open_journal
from printjobs.trust.keys import SSH

from .tree import Tree


class Desk:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.context = Context(settings)
        self.accounts = Accounts(self.context.engine, settings.secret_bytes())
        self.tree = Tree(self.context)
        self._journal = Recorder(open_journal(settings))
        self._through: set[asyncio.Task[None]] = set()
        self._spool = settings.home.absolute() / "spool"  # on the data disk: /tmp may be memory
        self._spool.mkdir(parents=True, exist_ok=True)

    def admit(self, name: str, key: str) -> Identity | None:
        """The vendor's account of this name, if it is open and has this key."""
        holder = self.accounts.of_key_holder(name, SSH)
        if holder is None:
            return None
        who, keys = holder
        return who if who.role is Role.VENDOR and key in keys else None

    def spool(self) -> BinaryIO:
        """A file without a name."""
        return cast("BinaryIO", tempfile.TemporaryFile(dir=self._spool))

    async def record(self, name: str, action: str, subject: str, outcome: int, detail: str = "") -> None:
        """Keep an entry of a vendor's account, or of nobody's."""
        entry = Entry(now(), name, Role.VENDOR if name else "", "sftp", action, subject, outcome, detail)
        await asyncio.wrap_future(self._journal.record(entry))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something to its end, whether or not anybody waits for it."""
        task = asyncio.create_task(work)
        self._through.add(task)
        task.add_done_callback(self._through.discard)
        return task

    async def close(self) -> None:
        """End what was begun, and write what waits."""
        if self._through:
            await asyncio.wait(self._through)
        await asyncio.to_thread(self._journal.close)
        self.context.engine.dispose()
