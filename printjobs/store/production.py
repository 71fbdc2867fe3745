"""Notices, pieces, batches and print files: what is planned, rendered, packaged and released."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from printjobs.core.model import BatchStatus, FileStatus, PieceStatus, SubmissionStatus, advance
from printjobs.core.plan import PlanNotice

from .models import Batch, Notice, Piece, PrintFile, Submission, columns
from .runs import Record, change_status, insert_many

_FETCHED = 1_000  # rows of a long answer at a time
_B, _F, _N, _P, _S = columns(Batch), columns(PrintFile), columns(Notice), columns(Piece), columns(Submission)


def add_notices(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    insert_many(connection, Notice, rows)


def plan_notices(connection: Connection, run_id: str) -> Iterator[PlanNotice]:
    """Every accepted notice of a run as planning needs it."""
    rows = connection.execute(
        select(_N.id, _N.city, _N.number, _N.owner, _N.office, _N.zip, _N.sheets, _N.slips, _N.inserts).where(
            _N.run_id == run_id
        )
    )
    return (PlanNotice(*row) for row in rows)


def add_batch(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(Batch).values(**values))


def add_files(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    insert_many(connection, PrintFile, rows)


def add_pieces(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    insert_many(connection, Piece, rows)


def place_notices(connection: Connection, placed: Iterable[Mapping[str, Any]]) -> None:
    """Say which piece each notice is in: rows of ``notice``, ``in_batch``, ``in_piece``."""
    statement = (
        update(Notice)
        .where(_N.id == bindparam("notice"))
        .values(batch_id=bindparam("in_batch"), piece=bindparam("in_piece"))
    )
    rows = list(placed)
    for i in range(0, len(rows), 20_000):
        connection.execute(statement, rows[i : i + 20_000])


def batches(connection: Connection, run_id: str) -> Sequence[Record]:
    return connection.execute(select(*_B).where(_B.run_id == run_id).order_by(_B.number)).all()


def find_batch(connection: Connection, batch_id: str) -> Record:
    return connection.execute(select(*_B).where(_B.id == batch_id)).one()


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
    """Where the notices of these pieces are stored: piece, city, records file, start, length; in print order."""
    return connection.execute(
        select(_N.piece, _N.city, _N.number, _S.records, _N.start, _N.length)
        .join(Submission, _N.submission_id == _S.id)
        .where(_N.batch_id == batch_id, _N.piece >= first, _N.piece <= last)
        .order_by(_N.piece, _N.number)
    ).all()


def city_places(connection: Connection, run_id: str, city: str) -> Iterator[Record]:
    """Where one city's accepted notices are stored, in the order of the record file; never held all."""
    yield from connection.execute(
        select(_N.number, _S.records, _N.start, _N.length, _N.sheets)
        .join(Submission, _N.submission_id == _S.id)
        .where(_N.run_id == run_id, _N.city == city)
        .order_by(_N.start)
        .execution_options(yield_per=_FETCHED)
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


def batch_posted(connection: Connection, batch_id: str) -> bool:
    return change_status(connection, Batch, _B.id, batch_id, BatchStatus.RELEASED, BatchStatus.POSTED)


def set_piece_statuses(
    connection: Connection, changes: Mapping[tuple[PieceStatus, PieceStatus], Sequence[tuple[str, int]]]
) -> None:
    """Move pieces (batch id, number) from one status to another; a legal step, by compare and set."""
    for (old, new), keys in changes.items():
        statement = (
            update(Piece)
            .where(_P.batch_id == bindparam("in_batch"), _P.number == bindparam("in_piece"), _P.status == old)
            .values(status=advance(old, new))
        )
        rows = [{"in_batch": batch, "in_piece": number} for batch, number in keys]
        for i in range(0, len(rows), 20_000):
            connection.execute(statement, rows[i : i + 20_000])


def pieces_with_status(connection: Connection, run_id: str, status: PieceStatus) -> Sequence[Record]:
    where = (_P.run_id == run_id, _P.status == status)
    return connection.execute(select(*_P).where(*where).order_by(_P.batch_id, _P.number)).all()


def run_pieces(connection: Connection, run_id: str) -> Sequence[Record]:
    """Every piece of every generation: batch number, piece number, sheets, generation, status."""
    return connection.execute(
        select(*_P, _B.number.label("batch"), _B.sheet_class)
        .join(Batch, _P.batch_id == _B.id)
        .where(_P.run_id == run_id)
        .order_by(_B.number, _P.number)
    ).all()


def notices_of_pieces(connection: Connection, run_id: str, status: PieceStatus) -> dict[tuple[str, int], list[int]]:
    """Notice ids of the pieces with a status, by (batch id, piece number), in print order."""
    rows = connection.execute(
        select(_N.batch_id, _N.piece, _N.id, _N.number)
        .join(Piece, (_N.batch_id == _P.batch_id) & (_N.piece == _P.number))
        .where(_N.run_id == run_id, _P.status == status)
        .order_by(_N.batch_id, _N.piece, _N.number)
    )
    found: dict[tuple[str, int], list[int]] = {}
    for batch_id, piece, notice_id, _ in rows:
        found.setdefault((batch_id, piece), []).append(notice_id)
    return found


def city_counts(connection: Connection, run_id: str) -> Sequence[Record]:
    """Pieces, sheets and notices by city and status, superseded generations left out."""
    return connection.execute(
        select(_P.city, _P.status, func.count().label("pieces"), func.sum(_P.sheets).label("sheets"),
               func.sum(_P.notices).label("notices"))
        .where(_P.run_id == run_id, _P.status != PieceStatus.SUPERSEDED)
        .group_by(_P.city, _P.status)
    ).all()  # fmt: skip


def notice_counts(connection: Connection, run_id: str) -> dict[str, int]:
    """Accepted notices by city."""
    rows = connection.execute(
        select(_N.city, func.count())
        .join(Submission, _N.submission_id == _S.id)
        .where(_N.run_id == run_id, _S.status == SubmissionStatus.ACCEPTED)
        .group_by(_N.city)
    )
    return {city: int(count) for city, count in rows}
