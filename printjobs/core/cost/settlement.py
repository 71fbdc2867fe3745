"""After the bill: corrections, the invoice held against it, and when a month or a year may be closed.

Law 5 holds on: what a correction gives to the cities adds up to it, and nothing closes while an invoice differs from
what the cities are charged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from printjobs.core.rounding import Rounding, largest_remainder, rounded

from . import splitting
from .bill import Bill, Case
from .splitting import Bases, Basis, Part, Share
from .tariff import TAX, Line, Unit

VENDOR, POST = "vendor", "post"
ISSUERS = {VENDOR: "受託者", POST: "郵便局"}
POSTAGE = "postage"  # the group of items that the post office's invoice is for
_BY_OWN = (Part(Basis.ACTUAL),)


# Corrections


class Correction(NamedTuple):
    """A correction of one invoice line, shared: ``rule`` in words, and what each city gets of it."""

    rule: str
    shares: dict[str, Share]


def correct(yen: int, line: Line, case: Case, bill: Bill) -> Correction:
    """Share a correction among the run's cities by the rule of the line that it corrects.

    Of the tax by what each city pays without it, of postage by own pieces. The opposite correction has the opposite
    shares to the yen.
    """
    codes, size = sorted(case.volumes), abs(yen)
    if line.key == TAX:
        weights = {c.code: sum(i.yen for i in c.items if i.group in ("fixed", "variable")) for c in bill.cities}
        parts = largest_remainder(size, weights if any(weights.values()) else dict.fromkeys(codes, 1))
        shares = {code: Share(part, f"税抜 {weights[code]:,}円") for code, part in parts.items()}
        rule = "税抜額割"
    else:
        agreed = _BY_OWN if line.issuer == POST else case.rules.of(line.key)
        envelopes = {
            code: sum(n for (unit, _), n in own.units.items() if unit is Unit.ENVELOPE)
            for code, own in case.volumes.items()
        }
        bases = Bases(case.people.population, case.people.households, envelopes, line.own)
        shares, rule = splitting.split(size, agreed, codes, bases), splitting.title(agreed)
    sign, told = (-1 if yen < 0 else 1), f"訂正 {yen:+,}円（消費税を含む）を"
    return Correction(rule, {code: Share(sign * s.yen, told + s.basis) for code, s in shares.items() if s.yen})


def overdrawn(charged: Mapping[str, int], added: Mapping[str, int]) -> tuple[str, ...]:
    """Cities, by code, that would have to be paid instead of paying."""
    return tuple(code for code in sorted(added) if charged.get(code, 0) + added[code] < 0)


def told_apart(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The same lines, each with a title of its own: one that several have is told with the key, in the ledger too."""
    known = tuple(lines)
    titles = Counter(line.title for line in known)
    return tuple(
        line if titles[line.title] == 1 else line._replace(title=f"{line.title}（{line.key}）") for line in known
    )


def find_line(word: str, lines: Iterable[Line]) -> Line | None:
    """The line with this key, or else with this title, of those told apart; None for a title that several have."""
    known = told_apart(lines)
    named = [line for line in known if line.key == word] or [line for line in known if line.title == word]
    return named[0] if named else None


# The invoice


class Sent(NamedTuple):
    """One line of an invoice as it was sent. ``item``: key or title of a line of the bill."""

    item: str
    quantity: int
    unit_yen: str
    yen: int


NOTHING_SENT: Mapping[str, Sent] = MappingProxyType({})


class Fault(StrEnum):
    """What is wrong with a line of an invoice."""

    MISSING = "missing"
    UNEXPECTED = "unexpected"
    QUANTITY = "quantity"
    UNIT_YEN = "unit_yen"
    YEN = "yen"


FAULT_WORDS = {
    Fault.MISSING: "請求書にない", Fault.UNEXPECTED: "予定にない、または2行目", Fault.QUANTITY: "数量が違う",
    Fault.UNIT_YEN: "単価が違う", Fault.YEN: "金額が違う",
}  # fmt: skip


class Discrepancy(NamedTuple):
    """A line that differs, with both figures as text; empty where a side has no such line, which shows its yen."""

    fault: Fault
    item: str
    expected: str
    invoiced: str


class Amends(NamedTuple):
    """Corrections as an invoice should show them: yen with tax by key of the line, and the tax in percent."""

    yen: Mapping[str, int]
    tax_percent: Fraction

    def touch(self, line: Line, lines: Sequence[Line]) -> bool:
        """Whether only the amount of a line can be compared. The tax stands on the sum of its issuer's lines."""
        return any(self.yen.get(one.key) for one in (lines if line.key == TAX else [line]))

    def due(self, lines: Sequence[Line], sent: Mapping[str, Sent] = NOTHING_SENT) -> tuple[Line, ...]:
        """An issuer's lines with the amounts that they should have now: together the bill's and all corrections'.

        The tax of a correction is on the tax line. It is rounded on the sum of all lines, so a yen may stand on either;
        an invoice that has the whole correction on its line comes to the same and is right too.
        """
        taxed = any(line.key == TAX for line in lines)
        added = {line.key: self._added(line, sent.get(line.key), taxed=taxed) for line in lines if line.key != TAX}
        added[TAX] = sum(self.yen.get(line.key, 0) for line in lines) - sum(added.values())
        amended = (line._replace(yen=line.yen + added[line.key]) for line in lines)
        return tuple(line._replace(unit_yen=str(line.yen)) if line.key == TAX else line for line in amended)

    def _added(self, line: Line, sent: Sent | None, *, taxed: bool) -> int:
        yen, factor = self.yen.get(line.key, 0), 1 + self.tax_percent / 100 * taxed
        told = sent.yen - line.yen if sent and yen else 0
        if told and (told == yen or abs(told * factor - yen) < 1):
            return told
        net = rounded(abs(yen) / factor, Rounding.HALF_UP)
        return net if yen > 0 else -net


