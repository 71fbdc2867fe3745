"""The static part of a page, drawn once per file and city through ReportLab, in black only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from fonts import FontSet
from fonts.reportlab_font import register
from layouts.language import Align, Box, Frame, Grid, Rule, Static, Style, Table, Text

from .text import MM, wrap
from .writer import A4, Ink

_HEAD_FILL = 0.92
PAD = 1.2  # mm between a cell's rule and its text
CENTRE = 0.38  # of an em: how far the baseline lies below the middle of a Japanese line
_VALUE = re.compile(r"\{([\w.]+)\}")


class Template:
    """Collects the page code of static elements; ``code`` and ``ink`` are what a form needs.

    ``values`` are a city's own (``city.name``); a name it does not have is a KeyError.
    """

    def __init__(self, fonts: FontSet, styles: Mapping[str, Style], values: Mapping[str, str]) -> None:
        register(fonts.chains)
        self._chains = fonts.chains
        self._styles = styles
        self._values = values
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
        lines = wrap(_VALUE.sub(lambda match: self._values[match[1]], say), chain, style.size, width * MM)
        leading = style.leading * MM or style.size * 1.45
        block = leading * (len(lines) - 1)
        middle = y * MM + style.size / 2 if top else (y + height / 2) * MM - block / 2
        canvas = self._canvas
        canvas.setFont(style.font, style.size)
        for i, line in enumerate(lines):
            advance = chain.width(line) * style.size / 1000
            start = x * MM + {"left": 0.0, "center": (width * MM - advance) / 2, "right": width * MM - advance}[align]
            chain.spans(line, self.ink.of(chain))
            canvas.drawString(start, A4[1] - middle - i * leading - CENTRE * style.size, line)

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
        down = y
        for i, row in enumerate(grid.rows):
            label = i - (1 if grid.heads else 0)
            if 0 <= label < len(grid.labels):
                self.text((x, down, grid.columns[0], row), grid.labels[label], grid.style, "center")
            down += row
            if i < len(grid.rows) - 1:
                self._line(x, down, x + width, down, grid.weight / 2)
        left = x
        for i, column in enumerate(grid.columns):
            if i < len(grid.heads):
                self.text((left, y, column, grid.rows[0]), grid.heads[i], grid.style, "center")
            left += column
            if i < len(grid.columns) - 1:
                self._line(left, y, left, y + height, grid.weight / 2)
        self._frame(Frame(at=(x, y, width, height), weight=max(grid.weight, 0.2)))
