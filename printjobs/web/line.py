"""A line to a client, as uvicorn has it, with a limit and a clock for what comes before the application is asked.

uvicorn holds the head of a request in memory however long it grows and waits for its end however long it takes:
without these two, anybody who reaches the port can fill the memory or use up the lines.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = 1 << 16  # bytes of a request line with its headers; browsers send 1 to 2 KB
PATIENCE_S = 20.0  # until the head of the first request, or of the next one that has begun, is there


class Line(HttpToolsProtocol):
    """Closes without an answer what is no request by then."""

    _came = 0
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._clock is not None:
            self._came += len(data)
            if self._came > HEAD:
                self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self._stop()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(PATIENCE_S, self.transport.abort)

    def _stop(self) -> None:
        self._came = 0
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
