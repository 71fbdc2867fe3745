"""The timetable of a run, each city's cut-off (締切り), and what a late city does to the run.

A run without cut-offs waits for nobody: ``run go`` plans it with the cities that have handed in. A city with a
cut-off is waited for until it has handed in; after its day it is left out, or held for, as was agreed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core import timetable
from printjobs.core.kinds import Kind
from printjobs.core.model import Refused, RunStatus, SubmissionStatus, UsageError
from printjobs.core.timetable import DELAYS, Delay, Milestone, Volume
from printjobs.reference import profile
from printjobs.reference.timetable import is_open, local, reckoning
from printjobs.store import runs, schedule, writing
from printjobs.store.runs import Record

from .context import Context

YEARS = range(2020, 2102)  # of any day of a run: its year, or the one after


class Late(StrEnum):
    """What a city that has not handed in by its day does to the run."""

    LEAVE_OUT = "leave_out"
    HOLD = "hold"


LATE_NAMES = {Late.LEAVE_OUT: "締切日を過ぎたら除いて進める", Late.HOLD: "届くまで待つ"}


class CityDay(NamedTuple):
    """A city in a timetable. ``hand_in`` is the day all have in common, ``alone`` the one by its own due date."""

    city: str
    name: str
    notices: int
    due: date
    hand_in: date
    alone: date


class Timetable(NamedTuple):
    """A run's days. ``latest`` is the last lawful mailing date, ``margin`` calendar days between arrival and deadline.

    ``told`` says whether ``mailing`` is in time, and if not, what to do.
    """

    kind: str
    year: int
    due: date
    delay: int
    law: str
    deadline: date
    latest: date
    mailing: date
    arrives: date
    margin: int
    in_time: bool
    told: str
    steps: tuple[Milestone, ...]
    cities: tuple[CityDay, ...]


class CityStatus(NamedTuple):
    """A city of a scheduled run. ``date`` and ``late`` are empty without a cut-off, ``handed_in`` without a hand-in.

    ``is_late``: its first hand-in came after its day, or its day has passed without one. ``waited``: the run does not
    go on before it.
    """

    city: str
    name: str
    date: str
    late: str
    submission: str
    handed_in: str
    is_late: bool
    waited: bool


class Schedule(NamedTuple):
    """Where a run's hand-ins stand on a day."""

    run: str
    today: date
    timetable: Timetable
    cities: tuple[CityStatus, ...]


def delay_of(days: int) -> Delay:
    """Days of the post's discount; :class:`UsageError` for others than it gives."""
    if days not in DELAYS:
        known = "・".join(map(str, DELAYS))
        raise UsageError(f"送達余裕 {days} 日の割引はありません。{known} のどれかにしてください。")
    return DELAYS[DELAYS.index(days)]


