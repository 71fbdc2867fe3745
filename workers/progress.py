"""What whoever watches a run is told: how many steps of each name are done, of how many known."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]


class Counter:
    """Counts steps by name and tells a watcher. ``expect`` before a step, ``done`` after it."""

    def __init__(self, watcher: Progress | None) -> None:
        self._watcher = watcher
        self._known: dict[str, int] = {}
        self._done: dict[str, int] = {}

    def expect(self, name: str) -> None:
        self._known[name] = self._known.get(name, 0) + 1
        self._tell(name)

    def done(self, name: str) -> None:
        self._done[name] = self._done.get(name, 0) + 1
        self._tell(name)

    def _tell(self, name: str) -> None:
        if self._watcher:
            self._watcher(name, self._done.get(name, 0), self._known[name])
