"""Symbols read from the bits that page code draws them with, by decoders that share no code with the encoders.

zxing-cpp reads QR and Code 128; the post's customer barcode is read by ``customer_bars``. Nothing is rasterised, so
every symbol of every page can be read: tens of microseconds each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import ceil
from types import MappingProxyType
from typing import NamedTuple

import zxingcpp

from layouts.language import Box
from printjobs import reference
from printjobs.core.marks import customer

from .customer_bars import COUNT, bars_of
from .fault import Difference

MM = 72 / 25.4  # pt
WIDTH, HEIGHT = 595.276, 841.89  # pt of an A4 page
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "sheet": "用紙のQR",
        "customer_barcode": "カスタマバーコード",
        "gs1_128": "コンビニ収納用バーコード",
        "el_qr": "eL-QR",
    }
)

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_CODE_128 = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.Code128)
_PIXELS = tuple(bytes(0 if byte >> bit & 1 else 255 for bit in range(7, -1, -1)) for byte in range(256))
_BARS = {(True, True, True): "1", (True, True, False): "2", (False, True, True): "3", (False, True, False): "4"}


def in_mm(x: float, y: float, width: float, height: float) -> Box:
    """A box in mm from the top left, from its lower left corner and its size in pt."""
    return x / MM, (HEIGHT - y - height) / MM, width / MM, height / MM


class Bits(NamedTuple):
    """A symbol as page code holds it: rows of modules, each padded to whole bytes, 1 is dark."""

    columns: int
    rows: int
    data: bytes


class Shape(NamedTuple):
    """What a kind of symbol must be on the vendor's device.

    ``columns`` and ``rows`` are pixels of its image, ``width`` and ``height`` its size and ``beside`` and ``above``
    the white around it, in dots.
    """

    columns: int
    rows: int
    width: int
    height: int
    beside: int
    above: int


def _read(bits: Bits, formats: zxingcpp.BarcodeFormats) -> zxingcpp.Barcode | None:
    """One symbol from its own bits; None when the decoder refuses it. The padding of a row is white paper."""
    width = (bits.columns + 7) // 8 * 8
    if len(bits.data) * 8 != width * bits.rows:
        return None
    pixels = b"".join(map(_PIXELS.__getitem__, bits.data))
    return zxingcpp.read_barcode(
        memoryview(pixels).cast("B", shape=[bits.rows, width]),
        formats=formats,
        is_pure=True,
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
    )


def _qr(bits: Bits) -> str:
    found = _read(bits, _QR)
    return found.text if found else ""


def _gs1_128(bits: Bits) -> str:
    """The digits of a GS1-128; empty for a Code 128 that does not begin with FNC1, which is none, or runs backwards."""
    found = _read(bits, _CODE_128)
    gs1 = found and found.content_type == zxingcpp.ContentType.GS1 and not found.orientation
    return found.bytes.decode("latin-1") if found and gs1 else ""


def _customer(bits: Bits) -> str:
    """The bars as figures, 1 to 4; empty for an image that is none of bars with white between."""
    length = (bits.columns + 7) // 8
    rows = [int.from_bytes(bits.data[i : i + length]) for i in range(0, len(bits.data), length)]
    text = [f"{row:0{8 * length}b}" for row in rows]
    if bits.columns != 2 * COUNT - 1 or bits.rows != len(text) or any("1" in row[1::2] for row in text):
        return ""
    dark = zip(*[[module == "1" for module in row[: bits.columns : 2]] for row in text], strict=True)
    return "".join([_BARS.get(bar, "") for bar in dark])


_READERS: Mapping[str, Callable[[Bits], str]] = MappingProxyType(
    {"sheet": _qr, "el_qr": _qr, "gs1_128": _gs1_128, "customer_barcode": _customer}
)


def check_says(kind: str, bits: Bits, says: str) -> None:
    """:class:`Difference` unless the symbol is of its kind's size and a reader takes it for ``says``."""
    shape = shape_of(kind)
    if (bits.columns, bits.rows) != (shape.columns, shape.rows):
        raise Difference(f"{NAMES[kind]}の升目の数が違います")
    found = _READERS[kind](bits)
    if not found:
        raise Difference(f"{NAMES[kind]}を読み取れません")
    if found != (bars_of(says) if kind == "customer_barcode" else says):
        raise Difference(f"{NAMES[kind]}の中身がデータと違います")


def place_of(kind: str, at: tuple[float, float], down: float) -> Box:
    """Where a symbol must be, in mm from the top left, when it is declared ``at`` and its row is moved ``down``.

    A layout says where the quiet zone begins, the vendor profile where the sheet mark itself does.
    """
    shape, dot = shape_of(kind), 25.4 / _dpi()
    beside, above = (0.0, 0.0) if kind == "sheet" else quiet_of(kind)
    return at[0] + beside, at[1] + down + above, shape.width * dot, shape.height * dot


def check_place(kind: str, found: Box, wanted: Box) -> None:
    """:class:`Difference` for a symbol off its place by more than a dot of the device, or of another size."""
    dot = 25.4 / _dpi()
    moved = max(abs(found[0] - wanted[0]), abs(found[1] - wanted[1]))
    if moved > dot * 1.01:
        raise Difference(f"{NAMES[kind]}の位置が{moved:.1f}mmずれています")
    if max(abs(found[2] - wanted[2]), abs(found[3] - wanted[3])) > dot / 100:
        raise Difference(f"{NAMES[kind]}の大きさが違います")


def quiet_of(kind: str) -> tuple[float, float]:
    """The white beside and above a symbol, in mm."""
    shape, dot = shape_of(kind), 25.4 / _dpi()
    return shape.beside * dot, shape.above * dot


def _dpi() -> int:
    return reference.vendor().print_.dpi


@cache
def shape_of(kind: str) -> Shape:
    """A symbol's shape by the vendor profile and the table of marks; the sheet mark is a QR of version 2."""
    marks, dpi = reference.marks(), _dpi()
    if kind == "sheet":
        place = reference.vendor().mark
        return _square(25, place.module_dots, place.quiet_modules)
    if kind == "el_qr":
        return _square(17 + 4 * marks.el_qr.version, marks.el_qr.module_dots[dpi], 4)
    if kind == "gs1_128":
        dots = marks.gs1_128.module_dots[dpi]
        return Shape(288, 1, 288 * dots, ceil(marks.gs1_128.height * dpi / 25.4), 10 * dots, 0)
    module, third = customer.dimensions(marks.customer_barcode.points, dpi)
    clear = ceil(2 * dpi / 25.4)
    return Shape(2 * COUNT - 1, 3, (2 * COUNT - 1) * module, 3 * third, clear, clear)


def _square(modules: int, dots: int, quiet: int) -> Shape:
    return Shape(modules, modules, modules * dots, modules * dots, quiet * dots, quiet * dots)
