"""The notices that every way prints: as records for ours, as lists of what to draw for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from .measure import Clock
from .things import Page, Thing

T = TypeVar("T")
PIECES, PAGES, FORMS, INDEX = "pieces", "pages", "forms", "index"
_READ = 50  # notices read at a time, with the clock stopped: no way holds its whole input


class Index(msgspec.Struct, frozen=True):
    """Where each notice begins in the two files of the workload (and where the last ends), and its pages."""

    pieces: list[int]
    pages: list[int]
    counts: list[int]


class Workload:
    """A folder with the records and the drawing lists of some notices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = msgspec.msgpack.decode((folder / INDEX).read_bytes(), type=Index)

    def __len__(self) -> int:
        return len(self.index.counts)

    def page_count(self, chosen: Iterable[int]) -> int:
        return sum(self.index.counts[i] for i in chosen)

    def forms(self) -> dict[str, list[Thing]]:
        return msgspec.msgpack.decode((self.folder / FORMS).read_bytes(), type=dict[str, list[Thing]])

    def pieces(self, chosen: Iterable[int], clock: Clock, decode: Callable[[bytes], T]) -> Iterator[T]:
        """Pieces with their notices as intake made them; only our own way knows how to decode them."""
        return self._read(PIECES, self.index.pieces, chosen, decode, clock)

    def pages(self, chosen: Iterable[int], clock: Clock) -> Iterator[list[Page]]:
        """The pages of each notice."""
        decode = msgspec.msgpack.Decoder(list[Page]).decode
        return self._read(PAGES, self.index.pages, chosen, decode, clock)

    def _read(
        self, name: str, starts: list[int], chosen: Iterable[int], decode: Callable[[bytes], T], clock: Clock
    ) -> Iterator[T]:
        numbers = iter(chosen)
        with (self.folder / name).open("rb") as file:
            while wanted := list(islice(numbers, _READ)):
                clock.stop()
                found = []
                for number in wanted:
                    file.seek(starts[number])
                    found.append(decode(file.read(starts[number + 1] - starts[number])))
                clock.start()
                yield from found
