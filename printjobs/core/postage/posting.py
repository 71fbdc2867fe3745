"""What is handed in at the post together (差出し), and what it costs by its own counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from printjobs.core.cost.rounding import rounded

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


def price(posting: Posting, table: PostageTable) -> Priced:
    """What the posting costs as it is now.

    After pulls that may be less of a discount than it was planned for. A sender that no longer fits the limits hands in
    alone; a 区分 posting that has become too small takes the barcode discount where that one still fits.
    """
    tally: Counter[tuple[int, bool, Sorting, int, int]] = Counter()
    order = {found.name: at for at, found in enumerate(table.classes)}
    for lot, unit, percent in _rated(posting, table):
        at = order.get(lot.mail_class, len(order))
        alike = (lot.barcode, lot.sorting) if percent or posting.terms.route is Route.WITHIN else (False, "recipient")
        tally[at, *alike, unit, percent] += lot.pieces
    names = [*order, table.overseas.name]
    lines = [
        PricedLine(names[at], barcode, sorting, pieces, unit, Fraction(percent), _yen(pieces * unit, percent, table))
        for (at, barcode, sorting, unit, percent), pieces in sorted(tally.items(), key=lambda i: (i[0][0], -i[0][4], i))
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


def _rated(posting: Posting, table: PostageTable) -> Iterable[tuple[Lot, int, int]]:
    """Each lot with the yen of one piece and the percent off."""
    if posting.terms.route is Route.WITHIN:
        units: dict[tuple[str, str, str], list[Lot]] = {}
        for lot in posting.lots:
            units.setdefault(lot[:3], []).append(lot)
        for lots in units.values():
            yens = within_yen(lots, table) or [plain_yen(lot, table) for lot in lots]
            yield from ((lot, yen, 0) for lot, yen in zip(lots, yens, strict=True))
        return
    percents = {} if posting.terms.route is Route.PLAIN else _percents(posting, table)
    for lot in posting.lots:
        yield lot, plain_yen(lot, table), percents.get(lot, 0)


def _percents(posting: Posting, table: PostageTable) -> dict[Lot, int]:
    lots: dict[str, list[Lot]] = {}
    for lot in posting.lots:
        if takes(posting.terms.route, lot, table):
            lots.setdefault(lot.city, []).append(lot)
    pieces = {city: sum(lot.pieces for lot in own) for city, own in lots.items()}
    joint = senders(posting.terms.route, pieces, table)
    groups = [[lot for city in joint for lot in lots[city]], *(lots[city] for city in sorted(lots.keys() - joint))]
    return {lot: percent for group in groups if group for lot, percent in _of_group(posting.terms, group, table)}


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


def _of_group(terms: Terms, lots: Sequence[Lot], table: PostageTable) -> Iterable[tuple[Lot, int]]:
    """Percent of each lot of senders that may hand in together, the best that their counts allow."""
    total = sum(lot.pieces for lot in lots)
    tier = table.sorting.tier(total)
    if terms.route is Route.SORTED and tier and _few_kinds(lots, table):
        rates = [
            [sorted_percent(lot, table.by_name[lot.mail_class], tier, special, table) for lot in lots]
            for special in specials(terms, total, table)
        ]
        best = max(
            rates,
            key=lambda rate: sum(p * lot.pieces * plain_yen(lot, table) for p, lot in zip(rate, lots, strict=True)),
        )
        return zip(lots, best, strict=True)
    coded = [lot for lot in lots if takes(Route.BARCODE, lot, table)]
    alone, few = len({lot.city for lot in coded}) == 1, _few_kinds(coded, table)
    if (alone or terms.route is Route.BARCODE) and sum(lot.pieces for lot in coded) >= table.barcode.least and few:
        return ((lot, table.barcode.percent) for lot in coded)
    return ()


def _few_kinds(lots: Iterable[Lot], table: PostageTable) -> bool:
    return len({lot.mail_class for lot in lots}) <= table.kinds_most
