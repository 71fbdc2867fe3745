"""A layout compiled for one kind and set of faces: templates per city, slots as functions.

``check`` says before anything is printed whether a notice fits; ``sheets`` and ``page`` make it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from fonts import Chain, FontSet
from layouts.language import Column, Layout, Page, Repeat, Rows, Slot, Style, Table
from printjobs.core.kinds import Kind
from printjobs.core.model import Notice

from .fields import Condition, FieldError, Fill, PageInfo, Row, compile_condition, compile_text, field_names
from .template import CENTRE, PAD, Template
from .text import MM, NARROWEST, Fitted, fit
from .writer import A4, Ink, PdfWriter


class Fault(msgspec.Struct, frozen=True):
    """Why a notice cannot be printed as it is: ``overflow``, ``no_glyph`` or ``too_many_rows``.

    ``fields`` are those of the slot, ``table`` and ``index`` the row it was filled from; ``character``
    is what has no glyph, else empty.
    """

    code: str
    fields: tuple[str, ...]
    table: str
    index: int
    detail: str
    character: str = ""


class Side(NamedTuple):
    """One page of a notice: which page of the layout, the rows that flow into it, where it stands."""

    page: str
    rows: tuple[str, list[Row]] | None
    info: PageInfo


# A page of the layout, the rows that flow into it, and its place among the pages of that flow.
_Half = tuple[str, tuple[str, list[Row]] | None, int, int]


class Place:
    """A compiled slot: where its text goes and how it is set. Lengths in pt, y downwards from the top."""

    __slots__ = ("align", "chain", "fields", "fill", "head", "leading", "lines", "middle", "size", "width", "x")

    def __init__(self, slot: Slot, style: Style, chain: Chain, fill: Fill) -> None:
        x, y, width, height = slot.at
        self.fill = fill
        self.fields = field_names(slot.text)
        self.chain = chain
        self.size = style.size
        self.x, self.width = x * MM, width * MM
        self.middle = (y + height / 2) * MM
        self.align = slot.align
        self.lines = slot.lines
        self.leading = style.leading * MM or style.size * 1.25
        self.head = f"/%s {style.size:g} Tf"

    def fault(self, text: str) -> tuple[str, str, str] | None:
        """Code, detail and character of what keeps ``text`` from being set; the detail tells nothing of the text."""
        if not text:
            return None
        if text.isascii() and text.isprintable():
            if len(text) * self.size / 2 <= self.width:  # no ASCII glyph of these faces is wider than half an em
                return None
        elif missing := self.chain.missing(text):
            return "no_glyph", " ".join(f"U+{ord(c):04X}" for c in missing[0]), missing[0]
        if len(text) * self.size <= self.width:  # and none at all wider than one
            return None
        if fit(text, self.chain, self.size, self.width, self.lines) is None:
            natural = self.chain.width(text) * self.size / 1000
            return (
                "overflow",
                f"必要な幅{natural / MM:.0f}mm、枠{self.width / MM:.0f}mm×{self.lines}行、{NARROWEST}%まで縮めても",
                "",
            )
        return None

    def draw(self, out: list[str], text: str, down: float, ink: Ink) -> None:
        """Append the page code of ``text``, ``down`` pt below the slot's own place."""
        if not text:
            return
        chain, size = self.chain, self.size
        used = ink.of(chain)
        spans = chain.spans(text, used)
        width = sum(s.width for s in spans) * size / 1000
        base = A4[1] - self.middle - down - CENTRE * size
        if width <= self.width and len(spans) == 1:
            x = self._start(width)
            out.append(f"{self.head % spans[0].face.resource} 1 0 0 1 {x:.2f} {base:.2f} Tm<{spans[0].codes}>Tj\n")
            return
        fitted = fit(text, chain, size, self.width, self.lines)
        if fitted is None:
            raise OverflowError(f"a text for {self.fields} does not fit and was not listed at intake")
        self._draw_fitted(out, fitted, base, ink)

    def _draw_fitted(self, out: list[str], fitted: Fitted, base: float, ink: Ink) -> None:
        if fitted.scale != 100:
            out.append(f"{fitted.scale:g} Tz ")
        up = (len(fitted.lines) - 1) * self.leading / 2
        for i, line in enumerate(fitted.lines):
            spans = self.chain.spans(line, ink.of(self.chain))
            x = self._start(sum(s.width for s in spans) * self.size * fitted.scale / 100_000)
            y = base + up - i * self.leading
            for j, span in enumerate(spans):
                place = f" 1 0 0 1 {x:.2f} {y:.2f} Tm" if j == 0 else ""
                out.append(f"{self.head % span.face.resource}{place}<{span.codes}>Tj\n")
        if fitted.scale != 100:
            out.append("100 Tz\n")

    def _start(self, width: float) -> float:
        if self.align == "left":
            return self.x
        return self.x + (self.width - width) / (2 if self.align == "center" else 1)


class Flow(msgspec.Struct, frozen=True):
    """Slots that repeat down a page, one set per row. ``form``: a repeat draws its own form each time."""

    of: str
    count: int
    pitch: float
    places: tuple[Place, ...]
    form: str


class CompiledPage(NamedTuple):
    name: str
    source: Page
    places: tuple[Place, ...]
    flows: tuple[Flow, ...]


