"""The life of one notice from its hand-in to its bill, for whoever asks about it, and the pages that were printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.model import BatchStatus, NotFound, PieceStatus, SubmissionStatus
from printjobs.core.proof_of_mailing import REJECTED
from printjobs.core.stages import STAGES
from printjobs.reference import returns as reasons
from printjobs.render import raster
from printjobs.store import audit, lookup, production, returns
from printjobs.store.runs import Record

from . import extracting
from .auditing import STATUS_NAMES, WAITING
from .context import Context

DPI = 110  # to be read on a screen
_BATCH = {"package": "印刷と検査を終えて封印", "release": "受託者に引渡し", "replan": "引抜きのため取下げ"}
_ENDS = (PieceStatus.MAILED, PieceStatus.PULLED, PieceStatus.SPOILED, PieceStatus.SUPERSEDED)


class Moment(NamedTuple):
    """Something that happened. ``at`` is None where nothing kept the time; ``what`` is a word for machines."""

    at: datetime | None
    what: str
    message: str


class History(NamedTuple):
    """All that is known of a notice, in the order of its life.

    ``generations``: those not withdrawn, in order; ``pages``: how many pages were printed for each of them.
    """

    run: str
    city: str
    number: str
    status: str
    generations: tuple[int, ...]
    pages: tuple[int, ...]
    moments: tuple[Moment, ...]

    @property
    def status_name(self) -> str:
        return STATUS_NAMES[self.status]


class Page(NamedTuple):
    """One page as it was printed, marked as a copy, as PNG; number ``page`` of ``pages``."""

    png: bytes
    page: int
    pages: int
    generation: int


def history(context: Context, run_id: str, city: str, number: str) -> History:
    """Everything the database knows of a notice; :class:`NotFound` for a number that the city has not handed in."""
    context.run(run_id)
    code = reference.city(city).code
    with context.engine.connect() as connection:
        placed = audit.placements_of(connection, run_id, code, number)
        problems = audit.problems_of(connection, run_id, code, number)
        accepted = lookup.find_notices(connection, run_id, [code], number)
        if not (accepted or problems):
            raise NotFound(
                f"{reference.city(code).name}に通知書番号 {number} はありません。番号（前の0も）を確かめてください。"
            )
        order = audit.order_of(connection, run_id, code, number)
        told = audit.events(connection, run_id, {run_id, code, *(p.batch_id for p in placed)})
        moments = [
            *_handed_in(told, problems, code, number),
            *(moment for place in placed for moment in _produced(connection, run_id, place, told)),
            *_pulled(order),
            *_ended(connection, placed, told, code),
        ]
        standing = [p for p in placed if p.batch_status != BatchStatus.WITHDRAWN]
        pages = tuple(accepted[0].sheets * _sides(connection, p) for p in standing)
    status = _status(placed, accepted=bool(accepted), ordered=order is not None)
    generations = tuple(p.generation for p in standing)
    return History(run_id, code, number, status, generations, pages, tuple(_in_order(moments)))


def _sides(connection: Connection, place: Record) -> int:
    """Pages of a sheet in the print file of an envelope."""
    file = next(f for f in production.files(connection, place.batch_id) if f.first <= place.piece <= f.last)
    return int(file.pages // file.sheets)


def _status(placed: Sequence[Record], *, accepted: bool, ordered: bool) -> str:
    """As the notice's line in the audit says it (``auditing.line``)."""
    if not accepted:
        return REJECTED
    newest = str(placed[-1].status) if placed else WAITING
    return str(PieceStatus.PULLED) if ordered and newest != PieceStatus.MAILED else newest


def _handed_in(told: Sequence[Record], problems: Sequence[Record], city: str, number: str) -> Iterator[Moment]:
    """The city's hand-ins and signatures, what was wrong with this notice, and who looked at its pages."""
    words = {
        "submit": "データの提出",
        "accept": "データの受領",
        "refuse": "データを受け取れず",
        "approve": "校正刷りの承認",
    }
    for event in (e for e in told if e.subject == city):
        if event.what in words:
            yield Moment(event.at, event.what, words[event.what])
        elif event.what == "extract" and event.detail.startswith(f"notice {number} "):
            yield Moment(event.at, event.what, "印刷した頁の写しを取り出し")
    for p in problems:
        replaced = "（差し替える前のデータ）" if p.status == SubmissionStatus.REPLACED else ""
        yield Moment(None, "problem", f"データの問題{replaced} {p.file} {p.row}行 {p.column}: {p.message}")


