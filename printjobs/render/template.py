"""The static part of a page, drawn once per file and city through ReportLab, in black only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import NamedTuple

from reportlab.pdfgen.canvas import Canvas

from fonts import Chain, FontSet
from fonts.reportlab_font import register
from layouts.language import Align, Box, Frame, Grid, Rule, Seal, Static, Style, Table, Text

from .city import Seal as SealImage
from .text import CENTRE, MM, wrap
from .writer import A4, Ink

_HEAD_FILL = 0.92
PAD = 2.0  # mm between a cell's rule and its text: less, and a press's play makes amounts seem to touch
_VALUE = re.compile(r"\{([\w.]+)\}")
_HANGING = re.compile(r"[・※①-⑳]|[０-９]+[　．]")  # what the lines of an item stand to the right of
_LOOSEST = 2.0  # ems: a line shorter than that ends where it ends, pulled apart it would be read as letters
_SLACK = 1.5  # pt that a block of text may rise over its box: the empty part of a line's own height
_LABEL_MARGIN = 0.9  # mm between a label and the rules of its cell


class _Line(NamedTuple):
    """One line of a block: its hanging sign, its text, where the text begins in pt, whether it is set flush."""

    sign: str
    text: str
    indent: float
    flush: bool


class Template:
    """Collects the page code of static elements; ``code`` and ``ink`` are what a form needs.

    ``values`` are a city's own (``city.name``); a name it does not have is a KeyError. ``seal`` is drawn where the
    layout has a place for it.
    Running text is set as Japanese books set it: full lines flush on both sides (両端揃え), the lines
    of an item to the right of its sign (字下げ), and the labels of one column equally wide (均等割付).
    """

    def __init__(
        self,
        fonts: FontSet,
        styles: Mapping[str, Style],
        values: Mapping[str, str],
        seal: SealImage | None = None,
    ) -> None:
        register(fonts.chains)
        self._chains = fonts.chains
        self._styles = styles
        self._values = values
        self._seal = seal
        self.tight: list[str] = []  # texts that need more height than their box has
        self._canvas = Canvas(BytesIO(), pagesize=A4, initialFontName="mincho", invariant=1)
        self.ink = Ink()

    @property
    def code(self) -> str:
        return "\n".join(self._canvas._code)  # noqa: SLF001 - ReportLab has no public way to take a page's code

    def draw(self, elements: Iterable[Static]) -> None:
        for element in elements:
            if isinstance(element, Text):
                self.text(element.at, element.say, element.style, element.align, top=element.top)
            elif isinstance(element, Rule):
                self._rule(element)
            elif isinstance(element, Frame):
                self._frame(element)
            elif isinstance(element, Seal):
                self._draw_seal(element)
            else:
                self._grid(element)

    def table(self, table: Table) -> None:
        """The rules and titles of a flowing table; its rows are filled per notice."""
        x, y = table.at
        width, height = sum(c.width for c in table.columns), table.head + table.count * table.pitch
        self._frame(Frame(at=(x, y, width, table.head), weight=0, fill=_HEAD_FILL))
        for i in range(1, table.count):
            down = y + table.head + i * table.pitch
            self._line(x, down, x + width, down, 0.1)
        self._line(x, y + table.head, x + width, y + table.head, 0.2)
        left = x
        for column in table.columns:
            self.text((left, y, column.width, table.head), column.title, table.head_style, "center")
            left += column.width
            if left < x + width - 0.01:
                self._line(left, y, left, y + height, 0.1)
        self._frame(Frame(at=(x, y, width, height), weight=0.35))

    def text(self, at: Box, say: str, style_name: str, align: Align, *, top: bool = False) -> None:
        style = self._styles[style_name]
        chain = self._chains[style.font]
        x, y, width, height = at
        say = _VALUE.sub(lambda match: self._values[match[1]], say)
        lines = list(_set(say, chain, style.size, width * MM, flush=align == "left"))
        leading = style.leading * MM or style.size * 1.45
        block = leading * (len(lines) - 1)
        if lines and block + style.size > height * MM + _SLACK:
            self.tight.append(f"{say[:20]} needs {(block + style.size) / MM:.1f} mm, has {height:g}")
        middle = y * MM + style.size / 2 if top else (y + height / 2) * MM - block / 2
        for i, line in enumerate(lines):
            advance = chain.width(line.text) * style.size / 1000
            left = x * MM + line.indent
            room = width * MM - line.indent - advance
            base = A4[1] - middle - i * leading - CENTRE * style.size
            if line.sign:
                self._string(style, x * MM, base, line.sign)
            spread = room / (len(line.text) - 1) if line.flush and len(line.text) > 1 else 0.0
            start = left + {"left": 0.0, "center": room / 2, "right": room}[align]
            self._string(style, start, base, line.text, spread)

    def _string(self, style: Style, x: float, base: float, text: str, spread: float = 0.0) -> None:
        """Draw one string at a point, ``spread`` pt of space after each character."""
        chain = self._chains[style.font]
        chain.spans(text, self.ink.of(chain))
        self._canvas.setFont(style.font, style.size)
        self._canvas.drawString(x, base, text, charSpace=round(spread, 4))

    def _draw_seal(self, place: Seal) -> None:
        """The city's seal in the middle of its place, at its own size; its words when it has none."""
        if self._seal is None:
            self.text(place.at, "（公印省略）", place.style, "center")
            return
        x, y, width, height = place.at
        own = min(self._seal.mm, width, height) if place.reduced else self._seal.mm
        if own > min(width, height) + 0.01:
            raise ValueError(f"the seal is {own:g} mm, its place {width:g} x {height:g} mm")
        left, top = x + (width - own) / 2, y + (height - own) / 2
        side = own * MM
        self._canvas._code.append(  # noqa: SLF001 - an inline mask needs no object of its own and is drawn once a file
            f"q {side:.4f} 0 0 {side:.4f} {left * MM:.4f} {A4[1] - top * MM - side:.4f} cm\n"
            f"BI/W {self._seal.width}/H {self._seal.height}/IM true/D[1 0]/F/AHx\n"
            f"ID {self._seal.data.hex().upper()}>\nEI Q"
        )

    def _labels(self, grid: Grid, first: int) -> None:
        """The labels of a grid's first column, spread to the width of the widest (均等割付)."""
        style = self._styles[grid.style]
        chain = self._chains[style.font]
        most = grid.columns[0] * MM - 2 * _LABEL_MARGIN * MM
        widest = max((chain.width(t) * style.size / 1000 for t in grid.labels if "\n" not in t), default=0.0)
        measure = min(most, widest)
        x, down = grid.at[0], grid.at[1] + sum(grid.rows[:first])
        for label, row in zip(grid.labels, grid.rows[first:], strict=False):
            room = measure - chain.width(label.replace("\n", "")) * style.size / 1000
            if "\n" in label or len(label) < 2 or room <= 0:
                self.text((x, down, grid.columns[0], row), label, grid.style, "center")
            else:
                start = x * MM + (grid.columns[0] * MM - measure) / 2
                base = A4[1] - (down + row / 2) * MM - CENTRE * style.size
                self._string(style, start, base, label, room / (len(label) - 1))
            down += row

    def _line(self, x1: float, y1: float, x2: float, y2: float, weight: float) -> None:
        self._canvas.setLineWidth(weight * MM)
        self._canvas.line(x1 * MM, A4[1] - y1 * MM, x2 * MM, A4[1] - y2 * MM)

    def _rule(self, rule: Rule) -> None:
        if rule.dash:
            self._canvas.setDash(rule.dash * MM, rule.dash * MM)
        self._line(*rule.from_, *rule.to, rule.weight)
        if rule.dash:
            self._canvas.setDash()

    def _frame(self, frame: Frame) -> None:
        x, y, width, height = frame.at
        if frame.fill is not None:
            self._canvas.setFillGray(frame.fill)
        self._canvas.setLineWidth(frame.weight * MM)
        self._canvas.rect(
            x * MM, A4[1] - (y + height) * MM, width * MM, height * MM,
            stroke=int(frame.weight > 0), fill=int(frame.fill is not None),
        )  # fmt: skip
        self._canvas.setFillGray(0)

    def _grid(self, grid: Grid) -> None:
        x, y = grid.at
        width, height = sum(grid.columns), sum(grid.rows)
        if grid.heads:
            self._frame(Frame(at=(x, y, width, grid.rows[0]), weight=0, fill=_HEAD_FILL))
        if grid.labels:
            first = grid.rows[0] if grid.heads else 0
            self._frame(Frame(at=(x, y + first, grid.columns[0], height - first), weight=0, fill=_HEAD_FILL))
        self._labels(grid, 1 if grid.heads else 0)
        down = y
        for row in grid.rows[:-1]:
            down += row
            self._line(x, down, x + width, down, grid.weight / 2)
        left = x
        for i, column in enumerate(grid.columns):
            if i < len(grid.heads):
                self.text((left, y, column, grid.rows[0]), grid.heads[i], grid.style, "center")
            left += column
            if i < len(grid.columns) - 1:
                self._line(left, y, left, y + height, grid.weight / 2)
        self._frame(Frame(at=(x, y, width, height), weight=max(grid.weight, 0.2)))


def _set(say: str, chain: Chain, size: float, width: float, *, flush: bool) -> Iterator[_Line]:
    """The lines of fixed text; a paragraph that begins with ・, ※ or a full-width number hangs by it."""
    for paragraph in say.split("\n"):
        found = _HANGING.match(paragraph) if flush else None
        sign = found[0] if found else ""
        indent = chain.width(sign) * size / 1000
        broken = wrap(paragraph[len(sign) :], chain, size, width - indent)
        for i, text in enumerate(broken):
            room = width - indent - chain.width(text) * size / 1000
            full = flush and i < len(broken) - 1 and 0 < room <= _LOOSEST * size
            yield _Line("" if i else sign, text, indent, full)
