"""Our renderer and the other ways, each in its own process, in turn, on the same notices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from printjobs.core.model import UsageError
from printjobs.settings import Settings

from .contestant import FORMS, FORMS_READY, FPDF2, FPDF2_READY, OBVIOUS, OURS, WARMING, Made
from .council import Desk
from .measure import Child, spread
from .workload import Workload


def need_fpdf2() -> None:
    """:class:`UsageError` when fpdf2 is not installed: only developers have it."""
    if find_spec("fpdf") is None:
        raise UsageError(
            "比べる相手の fpdf2 がありません。make bench で行うか、requirements-dev.txt のとおりに入れてください。"
        )


def compare(
    settings: Settings, run_id: str, folder: Path, few: int, rounds: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Every way on the same notices; the slow ones on ``few`` of them, and ours on those few as well.

    A ratio is taken between two processes in the same round, over the same notices.
    """
    every = range(len(Workload(folder)))
    chosen = {"every": every, "some": every[:: max(1, len(every) // few)]}
    turns = [(OURS, "every"), (FORMS, "every"), (FORMS_READY, "every")]
    turns += [(OURS, "some"), (FPDF2, "some"), (FPDF2_READY, "some"), (OBVIOUS, "some")]
    made: defaultdict[tuple[str, str], list[Made]] = defaultdict(list)
    with ExitStack() as opened:
        ways = {way: opened.enter_context(child) for way, child in _children(settings, run_id, folder)}
        for child in ways.values():
            child.ask("round", every[:: max(1, len(every) // WARMING)])
        for number in range(1, rounds + 1):
            for way, which in turns if number % 2 else turns[::-1]:  # whoever comes later has a warmer machine
                made[way, which].append(ways[way].ask("round", chosen[which]))
                say(f"組版の比較 {number}/{rounds}回目: {way} {made[way, which][-1].speed:,.0f}頁/秒")
        peaks = {way: child.ask("peak") for way, child in ways.items()}
    ratios = {
        way: spread([o.speed / p.speed for o, p in zip(made[OURS, which], made[way, which], strict=True)], 2)
        for way, which in turns
        if way != OURS
    }
    listed = [
        _entry(way, made[way, which], made[OURS, which], peaks[way])
        for way, which in turns
        if (way, which) != (OURS, "some")
    ]
    return {
        "compose": listed,
        "ratios": {way: ratio["median"] for way, ratio in ratios.items()},
        "ratios_spread": ratios,
    }


def _children(settings: Settings, run_id: str, folder: Path) -> Iterator[tuple[str, Child]]:
    """Every way in its process. What a way needs is loaded by it alone, so none has the memory of another."""
    from .canvas import Obvious, ReportLabForms, ReportLabFormsReady
    from .fpdf2_pages import Fpdf2, Fpdf2Ready
    from .ours import Ours

    yield OURS, Child(Ours, folder, settings, run_id)
    peers = (
        (FORMS, ReportLabForms), (FORMS_READY, ReportLabFormsReady), (FPDF2, Fpdf2), (FPDF2_READY, Fpdf2Ready),
        (OBVIOUS, Obvious),
    )  # fmt: skip
    for way, kind in peers:
        yield way, Child(kind, folder)


def _entry(way: str, made: list[Made], ours: list[Made], peak: float) -> dict[str, Any]:
    """What one way did, beside what ours did on the same notices."""
    speeds = spread([m.speed for m in made])
    return {
        "way": way,
        "pages_per_s": speeds["median"],
        "bytes_per_page": round(made[0].bytes / made[0].pages, 1),
        "peak_mib": round(peak, 1),
        "pages": made[0].pages,
        "pages_per_s_spread": speeds,
        "pages_per_s_wall": spread([m.pages / m.wall for m in made]),
        "printjobs_pages_per_s": spread([m.speed for m in ours])["median"],
        "printjobs_bytes_per_page": round(ours[0].bytes / ours[0].pages, 1),
    }


def prepare(settings: Settings, run_id: str, count: int, folder: Path) -> None:
    """Make what all ways print: ``count`` notices of a run."""
    with Child(Desk, settings) as desk:
        desk.ask("make", run_id, count, folder)


def memory(settings: Settings, run_id: str, folder: Path, pages: int) -> dict[str, Any]:
    """The peak memory of a process of ours that writes one very long file."""
    from .ours import Ours

    with Child(Ours, folder, settings, run_id) as child:
        written, peak = child.ask("many", pages)
    return {"pages": written, "peak_mib": round(peak, 1)}
