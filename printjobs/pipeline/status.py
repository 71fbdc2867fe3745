"""Where a run stands: the count equation per city, each side from the stage that recorded it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.model import BatchStatus, CityFigures, PieceStatus, SubmissionStatus
from printjobs.store import ledger, production, pulls, runs
from printjobs.store.runs import Record

from .approving import Signature, as_values, signatures
from .context import Context
from .rendering import file_key

SUBMISSION_NAMES = {  # of a city's newest hand-in; "none" is no status, it has not come
    "none": "未提出",
    SubmissionStatus.RECEIVED: "受取り中",
    SubmissionStatus.ACCEPTED: "受取り済み",
    SubmissionStatus.REFUSED: "受け取れません",
}


def status(context: Context, run_id: str) -> dict[str, Any]:
    """The contract's status object, as plain values."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        batches = production.batches(connection, run_id)
        # What a withdrawn batch had is deleted.
        files = {b.id: () if b.status == BatchStatus.WITHDRAWN else production.files(connection, b.id) for b in batches}
        problems = runs.problems(connection, run_id)
        cities = _cities(connection, run_id, signatures(context, run_id))
    return {
        "run": run.id,
        "kind": run.kind,
        "year": run.year,
        "status": str(run.status),
        "balanced": all(c["balanced"] for c in cities),
        "faces": json.loads(run.faces),
        "gaiji_version": run.gaiji_version,
        "cities": cities,
        "batches": [_batch(b, files[b.id]) for b in batches],
        "problems": [{key: getattr(p, key) for key in _PROBLEM_KEYS} for p in problems],
    }


_PROBLEM_KEYS = ("city", "file", "row", "column", "code", "message", "notice_number")


def _batch(batch: Record, files: Sequence[Record]) -> dict[str, Any]:
    return {
        "id": batch.id,
        "generation": batch.generation,
        "status": batch.status,
        "class": batch.class_code,
        "pieces": batch.pieces,
        "sheets": batch.sheets,
        "pages": batch.pages,
        "files": [{"path": file_key(f), "sha256": f.sha256, "bytes": f.bytes, "pages": f.pages} for f in files],
    }


class Counted(NamedTuple):
    """One city of a run: the count equation, the hand-in that stands, its pieces by status, yen charged so far."""

    figures: CityFigures
    submission: Record | None
    pieces: Mapping[str, Record]
    yen: int


def counted(connection: Connection, run_id: str) -> dict[str, Counted]:
    """The sides of every city's count equation, by city: the one place where they are put together."""
    standing = {s.city: s for s in runs.submissions(connection, run_id) if s.status == SubmissionStatus.ACCEPTED}
    accepted = production.notice_counts(connection, run_id)
    charged = ledger.charged(connection, run_id)
    planned: defaultdict[str, dict[str, Record]] = defaultdict(dict)
    for row in production.city_counts(connection, run_id):
        planned[row.city][row.status] = row
    ordered, lying = pulls.counts(connection, run_id), pulls.piece_counts(connection, run_id)
    is_planned = bool(production.batches(connection, run_id))
    found = {}
    for code in reference.cities():
        rows = planned[code]
        yen, notices = charged.get(code, (0, None))
        submission, pulled = standing.get(code), ordered.get(code, 0)
        figures = CityFigures.of(
            {status: int(rows[status].notices) for status in PieceStatus if status in rows},
            lying.get(code, {}),
            received=submission.notices if submission else 0,
            rejected=submission.rejected if submission else 0,
            pulled=pulled,
            unplanned=0 if is_planned else accepted.get(code, 0) - pulled,
            charged=notices,
        )
        found[code] = Counted(figures, submission, rows, yen)
    return found


def _cities(connection: Connection, run_id: str, signed: Mapping[str, Signature]) -> list[dict[str, Any]]:
    submissions = runs.submissions(connection, run_id)
    newest = {s.city: s.status for s in submissions if s.status != SubmissionStatus.REPLACED}
    cities = []
    for code, (figures, standing, rows, yen) in counted(connection, run_id).items():
        sheets = sum(int(r.sheets) for r in rows.values())
        cities.append(
            {
                "code": code,
                "name": reference.city(code).name,
                "received": figures.received,
                "rejected": figures.rejected,
                "pulled": figures.pulled,
                "pieces": sum(int(r.pieces) for r in rows.values()),
                "sheets": sheets,
                "pages": sheets * reference.PAGES_PER_SHEET,
                "mailed": figures.mailed,
                "outstanding": figures.outstanding,
                "charged_yen": yen,
                "balanced": figures.balanced,
                "submission": newest.get(code, "none"),
                "gaiji_version": standing.gaiji_version if standing else 0,
                **as_values(signed.get(code)),
            }
        )
    return cities
