"""The SFTP gateway as a process of its own, and clients at its door."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from printjobs.trust import keys
from tests.handin import environment
from tests.shell.vendors import NOW, Office

T = TypeVar("T")
PATIENCE_S = 60.0


class Server:
    """A gateway at work in an office."""

    def __init__(self, office: Office, process: subprocess.Popen[str]) -> None:
        self.office = office
        self.process = process
        assert process.stdout is not None
        told = "".join(iter(process.stdout.readline, "}\n")) + "}"
        self.port: int = json.loads(told)["port"]
        self.host_key: str = json.loads(told)["host_key"]

    def connect(self, name: str, key: asyncssh.SSHKey, **options: Any) -> Any:
        """A connection as an asyncssh client makes it."""
        host = asyncssh.import_public_key((self.office.desk.home / "sftp_host.pub").read_text())
        return asyncssh.connect(
            "127.0.0.1", self.port, username=name, client_keys=[key], known_hosts=([host], [], []), config=None,
            agent_path=None, **options,
        )  # fmt: skip

    @asynccontextmanager
    async def sftp(self, name: str, key: asyncssh.SSHKey) -> AsyncIterator[Any]:
        async with self.connect(name, key) as connection, connection.start_sftp_client() as sftp:
            yield sftp

    def journal(self) -> list[tuple[str, str, str, int]]:
        """Who did what to what, and how it ended, as the database has it."""
        with closing(sqlite3.connect(self.office.desk.home / "audit.db")) as database:
            return database.execute("SELECT account, action, subject, outcome FROM journal ORDER BY id").fetchall()

    def ask(self, name: str, key: asyncssh.SSHKey, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        """Do something in a session of its own."""

        async def asked() -> T:
            async with asyncio.timeout(PATIENCE_S), self.sftp(name, key) as sftp:
                return await work(sftp)

        return asyncio.run(asked())


@contextmanager
def serving(office: Office, **settings: str) -> Iterator[Server]:
    """Start ``printjobs sftp`` on a free port, and end it."""
    program = "from printjobs.cli import main; main()"
    words = [sys.executable, "-c", program, "sftp", "--port", "0", "--json"]
    process = subprocess.Popen(
        words, env=environment(office.desk.home) | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        server = Server(office, process)
        private = asyncssh.read_private_key(str(office.desk.home / "sftp_host.key"))
        (office.desk.home / "sftp_host.pub").write_bytes(private.export_public_key())
        yield server
    finally:
        process.kill()
        process.communicate()


def key_of(office: Office, name: str, folder: Path) -> asyncssh.SSHKey:
    """A new SSH key, noted for an account."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment="mihon@press")
    path = folder / f"{name}.pub"
    path.write_bytes(key.export_public_key())
    kind, value = keys.read(path)
    office.accounts.add_key(name, kind, value, NOW)
    return key
