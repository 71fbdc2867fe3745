"""Looks at a finished PDF with other people's eyes: PDFium for text and pixels, pikepdf for what is inside.

All places are millimetres from the top left of the page, as in a layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self

import pikepdf
import pypdfium2
import pypdfium2.raw
import zxingcpp
from PIL import Image

from fonts import is_selector
from printjobs.core.marks import customer
from printjobs.render.printfile import Written
from tests.golden.notices import Sheet

MM = 72 / 25.4  # points in a millimetre
A4 = (210.0, 297.0)
DPI = 300
WHITE = 250  # of 255: what a press leaves out
_LOW, _AFTER_LOW = 0xDC00, 0xE000  # surrogates: PDFium counts in halves
_GAP = 0.25  # mm
_CODES = [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128]


class Box(NamedTuple):
    """A rectangle on the page in mm: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def at(cls, x: float, y: float, width: float, height: float) -> Box:
        return cls(x, y, x + width, y + height)

    def shrunk(self, by: float) -> Box:
        return Box(self.left + by, self.top + by, self.right - by, self.bottom - by)

    def holds(self, other: Box) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    @property
    def pixels(self) -> tuple[int, int, int, int]:
        return tuple(round(side * DPI / 25.4) for side in self)  # type: ignore[return-value]


class Char(NamedTuple):
    """A character as the page shows it, the rectangle of its ink, and where its place begins and ends on the line."""

    text: str
    box: Box
    start: float
    end: float


class Code(NamedTuple):
    """A symbol that was found in the pixels of a page; of a Code 128 the digits alone."""

    text: str
    box: Box
    is_qr: bool


def squeezed(text: str) -> str:
    """Text without any white space: where a line breaks does not matter."""
    return re.sub(r"[\s\u3000]", "", text)


class Paper:
    """A print file with what was planned for it. Page numbers count from 0."""

    def __init__(self, path: Path, sheets: list[Sheet], written: Written) -> None:
        self.path = path
        self.sheets = sheets
        self.written = written
        self.pdf = pikepdf.open(path)
        self._pdfium = pypdfium2.PdfDocument(path)
        self.image = cache(self._image)
        self.chars = cache(self._chars)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pdfium.close()
        self.pdf.close()

    def fronts(self, *pages: str) -> Iterator[tuple[int, Sheet]]:
        """Page number and sheet of every front, or only of those that are one of these pages of the layout."""
        for i, sheet in enumerate(self.sheets):
            if not pages or sheet.front in pages:
                yield 2 * i, sheet

    def sides(self, *pages: str) -> Iterator[tuple[int, Sheet]]:
        """Page number and sheet of every side that is one of these pages of the layout."""
        for i, sheet in enumerate(self.sheets):
            for j, page in enumerate((sheet.front, sheet.back)):
                if page in pages:
                    yield 2 * i + j, sheet

    def _image(self, page: int) -> Image.Image:
        return raster(self._pdfium, page, DPI)

    def _chars(self, page: int) -> list[Char]:
        """The characters of a page with ink, in the order of the page's code."""
        opened = self._pdfium[page]
        text = opened.get_textpage()
        height = opened.get_height()
        found: list[Char] = []
        for i in range(text.count_chars()):
            unit = pypdfium2.raw.FPDFText_GetUnicode(text, i)
            left, bottom, right, top = text.get_charbox(i)
            if _LOW <= unit < _AFTER_LOW:  # the second half of a character beyond the first 65,536
                whole = _joined(ord(found[-1].text), unit)
                if is_selector(whole):  # one glyph with the character before it
                    found.pop()
                    whole = found[-1].text + whole
                found[-1] = found[-1]._replace(text=whole)
            elif squeezed(chr(unit)) and right > left:
                start, _, end, _ = text.get_charbox(i, loose=True)
                box = Box(left / MM, (height - top) / MM, right / MM, (height - bottom) / MM)
                found.append(Char(chr(unit), box, start / MM, end / MM))
        text.close()
        opened.close()
        return found

    def text(self, page: int, within: Box | None = None) -> str:
        """Text of a page without white space, or of the characters whose middle is within a box."""
        return "".join(c.text for c in self.chars(page) if within is None or _is_in(c.box, within))

    def words(self, page: int, within: Box | None = None) -> list[str]:
        """The same text cut where a line ends or a gap is wider than a quarter of a millimetre: an amount is a word."""
        found: list[str] = []
        before: Char | None = None
        for char in self.chars(page):
            if within is not None and not _is_in(char.box, within):
                continue
            together = (
                before is not None
                and abs(char.start - before.end) < _GAP
                and char.box.top < before.box.bottom + _GAP
                and char.box.bottom > before.box.top - _GAP
            )
            if together:
                found[-1] += char.text
            else:
                found.append(char.text)
            before = char
        return found

    def ink(self, page: int, box: Box) -> Box | None:
        """The smallest rectangle around all that is printed within a box."""
        part = self.image(page).crop(box.pixels).point(lambda grey: 255 if grey < WHITE else 0)
        found = part.getbbox()
        if found is None:
            return None
        left, top = box.pixels[:2]
        moved = (found[0] + left, found[1] + top, found[2] + left, found[3] + top)
        return Box(*(side * 25.4 / DPI for side in moved))

    def codes(self, page: int) -> list[Code]:
        found = zxingcpp.read_barcodes(self.image(page), formats=_CODES, try_rotate=False, try_downscale=False)
        return [
            Code(code.text, _box(code.position), is_qr=True)
            if code.format == zxingcpp.BarcodeFormat.QRCode
            else Code(re.sub(r"\D", "", code.text), _box(code.position), is_qr=False)
            for code in found
        ]

    def bars(self, page: int, within: Box) -> str:
        """A customer barcode off its pixels: whether each bar reaches into the upper and the lower third."""
        ink = self.ink(page, within)
        if ink is None:
            return ""
        pitch, third = (ink.right - ink.left) / (customer.BARS - 0.5), (ink.bottom - ink.top) / 3
        found = ""
        for i in range(customer.BARS):
            left, right = ink.left + i * pitch + 0.1, ink.left + (i + 0.5) * pitch - 0.1
            tops = (ink.top + y * third for y in (0.4, 2.4))
            up, down = (not self.is_white(page, Box(left, top, right, top + 0.2)) for top in tops)
            found += {(True, True): "F", (True, False): "A", (False, True): "D", (False, False): "T"}[up, down]
        return found

    def is_white(self, page: int, box: Box, but: Sequence[Box] = ()) -> bool:
        """Whether nothing is printed within a box, apart from what is within the boxes of ``but``."""
        part = self.image(page).crop(box.pixels)
        for other in but:
            left, top, right, bottom = other.pixels
            part.paste(255, (left - box.pixels[0], top - box.pixels[1], right - box.pixels[0], bottom - box.pixels[1]))
        darkest, _ = part.getextrema()
        return bool(darkest >= WHITE)


