"""Release by two persons: one asks for exactly these batches, another one confirms, and then they are released.

The command line's ``release`` asks nobody: whoever has the machine has the keys.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs.core.access import Role
from printjobs.core.model import BatchStatus, Refused
from printjobs.reference.timetable import local
from printjobs.store import accounts, production, runs, schedule, writing
from printjobs.store.runs import Record

from . import releasing
from .context import Context


class Asked(NamedTuple):
    """An open request: the batches with their manifests' SHA-256, who asked and when. ``again``: it was there.

    ``asked_at`` is ISO by the clock of Japan.
    """

    id: int
    run: str
    manifests: dict[str, str]
    asked_by: int
    asked_at: str
    again: bool


def ask_release(context: Context, run_id: str, account_id: int) -> Asked:
    """Ask that all packaged batches of a run are released; the same person asking for the same again changes nothing.

    Raises :class:`Refused` when there is nothing to release, when batches are still being made, when the account is
    no lead's, and when another person has asked: it is theirs to confirm, not to ask.
    """
    run = context.run(run_id)
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        _refuse_others(connection, account_id)
        manifests = _packaged(connection, run)
        found = schedule.open_request(connection, run_id)
        if found and json.loads(found.manifests) == manifests:
            if found.asked_by != account_id:
                raise Refused(f"回 {run_id} の引渡しは、ほかの人が依頼しています。内容を確かめて、確認してください。")
            return _asked(found, again=True)
        now = context.now()
        if found:  # it was for other batches than there are now
            schedule.end_request(connection, found.id, now, None)
        values = {"run_id": run_id, "manifests": json.dumps(manifests), "asked_by": account_id, "asked_at": now}
        schedule.add_request(connection, values)
        runs.add_event(connection, run_id, now, "ask_release", run_id, f"batches {len(manifests)} account {account_id}")
        made = schedule.open_request(connection, run_id)
        assert made is not None
    return _asked(made, again=False)


def confirm_release(context: Context, run_id: str, account_id: int, request_id: int) -> list[str]:
    """Confirm the request that was looked at as a second person, and release; the batches' ids.

    Raises :class:`Refused` without this request, for the account that asked, for one that is no lead's, when the
    batches are no longer exactly those that were asked for (ask again), and for all that ``releasing.release``
    refuses: the request then stays open.
    """
    context.run(run_id)
    with context.engine.connect() as connection:
        manifests: dict[str, str] = json.loads(_confirmed(connection, run_id, account_id, request_id).manifests)

    def agreed(connection: Connection) -> None:
        """In the transaction that releases: the request still stands, and with it this person's word."""
        _confirmed(connection, run_id, account_id, request_id)
        schedule.end_request(connection, request_id, context.now(), account_id)
        detail = f"request {request_id} account {account_id}"
        runs.add_event(connection, run_id, context.now(), "confirm_release", run_id, detail)

    return releasing.release(context, run_id, exactly=manifests, agreed=agreed)


def _confirmed(connection: Connection, run_id: str, account_id: int, request_id: int) -> Record:
    """The open request, if this person may confirm it, and the one who asked still could ask."""
    request = _open(connection, run_id)
    if request.id != request_id:
        raise Refused("引渡しの依頼が、見ていたものと変わりました。画面を開き直し、バッチを確かめてください。")
    _refuse_others(connection, account_id)
    _refuse_others(connection, request.asked_by)
    if request.asked_by == account_id:
        raise Refused("引渡しを依頼した人は、確認できません。とりまとめ市のほかの人が確かめてください。")
    return request


def withdraw_release(context: Context, run_id: str, account_id: int) -> None:
    """End the open request without a release; any lead may. :class:`Refused` when there is none."""
    context.run(run_id)
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        request = _open(connection, run_id)
        _refuse_others(connection, account_id)
        schedule.end_request(connection, request.id, context.now(), None)
        runs.add_event(connection, run_id, context.now(), "withdraw_release", run_id, f"account {account_id}")


def open_request(context: Context, run_id: str) -> Asked | None:
    """The request that waits for its second person."""
    with context.engine.connect() as connection:
        found = schedule.open_request(connection, run_id)
    return _asked(found, again=True) if found else None


def _open(connection: Connection, run_id: str) -> Record:
    request = schedule.open_request(connection, run_id)
    if request is None:
        raise Refused(f"回 {run_id} に、確認を待つ引渡しの依頼はありません。先に引渡しを依頼してください。")
    return request


def _refuse_others(connection: Connection, account_id: int) -> None:
    account = accounts.by_id(connection, account_id)
    if account.role != Role.LEAD or account.disabled_at is not None:
        raise Refused("引渡しの依頼と確認は、とりまとめ市の利用者だけができます。")


def _packaged(connection: Connection, run: Record) -> dict[str, str]:
    """The manifests of all that would be released now."""
    batches = production.batches(connection, run.id)
    waiting = {b.id: b.manifest_sha256 for b in batches if b.status == BatchStatus.PACKAGED}
    if not waiting or any(b.status == BatchStatus.PLANNED for b in batches):
        raise Refused(
            f"回 {run.id} には引渡しを待つバッチがありません（すでに引渡し済みか、まだ作成中です）。"
            "様子を確かめ、作成中なら run go で最後まで進めてください。"
        )
    return waiting


def _asked(row: Record, *, again: bool) -> Asked:
    asked_at = local(row.asked_at).isoformat(timespec="minutes")
    return Asked(row.id, row.run_id, json.loads(row.manifests), row.asked_by, asked_at, again)
