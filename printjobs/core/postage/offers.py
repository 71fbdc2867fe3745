"""What one city can bring into a posting: how many pieces, and what they save against going plain.

A lot goes whole or not at all. Lots outside the city's own delivery areas can only go plain instead, so all with one
saving a piece are alike but for their size: which sums of them there are is one number whose bits are the sums. Lots
that may also go within one office (区内特別) are weighed together, by city, office and class, because their price
hangs on how many stay.

Savings are in hundredths of a yen times :data:`HUNDREDTH`; what is below settles ties: fewer postings, gentler terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, chain, combinations, pairwise
from math import prod
from typing import NamedTuple, TypeVar

from .posting import Lot, plain_yen, within_yen
from .table import PostageTable

HUNDREDTH = 10**9
POSTING = 10**3

# Which lots to take out of 区内特別 to reach a threshold is a knapsack. Up to so many ways the cheapest is found;
# beyond, a cheap one: the states are thinned evenly, and the search ends with the best that it has met.
_MOST_WAYS = 2_000
_MOST_NODES = 2_000
_MOST_STATES = 100

Percent = Callable[[Lot], int | None]  # what a posting takes off a lot, None where it cannot have the lot


T = TypeVar("T")


class _Chosen(NamedTuple):
    """Lots of the units that go into the posting, as a chain."""

    before: _Chosen | None
    lots: tuple[Lot, ...]


class Offer(NamedTuple):
    """``counts``: how many pieces of each saving are in it, the highest saving first."""

    pieces: int
    saves: int
    chosen: _Chosen | None
    counts: tuple[int, ...]


class CityLots:
    """One city's lots, each alike only once: those that can only go plain, and units that can go within one office."""

    def __init__(self, lots: Iterable[Lot], table: PostageTable) -> None:
        self.table = table
        units: dict[tuple[str, str, str], list[Lot]] = {}
        self.lots = tuple(sorted(lots))
        for lot in self.lots:
            units.setdefault(lot[:3], []).append(lot)
        self.units = tuple(tuple(unit) for unit in units.values() if within_yen(unit, table))
        apart = {lot for unit in self.units for lot in unit}
        self.free = tuple(lot for lot in self.lots if lot not in apart)
        self.plain = sum(plain_yen(lot, table) * lot.pieces for lot in self.lots) * 100 * HUNDREDTH
        self.saves_alone = sum(self.within(unit) for unit in self.units)

    def within(self, lots: Sequence[Lot]) -> int:
        """What these lots of one unit save as 区内特別, 0 where that is not lawful or not cheaper."""
        yens = within_yen(lots, self.table) if lots else None
        if yens is None:
            return 0
        saved = sum((plain_yen(lot, self.table) - yen) * lot.pieces for lot, yen in zip(lots, yens, strict=True))
        return max(0, saved * 100 * HUNDREDTH - POSTING)


class _Choice(NamedTuple):
    """Some lots of a unit in the posting, while the rest goes within the office or plain."""

    pieces: int
    saves: int
    lots: tuple[Lot, ...]


class Step(NamedTuple):
    """More pieces of a unit, or of one saving (``kind``), and what these save more; a part of them saves its part."""

    pieces: int
    saves: int
    kind: int | None = None


