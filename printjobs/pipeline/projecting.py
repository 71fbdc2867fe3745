"""What it would cost every city if one joined or left, over years to come (加入・脱退・延長の試算).

Nothing of it is stored. Runs are mailed on their kinds' usual days, with the expected numbers of every city, and posted
without a delay. Years to come are reckoned by the newest tables there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import NamedTuple

from printjobs import reference
from printjobs.core.cost.bill import Bill, Case, make_bill
from printjobs.core.cost.projection import Projection, Run, never_raises, project
from printjobs.core.kinds import KINDS
from printjobs.core.model import UsageError
from printjobs.core.postage.assigning import assign
from printjobs.reference import costs

from .scheduling import YEARS, day_of
from .volumes import expected_case

MOST_YEARS = 10
_NO_DELAY = 0


class Change(NamedTuple):
    """From a day on, a city joins or leaves or both; codes, empty for none."""

    day: str
    joins: str
    leaves: str


class Tables(NamedTuple):
    """Names of the dated files that a day is reckoned by, and the day of its people."""

    tariff: str
    split: str
    postage: str
    people_as_of: str


class Apart(NamedTuple):
    """A run in which a share rises because senders are grouped anew, if the newcomer posts by itself instead.

    ``more_yen``: what that costs all of them more. ``none_rises``: whether then nobody's share does.
    """

    year: int
    kind: str
    more_yen: int
    none_rises: bool


class Projected(NamedTuple):
    """A projection and what it was reckoned with.

    ``certain``: titles of the tariff's lines whose shares cannot rise by another's joining; ``uncertain``: the others.
    """

    change: Change
    runs: tuple[Run, ...]
    tables: Mapping[int, Tables]
    made: Projection
    apart: tuple[Apart, ...]
    certain: tuple[str, ...]
    uncertain: tuple[str, ...]


def projected(day: str, years: int, join: str = "", leave: str = "") -> Projected:
    """So many fiscal years from that of a day on; ``join`` and ``leave`` are codes or names.

    :class:`UsageError` for a city that cannot join or leave, a day that is none, other years than 1 to 10, and a year
    before the first tariff.
    """
    from_ = day_of(day, "日").isoformat()
    if not 1 <= years <= MOST_YEARS:
        raise UsageError(f"年数 {years} は試算できません。1 から {MOST_YEARS} までの数を --years に入れてください。")
    change = Change(from_, _prospect(join, from_) if join else "", _member(leave, from_) if leave else "")
    first = costs.fiscal_year(from_)
    _refuse_before_the_tables(first)
    mailings = list(_mailings(range(first, first + years)))
    if (change.joins or change.leaves) and mailings[-1][1] < from_:
        raise UsageError(f"{first}年度には {from_} から後の回がありません。--years を 2 以上にしてください。")
    bills, tables, runs, apart = _Bills(), dict[int, Tables](), list[Run](), list[Apart]()
    for kind, mailed in mailings:
        year = costs.fiscal_year(mailed)
        used = tables[year] = _tables(mailed)
        before, after = (bills.of(kind, mailed, used, with_) for with_ in (None, change))
        notices = _notices(kind, mailed, None) | _notices(kind, mailed, change)
        alone = {code: bills.alone(kind, mailed, used, code, n) for code, n in notices.items()}
        runs.append(Run(year, kind, mailed, before[1], after[1], alone))
        if change.joins and not change.leaves and not (found := project(runs[-1:])).none_rises:
            apart += _apart(runs[-1], found, before[0], after[0], change.joins)
    certain, uncertain = _by_certainty(runs[-1].day)
    return Projected(change, tuple(runs), tables, project(runs), tuple(apart), certain, uncertain)


def _outside(day: str) -> dict[str, reference.City | costs.Prospect]:
    """Who could join on a day: cities around, and whoever is in the council's table but no member then."""
    members = reference.members(day)
    known: dict[str, reference.City | costs.Prospect] = {**costs.prospects(), **reference.cities()}
    return {code: city for code, city in known.items() if code not in members}


