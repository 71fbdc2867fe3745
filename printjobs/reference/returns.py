"""Why envelopes come back (返戻), as the post office says it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from printjobs.core.model import UsageError


class _Returns(msgspec.Struct, frozen=True):
    reasons: dict[str, str]


@cache
def reasons() -> dict[str, str]:
    """Japanese by code, in the order in which they are offered."""
    data = files("printjobs.reference").joinpath("returns.toml").read_bytes()
    return msgspec.toml.decode(data, type=_Returns).reasons


def reason(code: str) -> str:
    """One of them; :class:`UsageError` lists the codes."""
    known = reasons()
    if code not in known:
        offered = "、".join(f"{key}（{name}）" for key, name in known.items())
        raise UsageError(f"返戻の理由 {code} はありません。次から選んでください: {offered}")
    return known[code]
