"""A report that comes in parts over a bad line: each part where the last one ended, then taken as a whole.

Parts are files of their own, so that one that breaks off halfway leaves nothing. Every name is ours: no text of the
sender's reaches a path.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import BinaryIO, NamedTuple

from printjobs.core.model import BadInput, NotFound, Refused, RunStatus
from printjobs.reference.report_layout import report_layout
from printjobs.store import runs, tracking, uploads, writing
from printjobs.store.runs import Record

from .context import Context
from .settling import Settled, load_scans

_FOLDER = "uploads"
_ABANDONED = timedelta(days=1)
_BLOCK = 1 << 20


class Upload(NamedTuple):
    """A report on its way: ``size`` bytes of it are here. ``account_id`` is whose it is."""

    id: str
    run_id: str
    account_id: int
    layout: str
    size: int
    ended: bool


def begin(context: Context, run_id: str, account_id: int, layout: str) -> Upload:
    """Open an upload of a report in this layout; those that were abandoned for a day are swept."""
    report_layout(layout)
    run = context.run(run_id)
    if run.status != RunStatus.RELEASED:
        raise Refused(f"回 {run_id} は報告を受け取れません（{run.status}）。引渡しの後、締める前に送ってください。")
    sweep(context)
    upload = Upload(secrets.token_hex(16), run_id, account_id, layout, 0, ended=False)
    with writing(context.engine) as connection:
        values = {"id": upload.id, "run_id": run_id, "account_id": account_id, "layout": layout, "size": 0}
        uploads.add(connection, values | {"opened_at": context.now()})
        runs.add_event(connection, run_id, context.now(), "upload", upload.id, layout)
    return upload


def find(context: Context, upload_id: str) -> Upload:
    """An upload by its id; :class:`NotFound` when there is none. Whether the asker may know is the caller's to see."""
    with context.engine.connect() as connection:
        row = uploads.find(connection, upload_id)
    if row is None:
        raise NotFound("その送信はありません。はじめから送り直してください。")
    return _upload(row)


def append(context: Context, upload_id: str, offset: int, stream: BinaryIO) -> Upload:
    """Take the bytes that follow the first ``offset`` of the report, as many as the stream has.

    :class:`Refused` when that is not where the report ends by now, telling where it does, and when it would be longer
    than the setting ``upload_limit``; nothing of such a part is kept.
    """
    upload = _open(context, upload_id, offset)
    folder = f"{_FOLDER}/{upload.id}"
    waiting = f"{folder}/waiting-{secrets.token_hex(8)}"
    size = 0
    with context.files.writer(waiting) as writer:
        while block := stream.read(_BLOCK):
            size += len(block)
            if offset + size > context.settings.upload_limit:
                limit = context.settings.upload_limit
                raise Refused(f"報告が大きすぎます（上限 {limit:,}バイト）。行の切れ目で分けて送ってください。")
            writer.write(block)
    with writing(context.engine) as connection:
        grown = size > 0 and uploads.grow(connection, upload_id, offset, offset + size)
        if grown:  # the file first under its place: a part that is there before it counts is written over
            context.files.move(waiting, f"{folder}/{offset:016d}")
    if grown:
        return upload._replace(size=offset + size)
    context.files.delete(waiting)
    return _open(context, upload_id, offset)


def _open(context: Context, upload_id: str, offset: int) -> Upload:
    upload = find(context, upload_id)
    if upload.ended:
        raise Refused("この送信は終わっています。続きは新しい送信で送ってください。")
    if offset != upload.size:
        raise Refused(
            f"続きの位置が違います。届いているのは{upload.size}バイトです。{upload.size}バイト目から送ってください。"
        )
    return upload


def finish(context: Context, upload_id: str, digest: str) -> Settled:
    """Take the report when its SHA-256 is ``digest``, and remove the copy. Finishing again tells that it was taken."""
    upload = find(context, upload_id)
    if upload.ended:
        with context.engine.connect() as connection:
            before = tracking.find_scan_log(connection, upload.run_id, digest)
        if before is None:
            raise Refused("この送信は、報告を取り込まずに終わっています。はじめから送り直してください。")
        return Settled(before.lines, {}, [], [], [], "", again=True)
    whole = f"{_FOLDER}/{upload.id}/whole"
    found = _join(context, upload, whole)
    if found != digest:
        _end(context, upload.id)
        raise Refused(f"届いた{upload.size:,}バイトの SHA-256 は {found} で、違います。はじめから送り直してください。")
    try:
        settled = load_scans(context, upload.run_id, context.files.local_path(whole), upload.layout)
    except (BadInput, Refused):
        _end(context, upload.id)
        raise
    _end(context, upload.id)
    return settled


def _join(context: Context, upload: Upload, whole: str) -> str:
    """Put the parts together; their SHA-256. Parts beyond the size that counts are none."""
    digest, at = sha256(), 0
    with context.files.writer(whole) as writer:
        while at < upload.size:
            with context.files.open(f"{_FOLDER}/{upload.id}/{at:016d}") as part:
                while block := part.read(_BLOCK):
                    digest.update(block)
                    writer.write(block)
                    at += len(block)
    return digest.hexdigest()


def sweep(context: Context) -> None:
    """End what was begun a day ago and never finished, and remove what came of it."""
    with context.engine.connect() as connection:
        old = uploads.abandoned(connection, context.now() - _ABANDONED)
    for upload_id in old:
        _end(context, upload_id)


def _end(context: Context, upload_id: str) -> None:
    """The files first: an upload that has ended has left nothing."""
    context.files.delete_folder(f"{_FOLDER}/{upload_id}")
    context.files.sweep(f"{_FOLDER}/{upload_id}")
    with writing(context.engine) as connection:
        uploads.end(connection, upload_id, context.now())


def _upload(row: Record) -> Upload:
    return Upload(row.id, row.run_id, row.account_id, row.layout, row.size, row.ended_at is not None)
