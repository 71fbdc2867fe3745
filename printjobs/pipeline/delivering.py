"""Delivery (引渡し): a vendor claims a released batch with a lease and takes its files. It ends in ``receiving``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs import package
from printjobs.core.access import Role
from printjobs.core.model import BatchStatus, NotFound, Refused
from printjobs.package import Manifest
from printjobs.store import accounts, deliveries, runs, writing
from printjobs.store.runs import Record

from .context import Context
from .encrypting import encrypted
from .packaging import manifest_key

LEASE = timedelta(minutes=30)  # a claim that is not renewed ends, and the batch comes back
MANIFEST = "manifest.json"


class Offered(NamedTuple):
    """A released batch as its vendor sees it. ``lease``: free, mine or other; ``leased_until``: ISO, UTC, or empty."""

    id: str
    run: str
    generation: int
    pieces: int
    sheets: int
    pages: int
    lease: str
    leased_until: str
    received: bool


class Claimed(NamedTuple):
    """A claim: until when (ISO, UTC), and how many seconds that is, for a machine whose clock is wrong."""

    batch: str
    expires_at: str
    seconds: int


class BatchFile(NamedTuple):
    """A file of a batch, of the plain bytes. ``pages``: 0 for what is no print file. ``age``: delivered encrypted."""

    path: str
    sha256: str
    bytes: int
    pages: int
    age: bool


class Deliverable(NamedTuple):
    """A stored file to be sent as it is: hash and size are those of the bytes that go over the line."""

    key: str
    sha256: str
    bytes: int
    age: bool


def batches(context: Context, account_id: int, vendor: str, now: datetime) -> list[Offered]:
    """What waits for this vendor: released and not posted."""
    with context.engine.connect() as connection:
        rows = deliveries.released(connection, vendor, now)
    return [_offered(row, account_id) for row in rows]


def claim(context: Context, batch_id: str, account_id: int, vendor: str, now: datetime) -> Claimed:
    """Take a batch for the next while, or keep it for longer; :class:`Refused` while another account has it."""
    batch = find(context, batch_id, vendor)
    until = now + LEASE
    with writing(context.engine) as connection:
        refuse_posted(batch_id, deliveries.lock_batch(connection, batch_id))
        if deliveries.receipt(connection, batch_id):
            raise Refused(f"{batch_id} は受領済みです。ファイルはもう一度受け取れますが、占有はできません。")
        lease = deliveries.living_lease(connection, batch_id, now)
        if lease and lease.account_id != account_id:
            raise Refused(
                f"{batch_id} は別の利用者が受取り中です（{_iso(lease.expires_at)} まで）。"
                "終わるか、期限が過ぎてから、もう一度受け取ってください。"
            )
        if lease:
            deliveries.renew_lease(connection, lease.id, until)
        else:
            deliveries.end_leases(connection, batch_id, now)
            values = {"batch_id": batch_id, "account_id": account_id, "claimed_at": now, "expires_at": until}
            deliveries.add_lease(connection, values)
            runs.add_event(connection, batch.run_id, now, "claim", batch_id, f"account {account_id}")
    return Claimed(batch_id, _iso(until), int(LEASE.total_seconds()))


def give_back(context: Context, batch_id: str, account_id: int, vendor: str, now: datetime) -> bool:
    """End one's own claim, so that the batch comes back at once; False when there is none."""
    batch = find(context, batch_id, vendor)
    with writing(context.engine) as connection:
        deliveries.lock_batch(connection, batch_id)
        lease = deliveries.living_lease(connection, batch_id, now)
        if lease is None or lease.account_id != account_id:
            return False
        deliveries.end_leases(connection, batch_id, now)
        runs.add_event(connection, batch.run_id, now, "give_back", batch_id, f"account {account_id}")
    return True


