"""Every page of a finished file against the records: texts, symbols, order, one owner and one city in an envelope.

Laws 2 and 3 on paper: pages in the file = pages in the plan, in its order; every sheet is the one that its mark
names; every text and symbol is the record's. The page's own code is read (``reading``), so every page is, not a sample;
a sample is read from pixels too (``pixels``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pikepdf

from layouts.language import Mark
from printjobs import reference
from printjobs.core.kinds import slips_of
from printjobs.core.marks import sheet as sheet_mark
from printjobs.core.model import Notice

from . import forms, reading, symbols
from .fault import NEXT, Difference, PreflightError
from .paying import Payee
from .pixels import Pictures
from .slots import SlotReader
from .telling import Ask, Teller, Value
from .typefaces import typefaces
from .wanted import Declared, Group, Job, Own, Piece, Row, Separator, Side, Symbol

_NOTE = ("F1", 5.0)  # face and size of the text below a sheet mark
_NOTE_LEFT, _NOTE_DOWN = 3.0, (4.5, 10.0)  # pt from the symbol's left, and of each line below the mark's clear space
_OFF = 0.01  # pt that a row may be off its place: what its three decimals leave


class _Mark(NamedTuple):
    mark: Mark
    ask: Ask


class _Block(NamedTuple):
    """What a set of blocks must have. ``forms``: each with the slot that it comes before, all first on a page itself.

    ``slip``: it holds what a payment is made by.
    """

    forms: list[tuple[bytes, int]]
    slots: list[SlotReader]
    marks: list[_Mark]
    slip: bool


def check(path: Path, job: Job, pieces: Iterable[Piece]) -> int:
    """Compare a whole file with ``pieces`` in order; the number of pages that were read.

    Raises :class:`PreflightError` at the first page that differs. It names file, sheet and piece, and never says
    what stands there.
    """
    reader = None
    try:
        with pikepdf.open(path, attempt_recovery=False) as pdf, Pictures(path) as pictures:
            reader = _Reader(pdf, job, pictures)
            for piece in pieces:
                reader.piece(piece)
            reader.end()
    except Difference as difference:
        told = f"{reader.place if reader else ' '}を読み戻すと、{difference}"
    except pikepdf.PdfError:
        told = f"{reader.place if reader else ' '}を PDF として読めません"
    else:
        return reader.read
    raise PreflightError(f"{path.name}{told}。{NEXT}")


def _check_marks(piece: Piece) -> None:
    """The marks that the plan gave the sheets say, decoded, what the plan says of the piece."""
    own, count = piece.marking, len(piece.marks)
    wanted = [(number, count, piece.inserts, number == count, False) for number in range(1, count + 1)]
    marks = list(piece.marks)
    if piece.separator:
        wanted.insert(0, (0, 0, 0, False, True))
        marks.insert(0, piece.separator.mark)
    for text, (number, of, inserts, ends, separates) in zip(marks, wanted, strict=True):
        flags = sheet_mark.HAND_WORK * own.by_hand | sheet_mark.END_OF_PIECE * ends | sheet_mark.SEPARATOR * separates
        said = (own.run, own.batch, piece.number, number, of, own.generation, flags, inserts)
        if sheet_mark.decode(text, own.key) != said:
            raise Difference("計画した用紙のQRの中身が、計画と違います")


class _Reader:
    """Goes through a file page by page. ``read``: pages so far; ``number``: of the piece it is at."""

    def __init__(self, pdf: pikepdf.Pdf, job: Job, pictures: Pictures) -> None:
        self.read, self.number = 0, 0
        self._at = 0
        self._job, self._pictures = job, pictures
        self._pages: Iterator[Any] = iter(pdf.pages)
        self._resources: Any = pdf.pages[0].obj.Resources
        self._faces = typefaces(self._resources, job.chains.values())
        biller = reference.marks().biller
        payees = {
            code: Payee(
                job.kind,
                code,
                job.year,
                msgspec.structs.replace(biller, organisation=words.values["city.biller"]),
                el_qr=words.values["city.el_qr"] == "あり",
                mpn=words.values["city.mpn"] == "あり",
            )
            for code, words in job.cities.items()
        }
        self._teller = Teller(job.kind, job.cities, payees)
        self._blocks: dict[tuple[Declared, ...], _Block] = {}
        self._slots: dict[tuple[Declared, int], SlotReader] = {}
        self._forms: set[bytes] = set()
        self._backs: dict[tuple[int, int], list[Value]] = {}
        self._symbols: list[Symbol] = []
        self._pictured: set[tuple[int, int]] = set()

    @property
    def place(self) -> str:
        """The sheet that it is at, counted from the first of the file, and the piece."""
        return f" の{self._at // reference.PAGES_PER_SHEET + 1}枚目（封筒番号 {self.number}）"

    def _next(self) -> Any:
        page = next(self._pages, None)
        self._at = self.read
        self.read += 1
        if page is None:
            raise Difference("頁が計画より少なくなっています")
        return page.obj

    def end(self) -> None:
        """:class:`Difference` for a page behind the last piece."""
        self._at = self.read
        if next(self._pages, None) is not None:
            raise Difference("計画にない頁があります")

    def piece(self, piece: Piece) -> None:
        """All sheets of one envelope."""
        self.number, self._at = piece.number, self.read
        _check_marks(piece)
        if piece.separator:
            self._separator(piece.separator, sampled=piece.sampled)
        if any(own.notice.city != piece.city for own in piece.notices):
            raise Difference("1つの封筒に2つの市の通知があります")
        if any(own.notice.addressee != piece.notices[0].notice.addressee for own in piece.notices):
            raise Difference("1つの封筒に2人あての通知があります")
        if sum(len(own.sides) for own in piece.notices) != len(piece.marks) * reference.PAGES_PER_SHEET:
            raise Difference("通知の紙の数が計画と違います")
        marks = iter(piece.marks)
        for own in piece.notices:
            self._notice(own, marks, sampled=piece.sampled)

    def _notice(self, own: Own, marks: Iterator[str], *, sampled: bool) -> None:
        shown: dict[str, list[Row]] = defaultdict(list)
        slips = 0
        for i, side in enumerate(own.sides):
            page = self._next()
            if i % reference.PAGES_PER_SHEET == 0:
                self._symbols = []
                self._front(page, own.notice, side, next(marks))
                if sampled:
                    self._pictures.check(self.read - 1, self._symbols, self._job.white["front"])
            else:
                self._back(page, own.notice, side)
                if sampled and page.Contents.objgen not in self._pictured:
                    self._pictured.add(page.Contents.objgen)
                    self._pictures.check(self.read - 1, (), self._job.white["back"])
            for group in side.groups[1:]:
                shown[group.view].append(group.row)
                slips += self._block(group.blocks).slip
        for view, rows in own.views.items():
            found = shown.pop(view, [])
            if len(found) != len(rows) or any(a is not b for a, b in zip(found, rows, strict=True)):
                raise Difference("明細の行が足りないか、多いか、順が違います")
        if shown or slips != slips_of(self._job.kind, own.notice):
            raise Difference("納付書の数がデータと違います")

    def _separator(self, separator: Separator, *, sampled: bool) -> None:
        page = self._next()
        forms.check_separator(page.Contents, separator.says, self._faces)
        code: bytes = page.Contents.read_bytes()
        last = reading.read(b"\n".join(code.split(b"\n")[-6:]))
        self._symbols = []
        if not last.parts[-1].images:
            raise Difference("用紙のQRがありません")
        self._sheet_mark(last.parts[-1].images[0], last.note, separator.mark)
        if sampled:
            self._pictures.check(self.read - 1, self._symbols, ())
        if self._next().Contents.read_bytes():
            raise Difference("区分票の裏に印刷があります")

    def _front(self, page: Any, notice: Notice, side: Side, mark: str) -> None:
        sheet = reading.read(page.Contents.read_bytes())
        if sheet.note is None or not sheet.parts[-1].images:
            raise Difference("用紙のQRがありません")
        image = sheet.parts[-1].images.pop()
        self._sheet_mark(image, sheet.note, mark)
        self._parts(sheet, notice, side)

    def _back(self, page: Any, notice: Notice, side: Side) -> None:
        """A back carries no mark; one that many sheets share is taken apart once."""
        contents = page.Contents
        says: list[Value] = []
        if side.shared:
            says = self._says(notice, side)
            if self._backs.get(contents.objgen) == says:
                return
        sheet = reading.read(contents.read_bytes())
        if sheet.note is not None:
            raise Difference("裏に用紙のQRがあります")
        self._parts(sheet, notice, side)
        if side.shared:
            self._backs[contents.objgen] = says

    def _says(self, notice: Notice, side: Side) -> list[Value]:
        """Everything that decides what a page must show."""
        says: list[Value] = [notice.city]
        for group in side.groups:
            block = self._block(group.blocks)
            says.append(id(block))
            says += [slot.ask(notice, group.row, side) for slot in block.slots]
            says += [mark.ask(notice, group.row, side) for mark in block.marks]
        return says

    def _parts(self, sheet: reading.Sheet, notice: Notice, side: Side) -> None:
        if len(sheet.parts) != len(side.groups):
            raise Difference("頁の行の数がデータと違います")
        for part, group in zip(sheet.parts, side.groups, strict=True):
            self._part(part, group, notice, side)

    def _part(self, part: reading.Part, group: Group, notice: Notice, side: Side) -> None:
        block, row = self._block(group.blocks), group.row
        if abs(part.down - group.down * symbols.MM) > _OFF:
            raise Difference("行の位置が違います")
        lines, at = part.texts, 0
        starts = []
        for slot in block.slots:
            starts.append(at)
            value = slot.ask(notice, row, side)
            found = slot.known.get(value)
            if found is None or lines[at : at + len(found)] != found:
                found = slot.settle(lines, at, value)
            at += len(found)
        starts.append(at)
        city = notice.city.encode()
        if part.forms != [(name + city, starts[slot]) for name, slot in block.forms]:
            raise Difference("頁の様式が違います")
        self._check_forms(part.forms)
        if at != len(lines):
            raise Difference("データにない文字があります")
        self._marks(part, block, group, notice, side)

    def _marks(self, part: reading.Part, block: _Block, group: Group, notice: Notice, side: Side) -> None:
        images = iter(part.images)
        for mark, ask in block.marks:
            if says := str(ask(notice, group.row, side)):
                image = next(images, None)
                if image is None:
                    raise Difference(f"{symbols.NAMES[mark.mark]}がありません")
                self._symbol(image, mark.mark, mark.at[:2], group.down, says)
        if next(images, None) is not None:
            raise Difference("データにない記号があります")

    def _symbol(self, image: reading.Image, kind: str, at: tuple[float, float], down: float, says: str) -> None:
        """Where a symbol stands, and what it says."""
        box, bits = reading.image(image)
        symbols.check_place(kind, box, symbols.place_of(kind, at, down))
        symbols.check_says(kind, bits, says)
        self._symbols.append(Symbol(kind, says, box, symbols.quiet_of(kind)))

    def _sheet_mark(self, image: reading.Image, note: reading.Note | None, mark: str) -> None:
        box, bits = reading.image(image)
        place = reference.vendor().mark
        symbols.check_place("sheet", box, symbols.place_of("sheet", (place.x, place.y), 0))
        symbols.check_says("sheet", bits, mark)
        self._symbols.append(Symbol("sheet", mark, box, symbols.quiet_of("sheet")))
        if note is None or (note.font, note.size) != _NOTE or note.font not in self._faces:
            raise Difference("用紙のQRの下の文字が違います")
        said = "".join(self._faces[note.font].read(codes)[0] for _, _, codes in note.lines)
        if said != mark:
            raise Difference("用紙のQRの下の文字が計画と違います")
        clear = box[1] + box[3] + symbols.quiet_of("sheet")[1] + place.clear
        left, below = box[0] * symbols.MM - _NOTE_LEFT, symbols.HEIGHT - clear * symbols.MM
        for (x, y, _), down in zip(note.lines, _NOTE_DOWN, strict=True):
            if max(abs(x - left), abs(y - below + down)) > _OFF:
                raise Difference("用紙のQRの下の文字の位置が違います")

    def _check_forms(self, drawn: list[tuple[bytes, int]]) -> None:
        """Each form once a file."""
        for name, _ in drawn:
            if name not in self._forms:
                block, _, city = name.decode().rpartition(".")
                form = self._resources.XObject.get(f"/{name.decode()}")
                if form is None:
                    raise Difference("様式がファイルにありません")
                forms.check_form(form, self._job, block, city, self._faces)
                self._forms.add(name)

    def _block(self, blocks: tuple[Declared, ...]) -> _Block:
        found = self._blocks.get(blocks)
        if found is None:
            found = self._blocks[blocks] = self._compile(blocks)
        return found

    def _compile(self, blocks: tuple[Declared, ...]) -> _Block:
        slots = [self._slot(block, i) for block in blocks for i in range(len(block.slots))]
        marks = [_Mark(m, self._teller.value(m.of, block.table)) for block in blocks for m in block.marks]
        of = chain.from_iterable([*(m.of for m in block.marks), *(s.text for s in block.slots)] for block in blocks)
        before = accumulate((len(block.slots) for block in blocks), initial=0)
        drawn = [
            (f"{block.form}.".encode(), slot if block.table else 0)
            for block, slot in zip(blocks, before, strict=False)
            if block.form
        ]
        return _Block(drawn, slots, marks, any("pay." in text for text in of))

    def _slot(self, block: Declared, place: int) -> SlotReader:
        """One reader a slot, also where its block is drawn together with others."""
        if (block, place) not in self._slots:
            slot, job = block.slots[place], self._job
            style = job.styles[slot.style]
            told = self._teller.slot(slot.text, block.table)
            self._slots[block, place] = SlotReader(slot, style, job.chains[style.font], told, self._faces)
        return self._slots[block, place]
