"""One vendor's SFTP session: each request asked of the tree in a thread, each look and change in the journal first.

Requests of a session are handled one after the other (asyncssh), so that what is put comes in the order it was sent.
"""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, NoReturn, TypeVar

import asyncssh
from asyncssh.stream import SSHServerStreamSession

from printjobs.core.access import Identity
from printjobs.core.model import NotFound, PrintjobsError, Refused, StoreFull
from printjobs.trust.faults import without_words

from .desk import Desk
from .putting import Put
from .results import must_be_name, take
from .tree import Node, Place, Readable, place

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
_MOST_HANDLES = 32  # open in one session
_TRUSTED_S = 5.0  # while data flows: an account that is shut is out after that
_WRITES, _CREATES = asyncssh.FXF_WRITE, asyncssh.FXF_CREAT
_CHANGES = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC | asyncssh.FXF_EXCL
_OURS = "プログラムの誤りで、できませんでした。もう一度行っても同じなら、とりまとめ市に知らせてください。"
_READ_ONLY = "ここでは、受け取ることと、/reports の下に報告を置くことだけができます。"


class Shut(Refused):
    def __init__(self) -> None:
        super().__init__("この利用者か鍵は、使えなくなりました。とりまとめ市に確かめてください。")


class Stream(SSHServerStreamSession[bytes]):
    """The SFTP subsystem on a channel, and nothing else. ``gone``: no request comes after those that are here.

    asyncssh closes what is open when a connection breaks by the same call as when the client closes it. Only this
    tells a report that is whole from one that was cut off.
    """

    def __init__(self, desk: Desk, visitor: Visitor) -> None:
        super().__init__(None, lambda channel: Session(channel, self, desk, visitor), sftp_version=3)
        self.gone = False

    def eof_received(self) -> bool:
        self.gone = True
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        super().connection_lost(exc)


class Visitor:
    """Who holds a connection: the account's name, how much is being done for it, and when it last asked."""

    def __init__(self, name: str, key: str, desk: Desk) -> None:
        self.name = name
        self.busy = 0
        self.seen = monotonic()
        self._ask: Callable[[], Identity | None] = lambda: desk.admit(name, key)
        self._who, self._asked = self._ask(), monotonic()

    def admit(self, *, now: bool) -> Identity:
        """The account, if it and its key are good still: asked ``now``, or within the last few seconds.

        Blocks; raises :class:`Refused`.
        """
        if now or monotonic() - self._asked > _TRUSTED_S:
            self._who, self._asked = self._ask(), monotonic()
        if self._who is None:
            raise Shut
        return self._who


def _refusing(action: str) -> Callable[..., Coroutine[Any, Any, NoReturn]]:
    """A method that keeps in the journal what was asked for, and refuses it."""

    async def refuse(self: Session, path: bytes, *_rest: object) -> NoReturn:
        await self.refuse(action, path)

    return refuse


