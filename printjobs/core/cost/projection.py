"""What joining, leaving or staying costs every city, run by run and year by year (加入・脱退・延長の試算).

A run's share *rises* when a city that takes part both with and without the change pays more with it. That is compared
for every run. Of a vendor's line it can be known beforehand (:func:`never_raises`):

- What a run costs however many take part can only fall, by any rule.
- What is paid by each city's own count of it can only fall: its average price does, by tiers and minimum alike.
- Else whoever brings more of it than its weight lets the others pay for it: a large city where shares are equal, a
  small one where they go by population, thick envelopes where they go by envelopes, a set-up that nobody else needs.

Joint postings are no such line: six senders at most may be grouped anew when another joins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from .bill import Bill, CityBill
from .splitting import Basis, Rule
from .tariff import Price, Unit

ALONE = "alone"  # the group of what a city pays for itself, outside the council
_TAX, _POSTAGE = "tax", "postage"
ROUNDING_YEN = 2  # of a share of one line: a yen by the rounding of the line, and one by the largest remainder


class Run(NamedTuple):
    """A run with the change and without it. ``alone``: whole yen of every city that takes part in either."""

    year: int
    kind: str
    day: str
    before: Bill
    after: Bill
    alone: Mapping[str, int]


class Sums(NamedTuple):
    """What a city pays in a year without the change and with it, in yen, and what it would alone.

    Outside the council it pays alone, for its notices go out all the same. ``groups``: what it pays with the change,
    by the groups of :class:`~printjobs.core.cost.bill.Item` and :data:`ALONE`.
    """

    before_yen: int
    after_yen: int
    alone_yen: int
    groups: Mapping[str, int]

    @property
    def difference_yen(self) -> int:
        return self.after_yen - self.before_yen

    @property
    def saving_yen(self) -> int:
        return self.alone_yen - self.after_yen


class City(NamedTuple):
    """One city's sums by fiscal year."""

    code: str
    years: Mapping[int, Sums]

    @property
    def whole(self) -> Sums:
        """All years together."""
        own = self.years.values()
        groups: Counter[str] = Counter()
        for year in own:
            groups.update(year.groups)
        before, after, alone = (sum(year[at] for year in own) for at in range(3))  # type: ignore[misc]
        return Sums(before, after, alone, groups)


class Rise(NamedTuple):
    """A city pays more in a run with the change than without it: so many yen, of which group how many.

    ``rounding``: no line gives or takes more than rounding can.
    """

    year: int
    kind: str
    day: str
    code: str
    yen: int
    groups: Mapping[str, int]
    rounding: bool


class Projection(NamedTuple):
    """All cities by code, and every rise."""

    cities: tuple[City, ...]
    rises: tuple[Rise, ...]

    @property
    def none_rises(self) -> bool:
        """Whether no city that takes part either way pays more in any run, but for rounding."""
        return all(rise.rounding for rise in self.rises)


def project(runs: Iterable[Run]) -> Projection:
    """Every city's years, and the runs in which its share rises."""
    found: dict[str, dict[int, Sums]] = {}
    rises: list[Rise] = []
    for run in runs:
        before, after = ({city.code: city for city in bill.cities} for bill in (run.before, run.after))
        rises += _rises(run, before, after)
        for code, alone in run.alone.items():
            years = found.setdefault(code, {})
            so_far = years.get(run.year, Sums(0, 0, 0, Counter()))
            first, then = (bills[code].total_yen if code in bills else alone for bills in (before, after))
            groups = _groups(after[code]) if code in after else Counter({ALONE: alone})
            years[run.year] = Sums(
                so_far.before_yen + first, so_far.after_yen + then, so_far.alone_yen + alone,
                Counter(so_far.groups) + groups,
            )  # fmt: skip
    return Projection(tuple(City(code, found[code]) for code in sorted(found)), tuple(rises))


def _rises(run: Run, before: Mapping[str, CityBill], after: Mapping[str, CityBill]) -> Iterator[Rise]:
    for code, then in after.items():
        if code not in before or (yen := then.total_yen - before[code].total_yen) <= 0:
            continue
        groups = _groups(then)
        groups.subtract(_groups(before[code]))
        moved = {group: more for group, more in groups.items() if more}
        yield Rise(run.year, run.kind, run.day, code, yen, moved, _is_rounding(before[code], then))


def _is_rounding(before: CityBill, after: CityBill) -> bool:
    """The tax follows the other lines. Postings have other names each time, so they are one."""
    lines, more = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for bill, sign in ((after, 1), (before, -1)):
        for item in bill.items:
            line = (item.group, "" if item.group == _POSTAGE else item.item)
            more[line] += sign * item.yen
            lines[line] += sign > 0
    return all(yen <= ROUNDING_YEN * lines[line] for line, yen in more.items() if line[0] != _TAX)


def _groups(bill: CityBill) -> Counter[str]:
    groups: Counter[str] = Counter()
    for item in bill.items:
        groups[item.group] += item.yen
    return groups


def never_raises(price: Price, rule: Rule) -> bool:
    """Whether no city's exact share of a tariff's line can rise by another's joining, whoever that is."""
    bases = {part.by for part in rule if Fraction(part.percent)}
    if price.counts is Unit.RUN:
        return True
    if price.counts is Unit.CLASS:
        return False
    as_actual = {Basis.ACTUAL}
    if price.counts is Unit.CITY:
        as_actual.add(Basis.EQUAL)
    if price.counts is Unit.ENVELOPE and not price.form:
        as_actual.add(Basis.VOLUME)
    return bases <= as_actual
