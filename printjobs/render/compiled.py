"""A layout compiled for one kind and set of faces: templates per city, slots as functions.

``check`` says before anything is printed whether a notice fits; ``sides`` tells its pages. ``composing`` draws them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec

from fonts import FontSet
from layouts.language import Column, Group, Layout, Page, Part, Repeat, Rows, Slot, Static, Table
from printjobs.core.kinds import Kind
from printjobs.core.model import Notice

from .city import CityText
from .fields import Condition, FieldError, PageInfo, Row, Schema, compile_condition, compile_slot
from .fitness import Fitness
from .marks import MarkPlace, compile_mark
from .places import Fault, Place
from .template import PAD, Template
from .text import MM
from .writer import Ink


class Side(NamedTuple):
    """One page of a notice: which page of the layout, the rows that flow into it, where it stands."""

    page: str
    rows: tuple[str, list[Row]] | None
    info: PageInfo


# A page of the layout, the rows that flow into it, and its place among the pages of that flow.
_Half = tuple[str, tuple[str, list[Row]] | None, int, int]


class Block(NamedTuple):
    """Things drawn together: for every notice, or only ``when`` a condition holds. ``form`` is its static part."""

    when: Condition | None
    places: tuple[Place, ...]
    marks: tuple[MarkPlace, ...]
    form: str


class Flow(msgspec.Struct, frozen=True):
    """Blocks that repeat down a page, one set per row."""

    of: str
    count: int
    pitch: float
    blocks: tuple[Block, ...]


class CompiledPage(NamedTuple):
    name: str
    blocks: tuple[Block, ...]
    flows: tuple[Flow, ...]


class CompiledLayout:
    """Everything about one layout that does not depend on a notice. ``cities``: texts, seal and payer by city code."""

    def __init__(self, layout: Layout, kind: Kind, fonts: FontSet, cities: Mapping[str, CityText]) -> None:
        self.layout = layout
        self.kind = kind
        self.fonts = fonts
        self.cities = cities
        self.schema = schema_of(kind, cities)
        self.statics: dict[str, Drawable] = {}
        self._forms: dict[tuple[str, str], tuple[str, Ink]] = {}
        self._seen: tuple[Notice | None, Mapping[str, list[Row]]] = None, {}
        self._views = {name: self._compile_view(name, rows) for name, rows in layout.rows.items()}
        self.pages = {name: self._compile_page(name, page) for name, page in layout.pages.items()}
        self._flow_counts = {(page.name, flow.of): flow.count for page in self.pages.values() for flow in page.flows}
        self._fixed_sheets = sum(not sheet.flow for sheet in layout.sheets)
        self._sheet_rows = [  # how many rows of a view go on a sheet that flows
            (sheet.flow, self._flow_counts[sheet.front, sheet.flow] * (2 if sheet.back == sheet.front else 1))
            for sheet in layout.sheets
            if sheet.flow
        ]

    def _compile_view(self, name: str, rows: Rows) -> tuple[str, Condition | None, Condition | None]:
        if rows.of not in [t.name for t in self.kind.details]:
            raise FieldError(f"rows {name}: {self.kind.code} has no file {rows.of}")
        when = compile_condition(rows.when, self.schema)
        return rows.of, when, compile_condition(rows.where, self.schema, rows.of)

    def _place(self, slot: Slot, table: str = "") -> Place:
        style = self.layout.styles[slot.style]
        return Place(slot, style, self.fonts.chains[style.font], compile_slot(slot.text, self.schema, table))

    def _blocks(self, name: str, group: Page | Group | Repeat, table: str = "") -> Iterator[Block]:
        """A group's own things and its parts, each a block with a form of its own if it has anything static."""
        for i, part in enumerate((group, *group.parts)):
            form = f"{name}.{i}" if i else name
            drawable = Drawable(part.static, group.tables if isinstance(group, Page) and not i else ())
            self.statics[form] = drawable
            yield Block(
                compile_condition(part.when, self.schema, table) if isinstance(part, Part) else None,
                tuple(self._place(s, table) for s in part.slots),
                tuple(compile_mark(m, self.schema, table) for m in part.marks),
                form if drawable.static or drawable.tables else "",
            )

    def _compile_page(self, name: str, page: Page) -> CompiledPage:
        flows = [self._compile_table(t) for t in page.tables]
        flows += [self._compile_repeat(f"{name}-{i}", r) for i, r in enumerate(page.repeats)]
        return CompiledPage(name, self._used(name, page), tuple(flows))

    def _compile_table(self, table: Table) -> Flow:
        x, y = table.at
        places = []
        for column in table.columns:
            slot = cell(table, column, x, y + table.head)
            places.append(self._place(slot, self.layout.rows[table.of].of))
            x += column.width
        return Flow(table.of, table.count, table.pitch * MM, (Block(None, tuple(places), (), ""),))

    def _compile_repeat(self, name: str, repeat: Repeat) -> Flow:
        blocks = self._used(name, repeat, self.layout.rows[repeat.of].of)
        return Flow(repeat.of, repeat.count, repeat.pitch * MM, blocks)

    def _used(self, name: str, owner: Page | Repeat, table: str = "") -> tuple[Block, ...]:
        """The blocks of the groups that a page or repeat uses, and then its own."""
        names = [*(f"{name}-{used}" for used in owner.use), name]
        groups = self.layout.groups_of(owner)
        return tuple(
            block for form, group in zip(names, groups, strict=True) for block in self._blocks(form, group, table)
        )

    def views(self, notice: Notice) -> Mapping[str, list[Row]]:
        """The rows of each named view of this notice; it is asked for several times before the next one."""
        seen = self._seen
        if seen[0] is not notice:
            found = {name: self._view(notice, *parts) for name, parts in self._views.items()}
            seen = self._seen = notice, found
        return seen[1]

    @staticmethod
    def _view(notice: Notice, of: str, when: Condition | None, where: Condition | None) -> list[Row]:
        if when and not when(notice, []):
            return []
        rows = notice.tables[of]
        return [row for row in rows if where(notice, row)] if where else rows

    def has_rows(self, notice: Notice, view: str) -> bool:
        """Whether a named view has any row: whether there is a payment slip to print."""
        return bool(self.views(notice)[view])

    def sides(self, notice: Notice) -> list[Side]:
        """The pages of a notice in order, front and back of each sheet in turn."""
        views = self.views(notice)
        pairs: list[tuple[_Half, _Half]] = []
        for sheet in self.layout.sheets:
            if not sheet.flow:
                pairs.append(((sheet.front, None, 1, 1), (sheet.back, None, 1, 1)))
                continue
            rows, count = views[sheet.flow], self._flow_counts[sheet.front, sheet.flow]
            parts = [rows[i : i + count] for i in range(0, len(rows), count)]
            both = sheet.back == sheet.front
            for i in range(0, len(parts), 2 if both else 1):
                front = (sheet.front, (sheet.flow, parts[i]), i + 1, len(parts))
                back: _Half
                if not both:
                    back = (sheet.back, None, 1, 1)
                elif i + 1 < len(parts):
                    back = (sheet.back, (sheet.flow, parts[i + 1]), i + 2, len(parts))
                else:
                    back = (sheet.blank, None, 1, 1)
                pairs.append((front, back))
        return [
            Side(page, rows, PageInfo(i, len(pairs), number, pages))
            for i, pair in enumerate(pairs, start=1)
            for page, rows, number, pages in pair
        ]

    def sheet_count(self, notice: Notice) -> int:
        """How many sheets ``sides`` makes."""
        views = self.views(notice)
        return self._fixed_sheets + sum([-(-len(views[view]) // rows) for view, rows in self._sheet_rows])

    def drawn(self, notice: Notice, side: Side) -> Iterator[tuple[Block, Flow | None, int, Row]]:
        """Every block of a side that is drawn, the flow it repeats in, and the row with its index there.

        Those of the page come first, then each flow's from its first row to its last.
        """
        page = self.pages[side.page]
        for block in page.blocks:
            if block.when is None or block.when(notice, []):
                yield block, None, 0, []
        views = None
        for flow in page.flows:
            if side.rows and side.rows[0] == flow.of:
                rows = side.rows[1]
            else:
                views = views or self.views(notice)
                rows = views[flow.of]
            for i, row in enumerate(rows):
                for block in flow.blocks:
                    if block.when is None or block.when(notice, row):
                        yield block, flow, i, row

    def fits(self, notice: Notice) -> bool:
        """True when nothing keeps the notice from being printed as a letter; False when only :meth:`check` can say."""
        return self._fitness.surely(notice, self.views(notice), self.sheet_count(notice))

    @cached_property
    def _fitness(self) -> Fitness:
        pages = self.pages.values()
        places = [(place, "") for page in pages for block in page.blocks for place in block.places]
        for flow in (flow for page in pages for flow in page.flows):
            table = self.layout.rows[flow.of].of
            places += [(place, table) for block in flow.blocks for place in block.places]
        sheets = self.layout.sheets
        flowing = {(sheet.front, sheet.flow) for sheet in sheets}
        plain = {n for s in sheets for n in (s.front, s.back, s.blank) if not (s.flow and n == s.front)}
        limits = [
            (flow.of, flow.count)
            for page in pages
            for flow in page.flows
            if page.name in plain or (page.name, flow.of) not in flowing
        ]
        return Fitness(self.kind, places, limits)

    def check(self, notice: Notice) -> list[Fault]:
        """What keeps this notice from being printed; empty when every text fits and has its glyphs."""
        faults = []
        for side in self.sides(notice):
            for flow in self.pages[side.page].flows:
                if not (side.rows and side.rows[0] == flow.of):
                    count = len(self.views(notice)[flow.of])
                    if count > flow.count:
                        table = self.layout.rows[flow.of].of
                        faults.append(Fault("too_many_rows", (), table, 0, f"{count} > {flow.count}"))
            for block, around, _, row in self.drawn(notice, side):
                faults += self._faults(block, around, notice, row, side.info)
        return faults

    def _faults(self, block: Block, around: Flow | None, notice: Notice, row: Row, page: PageInfo) -> Iterator[Fault]:
        """What is wrong with one block, each fault with the row that it came from."""
        for place in block.places:
            if place.fixed:
                continue
            text = place.fill(notice, row, page)
            if found := place.fault(text):
                table = self.layout.rows[around.of].of if around else self.kind.notices.name
                index = next((i for i, r in enumerate(notice.tables.get(table, ())) if r is row), 0)
                yield Fault(found[0], place.fields, table, index, *found[1:], len(text), place.holds)

    def form(self, name: str, city: str) -> tuple[str, Ink]:
        """Page code and ink of a block's static part, drawn for one city; drawn once."""
        key = name, city
        if key not in self._forms:
            template = self.template(name, city)
            self._forms[key] = template.code, template.ink
        return self._forms[key]

    def template(self, name: str, city: str) -> Template:
        """The static part of a block, drawn for one city."""
        text = self.cities[city]
        template = Template(self.fonts, self.layout.styles, text.values, text.seal)
        template.draw(self.statics[name].static)
        for table in self.statics[name].tables:
            template.table(table)
        return template

    def tight(self, city: str) -> list[str]:
        """Fixed texts that need more height than their boxes have, with the form they stand in."""
        return [f"{name}: {said}" for name in self.statics for said in self.template(name, city).tight]


class Drawable(NamedTuple):
    """What a form is drawn from."""

    static: tuple[Static, ...]
    tables: tuple[Table, ...]


def schema_of(kind: Kind, cities: Mapping[str, CityText]) -> Schema:
    values = {code: text.values for code, text in cities.items()}
    return Schema(kind, values, {code: text.payer for code, text in cities.items()})


def cell(table: Table, column: Column, x: float, y: float) -> Slot:
    """The slot that a column's cell is: the text keeps clear of the rules beside it."""
    return Slot(
        at=(x + PAD, y, column.width - 2 * PAD, table.pitch),
        text=column.text,
        style=column.style or table.style,
        align=column.align,
        lines=column.lines,
        name="".join(column.title.split()),
    )
