"""Numbers as they may stand in an address: never more than a database takes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

_MOST = 1 << 31
Id = Annotated[int, Path(ge=0, lt=_MOST)]
Year = Annotated[int, Query(ge=0, lt=2101)]  # 0 for none
After = Annotated[int, Query(ge=0, lt=_MOST)]
