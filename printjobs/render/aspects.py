"""A thing of a layout's page in words: what it is called, and each way in which two versions of it may differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from layouts.language import (
    Box,
    Column,
    Frame,
    Grid,
    Layout,
    Mark,
    Repeat,
    Rule,
    Seal,
    Slot,
    Static,
    Style,
    Table,
    Text,
)
from layouts.placed import placed
from printjobs.core.kinds import KINDS

from . import words
from .fields import names_in, parts_of

PLACE, SIZE, SAYS, LETTERS = "場所", "大きさ", "文", "文字"
_SAID = 22  # characters of a fixed text that its label repeats
_NAMED = {"addressee.name", "addressee.honorific"}


class Thing(NamedTuple):
    """One thing as it stands on a page for the first time. ``aspects`` are in words, by their Japanese names.

    ``key`` is what it is known by in another version; fixed things have none and are found by ``content``.
    """

    label: str
    key: tuple[str, ...]
    content: tuple[object, ...]
    box: Box
    style: str
    aspects: Mapping[str, str]
    names: frozenset[str] = frozenset()

    @property
    def addressed(self) -> bool:
        """Whether it prints who the notice is for."""
        return bool(self.names & _NAMED)

    @property
    def honours(self) -> bool:
        """Whether it prints the honorific (敬称)."""
        return "addressee.honorific" in self.names


def things(layout: Layout, page: str) -> Iterator[Thing]:
    """Everything on a page, repeated things once."""
    for found in placed(layout, page):
        if found.nth:
            continue
        table = layout.rows[found.of].of if found.of else ""
        element = found.element
        when = {"刷るとき": _when(found.when, layout, table)}
        if isinstance(element, Slot):
            yield _slot(layout, element, when, table)
        elif isinstance(element, Mark):
            yield _mark(element, when)
        elif isinstance(element, Table):
            yield from _table(layout, element)
        else:
            yield fixed(layout, element, found.box, when)
    for repeat in layout.pages[page].repeats:
        yield _repeat(layout, repeat)


def _when(condition: str, layout: Layout, table: str) -> str:
    kind = KINDS.get(layout.kind)
    return (words.condition(condition, kind, table) if kind else condition) or "いつも"


def _where(box: Box) -> dict[str, str]:
    return {PLACE: words.point((box[0], box[1])), SIZE: f"幅{box[2]:g}×高さ{box[3]:g}"}


def _letters(layout: Layout, style: str) -> dict[str, str]:
    return {LETTERS: f"{style}（{words.style(layout.styles[style])}）"}


def _behind(text: str) -> frozenset[str]:
    return frozenset(part for name in names_in(text) for part in parts_of(name))


def _slot(layout: Layout, slot: Slot, when: dict[str, str], table: str) -> Thing:
    kind = KINDS.get(layout.kind)
    titles = "、".join(words.title(n, kind, table) if kind else n for n in names_in(slot.text))
    aspects = {
        **_where(slot.at), "刷るもの": f"{slot.text}（{titles}）", **_letters(layout, slot.style),
        "揃え": words.ALIGNS[slot.align], "行数": f"{slot.lines}行", "書き出し": "枠の上" if slot.top else "枠の中ほど",
        "入りきらないとき": words.OVERFLOWS[slot.overflow], **when,
    }  # fmt: skip
    name = slot.name or slot.text
    return Thing(f"欄「{name}」", ("slot", name), (slot.text,), slot.at, slot.style, aspects, _behind(slot.text))


def _mark(mark: Mark, when: dict[str, str]) -> Thing:
    name = mark.name or mark.mark
    aspects = {**_where(mark.at), "種類": words.MARKS[mark.mark], "中身": mark.of, **when}
    return Thing(f"記号「{name}」", ("mark", name), (mark.mark, mark.of), mark.at, "", aspects)


def _table(layout: Layout, table: Table) -> Iterator[Thing]:
    width, height = sum(c.width for c in table.columns), table.head + table.count * table.pitch
    box = (*table.at, width, height)
    aspects = {
        **_where(box), "行数": f"{table.count}行", "行の高さ": f"{table.pitch:g}mm",
        "見出しの高さ": f"{table.head:g}mm", "見出しの文字": table.head_style,
        "列の並び": "、".join(_title(c) for c in table.columns),
    }  # fmt: skip
    yield Thing(f"表「{table.of}」", ("table", table.of), (), box, table.head_style, aspects)
    x, y = table.at
    for column in table.columns:
        yield _column(layout, table, column, (x, y, column.width, height))
        x += column.width


def _column(layout: Layout, table: Table, column: Column, box: Box) -> Thing:
    style = column.style or table.style
    aspects = {
        PLACE: f"x {box[0]:g}", "幅": f"{column.width:g}mm", "刷るもの": column.text, **_letters(layout, style),
        "揃え": words.ALIGNS[column.align], "行数": f"{column.lines}行",
    }  # fmt: skip
    label = f"表「{table.of}」の列「{_title(column)}」"
    return Thing(label, ("column", table.of, _title(column)), (), box, style, aspects, _behind(column.text))


def _title(column: Column) -> str:
    return column.title.replace("　", "").replace("\n", "")


def _repeat(layout: Layout, repeat: Repeat) -> Thing:
    aspects = {"回数": f"{repeat.count}回", "間隔": f"{repeat.pitch:g}mm", "組": "、".join(repeat.use) or "なし"}
    label = f"くり返し「{repeat.of}」（{layout.rows[repeat.of].of}）"
    return Thing(label, ("repeat", repeat.of), (), (0, 0, 0, 0), "", aspects)


def fixed(layout: Layout, element: Static, box: Box, when: dict[str, str]) -> Thing:
    """What is printed the same for everybody."""
    where = _where(box)
    if isinstance(element, Text):
        said = element.say.replace("\n", "").strip("　")
        label = f"文「{said[:_SAID]}{'…' if len(said) > _SAID else ''}」"
        aspects = {SAYS: element.say, **where, **_letters(layout, element.style), "揃え": words.ALIGNS[element.align],
                   "書き出し": "枠の上" if element.top else "枠の中ほど", **when}  # fmt: skip
        return Thing(label, (), ("text", element.say), box, element.style, aspects)
    if isinstance(element, Rule):
        aspects = {**where, **_line(element.weight), "破線": f"{element.dash:g}mm" if element.dash else "なし", **when}
        return Thing("罫線", (), ("rule", *_rounded(box)), box, "", aspects)
    if isinstance(element, Frame):
        fill = "なし" if element.fill is None else f"{round(100 * (1 - element.fill))}%の網"
        aspects = {**where, **_line(element.weight), "塗り": fill, **when}
        label = "枠" if element.fill is None else "網"
        return Thing(label, (), ("frame", element.fill is None, *_rounded(box)), box, "", aspects)
    if isinstance(element, Grid):
        said = "、".join((*element.heads, *element.labels)).replace("\n", "") or "なし"
        aspects = {**where, "列": _lengths(element.columns), "行": _lengths(element.rows), "見出し": said,
                   **_letters(layout, element.style), **_line(element.weight), **when}  # fmt: skip
        content = ("grid", element.columns, element.rows, element.heads, element.labels)
        return Thing("表の罫", (), content, box, element.style if said != "なし" else "", aspects)
    assert isinstance(element, Seal)
    return Thing("公印", (), ("seal",), box, element.style, {**where, **_letters(layout, element.style), **when})


def _line(weight: float) -> dict[str, str]:
    return {"線の太さ": f"{weight:g}mm"}


def _lengths(values: tuple[float, ...]) -> str:
    return "、".join(f"{v:g}" for v in values)


def _rounded(box: Box) -> tuple[float, float]:
    return round(box[2], 1), round(box[3], 1)


def style_in_words(style: Style) -> str:
    return words.style(style) + (f"、行送り{style.leading:g}mm" if style.leading else "")
