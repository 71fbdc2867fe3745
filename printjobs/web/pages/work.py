"""The vendor's side of a run: batches, stages, reports, and what to take out. The lead sees the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from printjobs.core.model import BadInput, BatchStatus
from printjobs.core.stages import STAGES
from printjobs.pipeline import pulling, scan_logs, scanning, settling, stages
from printjobs.pipeline.settling import Settled
from printjobs.reference.report_layout import STANDARD, report_layouts
from printjobs.store import production
from printjobs.store import progress as counts
from printjobs.web.desk import Desk
from printjobs.web.guard import At, Form
from printjobs.web.showing import page
from printjobs.web.values import Id

from .files import attachment

router = APIRouter(include_in_schema=False)
_OUT = (BatchStatus.RELEASED, BatchStatus.POSTED)


@router.get("/runs/{run}/work", name="work")
def work(request: Request, at: At, run: str) -> Response:
    return _work(request, at, run, None)


def _work(request: Request, at: Desk, run: str, settled: Settled | None) -> Response:
    with at.context.engine.connect() as connection:
        batches = [b for b in production.batches(connection, run) if b.status in _OUT]
        received = counts.received(connection, run)
        told = {(batch, stage): count for batch, stage, count in counts.stages(connection, run)}
    return page(
        request, "work.html", run=at.context.run(run), batches=batches, received=received, told=told, stages=STAGES,
        stage_names=STAGES, pulls=pulling.pull_list(at.context, run), settled=settled,
        reports=scan_logs.reports(at.context, run), layouts=report_layouts(), standard=STANDARD,
        refusals=scanning.refusals(at.context, run)[-20:],
    )  # fmt: skip


@router.post("/batches/{batch}/stages", name="work_stage")
async def work_stage(at: At, batch: str, fields: Form) -> Response:
    stage, count = str(fields.get("stage", "")), str(fields.get("count", ""))
    if not (count.isascii() and count.isdigit() and len(count) < 10):
        raise BadInput("数は半角の数字で入れてください。")
    await run_in_threadpool(stages.report_stage, at.context, batch, stage, int(count))
    return RedirectResponse(f"/runs/{batch.rpartition('-B')[0]}/work", 303)


@router.post("/runs/{run}/reports", name="work_report")
async def work_report(request: Request, at: At, run: str, fields: Form) -> Response:
    settled = await run_in_threadpool(_load, at, run, fields)
    return await run_in_threadpool(_work, request, at, run, settled)


def _load(at: Desk, run: str, fields: FormData) -> Settled:
    file, layout = fields.get("file"), str(fields.get("layout", STANDARD))
    if not isinstance(file, UploadFile) or not file.filename:
        raise BadInput("報告ファイルを選んでください。")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report"
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target, 1 << 20)
        return settling.load_scans(at.context, run, path, layout)


@router.get("/runs/{run}/reports/{log}", name="work_findings")
def work_findings(request: Request, at: At, run: str, log: Id) -> Response:
    found = scan_logs.report(at.context, run, log)
    return page(request, "report.html", run=at.context.run(run), report=found)


@router.get("/runs/{run}/pulls.csv", name="work_pulls")
def work_pulls(at: At, run: str) -> Response:
    data = pulling.as_csv(pulling.pull_list(at.context, run))
    return Response(data, media_type="text/csv; charset=utf-8", headers=attachment(f"pulls-{run}.csv"))
