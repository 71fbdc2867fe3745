"""A run, as the lead works on it and the auditor counts it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from printjobs.pipeline import status as statuses
from printjobs.web.guard import At
from printjobs.web.showing import page

router = APIRouter(include_in_schema=False)


@router.get("/runs/{run}", name="run")
def run(request: Request, at: At, run: str) -> Response:
    row = at.context.run(run)
    return page(request, "run.html", run=row, status=statuses.status(at.context, run), job=at.jobs.last(run))
