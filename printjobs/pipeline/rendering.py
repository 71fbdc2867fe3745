"""Render a print file from its records, and read it back before anyone else does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import msgspec

from printjobs import reference
from printjobs.core.model import BatchStatus, FileStatus, Notice
from printjobs.preflight import NEXT, PreflightError, contents, structure
from printjobs.render.printfile import FileJob, FilePiece, PlanDiffers, render_file, sheet_marks
from printjobs.store import production, writing
from printjobs.store.runs import Record

from .context import Context, Step
from .reading_back import Wants, job_of

_PIECES = 200  # read from the record files at a time


def file_key(file: Record) -> str:
    """Where a print file is stored: in its batch's folder, from which it is delivered."""
    return f"batches/{file.batch_id}/{file.id}.pdf"


def render(context: Context, file_id: str) -> list[Step]:
    """The render step. Done twice it writes the same bytes twice."""
    with context.engine.connect() as connection:
        file = production.find_file(connection, file_id)
        batch = production.find_batch(connection, file.batch_id)
    if file.status != FileStatus.PLANNED or batch.status == BatchStatus.WITHDRAWN:
        return [Step("check", (file_id,))] if file.status == FileStatus.RENDERED else []
    run = context.run(batch.run_id)
    profile = reference.vendor()
    job = _job(context, run, batch, file)
    with context.files.writer(file_key(file)) as sink:
        written = render_file(sink, context.layout(run), profile.mark, profile.print_.dpi, job, _pieces(context, file))
        if (written.pages, written.sheets) != (file.pages, file.sheets):  # law 3, before the file appears
            raise PlanDiffers(f"{file_id}: {written.pages} pages, planned {file.pages}")
    with writing(context.engine) as connection:
        production.file_rendered(connection, file_id, written.sha256, written.bytes)
    return [Step("check", (file_id,))]


def check(context: Context, file_id: str) -> list[Step]:
    """The read-back step: every page of the finished PDF taken apart and held against the plan and the records."""
    with context.engine.connect() as connection:
        file = production.find_file(connection, file_id)
        batch = production.find_batch(connection, file.batch_id)
    if batch.status == BatchStatus.WITHDRAWN:
        return []
    if file.status != FileStatus.RENDERED:
        return [Step("package", (batch.id,))] if file.status == FileStatus.CHECKED else []
    try:
        _read_back(context, file, batch)
    except PreflightError:
        _set_aside(context, file)
        raise
    with writing(context.engine) as connection:
        last = production.file_checked(connection, file_id, batch.id)
    return [Step("package", (batch.id,))] if last else []


def _set_aside(context: Context, file: Record) -> None:
    """Keep a refused file, by the hash that it has now, for whoever looks into it; ``run go`` writes it anew."""
    key = file_key(file)
    if context.files.exists(key):
        name = f"{file.id}-{context.files.sha256(key)[:16]}.pdf"
        with context.files.open(key) as source:
            context.files.take(source, f"refused/{file.batch_id}/{name}")
    with writing(context.engine) as connection:
        production.file_refused(connection, file.id)


def _read_back(context: Context, file: Record, batch: Record) -> None:
    """:class:`PreflightError` unless the stored file is whole, of its form, and says what plan and records say."""
    run = context.run(batch.run_id)
    job, layout, vendor = _job(context, run, batch, file), context.layout(run), reference.vendor()
    key = file_key(file)
    path = context.files.local_path(key)
    if not context.files.exists(key) or context.files.sha256(key) != file.sha256:
        raise PreflightError(
            f"{path.name} が組版の後で変わっているか、なくなっています。保管場所を調べてください。"
            "もう一度 run go を行うと作り直します。"
        )
    structure.check(path, job.form, reference.PAGES_PER_SHEET)
    wants = Wants(layout, job, vendor.check.one_in)
    pieces = wants.pieces(_pieces(context, file), file.first, file.last)
    pages = contents.check(path, job_of(layout, run.year), pieces)
    if pages != file.pages:
        raise PreflightError(f"{path.name} は{pages}頁で、計画の{file.pages}頁と違います。{NEXT}")


def _job(context: Context, run: Record, batch: Record, file: Record) -> FileJob:
    return FileJob(
        file_id=file.id,
        run=run.code,
        batch_id=batch.id,
        batch=batch.number,
        generation=batch.generation,
        by_hand=batch.sheet_class == 0,
        date=run.mailing_date,
        key=context.mark_key(run.id),
        form=reference.vendor().print_.file_form,
    )


def _pieces(context: Context, file: Record) -> Iterator[FilePiece]:
    """A file's pieces in order; a piece that begins a section knows how long the section is."""
    with context.engine.connect() as connection:
        rows = production.pieces(connection, file.batch_id, file.first, file.last)
        places = production.notice_places(connection, file.batch_id, file.first, file.last)
    sections = {}
    for _, same in groupby(rows, key=attrgetter("posting", "office")):
        section = list(same)
        sections[section[0].number] = len(section)
    by_piece = {number: list(same) for number, same in groupby(places, key=lambda p: p.piece)}
    for i in range(0, len(rows), _PIECES):
        part = rows[i : i + _PIECES]
        wanted = [place for row in part for place in by_piece.get(row.number, ())]
        notices = iter(read_notices(context, wanted))
        for row in part:
            own = [next(notices) for _ in by_piece.get(row.number, ())]
            if len(own) != row.notices:
                raise PlanDiffers(f"{file.id} piece {row.number}: {len(own)} notices, planned {row.notices}")
            begins = sections.get(row.number, 0)
            yield FilePiece(row.number, row.city, row.office, row.sheets, row.inserts, begins, own, row.posting)


def read_notices(context: Context, places: list[Record]) -> list[Notice]:
    """Notices from their record files by offset, in the order asked for."""
    decode = msgspec.msgpack.Decoder(Notice).decode
    found: dict[int, Notice] = {}
    by_file: dict[str, list[int]] = {}
    for i, place in enumerate(places):
        by_file.setdefault(place.records, []).append(i)
    for records, indices in by_file.items():
        starts, lengths = [places[i].start for i in indices], [places[i].length for i in indices]
        for i, data in zip(indices, context.files.ranges(records, starts, lengths), strict=True):
            notice = found[i] = decode(data)
            if notice.number != places[i].number:
                raise PlanDiffers(f"record file {records} does not hold what the database says")
    return [found[i] for i in range(len(places))]


def released_marks(context: Context, run: Record, batch: Record) -> Iterator[tuple[int, list[str]]]:
    """Number and sheet marks of every piece of a batch, as its camera would read them."""
    with context.engine.connect() as connection:
        files = production.files(connection, batch.id)
        rows = production.pieces(connection, batch.id)
    job = _job(context, run, batch, files[0])
    for row in rows:
        yield row.number, _marks(job, row)


def first_mark(context: Context, run: Record, batch: Record, piece: Record) -> str:
    """The mark of a piece's first sheet, by which somebody finds the envelope."""
    with context.engine.connect() as connection:
        files = production.files(connection, batch.id)
    return _marks(_job(context, run, batch, files[0]), piece)[0]


def _marks(job: FileJob, row: Record) -> list[str]:
    """What the marks of a piece's sheets say, in order."""
    piece = FilePiece(row.number, row.city, row.office, row.sheets, row.inserts, 0, [])
    return [text for _, text in sheet_marks(job, piece)]
