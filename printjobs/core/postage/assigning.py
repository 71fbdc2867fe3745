"""The cheapest lawful postings of a run's lots, and those of any of its cities alone or together.

Lawful here: a city takes part in one posting with a barcode or 区分 discount, with as many of its lots as are of use;
区内特別 is for one city, office and class alone; everything else goes plain. The cost that is minimised is exact,
before rounding. Where very many lots could go either way see ``offers``: there a cheap assignment is good enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, combinations
from typing import NamedTuple

from .offers import POSTING, CityLots, Offer, Offers, Step, undominated
from .posting import Lot, Posting, Route, Terms, price, sorted_percent, specials, takes
from .table import NO_SPECIAL, PostageTable, Special, Tier

_NO_LIMIT = 10**12  # more pieces than there are people


class _Option(NamedTuple):
    """A posting that would be lawful from ``total`` pieces on, with ``least`` to ``most`` of each sender."""

    route: Route
    total: int
    least: int
    most: int
    tier: Tier | None = None
    special: Special = NO_SPECIAL

    @property
    def terms(self) -> Terms:
        return Terms(self.route, self.special.delay, self.special.regional)

    @property
    def tie(self) -> int:
        """What one more posting, a delay and another office count for where the yen are equal."""
        return POSTING + 2 * self.special.delay + self.special.regional


class _Best(NamedTuple):
    """The best of some cities, a bit each: those of ``apart`` without the rest, or all in one posting, or in none."""

    value: int
    apart: int = 0
    option: _Option | None = None
    kinds: frozenset[str] | None = None
    offers: tuple[Offer, ...] = ()


def assign(lots: Iterable[Lot], table: PostageTable, delay: int) -> tuple[Posting, ...]:
    """The cheapest lawful postings of all lots together; ``delay`` is the longest allowed, in days.

    Number 0 is what goes without a discount, the others count from 1. The order of the lots does not matter.
    """
    made = Coalitions(lots, table, delay)
    return made.assign(frozenset(made.cities))


class Coalitions:
    """The cheapest lawful postings of any cities of a run when only these post together.

    Each set of cities takes the better of one posting of all of them and the best of two smaller sets, so all of them
    are known after one pass.
    """

    def __init__(self, lots: Iterable[Lot], table: PostageTable, delay: int) -> None:
        alike: Counter[Lot] = Counter()
        for lot in lots:
            alike[lot._replace(pieces=0)] += lot.pieces
        by_city: dict[str, list[Lot]] = {}
        for lot, pieces in alike.items():
            if pieces:
                by_city.setdefault(lot.city, []).append(lot._replace(pieces=pieces))
        self.cities = tuple(sorted(by_city))
        self._table = table
        self._own = [CityLots(by_city[city], table) for city in self.cities]
        self._offers: dict[tuple[int, _Option, frozenset[str] | None], Offers] = {}
        self._alone, self._joint = (list(_options(table, delay, joint=joint)) for joint in (False, True))
        self._best: list[_Best] = [_Best(0)]
        self._yen: dict[int, int] = {}
        for cities in range(1, 1 << len(self.cities)):
            self._best.append(self._best_of(cities))

    def yen(self, cities: frozenset[str]) -> int:
        """Whole yen of the best postings when only these cities post together."""
        return sum(self._yen_of(block) for block in self._blocks(self._set(cities)))

    def assign(self, cities: frozenset[str]) -> tuple[Posting, ...]:
        """The postings behind :meth:`yen`."""
        made = [posting for block in self._blocks(self._set(cities)) for posting in self._postings(block)]
        plain = tuple(sorted(lot for p in made if p.terms.route is Route.PLAIN for lot in p.lots))
        others = (posting for posting in made if posting.terms.route is not Route.PLAIN)
        ordered = sorted(others, key=lambda p: (p.terms.route is Route.WITHIN, p.cities, p.lots))
        numbered = [posting._replace(number=number) for number, posting in enumerate(ordered, 1)]
        return (*([Posting(0, Terms(Route.PLAIN), plain)] if plain else []), *numbered)

    def _set(self, cities: frozenset[str]) -> int:
        return sum(1 << at for at, city in enumerate(self.cities) if city in cities)

    def _yen_of(self, block: int) -> int:
        if block not in self._yen:
            self._yen[block] = sum(price(posting, self._table).yen for posting in self._postings(block))
        return self._yen[block]

    def _postings(self, block: int) -> Iterator[Posting]:
        """What cities post that share one posting at most, without numbers; plain lots are one of them."""
        best, members = self._best[block], _bits(block)
        joint: list[Lot] = []
        if best.option:
            for at, offer in zip(members, best.offers, strict=True):
                joint += self._offer(at, best.option, best.kinds).lots_of(offer)
            yield Posting(0, best.option.terms, tuple(sorted(joint)))
        plain: set[Lot] = set()
        for at in members:
            own, rest = self._own[at], set(self._own[at].lots).difference(joint)
            for unit in own.units:
                if own.within(left := [lot for lot in unit if lot in rest]):
                    yield Posting(0, Terms(Route.WITHIN), tuple(left))
                    rest.difference_update(left)
            plain |= rest
        if plain:
            yield Posting(0, Terms(Route.PLAIN), tuple(plain))

    def _blocks(self, cities: int) -> Iterator[int]:
        """The sets of cities that the best of some consists of."""
        if not cities:
            return
        if apart := self._best[cities].apart:
            yield from self._blocks(apart)
            yield from self._blocks(cities ^ apart)
        else:
            yield cities

    def _best_of(self, cities: int) -> _Best:
        members = _bits(cities)
        if len(members) == 1:
            best = _Best(self._own[members[0]].plain - self._own[members[0]].saves_alone)
        else:
            best = min((self._apart(part, cities) for part in _parts(cities)), key=lambda found: found.value)
        if len(members) > self._table.senders_most:
            return best
        for option in self._joint if len(members) > 1 else self._alone:
            for kinds in self._kinds(members, option.route):
                best = self._together(members, option, kinds, best)
        return best

    def _apart(self, part: int, cities: int) -> _Best:
        return _Best(self._best[part].value + self._best[cities ^ part].value, part)

    def _kinds(self, members: Sequence[int], route: Route) -> Iterable[frozenset[str] | None]:
        """Which classes may be in one posting: None for all."""
        lots = (lot for at in members for lot in self._own[at].lots)
        classes = sorted({lot.mail_class for lot in lots if takes(route, lot, self._table)})
        if len(classes) <= self._table.kinds_most:
            return [None]
        return map(frozenset, combinations(classes, self._table.kinds_most))

    def _offer(self, at: int, option: _Option, kinds: frozenset[str] | None) -> Offers:
        key = (at, option, kinds)
        if key not in self._offers:
            table = self._table

            def percent(lot: Lot) -> int | None:
                if not takes(option.route, lot, table) or (kinds is not None and lot.mail_class not in kinds):
                    return None
                if option.tier is None:
                    return table.barcode.percent
                return sorted_percent(lot, table.by_name[lot.mail_class], option.tier, option.special, table)

            self._offers[key] = Offers(self._own[at], percent, option.least, option.most)
        return self._offers[key]

    def _together(self, members: Sequence[int], option: _Option, kinds: frozenset[str] | None, best: _Best) -> _Best:
        """One posting of all the members where that is lawful and better than ``best``, else that."""
        offers = [self._offer(at, option, kinds) for at in members]
        dearest = sum(self._own[at].plain for at in members) + option.tie
        bounds = [bound for own in offers if (bound := own.saves_at_most) is not None]
        pieces = sum(min(own.all_pieces, option.most) for own in offers)
        if len(bounds) < len(members) or pieces < option.total or dearest - sum(bounds) >= best.value:
            return best
        firsts = [first for own in offers if (first := own.first())]
        if len(firsts) < len(members):
            return best
        slack = best.value - (dearest - sum(first.saves for first in firsts))
        if slack <= 0:
            return best
        missing = option.total - sum(first.pieces for first in firsts)
        chosen: tuple[Offer, ...] | None = tuple(firsts)
        if missing > 0:
            raising = chain(*(own.raising(first) for own, first in zip(offers, firsts, strict=True)))
            if _least_loss(missing, raising) >= slack:
                return best
            floors = (first.saves - slack for first in firsts)
            more = [list(own.down_to(floor)) for own, floor in zip(offers, floors, strict=True)]
            chosen = _with_total(option.total, more, slack)
        if chosen is None:
            return best
        return _Best(dearest - sum(offer.saves for offer in chosen), 0, option, kinds, chosen)


def _least_loss(missing: int, steps: Iterable[Step]) -> int:
    """Not more than what so many pieces cost that the first offers did not bring."""
    loss = 0
    for step in sorted(steps, key=lambda s: Fraction(-s.saves, s.pieces) if s.pieces else 0):
        part = min(step.pieces, missing)
        loss += -step.saves * part // step.pieces if part else 0
        missing -= part
    return loss


def _with_total(total: int, offers: Sequence[Sequence[Offer]], slack: int) -> tuple[Offer, ...] | None:
    """One offer of each city, ``total`` pieces together, that save most; less than ``slack`` below the best of each."""
    states: dict[int, tuple[int, tuple[Offer, ...]]] = {0: (0, ())}  # by pieces: lost against the best, chosen
    for at, own in enumerate(offers):
        to_come = sum(later[-1].pieces for later in offers[at + 1 :])
        joined: dict[int, tuple[int, tuple[Offer, ...]]] = {}
        for before, (lost, chosen) in states.items():
            for offer in own:
                pieces, loss = before + offer.pieces, lost + own[0].saves - offer.saves
                if loss >= slack:
                    break
                if pieces + to_come >= total and (pieces not in joined or loss < joined[pieces][0]):
                    joined[pieces] = (loss, (*chosen, offer))
        states = undominated(joined)
    return min(states.values(), key=lambda state: state[0])[1] if states else None


def _options(table: PostageTable, delay: int, *, joint: bool) -> Iterator[_Option]:
    """Every posting that could be lawful, the highest percents first."""
    sorting, starts = table.sorting, {tier.least for tier in table.sorting.tiers}
    starts |= {special.least for special in sorting.specials}
    starts |= {limit.total for limit in sorting.senders} if joint else set()
    for total in sorted(starts, reverse=True):
        tier, limits = sorting.tier(total), sorting.limits(total)
        if tier is None or (joint and limits is None):
            continue
        least, most = (limits.least, limits.most) if joint and limits else (1, _NO_LIMIT)
        for special in _best_specials(specials(Terms(Route.SORTED, delay, regional=True), total, table)):
            yield _Option(Route.SORTED, total, least, most, tier, special)
    least = table.barcode.each_least if joint else 1
    yield _Option(Route.BARCODE, table.barcode.least, least, _NO_LIMIT)


def _best_specials(known: Sequence[Special]) -> Iterator[Special]:
    """Those that no other equals in both percents; of equals the gentlest."""
    gentle_first = sorted(known, key=lambda s: (-s.standard - s.other, s.delay, s.regional))
    kept: list[Special] = []
    for special in gentle_first:
        if not any(one.standard >= special.standard and one.other >= special.other for one in kept):
            kept.append(special)
            yield special


def _bits(cities: int) -> list[int]:
    return [at for at in range(cities.bit_length()) if cities >> at & 1]


def _parts(cities: int) -> Iterator[int]:
    """Every part with the lowest of the cities, but not all of them."""
    lowest = cities & -cities
    rest = part = cities ^ lowest
    while part:
        part = (part - 1) & rest
        yield part | lowest
