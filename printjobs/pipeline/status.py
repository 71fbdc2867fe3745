"""Where a run stands: the count equation per city, each side from the stage that recorded it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from printjobs import reference
from printjobs.core.model import CityFigures, PieceStatus, SubmissionStatus
from printjobs.store import production, runs, tracking

from .context import Context
from .rendering import file_key


def status(context: Context, run_id: str) -> dict[str, Any]:
    """The contract's status object, as plain values."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        submissions = runs.submissions(connection, run_id)
        accepted = production.notice_counts(connection, run_id)
        counts = production.city_counts(connection, run_id)
        batches = production.batches(connection, run_id)
        files = {b.id: production.files(connection, b.id) for b in batches}
        problems = runs.problems(connection, run_id)
        charged = tracking.charged(connection, run_id)
    by_city: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in counts:
        by_city[row.city][row.status] = row
    newest = {s.city: s for s in submissions if s.status != SubmissionStatus.REPLACED}
    standing = {s.city: s for s in submissions if s.status == SubmissionStatus.ACCEPTED}
    pages_per_sheet = 2 if reference.vendor().print_.duplex else 1
    cities = []
    for code, city in reference.cities().items():
        submission = standing.get(code)
        rows = by_city[code]
        notices = {s: int(rows[s].notices) if s in rows else 0 for s in PieceStatus}
        pieces = sum(int(r.pieces) for r in rows.values())
        sheets = sum(int(r.sheets) for r in rows.values())
        unplanned = 0 if rows else accepted.get(code, 0)
        figures = CityFigures(
            received=submission.notices if submission else 0,
            rejected=submission.rejected if submission else 0,
            pulled=notices[PieceStatus.PULLED],
            mailed=notices[PieceStatus.MAILED],
            outstanding=unplanned
            + sum(n for s, n in notices.items() if s not in (PieceStatus.PULLED, PieceStatus.MAILED)),
            charged=charged[code][1] if code in charged else None,
        )
        cities.append(
            {
                "code": code,
                "name": city.name,
                "received": figures.received,
                "rejected": figures.rejected,
                "pulled": figures.pulled,
                "pieces": pieces,
                "sheets": sheets,
                "pages": sheets * pages_per_sheet,
                "mailed": figures.mailed,
                "outstanding": figures.outstanding,
                "charged_yen": charged[code][0] if code in charged else 0,
                "balanced": figures.balanced,
                "submission": newest[code].status if code in newest else "none",
            }
        )
    return {
        "run": run.id,
        "kind": run.kind,
        "year": run.year,
        "status": str(run.status),
        "balanced": all(c["balanced"] for c in cities),
        "cities": cities,
        "batches": [
            {
                "id": b.id,
                "generation": b.generation,
                "status": b.status,
                "class": b.class_code,
                "pieces": b.pieces,
                "sheets": b.sheets,
                "pages": b.pages,
                "files": [
                    {"path": file_key(f), "sha256": f.sha256, "bytes": f.bytes, "pages": f.pages} for f in files[b.id]
                ],
            }
            for b in batches
        ],
        "problems": [
            {
                "city": p.city,
                "file": p.file,
                "row": p.row,
                "column": p.column,
                "code": p.code,
                "message": p.message,
                "notice_number": p.notice_number,
            }
            for p in problems
        ],
    }
