"""The journal, for the lead and the auditor."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from printjobs.core.access import Role
from printjobs.web.guard import At, Who
from printjobs.web.showing import page
from printjobs.web.values import After

router = APIRouter(include_in_schema=False)
_SHOWN = 100
_RUN_AND_CITY = 2


@router.get("/journal", name="journal")
def journal(request: Request, at: At, who: Who, before: After = 0) -> Response:
    entries = at.journal.newest(_SHOWN, before)
    more = entries[-1].id if len(entries) == _SHOWN else 0
    ids = None if who.role is Role.LEAD else _RUN_AND_CITY  # what comes after may be the number of a notice
    return page(request, "journal.html", entries=entries, more=more, ids=ids)
