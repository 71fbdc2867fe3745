"""Numbers to pay with that two notices of a hand-in share, found while its rows are read and sorted.

A number that was assigned twice pays one debt and leaves another open, and both slips look sound. Spreadsheets
make such numbers too: of twenty digits they keep fifteen.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator

from printjobs.core.kinds import ALONE, SLIP, Kind, written_out
from printjobs.core.model import Notice

from .sorting import Row

_PARTS = 64  # sorted one after the other, so that no more than a part of all hashes is ever held as objects


class _Owners:
    """Which texts came under more than one notice number, at 16 bytes a text.

    Both are kept as 64 bits of hash. A million texts have one chance in 37 million that two share theirs; then
    two notices wait for a person who finds no fault, and nothing wrong is printed.
    """

    def __init__(self) -> None:
        self._parts = [(array("q"), array("q")) for _ in range(_PARTS)]

    def add(self, text: str, owner: int) -> None:
        found = hash(text)
        texts, owners = self._parts[found % _PARTS]
        texts.append(found)
        owners.append(owner)

    def shared(self) -> dict[int, set[int]]:
        """Texts with all their owners; what was added is forgotten."""
        found: dict[int, set[int]] = defaultdict(set)
        for texts, owners in self._parts:
            if len(set(texts)) == len(texts):  # as in nearly every part
                continue
            before, first = None, 0
            for text, owner in sorted(zip(texts, owners, strict=True)):
                if text != before:
                    before, first = text, owner
                elif owner != first:
                    found[text] |= {first, owner}
        self._parts = []
        return found


class Repeats:
    """Watches the notices and the rows that are paid one by one; asked only after the last row of both.

    A row without a notice is told by itself and prints nothing, so what it shares with others does not count.
    """

    def __init__(self, kind: Kind) -> None:
        table = kind.table(kind.payable)
        places = {column.key: place for place, column in enumerate(table.columns)}
        self._table = table
        self._amount = places["amount"]
        self._owners = {key: (places[key], _Owners()) for key in ALONE}
        self._notices = array("q")
        self._shared: dict[str, set[int]] | None = None

    def notices(self, rows: Iterable[Row]) -> Iterator[Row]:
        add = self._notices.append
        for row in rows:
            add(hash(row.key))
            yield row

    def paid(self, rows: Iterable[Row]) -> Iterator[Row]:
        amount, watched = self._amount, [(place, owners.add) for place, owners in self._owners.values()]
        for row in rows:
            cells = row.cells
            if cells and cells[amount].strip("0"):  # what is not paid has no slip
                owner = hash(row.key)
                for place, add in watched:
                    if number := cells[place]:
                        add(written_out(number), owner)
            yield row

    def of(self, notice: Notice) -> Iterator[tuple[int, str, str]]:
        """Row, column key and title of every number on a slip of this notice that another notice has too."""
        if self._shared is None:
            self._shared = self._settled()
        if not self._shared or notice.fields.get("payment", SLIP) != SLIP:
            return
        for i, row in enumerate(notice.tables[self._table.name]):
            for key, shared in self._shared.items():
                place, _ = self._owners[key]
                number = str(row[place - 1])
                if number and row[self._amount - 1] and hash(written_out(number)) in shared:
                    yield i, key, self._table.columns[place].title

    def _settled(self) -> dict[str, set[int]]:
        """The texts that count, by column; of a column without any there is nothing."""
        shared = {key: owners.shared() for key, (_, owners) in self._owners.items()}
        asked = {owner for texts in shared.values() for owners in texts.values() for owner in owners}
        known = asked.intersection(self._notices) if asked else set[int]()
        self._notices = array("q")
        counted = {
            key: {text for text, owners in texts.items() if len(owners & known) > 1} for key, texts in shared.items()
        }
        return {key: texts for key, texts in counted.items() if texts}
