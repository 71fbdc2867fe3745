"""The vendor reports: files whole or in parts, stages of a batch, and one sheet at a time for a machine on line."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.requests import Request

from printjobs.core.model import NotFound
from printjobs.pipeline import pulling, scan_logs, scanning, settling, stages, uploads
from printjobs.pipeline.settling import Settled
from printjobs.reference.report_layout import STANDARD, report_layouts
from printjobs.web.desk import Desk
from printjobs.web.guard import At, Who
from printjobs.web.values import Id

from .answers import told

_RUN = "/api/v1/runs/{run}"
_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_LAYOUTS = {"enum": list(report_layouts())}
Layout = Annotated[str, Query(json_schema_extra=_LAYOUTS, description="報告ファイルの形（printjobs scans layouts）")]
router = APIRouter(tags=["reports"], responses=told(409, 422))


class Finding(BaseModel):
    """Something to look at. ``batch`` and ``piece`` are 0 when unknown."""

    line: int
    batch: int
    piece: int
    code: str
    message: str


class BadRow(BaseModel):
    """A row that could not be read; it is kept, and counts nothing."""

    line: int
    reason: str
    text: str


class Taken(BaseModel):
    """What a report did. ``statuses``: pieces by new status; ``held``: why reprints wait for a person, or empty."""

    lines: int
    statuses: dict[str, int]
    findings: list[Finding]
    bad: list[BadRow]
    reprint_files: int
    held: str
    again: bool


class Came(BaseModel):
    """A report that came. ``at``: ISO, UTC, empty for one of before the service."""

    log_id: int
    at: str
    sha256: str
    layout: str
    lines: int
    bad: int
    findings: int


class Reports(BaseModel):
    reports: list[Came]


class Report(BaseModel):
    came: Came
    findings: list[Finding]
    bad: list[BadRow]


class Upload(BaseModel):
    """A report on its way: ``size`` bytes of it are here, and the next part begins there."""

    id: str
    size: int


class Finish(BaseModel):
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Scanned(BaseModel):
    """``mark``: what the camera read, empty for nothing; ``machine``: a name of the vendor's for it."""

    mark: Annotated[str, Field(max_length=100)] = ""
    machine: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,32}$")]


class Answer(BaseModel):
    """``answer``: ok, foreign, superseded, duplicate, out_of_order, pulled or unread; a sentence for the screen."""

    answer: str
    batch: int
    piece: int
    sheet: int
    of: int
    message: str


class Stage(BaseModel):
    """``count``: pages accepted, sheets printed, pieces inserted or posted."""

    stage: Annotated[str, Field(pattern="^(accepted|printed|inserted|posted)$")]
    count: Annotated[int, Field(ge=0, lt=1_000_000_000)]


class Staged(BaseModel):
    again: bool
    findings: list[Finding]
    reprint_files: int
    held: str


class PullLine(BaseModel):
    """An envelope to take out. Times are ISO, UTC; ``diverted_at`` is empty until it is reported diverted."""

    id: int
    batch: str
    piece: int
    generation: int
    sheets: int
    mark: str
    ordered_at: str
    diverted_at: str


class Pulls(BaseModel):
    pulls: list[PullLine]


