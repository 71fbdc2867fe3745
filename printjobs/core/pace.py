"""How far a vendor should be, hour by hour from release to mailing, against what it has reported.

A vendor that says nothing is found out on the same day and not when the mailing date has passed. Hours are working
hours: those of open days, from when the vendor opens. What is reported is reported by batch, so that one batch in hand
is never held against the vendor before its time is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from .stages import STAGES
from .timetable import OpenDay, back, open_on_or_before

Hours = Annotated[int, Meta(ge=1, le=200)]


class Pace(msgspec.Struct, frozen=True):
    """What was agreed with the vendor, in working hours after release.

    ``opens``: the hour of the day at which work begins. ``accepted``, ``begun``: until the receipt, and until the
    first report of something printed. ``quiet``: without any report while work is behind the plan.
    """

    opens: Annotated[int, Meta(ge=0, le=23)]
    accepted: Hours
    begun: Hours
    quiet: Hours


class Clock(NamedTuple):
    """When the vendor works: the open days, the first hour of a day and how many follow."""

    is_open: OpenDay
    opens: int
    hours: int

    def worked(self, start: datetime, end: datetime) -> float:
        """Working hours between two moments of local time; 0 when ``end`` is not after ``start``."""
        total, day = timedelta(), start.date()
        while day <= end.date():
            if self.is_open(day):
                first = datetime.combine(day, time(self.opens), start.tzinfo)
                total += max(timedelta(), min(end, first + timedelta(hours=self.hours)) - max(start, first))
            day += timedelta(1)
        return total / timedelta(hours=1)


class Batch(NamedTuple):
    """A released batch: its pieces, when it was released, and of how many pieces each stage was reported."""

    pieces: int
    released: datetime
    accepted: int
    printed: int
    inserted: int
    posted: int


class Standing(NamedTuple):
    """One stage of a run: pieces that should have passed it by the plan, and those that were reported to have.

    ``lenient`` is ``expected`` without a batch that may be in hand.
    """

    stage: str
    expected: int
    lenient: int
    told: int


class Alarm(NamedTuple):
    """Something to ask the vendor about today. ``code`` is a stage, ``begun``, ``quiet`` or ``pulled_inserted``."""

    code: str
    message: str


def standings(batches: Sequence[Batch], now: datetime, mailing: date, clock: Clock, pace: Pace) -> list[Standing]:
    """Every stage in order, over all batches together."""
    curves = [_curves(batch, now, mailing, clock, pace) for batch in batches]
    found = []
    for stage in STAGES:
        parts = [(curve[stage], batch.pieces) for curve, batch in zip(curves, batches, strict=True)]
        expected = int(sum(part * pieces for part, pieces in parts))
        in_hand = max((pieces for part, pieces in parts if 0 < part < 1), default=0)
        told = sum(getattr(batch, stage) for batch in batches)
        found.append(Standing(stage, expected, max(expected - in_hand, 0), told))
    return found


def _curves(batch: Batch, now: datetime, mailing: date, clock: Clock, pace: Pace) -> dict[str, float]:
    """What part of a batch should have passed each stage by now, 0 to 1.

    Printing goes on from the first print until a day before inserting ends, inserting a day behind it until the
    open day before mailing ends. A batch that is released late, as reprints are, has a day for each.
    """
    passed, day = clock.worked(batch.released, now), clock.hours
    posting = open_on_or_before(mailing, clock.is_open)
    full = max(_until(batch.released, back(posting, 1, clock.is_open), clock), pace.begun + 2 * day)
    gone = max(_until(batch.released, posting, clock), full + day)
    return {
        "accepted": float(passed >= pace.accepted),
        "printed": _linear(passed, pace.begun, full - day),
        "inserted": _linear(passed, pace.begun + day, full),
        "posted": float(passed >= gone),
    }


def _until(start: datetime, day: date, clock: Clock) -> float:
    """Working hours from a moment to the end of a day."""
    return clock.worked(start, datetime.combine(day, time.max, start.tzinfo))


def _linear(passed: float, begin: float, end: float) -> float:
    return min(max((passed - begin) / (end - begin), 0.0), 1.0)


def alarms(
    batches: Sequence[Batch], heard: datetime | None, now: datetime, mailing: date, clock: Clock, pace: Pace
) -> list[Alarm]:
    """What to ask the vendor about; nothing when there is nothing released, or all goes by the plan.

    ``heard``: when the vendor last reported anything at all.
    """
    if not batches:
        return []
    stood = {s.stage: s for s in standings(batches, now, mailing, clock, pace)}
    found = [
        Alarm(s.stage, f"受託者から{STAGES[s.stage]}の報告が遅れています。{s.lenient:,}通のはずが、{s.told:,}通です。")
        for s in stood.values()
        if s.told < s.lenient
    ]
    passed = max(clock.worked(b.released, now) for b in batches)
    silent = clock.worked(heard or min(b.released for b in batches), now)
    nothing = not stood["printed"].told
    if passed >= pace.begun and nothing and "printed" not in {a.code for a in found}:
        found.append(
            Alarm("begun", f"引渡しから{passed:.0f}時間（開庁時間）たちましたが、印刷を始めた報告がありません。")
        )
    behind = any(stood[stage].told < stood[stage].expected for stage in ("printed", "inserted"))
    if not found and behind and silent >= pace.quiet:
        found.append(Alarm("quiet", f"受託者から{silent:.0f}時間（開庁時間）報告がありません。予定より遅れています。"))
    return found
