"""A fiscal year's costs by run, month and city: what was charged, and of runs that are not charged yet, their bill."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from printjobs.core.cost.bill import GROUP_WORDS
from printjobs.core.cost.settlement import months_of
from printjobs.pipeline import Context, closing
from printjobs.pipeline.statement_parts import by_group, city_name
from printjobs.store import ledger, runs
from printjobs.store.runs import Record

from .reckoning import Reckoned
from .shares import Payment


class RunCost(NamedTuple):
    """A run's payments by city. ``charged``: they are the ledger's entries of the year, else the bill as it stands.

    Of a run that was mailed in an earlier year there are corrections only, and nobody to compare with.
    """

    run: Record
    charged: bool
    payments: Mapping[str, Payment]

    @property
    def yen(self) -> int:
        return sum(one.yen for one in self.payments.values())


class Month(NamedTuple):
    """``closed`` is its closing, or None; then ``missing`` are the reasons why it cannot be closed."""

    month: str
    runs: tuple[Record, ...]
    charged_yen: int
    closed: Record | None
    missing: tuple[str, ...]


class Year(NamedTuple):
    """``corrections``: those that count in this year."""

    year: int
    runs: tuple[RunCost, ...]
    months: tuple[Month, ...]
    closed: Record | None
    corrections: tuple[Record, ...]

    @property
    def cities(self) -> tuple[str, ...]:
        """Who pays anything in this year, by code."""
        return tuple(sorted({code for one in self.runs for code in one.payments}))

    def by_city(self) -> dict[str, Payment]:
        """All runs of the year together, by city."""
        return {code: together(city_name(code), [one.payments.get(code) for one in self.runs]) for code in self.cities}

    def of_city(self, city: str) -> list[tuple[RunCost, Payment]]:
        """The runs that a city pays for, each with what it pays."""
        return [(one, one.payments[city]) for one in self.runs if city in one.payments]


def together(name: str, payments: list[Payment | None]) -> Payment:
    """Their sum, alone too as far as that is known."""
    known = [one for one in payments if one]
    parts = tuple(sum(one.parts[at] for one in known) for at in range(len(GROUP_WORDS)))
    return Payment(name, parts, sum(one.alone_yen or 0 for one in known))


def reckon_year(context: Context, cost: Callable[[str], Reckoned], year: int) -> Year:
    """A fiscal year as it stands. ``cost`` tells what a run costs."""
    months = months_of(str(year))
    with context.engine.connect() as connection:
        every = sorted(runs.all_runs(connection), key=lambda run: (run.mailing_date, run.id))
        ledgers = [(run, ledger.charges(connection, run.id)) for run in every]
        closings = ledger.closings(connection)
    found = [
        _of_run(run, entries, cost, months)
        for run, entries in ledgers
        if run.mailing_date[:7] in months or any(entry.month in months for entry in entries)
    ]
    months_used = []
    for month in months:
        own = tuple(run for run, _ in ledgers if run.mailing_date[:7] == month)
        yen = sum(entry.yen for _, entries in ledgers for entry in entries if entry.month == month)
        if own or yen:
            missing = closing.missing(context, month)
            months_used.append(Month(month, own, yen, closings.get(month), missing))
    corrections = (c for _, entries in ledgers for c in entries if c.reason and c.month in months)
    return Year(year, tuple(found), tuple(months_used), closings.get(str(year)), tuple(corrections))


def _of_run(
    run: Record, entries: Sequence[Record], cost: Callable[[str], Reckoned], months: Collection[str]
) -> RunCost:
    if run.mailing_date[:7] in months:
        bill = cost(run.id).payments()
        if not entries:
            return RunCost(run, charged=False, payments=bill)
    else:
        bill = {}
    own = [entry for entry in entries if entry.month in months]
    payments = {}
    for city in sorted({entry.city for entry in own}):
        parts = tuple(by_group(entry for entry in own if entry.city == city).values())
        payments[city] = Payment(city_name(city), parts, bill[city].alone_yen if city in bill else None)
    return RunCost(run, charged=True, payments=payments)
