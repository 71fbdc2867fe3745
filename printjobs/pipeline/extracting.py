"""The very pages that were printed for a notice, for the clerk at the counter who is asked about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.marks import sheet
from printjobs.core.model import BatchStatus, FileStatus, Refused, UsageError
from printjobs.render.extract import About, take_pages, texts
from printjobs.render.printfile import PlanDiffers
from printjobs.store import lookup, production, runs, writing
from printjobs.store.runs import Record

from .context import Context
from .rendering import file_key

_HALF = f"([{sheet.ALPHABET}]{{{sheet.LENGTH // 2}}})"
_MARK = re.compile(rf"(?={_HALF}\s*{_HALF})")  # in two lines below its symbol; looked for at every place
_TOLD = 16  # characters of a SHA-256 on paper


class Extract(NamedTuple):
    """A copy of one notice. ``first`` and ``last`` are sheets of its piece, ``of`` how many sheets the piece has.

    ``sha256`` is that of the whole print file, ``status`` the piece's.
    """

    run: str
    city: str
    number: str
    batch: str
    generation: int
    file: str
    sha256: str
    piece: int
    first: int
    last: int
    of: int
    pages: int
    status: str
    pdf: bytes

    @property
    def name(self) -> str:
        """What the copy's file is called; no name of a person, no address."""
        return f"{self.run}-{self.city}-{self.number}-g{self.generation}.pdf"


class _Place(NamedTuple):
    """Where a notice is: its piece, batch and print file, the file's page it begins at, and its sheets of the piece."""

    notice: Record
    piece: Record
    batch: Record
    file: Record
    page: int
    per_sheet: int
    sheets: range


def extract(context: Context, run_id: str, number: str, city: str = "", generation: int | None = None) -> Extract:
    """The pages of a notice as they stand in the print file of a generation, each marked as a copy; of the newest.

    That it was done is recorded in the run's events. Raises :class:`UsageError` for a number that the run does not
    have or that more than one city has, and for a generation that the notice has not, :class:`Refused` for a notice
    that is not printed (rejected, or not yet planned or checked) and for a print file whose bytes are no longer those
    that were checked.
    """
    run = context.run(run_id)
    with context.engine.connect() as connection:
        notice = _of_generation(_find(connection, run_id, number, city), generation)
        place = _place(connection, notice)
    key = file_key(place.file)
    if not context.files.exists(key):
        raise Refused(f"印刷ファイル {place.file.id} がなくなっています。保管場所の控えから戻してください。")
    if context.files.sha256(key) != place.file.sha256:
        raise Refused(
            f"印刷ファイル {place.file.id} が検査の後で変わっています。印刷したものとは言えないので、取り出しません。"
            "保管場所を調べ、控えから戻してください。"
        )
    lines = list(_lines(place))
    about = About(
        title=f"写し {run_id} {notice.city} {number} 第{place.piece.generation}世代",
        subject=f"印刷ファイル {place.file.id} SHA-256 {place.file.sha256}",
        date=run.mailing_date,
    )
    with context.files.local_path(key).open("rb") as source:
        pdf = take_pages(source, place.page, lines, context.fonts.chains["gothic"], about)
    _prove(context, run, place, texts(pdf))
    made = _told(run, place, pdf)
    with writing(context.engine) as connection:  # before anybody has the pages: reading them leaves a trace
        detail = f"notice {number} file {made.file} piece {made.piece} pages {made.pages}"
        runs.add_event(connection, run_id, context.now(), "extract", made.city, detail)
    return made


def _find(connection: Connection, run_id: str, number: str, city: str) -> list[Record]:
    """The one accepted notice that is meant, by generation; a rejected one of another city makes it ambiguous too."""
    cities = [reference.city(city).code] if city else list(reference.cities())
    rows = lookup.find_notices(connection, run_id, cities, number)
    found = {code: list(same) for code, same in groupby(rows, key=lambda row: row.city)}
    problems = runs.problems(connection, run_id)
    wanted = [p for p in problems if p.notice_number == number and p.city in cities and p.city not in found]
    rejected = {p.city: p for p in reversed(wanted)}  # the first of its problems
    having = sorted(found.keys() | rejected.keys())
    if not having:
        where = f"{reference.city(city).name}に" if city else ""
        raise UsageError(
            f"回 {run_id} の{where}通知書番号 {number} はありません。回、市、番号（前の0も）を確かめてください。"
        )
    if len(having) > 1:
        told = "、".join(f"{code} {reference.city(code).name}" for code in having)
        raise UsageError(f"通知書番号 {number} は次の市にあります。--city で市を指定してください: {told}")
    if not found:
        (problem,) = rejected.values()
        raise Refused(
            f"{reference.city(problem.city).name}の通知書番号 {number} は、データに問題があってはじいたので、"
            f"印刷していません。理由: {problem.file} {problem.row}行 {problem.column}: {problem.message}"
        )
    return found[having[0]]