@router.post(_RUN + "/reports", name="api.report_submit", openapi_extra=_BYTES, responses=told(413))
async def submit(request: Request, run: str, at: At, layout: Layout = STANDARD) -> Taken:
    """A report file, whole, as it is. The same bytes again change nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report"
        await _keep(request, path)
        return _taken(await run_in_threadpool(settling.load_scans, at.context, run, path, layout))


async def _keep(request: Request, path: Path) -> None:
    """A body to disk as it comes."""
    with path.open("wb") as file:
        async for block in request.stream():
            await run_in_threadpool(file.write, block)


def _taken(settled: Settled) -> Taken:
    return Taken(
        lines=settled.lines,
        statuses=settled.statuses,
        findings=[Finding(**f._asdict()) for f in settled.findings],
        bad=[BadRow(**b._asdict()) for b in settled.bad],
        reprint_files=len(settled.reprints),
        held=settled.held,
        again=settled.again,
    )


@router.get(_RUN + "/reports", name="api.reports")
def reports(run: str, at: At) -> Reports:
    return Reports(reports=[_came(one) for one in scan_logs.reports(at.context, run)])


@router.get(_RUN + "/reports/{log}", name="api.report")
def report(run: str, log: Id, at: At) -> Report:
    """One report with all that a person has to look at."""
    found = scan_logs.report(at.context, run, log)
    findings = [Finding(**f._asdict()) for f in found.findings]
    return Report(came=_came(found.came), findings=findings, bad=[BadRow(**b._asdict()) for b in found.bad])


def _came(one: scan_logs.Came) -> Came:
    return Came(**one._asdict() | {"at": one.at.isoformat(timespec="seconds") if one.at else ""})


@router.post(_RUN + "/uploads", name="api.upload_begin", status_code=201)
def begin(run: str, at: At, who: Who, layout: Layout = STANDARD) -> Upload:
    """Begin a report that comes in parts, over a bad line."""
    made = uploads.begin(at.context, run, who.account, layout)
    return Upload(id=made.id, size=made.size)


@router.get(_RUN + "/uploads/{upload}", name="api.upload")
def upload(run: str, upload: str, at: At, who: Who) -> Upload:
    """How much of it is here."""
    found = _own(at, who.account, run, upload)
    return Upload(id=found.id, size=found.size)


@router.put(_RUN + "/uploads/{upload}", name="api.upload_part", openapi_extra=_BYTES, responses=told(413))
async def part(
    request: Request, run: str, upload: str, at: At, who: Who, offset: Annotated[int, Query(ge=0, lt=1 << 40)] = 0
) -> Upload:
    """The part that begins at ``offset`` bytes of the report: where the last one ended, 409 otherwise."""
    await run_in_threadpool(_own, at, who.account, run, upload)
    with tempfile.TemporaryFile() as file:
        async for block in request.stream():
            await run_in_threadpool(file.write, block)
        file.seek(0)
        grown = await run_in_threadpool(uploads.append, at.context, upload, offset, file)
    return Upload(id=grown.id, size=grown.size)


@router.post(_RUN + "/uploads/{upload}/finish", name="api.upload_finish")
def finish(run: str, upload: str, whole: Finish, at: At, who: Who) -> Taken:
    """Take the report in, if its SHA-256 is this one."""
    _own(at, who.account, run, upload)
    return _taken(uploads.finish(at.context, upload, whole.sha256))


def _own(at: Desk, account: int, run: str, upload: str) -> uploads.Upload:
    found = uploads.find(at.context, upload)
    if (found.run_id, found.account_id) != (run, account):
        raise NotFound
    return found


@router.post("/api/v1/scans", name="api.scan")
def scan(scanned: Scanned, at: At, who: Who) -> Answer:
    """Whether the sheet before a camera may go on. This only answers: what settles is the report."""
    return Answer(**scanning.judge(at.context, scanned.mark, scanned.machine, who.party)._asdict())


@router.post("/api/v1/batches/{batch}/stages", name="api.stage")
def stage(batch: str, told: Stage, at: At) -> Staged:
    """How far a batch is. The same again changes nothing; what contradicts is raised, never taken over."""
    done = stages.report_stage(at.context, batch, told.stage, told.count)
    findings = [Finding(**f._asdict()) for f in done.findings]
    return Staged(again=done.again, findings=findings, reprint_files=len(done.reprints), held=done.held)


@router.get(_RUN + "/pulls", name="api.pulls")
def pulls(run: str, at: At) -> Pulls:
    """The envelopes to take out, those already diverted too."""
    return Pulls(pulls=[PullLine(**line._asdict()) for line in pulling.pull_list(at.context, run)])
