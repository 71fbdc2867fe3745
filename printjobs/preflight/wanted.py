"""What a print file must show, as the layout declares it and the records say: the side to compare with.

Nothing in here comes from page code. Which blocks stand on a page is the layout's word; what their slots say is
worked out again from the records (``telling``), by other code than the one that printed them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from fonts import Chain
from layouts.language import Box, Mark, Slot, Static, Style, Table
from printjobs.core.kinds import Kind
from printjobs.core.model import Notice

Row = list[str | int]


class Declared(msgspec.Struct, frozen=True, eq=False):
    """Things of a layout that are drawn together. ``form``: the name of their static part, empty for none.

    ``table``: the detail table that ``row.x`` speaks of, empty outside of rows. Two are the same only if they are one.
    """

    form: str
    table: str
    slots: tuple[Slot, ...]
    marks: tuple[Mark, ...]


class Fixed(NamedTuple):
    """The static part of a block: its fixed things, and the flowing tables whose rules and titles belong to it."""

    static: tuple[Static, ...]
    tables: tuple[Table, ...]


class Group(NamedTuple):
    """Blocks that stand together: those of the page itself, or those of one row of a ``view``, moved ``down`` mm."""

    blocks: tuple[Declared, ...]
    view: str
    row: Row
    down: float


class Side(NamedTuple):
    """One page of a notice: sheet of sheets, page of pages of its flow, and its groups, the page's own first.

    ``shared``: no row flows into it, so that other notices may have the very same back.
    """

    sheet: int
    sheets: int
    page: int
    pages: int
    shared: bool
    groups: list[Group]


class Own(NamedTuple):
    """A notice, the rows of every view of it that its pages must show, and its pages, front and back in turn."""

    notice: Notice
    views: Mapping[str, list[Row]]
    sides: list[Side]


class Separator(NamedTuple):
    """The sheet before a section (区分票): its mark, and what it must say, the delivery office first."""

    mark: str
    says: tuple[str, ...]


class Marking(NamedTuple):
    """What the sheet marks of a file have in common, and the key that they are checked with."""

    run: str
    batch: int
    generation: int
    by_hand: bool
    key: bytes


class Piece(NamedTuple):
    """One envelope: the separator before it, the marks of its sheets in order, and its notices in order.

    ``sampled``: it is read from pixels too.
    """

    number: int
    city: str
    inserts: int
    sampled: bool
    marking: Marking
    separator: Separator | None
    marks: list[str]
    notices: list[Own]


class CityWords(NamedTuple):
    """What a city's pages say in its name: values by their names in layouts; ``seal``: its pixels, empty for none."""

    values: Mapping[str, str]
    seal: bytes


class Job(NamedTuple):
    """What all pieces of a file share. ``fixed``: static parts by name; ``white``: by side, where nothing is."""

    kind: Kind
    year: int
    styles: Mapping[str, Style]
    chains: Mapping[str, Chain]
    cities: Mapping[str, CityWords]
    fixed: Mapping[str, Fixed]
    white: Mapping[str, tuple[Box, ...]]


class Symbol(NamedTuple):
    """A symbol that a page must show: the kind of ``mark`` (``sheet`` for the sheet mark) and what it says.

    ``at``: its own modules, x, y, width, height in mm from the top left; ``quiet``: the white that it needs beside
    and above, in mm.
    """

    mark: str
    says: str
    at: Box
    quiet: tuple[float, float]
