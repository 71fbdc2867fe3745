"""Notices into page code: the slots of a compiled layout filled, one file's worth at a time.

What is alike within a file is written out once: a slot's page code is kept by the value that it shows, so the second
土地 or 令和8年4月30日 in the same column costs one look-up.
"""

from __future__ import annotations

from typing import NamedTuple

from printjobs.core.model import Notice

from .compiled import Block, CompiledLayout, Side
from .fields import Condition, Getter, Row
from .marks import MarkPlace
from .places import Place
from .writer import Ink, PdfWriter

_KEPT = 2_000  # texts of one slot: names and addresses hardly repeat, and memory must not grow with the file


class _Codes(dict[str | int, str]):
    """Page code of one slot by the value that it shows, made as values occur."""

    def __init__(self, place: Place, ink: Ink) -> None:
        super().__init__()
        self._write, self._code, self._ink = place.source.write, place.code, ink

    def __missing__(self, value: str | int) -> str:
        if len(self) >= _KEPT:
            self.clear()
        code = self[value] = self._code(self._write(value), self._ink)
        return code


class _Drawn(NamedTuple):
    """A block with its slots' codes. ``cells``: places in the row when every slot shows one of the row's values."""

    when: Condition | None
    form: str
    marks: tuple[MarkPlace, ...]
    slots: list[tuple[Getter, _Codes]]
    cells: list[tuple[int, _Codes]]


class _Repeated(NamedTuple):
    of: str
    pitch: float
    blocks: list[_Drawn]


class _Page(NamedTuple):
    blocks: list[_Drawn]
    flows: list[_Repeated]


class Composer:
    """Page code for one file; forms are added to its writer on first use, characters to its ink."""

    def __init__(self, layout: CompiledLayout, writer: PdfWriter) -> None:
        self._layout, self._writer = layout, writer
        self._pages = {
            name: _Page(
                [self._block(b) for b in page.blocks],
                [_Repeated(f.of, f.pitch, [self._block(b) for b in f.blocks]) for f in page.flows],
            )
            for name, page in layout.pages.items()
        }

    def _block(self, block: Block) -> _Drawn:
        codes = [(place, _Codes(place, self._writer.ink)) for place in block.places]
        cells = [(place.source.cell, kept) for place, kept in codes if place.source.cell is not None]
        slots = [(place.source.get, kept) for place, kept in codes]
        return _Drawn(block.when, block.form, block.marks, slots, cells if len(cells) == len(slots) else [])

    def page(self, notice: Notice, side: Side) -> str:
        """Page code of one side."""
        page, city, info = self._pages[side.page], notice.city, side.info
        out: list[str] = []
        texts: list[str] = []
        for block in page.blocks:
            if block.when is None or block.when(notice, []):
                if block.form:
                    out.append(f"/{self._form(block.form, city)} Do\n")
                out += [mark.code(notice, [], info, 0) for mark in block.marks]
                texts += [codes[get(notice, [], info)] for get, codes in block.slots]
        if texts:
            out += ["BT\n", *texts, "ET\n"]
        views = None
        for flow in page.flows:
            if side.rows and side.rows[0] == flow.of:
                rows = side.rows[1]
            else:
                views = views or self._layout.views(notice)
                rows = views[flow.of]
            for i, row in enumerate(rows):
                self._row(out, flow, notice, row, side, i * flow.pitch)
        return "".join(out)

    def _row(self, out: list[str], flow: _Repeated, notice: Notice, row: Row, side: Side, down: float) -> None:
        """One row of a flow, moved ``down`` pt as a whole; symbols keep to the device's grid and are placed singly."""
        marks: list[str] = []
        out.append(f"q 1 0 0 1 0 {-down:.3f} cm\n" if down else "q\n")
        for block in flow.blocks:
            if block.when is None or block.when(notice, row):
                if block.form:
                    out.append(f"/{self._form(block.form, notice.city)} Do\n")
                marks += [mark.code(notice, row, side.info, down) for mark in block.marks]
                if block.cells:
                    out += ["BT\n", *[codes[row[i]] for i, codes in block.cells], "ET\n"]
                elif block.slots:
                    out += ["BT\n", *[codes[get(notice, row, side.info)] for get, codes in block.slots], "ET\n"]
        out.append("Q\n")
        out += marks

    def _form(self, name: str, city: str) -> str:
        """The form of a block's static part for one city; written once per file."""
        key = f"{name}.{city}"
        if not self._writer.has_form(key):
            self._writer.add_form(key, *self._layout.form(name, city))
        return key
