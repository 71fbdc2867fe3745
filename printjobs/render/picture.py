"""What is to be shown of a layout: for each page its numbered boxes, their limits, and where their labels stand.

Pure planning; ``picture_pdf`` draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

import msgspec

from layouts.checks import exclusive
from layouts.language import Box, Layout, Mark, Part, Seal, Slot, Static, Table, Text
from layouts.placed import Placed, overlap, placed
from printjobs import reference

from . import words
from .compiled import CompiledLayout, cell
from .fields import names_in
from .places import capacity
from .printfile import mark_area
from .text import MM

_NEAR = 3.0  # mm: fixed things that are nearer than that are shown as one
_SAID = 24  # letters of a fixed text by which it is known: the picture has it whole
_ROW = 4.0  # mm: boxes whose tops differ by less are read from left to right


class Sort(StrEnum):
    """What a box on the picture is; each has its colour."""

    SLOT = "欄"
    CELL = "くり返す欄"
    MARK = "記号"
    SEAL = "公印"
    STATIC = "条件つきの固定部分"


class Shown(msgspec.Struct, frozen=True):
    """A numbered thing of a page, in a clerk's words. Boxes in mm; ``again``: those of its repetitions.

    ``rows``: the view of a detail file that it is repeated for. ``condition``: when it is drawn; empty is always.
    ``holds``: full-width characters of all lines together; 0 for what is no text.
    """

    number: int
    sort: Sort
    name: str
    fields: tuple[str, ...]
    at: Box
    again: tuple[Box, ...]
    rows: str
    letters: str
    lines: int
    holds: int
    limits: str
    overflow: str
    condition: str


class ShownZone(msgspec.Struct, frozen=True):
    """A zone of the page's side: where nothing is printed, or ``marks``, where only symbols are not."""

    name: str
    at: Box
    of: str


class Picture(msgspec.Struct, frozen=True):
    """One page of the layout. ``sides``: which sides of which sheets it is printed on."""

    page: str
    sides: tuple[str, ...]
    things: tuple[Shown, ...]
    zones: tuple[ShownZone, ...]


def pictures(compiled: CompiledLayout) -> list[Picture]:
    """A picture of every page that a sheet has, in the order of the sheets."""
    return [_picture(compiled, page) for page in pages_of(compiled.layout)]


def pages_of(layout: Layout) -> list[str]:
    """The pages that are printed, in the order of the sheets."""
    names = (name for sheet in layout.sheets for name in (sheet.front, sheet.back, sheet.blank) if name)
    return list(dict.fromkeys(names))


def sides_of(layout: Layout, page: str) -> Iterator[str]:
    """``1枚目の表``; of a sheet that there are as many of as rows need, ``details の紙の裏``."""
    for number, sheet in enumerate(layout.sheets, start=1):
        which = f"{sheet.flow}（{layout.rows[sheet.flow].of}.csv）の紙" if sheet.flow else f"{number}枚目"
        for name, side in ((sheet.front, "表"), (sheet.back, "裏"), (sheet.blank, "裏（行が残らないとき）")):
            if name == page:
                yield f"{which}の{side}"


def _picture(compiled: CompiledLayout, page: str) -> Picture:
    layout = compiled.layout
    front = any(page == s.front for s in layout.sheets)
    things = [*_things(compiled, page), *([_sheet_mark()] if front else [])]
    things.sort(key=lambda t: (round(t.at[1] / _ROW), t.at[0]))
    back = any(page in (s.back, s.blank) for s in layout.sheets)
    return Picture(
        page,
        tuple(sides_of(layout, page)),
        tuple(msgspec.structs.replace(t, number=i) for i, t in enumerate(things, start=1)),
        tuple(
            ShownZone(z.name, z.at, z.of)
            for z in layout.zones
            if z.side == "both" or (front and z.side == "front") or (back and z.side == "back")
        ),
    )


def _things(compiled: CompiledLayout, page: str) -> Iterator[Shown]:
    found: dict[str, list[Placed]] = {}
    for thing in placed(compiled.layout, page):
        found.setdefault(thing.path, []).append(thing)
    for copies in found.values():
        first, again = copies[0], tuple(t.box for t in copies[1:])
        if isinstance(first.element, Slot):
            yield _slot(compiled, first, first.element, first.box, again)
        elif isinstance(first.element, Mark):
            yield _mark(compiled, first, first.element, again)
        elif isinstance(first.element, Seal):
            yield _plain(compiled, Sort.SEAL, "公印", first, again)
        elif isinstance(first.element, Table):
            yield from _columns(compiled, first, first.element)
    yield from _parts(compiled, found)


