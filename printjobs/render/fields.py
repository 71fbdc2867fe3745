"""Slot texts (``{addressee.name}[　{co_owners}]``) compiled to functions of a notice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from layouts.checks import TERM
from printjobs.core import japanese
from printjobs.core.kinds import ADDRESSEE, Column, Kind, Type
from printjobs.core.marks import gs1_128, mpn
from printjobs.core.model import Addressee, Notice

from .payment import PAY, Payer


class Schema(NamedTuple):
    """What a layout's texts may speak of: the kind's columns, each city's own values, the numbers to pay with.

    ``values`` are by city code; all cities have the same names (``city.name``).
    """

    kind: Kind
    values: Mapping[str, Mapping[str, str]]
    payers: Mapping[str, Payer]

    @property
    def names(self) -> set[str]:
        """The values that fixed texts may hold: those that every city has."""
        return set.intersection(*(set(own) for own in self.values.values()))


class PageInfo(NamedTuple):
    """Where a page stands: sheet of sheets of its piece's notice, page of pages of its flow."""

    sheet: int
    sheets: int
    page: int
    pages: int


Row = list[str | int]
Getter = Callable[[Notice, Row, PageInfo], str | int]
Condition = Callable[[Notice, Row], bool]
Fill = Callable[[Notice, Row, PageInfo], str]


class Source(NamedTuple):
    """A slot's text in two steps, so that equal values need not be written out twice.

    ``get`` gives a value that decides the text, ``write`` makes the text of it. ``cell``: the place in the row when
    the value is one of the row's own, else None.
    """

    get: Getter
    write: Callable[[str | int], str]
    cell: int | None = None

    def fill(self, notice: Notice, row: Row, page: PageInfo) -> str:
        """The text that the slot shows."""
        return self.write(self.get(notice, row, page))


_FORMATS: dict[str, Callable[..., str]] = {
    "": str,
    "yen": japanese.yen,
    "zip": japanese.postal_code,
    "date": japanese.era_date,
    "area": japanese.area,
    "period": japanese.period,
    "month": japanese.withheld_month,
    "gs1_first": lambda digits: gs1_128.readable(digits)[0] if digits else "",
    "gs1_second": lambda digits: gs1_128.readable(digits)[1] if digits else "",
}
_FORMAT_TYPES = {"yen": Type.YEN, "date": Type.DATE, "area": Type.AREA, "period": Type.COUNT, "month": Type.COUNT}
_FIELD = re.compile(r"\{([\w.]+)(?::(\w+))?\}")
_ALONE = re.compile(r"([^{}\[\]]*)\{([\w.]+)(?::(\w+))?\}([^{}\[\]]*)")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
ADDRESS_PARTS = "city.address_parts"  # which parts of an address a city writes, in its own order


class FieldError(Exception):
    """A layout names a field or a format that the kind does not have."""


def getter(path: str, schema: Schema, table: str) -> Getter:
    """How to reach a value: a notice column, or ``addressee.x``, ``row.x``, ``pay.x``, ``page.x``, ``city.x`` ...

    Raises :class:`FieldError` for a name that the kind or the profiles do not have.
    """
    scope, _, key = path.rpartition(".")
    found = _SCOPES[scope](key, schema, table) if scope in _SCOPES else None
    if found is None:
        raise FieldError(f"{schema.kind.code} has no field {path}" + (f" in rows of {table}" if table else ""))
    return found


def _of_notice(key: str, schema: Schema, _table: str) -> Getter | None:
    if key == "number":
        return lambda notice, _row, _page: notice.number
    if key not in {c.key for c in schema.kind.notices.columns} - {c.key for c in ADDRESSEE}:
        return None
    return lambda notice, _row, _page: notice.fields[key]


