"""Files that a command leaves where its user says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

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
