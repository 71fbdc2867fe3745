"""The static parts of a file, read once each: every fixed text where the layout has it, a city's words and its seal.

Fills are compared in their order among the texts, so that none hides one; where rules run is not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from layouts.language import Box, Frame, Grid, Seal, Text

from .drawing import Fill, String, drawn
from .fault import Difference
from .symbols import HEIGHT, MM, WIDTH
from .typefaces import Typeface, as_named
from .wanted import CityWords, Fixed, Job

_VALUE = re.compile(r"\{([\w.]+)\}")
_SPACE = re.compile(r"\s")
_SLACK = 2.0  # pt that a line may stand over its box: the empty part of its own height
_WITHOUT_SEAL = "（公印省略）"
_HEAD = 0.92  # grey behind heads and labels
_NEAR = 0.1  # pt
_SAME_GREY = 0.01
# What a separator sheet says; None for what is the section's own.
_LABELS = ("通数", "封筒番号", "バッチ", "印刷ファイル")
_SEPARATOR = ("区分票", "郵便区番号", None, *_LABELS, *[None] * len(_LABELS), "この紙は封入しません。")


class _Wanted(NamedTuple):
    """A fixed text without its spaces, the box that it stands in, in mm, and the name of its style."""

    text: str
    box: Box
    style: str


def check_form(form: Any, job: Job, block: str, city: str, faces: Mapping[str, Typeface]) -> None:
    """:class:`Difference` unless a form says its block's fixed texts, in order and in their boxes, for one city."""
    fixed, words = job.fixed[block], job.cities[city]
    if "/Matrix" in form or [float(side) for side in form.BBox] != [0, 0, WIDTH, HEIGHT]:
        raise Difference("様式が動かされているか、切り取られています")
    whole = drawn(form, faces)
    found = iter(whole.things)
    for wanted in _wanted(fixed, words):
        if isinstance(wanted, Fill):
            _check_fill(next(found, None), wanted)
        else:
            _check_text(found, wanted, job, faces)
    if next(found, None) is not None:
        raise Difference("様式にない文字か塗りがあります")
    places = [element.at for element in fixed.static if isinstance(element, Seal)] if words.seal else []
    if [pixels for _, pixels in whole.seals] != [words.seal] * len(places):
        raise Difference("公印が市の設定と違います")
    if not all(_is_centred(at, place) for (at, _), place in zip(whole.seals, places, strict=True)):
        raise Difference("公印の位置が違います")


def _check_text(found: Iterator[String | Fill], wanted: _Wanted, job: Job, faces: Mapping[str, Typeface]) -> None:
    """Takes as many strings as a text needs."""
    style, said = job.styles[wanted.style], ""
    chain = job.chains[style.font]
    names, text = {face.name for face in chain.faces}, as_named(wanted.text, chain, faces)
    while len(said) < len(text):
        string = next(found, None)
        if not isinstance(string, String):
            raise Difference("決まり文句が足りません")
        said += _SPACE.sub("", string.text)
        _check_inside(string, wanted.box)
        if string.size != style.size or faces[string.face].face.name not in names:
            raise Difference("決まり文句の書体か大きさが違います")
    if said != text:
        raise Difference("決まり文句が様式や市の設定と違います")


def check_separator(stream: Any, says: tuple[str, ...], faces: Mapping[str, Typeface]) -> None:
    """:class:`Difference` unless a separator says ``says`` and its fixed words, and has one symbol and two fills.

    The two lines below its sheet mark are the last that it says; they are compared with the mark.
    """
    sheet, own = drawn(stream, faces), iter(says)
    said = [_SPACE.sub("", thing.text) for thing in sheet.things if isinstance(thing, String)]
    if "".join(said[:-2]) != _SPACE.sub("", "".join([word or next(own) for word in _SEPARATOR])):
        raise Difference("区分票の文字が計画と違います")
    fills = [thing.grey for thing in sheet.things if isinstance(thing, Fill)]
    if len(sheet.seals) != 1 or fills != [_HEAD] * 2:
        raise Difference("区分票に余計な印刷があります")


def _wanted(fixed: Fixed, words: CityWords) -> Iterator[_Wanted | Fill]:
    """The texts and fills of a block in the order that they are drawn."""
    for element in fixed.static:
        if isinstance(element, Text):
            yield from _filled(element.say, element.at, element.style, words)
        elif isinstance(element, Seal) and not words.seal:
            yield from _filled(_WITHOUT_SEAL, element.at, element.style, words)
        elif isinstance(element, Grid):
            yield from _of_grid(element, words)
        elif isinstance(element, Frame) and element.fill is not None:
            yield Fill(element.at, element.fill)
    for table in fixed.tables:
        x = table.at[0]
        yield Fill((*table.at, sum(column.width for column in table.columns), table.head), _HEAD)
        for column in table.columns:
            yield from _filled(column.title, (x, table.at[1], column.width, table.head), table.head_style, words)
            x += column.width


def _of_grid(grid: Grid, words: CityWords) -> Iterator[_Wanted | Fill]:
    """The greys behind a grid's heads and labels, its labels from the top, then its heads from the left."""
    first = 1 if grid.heads else 0
    down = grid.at[1] + sum(grid.rows[:first])
    if grid.heads:
        yield Fill((*grid.at, sum(grid.columns), grid.rows[0]), _HEAD)
    if grid.labels:
        yield Fill((grid.at[0], down, grid.columns[0], sum(grid.rows[first:])), _HEAD)
    for label, height in zip(grid.labels, grid.rows[first:], strict=False):
        yield from _filled(label, (grid.at[0], down, grid.columns[0], height), grid.style, words)
        down += height
    x = grid.at[0]
    for head, width in zip(grid.heads, grid.columns, strict=False):
        yield from _filled(head, (x, grid.at[1], width, grid.rows[0]), grid.style, words)
        x += width


def _filled(say: str, box: Box, style: str, words: CityWords) -> Iterator[_Wanted]:
    said = _SPACE.sub("", _VALUE.sub(lambda match: words.values[match[1]], say))
    if said:
        yield _Wanted(said, box, style)


def _check_fill(found: String | Fill | None, wanted: Fill) -> None:
    if not isinstance(found, Fill) or abs(found.grey - wanted.grey) > _SAME_GREY:
        raise Difference("様式の塗りが違います")
    if not _is_near(found.box, wanted.box):
        raise Difference("様式の塗りの位置が違います")


def _is_near(one: Box, other: Box) -> bool:
    return all(abs(a - b) * MM < _NEAR for a, b in zip(one, other, strict=True))


def _is_centred(at: Box, place: Box) -> bool:
    """Whether a seal is upright and square, within its place and in the middle of it."""
    _, _, width, height = at
    middle = place[0] + (place[2] - width) / 2, place[1] + (place[3] - height) / 2, width, width
    return 0 < width < min(place[2:]) + _NEAR and _is_near(at, middle)


def _check_inside(string: String, box: Box) -> None:
    x, y, width, height = (length * MM for length in box)
    beside = string.x < x - _NEAR or string.x + string.width > x + width + _NEAR
    top, bottom = HEIGHT - y + _SLACK, HEIGHT - y - height - _SLACK
    if beside or string.y + 0.7 * string.size > top or string.y - 0.1 * string.size < bottom:
        raise Difference("決まり文句が枠からはみ出しています")
