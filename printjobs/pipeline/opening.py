"""Opening a run: one notice kind of one year, with everything pinned that must not change under it."""

from __future__ import annotations

import datetime as dt

import layouts
from printjobs.core import marks
from printjobs.core.model import RunStatus, UsageError
from printjobs.store import runs, writing

from .context import Context

_YEARS = range(2020, 2100)


def open_run(context: Context, kind_code: str, year: int, mailing_date: str = "") -> str:
    """Open a run and return its id, ``property_tax-2026``; a second one of the year gets ``-2``."""
    kind = context.kind(kind_code)
    if year not in _YEARS:
        raise UsageError(f"年度 {year} は扱えません。西暦4桁（{_YEARS[0]}〜{_YEARS[-1]}）で入れてください。")
    try:
        date = dt.date.fromisoformat(mailing_date) if mailing_date else dt.date(year, *kind.mailing)
    except ValueError:
        raise UsageError(f"発送日 {mailing_date} は 2026-04-10 の形の実在する日付で入れてください。") from None
    try:
        layout = layouts.load(kind.code, layouts.newest(kind.code, year))
    except LookupError:
        raise UsageError(f"{kind.name} {year}年度の様式がありません。layouts に様式を置いてください。") from None
    with writing(context.engine) as connection:
        taken = set(runs.run_ids(connection))
        names = (f"{kind.code}-{year}" + (f"-{n}" if n > 1 else "") for n in range(1, len(taken) + 2))
        run_id = next(name for name in names if name not in taken)
        runs.add_run(
            connection,
            {
                "id": run_id,
                "code": marks.run_code(run_id),
                "kind": kind.code,
                "year": year,
                "mailing_date": date.isoformat(),
                "layout_version": layout.version,
                "layout_sha256": layout.sha256,
                "fonts_sha256": context.fonts.sha256,
                "status": RunStatus.OPEN,
                "opened_at": context.now(),
            },
        )
        runs.add_event(connection, run_id, context.now(), "open", run_id)
    return run_id
