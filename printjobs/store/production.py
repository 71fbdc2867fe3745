"""Notices, pieces, batches and print files: what is planned, rendered, packaged and released."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from printjobs.core.model import BatchStatus, FileStatus, PieceStatus, SubmissionStatus, advance
from printjobs.core.plan import Piece as PlanPiece
from printjobs.core.plan import PlanNotice

from .bulk import insert_mappings, insert_rows
from .models import Batch, Notice, Piece, Placement, Posting, PrintFile, Submission, columns
from .runs import FETCHED, Record, change_status

_B, _F, _N, _P, _S = columns(Batch), columns(PrintFile), columns(Notice), columns(Piece), columns(Submission)
_G, _L = columns(Posting), columns(Placement)


def add_notices(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    insert_mappings(connection, Notice, rows)


def plan_notices(connection: Connection, run_id: str) -> Iterator[PlanNotice]:
    """Every accepted notice of a run as planning needs it.

    City, office and postal code are one string for all notices that have the same: a million copies would take
    190 MiB, and planning compares them many million times, which is quick when they are one.
    """
    one = dict[str, str]().setdefault
    rows = connection.execute(
        select(_N.id, _N.city, _N.number, _N.owner, _N.office, _N.zip, _N.sheets, _N.slips, _N.inserts, _N.barcode)
        .where(_N.run_id == run_id)
        .execution_options(yield_per=FETCHED)
    )
    for key, city, number, owner, office, code, *others in rows:
        yield PlanNotice(key, one(city, city), number, owner, one(office, office), one(code, code), *others)


def add_batch(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(Batch).values(**values))


def add_files(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    connection.execute(insert(PrintFile), list(rows))


def add_pieces(connection: Connection, batch_id: str, generation: int, pieces: Iterable[PlanPiece]) -> None:
    """Pieces of a batch, planned and numbered from 1."""
    names = (
        "batch_id", "number", "generation", "city", "office", "zip", "sheets", "inserts", "slips", "notices", "status",
        "barcode", "posting",
    )  # fmt: skip
    status = str(PieceStatus.PLANNED)
    rows = (
        (
            batch_id, n, generation, p.city, p.office, p.zip, p.sheets, p.inserts, p.slips, len(p.notices), status,
            p.barcode, p.posting,
        )
        for n, p in enumerate(pieces, start=1)
    )  # fmt: skip
    insert_rows(connection, Piece, names, rows)


def place_notices(connection: Connection, batch_id: str, generation: int, pieces: Iterable[PlanPiece]) -> None:
    """Say in which pieces of a batch, numbered from 1, their notices are; they are in none of this generation yet."""
    rows = ((notice, generation, batch_id, n) for n, p in enumerate(pieces, start=1) for notice in p.notices)
    insert_rows(connection, Placement, ("notice_id", "generation", "batch_id", "piece"), rows)


def add_postings(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """How a run is handed to the post, as it was planned; one row or more."""
    connection.execute(insert(Posting), list(rows))


def postings(connection: Connection, run_id: str) -> Sequence[Record]:
    """A run's postings by number; none before the plan, nor of a run that was planned before there were any."""
    return connection.execute(select(*_G).where(_G.run_id == run_id).order_by(_G.number)).all()


def batches(connection: Connection, run_id: str) -> Sequence[Record]:
    return connection.execute(select(*_B).where(_B.run_id == run_id).order_by(_B.number)).all()


def find_batch(connection: Connection, batch_id: str) -> Record:
    return connection.execute(select(*_B).where(_B.id == batch_id)).one()


def perhaps_batch(connection: Connection, batch_id: str) -> Record | None:
    """A batch by an id that somebody gave."""
    return connection.execute(select(*_B).where(_B.id == batch_id)).one_or_none()


def files(connection: Connection, batch_id: str) -> Sequence[Record]:
    return connection.execute(select(*_F).where(_F.batch_id == batch_id).order_by(_F.sequence)).all()


def find_file(connection: Connection, file_id: str) -> Record:
    return connection.execute(select(*_F).where(_F.id == file_id)).one()


def pieces(connection: Connection, batch_id: str, first: int = 1, last: int | None = None) -> Sequence[Record]:
    """Pieces of a batch by number, both ends included."""
    where = [_P.batch_id == batch_id, _P.number >= first]
    if last is not None:
        where.append(_P.number <= last)
    return connection.execute(select(*_P).where(*where).order_by(_P.number)).all()


