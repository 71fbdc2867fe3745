"""The assignment of lots to postings against every assignment that the rules allow, tried one by one.

Nothing of the assignment's own is used here: the rules are written down again, the plain way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from printjobs.core.postage.assigning import Coalitions, assign
from printjobs.core.postage.posting import Lot, Posting, Route, Terms, groups, price
from printjobs.core.postage.table import (
    BarcodeDiscount,
    MailClass,
    Overseas,
    PostageTable,
    Senders,
    SortedDiscount,
    Special,
    Tier,
    WithinOffice,
    WithinRules,
)
from printjobs.core.rounding import Rounding

CITIES, OFFICES, CLASSES = "ABC", ("1", "2"), ("small", "middle", "large")
AREAS = {"A": ("1", "2"), "B": ("2",), "C": ("1",)}
percents = st.integers(0, 12)


@st.composite
def tables(draw: st.DrawFn) -> PostageTable:
    """Small tables in which every rule binds now and then."""
    rising = sorted(draw(st.sets(st.integers(4, 16), min_size=2, max_size=3)))
    recipient, designated = (sorted(draw(st.lists(percents, min_size=3, max_size=3))) for _ in range(2))
    tiers = tuple(Tier(n, recipient[at], designated[at]) for at, n in enumerate(rising))
    narrow, wide = draw(st.tuples(st.integers(1, 4), st.integers(4, 9)))
    limits = (Senders(rising[0], narrow, wide), Senders(draw(st.integers(rising[0] + 1, 18)), max(1, narrow - 1), 12))
    special = st.builds(
        Special,
        name=st.just("special"),
        delay=st.sampled_from((0, 3, 7)),
        regional=st.booleans(),
        least=st.integers(1, 14),
        standard=percents,
        other=percents,
    )
    yen = sorted(draw(st.lists(st.integers(20, 60), min_size=3, max_size=3)))
    within = [
        draw(st.none() | st.builds(lambda a, b: WithinOffice(max(a, b), min(a, b)), *[st.integers(10, most)] * 2))
        for most in yen
    ]
    return PostageTable(
        valid_from="2024-10-01",
        rounding=Rounding.DOWN,
        senders_most=draw(st.integers(2, 3)),
        kinds_most=draw(st.integers(1, 3)),
        classes=tuple(
            MailClass(name, "standard" if at == 0 else "flat", 50 + at, 10.0, yen[at], within[at])
            for at, name in enumerate(CLASSES)
        ),
        overseas=Overseas("abroad", 70),
        barcode=BarcodeDiscount(draw(percents), draw(st.integers(2, 9)), draw(st.integers(1, 4)), ("standard",)),
        within=WithinRules(draw(st.integers(1, 5)), draw(st.integers(2, 7)), AREAS),
        sorting=SortedDiscount(tiers, limits, (*draw(st.lists(special, max_size=2)),), draw(percents), ("standard",)),
    )


lot = st.builds(
    Lot,
    city=st.sampled_from(CITIES),
    office=st.sampled_from(OFFICES),
    mail_class=st.sampled_from(CLASSES),
    barcode=st.booleans(),
    pieces=st.integers(1, 8),
    sorting=st.sampled_from(("recipient", "designated")),
)
several = st.lists(lot, min_size=1, max_size=6, unique_by=lambda one: one._replace(pieces=0))


def yen_of(lot: Lot, table: PostageTable) -> int:
    return next(found.yen for found in table.classes if found.name == lot.mail_class)


def standard(lot: Lot) -> bool:
    return lot.mail_class == CLASSES[0]


def cost_within(lots: Sequence[Lot], table: PostageTable) -> int | None:
    """Hundredths of a yen of lots of one city, office and class as 区内特別, None when they may not."""
    city, office, name = lots[0][:3]
    within = next(found.within_office for found in table.classes if found.name == name)
    if within is None or office not in table.within.areas[city] or sum(one.pieces for one in lots) < table.within.least:
        return None
    many = sum(one.pieces for one in lots if one.barcode) >= table.within.barcode_least
    return sum(100 * one.pieces * (within.barcode_yen if many and one.barcode else within.yen) for one in lots)


def cost_together(route: Route, lots: Sequence[Lot], table: PostageTable, delay: int) -> int | None:
    """Hundredths of a yen of one posting of all these lots with its best special, None when not lawful."""
    own = {city: sum(one.pieces for one in lots if one.city == city) for city in {one.city for one in lots}}
    total = sum(own.values())
    if len(own) > table.senders_most or len({one.mail_class for one in lots}) > table.kinds_most:
        return None
    if route is Route.BARCODE:
        rules = table.barcode
        few = total < rules.least or (len(own) > 1 and min(own.values()) < rules.each_least)
        if few or any(not one.barcode or not standard(one) for one in lots):
            return None
        return sum(one.pieces * yen_of(one, table) * (100 - rules.percent) for one in lots)
    tiers = [tier for tier in table.sorting.tiers if tier.least <= total]
    limits = [limit for limit in table.sorting.senders if limit.total <= total]
    if not tiers or (
        len(own) > 1 and (not limits or not all(limits[-1].least <= n <= limits[-1].most for n in own.values()))
    ):
        return None
    return min(cost_sorted(lots, table, tiers[-1], *special) for special in usable_specials(table, total, delay))


def usable_specials(table: PostageTable, total: int, delay: int) -> list[tuple[int, int]]:
    usable = [(s.standard, s.other) for s in table.sorting.specials if s.delay <= delay and s.least <= total]
    return [(0, 0), *usable]


def cost_sorted(lots: Sequence[Lot], table: PostageTable, tier: Tier, of_standard: int, of_others: int) -> int:
    cost = 0
    for one in lots:
        off = tier.recipient if one.sorting == "recipient" else tier.designated
        off += of_standard if standard(one) else of_others
        off += table.sorting.barcode_percent if one.barcode and standard(one) else 0
        cost += one.pieces * yen_of(one, table) * (100 - off)
    return cost


def partitions(cities: Sequence[str]) -> Iterator[list[frozenset[str]]]:
    if not cities:
        yield []
        return
    for rest in partitions(cities[1:]):
        yield [frozenset(cities[0]), *rest]
        for at in range(len(rest)):
            yield [*rest[:at], rest[at] | {cities[0]}, *rest[at + 1 :]]


def cheapest(lots: Sequence[Lot], table: PostageTable, delay: int) -> int:
    """The least cost of all: every partition, every route of its parts, every lot in its part's posting or apart."""
    least = None
    for parts in partitions(sorted({one.city for one in lots})):
        cost = 0
        for part in parts:
            own = [one for one in lots if one.city in part]
            ways = (
                cost_of_ways(own, ways, route, table, delay)
                for route in (Route.SORTED, Route.BARCODE)
                for ways in product((Route.PLAIN, Route.WITHIN, route), repeat=len(own))
            )
            cost += min(way for way in ways if way is not None)
        least = cost if least is None else min(least, cost)
    return least or 0


