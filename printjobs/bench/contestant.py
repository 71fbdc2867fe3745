"""What every way has in common: a process of its own, the chosen notices, one file, a clock."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .measure import Clock, peak_mib
from .workload import Workload

OURS, FORMS, FPDF2, OBVIOUS = "printjobs", "reportlab_forms", "fpdf2", "obvious"
FORMS_READY, FPDF2_READY = "reportlab_forms_ready_marks", "fpdf2_ready_marks"
WARMING = 24  # notices, of all cities, that are printed before anything is measured


class Made(NamedTuple):
    """One file as one way wrote it."""

    pages: int
    bytes: int
    process: float
    wall: float

    @property
    def speed(self) -> float:
        """Pages a second of process time."""
        return self.pages / self.process


class Contestant(ABC):
    """One way. What it loads here is loaded once a process and not timed."""

    def __init__(self, folder: Path, way: str) -> None:
        self.workload = Workload(folder)
        self.path = folder / f"{way}.pdf"

    @abstractmethod
    def write(self, chosen: Sequence[int], clock: Clock) -> None:
        """Print the chosen notices into ``path``, the clock running meanwhile."""

    def round(self, chosen: Sequence[int]) -> Made:
        gc.collect()  # what the round before left behind is not for this one to clear up
        clock = Clock()
        self.write(chosen, clock)
        return Made(self.workload.page_count(chosen), self.path.stat().st_size, clock.process, clock.wall)

    def peak(self) -> float:
        return peak_mib()
