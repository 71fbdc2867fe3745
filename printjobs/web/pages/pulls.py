"""Pull orders (引抜き) of a city, and envelopes that came back (返戻)."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from printjobs import reference
from printjobs.core.audit import Side
from printjobs.core.model import BadInput
from printjobs.pipeline import auditing, pulling, returning
from printjobs.reference import returns
from printjobs.web.desk import Desk
from printjobs.web.guard import At, Form
from printjobs.web.showing import page
from printjobs.web.values import PHOTO

router = APIRouter(include_in_schema=False, prefix="/runs/{run}/cities/{city}")
_SHOWN = 100
_TOLD = {"now": "引抜きを指示しました。", "again": "その通知は指示済みです。はじめの指示のままで、何も変えていません。"}


@router.get("/pulls", name="city_pulls")
def city_pulls(
    request: Request, at: At, run: str, city: str, number: str = "", after: str = "", ordered: str = ""
) -> Response:
    lines = auditing.notices(at.context, run, city, Side.PULLED, after[:20], _SHOWN)
    more = lines[-1].number if len(lines) == _SHOWN else ""
    return page(
        request, "pulls.html", run=at.context.run(run), city=city, lines=lines, reasons=reference.pull_reasons(),
        names=auditing.STATUS_NAMES, number=number[:20], more=more, told=_TOLD.get(ordered, ""),
    )  # fmt: skip


@router.post("/pulls", name="city_pull")
async def city_pull(at: At, run: str, city: str, fields: Form) -> Response:
    number, reason = str(fields.get("number", "")).strip(), str(fields.get("reason", ""))
    done = await run_in_threadpool(pulling.order_pull, at.context, run, city, number, reason)
    return RedirectResponse(f"/runs/{run}/cities/{city}/pulls?ordered={'again' if done.again else 'now'}", 303)


@router.get("/returns", name="city_returns")
def city_returns(request: Request, at: At, run: str, city: str) -> Response:
    return _returns(request, at, run, city, None)


@router.post("/returns", name="city_return")
async def city_return(request: Request, at: At, run: str, city: str, fields: Form) -> Response:
    came = await run_in_threadpool(_register, at, city, fields)
    return await run_in_threadpool(_returns, request, at, run, city, came)


def _register(at: Desk, city: str, fields: FormData) -> returning.Came:
    """By what a hand scanner typed, or by a picture of the sheet."""
    reason, picture = str(fields.get("reason", "")), fields.get("picture")
    mark: str | None = str(fields.get("mark", ""))[:200]
    if isinstance(picture, UploadFile) and picture.filename:
        data = picture.file.read(PHOTO + 1)
        if len(data) > PHOTO:
            raise BadInput(f"写真が大きすぎます。{PHOTO >> 20}MBまでの写真にしてください。")
        mark = returning.decode_picture(data)
    if mark is None:
        raise BadInput("写真からQRを読み取れません。紙の左下のQRを、明るい所で、大きく写してください。")
    return returning.register(at.context, city, mark, reason)


def _returns(request: Request, at: Desk, run: str, city: str, came: returning.Came | None) -> Response:
    return page(
        request, "returns.html", run=at.context.run(run), city=city, came=came, reasons=returns.reasons(),
        counts=returning.by_reason(at.context, run, city),
    )  # fmt: skip
