"""Numbers as they may stand in an address, never more than a database takes; and how large a photograph may be."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

PHOTO = 32 << 20  # bytes; it is read into memory
_MOST = 1 << 31
Id = Annotated[int, Path(ge=0, lt=_MOST)]
Year = Annotated[int, Query(ge=0, lt=2101)]  # 0 for none
FiscalYear = Annotated[int, Path(ge=2000, lt=2101)]
After = Annotated[int, Query(ge=0, lt=_MOST)]
