"""The rows of one table as values: one look at a whole row, cell by cell only where that look is not enough.

Nearly every row passes the look. Whatever it takes, the parsers of ``values`` take too, with the same values; what it
does not take they still may (an amount with zeros in front, a name with a gaiji), and if not, they say why.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from printjobs.core.gaiji import NOTHING, Lookup
from printjobs.core.kinds import MAXIMUM_YEN, Column, Table, Type

from .values import SUSPECT, CellFault, Value, parser

_BETWEEN = "\x1f"  # no pattern takes it, so a row that matches has it between its cells and nowhere else
_MOST_DATES = 10_000
_WHOLE = (Type.YEN, Type.COUNT)


class RowReader:
    """Reads the rows of ``table``, whose private-use characters mean what ``gaiji`` says."""

    def __init__(self, table: Table, gaiji: Lookup = NOTHING) -> None:
        self._parsers = [parser(column, gaiji) for column in table.columns]
        self._matches = re.compile(_BETWEEN.join(map(_pattern, table.columns))).fullmatch
        self._numbers = list(_stretches(table.columns))
        self._dates = [i for i, column in enumerate(table.columns) if column.type is Type.DATE]
        self._others = [(i, convert) for i, column in enumerate(table.columns) if (convert := _conversion(column))]
        self._real = _Dates()

    def values(self, cells: Sequence[str]) -> list[Value] | None:
        """The values of a row at one look; None for a row that has to be read cell by cell."""
        if not self._matches(_BETWEEN.join(cells)):
            return None
        for place in self._dates:
            if not self._real[cells[place]]:
                return None
        values: list[Value] = list(cells)
        for start, end in self._numbers:
            values[start:end] = map(int, cells[start:end])
        for place, convert in self._others:
            if cell := cells[place]:
                values[place] = convert(cell)
        return values

    def each(self, cells: Sequence[str]) -> Iterator[Value | CellFault]:
        """Every cell of a row by itself: its value, or what is wrong with it."""
        for parse, cell in zip(self._parsers, cells, strict=True):
            try:
                yield parse(cell)
            except CellFault as fault:
                yield fault


class _Dates(dict[str, bool]):
    """Whether a text is a date of the calendar, empty for none; looked up once, for a file has few of them."""

    def __missing__(self, text: str) -> bool:
        if len(self) >= _MOST_DATES:
            self.clear()
        try:
            self[text] = not text or bool(dt.date.fromisoformat(text))
        except ValueError:
            self[text] = False
        return self[text]


def _conversion(column: Column) -> Callable[[str], int] | None:
    """How a sound cell of a column becomes a number; None for text, and for what stands in a stretch of numbers."""
    if column.type is Type.AREA:
        return _hundredths
    return int if column.type in _WHOLE and not column.required else None


def _hundredths(cell: str) -> int:
    whole, _, part = cell.partition(".")
    return int(whole + part.ljust(2, "0"))


def _stretches(columns: Sequence[Column]) -> Iterator[tuple[int, int]]:
    """Where whole numbers stand that are never empty, as stretches of neighbours."""
    whole = [column.required and column.type in _WHOLE for column in columns]
    for is_number, places in groupby(range(len(columns)), key=whole.__getitem__):
        if is_number:
            found = list(places)
            yield found[0], found[-1] + 1


def _text(column: Column) -> str:
    unwanted = SUSPECT.pattern[1:-1]
    inner = rf"[^{unwanted}]{{0,{max(column.length - 2, 0)}}}"
    return rf"[^\s{unwanted}](?:{inner}[^\s{unwanted}])?"  # nothing is padded


_PATTERNS: Mapping[Type, Callable[[Column], str]] = MappingProxyType(
    {
        Type.TEXT: _text,
        Type.DIGITS: lambda column: f"[0-9]{{1,{column.length}}}",
        Type.YEN: lambda _: f"[0-9]{{1,{len(str(MAXIMUM_YEN))}}}",
        Type.COUNT: lambda column: f"[0-9]{{1,{column.length}}}",
        Type.AREA: lambda _: r"[0-9]{1,9}(?:\.[0-9]{1,2})?",
        Type.DATE: lambda _: "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        Type.CHOICE: lambda column: f"(?:{'|'.join(map(re.escape, column.choices))})",
    }
)


def _pattern(column: Column) -> str:
    """What a cell looks like that needs no second look; for an amount, no more digits than the largest has."""
    found = _PATTERNS[column.type](column)
    return found if column.required else f"(?:{found})?"
