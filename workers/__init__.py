"""Runs the pipeline's steps: a pool of processes on one machine, Dramatiq actors on many."""

from __future__ import annotations

from printjobs.settings import Settings

from .progress import Progress


def run_all(settings: Settings, run_id: str, watcher: Progress | None = None) -> None:
    """Do every step of a run that can be done, where the settings say: on Redis's workers, or here."""
    if settings.redis_url.get_secret_value():
        from . import queue

        queue.run_all(settings, run_id, watcher)
    else:
        from . import local

        local.run_all(settings, run_id, watcher)
