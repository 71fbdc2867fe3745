"""Posting statements (差出票): what each sender hands in with each posting, and what the post asks for it.

Together they say the same yen as the postage lines of the run's bill: both price the same postings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from printjobs.core.cost.bill import Case, posting_shares, posting_title

from .posting import Lot, Posting, PricedLine, Route, Terms, price, specials
from .table import PostageTable

SORTING_WORDS = {"recipient": "受取人の郵便区", "designated": "差出局の指定"}


class Part(NamedTuple):
    """What a part of a discount is given for, in whole percent."""

    name: str
    percent: int


class Row(NamedTuple):
    """Pieces of one price, and the parts of their percent; no parts where there is no discount."""

    line: PricedLine
    parts: tuple[Part, ...]


class Sender(NamedTuple):
    """A city's own part of a posting, in pieces and yen."""

    city: str
    pieces: int
    yen: int


class Statement(NamedTuple):
    """One paper: of a posting with its senders, or of what one city hands in undiscounted, abroad included."""

    posting: Posting
    title: str
    rows: tuple[Row, ...]
    senders: tuple[Sender, ...]

    @property
    def pieces(self) -> int:
        return sum(row.line.pieces for row in self.rows)

    @property
    def yen(self) -> int:
        return sum(row.line.yen for row in self.rows)


def statements(case: Case) -> list[Statement]:
    """Every statement of a run, by posting and sender."""
    found = []
    undiscounted: defaultdict[str, list[Lot]] = defaultdict(list)
    for posting in case.mail.postings:
        if posting.terms.route is Route.PLAIN:
            for lot in posting.lots:
                undiscounted[lot.city].append(lot)
        else:
            found.append(_of_posting(posting, case))
    for city, pieces in case.mail.overseas.items():
        if pieces:
            undiscounted[city].append(Lot(city, "", case.table.overseas.name, barcode=False, pieces=pieces))
    for city, lots in undiscounted.items():
        found.append(_undiscounted(Posting(0, Terms(Route.PLAIN), tuple(lots)), city, case.table))
    return sorted(found, key=lambda s: (s.posting.number, s.senders))


def _of_posting(posting: Posting, case: Case) -> Statement:
    priced = price(posting, case.table)
    shares = posting_shares(posting, priced, case)
    rows = tuple(Row(line, percent_parts(posting, line, case.table)) for line in priced.lines)
    own = {city: sum(lot.pieces for lot in posting.lots if lot.city == city) for city in posting.cities}
    senders = tuple(Sender(city, own[city], shares[city].yen) for city in posting.cities)
    return Statement(posting, posting_title(posting), rows, senders)


def _undiscounted(posting: Posting, city: str, table: PostageTable) -> Statement:
    priced = price(posting, table)
    sender = Sender(city, posting.pieces, priced.yen)
    return Statement(posting, posting_title(posting), tuple(Row(line, ()) for line in priced.lines), (sender,))


def percent_parts(posting: Posting, line: PricedLine, table: PostageTable) -> tuple[Part, ...]:
    """What a line's percent is made of.

    One part only where pulls have changed who hands in with whom, so that the posting's own count does not explain it.
    """
    if not line.percent:
        return ()
    if posting.terms.route is Route.BARCODE:
        return (Part("バーコード", int(line.percent)),)
    for parts in _sorted_parts(posting, line, table):
        if sum(part.percent for part in parts) == line.percent:
            return parts
    return (Part("割引", int(line.percent)),)


def _sorted_parts(posting: Posting, line: PricedLine, table: PostageTable) -> Iterator[tuple[Part, ...]]:
    tier, shape = table.sorting.tier(posting.pieces), table.by_name[line.mail_class].shape
    if tier is None:
        return
    base = Part(SORTING_WORDS[line.sorting], tier.recipient if line.sorting == "recipient" else tier.designated)
    coded = line.barcode and shape in table.sorting.barcode_shapes
    code = (Part("バーコード", table.sorting.barcode_percent),) if coded else ()
    for special in specials(posting.terms, posting.pieces, table):
        own = (Part(special.name, special.percent(shape)),) if special.name else ()
        yield (base, *own, *code)
