"""The audit of a city: figures, the notices behind each, one notice's history and its printed pages, the sign-off."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from printjobs.core.access import Role
from printjobs.core.audit import FAULT_NAMES, SIDE_NAMES, Fault, Side
from printjobs.core.model import NotFound
from printjobs.pipeline import audit_report, auditing, extracting, history, proving, signing_off
from printjobs.web.equation import picture
from printjobs.web.guard import At, Who
from printjobs.web.showing import page
from printjobs.web.values import Id

from .files import attachment

router = APIRouter(include_in_schema=False, prefix="/runs/{run}/cities/{city}")
_SHOWN = 100
_BLOCK = 1 << 18


@router.get("/audit", name="city_audit")
def city_audit(request: Request, at: At, who: Who, run: str, city: str) -> Response:
    figures = at.figures(run, city)
    return page(
        request,
        "audit.html",
        run=at.context.run(run),
        city=city,
        figures=figures,
        sides=SIDE_NAMES,
        picture=picture(figures),
        links=who.role in (Role.LEAD, Role.CITY),  # behind a figure are notice numbers, and an auditor counts
        signed=signing_off.signed_off(at.context, run, city),
    )


@router.get("/notices", name="city_notices")
def city_notices(request: Request, at: At, run: str, city: str, side: str = "received", after: str = "") -> Response:
    which = _which(side)
    lines = auditing.notices(at.context, run, city, which, after[:20], _SHOWN)
    more = lines[-1].number if len(lines) == _SHOWN else ""
    title = SIDE_NAMES[which] if isinstance(which, Side) else FAULT_NAMES[which]
    return page(
        request, "notices.html", run=at.context.run(run), city=city, side=side, title=title, lines=lines, more=more,
        names=auditing.STATUS_NAMES,
    )  # fmt: skip


def _which(side: str) -> Side | Fault:
    if side in list(Side):
        return Side(side)
    if side in list(Fault):
        return Fault(side)
    raise NotFound


@router.get("/notice", name="city_notice_search")
def city_notice_search(run: str, city: str, number: str = "") -> Response:
    """The search field of the audit page."""
    wanted = number.strip()
    if not (wanted.isascii() and wanted.isalnum()):
        raise NotFound("通知書番号を半角の数字で入れてください。")
    return RedirectResponse(f"/runs/{run}/cities/{city}/notices/{wanted}", 303)


@router.get("/notices/{number}", name="city_notice")
def city_notice(request: Request, at: At, run: str, city: str, number: str) -> Response:
    found = history.history(at.context, run, city, number)
    return page(request, "notice.html", run=at.context.run(run), city=city, history=found)


@router.get("/notices/{number}/pages/{generation}/{wanted}.png", name="city_notice_page")
def city_notice_page(at: At, run: str, city: str, number: str, generation: Id, wanted: Id) -> Response:
    with at.paper:
        found = history.page(at.context, run, city, number, wanted, generation)
    return Response(found.png, media_type="image/png", headers={"X-Pages": str(found.pages)})


@router.get("/notices/{number}/copy/{generation}.pdf", name="city_notice_copy")
def city_notice_copy(at: At, run: str, city: str, number: str, generation: Id) -> Response:
    with at.paper:
        found = extracting.extract(at.context, run, number, city, generation)
    return Response(found.pdf, media_type="application/pdf", headers=attachment(found.name))


@router.get("/audit.csv", name="city_audit_csv")
def city_audit_csv(at: At, run: str, city: str) -> Response:
    parts = _kept(auditing.export(at.context, run, city))
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=attachment(f"{run}-{city}.csv"))


def _kept(parts: Iterator[bytes]) -> Iterator[bytes]:
    """First all to disk, then on: a slow line must not hold a database connection."""
    with tempfile.TemporaryFile() as file:
        file.writelines(parts)
        file.seek(0)
        yield from iter(partial(file.read, _BLOCK), b"")


@router.get("/audit.pdf", name="city_audit_pdf")
def city_audit_pdf(at: At, run: str, city: str) -> Response:
    """The report that the city signed off; before that, how it stands now. Both carry the council's signature."""
    pdf = signing_off.signed_report(at.context, run, city)
    if pdf is None:
        with at.paper:
            pdf = audit_report.report(at.context, run, city, at.journal.head()).pdf
    return Response(pdf, media_type="application/pdf", headers=attachment(f"audit-{run}-{city}.pdf"))


@router.post("/signoff", name="city_signoff")
def city_signoff(at: At, who: Who, run: str, city: str) -> Response:
    with at.paper:
        signing_off.sign_off(at.context, run, city, who.shown, at.journal.head())
    return RedirectResponse(f"/runs/{run}/cities/{city}/audit", 303)


@router.get("/proof.json", name="city_proof_json")
def city_proof_json(at: At, run: str, city: str) -> Response:
    """The proof of mailing, with the city's key: for the city alone."""
    data = proving.written(proving.make(at.context, run, city))
    return Response(data, media_type="application/json", headers=attachment(f"proof-{run}-{city}.json"))
