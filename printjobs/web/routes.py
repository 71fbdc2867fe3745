"""All routes: pages for people, the API for machines."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.routing import APIRoute

from .api import cities as cities_api
from .api import costs as costs_api
from .api import reports, service, vendor
from .api import runs as runs_api
from .pages import audit, cities, costs, entering, journal, own, progress, pulls, runs, work, years

ROUTERS: tuple[APIRouter, ...] = (
    entering.router,
    own.router,
    runs.router,
    progress.router,
    cities.router,
    audit.router,
    costs.router,
    years.router,
    pulls.router,
    work.router,
    journal.router,
    service.router,
    runs_api.router,
    cities_api.router,
    costs_api.router,
    vendor.router,
    reports.router,
)


def walk() -> Iterator[APIRoute]:
    """Every route; the fixed files are none."""
    for router in ROUTERS:
        yield from (route for route in router.routes if isinstance(route, APIRoute))
