"""The order in which two workers take the files of tests."""

from __future__ import annotations

import pytest

# The longest first, ten seconds and more; the many short ones behind fill up whichever worker is free.
LONG = (
    "shell/test_workers.py",
    "shell/test_browser.py",
    "shell/test_command_line.py",
    "shell/test_store.py",
    "shell/test_bench.py",
    "golden/test_read_back_records.py",
    "shell/test_bad_input.py",
    "shell/test_gaiji.py",
    "core/test_fitness.py",
    "golden/test_read_back.py",
    "shell/test_proofs.py",
    "shell/test_serve.py",
    "shell/test_openapi.py",
    "core/test_render.py",
    "shell/test_read_back.py",
    "shell/test_pulls.py",
    "shell/test_access.py",
    "core/test_proofing.py",
    "shell/test_extract.py",
    "shell/test_layout_commands.py",
    "shell/test_vendor_pull.py",
    "shell/test_audit.py",
    "shell/test_file_forms.py",
    "shell/test_http.py",
    "shell/test_volume.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """By itself pytest-xdist goes by how many tests a file has: the longest test, one of two, would come last."""
    if not config.getoption("loadscopereorder", default=True):
        places = {name: place for place, name in enumerate(LONG)}
        items.sort(key=lambda item: places.get(f"{item.path.parent.name}/{item.path.name}", len(LONG)))
