"""Closing a month or a fiscal year: only when invoices, charges and what was mailed agree, and then for good."""

from __future__ import annotations

import re
from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.cost.settlement import ISSUERS, Gap, Lack, Standing, gaps, months_of
from printjobs.core.model import Refused, RunStatus, UsageError
from printjobs.store import invoices, ledger, runs, writing
from printjobs.store.runs import Record

from .approving import signer_name
from .context import Context
from .invoicing import by_issuer
from .scheduling import today
from .status import counted

_PERIOD = re.compile(r"20[0-9]{2}(-(0[1-9]|1[0-2]))?")


class Closed(NamedTuple):
    """A closed month (``2026-05``) or fiscal year (``2026``) as it was recorded. ``again``: it was closed before."""

    period: str
    invoice_yen: int
    charged_yen: int
    notices: int
    by: str
    again: bool


class _Books(NamedTuple):
    """All that a closing is decided from. ``closings`` are those that are there, by period."""

    runs: Sequence[Record]
    entries: Sequence[ledger.Entry]
    invoices: Sequence[Record]
    closings: Mapping[str, Record]

    def concerned(self, months: Collection[str]) -> set[str]:
        """The runs that are mailed in these months, or have an entry or an invoice in them."""
        return (
            {run.id for run in self.runs if run.mailing_date[:7] in months}
            | {entry.run_id for entry in self.entries if entry.month in months}
            | {i.run_id for i in self.invoices if {i.month, i.withdrawn_month} & set(months)}
        )

    def charged_yen(self, months: Collection[str]) -> int:
        return sum(entry.yen for entry in self.entries if entry.month in months)

    def invoice_yen(self, months: Collection[str]) -> int:
        """Invoices that came in these months, less those that were withdrawn in them."""
        came: int = sum(i.yen for i in self.invoices if i.month in months)
        gone: int = sum(i.yen for i in self.invoices if i.withdrawn_month in months)
        return came - gone


def close_period(context: Context, period: str, by: str) -> Closed:
    """Close a month, or a fiscal year whose months are closed. Closing again says what was recorded.

    :class:`Refused` before it is over, and with everything that is missing. What comes for its runs later goes into the
    next open month.
    """
    months, who = period_months(period), signer_name(by)
    with writing(context.engine) as connection:
        ledger.lock_books(connection)
        books = _books(connection)
        if period in books.closings:
            return _told(books.closings[period], again=True)
        concerned = books.concerned(months)
        if not concerned:
            raise UsageError(f"{period} に差し出した回も、費用の記録もありません。締める月か年度を確かめてください。")
        if (last := last_day(months)) >= today(context):
            raise Refused(f"{period} はまだ終わっていません（{last} まで）。終わってから締めてください。")
        if lacks := _missing(connection, books, months):
            raise Refused(f"{period} はまだ締められません。\n" + "\n".join(f"・{lack}" for lack in lacks))
        at = context.now()
        values = {"period": period, "by": who, "at": at, "notices": _notices(connection, books, months)}
        values |= {"invoice_yen": books.invoice_yen(months), "charged_yen": books.charged_yen(months)}
        ledger.add_closing(connection, values)
        for run_id in sorted(concerned):
            runs.add_event(connection, run_id, at, "close_period", period)
        return _told(ledger.closings(connection)[period], again=False)


def missing(context: Context, period: str) -> tuple[str, ...]:
    """What still keeps a month or a fiscal year from being closed, as sentences; nothing for one that is closed."""
    months = period_months(period)
    with context.engine.connect() as connection:
        books = _books(connection)
        return () if period in books.closings else tuple(_missing(connection, books, months))


def period_months(period: str) -> tuple[str, ...]:
    """The months of a month or fiscal year; :class:`UsageError` for what is neither."""
    if not _PERIOD.fullmatch(period):
        raise UsageError(f"{period} は月でも年度でもありません。月は 2026-05、年度は 2026 の形で指定してください。")
    return months_of(period)


def last_day(months: Sequence[str]) -> date:
    """The last day of some months in order."""
    year, month = map(int, months[-1].split("-"))
    return date(year, month, monthrange(year, month)[1])


def _books(connection: Connection) -> _Books:
    return _Books(
        runs.all_runs(connection), ledger.sums(connection), invoices.all_invoices(connection),
        ledger.closings(connection),
    )  # fmt: skip


def _missing(connection: Connection, books: _Books, months: Collection[str]) -> list[str]:
    whole_year = len(months) > 1
    lacks = _open_months(books, months) if whole_year else _lacks(connection, books, books.concerned(months))
    if not lacks and books.invoice_yen(months) != books.charged_yen(months):
        lacks = [f"請求 {books.invoice_yen(months):,}円と負担金 {books.charged_yen(months):,}円が違います。"]
    return lacks


def _told(row: Record, *, again: bool) -> Closed:
    return Closed(row.period, row.invoice_yen, row.charged_yen, row.notices, row.by, again)


def _notices(connection: Connection, books: _Books, months: Collection[str]) -> int:
    used = {entry.month for entry in books.entries if entry.month in months}
    return sum(ledger.charged_notices(connection, month) for month in used)


def _open_months(books: _Books, months: Iterable[str]) -> list[str]:
    """Months of a year that have something in them and are not closed."""
    used = (month for month in months if month not in books.closings and books.concerned({month}))
    return [f"{month} が締まっていません。printjobs cost close {month} を先に行ってください。" for month in used]


def _lacks(connection: Connection, books: _Books, concerned: Collection[str]) -> list[str]:
    invoiced: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for invoice in books.invoices:
        if invoice.replaced_by is None:
            invoiced[invoice.run_id][invoice.issuer] = invoice.yen
    standings = []
    for run in (run for run in books.runs if run.id in concerned):
        figures = {code: one.figures for code, one in counted(connection, run.id).items()}
        standings.append(
            Standing(
                run.id,
                run.status == RunStatus.CLOSED,
                {code: f.mailed for code, f in figures.items()},
                {code: f.charged or 0 for code, f in figures.items()},
                invoiced[run.id],
                by_issuer(e for e in books.entries if e.run_id == run.id),
            )
        )
    return [_sentence(gap) for gap in gaps(sorted(standings, key=lambda s: s.run))]


def _sentence(gap: Gap) -> str:
    """Why a run keeps its month open, and what to do."""
    run = f"回 {gap.run}"
    match gap.lack:
        case Lack.OPEN:
            return f"{run} が締まっていません。run status で残りを確かめ、run go で締めてください。"
        case Lack.COUNT:
            name = reference.city(gap.where).name
            told = f"{run} の{name}は差出し {gap.expected:,}件、請求 {gap.found:,}件です。"
            return f"{told}audit show で差を調べてください。"
        case Lack.NO_INVOICE:
            return (
                f"{run} に{ISSUERS[gap.where]}の請求書（{gap.expected:,}円のはず）がありません。"
                f"cost invoice で取り込んでください。"
            )
        case Lack.SUM:
            return (
                f"{run} の{ISSUERS[gap.where]}の請求は {gap.found:,}円、各市の負担金は {gap.expected:,}円です。"
                "cost invoice で違う行を見て、請求書か負担金（cost correct）を直してください。"
            )
