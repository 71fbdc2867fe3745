"""The queue: a Dramatiq broker on our Redis. Built and set before any actor exists."""

from __future__ import annotations

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries, TimeLimit

from printjobs.core.model import UsageError
from printjobs.pipeline import Step
from printjobs.settings import Settings

from .failures import Failures

QUEUE = "steps"
_HOUR_MS = 3_600_000


class OneStepAtATime(dramatiq.Middleware):
    """A process does one step at a time, whatever ``--threads`` says: ReportLab's fonts belong to a whole process."""

    def before_worker_boot(self, _broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        worker.worker_threads = 1
        worker.queue_prefetch = 2  # one in work, one at hand; more would wait here while another worker idles


def connect(settings: Settings) -> RedisBroker:
    """Set the broker of this process. Without a Redis URL there is none: never a silent localhost."""
    url = settings.redis_url.get_secret_value()
    if not url:
        raise UsageError("PRINTJOBS_REDIS_URL が設定されていません。Redis の URL を設定してください。")
    middleware = [
        OneStepAtATime(),
        Failures(),  # told after the others, so after Retries has given a message up
        TimeLimit(time_limit=_HOUR_MS),
        Retries(max_retries=3, min_backoff=500, max_backoff=10_000),
    ]
    broker = RedisBroker(url=url, middleware=middleware, namespace="printjobs")  # type: ignore[no-untyped-call]
    dramatiq.set_broker(broker)
    return broker


def send(broker: RedisBroker, run_id: str, step: Step) -> None:
    """Put a step of a run into the queue."""
    broker.enqueue(dramatiq.Message(QUEUE, step.name, (run_id, *step.ids), kwargs={}, options={}))