def _prospect(named: str, day: str) -> str:
    if any(named in (code, city.name) for code, city in reference.members(day).items()):
        raise UsageError(f"{named} は {day} に構成市です。加入を試算できるのは、まだ構成市でない市です。")
    return reference.code_of(named, {code: city.name for code, city in _outside(day).items()}, "加入を試算できる市")


def _member(named: str, day: str) -> str:
    names = {code: city.name for code, city in reference.members(day).items()}
    return reference.code_of(named, names, f"{day} の構成市")


def _mailings(years: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Kinds and their usual mailing days, in order of the days."""
    for year in years:
        days = ((date(year + (kind.mailing[0] < 4), *kind.mailing), code) for code, kind in KINDS.items())
        yield from ((code, day.isoformat()) for day, code in sorted(days))


def _refuse_before_the_tables(first: int) -> None:
    """What is reckoned is whole years, so every table must be there for the first mailing of the first one."""
    for year in range(first, YEARS[-1] + 1):
        with suppress(UsageError):
            _tables(next(_mailings([year]))[1])
            break
    if year > first:
        raise UsageError(
            f"{first}年度の試算に使う単価表・按分の取決め・郵便料金表がそろっていません。"
            f"--from には、それより後の日（{year}-04-01 から）を入れてください。"
        )


def _tables(day: str) -> Tables:
    tariff, split, postage = (costs.in_force(what, day) for what in costs.DATED)
    return Tables(tariff, split, postage, costs.split_rules(day).people_as_of)


def _notices(kind: str, day: str, change: Change | None) -> dict[str, int]:
    """What every city that takes part on a day has of a kind."""
    cities: dict[str, reference.City | costs.Prospect] = {**reference.members(day)}
    if change and change.day <= day:
        cities.pop(change.leaves, None)
        if change.joins:
            cities[change.joins] = _outside(change.day)[change.joins]
    return {code: cities[code].taxpayers.get(kind, 0) for code in sorted(cities)}


def _new(cities: Iterable[str], day: str, change: Change | None) -> frozenset[str]:
    joins = change.joins if change else ""
    known = (code for code in cities if code != joins and costs.is_new(code, day))
    return frozenset([*known, *([joins] if change and joins and costs.in_first_year(change.day, day) else [])])


class _Bills:
    """Bills of expected runs; runs that are alike in all but their day are reckoned once."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[Case, Bill]] = {}

    def of(self, kind: str, day: str, tables: Tables, change: Change | None) -> tuple[Case, Bill]:
        notices = _notices(kind, day, change)
        return self._reckoned(kind, day, tables, notices, _new(notices, day, change))

    def alone(self, kind: str, day: str, tables: Tables, code: str, notices: int) -> int:
        """Nobody is new in what it does alone."""
        return self._reckoned(kind, day, tables, {code: notices}, frozenset())[1].invoice_yen

    def _reckoned(
        self, kind: str, day: str, tables: Tables, notices: Mapping[str, int], new: Collection[str]
    ) -> tuple[Case, Bill]:
        key = (kind, tables, tuple(notices.items()), new)
        if key not in self._known:
            case = expected_case(day, kind, notices, _NO_DELAY, new)
            self._known[key] = case, make_bill(case)
        return self._known[key]


def _apart(run: Run, found: Projection, before: Case, after: Case, joins: str) -> Iterator[Apart]:
    """The same run with the earlier members' postings as they were; nothing where no share rises by postage."""
    if not any(rise.groups.get("postage", 0) > 0 for rise in found.rises):
        return
    own = assign((lot for lot in after.mail.lots if lot.city == joins), after.table, after.mail.delay)
    kept = make_bill(after._replace(mail=after.mail._replace(postings=before.mail.postings + own)))
    made = project([run._replace(after=kept)])
    yield Apart(run.year, run.kind, kept.invoice_yen - run.after.invoice_yen, made.none_rises)


def _by_certainty(day: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Titles of the tariff's lines whose shares cannot rise by another's joining, and of the others."""
    rules = costs.split_rules(day)
    lines = [(p.title, never_raises(p, rules.of(p.key))) for p in costs.tariff(day).prices]
    return tuple(t for t, sure in lines if sure), tuple(t for t, sure in lines if not sure)
