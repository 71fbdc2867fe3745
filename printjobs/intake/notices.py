"""The rows under one notice number as a notice, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

import msgspec

from printjobs.core import checkdigit
from printjobs.core.gaiji import NOTHING, Lookup, State, around, code_of
from printjobs.core.kinds import Kind, Table, Terms
from printjobs.core.model import Addressee, Notice, Problem

from .csvfile import CsvFile
from .repeats import Repeats
from .rows import RowReader
from .sorting import Row
from .values import CellFault, Value

_DIGITS = 12  # of an addressee number that a list may show although its row has faults
_WHO = ("addressee_number", "name", "honorific", "zip", "address", "building", "country")


class Fit(msgspec.Struct, frozen=True):
    """What the layout says of a notice: a fault keeps it from being printed.

    ``length``: characters of the text; ``holds``: full-width characters that its box takes at the narrowest.
    Both are 0 where nothing was measured.
    """

    code: str
    table: str
    index: int
    column: str
    message: str
    length: int = 0
    holds: int = 0


class Listed(msgspec.Struct, frozen=True):
    """A problem with what it must not say itself, for the city's own lists (文字超過リスト, 外字一覧).

    ``addressee``: the addressee number. ``gaiji``: each unsettled private-use character with its state in
    Japanese. ``around``: the text that they stand in, with 〓 for them.
    """

    problem: Problem
    addressee: str
    length: int = 0
    holds: int = 0
    gaiji: tuple[tuple[str, str], ...] = ()
    around: str = ""


class Outcome(NamedTuple):
    """One notice number: the record, or None and why. ``rejected`` counts rows of notices.csv.

    ``listed``: those of the problems that a city's own lists tell more about.
    """

    notice: Notice | None
    problems: list[Problem]
    rejected: int
    listed: Sequence[Listed] = ()


class Rules(NamedTuple):
    """What intake needs from outside.

    ``terms``: what the city's notices are checked under. ``barcode``: postal code, address and building to
    what a customer barcode says. ``fits``: the layout's word. ``gaiji``: what is printed for each private-use
    character that the city's own table settles; ``unsettled``: how far the others are.
    """

    terms: Terms
    barcode: Callable[[str, str, str], str]
    knows_zip: Callable[[str], bool]
    fits: Callable[[Notice], list[Fit]]
    gaiji: Mapping[str, str] = NOTHING.settled
    unsettled: Mapping[str, State] = NOTHING.unsettled


class NoticeReader:
    """Makes notices of rows. ``files`` have the city's own headers, ``repeats`` what other notices are paid by."""

    def __init__(self, kind: Kind, city: str, rules: Rules, files: Mapping[str, CsvFile], repeats: Repeats) -> None:
        self._kind, self._city, self._rules, self._files, self._repeats = kind, city, rules, files, repeats
        self._gaiji = Lookup(rules.gaiji, rules.unsettled)
        self._rows = {t.name: RowReader(t, self._gaiji) for t in (kind.notices, *kind.details)}
        self._sorts = {t.name: t.index(t.sort) for t in kind.details if t.sort}
        places = {c.key: place for place, c in enumerate(kind.notices.columns)}
        self._who = itemgetter(*map(places.__getitem__, _WHO))
        self._number, self._addressee = places["number"], places["addressee_number"]
        self._keys = [key for key in places if key not in (*_WHO, "number")]
        self._own = itemgetter(*map(places.__getitem__, self._keys))

    def outcome(self, head: Row, parts: Sequence[list[Row]]) -> Outcome:
        """The notice of one row of notices.csv and its rows of each detail file, those in the notice's own order."""
        problems: list[Problem] = []
        listed: list[Listed] = []
        values = self._values(self._kind.notices, head, problems, listed)
        tables: dict[str, list[list[Value]]] = {}
        for table, part in zip(self._kind.details, parts, strict=True):
            rows = self._table(table, part, problems, listed)
            if rows is not None:
                tables[table.name] = rows
        if values is None or problems or len(tables) != len(parts):
            owner = self._addressee_number(head)
            return Outcome(None, problems, 1, [msgspec.structs.replace(told, addressee=owner) for told in listed])
        notice, known = self._notice(head.row, values, tables)
        problems += self._addressee_problems(notice, known, head.row)
        for c in self._kind.check(notice, self._rules.terms):
            problems.append(self._located(c.table, c.index, c.column, c.code, c.message, head, parts))
        if not problems:  # rows of one notice are told already
            problems += self._repeat_problems(notice, head, parts)
        if not problems:  # only a sound notice is measured: a fault is told once, at its cause
            listed = self._fit_problems(notice, head, parts)
            problems += [told.problem for told in listed]
        return Outcome(None, problems, 1, listed) if problems else Outcome(notice, problems, 0)

    def _addressee_number(self, row: Row) -> str:
        """The addressee number of a row that may have other faults; empty when it is none itself."""
        cell = row.cells[self._addressee] if row.cells else ""
        return cell if cell.isascii() and cell.isdigit() and len(cell) <= _DIGITS else ""

    def _table(
        self, table: Table, part: list[Row], problems: list[Problem], listed: list[Listed]
    ) -> list[list[Value]] | None:
        """A notice's rows of one file without its number, in order, and ``part`` in the same; None when one is bad."""
        read = self._rows[table.name].values
        rows = [read(row.cells) or self._values(table, row, problems, listed) for row in part]
        found = [values for values in rows if values is not None]
        if len(found) != len(part):
            return None
        for values in found:
            del values[0]
        if table.sort:
            place = self._sorts[table.name]
            keys = [values[place] for values in found]
            if keys != sorted(keys):
                order = sorted(range(len(keys)), key=keys.__getitem__)
                part[:] = [part[i] for i in order]
                return [found[i] for i in order]
        return found

    def _values(self, table: Table, row: Row, problems: list[Problem], listed: list[Listed]) -> list[Value] | None:
        """A row's cells as values; None, with problems noted, when one of them cannot be taken."""
        if not row.cells:
            return None  # the file noted its column count already
        reader = self._rows[table.name]
        values = reader.values(row.cells)
        if values is not None:
            return values
        values = []
        for column, cell, found in zip(table.columns, row.cells, reader.each(row.cells), strict=True):
            if not isinstance(found, CellFault):
                values.append(found)
                continue
            problem = self._files[table.name].problem(row.row, column.key, found.code, found.message, row.key)
            problems.append(problem)
            if found.gaiji:
                codes = tuple((code_of(char), self._gaiji.state(char)) for char in found.gaiji)
                listed.append(Listed(problem, "", len(cell), 0, codes, around(cell, self._gaiji)))
        return values if len(values) == len(row.cells) else None

    def _notice(self, row: int, values: list[Value], tables: dict[str, list[list[Value]]]) -> tuple[Notice, bool]:
        """The notice, and whether its postal code is a real one."""
        number, name, honorific, zip_code, address, building, country = map(str, self._who(values))
        zip_code = zip_code.replace("-", "")
        known = not country and self._rules.knows_zip(zip_code)
        barcode = self._rules.barcode(zip_code, address, building) if known else ""
        addressee = Addressee(number, name, honorific, zip_code, address, building, country, barcode)
        fields = dict(zip(self._keys, self._own(values), strict=True))
        return Notice(self._city, self._kind.code, str(values[self._number]), row, addressee, fields, tables), known

    def _addressee_problems(self, notice: Notice, known: bool, row: int) -> list[Problem]:
        found: list[tuple[str, str, str]] = []
        addressee = notice.addressee
        if checkdigit.addressee_number_digit(addressee.number[:-1]) != addressee.number[-1]:
            told = "宛名番号の検査数字が合いません。番号を確かめてください。"
            found.append(("addressee_number", "check_digit", told))
        code = addressee.zip
        if addressee.country:
            if code:
                told = "国名のある宛先に日本の郵便番号があります。どちらかを空にしてください。"
                found.append(("zip", "zip_with_country", told))
        elif not code:
            found.append(("zip", "required", "「郵便番号」が空です。国外あてのときは国名を入れてください。"))
        elif not (len(code) == 7 and code.isascii() and code.isdigit()):
            found.append(("zip", "zip_format", "郵便番号は 525-0034 か 5250034 の形で入れてください。"))
        elif not known:
            found.append(("zip", "zip_unknown", "郵便番号が日本郵便の一覧にありません。正しい番号にしてください。"))
        file = self._files[self._kind.notices.name]
        return [file.problem(row, column, code, told, notice.number) for column, code, told in found]

    def _repeat_problems(self, notice: Notice, head: Row, parts: Sequence[list[Row]]) -> list[Problem]:
        message = (
            "この{}は、この提出の別の通知書にもあります。同じ番号の納付書が2枚あると、片方が未納のままになります。"
            "課税側のデータを確かめてください。"
        )
        return [
            self._located(self._kind.payable, index, key, f"repeated_{key}", message.format(title), head, parts)
            for index, key, title in self._repeats.of(notice)
        ]

    def _fit_problems(self, notice: Notice, head: Row, parts: Sequence[list[Row]]) -> list[Listed]:
        return [
            Listed(
                self._located(f.table, f.index, f.column, f.code, f.message, head, parts),
                notice.addressee.number,
                f.length,
                f.holds,
            )
            for f in self._rules.fits(notice)
        ]

    def _located(
        self, table: str, index: int, column: str, code: str, message: str, head: Row, parts: Sequence[list[Row]]
    ) -> Problem:
        """A problem at the file and row that it came from."""
        names = [t.name for t in self._kind.details]
        row = parts[names.index(table)][index].row if table in names and parts[names.index(table)] else head.row
        return self._files[table].problem(row, column, code, message, head.key)
