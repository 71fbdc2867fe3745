"""What each city pays for a run, on paper: a statement of its shares as CSV and PDF, and the council's total."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from printjobs.core import japanese
from printjobs.core.cost import splitting
from printjobs.core.cost.bill import GROUP_WORDS, CityBill, Item, JointCost, with_marks
from printjobs.core.cost.settlement import ISSUERS
from printjobs.core.cost.shapley import shapley, whole_yen
from printjobs.render.documents import Section
from printjobs.store.runs import Record

from . import statement_parts as parts
from .context import Context
from .costing import STAGE_WORDS, Costed, estimate
from .spreadsheets import as_csv
from .statement_parts import (
    ALONE_NOTE,
    SPLIT_NOTES,
    SUM,
    YARDSTICK_NOTE,
    Paid,
    by_group,
    money,
    percent,
)

_ITEM_TITLES = ("区分", "費目", "按分の規則", "根拠", "負担額（円）")
_ITEM_WIDTHS = (20, 39, 22, 66, 23)
_LINE_TITLES = ("請求元", "費目", "数量", "単価（円）", "金額（円）")
_LINE_WIDTHS = (22, 76, 24, 22, 26)
_EXPECTED_NOTE = (
    "・「見込み」は、差し出す前に年間の予定件数から計算した額です。「確定」は、差し出した数から計算した額です。"
)


class _Told(NamedTuple):
    """All that the statements of a run are written from. ``paid`` and ``expected`` are by city."""

    costed: Costed
    about: tuple[tuple[str, str], ...]
    paid: tuple[Paid, ...]
    expected: dict[str, CityBill]


def write(context: Context, run: Record, costed: Costed) -> None:
    """A statement per city and the council's total, each as CSV and PDF. The same run gives the same bytes."""
    kind = context.kind(run.kind)
    paid = tuple(Paid(c.code, parts.city_name(c.code), c.notices, c.total_yen, c.alone_yen) for c in costed.bill.cities)
    about = (
        ("通知", f"{japanese.era_year(run.year)}度 {kind.name} 当初通知"),
        ("回", f"{run.id}（発送日 {japanese.era_date(run.mailing_date)}、{STAGE_WORDS[costed.stage]}）"),
    )
    told = _Told(costed, about, paid, {c.code: c for c in estimate(context, run.id).bill.cities})
    for city, own in zip(costed.bill.cities, paid, strict=True):
        _put(context, f"{run.id}/{city.code}", _city_csv(city), _city_pdf(context, told, city, own))
    _put(context, f"{run.id}/total", _total_csv(costed), _total_pdf(context, told))


def _put(context: Context, name: str, table: bytes, paper: bytes) -> None:
    context.files.put(f"statements/{name}.csv", table)
    context.files.put(f"statements/{name}.pdf", paper)


def _city_csv(city: CityBill) -> bytes:
    rows = ((GROUP_WORDS[i.group], i.item, i.rule, i.basis, i.yen) for i in city.items)
    return as_csv([_ITEM_TITLES, *rows, (SUM, "", "", "", city.total_yen)])


def _city_pdf(context: Context, told: _Told, city: CityBill, own: Paid) -> bytes:
    made = told.costed.bill
    part = percent(own.yen, made.invoice_yen)
    facts = [
        *told.about,
        ("差出し", f"{city.notices:,}件"),
        ("負担額", f"{money(own.yen)}（{len(told.paid)}市の請求総額 {money(made.invoice_yen)}の{part}）"),
        ("単独なら", f"{money(own.alone_yen)}　{parts.saved(own)}"),
        *parts.dearer_note([own] if own.saving_yen < 0 else []),
        ("使った表", _tables(told.costed)),
    ]
    before = told.expected.get(city.code)
    sections = (
        Section("費目ごとの負担額", _ITEM_TITLES, _item_rows(city), _ITEM_WIDTHS),
        parts.differences(by_group(before.items if before else ()), by_group(city.items)),
        parts.shares(told.paid, city.code),
        parts.savings("図2　負担額と、単独で行った場合の額", told.paid, city.code),
    )
    title = f"負担金明細書　{own.label}"
    return parts.paper(context, title, facts, sections, (*_notes(told.costed), ALONE_NOTE, _EXPECTED_NOTE))


