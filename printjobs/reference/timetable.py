"""Days and laws that a run's timetable is reckoned with, and which days are open in Japan."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

import jpholiday
import msgspec

from printjobs.core.timetable import Days, Law

from . import _read

JAPAN = ZoneInfo("Asia/Tokyo")
_NEW_YEAR = {(12, 29), (12, 30), (12, 31), (1, 2), (1, 3)}  # closed though no holidays: 地方自治法4条の2


class Reckoning(msgspec.Struct, frozen=True):
    """``sheets``: of one envelope of a kind, as expected before anything is planned."""

    days: Days
    laws: dict[str, Law]
    sheets: dict[str, float]


@cache
def reckoning() -> Reckoning:
    return msgspec.toml.decode(_read("timetable.toml"), type=Reckoning)


@cache
def is_open(day: date) -> bool:
    """Whether offices work: Monday to Friday, no holiday, not 29 December to 3 January."""
    return day.weekday() < 5 and (day.month, day.day) not in _NEW_YEAR and not jpholiday.is_holiday(day)


def local(at: datetime) -> datetime:
    """A moment by the clock of Japan. SQLite forgets the zone, and what it keeps is UTC."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(JAPAN)
