"""All routes: pages for people, the API for machines."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.routing import APIRoute

from .api import service, vendor
from .pages import cities, entering, journal, own, runs

ROUTERS: tuple[APIRouter, ...] = (
    entering.router,
    own.router,
    runs.router,
    cities.router,
    journal.router,
    service.router,
    vendor.router,
)


def walk() -> Iterator[APIRoute]:
    """Every route; the fixed files are none."""
    for router in ROUTERS:
        yield from (route for route in router.routes if isinstance(route, APIRoute))
