"""Runs to measure steps on: a council's made-up hand-ins taken in for real, or as many light rows as are asked for.

Every method of ``Desk`` is done in a process of its own (``measure.Child``), so nothing of it is warm elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from printjobs import reference, sample
from printjobs.core.kinds import PROPERTY_TAX, Kind
from printjobs.core.model import RunStatus, SubmissionStatus, UsageError
from printjobs.core.plan import Rules
from printjobs.pipeline import Context, Step, costing, gaiji, opening, rehearsal, run_step, settling, submitting
from printjobs.sample.gaiji import LIST
from printjobs.settings import Settings
from printjobs.store import production, runs, writing
from printjobs.store.models import Run
from printjobs.store.runs import change_status

from .measure import Clock, peak_mib
from .ours import Press

_YEAR, _SEED = 2026, 1
_ACCEPTED = "made up: "  # no such file: these rows are planned and reported, never printed


class Timed(NamedTuple):
    """How much was done in how many seconds."""

    done: int
    process: float
    wall: float

    @property
    def speed(self) -> float:
        """Things a second of process time."""
        return self.done / self.process


class Shape(NamedTuple):
    """A notice as planning sees it, to be copied."""

    city: str
    owner: str
    office: str
    zip: str
    sheets: int
    slips: bool
    inserts: int
    barcode: bool


class _Context(Context):
    """``file_pieces`` cuts print files as small as a small run needs to have as many as a large one."""

    def __init__(self, settings: Settings, file_pieces: int) -> None:
        super().__init__(settings)
        self._file_pieces = file_pieces

    def rules(self, kind: Kind) -> Rules:
        rules = super().rules(kind)
        return msgspec.structs.replace(rules, file_pieces=self._file_pieces) if self._file_pieces else rules


class Desk:
    """Works at one folder of stored files and its database."""

    def __init__(self, settings: Settings, file_pieces: int = 0) -> None:
        self._context = _Context(settings, file_pieces)

    def open(self) -> str:
        """A run of property tax; :class:`UsageError` when the database is somebody's own."""
        with self._context.engine.connect() as connection:
            if runs.run_ids(connection):
                raise UsageError(
                    "測定に使うデータベースが空ではありません。--database には空のデータベースを指定してください。"
                )
        run_id = opening.open_run(self._context, PROPERTY_TAX.code, _YEAR)
        self._context.layout(self._context.run(run_id))
        return run_id

    def take_in(self, folder: Path, scale: float) -> tuple[str, list[Timed]]:
        """Hand in and take in the data of all cities; the run, and the notices of each city in order of size."""
        order = sample.write_sample(folder, kind=PROPERTY_TAX.code, year=_YEAR, scale=scale, seed=_SEED).cities
        gaiji.import_list(self._context, folder / LIST)
        run_id, taken = self.open(), []
        for city in sorted(order, key=lambda code: order[code].notices):
            clock = Clock()
            with clock.running():
                told = submitting.submit(self._context, run_id, city, folder / city)
            taken.append(Timed(told.received, clock.process, clock.wall))
        return run_id, taken

    def shapes(self, run_id: str) -> list[Shape]:
        """The accepted notices of a run."""
        with self._context.engine.connect() as connection:
            return [
                Shape(n.city, n.owner, n.office, n.zip, n.sheets, n.slips, n.inserts, n.barcode)
                for n in production.plan_notices(connection, run_id)
            ]

    def fill(self, run_id: str, shapes: list[Shape], count: int) -> None:
        """Record ``count`` notices, copies of these with numbers and owners of their own."""
        with writing(self._context.engine) as connection:
            ids = {}
            for city in reference.cities():
                values = {"run_id": run_id, "city": city, "sha256": city, "inbox": _ACCEPTED + city}
                ids[city] = runs.add_submission(connection, values | {"status": SubmissionStatus.ACCEPTED})
            production.add_notices(connection, _rows(run_id, ids, shapes, count))

    def plan(self, run_id: str) -> tuple[Timed, list[str], float]:
        """The plan step: pieces in seconds, the print files, and the peak memory of a process that did only this."""
        clock = Clock()
        with clock.running():
            steps = run_step(self._context, Step("plan", (run_id,)))
        with self._context.engine.connect() as connection:
            pieces = sum(batch.pieces for batch in production.batches(connection, run_id))
        return Timed(pieces, clock.process, clock.wall), [step.ids[0] for step in steps], peak_mib()

    def price(self, run_id: str) -> tuple[Timed, float]:
        """The cost of a planned run from the database, split, with all coalitions: pieces in seconds, memory."""
        clock = Clock()
        with clock.running():
            costed = costing.cost(self._context, run_id)
            costing.as_values(costed)
        pieces = sum(lot.pieces for lot in costed.case.mail.lots) + sum(costed.case.mail.overseas.values())
        return Timed(pieces, clock.process, clock.wall), peak_mib()

    def make(self, run_id: str, count: int, folder: Path) -> None:
        """What all ways print: ``count`` notices of a run."""
        Press(self._context, run_id).make(count, folder)

    def warm(self, run_id: str, notices: int) -> None:
        """Load and draw what a process draws once, by rendering some notices of all cities."""
        press = Press(self._context, run_id)
        press.render(press.pieces(notices), self._context.files.home / "warm.pdf")

    def render(self, file_id: str) -> None:
        run_step(self._context, Step("render", (file_id,)))

    def check(self, file_id: str) -> Timed:
        """The read-back step of one print file: its pages in seconds."""
        clock = Clock()
        with clock.running():
            run_step(self._context, Step("check", (file_id,)))
        with self._context.engine.connect() as connection:
            return Timed(production.find_file(connection, file_id).pages, clock.process, clock.wall)

    def report(self, run_id: str, path: Path) -> int:
        """Release a planned run as if it had been printed, and write what the inserter says of it; the lines."""
        with writing(self._context.engine) as connection:
            for batch in production.batches(connection, run_id):
                production.batch_packaged(connection, batch.id, "")
                production.release_batch(connection, batch.id)
            for old, new in ((RunStatus.PLANNED, RunStatus.PACKAGED), (RunStatus.PACKAGED, RunStatus.RELEASED)):
                change_status(connection, Run, Run.id, run_id, old, new)
        return rehearsal.write_scans(self._context, run_id, path, _SEED)

    def load(self, run_id: str, path: Path) -> tuple[Timed, float]:
        """The scan step with the reprints that follow: lines in seconds, and the peak memory."""
        clock = Clock()
        with clock.running():
            settled = settling.load_scans(self._context, run_id, path)
        return Timed(settled.lines, clock.process, clock.wall), peak_mib()


def _rows(run_id: str, ids: dict[str, int], shapes: list[Shape], count: int) -> Iterator[dict[str, Any]]:
    for i in range(count):
        again, place = divmod(i, len(shapes))
        shape = shapes[place]
        yield shape._asdict() | {
            "submission_id": ids[shape.city], "run_id": run_id, "number": f"{i:010d}",
            "owner": f"{again:06x}{shape.owner[6:]}", "start": 0, "length": 0,
        }  # fmt: skip