class CompiledLayout:
    """Everything about one layout that does not depend on a notice."""

    def __init__(self, layout: Layout, kind: Kind, fonts: FontSet) -> None:
        self.layout = layout
        self.kind = kind
        self.fonts = fonts
        self._views = {name: self._compile_view(name, rows) for name, rows in layout.rows.items()}
        self.pages = {name: self._compile_page(name, page) for name, page in layout.pages.items()}
        self._flow_counts = {(page.name, flow.of): flow.count for page in self.pages.values() for flow in page.flows}
        self._forms: dict[str, tuple[str, Ink]] = {}

    def _compile_view(self, name: str, rows: Rows) -> tuple[str, Condition, Condition]:
        if rows.of not in [t.name for t in self.kind.details]:
            raise FieldError(f"rows {name}: {self.kind.code} has no file {rows.of}")
        try:
            return rows.of, compile_condition(rows.when, self.kind), compile_condition(rows.where, self.kind, rows.of)
        except FieldError as error:
            raise FieldError(f"rows {name}: {error}") from error

    def _place(self, slot: Slot, table: str = "") -> Place:
        style = self.layout.styles[slot.style]
        return Place(slot, style, self.fonts.chains[style.font], compile_text(slot.text, self.kind, table))

    def _compile_page(self, name: str, page: Page) -> CompiledPage:
        try:
            return self._compiled(name, page)
        except FieldError as error:
            raise FieldError(f"page {name}: {error}") from error

    def _compiled(self, name: str, page: Page) -> CompiledPage:
        flows = [self._compile_table(t) for t in page.tables]
        flows += [self._compile_repeat(f"{name}_{i}", r) for i, r in enumerate(page.repeats)]
        return CompiledPage(name, page, tuple(self._place(s) for s in page.slots), tuple(flows))

    def _compile_table(self, table: Table) -> Flow:
        x, y = table.at
        places = []
        for column in table.columns:
            slot = _cell(table, column, x, y + table.head)
            places.append(self._place(slot, self.layout.rows[table.of].of))
            x += column.width
        return Flow(table.of, table.count, table.pitch * MM, tuple(places), "")

    def _compile_repeat(self, form: str, repeat: Repeat) -> Flow:
        table = self.layout.rows[repeat.of].of
        places = tuple(self._place(s, table) for s in repeat.slots)
        return Flow(repeat.of, repeat.count, repeat.pitch * MM, places, form)

    def views(self, notice: Notice) -> dict[str, list[Row]]:
        """The rows of each named view of this notice."""
        return {
            name: [row for row in notice.tables[of] if where(notice, row)] if when(notice, []) else []
            for name, (of, when, where) in self._views.items()
        }

    def has_rows(self, notice: Notice, view: str) -> bool:
        """Whether a named view has any row: whether there is a payment slip to print."""
        of, when, where = self._views[view]
        return when(notice, []) and any(where(notice, row) for row in notice.tables[of])

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
        return len(self.sides(notice)) // 2

    def _fills(self, notice: Notice, side: Side) -> Iterator[tuple[Place, str, Flow | None, int, Row]]:
        """Every place of a side with its text, the flow it repeats in, and the row with its index there."""
        page = self.pages[side.page]
        for place in page.places:
            yield place, place.fill(notice, [], side.info), None, 0, []
        views = None
        for flow in page.flows:
            if side.rows and side.rows[0] == flow.of:
                rows = side.rows[1]
            else:
                views = views or self.views(notice)
                rows = views[flow.of]
            for i, row in enumerate(rows):
                for place in flow.places:
                    yield place, place.fill(notice, row, side.info), flow, i, row

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
            for place, text, around, _, row in self._fills(notice, side):
                if found := place.fault(text):
                    table = self.layout.rows[around.of].of if around else self.kind.notices.name
                    index = next((i for i, r in enumerate(notice.tables.get(table, ())) if r is row), 0)
                    faults.append(Fault(found[0], place.fields, table, index, found[1], found[2]))
        return faults

    def page(self, notice: Notice, side: Side, writer: PdfWriter, city: str, values: Mapping[str, str]) -> str:
        """Page code of one side; the forms it needs are added to the writer on first use."""
        page = self.pages[side.page]
        out = [f"/{self._form(writer, page.name, city, values)} Do\n"]
        texts: list[str] = []
        for place, text, flow, index, _ in self._fills(notice, side):
            down = 0.0
            if flow:
                down = index * flow.pitch
                if flow.form and place is flow.places[0]:
                    form = self._form(writer, flow.form, city, values)
                    out.append(f"q 1 0 0 1 0 {-down:.3f} cm /{form} Do Q\n")
            place.draw(texts, text, down, writer.ink)
        if texts:
            out += ["BT\n", *texts, "ET\n"]
        return "".join(out)

    def _form(self, writer: PdfWriter, name: str, city: str, values: Mapping[str, str]) -> str:
        """Draw a page's or a repeat's static part for one city, once per file."""
        key = f"{name}.{city}"
        if not writer.has_form(key):
            if key not in self._forms:
                self._forms[key] = self._draw_form(name, values)
            writer.add_form(key, *self._forms[key])
        return key

    def _draw_form(self, name: str, values: Mapping[str, str]) -> tuple[str, Ink]:
        template = Template(self.fonts, self.layout.styles, values)
        if name in self.pages:
            page = self.layout.pages[name]
            template.draw(page.static)
            for table in page.tables:
                template.table(table)
        else:
            page_name, _, index = name.rpartition("_")
            template.draw(self.layout.pages[page_name].repeats[int(index)].static)
        return template.code, template.ink


def _cell(table: Table, column: Column, x: float, y: float) -> Slot:
    return Slot(
        at=(x + PAD, y, column.width - 2 * PAD, table.pitch),
        text=column.text,
        style=column.style or table.style,
        align=column.align,
        lines=column.lines,
    )
