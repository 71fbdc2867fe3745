"""What a finished print file of ours says, and where: the list that the other ways draw from.

Read off the PDF itself (page code, widths, ToUnicode), so it holds whatever our renderer does within. The others
get it ready made: they lay nothing out, format no value and break no line.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pikepdf
import zxingcpp

from .things import Line, Page, Rect, Symbol, Text, Thing

_BAR_ROWS = 3  # a customer barcode has three, GS1-128 one
Matrix: TypeAlias = tuple[float, float, float, float]  # scale and shift of x and y; nothing on our pages is turned


class _State(NamedTuple):
    """What ``q`` keeps and ``Q`` brings back."""

    at: Matrix = (1.0, 1.0, 0.0, 0.0)
    weight: float = 1.0
    dash: float = 0.0
    fill: float = 0.0
    font: str = ""
    size: float = 0.0
    stretch: float = 100.0
    spacing: float = 0.0
    leading: float = 0.0


class _Font(NamedTuple):
    face: str
    widths: dict[int, float]
    texts: dict[int, str]


def read_pages(path: Path) -> tuple[dict[str, list[Thing]], Iterator[Page]]:
    """The forms of a print file by name, and its pages in order. ValueError for page code that is not understood."""
    pdf = pikepdf.open(path)
    resources = pdf.pages[0].obj.Resources
    fonts = {str(name): _font(font) for name, font in resources.Font.items()}
    forms = {str(name)[1:]: _Reader(fonts).read(form).things for name, form in resources.get("/XObject", {}).items()}

    def pages() -> Iterator[Page]:
        with pdf:
            for page in pdf.pages:
                yield _Reader(fonts).read(page)

    return forms, pages()


def _font(font: Any) -> _Font:
    own = font.DescendantFonts[0]
    widths: dict[int, float] = {}
    listed = list(own.W)
    for i in range(0, len(listed), 2):  # "first [width width ...]" is the only form that our fonts have
        widths |= {int(listed[i]) + j: float(width) for j, width in enumerate(listed[i + 1])}
    pairs = re.findall(rb"<([0-9A-F]{4})><([0-9A-F]+)>\n", font.ToUnicode.read_bytes())
    texts = {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}
    return _Font(str(font.BaseFont).partition("+")[2], widths, texts)


class _Reader:
    """Reads one stream of page code."""

    def __init__(self, fonts: dict[str, _Font]) -> None:
        self._fonts = fonts
        self._state = _State()
        self._kept: list[_State] = []
        self._path: list[tuple[str, tuple[float, ...]]] = []
        self._line = self._pen = (0.0, 0.0)  # where the line of text began, and where its next character goes
        self._page = Page([], [])

    def read(self, stream: Any) -> Page:
        for instruction in pikepdf.parse_content_stream(stream):
            name = str(instruction.operator)
            if name in _OPERATORS:
                _OPERATORS[name](self, instruction.operands)
            elif name not in _NOTHING:
                raise ValueError(f"page code has {name}, which the benchmark does not know")
        return self._page

    def set(self, **values: Any) -> None:
        self._state = self._state._replace(**values)

    def save(self, _: Any) -> None:
        self._kept.append(self._state)

    def restore(self, _: Any) -> None:
        self._state = self._kept.pop()

    def concat(self, operands: Any) -> None:
        a, b, c, d, e, f = map(float, operands)
        if b or c:
            raise ValueError("page code turns something")
        sx, sy, dx, dy = self._state.at
        self.set(at=(a * sx, d * sy, e * sx + dx, f * sy + dy))

    def point(self, x: float, y: float) -> tuple[float, float]:
        sx, sy, dx, dy = self._state.at
        return round(x * sx + dx, 4), round(y * sy + dy, 4)

    def form(self, operands: Any) -> None:
        x, y = self.point(0, 0)
        self._page.forms.append((str(operands[0])[1:], x, y))

    def image(self, operands: Any) -> None:
        image = operands[0]
        columns, rows = int(image.width), int(image.height)
        if not image.image_mask:
            raise ValueError("page code has a picture that is no mask")
        bits = _plain(image.read_raw_bytes(), image.filters)
        if list(image.obj.get("/Decode", [0, 1])) == [0, 1]:
            bits = bytes(255 - byte for byte in bits)
        sx, sy, x, y = self._state.at
        drawn = _modules(columns, rows, bits)
        says = _decoded(drawn) if columns == rows else ""
        bars = _bars(drawn, x, y, sx, sy) if rows <= _BAR_ROWS else []
        self._page.things.append(Symbol(says, bars, columns, rows, bits, x, y, sx, sy))

    # Paths

    def add(self, kind: str, operands: Any) -> None:
        self._path.append((kind, tuple(map(float, operands))))

    def paint(self, *, stroke: bool, fill: bool) -> None:
        weight = self._state.weight if stroke else 0.0
        start = (0.0, 0.0)
        for kind, values in self._path:
            if kind == "re":
                x, y = self.point(*values[:2])
                grey = self._state.fill if fill else None
                self._page.things.append(Rect(x, y, values[2], values[3], weight, grey))
            elif kind == "l":
                self._page.things.append(Line(*start, *self.point(*values), weight, self._state.dash))
            start = self.point(*values[:2])
        self._path = []

    # Text

    def begin(self, _: Any) -> None:
        self._line = self._pen = (0.0, 0.0)

    def matrix(self, operands: Any) -> None:
        a, b, c, d, e, f = map(float, operands)
        if (a, b, c, d) != (1, 0, 0, 1):
            raise ValueError("page code turns or scales text")
        self._line = self._pen = (e, f)

    def move(self, operands: Any) -> None:
        self._line = self._pen = (self._line[0] + float(operands[0]), self._line[1] + float(operands[1]))

    def next_line(self, _: Any) -> None:
        self.move((0, -self._state.leading))

    def show(self, operands: Any) -> None:
        state, font = self._state, self._fonts[self._state.font]
        data = bytes(operands[0])
        codes = [int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2)]
        x, y = self.point(*self._pen)
        say = "".join(font.texts[code] for code in codes)
        self._page.things.append(Text(say, x, y, font.face, state.size, state.stretch, state.spacing))
        width = sum(font.widths.get(code, 1000.0) * state.size / 1000 + state.spacing for code in codes)
        self._pen = (self._pen[0] + width * state.stretch / 100, self._pen[1])

    def show_all(self, operands: Any) -> None:
        for part in operands[0]:
            if isinstance(part, pikepdf.String):
                self.show((part,))
            else:
                back = float(part) / 1000 * self._state.size * self._state.stretch / 100
                self._pen = (self._pen[0] - back, self._pen[1])


def _plain(data: bytes, filters: list[str]) -> bytes:
    """The bits of an inline mask."""
    for name in filters:
        if name == "/ASCIIHexDecode":
            data = bytes.fromhex(data.partition(b">")[0].decode())
        elif name == "/FlateDecode":
            data = zlib.decompress(data)
        else:
            raise ValueError(f"an inline picture has {name}, which the benchmark does not know")
    return data


def _modules(columns: int, rows: int, bits: bytes) -> list[str]:
    """A mask as rows of 0 and 1, without their padding."""
    length = (columns + 7) // 8
    return [f"{int.from_bytes(bits[i * length : (i + 1) * length]):0{length * 8}b}"[:columns] for i in range(rows)]


def _decoded(drawn: list[str]) -> str:
    """What a QR says by its own modules; empty for what is none."""
    pixels = "".join(drawn).encode().replace(b"1", b"\x00").replace(b"0", b"\xff")
    image = memoryview(pixels).cast("B", shape=[len(drawn), len(drawn[0])])
    found = zxingcpp.read_barcode(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode), is_pure=True)
    return found.text if found else ""


def _bars(drawn: list[str], x: float, y: float, width: float, height: float) -> list[tuple[float, float, float, float]]:
    """The bars of a barcode of one or three rows: columns that are alike and stand together are one bar."""
    column, row = width / len(drawn[0]), height / len(drawn)
    found, left = [], 0
    for shape, run in groupby(zip(*drawn, strict=True)):
        right = left + len(list(run))
        if "1" in shape:
            top, bottom = shape.index("1"), len(shape) - shape[::-1].index("1")
            found.append((x + left * column, y + height - bottom * row, (right - left) * column, (bottom - top) * row))
        left = right
    return found


_OPERATORS: dict[str, Callable[[_Reader, Any], None]] = {
    "q": _Reader.save,
    "Q": _Reader.restore,
    "cm": _Reader.concat,
    "Do": _Reader.form,
    "w": lambda reader, o: reader.set(weight=float(o[0])),
    "d": lambda reader, o: reader.set(dash=float(o[0][0]) if len(o[0]) else 0.0),
    "g": lambda reader, o: reader.set(fill=float(o[0])),
    "re": lambda reader, o: reader.add("re", o),
    "m": lambda reader, o: reader.add("m", o),
    "l": lambda reader, o: reader.add("l", o),
    "S": lambda reader, _: reader.paint(stroke=True, fill=False),
    "f": lambda reader, _: reader.paint(stroke=False, fill=True),
    "f*": lambda reader, _: reader.paint(stroke=False, fill=True),
    "BT": _Reader.begin,
    "Tm": _Reader.matrix,
    "Td": _Reader.move,
    "T*": _Reader.next_line,
    "TL": lambda reader, o: reader.set(leading=float(o[0])),
    "Tf": lambda reader, o: reader.set(font=str(o[0]), size=float(o[1])),
    "Tz": lambda reader, o: reader.set(stretch=float(o[0])),
    "Tc": lambda reader, o: reader.set(spacing=float(o[0])),
    "Tj": _Reader.show,
    "TJ": _Reader.show_all,
    "INLINE IMAGE": _Reader.image,
}
_NOTHING = {"n", "ET", "BMC", "BDC", "EMC"}