def _produced(connection: Connection, run_id: str, place: Record, told: Sequence[Record]) -> Iterator[Moment]:
    """What was done with one of the notice's envelopes, from its plan to what the machines reported."""
    where = f"{place.batch_id} 封筒番号 {place.piece}"
    planned = next((e.at for e in told if e.what == "plan"), None) if place.generation == 1 else None
    yield Moment(planned, "placed", f"第{place.generation}世代の封筒に: {where}（{place.sheets}枚）")
    for file in production.files(connection, place.batch_id):
        if file.first <= place.piece <= file.last and file.sha256:
            yield Moment(None, "file", f"印刷ファイル {file.id} SHA-256 {file.sha256}")
    for event in (e for e in told if e.subject == place.batch_id and e.what in _BATCH):
        yield Moment(event.at, event.what, f"{_BATCH[event.what]}: {place.batch_id}")
    for seen in audit.sightings(connection, run_id, place.batch, place.piece):
        sheet = f"{seen.sheet}枚目／{place.sheets}枚" if seen.sheet else "番号を読めない紙"
        yield Moment(seen.at, "scan", f"カメラの読取り {sheet}{f'（{seen.code}）' if seen.code else ''}: {where}")
    for found in audit.findings_about(connection, run_id, place.batch, place.piece):
        yield Moment(found.at, "finding", f"{found.message}（{where}）")
    for stage in audit.stages(connection, place.batch_id):
        yield Moment(stage.at, f"stage_{stage.stage}", f"受託者の報告 {STAGES[stage.stage]}: {place.batch_id}")
    if place.status in _ENDS:
        yield Moment(None, place.status, f"{STATUS_NAMES[place.status]}: {where}")


def _pulled(order: Record | None) -> Iterator[Moment]:
    if order is not None:
        reason = reference.pull_reasons().get(order.reason, order.reason)
        yield Moment(order.ordered_at, "pull", f"引抜きの指示（{reason}）")
        if order.diverted_at is not None:
            yield Moment(order.diverted_at, "diverted", "受託者が封筒を抜き取ったと報告")


def _ended(connection: Connection, placed: Sequence[Record], told: Sequence[Record], city: str) -> Iterator[Moment]:
    """What came after the post: the bill, a return, the signature under the audit."""
    mailed = next((p for p in placed if p.status == PieceStatus.MAILED), None)
    words = {"charge": "差出しを請求に計上", "close": "回の締め"} if mailed else {"close": "回の締め"}
    for event in told:
        if event.what in words:
            yield Moment(event.at, event.what, words[event.what])
        elif event.what == "sign_off" and event.subject == city:
            yield Moment(event.at, event.what, "市が監査報告書を確認")
    if mailed and (came := returns.find_returned(connection, mailed.batch_id, mailed.piece)):
        yield Moment(
            came.at, "returned", f"返戻（{reasons.reason(came.reason)}）: {came.batch_id} 封筒番号 {came.piece}"
        )


def _in_order(moments: Iterable[Moment]) -> Iterator[Moment]:
    """By time; what has none stays behind what it stood behind."""
    timed, last = [], datetime.min.replace(tzinfo=UTC)
    for moment in moments:
        if moment.at is not None:
            last = moment.at if moment.at.tzinfo else moment.at.replace(tzinfo=UTC)
        timed.append((last, moment))
    yield from (moment for _, moment in sorted(timed, key=itemgetter(0)))


def page(context: Context, run_id: str, city: str, number: str, wanted: int, generation: int | None = None) -> Page:
    """A page of a notice, from 1 on, as it was printed; of the newest generation unless another is asked for.

    That it was looked at is recorded, as with every copy. Raises as ``extracting.extract`` does, and
    :class:`NotFound` for a page that it does not have.
    """
    made = extracting.extract(context, run_id, number, city, generation)
    if not 1 <= wanted <= made.pages:
        raise NotFound
    return Page(raster.png(raster.page(made.pdf, wanted - 1, DPI)), wanted, made.pages, made.generation)
