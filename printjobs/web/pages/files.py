"""How a file is handed to a browser."""

from __future__ import annotations


def attachment(name: str) -> dict[str, str]:
    """To be kept under a name; it is made of ids only."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}