def files(context: Context, batch_id: str, vendor: str) -> list[BatchFile]:
    """Every file of a batch, the manifest last, and whether the vendor gets it encrypted."""
    batch = find(context, batch_id, vendor)
    sealed, manifest = read_sealed(context, batch)
    age = bool(_recipients(context, vendor))
    return [
        *(BatchFile(f.path, f.sha256, f.bytes, f.pages, age) for f in manifest.files),
        *(BatchFile(f.path, f.sha256, f.bytes, 0, age=False) for f in manifest.other_files),
        BatchFile(MANIFEST, batch.manifest_sha256, len(sealed), 0, age=False),
    ]


def file_of(context: Context, batch_id: str, name: str, account_id: int, vendor: str, now: datetime) -> Deliverable:
    """A file to be sent: by its name in the manifest, which is looked up and never made a path.

    Print files go encrypted to a vendor with age keys; the others hold nothing personal and always go as they are.
    Raises :class:`NotFound` for another name and :class:`Refused` without a lease or a receipt, and after posting.
    """
    batch = find(context, batch_id, vendor)
    refuse_posted(batch_id, batch.status)
    with context.engine.connect() as connection:
        if not (deliveries.receipt(connection, batch_id) or has_lease(connection, batch_id, account_id, now)):
            raise not_claimed(batch_id)
    file = next((f for f in files(context, batch_id, vendor) if f.path == name), None)
    if file is None:
        raise NotFound(f"{batch_id} にそのファイルはありません。manifest.json で確かめてください。")
    key = f"batches/{batch_id}/{file.path}"
    if not context.files.exists(key):
        raise Refused(f"{batch_id} の {file.path} が保管場所にありません。とりまとめ市に知らせてください。")
    if not file.age:
        return Deliverable(key, file.sha256, file.bytes, age=False)
    made = encrypted(context, batch_id, file.path, _recipients(context, vendor))
    return Deliverable(made.key, made.sha256, made.bytes, age=True)


def find(context: Context, batch_id: str, vendor: str) -> Record:
    """A batch that was released to this vendor. Of another's it is not told whether there is one."""
    with context.engine.connect() as connection:
        batch = deliveries.find_batch(connection, vendor, batch_id)
    if batch is None:
        raise NotFound("そのバッチはありません。引き渡されたバッチの一覧で確かめてください。")
    return batch


def read_sealed(context: Context, batch: Record) -> tuple[bytes, Manifest]:
    """A batch's manifest, its bytes proven to be those that were released."""
    sealed = context.files.read(manifest_key(batch.id))
    if sha256(sealed).hexdigest() != batch.manifest_sha256:
        raise Refused(f"{batch.id} の manifest.json が引渡しの後で変わっています。とりまとめ市に知らせてください。")
    return sealed, package.read_manifest(sealed)


def has_lease(connection: Connection, batch_id: str, account_id: int, now: datetime) -> bool:
    lease = deliveries.living_lease(connection, batch_id, now)
    return lease is not None and lease.account_id == account_id


def not_claimed(batch_id: str) -> Refused:
    return Refused(f"{batch_id} を占有していないか、占有の期限が過ぎました。もう一度占有してから行ってください。")


def refuse_posted(batch_id: str, status: str) -> None:
    if status == BatchStatus.POSTED:
        raise Refused(f"{batch_id} は差出し済みです。ファイルはもう渡せません。")


def _offered(row: Record, account_id: int) -> Offered:
    lease = "free" if row.leased_by is None else "mine" if row.leased_by == account_id else "other"
    until = _iso(row.leased_until) if row.leased_until else ""
    counts = (row.generation, row.pieces, row.sheets, row.pages)
    return Offered(row.id, row.run_id, *counts, lease, until, row.receipt_id is not None)


def _recipients(context: Context, vendor: str) -> list[str]:
    """The vendor's age keys, whoever of its accounts brought them: no account of it gets a plain file beside them."""
    with context.engine.connect() as connection:
        return accounts.party_keys(connection, Role.VENDOR, vendor, "age")


def _iso(at: datetime) -> str:
    """SQLite forgets the zone, and what it keeps is UTC."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