class Offers:
    """A city's offers for a posting with such percents, each with ``least`` to ``most`` pieces.

    They come as they save less, each with more pieces than the one before; no other can be of use.
    """

    def __init__(self, city: CityLots, percent: Percent, least: int, most: int) -> None:
        self._city, self._percent = city, percent
        self._least, self._most = max(1, least), min(most, sum(lot.pieces for lot in city.lots))
        by_rate: dict[int, list[Lot]] = {}
        for lot in city.free:
            if (rate := self._rate(lot)) is not None and lot.pieces <= most:
                by_rate.setdefault(rate, []).append(lot)
        self._rates = sorted(by_rate, reverse=True)
        self._lots = [by_rate[rate] for rate in self._rates]
        self._totals = [sum(lot.pieces for lot in lots) for lots in self._lots]
        self._units = [self._choices(unit) for unit in city.units]
        hulls = [_hull(choices) for choices in self._units]
        kinds = [Step(n, rate * n, at) for at, (rate, n) in enumerate(zip(self._rates, self._totals, strict=True))]
        self._steps = [_falling([*kinds, *chain(*hulls[at:])]) for at in range(len(hulls) + 1)]
        self._saves_out = [sum(choices[0].saves for choices in self._units[at:]) for at in range(len(hulls) + 1)]
        self.all_pieces = sum(self._totals) + sum(choices[-1].pieces for choices in self._units)
        self._ways = prod(len(choices) for choices in self._units)
        self._known: list[Offer] = []
        self._done = False

    @cached_property
    def saves_at_most(self) -> int | None:
        """More than this no offer saves; None when there is none."""
        return self._bound(0, self._least, self._most)

    def first(self) -> Offer | None:
        """The one that saves most."""
        return next(self.down_to(None), None)

    def down_to(self, floor: int | None) -> Iterator[Offer]:
        """Offers that save more than ``floor``."""
        if self._known and floor is not None and (self.all_pieces <= self._most or self._ways > _MOST_WAYS):
            yield from self._of_full(floor)
            return
        at = 0
        while True:
            if at == len(self._known) and not self._done:
                low = self._known[-1].pieces + 1 if self._known else self._least
                found = self._search(low)
                self._done = found is None
                self._known += [found] if found else []
            if at == len(self._known) or (floor is not None and self._known[at].saves <= floor):
                return
            yield self._known[at]
            at += 1

    def raising(self, first: Offer) -> Iterable[Step]:
        """What it costs at least to bring more pieces than the first offer, in steps of falling savings."""
        unlimited = sum(rate * n for rate, n in zip(self._rates, self._totals, strict=True))
        unlimited += sum(max(choice.saves for choice in unit) for unit in self._units)
        if first.saves == unlimited:
            return [step for step in self._steps[0] if step.saves <= 0]
        return [Step(min(self.all_pieces, self._most) - first.pieces, 0)]

    def lots_of(self, offer: Offer) -> list[Lot]:
        """The lots that an offer has."""
        found: list[Lot] = []
        link = offer.chosen
        while link:
            found += link.lots
            link = link.before
        for lots, count in zip(self._lots, offer.counts, strict=True):
            found += _with_sum(lots, count)
        return sorted(found)

    def _rate(self, lot: Lot) -> int | None:
        percent = self._percent(lot)
        return None if percent is None else percent * plain_yen(lot, self._city.table) * HUNDREDTH

    def _choices(self, unit: Sequence[Lot]) -> list[_Choice]:
        """The best of each number of pieces that a unit can give, the fewest first: none."""
        movable = [lot for lot in unit if self._rate(lot) is not None]
        best: dict[int, _Choice] = {}
        for lots in chain(*(combinations(movable, count) for count in range(len(movable) + 1))):
            rest = [lot for lot in unit if lot not in lots]
            pieces = sum(lot.pieces for lot in lots)
            saves = sum((self._rate(lot) or 0) * lot.pieces for lot in lots) + self._city.within(rest)
            if pieces <= self._most and (pieces not in best or best[pieces].saves < saves):
                best[pieces] = _Choice(pieces, saves, lots)
        return [best[pieces] for pieces in sorted(best)]

    def _of_full(self, floor: int) -> Iterator[Offer]:
        """Offers with all lots that can only go plain; of the units, what is more and saves most.

        Beyond :data:`_MOST_STATES` sums some are left out, evenly.
        """
        pieces, counts = sum(self._totals), tuple(self._totals)
        saves = sum(rate * total for rate, total in zip(self._rates, self._totals, strict=True))
        to_come = saves + sum(max(choice.saves for choice in unit) for unit in self._units)
        states: dict[int, tuple[int, _Chosen | None]] = {0: (0, None)}
        for unit in self._units:
            to_come -= max(choice.saves for choice in unit)
            joined: dict[int, tuple[int, _Chosen | None]] = {}
            for choice in unit:
                for before, (saved, link) in states.items():
                    n, now = before + choice.pieces, saved + choice.saves
                    if pieces + n <= self._most and now + to_come > floor and (n not in joined or joined[n][0] < now):
                        joined[n] = (now, _Chosen(link, choice.lots) if choice.lots else link)
            states = undominated(joined, falling=True)
        offers = {self._known[0].pieces: self._known[0]}
        for n, (saved, link) in states.items():
            if pieces + n > self._known[0].pieces and saves + saved > floor:
                offers[pieces + n] = Offer(pieces + n, saves + saved, link, counts)
        yield from (offers[n] for n in sorted(offers))

    def _search(self, low: int) -> Offer | None:
        """The offer of ``low`` pieces or more that saves most: unit by unit, then the others."""
        best: Offer | None = None
        nodes = 0

        def down(at: int, pieces: int, saved: int, link: _Chosen | None) -> None:
            nonlocal best, nodes
            nodes += 1
            if at == len(self._units):
                floor = -1 if best is None else best.saves - saved
                if found := self._fill(low - pieces, self._most - pieces, floor):
                    best = Offer(pieces + sum(found[1]), saved + found[0], link, found[1])
                return
            ways = []
            for choice in self._units[at]:
                n, now = pieces + choice.pieces, saved + choice.saves
                if (bound := self._bound(at + 1, low - n, self._most - n)) is not None:
                    ways.append((now + bound, n, now, choice))
            for bound, n, now, choice in sorted(ways, key=lambda way: (-way[0], -way[1])):
                if best is not None and (bound <= best.saves or nodes > _MOST_NODES):
                    return
                down(at + 1, n, now, _Chosen(link, choice.lots) if choice.lots else link)

        down(0, 0, 0, None)
        return best

    def _bound(self, at: int, low: int, high: int) -> int | None:
        """Not less than what ``low`` to ``high`` pieces of the units from ``at`` on and the others save; None for none.

        Steps are taken by what a piece saves, cut where they must.
        """
        if high < 0:
            return None
        taken, saves = 0, self._saves_out[at]
        for step in self._steps[at]:
            room = (high if step.saves > 0 else low) - taken
            if room <= 0:
                break
            whole = step.pieces if step.kind is None else _highest(self._sums[step.kind], high)
            part = min(whole, room)
            saves -= -step.saves * part // step.pieces
            taken += part
        return saves if taken >= low else None

    def _fill(self, low: int, high: int, floor: int) -> tuple[int, tuple[int, ...]] | None:
        """The best savings above ``floor`` of ``low`` to ``high`` pieces that can only go plain instead.

        The highest saving is filled first. A branch ends where its bound is no better than what is known, or where no
        sum of the lots that are left lies in between.
        """
        best: tuple[int, tuple[int, ...]] | None = None

        def down(at: int, low: int, high: int, saved: int, counts: tuple[int, ...]) -> None:
            nonlocal best, floor
            if at == len(self._rates):
                if low <= 0 and saved > floor:
                    floor, best = saved, (saved, counts)
                return
            if _highest(self._sums_from[at], high) < low:
                return
            n = _highest(self._sums[at], high)
            while n >= 0:
                now = saved + self._rates[at] * n
                if now + self._bound_of_free(at + 1, high - n) <= floor:
                    return
                down(at + 1, low - n, high - n, now, (*counts, n))
                n = _highest(self._sums[at], n - 1)

        down(0, low, high, 0, ())
        return best

    def _bound_of_free(self, at: int, room: int) -> int:
        """Not less than what so many pieces can save: each kind fills up with sums that it has, cut where they must."""
        saves, left = 0, _highest(self._sums_from[at], room)
        for rate, sums in zip(self._rates[at:], self._sums[at:], strict=True):
            taken = min(_highest(sums, room), left)
            saves += rate * taken
            left -= taken
        return saves

    @cached_property
    def _sums(self) -> list[int]:
        return [_sums(1, lots) for lots in self._lots]

    @cached_property
    def _sums_from(self) -> list[int]:
        backward = accumulate(reversed(self._lots), _sums, initial=1)
        return list(backward)[::-1]


