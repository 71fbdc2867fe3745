"""What every request passes before and after it is handled: headers, limits, the journal. Plain ASGI, so it streams."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from printjobs.core.access import Identity
from printjobs.trust.faults import without_words
from printjobs.trust.journal import Entry, Recorder, now

BODY = 1 << 20  # bytes of a body, where no more is allowed
SILENCE_S = 30.0  # within a body that is still to come
_LOG = logging.getLogger(__name__)
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
_HSTS = "max-age=63072000"


class TooLarge(HTTPException):
    """A body went over its limit while it was read."""

    def __init__(self) -> None:
        super().__init__(413)


class TooSlow(HTTPException):
    """A body stopped coming. Whoever holds a line open with nothing would keep others out."""

    def __init__(self) -> None:
        super().__init__(408)


class Headers:
    """Strict headers on everything; nothing but the fixed files of the service is kept by a browser or a proxy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-cache" if _is_fixed(scope) else "no-store")
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _HSTS
            await send(message)

        await self._app(scope, receive, with_headers)


class Bodies:
    """Counts a body while it comes. The guard raises the limit, once it knows who asks and for what."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["body_limit"] = BODY
        read, coming = 0, True

        async def counted() -> Message:
            nonlocal read, coming
            try:
                async with asyncio.timeout(SILENCE_S if coming else None):
                    message = await receive()
            except TimeoutError:
                raise TooSlow from None
            coming = bool(message.get("more_body"))
            read += len(message.get("body", b""))
            if read > state["body_limit"]:
                raise TooLarge
            return message

        await self._app(scope, counted, send)


class Journaled:
    """Nothing is answered before the journal has it: who asked for what, and how it ended."""

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_fixed(scope) or scope["path"] == "/health":
            await self._app(scope, receive, send)
            return

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start" and not scope["state"].get("unrecorded"):
                entry = _entry(scope, message["status"])
                await asyncio.wrap_future(self._recorder.record(entry))
            await send(message)

        await self._app(scope, receive, recorded)


class Faults:
    """A fault of ours ends here, told by its kind and place: its words, and the chain behind it, may be personal."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as fault:  # noqa: BLE001 - whatever it is
            _LOG.error("%s", without_words(fault))
            if not started:
                await Response(status_code=500)(scope, receive, send)


def _is_fixed(scope: Scope) -> bool:
    """Whether a path is among the fixed files of the service, which are nobody's."""
    return str(scope["path"]).startswith("/static/")


def _entry(scope: Scope, status: int) -> Entry:
    """Ids only: a path's parameters are ids, what was asked for besides is not written down."""
    state: dict[str, Any] = scope["state"]
    who: Identity | None = state.get("identity")
    route = scope.get("route")
    action = f"{scope['method']} {getattr(route, 'name', '') or 'unknown'}"
    ids = [str(value)[:80] for value in scope.get("path_params", {}).values()]
    subject = " ".join(one for one in ids if one.isascii() and one.isprintable())
    return Entry(
        now(),
        who.name if who else "",
        who.role if who else "",
        who.via if who else "",
        action,
        subject,
        status,
    )
