"""Sort rows of any number in bounded memory: sorted parts on disk, merged as they are read."""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, NamedTuple

PART = 20_000  # rows held at once
_BLOCK = 500  # rows read back at a time, for each part


class Row(NamedTuple):
    """A row under the number that joins files; ``row`` as a spreadsheet counts."""

    key: str
    row: int
    cells: list[str]


def sort_rows(rows: Iterable[Row], part: int = PART) -> Iterator[Row]:
    """``rows`` by key, then by place in the file. Input that fits one part never touches the disk."""
    source = iter(rows)
    parts: list[IO[bytes]] = []
    try:
        held = sorted(islice(source, part), key=_order)
        while following := sorted(islice(source, part), key=_order):
            parts.append(_spill(held))
            held = following
        yield from heapq.merge(held, *(_read(file) for file in parts), key=_order)
    finally:
        for file in parts:
            file.close()


def _order(row: Row) -> tuple[str, int]:
    return row.key, row.row


def _spill(rows: list[Row]) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives until the merge ends
    for i in range(0, len(rows), _BLOCK):
        pickle.dump([tuple(r) for r in rows[i : i + _BLOCK]], file, protocol=5)
    file.seek(0)
    return file


def _read(file: IO[bytes]) -> Iterator[Row]:
    while True:
        try:
            block = pickle.load(file)  # noqa: S301 - our own bytes, from a file nobody else can open
        except EOFError:
            return
        yield from map(Row._make, block)
