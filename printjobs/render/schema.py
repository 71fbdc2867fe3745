"""A layout held against its kind: every field, value and symbol that it names must be there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib.resources.abc import Traversable

import layouts
from fonts import FontSet
from layouts.checks import Mistake
from layouts.language import Grid, Group, Layout, Page, Part, Repeat, Seal, Static, Text
from layouts.placed import holds, placed
from printjobs import reference
from printjobs.core.kinds import KINDS, Kind

from .city import CityText, city_texts
from .compiled import CompiledLayout, schema_of
from .fields import FieldError, Schema, compile_condition, compile_text, names_in
from .marks import compile_mark
from .printfile import mark_area

_VALUE = re.compile(r"\{([\w.]+)\}")


def compile_layout(kind: Kind, version: str, fonts: FontSet, year: int, mailing_date: str) -> CompiledLayout:
    """A layout of this package with the faces and the cities' profiles of a year.

    Raises :class:`layouts.LayoutError` with file and line for a field that the kind does not have.
    """
    layout, cities = _checked(kind.code, version, year, mailing_date)
    return CompiledLayout(layout, kind, fonts, cities)


@cache
def _checked(code: str, version: str, year: int, mailing_date: str) -> tuple[Layout, Mapping[str, CityText]]:
    """A layout of this package, read once in a process: the files of a package do not change under it."""
    kind = KINDS[code]
    cities = city_texts(kind, year, mailing_date)
    return _parsed(kind, layouts.source(code, version), cities), cities


def compile_source(
    kind: Kind,
    source: tuple[bytes, str],
    fonts: FontSet,
    cities: Mapping[str, CityText],
    folder: Traversable | None = None,
) -> CompiledLayout:
    """The layout in a file's bytes, told by its name; a draft's shared file may lie in ``folder``."""
    return CompiledLayout(_parsed(kind, source, cities, folder), kind, fonts, cities)


def _parsed(
    kind: Kind, source: tuple[bytes, str], cities: Mapping[str, CityText], folder: Traversable | None = None
) -> Layout:
    largest = max((text.seal.mm for text in cities.values() if text.seal), default=0.0)
    check = partial(mistakes, schema=schema_of(kind, cities), seal=largest)
    return layouts.parse(*source, check=check, folder=folder)


def mistakes(layout: Layout, schema: Schema, seal: float = 0.0) -> Iterator[Mistake]:
    """Path and reason of every text, condition and symbol that the kind or the profiles know nothing of.

    ``seal``: side of the largest seal of all cities, in mm.
    """
    details = {t.name for t in schema.kind.details}
    for name, rows in layout.rows.items():
        if rows.of not in details:
            yield f"$.rows.{name}", f"{schema.kind.code} has no file {rows.of}"
            return
        yield from _tried(f"$.rows.{name}", partial(compile_condition, rows.when, schema))
        yield from _tried(f"$.rows.{name}", partial(compile_condition, rows.where, schema, rows.of))
    if "slips" in layout.rows and layout.rows["slips"].of != schema.kind.payable:
        yield "$.rows.slips", f"slips are rows of {schema.kind.payable}"
    for name, page in layout.pages.items():
        path = f"$.pages.{name}"
        yield from _group(path, page, schema, "")
        for used in page.use:
            yield from _group(f"$.groups.{used}", layout.groups[used], schema, "")
        for i, table in enumerate(page.tables):
            for j, column in enumerate(table.columns):
                where = f"{path}.tables[{i}].columns[{j}]"
                of = layout.rows[table.of].of
                yield from _tried(where, partial(compile_text, column.text, schema, of))
                yield from _rude(where, column.text)
        for i, repeat in enumerate(page.repeats):
            of = layout.rows[repeat.of].of
            yield from _group(f"{path}.repeats[{i}]", repeat, schema, of)
            for used in repeat.use:
                yield from _group(f"$.groups.{used}", layout.groups[used], schema, of)
    yield from _seals(layout, seal)
    yield from _without_mark(layout)


def _seals(layout: Layout, largest: float) -> Iterator[Mistake]:
    """Places for a seal that some city's seal does not go into."""
    for page in layout.pages:
        for thing in placed(layout, page):
            if isinstance(thing.element, Seal) and not thing.element.reduced and min(thing.box[2:]) < largest:
                yield thing.path, f"a seal of {largest:g} mm does not go into {thing.box[2]:g} x {thing.box[3]:g} mm"


def _without_mark(layout: Layout) -> Iterator[Mistake]:
    """Fronts that do not keep the sheet mark's place free: what is printed there makes it unreadable."""
    vendor = reference.vendor()
    area = mark_area(vendor.mark, vendor.print_.dpi)
    kept = (zone.at for zone in layout.zones if zone.side != "back" and zone.of == "all")
    if not any(holds(at, area) for at in kept):
        shown = ", ".join(f"{v:.1f}" for v in area)
        yield "$.sheets", f"no zone of the fronts keeps the place of the sheet mark free, [{shown}]"


def _group(path: str, group: Page | Group | Repeat, schema: Schema, table: str) -> Iterator[Mistake]:
    yield from _part(path, group, schema, table)
    for i, part in enumerate(group.parts):
        yield from _tried(f"{path}.parts[{i}]", partial(compile_condition, part.when, schema, table))
        yield from _part(f"{path}.parts[{i}]", part, schema, table)


def _part(path: str, part: Page | Group | Repeat | Part, schema: Schema, table: str) -> Iterator[Mistake]:
    for i, element in enumerate(part.static):
        for name in _VALUE.findall(_said(element)):
            if name not in schema.names:
                yield f"{path}.static[{i}]", f"the city profiles have no value {name}"
    for i, slot in enumerate(part.slots):
        yield from _tried(f"{path}.slots[{i}]", partial(compile_text, slot.text, schema, table))
        yield from _rude(f"{path}.slots[{i}]", slot.text)
    for i, mark in enumerate(part.marks):
        yield from _tried(f"{path}.marks[{i}]", partial(compile_mark, mark, schema, table))


def _rude(path: str, text: str) -> Iterator[Mistake]:
    """19,231 notices went out without 様 after a change of form: no layout has a way to print a name alone."""
    names = names_in(text)
    if "addressee.name" in names and "addressee.honorific" not in names:
        yield path, "a name is printed with its honorific: addressee.who has both"


def _said(element: Static) -> str:
    if isinstance(element, Text):
        return element.say
    return "".join((*element.heads, *element.labels)) if isinstance(element, Grid) else ""


def _tried(path: str, compiling: Callable[[], object]) -> Iterator[Mistake]:
    try:
        compiling()
    except FieldError as error:
        yield path, str(error)
