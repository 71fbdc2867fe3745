"""Where everybody begins, and what is a person's own: name, password, tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from printjobs.core.access import Role
from printjobs.reference import costs
from printjobs.store import runs
from printjobs.web.guard import At, Form, Who
from printjobs.web.showing import page

router = APIRouter(include_in_schema=False)


@router.get("/", name="home")
def home(request: Request, at: At, who: Who) -> Response:
    with at.context.engine.connect() as connection:
        found = runs.all_runs(connection)
    mine = [run for run in found if who.role is not Role.VENDOR or run.vendor == who.party]
    years = sorted({costs.fiscal_year(run.mailing_date) for run in mine}, reverse=True)
    return page(request, f"home_{who.role}.html", runs=mine, years=years)


@router.get("/account", name="account")
def account(request: Request, at: At, who: Who) -> Response:
    return page(request, "account.html", tokens=at.accounts.tokens(who.name), said="")


@router.post("/account", name="account_password")
async def account_password(request: Request, at: At, who: Who, fields: Form) -> Response:
    old, new = str(fields.get("old", "")), str(fields.get("new", ""))
    await run_in_threadpool(at.accounts.change_password, who, old, new, datetime.now(UTC))
    return page(request, "account.html", tokens=at.accounts.tokens(who.name), said="パスワードを変えました。")
