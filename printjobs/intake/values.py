"""One cell of a city's file: text in, value out, or a fault with a code and a Japanese sentence."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import partial

from printjobs.core import gaiji
from printjobs.core.kinds import MAXIMUM_YEN, Column, Type

Value = str | int


class CellFault(Exception):
    """Why a cell cannot be taken. The message never repeats a text cell's content.

    ``gaiji``: the private-use characters in it that the city's table does not settle.
    """

    def __init__(self, code: str, message: str, unsettled: str = "") -> None:
        super().__init__(code)
        self.code, self.message, self.gaiji = code, message, unsettled


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
# One look at a cell that has neither, which is nearly every one.
SUSPECT = re.compile(_CONTROL.pattern[:-1] + gaiji.PRIVATE_USE.pattern[1:])
_PADDING = " 　"  # what host systems fill a field up with: no part of a name or an address
_SHOWN = 20  # characters of a number that a message repeats


def parser(column: Column, table: gaiji.Lookup = gaiji.NOTHING) -> Callable[[str], Value]:
    """A function for the cells of one column; it raises :class:`CellFault`.

    ``table``: what the city's own private-use characters mean. They are replaced in texts and nowhere else:
    what a machine reads has digits and letters only.
    """
    is_text = column.type is Type.TEXT
    read = partial(_text, table) if is_text else _READERS[column.type]
    length, required, title = column.length, column.required, column.title

    def parse(cell: str) -> Value:
        if not cell.strip():  # a name of blanks only is no name
            if required:
                raise CellFault("required", f"「{title}」が空です。値を入れてください。")
            return ""
        if is_text:
            cell = cell.strip(_PADDING)
        if len(cell) > length and column.type in (Type.TEXT, Type.DIGITS):
            raise CellFault("too_long", f"「{title}」が{len(cell):,}文字あります。{length}文字以内にしてください。")
        return read(cell, column)

    return parse


def _text(table: gaiji.Lookup, cell: str, column: Column) -> Value:
    if not SUSPECT.search(cell):
        return cell
    found = dict.fromkeys(gaiji.PRIVATE_USE.findall(cell))
    if unsettled := [char for char in found if char not in table.settled]:
        codes = "、".join(f"{gaiji.code_of(char)}（{table.state(char)}）" for char in unsettled)
        raise CellFault(
            "private_use",
            f"「{column.title}」に外字 {codes} があります。外字表で確定してから、もう一度提出してください。",
            "".join(unsettled),
        )
    if control := _CONTROL.search(cell):
        raise CellFault(
            "control_character",
            f"「{column.title}」に改行などの制御文字 {gaiji.code_of(control[0])} があります。取り除いてください。",
        )
    return gaiji.PRIVATE_USE.sub(lambda char: table.settled[char[0]], cell)


def _digits(cell: str, column: Column) -> Value:
    if not (cell.isascii() and cell.isdigit()):
        raise CellFault("digits", f"「{column.title}」は半角数字だけで入れてください。")
    return cell


def _yen(cell: str, column: Column) -> Value:
    if not re.fullmatch(r"-?[0-9]+", cell):
        raise CellFault("number_format", f"「{column.title}」は半角数字だけの円単位で入れてください（桁区切りなし）。")
    if cell[0] == "-":
        raise CellFault("negative", f"「{column.title}」が負の額です。0以上の額にしてください。")
    if len(cell) > _SHOWN or (value := int(cell)) > MAXIMUM_YEN:
        raise CellFault("too_large", f"「{column.title}」が大きすぎます。{MAXIMUM_YEN:,}円以下の額にしてください。")
    return value


def _count(cell: str, column: Column) -> Value:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= column.length):
        raise CellFault("number_format", f"「{column.title}」は半角数字{column.length}桁までで入れてください。")
    return int(cell)


def _area(cell: str, column: Column) -> Value:
    match = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", cell)
    if not match:
        raise CellFault("number_format", f"「{column.title}」は半角数字で、小数は2桁までで入れてください。")
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def _date(cell: str, column: Column) -> Value:
    try:
        if len(cell) != len("2026-04-30"):
            raise ValueError  # noqa: TRY301 - told the same way as a date that does not exist
        return dt.date.fromisoformat(cell).isoformat()
    except ValueError:
        raise CellFault(
            "date_format", f"「{column.title}」は 2026-04-30 の形の実在する日付で入れてください。"
        ) from None


def _choice(cell: str, column: Column) -> Value:
    if cell not in column.choices:
        raise CellFault("choice", f"「{column.title}」は {'、'.join(column.choices)} のどれかにしてください。")
    return cell


_READERS: dict[Type, Callable[[str, Column], Value]] = {
    Type.DIGITS: _digits,
    Type.YEN: _yen,
    Type.COUNT: _count,
    Type.AREA: _area,
    Type.DATE: _date,
    Type.CHOICE: _choice,
}
