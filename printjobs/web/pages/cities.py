"""A city's side of a run: hand in, see its problems, sign its proof."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from printjobs.core.model import NotFound, RunStatus
from printjobs.pipeline import approving, handing_in, proofs
from printjobs.pipeline import status as statuses
from printjobs.web.desk import Desk
from printjobs.web.guard import At, Form, Who
from printjobs.web.handing_in import hand_in
from printjobs.web.showing import page
from printjobs.web.values import After, Id

from .files import attachment

router = APIRouter(include_in_schema=False, prefix="/runs/{run}/cities/{city}")
_SHOWN = 50


@router.get("", name="city")
def city(request: Request, at: At, run: str, city: str) -> Response:
    row = at.context.run(run)
    status = next(c for c in statuses.status(at.context, run)["cities"] if c["code"] == city)
    files = handing_in.files(at.context.kind(row.kind))
    return page(
        request,
        "city.html",
        run=row,
        city=city,
        status=status,
        files=files,
        is_open=row.status == RunStatus.OPEN,
        problems=handing_in.count_problems(at.context, run, city),
        lists=handing_in.lists(at.context, run, city),
    )


@router.post("/handin", name="city_handin")
async def city_handin(at: At, run: str, city: str, fields: Form) -> Response:
    await run_in_threadpool(hand_in, at, run, city, fields)
    return RedirectResponse(f"/runs/{run}/cities/{city}", 303)


@router.get("/problems", name="city_problems")
def city_problems(request: Request, at: At, run: str, city: str, after: After = 0) -> Response:
    rows = handing_in.problems(at.context, run, city, after, _SHOWN)
    total = handing_in.count_problems(at.context, run, city)
    more = rows[-1].id if len(rows) == _SHOWN else 0
    return page(request, "problems.html", run=at.context.run(run), city=city, problems=rows, total=total, more=more)


@router.get("/problems/{problem}/picture.png", name="city_problem_picture")
def city_problem_picture(at: At, run: str, city: str, problem: Id) -> Response:
    with at.paper:
        picture = handing_in.problem_picture(at.context, run, city, problem)
    if picture is None:
        raise NotFound("この列は刷りません（検査だけに使います）。")
    return Response(picture, media_type="image/png")


@router.get("/lists/{name}.csv", name="city_list")
def city_list(at: At, run: str, city: str, name: str) -> Response:
    data = handing_in.city_list(at.context, run, city, name)
    return Response(data, media_type="text/csv; charset=utf-8", headers=attachment(f"{name}-{city}.csv"))


@router.get("/proof", name="city_proof")
def city_proof(request: Request, at: At, run: str, city: str) -> Response:
    with at.context.engine.connect() as connection:
        submission = proofs.accepted(connection, run).get(city)
    made = proofs.stored(at.context, submission) if submission else None
    signed = approving.signatures(at.context, run).get(city)
    sheets = [i for i, key in enumerate(made.pictures) if "/sheet-" in key] if made else []
    return page(request, "proof.html", run=at.context.run(run), city=city, proof=made, signed=signed, sheets=sheets)


@router.post("/proof", name="city_proof_make")
def city_proof_make(at: At, run: str, city: str) -> Response:
    with at.paper:
        proofs.make(at.context, run, city)
    return RedirectResponse(f"/runs/{run}/cities/{city}/proof", 303)


@router.get("/proof.pdf", name="city_proof_pdf")
def city_proof_pdf(at: At, run: str, city: str) -> Response:
    made = _proof(at, run, city)
    return FileResponse(at.context.files.local_path(made.file), media_type="application/pdf")


@router.get("/proof/pictures/{number}.png", name="city_proof_picture")
def city_proof_picture(at: At, run: str, city: str, number: Id) -> Response:
    made = _proof(at, run, city)
    if not 0 <= number < len(made.pictures):
        raise NotFound
    return Response(at.context.files.read(made.pictures[number]), media_type="image/png")


def _proof(at: Desk, run: str, city: str) -> proofs.Proof:
    with at.context.engine.connect() as connection:
        submission = proofs.accepted(connection, run).get(city)
    made = proofs.stored(at.context, submission) if submission else None
    if made is None:
        raise NotFound
    return made


@router.post("/approve", name="city_approve")
async def city_approve(at: At, who: Who, run: str, city: str, fields: Form) -> Response:
    """The signature of whoever is logged in, under exactly the proof that the page showed."""
    sha256 = str(fields.get("proof", ""))
    await run_in_threadpool(approving.approve, at.context, run, city, who.shown, sha256)
    return RedirectResponse(f"/runs/{run}/cities/{city}/proof", 303)
