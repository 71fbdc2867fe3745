"""The golden print file, rendered once per process, and the flag that makes today's pages the recorded ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.notices import compiled, planned, render
from tests.golden.paper import Paper


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="record the pages as they are rendered now, after looking at them"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden", default=False))


@pytest.fixture(scope="session")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    """The print file on disk, open for looking at."""
    path: Path = tmp_path_factory.mktemp("golden") / "property_tax.pdf"
    data, written = render(compiled())
    path.write_bytes(data)
    with Paper(path, planned(compiled()), written) as opened:
        yield opened