def notice_places(connection: Connection, batch_id: str, first: int, last: int) -> Sequence[Record]:
    """Where the notices of these pieces are stored: piece, id, city, number, file, start, length; in print order."""
    return connection.execute(
        select(_L.piece, _N.id, _N.city, _N.number, _S.records, _N.start, _N.length)
        .select_from(Placement)
        .join(Notice, _N.id == _L.notice_id)
        .join(Submission, _N.submission_id == _S.id)
        .where(_L.batch_id == batch_id, _L.piece >= first, _L.piece <= last)
        .order_by(_L.piece, _N.number)
    ).all()


def city_places(connection: Connection, run_id: str, city: str) -> Iterator[Record]:
    """Where one city's accepted notices are stored, in the order of the record file; never held all."""
    yield from connection.execute(
        select(_N.number, _S.records, _N.start, _N.length, _N.sheets)
        .join(Submission, _N.submission_id == _S.id)
        .where(_N.run_id == run_id, _N.city == city)
        .order_by(_N.start)
        .execution_options(yield_per=FETCHED)
    )


def file_rendered(connection: Connection, file_id: str, sha256: str, size: int) -> bool:
    """Record a finished file; False when another worker was first (its bytes are the same)."""
    if not change_status(connection, PrintFile, _F.id, file_id, FileStatus.PLANNED, FileStatus.RENDERED):
        return False
    connection.execute(update(PrintFile).where(_F.id == file_id).values(sha256=sha256, bytes=size))
    return True


def file_checked(connection: Connection, file_id: str, batch_id: str) -> bool:
    """Record a file that was read back; True when it was the last of its batch.

    Two workers that finish the last two files at once must not each see the other's as open: the
    batch's row is locked first.
    """
    connection.execute(select(_B.id).where(_B.id == batch_id).with_for_update())
    change_status(connection, PrintFile, _F.id, file_id, FileStatus.RENDERED, FileStatus.CHECKED)
    return unchecked_files(connection, batch_id) == 0


def file_refused(connection: Connection, file_id: str) -> None:
    """Record that the read back refused a file: it is to be written anew."""
    change_status(connection, PrintFile, _F.id, file_id, FileStatus.RENDERED, FileStatus.PLANNED)


def unchecked_files(connection: Connection, batch_id: str) -> int:
    """Print files of a batch that are not read back yet: 0 means the batch can be packaged."""
    where = (_F.batch_id == batch_id, _F.status != FileStatus.CHECKED)
    return int(connection.execute(select(func.count()).select_from(PrintFile).where(*where)).scalar_one())


def batch_packaged(connection: Connection, batch_id: str, manifest_sha256: str) -> bool:
    """Record a sealed batch by its manifest, which names every other file by its own hash."""
    if not change_status(connection, Batch, _B.id, batch_id, BatchStatus.PLANNED, BatchStatus.PACKAGED):
        return False
    connection.execute(update(Batch).where(_B.id == batch_id).values(manifest_sha256=manifest_sha256))
    return True


def release_batch(connection: Connection, batch_id: str) -> bool:
    """Release a batch and its pieces together."""
    if not change_status(connection, Batch, _B.id, batch_id, BatchStatus.PACKAGED, BatchStatus.RELEASED):
        return False
    change_status(connection, Piece, _P.batch_id, batch_id, PieceStatus.PLANNED, PieceStatus.RELEASED)
    return True


def withdraw_batch(connection: Connection, batch: Record) -> bool:
    """Withdraw a batch that was not released: its pieces will not be made."""
    old = BatchStatus(batch.status)
    if not change_status(connection, Batch, _B.id, batch.id, old, BatchStatus.WITHDRAWN):
        return False
    change_status(connection, Piece, _P.batch_id, batch.id, PieceStatus.PLANNED, PieceStatus.SUPERSEDED)
    return True


def batch_posted(connection: Connection, batch_id: str) -> bool:
    return change_status(connection, Batch, _B.id, batch_id, BatchStatus.RELEASED, BatchStatus.POSTED)


def set_piece_statuses(connection: Connection, way: Sequence[PieceStatus], keys: Iterable[tuple[str, int]]) -> None:
    """Move pieces (batch id, number) from one status to another; by compare and set, neighbours together.

    ``way``: legal steps from the first status to the last. Only the last is written.
    """
    for old, new in pairwise(way):
        advance(old, new)
    statement = (
        update(Piece)
        .where(_P.batch_id == bindparam("in_batch"), _P.number.between(bindparam("first"), bindparam("last")))
        .where(_P.status == way[0])
        .values(status=way[-1])
    )
    ranges = ({"in_batch": batch, "first": first, "last": last} for batch, first, last in _ranges(keys))
    while some := list(islice(ranges, FETCHED)):
        connection.execute(statement, some)


def _ranges(keys: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int, int]]:
    """Batch id, first and last number of each run of neighbours, when the keys come in order; else of shorter runs."""
    batch, first, last = "", 0, 0
    for key, number in keys:
        if key == batch and number == last + 1:
            last = number
            continue
        if batch:
            yield batch, first, last
        batch, first, last = key, number, number
    if batch:
        yield batch, first, last


