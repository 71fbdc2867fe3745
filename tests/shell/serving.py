"""The web service for tests: the real server in a thread, and a line to it that breaks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import uvicorn

from printjobs.settings import Settings
from printjobs.web import line
from printjobs.web.app import make_app

PATIENCE_S = 60.0


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The service of an installation on a free port of this machine; its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        config = uvicorn.Config(
            make_app(settings), http=line.Line, ws="none", log_config=None, server_header=False, access_log=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not server.started:
                assert thread.is_alive(), "the server ended while it started"
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)


class Line:
    """A line to a server that is cut after so many bytes of answers, so many times; then it holds, or is dead.

    ``carried``: bytes of answers that came through, over all connections.
    """

    def __init__(self, server: str, after: int, times: int, *, dies: bool) -> None:
        host, port = server.removeprefix("http://").split(":")
        self._server, self._after, self._left = (host, int(port)), after, times
        self._dies = dies
        self._lock = threading.Lock()
        self.carried = 0
        self.cuts = 0

    def carry(self, client: socket.socket) -> None:
        if self._dies and self._left == 0:
            client.close()
            return
        with client, socket.create_connection(self._server) as server:
            up = threading.Thread(target=self._pump, args=(client, server, False))
            up.start()
            self._pump(server, client, True)
            for end in (client, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            up.join()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        done = 0
        with suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data)
                if answers and self._is_cut(done := done + len(data), len(data)):
                    return
            sink.shutdown(socket.SHUT_WR)  # an end that closed is told to the other end

    def _is_cut(self, done: int, came: int) -> bool:
        with self._lock:
            self.carried += came
            if done < self._after or self._left == 0:
                return False
            self._left -= 1
            self.cuts += 1
            return True


@contextmanager
def breaking(server: str, after: int, times: int, *, dies: bool = False) -> Iterator[tuple[str, Line]]:
    """An address that leads to the server over a :class:`Line`."""
    line = Line(server, after, times, dies=dies)
    threads: list[threading.Thread] = []

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threads.append(threading.Thread(target=line.carry, args=(client,)))
                threads[-1].start()

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        accepting = threading.Thread(target=accept, args=(listening,))
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", line
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(PATIENCE_S)
            for thread in threads:
                thread.join(PATIENCE_S)
