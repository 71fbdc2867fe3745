"""What a worker could not do, told to whoever waits for the run.

It is kept in Redis and may be lost without harm: the step is sent once more and fails once more.
"""

from __future__ import annotations

import json
from typing import Any

import dramatiq
from dramatiq.broker import Broker, MessageProxy
from dramatiq.brokers.redis import RedisBroker

from printjobs.core.model import PrintjobsError

_KEPT_S = 3_600


class StepFailed(PrintjobsError):
    """A worker gave a step up; the exit code is that of what stopped it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Failures(dramatiq.Middleware):
    """Records the newest step of a run that was given up: refused by a rule, or failed at every try."""

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, exception: BaseException | None = None, **_: Any
    ) -> None:
        if exception is None or not message.failed:
            return
        assert isinstance(broker, RedisBroker)
        if isinstance(exception, PrintjobsError):
            said, code = str(exception), exception.exit_code
        else:  # the text of a fault of ours may hold data of a notice, so it stays in the worker's log
            name = type(exception).__name__
            said, code = f"作業 {message.actor_name} が失敗しました（{name}）。worker のログを確かめてください。", 1
        broker.client.set(_key(broker, message.args[0]), json.dumps([said, code]), ex=_KEPT_S)


def forget(broker: RedisBroker, run_id: str) -> None:
    """Nothing has failed yet of what is sent from now on."""
    broker.client.delete(_key(broker, run_id))


def find(broker: RedisBroker, run_id: str) -> StepFailed | None:
    """What was given up since ``forget``."""
    found = broker.client.get(_key(broker, run_id))
    return StepFailed(*json.loads(found)) if found else None


def _key(broker: RedisBroker, run_id: str) -> str:
    return f"{broker.namespace}:failed:{run_id}"
