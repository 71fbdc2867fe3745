"""Page code taken apart: forms, texts and symbols in the order they are drawn, row by row.

The grammar is narrow on purpose. A page that says anything else than it knows is refused, so nothing can be drawn
that is not read: no rectangle over a name, no text in white, no second symbol.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from layouts.language import Box

from .fault import Difference
from .symbols import Bits, in_mm

_N = rb"(\d+(?:\.\d+)?)"
_DOWN = re.compile(rb"q(?: 1 0 0 1 0 -%b cm)?" % _N)
_PLACED = re.compile(rb"q %b 0 0 %b %b %b cm" % (_N, _N, _N, _N))
_IMAGE = re.compile(rb"BI/W (\d+)/H (\d+)/IM true/D\[1 0\]/F/AHx")
_FORM = re.compile(rb"/([\w.-]+) Do")
_TEXT = re.compile(
    rb"(?:%b Tz )?/(\w+) %b Tf(?: 1 0 0 1 (-?\d+(?:\.\d+)?) (-?\d+(?:\.\d+)?) Tm)?<((?:[0-9A-F]{4})+)>Tj" % (_N, _N)
)
_LINE = rb" 1 0 0 1 %b %b Tm<((?:[0-9A-F]{4})+)>Tj" % (_N, _N)
_NOTE = re.compile(rb"BT /(\w+) %b Tf%b%b ET" % (_N, _LINE, _LINE))
UNCONDENSED = b"100 Tz"


class Image(NamedTuple):
    """A symbol's three lines of page code: its place, its size in modules, its bits."""

    place: bytes
    size: bytes
    bits: bytes


class Part(NamedTuple):
    """What stands together: on the page itself, or in one row, whose shift is ``down`` pt.

    ``forms`` are names, each with how many lines of text stand before it; ``texts`` lines of page code, not yet
    looked into.
    """

    down: float
    forms: list[tuple[bytes, int]]
    texts: list[bytes]
    images: list[Image]


class Text(NamedTuple):
    """One stretch of text in one face. ``x`` and ``y`` in pt from the lower left, None to go on where the last ended.

    ``scale`` is the horizontal scale in percent, None where it stays as it was; ``codes`` are glyph numbers in hex.
    """

    scale: float | None
    font: str
    size: float
    x: float | None
    y: float
    codes: str


class Note(NamedTuple):
    """The two lines below a sheet mark: face, size, and of each its place and its glyph numbers."""

    font: str
    size: float
    lines: tuple[tuple[float, float, str], tuple[float, float, str]]


class Sheet(NamedTuple):
    """A page's parts, its own first; ``note`` where a sheet mark is."""

    parts: list[Part]
    note: Note | None


def read(code: bytes) -> Sheet:
    """Take a page apart; :class:`Difference` for page code that a notice's page does not have."""
    *lines, rest = code.split(b"\n")
    if rest:
        raise Difference("頁の終わりが切れています")
    reader = _Reader()
    at = 0
    while at < len(lines):
        at = reader.take(lines, at)
    if reader.inside:
        raise Difference("頁の行の終わりがありません")
    return Sheet(reader.parts, reader.note)


class _Reader:
    """Goes through the lines of a page. ``inside``: it is between the ``q`` and the ``Q`` of a row.

    ``closed``: it is behind a row, where a text would be drawn but not moved with the row that it is taken for.
    """

    def __init__(self) -> None:
        self.parts = [Part(0.0, [], [], [])]
        self.note: Note | None = None
        self.inside = self.closed = False

    def take(self, lines: list[bytes], at: int) -> int:
        """What begins at a line; the line behind it."""
        line, part = lines[at], self.parts[-1]
        if line == b"BT" and not self.closed:
            try:
                end = lines.index(b"ET", at)
            except ValueError:
                raise Difference("頁の文字の終わりがありません") from None
            part.texts.extend(lines[at + 1 : end])
            return end + 1
        if line == b"Q" and self.inside:
            self.inside, self.closed = False, True
        elif not self.closed and (form := _FORM.fullmatch(line)):
            part.forms.append((form[1], len(part.texts)))
        elif self.inside:
            raise Difference("行の中に、通知のものではない描き方があります")
        elif row := _DOWN.fullmatch(line):
            self.inside, self.closed = True, False
            self.parts.append(Part(float(row[1] or 0), [], [], []))
        elif lines[at + 3 : at + 4] == [b"EI Q"]:
            part.images.append(Image(line, lines[at + 1], lines[at + 2]))
            return at + 4
        elif (note := _NOTE.fullmatch(line)) and at + 1 == len(lines):
            self.note = _note(note)
        else:
            raise Difference("頁に、通知のものではない描き方があります")
        return at + 1


def _note(found: re.Match[bytes]) -> Note:
    first, second = ((float(found[i]), float(found[i + 1]), found[i + 2].decode()) for i in (3, 6))
    return Note(found[1].decode(), float(found[2]), (first, second))


def text(line: bytes) -> Text:
    """A line of a text block; :class:`Difference` for one that sets no text."""
    found = _TEXT.fullmatch(line)
    if not found:
        raise Difference("文字の置き方が違います")
    scale, font, size, x, y, codes = found.groups()
    return Text(
        float(scale) if scale else None,
        font.decode(),
        float(size),
        float(x) if x else None,
        float(y) if y else 0.0,
        codes.decode(),
    )


def image(found: Image) -> tuple[Box, Bits]:
    """Where a symbol stands, in mm from the top left, and its bits."""
    place, size = _PLACED.fullmatch(found.place), _IMAGE.fullmatch(found.size)
    if not (place and size and found.bits[:3] == b"ID " and found.bits[-1:] == b">"):
        raise Difference("記号の描き方が違います")
    width, height, x, y = map(float, place.groups())
    try:
        bits = Bits(int(size[1]), int(size[2]), bytes.fromhex(found.bits[3:-1].decode("latin-1")))
    except ValueError:
        raise Difference("記号の描き方が違います") from None
    return in_mm(x, y, width, height), bits