def _item_rows(city: CityBill) -> list[tuple[str | int, ...]]:
    """A city's items and their sum."""
    rows: list[tuple[str | int, ...]] = [
        (GROUP_WORDS[i.group], i.item, i.rule, parts.readable(i.basis), i.yen) for i in city.items
    ]
    return [*rows, (SUM, "", "", "", city.total_yen)]


def _total_csv(costed: Costed) -> bytes:
    figures = {
        c.code: (c.notices, *by_group(c.items).values(), c.alone_yen, c.saving_yen, c.total_yen)
        for c in costed.bill.cities
    }
    sums = [sum(column) for column in zip(*figures.values(), strict=True)]
    titles = ("市コード", "市", "差出し件数", *GROUP_WORDS.values(), "単独なら（円）", "節減額（円）", "負担額（円）")
    rows: list[tuple[str | int, ...]] = [(code, parts.city_name(code), *own) for code, own in figures.items()]
    return as_csv([titles, *rows, ("", SUM, *sums)])


def _total_pdf(context: Context, told: _Told) -> bytes:
    made = told.costed.bill
    all_paid = parts.together(told.paid)
    facts = [
        *told.about,
        ("差出し", f"{all_paid.notices:,}件"),
        ("請求総額", f"{money(made.invoice_yen)}（各市の負担額の合計と同じ）"),
        ("単独なら", f"各市の合計 {money(all_paid.alone_yen)}　{parts.saved(all_paid)}"),
        *parts.dearer_note([p for p in told.paid if p.saving_yen < 0]),
        ("使った表", _tables(told.costed)),
    ]
    sections = (
        parts.cities(told.paid, whole_yen(shapley(told.costed.case.volumes, JointCost(told.costed.case)))),
        parts.groups("市ごとの内訳", ((parts.city_name(c.code), by_group(c.items)) for c in made.cities)),
        parts.shares(told.paid),
        parts.savings("図2　負担額と、単独で行った場合の額", told.paid),
        parts.differences(by_group(_items(told.expected.values())), by_group(_items(made.cities))),
        _lines(told.costed),
    )
    title = f"負担金総括表　{len(told.paid)}市の合計"
    return parts.paper(
        context, title, facts, sections, (*_notes(told.costed), ALONE_NOTE, YARDSTICK_NOTE, _EXPECTED_NOTE)
    )


def _items(cities: Iterable[CityBill]) -> list[Item]:
    return [item for city in cities for item in city.items]


def _lines(costed: Costed) -> Section:
    rows: list[tuple[str | int, ...]] = [
        (ISSUERS[line.issuer], line.title, f"{line.quantity:,}{line.counter}", with_marks(line.unit_yen), line.yen)
        for line in costed.bill.lines
    ]
    rows.append((SUM, "", "", "", costed.bill.invoice_yen))
    return Section("請求の明細", _LINE_TITLES, rows, _LINE_WIDTHS, right=(2, 3))


def _tables(costed: Costed) -> str:
    """The dated tables that the run was reckoned by."""
    case = costed.case
    prices = f"単価表 {_day(case.tariff.valid_from)}から、郵便料金表 {_day(case.table.valid_from)}から"
    agreed = f"按分の取決め {_day(case.rules.valid_from)}から、人口・世帯 {_day(case.rules.people_as_of)}現在"
    return f"{prices}<br/>{agreed}"


def _day(iso: str) -> str:
    """``2018-10-01`` as 2018年10月1日: some tables are older than the era."""
    year, month, day = (int(part) for part in iso.split("-"))
    return f"{year}年{month}月{day}日"


def _notes(costed: Costed) -> tuple[str, ...]:
    pooled = splitting.title(costed.case.rules.pooled_discount)
    joint = f"数市が連名で差し出して初めて得た割引（共同の割引）は、{pooled}で各市に分けています。"
    return (*SPLIT_NOTES, "・郵便料は、各市が自市の分を負います。" + joint)
