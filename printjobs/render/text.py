"""Measure, condense and break text. What does not fit is said, never cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from fonts import Chain, clusters

MM = 72 / 25.4  # points in a millimetre
CENTRE = 0.38  # of an em: how far the baseline lies below the middle of a Japanese line
NARROWEST = 70  # percent: below this a name is no longer readable at arm's length
_STEPS = (100, 92, 85, 78, NARROWEST)  # a wrapped text is set at the widest step that fits

_NOT_AT_START = "、。，．・：；？！ー々ゝゞ）」』】〉》〕ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!)]}%％"
_NOT_AT_END = "（「『【〈《〔([{"
_BLANKS = "　 "
_WORD = re.compile(r"[0-9A-Za-z,.\-%]+")


class Fitted(NamedTuple):
    """Lines of text and the horizontal scale in percent that makes them fit."""

    lines: tuple[str, ...]
    scale: float


def fit(text: str, chain: Chain, size: float, width: float, lines: int, overflow: str = "condense") -> Fitted | None:
    """Set ``text`` in points of ``size`` into ``lines`` lines of ``width`` pt; None is an overflow.

    A newline in ``text`` always begins a line. With ``overflow`` ``exact`` nothing is made narrower.
    """
    if "\n" not in text:
        natural = chain.width(text) * size / 1000
        if natural <= width:
            return Fitted((text,), 100)
        if lines == 1:
            scale = int(width * 1000 / natural) / 10
            return Fitted((text,), scale) if scale >= NARROWEST and overflow != "exact" else None
    for scale in _STEPS if overflow != "exact" else (100,):
        broken = wrap(text, chain, size * scale / 100, width)
        if len(broken) <= lines:
            return Fitted(tuple(broken), scale)
    return None


def wrap(text: str, chain: Chain, size: float, width: float) -> list[str]:
    """Break at ``width`` pt: newlines, then spaces if the rest fits, then anywhere the rules allow.

    Japanese line breaking in its simple form: no closing mark or small kana begins a line, no opening
    bracket ends one, and a number or a Latin word stays whole.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used, before = "", 0.0, len(lines)
        for unit in _breakable(paragraph, chain, size, width):
            advance = chain.width(unit) * size / 1000
            if line and used + advance > width + 0.01:
                if line.strip(_BLANKS):
                    lines.append(line.rstrip(_BLANKS))
                unit = unit.lstrip(_BLANKS)  # noqa: PLW2901 - a line does not begin with the space it broke at
                line, used = "", 0.0
                advance = chain.width(unit) * size / 1000
            line += unit
            used += advance
        if len(lines) == before:
            lines.append(line)
        elif line.strip(_BLANKS):
            lines.append(line.rstrip(_BLANKS))
    return lines


def _breakable(text: str, chain: Chain, size: float, width: float) -> Iterator[str]:
    """Units, and the characters of one that alone is wider than the line: running out of the box is worse."""
    for unit in _units(text):
        if chain.width(unit) * size / 1000 > width:
            yield from clusters(unit)
        else:
            yield unit


def _units(text: str) -> list[str]:
    """Smallest parts that a line may be broken between."""
    parts = clusters(text)
    units: list[str] = []
    for part in parts:
        glued = units and (
            part[0] in _NOT_AT_START
            or units[-1][-1] in _NOT_AT_END
            or (_WORD.fullmatch(part) and _WORD.fullmatch(units[-1][-1]))
        )
        if glued:
            units[-1] += part
        else:
            units.append(part)
    return _with_honorific(units)


def _with_honorific(units: list[str]) -> list[str]:
    """A closing 様 or 御中 keeps the last character of the name with it: it never stands alone."""
    for honorific in (["様"], ["御", "中"]):
        size = len(honorific)
        if units[-size:] == honorific and len(units) > size:
            head, tail = units[:-size], "".join(honorific)
            while head and not head[-1].strip("　 "):
                tail = head.pop() + tail
            return [*head[:-1], "".join(head[-1:]) + tail]
    return units
