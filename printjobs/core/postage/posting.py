"""What is handed in at the post together (差出し), and what it costs by its own counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from printjobs.core.rounding import rounded

from .table import NO_SPECIAL, MailClass, PostageTable, Sorting, Special, Tier


class Route(StrEnum):
    PLAIN = "plain"
    WITHIN = "within_office"  # 郵便区内特別
    BARCODE = "barcode"  # バーコード割引
    SORTED = "sorted"  # 区分


ROUTE_WORDS = {
    Route.PLAIN: "割引なし",
    Route.WITHIN: "郵便区内特別",
    Route.BARCODE: "バーコード割引",
    Route.SORTED: "区分",
}


class Lot(NamedTuple):
    """All alike pieces of a city. ``barcode``: they carry a customer barcode. ``office`` is empty for mail abroad."""

    city: str
    office: str
    mail_class: str
    barcode: bool
    pieces: int
    sorting: Sorting = "recipient"


class Terms(NamedTuple):
    """How a posting is handed in, fixed before printing: ``delay`` is 0, 3 or 7 days."""

    route: Route
    delay: int = 0
    regional: bool = False


class Posting(NamedTuple):
    """Lots handed in together. Number 0 is what goes without a discount."""

    number: int
    terms: Terms
    lots: tuple[Lot, ...]

    @property
    def cities(self) -> tuple[str, ...]:
        return tuple(sorted({lot.city for lot in self.lots}))

    @property
    def pieces(self) -> int:
        return sum(lot.pieces for lot in self.lots)


class PricedLine(NamedTuple):
    """Pieces of one price: ``yen`` is rounded once, of all of them together."""

    mail_class: str
    barcode: bool
    sorting: Sorting
    pieces: int
    unit_yen: int
    percent: Fraction
    yen: int


class Priced(NamedTuple):
    lines: tuple[PricedLine, ...]
    yen: int


class Rated(NamedTuple):
    """A lot whose pieces cost ``unit_yen`` each, less ``percent`` of all of them."""

    lot: Lot
    unit_yen: int
    percent: int


class Group(NamedTuple):
    """What of a posting its senders can hand in together, by its own counts, and the terms that it really has.

    ``terms`` have the regional office only where ``special`` asks for it; the delay stays, as the envelopes show it.
    """

    terms: Terms
    rated: tuple[Rated, ...]
    special: Special = NO_SPECIAL

    @property
    def lots(self) -> tuple[Lot, ...]:
        return tuple(one.lot for one in self.rated)

    @property
    def saves(self) -> int:
        """Hundredths of a yen that the percents take off."""
        return sum(one.lot.pieces * one.unit_yen * one.percent for one in self.rated)


def price(posting: Posting, table: PostageTable) -> Priced:
    """What the posting costs as it is now, in its :func:`groups`. Amounts are rounded by line of each group."""
    return price_groups(groups(posting, table), table)


def price_groups(handed_in: Iterable[Group], table: PostageTable) -> Priced:
    """Undiscounted pieces of one class are one line, whoever hands them in."""
    tally: Counter[tuple[int, int, int, bool, Sorting, int]] = Counter()
    order = {found.name: at for at, found in enumerate(table.classes)}
    for number, group in enumerate(handed_in):
        for lot, unit, percent in group.rated:
            at = order.get(lot.mail_class, len(order))
            told = percent or group.terms.route is Route.WITHIN
            alike = (lot.barcode, lot.sorting) if told else (False, "recipient")
            tally[at, -percent, number if percent else 0, *alike, unit] += lot.pieces
    names = [*order, table.overseas.name]
    lines = [
        PricedLine(names[at], barcode, sorting, pieces, unit, Fraction(-off), _yen(pieces * unit, -off, table))
        for (at, off, _, barcode, sorting, unit), pieces in sorted(tally.items())
    ]
    return Priced(tuple(lines), sum(line.yen for line in lines))


def _yen(full: int, percent: int, table: PostageTable) -> int:
    return rounded(Fraction(full * (100 - percent), 100), table.rounding)


def plain_yen(lot: Lot, table: PostageTable) -> int:
    """Yen for one piece without any discount."""
    if not lot.office or lot.mail_class == table.overseas.name:
        return table.overseas.yen
    return table.by_name[lot.mail_class].yen


def within_yen(lots: Sequence[Lot], table: PostageTable) -> tuple[int, ...] | None:
    """Yen for one piece of each of a city's lots to one office in one class as 区内特別; None where not lawful."""
    city, office, name = lots[0][:3]
    within = table.by_name[name].within_office if name in table.by_name else None
    if within is None or office not in table.within.areas.get(city, ()):
        return None
    if sum(lot.pieces for lot in lots) < table.within.least:
        return None
    enough = sum(lot.pieces for lot in lots if lot.barcode) >= table.within.barcode_least
    return tuple(within.barcode_yen if enough and lot.barcode else within.yen for lot in lots)


def takes(route: Route, lot: Lot, table: PostageTable) -> bool:
    """Whether a posting of barcode or 区分 discount may have the lot at all."""
    if not lot.office or lot.mail_class not in table.by_name:
        return False
    return route is Route.SORTED or (lot.barcode and table.by_name[lot.mail_class].shape in table.barcode.shapes)


def sorted_percent(lot: Lot, mail_class: MailClass, tier: Tier, special: Special, table: PostageTable) -> int:
    """All parts of the percent of 区分 together, for a lot of that class."""
    whole = (tier.recipient if lot.sorting == "recipient" else tier.designated) + special.percent(mail_class.shape)
    if lot.barcode and mail_class.shape in table.sorting.barcode_shapes:
        whole += table.sorting.barcode_percent
    return whole


