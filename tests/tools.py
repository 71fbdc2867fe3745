"""Other people's programs that tests ask."""

from __future__ import annotations

import os
import shutil

import pytest


def tool(name: str) -> str:
    """Path of an external program; a missing one skips at home and fails when CI is set."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed", pytrace=False)
        pytest.skip(f"{name} is not installed")
    return found
