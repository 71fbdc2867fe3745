"""Posting statements (差出票): what each sender hands in with each posting, and what the post asks for it.

Together they say the same yen as the postage lines of the run's bill: both price the same postings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from printjobs.core.postage.parts import Part, percent_parts
from printjobs.core.postage.posting import ROUTE_WORDS, Lot, Posting, PricedLine, Route, Terms, groups, price_groups

from .bill import Case, posting_shares, posting_title


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
    """One paper: of what the senders hand in together, or of what one city hands in undiscounted, abroad included.

    ``posting`` is only what is handed in with this paper, under the terms that it really has. ``part`` counts from 1
    where pulls have left one posting several papers, else it is 0.
    """

    posting: Posting
    title: str
    rows: tuple[Row, ...]
    senders: tuple[Sender, ...]
    part: int = 0

    @property
    def pieces(self) -> int:
        return sum(row.line.pieces for row in self.rows)

    @property
    def yen(self) -> int:
        return sum(row.line.yen for row in self.rows)


def statements(case: Case) -> list[Statement]:
    """Every statement of a run, by posting, part and sender."""
    found: list[Statement] = []
    undiscounted: defaultdict[str, list[Lot]] = defaultdict(list)
    for posting in case.mail.postings:
        if posting.terms.route is Route.PLAIN:
            for lot in posting.lots:
                undiscounted[lot.city].append(lot)
        else:
            found += _of_posting(posting, case)
    for city, pieces in case.mail.overseas.items():
        if pieces:
            undiscounted[city].append(Lot(city, "", case.table.overseas.name, barcode=False, pieces=pieces))
    for lots in undiscounted.values():
        found += _of_posting(Posting(0, Terms(Route.PLAIN), tuple(lots)), case)
    return sorted(found, key=lambda s: (s.posting.number, s.part, s.senders))


def _of_posting(posting: Posting, case: Case) -> Iterator[Statement]:
    handed_in = groups(posting, case.table)
    for part, group in enumerate(handed_in, 1):
        own = Posting(posting.number, group.terms, group.lots)
        priced = price_groups([group], case.table)
        rows = tuple(Row(line, percent_parts(group, line, case.table)) for line in priced.lines)
        shares = posting_shares(own, priced, case)
        pieces = {city: sum(lot.pieces for lot in own.lots if lot.city == city) for city in own.cities}
        senders = tuple(Sender(city, pieces[city], shares[city].yen) for city in own.cities)
        if len(handed_in) == 1:
            yield Statement(own, posting_title(own), rows, senders)
        else:
            yield Statement(own, _title_of_part(own), rows, senders, part)


def _title_of_part(own: Posting) -> str:
    joint = "・連名" if len(own.cities) > 1 else ""
    return f"差出し{own.number}のうち{ROUTE_WORDS[own.terms.route]}{joint}"
