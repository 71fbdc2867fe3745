"""What costs are reckoned with, each in force from a day on: tariffs, split rules, people, and who is a member when.

A dated file is never edited once a run has been charged by it (``pipeline/charging.py`` holds its SHA-256 against
the one it had then); what changes is a new file with its own date.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

import msgspec

from printjobs.core.cost.splitting import People, SplitRules
from printjobs.core.cost.tariff import Tariff
from printjobs.core.model import UsageError
from printjobs.core.postage.table import PostageTable

from . import _read, cities

TARIFF, SPLIT, POSTAGE = "tariff", "split", "postage"
DATED = {TARIFF: "単価表", SPLIT: "按分の取決め", POSTAGE: "郵便料金表"}


class _Count(msgspec.Struct, frozen=True):
    as_of: str
    population: dict[str, int]
    households: dict[str, int]


class _Counts(msgspec.Struct, frozen=True):
    counts: tuple[_Count, ...]


class Prospect(msgspec.Struct, frozen=True):
    """A city that may think of joining; ``taxpayers`` as a member's, estimated."""

    code: str
    name: str
    taxpayers: dict[str, int]


class _Prospects(msgspec.Struct, frozen=True):
    prospects: tuple[Prospect, ...]


def in_force(what: str, day: str) -> str:
    """Name of the newest of the :data:`DATED` files ``what``-DAY.toml that is not later than an ISO day.

    :class:`UsageError` when there is none.
    """
    names = sorted(f.name for f in files(__package__).iterdir() if f.name.startswith(f"{what}-"))
    fitting = [name for name in names if name <= f"{what}-{day}.toml"]
    if not fitting:
        told = f"{day} に有効な{DATED[what]}がありません。"
        raise UsageError(told + f"printjobs/reference に {what}-年月日.toml を置いてください。")
    return fitting[-1]


def digest(name: str) -> str:
    """SHA-256 of a reference file, by which a charge remembers what it was reckoned with."""
    return sha256(_read(name)).hexdigest()


@cache
def tariff(day: str) -> Tariff:
    """The vendor's prices in force on an ISO day."""
    return msgspec.toml.decode(_read(in_force(TARIFF, day)), type=Tariff)


@cache
def split_rules(day: str) -> SplitRules:
    """The council's agreement in force on an ISO day."""
    return msgspec.toml.decode(_read(in_force(SPLIT, day)), type=SplitRules)


@cache
def postage_table(day: str) -> PostageTable:
    """What the post charges on an ISO day."""
    return msgspec.toml.decode(_read(in_force(POSTAGE, day)), type=PostageTable)


@cache
def people(as_of: str) -> People:
    """Population and households of a day, as split rules name it; :class:`UsageError` when nobody counted then."""
    known = {c.as_of: c for c in msgspec.toml.decode(_read("people.toml"), type=_Counts).counts}
    if as_of not in known:
        raise UsageError(f"people.toml に {as_of} の人口・世帯がありません。ある日: {'、'.join(sorted(known))}")
    return People(known[as_of].population, known[as_of].households)


@cache
def prospects() -> dict[str, Prospect]:
    """Cities that may think of joining, by code."""
    return {p.code: p for p in msgspec.toml.decode(_read("prospects.toml"), type=_Prospects).prospects}


def fiscal_year(day: str) -> int:
    """The year (年度, April to March) of an ISO day."""
    return int(day[:4]) - (day[5:7] < "04")


def is_new(code: str, day: str) -> bool:
    """Whether a member is in its first year in the council on an ISO day."""
    return in_first_year(cities()[code].joined, day)


def in_first_year(joined: str, day: str) -> bool:
    """Whether a day is in the twelve months from a city's first, in which every kind is mailed once."""
    return joined <= day < f"{int(joined[:4]) + 1}{joined[4:]}"
