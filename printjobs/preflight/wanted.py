"""What a print file must show, as the layout declares it and the records say: the side to compare with.

Nothing in here comes from page code. Which blocks stand on a page is the layout's word; what their slots say is
worked out again from the records (``telling``), by other code than the one that printed them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fonts import Chain
from layouts.language import Box, Mark, Slot, Static, Style, Table
from printjobs.core.kinds import Kind
from printjobs.core.model import Notice

Row = list[str | int]


class Declared(NamedTuple):
    """Things of a layout that are drawn together. ``form``: the name of their static part, empty for none.

    ``table``: the detail table that ``row.x`` speaks of, empty outside of rows.
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
    """Blocks that stand together: those of the page itself, or those of one row, moved ``down`` mm."""

    blocks: tuple[Declared, ...]
    row: Row
    down: float


class Side(NamedTuple):
    """One page of a notice: sheet of sheets, page of pages of its flow, and its groups, the page's own first.

    ``repeats``: nothing of a row is on it, so that other notices may have the very same page.
    """

    sheet: int
    sheets: int
    page: int
    pages: int
    front: bool
    repeats: bool
    groups: list[Group]


class Piece(NamedTuple):
    """One envelope: the sheet marks of its sheets in order, a separator's before them if it has one, its notices.

    ``office``: the delivery office that the separator names. ``sides`` has the pages of each notice, front and back
    of each sheet in turn.
    """

    number: int
    city: str
    office: str
    separator: str
    marks: list[str]
    notices: list[tuple[Notice, list[Side]]]


class CityWords(NamedTuple):
    """What a city's pages say in its name: values by their names in layouts; ``seal``: the pixels of its seal."""

    values: Mapping[str, str]
    seal: bytes
    organisation: str


class Job(NamedTuple):
    """What all pieces of a file share. ``fixed``: static parts by name; ``white``: by side, where nothing is printed.

    ``sample``: of how many pieces one is read from pixels too, 0 for none; the first and the last always are.
    """

    kind: Kind
    year: int
    styles: Mapping[str, Style]
    chains: Mapping[str, Chain]
    cities: Mapping[str, CityWords]
    fixed: Mapping[str, Fixed]
    white: Mapping[str, tuple[Box, ...]]
    sample: int
    pieces: Iterator[Piece]


class Symbol(NamedTuple):
    """A symbol that a page must show: the kind of ``mark`` (``sheet`` for the sheet mark) and what it says.

    ``at``: its own modules, x, y, width, height in mm from the top left; ``quiet``: the white that it needs beside
    and above, in mm.
    """

    mark: str
    says: str
    at: Box
    quiet: tuple[float, float]
