"""Pages of a finished print file as a press would draw them: symbols decoded, measured, and white where it must be.

PDFium makes the pixels, zxing-cpp reads them. A page costs many times what reading its own bits does, and shows what
those cannot: what lies over a symbol or beside it, and what of it comes out on paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor
from pathlib import Path
from typing import Any, NamedTuple, Self

import pypdfium2
import zxingcpp
from PIL import Image

from layouts.language import Box
from printjobs import reference

from .bars import measure
from .customer_bars import bars_of, read_bars
from .fault import Difference
from .symbols import MM, NAMES
from .wanted import Symbol

DPI = 300
_NO_PICTURE = "PDFium で画像にできません"
# PDFium inks every pixel that a symbol touches. At 600 dpi that alone may take a good space of 0.508 mm above the
# 0.540 that the post allows at 9 points; at 1,200 it does not, and the barcode alone is quickly drawn.
_BARS_DPI = 1200
_AROUND = 0.5  # mm of white around a barcode that is drawn to be measured
_WHITE = 250  # of 255: what covers a fiftieth of a pixel, a line of 0.002 mm, is ink
_INK = bytes(255 if grey < _WHITE else 0 for grey in range(256))
_ROUNDING = 0.1  # pixels: page code has its lengths in six digits
_EDGE = 0.2  # mm: more than half of any line that stands on the edge of a zone
_LINES = (1.5, 4.1)  # mm that the two lines below the sheet mark reach beside it and downwards
_QR, _CODE_128 = zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128
_READ_AS = {"sheet": (_QR, "]Q1"), "el_qr": (_QR, "]Q1"), "gs1_128": (_CODE_128, "]C1")}  # ]C1: FNC1 stands in front

_Pixels = tuple[int, int, int, int]  # left, top, right, bottom


class Pictures:
    """A print file, open to be looked at page by page."""

    def __init__(self, path: Path) -> None:
        try:
            self._pdf = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError:
            raise Difference(_NO_PICTURE) from None
        self._bitmap: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bitmap is not None:
            self._bitmap.close()
        self._pdf.close()

    def check(self, page: int, symbols: Sequence[Symbol], white: Sequence[Box]) -> None:
        """Draw a page, counted from 0: these symbols, no QR or Code 128 beside, and no ink in the boxes of ``white``.

        Raises :class:`Difference` that names what is wrong and its place on the paper, and never what it says.
        """
        try:
            opened = self._pdf[page]
        except pypdfium2.PdfiumError:
            raise Difference(_NO_PICTURE) from None
        try:
            sight = _Sight.of(opened, self._paper)
            for symbol in symbols:
                _check_place(sight, symbol)
                if symbol.mark == "customer_barcode":
                    _check_bars(opened, symbol)
                else:
                    _check_code(sight, symbol)
            _check_strangers(sight, symbols)
            _check_white(sight, symbols, white)
        finally:
            opened.close()

    def _paper(self, width: int, height: int, **form: Any) -> Any:
        """The same memory for every page: fresh memory of this size costs as much as reading what is drawn there."""
        if self._bitmap is None or (self._bitmap.width, self._bitmap.height) != (width, height):
            self._bitmap = pypdfium2.PdfBitmap.new_native(width, height, **form)
        return self._bitmap


class _Sight(NamedTuple):
    """A page in grey, as a picture and as the same bytes in rows; ``across`` and ``down``: its pixels in a mm."""

    image: Image.Image
    rows: memoryview
    across: float
    down: float

    @classmethod
    def of(cls, opened: Any, paper: Callable[..., Any]) -> _Sight:
        bitmap = opened.render(scale=DPI / 72, grayscale=True, bitmap_maker=paper)
        width, height = opened.get_size()  # a page is stretched to whole pixels
        rows = memoryview(bitmap.buffer).cast("B").cast("B", shape=[bitmap.height, bitmap.width])
        return cls(bitmap.to_pil(), rows, bitmap.width / width * MM, bitmap.height / height * MM)

    def edges(self, box: Box) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a box in pixels."""
        x, y, width, height = box
        return x * self.across, y * self.down, (x + width) * self.across, (y + height) * self.down

    def within(self, box: Box, beside: float = 0, above: float = 0) -> _Pixels:
        """The whole pixels of a box and of so many mm around it, as far as they are on the page."""
        x, y, width, height = box
        left, top, right, bottom = self.edges((x - beside, y - above, width + 2 * beside, height + 2 * above))
        return (
            max(0, ceil(left - _ROUNDING)),
            max(0, ceil(top - _ROUNDING)),
            min(self.image.width, floor(right + _ROUNDING)),
            min(self.image.height, floor(bottom + _ROUNDING)),
        )

    def ink(self, part: _Pixels, but: Sequence[_Pixels] = ()) -> _Pixels | None:
        """The rectangle of all that is printed in a part of the page, apart from what is within others."""
        x, y = part[:2]
        cut = self.image.crop(part)
        for left, top, right, bottom in but:
            cut.paste(255, (left - x, top - y, right - x, bottom - y))
        found = cut.point(_INK).getbbox()
        return (found[0] + x, found[1] + y, found[2] + x, found[3] + y) if found else None

    def told(self, x: float, y: float) -> str:
        return _told(x / self.across, y / self.down)