def cost_of_ways(
    lots: Sequence[Lot], ways: Sequence[Route], route: Route, table: PostageTable, delay: int
) -> int | None:
    plain = [one for one, way in zip(lots, ways, strict=True) if way is Route.PLAIN]
    whole = sum(100 * one.pieces * yen_of(one, table) for one in plain)
    within: dict[tuple[str, ...], list[Lot]] = {}
    for one, way in zip(lots, ways, strict=True):
        if way is Route.WITHIN:
            within.setdefault((one.city, one.office, one.mail_class), []).append(one)
    together = [one for one, way in zip(lots, ways, strict=True) if way is route]
    costs = [cost_within(unit, table) for unit in within.values()]
    costs += [cost_together(route, together, table, delay)] if together else []
    return None if None in costs else whole + sum(cost for cost in costs if cost is not None)


def cost_of(posting: Posting, table: PostageTable) -> int:
    """What a posting costs by the rules here; it must be lawful by them, and under its own terms."""
    route, lots = posting.terms.route, posting.lots
    if route is Route.PLAIN:
        return sum(100 * one.pieces * yen_of(one, table) for one in lots)
    if route is Route.WITHIN:
        assert len({one[:3] for one in lots}) == 1
        cost = cost_within(lots, table)
    else:
        cost = cost_together(route, lots, table, posting.terms.delay)
    assert cost is not None, posting
    return cost


