"""Invoices of vendor and post office: taken in as they were sent, and held line by line against the bill."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs.core.cost.settlement import (
    ISSUERS,
    POST,
    POSTAGE,
    VENDOR,
    Amends,
    Discrepancy,
    Sent,
    compare,
    told_apart,
)
from printjobs.core.cost.tariff import Line
from printjobs.core.model import BadInput, Refused, UsageError
from printjobs.intake.invoices import read_invoice, write_invoice
from printjobs.store import invoices, ledger, runs, writing
from printjobs.store.runs import Record

from .charging import booking_month, settled
from .context import Context
from .costing import Costed, cost

_LARGEST = 1_000_000  # bytes of an invoice; one has some twenty lines
_LONGEST_NUMBER = 40


class Amended(NamedTuple):
    """A line that was corrected, and its amount with that; quantity and unit price are not compared any more."""

    item: str
    yen: int


class Compared(NamedTuple):
    """What an issuer sent for a run against what was expected, in yen.

    ``bill_yen`` is the issuer's part of the bill, ``charged_yen`` what the cities are charged of it, corrections
    included; ``number`` is empty while no invoice stands. ``again``: it was taken in before.
    """

    run: str
    issuer: str
    number: str
    date: str
    invoice_yen: int
    bill_yen: int
    charged_yen: int
    discrepancies: tuple[Discrepancy, ...]
    again: bool = False
    corrected: tuple[Amended, ...] = ()

    @property
    def balanced(self) -> bool:
        return not self.discrepancies and self.invoice_yen == self.charged_yen


class Arrived(NamedTuple):
    """What an invoice says about itself; ``instead_of`` is the number of the one that it corrects, or empty."""

    issuer: str
    number: str
    date: str
    instead_of: str = ""


def take(context: Context, run_id: str, path: Path, arrived: Arrived) -> Compared:
    """Take an invoice (CSV) in for a closed run, and compare it. The same file under the same number is taken once.

    :class:`Refused` when another one stands that it does not say to correct, or when its number has other contents.
    """
    run, data = context.run(run_id), _bytes(path)
    told = _checked(arrived)
    sent, digest = read_invoice(data, path.name), sha256(data).hexdigest()
    costed = settled(context, run_id)
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        ledger.lock_books(connection)
        known = invoices.find(connection, told.issuer, told.number)
        if known is None:
            _add(context, connection, run, told, sent, digest)
        elif known.run_id != run_id:
            raise Refused(
                f"請求書の番号 {told.number} は、回 {known.run_id} の{ISSUERS[told.issuer]}の請求書に使われています。"
                f"番号を確かめてください。1枚で2回分なら、回ごとの行に分け、番号に枝番（例: {told.number}-2）を付けて"
                "入れます。"
            )
        elif known.sha256 != digest:
            raise Refused(
                f"{ISSUERS[told.issuer]}の請求書 {told.number} は、この回に別の内容で入っています。"
                "訂正した請求書は、新しい番号（例: 元の番号に -2）と --instead-of 元の番号 で入れます。"
            )
        elif known.replaced_by:
            raise Refused(f"請求書 {told.number} は訂正ずみです。新しい請求書は新しい番号で入れてください。")
    return _against(context, run_id, told.issuer, costed)._replace(again=known is not None)


def _add(
    context: Context, connection: Connection, run: Record, told: Arrived, sent: Iterable[Sent], digest: str
) -> None:
    """Enter a new invoice, and withdraw the one that it stands instead of. The books are locked."""
    before = invoices.standing(connection, run.id, told.issuer)
    if (before.number if before else "") != told.instead_of:
        if before is None:
            raise Refused(f"請求書 {told.instead_of} はこの回にありません。--instead-of の番号を確かめてください。")
        raise Refused(
            f"回 {run.id} には{ISSUERS[told.issuer]}の請求書 {before.number} が入っています。"
            f"訂正した請求書なら --instead-of {before.number} を付けてください。"
        )
    at, month, lines = context.now(), booking_month(connection, run), [line._asdict() for line in sent]
    values = {"run_id": run.id, "issuer": told.issuer, "number": told.number, "date": told.date, "sha256": digest}
    values |= {"yen": sum(line["yen"] for line in lines), "month": month, "at": at, "withdrawn_month": ""}
    invoice = invoices.add(connection, values, lines)
    if before is not None:
        invoices.withdraw(connection, before.id, invoice, month)
    runs.add_event(connection, run.id, at, "invoice", str(invoice), f"{told.issuer} yen {values['yen']}")


def compared(context: Context, run_id: str, issuer: str) -> Compared:
    """The invoice of an issuer that stands for a closed run, against the bill."""
    _known(issuer)
    return _against(context, run_id, issuer, settled(context, run_id))


def _against(context: Context, run_id: str, issuer: str, costed: Costed) -> Compared:
    expected = _of_issuer(costed, issuer)
    with context.engine.connect() as connection:
        found = invoices.standing(connection, run_id, issuer)
        lines = invoices.lines(connection, found.id) if found else ()
        charged = by_issuer(e for e in ledger.sums(connection) if e.run_id == run_id)
        amends = _amends(connection, run_id, costed)
    sent = [Sent(line.item, line.quantity, line.unit_yen, line.yen) for line in lines]
    return Compared(
        run_id,
        issuer,
        found.number if found else "",
        found.date if found else "",
        found.yen if found else 0,
        sum(line.yen for line in expected),
        charged[issuer],
        compare(expected, sent, amends) if found else (),
        corrected=tuple(Amended(line.title, line.yen) for line in amends.due(expected) if amends.touch(line, expected)),
    )


def _of_issuer(costed: Costed, issuer: str) -> tuple[Line, ...]:
    return tuple(line for line in told_apart(costed.bill.lines) if line.issuer == issuer)


def _amends(connection: Connection, run_id: str, costed: Costed) -> Amends:
    """The corrections that the ledger has of a run's lines."""
    keys, yen = {line.title: line.key for line in told_apart(costed.bill.lines)}, Counter[str]()
    for row in ledger.charges(connection, run_id):
        if row.reason:
            yen[keys[row.item]] += row.yen
    return Amends(yen, Fraction(costed.case.tariff.consumption_tax_percent))


