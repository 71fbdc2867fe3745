"""Why lots are posted as they are: parts of the percent, what other ways would cost, what a few more would save."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from .assigning import Coalitions
from .parts import Part, percent_parts
from .posting import ROUTE_WORDS, Lot, Posting, Route, Terms, groups, plain_yen, price, price_groups, takes
from .table import PostageTable


class Obstacle(StrEnum):
    """Why a discount is not to be had."""

    FEW = "few"
    NO_BARCODE = "no_barcode"
    SENDERS = "senders"  # more of them than one posting may have
    LIMITS = "limits"  # a sender with too few or too many pieces
    KINDS = "kinds"
    NO_PRICE = "no_price"
    ELSEWHERE = "elsewhere"  # for offices outside the city's own delivery areas


_OBSTACLE_WORDS = {
    Obstacle.NO_BARCODE: "カスタマバーコードの付いた定形の郵便物がないため、使えません",
    Obstacle.SENDERS: "1回の差出しに連名できる差出人の数を超えるため、使えません",
    Obstacle.LIMITS: "差出人ごとの通数が決まりの範囲にないため、使えません",
    Obstacle.KINDS: "重量・形状の種類が多すぎるため、使えません",
    Obstacle.NO_PRICE: "料金表に額がないため、比べられません。差出局に額を確かめて料金表に書いてください",
    Obstacle.ELSEWHERE: "差出人の市の郵便区あてではないため、使えません",
}


class Other(NamedTuple):
    """The same lots by another route: yen, or why that is not lawful and how many pieces are missing."""

    route: Route
    yen: int | None
    obstacle: Obstacle | None = None
    missing: int = 0


class Next(NamedTuple):
    """With so many more pieces the present ones would cost so much less, by that route.

    ``city``: by code, who must add them; empty where any of the senders may.
    """

    route: Route
    missing: int
    saves_yen: int
    city: str


class Later(NamedTuple):
    """What all postings together would save if the post might take so many days more."""

    delay: int
    saves_yen: int


class Reason(NamedTuple):
    """Why a posting is as it is. ``alone_yen``: what its senders would pay for the same lots each by itself.

    ``routes`` are those that it really goes by; none where nothing of it has a discount.
    """

    posting: Posting
    routes: tuple[Route, ...]
    yen: int
    plain_yen: int
    alone_yen: int
    parts: tuple[tuple[str, tuple[Part, ...]], ...]  # by class, with "・バーコード付き" where it has one
    others: tuple[Other, ...]
    nexts: tuple[Next, ...]


def explain(postings: Iterable[Posting], table: PostageTable, delay: int) -> tuple[Reason, ...]:
    """The reason of each posting; ``delay`` is the longest allowed, in days."""
    return tuple(_explain(posting, table, delay) for posting in postings)


def later(lots: Sequence[Lot], table: PostageTable, delay: int) -> tuple[Later, ...]:
    """Longer delays than the one allowed that would save, the shorter first."""
    everyone = frozenset(lot.city for lot in lots)
    longer = sorted({special.delay for special in table.sorting.specials if special.delay > delay})
    yen = [Coalitions(lots, table, days).yen(everyone) for days in (delay, *longer)]
    found: list[Later] = []
    for days, then in zip(longer, yen[1:], strict=True):
        if yen[0] - then > (found[-1].saves_yen if found else 0):
            found.append(Later(days, yen[0] - then))
    return tuple(found)


def tell(reason: Reason, names: Mapping[str, str]) -> list[str]:
    """A reason in sentences for people; ``names`` of the cities by their codes."""
    posting, told = reason.posting, []
    name = "と".join(ROUTE_WORDS[route] for route in reason.routes)
    if saved := reason.plain_yen - reason.yen:
        told.append(f"{name}で{posting.pieces:,}通 {reason.yen:,}円（割引なしより{saved:,}円安い）。")
    else:
        told.append(f"{posting.pieces:,}通 {reason.yen:,}円。割引はありません。")
    for title, parts in reason.parts:
        each = " + ".join(f"{part.name}{part.percent}%" for part in parts)
        told.append(f"{title}: {each} = {sum(part.percent for part in parts)}%。")
    if (more := reason.alone_yen - reason.yen) > 0:
        told.append(f"連名でなく市ごとに出すと、{more:,}円高くなります。")
    told += [_tell_other(other, reason.yen) for other in reason.others]
    for following in reason.nexts:
        whose = f"{names[following.city]}の分が" if following.city else "どの市の分でも、"
        saves = f"{ROUTE_WORDS[following.route]}で今の分が{following.saves_yen:,}円安くなります。"
        told.append(f"{whose}あと{following.missing:,}通あれば、{saves}")
    return told


def tell_later(found: Later) -> str:
    return f"{found.delay}日程度の送達余裕を認めれば、{found.saves_yen:,}円安くなります。"


def _tell_other(other: Other, yen: int) -> str:
    name = ROUTE_WORDS[other.route]
    if other.yen is not None:
        return f"{name}では{other.yen:,}円（{other.yen - yen:+,}円）。"
    if other.obstacle in _OBSTACLE_WORDS:
        return f"{name}は、{_OBSTACLE_WORDS[other.obstacle]}。"
    return f"{name}は、あと{other.missing:,}通足りないため、使えません。"


def _explain(posting: Posting, table: PostageTable, delay: int) -> Reason:
    handed_in = groups(posting, table)
    own = tuple(dict.fromkeys(group.terms.route for group in handed_in if group.terms.route is not Route.PLAIN))
    routes = [route for route in (Route.SORTED, Route.BARCODE, Route.WITHIN) if route not in own]
    alone = (posting._replace(lots=tuple(lot for lot in posting.lots if lot.city == city)) for city in posting.cities)
    parts = (
        (line.mail_class + ("・バーコード付き" if line.barcode else ""), percent_parts(group, line, table))
        for group in handed_in
        for line in price_groups([group], table).lines
    )
    yen = price_groups(handed_in, table).yen
    return Reason(
        posting,
        own,
        yen,
        _plain(posting.lots, table),
        sum(price(one, table).yen for one in alone),
        tuple(dict.fromkeys((title, each) for title, each in parts if each)),
        tuple(_other(posting, route, table, delay) for route in routes),
        tuple(_nexts(posting, yen, table, delay)),
    )


def _plain(lots: Iterable[Lot], table: PostageTable) -> int:
    return sum(plain_yen(lot, table) * lot.pieces for lot in lots)


def _terms(route: Route, delay: int) -> Terms:
    return Terms(route, delay, regional=True) if route is Route.SORTED else Terms(route)


def _other(posting: Posting, route: Route, table: PostageTable, delay: int) -> Other:
    handed_in = groups(Posting(0, _terms(route, delay), posting.lots), table)
    yen = price_groups(handed_in, table).yen
    if yen < _plain(posting.lots, table) and any(group.terms.route is route for group in handed_in):
        return Other(route, yen)
    obstacle, missing = _obstacle(posting.lots, route, table)
    if obstacle is Obstacle.FEW and not missing:
        return Other(route, yen)  # lawful, but not cheaper
    return Other(route, None, obstacle, missing)


def _obstacle(lots: Sequence[Lot], route: Route, table: PostageTable) -> tuple[Obstacle, int]:
    """Why these lots have no discount by that route, and how many pieces are missing where they are too few."""
    if route is Route.WITHIN:
        return _obstacle_within(lots, table)
    taken = [lot for lot in lots if takes(route, lot, table)]
    if route is Route.BARCODE and not taken:
        return Obstacle.NO_BARCODE, 0
    least = table.barcode.least if route is Route.BARCODE else table.sorting.tiers[0].least
    if (total := sum(lot.pieces for lot in taken)) < least:
        return Obstacle.FEW, least - total
    if len({lot.city for lot in taken}) > table.senders_most:
        return Obstacle.SENDERS, 0
    if len({lot.mail_class for lot in taken}) > table.kinds_most:
        return Obstacle.KINDS, 0
    return Obstacle.LIMITS, 0


def _obstacle_within(lots: Sequence[Lot], table: PostageTable) -> tuple[Obstacle, int]:
    priced = [lot for lot in lots if lot.mail_class in table.by_name and table.by_name[lot.mail_class].within_office]
    if not priced:
        return Obstacle.NO_PRICE, 0
    alike: dict[tuple[str, str, str], int] = {}
    for lot in priced:
        if lot.office in table.within.areas.get(lot.city, ()):
            alike[lot[:3]] = alike.get(lot[:3], 0) + lot.pieces
    if not alike:
        return Obstacle.ELSEWHERE, 0
    return Obstacle.FEW, max(0, table.within.least - max(alike.values()))


def _nexts(posting: Posting, yen: int, table: PostageTable, delay: int) -> Iterator[Next]:
    """What more pieces like those of the posting, twice as many at most, would save on the present ones."""
    best = 0
    for missing, terms, mores in sorted(_thresholds(posting, table, delay), key=lambda found: found[0]):
        saves = {more.city: yen - _present_yen(posting, terms, more, table) for more in mores}
        most = max(saves, key=lambda city: saves[city])
        if saves[most] > best:
            best = saves[most]
            anyone = len(saves) > 1 and min(saves.values()) == best
            yield Next(terms.route, missing, best, "" if anyone else most)


def _present_yen(posting: Posting, terms: Terms, more: Lot, table: PostageTable) -> int:
    """What the present pieces would cost with ``more`` of one sender, rounded up; as they do plain if not that way."""
    handed_in = groups(Posting(0, terms, (*posting.lots, more)), table)
    if not any(group.terms.route is terms.route for group in handed_in):
        return _plain(posting.lots, table)
    added = next(one for group in handed_in for one in group.rated if one.lot == more)
    cost = Fraction(more.pieces * added.unit_yen * (100 - added.percent), 100)
    return ceil(price_groups(handed_in, table).yen - cost)


def _thresholds(posting: Posting, table: PostageTable, delay: int) -> Iterator[tuple[int, Terms, list[Lot]]]:
    """Counts that the posting has not reached: pieces missing, the terms then, and by sender a lot of so many pieces.

    The sender with the fewest pieces, which is furthest from the limit above, comes first.
    """
    if posting.terms.route is Route.WITHIN:
        coded = [lot for lot in posting.lots if lot.barcode]
        missing = table.within.barcode_least - sum(lot.pieces for lot in coded)
        if coded and 0 < missing <= posting.pieces:
            yield missing, posting.terms, [coded[0]._replace(pieces=missing)]
        return
    sorting = table.sorting
    leasts = {
        Route.SORTED: {tier.least for tier in sorting.tiers}
        | {special.least for special in sorting.specials if special.delay <= delay},
        Route.BARCODE: set() if posting.terms.route is Route.SORTED else {table.barcode.least},
    }
    for route, numbers in leasts.items():
        taken = [lot for lot in posting.lots if takes(route, lot, table)]
        own = {city: [lot for lot in taken if lot.city == city] for city in {lot.city for lot in taken}}
        pieces = {city: sum(lot.pieces for lot in lots) for city, lots in own.items()}
        fewest_first = sorted(own, key=lambda city: (pieces[city], city))
        largest = [max(own[city], key=lambda lot: (lot.pieces, lot)) for city in fewest_first]
        for missing in sorted(least - sum(pieces.values()) for least in numbers if own):
            if 0 < missing <= posting.pieces:
                yield missing, _terms(route, delay), [lot._replace(pieces=missing) for lot in largest]
