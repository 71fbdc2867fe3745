"""The other steps of the job, measured on the real ones: intake, plan, rendering by two, read back, scans."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Any

from pydantic import SecretStr

from printjobs.settings import Settings

from .contestant import WARMING
from .council import Desk, Shape, Timed
from .measure import Child, spread

MILLION = 1_000_000
_MARGIN = 1.01  # rows more than reckoned, so that a million are a million


def here(folder: Path) -> Settings:
    """Settings of a folder of our own: SQLite, no server, and only the faces that every machine has."""
    return Settings(
        home=folder, database_url=SecretStr(""), redis_url=SecretStr(""), mj_font="none", gaiji_font="none",
        secret=SecretStr("a benchmark keeps no secret, and so its files are the same everywhere"),
    )  # fmt: skip


def intake(folder: Path, scale: float) -> tuple[str, dict[str, Any], list[Shape]]:
    """Take the hand-ins of all cities in, in ``folder``/council; the run, what was measured, and its notices."""
    with Child(Desk, here(folder / "council")) as desk:
        run_id, taken = desk.ask("take_in", folder / "handin", scale)
        shapes = desk.ask("shapes", run_id)
    _, *cities = taken  # the first has the postal codes and the layout read for the others
    speeds = spread([city.speed for city in cities])
    measured = {"notices": sum(city.done for city in cities), "cities": len(cities), "per_s_spread": speeds}
    return run_id, {"intake_per_s": speeds["median"], "intake": measured}, shapes


def two_processes(folder: Path, run_id: str, cut: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The render step of the same print files by one process and by two; seconds of wall time.

    Files are cut at ``cut`` pieces, so that a small run has as many as a large one: who is done last waits for one.
    """
    seconds: dict[int, list[float]] = {1: [], 2: []}
    files: list[str] = []
    for number in range(1, rounds + 1):
        for processes in (1, 2) if number % 2 else (2, 1):
            with _copy(folder / "council", folder / "planned") as home, ExitStack() as opened:
                with Child(Desk, here(home), cut) as planner:
                    _, files, _ = planner.ask("plan", run_id)
                workers = [opened.enter_context(Child(Desk, here(home))) for _ in range(processes)]
                for worker in workers:
                    worker.ask("warm", run_id, WARMING)
                started = perf_counter()
                Child.share(workers, "render", files)
                seconds[processes].append(perf_counter() - started)
            say(f"組版 {number}/{rounds}回目: {processes}プロセスで {seconds[processes][-1]:.1f}秒")
    ratios = spread([one / two for one, two in zip(seconds[1], seconds[2], strict=True)], 2)
    measured = {"files": len(files), "one_s": spread(seconds[1], 2), "two_s": spread(seconds[2], 2)}
    return {"two_process_ratio": ratios["median"], "two_process": {**measured, "ratio_spread": ratios}}


def read_back(folder: Path, run_id: str) -> dict[str, Any]:
    """The read-back step on print files of the usual size, one after the other in one process."""
    with _copy(folder / "council", folder / "rendered") as home:
        with Child(Desk, here(home)) as planner:
            _, files, _ = planner.ask("plan", run_id)
            for file in files:
                planner.ask("render", file)
        with Child(Desk, here(home)) as reader:
            read: list[Timed] = [reader.ask("check", file) for file in sorted(files)]
    first, *rest = read  # of which the first reads layout and tables for the others
    done = rest or [first]
    pages = sum(file.done for file in done)
    measured = {
        "files": len(done), "pages": pages, "per_s_spread": spread([file.speed for file in done]),
        "per_s_wall": round(pages / sum(file.wall for file in done), 1),
    }  # fmt: skip
    return {"readback_pages_per_s": round(pages / sum(file.process for file in done), 1), "readback": measured}


def plan(folder: Path, shapes: Sequence[Shape], pieces: int, rounds: int) -> dict[str, Any]:
    """The plan step with its database rows, for a run of at least so many pieces, and the cost of what was planned."""
    owners = len({(shape.city, shape.owner) for shape in shapes})
    count = ceil(pieces * len(shapes) / owners * _MARGIN)
    with Child(Desk, here(folder / "many")) as desk:
        run_id = desk.ask("open")
        desk.ask("fill", run_id, shapes, count)
    planned: list[tuple[Timed, float]] = []
    priced: list[tuple[Timed, float]] = []
    for _ in range(rounds):
        with _copy(folder / "many", folder / "many-planned") as home, Child(Desk, here(home)) as desk:
            timed, _, peak = desk.ask("plan", run_id)
            planned.append((timed, peak))
            with Child(Desk, here(home)) as treasurer:
                priced.append(treasurer.ask("price", run_id))
    shutil.rmtree(folder / "many")
    found: dict[str, Any] = {}
    for name, rounds_of in (("plan", planned), ("cost", priced)):
        done, peaks = zip(*rounds_of, strict=True)
        measured = {"pieces": done[0].done, "notices": count, **_seconds(done), "peak_mib": round(max(peaks), 1)}
        found |= {f"{name}_s_1m": _of_a_million(measured, done[0].done), name: measured}
    return found


def scans(folder: Path, shapes: Sequence[Shape], lines: int, rounds: int, database: str = "") -> dict[str, Any]:
    """The scan step for a report of at least so many lines, on SQLite or, once, in an empty ``database``."""
    owners = len({(shape.city, shape.owner) for shape in shapes})
    count = ceil(lines * len(shapes) / (owners + sum(shape.sheets for shape in shapes)) * _MARGIN)
    home, report = folder / "reported", folder / "report.csv"
    settings = here(home)
    if database:
        settings = settings.model_copy(update={"database_url": SecretStr(database)})
    with Child(Desk, settings) as desk:
        run_id = desk.ask("open")
        desk.ask("fill", run_id, shapes, count)
        desk.ask("plan", run_id)
        desk.ask("report", run_id, report)
    done: list[Timed] = []
    peaks: list[float] = []
    for _ in range(1 if database else rounds):
        with ExitStack() as opened:
            if not database:
                settings = here(opened.enter_context(_copy(home, folder / "reported-again")))
            timed, peak = opened.enter_context(Child(Desk, settings)).ask("load", run_id, report)
            done.append(timed)
            peaks.append(peak)
    shutil.rmtree(home, ignore_errors=True)  # there is none when the database is elsewhere
    report.unlink()
    measured = {"lines": done[0].done, "notices": count, **_seconds(done), "peak_mib": round(max(peaks), 1)}
    suffix = "_postgresql" if database else ""
    return {f"scan_s_1m{suffix}": _of_a_million(measured, done[0].done), f"scan{suffix}": measured}


@contextmanager
def _copy(home: Path, to: Path) -> Iterator[Path]:
    """A run as it stands, to do the next step on; gone afterwards, so that the step can be done again."""
    shutil.copytree(home, to)
    try:
        yield to
    finally:
        shutil.rmtree(to)


def _seconds(done: Sequence[Timed]) -> dict[str, Any]:
    return {"wall_s": spread([t.wall for t in done], 2), "process_s": spread([t.process for t in done], 2)}


def _of_a_million(measured: dict[str, Any], count: int) -> float | None:
    """The seconds waited, or nothing when it was not a million: nothing is reckoned up from less."""
    seconds: float = measured["wall_s"]["median"]
    return seconds if count >= MILLION else None
