"""The walk from the day a notice must be there back to the day a city hands in."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core import timetable
from printjobs.core.kinds import KINDS
from printjobs.core.timetable import DELAYS, Days, Law, Speed, Volume
from printjobs.reference import cities, profile, vendor
from printjobs.reference.timetable import is_open, reckoning

TEN_DAYS = Law("十日前まで", days=10)
FIRST, LAST = date(2025, 1, 1), date(2029, 12, 31)
OPEN = [FIRST + timedelta(n) for n in range((LAST - FIRST).days) if is_open(FIRST + timedelta(n))]

few = st.integers(0, 8)
terms = st.builds(Days, *([few] * 7))
speeds = st.builds(Speed, st.integers(1, 3_000), st.integers(1, 30_000), st.integers(1, 24))
volumes = st.builds(Volume, st.integers(0, 400_000), st.integers(0, 2_000_000))
dues = st.dates(date(2026, 3, 1), date(2028, 12, 31))
delays = st.sampled_from(DELAYS)


def hand_in(due: date, delay: timetable.Delay, volume: Volume, speed: Speed, days: Days) -> date:
    last = timetable.deadline(TEN_DAYS, due.year, due, is_open)
    mailing = timetable.latest_mailing(last, delay, days, is_open)
    return timetable.walk_back(mailing, volume, speed, days, is_open)[0].day


def slow(speed: Speed, volume: Volume) -> bool:
    """More open days than the calendar of this test has."""
    return speed.printing(volume.sheets) + speed.inserting(volume.pieces) > 200


@pytest.mark.parametrize(
    ("day", "opened"),
    [
        (date(2026, 4, 10), True),
        (date(2026, 4, 11), False),  # Saturday
        (date(2026, 5, 6), False),  # a holiday moved to the next day
        (date(2026, 9, 22), False),  # a day between two holidays is one
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2027, 1, 1), False),
        (date(2027, 1, 4), True),
    ],
)
def test_offices_are_open_on_weekdays_that_are_no_holidays(day: date, opened: bool) -> None:
    assert is_open(day) is opened


@given(dues, delays, volumes, speeds, terms)
def test_the_walk_is_so_many_open_days_back_from_the_last_one_before_the_deadline(
    due: date, delay: timetable.Delay, volume: Volume, speed: Speed, days: Days
) -> None:
    if slow(speed, volume):
        return
    moved = next(day for day in OPEN if day >= due)
    arrival = max(i for i, day in enumerate(OPEN) if day <= moved - timedelta(10))
    takes = sum((days.transit, delay, days.posting, days.acceptance, days.release, days.approval, days.proof,
                 days.correction, speed.printing(volume.sheets), speed.inserting(volume.pieces)))  # fmt: skip
    assert hand_in(due, delay, volume, speed, days) == OPEN[arrival - takes]


@given(dues, dues, delays, volumes, speeds, terms)
def test_a_later_due_date_never_asks_for_an_earlier_hand_in(
    one: date, other: date, delay: timetable.Delay, volume: Volume, speed: Speed, days: Days
) -> None:
    if not slow(speed, volume):
        early, late = sorted((one, other))
        assert hand_in(early, delay, volume, speed, days) <= hand_in(late, delay, volume, speed, days)


@given(dues, volumes, speeds, terms)
def test_every_step_is_on_an_open_day_and_none_before_the_one_it_waits_for(
    mailing: date, volume: Volume, speed: Speed, days: Days
) -> None:
    if slow(speed, volume):
        return
    steps = timetable.walk_back(mailing, volume, speed, days, is_open)
    assert all(is_open(step.day) for step in steps)
    assert [step.day for step in steps] == sorted(step.day for step in steps)
    assert [step.name for step in steps] == [
        "handed_in", "corrected", "proofed", "approved", "released", "accepted", "printed", "inserted", "mailed",
    ]  # fmt: skip


@given(dues, delays, terms)
def test_the_latest_mailing_is_in_time_and_an_open_day_later_is_not(
    due: date, delay: timetable.Delay, days: Days
) -> None:
    last = timetable.deadline(TEN_DAYS, due.year, due, is_open)
    latest = timetable.latest_mailing(last, delay, days, is_open)
    assert timetable.margin(latest, delay, days, last, is_open).in_time
    later = timetable.margin(timetable.forth(latest, 1, is_open), delay, days, last, is_open)
    assert not later.in_time
    assert later.days < 0


@given(dues, terms)
def test_a_longer_delay_of_the_post_never_allows_a_later_mailing(due: date, days: Days) -> None:
    last = timetable.deadline(TEN_DAYS, due.year, due, is_open)
    latest = [timetable.latest_mailing(last, delay, days, is_open) for delay in DELAYS]
    assert latest == sorted(latest, reverse=True)


def test_a_due_date_on_a_sunday_counts_from_the_monday() -> None:
    assert timetable.deadline(TEN_DAYS, 2026, date(2026, 5, 31), is_open) == date(2026, 5, 22)


def test_a_law_with_a_day_of_its_own_does_not_look_at_the_due_date() -> None:
    by_may = Law("五月三十一日まで", by=(5, 31))
    assert timetable.deadline(by_may, 2026, date(2026, 7, 10), is_open) == date(2026, 5, 31)


def test_every_kind_has_its_law_and_its_sheets() -> None:
    assert set(reckoning().laws) == set(reckoning().sheets) == set(KINDS)


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_usual_mailing_date_of_every_kind_is_in_time_for_the_earliest_due_date(kind: str) -> None:
    rules, due = reckoning(), min(one.due[0] for one in profile.profiles(kind, 2026).values())
    last = timetable.deadline(rules.laws[kind], 2026, date.fromisoformat(due), is_open)
    assert timetable.margin(date(2026, *KINDS[kind].mailing), 0, rules.days, last, is_open).in_time


def test_the_vendor_prints_and_inserts_a_whole_council_in_days_and_not_in_weeks() -> None:
    pieces = sum(city.taxpayers["property_tax"] for city in cities().values())
    speed = vendor().speed
    assert 1 <= speed.printing(4 * pieces) <= 5
    assert 1 <= speed.inserting(pieces) <= 5
