"""What can be wrong in a layout whose form is right: places, styles, zones, overlaps, quiet zones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from .language import Box, Grid, Group, Layout, Page, Part, Repeat, Seal, Sheet, Static, Text
from .placed import Placed, down, extent, inked, overlap, placed, table_box

PAPER = (210.0, 297.0)  # ISO A4, mm
LARGEST_SEAL = 25.0  # mm: 住民記録システム標準仕様書 5.6, an electronic seal is 25 mm square at most
# The least that a symbol takes with its quiet zone, mm: customer barcode of 8 pt with 2 mm around, GS1-128 of
# 10 mm with 10 modules left and right at two dots of 300 dpi, eL-QR of 49 modules at 0.25 mm.
SMALLEST = {"customer_barcode": (62.0, 6.5), "gs1_128": (52.1, 10.0), "el_qr": (12.2, 12.2)}
_TOUCH = 0.01  # mm that two boxes may share: places are given in tenths and hundredths

Mistake = tuple[str, str]  # path, reason


def mistakes(layout: Layout) -> Iterator[Mistake]:
    """Path and reason of everything that is wrong, the simplest first."""
    for section, members in (("groups", layout.groups), ("pages", layout.pages)):
        for name, member in members.items():
            for path, reason in _member_mistakes(layout, member):
                yield f"$.{section}.{name}{path}", reason
    for i, sheet in enumerate(layout.sheets):
        for reason in _sheet_mistakes(layout, sheet):
            yield f"$.sheets[{i}]", reason
    for name in layout.pages:
        yield from _placing_mistakes(layout, name)


def _sheet_mistakes(layout: Layout, sheet: Sheet) -> Iterator[str]:
    for page_name in filter(None, (sheet.front, sheet.back, sheet.blank)):
        if page_name not in layout.pages:
            yield f"no page is called {page_name}"
    if not sheet.flow:
        return
    if sheet.flow not in layout.rows:
        yield f"no rows are called {sheet.flow}"
    front = layout.pages.get(sheet.front, Page())
    if sheet.flow not in {*(t.of for t in front.tables), *(r.of for r in front.repeats)}:
        yield f"page {sheet.front} has no place for {sheet.flow}"


def _member_mistakes(layout: Layout, member: Page | Group) -> Iterator[Mistake]:
    """What is wrong on one page or in one group, seen by itself: off the paper, unknown style or rows."""
    yield from _group_mistakes(layout, "", member, 0)
    if isinstance(member, Group):
        return
    yield from _use_mistakes(layout, "", member)
    for i, table in enumerate(member.tables):
        if table.of not in layout.rows:
            yield f".tables[{i}]", f"no rows are called {table.of}"
        for style in dict.fromkeys((table.style, table.head_style, *(c.style for c in table.columns if c.style))):
            if style not in layout.styles:
                yield f".tables[{i}]", f"no style is called {style}"
        if reason := _off_paper(table_box(table)):
            yield f".tables[{i}]", reason
    for i, repeat in enumerate(member.repeats):
        if repeat.of not in layout.rows:
            yield f".repeats[{i}]", f"no rows are called {repeat.of}"
        yield from _use_mistakes(layout, f".repeats[{i}]", repeat)
        by = (repeat.count - 1) * repeat.pitch
        yield from _group_mistakes(layout, f".repeats[{i}]", repeat, by)


def _use_mistakes(layout: Layout, path: str, owner: Page | Repeat) -> Iterator[Mistake]:
    for name in owner.use:
        if name not in layout.groups:
            yield f"{path}.use", f"no group is called {name}"


def _group_mistakes(layout: Layout, path: str, group: Page | Group | Repeat, by: float) -> Iterator[Mistake]:
    yield from _part_mistakes(layout, path, group, by)
    for i, part in enumerate(group.parts):
        yield from _part_mistakes(layout, f"{path}.parts[{i}]", part, by)


def _part_mistakes(layout: Layout, path: str, part: Page | Group | Repeat | Part, by: float) -> Iterator[Mistake]:
    for i, element in enumerate(part.static):
        for reason in _static_mistakes(layout, element, by):
            yield f"{path}.static[{i}]", reason
    for i, slot in enumerate(part.slots):
        if slot.style not in layout.styles:
            yield f"{path}.slots[{i}]", f"no style is called {slot.style}"
        if reason := _off_paper(down(slot.at, by)):
            yield f"{path}.slots[{i}]", reason
    for i, mark in enumerate(part.marks):
        if reason := _off_paper(down(mark.at, by)):
            yield f"{path}.marks[{i}]", reason
        least = SMALLEST[mark.mark]
        if mark.at[2] < least[0] or mark.at[3] < least[1]:
            yield (
                f"{path}.marks[{i}]",
                f"the box is too small for {mark.mark} with its quiet zone ({least[0]:g} x {least[1]:g} mm at least)",
            )


def _static_mistakes(layout: Layout, element: Static, by: float) -> Iterator[str]:
    if isinstance(element, Text | Grid | Seal) and element.style not in layout.styles:
        yield f"no style is called {element.style}"
    if isinstance(element, Seal) and max(element.at[2:]) > LARGEST_SEAL:
        yield f"a seal is {LARGEST_SEAL:g} mm square at most"
    if reason := _off_paper(down(extent(element), by)):
        yield reason


def _off_paper(box: Box) -> str:
    x, y, width, height = box
    if x + width > PAPER[0] + _TOUCH or y + height > PAPER[1] + _TOUCH:
        return f"the box [{x:g}, {y:g}, {width:g}, {height:g}] leaves the paper ({PAPER[0]:g} x {PAPER[1]:g} mm)"
    return ""


def _placing_mistakes(layout: Layout, name: str) -> Iterator[Mistake]:
    """What is wrong with a page as a whole: zones, overlaps, and what stands in a symbol's box."""
    things = [*placed(layout, name)]
    filled = [t for t in things if t.what != "static"]
    sides = {
        side for s in layout.sheets for side, on in (("front", (s.front,)), ("back", (s.back, s.blank))) if name in on
    }
    for zone in layout.zones:
        if zone.side not in sides and zone.side != "both":
            continue
        for thing in filled:
            if (zone.of == "all" or thing.what == "mark") and overlap(thing.box, zone.at):
                yield thing.path, f"{thing.what} {thing.name} lies in the no-print zone {zone.name}"
    for one, other in combinations(filled, 2):
        if overlap(one.box, other.box) and not _never_both(one, other):
            yield other.path, f"{other.what} {other.name} overlaps {one.what} {one.name}"
    for mark in (t for t in filled if t.what == "mark"):
        for thing in (t for t in things if t.what == "static"):
            if any(overlap(mark.box, ink) for ink in inked(thing)) and not _never_both(mark, thing):
                yield mark.path, f"mark {mark.name} has something printed in its quiet zone at {_shown(thing.box)}"


