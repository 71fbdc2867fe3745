"""Sort rows of any number in bounded memory: sorted parts on disk, joined as they are read."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice, pairwise
from operator import attrgetter
from typing import IO, NamedTuple

import msgspec

PART = 5_000  # rows held at once
_BLOCK = 500  # rows read back at a time, for each part


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A row under the number that joins files; ``row`` as a spreadsheet counts.

    Thousands are held at once, so there is nothing in one that the garbage collector would look at over and over.
    """

    key: str
    row: int
    cells: tuple[str, ...]


KEY = attrgetter("key")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


class _Part(NamedTuple):
    """Sorted rows on disk: the first and the last key, and where each block lies."""

    first: str
    last: str
    blocks: list[tuple[int, int]]


def sort_rows(rows: Iterable[Row], part: int = PART) -> Iterator[Row]:
    """``rows``, which come as they stand in the file, by key and then by place in the file.

    Input that fits one part never touches the disk, and a file that is in order already is not merged.
    """
    source = iter(rows)
    parts: list[_Part] = []
    with ExitStack() as opened:
        held = sorted(islice(source, part), key=KEY)
        while (following := next(source, None)) is not None:
            if not parts:
                file = opened.enter_context(tempfile.TemporaryFile())
            parts.append(_spill(held, file))
            held.clear()  # or two parts would be held while the next one is read
            held = sorted(chain((following,), islice(source, part - 1)), key=KEY)
        if not parts:
            yield from held
            return
        spilled = [_read(file, one.blocks) for one in parts]
        keys = [*((one.first, one.last) for one in parts), (held[0].key, held[-1].key)]
        if all(last <= first for (_, last), (first, _) in pairwise(keys)):
            yield from chain(*spilled, held)
        else:
            yield from heapq.merge(*spilled, held, key=KEY)  # of equal keys the earlier part's comes first


def _spill(rows: list[Row], file: IO[bytes]) -> _Part:
    blocks = []
    for i in range(0, len(rows), _BLOCK):
        data = _encode(rows[i : i + _BLOCK])
        blocks.append((file.seek(0, 2), len(data)))
        file.write(data)
    return _Part(rows[0].key, rows[-1].key, blocks)


def _read(file: IO[bytes], blocks: list[tuple[int, int]]) -> Iterator[Row]:
    for start, length in blocks:
        file.seek(start)
        yield from _decode(file.read(length))
