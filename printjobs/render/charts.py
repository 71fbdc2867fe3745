"""Bars to scale for small documents, in black and greys that a photocopier keeps apart; every bar tells its figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

_LABEL = 26 * mm  # at least, from the frame to the line on which all bars stand
_GAP = 1.5 * mm  # between a bar and its figure, and around what stands at the frame
_EDGE = 2 * mm  # above the first row and below the last
_BAR = 3.6 * mm  # the height of a bar
_ROW, _PAIR_ROW = 6.6 * mm, 9.8 * mm
_KEY = 7 * mm  # the height of what explains two bars
_SIZE, _SMALL = 9.0, 8.5  # pt
_DROP = 0.36  # of the size, from the middle of a line of text to where its letters stand
_BAND = colors.Color(0.92, 0.92, 0.92)
_GREY, _BLACK, _WHITE = colors.Color(0.55, 0.55, 0.55), colors.black, colors.white
_THIN, _FRAME = 0.3, 0.8  # pt
_OWN_KEY = "帯と太字の行が自市"


class Bar(NamedTuple):
    """One row: one figure or two, never drawn below 0, each with its text; ``told`` stands at the right edge.

    ``own``: the reader's row, which is set apart.
    """

    label: str
    values: tuple[int, ...]
    texts: tuple[str, ...]
    told: str = ""
    own: bool = False


class Chart(NamedTuple):
    """A heading with bars of one scale, all of one figure or all of two, which ``names`` explains."""

    heading: str
    bars: Sequence[Bar]
    names: tuple[str, ...] = ()


class Picture(Flowable):  # type: ignore[misc]
    """A chart as ReportLab sets it: as wide as the text. The faces gothic and gothic-bold are registered."""

    def __init__(self, chart: Chart, width: float) -> None:
        super().__init__()
        self._chart = chart
        self._paired = any(len(bar.values) > 1 for bar in chart.bars)
        longest = max((stringWidth(bar.label, _face(bar), _SIZE) for bar in chart.bars), default=0.0)
        self._label = max(_LABEL, longest + 2 * _GAP)
        self._row = _PAIR_ROW if self._paired else _ROW
        self._key = _KEY if chart.names else 0.0
        self.width, self.height = width, self._key + 2 * _EDGE + self._row * len(chart.bars)

    def wrap(self, *_available: float) -> tuple[float, float]:
        """Points in width and height, as ReportLab asks for them."""
        return self.width, self.height

    def draw(self) -> None:
        canvas, high = self.canv, self.height - self._key
        self._explain(high + self._key / 2)
        canvas.setStrokeColor(_BLACK)
        for at, bar in enumerate(self._chart.bars):
            self._draw_row(bar, high - _EDGE - (at + 0.5) * self._row)
        canvas.setLineWidth(_THIN)
        canvas.line(self._label, 0, self._label, high)
        canvas.setLineWidth(_FRAME)
        canvas.rect(0, 0, self.width, high)

    def _draw_row(self, bar: Bar, middle: float) -> None:
        canvas, face = self.canv, _face(bar)
        if bar.own:
            canvas.setFillColor(_BAND)
            canvas.rect(0, middle - self._row / 2, self.width, self._row, stroke=0, fill=1)
        self._write(_GAP, middle, bar.label, face, _SIZE)
        if bar.told:
            end = self.width - _GAP - stringWidth(bar.told, face, _SMALL)
            self._write(end, middle, bar.told, face, _SMALL)
        high = _BAR
        top = middle + high * len(bar.values) / 2
        fills = (_BLACK if bar.own else _GREY, _WHITE)
        for value, text, fill in zip(bar.values, bar.texts, fills, strict=False):
            length = max(0, value) * self._scale
            if length:
                self._box(self._label, top - high, length, high, fill)
            self._write(self._label + length + _GAP, top - high / 2, text, face, _SMALL)
            top -= high

    @property
    def _scale(self) -> float:
        """Points of one unit: the longest bar that leaves its figure room."""
        bars = self._chart.bars
        right = max(stringWidth(bar.told, _face(bar), _SMALL) for bar in bars)
        room = self.width - self._label - 4 * _GAP - right
        fitting = (
            (room - stringWidth(text, _face(bar), _SMALL)) / value
            for bar in bars
            for value, text in zip(bar.values, bar.texts, strict=True)
            if value > 0
        )
        return min(fitting, default=0.0)

    def _explain(self, middle: float) -> None:
        at = 0.0
        for name, fill in zip(self._chart.names, (_GREY, _WHITE), strict=False):
            self._box(at, middle - _BAR / 2, 2 * _BAR, _BAR, fill)
            at += 2 * _BAR + _GAP
            self._write(at, middle, name, "gothic", _SMALL)
            at += stringWidth(name, "gothic", _SMALL) + 4 * _GAP
        if self._chart.names and any(bar.own for bar in self._chart.bars):
            self._write(at, middle, _OWN_KEY, "gothic", _SMALL)

    def _box(self, x: float, y: float, width: float, height: float, fill: colors.Color) -> None:
        self.canv.setFillColor(fill)
        self.canv.setLineWidth(_THIN)
        self.canv.rect(x, y, width, height, stroke=1, fill=1)

    def _write(self, x: float, middle: float, text: str, face: str, size: float) -> None:
        self.canv.setFillColor(_BLACK)
        self.canv.setFont(face, size)
        self.canv.drawString(x, middle - _DROP * size, text)


def _face(bar: Bar) -> str:
    return "gothic-bold" if bar.own else "gothic"
