"""Clocks, memory, and child processes that are asked one thing at a time."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Pipe, wait
from pathlib import Path
from statistics import median
from typing import Any, Self

_MIB = 1 << 20


class Clock:
    """Seconds of the timed part: ``process`` of all processors that worked for it, ``wall`` of waiting for it."""

    def __init__(self) -> None:
        self.process = self.wall = 0.0

    def start(self) -> None:
        self._process, self._wall = _worked(), time.perf_counter()

    def stop(self) -> None:
        self.process += _worked() - self._process
        self.wall += time.perf_counter() - self._wall

    @contextmanager
    def running(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self.stop()


def _worked() -> float:
    """Processor seconds of this process and of those that it started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_mib() -> float:
    """The most memory that this process ever had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss also remembers the process that this one was started from
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / _MIB if sys.platform == "darwin" else used / 1024


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Median, least and most."""
    found = {"median": median(values), "min": min(values), "max": max(values)}
    return {name: round(value, digits) for name, value in found.items()}


class Child:
    """An object in a process of its own: ``ask`` calls one of its methods there and waits for what it returns.

    A fresh interpreter, which loads what the object needs and nothing else. A fault there is raised here, with its
    trace. When this process ends, the child ends too.
    """

    def __init__(self, make: Callable[..., Any], *values: Any) -> None:
        self._pipe, other = Pipe()
        command = [sys.executable, "-m", f"{__package__}.child", str(other.fileno())]
        self._process = subprocess.Popen(command, pass_fds=(other.fileno(),))  # noqa: S603 - ourselves
        other.close()
        self._pipe.send((make, values))
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pipe.close()
        if kind is not None:  # it may be in the middle of something long
            self._process.terminate()
        self._process.wait()

    def ask(self, method: str, *values: Any) -> Any:
        with suppress(BrokenPipeError):  # it has ended: what waits to be read says so
            self._pipe.send((method, values))
        return self._answer()

    def _answer(self) -> Any:
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise RuntimeError("a process of the benchmark was ended from outside, often for want of memory") from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @staticmethod
    def share(children: Sequence[Child], method: str, work: Sequence[Any]) -> None:
        """Let children do all of ``work``, each the next thing as soon as it is free."""
        waiting = iter(work)
        busy: dict[Any, Child] = {}
        free = list(children)
        while free or busy:
            for child in free:
                if (thing := next(waiting, None)) is not None:
                    child._pipe.send((method, (thing,)))  # noqa: SLF001 - of this class
                    busy[child._pipe] = child  # noqa: SLF001 - of this class
            free = [busy.pop(pipe) for pipe in wait(list(busy))] if busy else []
            for child in free:
                child._answer()  # noqa: SLF001 - of this class
