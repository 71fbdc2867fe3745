"""The service itself: whether it lives, what it offers, the key that it signs with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse
from starlette.requests import Request

import fonts
from printjobs.core.model import NotFound
from printjobs.web.guard import At

router = APIRouter()
_FACES = {"regular": "BIZUDGothic-Regular.ttf", "bold": "BIZUDGothic-Bold.ttf"}


@router.get("/health", name="health", include_in_schema=False)
def health(at: At) -> JSONResponse:
    """200 while the database answers; nothing else is told to nobody in particular."""
    with at.context.engine.connect():
        return JSONResponse({"ok": True})


@router.get("/static/fonts/{weight}.ttf", name="font", include_in_schema=False)
def font(weight: str) -> FileResponse:
    """The faces that notices are printed with, for screens that have no Japanese face of their own."""
    if weight not in _FACES:
        raise NotFound
    file = Path(fonts.__file__).with_name(_FACES[weight])
    return FileResponse(file, media_type="font/ttf", headers={"Cache-Control": "public, max-age=604800"})


@router.get("/api/v1/openapi.json", name="api.openapi", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get("/api/v1/key", name="api.key", tags=["service"])
def key(at: At) -> dict[str, str]:
    """The council's public key (PEM): receipts and audit reports are signed with its other half."""
    return {"id": at.council.key_id, "pem": at.council.public_pem}
