"""Proofs (校正): a few of a city's own notices, chosen for what breaks, marked 見本, behind an index for the signer.

A proof belongs to one hand-in: a new one has a new proof, and the same one has the same bytes however often
its proof is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import islice
from typing import NamedTuple

import msgspec
from PIL.Image import Image
from sqlalchemy import Connection

from printjobs import reference
from printjobs.core import proofing
from printjobs.core.model import Notice, Refused, SubmissionStatus
from printjobs.core.proofing import Sample
from printjobs.render import raster
from printjobs.render.composing import Composer
from printjobs.render.printfile import PlanDiffers
from printjobs.render.proof import overlay
from printjobs.render.writer import PdfWriter
from printjobs.store import approvals, production, runs
from printjobs.store.runs import Record

from . import gaiji
from .context import Context, Step
from .proof_index import About, Entry, index_pages

_NOTICES = 1_000  # read from the record file at a time


class Proof(msgspec.Struct, frozen=True):
    """What a proof is made of: kept beside it as JSON, and what ``printjobs proof --json`` shows.

    ``sha256`` is that of the PDF, which an approval names. ``file`` and ``pictures`` are keys of stored files.
    """

    run: str
    city: str
    submission: str
    records_sha256: str
    layout: str
    layout_sha256: str
    fonts_sha256: str
    profiles_sha256: str
    gaiji_version: int
    file: str
    sha256: str
    bytes: int
    pages: int
    notices: tuple[Entry, ...]
    absent: tuple[str, ...]
    pictures: tuple[str, ...]


class Standing(NamedTuple):
    """A hand-in that is to be printed, and the SHA-256 of its proof as it is stored now; empty without one."""

    submission: Record
    sha256: str


def proof_key(submission: Record, ending: str = ".pdf") -> str:
    """Where the proof of a hand-in is stored; with another ending, what belongs to it."""
    return f"proofs/{submission.run_id}/{submission.city}-{submission.sha256[:16]}{ending}"


def accepted(connection: Connection, run_id: str) -> dict[str, Record]:
    """By city, the hand-ins that have something to print: one accepted notice at least."""
    found = runs.submissions(connection, run_id)
    return {s.city: s for s in found if s.status == SubmissionStatus.ACCEPTED and s.notices > s.rejected}


def standing(context: Context, run_id: str) -> dict[str, Standing]:
    """By city, what waits to be signed or is, with the bytes of its proof read anew."""
    with context.engine.connect() as connection:
        found = accepted(connection, run_id)
    keys = {city: proof_key(submission) for city, submission in found.items()}
    return {
        city: Standing(submission, context.files.sha256(keys[city]) if context.files.exists(keys[city]) else "")
        for city, submission in found.items()
    }


def stored(context: Context, submission: Record) -> Proof | None:
    """The proof of a hand-in as it was made, if it was."""
    keys = proof_key(submission), proof_key(submission, ".json")
    if not all(map(context.files.exists, keys)):
        return None
    return msgspec.json.decode(context.files.read(keys[1]), type=Proof)


def proof(context: Context, run_id: str, city: str) -> list[Step]:
    """The proof step of one city. Done twice it writes the same bytes twice."""
    with context.engine.connect() as connection:
        wanted = city in accepted(connection, run_id)
    if wanted:
        make(context, run_id, city)
    return []


def make(context: Context, run_id: str, city: str) -> Proof:
    """Make a city's proof and store it: as soon as its hand-in is accepted, and again at any time.

    Raises :class:`Refused` for a city without an accepted notice.
    """
    run = context.run(run_id)
    name = reference.city(city).name
    with context.engine.connect() as connection:
        submission = accepted(connection, run_id).get(city)
    if submission is None:
        raise Refused(f"{name}には受け取った通知がありません。submit でデータを受け取ってから作ってください。")
    with context.engine.connect() as connection:
        meanings = gaiji.settled(context, connection, run, submission, submission.gaiji_version)
    samples = proofing.choose(context.kind(run.kind), _notices(context, submission), set(meanings.values()))
    pdf, made = _draw(context, run, submission, samples)
    return _store(context, submission, pdf, made)


def _notices(context: Context, submission: Record) -> Iterator[tuple[Notice, int]]:
    """Every accepted notice with its sheets, streamed: memory does not grow with the city."""
    decode = msgspec.msgpack.Decoder(Notice).decode
    with context.engine.connect() as connection:
        places = production.city_places(connection, submission.run_id, submission.city)
        while block := list(islice(places, _NOTICES)):
            start, end = block[0].start, block[-1].start + block[-1].length
            (data,) = context.files.ranges(submission.records, [start], [end - start])
            for place in block:
                notice = decode(data[place.start - start : place.start - start + place.length])
                if (place.records, place.number) != (submission.records, notice.number):
                    raise PlanDiffers(f"record file {submission.records} does not hold what the database says")
                yield notice, place.sheets


def _draw(context: Context, run: Record, submission: Record, samples: list[Sample]) -> tuple[bytes, Proof]:
    """The PDF, and what it is made of: an index first, then every page of every sample."""
    layout = context.layout(run)
    sides = [layout.sides(sample.notice) for sample in samples]
    about = About(
        run=run,
        submission=submission,
        kind=context.kind(run.kind),
        records_sha256=context.files.sha256(submission.records),
        absent=tuple(proofing.absent(context.kind(run.kind), samples)),
    )
    length, index = 0, index_pages(context.fonts, about, ())
    entries: tuple[Entry, ...] = ()
    while len(index) != length:  # where the notices begin depends on how long the index is
        length = len(index)
        entries = tuple(_entries(samples, [len(pages) for pages in sides], length))
        index = index_pages(context.fonts, about, entries)
    sink = BytesIO()
    writer = PdfWriter(sink, title=f"{run.id} {submission.city} proof", date=run.mailing_date)
    composer = Composer(layout, writer)
    for code, ink in index:
        writer.ink.add(ink)
        writer.add_page(code)
    for sample, entry, pages in zip(samples, entries, sides, strict=True):
        for page, side in enumerate(pages, start=entry.first):
            code = composer.page(sample.notice, side)
            place = f"{page}／{entries[-1].last}頁　通知書番号 {entry.number}"
            writer.add_page(code + overlay(layout.fonts, writer, place))
    writer.close()
    made = Proof(
        run=run.id,
        city=submission.city,
        submission=submission.sha256,
        records_sha256=about.records_sha256,
        layout=run.layout_version,
        layout_sha256=run.layout_sha256,
        fonts_sha256=run.fonts_sha256,
        profiles_sha256=run.profiles_sha256,
        gaiji_version=submission.gaiji_version,
        file=proof_key(submission),
        sha256=writer.sha256,
        bytes=writer.size,
        pages=writer.pages,
        notices=entries,
        absent=about.absent,
        pictures=(),
    )
    return sink.getvalue(), made


def _entries(samples: list[Sample], lengths: list[int], before: int) -> Iterator[Entry]:
    """Which pages of the proof each sample has, after ``before`` pages of index."""
    for sample, length in zip(samples, lengths, strict=True):
        yield Entry(sample.notice.number, before + 1, before + length, tuple(sample.reasons.values()))
        before += length


def _store(context: Context, submission: Record, pdf: bytes, made: Proof) -> Proof:
    """Store a proof, the PDF last: where it is, all of it is. One that was signed and differs is put aside."""
    folder = proof_key(submission, "")
    pictures: list[str] = []

    def put(name: str, picture: Image) -> None:
        pictures.append(f"{folder}/{name}.png")
        context.files.put(pictures[-1], raster.png(picture))

    pages = raster.pictures(pdf)
    for first in range(1, made.pages + 1, raster.PER_SHEET):
        part = list(islice(pages, raster.PER_SHEET))
        for number, page in enumerate(part, start=first):
            put(f"page-{number:03d}", page)
        put(f"sheet-{first // raster.PER_SHEET + 1:02d}", raster.contact_sheet(part, first, context.fonts.faces[0]))
    made = msgspec.structs.replace(made, pictures=tuple(pictures))
    withdraw(context, submission, made.sha256)
    described = msgspec.json.format(msgspec.json.encode(made), indent=1)
    context.files.put(proof_key(submission, ".json"), described)
    context.files.put(made.file, pdf)
    return made


def withdraw(context: Context, submission: Record, new_sha256: str = "") -> None:
    """Take the stored proof of a hand-in away, unless it is the new one itself.

    What a city signed stays to be seen beside it, also when the same files are read anew with another gaiji
    table, or drawn by a newer version of the program.
    """
    key = proof_key(submission)
    if not context.files.exists(key) or (before := context.files.sha256(key)) == new_sha256:
        return
    with context.engine.connect() as connection:
        signed = approvals.find(connection, submission.id, before)
    if signed:
        context.files.put(proof_key(submission, f"-signed-{before[:16]}.pdf"), context.files.read(key))
    with suppress(FileNotFoundError):  # somebody else was first
        context.files.delete(key)
