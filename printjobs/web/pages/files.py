"""How a file is handed to a browser."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

TYPES = MappingProxyType({"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"})
PaperForm = Literal["csv", "pdf"]
_NEVER = (1980, 1, 1, 0, 0, 0)  # the first day a ZIP knows: the same papers are the same bytes


def attachment(name: str) -> dict[str, str]:
    """To be kept under a name; it is made of ids only."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def packed(papers: Mapping[str, bytes]) -> bytes:
    """Papers by name as one ZIP."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as into:
        for name, data in papers.items():
            into.writestr(zipfile.ZipInfo(name, _NEVER), data, zipfile.ZIP_DEFLATED)
    return sink.getvalue()