def _slot(compiled: CompiledLayout, thing: Placed, slot: Slot, at: Box, again: tuple[Box, ...]) -> Shown:
    style = compiled.layout.styles[slot.style]
    if style.font == "ocr-b":  # a machine's type has digits only
        zero = compiled.fonts.chains[style.font].width("0") * style.size / 1000
        holds, unit = int(slot.at[2] * MM / zero) * slot.lines, "桁"
    else:
        holds, unit = capacity(slot.at[2] * MM, style.size, slot.lines, slot.overflow), "字"
    table = compiled.layout.rows[thing.of].of if thing.of else ""
    kind = compiled.kind
    return Shown(
        number=0, sort=Sort.CELL if thing.of else Sort.SLOT, name=slot.name or slot.text,
        fields=tuple(dict.fromkeys(words.title(n, kind, table) for n in names_in(slot.text))),
        at=at, again=again, rows=thing.of, letters=words.style(style), lines=slot.lines, holds=holds,
        limits=words.limits(slot, holds, unit), overflow=words.OVERFLOWS[slot.overflow],
        condition=words.condition(thing.when, kind, table),
    )  # fmt: skip


def _mark(compiled: CompiledLayout, thing: Placed, mark: Mark, again: tuple[Box, ...]) -> Shown:
    table = compiled.layout.rows[thing.of].of if thing.of else ""
    shown = _plain(compiled, Sort.MARK, mark.name or mark.mark, thing, again)
    of = words.title(mark.of, compiled.kind, table)
    return msgspec.structs.replace(shown, fields=(of,), letters=words.MARKS[mark.mark])


def _plain(compiled: CompiledLayout, sort: Sort, name: str, thing: Placed, again: tuple[Box, ...]) -> Shown:
    """What is no text: it has a place and a condition only."""
    table = compiled.layout.rows[thing.of].of if thing.of else ""
    return Shown(
        number=0, sort=sort, name=name, fields=(), at=thing.box, again=again, rows=thing.of, letters="", lines=0,
        holds=0, limits="", overflow="", condition=words.condition(thing.when, compiled.kind, table),
    )  # fmt: skip


def _sheet_mark() -> Shown:
    """The QR that the inserter reads: no layout has it, every front does."""
    vendor = reference.vendor()
    return Shown(
        number=0, sort=Sort.MARK, name="封入機のQR", fields=("バッチ・封筒・紙の番号",),
        at=mark_area(vendor.mark, vendor.print_.dpi), again=(), rows="", letters="QR", lines=0, holds=0, limits="",
        overflow="", condition="",
    )  # fmt: skip


def _columns(compiled: CompiledLayout, thing: Placed, table: Table) -> Iterator[Shown]:
    """Each column of a flowing table is the slot of its first row, and of as many more as the table has."""
    x, y, _, _ = thing.box
    for column in table.columns:
        boxes = [(x, y + table.head + i * table.pitch, column.width, table.pitch) for i in range(table.count)]
        slot = cell(table, column, x, y + table.head)
        named = msgspec.structs.replace(slot, name=column.title.replace("　", "").replace("\n", ""))
        yield _slot(compiled, thing._replace(of=table.of), named, boxes[0], tuple(boxes[1:]))
        x += column.width


def _parts(compiled: CompiledLayout, found: dict[str, list[Placed]]) -> Iterator[Shown]:
    """What is printed the same for everybody, but only under a condition: a box around all that stands together."""
    fixed = [copies for copies in found.values() if copies[0].what == "static" and copies[0].when]
    for _, part in groupby(fixed, key=lambda copies: copies[0].path.rpartition(".static[")[0]):
        for together in _clusters(list(part)):
            around = [_around([copies[nth].box for copies in together]) for nth in range(len(together[0]))]
            texts = (c[0].element.say for c in together if isinstance(c[0].element, Text))
            said = next(texts, "罫・枠").replace("\n", "").strip("　＊ ")
            said = said if len(said) <= _SAID else f"{said[:_SAID]}…"
            yield _plain(compiled, Sort.STATIC, said, together[0][0]._replace(box=around[0]), tuple(around[1:]))


def _clusters(things: list[list[Placed]]) -> list[list[list[Placed]]]:
    """Things that lie within ``_NEAR`` mm of each other, directly or through others."""
    clusters: list[list[list[Placed]]] = []
    for thing in things:
        x, y, width, height = thing[0].box
        reach = (x - _NEAR, y - _NEAR, width + 2 * _NEAR, height + 2 * _NEAR)
        near = [c for c in clusters if any(overlap(reach, _solid(other[0].box)) for other in c)]
        clusters = [c for c in clusters if c not in near] + [[*(t for c in near for t in c), thing]]
    return clusters


