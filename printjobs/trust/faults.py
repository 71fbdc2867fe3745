"""A fault of ours for the log: its kind and its place, and none of its words, which may be personal."""

from __future__ import annotations

import traceback
from collections.abc import Iterator


def without_words(fault: BaseException) -> str:
    """What kind of fault it is and those that it came from, and the lines of our program where it went."""
    place = "".join(traceback.format_tb(fault.__traceback__))
    return f"{' from '.join(_kinds(fault))}\n{place}"


def _kinds(fault: BaseException | None) -> Iterator[str]:
    while fault is not None:
        yield type(fault).__name__
        fault = fault.__cause__ or fault.__context__
