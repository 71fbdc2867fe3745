"""What each city pays for a month or a fiscal year, on paper: all its runs and corrections, as the ledger has them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from printjobs import reference
from printjobs.core import japanese
from printjobs.core.cost.bill import GROUP_WORDS, CityBill, JointCost
from printjobs.core.cost.shapley import shapley, whole_yen
from printjobs.core.model import UsageError
from printjobs.reference.timetable import local
from printjobs.render.charts import Chart
from printjobs.render.documents import Section
from printjobs.store import ledger
from printjobs.store.runs import Record

from . import charging, closing
from . import statement_parts as parts
from .context import Context
from .costing import Costed
from .spreadsheets import as_csv
from .statement_parts import ALONE_NOTE, SPLIT_NOTES, SUM, YARDSTICK_NOTE, Paid, by_group, money

_ENTRY_TITLES = ("回", "通知", "月", "区分", "費目", "按分の規則", "根拠", "訂正の理由", "負担額（円）")
_RUN_TITLES = ("通知", "発送日", "件数", "負担額（円）", "単独なら（円）", "節減額（円）", "節減率")
_RUN_WIDTHS = (45.5, 20, 18.5, 23, 25.5, 22, 15.5)
_LINE = 13  # characters of a notice's name that stand beside each other
_OPEN = "未確定（締める前のため、請求書との突合や訂正で変わることがあります）"
_CORRECTION_NOTE = (
    "・「訂正」は、確定した後の増減です。元の記録を残したまま加え、負担額に含めています。"
    "「単独なら」と、総括表の「目安」は、確定したときの数によるもので、訂正を含みません。"
)


class RunShare(NamedTuple):
    """One city's part of one run in the period. Notices and what it would be alone are those of the settlement."""

    run: Record
    notices: int
    entries: tuple[Record, ...]
    alone_yen: int

    @property
    def yen(self) -> int:
        return sum(entry.yen for entry in self.entries)


class Account(NamedTuple):
    """One city's month or year: its part of every run."""

    code: str
    runs: tuple[RunShare, ...]

    @property
    def entries(self) -> Iterator[Record]:
        return (entry for run in self.runs for entry in run.entries)


class Statement(NamedTuple):
    """A month (``2026-05``) or fiscal year (``2026``): every city's account. ``closings`` are by period."""

    period: str
    accounts: tuple[Account, ...]
    settled: Mapping[str, Costed]
    closings: Mapping[str, Record]

    @property
    def closed(self) -> bool:
        return self.period in self.closings

    @property
    def paid(self) -> tuple[Paid, ...]:
        """What each city pays, by code."""
        return tuple(_of_city(a, a.runs) for a in self.accounts)

    @property
    def dearer(self) -> tuple[Paid, ...]:
        """Cities that pay more than alone for the runs of the period; corrections of earlier ones do not count."""
        of_runs = (_of_city(a, [run for run in a.runs if run.alone_yen]) for a in self.accounts)
        return tuple(paid for paid in of_runs if paid.saving_yen < 0)


def statement(context: Context, period: str) -> Statement:
    """All that the ledger has for a month or a fiscal year; :class:`UsageError` when that is nothing."""
    months = closing.period_months(period)
    with context.engine.connect() as connection:
        run_ids = sorted({entry.run_id for entry in ledger.sums(connection) if entry.month in months})
        booked = {run_id: [e for e in ledger.charges(connection, run_id) if e.month in months] for run_id in run_ids}
        closings = ledger.closings(connection)
    if not booked:
        raise UsageError(f"{period} に負担金の記録はありません。月か年度を確かめるか、回を締めてから行ってください。")
    runs = sorted((context.run(run_id) for run_id in run_ids), key=lambda run: (run.mailing_date, run.id))
    settled = {
        run_id: charging.settled(context, run_id)
        for run_id, entries in booked.items()
        if any(not entry.reason for entry in entries)
    }
    bills = {(run_id, city.code): city for run_id, costed in settled.items() for city in costed.bill.cities}
    codes = sorted({entry.city for entries in booked.values() for entry in entries} | {code for _, code in bills})
    accounts = tuple(
        Account(code, tuple(_share(run, code, booked[run.id], bills.get((run.id, code))) for run in runs))
        for code in codes
    )
    return Statement(period, accounts, settled, closings)


def _share(run: Record, code: str, booked: Sequence[Record], bill: CityBill | None) -> RunShare:
    own = tuple(entry for entry in booked if entry.city == code)
    return RunShare(run, bill.notices if bill else 0, own, bill.alone_yen if bill else 0)


