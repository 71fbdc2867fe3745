"""The Shapley value of a joint cost: what each city pays when it joins in every order, on average.

It is a yardstick beside the agreed rule, as it needs nothing but what every coalition of cities would pay. Exact: all
coalitions are asked, 256 for eight cities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import combinations
from math import factorial, floor

Cost = Callable[[frozenset[str]], int]


def shapley(cities: Iterable[str], cost: Cost) -> dict[str, Fraction]:
    """Each city's value in exact yen; together they are what all cities pay. ``cost`` of nobody is 0."""
    codes = sorted(cities)
    known = {frozenset[str](): 0}
    for together in range(1, len(codes) + 1):
        known |= {frozenset(some): cost(frozenset(some)) for some in combinations(codes, together)}
    all_orders = factorial(len(codes))
    orders = [factorial(n) * factorial(len(codes) - n - 1) for n in range(len(codes))]  # in which n are there before
    values = {}
    for code in codes:
        added = sum(
            orders[len(before)] * (known[before | {code}] - known[before]) for before in known if code not in before
        )
        values[code] = Fraction(added, all_orders)
    return values


def whole_yen(values: Mapping[str, Fraction]) -> dict[str, int]:
    """Exact values, whole together, in whole yen: what rounding down leaves by largest remainder, ties by code."""
    shares = {code: floor(value) for code, value in values.items()}
    by_remainder = sorted(values, key=lambda code: (shares[code] - values[code], code))
    for code in by_remainder[: int(sum(values.values())) - sum(shares.values())]:
        shares[code] += 1
    return shares
