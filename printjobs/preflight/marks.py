"""The sheet marks of a finished file, read back with another decoder and compared with the plan.

Law 3: pages on paper = pages in the manifest. The page's own symbol bits are decoded by zxing-cpp
(tens of microseconds; rasterising a page costs tens of milliseconds), so every sheet is read, not a sample.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pikepdf
import zxingcpp

from .fault import PreflightError

_IMAGE = re.compile(rb"BI/W (\d+)/H (\d+)/IM true/D\[1 0\]/F/AHx\nID ([0-9A-F]+)>\nEI")
_SIDE = 25  # modules of a sheet mark (QR version 2); the other symbols of a page are wider
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_DARK, _LIGHT = b"\x00", b"\xff"


def read_marks(path: Path) -> Iterator[list[str]]:
    """What the sheet marks of each page say, page by page."""
    with pikepdf.open(path) as pdf:
        for page in pdf.pages:
            contents = page.obj.Contents
            code = contents.read_bytes() if isinstance(contents, pikepdf.Stream) else b""
            yield [
                _decode(int(w), int(h), bytes.fromhex(bits.decode()))
                for w, h, bits in _IMAGE.findall(code)
                if int(w) == int(h) == _SIDE
            ]


def _decode(width: int, height: int, data: bytes) -> str:
    """Decode one symbol from its own bits; empty when the decoder refuses it."""
    row_bytes = (width + 7) // 8
    pixels = bytearray()
    for y in range(height):
        row = int.from_bytes(data[y * row_bytes : (y + 1) * row_bytes])
        bits = f"{row:0{row_bytes * 8}b}"[:width]
        pixels += bits.encode().replace(b"1", _DARK).replace(b"0", _LIGHT)
    image = memoryview(bytes(pixels)).cast("B", shape=[height, width])
    found = zxingcpp.read_barcode(
        image,
        formats=_QR,
        is_pure=True,
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
    )
    return found.text if found else ""


def check(path: Path, expected: Iterable[str], pages_per_sheet: int) -> int:
    """Compare every sheet's mark with ``expected``, in order; the number of pages that were read.

    Raises :class:`PreflightError` at the first sheet that differs, naming it by its place in the file.
    """
    wanted = iter(expected)
    pages = 0
    for page, found in enumerate(read_marks(path)):
        pages += 1
        mark = [next(wanted, "（計画にない紙）")] if page % pages_per_sheet == 0 else []
        if found != mark:
            raise PreflightError(
                f"{path.name} の{page // pages_per_sheet + 1}枚目の読み戻しが計画と違います（QRの数 {len(found)}、"
                f"計画 {len(mark)}）。このファイルは引き渡せません。印刷ファイルを作り直してください。"
            )
    if next(wanted, None) is not None:
        raise PreflightError(
            f"{path.name} の頁が計画より少なくなっています（{pages}頁）。印刷ファイルを作り直してください。"
        )
    return pages
