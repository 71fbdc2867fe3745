"""Charging: what was mailed is entered in the ledger, a run is closed, and what was wrong gets further entries."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.cost import settlement
from printjobs.core.cost.bill import Bill, group_of
from printjobs.core.cost.settlement import VENDOR
from printjobs.core.cost.splitting import Share
from printjobs.core.cost.tariff import TAX, Line
from printjobs.core.model import Refused, RunStatus, UsageError
from printjobs.reference import costs
from printjobs.store import ledger, runs, writing
from printjobs.store.models import Run
from printjobs.store.runs import Record, change_status

from . import statements
from .approving import signer_name
from .context import Context, Step
from .costing import Costed, cost
from .settling import all_posted
from .status import status

_LONGEST_REASON = 200


def close(context: Context, run_id: str) -> list[Step]:
    """The closing step: charge what was mailed, and close if the count equation holds for every city.

    :class:`Refused` when a table by which another run was charged has other contents now.
    """
    run = context.run(run_id)
    if run.status != RunStatus.RELEASED or not all_posted(context, run_id):
        return []
    tables = dated_tables(run)
    with context.engine.connect() as connection:
        _refuse_rewritten(connection, tables)
    costed = cost(context, run_id)
    if not (costed.settled and costed.bill.sum_ok):
        raise AssertionError("the shares do not add up to the invoice")  # law 5, before anything is written
    statements.write(context, run, costed)
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        ledger.lock_books(connection)
        if not ledger.charges(connection, run_id):
            _charge(context, connection, run, costed.bill, tables)
    if unbalanced := [c["name"] for c in status(context, run_id)["cities"] if not c["balanced"]]:
        raise Refused(
            f"件数の合わない市があるため締められません: {'、'.join(unbalanced)}。run status で差を確かめてください。"
        )
    with writing(context.engine) as connection:
        if change_status(connection, Run, Run.id, run_id, RunStatus.RELEASED, RunStatus.CLOSED):
            runs.add_event(connection, run_id, context.now(), "close", run_id)
    return []


def _charge(context: Context, connection: Connection, run: Record, made: Bill, tables: Mapping[str, str]) -> None:
    """Enter a settlement, and write down what the tables are that it was reckoned by. The books are locked."""
    _refuse_rewritten(connection, tables)
    at, month = context.now(), booking_month(connection, run)
    known = ledger.pinned(connection, tables)
    if new := [name for name in tables if name not in known]:
        ledger.pin(connection, [{"name": n, "sha256": tables[n], "run_id": run.id, "at": at} for n in new])
    same = {"run_id": run.id, "month": month, "at": at}
    names = ("group", "item", "rule", "basis", "yen")
    rows = [
        same | {"city": c.code, "notices": c.notices} | {name: getattr(i, name) for name in names}
        for c in made.cities
        for i in c.items
    ]
    ledger.add_charges(connection, rows)
    runs.add_event(connection, run.id, at, "charge", run.id, f"yen {made.invoice_yen}")


def dated_tables(run: Record) -> dict[str, str]:
    """SHA-256 by name of the dated files that a run is charged by."""
    names = [costs.in_force(what, run.mailing_date) for what in costs.DATED]
    return {name: costs.digest(name) for name in names}


def booking_month(connection: Connection, run: Record) -> str:
    """The month into which an entry for a run goes now. The books are locked."""
    return settlement.booking_month(run.mailing_date[:7], ledger.closings(connection))


def settled(context: Context, run_id: str) -> Costed:
    """The cost that a run was charged by. :class:`Refused` while it is not closed, or when a table was rewritten."""
    run = context.run(run_id)
    if run.status != RunStatus.CLOSED:
        raise Refused(f"回 {run_id} の負担金はまだ確定していません。差出しの後、run go で締めてから行ってください。")
    with context.engine.connect() as connection:
        _refuse_rewritten(connection, dated_tables(run))
    return cost(context, run_id)


def _refuse_rewritten(connection: Connection, tables: Mapping[str, str]) -> None:
    for name, kept in ledger.pinned(connection, tables).items():
        if kept.sha256 != tables[name]:
            raise Refused(
                f"{name} は、回 {kept.run_id} の負担金を計算した後で書き換えられています。元の中身に戻してください。"
                "新しい単価や取決めは、有効になる日を名前にした新しいファイルにします。"
            )


class Corrected(NamedTuple):
    """A correction in the ledger: yen with tax, by city. ``again``: it was there before, and nothing was changed."""

    run: str
    item: str
    month: str
    rule: str
    shares: dict[str, Share]
    again: bool


def correct(context: Context, run_id: str, item: str, yen: int, reason: str, by: str, city: str = "") -> Corrected:
    """Enter a correction of an invoice line, of so many yen with tax, as further entries in the ledger.

    ``item`` is the line's key or title. It is shared by the line's own rule, or is all one ``city``'s. :class:`Refused`
    when a city would be paid instead of paying.
    """
    run, who, why = context.run(run_id), signer_name(by), _reason(reason)
    if not yen:
        raise UsageError("訂正の額が0円です。増やすなら正、減らすなら負の額を --yen に入れてください。")
    costed = settled(context, run_id)
    if abs(yen) > costed.bill.invoice_yen:
        raise UsageError(
            f"訂正 {yen:+,}円が、回の請求総額 {costed.bill.invoice_yen:,}円より大きいです。桁を確かめてください。"
        )
    line = settlement.find_line(item, costed.bill.lines)
    if line is None:
        known = "、".join(f"{one.title}（{one.key}）" for one in costed.bill.lines)
        raise UsageError(f"費目「{item}」は1つに決まりません。題か、かっこの中の名前で指定してください: {known}")
    if city and city not in costed.case.volumes:
        joined = "、".join(costed.case.volumes)
        raise UsageError(f"市 {city} はこの回に加わっていません。次から選んでください: {joined}")
    made = settlement.correct(yen, line, costed.case, costed.bill)
    if city:
        told = f"訂正 {yen:+,}円（消費税を含む）をこの市だけで"
        made = settlement.Correction("市の指定", {city: Share(yen, told)})
    if sum(share.yen for share in made.shares.values()) != yen:
        raise AssertionError("the shares of a correction do not add up to it")  # law 5, before anything is written
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        ledger.lock_books(connection)
        month = booking_month(connection, run)
        entered = {(c.city, c.item, c.yen, c.basis) for c in ledger.charges(connection, run_id) if c.reason == why}
        again = entered >= {(code, line.title, s.yen, s.basis) for code, s in made.shares.items()}
        if not again:
            _refuse_overdrawn(connection, run_id, made.shares)
            _refuse_more_than_the_line(connection, run_id, line, costed, yen)
            same = {"run_id": run_id, "notices": 0, "at": context.now(), "by": who, "month": month, "reason": why}
            same |= {"item": line.title, "rule": made.rule, "group": group_of(line, costed.case.tariff)}
            shares = made.shares.items()
            ledger.add_charges(connection, [same | {"city": c, "yen": s.yen, "basis": s.basis} for c, s in shares])
            runs.add_event(connection, run_id, context.now(), "correct", line.key, f"yen {yen}")
    return Corrected(run_id, line.title, month, made.rule, made.shares, again)


def _reason(reason: str) -> str:
    why = reason.strip()
    if len(why.splitlines()) > 1:
        raise UsageError("--reason に改行があります。改行を取り、1行で入れてください。")
    if not why or len(why) > _LONGEST_REASON or any(unicodedata.category(c) in ("Cc", "Cf") for c in why):
        raise UsageError(f"--reason には、訂正の理由を{_LONGEST_REASON}文字以内で入れてください（氏名は入れません）。")
    return why


def _refuse_overdrawn(connection: Connection, run_id: str, shares: Mapping[str, Share]) -> None:
    charged = {code: yen for code, (yen, _) in ledger.charged(connection, run_id).items()}
    added = {code: share.yen for code, share in shares.items()}
    if codes := settlement.overdrawn(charged, added):
        told = "、".join(f"{reference.city(c).name} {charged.get(c, 0):,}円に {added[c]:+,}円" for c in codes)
        raise Refused(f"負担金が負になる市があります: {told}。額を確かめ、市を限るときは --city で指定してください。")


def _refuse_more_than_the_line(connection: Connection, run_id: str, line: Line, costed: Costed, yen: int) -> None:
    """What is taken back of a line is at most the line with its tax and with its corrections so far."""
    percent = Fraction(costed.case.tariff.consumption_tax_percent) if line.issuer == VENDOR and line.key != TAX else 0
    whole = ceil(line.yen * (100 + percent) / 100)
    corrected = (c.yen for c in ledger.charges(connection, run_id) if c.reason and c.item == line.title)
    if (left := whole + sum(corrected)) + yen < 0:
        raise Refused(
            f"費目「{line.title}」は、消費税と訂正を含めて {left:,}円です。{yen:+,}円の訂正はできません。"
            "額か費目を確かめてください。"
        )
