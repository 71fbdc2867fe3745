"""A posting statement (差出票) on paper: for the counter, with its breakdown (内訳票), and the copy that comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fonts import FontSet

from . import documents
from .documents import Section
from .writer import PdfWriter, Sink

_TITLE, _BREAKDOWN = "料金後納郵便物等差出票", "差出票 内訳票"
_ROWS = ("重量・形状", "バーコード", "通数", "単価（円）", "割引", "割引の内訳", "金額（円）")
_ROW_WIDTHS = (40.0, 20.0, 17.0, 19.0, 12.0, 38.0, 24.0)
_WIDTH, _MOST = 170.0, 30.0  # mm: a table, a column of numbers
_STAMP_WIDTHS = (50.0, 40.0, 40.0, 40.0)
_STAMP = 26.0  # mm: the office's date stamp with room around it
_STAMPS = {
    "受付（郵便局記入欄）": ("引受けの日付印", "受付者", "確かめた通数", "備考"),
    "受領印（郵便局）": ("受領印", "受付者", "受け取った通数", "備考"),
}


class Breakdown(NamedTuple):
    """A table of pieces: its first columns with the mm that they need, then numbers; the last row is the sum."""

    heading: str
    first: tuple[tuple[str, float], ...]
    numbers: tuple[str, ...]
    rows: Sequence[Sequence[str | int]]


class Paper(NamedTuple):
    """What stands on one statement; the last of ``rows`` is the sum. ``draft``: it is not to be handed in."""

    facts: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str | int]]
    breakdowns: Sequence[Breakdown]
    notes: Sequence[str]
    draft: bool


def write_statement(sink: Sink, fonts: FontSet, paper: Paper, date: str) -> None:
    """The statement, its breakdown where it has one, and the copy; each with its own page numbers. ``date`` is ISO."""
    writer = PdfWriter(sink, title=_TITLE, date=date)
    draft = "（下書き）" if paper.draft else ""
    prices = Section("料金", _ROWS, paper.rows, _ROW_WIDTHS)
    original, copy = (Section(name, titles, [[""] * 4], _STAMP_WIDTHS, _STAMP) for name, titles in _STAMPS.items())
    tables = [_section(breakdown) for breakdown in paper.breakdowns]
    _add(writer, fonts, _TITLE + draft, paper.facts, (prices, original), paper.notes)
    if tables:
        _add(writer, fonts, _BREAKDOWN + draft, paper.facts[:2], tables, ())
    _add(writer, fonts, f"{_TITLE}（控え）{draft}", paper.facts, (prices, copy), paper.notes)
    writer.close()


def _section(breakdown: Breakdown) -> Section:
    """Columns of numbers as wide as there is room; what is left over goes to the first of all."""
    titles, firsts = zip(*breakdown.first, strict=True)
    many = len(breakdown.numbers)
    each = min(_MOST, (_WIDTH - sum(firsts)) / many)
    widths = (_WIDTH - sum(firsts[1:]) - each * many, *firsts[1:], *[each] * many)
    return Section(breakdown.heading, (*titles, *breakdown.numbers), breakdown.rows, widths)


def _add(
    writer: PdfWriter,
    fonts: FontSet,
    title: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    notes: Sequence[str],
) -> None:
    total = 0
    for _ in range(2):  # once to count the pages
        pages = documents.pages(fonts, title=title, facts=facts, sections=sections, notes=notes, total=total)
        total = len(pages)
    for code, ink in pages:
        writer.ink.add(ink)
        writer.add_page(code)
