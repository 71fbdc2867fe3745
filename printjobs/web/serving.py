"""The service as a server process starts it."""

from __future__ import annotations

import tempfile

from starlette.types import ASGIApp

from printjobs.settings import Settings

from .app import make_app


def app() -> ASGIApp:
    """The application of this installation. Uploads wait on the data disk: /tmp may be memory."""
    settings = Settings()
    spool = settings.home.absolute() / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(spool)
    return make_app(settings)
