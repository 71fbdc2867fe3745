"""Postage tables by the day from which they hold."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from printjobs.core.model import UsageError
from printjobs.core.postage.table import PostageTable

from . import _read


@cache
def postage_table(day: str) -> PostageTable:
    """The table in force on an ISO day: the newest file that is not later. :class:`UsageError` when none is."""
    dates = sorted(
        file.name.removeprefix("postage-").removesuffix(".toml")
        for file in files("printjobs.reference").iterdir()
        if file.name.startswith("postage-")
    )
    fitting = [date for date in dates if date <= day]
    if not fitting:
        raise UsageError(f"{day} に有効な郵便料金表がありません。printjobs/reference に料金表を置いてください。")
    return msgspec.toml.decode(_read(f"postage-{fitting[-1]}.toml"), type=PostageTable)
