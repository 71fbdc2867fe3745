"""Labels for bundles and trays (区分票・ケース票), eight on A4 with cutting marks.

They are laid so that the printed sheets are cut in one stack: piled up from the top left, the eight heaps are in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fonts import FontSet

from .sketch import BLACK, GREY, PAPER, Pen, Sketch
from .writer import PdfWriter, Sink

_COLUMNS, _ROWS = 2, 4
PER_SHEET = _COLUMNS * _ROWS
_WIDTH, _HEIGHT = PAPER[0] / _COLUMNS, PAPER[1] / _ROWS  # mm
_INSET, _PADDING = 6.0, 4.0  # mm: from the cut to the frame, from the frame to the text
_HEAD, _FOOT = 17.0, 49.5  # mm from the top: the rules above and below what is large
_BIG, _AMOUNT = 58.0, 19.0  # pt
_REACH = 5.0  # mm at the paper's edge that an office printer leaves white
_TICK = 3.0  # mm
_FRAME, _RULE, _CUT = Pen(BLACK, 0.4), Pen(BLACK, 0.2), Pen(GREY, 0.15)


class Label(NamedTuple):
    """``big`` is read from afar; ``amount`` and ``beside`` stand under it, ``lines`` (what, value) below the rule."""

    title: str
    corner: str
    big: str
    amount: str
    beside: str
    lines: tuple[tuple[str, str], ...]


def write_labels(sink: Sink, fonts: FontSet, labels: Sequence[Label], *, title: str, date: str) -> None:
    """One label or more as A4 pages, streamed; ``date`` is ISO. The same labels give the same bytes."""
    writer = PdfWriter(sink, title=title, date=date)
    sheets = -(-len(labels) // PER_SHEET)
    for sheet in range(sheets):
        sketch = Sketch(fonts)
        _cuts(sketch)
        for place, label in enumerate(labels[sheet::sheets]):
            row, column = divmod(place, _COLUMNS)
            _draw(sketch, label, column * _WIDTH, row * _HEIGHT)
        writer.ink.add(sketch.ink)
        writer.add_page(sketch.code)
    writer.close()


def _draw(sketch: Sketch, label: Label, x: float, y: float) -> None:
    left, right = x + _INSET + _PADDING, x + _WIDTH - _INSET - _PADDING
    sketch.box((x + _INSET, y + _INSET, _WIDTH - 2 * _INSET, _HEIGHT - 2 * _INSET), _FRAME)
    for rule in (_HEAD, _FOOT):
        sketch.line((x + _INSET, y + rule), (x + _WIDTH - _INSET, y + rule), _RULE)
    sketch.text((left, y + (_INSET + _HEAD) / 2), label.title, 13, font="gothic-bold")
    sketch.text((right, y + (_INSET + _HEAD) / 2), label.corner, 9, align="right")
    size = _BIG * min(1, (right - left) / sketch.width(label.big, _BIG, "gothic-bold"))
    sketch.text((x + _WIDTH / 2, y + 28.3), label.big, size, align="center", font="gothic-bold")
    sketch.text((left, y + 44), label.amount, _AMOUNT, font="gothic-bold")
    sketch.text((right, y + 44.4), label.beside, 11, align="right")
    for at, (what, value) in enumerate(label.lines):
        sketch.text((left, y + _FOOT + 4 + 5 * at), what, 8)
        sketch.text((left + 17, y + _FOOT + 4 + 5 * at), value, 9)


def _cuts(sketch: Sketch) -> None:
    """Ticks at the paper's edges and crosses where cuts meet."""
    for column in range(1, _COLUMNS):
        x = column * _WIDTH
        for y in (_REACH, PAPER[1] - _REACH - _TICK):
            sketch.line((x, y), (x, y + _TICK), _CUT)
    for row in range(1, _ROWS):
        y = row * _HEIGHT
        for x in (_REACH, PAPER[0] - _REACH - _TICK):
            sketch.line((x, y), (x + _TICK, y), _CUT)
        for column in range(1, _COLUMNS):
            x = column * _WIDTH
            sketch.line((x - _TICK / 2, y), (x + _TICK / 2, y), _CUT)
            sketch.line((x, y - _TICK / 2), (x, y + _TICK / 2), _CUT)
