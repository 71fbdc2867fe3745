"""``printjobs cost project``: what joining, leaving or going on costs every city in years to come."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from printjobs.core.cost.projection import City
from printjobs.pipeline import projecting, projection_report
from printjobs.pipeline.projection_report import WORDS, name_of

from . import show
from .output import print_json

_BAR = 20  # cells of the longest bar


def project(
    from_: Annotated[str, typer.Option("--from", help="加入・脱退の日 2027-04-01 の形。その年度から試算します")],
    join: Annotated[str, typer.Option(help="加入する市の市コードか名前。省くと加入なし")] = "",
    leave: Annotated[str, typer.Option(help="脱退する市の市コードか名前。省くと脱退なし")] = "",
    years: Annotated[int, typer.Option(help="何年度分か（1から10）")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")] = False,
) -> None:
    found = projecting.projected(from_, years, join, leave)
    if as_json:
        print_json(projection_report.as_values(found))
        return
    change, cities = found.change, found.made.cities
    show.console.print(_by_year(cities, sorted(found.tables)))
    show.console.print(_sums(cities))
    for code in filter(None, (change.joins, change.leaves)):
        for city in cities:
            if city.code == code:
                show.console.print(_by_group(city))
    for sentence in projection_report.told(found):
        show.line(sentence)


def _by_year(cities: tuple[City, ...], years: list[int]) -> Table:
    """Years in which everybody pays the same as in the one before share its column."""
    paid = {year: [city.years[year].after_yen if year in city.years else 0 for city in cities] for year in years}
    spans: list[list[int]] = []
    for year in years:
        if spans and paid[spans[-1][-1]] == paid[year]:
            spans[-1].append(year)
        else:
            spans.append([year])
    heads = [f"{span[0]}年度" if len(span) == 1 else f"{span[0]}–{span[-1]}年度の毎年" for span in spans]
    table = _table("年度ごとの負担（円）", "市", *heads, f"{len(years)}年度の計")
    for at, city in enumerate(cities):
        table.add_row(name_of(city.code), *(f"{paid[s[0]][at]:,}" for s in spans), f"{city.whole.after_yen:,}")
    return table


def _sums(cities: tuple[City, ...]) -> Table:
    table = _table("全年度の計（円）", "市", "今のまま", "変えたとき", "差", "自市だけなら", "節減", "節減の割合")
    table.columns[-1].justify = "left"
    wholes = [(city, city.whole) for city in cities]
    parts = {city.code: own.saving_yen / own.alone_yen if own.alone_yen else 0.0 for city, own in wholes}
    longest = max([*parts.values(), 0.0]) or 1.0
    for city, own in wholes:
        part = parts[city.code]
        bar = "█" * max(0, round(part / longest * _BAR))
        yen = (f"{own.before_yen:,}", f"{own.after_yen:,}", f"{own.difference_yen:+,}")
        table.add_row(name_of(city.code), *yen, f"{own.alone_yen:,}", f"{own.saving_yen:,}", f"{part:6.1%} {bar}")
    return table


def _by_group(city: City) -> Table:
    known = [group for group in WORDS if city.whole.groups.get(group)]
    table = _table(
        f"{name_of(city.code)}の費用（円）", "年度", *(WORDS[g] for g in known), "計", "自市だけなら", "節減"
    )
    for year, own in [*((f"{year}年度", own) for year, own in sorted(city.years.items())), ("計", city.whole)]:
        yen = [*(own.groups.get(group, 0) for group in known), own.after_yen, own.alone_yen, own.saving_yen]
        table.add_row(year, *(f"{amount:,}" for amount in yen))
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
