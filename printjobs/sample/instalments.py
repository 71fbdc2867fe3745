"""When a tax falls due, and the instalments (期別) it is paid in."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from printjobs.core.kinds import FULL_PAYMENT, SLIP

DIVISION = "101"  # 納付区分; the cities' real values are not published


class Instalment(NamedTuple):
    """One period (期別). The numbers to pay with are empty when the bank is debited."""

    number: str
    period: int
    due: str
    amount: int
    payment_number: str
    confirmation: str
    division: str
    accept_until: str


def _working_day(day: date) -> date:
    """``day``, or the next day the city hall is open (地方税法 20条の5②).

    Of the days that taxes fall due on, only 30 April is ever a holiday in the week: on a Monday after
    Showa Day (29 April) on a Sunday.
    """
    while day.weekday() >= 5 or ((day.month, day.day) == (4, 30) and day.weekday() == 0):
        day += timedelta(days=1)
    return day


def _end_of_next_month(day: date) -> date:
    first = day.replace(day=1)
    return (first + timedelta(days=63)).replace(day=1) - timedelta(days=1)


class Calendar(NamedTuple):
    """A city's due dates (納期限) of one year, and until when each slip is taken (取扱期限), ISO, by period."""

    city: str
    year: int
    due: tuple[str, ...]
    accept_until: tuple[str, ...]


def calendar(city: str, year: int) -> Calendar:
    """April, July, December and February; Yasu (252107) has May, July, September and November."""
    days = [date(year, 4, 30), date(year, 7, 31), date(year, 12, 25), date(year + 1, 2, 28)]
    if city == "252107":
        days = [date(year, 5, 31), date(year, 7, 31), date(year, 9, 30), date(year, 11, 30)]
    due = tuple(_working_day(d).isoformat() for d in days)
    return Calendar(city, year, due, tuple(_end_of_next_month(d).isoformat() for d in days))


def instalments(rng: Random, number: str, annual_tax: int, payment: str, dates: Calendar) -> list[Instalment]:
    """Four equal periods cut to 1,000 yen, the rest in the first; by slip also one for the whole year.

    Periods without an amount are left out. A payment number (納付番号) is year, city, levy, serial, period.
    """
    quarter = annual_tax // 4 // 1000 * 1000
    amounts = (annual_tax - 3 * quarter, quarter, quarter, quarter)
    periods = [*zip((1, 2, 3, 4), dates.due, amounts, dates.accept_until, strict=True)]
    if payment != SLIP:
        return [Instalment(number, p, due, amount, "", "", "", "") for p, due, amount, _ in periods if amount]
    periods.insert(0, (FULL_PAYMENT, dates.due[0], annual_tax, dates.accept_until[0]))
    key = f"{dates.year}{dates.city[:5]}01{number[2:]}"
    return [
        Instalment(number, p, due, amount, f"{key}{p}", f"{int(rng.random() * 1_000_000):06d}", DIVISION, until)
        for p, due, amount, until in periods
        if amount
    ]
