"""What a slot must say, worked out again from the records; no code here is shared with what printed it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from printjobs.core.kinds import Kind
from printjobs.core.model import Addressee, Notice

from .paying import Payee
from .wanted import CityWords, Row, Side

Value = str | int
Ask = Callable[[Notice, Row, Side], Value]

_PART = re.compile(r"\{([\w.]+):?(\w*)\}|\[([^\]]*)\]|([^{\[]+)")
_FIRST_YEAR = 2019  # 令和元年


class Told(NamedTuple):
    """A slot's text in two steps: the value that decides it, and the text that stands for the value."""

    ask: Ask
    write: Callable[[Value], str]


class Teller:
    """What the slots and marks of one kind say. ``payees``: how each city is paid, by its code."""

    def __init__(self, kind: Kind, cities: Mapping[str, CityWords], payees: Mapping[str, Payee]) -> None:
        self._kind, self._cities, self._payees = kind, cities, payees

    def slot(self, text: str, table: str) -> Told:
        """How to work out the text of a slot. ``table``: what ``row.x`` speaks of."""
        parts = list(_PART.finditer(text))
        fields = [part for part in parts if part[1]]
        if len(fields) == 1 and not any(part[3] for part in parts):
            at = parts.index(fields[0])
            before, after = (("".join(p[0] for p in some)) for some in (parts[:at], parts[at + 1 :]))
            write = _WAYS[fields[0][2]]
            return Told(self.value(fields[0][1], table), lambda value: f"{before}{write(value)}{after}")
        said = self._whole(text, table)
        return Told(said, str)

    def _whole(self, text: str, table: str) -> Callable[[Notice, Row, Side], str]:
        """A text of several fields, or with parts in square brackets that go with an empty field."""
        parts = [self._part(part, table) for part in _PART.finditer(text)]
        return lambda notice, row, side: "".join([part(notice, row, side) for part in parts])

    def _part(self, part: re.Match[str], table: str) -> Callable[[Notice, Row, Side], str]:
        if part[1]:
            ask, write = self.value(part[1], table), _WAYS[part[2]]
            return lambda notice, row, side: write(ask(notice, row, side))
        if part[4]:
            return lambda _notice, _row, _side: part[4]
        asked = [self.value(found[1], table) for found in _PART.finditer(part[3]) if found[1]]
        inner = self._whole(part[3], table)
        return lambda notice, row, side: (
            inner(notice, row, side) if all(ask(notice, row, side) != "" for ask in asked) else ""
        )

    def value(self, path: str, table: str) -> Ask:
        """How to reach what a name in a layout stands for; KeyError for a name that this side does not know."""
        scope, _, name = path.rpartition(".")
        if scope == "addressee":
            return self._of_addressee(name)
        if scope in ("city", "run"):
            cities = self._cities
            return lambda notice, _row, _side: cities[notice.city].values[path]
        if scope == "row":
            place = [column.key for column in self._kind.table(table).columns].index(name) - 1
            return lambda _notice, row, _side: row[place]
        if scope == "page":
            return _OF_PAGE[name]
        if scope == "pay":
            payees, which = self._payees, _PAID[name]
            return lambda notice, row, _side: which(payees[notice.city], row)
        return _of_notice(path, self._kind)

    def _of_addressee(self, name: str) -> Ask:
        if name == "who":
            return lambda notice, _row, _side: _who(notice)
        if name == "block":
            cities = self._cities
            return lambda notice, _row, _side: _address(notice, cities[notice.city].values["city.address_parts"])
        if name not in Addressee.__struct_fields__:
            raise KeyError(name)
        return lambda notice, _row, _side: str(getattr(notice.addressee, name))


def _of_notice(name: str, kind: Kind) -> Ask:
    if name == "number":
        return lambda notice, _row, _side: notice.number
    if name not in {column.key for column in kind.notices.columns}:
        raise KeyError(name)
    return lambda notice, _row, _side: notice.fields[name]


def _who(notice: Notice) -> str:
    """Name, co-owners, honorific, an ideographic space between."""
    who = notice.addressee.name
    if others := notice.fields.get("co_owners"):
        who += f"　{others}"
    return f"{who}　{notice.addressee.honorific}"


def _address(notice: Notice, order: str) -> str:
    """Address and building, each on lines of its own, in the order that the city writes them."""
    parts = {"address": notice.addressee.address, "building": notice.addressee.building}
    return "\n".join(parts[name] for name in order.split(",") if parts[name])


def _date(value: Value) -> str:
    if value == "":
        return ""
    digits = str(value).replace("-", "")
    year = int(digits[:4]) - _FIRST_YEAR + 1
    return f"令和{'元' if year == 1 else year}年{digits[4:6].lstrip('0')}月{digits[6:].lstrip('0')}日"


def _yen(value: Value) -> str:
    """Whole yen with a comma before every three digits."""
    sign, digits = ("-", str(value)[1:]) if str(value).startswith("-") else ("", str(value))
    head = len(digits) % 3
    parts = [digits[:head]] if head else []
    return sign + ",".join(parts + [digits[i : i + 3] for i in range(head, len(digits), 3)])


def _area(value: Value) -> str:
    if value == "":
        return ""
    digits = str(value).zfill(3)
    return f"{_yen(digits[:-2])}.{digits[-2:]}"


def _zip(value: Value) -> str:
    return f"〒{str(value)[:3]}-{str(value)[3:]}" if value else ""


def _period(value: Value) -> str:
    return "全期" if value == 0 else f"第{value}期"


def _month(value: Value) -> str:
    """The month that a twelfth is withheld in, of a year that begins in June."""
    return f"{(6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5)[int(value) - 1]}月分"


def _gs1_first(value: Value) -> str:
    digits = str(value)
    return f"({digits[0:2]}){digits[2:8]}-{digits[8:29]}-{digits[29]}" if digits else ""


def _gs1_second(value: Value) -> str:
    digits = str(value)
    return f"{digits[30:36]}-{digits[36]}-{digits[37:43]}-{digits[43]}" if digits else ""


_WAYS: Mapping[str, Callable[[Value], str]] = MappingProxyType(
    {
        "": str,
        "yen": _yen,
        "date": _date,
        "area": _area,
        "zip": _zip,
        "period": _period,
        "month": _month,
        "gs1_first": _gs1_first,
        "gs1_second": _gs1_second,
    }
)
_OF_PAGE: Mapping[str, Ask] = MappingProxyType(
    {
        "sheet": lambda _notice, _row, side: side.sheet,
        "sheets": lambda _notice, _row, side: side.sheets,
        "page": lambda _notice, _row, side: side.page,
        "pages": lambda _notice, _row, side: side.pages,
    }
)
_PAID: Mapping[str, Callable[[Payee, Row], str]] = MappingProxyType(
    {"el_qr": Payee.symbol, "upper": Payee.upper, "lower": Payee.lower}
)
