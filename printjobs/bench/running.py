"""Everything that docs/performance.md says, measured anew in one tree of processes."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import tempfile
import zlib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from . import composing, steps
from .composing import need_fpdf2

_LIBRARIES = (
    "reportlab", "pypdf", "fpdf2", "qrcode", "pillow", "pikepdf", "pypdfium2", "zxing-cpp", "uharfbuzz", "deflate",
    "msgspec", "sqlalchemy", "obstore",
)  # fmt: skip


class Sizes(NamedTuple):
    """How much is done of each.

    ``scale`` 1 is a year's property tax; ``few`` notices are what slow ways print, two processes share print files of
    ``cut`` pieces, and ``million`` is what plan and scans do.
    """

    scale: float
    cut: int
    notices: int
    few: int
    rounds: int
    memory_pages: int
    million: int
    long_rounds: int


_FULL = Sizes(0.05, 125, 1_200, 400, 5, 100_000, steps.MILLION, 3)
_QUICK = Sizes(0.0001, 100, 12, 4, 1, 200, 1_000, 1)


def run(*, quick: bool, database: str, say: Callable[[str], None]) -> dict[str, Any]:
    """All figures by their names in the documentation. ``quick`` tries whether it works: its figures mean nothing.

    ``database``: the URL of an empty PostgreSQL database that the scans are loaded into as well. UsageError when
    something that is compared with is not installed.
    """
    need_fpdf2()
    started, sizes = perf_counter(), _QUICK if quick else _FULL
    machine = _machine()
    with tempfile.TemporaryDirectory(prefix="printjobs-bench-") as name:
        folder = Path(name)
        say("8市のデータを作り、受け取っています。")
        run_id, taken, shapes = steps.intake(folder, sizes.scale)
        say("比べる頁を用意しています。")
        settings, pages = steps.here(folder / "council"), folder / "workload"
        composing.prepare(settings, run_id, sizes.notices, pages)
        found = composing.compare(settings, run_id, pages, sizes.few, sizes.rounds, say)
        say("長いファイルを書いて、メモリを測っています。")
        found["memory"] = composing.memory(settings, run_id, pages, sizes.memory_pages)
        found |= steps.two_processes(folder, run_id, sizes.cut, sizes.long_rounds, say) | taken
        say("計画を測っています。")
        found |= steps.plan(folder, shapes, sizes.million, sizes.long_rounds)
        for url in ("", database) if database else ("",):
            say("報告の取込みを測っています" + ("（PostgreSQL）。" if url else "（SQLite）。"))
            found |= steps.scans(folder, shapes, sizes.million, sizes.long_rounds, url)
        say("読み戻し検査を測っています。")
        found |= steps.read_back(folder, run_id)
    return found | {
        "quick": quick,
        "sizes": sizes._asdict(),
        "machine": machine,
        "versions": _versions(),
        "seconds": round(perf_counter() - started),
    }


def _machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was before."""
    return {
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0], "zlib": zlib.ZLIB_RUNTIME_VERSION, "sqlite": sqlite3.sqlite_version}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
