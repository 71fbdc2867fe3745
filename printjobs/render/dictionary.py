"""The data dictionary of a layout: every column of a city's files, what it accepts, and where it is printed.

Made from the kind and the layout themselves, so that it cannot say anything else than the program does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from layouts.checks import TERM
from layouts.language import Layout, Mark, Slot, Table
from layouts.placed import Placed, placed
from printjobs.core.kinds import MAXIMUM_YEN, Column, Kind, Type

from .fields import column_of, names_in, parts_of
from .payment import SOURCES
from .picture import pages_of

_TYPES: Mapping[Type, tuple[str, str]] = MappingProxyType(
    {
        Type.TEXT: ("文字", "改行と制御文字は入れない"),
        Type.DIGITS: ("数字の符号", "半角数字だけ。先頭の0も残す"),
        Type.YEN: ("金額", f"半角数字だけの円単位、桁区切りなし。0〜{MAXIMUM_YEN:,}"),
        Type.COUNT: ("数", "半角数字だけ"),
        Type.AREA: ("面積", "半角数字、平方メートル、小数は2桁まで。123.45"),
        Type.DATE: ("日付", "2026-04-30 の形の実在する日付"),
        Type.CHOICE: ("区分", "決まった語のどれか"),
    }
)
_OF_A_SLIP = "納付書を作る行では必須。課税側で採番した値"
_ALSO: Mapping[str, str] = MappingProxyType(  # by key, what a row is asked for beyond its type
    {
        "addressee_number": "末尾は検査数字",
        "zip": "525-0034 か 5250034。国外あてのときだけ空",
        "country": "国外あてのときだけ入れる",
        "payment_number": _OF_A_SLIP,
        "confirmation": _OF_A_SLIP,
        "division": _OF_A_SLIP,
        "accept_until": "納期限以後。コンビニ収納番号の支払期限と同じ",
        "barcode": "30万円以下の納付書では必須。30万円を超える納付書と、コンビニ収納をしない市は空",
    }
)
_MOST = {Type.YEN: len(str(MAXIMUM_YEN)), Type.AREA: 12, Type.DATE: 10}  # characters, where the type decides
_JOINS = "明細を通知書と結び付ける"
_WHETHER = "条件"
_CHECKED_ONLY = "検査だけ"
TITLES = ("ファイル", "列名", "キー", "型", "書き方", "必須", "最大文字数", "選択肢", "使う所")


class Use(msgspec.Struct, frozen=True):
    """Where a column is printed: page, what the slot or mark is called there, and how (欄, 記号, 条件)."""

    page: str
    name: str
    how: str


class Entry(msgspec.Struct, frozen=True):
    """One column of one file. ``length`` is in characters; ``uses`` in words, page by page."""

    file: str
    title: str
    key: str
    type: str
    form: str
    required: bool
    length: int
    choices: tuple[str, ...]
    uses: tuple[Use, ...]
    used: str

    def row(self) -> tuple[str, ...]:
        """The entry as a row below ``TITLES``."""
        must = "必須" if self.required else "空でもよい"
        choices = "、".join(self.choices)
        return (self.file, self.title, self.key, self.type, self.form, must, str(self.length), choices, self.used)


def entries(kind: Kind, layout: Layout) -> list[Entry]:
    """Every column of the kind's files in their order."""
    uses = _uses(kind, layout)
    found = []
    for table in (kind.notices, *kind.details):
        for i, column in enumerate(table.columns):
            own = _once(uses.get((table.name, column.key), []))
            joins = i == 0 and table is not kind.notices
            found.append(_entry(table.file, column, own, _JOINS if joins else _in_words(own)))
    return found


def _entry(file: str, column: Column, uses: tuple[Use, ...], used: str) -> Entry:
    name, form = _TYPES[column.type]
    if column.type is Type.COUNT:
        form += f"、{column.length}桁まで"
    if also := _ALSO.get(column.key):
        form += f"。{also}"
    longest = max(map(len, column.choices)) if column.choices else column.length
    return Entry(
        file, column.title, column.key, name, form, column.required, _MOST.get(column.type, longest), column.choices,
        uses, used,
    )  # fmt: skip


def _once(uses: list[Use]) -> tuple[Use, ...]:
    """Each use once; what a column is printed in need not be told again as hanging on it."""
    printed = {(u.page, u.name) for u in uses if u.how != _WHETHER}
    return tuple(dict.fromkeys(u for u in uses if u.how != _WHETHER or (u.page, u.name) not in printed))


def _in_words(uses: Sequence[Use]) -> str:
    """``cover: 宛名、国名 / slips: 氏名``; what is printed nowhere is checked only."""
    by_page: dict[str, list[str]] = {}
    for use in uses:
        by_page.setdefault(use.page, []).append(use.name if use.how != _WHETHER else f"{use.name}（刷るかどうか）")
    return " / ".join(f"{page}: {'、'.join(names)}" for page, names in by_page.items()) or _CHECKED_ONLY


class _Name(NamedTuple):
    """A name in a layout, and where it stands."""

    path: str
    table: str
    use: Use


def _uses(kind: Kind, layout: Layout) -> dict[tuple[str, str], list[Use]]:
    """By file and column, everything that a layout does with it."""
    found: dict[tuple[str, str], list[Use]] = {}
    for name in _names(layout):
        for part in _columns_behind(name.path):
            if column := column_of(part, kind, name.table):
                file = name.table if part.startswith("row.") else kind.notices.name
                found.setdefault((file, column.key), []).append(name.use)
    return found


def _columns_behind(path: str) -> tuple[str, ...]:
    """The columns that a value is made of."""
    if path.startswith("pay."):
        return SOURCES
    if path == "addressee.barcode":
        return ("addressee.zip", "addressee.address", "addressee.building")
    return parts_of(path)


def _names(layout: Layout) -> Iterator[_Name]:
    for page in pages_of(layout):
        for thing in placed(layout, page):
            if thing.nth == 0:
                yield from _of_thing(layout, page, thing)
    for name, rows in layout.rows.items():
        for path in (*_asked(rows.where), *_asked(rows.when)):
            yield _Name(path, rows.of, Use("行", name, _WHETHER))
    for page in pages_of(layout):
        for thing in placed(layout, page):
            table = layout.rows[thing.of].of if thing.of else ""
            for path in _asked(thing.when):
                yield _Name(path, table, Use(page, thing.name or "固定部分", _WHETHER))


def _of_thing(layout: Layout, page: str, thing: Placed) -> Iterator[_Name]:
    table = layout.rows[thing.of].of if thing.of else ""
    element = thing.element
    if isinstance(element, Slot):
        yield from (_Name(n, table, Use(page, thing.name, "欄")) for n in names_in(element.text))
    elif isinstance(element, Mark):
        yield _Name(element.of, table, Use(page, thing.name, "記号"))
    elif isinstance(element, Table):
        for column in element.columns:
            title = column.title.replace("　", "").replace("\n", "")
            of = layout.rows[element.of].of
            yield from (_Name(n, of, Use(page, title, "欄")) for n in names_in(column.text))


def _asked(condition: str) -> list[str]:
    """The names that a condition asks for."""
    return [match[1] for term in condition.split(" and ") if (match := TERM.fullmatch(term))]
