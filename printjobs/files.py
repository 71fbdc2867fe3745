"""The object store: the only room that touches stored bytes. Local folders now, S3 by the same calls.

Everything is written under a temporary name and renamed, so a reader never sees half a file.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import obstore
from obstore.store import LocalStore

from printjobs.core.model import StoreFull

_BLOCK = 1 << 20


class _Stored(io.RawIOBase):
    """A stored file as the raw stream that the standard library's readers take."""

    def __init__(self, reader: obstore.ReadableFile) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._reader.read(len(buffer))
        buffer[: len(data)] = memoryview(data)
        return len(data)


class Writer(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Files:
    """Stored files by key, a relative path with forward slashes."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home.absolute()
        self._store = LocalStore(self.home, mkdir=True)

    def put(self, key: str, data: bytes) -> None:
        with _told_when_full(key):
            obstore.put(self._store, key, data)

    def put_new(self, key: str, data: bytes) -> bool:
        """Store a file unless there is one; False when there is. Of two at once, one is the first."""
        with _told_when_full(key):
            try:
                obstore.put(self._store, key, data, mode="create")
            except obstore.exceptions.AlreadyExistsError:
                return False
        return True

    @contextmanager
    def writer(self, key: str) -> Iterator[Writer]:
        """Write in parts; the file appears when the block ends well, and not at all otherwise."""
        with _told_when_full(key), obstore.open_writer(self._store, key) as writer:
            yield writer

    def take(self, source: BinaryIO, key: str) -> tuple[str, int]:
        """Copy a stream in; its SHA-256 and size as copied."""
        digest, size = sha256(), 0
        with self.writer(key) as writer:
            while block := source.read(_BLOCK):
                digest.update(block)
                size += len(block)
                writer.write(block)
        return digest.hexdigest(), size

    def read(self, key: str) -> bytes:
        return bytes(obstore.get(self._store, key).bytes())

    def exists(self, key: str) -> bool:
        try:
            obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def ranges(self, key: str, starts: Sequence[int], lengths: Sequence[int]) -> list[bytes]:
        """Parts of a file by offset and length, in the order asked for."""
        if not starts:
            return []
        parts = obstore.get_ranges(self._store, key, starts=starts, lengths=lengths, coalesce=0)
        return [bytes(p) for p in parts]

    def open(self, key: str) -> io.BufferedReader:
        """Read a file as a stream."""
        return io.BufferedReader(_Stored(obstore.open_reader(self._store, key)), _BLOCK)

    def sha256(self, key: str) -> str:
        """SHA-256 of a file as it is stored now."""
        with self.open(key) as source:
            return file_digest(source, "sha256").hexdigest()

    def move(self, old: str, new: str) -> None:
        """Give a file another key; what was there is replaced."""
        obstore.rename(self._store, old, new)

    def delete(self, key: str) -> None:
        obstore.delete(self._store, key)

    def has_any(self, folder: str) -> bool:
        """Whether there is any file under a key."""
        return any(map(len, obstore.list(self._store, folder)))

    def delete_folder(self, folder: str) -> None:
        """Delete every file under a key, if there is any."""
        for part in obstore.list(self._store, folder):
            obstore.delete(self._store, [file["path"] for file in part])

    def sweep(self, folder: str) -> None:
        """Remove what killed writers left behind in a folder: parts under temporary names."""
        for part in self.local_path(folder).glob("*#*"):
            if part.name.rpartition("#")[2].isdigit():
                part.unlink(missing_ok=True)

    def local_path(self, key: str) -> Path:
        """Where a stored file lies, for people and for tools that take only paths."""
        return self.home / key

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.home).free


@contextmanager
def _told_when_full(key: str) -> Iterator[None]:
    try:
        yield
    except (OSError, obstore.exceptions.BaseError) as error:
        text = str(error)
        if "No space left" in text or "os error 28" in text or "File too large" in text:
            raise StoreFull(f" {key} ") from error
        raise