class Session(asyncssh.SFTPServer):
    """What asyncssh calls. Whatever is not answered here is refused by ``map_path``, which every default asks."""

    def __init__(self, channel: Any, stream: Stream, desk: Desk, visitor: Visitor) -> None:
        super().__init__(channel)
        self._stream = stream
        self._desk = desk
        self._visitor = visitor
        self._handles = 0

    # Looking

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        tree = self._desk.tree
        for node in await self._ask("SFTP list", path, tree.nodes):
            yield asyncssh.SFTPName(node.name.encode(), attrs=_attributes(node))

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        with _told():
            return _attributes(await self._as_admitted(self._desk.tree.node, place(path)))

    lstat = stat

    async def realpath(self, path: bytes) -> bytes:
        with _told():
            return b"/" + "/".join(place(path)).encode()

    async def open(self, path: bytes, pflags: int, *_attrs: object) -> Readable | Put:
        if self._handles >= _MOST_HANDLES:
            raise asyncssh.SFTPFailure(f"一度に開けるのは{_MOST_HANDLES}個までです。")
        if not pflags & _CHANGES:
            opened: Readable | Put = await self._ask("SFTP read", path, self._desk.tree.open)
        elif pflags & ~asyncssh.FXF_EXCL & ~asyncssh.FXF_TRUNC == _WRITES | _CREATES:
            opened = await self._begin(path)
        else:
            await self.refuse("SFTP open", path)
        self._handles += 1
        return opened

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if isinstance(file_obj, Put):
            raise asyncssh.SFTPPermissionDenied("置いている途中の報告は読めません。")
        handle: Any = file_obj
        await self._stream.drain(None)  # what the client does not take must not fill the memory
        with _told():
            data: bytes = await self._as_admitted(lambda _who, at: handle.read(*at), (offset, size), now=False)
            return data

    async def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        handle: Any = file_obj
        return _attributes(Node("", is_folder=False, size=handle.size))

    # Putting a report

    async def _begin(self, path: bytes) -> Put:
        with _told():
            names = place(path)
        match names:
            case ("reports", run, name):
                with _told():
                    await self._as_admitted(self._desk.tree.must_have_run, run)
                    must_be_name(name)
                    return Put(run, name, self._desk.spool(), self._desk.settings.upload_limit)
        return await self.refuse("SFTP open", path)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if not isinstance(file_obj, Put):
            raise asyncssh.SFTPPermissionDenied(_READ_ONLY)
        with _told():
            return await self._as_admitted(lambda _who, at: file_obj.write(*at), (offset, data), now=False)

    async def close(self, file_obj: object) -> None:
        self._handles -= 1
        if not isinstance(file_obj, Put):
            return
        broken = self._stream.gone or file_obj.spoilt
        # What was begun is ended even when the connection breaks now: a report that is taken is in the journal too.
        await asyncio.shield(self._desk.spawn(self._break_off(file_obj) if broken else self._end(file_obj)))

    async def _end(self, put: Put) -> None:
        def taken(who: Identity, _place: Place) -> None:
            take(self._desk.context, put.run, put.name, who.account, put.rewound(), put.digest)

        with put.source:
            await self._ask("SFTP report", f"/reports/{put.run}".encode(), taken)

    async def _break_off(self, put: Put) -> None:
        put.source.close()
        await self._desk.record(self._visitor.name, "SFTP report", put.run, 400)

    # Nothing else

    def map_path(self, *_path: bytes) -> NoReturn:
        raise asyncssh.SFTPPermissionDenied(_READ_ONLY)

    remove = _refusing("SFTP remove")
    rename = _refusing("SFTP rename")
    posix_rename = _refusing("SFTP rename")
    mkdir = _refusing("SFTP mkdir")
    rmdir = _refusing("SFTP rmdir")
    setstat = _refusing("SFTP setstat")
    lsetstat = _refusing("SFTP setstat")
    symlink = _refusing("SFTP symlink")
    link = _refusing("SFTP symlink")

    def fsetstat(self, *_what: object) -> NoReturn:
        raise asyncssh.SFTPPermissionDenied(_READ_ONLY)

    def fsync(self, *_what: object) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("fsync")

    def fstatvfs(self, *_what: object) -> NoReturn:
        raise asyncssh.SFTPOpUnsupported("fstatvfs")

    # What each of them does

    async def _ask(self, action: str, path: bytes, work: Callable[[Identity, Place], T]) -> T:
        """Do something, keep in the journal that it was asked for and how it ended, and only then answer."""
        subject, outcome, fault = "", 200, None
        try:
            names = place(path)
            subject = _subject(names)
            found = await self._as_admitted(work, names)
        except Exception as error:  # noqa: BLE001 - told below, once the journal has it
            fault, outcome = error, _outcome(error)
        with _told():
            await self._desk.record(self._visitor.name, action, subject, outcome)
            if fault:
                raise fault
        return found

    async def refuse(self, action: str, path: bytes) -> NoReturn:
        with _told():
            await self._desk.record(self._visitor.name, action, _subject(place(path)), 403)
        raise asyncssh.SFTPPermissionDenied(_READ_ONLY)

    async def _as_admitted(self, work: Callable[[Identity, Any], T], what: Any, *, now: bool = True) -> T:
        """``work`` in a thread, if the account and its key are good still."""

        def asked() -> T:
            return work(self._visitor.admit(now=now), what)

        self._visitor.busy += 1
        try:
            return await asyncio.to_thread(asked)
        finally:
            self._visitor.busy -= 1
            self._visitor.seen = monotonic()


@contextmanager
def _told() -> Iterator[None]:
    """A fault in the words of the protocol. OpenSSH's client shows only its kind, others the sentence too."""
    try:
        yield
    except asyncssh.SFTPError:
        raise
    except NotFound as fault:
        raise asyncssh.SFTPNoSuchFile(str(fault)) from fault
    except Refused as fault:
        raise asyncssh.SFTPPermissionDenied(str(fault)) from fault
    except PrintjobsError as fault:
        raise asyncssh.SFTPFailure(str(fault)) from fault
    except Exception as fault:
        _LOG.error("%s", without_words(fault))
        raise asyncssh.SFTPFailure(_OURS) from fault


def _outcome(fault: Exception) -> int:
    """As the web answers the same faults."""
    kinds = ((Shut, 401), (NotFound, 404), (Refused, 403), (StoreFull, 507), (PrintjobsError, 422))
    return next((code for kind, code in kinds if isinstance(fault, kind)), 500)


def _subject(names: Place) -> str:
    """Ids only: of a report that is put, the run; what is no id of ours is not written down."""
    ids = names[:2] if names[:1] == ("reports",) else names
    return " ".join(name for name in ids if name.isascii() and len(name) <= 80)


def _attributes(node: Node) -> asyncssh.SFTPAttrs:
    mode = stat.S_IFDIR | 0o555 if node.is_folder else stat.S_IFREG | 0o444
    return asyncssh.SFTPAttrs(size=node.size, permissions=mode)
