"""Opening a run: one notice kind of one year, with everything pinned that must not change under it."""

from __future__ import annotations

import datetime as dt
import json

import layouts
from layouts import Layout
from printjobs import reference
from printjobs.core.marks import sheet
from printjobs.core.model import Refused, RunStatus, UsageError
from printjobs.reference import profile
from printjobs.render.compiled import CompiledLayout
from printjobs.render.schema import compile_layout
from printjobs.store import gaiji, runs, writing

from . import scheduling
from .context import Context

_YEARS = range(2020, 2100)
_RUNS_A_YEAR = 100


def open_run(
    context: Context, kind_code: str, year: int, mailing_date: str = "", due_date: str = "", delay: int = 0
) -> str:
    """Open a run and return its id, ``property_tax-2026``; a second one of the year gets ``-2``.

    ``due_date``: the first due date where it is not the profiles' earliest; ``delay``: days that the post may take
    longer for its discount. A mailing date that is too late for them is no reason to refuse, for cities have theirs:
    ``scheduling.timetable_of`` tells.
    """
    kind = context.kind(kind_code)
    if year not in _YEARS:
        raise UsageError(f"年度 {year} は扱えません。西暦4桁（{_YEARS[0]}〜{_YEARS[-1]}）で入れてください。")
    date = scheduling.day_of(mailing_date, "発送日") if mailing_date else dt.date(year, *kind.mailing)
    if due_date:
        scheduling.day_of(due_date, "納期限")
    scheduling.delay_of(delay)
    try:
        version = layouts.newest(kind.code, year)
    except LookupError:
        raise UsageError(f"{kind.name} {year}年度の様式がありません。layouts に様式を置いてください。") from None
    compiled = compile_layout(kind, version, context.fonts, year, date.isoformat())
    layout = compiled.layout
    _refuse_changed(context, layout)
    _refuse_tight(compiled)
    values = {
        "kind": kind.code,
        "year": year,
        "mailing_date": date.isoformat(),
        "due_date": due_date,
        "postage_delay": delay,
        "layout_version": layout.version,
        "layout_sha256": layout.sha256,
        "fonts_sha256": context.fonts.sha256,
        "faces": json.dumps([{"name": face.name, "sha256": face.sha256} for face in context.fonts.faces]),
        "profiles_sha256": profile.digest(kind.code, year),
        "status": RunStatus.OPEN,
        "opened_at": context.now(),
    }
    first = f"{kind.code}-{year}"
    with writing(context.engine) as connection:
        values["gaiji_version"] = gaiji.version(connection)
        for run_id in (first, *(f"{first}-{n}" for n in range(2, _RUNS_A_YEAR))):
            if runs.add_run(connection, values | {"id": run_id, "code": sheet.run_code(run_id)}):
                runs.add_event(connection, run_id, context.now(), "open", run_id)
                return run_id
    raise Refused(f"{first} の回がすでに{_RUNS_A_YEAR - 1}個あります。これ以上は開けません。")


def _refuse_tight(compiled: CompiledLayout) -> None:
    """A fixed text, or a city's own words in one, that stands over its box would be refused when it is read back."""
    for code, city in reference.cities().items():
        if code in compiled.cities and (tight := compiled.tight(code)):
            told = "、".join(said.partition(":")[0] for said in tight)
            raise Refused(
                f"様式 {compiled.layout.kind}-{compiled.layout.version} の決まり文句が、{city.name}では枠に入りません"
                f"（{told}）。市の設定の文を短くするか、様式の枠を広げてください。"
            )


def _refuse_changed(context: Context, layout: Layout) -> None:
    """A version that a released run was printed with is frozen: what was signed and mailed stays to be seen."""
    with context.engine.connect() as connection:
        frozen = runs.frozen_layouts(connection, layout.kind, layout.version)
    if frozen - {layout.sha256}:
        raise Refused(
            f"様式 {layout.kind}-{layout.version} は引渡し済みの回で使われた後に変わっています。"
            "元に戻し、変更は新しい版のファイルにしてください。"
        )
