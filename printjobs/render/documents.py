"""Small documents for people: the operator's job sheet, a city's statement, a proof's index. ReportLab's Platypus."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    HRFlowable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from fonts import FontSet
from fonts.reportlab_font import drawn, register

from .charts import Chart, Picture
from .writer import Ink

_MARGIN = 20 * mm
_FRAME = 6.0  # pt that Platypus pads its frames by; tables would stick out by it
_WIDTH = A4[0] - 2 * _MARGIN
_TITLE = ParagraphStyle("title", fontName="gothic-bold", fontSize=15, leading=20)
_HEADING = ParagraphStyle(
    "heading",
    fontName="gothic-bold",
    fontSize=10.5,
    leading=15,
    spaceBefore=7 * mm,
    spaceAfter=2 * mm,
    keepWithNext=True,
)
_LONG_HEADING = ParagraphStyle("long heading", _HEADING, keepWithNext=False)
_LONG = 12  # lines: a longer table begins on the page of its heading, a shorter one is kept whole
_NOTE = ParagraphStyle(  # the lines of a note stand to the right of its ・
    "note", fontName="mincho", fontSize=9, leading=14.5, wordWrap="CJK", leftIndent=9, firstLineIndent=-9
)
_TEXT = ParagraphStyle("text", fontName="mincho", fontSize=9, leading=12.5, wordWrap="CJK")
_NUMBER = ParagraphStyle("number", _TEXT, alignment=TA_RIGHT)
_FACT = ParagraphStyle("fact", _TEXT, fontSize=10, leading=14)
_LABEL = ParagraphStyle("label", _TEXT, fontName="gothic", fontSize=9)
_HEAD = ParagraphStyle("head", _LABEL, fontSize=8.5, alignment=TA_CENTER)
_SUM_TEXT = ParagraphStyle("sum", _TEXT, fontName="gothic-bold")
_SUM_NUMBER = ParagraphStyle("sum number", _NUMBER, fontName="gothic-bold")
_HEAD_FILL = colors.Color(0.92, 0.92, 0.92)
_SUM = "合計"  # a row that begins with it closes its table
# A paragraph's spare leading lies below its line, so the padding above is the larger one.
# Without a font ReportLab names Helvetica, which no file here has.
_PADDING: list[Any] = [
    ("FONTNAME", (0, 0), (-1, -1), "mincho"),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 3.6),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.8),
    ("LEFTPADDING", (0, 0), (-1, -1), 2 * mm),
    ("RIGHTPADDING", (0, 0), (-1, -1), 2 * mm),
]


class Section(NamedTuple):
    """A heading with a ruled table: titles, rows, column widths in mm; numbers stand to the right.

    A newline begins a line. A last row that begins with 合計 is set apart as the sum. A number below zero has a ▲.
    ``height`` is that of each row in mm; at 0 a row is as high as its text. ``right``: columns whose texts stand where
    numbers do.
    """

    heading: str
    titles: tuple[str, ...]
    rows: Sequence[Sequence[str | int]]
    widths: tuple[float, ...]
    height: float = 0
    right: tuple[int, ...] = ()


def write(
    sink: BinaryIO,
    fonts: FontSet,
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section | Chart],
    notes: Sequence[str],
) -> None:
    """A document of a title, facts, ruled tables, bars and notes. The same input gives the same bytes."""
    register(fonts.chains)
    _build(sink, title, _story(title, facts, sections, notes), partial(_Numbered, title))


def pages(
    fonts: FontSet,
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section | Chart],
    notes: Sequence[str],
    total: int,
    first: int = 1,
) -> list[tuple[str, Ink]]:
    """The same document as page codes with their ink, from page ``first`` of a file that has ``total`` pages."""
    register(fonts.chains)
    kept: list[tuple[str, Ink]] = []
    story = _story(title, facts, sections, notes)
    _build(BytesIO(), title, story, partial(_Kept, fonts, kept, title, first, total))
    return kept


class _Numbered(Canvas):  # type: ignore[misc]
    """A canvas whose pages wait for their feet until it is known how many there are."""

    def __init__(self, title: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._foot_title, self._waiting = title, list[dict[str, Any]]()

    def showPage(self) -> None:  # noqa: N802 - ReportLab's name
        self._waiting.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        waiting = self._waiting
        for at, page in enumerate(waiting):
            self.__dict__.update(page)
            _foot(self, self._foot_title, at + 1, len(waiting))
            super().showPage()
        super().save()


class _Kept(Canvas):  # type: ignore[misc]
    """A canvas whose pages are bound into another file."""

    def __init__(
        self,
        fonts: FontSet,
        kept: list[tuple[str, Ink]],
        title: str,
        first: int,
        total: int,
        *args: Any,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._fonts, self._kept, self._foot_of = fonts, kept, (title, first, total)

    def showPage(self) -> None:  # noqa: N802 - ReportLab's name
        title, first, total = self._foot_of
        _foot(self, title, first + len(self._kept), total)
        ink = Ink()
        for face, glyphs in drawn(self._doc).items():
            for cluster in glyphs.values():
                chains = (c for c in self._fonts.chains.values() if (found := c.find(cluster)) and found[0] is face)
                ink.of(next(chains)).add(cluster)
        self._kept.append(("\n".join(self._code) + "\n", ink))
        super().showPage()


def _foot(canvas: Canvas, title: str, page: int, total: int) -> None:
    canvas.setFillColor(colors.black)
    canvas.setFont("gothic", 7.5)
    canvas.drawString(_MARGIN, 10 * mm, title)
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"{page}／{total}頁")


def _build(target: BinaryIO, title: str, story: list[Flowable], canvas_maker: Any) -> None:
    document: Any = SimpleDocTemplate(
        target, pagesize=A4, leftMargin=_MARGIN - _FRAME, rightMargin=_MARGIN - _FRAME,
        topMargin=18 * mm, bottomMargin=18 * mm, title=title, author="", creator="printjobs", invariant=1,
        initialFontName="mincho",
    )  # fmt: skip
    document.build(story, canvasmaker=canvas_maker)


def _story(
    title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section | Chart], notes: Sequence[str]
) -> list[Flowable]:
    rule = HRFlowable(width="100%", thickness=1.2, color=colors.black, spaceBefore=1.5 * mm, spaceAfter=5 * mm)
    story: list[Flowable] = [Paragraph(title, _TITLE), rule, _facts(facts)]
    for section in sections:
        if isinstance(section, Chart):
            story += [Paragraph(section.heading, _HEADING), Picture(section, _WIDTH)]
            continue
        lines = [_lines(row) for row in section.rows]
        if sum(lines) > _LONG:
            room = max(45 * mm, 25 * mm + lines[0] * _TEXT.leading)  # for the heading, the titles and the first row
            story += [CondPageBreak(room), Paragraph(section.heading, _LONG_HEADING), _table(section)]
        else:
            story += [Paragraph(section.heading, _HEADING), _table(section)]
    return [*story, Spacer(1, 6 * mm), *(Paragraph(note, _NOTE) for note in notes)]


def _lines(row: Sequence[str | int]) -> int:
    """Lines that a row says it has."""
    return max(str(value).count("\n") + 1 for value in row)


def _facts(facts: Sequence[tuple[str, str]]) -> Table:
    rows = [[Paragraph(label, _LABEL), Paragraph(value, _FACT)] for label, value in facts]
    style = [
        *_PADDING,
        ("BACKGROUND", (0, 0), (0, -1), _HEAD_FILL),
        ("INNERGRID", (0, 0), (-1, -1), 0.3, colors.black),
        ("BOX", (0, 0), (-1, -1), 0.8, colors.black),
    ]
    return Table(rows, colWidths=[35 * mm, _WIDTH - 35 * mm], hAlign="LEFT", style=TableStyle(style))


def _table(section: Section) -> Table:
    closed = bool(section.rows) and section.rows[-1][0] == _SUM
    rows = [[Paragraph(title, _HEAD) for title in section.titles]]
    for i, row in enumerate(section.rows):
        is_sum = closed and i == len(section.rows) - 1
        rows.append([_cell(v, is_sum=is_sum, right=at in section.right) for at, v in enumerate(row)])
    style = [
        *_PADDING,
        ("BACKGROUND", (0, 0), (-1, 0), _HEAD_FILL),
        ("INNERGRID", (0, 0), (-1, -1), 0.3, colors.black),
        ("BOX", (0, 0), (-1, -1), 0.8, colors.black),
    ]
    if closed:
        style.append(("LINEABOVE", (0, -1), (-1, -1), 0.8, colors.black))
    widths = [w * mm for w in section.widths]
    heights = [None, *[section.height * mm or None] * len(section.rows)]
    return Table(rows, colWidths=widths, rowHeights=heights, repeatRows=1, hAlign="LEFT", style=TableStyle(style))


def amount(value: int) -> str:
    """A number as accounts write it: ▲ stands for minus."""
    return f"{'▲' if value < 0 else ''}{abs(value):,}"


def _cell(value: str | int, *, is_sum: bool, right: bool) -> Paragraph:
    if isinstance(value, int):
        value, right = amount(value), True
    style = (_SUM_NUMBER if is_sum else _NUMBER) if right else (_SUM_TEXT if is_sum else _TEXT)
    return Paragraph(escape(value).replace("\n", "<br/>"), style)
