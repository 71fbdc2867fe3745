"""Live progress of a run: server-sent events, one when something moved and at least one in fifteen seconds."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from printjobs.core.estimate import Estimate
from printjobs.pipeline import progressing
from printjobs.web.desk import Desk
from printjobs.web.guard import Anonymous, At, identify

router = APIRouter(include_in_schema=False)
_EVERY_S = 1.0
_QUIET_S = 15.0
_LONGEST_S = 600.0  # then the browser connects again, and is asked again who it is


@router.get("/runs/{run}/events", name="run_events")
def run_events(request: Request, at: At, run: str) -> StreamingResponse:
    return StreamingResponse(_events(request, at, run), media_type="text/event-stream")


async def _events(request: Request, at: Desk, run: str) -> AsyncIterator[str]:
    """Until the run's page is closed, or whoever looks may no longer."""
    estimate, started = Estimate(), time.monotonic()
    told, told_at = "", 0.0
    while (now := time.monotonic()) - started < _LONGEST_S and not at.closing.is_set():
        try:
            said = json.dumps(await run_in_threadpool(_look, request, at, run, estimate), ensure_ascii=False)
        except Anonymous:
            yield "event: ended\ndata:\n\n"  # or the browser would connect again, to be led to the door
            return
        if said != told or now - told_at > _QUIET_S:
            told, told_at = said, now
            yield f"data: {said}\n\n"
        await asyncio.sleep(_EVERY_S)


def _look(request: Request, at: Desk, run: str, estimate: Estimate) -> dict[str, Any]:
    identify(request)
    found, job = progressing.progress(at.context, run), at.jobs.last(run)
    estimate.see(time.monotonic(), found.work_done)
    left = estimate.left(found.work) if found.work_done < found.work else None
    return {
        "status": found.status,
        "steps": [step._asdict() for step in found.steps],
        "left": None if left is None else round(left),
        "working": job.working,
    }
