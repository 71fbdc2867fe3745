"""Release: the moment the vendor may have a batch. Everything is proven once more before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from sqlalchemy import Connection

from printjobs import package
from printjobs.core.model import BatchStatus, Refused, RunStatus
from printjobs.store import production, pulls, runs, writing
from printjobs.store.models import Run
from printjobs.store.runs import Record, change_status

from .approving import refuse_unsigned
from .context import Context
from .packaging import manifest_key
from .status import status


def release(
    context: Context,
    run_id: str,
    *,
    exactly: Mapping[str, str] | None = None,
    agreed: Callable[[Connection], None] | None = None,
) -> list[str]:
    """Release every packaged batch of a run and return their ids; :class:`Refused` says what stands against it.

    ``exactly``: the manifests' SHA-256 by batch, when two persons agreed on these and on no others. ``agreed`` is
    asked in the transaction that releases, and raises when they no longer do.
    """
    run = context.run(run_id)
    with context.engine.connect() as connection:
        batches = production.batches(connection, run_id)
        waiting = [b for b in batches if b.status == BatchStatus.PACKAGED]
        files = {b.id: production.files(connection, b.id) for b in waiting}
        _refuse_pulled(connection, run_id)
        accepted, placed = _notices(connection, run_id)
    if run.status not in (RunStatus.PACKAGED, RunStatus.RELEASED):
        raise Refused(
            f"回 {run_id} は {run.status} で、引き渡せる状態ではありません。run go で最後まで進めてください。"
        )
    if not waiting or any(b.status == BatchStatus.PLANNED for b in batches):
        raise Refused(
            f"回 {run_id} には引渡しを待つバッチがありません（すでに引渡し済みか、まだ作成中です）。"
            "run status で確かめ、作成中なら run go を行ってください。"
        )
    if exactly is not None and {b.id: b.manifest_sha256 for b in waiting} != exactly:
        raise Refused(
            f"回 {run_id} のバッチは、引渡しを依頼したときのものと違います。様子を確かめて、もう一度依頼してください。"
        )
    _refuse_unbalanced(context, run_id, accepted, placed)
    if run.status == RunStatus.PACKAGED:  # reprints are of what was signed
        refuse_unsigned(context, run_id)
    for batch in waiting:
        _verify(context, batch, files[batch.id])
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)  # an order to pull waits, or we see it
        _refuse_pulled(connection, run_id, *files)
        if agreed is not None:
            agreed(connection)
        released = [b.id for b in waiting if production.release_batch(connection, b.id)]
        if run.status == RunStatus.PACKAGED:
            change_status(connection, Run, Run.id, run_id, RunStatus.PACKAGED, RunStatus.RELEASED)
        for batch_id in released:
            runs.add_event(connection, run_id, context.now(), "release", batch_id)
    return released


def _refuse_unbalanced(context: Context, run_id: str, accepted: int, placed: int) -> None:
    if placed != accepted:
        raise Refused(
            f"引抜きを除いて受け取った通知は{accepted:,}件ですが、封筒に入る通知は{placed:,}件です。計画を調べてください。"
        )
    if unbalanced := [c["name"] for c in status(context, run_id)["cities"] if not c["balanced"]]:
        raise Refused(f"件数が合わない市があります: {'、'.join(unbalanced)}。run status で差を確かめてください。")


def _notices(connection: Connection, run_id: str) -> tuple[int, int]:
    """How many notices were accepted and how many are in a piece that stands; pulled ones counted in neither."""
    ordered = sum(pulls.counts(connection, run_id).values())
    lying = sum(sum(counts.values()) for counts in pulls.piece_counts(connection, run_id).values())
    accepted = sum(production.notice_counts(connection, run_id).values())
    placed = sum(int(row.notices) for row in production.city_counts(connection, run_id))
    return accepted - ordered, placed - lying


def _refuse_pulled(connection: Connection, run_id: str, *waiting: str) -> None:
    """:class:`Refused` while a batch holds a notice that is pulled, or when one that was ``waiting`` was withdrawn."""
    withdrawn = {b.id for b in production.batches(connection, run_id) if b.status == BatchStatus.WITHDRAWN}
    found = sorted(withdrawn.intersection(waiting).union(pulls.unreleased(connection, run_id)))
    if found:
        raise Refused(
            f"引抜きを指示した通知の入ったバッチがあります: {'、'.join(found)}。"
            "run go で作り直してから、もう一度 release を行ってください。"
        )


def _verify(context: Context, batch: Record, files: Sequence[Record]) -> None:
    """The stored bytes are still those that were read back and sealed, file by file."""
    folder = f"batches/{batch.id}"
    if not context.files.exists(manifest_key(batch.id)):
        raise Refused(f"{batch.id} の manifest.json がありません。run go でもう一度封印してください。")
    sealed = context.files.read(manifest_key(batch.id))
    if sha256(sealed).hexdigest() != batch.manifest_sha256:
        raise _changed(f"{batch.id} の manifest.json")
    wanted = {other.path: other.sha256 for other in package.read_manifest(sealed).other_files}
    wanted |= {f"{file.id}.pdf": file.sha256 for file in files}
    for name, digest in wanted.items():
        key = f"{folder}/{name}"
        if not context.files.exists(key):
            raise Refused(
                f"{batch.id} の {name} がなくなっています。引き渡せません。保管場所の控えから戻してください。"
            )
        if context.files.sha256(key) != digest:
            raise _changed(f"{batch.id} の {name}")


def _changed(what: str) -> Refused:
    return Refused(f"{what} が検査の後で変わっています。引き渡せません。保管場所を調べ、控えから戻してください。")