UNAMENDED = Amends({}, Fraction(0))


def compare(expected: Sequence[Line], sent: Iterable[Sent], amends: Amends = UNAMENDED) -> tuple[Discrepancy, ...]:
    """Everything in which an invoice differs from the lines expected of its issuer, in the order of the bill.

    Of a line that was corrected only the amount counts; one that was corrected to nothing may be left out.
    """
    seen: dict[str, Sent] = {}
    strange = []
    for own in sent:
        line = find_line(own.item, expected)
        if line is None or line.key in seen:
            strange.append(Discrepancy(Fault.UNEXPECTED, own.item, "", str(own.yen)))
        else:
            seen[line.key] = own
    found: list[Discrepancy] = []
    for line in told_apart(amends.due(expected, seen)):
        amended, told = amends.touch(line, expected), seen.get(line.key)
        if told is None:
            if line.yen or not amended:
                found.append(Discrepancy(Fault.MISSING, line.title, str(line.yen), ""))
            continue
        if not amended:
            found += _priced_otherwise(line, told)
        if line.yen != told.yen:
            found.append(Discrepancy(Fault.YEN, line.title, str(line.yen), str(told.yen)))
    return (*found, *strange)


def _priced_otherwise(line: Line, told: Sent) -> Iterable[Discrepancy]:
    ours, theirs = plain(line.unit_yen), plain(told.unit_yen)
    if line.quantity != told.quantity:
        yield Discrepancy(Fault.QUANTITY, line.title, str(line.quantity), str(told.quantity))
    if Fraction(ours) != Fraction(theirs):
        yield Discrepancy(Fault.UNIT_YEN, line.title, ours, theirs)


def plain(number: str) -> str:
    """A decimal text without marks between its thousands."""
    return number.replace(",", "")


# Estimate and settlement


class Difference(NamedTuple):
    """One city's item as it was expected and as it was settled, in yen."""

    city: str
    item: str
    estimate_yen: int
    settled_yen: int


def differences(estimate: Bill, settled: Bill) -> tuple[Difference, ...]:
    """What came otherwise than expected, by city and item.

    Postage is one item: how the mail is split into postings is only known with the plan.
    """
    before, after = _by_item(estimate), _by_item(settled)
    keys = sorted({**before, **after}, key=lambda key: key[0])
    return tuple(Difference(*key, before[key], after[key]) for key in keys if before[key] != after[key])


def _by_item(bill: Bill) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for city in bill.cities:
        for item in city.items:
            found[city.code, "郵便料" if item.group == POSTAGE else item.item] += item.yen
    return found


# Months and years


def months_of(period: str) -> tuple[str, ...]:
    """The months of a closing: ``2026-05`` itself, or those of the fiscal year ``2026`` (April to March)."""
    if len(period) > len("2026"):
        return (period,)
    year = int(period)
    return (*(f"{year}-{month:02d}" for month in range(4, 13)), *(f"{year + 1}-{month:02d}" for month in range(1, 4)))


def booking_month(month: str, closed: Iterable[str]) -> str:
    """The month that an entry for a run mailed in ``month`` goes into: the first from there on that is not closed.

    ``closed``: periods, months and years.
    """
    shut = {m for period in closed for m in months_of(period)}
    year, number = int(month[:4]), int(month[5:])
    while f"{year}-{number:02d}" in shut:
        year, number = (year, number + 1) if number < 12 else (year + 1, 1)
    return f"{year}-{number:02d}"


class Standing(NamedTuple):
    """What is known of one run when its month is to be closed.

    ``mailed`` and ``charged``: notices by city. ``invoiced`` and ``ledger``: yen by issuer; who has sent no invoice is
    not in ``invoiced``.
    """

    run: str
    closed: bool
    mailed: Mapping[str, int]
    charged: Mapping[str, int]
    invoiced: Mapping[str, int]
    ledger: Mapping[str, int]


class Lack(StrEnum):
    """What keeps a month from being closed."""

    OPEN = "open"
    COUNT = "count"
    NO_INVOICE = "no_invoice"
    SUM = "sum"


class Gap(NamedTuple):
    """One thing that keeps a run's month open. ``where``: city code or issuer. Counts are notices, sums yen."""

    lack: Lack
    run: str
    where: str = ""
    expected: int = 0
    found: int = 0


def gaps(runs: Iterable[Standing]) -> tuple[Gap, ...]:
    """Every reason against closing, by run."""
    return tuple(gap for run in runs for gap in _gaps(run))


def _gaps(run: Standing) -> Iterable[Gap]:
    if not run.closed:
        yield Gap(Lack.OPEN, run.run)
        return
    for city in sorted({*run.mailed, *run.charged}):
        mailed, charged = run.mailed.get(city, 0), run.charged.get(city, 0)
        if mailed != charged:
            yield Gap(Lack.COUNT, run.run, city, mailed, charged)
    for issuer in ISSUERS:
        due = run.ledger.get(issuer, 0)
        if issuer not in run.invoiced:
            if due:
                yield Gap(Lack.NO_INVOICE, run.run, issuer, due)
        elif run.invoiced[issuer] != due:
            yield Gap(Lack.SUM, run.run, issuer, due, run.invoiced[issuer])
