"""A city by machine: hand in, problems, figures and what is behind them, pulls, returned mail."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from printjobs import reference
from printjobs.core.audit import Fault, Side
from printjobs.pipeline import auditing, handing_in, history, pulling, returning
from printjobs.reference import returns
from printjobs.web.guard import At, Form
from printjobs.web.handing_in import hand_in
from printjobs.web.values import After

from .answers import told

_FILES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}
_SHOWN = 500
Number = Annotated[str, Path(pattern="^[0-9A-Za-z]{1,20}$")]
LastSeen = Annotated[str, Query(pattern="^[0-9A-Za-z]{0,20}$")]
_CITY = "/api/v1/runs/{run}/cities/{city}"
router = APIRouter(tags=["cities"], responses=told(409, 422))


class HandedIn(BaseModel):
    """What was taken. ``again``: the same files had been handed in before."""

    status: str
    received: int
    rejected: int
    again: bool


class Problem(BaseModel):
    """One fault. ``row`` counts as a spreadsheet does, 0 is the whole file."""

    id: int
    file: str
    row: int
    column: str
    code: str
    message: str
    notice_number: str


class Problems(BaseModel):
    total: int
    problems: list[Problem]


class Difference(BaseModel):
    fault: Fault
    message: str
    notices: int
    numbers: list[str]


class Figures(BaseModel):
    """Notices on each side; ``charged`` is null until the run is settled."""

    run: str
    city: str
    run_status: str
    balanced: bool
    received: int
    rejected: int
    pulled: int
    printed: int
    inserted: int
    mailed: int
    outstanding: int
    returned: int
    charged: int | None
    differences: list[Difference]


class Line(BaseModel):
    number: str
    batch: str
    piece: int
    generation: int
    status: str
    pulled: str
    returned: str
    problem: str


class Lines(BaseModel):
    notices: list[Line]


class Moment(BaseModel):
    at: str
    what: str
    message: str


class History(BaseModel):
    number: str
    status: str
    generations: list[int]
    moments: list[Moment]


class Order(BaseModel):
    number: Annotated[str, Field(pattern="^[0-9A-Za-z]{1,20}$")]
    reason: Annotated[str, Field(json_schema_extra={"enum": list(reference.pull_reasons())})]


class Ordered(BaseModel):
    """``batch`` and ``piece``: the envelope that the vendor has to take out, empty and 0 when it has none."""

    number: str
    reason: str
    batch: str
    piece: int
    again: bool


class Return(BaseModel):
    mark: Annotated[str, Field(max_length=100)]
    reason: Annotated[str, Field(json_schema_extra={"enum": list(returns.reasons())})]


class Returned(BaseModel):
    run: str
    numbers: list[str]
    reason: str
    again: bool


@router.post(_CITY + "/handin", name="api.handin", openapi_extra=_FILES, responses=told(413))
async def handin(run: str, city: str, at: At, fields: Form) -> HandedIn:
    """The transmittal and the CSV files, together. The same files again are one hand-in."""
    taken = await run_in_threadpool(hand_in, at, run, city, fields)
    return HandedIn(status=taken.status, received=taken.received, rejected=taken.rejected, again=taken.again)


@router.get(_CITY + "/problems", name="api.problems")
def problems(run: str, city: str, at: At, after: After = 0) -> Problems:
    """The problems of the newest hand-in, 500 at a time; ``after`` is the id of the last one seen."""
    rows = handing_in.problems(at.context, run, city, after, _SHOWN)
    keys = list(Problem.model_fields)
    found = [Problem(**{key: getattr(row, key) for key in keys}) for row in rows]
    return Problems(total=handing_in.count_problems(at.context, run, city), problems=found)


@router.get(_CITY + "/figures", name="api.figures")
def figures(run: str, city: str, at: At) -> Figures:
    """The count equation, each side from the stage that recorded it."""
    found = at.figures(run, city)
    differences = [
        Difference(fault=d.fault, message=d.message, notices=d.notices, numbers=list(d.numbers))
        for d in found.differences
    ]
    sides: dict[str, Any] = {side: found.of(side) for side in Side}
    known: dict[str, Any] = {"run": run, "city": city, "run_status": found.run_status, "balanced": found.balanced}
    return Figures(**known, **sides, differences=differences)


@router.get(_CITY + "/notices", name="api.notices")
def notices(run: str, city: str, at: At, side: Side | Fault = Side.RECEIVED, after: LastSeen = "") -> Lines:
    """The notices behind a figure or a difference, 500 at a time; ``after`` is the last number seen."""
    lines = auditing.notices(at.context, run, city, side, after, _SHOWN)
    return Lines(notices=[Line(**line._asdict()) for line in lines])


@router.get(_CITY + "/notices/{number}", name="api.notice")
def notice(run: str, city: str, number: Number, at: At) -> History:
    """All that is known of a notice, in the order of its life."""
    found = history.history(at.context, run, city, number)
    moments = [
        Moment(at=m.at.isoformat(timespec="seconds") if m.at else "", what=m.what, message=m.message)
        for m in found.moments
    ]
    return History(number=number, status=found.status, generations=list(found.generations), moments=moments)


@router.post(_CITY + "/pulls", name="api.pull")
def pull(run: str, city: str, order: Order, at: At) -> Ordered:
    """Order that a notice is not mailed. The same again is one order."""
    done = pulling.order_pull(at.context, run, city, order.number, order.reason)
    return Ordered(number=done.number, reason=done.reason, batch=done.batch, piece=done.piece, again=done.again)


@router.post("/api/v1/cities/{city}/returns", name="api.return")
def returned(city: str, came: Return, at: At) -> Returned:
    """Register an envelope that came back, by the mark on one of its sheets; of any run."""
    done = returning.register(at.context, city, came.mark, came.reason)
    return Returned(run=done.run, numbers=list(done.numbers), reason=done.reason, again=done.again)
