"""The layout language: a notice as pages of ruled boxes and slots, in millimetres from the top left.

One YAML file per kind and version. ``static`` things are drawn once per file and city; ``slots``,
``marks`` and ``tables`` are filled per notice. Texts may hold ``{city.name}`` (static) or ``{field:format}``
(slots); a part in square brackets disappears when one of its fields is empty. What several kinds share
(the payment slip) stands in a file of its own that they name under ``uses``.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Mm = Annotated[float, Meta(ge=0, le=420)]
Weight = Annotated[float, Meta(ge=0, le=1.4)]  # mm of a rule: a wider one could hide a text
Points = Annotated[float, Meta(ge=4, le=60)]
Version = Annotated[str, Meta(pattern=r"^\d{4}-\d+$")]  # the year, and which of that year's
Box = tuple[Mm, Mm, Mm, Mm]  # x, y, width, height
Align = Literal["left", "center", "right"]


class _Element(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Unknown keys are mistakes: a misspelt key must not pass in silence."""


class Style(_Element, frozen=True):
    """A named look: chain of faces and size in points, line distance in millimetres."""

    font: Literal["mincho", "gothic", "gothic-bold", "ocr-b"]
    size: Points
    leading: Mm = 0


class Text(_Element, frozen=True, tag="text"):
    """Fixed text in a box, wrapped at its width; a city's values are filled in at compile time."""

    at: Box
    say: str
    style: str
    align: Align = "left"
    top: bool = False  # stand at the top of the box instead of its middle


class Rule(_Element, frozen=True, tag="rule"):
    """A line between two points; ``dash`` in millimetres for a fold or cut."""

    from_: tuple[Mm, Mm] = msgspec.field(name="from")
    to: tuple[Mm, Mm]
    weight: Weight = 0.2
    dash: Mm = 0


class Frame(_Element, frozen=True, tag="frame"):
    """A rectangle: outline weight in millimetres, ``fill`` as grey (1 is white)."""

    at: Box
    weight: Weight = 0.2
    fill: Annotated[float, Meta(ge=0, le=1)] | None = None


class Grid(_Element, frozen=True, tag="grid"):
    """A ruled table of fixed cells; ``heads`` are texts of the first row on light grey."""

    at: tuple[Mm, Mm]
    columns: tuple[Mm, ...]
    rows: tuple[Mm, ...]
    heads: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()  # texts of the first column, below the heads
    style: str = "label"
    weight: Weight = 0.2


class Seal(_Element, frozen=True, tag="seal"):
    """Where a city's electronic seal (電子公印) stands, or its words when it has none (公印省略).

    ``reduced``: drawn as small as its place is (縮小印), for a slip that has no room for the whole.
    """

    at: Box
    style: str
    reduced: bool = False


Static = Text | Rule | Frame | Grid | Seal


class Slot(_Element, frozen=True):
    """A place that is filled per notice.

    ``lines``: how many lines the text may wrap to. ``overflow`` says what a text too long for its box
    becomes: ``condense`` makes it narrower and ``shrink`` smaller, to 70 % at most; ``exact`` changes
    nothing. What then still does not fit is an overflow: it is listed and never cut.
    """

    at: Box
    text: str
    style: str
    name: str = ""
    align: Align = "left"
    lines: int = 1
    top: bool = False  # lines begin at the top of the box instead of standing in its middle
    overflow: Literal["condense", "shrink", "exact"] = "condense"


class Mark(_Element, frozen=True):
    """A symbol that a machine reads, with its quiet zone, inside a box that nothing else may touch.

    ``of`` is the field whose value it carries; an empty value draws nothing.
    """

    mark: Literal["customer_barcode", "gs1_128", "el_qr"]
    at: Box
    of: str
    name: str = ""


class Part(_Element, frozen=True):
    """Things that are drawn together; ``when`` (``FIELD OP VALUE``, joined by ``and``) leaves them out."""

    when: str = ""
    static: tuple[Static, ...] = ()
    slots: tuple[Slot, ...] = ()
    marks: tuple[Mark, ...] = ()


