"""A run, as the lead works on it and the auditor counts it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from printjobs.core.access import Role
from printjobs.core.kinds import KINDS
from printjobs.core.model import BatchStatus, PieceStatus, Refused, RunStatus, UsageError
from printjobs.core.timetable import DELAYS
from printjobs.pipeline import confirming, opening, planning, scheduling, watching
from printjobs.pipeline import status as statuses
from printjobs.pipeline.scheduling import LATE_NAMES, Late
from printjobs.store import production, pulls
from printjobs.store import runs as rows
from printjobs.web.desk import Desk
from printjobs.web.guard import At, Form, Who
from printjobs.web.showing import page
from printjobs.web.values import After, Year

router = APIRouter(include_in_schema=False)


@router.get("/runs/new", name="run_new")
def run_new(request: Request, at: At, kind: str = "", year: Year = 0, due_date: str = "", delay: After = 0) -> Response:
    """The timetable of what is to be opened, walked back from its first due date."""
    table = scheduling.make_timetable(kind, year, due_date, delay) if kind in KINDS and year else None
    chosen = {"kind": kind, "year": year or dt.datetime.now(dt.UTC).year, "due_date": due_date, "delay": delay}
    there = _runs_of(at, kind, year)
    return page(request, "run_new.html", kinds=KINDS, delays=DELAYS, table=table, chosen=chosen, there=there)


@router.post("/runs", name="run_open")
async def run_open(at: At, fields: Form) -> Response:
    run_id = await run_in_threadpool(_open, at, fields)
    return RedirectResponse(f"/runs/{run_id}", 303)


def _open(at: Desk, fields: FormData) -> str:
    kind, mailing, due = (str(fields.get(key, "")) for key in ("kind", "mailing_date", "due_date"))
    year, delay = _number(fields, "year"), _number(fields, "delay")
    if (there := _runs_of(at, kind, year)) and not fields.get("another"):
        raise Refused(
            f"この種別と年度の回はすでにあります（{'、'.join(there)}）。もう1つ開くときは、印を付けてください。"
        )
    return opening.open_run(at.context, kind, year, mailing, due_date=due, delay=delay)


def _runs_of(at: Desk, kind: str, year: int) -> list[str]:
    with at.context.engine.connect() as connection:
        return [run.id for run in rows.all_runs(connection) if (run.kind, run.year) == (kind, year)]


def _number(fields: FormData, key: str) -> int:
    text = str(fields.get(key, ""))
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise UsageError("数は半角の数字で入れてください。")
    return int(text)


@router.get("/runs/{run}", name="run")
def run(request: Request, at: At, who: Who, run: str) -> Response:
    row = at.context.run(run)
    status = statuses.status(at.context, run)
    values: dict[str, Any] = {"run": row, "status": status}
    if who.role is Role.LEAD:
        values |= _work(at, run, row.status)
    return page(request, f"run_{who.role}.html", **values)


def _work(at: Desk, run: str, status: str) -> dict[str, Any]:
    """What the lead can do now, and what stands against it."""
    with at.context.engine.connect() as connection:
        waiting = [b for b in production.batches(connection, run) if b.status == BatchStatus.PACKAGED]
        spoiled = production.count_pieces(connection, run, PieceStatus.SPOILED)
        pulled = sorted(pulls.unreleased(connection, run))
    asked = confirming.open_request(at.context, run)
    asker = next((a for a in at.accounts.everyone() if asked and a.id == asked.asked_by), None)
    return {
        "job": at.jobs.last(run),
        "schedule": scheduling.schedule_of(at.context, run),
        "lates": LATE_NAMES,
        "is_open": status == RunStatus.OPEN,
        "waiting": waiting,
        "spoiled": spoiled,
        "asked": asked,
        "asker": asker,
        "missing": scheduling.missing(at.context, run),
        "pulled": pulled,
        "watch": watching.alarms(at.context, run),
    }


@router.post("/runs/{run}/go", name="run_go")
async def run_go(at: At, run: str, fields: Form) -> Response:
    """Go on. Cities that have not handed in are only cut off by somebody who has seen which they are."""
    if not fields.get("without"):
        await run_in_threadpool(scheduling.refuse_missing, at.context, run)
    await run_in_threadpool(at.jobs.start, run)
    return RedirectResponse(f"/runs/{run}#progress", 303)


@router.post("/runs/{run}/cutoff", name="run_cutoff")
async def run_cutoff(at: At, run: str, fields: Form) -> Response:
    await run_in_threadpool(_cutoff, at, run, fields)
    return RedirectResponse(f"/runs/{run}#schedule", 303)


def _cutoff(at: Desk, run: str, fields: FormData) -> None:
    cities, late = [str(c) for c in fields.getlist("city")], str(fields.get("late", ""))
    if not cities:
        raise UsageError("市を選んでください。")
    if late == "none":
        for city in cities:
            scheduling.stop_waiting(at.context, run, city)
        return
    if late not in list(Late):
        raise UsageError("遅れた市の扱いを選んでください。")
    scheduling.set_cutoff(at.context, run, cities, Late(late), str(fields.get("date", "")))


@router.post("/runs/{run}/release/ask", name="release_ask")
def release_ask(at: At, who: Who, run: str) -> Response:
    confirming.ask_release(at.context, run, who.account)
    return RedirectResponse(f"/runs/{run}#release", 303)


@router.post("/runs/{run}/release/confirm", name="release_confirm")
async def release_confirm(at: At, who: Who, run: str, fields: Form) -> Response:
    """The word of a second person, for the request that the page showed."""
    request = _number(fields, "request")
    await run_in_threadpool(confirming.confirm_release, at.context, run, who.account, request)
    return RedirectResponse(f"/runs/{run}#release", 303)


@router.post("/runs/{run}/release/withdraw", name="release_withdraw")
def release_withdraw(at: At, who: Who, run: str) -> Response:
    confirming.withdraw_release(at.context, run, who.account)
    return RedirectResponse(f"/runs/{run}#release", 303)


@router.post("/runs/{run}/reprint", name="run_reprint")
def run_reprint(at: At, run: str) -> Response:
    """Above the ceiling a person decides; below it, reports make their reprints by themselves."""
    planning.reprint(at.context, run, whatever=True)
    return RedirectResponse(f"/runs/{run}#progress", 303)
