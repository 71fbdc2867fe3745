"""Bundles (把束) and trays (ケース): what of a batch is tied together for one delivery office, and what holds it.

Pure and streaming: pieces come in the order in which the inserter leaves them, and are never held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(gt=0)]


class Limits(msgspec.Struct, frozen=True):
    """How much a bundle and a tray hold, in pieces and in mm of thickness, not pressed."""

    most_pieces: Count
    most_mm: Decimal
    tray_pieces: Count
    tray_mm: Decimal

    def __post_init__(self) -> None:
        if not (self.most_pieces <= self.tray_pieces and 0 < self.most_mm <= self.tray_mm):
            raise ValueError("a tray must hold a whole bundle")


class Envelope(NamedTuple):
    """A piece that is to be posted: its place, its posting, its delivery office (empty abroad), its thickness."""

    batch: int
    number: int
    posting: int
    office: str
    mm: Decimal


class Bundle(NamedTuple):
    """Consecutive pieces of one batch, posting and office; ``number`` counts from 1 in the batch.

    What was pulled between ``first`` and ``last`` is not in it, so ``pieces`` may be fewer than these say.
    """

    batch: int
    number: int
    posting: int
    office: str
    first: int
    last: int
    pieces: int
    mm: Decimal


class Tray(NamedTuple):
    """Bundles of one batch and posting, in order; the ``number``-th of ``of`` trays of the batch."""

    batch: int
    number: int
    of: int
    bundles: tuple[Bundle, ...]

    @property
    def posting(self) -> int:
        return self.bundles[0].posting

    @property
    def pieces(self) -> int:
        return sum(bundle.pieces for bundle in self.bundles)

    @property
    def offices(self) -> tuple[str, str]:
        """The first and the last delivery office in it."""
        return self.bundles[0].office, self.bundles[-1].office


def bundles(envelopes: Iterable[Envelope], limits: Limits) -> Iterator[Bundle]:
    """Cut the envelopes, in order of batch and number, where the next one would be too much for the bundle.

    One that is thicker than a whole bundle may be is a bundle by itself.
    """
    number, before = 0, 0
    for (batch, posting, office), alike in groupby(envelopes, key=attrgetter("batch", "posting", "office")):
        if batch != before:
            number, before = 0, batch
        made: Bundle | None = None
        for envelope in alike:
            if made is None or made.pieces == limits.most_pieces or made.mm + envelope.mm > limits.most_mm:
                if made is not None:
                    yield made
                number += 1
                made = Bundle(batch, number, posting, office, envelope.number, envelope.number, 1, envelope.mm)
            else:
                made = made._replace(last=envelope.number, pieces=made.pieces + 1, mm=made.mm + envelope.mm)
        assert made is not None  # a group has a first envelope
        yield made


def trays(of_batch: Sequence[Bundle], limits: Limits) -> list[Tray]:
    """Fill trays with the bundles of one batch, in order; a tray holds bundles of one posting."""
    filled: list[list[Bundle]] = []
    for bundle in of_batch:
        last = filled[-1] if filled else []
        if (
            not last
            or last[-1].posting != bundle.posting
            or sum(b.pieces for b in last) + bundle.pieces > limits.tray_pieces
            or sum(b.mm for b in last) + bundle.mm > limits.tray_mm
        ):
            filled.append([bundle])
        else:
            last.append(bundle)
    return [Tray(own[0].batch, number, len(filled), tuple(own)) for number, own in enumerate(filled, start=1)]