def _sums(sums: int, lots: Iterable[Lot]) -> int:
    for lot in lots:
        sums |= sums << lot.pieces
    return sums


def _highest(sums: int, most: int) -> int:
    """The highest sum that is not more, -1 when there is none."""
    return (sums & ((1 << (most + 1)) - 1)).bit_length() - 1 if most >= 0 else -1


def _with_sum(lots: Sequence[Lot], count: int) -> list[Lot]:
    """Some of the lots with exactly so many pieces together."""
    if count == sum(lot.pieces for lot in lots):
        return list(lots)
    found = []
    before = list(accumulate(([lot] for lot in lots), _sums, initial=1))
    for lot, sums in zip(reversed(lots), reversed(before[:-1]), strict=True):
        if not sums >> count & 1:
            found.append(lot)
            count -= lot.pieces
    return found


def _hull(choices: Sequence[_Choice]) -> list[Step]:
    """Steps from no pieces on of which each saves less a piece than the one before: never below the choices."""
    steps: list[Step] = []
    for before, after in pairwise(choices):
        step = Step(after.pieces - before.pieces, after.saves - before.saves)
        while steps and steps[-1].saves * step.pieces <= step.saves * steps[-1].pieces:
            last = steps.pop()
            step = Step(last.pieces + step.pieces, last.saves + step.saves)
        steps.append(step)
    return steps


def _falling(steps: Iterable[Step]) -> list[Step]:
    return sorted((s for s in steps if s.pieces), key=lambda s: (Fraction(-s.saves, s.pieces), s.pieces))


def undominated(states: dict[int, tuple[int, T]], *, falling: bool = False) -> dict[int, tuple[int, T]]:
    """By numbers of pieces, without those to which others with more pieces are no worse.

    The first value is what is lost, or with ``falling`` what is saved. Beyond :data:`_MOST_STATES` they are thinned.
    """
    kept: dict[int, tuple[int, T]] = {}
    best: int | None = None
    for n in sorted(states, reverse=True):
        value = -states[n][0] if falling else states[n][0]
        if best is None or value < best:
            best, kept[n] = value, states[n]
    ordered = list(kept.items())
    return dict([*ordered[:: len(ordered) // _MOST_STATES + 1], ordered[-1]] if ordered else [])
