"""Slot texts (``{addressee.name}[　{co_owners}]``) compiled to functions of a notice."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from printjobs.core import japanese
from printjobs.core.kinds import ADDRESSEE, Kind
from printjobs.core.model import Addressee, Notice


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

_FORMATS: dict[str, Callable[..., str]] = {
    "": str,
    "yen": japanese.yen,
    "zip": japanese.postal_code,
    "date": japanese.era_date,
    "area": japanese.area,
    "period": japanese.period,
}
_FIELD = re.compile(r"\{([\w.]+)(?::(\w+))?\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


class FieldError(Exception):
    """A layout names a field or a format that the kind does not have."""


def getter(path: str, kind: Kind, table: str) -> Getter:
    """How to reach a value: ``number``, ``addressee.x``, ``row.x``, ``page.x`` or a notice column."""
    scope, _, key = path.rpartition(".")
    if path == "number":
        return lambda notice, _row, _page: notice.number
    if scope == "addressee" and key in Addressee.__struct_fields__:
        return lambda notice, _row, _page: getattr(notice.addressee, key)
    if scope == "page" and key in PageInfo._fields:
        place = PageInfo._fields.index(key)
        return lambda _notice, _row, page: page[place]
    if scope == "row" and table:
        columns = [c.key for c in kind.table(table).columns]
        if key in columns[1:]:
            index = columns.index(key) - 1
            return lambda _notice, row, _page: row[index]
    if not scope and key in {c.key for c in kind.notices.columns} - {c.key for c in ADDRESSEE}:
        return lambda notice, _row, _page: notice.fields[key]
    raise FieldError(f"{kind.code} has no field {path}" + (f" in rows of {table}" if table else ""))


def field_names(text: str) -> tuple[str, ...]:
    """The fields that a slot's text is made of."""
    return tuple(match[1] for match in _FIELD.finditer(text))


def compile_text(text: str, kind: Kind, table: str = "") -> Fill:
    """A function that makes a slot's text; raises :class:`FieldError` for an unknown field."""
    plain = _OPTIONAL.sub(lambda part: part[1], text)
    if set(_FIELD.sub("", plain)) & set("{}[]"):
        raise FieldError(f"a brace or bracket that is no field and no optional part: {text}")
    parts: list[Fill] = []
    position = 0
    for optional in _OPTIONAL.finditer(text):
        parts += _plain(text[position : optional.start()], kind, table)
        parts.append(_unless_empty(optional[1], kind, table))
        position = optional.end()
    parts += _plain(text[position:], kind, table)
    if len(parts) == 1:
        return parts[0]
    return lambda notice, row, page: "".join([part(notice, row, page) for part in parts])


def _plain(text: str, kind: Kind, table: str) -> list[Fill]:
    parts: list[Fill] = []
    position = 0
    for match in _FIELD.finditer(text):
        if literal := text[position : match.start()]:
            parts.append(_constant(literal))
        parts.append(_field(match[1], match[2] or "", kind, table))
        position = match.end()
    if literal := text[position:]:
        parts.append(_constant(literal))
    return parts


def _constant(text: str) -> Fill:
    return lambda _notice, _row, _page: text


def _field(path: str, form: str, kind: Kind, table: str) -> Fill:
    if form not in _FORMATS:
        raise FieldError(f"no format is called {form}; known: " + ", ".join(filter(None, _FORMATS)))
    get, write = getter(path, kind, table), _FORMATS[form]
    return lambda notice, row, page: write(get(notice, row, page))


def _unless_empty(text: str, kind: Kind, table: str) -> Fill:
    fields = [getter(m[1], kind, table) for m in _FIELD.finditer(text)]
    fill = compile_text(text, kind, table)
    return lambda notice, row, page: (
        fill(notice, row, page) if all(get(notice, row, page) != "" for get in fields) else ""
    )


def compile_condition(text: str, kind: Kind, table: str = "") -> Callable[[Notice, Row], bool]:
    """``FIELD OP VALUE`` as a predicate; the empty condition is always true."""
    if not text:
        return lambda _notice, _row: True
    match = re.fullmatch(r"(\S+) (=|!=|>) (\S+)", text)
    if not match:
        raise FieldError(f"a condition is FIELD OP VALUE with =, != or >, not: {text}")
    get, value = getter(match[1], kind, table), match[3]
    nowhere = PageInfo(0, 0, 0, 0)
    if match[2] == ">":
        limit = int(value)
        return lambda notice, row: int(get(notice, row, nowhere)) > limit
    wanted = match[2] == "="
    return lambda notice, row: (str(get(notice, row, nowhere)) == value) is wanted