def _joined(high: int, low: int) -> str:
    return (chr(high) + chr(low)).encode("utf-16", "surrogatepass").decode("utf-16")


def _is_in(box: Box, within: Box) -> bool:
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return within.left <= x <= within.right and within.top <= y <= within.bottom


def _box(position: Any) -> Box:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    xs, ys = [c.x * 25.4 / DPI for c in corners], [c.y * 25.4 / DPI for c in corners]
    return Box(min(xs), min(ys), max(xs), max(ys))


def raster(document: pypdfium2.PdfDocument, page: int, dpi: int) -> Image.Image:
    opened = document[page]
    bitmap = opened.render(scale=dpi / 72, grayscale=True)
    image = bitmap.to_pil().copy()
    bitmap.close()
    opened.close()
    return image


def page_digest(page: pikepdf.Page) -> str:
    """SHA-256 of what a page draws: its own code and that of every form it calls, uncompressed."""
    digest = sha256()
    forms = page.obj.Resources.get("/XObject", {})
    for code in _codes(page.obj.Contents.read_bytes(), forms):
        digest.update(code + b"\n")
    return digest.hexdigest()


def _codes(code: bytes, forms: Any) -> Iterator[bytes]:
    yield code
    for name in re.findall(rb"(/[^\s/]+) Do\b", code):
        yield from _codes(forms[name.decode()].read_bytes(), forms)


def overlapping(chars: list[Char]) -> Iterator[tuple[Char, Char]]:
    """Pairs of characters of which one covers a fifth or more of the other's ink box."""
    near: dict[tuple[int, int], list[Char]] = {}
    for char in chars:
        box = char.box
        places = {(int(x // 8), int(y // 8)) for x in (box.left, box.right) for y in (box.top, box.bottom)}
        for other in {id(c): c for place in places for c in near.get(place, ())}.values():
            width = min(box.right, other.box.right) - max(box.left, other.box.left)
            height = min(box.bottom, other.box.bottom) - max(box.top, other.box.top)
            smaller = min((b.right - b.left) * (b.bottom - b.top) for b in (box, other.box))
            if width > 0 and height > 0 and width * height > smaller / 5:
                yield char, other
        for place in places:
            near.setdefault(place, []).append(char)
