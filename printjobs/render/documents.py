"""Small documents for people: the operator's job sheet and a city's statement. ReportLab's Platypus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from fonts import FontSet
from fonts.reportlab_font import register

_TITLE = ParagraphStyle("title", fontName="gothic-bold", fontSize=15, leading=21, spaceAfter=4 * mm)
_HEADING = ParagraphStyle(
    "heading", fontName="gothic-bold", fontSize=10.5, leading=15, spaceBefore=5 * mm, spaceAfter=1.5 * mm
)
_BODY = ParagraphStyle("body", fontName="mincho", fontSize=9.5, leading=15, wordWrap="CJK")
_CELL = ParagraphStyle("cell", fontName="mincho", fontSize=8.5, leading=11.5, wordWrap="CJK")
_HEAD_FILL = colors.Color(0.92, 0.92, 0.92)


class Section(NamedTuple):
    """A heading with a ruled table: titles, rows, column widths in mm; numbers stand to the right."""

    heading: str
    titles: tuple[str, ...]
    rows: Sequence[Sequence[str | int]]
    widths: tuple[float, ...]


def write(
    sink: BinaryIO,
    fonts: FontSet,
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    notes: Sequence[str],
) -> None:
    """A document of a title, facts, ruled tables and notes. The same input gives the same bytes."""
    register(fonts.chains)
    document: Any = SimpleDocTemplate(
        sink, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
        title=title, author="", creator="printjobs", invariant=1, initialFontName="mincho",
    )  # fmt: skip
    story: list[Flowable] = [Paragraph(title, _TITLE), _facts(facts)]
    for section in sections:
        story += [Paragraph(section.heading, _HEADING), _table(section)]
    story += [Spacer(1, 5 * mm), *(Paragraph(note, _BODY) for note in notes)]
    document.build(story, onFirstPage=_footer, onLaterPages=_footer)


def _footer(canvas: Any, _document: Any) -> None:
    canvas.setFont("mincho", 8)
    canvas.drawCentredString(A4[0] / 2, 10 * mm, f"{canvas.getPageNumber()}")


def _facts(facts: Sequence[tuple[str, str]]) -> Table:
    table = Table(
        [[label, Paragraph(value, _BODY)] for label, value in facts], colWidths=[35 * mm, 135 * mm], hAlign="LEFT"
    )
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (0, -1), "gothic", 9),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.3, colors.black),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def _table(section: Section) -> Table:
    rows = [list(section.titles)]
    rows += [[_cell(value) for value in row] for row in section.rows]
    table = Table(rows, colWidths=[w * mm for w in section.widths], repeatRows=1, hAlign="LEFT")
    style: list[Any] = [
        ("FONT", (0, 0), (-1, 0), "gothic", 8.5),
        ("FONT", (0, 1), (-1, -1), "mincho", 9),
        ("BACKGROUND", (0, 0), (-1, 0), _HEAD_FILL),
        ("ALIGN", (0, 0), (-1, 0), "CENTER"),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("GRID", (0, 0), (-1, -1), 0.3, colors.black),
        ("BOX", (0, 0), (-1, -1), 0.8, colors.black),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
    for column in range(len(section.titles)):
        if section.rows and all(isinstance(row[column], int) for row in section.rows):
            style.append(("ALIGN", (column, 1), (column, -1), "RIGHT"))
    table.setStyle(TableStyle(style))
    return table


def _cell(value: str | int) -> Any:
    return f"{value:,}" if isinstance(value, int) else Paragraph(value, _CELL)
