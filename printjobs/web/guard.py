"""Who asks, and may they: the one dependency that every route has. What it lets through is in the access matrix."""

from __future__ import annotations

import hmac
import re
from collections.abc import AsyncIterator
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

from .access import MATRIX, PUBLIC, Body, Row
from .desk import Desk
from .edge import BODY
from .values import PHOTO

COOKIE = "__Host-session"
_SAFE = ("GET", "HEAD")
_WATCHING = "run_events"  # a page that looks by itself is nobody at work: its session ends all the same
_FILES, _FIELDS = 20, 200  # of one form
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # what no database keeps
_BEARER = "Bearer "
_OUR_SITE = ("same-origin", "none")


class Anonymous(Exception):
    """Nobody asks: a page leads to the door, the API answers 401."""


def desk(request: Request) -> Desk:
    """What the service works with."""
    found: Desk = request.app.state.desk
    return found


async def guard(request: Request) -> AsyncIterator[None]:
    """Let a request through, or not, and put away what came with it."""
    try:
        await _let_in(request)
        yield
    finally:
        await request.close()


async def _let_in(request: Request) -> None:
    """The order matters: who, how often, may they, is it theirs, do they mean it."""
    name = request.scope["route"].name
    at = desk(request)
    if name in PUBLIC:
        at.limits.anonymous(address(request), door=name == "login_submit")
        if request.headers.get("sec-fetch-site", "none") not in _OUR_SITE and request.method not in _SAFE:
            raise HTTPException(403)  # another site would have somebody come in under a name of its own
        return
    who = await run_in_threadpool(_judge, request, MATRIX[name])
    match MATRIX[name].body:
        case Body.FILES:
            request.state.body_limit = at.settings.upload_limit
        case Body.PHOTO:
            request.state.body_limit = PHOTO + BODY  # and the fields beside it
    if who.via == "session" and request.method not in _SAFE:
        await _must_be_meant(request, who)


def _judge(request: Request, row: Row) -> Identity:
    """All that asks the database, in one go."""
    at, who = desk(request), identify(request)
    request.state.identity = who
    at.limits.known(who)
    if any(_NO_TEXT.search(value) for value in request.query_params.values()):
        raise HTTPException(400)
    reach = row.of(who.role)
    if reach is Reach.NONE or (who.scopes is not None and not row.scopes & who.scopes):
        raise HTTPException(403)
    _must_be_there(at, who if reach is Reach.OWN else None, request.path_params)
    return who


def identify(request: Request) -> Identity:
    """Whose cookie or token this is, by what holds now; :class:`Anonymous` for nobody's."""
    accounts, now = desk(request).accounts, datetime.now(UTC)
    header = request.headers.get("authorization", "")
    found = None
    if header.startswith(_BEARER):
        found = accounts.of_token(header.removeprefix(_BEARER), now)
    elif cookie := request.cookies.get(COOKIE):
        found = accounts.of_session(cookie, now, seen=request.scope["route"].name != _WATCHING)
    if found is None:
        desk(request).limits.anonymous(address(request), door=False)
        raise Anonymous
    return found


def _must_be_there(at: Desk, owner: Identity | None, ids: dict[str, Any]) -> None:
    """What a path names exists, and is the ``owner``'s where one is given. Another's object is not there."""
    if not all(value.isascii() and value.isprintable() for value in ids.values() if isinstance(value, str)):
        raise NotFound  # no id of ours, and some databases refuse to be asked for it
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
    given = request.headers.get("x-csrf-token") or str((await form(request)).get("csrf", ""))
    if not hmac.compare_digest(given.encode(), who.csrf.encode()):
        raise HTTPException(
            403, "この操作は、この画面から行われたものと確かめられませんでした。画面を開き直してください。"
        )


def address(request: Request) -> str:
    """Where a request comes from; behind a proxy that is trusted, what it says."""
    return request.client.host if request.client else ""


def identity(request: Request) -> Identity:
    """Who asks, behind the guard."""
    found: Identity = request.state.identity
    return found


async def form(request: Request) -> FormData:
    """The fields of a form, read once the guard has let it through. Their texts can be stored and shown."""
    fields = await request.form(max_files=_FILES, max_fields=_FIELDS)
    for _, value in fields.multi_items():
        text = value if isinstance(value, str) else value.filename or ""
        if _NO_TEXT.search(text):
            raise HTTPException(400)
    return fields


At = Annotated[Desk, Depends(desk)]
Who = Annotated[Identity, Depends(identity)]
Form = Annotated[FormData, Depends(form)]
