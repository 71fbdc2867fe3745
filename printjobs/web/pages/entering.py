"""The door."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from printjobs.trust.accounts import LONGEST, Denied
from printjobs.web.guard import COOKIE, At, Form
from printjobs.web.showing import page

router = APIRouter(include_in_schema=False)


@router.get("/login", name="login")
def login(request: Request) -> Response:
    return page(request, "login.html", said="")


@router.post("/login", name="login_submit")
async def login_submit(request: Request, at: At, fields: Form) -> Response:
    name, password, code = (str(fields.get(key, ""))[:200] for key in ("name", "password", "code"))
    try:
        async with at.door:
            cookie, who = await run_in_threadpool(at.accounts.enter, name, password, code.strip(), datetime.now(UTC))
    except Denied as denied:
        return page(request, "login.html", code=403, said=str(denied))
    request.state.identity = who  # so that the journal says who came in
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE, cookie, max_age=LONGEST.seconds, path="/", secure=True, httponly=True, samesite="strict"
    )
    return response


@router.post("/logout", name="logout")
def logout(request: Request, at: At) -> Response:
    if cookie := request.cookies.get(COOKIE):
        at.accounts.leave(cookie, datetime.now(UTC))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response
