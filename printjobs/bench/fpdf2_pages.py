"""The way on fpdf2: one document, ``text()`` for every string.

Its public interface has nothing that is drawn once and shown on many pages (templates and headers draw anew; a
background is a picture), so static parts are drawn on every page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from fpdf import FPDF
from PIL import Image

from fonts import FontSet
from printjobs.render.writer import A4

from .contestant import FPDF2, FPDF2_READY, Contestant
from .measure import Clock
from .pictures import qr_picture, ready_picture
from .things import Line, Rect, Symbol, Text, Thing


class Fpdf2(Contestant):
    """Fonts are embedded TrueType, opened before the clock starts although every document has to open them again.

    QRs are pictures of ``qrcode``, as its manual shows; with ``ready`` they are spared it and come as finished bits.
    Bars are spared it: ready rectangles, a little quicker there than pictures.
    """

    def __init__(self, folder: Path, *, ready: bool = False) -> None:
        super().__init__(folder, FPDF2_READY if ready else FPDF2)
        self._forms = self.workload.forms()
        self._picture = ready_picture if ready else _picture
        self._faces = FontSet().faces

    def write(self, chosen: Sequence[int], clock: Clock) -> None:
        document = FPDF(unit="pt", format=A4)
        document.set_auto_page_break(auto=False)
        for face in self._faces:
            document.add_font(face.name, fname=face.path)
        with clock.running():
            for pages in self.workload.pages(chosen, clock):
                for page in pages:
                    document.add_page()
                    painter = _Painter(document, self._picture)
                    for name, x, y in page.forms:
                        painter.draw(self._forms[name], x, y)
                    painter.draw(page.things, 0, 0)
            document.output(str(self.path))


class Fpdf2Ready(Fpdf2):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ready=True)


def _picture(symbol: Symbol) -> Image.Image:
    return qr_picture(symbol.says) if symbol.says else ready_picture(symbol)


class _Painter:
    """Draws on the newest page; sets font and line width only when they change."""

    def __init__(self, document: FPDF, picture: Callable[[Symbol], Image.Image]) -> None:
        self._document = document
        self._picture = picture
        self._font: tuple[str, float] | None = None
        self._weight: float | None = None

    def draw(self, things: Iterable[Thing], x: float, y: float) -> None:
        """Draw things moved by x and y; theirs are from the lower left, fpdf2's from the upper left."""
        top = A4[1] - y
        for thing in things:
            if isinstance(thing, Text):
                self._text(thing, x, top)
            elif isinstance(thing, Line):
                self._line(thing, x, top)
            elif isinstance(thing, Rect):
                self._rect(thing, x, top)
            else:
                self._symbol(thing, x, top)

    def _text(self, text: Text, x: float, top: float) -> None:
        document = self._document
        if self._font != (text.face, text.size):
            self._font = (text.face, text.size)
            document.set_font(text.face, size=text.size)
        if text.stretch != 100:
            document.set_stretching(text.stretch)
        if text.spacing:
            document.set_char_spacing(text.spacing)
        document.text(x + text.x, top - text.y, text.say)
        if text.stretch != 100:
            document.set_stretching(100)
        if text.spacing:
            document.set_char_spacing(0)

    def _weigh(self, weight: float) -> None:
        if self._weight != weight:
            self._weight = weight
            self._document.set_line_width(weight)

    def _line(self, line: Line, x: float, top: float) -> None:
        self._weigh(line.weight)
        if line.dash:
            self._document.set_dash_pattern(line.dash, line.dash)
        self._document.line(x + line.x1, top - line.y1, x + line.x2, top - line.y2)
        if line.dash:
            self._document.set_dash_pattern()

    def _rect(self, rect: Rect, x: float, top: float) -> None:
        self._weigh(rect.weight)
        if rect.grey is not None:
            self._document.set_fill_color(round(rect.grey * 255))
        style = ("D" if rect.weight else "") + ("F" if rect.grey is not None else "")
        self._document.rect(x + rect.x, top - rect.y - rect.height, rect.width, rect.height, style=style)
        if rect.grey is not None:
            self._document.set_fill_color(0)

    def _symbol(self, symbol: Symbol, x: float, top: float) -> None:
        for left, bottom, width, height in symbol.bars:
            self._document.rect(x + left, top - bottom - height, width, height, style="F")
        if not symbol.bars:
            image = self._picture(symbol)
            self._document.image(image, x + symbol.x, top - symbol.y - symbol.height, symbol.width, symbol.height)
