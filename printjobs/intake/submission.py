"""A whole hand-in: three files joined by notice number, each notice a record or a problem.

Law 1: every row of notices.csv becomes exactly one record or one rejected notice with its problems,
and what was counted here must equal the transmittal, or the hand-in is refused with both figures.
Memory does not grow with the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import BinaryIO, NamedTuple

import msgspec

from printjobs.core import checkdigit
from printjobs.core.gaiji import NOTHING, Lookup, State, around, code_of
from printjobs.core.kinds import Kind, Table, Terms
from printjobs.core.model import Addressee, BadInput, Notice, Problem

from .csvfile import CsvFile, shown_number
from .repeats import Repeats
from .sorting import Row, sort_rows
from .transmittal import ENCODINGS, TableMapping, Transmittal
from .values import CellFault, Value, parser

_DIGITS = 12  # of an amount that still counts to a total: one more than the largest that is printed


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


class SubmissionReader:
    """Iterate for the outcomes; afterwards :meth:`settle` compares the totals with the transmittal."""

    def __init__(
        self,
        kind: Kind,
        transmittal: Transmittal,
        mapping: Mapping[str, TableMapping],
        open_file: Callable[[str], BinaryIO],
        rules: Rules,
    ) -> None:
        self.kind = kind
        self.tax_total = 0
        self._transmittal = transmittal
        self._rules = rules
        encoding = ENCODINGS[transmittal.encoding]
        self._files = {
            t.name: CsvFile(open_file(t.file), t, mapping.get(t.name, TableMapping()), encoding)
            for t in (kind.notices, *kind.details)
        }
        self._gaiji = Lookup(rules.gaiji, rules.unsettled)
        self._parsers = {
            t.name: [(c.key, parser(c, self._gaiji)) for c in t.columns] for t in (kind.notices, *kind.details)
        }
        self._repeats = Repeats(kind)
        keys = [c.key for c in kind.notices.columns]
        self._total_place, self._addressee_place = keys.index(kind.total), keys.index("addressee_number")

    def __iter__(self) -> Iterator[Outcome]:
        # Sorting reads a file to its end before it gives the first row: what repeats is known by then.
        details = [_Grouped(sort_rows(self._watched(t))) for t in self.kind.details]
        notices = sort_rows(self._repeats.notices(self._files[self.kind.notices.name]))
        for number, same in groupby(notices, key=lambda r: r.key):
            rows = list(same)
            for table, grouped in zip(self.kind.details, details, strict=True):
                yield from self._orphans(table, grouped.before(number))
            parts = [grouped.at(number) for grouped in details]
            if not number:  # nobody can say whose these are
                for table, part in zip(self.kind.details, parts, strict=True):
                    yield from self._orphans(table, iter(part))
            yield self._outcome(number, rows, parts)
        for table, grouped in zip(self.kind.details, details, strict=True):
            yield from self._orphans(table, grouped.before(None))
        for file in self._files.values():
            if file.problems:
                yield Outcome(None, file.problems, 0)

    def _watched(self, table: Table) -> Iterator[Row]:
        file = self._files[table.name]
        return self._repeats.paid(file) if table.name == self.kind.payable else iter(file)

    @property
    def notices(self) -> int:
        """Rows of notices.csv so far."""
        return self._files[self.kind.notices.name].rows

    def _orphans(self, table: Table, rows: Iterator[Row]) -> Iterator[Outcome]:
        for row in rows:
            if row.cells:
                message = "この行の通知書番号は通知書のファイルにありません。番号を直すか、行を除いてください。"
                yield Outcome(None, [self._problem(table, row.row, "number", "orphan_row", message, row.key)], 0)

    def _problem(self, table: Table, row: int, column: str, code: str, message: str, key: str) -> Problem:
        """A problem in the words of the city's own file; ``column`` is our key, empty for the whole row."""
        title = self._files[table.name].title(column) if column else ""
        return Problem(table.file, row, title, code, message, shown_number(key))

    def _outcome(self, number: str, rows: list[Row], parts: list[list[Row]]) -> Outcome:
        problems: list[Problem] = []
        listed: list[Listed] = []
        for row in rows:
            self.tax_total += self._stated_tax(row)
        if not number:
            return self._unnumbered(rows)
        if len(rows) > 1:
            message = f"同じ通知書番号が{len(rows)}行あります。どれが正しいかを決めて1行にしてください。"
            problems += [
                self._problem(self.kind.notices, r.row, "number", "duplicate_number", message, number) for r in rows
            ]
            return Outcome(None, problems, len(rows))
        head = self._values(self.kind.notices, rows[0], problems, listed)
        tables: dict[str, list[list[Value]]] = {}
        for table, part in zip(self.kind.details, parts, strict=True):
            read = ((row, self._values(table, row, problems, listed)) for row in part)
            parsed = [(row, values) for row, values in read if values is not None]
            if len(parsed) == len(part):
                if table.sort:
                    parsed.sort(key=lambda pair: pair[1][table.sort])
                part[:] = [row for row, _ in parsed]
                tables[table.name] = [list(values.values())[1:] for _, values in parsed]
        if head is None or problems or len(tables) != len(parts):
            owner = self._addressee(rows[0])
            return Outcome(None, problems, 1, [msgspec.structs.replace(told, addressee=owner) for told in listed])
        notice = self._notice(rows[0].row, head, tables)
        problems += self._addressee_problems(notice, rows[0].row)
        problems += self._kind_problems(notice, rows[0], parts)
        if not problems:  # rows of one notice are told already
            problems += self._repeat_problems(notice, rows[0], parts)
        if not problems:  # only a sound notice is measured: a fault is told once, at its cause
            listed = self._fit_problems(notice, rows[0], parts)
            problems += [told.problem for told in listed]
        return Outcome(None, problems, 1, listed) if problems else Outcome(notice, [], 0)

    def _unnumbered(self, rows: list[Row]) -> Outcome:
        """Rows without a notice number; those with broken columns have their problem from the file."""
        table = self.kind.notices
        message = "「通知書番号」が空です。値を入れてください。"
        problems = [self._problem(table, r.row, "number", "required", message, "") for r in rows if r.cells]
        return Outcome(None, problems, len(rows))

    def _stated_tax(self, row: Row) -> int:
        """The row's tax for the transmittal's total, whether or not the row is otherwise sound."""
        cell = row.cells[self._total_place] if row.cells else ""
        digits = cell.removeprefix("-")
        return int(cell) if digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS else 0

    def _addressee(self, row: Row) -> str:
        """The addressee number of a row that may have other faults; empty when it is none itself."""
        cell = row.cells[self._addressee_place] if row.cells else ""
        return cell if cell.isascii() and cell.isdigit() and len(cell) <= _DIGITS else ""

    def _values(self, table: Table, row: Row, problems: list[Problem], listed: list[Listed]) -> dict[str, Value] | None:
        """A row's cells as values; None, with problems noted, when one of them cannot be taken."""
        if not row.cells:
            return None  # the file noted its column count already
        values: dict[str, Value] = {}
        for (key, parse), cell in zip(self._parsers[table.name], row.cells, strict=True):
            try:
                values[key] = parse(cell)
            except CellFault as fault:
                problem = self._problem(table, row.row, key, fault.code, fault.message, row.key)
                problems.append(problem)
                if fault.gaiji:
                    codes = tuple((code_of(char), self._gaiji.state(char)) for char in fault.gaiji)
                    told = around(cell, self._gaiji)
                    listed.append(Listed(problem, "", len(cell), 0, codes, told))
        return values if len(values) == len(row.cells) else None

    def _notice(self, row: int, head: dict[str, Value], tables: dict[str, list[list[Value]]]) -> Notice:
        values = dict(head)
        number = str(values.pop("number"))
        who = {k: str(values.pop(k)) for k in ("name", "honorific", "address", "building", "country")}
        zip_code = str(values.pop("zip")).replace("-", "")
        known = not who["country"] and self._rules.knows_zip(zip_code)
        addressee = Addressee(
            number=str(values.pop("addressee_number")),
            zip=zip_code,
            barcode=self._rules.barcode(zip_code, who["address"], who["building"]) if known else "",
            **who,
        )
        return Notice(self._transmittal.city, self.kind.code, number, row, addressee, values, tables)

    def _addressee_problems(self, notice: Notice, row: int) -> list[Problem]:
        found: list[tuple[str, str, str]] = []
        addressee = notice.addressee
        if checkdigit.addressee_number_digit(addressee.number[:-1]) != addressee.number[-1]:
            found.append(
                ("addressee_number", "check_digit", "宛名番号の検査数字が合いません。番号を確かめてください。")
            )
        code = addressee.zip
        if addressee.country:
            if code:
                found.append(
                    (
                        "zip",
                        "zip_with_country",
                        "国名のある宛先に日本の郵便番号があります。どちらかを空にしてください。",
                    )
                )
        elif not code:
            found.append(("zip", "required", "「郵便番号」が空です。国外あてのときは国名を入れてください。"))
        elif not (len(code) == 7 and code.isascii() and code.isdigit()):
            found.append(("zip", "zip_format", "郵便番号は 525-0034 か 5250034 の形で入れてください。"))
        elif not self._rules.knows_zip(code):
            found.append(("zip", "zip_unknown", "郵便番号が日本郵便の一覧にありません。正しい番号にしてください。"))
        return [self._problem(self.kind.notices, row, k, code, text, notice.number) for k, code, text in found]

    def _kind_problems(self, notice: Notice, head: Row, parts: list[list[Row]]) -> list[Problem]:
        return [
            self._located(c.table, c.index, c.column, c.code, c.message, head, parts)
            for c in self.kind.check(notice, self._rules.terms)
        ]

    def _repeat_problems(self, notice: Notice, head: Row, parts: list[list[Row]]) -> list[Problem]:
        message = (
            "この{}は、この提出の別の通知書にもあります。同じ番号の納付書が2枚あると、片方が未納のままになります。"
            "課税側のデータを確かめてください。"
        )
        return [
            self._located(self.kind.payable, index, key, f"repeated_{key}", message.format(title), head, parts)
            for index, key, title in self._repeats.of(notice)
        ]

    def _fit_problems(self, notice: Notice, head: Row, parts: list[list[Row]]) -> list[Listed]:
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
        self, table: str, index: int, column: str, code: str, message: str, head: Row, parts: list[list[Row]]
    ) -> Problem:
        """A problem at the file and row that it came from."""
        names = [t.name for t in self.kind.details]
        row = parts[names.index(table)][index].row if table in names and parts[names.index(table)] else head.row
        source = self.kind.table(table)
        return self._problem(source, row, column, code, message, head.key)

    def settle(self) -> None:
        """Compare the counts with the transmittal; :class:`BadInput` names both figures of each difference."""
        said = self._transmittal
        rows = {entry.name: entry.rows for entry in said.files}
        differing = [
            f"{title}: 送付票 {stated:,}、受領データ {counted:,}"
            for title, stated, counted in (
                ("通知書の件数", said.notices, self.notices),
                ("税額の合計（円）", said.tax_total, self.tax_total),
                *((f"{f.table.file} の行数", rows[f.table.file], f.rows) for f in self._files.values()),
            )
            if stated != counted
        ]
        if differing:
            raise BadInput(
                "送付票と受領データの合計が一致しないため受け取れません。"
                + "／".join(differing)
                + "。データか送付票を直して、もう一度提出してください。"
            )


class _Grouped:
    """Detail rows in key order, handed out next to the notices they belong to."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def _take(self) -> Row:
        row = self._next
        assert row is not None
        self._next = next(self._rows, None)
        return row

    def before(self, key: str | None) -> Iterator[Row]:
        """Rows whose key comes before ``key`` (None: all that are left): nobody asked for them."""
        while self._next is not None and (key is None or self._next.key < key):
            yield self._take()

    def at(self, key: str) -> list[Row]:
        rows = []
        while self._next is not None and self._next.key == key:
            rows.append(self._take())
        return rows


__all__ = ["BadInput", "Fit", "Outcome", "Rules", "SubmissionReader"]
