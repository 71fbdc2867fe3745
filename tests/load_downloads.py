"""How the service bears many downloads at once: ``python -m tests.load_downloads [CONNECTIONS [GIBIBYTES]]``.

A server process of its own delivers one sparse file to as many connections as are asked for. What is told: bytes a
second, the server's CPU time for a gibibyte, and its memory before, at its highest and after. Not part of the suite.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from printjobs.pipeline import delivering
from printjobs.settings import Settings
from tests.shell.serving import serving
from tests.shell.vendors import VENDOR, Office, write_released

_BLOCK = 1 << 20


def memory_mib(process: int, what: str) -> float:
    """``VmRSS`` or ``VmHWM`` (the highest) of a process."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(f"{what}:"))


def cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(settings: Settings, told: Any, end: Any) -> None:
    with serving(settings) as url:
        told.put(url)
        end.wait()


def download(url: str, path: str, token: str, done: list[int], at: int) -> None:
    line = http.client.HTTPConnection(urlsplit(url).netloc)
    line.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = line.getresponse()
    assert answer.status == http.HTTPStatus.OK, answer.read()
    block = bytearray(_BLOCK)
    while count := answer.readinto(block):
        done[at] += count
    line.close()


def main(connections: int = 50, gibibytes: float = 1.0) -> None:
    with tempfile.TemporaryDirectory() as folder:
        office = Office(write_released(Path(folder) / "released"), Path(folder) / "home")
        batch, account = office.batches()[0], office.account()
        delivering.claim(office.context, batch, account, VENDOR, office.context.now())
        name, size = f"{batch}-F01.pdf", int(gibibytes * (1 << 30))
        os.truncate(office.desk.home / "batches" / batch / name, size)
        spawn = multiprocessing.get_context("spawn")
        told, end = spawn.Queue(), spawn.Event()
        server = spawn.Process(target=serve, args=(office.context.settings, told, end))
        server.start()
        url, token, process = told.get(), office.token(), server.pid or 0
        path = f"/api/v1/batches/{batch}/files/{name}"
        before, cpu, began = memory_mib(process, "VmRSS"), cpu_s(process), time.monotonic()
        done = [0] * connections
        threads = [threading.Thread(target=download, args=(url, path, token, done, at)) for at in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(10)
                sys.stdout.write(f"{time.monotonic() - began:6.0f} s  {sum(done) >> 20:7,} MiB  ")
                sys.stdout.write(f"{memory_mib(process, 'VmRSS'):.0f} MiB in memory\n")
        took, cpu = time.monotonic() - began, cpu_s(process) - cpu
        assert set(done) == {size}
        mib = sum(done) / (1 << 20)
        sys.stdout.write(f"{connections} connections, {mib:,.0f} MiB in {took:.1f} s: {mib / took:,.0f} MiB/s, ")
        sys.stdout.write(f"server CPU {cpu / mib * 1024:.2f} s/GiB; memory before {before:.0f}, highest ")
        sys.stdout.write(f"{memory_mib(process, 'VmHWM'):.0f}, after {memory_mib(process, 'VmRSS'):.0f} MiB\n")
        end.set()
        server.join()
        office.close()


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((int, float), sys.argv[1:], strict=False)))
