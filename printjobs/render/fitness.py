"""Whether a notice surely fits its layout, at a glance: what intake asks of every notice before it measures.

Most slots can never be too small for what their column may hold, and that is settled once; of the others an amount is
compared with the largest that goes in, and each text is measured once for all places that show it. Conditions are not
asked: what would not fit where it is not printed gives "not sure", and then the whole check decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from printjobs.core.kinds import LARGEST_AREA, MAXIMUM_YEN, Column, Kind, Type
from printjobs.core.model import Addressee, Notice
from printjobs.core.plan import MOST_SHEETS

from .fields import Getter, PageInfo, Row, column_of, names_in
from .places import Place

_LARGEST_PAGE, _NO_PAGE = PageInfo(9_999, 9_999, 9_999, 9_999), PageInfo(0, 0, 0, 0)
_MOST_TEXTS = 4_000  # remembered of one column; memory must not grow with the file
_SMALL = 100  # counts below are tried one by one: a month has two digits for some
_OPTIONAL = re.compile(r"\[[^\[\]]*\]")
_AMOUNTS = [10**digits - 1 for digits in range(len(str(MAXIMUM_YEN)), 0, -1)]


class _Fits(dict[str | int, bool]):
    """Whether a value's text surely fits in every place that shows it, measured on first sight."""

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self._write = places[0].source.write
        self._formatted = _is_alone(places[0].slot.text) and ":" in places[0].slot.text
        self._places = {_measure(place): place for place in places}.values()
        self._chains = dict.fromkeys(place.chain for place in self._places)
        self._room = min(place.width / place.size for place in self._places)  # no glyph is wider than one em

    def __missing__(self, value: str | int) -> bool:
        if len(self) >= _MOST_TEXTS:
            self.clear()
        self[value] = found = self._look(value)
        return found

    def _look(self, value: str | int) -> bool:
        if value == "" and self._formatted:  # whether it is written at all may depend on a condition
            return False
        text = self._write(value)
        if len(text) <= self._room and not any(chain.missing(text) for chain in self._chains):
            return True
        return all(place.fault(text) is None for place in self._places)


class _Looks:
    """What is looked at in each row of a table, or once in a notice: amounts, texts, and texts of several values."""

    def __init__(self) -> None:
        self.amounts: dict[str | int, int] = {}  # by where it stands, the largest that surely fits
        self.cells: list[tuple[int, _Fits]] = []
        self.texts: list[tuple[Getter, _Fits]] = []

    def fit(self, notice: Notice, row: Row, values: Any) -> bool:
        """``values``: the row, or the notice's fields by key."""
        for where, largest in self.amounts.items():
            if values[where] > largest:
                return False
        for where, fits in self.cells:
            if not fits[values[where]]:
                return False
        return not self.texts or all(fits[get(notice, row, _NO_PAGE)] for get, fits in self.texts)


class Fitness:
    """Of one layout: ``places`` with the table whose rows fill them, empty for those filled once a page.

    ``limits``: views that one page holds as a whole, and how many rows it has for them.
    """

    def __init__(self, kind: Kind, places: Iterable[tuple[Place, str]], limits: Sequence[tuple[str, int]]) -> None:
        self._limits = limits
        self._once = _Looks()
        self._rows = {table.name: _Looks() for table in kind.details}
        self._sure = True
        alike: dict[tuple[str, str], list[Place]] = {}
        for place, table in places:
            column = _column(place, kind, table)
            if column and column.type is Type.YEN and column.required:
                in_row = place.source.cell is not None
                _note_largest((self._rows[table] if in_row else self._once).amounts, place, column)
            elif not (place.fixed or _never_fails(place, column)):
                text = place.slot.text
                scopes = {name.rpartition(".")[0] for name in names_in(text)}
                # A page number or an empty amount among other values: what is written nobody knows here.
                if "page" in scopes or (not _is_alone(text) and ":" in _OPTIONAL.sub("", text)):
                    self._sure = False
                alike.setdefault((table if scopes & {"row", "pay"} else "", text), []).append(place)
        for (table, _), group in alike.items():
            source, looks = group[0].source, self._rows[table] if table else self._once
            if source.cell is not None:
                looks.cells.append((source.cell, _Fits(group)))
            else:
                looks.texts.append((source.get, _Fits(group)))

    def surely(self, notice: Notice, views: Mapping[str, list[Row]], sheets: int) -> bool:
        """True when nothing can keep the notice from being printed; False when it has to be checked in full."""
        # No letter has more sheets, and so no page number of one has more than four digits.
        if not self._sure or sheets > MOST_SHEETS or any(len(views[view]) > most for view, most in self._limits):
            return False
        if not self._once.fit(notice, [], notice.fields):
            return False
        for table, looks in self._rows.items():
            for row in notice.tables[table]:
                if not looks.fit(notice, row, row):
                    return False
        return True


def _measure(place: Place) -> tuple[object, ...]:
    """What decides whether a text fits; of places that are alike in it one is asked."""
    return place.chain, place.size, place.width, place.lines, place.overflow, place.breaks


def _column(place: Place, kind: Kind, table: str) -> Column | None:
    """The one column that a slot shows, with fixed words around it or without; None for all other slots."""
    return column_of(names_in(place.slot.text)[0], kind, table) if _is_alone(place.slot.text) else None


def _is_alone(text: str) -> bool:
    """Whether a slot's text has one field that is always there, so that its source gives that field's own value."""
    return text.count("{") == 1 and "[" not in text


def _note_largest(amounts: dict[str | int, int], place: Place, column: Column) -> None:
    """Note the largest amount of so many digits that a slot takes, unless it takes any."""
    largest = next((amount for amount in _AMOUNTS if place.takes([place.source.write(amount)])), -1)
    where = column.key if place.source.cell is None else place.source.cell
    if largest < MAXIMUM_YEN:
        amounts[where] = min(largest, amounts.get(where, largest))


def _never_fails(place: Place, column: Column | None) -> bool:
    """Whether a slot takes whatever its column may hold, or any page number, by the same measure as its own check."""
    if all(name.startswith("page.") for name in names_in(place.slot.text)):
        return place.takes([place.fill(_NOBODY, [], _LARGEST_PAGE)])
    if column is None or (not column.required and column.type in (Type.YEN, Type.COUNT)):
        return False  # of an empty number nobody knows here how it is written
    values = _EXTREMES[column.type](column)
    return bool(values) and place.takes([place.source.write(value) for value in values])


_NOBODY = Notice("", "", "", 0, Addressee("", "", "", "", "", "", ""), {}, {})  # page numbers are everybody's

# Values of a column: for each that it may hold, one here has a text that is as wide and has the same signs, whatever
# the format, if all digits are equally wide.
_EXTREMES: Mapping[Type, Callable[[Column], Sequence[str | int]]] = MappingProxyType(
    {
        Type.TEXT: lambda _: (),
        Type.DIGITS: lambda column: ("9" * column.length,),
        Type.YEN: lambda _: (MAXIMUM_YEN,),
        Type.COUNT: lambda column: (*range(_SMALL), 10**column.length - 1),
        Type.AREA: lambda _: (LARGEST_AREA,),
        Type.DATE: lambda _: ("0001-12-31", "2019-12-31"),  # 令和-2017年 is the longest, 令和元年 has a sign of its own
        Type.CHOICE: lambda column: column.choices,
    }
)
