"""The vendor's reports (報告), read by a declared layout: each row an event in our own words, or kept as bad.

A row is a line: what one line breaks harms no other. Nothing is held but the line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from hashlib import sha256
from operator import itemgetter
from struct import Struct
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from printjobs.core.model import BadInput
from printjobs.core.reconcile import BAD, Event
from printjobs.core.stages import TOLD_IN_ROWS
from printjobs.reference.report_layout import FIELDS, ReportLayout

_DIGITS = 9
_LONGEST = 4_096  # bytes of a line; one without an end would fill the memory
_KEPT = 300  # characters of a bad row
_SHOWN = 20  # characters of a word in a reason
_ENDS = (b"", b"\n", b"\r\n")


class BadRow(NamedTuple):
    """A row that could not be read: what is known of it (``event.what`` is BAD), why in Japanese, and its text."""

    event: Event
    reason: str
    text: str


Row: TypeAlias = Event | BadRow | None  # None: a row that the layout passes over


class _Fault(Exception):
    """Why a row cannot be read; ``what`` it is, in which ``batch`` and ``piece``, as far as that is certain."""

    def __init__(self, reason: str, what: str = "", batch: int = 0, piece: int = 0) -> None:
        super().__init__(reason)
        self.known = (what, batch, piece)


class Before(NamedTuple):
    """How much of a file is an earlier report that has grown: up to which line, how many rows, whether all of it."""

    line: int
    rows: int
    is_all: bool


def taken_before(source: BinaryIO, reports: Mapping[str, int], header: bool) -> Before:
    """What of a file came before; ``reports`` are the rows of earlier reports by the SHA-256 of their bytes.

    Machines that export a whole day each time send the rows of the morning again: taken again, each would be a sheet
    that passed twice.
    """
    ends = {rows + header for rows in reports.values()}
    digest, lines, found, is_all = sha256(), 0, (0, 0), False
    for number, line in enumerate(source, start=1):
        bare = line.rstrip(b"\r\n")
        lines, is_all = lines + bool(bare), is_all and not bare
        if lines in ends:
            whole = (digest.copy() for _ in _ENDS)  # the end of its last line may have been written otherwise then
            before = {_hex(one, bare + end) for one, end in zip(whole, _ENDS, strict=True)}
            digest.update(line)
            if (before | {digest.hexdigest()}) & reports.keys():
                found, is_all = (number, lines - header), True
        else:
            digest.update(line)
    return Before(*found, is_all=is_all)


def _hex(digest: Any, more: bytes) -> str:
    digest.update(more)
    return str(digest.hexdigest())


def read_report(source: BinaryIO, layout: ReportLayout, after: int = 0) -> Iterator[Row]:
    """Every row but empty lines, in order, from behind line ``after``.

    :class:`BadInput` when the file does not begin with the layout's header.
    """
    reader, lines = _Reader(layout), _lines(source)
    if layout.header:
        reader.check_header(next(lines, (1, b""))[1])
    for line, raw in lines:
        if raw and line > after:
            yield reader.row(line, raw)


def _lines(source: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines by number without their ends; of one that is too long only the beginning."""
    number = 0
    while raw := source.readline(_LONGEST):
        number += 1
        more = raw
        while len(more) == _LONGEST and not more.endswith(b"\n"):
            more = source.readline(_LONGEST)
        yield number, (raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).rstrip(b"\r\n")


class _Reader:
    """A layout made ready for many rows."""

    def __init__(self, layout: ReportLayout) -> None:
        self._layout = layout
        self._events = layout.fields["event"].words
        self._statuses = layout.fields["status"].words
        self._marks = layout.fields["mark"].words
        self._record = Struct("".join(f"{width}s" for width in layout.widths))
        self._constants = [place.constant for place in layout.fields.values() if place.constant]
        places = {field: layout.fields[field] for field in FIELDS}
        at = [
            len(layout.columns) + self._constants.index(p.constant) if p.constant else layout.columns.index(p.column)
            for p in places.values()
        ]
        self._pick: Any = itemgetter(*at)

    def check_header(self, raw: bytes) -> None:
        layout = self._layout
        try:
            titles = self._split(raw.decode(layout.encoding))
        except (UnicodeDecodeError, csv.Error):
            titles = []
        if titles != list(layout.columns):
            raise BadInput(
                f"報告ファイルの見出しが、形式「{layout.title}」と違います。{layout.delimiter.join(layout.columns)} "
                "の順の列にするか、ファイルに合う形式を選んでください。"
            )

    def row(self, line: int, raw: bytes) -> Row:
        try:
            cells = self._cells(raw)
            event, batch, piece, mark, status, count = self._pick(cells + self._constants)
            what = self._what(event)
            if not what:
                return None
            numbers = _number(batch), _number(piece), _number(count)
            status = self._statuses.get(status, "")
            _check(what, status, *numbers)
            return Event(
                line, what, numbers[0] or 0, numbers[1] or 0, self._marks.get(mark, mark), status, numbers[2] or 0
            )
        except _Fault as fault:
            what, number, piece = fault.known
            text = raw.decode(self._layout.encoding, "replace")[:_KEPT]
            bad = Event(line, BAD, number, piece, "", what, 0)
            return BadRow(bad, _storable(f"{fault}。"), _storable(text))

    def _what(self, event: str) -> str:
        try:
            return self._events[event]
        except KeyError:
            raise _Fault(f"区分「{event[:_SHOWN]}」は、この形式にない語です") from None

    def _cells(self, raw: bytes) -> list[str]:
        try:
            if self._layout.form == "fixed":
                if len(raw) != self._record.size:
                    raise _Fault(f"{len(raw)}バイトの行です（{self._record.size}バイトのはずです）")
                return [part.decode(self._layout.encoding).strip() for part in self._record.unpack(raw)]
            cells = self._split(raw.decode(self._layout.encoding))
        except UnicodeDecodeError as error:
            raise _Fault(f"{self._layout.encoding} の文字として読めません") from error
        except csv.Error as error:
            raise _Fault("引用符が閉じていません") from error
        if len(cells) != len(self._layout.columns):
            raise _Fault(f"{len(cells)}列の行です（{len(self._layout.columns)}列のはずです）")
        return cells

    def _split(self, text: str) -> list[str]:
        if '"' not in text:
            return text.split(self._layout.delimiter)
        return next(csv.reader([text], delimiter=self._layout.delimiter, strict=True))


def _number(cell: str) -> int | None:
    """A number as written, None for an empty cell, below zero for what is no number that a machine counts to."""
    if not cell:
        return None
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell.lstrip("0")) <= _DIGITS else -1


def _check(what: str, status: str, batch: int | None, piece: int | None, count: int | None) -> None:
    """Raise :class:`_Fault` unless a row has what an event of its kind needs."""
    if -1 in (batch, piece, count):
        reason = f"番号か通数が、{_DIGITS}桁までの半角数字ではありません"
    elif what != "sheet" and batch is None:
        reason = "バッチの番号がありません"
    elif what == "piece" and piece is None:
        reason = "封筒の番号がありません"
    elif what == "piece" and not status:
        reason = "結果が、この形式にない語です"
    elif count is None and (what == "post" or what in TOLD_IN_ROWS):
        reason = "通数がありません"
    else:
        return
    raise _Fault(reason, what, max(batch or 0, 0), max(piece or 0, 0))


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd")  # PostgreSQL takes no NUL