def day_of(written: str, what: str) -> date:
    """A day as people write it; :class:`UsageError` names ``what`` it was to be."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise UsageError(f"{what} {written} は 2026-04-10 の形の実在する日付で入れてください。") from None
    if day.year not in YEARS:
        raise UsageError(f"{what} {written} は扱えません。{YEARS[0]}年から{YEARS[-1]}年までの日付で入れてください。")
    return day


def make_timetable(kind_code: str, year: int, due_date: str = "", delay: int = 0, mailing_date: str = "") -> Timetable:
    """The timetable of a kind and year, back from a mailing date; without one, from the last lawful one.

    ``due_date``: the first due date; without one, the earliest of all cities' profiles.
    Raises :class:`UsageError` for an unknown kind, a date or delay that is none, and a year without profiles.
    """
    kind = Context.kind(kind_code)
    post = delay_of(delay)
    dues = _first_dues(kind, year, due_date)
    due = day_of(due_date, "納期限") if due_date else min(dues.values())
    law, days = reckoning().laws[kind.code], reckoning().days
    deadline = timetable.deadline(law, year, due, is_open)
    latest = timetable.latest_mailing(deadline, post, days, is_open)
    mailing = day_of(mailing_date, "発送日") if mailing_date else latest
    margin = timetable.margin(mailing, post, days, deadline, is_open)
    steps = _steps(kind, mailing)
    cities = []
    for code, city in reference.cities().items():
        own = timetable.latest_mailing(timetable.deadline(law, year, dues[code], is_open), post, days, is_open)
        notices = city.taxpayers.get(kind.code, 0)
        cities.append(CityDay(code, city.name, notices, dues[code], steps[0].day, _steps(kind, own)[0].day))
    told = (
        f"{mailing}に差し出せば、おそくとも{margin.arrives}に届きます（期限 {deadline}、余裕{margin.days}日）。"
        if margin.in_time
        else f"{mailing}の差出しでは{margin.arrives}に届くおそれがあり、期限の{deadline}に間に合いません。"
        f"おそくとも{latest}に差し出すか、送達余裕の日数か納期限を見直してください。"
    )
    return Timetable(
        kind.code, year, due, post, law.source, deadline, latest, mailing, margin.arrives, margin.days, margin.in_time,
        told, steps, tuple(cities),
    )  # fmt: skip


def _steps(kind: Kind, mailing: date) -> tuple[Milestone, ...]:
    """Back from a mailing date with what all cities are expected to have: envelopes as many as notices."""
    pieces = sum(city.taxpayers.get(kind.code, 0) for city in reference.cities().values())
    volume = Volume(pieces, round(pieces * reckoning().sheets[kind.code]))
    return timetable.walk_back(mailing, volume, reference.vendor().speed, reckoning().days, is_open)


def _first_dues(kind: Kind, year: int, due_date: str) -> dict[str, date]:
    """Each city's first due date; where its profile has none, the given one."""
    if due_date and year not in profile.years():  # next year is planned before its profiles exist
        return dict.fromkeys(reference.cities(), day_of(due_date, "納期限"))
    found = profile.profiles(kind.code, year)
    return {code: day_of(one.due[0] if one.due else due_date, "納期限") for code, one in found.items()}


def timetable_of(run: Record) -> Timetable:
    """The timetable of a run as it was opened."""
    return make_timetable(run.kind, run.year, run.due_date, run.postage_delay, run.mailing_date)


def lawful_delay(run: Record, agreed: int) -> Delay:
    """The longest delay for a discount, in days and no more than agreed, that the run's due dates allow.

    A run that is late even without one gives the post no time at all.
    """
    chosen = (delay for delay in reversed(DELAYS) if delay <= agreed)
    fitting = (d for d in chosen if make_timetable(run.kind, run.year, run.due_date, d, run.mailing_date).in_time)
    return next(fitting, DELAYS[0])


def today(context: Context) -> date:
    """The day it is in Japan."""
    return local(context.now()).date()


def schedule_of(context: Context, run_id: str) -> Schedule:
    """Every city's day, how it stands to it, and who is waited for."""
    run, day = context.run(run_id), today(context)
    with context.engine.connect() as connection:
        cutoffs = {row.city: row for row in schedule.cutoffs(connection, run_id)}
        came = {city: local(at).date() for city, at in schedule.handed_in(connection, run_id).items()}
        rows = runs.submissions(connection, run_id)
        waited = {row.city for row in _waited(connection, run_id, day)} if run.status == RunStatus.OPEN else set()
    newest = {s.city: str(s.status) for s in rows if s.status != SubmissionStatus.REPLACED}
    cities = []
    for code, city in reference.cities().items():
        row, first = cutoffs.get(code), came.get(code)
        agreed, late = (row.date, row.late) if row else ("", "")
        is_late = bool(agreed) and (first or day) > date.fromisoformat(agreed)
        came_on = first.isoformat() if first else ""
        state = newest.get(code, "none")
        cities.append(CityStatus(code, city.name, agreed, late, state, came_on, is_late, code in waited))
    return Schedule(run_id, day, timetable_of(run), tuple(cities))