def _solid(box: Box) -> Box:
    """A box that has an area, a line's too."""
    return box[0], box[1], box[2] or 0.1, box[3] or 0.1


def _around(boxes: Sequence[Box]) -> Box:
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return left, top, right - left, bottom - top


class Fixed(NamedTuple):
    """Static elements and the lines of tables that are drawn together, ``down`` mm further down the page."""

    static: tuple[Static, ...]
    tables: tuple[Table, ...]
    down: float


def fixed_parts(layout: Layout, page: str, values: Mapping[str, str]) -> Iterator[Fixed]:
    """The static part of a page as one notice of a city would have it, with every repetition.

    A part whose text would stand where something else is filled in, or on the text of a part before it, is for
    other notices; one that the city's own ``values`` leave out is for other cities. Neither is drawn.
    """
    filled = [t for t in placed(layout, page) if t.what != "static"]
    drawn: list[Box] = []

    def wanted(part: Part) -> bool:
        facts = (f"{name} = {value}" for name, value in values.items() if name in part.when)
        texts = [element.at for element in part.static if isinstance(element, Text)]
        taken = [*drawn, *(thing.box for thing in filled if thing.when != part.when)]
        if any(exclusive(part.when, fact) for fact in facts) or any(overlap(a, b) for a in texts for b in taken):
            return False
        drawn.extend(texts)
        return True

    owner = layout.pages[page]
    for group in layout.groups_of(owner):
        yield Fixed(group.static, owner.tables if group is owner else (), 0.0)
        yield from (Fixed(part.static, (), 0.0) for part in group.parts if wanted(part))
    for repeat in owner.repeats:
        downs = [nth * repeat.pitch for nth in range(repeat.count)]
        for group in layout.groups_of(repeat):
            yield from (Fixed(group.static, (), down) for down in downs)
            for part in (p for p in group.parts if wanted(p)):
                yield from (Fixed(part.static, (), down) for down in downs)


class Label(NamedTuple):
    """A number in its badge and what stands beside it, from ``x``; ``y`` is their middle. Lengths in mm."""

    thing: Shown
    text: str
    x: float
    y: float


BADGE = 2.0  # mm high
_DIGIT, _PAD = 1.15, 0.9  # mm that a badge is wide for each digit, and beside them


def badge_width(number: int) -> float:
    return _DIGIT * len(str(number)) + _PAD


def labels(things: Sequence[Shown], width_of: Callable[[str], float]) -> list[Label]:
    """A label for each thing within its box, as much of it as has room and covers no other label.

    ``width_of``: the width of a text in mm as it will be set. What has no free place keeps its number only.
    """
    taken: list[Box] = []
    found = []
    for thing in things:
        texts = [f"{thing.name}　{thing.limits}", thing.name, ""] if thing.limits else [thing.name, ""]
        if thing.sort is Sort.STATIC:
            texts = [""]  # its own words stand there, or those of another part
        options = [(text, x, y) for text in texts for x, y in _anchors(thing, text, width_of)]
        free = (o for o in options if not any(overlap(_box(thing, o, width_of), t) for t in taken))
        text, x, y = next(free, options[-1])
        taken.append(_box(thing, (text, x, y), width_of))
        found.append(Label(thing, text, x, y))
    return found


def _width(thing: Shown, text: str, width_of: Callable[[str], float]) -> float:
    return badge_width(thing.number) + (width_of(text) + 0.6 if text else 0.0)


def _box(thing: Shown, label: tuple[str, float, float], width_of: Callable[[str], float]) -> Box:
    text, x, y = label
    return x, y - BADGE / 2, _width(thing, text, width_of), BADGE


def _anchors(thing: Shown, text: str, width_of: Callable[[str], float]) -> Iterator[tuple[float, float]]:
    """Where a label may stand in its box: left in the middle, at the top, at the bottom; then to the right."""
    x, y, room, height = thing.at
    width = _width(thing, text, width_of)
    if text and width > room:
        return  # a text that does not go in is no option; a number always is
    rows = [y + height / 2, y + BADGE / 2, y + height - BADGE / 2]
    for left in (x, x + room - width, x + (room - width) / 2):
        for middle in rows if height > 1.6 * BADGE else rows[:1]:
            yield left, middle
