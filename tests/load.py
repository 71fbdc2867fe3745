"""How the service bears load, by hand and not part of the suite: ``python -m tests.load FOLDER``.

Vendors' connections pull a file of 1 GB while audit pages are asked for, each alone and both together, against
``printjobs serve`` as a process of its own. Told: bytes and pages a second, how long a page took, and the memory of
the service before and after. Clients read and forget, in processes of their own; they share the machine's cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.queues import Queue
from pathlib import Path
from statistics import quantiles
from threading import Thread
from typing import Any, NamedTuple

from printjobs.core.access import Scope
from tests.handin import KUSATSU, RUN, environment
from tests.shell.web import CITY, PRESS, House, write_everything

CONNECTIONS, PAGERS, GIGABYTE = 50, 8, 1 << 30
LINE = 125.0  # a line of 1 Gbit/s
_AUDIT = f"/runs/{RUN}/cities/{KUSATSU}/audit"


class Asked(NamedTuple):
    """What a client sends, again and again."""

    port: int
    request: bytes
    seconds: float
    line: float = 0.0  # megabytes a second that all connections have together; 0 for all they can


def request(where: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET {where} HTTP/1.1", "Host: load", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def pull(asked: Asked, told: Queue[Any]) -> None:
    """All connections pull the file over and over; bytes that came, and how many of the first answers were 200."""
    buffer, selector, fine = bytearray(1 << 18), selectors.DefaultSelector(), 0
    for _ in range(CONNECTIONS):
        line = socket.create_connection(("127.0.0.1", asked.port))
        line.sendall(asked.request)
        selector.register(line, selectors.EVENT_READ)
    came, begun, new = 0, time.monotonic(), {key.fd for key in selector.get_map().values()}
    while time.monotonic() - begun < asked.seconds:
        for key, _ in selector.select(1):
            size = key.fileobj.recv_into(buffer)  # type: ignore[union-attr]
            if key.fd in new:
                new.discard(key.fd)
                fine += buffer[:12] == b"HTTP/1.1 200"
            came += size
            if asked.line and (ahead := came / asked.line / 1e6 - (time.monotonic() - begun)) > 0:
                time.sleep(ahead)
    told.put((came, fine))


def ask(asked: Asked, told: Queue[Any]) -> None:
    """Connections that stay ask for the page, each when it has the last one; seconds that each took."""
    took: list[float] = []
    threads = [Thread(target=_ask, args=(asked, took)) for _ in range(PAGERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put(took)


def _ask(asked: Asked, took: list[float]) -> None:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", asked.port)) as line:
        while (sent := time.monotonic()) - begun < asked.seconds:
            line.sendall(asked.request)
            said = b""
            while b"\r\n\r\n" not in said:
                said += line.recv(1 << 16)
            head, _, body = said.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += line.recv(1 << 16)
            took.append(time.monotonic() - sent)


def memory(service: int) -> int:
    """Resident bytes of a process and its children."""
    children = Path(f"/proc/{service}/task/{service}/children").read_text().split()
    pages = int(Path(f"/proc/{service}/statm").read_text().split()[1])
    return pages * 4096 + sum(memory(int(child)) for child in children)


def spent(service: int) -> float:
    """Seconds of a core that a process and its children have had."""
    children = Path(f"/proc/{service}/task/{service}/children").read_text().split()
    ticks = Path(f"/proc/{service}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") + sum(spent(int(child)) for child in children)


def measure(service: int, work: list[tuple[Callable[[Asked, Queue[Any]], None], Asked]]) -> dict[str, float]:
    """Let clients work at once, each in its process."""
    before, most, had = memory(service), 0, spent(service)
    queues: list[Queue[Any]] = [multiprocessing.Queue() for _ in work]
    clients = [
        multiprocessing.Process(target=what, args=(asked, q)) for (what, asked), q in zip(work, queues, strict=True)
    ]
    for one in clients:
        one.start()
    figures: dict[str, float] = {}
    while any(one.is_alive() for one in clients) and all(q.empty() for q in queues):
        most = max(most, memory(service))
        time.sleep(0.2)
    for (what, asked), q in zip(work, queues, strict=True):
        found = q.get()
        if what is pull:
            figures |= {"mb_a_second": round(found[0] / asked.seconds / 1e6), "connections": found[1]}
        else:
            steps = quantiles(found, n=100)
            figures |= {"pages_a_second": round(len(found) / asked.seconds), "p50_ms": round(steps[49] * 1e3, 1),
                        "p99_ms": round(steps[98] * 1e3, 1)}  # fmt: skip
    for one in clients:
        one.join()
    rss = {"before": before, "most": most, "after": memory(service)}
    figures["cores"] = round((spent(service) - had) / work[0][1].seconds, 2)
    return figures | {f"rss_mb_{when}": round(size / 1e6) for when, size in rss.items()}


def prepare(folder: Path) -> tuple[House, bytes, bytes]:
    """A house with a print file of 1 GB (its bytes are nothing but holes), and what the clients ask."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    house, _, ids = write_everything(folder / "home")
    file = next((house.desk.home / "batches" / ids.batch).glob("*.pdf"))
    with file.open("r+b") as large:
        large.truncate(GIGABYTE)
    token, inside = house.token(PRESS, Scope.BATCHES), house.session(CITY)
    where = f"/api/v1/batches/{ids.batch}/files/{file.name}"
    return house, request(where, token.headers), request(_AUDIT, inside.headers)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    house, pulled, page = prepare(given.folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-c", "from printjobs.cli import main; main()", "serve", "--port", str(port)]
    words += ["--processes", str(given.processes)]
    service = subprocess.Popen(words, env=environment(house.desk.home))
    try:
        time.sleep(5)  # until every process of it is there
        asks, pulls = (ask, Asked(port, page, given.seconds)), (pull, Asked(port, pulled, given.seconds))
        measure(service.pid, [(ask, Asked(port, page, 2))])  # what is made on first use is made
        office = (pull, Asked(port, pulled, given.seconds, LINE))
        works = {"pages": [asks], "files": [pulls], "both": [asks, pulls], "both, 1 Gbit/s": [asks, office]}
        for name, work in (works | {"pages again": [asks]}).items():
            told = {"what": name, "processes": given.processes} | measure(service.pid, work)
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    finally:
        service.terminate()
        service.wait()


if __name__ == "__main__":
    main()