def set_cutoff(context: Context, run_id: str, cities: Sequence[str], late: Late, day: str = "") -> date:
    """Agree with cities on their last day, and what their being late does; the day that was agreed on.

    Without a day it is the timetable's. Raises :class:`UsageError` for an unknown city, a day that is none, is past,
    or is not before the mailing date; :class:`Refused` once the run is planned.
    """
    run = context.run(run_id)
    named = [reference.city(code).code for code in cities]
    agreed = day_of(day, "締切日") if day else timetable_of(run).steps[0].day
    if agreed.isoformat() >= run.mailing_date:
        raise UsageError(f"締切日 {agreed} は発送日 {run.mailing_date} より前の日にしてください。")
    if agreed < today(context):
        whose = "締切日" if day else "日程から逆算した締切日"
        raise UsageError(f"{whose} {agreed} はすでに過ぎています。--date で今日か、今日より後の日を決めてください。")
    with writing(context.engine) as connection:
        _lock_open(connection, run_id)
        for code in named:
            schedule.set_cutoff(connection, run_id, code, agreed.isoformat(), late)
            runs.add_event(connection, run_id, context.now(), "cutoff", code, f"{agreed} {late}")
    return agreed


def stop_waiting(context: Context, run_id: str, city: str) -> None:
    """The run goes on without a city that has not handed in, whatever was agreed: somebody decided so."""
    reference.city(city)
    context.run(run_id)
    with writing(context.engine) as connection:
        _lock_open(connection, run_id)
        if schedule.drop_cutoff(connection, run_id, city):
            runs.add_event(connection, run_id, context.now(), "cutoff", city, "none")


def _lock_open(connection: Connection, run_id: str) -> None:
    if runs.lock_run(connection, run_id) != RunStatus.OPEN:
        raise Refused(
            f"回 {run_id} はすでに計画したので、締切日は変えられません。"
            "間に合わなかった市には、新しい回を開いてください。"
        )


def _waited(connection: Connection, run_id: str, day: date) -> list[Record]:
    """Cut-offs that keep the run from being planned on a day: held for, or still in time."""
    rows = schedule.waited_for(connection, run_id)
    return [row for row in rows if row.late == Late.HOLD or day.isoformat() <= row.date]


def is_waiting(context: Context, connection: Connection, run_id: str) -> bool:
    """Whether some city keeps the run from being planned."""
    return bool(_waited(connection, run_id, today(context)))


def missing(context: Context, run_id: str) -> list[str]:
    """Names of the cities that ``run go`` would leave out of an open run now, because it waits for nobody else."""
    if context.run(run_id).status != RunStatus.OPEN:
        return []
    with context.engine.connect() as connection:
        handed_in = {s.city for s in runs.submissions(connection, run_id) if s.status == SubmissionStatus.ACCEPTED}
        if _waited(connection, run_id, today(context)):
            return []
    return [city.name for code, city in reference.cities().items() if code not in handed_in]


def refuse_missing(context: Context, run_id: str) -> None:
    """Raises :class:`Refused`, naming the cities that would be cut off: somebody has to say that they are."""
    if names := missing(context, run_id):
        raise Refused(
            f"まだ提出のない市があります: {'、'.join(names)}。進めると締切りになり、この回では受け取れません。"
            "除いて進めるときは、そのことを確かめる印を付けてください。待つときは、市ごとの締切日を決めてください。"
        )


def refuse_open(context: Context, run_id: str) -> None:
    """:func:`refuse_waiting` for a run that was not planned, after all was done that could be."""
    if context.run(run_id).status == RunStatus.OPEN:
        with context.engine.connect() as connection:
            refuse_waiting(context, connection, run_id)


def refuse_waiting(context: Context, connection: Connection, run_id: str) -> None:
    """Raises :class:`Refused`, naming the cities that the run waits for and what to do."""
    if waited := _waited(connection, run_id, today(context)):
        names = reference.cities()
        said = "、".join(f"{names[row.city].name}（締切り {row.date}、{LATE_NAMES[Late(row.late)]}）" for row in waited)
        raise Refused(
            f"回 {run_id} は市の提出を待っています: {said}。提出を受け取ってから進めてください。"
            "待たないと決めた市は、画面の「締切りと遅れた市」か"
            f" printjobs run schedule {run_id} --city 市コード --no-wait で外せます。"
        )