def papers(context: Context, made: Statement, city: str = "") -> dict[str, bytes]:
    """The statements of one city, or of all with the council's total, as PDF and CSV by file name.

    The same ledger gives the same bytes. :class:`UsageError` for a city that has nothing in it.
    """
    accounts = {a.code: a for a in made.accounts}
    if city and city not in accounts:
        known = "、".join(f"{code} {parts.city_name(code)}" for code in accounts)
        raise UsageError(
            f"{reference.city(city).name}の負担金は {made.period} にありません。次から選んでください: {known}"
        )
    files = {}
    for account in [accounts[city]] if city else made.accounts:
        files[f"statement-{made.period}-{account.code}.csv"] = _city_csv(context, account)
        files[f"statement-{made.period}-{account.code}.pdf"] = _city_pdf(context, made, account)
    if not city:
        files[f"statement-{made.period}-total.csv"] = _total_csv(context, made)
        files[f"statement-{made.period}-total.pdf"] = _total_pdf(context, made)
    return files


def as_values(made: Statement, city: str = "") -> dict[str, Any]:
    """The figures of all cities, or of one, as plain values."""
    cities = [
        {
            "code": p.code,
            "notices": p.notices,
            "total_yen": p.yen,
            "alone_yen": p.alone_yen,
            "saving_yen": p.saving_yen,
            "runs": [
                {"run": own.run.id, "notices": own.notices, "yen": own.yen, "alone_yen": own.alone_yen}
                for own in account.runs
            ],
        }
        for p, account in zip(made.paid, made.accounts, strict=True)
        if city in ("", p.code)
    ]
    return {"period": made.period, "closed": made.closed, "yen": sum(p.yen for p in made.paid), "cities": cities}


def _of_city(account: Account, runs: Iterable[RunShare]) -> Paid:
    named = parts.together(_of_run(run) for run in runs)
    return named._replace(code=account.code, label=parts.city_name(account.code))


def _of_run(own: RunShare) -> Paid:
    return Paid(own.run.id, "", own.notices, own.yen, own.alone_yen)


def _name(context: Context, run: Record) -> str:
    """A run's notice in the width of a table: of a long one, what is in brackets stands on a line of its own."""
    name = context.kind(run.kind).name
    return name if len(name) <= _LINE else name.replace("（", "\n（")


# CSV


def _city_csv(context: Context, account: Account) -> bytes:
    rows: list[tuple[str | int, ...]] = [
        (
            own.run.id, context.kind(own.run.kind).name, entry.month, GROUP_WORDS[entry.group], entry.item, entry.rule,
            entry.basis, entry.reason, entry.yen,
        )
        for own in account.runs
        for entry in own.entries
    ]  # fmt: skip
    total = sum(entry.yen for entry in account.entries)
    return as_csv([_ENTRY_TITLES, *rows, (SUM, *[""] * (len(_ENTRY_TITLES) - 2), total)])


def _total_csv(context: Context, made: Statement) -> bytes:
    titles = (
        "市コード",
        "市",
        "回",
        "通知",
        "件数",
        *GROUP_WORDS.values(),
        "単独なら（円）",
        "節減額（円）",
        "負担額（円）",
    )
    rows: list[tuple[str | int, ...]] = []
    figures: list[tuple[int, ...]] = []
    for account in made.accounts:
        for own in account.runs:
            paid = _of_run(own)
            told = (own.notices, *by_group(own.entries).values(), own.alone_yen, paid.saving_yen, own.yen)
            name = context.kind(own.run.kind).name
            rows.append((account.code, parts.city_name(account.code), own.run.id, name, *told))
            figures.append(told)
    sums = [sum(column) for column in zip(*figures, strict=True)]
    return as_csv([titles, *rows, ("", SUM, "", "", *sums)])


# PDF


def _city_pdf(context: Context, made: Statement, account: Account) -> bytes:
    all_paid = parts.together(made.paid)
    own = next(p for p in made.paid if p.code == account.code)
    part = parts.percent(own.yen, all_paid.yen)
    facts = [
        *_about(made),
        ("差出し", f"{own.notices:,}件"),
        ("負担額", f"{money(own.yen)}（{len(made.paid)}市の総額 {money(all_paid.yen)}の{part}）"),
        ("単独なら", f"{money(own.alone_yen)}　{parts.saved(own)}"),
        *parts.dearer_note([p for p in made.dearer if p.code == own.code]),
    ]
    runs = [run for run in account.runs if run.entries]
    by_run = [_of_run(run)._replace(label=_name(context, run.run)) for run in runs]
    named = [p._replace(label=p.label.replace("\n", "")) for p in by_run]
    sections: list[Section | Chart] = [
        _runs(by_run, runs),
        parts.groups("通知ごとの内訳", ((_name(context, r.run), by_group(r.entries)) for r in runs)),
        *_months(made, account.entries),
        *_corrections(context, [account], by_city=False),
        parts.shares(made.paid, account.code),
        parts.savings("図2　通知ごとの負担額と、単独で行った場合の額", named),
    ]
    title = f"負担金{_word(made)}明細書　{own.label}"
    return parts.paper(context, title, facts, sections, (*SPLIT_NOTES, ALONE_NOTE, _CORRECTION_NOTE))


