"""How long something still takes, from how it went in the last minutes."""

from __future__ import annotations

from collections import deque


class Estimate:
    """Feed it how much is done at which second; it forgets what is older than ``window`` seconds.

    Only the recent rate counts: a pool that has just started, or was stopped in between, says nothing of now.
    """

    def __init__(self, window: float = 300.0) -> None:
        self._window = window
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, at: float, done: int) -> None:
        """What is done at a moment. Less than before means that the work is another one: what was seen is forgotten."""
        if self._seen and (done < self._seen[-1][1] or at < self._seen[-1][0]):
            self._seen.clear()
        self._seen.append((at, done))
        while len(self._seen) > 1 and self._seen[1][0] <= at - self._window:
            self._seen.popleft()

    def left(self, total: int) -> float | None:
        """Seconds until ``total`` is done; None while nothing moves."""
        if not self._seen:
            return None
        (start, first), (end, last) = self._seen[0], self._seen[-1]
        if last >= total:
            return 0.0
        if last == first or end == start:
            return None
        return (total - last) * (end - start) / (last - first)
