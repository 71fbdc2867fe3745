"""Our own way: notices into one print file by the real renderer; and the making of what all ways print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import msgspec

from printjobs import reference
from printjobs.core.model import SubmissionStatus
from printjobs.pipeline import Context
from printjobs.pipeline.rendering import read_notices
from printjobs.render.printfile import FileJob, FilePiece, render_file
from printjobs.settings import Settings
from printjobs.store import production, runs

from .contestant import OURS, Contestant
from .measure import Clock, peak_mib
from .pages import read_pages
from .workload import FORMS, INDEX, PAGES, PIECES, Index

_BATCH = 1


class Press:
    """The real renderer at a run's layout. Layout, faces and tables are loaded once a process, as in a worker."""

    def __init__(self, context: Context, run_id: str) -> None:
        self._context = context
        self._run = self._context.run(run_id)
        self._layout = self._context.layout(self._run)
        batch = f"{run_id}-B{_BATCH:03d}"
        self._job = FileJob(
            file_id=f"{batch}-F01", run=self._run.code, batch_id=batch, batch=_BATCH, generation=1, by_hand=False,
            date=self._run.mailing_date, key=self._context.mark_key(run_id),
        )  # fmt: skip

    def render(self, pieces: Iterable[FilePiece], path: Path) -> int:
        """Write one print file; its pages."""
        profile = reference.vendor()
        with path.open("wb") as sink:
            return render_file(sink, self._layout, profile.mark, profile.print_.dpi, self._job, pieces).pages

    def make(self, count: int, folder: Path) -> None:
        """Choose ``count`` notices evenly from the run, print them, and read off the PDF what stands on each page."""
        folder.mkdir()
        pieces, path = self.pieces(count), folder / "all.pdf"
        self.render(pieces, path)
        forms, pages = read_pages(path)
        counts = [2 * piece.sheets for piece in pieces]
        by_notice = (list(islice(pages, n)) for n in counts)
        index = Index(_write(folder / PIECES, pieces), _write(folder / PAGES, by_notice), counts)
        if next(pages, None) is not None:
            raise AssertionError("the print file has more pages than its pieces have")
        (folder / FORMS).write_bytes(msgspec.msgpack.encode(forms))
        (folder / INDEX).write_bytes(msgspec.msgpack.encode(index))

    def pieces(self, count: int) -> list[FilePiece]:
        """Notices of all cities, a piece each. Separators are left out: they are one page in a hundred."""
        with self._context.engine.connect() as connection:
            rows = runs.submissions(connection, self._run.id)
            cities = sorted(row.city for row in rows if row.status == SubmissionStatus.ACCEPTED)
            places = [p for city in cities for p in production.city_places(connection, self._run.id, city)]
        count = min(count, len(places))
        chosen = [places[i * len(places) // count] for i in range(count)]
        notices = read_notices(self._context, chosen)
        return [
            FilePiece(number, notice.city, "", place.sheets, 0, 0, [notice])
            for number, (place, notice) in enumerate(zip(chosen, notices, strict=True), start=1)
        ]


class Ours(Contestant):
    def __init__(self, folder: Path, settings: Settings, run_id: str) -> None:
        super().__init__(folder, OURS)
        self._press = Press(Context(settings), run_id)
        self._decode = msgspec.msgpack.Decoder(FilePiece).decode

    def write(self, chosen: Sequence[int], clock: Clock) -> None:
        with clock.running():
            self._press.render(self.workload.pieces(chosen, clock, self._decode), self.path)

    def many(self, pages: int) -> tuple[int, float]:
        """All notices over and over into one file of at least so many pages: its pages, and the peak memory."""
        clock, numbers, every = Clock(), count(1), range(len(self.workload))
        rounds = -(-pages // self.workload.page_count(every))
        again = (piece for _ in range(rounds) for piece in self.workload.pieces(every, clock, self._decode))
        with clock.running():
            written = self._press.render((piece._replace(number=next(numbers)) for piece in again), self.path)
        return written, peak_mib()


def _write(path: Path, things: Iterable[Any]) -> list[int]:
    """Write things one after the other; where each begins, and where the last ends."""
    starts = [0]
    with path.open("wb") as file:
        for thing in things:
            file.write(msgspec.msgpack.encode(thing))
            starts.append(file.tell())
    return starts
