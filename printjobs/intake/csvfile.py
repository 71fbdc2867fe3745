"""One CSV file as a stream of rows in our column order, strict about its form."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from functools import partial
from io import TextIOWrapper
from operator import itemgetter
from typing import BinaryIO

from printjobs.core.kinds import NUMBER, Table
from printjobs.core.model import BadInput, Problem

from .sorting import Row
from .transmittal import TableMapping, expected_headers

_FIELD_LIMIT = 1 << 20  # one cell; a whole file swallowed by an open quote must not be one


def shown_number(key: str) -> str:
    """A notice number as it may be told. Where columns have slipped, it is somebody's name instead."""
    return key if key.isascii() and key.isdigit() and len(key) <= NUMBER.length else ""


class CsvFile:
    """Reads a table's file. ``problems`` collects rows whose form is broken; ``rows`` counts all.

    Whole-file faults (not CSV, wrong encoding, columns missing or too many) raise :class:`BadInput`.
    """

    def __init__(self, stream: BinaryIO, table: Table, mapping: TableMapping, encoding: str) -> None:
        self.table = table
        self.rows = 0
        self.problems: list[Problem] = []
        self._stream = stream
        self._encoding = encoding
        self._headers = expected_headers(table, mapping)
        self._constants = {c.key: mapping.constants[c.title] for c in table.columns if c.title in mapping.constants}
        self._codes = {c.key: mapping.values[c.title] for c in table.columns if c.title in mapping.values}

    def title(self, key: str) -> str:
        """The header that the city itself uses for one of our columns."""
        return self._headers.get(key) or next(c.title for c in self.table.columns if c.key == key)

    def problem(self, row: int, column: str, code: str, message: str, key: str) -> Problem:
        """A problem in the words of the city's own file; ``column`` is our key, empty for the whole row."""
        title = self.title(column) if column else ""
        return Problem(self.table.file, row, title, code, message, shown_number(key))

    def __iter__(self) -> Iterator[Row]:
        name = self.table.file
        csv.field_size_limit(_FIELD_LIMIT)
        text = TextIOWrapper(self._stream, encoding=codecs.lookup(self._encoding).name, newline="")
        reader = csv.reader(text, strict=True)
        row = 1
        try:
            header = next(reader, None)
            if header is None:
                raise BadInput(f"{name} が空です。1行目に項目名のあるCSVを出力し直してください。", name)
            places = self._places(header)
            arranged = self._arrangement(places, len(header))
            width, number = len(header), places[0]
            for row, cells in enumerate(reader, start=2):
                if len(cells) == width:
                    yield Row(cells[number] if number >= 0 else "", row, arranged(cells))
                else:
                    yield self._broken(cells or [""], row, number, width)  # an empty line is a row of one cell
        except UnicodeDecodeError as error:
            raise BadInput(
                f"{name} の{row + 1}行目付近を {self._encoding.removesuffix('-sig')} として読めません。"
                "送付票の文字コードと実際の文字コードを合わせてください。",
                name,
            ) from error
        except csv.Error as error:
            raise BadInput(
                f"{name} の{row + 1}行目付近がCSVの形になっていません（{error}）。"
                "引用符の閉じ忘れや途中で切れていないかを確かめて、出力し直してください。",
                name,
            ) from error
        finally:
            self.rows = row - 1

    def _broken(self, cells: list[str], row: int, number: int, width: int) -> Row:
        """A row with too few or too many columns; its problem is noted, and none of its cells is read."""
        key = cells[number] if 0 <= number < len(cells) else ""
        told = f"この行は{len(cells)}列です。見出しと同じ{width}列にしてください。"
        self.problems.append(Problem(self.table.file, row, "", "column_count", told, shown_number(key)))
        return Row(key, row, ())

    @property
    def _keys(self) -> list[str]:
        return [c.key for c in self.table.columns]

    def _places(self, header: list[str]) -> list[int]:
        """Where each of our columns stands in the file; -1 for a constant."""
        wanted = list(self._headers.values())
        missing = [h for h in wanted if h not in header]
        extra = [str(i) for i, h in enumerate(header, start=1) if h not in wanted]
        if missing or extra or len(set(header)) != len(header):
            told = []
            if missing:
                told.append("足りない列: " + "、".join(missing))
            if extra:
                # By place, not by name: where the header is missing, the "names" are somebody's data.
                told.append("余分な列: " + "、".join(extra[:10]) + "列目")
            if not told:
                told.append("同じ名前の列が2つあります")
            raise BadInput(
                f"{self.table.file} の見出しが様式と違います。{'。'.join(told)}。"
                "見出しを合わせるか、対応表 mapping.toml を付けてください。",
                self.table.file,
            )
        return [header.index(self._headers[k]) if k in self._headers else -1 for k in self._keys]

    def _arrangement(self, places: list[int], width: int) -> Callable[[list[str]], tuple[str, ...]]:
        """How a row's cells become ours."""
        constants = [self._constants[key] for key, place in zip(self._keys, places, strict=True) if place < 0]
        after = iter(range(width, width + len(constants)))
        pick = itemgetter(*(place if place >= 0 else next(after) for place in places))
        codes = [(i, self._codes[key]) for i, key in enumerate(self._keys) if key in self._codes and places[i] >= 0]
        if codes:
            return partial(_decoded, pick, constants, codes)
        if constants:
            return lambda cells: pick(cells + constants)
        return tuple if places == list(range(width)) else pick


def _decoded(
    pick: Callable[[list[str]], tuple[str, ...]],
    constants: list[str],
    codes: list[tuple[int, dict[str, str]]],
    cells: list[str],
) -> tuple[str, ...]:
    """A row's cells as ours, with the city's own codes in some columns put into our words."""
    picked = list(pick(cells + constants))
    for place, words in codes:
        picked[place] = words.get(picked[place], picked[place])
    return tuple(picked)
