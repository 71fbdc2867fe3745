"""The two ways on ReportLab's canvas: static parts once as forms, or everything anew in a document per notice.

Both use ReportLab's own TrueType fonts, as its manual says, which is quicker than our CID fonts there, and neither
wraps its streams in ASCII 85, which is ReportLab's default and would cost it a fifth of its speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from fonts import FontSet
from printjobs.render.writer import A4

from .contestant import FORMS, FORMS_READY, OBVIOUS, Contestant
from .measure import Clock
from .pictures import qr_mask, qr_picture, ready_picture
from .things import Line, Page, Rect, Symbol, Text, Thing

_FIRST = "BIZUDMincho-Regular"  # what a new page has, so that no file names Helvetica


def _prepare() -> None:
    rl_config.useA85 = 0
    for face in FontSet().faces:
        pdfmetrics.registerFont(TTFont(face.name, str(face.path)))


class ReportLabForms(Contestant):
    """One canvas, every static part a form XObject, ``drawString`` for the rest.

    A QR is made by ``qrcode`` with version and mask given, and drawn as the very inline mask that we write; with
    ``ready`` that is spared it too, as bars always are: finished bits.
    """

    def __init__(self, folder: Path, *, ready: bool = False) -> None:
        super().__init__(folder, FORMS_READY if ready else FORMS)
        self._forms = self.workload.forms()
        self._symbol = _inline if ready else _inline_qr
        _prepare()

    def write(self, chosen: Sequence[int], clock: Clock) -> None:
        with clock.running():
            self._write(self.workload.pages(chosen, clock))

    def _write(self, notices: Iterable[list[Page]]) -> None:
        canvas = Canvas(str(self.path), pagesize=A4, initialFontName=_FIRST)
        known: set[str] = set()
        for pages in notices:
            for page in pages:
                for name, x, y in page.forms:
                    if name not in known:
                        known.add(name)
                        canvas.beginForm(name, 0, 0, *A4)
                        _draw(canvas, self._forms[name], _inline)
                        canvas.endForm()
                    _moved(canvas, x, y, lambda name=name: canvas.doForm(name))  # type: ignore[misc]
                _draw(canvas, page.things, self._symbol)
                canvas.showPage()
        canvas.save()


class ReportLabFormsReady(ReportLabForms):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ready=True)


class Obvious(Contestant):
    """A document for each notice with everything drawn on it and ``qrcode``'s pictures, all merged by pypdf.

    Bars are spared it: where each stands is known before, and they are filled rectangles.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, OBVIOUS)
        self._forms = self.workload.forms()
        _prepare()

    def write(self, chosen: Sequence[int], clock: Clock) -> None:
        with clock.running():
            self._write(self.workload.pages(chosen, clock))

    def _write(self, notices: Iterable[list[Page]]) -> None:
        merged = pypdf.PdfWriter()
        for pages in notices:
            made = BytesIO()
            canvas = Canvas(made, pagesize=A4, initialFontName=_FIRST)
            for page in pages:
                for name, x, y in page.forms:
                    _moved(canvas, x, y, lambda name=name: _draw(canvas, self._forms[name], _picture))  # type: ignore[misc]  # noqa: B023 - called at once
                _draw(canvas, page.things, _picture)
                canvas.showPage()
            canvas.save()
            merged.append(made)
        merged.write(self.path)


def _moved(canvas: Any, x: float, y: float, draw: Callable[[], None]) -> None:
    if x or y:
        canvas.saveState()
        canvas.translate(x, y)
        draw()
        canvas.restoreState()
    else:
        draw()


def _draw(canvas: Any, things: Iterable[Thing], symbol: Callable[[Any, Symbol], None]) -> None:
    now: tuple[str, float] | None = None
    for thing in things:
        if isinstance(thing, Text):
            if now != (thing.face, thing.size):
                now = (thing.face, thing.size)
                canvas.setFont(*now)
            _text(canvas, thing)
        elif isinstance(thing, Line):
            _line(canvas, thing)
        elif isinstance(thing, Rect):
            _rect(canvas, thing)
        else:
            symbol(canvas, thing)


def _text(canvas: Any, text: Text) -> None:
    if text.stretch == 100:
        canvas.drawString(text.x, text.y, text.say, charSpace=text.spacing or None)
        return
    drawn = canvas.beginText(text.x, text.y)
    drawn.setHorizScale(text.stretch)
    drawn.textOut(text.say)
    drawn.setHorizScale(100)
    canvas.drawText(drawn)


def _line(canvas: Any, line: Line) -> None:
    if line.dash:
        canvas.setDash(line.dash, line.dash)
    canvas.setLineWidth(line.weight)
    canvas.line(line.x1, line.y1, line.x2, line.y2)
    if line.dash:
        canvas.setDash()


def _rect(canvas: Any, rect: Rect) -> None:
    if rect.grey is not None:
        canvas.setFillGray(rect.grey)
    canvas.setLineWidth(rect.weight)
    canvas.rect(rect.x, rect.y, rect.width, rect.height, stroke=int(rect.weight > 0), fill=int(rect.grey is not None))
    if rect.grey is not None:
        canvas.setFillGray(0)


def _inline(canvas: Any, symbol: Symbol) -> None:
    """The mask in the page's code: ReportLab's own ``drawInlineImage`` has no 1-bit masks and is slower."""
    canvas._code.append(  # noqa: SLF001 - see above
        f"q {symbol.width:.6g} 0 0 {symbol.height:.6g} {symbol.x:.6g} {symbol.y:.6g} cm\n"
        f"BI/W {symbol.columns}/H {symbol.rows}/IM true/D[1 0]/F/AHx\nID {symbol.bits.hex().upper()}>\nEI Q"
    )


def _inline_qr(canvas: Any, symbol: Symbol) -> None:
    _inline(canvas, qr_mask(symbol) if symbol.says else symbol)


def _picture(canvas: Any, symbol: Symbol) -> None:
    if symbol.bars:
        for bar in symbol.bars:
            canvas.rect(*bar, stroke=0, fill=1)
        return
    image = qr_picture(symbol.says) if symbol.says else ready_picture(symbol)
    canvas.drawImage(ImageReader(image), symbol.x, symbol.y, symbol.width, symbol.height)