def _of_addressee(key: str, schema: Schema, _table: str) -> Getter | None:
    """The addressee's own fields, and two made of several.

    ``block`` is the address as the city writes it, one part a line, empty parts left out; ``who`` the name, the
    co-owners where a kind has them, and the honorific: 19,231 notices went out without 様.
    """
    if key == "block":
        orders = {code: values[ADDRESS_PARTS].split(",") for code, values in schema.values.items()}
        return lambda notice, _row, _page: "\n".join(
            filter(None, (getattr(notice.addressee, part) for part in orders[notice.city]))
        )
    if key == "who":
        return lambda notice, _row, _page: "　".join(
            str(part)
            for part in (notice.addressee.name, notice.fields.get("co_owners"), notice.addressee.honorific)
            if part
        )
    if key not in Addressee.__struct_fields__:
        return None
    return lambda notice, _row, _page: getattr(notice.addressee, key)


def _of_page(key: str, _schema: Schema, _table: str) -> Getter | None:
    if key not in PageInfo._fields:
        return None
    place = PageInfo._fields.index(key)
    return lambda _notice, _row, page: page[place]


def _of_payment(key: str, schema: Schema, table: str) -> Getter | None:
    if table != schema.kind.payable or key not in PAY:
        return None
    make = PAY[key]
    return lambda notice, row, _page: make(schema.payers[notice.city], notice, row)


def _of_row(key: str, schema: Schema, table: str) -> Getter | None:
    columns = [c.key for c in schema.kind.table(table).columns[1:]] if table else []
    if key not in columns:
        return None
    index = columns.index(key)
    return lambda _notice, row, _page: row[index]


def _of_profile(scope: str) -> Callable[[str, Schema, str], Getter | None]:
    def of_profile(key: str, schema: Schema, _table: str) -> Getter | None:
        path = f"{scope}.{key}"
        if path not in schema.names:
            return None
        return lambda notice, _row, _page: schema.values[notice.city][path]

    return of_profile


_SCOPES: Mapping[str, Callable[[str, Schema, str], Getter | None]] = MappingProxyType(
    {
        "": _of_notice,
        "addressee": _of_addressee,
        "page": _of_page,
        "pay": _of_payment,
        "row": _of_row,
        "city": _of_profile("city"),
        "run": _of_profile("run"),
    }
)


def column_of(path: str, kind: Kind, table: str = "") -> Column | None:
    """The column of a city's file that a name in a layout stands for; None for what comes from elsewhere."""
    scope, _, key = path.rpartition(".")
    if scope == "row" and table:
        return next((c for c in kind.table(table).columns[1:] if c.key == key), None)
    if scope == "addressee" and key == "number":
        key = "addressee_number"
    elif scope == "addressee" and key not in {c.key for c in ADDRESSEE}:
        return None
    return next((c for c in kind.notices.columns if c.key == key), None) if scope in ("", "addressee") else None


_MADE_OF = {
    "addressee.block": ("addressee.address", "addressee.building"),
    "addressee.who": ("addressee.name", "co_owners", "addressee.honorific"),
    "pay.upper": ("row.payment_number",),
    "pay.lower": ("row.payment_number",),
}


def parts_of(path: str) -> tuple[str, ...]:
    """The names that a name is made of, itself when it is one value."""
    return _MADE_OF.get(path, (path,))


def names_in(text: str) -> tuple[str, ...]:
    """The names in a text, as they stand there."""
    return tuple(match[1] for match in _FIELD.finditer(text))


# Texts that are as long on every slip: whether they fit is a matter of the layout, not of the notice.
FIXED = MappingProxyType({"{pay.upper}": mpn.UPPER_LENGTH, "{pay.lower}": mpn.LOWER_LENGTH})


def field_names(text: str) -> tuple[str, ...]:
    """The columns that a slot's text is made of."""
    return tuple(part for name in names_in(text) for part in parts_of(name))


def compile_slot(text: str, schema: Schema, table: str = "") -> Source:
    """A slot's text as the one value that it shows with what stands around it, or as a whole."""
    match = _ALONE.fullmatch(text)
    if not match:
        return Source(compile_text(text, schema, table), str)
    before, path, form, after = match[1], match[2], match[3] or "", match[4]
    written = _writer(path, form, schema, table)
    scope, _, key = path.rpartition(".")
    cell = [c.key for c in schema.kind.table(table).columns[1:]].index(key) if scope == "row" else None
    around = (lambda value: f"{before}{written(value)}{after}") if before or after else written
    return Source(getter(path, schema, table), around, cell)


