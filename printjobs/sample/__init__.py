"""Made-up hand-ins of the eight cities, for tests, demonstrations and rehearsals.

Nobody in them exists: surnames, given names, companies and buildings are put together from word lists.
Only postal codes and town names are real, because the postal rules are tested against them.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from printjobs.core.kinds import KINDS
from printjobs.reference import cities
from printjobs.sample.gaiji import write_list
from printjobs.sample.handin import CitySummary, Order, Progress, write_city

__all__ = ["CitySummary", "SampleSummary", "write_sample"]


class SampleSummary(msgspec.Struct, frozen=True):
    """What was written and what intake has to find in it, by six-digit city code."""

    cities: dict[str, CitySummary]


def write_sample(
    directory: Path,
    *,
    kind: str,
    year: int,
    scale: float,
    seed: int,
    progress: Progress | None = None,
) -> SampleSummary:
    """Write one hand-in (提出データ) of a kind per city into ``directory``/<city code>, and the list of their gaiji.

    ``scale`` 1 is a full year (about 239,000 notices of property tax); every city has at least 40 notices, so that each
    special case exists at any scale. The same year, scale and seed give the same bytes, and a city's
    bytes do not depend on the other cities. ``progress`` gets city code, notices done, notices in all.
    """
    order = Order(KINDS[kind], year, scale, seed)
    summary = {code: write_city(directory / code, city, order, progress) for code, city in cities().items()}
    write_list(directory)
    return SampleSummary(summary)
