"""What a vendor sees: ``/batches/BATCH/FILE`` to read, ``/reports/RUN`` to put reports, and there what came of each.

There is no file system behind a path. Each of its names is looked up: in what is released to the vendor, in a
manifest, among results; what is not found there does not exist. All of this blocks: it is called in threads.
"""

from __future__ import annotations

import errno
import os
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

from printjobs.core.access import Identity, Role
from printjobs.core.model import NotFound, Refused, RunStatus
from printjobs.pipeline import Context, delivering
from printjobs.pipeline.delivering import BatchFile, Offered
from printjobs.pipeline.encrypting import encrypted
from printjobs.store import accounts, gateway, runs
from printjobs.trust.keys import AGE

from .results import RESULT

_LONGEST_PATH = 1_024  # bytes
_SHOWN = 1_000  # results of a run
_MOST_READ, _AHEAD = 4 << 20, 1 << 20  # bytes; the first is what asyncssh tells clients
_ENDING = ".age"  # of a print file that is delivered encrypted

Place: TypeAlias = tuple[str, ...]


class Node(NamedTuple):
    """A name in the tree; ``size`` in bytes, None for a folder and for what is not encrypted yet."""

    name: str
    is_folder: bool
    size: int | None = None


class Readable(Protocol):
    """Something that is open for reading, anywhere in it."""

    size: int

    def read(self, offset: int, size: int) -> bytes: ...


class Tree:
    def __init__(self, context: Context) -> None:
        self._context = context

    def nodes(self, who: Identity, place: Place) -> list[Node]:
        """What is in a folder; :class:`NotFound` when it is none, or another's."""
        match place:
            case ():
                return [Node("batches", is_folder=True), Node("reports", is_folder=True)]
            case ("batches",):
                return [Node(batch.id, is_folder=True) for batch in self._offered(who)]
            case ("batches", batch):
                return [_listed(file) for file in self._files(who, self._batch(who, batch).id)]
            case ("reports",):
                return [Node(run, is_folder=True) for run in self.runs(who)]
            case ("reports", run):
                self.must_have_run(who, run)
                with self._context.engine.connect() as connection:
                    return [Node(name + RESULT, is_folder=False) for name in gateway.results(connection, run, _SHOWN)]
        raise NotFound

    def node(self, who: Identity, place: Place) -> Node:
        """What a path names. The size of an encrypted file is known only once it is made: it is made here."""
        match place:
            case ("batches", batch, name):
                file = self._file(who, self._batch(who, batch).id, name)
                return _listed(file)._replace(size=self._size(who, batch, file))
            case ("reports", run, name):
                return Node(name, is_folder=False, size=len(self._result(who, run, name)))
            case () | ("batches",) | ("reports",):
                return Node("/", is_folder=True)
            case ("batches", batch):
                return Node(self._batch(who, batch).id, is_folder=True)
            case ("reports", run):
                self.must_have_run(who, run)
                return Node(run, is_folder=True)
        raise NotFound

    def open(self, who: Identity, place: Place) -> Readable:
        """Open for reading; a batch of which a file is read is claimed, and kept while files of it are opened."""
        match place:
            case ("batches", batch, name):
                return self._open_file(who, self._batch(who, batch), name)
            case ("reports", run, name):
                return Text(self._result(who, run, name))
        self.node(who, place)  # it must be there at least
        raise Refused("フォルダは開けません。")

    def runs(self, who: Identity) -> list[str]:
        """The runs that this vendor reports on."""
        handed_over = (RunStatus.RELEASED, RunStatus.CLOSED)
        with self._context.engine.connect() as connection:
            found = runs.all_runs(connection)
        return [run.id for run in found if run.vendor == who.party and run.status in handed_over]

    def must_have_run(self, who: Identity, run_id: str) -> None:
        if run_id not in self.runs(who):
            raise NotFound

    def _offered(self, who: Identity) -> list[Offered]:
        return delivering.batches(self._context, who.account, who.party, self._now())

    def _batch(self, who: Identity, batch_id: str) -> Offered:
        """A batch that this vendor may take; one that is posted is not there any more."""
        found = next((batch for batch in self._offered(who) if batch.id == batch_id), None)
        if found is None:
            raise NotFound
        return found

    def _files(self, who: Identity, batch_id: str) -> list[BatchFile]:
        return delivering.files(self._context, batch_id, who.party)

    def _file(self, who: Identity, batch_id: str, name: str) -> BatchFile:
        found = next((file for file in self._files(who, batch_id) if _shown(file) == name), None)
        if found is None:
            raise NotFound
        return found

    def _size(self, who: Identity, batch_id: str, file: BatchFile) -> int:
        if not file.age:
            return file.bytes
        with self._context.engine.connect() as connection:
            keys = accounts.party_keys(connection, Role.VENDOR, who.party, AGE)
        return encrypted(self._context, batch_id, file.path, keys).bytes

    def _open_file(self, who: Identity, batch: Offered, name: str) -> Readable:
        now = self._now()
        file = self._file(who, batch.id, name)
        if not batch.received:
            delivering.claim(self._context, batch.id, who.account, who.party, now)
        stored = delivering.file_of(self._context, batch.id, file.path, who.account, who.party, now)
        return Stored(self._context, stored.key, stored.bytes)

    def _result(self, who: Identity, run_id: str, name: str) -> bytes:
        self.must_have_run(who, run_id)
        with self._context.engine.connect() as connection:
            found = gateway.result(connection, run_id, name.removesuffix(RESULT)) if name.endswith(RESULT) else None
        if found is None:
            raise NotFound
        return str(found.told).encode()

    def _now(self) -> datetime:
        return self._context.now()


def place(path: bytes) -> Place:
    """The names of a path; :class:`NotFound` for what can be none. ``..`` leads nowhere above the root."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        raise NotFound from None
    if len(path) > _LONGEST_PATH or not text.replace("\u3000", "").isprintable():  # a Japanese blank is harmless
        raise NotFound
    names: list[str] = []
    for name in text.split("/"):
        if name == "..":
            names = names[:-1]
        elif name not in ("", "."):
            names.append(name)
    return tuple(names)


class _Whole:
    """A file without holes, in the two ways that asyncssh's clients ask where its data is."""

    size: int

    def seek(self, offset: int, whence: int) -> int:
        if offset >= self.size:
            raise OSError(errno.ENXIO, "no more data")
        return offset if whence == os.SEEK_DATA else self.size


class Text(_Whole):
    """Something short to read, whole in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]


class Stored(_Whole):
    """A stored file to read anywhere in it. What follows a read is held, so that small ones ask the store seldom."""

    def __init__(self, context: Context, key: str, size: int) -> None:
        self._files = context.files
        self._key = key
        self.size = size
        self._at, self._block = 0, b""

    def read(self, offset: int, size: int) -> bytes:
        """``size`` bytes, fewer only at the end of the file: OpenSSH's client asks for ever less after a short read."""
        size = min(size, _MOST_READ, self.size - offset)
        if size <= 0:
            return b""
        if not self._at <= offset <= offset + size <= self._at + len(self._block):
            self._at = offset
            length = min(max(size, _AHEAD), self.size - offset)
            (self._block,) = self._files.ranges(self._key, [offset], [length])
        return self._block[offset - self._at : offset - self._at + size]


def _shown(file: BatchFile) -> str:
    return file.path + (_ENDING if file.age else "")


def _listed(file: BatchFile) -> Node:
    return Node(_shown(file), is_folder=False, size=None if file.age else file.bytes)