def _check_place(sight: _Sight, symbol: Symbol) -> None:
    """All ink within a symbol and its quiet zone ends with the pixels that the symbol's own edges go through.

    The edges are known to half a dot of the vendor's device: what draws a symbol moves it to the nearest.
    """
    pixel, slack = 1 / sight.across, _ROUNDING + DPI / reference.vendor().print_.dpi / 2
    beside, above = (max(quiet, pixel) for quiet in symbol.quiet)
    found = sight.ink(sight.within(symbol.at, beside, above))
    if found is None:
        raise Difference(f"{_named(symbol)}がありません")
    left, top, right, bottom = sight.edges(symbol.at)
    beyond = left - found[0], top - found[1], found[2] - right, found[3] - bottom
    if min(beyond) < -slack:
        raise Difference(f"{_named(symbol)}の位置か大きさが違います")
    if max(beyond) > 1 + slack:
        raise Difference(f"{_named(symbol)}が大きすぎるか、その余白に印刷があります")


def _check_code(sight: _Sight, symbol: Symbol) -> None:
    """What a camera that sees the symbol and its quiet zone reads."""
    kind, identifier = _READ_AS[symbol.mark]
    found = _decoded(sight.image.crop(sight.within(symbol.at, *symbol.quiet)), kind)
    if len(found) != 1:
        raise Difference(f"{_named(symbol)}を読み取れません")
    if found[0].text != symbol.says or found[0].symbology_identifier != identifier:
        raise Difference(f"{_named(symbol)}の中身がデータと違います")


def _check_bars(opened: Any, symbol: Symbol) -> None:
    """The barcode drawn once more, large enough to be measured."""
    x, y, width, height = (side * MM for side in symbol.at)
    page_width, page_height = opened.get_size()
    cut = (x, page_height - y - height, page_width - x - width, y)  # off the left, the bottom, the right and the top
    picture = opened.render(
        scale=_BARS_DPI / 72, grayscale=True, crop=tuple(side - _AROUND * MM for side in cut)
    ).to_pil()
    try:
        bars = measure(picture, 25.4 / _BARS_DPI, reference.marks().customer_barcode.points)
        read_bars(bars)
    except Difference as found:
        raise Difference(f"{_named(symbol)}の{found}") from None
    except ValueError:
        raise Difference(f"{_named(symbol)}を読み取れません") from None
    if bars != bars_of(symbol.says):
        raise Difference(f"{_named(symbol)}の中身がデータと違います")


def _check_strangers(sight: _Sight, symbols: Sequence[Symbol]) -> None:
    """Every QR and every Code 128 that is found anywhere on the page is one of those."""
    boxes = [sight.edges(symbol.at) for symbol in symbols if symbol.mark in _READ_AS]
    for code in _decoded(sight.rows, _QR, _CODE_128, by=zxingcpp.Binarizer.FixedThreshold):
        first, last = code.position.top_left, code.position.bottom_right
        x, y = (first.x + last.x) / 2, (first.y + last.y) / 2
        if not any(left < x < right and top < y < bottom for left, top, right, bottom in boxes):
            raise Difference(f"計画にないQRかバーコードがあります（{sight.told(x, y)}）")


def _check_white(sight: _Sight, symbols: Sequence[Symbol], white: Sequence[Box]) -> None:
    """Nothing in the zones but the sheet mark with its lines, and nothing along the edges of the paper."""
    width, height = sight.image.size
    marks = [part for symbol in symbols if symbol.mark == "sheet" for part in _sheet_mark(sight, symbol)]
    for box in white:
        if found := sight.ink(sight.within(box, -_EDGE, -_EDGE), marks):
            raise Difference(f"刷らない場所に印刷があります（{sight.told(*found[:2])}）")
    edge = ceil(_EDGE * sight.across) + 1
    for part in (
        (0, 0, width, edge),
        (0, height - edge, width, height),
        (0, 0, edge, height),
        (width - edge, 0, width, height),
    ):
        if found := sight.ink(part):
            raise Difference(f"紙の端まで印刷があります（{sight.told(*found[:2])}）")


def _sheet_mark(sight: _Sight, symbol: Symbol) -> Iterator[_Pixels]:
    """The symbol, and the lines below its clear space that say the same to people."""
    x, y, width, height = symbol.at
    beside, high = _LINES
    around = 2 / sight.across  # ink so near has been looked at with the symbol itself
    yield sight.within(symbol.at, around, around)
    below = y + height + symbol.quiet[1] + reference.vendor().mark.clear
    yield sight.within((x - beside, below, width + 2 * beside, high))


def _decoded(
    picture: Image.Image | memoryview,
    *kinds: zxingcpp.BarcodeFormat,
    by: zxingcpp.Binarizer = zxingcpp.Binarizer.LocalAverage,
) -> list[zxingcpp.Barcode]:
    """Upright symbols; ``by``: how black is told from white.

    A whole page is given as its rows and told by one threshold: 3 ms; as a picture and by averages it takes 20.
    """
    return zxingcpp.read_barcodes(
        picture,
        formats=zxingcpp.BarcodeFormats(list(kinds)),
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
        binarizer=by,
        text_mode=zxingcpp.TextMode.Plain,
    )


def _named(symbol: Symbol) -> str:
    return f"{NAMES[symbol.mark]}（{_told(*symbol.at[:2])}）"


def _told(x: float, y: float) -> str:
    return f"左から{x:.1f}mm、上から{y:.1f}mm"