def specials(terms: Terms, total: int, table: PostageTable) -> list[Special]:
    """Those that a posting of so many pieces may have under its terms, with none at all as the first."""
    fitting = (
        special
        for special in table.sorting.specials
        if special.delay <= terms.delay and special.regional <= terms.regional and special.least <= total
    )
    return [NO_SPECIAL, *fitting]


def groups(posting: Posting, table: PostageTable) -> tuple[Group, ...]:
    """How a posting is to be handed in as it is now: one group where all is as planned.

    After pulls a sender that no longer fits the limits hands in alone, and 区分 that has become too small takes the
    barcode discount where that still fits, jointly if it may. What is left goes without a discount, city by city.
    Of the lawful ways by the posting's own route and by barcode the one that saves most is taken.
    """
    if posting.terms.route is Route.WITHIN:
        found = list(_within(posting, table))
    elif posting.terms.route is Route.PLAIN:
        found = []
    else:
        found = max(_ways(posting, table), key=_saved)
    rest = _by_city(set(posting.lots).difference(*(group.lots for group in found)), posting.lots)
    terms = Terms(Route.PLAIN, posting.terms.delay)
    plain = (Group(terms, tuple(Rated(lot, plain_yen(lot, table), 0) for lot in rest[city])) for city in sorted(rest))
    return (*found, *plain)


def _saved(way: Iterable[Group]) -> int:
    return sum(group.saves for group in way)


def _by_city(some: Container[Lot], lots: Iterable[Lot]) -> dict[str, list[Lot]]:
    """Those of the lots that are among ``some``, equal ones too."""
    found: dict[str, list[Lot]] = {}
    for lot in lots:
        if lot in some:
            found.setdefault(lot.city, []).append(lot)
    return found


def _within(posting: Posting, table: PostageTable) -> Iterator[Group]:
    units: dict[tuple[str, str, str], list[Lot]] = {}
    for lot in posting.lots:
        units.setdefault(lot[:3], []).append(lot)
    for lots in units.values():
        if yens := within_yen(lots, table):
            rated = (Rated(lot, yen, 0) for lot, yen in zip(lots, yens, strict=True))
            yield Group(posting.terms._replace(regional=False), tuple(rated))


def _ways(posting: Posting, table: PostageTable) -> Iterator[list[Group]]:
    """Lawful ways to hand in a posting with a barcode or 区分 discount, without what has none."""
    terms, lots = posting.terms, posting.lots
    if terms.route is Route.SORTED:
        own = _by_city({lot for lot in lots if takes(Route.SORTED, lot, table)}, lots)
        for parties in (_parties(Route.SORTED, own, table), list(own.values())):
            made = (_sorted(terms, party, table) for party in parties)
            found = [group for group in made if group and group.saves >= _saved(_coded(terms, group.lots, table))]
            gone = {lot for group in found for lot in group.lots}
            yield [*found, *_coded(terms, [lot for lot in lots if lot not in gone], table)]
    yield list(_coded(terms, lots, table))


def _parties(route: Route, own: Mapping[str, Sequence[Lot]], table: PostageTable) -> list[Sequence[Lot]]:
    """The lots of the cities that may hand in together, then of each other city."""
    joint = senders(route, {city: sum(lot.pieces for lot in lots) for city, lots in own.items()}, table)
    together = [lot for city in sorted(joint) for lot in own[city]]
    if not together or not _few_kinds(together, table):
        return [own[city] for city in sorted(own)]
    return [together, *(own[city] for city in sorted(own.keys() - joint))]


def _sorted(terms: Terms, lots: Sequence[Lot], table: PostageTable) -> Group | None:
    """Senders that may hand in together as 区分 with the best special, None where there is no discount for them."""
    total = sum(lot.pieces for lot in lots)
    tier = table.sorting.tier(total)
    if tier is None or not _few_kinds(lots, table):
        return None
    made = []
    for special in specials(terms, total, table):
        percents = [sorted_percent(lot, table.by_name[lot.mail_class], tier, special, table) for lot in lots]
        rated = (Rated(lot, plain_yen(lot, table), off) for lot, off in zip(lots, percents, strict=True))
        made.append(Group(terms._replace(regional=special.regional), tuple(rated), special))
    return max(made, key=lambda group: group.saves)


def _coded(terms: Terms, lots: Sequence[Lot], table: PostageTable) -> Iterator[Group]:
    """The groups that have the barcode discount."""
    own = _by_city({lot for lot in lots if takes(Route.BARCODE, lot, table)}, lots)
    for party in _parties(Route.BARCODE, own, table):
        if sum(lot.pieces for lot in party) >= table.barcode.least and _few_kinds(party, table):
            rated = (Rated(lot, plain_yen(lot, table), table.barcode.percent) for lot in party)
            yield Group(Terms(Route.BARCODE, terms.delay), tuple(rated))


def senders(route: Route, pieces: Mapping[str, int], table: PostageTable) -> frozenset[str]:
    """Those of the cities that may hand in together, by their numbers of pieces. One city alone always may."""
    joint = dict(pieces)
    while len(joint) > 1:
        total = sum(joint.values())
        if len(joint) > table.senders_most:
            return frozenset()
        if route is Route.BARCODE:
            fitting = {city: own for city, own in joint.items() if own >= table.barcode.each_least}
        else:
            limits = table.sorting.limits(total)
            fitting = {city: own for city, own in joint.items() if limits and limits.least <= own <= limits.most}
        if len(fitting) == len(joint):
            break
        joint = fitting
    return frozenset(joint)


def _few_kinds(lots: Iterable[Lot], table: PostageTable) -> bool:
    return len({lot.mail_class for lot in lots}) <= table.kinds_most
