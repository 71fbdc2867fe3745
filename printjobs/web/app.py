"""The application: routes, what stands before and after them, and how each fault is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from printjobs import __doc__ as about
from printjobs.core.model import BadInput, NotFound, PrintjobsError, Refused, StoreFull, UsageError
from printjobs.settings import Settings

from . import routes
from .access import MATRIX, PUBLIC
from .desk import Desk
from .edge import Bodies, Faults, Headers, Journaled
from .guard import Anonymous, address, desk, guard
from .limits import TooOften
from .showing import HERE, page

API = "/api/"
_NO_METHOD = 405
_STATUS = ((NotFound, 404), (UsageError, 400), (Refused, 409), (BadInput, 422), (StoreFull, 507))
_WORDS = {
    400: "この求めの形を読めません。",
    401: "トークンがないか、使えなくなっています。とりまとめ市に確かめてください。",
    403: "この操作は、あなたの役割ではできません。",
    404: "見つかりません。名前や番号を確かめてください。",
    405: "この場所では、その操作はできません。",
    408: "送る途中で止まりました。はじめから送り直してください。",
    413: "送られたものが大きすぎます。",
    422: "送られた値を読めません。項目と書き方を確かめてください。",
    429: "短い間に求めが多すぎます。少し待ってから、もう一度行ってください。",
    500: "プログラムの誤りで、できませんでした。もう一度行っても同じなら、とりまとめ市に知らせてください。",
}


def make_app(settings: Settings) -> ASGIApp:
    """The service of an installation; a route without a row in the access matrix does not start."""
    at = Desk(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        at.close()

    app = FastAPI(
        title="printjobs",
        version="1",
        description=about or "",
        dependencies=[Depends(guard)],
        lifespan=lifespan,
        openapi_url=None,  # told behind the guard: routes.api
        docs_url=None,
        redoc_url=None,
        strict_content_type=False,
        redirect_slashes=False,  # it would answer before the guard, with whatever host was asked for
    )
    app.state.desk = at
    for router in routes.ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _must_have_rows()
    _tell_faults(app)
    # Around the application, so that its answer to a fault of ours passes them as well.
    return Headers(Faults(Bodies(Journaled(app, at.recorder))))


def _must_have_rows() -> None:
    named = {route.name for route in routes.walk()}
    if missing := named - MATRIX.keys() - PUBLIC:
        raise RuntimeError(f"no row in the access matrix: {sorted(missing)}")


def _tell_faults(app: FastAPI) -> None:
    app.add_exception_handler(Anonymous, _anonymous)
    app.add_exception_handler(TooOften, _too_often)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(PrintjobsError, _refused)
    app.add_exception_handler(Exception, _fault)


def _told(request: Request, status: int, said: str) -> Response:
    if request.url.path.startswith(API):
        return JSONResponse({"error": said}, status)
    return page(request, "fault.html", status, status=status, said=said)


async def _anonymous(request: Request, _fault: Exception) -> Response:
    if request.url.path.startswith(API):
        response = _told(request, 401, _WORDS[401])
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    return RedirectResponse("/login", 303)


async def _too_often(request: Request, _fault: Exception) -> Response:
    if getattr(request.state, "identity", None) is None:
        request.state.unrecorded = not desk(request).limits.is_noted(address(request))
    response = _told(request, 429, _WORDS[429])
    response.headers["Retry-After"] = "60"
    return response


async def _gone(_request: Request, _fault: Exception) -> Response:
    return Response(status_code=400)  # for the journal: nobody is there to read it


async def _http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    if getattr(request.state, "identity", None) is None:  # no route, so no guard counted it
        try:
            desk(request).limits.anonymous(address(request), door=False)
        except TooOften as often:
            return await _too_often(request, often)
    known = _WORDS.get(fault.status_code, _WORDS[400])
    told = fault.detail if not fault.detail.isascii() else known  # our own sentences are Japanese
    response = _told(request, fault.status_code, told)
    response.headers.update(fault.headers or {})
    if fault.status_code == _NO_METHOD:  # the framework names those of the first route at this place only
        here = (route for route in routes.walk() if route.path_regex.fullmatch(request.url.path))
        response.headers["Allow"] = ", ".join(sorted({method for route in here for method in route.methods or ()}))
    return response


async def _invalid(request: Request, _fault: Exception) -> Response:
    return _told(request, 422, _WORDS[422])  # what was sent is not repeated: it may be personal


async def _refused(request: Request, fault: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(fault, kind)), 500)
    return _told(request, status, str(fault))


async def _fault(request: Request, _fault: Exception) -> Response:
    return _told(request, 500, _WORDS[500])