def by_issuer(entries: Iterable[ledger.Entry]) -> Counter[str]:
    """Yen of ledger entries by whose invoice they are for."""
    found: Counter[str] = Counter()
    for entry in entries:
        found[POST if entry.group == POSTAGE else VENDOR] += entry.yen
    return found


def expected_lines(context: Context, run_id: str, issuer: str) -> tuple[Line, ...]:
    """What an issuer is expected to ask for a run, as far as it has come, corrections included."""
    _known(issuer)
    costed = cost(context, run_id)
    with context.engine.connect() as connection:
        return _amends(connection, run_id, costed).due(_of_issuer(costed, issuer))


def as_csv(lines: Iterable[Line]) -> str:
    """Expected lines in the form in which an invoice is taken in."""
    return write_invoice(lines)


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"請求書 {path.name} がありません。ファイルの場所を確かめてください。")
    if path.stat().st_size > _LARGEST:
        raise BadInput(f"{path.name} が大きすぎます。費目ごとに1行の請求書のCSVか確かめてください。", path.name)
    return path.read_bytes()


def _checked(arrived: Arrived) -> Arrived:
    _known(arrived.issuer)
    number = arrived.number.strip()
    if not number or len(number) > _LONGEST_NUMBER or any(unicodedata.category(c) in ("Cc", "Cf") for c in number):
        raise UsageError(f"--number には、請求書の番号を{_LONGEST_NUMBER}文字以内で入れてください。")
    try:
        day = dt.date.fromisoformat(arrived.date).isoformat()
    except ValueError:
        raise UsageError("--date には、請求書の日付を 2026-05-10 の形で入れてください。") from None
    return Arrived(arrived.issuer, number, day, arrived.instead_of.strip())


def _known(issuer: str) -> None:
    if issuer not in ISSUERS:
        known = "、".join(f"{code}（{word}）" for code, word in ISSUERS.items())
        raise UsageError(f"--issuer {issuer} はありません。次から選んでください: {known}")
