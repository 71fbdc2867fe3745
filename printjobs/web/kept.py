"""What takes a while to reckon from a run is kept until something happens to that run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The answers of ``make``, each asked for again when the run's ``stamp`` has grown and not before.

    The first name of a question is the run's id. Of many who ask at once, one reckons.
    """

    def __init__(self, stamp: Callable[[str], int], make: Callable[..., Value]) -> None:
        self._stamp, self._make = stamp, make
        self._known: dict[tuple[str, ...], tuple[int, Value]] = {}
        self._making = threading.Lock()

    def __call__(self, run_id: str, *names: str) -> Value:
        key, stamp = (run_id, *names), self._stamp(run_id)  # first: what happens meanwhile is then seen as newer
        if (known := self._known.get(key)) and known[0] >= stamp:
            return known[1]
        with self._making:
            known = self._known.get(key)
            if known is None or known[0] < stamp:
                known = self._known[key] = stamp, self._make(run_id, *names)
        return known[1]
