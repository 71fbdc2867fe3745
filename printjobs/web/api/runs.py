"""Runs by machine: which there are, how they stand, and going on with one."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from printjobs.core.access import Role
from printjobs.pipeline import progressing, scheduling
from printjobs.pipeline import status as statuses
from printjobs.store import runs as rows
from printjobs.web.guard import At, Who

from .answers import told

router = APIRouter(tags=["runs"], responses=told(409, 422))


class Run(BaseModel):
    id: str
    kind: str
    year: int
    mailing_date: str
    status: str


class Runs(BaseModel):
    runs: list[Run]


class City(BaseModel):
    """A city's side of the count equation, in notices; pieces and sheets as planned."""

    code: str
    name: str
    submission: str
    received: int
    rejected: int
    pulled: int
    mailed: int
    outstanding: int
    pieces: int
    sheets: int
    charged_yen: int
    approved: bool
    balanced: bool


class Standing(BaseModel):
    run: str
    status: str
    balanced: bool
    cities: list[City]


class Step(BaseModel):
    name: str
    title: str
    done: int
    total: int
    unit: str


class Progress(BaseModel):
    run: str
    status: str
    steps: list[Step]


class Started(BaseModel):
    started: bool


@router.get("/api/v1/runs", name="api.runs")
def runs(at: At, who: Who) -> Runs:
    """The newest first; a vendor sees those that it prints."""
    with at.context.engine.connect() as connection:
        found = rows.all_runs(connection)
    own = [r for r in found if who.role is not Role.VENDOR or r.vendor == who.party]
    return Runs(runs=[Run(**{key: getattr(r, key) for key in Run.model_fields}) for r in own])


@router.get("/api/v1/runs/{run}", name="api.run")
def run(run: str, at: At) -> Standing:
    """The count equation of every city."""
    found = statuses.status(at.context, run)
    cities = [City(**{key: c[key] for key in City.model_fields}) for c in found["cities"]]
    return Standing(run=run, status=found["status"], balanced=found["balanced"], cities=cities)


@router.get("/api/v1/runs/{run}/progress", name="api.progress")
def progress(run: str, at: At) -> Progress:
    """How far every step is."""
    found = progressing.progress(at.context, run)
    return Progress(run=run, status=found.status, steps=[Step(**s._asdict()) for s in found.steps])


@router.post("/api/v1/runs/{run}/go", name="api.go", status_code=202)
def go(run: str, at: At, without_missing: bool = False) -> Started:
    """Do all steps that can be done, in the background; ``without_missing`` cuts off who has not handed in."""
    if not without_missing:
        scheduling.refuse_missing(at.context, run)
    at.jobs.start(run)
    return Started(started=True)
