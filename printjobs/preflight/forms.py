"""The static parts of a file, read once each: every fixed text where the layout has it, a city's words and its seal.

ReportLab drew them, so its page code is taken apart by qpdf's own parser. Rules and greys are not compared here; the
pages' pixels are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pikepdf

from fonts import clusters
from layouts.language import Box, Grid, Seal, Text

from .fault import Difference
from .symbols import HEIGHT, MM
from .typefaces import Typeface
from .wanted import CityWords, Fixed

_VALUE = re.compile(r"\{([\w.]+)\}")
_SPACE = re.compile(r"\s")
_SLACK = 2.0  # pt that a line may stand over its box: the empty part of its own height
_WITHOUT_SEAL = "（公印省略）"
_IMAGE = re.compile(rb"BI/W \d+/H \d+/IM true/D\[1 0\]/F/AHx\nID ([0-9A-F]+)>\nEI Q")
_PLAIN = {"w", "d", "n", "re", "S", "f*", "B*", "m", "l", "g", "BT", "ET", "T*", "TL", "cm", "q", "Q"}


class _String(NamedTuple):
    """A string as it stands on the page: lower left of its first letter in pt, width in pt, size, text."""

    x: float
    y: float
    width: float
    size: float
    text: str


class _Wanted(NamedTuple):
    """A fixed text without its spaces, and the box that it stands in, in mm."""

    text: str
    box: Box


def check_form(form: Any, fixed: Fixed, words: CityWords, faces: Mapping[str, Typeface]) -> None:
    """:class:`Difference` unless a form says its block's fixed texts, in order and in their boxes, for one city."""
    strings, seals = _drawn(form, faces)
    found = iter(strings)
    for wanted in _wanted(fixed, words):
        said = ""
        while len(said) < len(wanted.text):
            string = next(found, None)
            if string is None:
                raise Difference("決まり文句が足りません")
            said += _SPACE.sub("", string.text)
            _check_inside(string, wanted.box)
        if not _same(said, wanted.text, faces):
            raise Difference("決まり文句が様式や市の設定と違います")
    if next(found, None) is not None:
        raise Difference("様式にない文字があります")
    places = [element for element in fixed.static if isinstance(element, Seal)] if words.seal else []
    if seals != [words.seal] * len(places):
        raise Difference("公印が市の設定と違います")


def texts(stream: Any, faces: Mapping[str, Typeface]) -> list[str]:
    """What page code that was drawn as a form is says, string by string: that of a separator sheet."""
    return [string.text for string in _drawn(stream, faces)[0]]


def _same(said: str, wanted: str, faces: Mapping[str, Typeface]) -> bool:
    """Whether two texts are the same, of characters that one glyph stands for as well."""
    return said == wanted or any(
        said == "".join([face.named(cluster) or cluster for cluster in clusters(wanted)]) for face in faces.values()
    )


def _wanted(fixed: Fixed, words: CityWords) -> Iterator[_Wanted]:
    """The texts of a block in the order that they are drawn."""
    for element in fixed.static:
        if isinstance(element, Text):
            yield from _filled(element.say, element.at, words)
        elif isinstance(element, Seal) and not words.seal:
            yield from _filled(_WITHOUT_SEAL, element.at, words)
        elif isinstance(element, Grid):
            yield from _of_grid(element, words)
    for table in fixed.tables:
        x = table.at[0]
        for column in table.columns:
            yield from _filled(column.title, (x, table.at[1], column.width, table.head), words)
            x += column.width


def _of_grid(grid: Grid, words: CityWords) -> Iterator[_Wanted]:
    """A grid's labels from the top, then its heads from the left."""
    first = 1 if grid.heads else 0
    down = grid.at[1] + sum(grid.rows[:first])
    for label, height in zip(grid.labels, grid.rows[first:], strict=False):
        yield from _filled(label, (grid.at[0], down, grid.columns[0], height), words)
        down += height
    x = grid.at[0]
    for head, width in zip(grid.heads, grid.columns, strict=False):
        yield from _filled(head, (x, grid.at[1], width, grid.rows[0]), words)
        x += width


def _filled(say: str, box: Box, words: CityWords) -> Iterator[_Wanted]:
    said = _SPACE.sub("", _VALUE.sub(lambda match: words.values[match[1]], say))
    if said:
        yield _Wanted(said, box)


def _check_inside(string: _String, box: Box) -> None:
    x, y, width, height = (length * MM for length in box)
    beside = string.x < x - 0.1 or string.x + string.width > x + width + 0.1
    top, bottom = HEIGHT - y + _SLACK, HEIGHT - y - height - _SLACK
    if beside or string.y + 0.7 * string.size > top or string.y - 0.1 * string.size < bottom:
        raise Difference("決まり文句が枠からはみ出しています")


class _Pen:
    """Follows the instructions of a form, as far as text is concerned."""

    def __init__(self, faces: Mapping[str, Typeface]) -> None:
        self.strings: list[_String] = []
        self._faces = faces
        self._face, self._size, self._spread, self._x, self._y = "", 0.0, 0.0, 0.0, 0.0

    def follow(self, operator: str, operands: Any) -> None:
        """:class:`Difference` for what no form of ours has."""
        if operator == "Tm":
            self._x, self._y = float(operands[4]), float(operands[5])
        elif operator == "Tf":
            self._face, self._size = str(operands[0])[1:], float(operands[1])
        elif operator == "Tc":
            self._spread = float(operands[0])
        elif operator == "Tj":
            self._show(bytes(operands[0]).hex().upper())
        elif operator not in _PLAIN:
            raise Difference(f"様式にない描き方があります（{operator}）")

    def _show(self, codes: str) -> None:
        if not codes:
            return
        if self._face not in self._faces:
            raise Difference("ファイルにない書体を使っています")
        text, natural = self._faces[self._face].read(codes)
        width = natural * self._size / 1000 + self._spread * (len(codes) // 4 - 1)
        self.strings.append(_String(self._x, self._y, width, self._size, text))
        self._x += width + self._spread


def _drawn(form: Any, faces: Mapping[str, Typeface]) -> tuple[list[_String], list[bytes]]:
    """The strings of page code in order, and the pixels of its images."""
    pen, images = _Pen(faces), 0
    for instruction in pikepdf.parse_content_stream(form):
        operator = str(instruction.operator)
        if operator == "INLINE IMAGE":
            images += 1
        else:
            pen.follow(operator, instruction.operands)
    pixels = [bytes.fromhex(bits.decode()) for bits in _IMAGE.findall(form.read_bytes())]
    if len(pixels) != images:
        raise Difference("様式にない画像があります")
    return pen.strings, pixels