def pieces_with_status(connection: Connection, run_id: str, status: PieceStatus) -> Sequence[Record]:
    where = (_B.run_id == run_id, _P.status == status)
    query = select(*_P).join(Batch, _P.batch_id == _B.id).where(*where)
    return connection.execute(query.order_by(_P.batch_id, _P.number)).all()


def count_pieces(connection: Connection, run_id: str, status: PieceStatus) -> int:
    """How many pieces of a run have a status."""
    where = (_B.run_id == run_id, _P.status == status)
    query = select(func.count()).select_from(Piece).join(Batch, _P.batch_id == _B.id).where(*where)
    return int(connection.execute(query).scalar_one())


def released_pieces(connection: Connection, run_id: str) -> Iterator[Record]:
    """Every released piece of every generation: batch, number, sheets, generation, status; in order, never held all."""
    yield from connection.execute(
        select(_B.number.label("batch"), _P.number, _P.sheets, _P.generation, _P.status)
        .join(Batch, _P.batch_id == _B.id)
        .where(_B.run_id == run_id, _B.status.in_((BatchStatus.RELEASED, BatchStatus.POSTED)))
        .order_by(_B.number, _P.number)
        .execution_options(yield_per=FETCHED)
    )


def pieces_to_post(connection: Connection, run_id: str, statuses: Iterable[PieceStatus]) -> Iterator[Record]:
    """Every piece of a run with one of the statuses, as bundles are made of it; in order, never held all.

    Batch, its sheet class (0 by hand), number, posting, delivery office (empty abroad), sheets, inserts.
    """
    yield from connection.execute(
        select(_B.number.label("batch"), _B.sheet_class, _P.number, _P.posting, _P.office, _P.sheets, _P.inserts)
        .join(Batch, _P.batch_id == _B.id)
        .where(_B.run_id == run_id, _P.status.in_(tuple(statuses)))
        .order_by(_B.number, _P.number)
        .execution_options(yield_per=FETCHED)
    )


def notices_of_pieces(connection: Connection, run_id: str, status: PieceStatus) -> dict[tuple[str, int], list[int]]:
    """Notice ids of the pieces with a status, by (batch id, piece number), in print order."""
    rows = connection.execute(
        select(_L.batch_id, _L.piece, _N.id)
        .select_from(Placement)
        .join(Piece, (_L.batch_id == _P.batch_id) & (_L.piece == _P.number))
        .join(Batch, _P.batch_id == _B.id)
        .join(Notice, _N.id == _L.notice_id)
        .where(_B.run_id == run_id, _P.status == status)
        .order_by(_L.batch_id, _L.piece, _N.number)
    )
    found: dict[tuple[str, int], list[int]] = {}
    for batch_id, piece, notice_id in rows:
        found.setdefault((batch_id, piece), []).append(notice_id)
    return found


def city_counts(connection: Connection, run_id: str) -> Sequence[Record]:
    """Pieces, sheets and notices by city and status, superseded generations left out."""
    return connection.execute(
        select(_P.city, _P.status, func.count().label("pieces"), func.sum(_P.sheets).label("sheets"),
               func.sum(_P.notices).label("notices"))
        .join(Batch, _P.batch_id == _B.id)
        .where(_B.run_id == run_id, _P.status != PieceStatus.SUPERSEDED)
        .group_by(_P.city, _P.status)
    ).all()  # fmt: skip


def lot_counts(connection: Connection, run_id: str) -> Sequence[Record]:
    """Pieces and notices by all that their price depends on, superseded generations included.

    City, status, sheet class (0 by hand), form, sheets, inserts, delivery office (empty abroad), customer barcode, and
    the posting that they were planned for.
    """
    own = (_P.slips, _P.sheets, _P.inserts, _P.office, _P.barcode, _P.posting)
    by = (_P.city, _P.status, _B.sheet_class, *own)
    return connection.execute(
        select(*by, func.count().label("pieces"), func.sum(_P.notices).label("notices"))
        .join(Batch, _P.batch_id == _B.id)
        .where(_B.run_id == run_id)
        .group_by(*by)
        .order_by(*by)
    ).all()


def notice_counts(connection: Connection, run_id: str) -> dict[str, int]:
    """Accepted notices by city."""
    rows = connection.execute(
        select(_N.city, func.count())
        .join(Submission, _N.submission_id == _S.id)
        .where(_N.run_id == run_id, _S.status == SubmissionStatus.ACCEPTED)
        .group_by(_N.city)
    )
    return {city: int(count) for city, count in rows}
