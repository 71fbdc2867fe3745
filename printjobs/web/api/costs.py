"""What a run costs, by machine: the invoice and each city's shares of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from printjobs.core.model import NotFound
from printjobs.web.guard import At

from .answers import told

router = APIRouter(tags=["costs"], responses=told(409, 422))


class Item(BaseModel):
    """A city's share of one line. ``group`` is ``fixed``, ``variable``, ``tax`` or ``postage``."""

    group: str
    item: str
    rule: str
    basis: str
    yen: int


class City(BaseModel):
    """What a city pays, would have paid alone, and saves; ``yardstick_yen`` is the Shapley value of the joint cost.

    ``corrections_yen`` stand in the ledger and not in the total.
    """

    code: str
    items: list[Item]
    total_yen: int
    alone_yen: int
    saving_yen: int
    corrections_yen: int
    notices: int
    yardstick_yen: int


class Line(BaseModel):
    """A line of the invoice, of ``vendor`` or ``post``; ``unit_yen`` is decimal text, ``own`` by city."""

    issuer: str
    key: str
    title: str
    quantity: int
    counter: str
    unit_yen: str
    yen: int
    own: dict[str, int]


class Cost(BaseModel):
    """``stage``: ``expected`` before the plan, ``planned``, or ``settled`` by what was mailed.

    ``dearer``: cities that pay more than they would alone.
    """

    invoice_yen: int
    cities: list[City]
    sum_ok: bool
    settled: bool
    stage: str
    lines: list[Line]
    dearer: list[str]


class CityCost(BaseModel):
    """A city's part, and the whole that it is a part of."""

    run: str
    stage: str
    settled: bool
    invoice_yen: int
    city: City


@router.get("/api/v1/runs/{run}/cost", name="api.cost", response_model=Cost)
def cost(run: str, at: At) -> dict[str, Any]:
    """The same as ``printjobs cost RUN --json`` tells."""
    return at.cost(run).values


@router.get("/api/v1/runs/{run}/cities/{city}/cost", name="api.city_cost")
def city_cost(run: str, city: str, at: At) -> CityCost:
    """A city's own items, each with its rule and basis."""
    found = at.cost(run)
    own = found.of_city(city)
    if own is None:
        raise NotFound("この市は、この回に加わっていません。")
    whole = found.values
    return CityCost(
        run=run, stage=whole["stage"], settled=whole["settled"], invoice_yen=whole["invoice_yen"],
        city=City.model_validate(own),
    )  # fmt: skip
