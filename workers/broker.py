"""The queue: a Dramatiq broker on our Redis. Built and set before any actor exists."""

from __future__ import annotations

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, Callbacks, Pipelines, Retries, ShutdownNotifications, TimeLimit

from printjobs.core.model import UsageError
from printjobs.settings import Settings

QUEUE = "steps"
_HOUR_MS = 3_600_000


def connect(settings: Settings) -> RedisBroker:
    """Set the broker of this process. Without a Redis URL there is none: never a silent localhost."""
    url = settings.redis_url.get_secret_value()
    if not url:
        raise UsageError("PRINTJOBS_REDIS_URL が設定されていません。Redis の URL を設定してください。")
    middleware = [
        AgeLimit(),
        TimeLimit(time_limit=_HOUR_MS),
        ShutdownNotifications(),
        Callbacks(),
        Pipelines(),
        Retries(max_retries=3, min_backoff=500, max_backoff=10_000),
    ]
    broker = RedisBroker(url=url, middleware=middleware, namespace="printjobs")
    dramatiq.set_broker(broker)
    return broker
