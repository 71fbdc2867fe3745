"""Receipts (受領証): a vendor says what it computed of a batch's files, and gets the council's signature under it.

Only figures that are all equal to the manifest are signed; what differs is told file by file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from printjobs.core.model import NotFound, Refused
from printjobs.package import Manifest
from printjobs.store import deliveries, runs, writing
from printjobs.store.runs import Record
from printjobs.trust import receipts
from printjobs.trust.receipts import Receipt, ReceivedFile
from printjobs.trust.signing import CouncilKey

from .context import Context
from .delivering import MANIFEST, find, has_lease, not_claimed, read_sealed, refuse_posted
from .stages import report_stage


class Difference(NamedTuple):
    """What the vendor computed otherwise. ``field``: sha256, bytes, pages, or path: how often the file is there."""

    path: str
    field: str
    expected: str
    found: str


class Answer(NamedTuple):
    """The signed receipt (JSON), or what differs and no receipt. ``again``: it was given before, the same bytes."""

    signed: str
    differences: tuple[Difference, ...]
    again: bool


def receive(
    context: Context, batch_id: str, account_id: int, vendor: str, files: Sequence[ReceivedFile], now: datetime
) -> Answer:
    """Compare the vendor's figures with the manifest and sign them once. ``pages`` count for print files only.

    Raises :class:`Refused` from an account that has not claimed the batch. The same figures again give the same bytes.
    """
    batch = find(context, batch_id, vendor)
    sealed, manifest = read_sealed(context, batch)
    wanted = _wanted(manifest, ReceivedFile(MANIFEST, batch.manifest_sha256, len(sealed)))
    found = differences(wanted, files)
    with writing(context.engine) as connection:
        status = deliveries.lock_batch(connection, batch_id)
        given = deliveries.receipt(connection, batch_id)
        if given is None:
            refuse_posted(batch_id, status)
            if not has_lease(connection, batch_id, account_id, now):
                raise not_claimed(batch_id)
        if found:
            runs.add_event(connection, batch.run_id, now, "receipt_differs", batch_id, f"{len(found)}")
            return Answer("", found, again=False)
        signed = given.signed if given else _signed(context, batch, vendor, manifest, wanted, now)
        if given is None:
            values = {"batch_id": batch_id, "account_id": account_id, "at": now, "signed": signed}
            deliveries.add_receipt(connection, values)
            deliveries.end_leases(connection, batch_id, now)
            runs.add_event(connection, batch.run_id, now, "receipt", batch_id, f"account {account_id}")
    with suppress(Refused):  # told with another count before: that stands as an event, and the receipt stands too
        report_stage(context, batch_id, "accepted", manifest.pages)
    return Answer(signed, (), again=given is not None)


def receipt(context: Context, batch_id: str, vendor: str) -> str:
    """The signed receipt of a batch once more; :class:`NotFound` when there is none yet."""
    find(context, batch_id, vendor)
    with context.engine.connect() as connection:
        given = deliveries.receipt(connection, batch_id)
    if given is None:
        raise NotFound(
            f"{batch_id} の受領証はまだありません。受け取ったファイルの SHA-256 と頁数を先に送ってください。"
        )
    return str(given.signed)


def _wanted(manifest: Manifest, itself: ReceivedFile) -> list[ReceivedFile]:
    """What a vendor must have computed; the manifest names all files but itself."""
    files = [ReceivedFile(f.path, f.sha256, f.bytes, f.pages) for f in manifest.files]
    return [*files, *(ReceivedFile(f.path, f.sha256, f.bytes) for f in manifest.other_files), itself]


def differences(wanted: Sequence[ReceivedFile], told: Sequence[ReceivedFile]) -> tuple[Difference, ...]:
    """Where what a vendor told is not what is wanted. A file that is there too seldom or too often is one of them."""
    found = {file.path: file for file in told}
    known = {file.path for file in wanted}
    times = Counter(file.path for file in told)
    differing = [
        Difference(path, "path", str(int(path in known)), str(times[path]))
        for path in sorted(known | found.keys())
        if times[path] != int(path in known)
    ]
    for file in wanted:
        if file.path in found:
            for name in ("sha256", "bytes", *(("pages",) if file.pages else ())):
                expected, other = str(getattr(file, name)), str(getattr(found[file.path], name))
                if other != expected:
                    differing.append(Difference(file.path, name, expected, other))
    return tuple(differing)


def _signed(
    context: Context, batch: Record, vendor: str, manifest: Manifest, files: Sequence[ReceivedFile], now: datetime
) -> str:
    receipt = Receipt(
        batch=batch.id,
        run=batch.run_id,
        generation=batch.generation,
        vendor=vendor,
        received_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        manifest_sha256=batch.manifest_sha256,
        pages=manifest.pages,
        files=tuple(files),
    )
    return receipts.sign(receipt, CouncilKey(context.settings.secret_bytes())).decode()