@settings(max_examples=120, deadline=None)
@given(several, tables(), st.sampled_from((0, 3, 7)))
def test_no_lawful_assignment_is_cheaper(lots: list[Lot], table: PostageTable, delay: int) -> None:
    postings = assign(lots, table, delay)
    assert sorted(one for posting in postings for one in posting.lots) == sorted(lots)
    assert all(posting.terms.delay <= delay for posting in postings)
    joint = [c for p in postings if p.terms.route in (Route.SORTED, Route.BARCODE) for c in p.cities]
    assert len(joint) == len(set(joint))
    assert sum(cost_of(posting, table) for posting in postings) == cheapest(lots, table, delay)


@settings(max_examples=30, deadline=None)
@given(several, tables(), st.sampled_from((0, 3, 7)))
def test_any_of_the_cities_together_pay_what_they_would_without_the_others(
    lots: list[Lot], table: PostageTable, delay: int
) -> None:
    coalitions = Coalitions(lots, table, delay)
    for some in (frozenset(part) for part in ("A", "B", "AC", "BC", "ABC")):
        own = [one for one in lots if one.city in some]
        assert coalitions.assign(some) == assign(own, table, delay)


DISCOUNTED = (Route.SORTED, Route.SORTED, Route.SORTED, Route.BARCODE, Route.BARCODE, Route.WITHIN)


def of(city: str, one: Lot) -> Lot:
    return one._replace(city=city)


def cost_of_way(parties: Sequence[Sequence[Lot]], route: Route, table: PostageTable, delay: int) -> int:
    """The least cost when each party hands in alone: all by the posting's route, those with barcode, or plain."""
    return sum(min(costs_of_party(party, route, table, delay)) for party in parties)


def costs_of_party(lots: Sequence[Lot], route: Route, table: PostageTable, delay: int) -> Iterator[int]:
    everything = set(lots)
    for by, some in ((route, everything), (Route.BARCODE, {one for one in lots if one.barcode and standard(one)})):
        plain = sum(100 * one.pieces * yen_of(one, table) for one in everything - some)
        if some and (cost := cost_together(by, sorted(some), table, delay)) is not None:
            yield plain + cost
    yield sum(100 * one.pieces * yen_of(one, table) for one in lots)


left_over = st.tuples(
    *(st.lists(lot.map(partial(of, city)), min_size=1, max_size=2, unique_by=lambda one: one[1:4]) for city in CITIES)
).map(lambda own: [one for lots in own for one in lots])


@settings(max_examples=200, deadline=None)
@given(left_over, tables(), st.sampled_from((0, 3, 7)), st.sampled_from(DISCOUNTED))
def test_whatever_pulls_have_left_of_a_posting_is_handed_in_lawfully_and_no_dearer_than_alone_or_together(
    lots: list[Lot], table: PostageTable, delay: int, route: Route
) -> None:
    posting = Posting(1, Terms(route, delay, regional=True), tuple(lots))
    made = groups(posting, table)
    assert sorted(one for group in made for one in group.lots) == sorted(lots)
    cost = 0
    for group in made:
        own = sum(one.lot.pieces * one.unit_yen * (100 - one.percent) for one in group.rated)
        if group.terms.route is Route.WITHIN:
            for unit in {one[:3] for one in group.lots}:
                assert cost_within([one for one in group.lots if one[:3] == unit], table) is not None
        else:
            assert cost_of(Posting(1, group.terms, group.lots), table) == own  # lawful by the rules here
        cost += own
    if route is not Route.WITHIN:
        alone = [[one for one in lots if one.city == city] for city in sorted({one.city for one in lots})]
        assert cost <= min(cost_of_way(parties, route, table, delay) for parties in ([lots], alone))
    assert cost - 100 * len(lots) < 100 * price(posting, table).yen <= cost
