"""A projection as people read it and scripts take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from printjobs import reference
from printjobs.core.cost.bill import GROUP_WORDS
from printjobs.core.cost.projection import ALONE, City, Rise, Sums
from printjobs.core.kinds import KINDS
from printjobs.reference import costs

from .projecting import Projected, Tables

WORDS = {**GROUP_WORDS, ALONE: "自市だけの費用"}
_SHOWN = 12  # rises listed before "and so many more"; all of them are in the values


def name_of(code: str) -> str:
    """What people call a member or a prospect."""
    known = reference.cities()
    return known[code].name if code in known else costs.prospects()[code].name


def as_values(found: Projected) -> dict[str, Any]:
    """Everything as plain values; ``sum`` is of all years together."""
    change, made = found.change, found.made
    return {
        "from": change.day,
        "join": change.joins,
        "leave": change.leaves,
        "none_rises": made.none_rises,
        "none_rises_in_a_year": not _worse_years(found),
        "told": told(found),
        "rises": [rise._asdict() | {"groups": dict(rise.groups)} for rise in made.rises],
        "newcomer_posts_apart": [apart._asdict() for apart in found.apart],
        "lines_that_cannot_rise": list(found.certain),
        "lines_that_may_rise": list(found.uncertain),
        "tables": [{"year": year, **used._asdict()} for year, used in sorted(found.tables.items())],
        "runs": [
            {
                "year": run.year,
                "kind": run.kind,
                "day": run.day,
                "before_yen": run.before.invoice_yen,
                "after_yen": run.after.invoice_yen,
                "sum_ok": run.before.sum_ok and run.after.sum_ok,
                "cities": [
                    {"code": c.code, "total_yen": c.total_yen, "alone_yen": run.alone[c.code]} for c in run.after.cities
                ],
            }
            for run in found.runs
        ],
        "cities": [_city(city) for city in made.cities],
    }


def _city(city: City) -> dict[str, Any]:
    years = [{"year": year, **_sums(own)} for year, own in sorted(city.years.items())]
    return {"code": city.code, "name": name_of(city.code), "years": years, "sum": _sums(city.whole)}


def _sums(own: Sums) -> dict[str, Any]:
    computed = {"difference_yen": own.difference_yen, "saving_yen": own.saving_yen, "groups": dict(own.groups)}
    return own._asdict() | computed


def told(found: Projected) -> list[str]:
    """What the figures mean, in sentences."""
    return [*_change(found), *_verdict(found), *_tables(found)]


def _change(found: Projected) -> Iterator[str]:
    change, cities = found.change, {city.code: city.whole for city in found.made.cities}
    years = f"{len(found.tables)}年度{_part_of_first(found)}"
    if change.joins:
        own = cities.get(change.joins, Sums(0, 0, 0, {}))
        yield (
            f"{name_of(change.joins)}が {change.day} に加入すると、{years}の負担は {own.after_yen:,}円"
            f"（はじめの1年の受入れ費を含む）、自市だけで行うと {own.alone_yen:,}円（受入れ費はなし）で、"
            f"{_less(own.saving_yen)}。"
        )
    if change.leaves:
        own = cities[change.leaves]
        yield (
            f"{name_of(change.leaves)}が {change.day} に脱退すると、その市の費用は{years}で"
            f"{_more(own.difference_yen)}（脱退の後は自市だけで行うとして）。"
        )
    if not (change.joins or change.leaves):
        alone, together = (sum(getattr(own, of) for own in cities.values()) for of in ("alone_yen", "after_yen"))
        yield (
            f"今の構成市で{years}続けると、全市の負担は計 {together:,}円、それぞれが自市だけで行うと計 {alone:,}円で、"
            f"{_less(alone - together)}。"
        )


def _part_of_first(found: Projected) -> str:
    """A note when the change comes after runs of the first year."""
    first, change = min(found.tables), found.change
    days = [run.day for run in found.runs if run.year == first]
    changed = [day for day in days if day >= change.day]
    if changed == days or not (change.joins or change.leaves):
        return ""
    if not changed:
        return f"（{first}年度は変わる回なし）"
    year, month, _ = map(int, min(changed).split("-"))
    return f"（{first}年度は、{year}年{month}月からの回だけ）"


def _staying(found: Projected) -> list[City]:
    return [city for city in found.made.cities if city.code not in (found.change.joins, found.change.leaves)]


def _worse_years(found: Projected) -> dict[str, dict[int, int]]:
    """Cities that pay more in a whole year, but for rounding: by code the years, and by how many yen."""
    risen = {(rise.code, rise.year) for rise in found.made.rises if not rise.rounding}
    worse: dict[str, dict[int, int]] = {}
    for city in _staying(found):
        for year, own in city.years.items():
            if own.difference_yen > 0 and (city.code, year) in risen:
                worse.setdefault(city.code, {})[year] = own.difference_yen
    return worse


def _verdict(found: Projected) -> Iterator[str]:
    change, made = found.change, found.made
    if not (change.joins or change.leaves):
        return
    rises, worse = [rise for rise in made.rises if not rise.rounding], _worse_years(found)
    compared = f"{len(_staying(found))}市を、{len(found.runs)}回の1回ずつと年度ごとに比べました"
    if not rises:
        yield f"もとからの構成市の負担は、どの市も、どの回でも増えません（{compared}）。"
    elif worse:
        yield f"年度の計で負担の増える市があります（{compared}）:"
        for code, years in worse.items():
            yield f"　{name_of(code)}　{'、'.join(_by_amount(years))}"
    else:
        yield f"年度の計では、どの市の負担も増えません（{compared}）。"
    if rises and change.joins:
        yield f"負担の増える回があります（増える額は全部で {sum(rise.yen for rise in rises):,}円）:"
        yield from _listed(rises)
    if rounding := [rise.yen for rise in made.rises if rise.rounding]:
        yield f"ほかに、端数の割振りだけで増えるものが {len(rounding)} 件あります（最大 {max(rounding)}円）。"
    if change.joins:
        yield from _apart(found)
        if found.certain:
            yield f"どの市が加入しても増えない費目: {'、'.join(found.certain)}。"
        unsure = "、".join([*found.uncertain, "連名で差し出す郵便料"])
        yield f"加入する市の数や紙しだいで増えうる費目: {unsure}。"


def _listed(rises: list[Rise]) -> Iterator[str]:
    """Rises that are the same every year stand in one line."""
    alike: dict[tuple[str, str, tuple[tuple[str, int], ...]], dict[int, int]] = {}
    for rise in rises:
        alike.setdefault((rise.code, rise.kind, tuple(rise.groups.items())), {})[rise.year] = rise.yen
    for (code, kind, groups), years in list(alike.items())[:_SHOWN]:
        why = "、".join(f"{WORDS[group]} {yen:+,}円" for group, yen in groups)
        yield f"　{name_of(code)}　{KINDS[kind].name}　{'、'.join(_by_amount(years))}（{why}）"
    if len(alike) > _SHOWN:
        yield f"　ほか {len(alike) - _SHOWN} 件は --json で見られます。"


def _by_amount(years: Mapping[int, int]) -> Iterator[str]:
    """Years of the same amount together: 2028–2031年度 毎年 +1,200円."""
    for yen in dict.fromkeys(years.values()):
        same = [year for year, own in years.items() if own == yen]
        yield f"{_span(same)} {'毎年 ' if len(same) > 1 else ''}{yen:+,}円"


def _span(years: Sequence[int]) -> str:
    if len(years) == 1:
        return f"{years[0]}年度"
    if years[-1] - years[0] + 1 == len(years):
        return f"{years[0]}–{years[-1]}年度"
    return "・".join(map(str, years)) + "年度"


def _apart(found: Projected) -> Iterator[str]:
    if not found.apart:
        return
    more = sum(apart.more_yen for apart in found.apart)
    rest = "だれの負担も増えません" if all(apart.none_rises for apart in found.apart) else "なお増える市が残ります"
    yield (
        f"郵便料が増えるのは、連名（6市まで）の組が変わるためです。その {len(found.apart)} 回で今の組を変えず、"
        f"{name_of(found.change.joins)}だけ別に差し出せば、{rest}（全市の計で {more:+,}円）。"
    )


def _tables(found: Projected) -> Iterator[str]:
    used: dict[Tables, list[int]] = {}
    for year, own in sorted(found.tables.items()):
        used.setdefault(own, []).append(year)
    for own, years in used.items():
        people = f"{own.people_as_of} の人口・世帯"
        yield f"{_span(years)}は {own.tariff}、{own.split}（{people}）、{own.postage} によります。"
    yield "件数は毎年の予定数、発送日は通常の日、送達余裕は0日です。先の年度には今ある最も新しい表を使います。"


def _less(yen: int) -> str:
    return f"{yen:,}円安くなります" if yen >= 0 else f"{-yen:,}円高くなります"


def _more(yen: int) -> str:
    return f"{yen:,}円増えます" if yen >= 0 else f"{-yen:,}円減ります"
