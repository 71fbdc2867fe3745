"""What every endpoint for machines may answer when it does not do what was asked."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Fault(BaseModel):
    """Why not, and what to do next, in Japanese."""

    error: str


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: these answers besides those of the door, which every endpoint has."""
    return {status: {"model": Fault, "description": _WORDS[status]} for status in (400, 401, 403, 404, 429, *statuses)}


_WORDS = {
    400: "求めの形を読めません。",
    401: "トークンがないか、使えません。",
    403: "この役割ではできません。",
    404: "見つからないか、自分のものではありません。",
    409: "今はできません。理由と、次にすることを返します。",
    413: "大きすぎます。",
    422: "値を読めません。",
    429: "短い間に求めが多すぎます。",
}
