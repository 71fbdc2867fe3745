"""One print file: pieces in their final order, separators between them, a mark on every sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from layouts.language import Box, Frame, Grid, Style, Text
from printjobs.core.marks import sheet as sheet_mark
from printjobs.core.marks.sheet import SheetMark
from printjobs.core.model import Notice
from printjobs.reference import MarkPlace

from .compiled import CompiledLayout
from .composing import Composer
from .pdfx import Facts, print_writer
from .symbols import image_code, sheet_qr, sheet_qr_extent
from .template import Template
from .text import MM
from .writer import A4, PdfWriter, Sink

_MARK_TEXT = 5.0  # pt: the same text beside the symbol, for people
_SEPARATOR_STYLES = {
    "title": Style("gothic-bold", 30),
    "office": Style("gothic-bold", 60),
    "label": Style("gothic", 13),
    "value": Style("gothic-bold", 20),
    "warning": Style("gothic-bold", 18),
}


class FilePiece(NamedTuple):
    """A numbered piece with its notices; ``section`` counts the pieces after a separator, else 0."""

    number: int
    city: str
    office: str
    sheets: int
    inserts: int
    section: int
    notices: list[Notice]
    posting: int = 0


class FileJob(NamedTuple):
    """What all pieces of a file share; ``form`` is one of ``reference.FILE_FORMS``."""

    file_id: str
    run: str
    batch_id: str
    batch: int
    generation: int
    by_hand: bool
    date: str
    key: bytes
    form: str = "pdf"


class Written(NamedTuple):
    pages: int
    sheets: int
    bytes: int
    sha256: str


class PlanDiffers(Exception):
    """A notice rendered to another number of sheets than was planned: a fault of ours."""


def mark_area(place: MarkPlace, dpi: int) -> Box:
    """What a sheet mark takes of the paper, in mm: the symbol, its quiet zone, the clear space, the lines below."""
    mm = 25.4 / dpi
    side, margin = sheet_qr_extent(dpi, place.module_dots).width * mm, place.quiet_modules * place.module_dots * mm
    margin += place.clear
    lines = 2.3 * _MARK_TEXT / MM  # their leading and what the last one has below its own line
    return place.x - margin, place.y - margin, side + 2 * margin, side + 2 * margin + lines


class MarkPainter:
    """Draws a sheet mark at the vendor's place, on the device's own grid."""

    def __init__(self, layout: CompiledLayout, place: MarkPlace, dpi: int) -> None:
        dot = 72 / dpi
        self.side = sheet_qr_extent(dpi, place.module_dots).width * dot
        self.x = round(place.x * MM / dot) * dot
        self.y = round((A4[1] - place.y * MM - self.side) / dot) * dot
        self._below = self.y - (place.quiet_modules * place.module_dots * dot + place.clear * MM)
        self._chain = layout.fonts.chains["gothic"]

    def code(self, text: str, writer: PdfWriter) -> str:
        """Page code of the symbol and of its text in two lines below the quiet zone."""
        half = sheet_mark.LENGTH // 2
        lines = []
        for i, part in enumerate((text[:half], text[half:])):
            span = self._chain.spans(part, writer.ink.of(self._chain))[0]
            y = self._below - _MARK_TEXT * (0.9 + 1.1 * i)
            lines.append(f"1 0 0 1 {self.x - 3:.2f} {y:.2f} Tm<{span.codes}>Tj")
        resource = self._chain.faces[0].resource
        image = image_code(sheet_qr(text), self.x, self.y, self.side, self.side)
        return image + f"BT /{resource} {_MARK_TEXT:g} Tf {' '.join(lines)} ET\n"


def sheet_marks(job: FileJob, piece: FilePiece) -> Iterator[tuple[SheetMark, str]]:
    """The marks of a piece's sheets in order, and what they say; a separator's first, if there is one."""
    flags = sheet_mark.HAND_WORK if job.by_hand else 0
    if piece.section:
        mark = SheetMark(job.run, job.batch, piece.number, 0, 0, job.generation, flags | sheet_mark.SEPARATOR, 0)
        yield mark, sheet_mark.encode(mark, job.key)
    for sheet in range(1, piece.sheets + 1):
        end = sheet_mark.END_OF_PIECE if sheet == piece.sheets else 0
        mark = SheetMark(
            job.run, job.batch, piece.number, sheet, piece.sheets, job.generation, flags | end, piece.inserts
        )
        yield mark, sheet_mark.encode(mark, job.key)


def render_file(
    sink: Sink, layout: CompiledLayout, place: MarkPlace, dpi: int, job: FileJob, pieces: Iterable[FilePiece]
) -> Written:
    """Write a whole print file. The same job and pieces give the same bytes on every machine."""
    about: Facts = {"Batch": job.batch_id, "File": job.file_id, "Generation": job.generation}
    writer = print_writer(job.form, sink, title=job.file_id, date=job.date, facts=about)
    composer, painter = Composer(layout, writer), MarkPainter(layout, place, dpi)
    sheets = 0
    for piece in pieces:
        texts = [text for _, text in sheet_marks(job, piece)]
        sheets += len(texts)
        if piece.section:
            writer.begin_part({"Kind": "separator", "Piece": piece.number, "Sheets": 1})
            writer.add_page(_separator(layout, writer, job, piece) + painter.code(texts.pop(0), writer))
            writer.add_page("", shared=True)
        writer.begin_part({"Kind": "piece", "Piece": piece.number, "Sheets": piece.sheets, "City": piece.city})
        for notice in piece.notices:
            sides = layout.sides(notice)
            if len(sides) // 2 > len(texts):
                raise PlanDiffers(f"{job.file_id} piece {piece.number}: more sheets than planned")
            for i, side in enumerate(sides):
                code = composer.page(notice, side)
                if i % 2 == 0:
                    writer.add_page(code + painter.code(texts.pop(0), writer))
                else:  # the same guide for everybody: what stands on many backs is written once
                    writer.add_page(code, shared=side.rows is None)
        if texts:
            raise PlanDiffers(f"{job.file_id} piece {piece.number}: {len(texts)} sheets less than planned")
    writer.close()
    return Written(writer.pages, sheets, writer.size, writer.sha256)


def _separator(layout: CompiledLayout, writer: PdfWriter, job: FileJob, piece: FilePiece) -> str:
    """Page code of a separator sheet (区分票): which office's pieces follow, how many, and in which posting.

    Large enough to be read standing at the inserter; it looks like no page of a notice.
    """
    template = Template(layout.fonts, _SEPARATOR_STYLES, {})
    last = piece.number + piece.section - 1
    facts = (
        ("通数", f"{piece.section:,}通" + (f"　差出し {piece.posting}" if piece.posting else "")),
        ("封筒番号", f"{piece.number:,} 〜 {last:,}"),
        ("バッチ", job.batch_id),
        ("印刷ファイル", job.file_id),
    )
    x, width, label, pitch, top = 26.0, 174.0, 44.0, 20.0, 116.0
    template.draw(
        [
            Frame(at=(x, 14, width, 22), weight=1.2),
            Text(at=(x, 14, width, 22), say="区　　分　　票", style="title", align="center"),
            Grid(
                at=(x, 44), columns=(label, width - label), rows=(64,),
                labels=("郵便区番号",), style="label", weight=0.6,
            ),
            Text(at=(x + label, 44, width - label, 64), say=piece.office or "外国", style="office", align="center"),
            Grid(
                at=(x, top), columns=(label, width - label), rows=(pitch,) * len(facts),
                labels=tuple(name for name, _ in facts), style="label", weight=0.6,
            ),
            *(
                Text(at=(x + label + 8, top + i * pitch, width - label - 12, pitch), say=value, style="value")
                for i, (_, value) in enumerate(facts)
            ),
            Frame(at=(x, 206, width, 18), weight=1.2),
            Text(at=(x, 206, width, 18), say="この紙は封入しません。", style="warning", align="center"),
        ]
    )  # fmt: skip
    writer.ink.add(template.ink)
    return template.code + "\n"
