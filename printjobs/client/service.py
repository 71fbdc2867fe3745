"""The web service as its client sees it: calls that are tried again while the line is bad, faults as sentences."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from printjobs.core.model import NotFound, PrintjobsError, Refused, UsageError

_TIMES = 8  # in a row without a byte of progress
_FIRST_S, _LONGEST_S = 0.5, 30.0
_BUSY = (429, 502, 503, 504)
_TIMEOUT = httpx.Timeout(20, read=300)  # a file of a gigabyte is encrypted before its first byte comes
_KINDS: Mapping[int, type[PrintjobsError]] = {401: UsageError, 403: UsageError, 404: NotFound, 409: Refused}


class Busy(Exception):
    """The service asks to come again later."""


class Patience:
    """How often something is tried again: longer pauses each time, and from the beginning after any progress."""

    def __init__(self) -> None:
        self._failures = 0

    def wait(self, fault: Exception) -> None:
        """Pause before the next try; raises when it has been tried often enough."""
        self._failures += 1
        if self._failures >= _TIMES:
            raise PrintjobsError(
                f"サーバーにつながりません（{self._failures}回試しました）。ネットワークと --url を確かめ、"
                "同じコマンドをもう一度行ってください。途中まで受け取ったものは続きから始めます。"
            ) from fault
        time.sleep(min(_FIRST_S * 2 ** (self._failures - 1), _LONGEST_S))

    def progress(self) -> None:
        self._failures = 0


class Service:
    """One vendor account at one service. ``url`` is its address without ``/api/v1``."""

    def __init__(self, url: str, token: str) -> None:
        if not url.startswith(("https://", "http://")):
            raise UsageError(f"--url {url} は https:// で始まる住所にしてください。")
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        try:
            self._http = httpx.Client(base_url=f"{url.rstrip('/')}/api/v1/", headers=headers, timeout=_TIMEOUT)
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise UsageError("--url かトークンに使えない文字があります。確かめてください。") from error

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Call the API; every call of it may be made twice. An answer of 4xx or 5xx is raised as its sentence."""
        patience = Patience()
        while True:
            try:
                response = self._http.request(method, path, json=body)
                _raise_if_busy(response)
            except (httpx.TransportError, Busy) as fault:
                patience.wait(fault)
                continue
            raise_if_refused(response)
            return response

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """A file, tried once. 416 is for the caller; :class:`Busy` and httpx.TransportError may be tried again."""
        with self._http.stream("GET", path, headers=headers) as response:
            _raise_if_busy(response)
            if response.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                if response.status_code >= httpx.codes.BAD_REQUEST:
                    response.read()
                raise_if_refused(response)
            yield response


def raise_if_refused(response: httpx.Response) -> None:
    """Raise what the service said, in its own words where it has some."""
    status = response.status_code
    if status < httpx.codes.MULTIPLE_CHOICES:
        return
    told = _json(response)
    said = str(told.get("error") or f"サーバーが求めを受け付けませんでした（{status}）。--url を確かめてください。")
    for one in told.get("differences", ()):
        said += f"\n  {one['path']}　{one['field']}　正しい値 {one['expected']}　計算した値 {one['found']}"
    raise _KINDS.get(status, PrintjobsError)(said)


def _raise_if_busy(response: httpx.Response) -> None:
    if response.status_code in _BUSY:
        raise Busy(str(response.status_code))


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        told = response.json()
    except ValueError:  # a proxy's page, in place of the service's answer
        return {}
    return told if isinstance(told, dict) else {}
