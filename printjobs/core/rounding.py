"""From exact amounts to whole yen: once per invoice line by a named rule, and shares that add up."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor


class Rounding(StrEnum):
    """What happens to a fraction of a yen on an invoice line (円未満の端数)."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"


ROUNDING_WORDS = {Rounding.DOWN: "切捨て", Rounding.HALF_UP: "四捨五入", Rounding.UP: "切上げ"}


def rounded(amount: Fraction, rule: Rounding) -> int:
    """Whole yen of an exact amount."""
    if rule is Rounding.DOWN:
        return floor(amount)
    if rule is Rounding.UP:
        return ceil(amount)
    return floor(amount + Fraction(1, 2))


def largest_remainder(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split ``total`` yen by integer weights: rounded down, the rest by largest remainder, ties by code."""
    whole = sum(weights.values())
    if whole == 0:
        if total:
            raise ValueError("an amount cannot be split by weights that are all zero")
        return dict.fromkeys(weights, 0)
    shares = {code: total * weight // whole for code, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda code: (-(total * weights[code] % whole), code))
    for code in by_remainder[: total - sum(shares.values())]:
        shares[code] += 1
    return shares


def capped(total: int, weights: Mapping[str, int], most: Mapping[str, int]) -> dict[str, int]:
    """Split ``total`` yen by weights with no share above its own ``most``; what is cut off goes to the others.

    Order-free: whoever would pass its cap stands at it, and the rest is split anew among the others.
    :class:`ValueError` when all caps together are less than the total.
    """
    if total > sum(most.values()):
        raise ValueError("an amount cannot be split under caps that are less together")
    shares: dict[str, int] = {}
    left, waiting = total, dict(weights)
    while waiting:
        if not any(waiting.values()):
            waiting = dict.fromkeys(waiting, 1)  # those with weight stand at their caps
        proposed = largest_remainder(left, waiting)
        full = [code for code in waiting if proposed[code] > most[code]]
        if not full:
            return shares | proposed
        for code in full:
            shares[code] = most[code]
            left -= most[code]
            del waiting[code]
    return shares
