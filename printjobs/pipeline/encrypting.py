"""Print files encrypted to a vendor's age keys: made once for a set of keys, so that a download can be resumed.

Age takes a new file key each time: the same file encrypted twice differs, and the second half of one is no use to who
has the first half of the other. What was made first is therefore what is delivered, until the batch is posted.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import sha256

import msgspec
import pyrage

from printjobs.files import Writer

from .context import Context


class Encrypted(msgspec.Struct, frozen=True):
    """A stored file in age's format; hash and size are those of the encrypted bytes."""

    key: str
    sha256: str
    bytes: int


class _Hashed:
    """The file-like object that age writes to. ``fault`` is what the store raised, of which age keeps only the text."""

    def __init__(self, sink: Writer) -> None:
        self._sink = sink
        self.digest, self.size = sha256(), 0
        self.fault: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            self._sink.write(data)
        except Exception as fault:
            self.fault = fault
            raise
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Age asks for it; the store has the file when it is closed."""


def encrypted(context: Context, batch_id: str, name: str, recipients: Sequence[str]) -> Encrypted:
    """A batch's file for these age keys, made now if it is not there; about 4 s for a gigabyte."""
    fingerprint = sha256("\n".join(sorted(recipients)).encode()).hexdigest()[:16]
    made = f"{_folder(batch_id)}/{fingerprint}/{name}"
    noted = f"{made}.json"
    if not context.files.exists(noted):
        one = _encrypt(context, f"batches/{batch_id}/{name}", f"{made}-{secrets.token_hex(8)}.age", recipients)
        if not context.files.put_new(noted, msgspec.json.encode(one)):
            context.files.delete(one.key)  # somebody else was first, and may have delivered half of it by now
    return msgspec.json.decode(context.files.read(noted), type=Encrypted)


def forget(context: Context, batch_id: str) -> None:
    """Delete what was encrypted of a batch: nobody downloads it any more."""
    context.files.delete_folder(_folder(batch_id))


def _encrypt(context: Context, source: str, key: str, recipients: Sequence[str]) -> Encrypted:
    keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    with context.files.open(source) as plain, context.files.writer(key) as sink:
        hashed = _Hashed(sink)
        try:
            pyrage.encrypt_io(plain, hashed, keys)
        except pyrage.EncryptError as error:
            raise hashed.fault or error from error
    return Encrypted(key, hashed.digest.hexdigest(), hashed.size)


def _folder(batch_id: str) -> str:
    return f"encrypted/{batch_id}"
