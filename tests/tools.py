"""Other people's programs that tests ask."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def tool(name: str) -> str:
    """Path of an external program; a missing one skips at home and fails when CI is set."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed", pytrace=False)
        pytest.skip(f"{name} is not installed")
    return found


def said_by(name: str, *arguments: str | Path) -> str:
    """What a program says to both its outputs. A fault ends the test; what it only warns of is for the test to see."""
    command = [tool(name), *arguments]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    told = answer.stdout.decode(errors="replace")
    assert answer.returncode == 0, f"{name}: {told}"
    return told
