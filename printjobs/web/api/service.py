"""The service itself: whether it lives, what it offers, the key that it signs with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request

from printjobs.web.guard import At

router = APIRouter()


@router.get("/health", name="health", include_in_schema=False)
def health(at: At) -> JSONResponse:
    """200 while the database answers; nothing else is told to nobody in particular."""
    with at.context.engine.connect():
        return JSONResponse({"ok": True})


@router.get("/api/v1/openapi.json", name="api.openapi", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get("/api/v1/key", name="api.key", tags=["service"])
def key(at: At) -> dict[str, str]:
    """The council's public key (PEM): receipts and audit reports are signed with its other half."""
    return {"id": at.council.key_id, "pem": at.council.public_pem}
