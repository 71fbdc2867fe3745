"""An invoice of vendor or post office as CSV: 費目, 数量, 単価, 金額, a line each, taken whole or not at all."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from printjobs.core.cost.settlement import Sent, plain
from printjobs.core.cost.tariff import Line
from printjobs.core.kinds import Column, Type
from printjobs.core.model import BadInput

from .transmittal import ENCODINGS
from .values import CellFault, parser

COLUMNS = (
    Column("item", "費目", Type.TEXT, length=120),
    Column("quantity", "数量", Type.COUNT, length=9),
    Column("unit_yen", "単価", Type.TEXT, length=20),
    Column("yen", "金額", Type.YEN),
)
TITLES = [column.title for column in COLUMNS]
_READERS = [parser(column) for column in COLUMNS]
_SHOWN = 5  # faults told at once
_MINUS = ("-", "−", "－", "▲", "△")
_UNIT_PRICE = re.compile(r"[0-9]{1,11}(\.[0-9]{1,3})?")


def read_invoice(data: bytes, name: str) -> tuple[Sent, ...]:
    """The lines of an invoice, in UTF-8 or, as spreadsheets save it, code page 932. ``name`` is the file's.

    :class:`BadInput` names the first lines that cannot be taken; none is taken then.
    """
    sent, faults = [], []
    for number, cells in _rows(data, name):
        try:
            sent.append(_line(cells))
        except CellFault as fault:
            faults.append(f"{number}行目: {fault.message}")
    if faults:
        more = f"（ほかに{len(faults) - _SHOWN}行）" if len(faults) > _SHOWN else ""
        raise _bad(name, f"{''.join(faults[:_SHOWN])}{more}")
    if not sent:
        raise _bad(name, "明細の行がありません。費目ごとに1行ずつ入れてください。")
    return tuple(sent)


def write_invoice(lines: Iterable[Line]) -> str:
    """The form that an invoice is expected in, filled in with lines that have a title of their own each."""
    text = io.StringIO(newline="")
    rows = ((line.title, line.quantity, plain(line.unit_yen), line.yen) for line in lines)
    csv.writer(text, lineterminator="\r\n").writerows([TITLES, *rows])
    return text.getvalue()


def _rows(data: bytes, name: str) -> Iterable[tuple[int, list[str]]]:
    """Rows below the header as a spreadsheet counts them, but for the empty ones that it leaves at the end."""
    try:
        table = csv.reader(io.StringIO(_text(data, name), newline=""), strict=True)
        if [cell.strip() for cell in next(table, [])] != TITLES:
            raise _bad(name, f"1行目の見出しを {','.join(TITLES)} にしてください。")
        rows = list(table)
    except csv.Error as error:
        raise _bad(name, f"CSVの形になっていません（{error}）。出力し直してください。") from error
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    return enumerate(rows, start=2)


def _text(data: bytes, name: str) -> str:
    for encoding in ENCODINGS.values():
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _bad(name, "UTF-8 か cp932（Shift_JIS）のCSVで保存し直してください。")


def _line(cells: Sequence[str]) -> Sent:
    if len(cells) != len(COLUMNS):
        raise CellFault("column_count", f"{len(cells)}列です。見出しと同じ{len(COLUMNS)}列にしてください。")
    if any(cell.strip().startswith(_MINUS) for cell in cells[1:]):
        raise CellFault(
            "negative",
            "値引きなど、負の数の行は取り込めません。値引きした後の額の行で出し直してもらい、"
            "値引きは printjobs cost correct で、その費目の負の訂正として入れてください。",
        )
    item, quantity, unit_yen, yen = (read(cell) for read, cell in zip(_READERS, cells, strict=True))
    if not _UNIT_PRICE.fullmatch(str(unit_yen)):
        raise CellFault("number_format", "「単価」は半角数字で、小数は3桁までで入れてください（桁区切りなし）。")
    return Sent(str(item), int(quantity), str(unit_yen), int(yen))


def _bad(name: str, why: str) -> BadInput:
    return BadInput(f"請求書 {name} を取り込めません。{why}", name)
