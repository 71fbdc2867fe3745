"""What page code that ReportLab made draws: the static parts of pages and separator sheets, in order.

It is taken apart by qpdf's own parser. Operators that no form of ours has are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pikepdf

from layouts.language import Box

from .fault import Difference
from .symbols import in_mm
from .typefaces import Typeface

_IMAGE = re.compile(rb"BI/W \d+/H \d+/IM true/D\[1 0\]/F/AHx\nID ([0-9A-F]+)>\nEI Q")
_WIDEST = 4.0  # pt of a rule: a wider one could hide a text


class String(NamedTuple):
    """A string as it stands on the page: lower left of its first letter in pt, width in pt, size, face, text."""

    x: float
    y: float
    width: float
    size: float
    face: str
    text: str


class Fill(NamedTuple):
    """A filled rectangle in mm from the top left, and its grey: 1 is white."""

    box: Box
    grey: float


class Drawn(NamedTuple):
    """What a form draws, in order, and its seals: places in mm, pixels."""

    things: list[String | Fill]
    seals: list[tuple[Box, bytes]]


def drawn(form: Any, faces: Mapping[str, Typeface]) -> Drawn:
    """What a form draws; :class:`Difference` for what no form of ours has."""
    canvas = _Canvas(faces)
    try:
        for instruction in pikepdf.parse_content_stream(form):
            canvas.take(str(instruction.operator), instruction.operands)
    except (TypeError, ValueError, IndexError, pikepdf.PdfError):  # operands of another sort or number
        raise Difference("様式の描き方が違います") from None
    pixels = [bytes.fromhex(bits.decode()) for bits in _IMAGE.findall(form.read_bytes())]
    if len(pixels) != len(canvas.images):
        raise Difference("様式にない画像があります")
    return Drawn(canvas.things, list(zip(canvas.images, pixels, strict=True)))


class _Canvas:
    """Follows the few operators that a form of ours has. Boxes are in mm from the top left."""

    def __init__(self, faces: Mapping[str, Typeface]) -> None:
        self.things: list[String | Fill] = []
        self.images: list[Box] = []
        self._faces = faces
        self._grey, self._face, self._size, self._spread = 0.0, "", 0.0, 0.0
        self._at: tuple[float, float] | None = None
        self._path: Box | None = None
        self._image: Box | None = None
        self._operators: Mapping[str, Callable[[Any], object]] = {
            "BT": self._begin, "Tm": self._move, "Tf": self._set_face, "Tc": self._set_spread, "Tj": self._show,
            "TL": _nothing, "T*": self._begin, "ET": self._begin, "g": self._set_grey, "w": self._set_width,
            "d": _nothing, "n": self._end, "m": self._line, "l": self._line, "S": self._end, "re": self._rectangle,
            "f*": self._fill, "B*": self._fill, "q": self._place, "cm": self._place, "INLINE IMAGE": self._draw,
            "Q": self._forget,
        }  # fmt: skip

    def take(self, operator: str, operands: Any) -> None:
        """:class:`Difference` for an operator that no form of ours has, or has in another place."""
        if operator not in self._operators:
            raise Difference(f"様式にない描き方があります（{operator}）")
        self._operators[operator](operands)

    def _begin(self, _: Any) -> None:
        self._at = None

    def _move(self, matrix: Any) -> None:
        _require([float(n) for n in list(matrix)[:4]] == [1, 0, 0, 1])
        self._at = float(matrix[4]), float(matrix[5])

    def _set_face(self, operands: Any) -> None:
        self._face, self._size = str(operands[0])[1:], float(operands[1])

    def _set_spread(self, operands: Any) -> None:
        self._spread = float(operands[0])

    def _set_grey(self, operands: Any) -> None:
        self._grey = float(operands[0])

    def _set_width(self, operands: Any) -> None:
        _require(float(operands[0]) <= _WIDEST)

    def _show(self, operands: Any) -> None:
        codes = bytes(operands[0]).hex().upper()
        if not codes:
            return
        if self._face not in self._faces or self._at is None or self._grey or self._image:
            raise Difference("様式の文字の置き方が違います")
        text, natural = self._faces[self._face].read(codes)
        width = natural * self._size / 1000 + self._spread * (len(codes) // 4 - 1)
        self.things.append(String(*self._at, width, self._size, self._face, text))
        self._at = self._at[0] + width + self._spread, self._at[1]

    def _line(self, _: Any) -> None:
        _require(self._path is None and self._image is None)

    def _rectangle(self, operands: Any) -> None:
        _require(self._path is None and self._image is None)
        self._path = in_mm(*[float(n) for n in operands])

    def _fill(self, _: Any) -> None:
        if self._path is None:
            raise Difference("様式の描き方が違います")
        self.things.append(Fill(self._path, self._grey))
        self._path = None

    def _end(self, _: Any) -> None:
        self._path = None

    def _place(self, matrix: Any) -> None:
        """Opens a q, or says where the image in it is."""
        _require(self._image is None and not self._grey)
        if matrix:
            a, b, c, d, x, y = (float(n) for n in matrix)
            _require(b == c == 0)
            self._image = in_mm(x, y, a, d)

    def _draw(self, _: Any) -> None:
        _require(not self._grey)
        if self._image is None:
            raise Difference("様式の画像の置き方が違います")
        self.images.append(self._image)

    def _forget(self, _: Any) -> None:
        _require(not self._grey)
        self._image = None


def _nothing(_: Any) -> None:
    """For an operator that moves no ink."""


def _require(holds: bool) -> None:
    if not holds:
        raise Difference("様式の描き方が違います")
