"""Who asks, and may they: the one dependency that every route has. What it lets through is in the access matrix."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from printjobs import reference
from printjobs.core.access import Identity, Reach, Role
from printjobs.core.model import NotFound
from printjobs.store import production, runs

from .access import MATRIX, PUBLIC
from .desk import Desk

COOKIE = "__Host-session"
_SAFE = ("GET", "HEAD")
_BEARER = "Bearer "


class Anonymous(Exception):
    """Nobody asks: a page leads to the door, the API answers 401."""


def desk(request: Request) -> Desk:
    """What the service works with."""
    found: Desk = request.app.state.desk
    return found


async def guard(request: Request) -> None:
    """Let a request through, or not. The order matters: who, how often, may they, is it theirs, do they mean it."""
    name = request.scope["route"].name
    at = desk(request)
    if name in PUBLIC:
        at.limits.anonymous(_address(request), door=name == "login_submit")
        return
    who = await run_in_threadpool(_identify, request)
    request.state.identity = who
    at.limits.known(who)
    row = MATRIX[name]
    reach = row.of(who.role)
    if reach is Reach.NONE or (who.scopes is not None and (row.scope is None or row.scope not in who.scopes)):
        raise HTTPException(403)
    await run_in_threadpool(_must_be_there, at, who if reach is Reach.OWN else None, request.path_params)
    if row.upload:
        request.state.body_limit = at.settings.upload_limit
    if who.via == "session" and request.method not in _SAFE:
        await _must_be_meant(request, who)


def _identify(request: Request) -> Identity:
    accounts, now = desk(request).accounts, datetime.now(UTC)
    header = request.headers.get("authorization", "")
    found = None
    if header.startswith(_BEARER):
        found = accounts.of_token(header.removeprefix(_BEARER), now)
    elif cookie := request.cookies.get(COOKIE):
        found = accounts.of_session(cookie, now)
    if found is None:
        desk(request).limits.anonymous(_address(request), door=False)
        raise Anonymous
    return found


def _must_be_there(at: Desk, owner: Identity | None, ids: dict[str, Any]) -> None:
    """What a path names exists, and is the ``owner``'s where one is given. Another's object is not there."""
    city = ids.get("city")
    if city is not None and city not in reference.cities():
        raise NotFound
    if owner and owner.role is Role.CITY and city not in (None, owner.party):
        raise NotFound
    if "run" not in ids and "batch" not in ids:
        return
    with at.context.engine.connect() as connection:
        run_id = ids.get("run", "")
        if "batch" in ids:
            batch = production.perhaps_batch(connection, ids["batch"])
            if batch is None or run_id not in ("", batch.run_id):
                raise NotFound
            run_id = batch.run_id
        run = runs.find_run(connection, run_id)
    if run is None or (owner and owner.role is Role.VENDOR and run.vendor != owner.party):
        raise NotFound


async def _must_be_meant(request: Request, who: Identity) -> None:
    """A change from a browser carries the word of its own page, in a field or a header (CSRF)."""
    given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
    if not hmac.compare_digest(given.encode(), who.csrf.encode()):
        raise HTTPException(
            403, "この操作は、この画面から行われたものと確かめられませんでした。画面を開き直してください。"
        )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def identity(request: Request) -> Identity:
    """Who asks, behind the guard."""
    found: Identity = request.state.identity
    return found


async def form(request: Request) -> FormData:
    """The fields of a form, read once the guard has let it through."""
    return await request.form()


At = Annotated[Desk, Depends(desk)]
Who = Annotated[Identity, Depends(identity)]
Form = Annotated[FormData, Depends(form)]
