"""How often somebody may ask. Far above what people and machines need, far below what would hold up the others."""

from __future__ import annotations

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from printjobs.core.access import Identity

_DOOR = parse("10/minute")  # attempts to come in, from one address
_ANONYMOUS = parse("120/minute")
_NOTED = parse("10/minute")  # refusals of one address that the journal has: nobody fills it from outside
_KNOWN = parse("3000 per 10 second")  # one account; an inserter on line asks about 40 times a second


class TooOften(Exception):
    """Somebody asks more often than anybody needs."""


class Limits:
    """Counts in this process's memory."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def anonymous(self, address: str, *, door: bool) -> None:
        self._count(_DOOR if door else _ANONYMOUS, "door" if door else "outside", address)

    def is_noted(self, address: str) -> bool:
        """Whether the journal has one more refusal of somebody without a name who asks too often."""
        return self._limiter.hit(_NOTED, "noted", address)

    def known(self, who: Identity) -> None:
        self._count(_KNOWN, "inside", str(who.account))

    def _count(self, limit: RateLimitItem, *key: str) -> None:
        if not self._limiter.hit(limit, *key):  # limits of the same size are told apart by their keys only
            raise TooOften