def compile_text(text: str, schema: Schema, table: str = "") -> Fill:
    """A function that makes a slot's text; raises :class:`FieldError` for an unknown field."""
    plain = _OPTIONAL.sub(lambda part: part[1], text)
    if set(_FIELD.sub("", plain)) & set("{}[]"):
        raise FieldError(f"a brace or bracket that is no field and no optional part: {text}")
    parts: list[Fill] = []
    position = 0
    for optional in _OPTIONAL.finditer(text):
        parts += _plain(text[position : optional.start()], schema, table)
        parts.append(_unless_empty(optional[1], schema, table))
        position = optional.end()
    parts += _plain(text[position:], schema, table)
    if len(parts) == 1:
        return parts[0]
    return lambda notice, row, page: "".join([part(notice, row, page) for part in parts])


def _plain(text: str, schema: Schema, table: str) -> list[Fill]:
    parts: list[Fill] = []
    position = 0
    for match in _FIELD.finditer(text):
        if literal := text[position : match.start()]:
            parts.append(_constant(literal))
        parts.append(_field(match[1], match[2] or "", schema, table))
        position = match.end()
    if literal := text[position:]:
        parts.append(_constant(literal))
    return parts


def _constant(text: str) -> Fill:
    return lambda _notice, _row, _page: text


def _field(path: str, form: str, schema: Schema, table: str) -> Fill:
    get, write = getter(path, schema, table), _writer(path, form, schema, table)
    return lambda notice, row, page: write(get(notice, row, page))


def _writer(path: str, form: str, schema: Schema, table: str) -> Callable[[str | int], str]:
    """How a field's value is written in a format; :class:`FieldError` for a format that does not suit it."""
    if form not in _FORMATS:
        raise FieldError(f"no format is called {form}; known: " + ", ".join(filter(None, _FORMATS)))
    column = column_of(path, schema.kind, table)
    if form in _FORMAT_TYPES and not (column and column.type is _FORMAT_TYPES[form]):
        raise FieldError(f"{path} cannot be written as {form}")
    return _FORMATS[form]


def _unless_empty(text: str, schema: Schema, table: str) -> Fill:
    fields = [getter(m[1], schema, table) for m in _FIELD.finditer(text)]
    fill = compile_text(text, schema, table)
    return lambda notice, row, page: (
        fill(notice, row, page) if all(get(notice, row, page) != "" for get in fields) else ""
    )


def compile_condition(text: str, schema: Schema, table: str = "") -> Condition | None:
    """``FIELD OP VALUE``, joined by ``and``, as a predicate; None for the empty condition, which always holds."""
    if not text:
        return None
    terms = [_compile_term(term, schema, table) for term in text.split(" and ")]
    if len(terms) == 1:
        return terms[0]
    return lambda notice, row: all(term(notice, row) for term in terms)


def _compile_term(text: str, schema: Schema, table: str) -> Condition:
    match = TERM.fullmatch(text)
    if not match:
        raise FieldError(f"a condition is FIELD OP VALUE with =, !=, > or <, not: {text}")
    get, value = getter(match[1], schema, table), match[3].replace('""', "")
    nowhere = PageInfo(0, 0, 0, 0)
    if match[2] in "<>" and not value.isdigit():
        raise FieldError(f"a condition with {match[2]} takes a whole number, not: {value}")
    column = column_of(match[1], schema.kind, table)
    if column and value and column.choices and value not in column.choices:  # it would never hold, in silence
        raise FieldError(f"{match[1]} is never {value}; it is one of: " + ", ".join(column.choices))
    if match[2] == ">":
        limit = int(value)
        return lambda notice, row: int(get(notice, row, nowhere)) > limit
    if match[2] == "<":
        most = int(value)
        return lambda notice, row: int(get(notice, row, nowhere)) < most
    wanted = match[2] == "="
    return lambda notice, row: (str(get(notice, row, nowhere)) == value) is wanted
