"""Pull orders (引抜き): a city says that a notice must not be mailed, at any time until it is.

What was not released is planned without it. What the vendor has stands on its pull list until it is reported
diverted; the count equation has the order as its pulled side from the moment it is given.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.marks import sheet
from printjobs.core.model import BatchStatus, NotFound, PieceStatus, Refused, RunStatus, UsageError
from printjobs.store import lookup, production, pulls, runs, writing
from printjobs.store.runs import Record

from . import spreadsheets
from .context import Context
from .rendering import first_mark

_COLUMNS = ("引抜き番号", "バッチ", "封筒番号", "世代", "枚数", "1枚目のQR", "指示", "抜取り報告")


class Pulled(NamedTuple):
    """A recorded order. ``again``: it was there before, and nothing was changed; ``at``: ISO, UTC.

    ``batch`` and ``piece``: the envelope that the vendor has to take out, empty and 0 when it has none.
    ``to_do``: ``run go`` has something to make anew.
    """

    id: int
    run: str
    city: str
    number: str
    reason: str
    at: str
    batch: str
    piece: int
    again: bool
    to_do: bool


class PullLine(NamedTuple):
    """An envelope on the vendor's pull list: no notice, no reason. Times are ISO, UTC; ``diverted_at`` may be empty.

    ``id`` is that of the first order for it, ``mark`` what the mark of its first sheet says.
    """

    id: int
    batch: str
    piece: int
    generation: int
    sheets: int
    mark: str
    ordered_at: str
    diverted_at: str


class _Envelope(NamedTuple):
    """What the vendor has to take out, and since when it has; nothing when ``batch_id`` is empty."""

    batch_id: str
    piece: int
    diverted_at: datetime | None


_NONE = _Envelope("", 0, None)


def order_pull(context: Context, run_id: str, city: str, number: str, reason: str) -> Pulled:
    """Record that a notice is not to be mailed; ordered twice it is one order, the first.

    Raises :class:`NotFound` for a number that the city has not handed in, :class:`Refused` for a notice that was
    set aside, and for one that is mailed.
    """
    context.run(run_id)
    name = reference.city(city).name
    if reason not in (known := reference.pull_reasons()):
        told = "、".join(f"{code}（{word}）" for code, word in known.items())
        raise UsageError(f"引抜きの理由 {reason} はありません。次から選んでください: {told}")
    with writing(context.engine) as connection:
        status = runs.lock_run(connection, run_id)  # nothing is planned, released or reported meanwhile
        again = pulls.find(connection, run_id, city, number) is not None
        if not again:
            place = _place(connection, run_id, city, number, name)
            envelope = _NONE if status == RunStatus.OPEN else _take_out(connection, run_id, place)
            now = context.now()
            values = {"run_id": run_id, "city": city, "number": number, "reason": reason, "ordered_at": now}
            order_id = pulls.add(connection, values | envelope._asdict())
            at = f" {envelope.batch_id} piece {envelope.piece}" if envelope.batch_id else ""
            runs.add_event(connection, run_id, now, "pull", city, f"order {order_id}{at}")
        order = pulls.find(connection, run_id, city, number)
        waiting = pulls.unreleased(connection, run_id)
        assert order is not None
        envelope_now = production.pieces(connection, order.batch_id, order.piece, order.piece)
    to_do = bool(waiting) or any(piece.status == PieceStatus.SPOILED for piece in envelope_now)
    own = (order.id, run_id, city, number, order.reason, _iso(order.ordered_at), order.batch_id, order.piece)
    return Pulled(*own, again, to_do)


def _place(connection: Connection, run_id: str, city: str, number: str, name: str) -> Record:
    """Where the notice is, newest generation; batch and piece are None before planning."""
    if found := lookup.find_notices(connection, run_id, [city], number):
        return found[-1]
    if any(p.city == city and p.notice_number == number for p in runs.problems(connection, run_id)):
        raise Refused(
            f"{name}の通知書番号 {number} は、データに問題があってはじいたので、印刷しません。"
            "引抜きの指示は要りません。出し直すデータからは除いてください。"
        )
    raise NotFound(
        f"回 {run_id} の{name}に通知書番号 {number} はありません。回、市、番号（前の0も）を確かめてください。"
    )


def _take_out(connection: Connection, run_id: str, place: Record) -> _Envelope:
    """Take a planned notice's envelope out as far as it has got; the one that the vendor has to take out itself."""
    batch = production.find_batch(connection, place.batch_id)
    (piece,) = production.pieces(connection, batch.id, place.piece, place.piece)
    status = PieceStatus(piece.status)
    if status == PieceStatus.PLANNED:
        if batch.generation >= sheet.MAX_GENERATION:
            raise Refused(
                f"{batch.id} は引渡しの前に{batch.generation - 1}回作り直していて、これ以上は作り直せません。"
                "release で引き渡した後で、もう一度指示してください。受託者が抜き取ります。"
            )
        return _NONE
    if status == PieceStatus.MAILED:
        raise Refused(
            f"通知書番号 {place.number} は差し出した後です（{batch.id}）。引抜きはできません。"
            "郵便で戻ってきたら、返戻として登録してください。"
        )
    left = [n for n in pulls.notices_left(connection, batch.id, piece.number) if n.number != place.number]
    end = PieceStatus.SPOILED if left else PieceStatus.PULLED  # what else is in the envelope is made again
    if end != status:
        production.set_piece_statuses(connection, (status, end), [(batch.id, piece.number)])
    if batch.status == BatchStatus.POSTED:
        return _NONE  # reported spoiled or missing before: it is not among what was mailed
    for known in pulls.envelopes(connection, run_id):
        if (known.batch_id, known.number) == (batch.id, piece.number):
            return _Envelope(batch.id, piece.number, known.diverted_at)
    return _Envelope(batch.id, piece.number, None)


def pull_list(context: Context, run_id: str) -> tuple[PullLine, ...]:
    """The envelopes that the vendor has and is to take out, in order; those that it has reported diverted too."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        rows = pulls.envelopes(connection, run_id)
        batches = {b.id: b for b in production.batches(connection, run_id)}
    return tuple(
        PullLine(
            id=row.order_id,
            batch=row.batch_id,
            piece=row.number,
            generation=row.generation,
            sheets=row.sheets,
            mark=first_mark(context, run, batches[row.batch_id], row),
            ordered_at=_iso(row.ordered_at),
            diverted_at=_iso(row.diverted_at) if row.diverted_at else "",
        )
        for row in rows
    )


def as_csv(lines: tuple[PullLine, ...]) -> bytes:
    """The pull list for the vendor's desk."""
    return spreadsheets.as_csv([_COLUMNS, *lines])


def _iso(at: datetime) -> str:
    """SQLite forgets the zone, and what it keeps is UTC."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
