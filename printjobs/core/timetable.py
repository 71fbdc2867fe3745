"""The timetable of a run: from the day by which a notice must be there, back to the day a city hands in.

Days are counted in open days (開庁日): neither offices nor the post's ordinary delivery work on others. Which days are
open is given by the caller. Every step has the last day on which it may end; it begins when the one before has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from math import ceil
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

OpenDay = Callable[[date], bool]
Delay = Literal[0, 3, 7]  # days more that the post may take, for its discount (特別割引 送達余裕)
DELAYS: tuple[Delay, ...] = (0, 3, 7)
OpenDays = Annotated[int, Meta(ge=0, le=60)]


class Law(msgspec.Struct, frozen=True):
    """When a notice must be in the addressee's hands: ``days`` before the first due date, or by a fixed day.

    ``by`` is month and day of the notice's year, None for a kind that is counted from its due date. ``source`` is
    told to people.
    """

    source: str
    days: int = 0
    by: tuple[int, int] | None = None


class Days(msgspec.Struct, frozen=True):
    """Open days that each step takes, printing and inserting apart; ``transit`` is the post's ordinary time."""

    transit: OpenDays
    posting: OpenDays
    acceptance: OpenDays
    release: OpenDays
    approval: OpenDays
    proof: OpenDays
    correction: OpenDays


class Speed(msgspec.Struct, frozen=True):
    """What the vendor's machines do, and how many hours of an open day they run."""

    sheets_a_minute: Annotated[int, Meta(gt=0)]
    pieces_an_hour: Annotated[int, Meta(gt=0)]
    hours_a_day: Annotated[int, Meta(gt=0, le=24)]

    def printing(self, sheets: int) -> int:
        """Open days, one at least."""
        return max(1, ceil(sheets / (self.sheets_a_minute * 60 * self.hours_a_day)))

    def inserting(self, pieces: int) -> int:
        """Open days, one at least."""
        return max(1, ceil(pieces / (self.pieces_an_hour * self.hours_a_day)))


class Volume(NamedTuple):
    """What is to be printed and inserted."""

    pieces: int
    sheets: int


class Milestone(NamedTuple):
    """A step's last day. ``why`` is told to people."""

    name: str
    title: str
    day: date
    why: str


class Margin(NamedTuple):
    """How a mailing date stands to the law: the day of arrival, the last lawful one, and the days between them."""

    arrives: date
    deadline: date

    @property
    def days(self) -> int:
        """Calendar days to spare; negative when the notices come too late."""
        return (self.deadline - self.arrives).days

    @property
    def in_time(self) -> bool:
        return self.arrives <= self.deadline


def open_on_or_before(day: date, is_open: OpenDay) -> date:
    while not is_open(day):
        day -= timedelta(1)
    return day


def open_on_or_after(day: date, is_open: OpenDay) -> date:
    while not is_open(day):
        day += timedelta(1)
    return day


def back(day: date, days: int, is_open: OpenDay) -> date:
    """So many open days before a day; the last open day up to it for none."""
    day = open_on_or_before(day, is_open)
    for _ in range(days):
        day = open_on_or_before(day - timedelta(1), is_open)
    return day


def forth(day: date, days: int, is_open: OpenDay) -> date:
    """So many open days after a day; the first open day from it on for none."""
    day = open_on_or_after(day, is_open)
    for _ in range(days):
        day = open_on_or_after(day + timedelta(1), is_open)
    return day


def deadline(law: Law, year: int, due: date, is_open: OpenDay) -> date:
    """The last day on which a notice may arrive.

    A due date on a closed day moves to the next open one (地方税法20条の5第2項), and ``days`` count back from there.
    """
    if law.by:
        return date(year, *law.by)
    return open_on_or_after(due, is_open) - timedelta(law.days)


def latest_mailing(last: date, delay: Delay, days: Days, is_open: OpenDay) -> date:
    """The last open day to post on, so that notices are delivered up to ``last``.

    The days of the post's discount are counted as open days too: that is the safe side, for the post says "about".
    """
    return back(last, days.transit + delay, is_open)


def margin(mailing: date, delay: Delay, days: Days, last: date, is_open: OpenDay) -> Margin:
    """What a mailing date means; posted on the next open day if it is a closed one."""
    return Margin(forth(mailing, days.transit + delay, is_open), last)


def walk_back(mailing: date, volume: Volume, speed: Speed, days: Days, is_open: OpenDay) -> tuple[Milestone, ...]:
    """The last day of every step before a mailing date, in order of time; the first is the cities' hand-in."""
    printing, inserting = speed.printing(volume.sheets), speed.inserting(volume.pieces)
    steps = (  # name, title, open days until the next one is done, and what they are for
        ("handed_in", "データの提出", days.correction, f"問題の訂正と出し直しに{days.correction}日"),
        ("corrected", "データの確定", days.proof, f"計画・組版・検査と校正刷りに{days.proof}日"),
        ("proofed", "校正刷りの送付", days.approval, f"市の確認と承認に{days.approval}日"),
        ("approved", "全市の承認", days.release, f"引渡しの確認（2人）に{days.release}日"),
        ("released", "受託者への引渡し", days.acceptance, f"受託者の受領と試し刷りに{days.acceptance}日"),
        ("accepted", "受託者の受領", printing, f"{volume.sheets:,}枚の印刷に{printing}日"),
        ("printed", "印刷の終わり", inserting, f"{volume.pieces:,}通の封入に{inserting}日"),
        ("inserted", "封入の終わり", days.posting, f"区分と差出しの準備に{days.posting}日"),
    )
    day = back(mailing, 0, is_open)
    found = [Milestone("mailed", "差出し", day, "郵便局に差し出す日")]
    for name, title, takes, what in reversed(steps):
        day = back(day, takes, is_open)
        found.append(Milestone(name, title, day, f"このあと{what}" if takes else "次と同じ日でよい"))
    return tuple(reversed(found))
