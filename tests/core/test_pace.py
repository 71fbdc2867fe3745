"""A vendor that falls silent is found out on the same day; one that works as agreed is left alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from printjobs.core import pace
from printjobs.core.estimate import Estimate
from printjobs.core.pace import Batch, Clock, Pace
from printjobs.reference.timetable import JAPAN, is_open

CLOCK = Clock(is_open, opens=9, hours=7)
AGREED = Pace(opens=9, accepted=7, begun=14, quiet=4)
MAILING = date(2026, 4, 10)  # a Friday


def at(day: int, hour: float) -> datetime:
    """A moment of March and April 2026: day 32 is 1 April."""
    return datetime(2026, 3, 1, tzinfo=JAPAN) + timedelta(days=day - 1, hours=hour)


RELEASED = at(30, 9)  # Monday 30 March


def batch(accepted: int = 0, printed: int = 0, inserted: int = 0, posted: int = 0, pieces: int = 1000) -> Batch:
    return Batch(pieces, RELEASED, accepted, printed, inserted, posted)


def codes(now: datetime, *batches: Batch, heard: datetime | None = None) -> list[str]:
    return [a.code for a in pace.alarms(batches, heard, now, MAILING, CLOCK, AGREED)]


def test_nights_weekends_and_holidays_are_no_working_hours() -> None:
    assert CLOCK.worked(at(30, 9), at(30, 12)) == 3
    assert CLOCK.worked(at(30, 15), at(31, 10)) == 2
    assert CLOCK.worked(at(34, 9), at(37, 9)) == 7  # Friday to Monday
    assert CLOCK.worked(datetime(2026, 5, 1, 9, tzinfo=JAPAN), datetime(2026, 5, 7, 9, tzinfo=JAPAN)) == 7
    assert CLOCK.worked(at(31, 9), at(30, 9)) == 0


def test_nothing_released_is_nothing_to_ask_about() -> None:
    assert codes(at(60, 12)) == []


def test_a_vendor_that_never_answers_is_asked_on_the_day_of_the_release() -> None:
    assert codes(at(30, 15)) == []
    assert codes(at(30, 15), batch()) == []
    assert codes(at(30, 17), batch()) == ["accepted"]


def test_a_vendor_that_accepts_and_prints_nothing_is_asked_on_the_next_day() -> None:
    assert codes(at(31, 15), batch(accepted=1000), heard=at(30, 10)) == []
    assert codes(at(31, 16.5), batch(accepted=1000), heard=at(30, 10)) == ["begun"]


def test_a_vendor_that_falls_silent_in_the_middle_is_asked_after_four_hours() -> None:
    begun = [batch(1000, 1000, 1000), batch(1000), batch(1000)]
    assert codes(at(37, 9), *begun, heard=at(34, 16)) == []  # it spoke on Friday, and on Saturday nobody works
    assert codes(at(37, 12.9), *begun, heard=at(37, 9)) == []
    assert codes(at(37, 13), *begun, heard=at(37, 9)) == ["quiet"]
    assert codes(at(38, 16), *begun, heard=at(38, 15)) == ["printed"]


def test_a_silent_vendor_that_is_ahead_of_the_plan_is_left_alone() -> None:
    assert codes(at(38, 16), batch(1000, 1000, 1000), heard=at(31, 10)) == []


def test_on_the_evening_before_mailing_every_piece_is_to_be_inserted() -> None:
    nearly = [batch(1000, 1000, 1000), batch(1000, 1000, 999)]
    assert "inserted" not in codes(at(40, 15), *nearly, heard=at(40, 15))
    assert codes(at(40, 16), *nearly, heard=at(40, 15)) == ["inserted"]


def test_on_the_evening_of_the_mailing_date_everything_is_to_be_posted() -> None:
    done = batch(1000, 1000, 1000)
    assert codes(at(41, 15), done, heard=at(41, 9)) == []
    assert codes(at(41, 16), done, heard=at(41, 9)) == ["posted"]
    assert codes(at(50, 16), batch(1000, 1000, 1000, 1000)) == []


def test_a_reprint_after_the_mailing_date_has_its_own_days() -> None:
    late = Batch(10, at(44, 9), 10, 0, 0, 0)  # Monday 13 April
    assert codes(at(45, 12), late, heard=at(44, 9)) == []
    assert "begun" in codes(at(45, 16), late, heard=at(44, 9))
    assert "printed" in codes(at(46, 16), late, heard=at(44, 9))


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=8), st.integers(0, 400), st.integers(0, 400))
def test_what_is_expected_only_grows_and_in_the_order_of_the_stages(sizes: list[int], one: int, other: int) -> None:
    batches = [batch(pieces=n) for n in sizes]
    first, then = (
        pace.standings(batches, RELEASED + timedelta(hours=h), MAILING, CLOCK, AGREED) for h in sorted((one, other))
    )
    for before, after in zip(first, then, strict=True):
        assert before.expected <= after.expected
        assert before.lenient <= before.expected <= sum(sizes)
    told = [s.expected for s in then]
    assert told == sorted(told, reverse=True)


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=8), st.integers(0, 400))
def test_a_vendor_that_does_what_is_expected_never_raises_an_alarm(sizes: list[int], hours: int) -> None:
    now = RELEASED + timedelta(hours=hours)
    stood = {s.stage: s for s in pace.standings([batch(pieces=sum(sizes))], now, MAILING, CLOCK, AGREED)}
    told = Batch(sum(sizes), RELEASED, *(stood[s].expected for s in ("accepted", "printed", "inserted", "posted")))
    if told.printed or CLOCK.worked(RELEASED, now) < AGREED.begun:
        assert codes(now, told) == []


# Estimates


def test_an_estimate_is_what_is_left_at_the_rate_of_late() -> None:
    seen = Estimate(window=60)
    assert seen.left(100) is None
    seen.see(0, 10)
    assert seen.left(100) is None
    seen.see(10, 30)
    assert seen.left(100) == 35
    seen.see(20, 100)
    assert seen.left(100) == 0


def test_what_was_long_ago_does_not_count() -> None:
    seen = Estimate(window=60)
    for second, done in ((0, 0), (10, 1000), (100, 1000), (110, 1010)):
        seen.see(second, done)
    assert seen.left(1110) == 1000  # ten in a hundred seconds, and not a thousand in ten


def test_work_that_stands_still_has_no_estimate() -> None:
    seen = Estimate(window=60)
    for second in range(0, 200, 10):
        seen.see(second, 50)
    assert seen.left(100) is None


def test_another_run_of_work_forgets_the_one_before() -> None:
    seen = Estimate()
    seen.see(0, 0)
    seen.see(10, 100)
    seen.see(20, 0)
    assert seen.left(100) is None
    seen.see(30, 50)
    assert seen.left(100) == 10


@given(st.floats(0.1, 1_000), st.integers(2, 50), st.integers(1, 1_000))
def test_steady_work_is_estimated_to_the_second(rate: float, steps: int, left: int) -> None:
    seen = Estimate(window=1e9)
    for n in range(steps):
        seen.see(n / rate, n)
    told = seen.left(steps - 1 + left)
    assert told is not None
    assert abs(told - left / rate) < 1e-6 * max(1.0, left / rate)
