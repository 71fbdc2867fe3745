"""Everything that stands on a page of a layout, one thing at a time, with its place on the paper.

Groups, conditional parts and repetitions are laid out flat here, for whoever looks at a page as a whole:
the checks, the picture of a layout, the comparison of two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from .language import Box, Frame, Grid, Group, Layout, Mark, Page, Part, Repeat, Rule, Slot, Static, Table

_TOUCH = 0.01  # mm that two boxes may share: places are given in tenths and hundredths
_THIN = 0.1  # mm that a line takes


class Placed(NamedTuple):
    """A thing on a finished page: where it was declared, its box in mm, and when it is drawn.

    ``of``: the rows that it is repeated for, ``nth`` time, counted from 0.
    """

    path: str
    what: Literal["slot", "mark", "table", "static"]
    name: str
    box: Box
    when: str
    element: Slot | Mark | Table | Static
    of: str = ""
    nth: int = 0


def placed(layout: Layout, name: str) -> Iterator[Placed]:
    """All things of a page in the order of drawing; a repeated one as often as the page has room for it."""
    path, page = f"$.pages.{name}", layout.pages[name]
    for used in page.use:
        yield from _group(f"$.groups.{used}", layout.groups[used])
    yield from _group(path, page)
    for i, table in enumerate(page.tables):
        yield Placed(f"{path}.tables[{i}]", "table", table.of, table_box(table), "", table)
    for i, repeat in enumerate(page.repeats):
        for nth in range(repeat.count):
            for used in repeat.use:
                yield from _group(f"$.groups.{used}", layout.groups[used], repeat, nth)
            yield from _group(f"{path}.repeats[{i}]", repeat, repeat, nth)


def _group(path: str, group: Page | Group | Repeat, repeat: Repeat | None = None, nth: int = 0) -> Iterator[Placed]:
    yield from _part(path, group, "", repeat, nth)
    for i, part in enumerate(group.parts):
        yield from _part(f"{path}.parts[{i}]", part, part.when, repeat, nth)


def _part(
    path: str, part: Page | Group | Repeat | Part, when: str, repeat: Repeat | None, nth: int
) -> Iterator[Placed]:
    of, by = (repeat.of, nth * repeat.pitch) if repeat else ("", 0.0)
    for i, element in enumerate(part.static):
        yield Placed(f"{path}.static[{i}]", "static", "", down(extent(element), by), when, element, of, nth)
    for i, slot in enumerate(part.slots):
        yield Placed(f"{path}.slots[{i}]", "slot", slot.name or slot.text, down(slot.at, by), when, slot, of, nth)
    for i, mark in enumerate(part.marks):
        yield Placed(f"{path}.marks[{i}]", "mark", mark.name or mark.mark, down(mark.at, by), when, mark, of, nth)


def extent(element: Static) -> Box:
    """The box of a static element."""
    if isinstance(element, Rule):
        (x1, y1), (x2, y2) = element.from_, element.to
        return min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1)
    if isinstance(element, Grid):
        return (*element.at, sum(element.columns), sum(element.rows))
    return element.at


def table_box(table: Table) -> Box:
    """The box of a flowing table, its titles included."""
    return (*table.at, sum(c.width for c in table.columns), table.head + table.count * table.pitch)


def down(box: Box, by: float) -> Box:
    return box[0], box[1] + by, box[2], box[3]


def inked(thing: Placed) -> Iterator[Box]:
    """Where a static thing puts ink: a text or a fill its whole box, lines only themselves."""
    element, (x, y, width, height) = thing.element, thing.box
    if isinstance(element, Rule):
        yield x, y, width or _THIN, height or _THIN
    elif isinstance(element, Frame) and element.fill is None:
        yield from _edges(thing.box)
    elif isinstance(element, Grid):
        yield from _edges(thing.box)
        yield from _lines_of(element, thing.box)
        first = element.rows[0] if element.heads else 0.0
        if element.heads:
            yield x, y, width, first
        if element.labels:
            yield x, y + first, element.columns[0], height - first
    else:
        yield thing.box


def _lines_of(grid: Grid, box: Box) -> Iterator[Box]:
    """The lines within a grid."""
    x, y, width, height = box
    for column in grid.columns[:-1]:
        x += column
        yield x, y, _THIN, height
    for row in grid.rows[:-1]:
        y += row
        yield box[0], y, width, _THIN


def _edges(box: Box) -> Iterator[Box]:
    x, y, width, height = box
    yield x, y, width, _THIN
    yield x, y + height, width, _THIN
    yield x, y, _THIN, height
    yield x + width, y, _THIN, height


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than their edges."""
    return (
        min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0]) > _TOUCH
        and min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1]) > _TOUCH
    )


def holds(outer: Box, inner: Box) -> bool:
    """Whether a box lies within another, edges included."""
    return (
        outer[0] <= inner[0] + _TOUCH
        and outer[1] <= inner[1] + _TOUCH
        and inner[0] + inner[2] <= outer[0] + outer[2] + _TOUCH
        and inner[1] + inner[3] <= outer[1] + outer[3] + _TOUCH
    )
