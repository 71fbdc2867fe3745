"""A whole hand-in: its files joined by notice number, each notice a record or a problem.

Law 1: every row of notices.csv becomes exactly one record or one rejected notice with its problems,
and what was counted here must equal the transmittal, or the hand-in is refused with both figures.
Memory does not grow with the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import BinaryIO

from printjobs.core.kinds import Kind, Table
from printjobs.core.model import BadInput

from .csvfile import CsvFile
from .notices import NoticeReader, Outcome, Rules
from .repeats import Repeats
from .sorting import KEY, Row, sort_rows
from .transmittal import ENCODINGS, TableMapping, Transmittal

_DIGITS = 12  # of an amount that still counts to a total: one more than the largest that is printed


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
        encoding = ENCODINGS[transmittal.encoding]
        self._files = {
            t.name: CsvFile(open_file(t.file), t, mapping.get(t.name, TableMapping()), encoding)
            for t in (kind.notices, *kind.details)
        }
        self._repeats = Repeats(kind)
        self._notices = NoticeReader(kind, transmittal.city, rules, self._files, self._repeats)
        self._total_place = [c.key for c in kind.notices.columns].index(kind.total)

    def __iter__(self) -> Iterator[Outcome]:
        # Sorting reads a file to its end before it gives the first row: what repeats is known by then.
        details = [_Grouped(t, sort_rows(self._watched(t))) for t in self.kind.details]
        notices = sort_rows(self._repeats.notices(self._files[self.kind.notices.name]))
        for number, same in groupby(notices, key=KEY):
            rows = list(same)
            for grouped in details:
                if grouped.is_before(number):
                    yield from self._orphans(grouped.table, grouped.before(number))
            parts = [grouped.at(number) for grouped in details]
            if not number:  # nobody can say whose these are
                for table, part in zip(self.kind.details, parts, strict=True):
                    yield from self._orphans(table, part)
            yield self._outcome(number, rows, parts)
        for grouped in details:
            yield from self._orphans(grouped.table, grouped.before(None))
        for file in self._files.values():
            if file.problems:
                yield Outcome(None, file.problems, 0)

    def _watched(self, table: Table) -> Iterator[Row]:
        file = self._files[table.name]
        return self._repeats.paid(file) if table.name == self.kind.payable else iter(file)

    @property
    def notices(self) -> int:
        """Rows of notices.csv, once it was read to its end."""
        return self._files[self.kind.notices.name].rows

    def _orphans(self, table: Table, rows: Iterable[Row]) -> Iterator[Outcome]:
        message = "この行の通知書番号は通知書のファイルにありません。番号を直すか、行を除いてください。"
        for row in rows:
            if row.cells:
                problem = self._files[table.name].problem(row.row, "number", "orphan_row", message, row.key)
                yield Outcome(None, [problem], 0)

    def _outcome(self, number: str, rows: list[Row], parts: list[list[Row]]) -> Outcome:
        for row in rows:
            self.tax_total += self._stated_tax(row)
        if number and len(rows) == 1:
            return self._notices.outcome(rows[0], parts)
        file = self._files[self.kind.notices.name]
        if number:
            message = f"同じ通知書番号が{len(rows)}行あります。どれが正しいかを決めて1行にしてください。"
            problems = [file.problem(r.row, "number", "duplicate_number", message, number) for r in rows]
        else:  # those with broken columns have their problem from the file
            message = "「通知書番号」が空です。値を入れてください。"
            problems = [file.problem(r.row, "number", "required", message, "") for r in rows if r.cells]
        return Outcome(None, problems, len(rows))

    def _stated_tax(self, row: Row) -> int:
        """The row's tax for the transmittal's total, whether or not the row is otherwise sound."""
        cell = row.cells[self._total_place] if row.cells else ""
        digits = cell.removeprefix("-")
        return int(cell) if digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS else 0

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
    """Rows of a detail file in key order, handed out next to the notices they belong to."""

    def __init__(self, table: Table, rows: Iterator[Row]) -> None:
        self.table = table
        self._groups = groupby(rows, key=KEY)
        self._advance()

    def _advance(self) -> None:
        self._key: str | None
        self._rows: Iterable[Row]
        self._key, self._rows = next(self._groups, (None, ()))

    def is_before(self, key: str) -> bool:
        """Whether there are rows whose key comes before ``key``."""
        return self._key is not None and self._key < key

    def before(self, key: str | None) -> Iterator[Row]:
        """Rows whose key comes before ``key`` (None: all that are left): nobody asked for them."""
        while self._key is not None and (key is None or self._key < key):
            yield from self._rows
            self._advance()

    def at(self, key: str) -> list[Row]:
        if self._key != key:
            return []
        rows = list(self._rows)
        self._advance()
        return rows