def _never_both(one: Placed, other: Placed) -> bool:
    """Whether two things of a page can be seen never to be drawn together."""
    return exclusive(one.when, other.when, one_row=(one.of, one.nth) == (other.of, other.nth))


def _shown(box: Box) -> str:
    return "[" + ", ".join(f"{v:g}" for v in box) + "]"


TERM = re.compile(r"(\S+) (=|!=|>|<) (\S+)")


def exclusive(one: str, other: str, *, one_row: bool = True) -> bool:
    """Whether two conditions can be seen never to hold together: ``x = A`` and ``x != A``, ``x = 0`` and ``x > 0``.

    Without ``one_row`` they are asked of two rows, and what those say of themselves excludes nothing.
    """
    for a in one.split(" and "):
        for b in other.split(" and "):
            first, second = TERM.fullmatch(a), TERM.fullmatch(b)
            if not (first and second and first[1] == second[1]):
                continue
            if not one_row and first[1].startswith(("row.", "pay.")):
                continue
            if _apart((first[2], first[3]), (second[2], second[3])):
                return True
    return False


def _apart(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether no value can be as both say, each a sign and a value."""
    (sign, value), (second, limit) = sorted((one, other), key=lambda term: "=!<>".index(term[0][0]))
    if sign == "=" and second in ("=", "!="):
        return (value != limit) is (second == "=")
    if second not in ("<", ">") or not (value.isdigit() and limit.isdigit()):
        return False
    if sign == "=":
        return int(value) <= int(limit) if second == ">" else int(value) >= int(limit)
    return (sign, second) == ("<", ">") and int(value) <= int(limit) + 1  # whole numbers: none is between
