"""What all statements share: their words, their pictures, and how figures are written for people and for machines."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from printjobs import reference
from printjobs.core.cost.bill import GROUP_WORDS
from printjobs.render import documents
from printjobs.render.charts import Bar, Chart
from printjobs.render.documents import Section, amount

from .context import Context

SUM, YEN = "合計", "円"
_ROUNDING_NOTE = (
    "・円未満は切り捨てて分け、残った円は、切り捨てた端数の大きい市から順に1円ずつ加えています"
    "（端数が同じときは市コードの小さい順）。各市の負担額の合計は、請求総額と1円も違いません。"
)
SPLIT_NOTES = (_ROUNDING_NOTE, "・消費税は、税抜の負担額の割合で分けています。")
ALONE_NOTE = (
    "・「単独なら」は、同じ単価表と郵便料金表で、その市の分だけを作って差し出したときの額です。"
    "打合せや版作成などの固定費はすべてその市が負い、数量による単価の引下げと郵便の割引は、"
    "その市の数だけで届くものに限り、最も安い差し出し方で計算しています。"
)
YARDSTICK_NOTE = (
    "・「目安」は、市が加わる順番のすべてについて、その市が加わったために増える費用を平均した額（シャープレイ値）です。"
    "取決めによる負担額を見直すときの参考で、請求には使いません。"
)
_BREAKS = re.compile(r"(?<=円を)|(?= [−＋] 共)|(?=（全体)|(?<=、)(?=通数)|(?<=\S)(?=＋)|(?=＝)")


class Paid(NamedTuple):
    """What one city, or one run, costs beside what it would cost alone, in yen, for so many notices."""

    code: str
    label: str
    notices: int
    yen: int
    alone_yen: int

    @property
    def saving_yen(self) -> int:
        return self.alone_yen - self.yen


def together(paid: Iterable[Paid]) -> Paid:
    known = list(paid)
    return Paid("", SUM, sum(p.notices for p in known), sum(p.yen for p in known), sum(p.alone_yen for p in known))


class Grouped(Protocol):
    """Yen of one of the groups of :data:`GROUP_WORDS`."""

    @property
    def group(self) -> str: ...
    @property
    def yen(self) -> int: ...


def by_group(items: Iterable[Grouped]) -> dict[str, int]:
    """Yen by group, all groups in their order."""
    found: Counter[str] = Counter()
    for item in items:
        found[item.group] += item.yen
    return {group: found[group] for group in GROUP_WORDS}


def city_name(code: str) -> str:
    return reference.cities()[code].name


def money(yen: int) -> str:
    """An amount in a sentence: ▲ stands for minus."""
    return f"{amount(yen)}{YEN}"


def percent(part: int, whole: int) -> str:
    """A share in percent, to a tenth; a dash of what is nothing."""
    if whole <= 0:
        return "－"
    tenths = (abs(part) * 2000 + whole) // (2 * whole)
    return f"{'▲' if part < 0 and tenths else ''}{tenths // 10}.{tenths % 10}%"


def saved(paid: Paid) -> str:
    """The saving in a sentence, or by how much the city pays more."""
    if paid.saving_yen < 0:
        return f"増 {money(-paid.saving_yen)}（{percent(-paid.saving_yen, paid.alone_yen)}）"
    return f"節減 {money(paid.saving_yen)}（{percent(paid.saving_yen, paid.alone_yen)}）"


def dearer_note(dearer: Sequence[Paid]) -> list[tuple[str, str]]:
    """The fact that warns of cities that pay more than they would alone; nothing when there are none."""
    if not dearer:
        return []
    named = "、".join(f"{paid.label} {money(-paid.saving_yen)}" for paid in dearer)
    return [("注意", f"単独で行うより負担の多い市があります: {named}。按分の取決めを協議してください。")]


def shares(paid: Sequence[Paid], own: str = "") -> Chart:
    """Bars of what each pays, with its part of the whole."""
    whole = together(paid).yen
    bars = [Bar(p.label, (p.yen,), (money(p.yen),), percent(p.yen, whole), p.code == own) for p in paid]
    return Chart("図1　各市の負担額と割合", bars)


def savings(heading: str, paid: Sequence[Paid], own: str = "") -> Chart:
    """Pairs of bars: what is paid, and what it would have been alone."""
    bars = [
        Bar(p.label, (p.yen, p.alone_yen), (money(p.yen), money(p.alone_yen)), saved(p), p.code == own) for p in paid
    ]
    return Chart(heading, bars, ("負担額", "単独なら"))


def cities(paid: Sequence[Paid], yardstick: Mapping[str, int]) -> Section:
    """What each city pays, would pay alone and saves, beside the yardstick, and their sum."""
    whole = together(paid)
    rows: list[tuple[str | int, ...]] = [
        (
            p.label, p.notices, p.yen, percent(p.yen, whole.yen), p.alone_yen, p.saving_yen,
            percent(p.saving_yen, p.alone_yen), fair,
        )
        for p, fair in (*((p, yardstick[p.code]) for p in paid), (whole, sum(yardstick.values())))
    ]  # fmt: skip
    titles = ("市", "件数", "負担額（円）", "割合", "単独なら（円）", "節減額（円）", "節減率", "目安（円）")
    return Section("市ごとの負担額", titles, rows, (23, 18.5, 24.5, 15, 25.5, 24, 16.5, 23), right=(3, 6))


def groups(heading: str, rows: Iterable[tuple[str, Mapping[str, int]]]) -> Section:
    """Yen by group of each row, their sum at the right and below. The heading begins with what the rows are."""
    known = list(rows)
    whole = {group: sum(yen[group] for _, yen in known) for group in GROUP_WORDS}
    lines: list[tuple[str | int, ...]] = [
        (label, *yen.values(), sum(yen.values())) for label, yen in (*known, (SUM, whole))
    ]
    titles = (heading.partition("ごと")[0], *(f"{word}（円）" for word in GROUP_WORDS.values()), "負担額（円）")
    return Section(heading, titles, lines, (46.5, 23.5, 28.5, 23.5, 23.5, 24.5))


def differences(before: dict[str, int], after: dict[str, int]) -> Section:
    """Expected and settled yen by group, each group's part, and the sum."""
    whole = sum(after.values())
    rows: list[list[str | int]] = [
        [GROUP_WORDS[group], before[group], after[group], after[group] - before[group], percent(after[group], whole)]
        for group in GROUP_WORDS
    ]
    expected = sum(before.values())
    rows.append([SUM, expected, whole, whole - expected, percent(whole, whole)])
    titles = ("区分", "見込み（円）", "確定（円）", "確定−見込み（円）", "確定の割合")
    return Section("見込みと確定（区分ごと）", titles, rows, (42, 34, 34, 36, 24), right=(4,))


def readable(basis: str) -> str:
    """A basis in lines that end where a reader would pause, never within a number."""
    return "\n".join(line.strip() for line in _BREAKS.split(basis) if line)


def paper(
    context: Context,
    title: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section | Chart],
    notes: Sequence[str],
) -> bytes:
    sink = io.BytesIO()
    documents.write(sink, context.fonts, title=title, facts=facts, sections=sections, notes=notes)
    return sink.getvalue()
