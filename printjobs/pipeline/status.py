"""Where a run stands: the count equation per city, each side from the stage that recorded it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.model import CityFigures, PieceStatus, SubmissionStatus
from printjobs.store import production, runs, tracking
from printjobs.store.runs import Record

from .approving import Signature, as_values, signatures
from .context import Context
from .rendering import file_key


def status(context: Context, run_id: str) -> dict[str, Any]:
    """The contract's status object, as plain values."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        batches = production.batches(connection, run_id)
        files = {b.id: production.files(connection, b.id) for b in batches}
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


def _cities(connection: Connection, run_id: str, signed: Mapping[str, Signature]) -> list[dict[str, Any]]:
    submissions = runs.submissions(connection, run_id)
    newest = {s.city: s.status for s in submissions if s.status != SubmissionStatus.REPLACED}
    standing = {s.city: s for s in submissions if s.status == SubmissionStatus.ACCEPTED}
    accepted = production.notice_counts(connection, run_id)
    charged = tracking.charged(connection, run_id)
    planned: defaultdict[str, dict[str, Record]] = defaultdict(dict)
    for row in production.city_counts(connection, run_id):
        planned[row.city][row.status] = row
    cities = []
    for code, city in reference.cities().items():
        rows = planned[code]
        sheets = sum(int(r.sheets) for r in rows.values())
        yen, notices = charged.get(code, (0, None))
        figures = _figures(standing.get(code), rows, 0 if rows else accepted.get(code, 0), notices)
        cities.append(
            {
                "code": code,
                "name": city.name,
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
                "gaiji_version": standing[code].gaiji_version if code in standing else 0,
                **as_values(signed.get(code)),
            }
        )
    return cities


def _figures(submission: Record | None, rows: Mapping[str, Record], unplanned: int, charged: int | None) -> CityFigures:
    """The sides of a city's count equation, each from the stage that recorded it."""
    notices = {status: int(rows[status].notices) if status in rows else 0 for status in PieceStatus}
    ended = (PieceStatus.PULLED, PieceStatus.MAILED)
    return CityFigures(
        received=submission.notices if submission else 0,
        rejected=submission.rejected if submission else 0,
        pulled=notices[PieceStatus.PULLED],
        mailed=notices[PieceStatus.MAILED],
        outstanding=unplanned + sum(n for status, n in notices.items() if status not in ended),
        charged=charged,
    )
