"""The quiet vendor: what it has reported of a run, against what was agreed, on the same day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from printjobs import reference
from printjobs.core import pace
from printjobs.core.model import BatchStatus, RunStatus
from printjobs.core.pace import Alarm, Batch, Clock, Standing
from printjobs.reference.timetable import is_open, local
from printjobs.store import production, pulls, tracking
from printjobs.store import progress as counts
from printjobs.store.runs import Record

from .context import Context


class Watch(NamedTuple):
    """A run at a moment: every stage against the plan, when the vendor was last heard, and what to ask it today.

    ``standings`` are empty while nothing is released. ``heard`` is ISO by the clock of Japan, empty for never.
    """

    run: str
    at: str
    heard: str
    standings: tuple[Standing, ...]
    alarms: tuple[Alarm, ...]


def alarms(context: Context, run_id: str, now: datetime | None = None) -> Watch:
    """Watch a run at a moment, now if none is given. A closed run has no alarms."""
    run = context.run(run_id)
    at = local(now or context.now())
    batches = _batches(context, run_id) if run.status == RunStatus.RELEASED else []
    with context.engine.connect() as connection:
        said = counts.heard(connection, run_id)
    heard = local(said) if said else None
    vendor = reference.vendor()
    clock = Clock(is_open, vendor.pace.opens, vendor.speed.hours_a_day)
    mailing = date.fromisoformat(run.mailing_date)
    stood = pace.standings(batches, at, mailing, clock, vendor.pace) if batches else []
    found = [
        *_pulled_inserted(context, run_id),
        *pace.alarms(batches, heard, at, mailing, clock, vendor.pace),
    ]
    return Watch(run_id, _iso(at), _iso(heard) if heard else "", tuple(stood), tuple(found))


def _pulled_inserted(context: Context, run_id: str) -> list[Alarm]:
    """Envelopes on the pull list that a report said were inserted, and that none has said were diverted since."""
    with context.engine.connect() as connection:
        told = {(f.batch, f.piece) for f in tracking.findings(connection, run_id) if f.code == "pulled_inserted"}
        open_ones = [e for e in pulls.envelopes(connection, run_id) if e.diverted_at is None] if told else []
    return [
        Alarm(
            "pulled_inserted",
            f"引抜きを指示した封筒が封入されました: {one.batch_id} の封筒番号 {one.number}。"
            "差し出さずに抜き取るよう、すぐに受託者に連絡してください。",
        )
        for one in open_ones
        if (one.batch, one.number) in told
    ]


def _batches(context: Context, run_id: str) -> list[Batch]:
    """The released batches with what was reported of them, by stage reports or by the machines' own."""
    out = (BatchStatus.RELEASED, BatchStatus.POSTED)
    with context.engine.connect() as connection:
        released = counts.released(connection, run_id)
        batches = [b for b in production.batches(connection, run_id) if b.status in out and b.id in released]
        received = counts.received(connection, run_id)
        settled = counts.settled_pieces(connection, run_id)
        said: dict[str, dict[str, int]] = {b.id: {} for b in batches}
        for batch_id, stage, count in counts.stages(connection, run_id):
            said.setdefault(batch_id, {})[stage] = count
    for batch_id in received & said.keys():
        said[batch_id].setdefault("accepted", 0)
    return [_batch(b, local(released[b.id]), said[b.id], settled.get(b.id, 0)) for b in batches]


def _batch(row: Record, released: datetime, said: Mapping[str, int], settled: int) -> Batch:
    """A later stage tells the earlier ones as well: what is inserted was printed, and what is printed was accepted."""
    posted = row.pieces if row.status == BatchStatus.POSTED or "posted" in said else 0
    inserted = max(posted, settled, min(said.get("inserted", 0), row.pieces))
    printed = max(inserted, row.pieces if "printed" in said else 0)
    accepted = max(printed, row.pieces if "accepted" in said else 0)
    return Batch(row.pieces, released, accepted, printed, inserted, posted)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