class Group(_Element, frozen=True):
    """A part of its own with parts that depend on the notice."""

    static: tuple[Static, ...] = ()
    slots: tuple[Slot, ...] = ()
    marks: tuple[Mark, ...] = ()
    parts: tuple[Part, ...] = ()


class Column(_Element, frozen=True):
    """One column of a flowing table: width, title, and the text of a row's cell."""

    width: Mm
    title: str
    text: str
    align: Align = "left"
    lines: int = 1
    style: str = ""


class Table(_Element, frozen=True):
    """Rows of a data table in ruled lines; ``count`` of them fit one page. Titles stand ``head`` mm high."""

    of: str
    at: tuple[Mm, Mm]
    count: Annotated[int, Meta(ge=1)]
    pitch: Mm
    columns: tuple[Column, ...]
    style: str
    head: Mm = 6
    head_style: str = "label"


class Repeat(_Element, frozen=True):
    """A form (a payment slip) drawn once per row, ``pitch`` mm further down each time.

    ``use`` names groups of ``Layout.groups`` that are drawn with it.
    """

    of: str
    count: Annotated[int, Meta(ge=1)]
    pitch: Mm
    use: tuple[str, ...] = ()
    static: tuple[Static, ...] = ()
    slots: tuple[Slot, ...] = ()
    marks: tuple[Mark, ...] = ()
    parts: tuple[Part, ...] = ()


class Page(_Element, frozen=True):
    """One side of a sheet. ``use`` names groups of ``Layout.groups`` that are drawn on it."""

    use: tuple[str, ...] = ()
    static: tuple[Static, ...] = ()
    slots: tuple[Slot, ...] = ()
    marks: tuple[Mark, ...] = ()
    parts: tuple[Part, ...] = ()
    tables: tuple[Table, ...] = ()
    repeats: tuple[Repeat, ...] = ()


class Zone(_Element, frozen=True):
    """A place where nothing is printed: ``side`` ``front`` or ``back`` of every sheet, or both.

    ``of`` ``marks``: text may stand there, a symbol not, because a fold would break its bars.
    """

    name: str
    at: Box
    side: Literal["front", "back", "both"] = "both"
    of: Literal["all", "marks"] = "all"


class Rows(_Element, frozen=True):
    """A named view of a detail file: ``where`` keeps rows, ``when`` keeps or empties it as a whole.

    Both are ``FIELD OP VALUE`` with OP one of ``=``, ``!=``, ``>``, ``<``, joined by ``and``; ``""`` is the empty
    value.
    """

    of: str
    where: str = ""
    when: str = ""


class Sheet(_Element, frozen=True):
    """A sheet of the notice. With ``flow``, as many as the rows of that view need.

    ``back`` of a flowing sheet takes rows too when it is the same page; ``blank`` stands in for it
    when no rows are left.
    """

    front: str
    back: str
    flow: str = ""
    blank: str = ""


class Shared(_Element, frozen=True):
    """What several kinds share: styles, zones, groups and pages, in a file of its own."""

    shared: str
    version: Version
    styles: dict[str, Style] = {}
    zones: tuple[Zone, ...] = ()
    groups: dict[str, Group] = {}
    pages: dict[str, Page] = {}


class Layout(_Element, frozen=True):
    """A whole notice of one kind in one version.

    ``uses`` names a shared file, ``common-2026-1``; what both have, the kind's own file decides.
    ``sha256`` is that of all files together.
    """

    kind: str
    version: Version
    title: str
    styles: dict[str, Style]
    rows: dict[str, Rows]
    sheets: tuple[Sheet, ...]
    pages: dict[str, Page]
    uses: str = ""
    zones: tuple[Zone, ...] = ()
    groups: dict[str, Group] = {}
    sha256: str = ""

    def groups_of(self, owner: Page | Repeat) -> tuple[Group | Page | Repeat, ...]:
        """What is drawn on a page, or for each row of a repeat, in order."""
        return (*(self.groups[name] for name in owner.use), owner)


class LayoutError(Exception):
    """A mistake in a layout file: file, line and reason."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file, self.line, self.reason = file, line, reason
