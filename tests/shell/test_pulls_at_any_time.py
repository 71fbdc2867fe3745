"""Law 4 with pull orders: whatever is ordered, made anew, reported and posted when, every notice counts once.

The steps are the pipeline's own on a database of its own; only the printing between plan and release is left out.
"""

from __future__ import annotations

import csv
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from printjobs import store
from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.model import BatchStatus, FileStatus, Refused, RunStatus
from printjobs.pipeline import packaging, planning, pulling, run_step, settling, status, unfinished
from printjobs.pipeline.rendering import released_marks
from printjobs.reference.report_layout import STANDARD, report_layout
from printjobs.store import models, production, pulls, runs
from tests.handin import KUSATSU, RUN, Desk, HandIn, notice_number

NOTICES = 6


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six notices in four envelopes: two of one person, and two of another."""
    desk = Desk(tmp_path_factory.mktemp("template") / "home")
    assert desk("run", "open", PROPERTY_TAX.code, 2026).code == 0
    handin = HandIn(KUSATSU, NOTICES)
    rows = handin.tables["notices"]
    rows[2][1:9], rows[4][1:9] = rows[1][1:9], rows[3][1:9]
    assert desk.submit(handin).code == 0
    return desk.home


class House:
    """A run and what is done to it; after each deed every notice is where it must be."""

    def __init__(self, home: Path) -> None:
        self.desk = Desk(home)
        self.context = self.desk.context()
        self.reports = 0

    def close(self) -> None:
        self.context.engine.dispose()

    def pull(self, place: int) -> bool:
        """Whether the order was taken: only a mailed notice cannot be pulled."""
        before = self.held(place)
        try:
            pulling.order_pull(self.context, RUN, KUSATSU, notice_number(place), "other")
        except Refused:
            assert before == ["mailed"]
            return False
        return True

    def held(self, place: int) -> list[str]:
        """Statuses of the pieces that hold a notice now."""
        rows = self.desk.rows(
            "SELECT p.status FROM notice n JOIN placement l ON l.notice_id = n.id JOIN piece p"
            " ON (p.batch_id, p.number) = (l.batch_id, l.piece)"
            f" WHERE n.number = '{notice_number(place)}' AND p.status != 'superseded'"
        )
        return [status for (status,) in rows]

    def go(self) -> None:
        """``run go`` to its end, with every print file taken for made and every batch for sealed."""
        while steps := [s for s in unfinished(self.context, RUN) if s.name in ("plan", "replan", "reprint")]:
            run_step(self.context, steps[0])
        with store.writing(self.context.engine) as connection:
            for batch in production.batches(connection, RUN):
                for file in production.files(connection, batch.id) if batch.status == BatchStatus.PLANNED else ():
                    assert file.status == FileStatus.PLANNED
                    production.file_rendered(connection, file.id, "0" * 64, 1)
                    production.file_checked(connection, file.id, batch.id)
                if batch.status == BatchStatus.PLANNED:
                    production.batch_packaged(connection, batch.id, "0" * 64)
            packaging.run_packaged(connection, RUN)

    def release(self) -> None:
        with store.writing(self.context.engine) as connection:
            if pulls.unreleased(connection, RUN):
                return
            for batch in production.batches(connection, RUN):
                if batch.status == BatchStatus.PACKAGED:
                    production.release_batch(connection, batch.id)
                    runs.change_status(
                        connection, models.Run, models.Run.id, RUN, RunStatus.PACKAGED, RunStatus.RELEASED
                    )

    def report(self, seed: int, *, well: bool) -> None:
        """A report of what is out: when all goes ``well``, every piece is inserted or, if it is to be, diverted."""
        if self.context.run(RUN).status != RunStatus.RELEASED:
            return
        chance, self.reports = random.Random(seed), self.reports + 1
        path = self.desk.home.with_name(f"report-{self.reports}.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(report_layout(STANDARD).columns)
            writer.writerows(self._lines(chance, well=well))
            writer.writerow((self.reports, "sheet", "", "", "", "", ""))  # no report is another's bytes
        settling.load_scans(self.context, RUN, path)

    def _lines(self, chance: random.Random, *, well: bool) -> Iterator[tuple[object, ...]]:
        run = self.context.run(RUN)
        with self.context.engine.connect() as connection:
            batches = [b for b in production.batches(connection, RUN) if b.status == BatchStatus.RELEASED]
            pulled = {(e.batch_id, e.number) for e in pulls.envelopes(connection, RUN)}
            pieces = {(b.id, p.number): p.status for b in batches for p in production.pieces(connection, b.id)}
        for batch in batches:
            inserted = 0
            for number, marks in released_marks(self.context, run, batch):
                key = (batch.id, number)
                status = "diverted" if key in pulled else "inserted"
                if not well and (status := chance.choice([status, "inserted", "diverted", "spoiled", ""])) == "":
                    inserted += pieces[key] == "inserted"
                    continue
                if pieces[key] == "released":
                    yield from (("", "sheet", batch.number, number, mark, "", "") for mark in marks)
                if pieces[key] == "released" or key in pulled or not well:
                    yield "", "piece", batch.number, number, "", status, ""
                inserted += status == "inserted" and pieces[key] in ("released", "inserted") and key not in pulled
            if well or chance.random() < 0.5:
                yield "", "post", batch.number, "", "", "", inserted

    def check(self, ordered: set[int]) -> None:
        """The count equation, and by itself: each notice is in one envelope that stands, or pulled and in none."""
        with self.context.engine.connect() as connection:
            counted = status.counted(connection, RUN)
            planned = bool(production.batches(connection, RUN))
        assert all(one.figures.balanced for one in counted.values())
        assert counted[KUSATSU].figures.pulled == len(ordered)
        for place in range(1, NOTICES + 1):
            held = self.held(place)
            assert len(held) <= 1
            assert bool(held) or place in ordered or not planned
            assert ("pulled" in held) <= (place in ordered)
            assert not ("mailed" in held and place in ordered)


deeds = st.one_of(
    st.tuples(st.just("pull"), st.integers(1, NOTICES)),
    st.tuples(st.sampled_from(["go", "go", "release", "reprint"]), st.just(0)),
    st.tuples(st.just("report"), st.integers(0, 999)),
    st.tuples(st.just("good report"), st.integers(0, 999)),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(deeds, max_size=4), st.lists(deeds, max_size=10))
def test_every_notice_is_counted_once_whatever_is_pulled_when(
    template: Path, early: list[tuple[str, int]], late: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(template, home := Path(folder) / "home")
        house = House(home)
        ordered = set[int]()

        def do(deed: str, value: int) -> None:
            match deed:
                case "pull":
                    if len(ordered) < NOTICES - 1 and house.pull(value):
                        ordered.add(value)
                case "go":
                    house.go()
                case "release":
                    house.release()
                case "reprint":
                    planning.reprint(house.context, RUN, whatever=True)
                case _:
                    house.report(value, well=deed == "good report")
            house.check(ordered)

        for deed in [*early, ("go", 0), ("release", 0), *late]:
            do(*deed)
        for _ in range(4):  # then all goes well
            for deed in ("reprint", "go", "release", "good report"):
                do(deed, 0)
        ended = [house.held(place) for place in range(1, NOTICES + 1) if place not in ordered]
        assert ended == [["mailed"]] * len(ended)
        assert settling.all_posted(house.context, RUN)
        event(f"{len(ordered)} pulled")
        house.close()