def _total_pdf(context: Context, made: Statement) -> bytes:
    all_paid = parts.together(made.paid)
    facts = [
        *_about(made),
        ("差出し", f"{all_paid.notices:,}件"),
        ("総額", f"{money(all_paid.yen)}（各市の負担額の合計）"),
        ("単独なら", f"各市の合計 {money(all_paid.alone_yen)}　{parts.saved(all_paid)}"),
        *parts.dearer_note(made.dearer),
    ]
    shares = list(zip(*(a.runs for a in made.accounts), strict=True))
    by_run = [
        parts.together(_of_run(own) for own in each)._replace(label=_name(context, each[0].run)) for each in shares
    ]
    sections: list[Section | Chart] = [
        parts.cities(made.paid, _yardstick(made)),
        parts.groups("市ごとの内訳", ((parts.city_name(a.code), by_group(a.entries)) for a in made.accounts)),
        parts.shares(made.paid),
        parts.savings("図2　負担額と、単独で行った場合の額", made.paid),
        _runs(by_run, [each[0] for each in shares]),
        *_months(made, (entry for a in made.accounts for entry in a.entries)),
        *_corrections(context, made.accounts, by_city=True),
    ]
    title = f"負担金{_word(made)}総括表　{len(made.paid)}市の合計"
    return parts.paper(context, title, facts, sections, (*SPLIT_NOTES, ALONE_NOTE, YARDSTICK_NOTE, _CORRECTION_NOTE))


def _word(made: Statement) -> str:
    return "月間" if "-" in made.period else "年間"


def _about(made: Statement) -> tuple[tuple[str, str], ...]:
    year, _, month = made.period.partition("-")
    era = japanese.era_year(int(year))
    when = f"{era}{int(month)}月" if month else f"{era}度（{year}年4月から{int(year) + 1}年3月まで）"
    return ("期間", when), ("状態", _state(made, made.period))


def _state(made: Statement, period: str) -> str:
    return f"確定（{_day(made.closings[period].at)}に締め）" if period in made.closings else _OPEN


def _day(at: datetime) -> str:
    return japanese.era_date(local(at).date().isoformat())


def _runs(paid: Sequence[Paid], shares: Sequence[RunShare]) -> Section:
    days = [share.run.mailing_date for share in shares]
    rows: list[tuple[str | int, ...]] = [
        (p.label, day, p.notices, p.yen, p.alone_yen, p.saving_yen, parts.percent(p.saving_yen, p.alone_yen))
        for p, day in zip((*paid, parts.together(paid)), (*days, ""), strict=True)
    ]
    return Section("通知ごとの負担額", _RUN_TITLES, rows, _RUN_WIDTHS, right=(6,))


def _months(made: Statement, entries: Iterable[Record]) -> list[Section]:
    """What falls to each month of a year, and whether that is closed; nothing on the statement of a month."""
    if "-" in made.period:
        return []
    yen: Counter[str] = Counter()
    for entry in entries:
        yen[entry.month] += entry.yen
    rows: list[tuple[str | int, ...]] = [
        (f"{month[:4]}年{int(month[5:])}月", yen[month], _state(made, month).partition("（締める前")[0])
        for month in sorted(yen)
    ]
    rows.append((SUM, sum(yen.values()), ""))
    return [Section("月ごとの負担額", ("月", "負担額（円）", "状態"), rows, (40, 40, 90))]


def _corrections(context: Context, accounts: Sequence[Account], *, by_city: bool) -> list[Section]:
    """Every correction with its reason, in the order in which they were entered; nothing when there are none.

    One that several cities share is one row.
    """
    found: defaultdict[tuple[datetime, str, str, str], list[tuple[Record, Record]]] = defaultdict(list)
    for account in accounts:
        for own in account.runs:
            for entry in own.entries:
                if entry.reason:
                    found[entry.at, own.run.id, entry.item, entry.reason].append((entry, own.run))
    if not found:
        return []
    rows: list[tuple[str | int, ...]] = []
    for (at, _, item, reason), shares in sorted(found.items()):
        first, run = shares[0]
        who = parts.city_name(first.city) if len(shares) == 1 else f"{len(shares)}市"
        yen = sum(entry.yen for entry, _ in shares)
        cities = [who] if by_city else []
        rows.append((local(at).date().isoformat(), *cities, _name(context, run), item, reason, yen))
    rows.append((SUM, *[""] * (len(rows[0]) - 2), sum(int(row[-1]) for row in rows)))
    titles = ("記入日", *(["市"] if by_city else []), "通知", "費目", "理由", "負担額（円）")
    widths = (21, 22, 34, 28, 41, 24) if by_city else (21, 46, 34, 45, 24)
    return [Section("訂正", titles, rows, widths)]


def _yardstick(made: Statement) -> dict[str, int]:
    """The Shapley values of all runs together, for every city of the period."""
    values = {account.code: Fraction(0) for account in made.accounts}
    for costed in made.settled.values():
        for code, value in shapley(costed.case.volumes, JointCost(costed.case)).items():
            values[code] += value
    return whole_yen(values)
