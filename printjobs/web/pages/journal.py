"""The journal, for the lead and the auditor."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from printjobs.web.guard import At
from printjobs.web.showing import page

router = APIRouter(include_in_schema=False)
_SHOWN = 100


@router.get("/journal", name="journal")
def journal(request: Request, at: At, before: int = 0) -> Response:
    entries = at.journal.newest(_SHOWN, before)
    more = entries[-1].id if len(entries) == _SHOWN else 0
    return page(request, "journal.html", entries=entries, more=more)
