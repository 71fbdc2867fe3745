"""The door: public keys only, accounts of vendors only, the SFTP subsystem only. Everything else is off."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

import asyncssh

from printjobs.settings import Settings
from printjobs.trust.keys import ssh_value

from .desk import Desk
from .session import Stream, Visitor

HOST_KEY = "sftp_host.key"
_LOGIN_S, _IDLE_S, _GRACE_S = 30.0, 15 * 60.0, 10.0
_KEEPALIVE_S = 30
_MOST, _MOST_OF_ONE = 100, 16  # connections: of all, of one account
_TRIES = 20  # keys that one connection may show
_STREAMS = 4  # sessions on one connection


class Gateway:
    """The connections of one server."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.open: dict[asyncssh.SSHServerConnection, str] = {}  # the account's name, empty before it is known

    def has_room(self, name: str = "") -> bool:
        if not name:
            return len(self.open) < _MOST
        return Counter(self.open.values())[name] < _MOST_OF_ONE


class Door(asyncssh.SSHServer):
    """One connection, as asyncssh tells of it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._desk = gateway.desk
        self._visitor: Visitor | None = None
        self._tried = ""
        self._key: asyncssh.SSHKey | None = None
        self._tries = self._streams = 0
        self._timer: asyncio.TimerHandle | None = None
        self._entering: asyncio.Task[None]

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        if self._gateway.has_room():
            self._gateway.open[conn] = ""
        else:
            conn.abort()

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether the account may come in with this key; its owner still has to sign with it."""
        self._tried, self._key, self._tries = username, key, self._tries + 1
        if self._tries > _TRIES:
            self._connection.abort()
            return False
        return await asyncio.to_thread(self._desk.admit, username, ssh_value(key)) is not None

    def auth_completed(self) -> None:
        """The client has been told already: whatever it opens now waits until the journal has the login."""
        self._entering = self._desk.spawn(self._enter())

    async def _enter(self) -> None:
        """The key that was shown last is the one that signed."""
        name: str = self._connection.get_extra_info("username")
        assert self._key is not None
        if not self._gateway.has_room(name):
            self._connection.abort()
            return
        visitor = await asyncio.to_thread(Visitor, name, ssh_value(self._key), self._desk)
        await self._desk.record(name, "SFTP login", "", 200, self._key.get_fingerprint())
        self._visitor = visitor
        if self._connection in self._gateway.open:
            self._gateway.open[self._connection] = name
            self._watch()

    def session_requested(self) -> Awaitable[Stream] | bool:
        self._streams += 1
        return self._streams <= _STREAMS and self._stream()

    async def _stream(self) -> Stream:
        await self._entering
        if self._visitor is None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "not now")
        return Stream(self._desk, self._visitor)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._gateway.open.pop(self._connection, None)
        if self._timer:
            self._timer.cancel()
        if self._tried and self._visitor is None:
            self._desk.spawn(self._refused(self._tried))

    async def _refused(self, tried: str) -> None:
        """A name that is no account is not written down: it may be a password in the wrong place."""
        known = await asyncio.to_thread(self._desk.accounts.of_key_holder, tried, "ssh")
        await self._desk.record(tried if known else "", "SFTP login", "", 401)

    def _watch(self) -> None:
        """End the connection of a visitor who has not asked for anything for long."""
        assert self._visitor is not None
        left = _IDLE_S - (monotonic() - self._visitor.seen) if not self._visitor.busy else _IDLE_S
        if left <= 0:
            self._connection.close()
        else:
            self._timer = asyncio.get_running_loop().call_later(left, self._watch)


def host_key(settings: Settings) -> asyncssh.SSHKey:
    """The server's own key, made once and kept in ``home``: clients note it and refuse another."""
    made = settings.kept(HOST_KEY, lambda: asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    return asyncssh.import_private_key(made)


async def serve(settings: Settings, host: str, port: int, started: Callable[[int, str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``started`` is told the port and the host key's fingerprint."""
    key, desk = host_key(settings), await asyncio.to_thread(Desk, settings)
    gateway, stop, loop = Gateway(desk), asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    acceptor = await asyncssh.listen(
        host,
        port,
        server_factory=lambda: Door(gateway),
        server_host_keys=[key],
        server_version="printjobs",
        public_key_auth=True,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        x509_trusted_certs=None,
        agent_forwarding=False,
        x11_forwarding=False,
        allow_pty=False,
        allow_scp=False,
        compression_algs=None,
        login_timeout=_LOGIN_S,
        keepalive_interval=_KEEPALIVE_S,
    )
    started(acceptor.get_port(), key.get_fingerprint())
    await stop.wait()
    acceptor.close()
    for connection in list(gateway.open):
        connection.close()
    with suppress(TimeoutError):  # who does not take leave is left; what was begun is still seen through
        await asyncio.wait_for(acceptor.wait_closed(), _GRACE_S)
    await desk.close()
