"""What a command leaves: files where its user says, JSON for scripts."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from printjobs.core.model import UsageError


def write_file(path: Path, data: bytes) -> None:
    """Under another name first: nobody opens half a file. :class:`UsageError` where nothing can be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise UsageError(f"{path} に書けません（{error.strerror}）。書ける場所を指定してください。") from error


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
