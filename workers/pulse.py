"""Whether anybody works, and whether anything that was sent is still on its way."""

from __future__ import annotations

import time
from typing import Any

from dramatiq.brokers.redis import RedisBroker

from .broker import QUEUE

_ALIVE_S = 10.0  # a worker shows a sign of life every second


class Pulse:
    """The queue as Dramatiq keeps it in Redis, looked at again and again.

    A worker lives while its sign of life changes. What the sign says is a time by the worker's own
    clock, which need not agree with ours.
    """

    def __init__(self, broker: RedisBroker) -> None:
        self._broker = broker
        self._signs: dict[str, tuple[float, float]] = {}
        self._began = time.monotonic()

    @property
    def silent_s(self) -> float:
        """Seconds since the last sign of life of any worker, or since the first look."""
        return time.monotonic() - max([self._began, *(seen for _, seen in self._signs.values())])

    def on_its_way(self) -> int:
        """Messages that wait in the queue or that a living worker has taken."""
        space, living = self._broker.namespace, self._living()
        with self._broker.client.pipeline(transaction=True) as pipe:  # one moment: no message is between two places
            for queue in (QUEUE, f"{QUEUE}.DQ"):  # the second holds what is tried again after a while
                pipe.llen(f"{space}:{queue}")
                for worker in living:
                    pipe.scard(f"{space}:__acks__.{worker}.{queue}")
            return sum(pipe.execute())

    def _living(self) -> list[str]:
        now = time.monotonic()
        signs: Any = self._broker.client.zrange(f"{self._broker.namespace}:__heartbeats__", 0, -1, withscores=True)
        for name, sign in signs:
            worker = name.decode()
            if worker == self._broker.broker_id:
                continue  # sending leaves a sign too
            if worker not in self._signs or self._signs[worker][0] != sign:
                self._signs[worker] = (sign, now)
        return [worker for worker, (_, seen) in self._signs.items() if now - seen < _ALIVE_S]
