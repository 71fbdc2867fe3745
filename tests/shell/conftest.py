"""Real services for the tests of the shells; a missing one skips at home and fails in CI.

``TEST_POSTGRES_URL`` and ``TEST_REDIS_URL`` name servers to use instead of the wheels' own. The
PostgreSQL user must be allowed to create databases. The Redis database is emptied, and so is one
more for each further pytest-xdist worker.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.shell.services import (
    database_of_worker,
    empty_redis,
    fresh_database,
    running,
    start_postgres,
    start_redis,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-screens", action="store_true", help="take the pictures of docs/screens anew")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a PostgreSQL server (SQLAlchemy, psycopg 3); tests want ``postgres_database``."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield given
        return
    with running(start_postgres) as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a Redis database with append-only file; tests want ``redis_db``."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield database_of_worker(given, os.environ.get("PYTEST_XDIST_WORKER", ""))
        return
    with running(start_redis) as server:
        yield server.url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """URL of a new empty PostgreSQL database, dropped after the test."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def redis_db(redis_url: str) -> str:
    """URL of an emptied Redis database."""
    empty_redis(redis_url)
    return redis_url
