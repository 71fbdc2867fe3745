"""Where each released piece stands while a report is read, in eight bytes a piece: a year's million fit anywhere."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .model import PieceStatus

Key = tuple[int, int]  # batch number, piece number

_STATUSES = tuple(PieceStatus)
_CODES = {status: code for code, status in enumerate(_STATUSES)}
_SEEN, _BAD = 1, 2  # flags


class Expected(NamedTuple):
    """A released piece as the plan knows it."""

    sheets: int
    generation: int
    status: PieceStatus


class _Batch:
    """A batch's pieces in columns; a piece's place is its number. ``sheets`` is 0 where there is none.

    ``seen`` is how many sheets were seen if they came in order from the first on; others stand in ``Pieces``.
    """

    __slots__ = ("before", "flags", "generation", "now", "seen", "sheets")

    def __init__(self) -> None:
        self.sheets, self.seen = array("H"), array("H")
        self.generation, self.before, self.now, self.flags = bytearray(), bytearray(), bytearray(), bytearray()

    def make_room(self, number: int) -> None:
        more = max(number + 1, len(self.sheets)) - len(self.sheets) + len(self.sheets) // 2
        for column in (self.sheets, self.seen, self.generation, self.before, self.now, self.flags):
            column.extend(bytes(more))


class Pieces:
    """Released pieces by batch and number: as they were before a report, and as it leaves them line by line.

    The pieces of a batch are numbered without gaps (law 2), so they stand in columns. What is asked about a piece
    is asked about one that is ``in`` here.
    """

    def __init__(self, expected: Iterable[tuple[Key, Expected]]) -> None:
        self._batches: dict[int, _Batch] = {}
        self._odd: dict[Key, list[int]] = {}  # sheets seen of pieces whose sheets did not come in order
        self._pull_list: dict[Key, bool] = {}  # whether the vendor has reported the envelope diverted
        for key, piece in expected:
            self._add(key, piece)

    def _add(self, key: Key, piece: Expected) -> None:
        number = key[1]
        batch = self._batches.get(key[0])
        if batch is None:
            batch = self._batches[key[0]] = _Batch()
        if number >= len(batch.sheets):
            batch.make_room(number)
        batch.sheets[number], batch.generation[number] = piece.sheets, piece.generation
        batch.before[number] = batch.now[number] = _CODES[piece.status]

    def __contains__(self, key: Key) -> bool:
        batch = self._batches.get(key[0])
        return batch is not None and key[1] < len(batch.sheets) and batch.sheets[key[1]] > 0

    def has_batch(self, number: int) -> bool:
        return number in self._batches

    def sheets(self, key: Key) -> int:
        return self._batches[key[0]].sheets[key[1]]

    def generation(self, key: Key) -> int:
        return self._batches[key[0]].generation[key[1]]

    def before(self, key: Key) -> PieceStatus:
        return _STATUSES[self._batches[key[0]].before[key[1]]]

    def now(self, key: Key) -> PieceStatus:
        return _STATUSES[self._batches[key[0]].now[key[1]]]

    def settle(self, key: Key, status: PieceStatus) -> None:
        self._batches[key[0]].now[key[1]] = _CODES[status]

    # Envelopes that the vendor has to take out (引抜き): a few.

    def pull(self, key: Key, *, diverted: bool) -> None:
        """Put an envelope on the vendor's pull list, or note how it stands there."""
        self._pull_list[key] = diverted

    def is_on_pull_list(self, key: Key) -> bool:
        return key in self._pull_list

    def undiverted(self, batch: int) -> list[Key]:
        """The envelopes of a batch that the vendor has not reported diverted, in order."""
        return sorted(key for key, diverted in self._pull_list.items() if key[0] == batch and not diverted)

    # What the camera saw of a piece.

    def is_seen(self, key: Key) -> bool:
        """Whether this report showed a sheet of it."""
        return bool(self._batches[key[0]].flags[key[1]] & _SEEN)

    def is_bad(self, key: Key) -> bool:
        return bool(self._batches[key[0]].flags[key[1]] & _BAD)

    def spoil(self, key: Key) -> None:
        """Remember that this report showed something wrong with it."""
        self._batches[key[0]].flags[key[1]] |= _BAD

    def see(self, key: Key, sheet: int) -> str:
        """Count a sheet to its piece; the code of what is wrong with it, empty when it is the next one."""
        batch, number = self._batches[key[0]], key[1]
        batch.flags[number] |= _SEEN
        if sheet == batch.seen[number] + 1 and key not in self._odd:
            batch.seen[number] = sheet
            return ""
        code = ""
        if sheet in self._sheets_seen(key):
            code = "duplicate_sheet"
        elif sheet != self.sheets_seen(key) + 1:
            code = "out_of_order"
        self.spoil(key)  # by this sheet, or earlier reports showed its sheets out of order
        self.remember(key, sheet)
        return code

    def remember(self, key: Key, sheet: int) -> None:
        """Note that a sheet was seen, now or in an earlier report, without judging it."""
        batch, number = self._batches[key[0]], key[1]
        if key in self._odd:
            self._odd[key].append(sheet)
        elif sheet == batch.seen[number] + 1:
            batch.seen[number] = sheet
        else:
            self._odd[key] = [*range(1, batch.seen[number] + 1), sheet]

    def _sheets_seen(self, key: Key) -> range | list[int]:
        return self._odd.get(key) or range(1, self._batches[key[0]].seen[key[1]] + 1)

    def sheets_seen(self, key: Key) -> int:
        """How many sheets were seen, doubles counted."""
        return len(self._sheets_seen(key))

    def is_complete(self, key: Key) -> bool:
        """Whether each sheet was seen once, in whatever order."""
        return sorted(self._sheets_seen(key)) == list(range(1, self.sheets(key) + 1))

    def is_in_order(self, key: Key) -> bool:
        """Whether each sheet was seen once, one after the other."""
        return key not in self._odd and self.sheets_seen(key) == self.sheets(key)

    # All pieces of a batch, all that moved.

    def count(self, batch: int, status: PieceStatus) -> int:
        return self._batches[batch].now.count(_CODES[status])

    def with_status(self, batch: int, status: PieceStatus) -> Iterator[Key]:
        """The pieces of a batch that have a status now, in order; each may be settled as it comes."""
        code = _CODES[status]
        return ((batch, number) for number, now in enumerate(self._batches[batch].now) if now == code)

    def moves(self) -> Counter[tuple[PieceStatus, PieceStatus]]:
        """How many pieces moved from which status to which."""
        count: Counter[tuple[int, int]] = Counter()
        for batch in self._batches.values():
            count.update(zip(batch.before, batch.now, strict=True))
        return Counter({(_STATUSES[old], _STATUSES[new]): n for (old, new), n in count.items() if old != new})

    def moved(self, old: PieceStatus, new: PieceStatus) -> Iterator[Key]:
        """The pieces that moved from one status to another, in order."""
        move = (_CODES[old], _CODES[new])
        for number, batch in sorted(self._batches.items()):
            codes = zip(batch.before, batch.now, strict=True)
            yield from ((number, piece) for piece, code in enumerate(codes) if code == move)