def _of_generation(notice: list[Record], wanted: int | None) -> Record:
    """The newest generation of a notice, or the one that is wanted."""
    *_, newest = notice
    if wanted is None or newest.batch_id is None:
        return newest
    for row in notice:
        if row.generation == wanted:
            return row
    raise UsageError(
        f"通知書番号 {newest.number} の第{wanted}世代はありません。"
        f"--generation で指定できるもの: {'、'.join(str(row.generation) for row in notice)}"
    )


def _place(connection: Connection, notice: Record) -> _Place:
    """Where the notice was printed, counted as the print file was cut: a separator at each posting and office."""
    if notice.batch_id is None:
        raise Refused(
            f"通知書番号 {notice.number} は受け取っていますが、まだ印刷していません。run go の後で取り出してください。"
        )
    batch = production.find_batch(connection, notice.batch_id)
    if batch.status == BatchStatus.WITHDRAWN:
        raise Refused(
            f"通知書番号 {notice.number} の第{notice.generation}世代は、引渡しの前に引抜きのため取り下げました。"
            "印刷していないので、取り出すものはありません。"
        )
    files = production.files(connection, batch.id)
    file = next(f for f in files if f.first <= notice.piece <= f.last)
    if file.status != FileStatus.CHECKED:
        again = "作り直しを決めた通知で、" if batch.generation > 1 else ""
        raise Refused(
            f"通知書番号 {notice.number} は{again}印刷ファイル {file.id} の組版と検査がまだすんでいません。"
            "run go の後で取り出してください。"
        )
    *earlier, piece = production.pieces(connection, batch.id, file.first, notice.piece)
    separators = sum(1 for _ in groupby([*earlier, piece], key=attrgetter("posting", "office")))
    before = 0
    for own in lookup.notices_of_piece(connection, batch.id, piece.number):
        if own.number == notice.number:
            break
        before += own.sheets
    per_sheet = file.pages // file.sheets
    page = (separators + sum(p.sheets for p in earlier) + before) * per_sheet
    return _Place(notice, piece, batch, file, page, per_sheet, range(before + 1, before + notice.sheets + 1))


def _lines(place: _Place) -> Iterator[str]:
    """What each page says of itself in its top margin."""
    file = f"バッチ {place.batch.id}　印刷ファイル {place.file.id.removeprefix(f'{place.batch.id}-')}"
    sides = ("（表）", "（裏）") if place.per_sheet == 2 else ("",)
    for number in place.sheets:
        for side in sides:
            yield (
                f"写し　{file}　第{place.piece.generation}世代　封筒番号 {place.piece.number}　"
                f"{number}枚目／{place.piece.sheets}枚{side}　SHA-256 {place.file.sha256[:_TOLD]}…"
            )


def _prove(context: Context, run: Record, place: _Place, pages: list[str]) -> None:
    """The mark of every sheet says this piece and sheet, and the number of the notice stands on the pages.

    Somebody else's page in a clerk's hand is the accident that must not happen; here our own counting is proven.
    """
    key = context.mark_key(run.id)
    for number, text in zip(place.sheets, pages[:: place.per_sheet], strict=True):
        said = [mark for found in _MARK.finditer(text) if (mark := sheet.decode(found[1] + found[2], key))]
        wanted = (run.code, place.batch.number, place.piece.number, number, place.piece.sheets, place.batch.generation)
        if [(m.run, m.batch, m.piece, m.sheet, m.of, m.generation) for m in said] != [wanted]:
            raise PlanDiffers(f"{place.file.id} page {place.page}: not sheet {number} of piece {place.piece.number}")
    if not re.search(rf"(?<!\d){place.notice.number}(?!\d)", "\n".join(pages)):
        raise PlanDiffers(f"{place.file.id} page {place.page}: another notice of piece {place.piece.number}")


def _told(run: Record, place: _Place, pdf: bytes) -> Extract:
    return Extract(
        run=run.id,
        city=place.notice.city,
        number=place.notice.number,
        batch=place.batch.id,
        generation=place.piece.generation,
        file=place.file.id,
        sha256=place.file.sha256,
        piece=place.piece.number,
        first=place.sheets[0],
        last=place.sheets[-1],
        of=place.piece.sheets,
        pages=len(place.sheets) * place.per_sheet,
        status=place.piece.status,
        pdf=pdf,
    )
