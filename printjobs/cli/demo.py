"""The main job from end to end on made-up data: what ``make demo`` shows."""

from __future__ import annotations

import json
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from printjobs import reference, sample
from printjobs.core.kinds import KINDS, PROPERTY_TAX
from printjobs.core.model import RunStatus, UsageError
from printjobs.pipeline import (
    Context,
    approving,
    costing,
    gaiji,
    opening,
    rehearsal,
    releasing,
    settling,
    status,
    submitting,
)
from printjobs.sample.gaiji import LIST
from printjobs.settings import Settings
from workers import run_all

from . import show

ALL = "all"
_YEAR, _SEED = 2026, 1
_MARKER = ".printjobs-demo"  # a folder without it is somebody's own and is not emptied
_SIGNER = "見本の担当"
_ROUNDS = 5  # reprints of reprints; a rehearsal needs one
_SECRET = "a demonstration keeps no secret, and so its files are the same on every machine"  # noqa: S105 - made public on purpose


def run_demo(scale: float, into: Path, kind: str = PROPERTY_TAX.code, *, hidden: bool) -> dict[str, Any]:
    """Hand in, plan, render, package, release, insert, reprint, close; returns the run's status.

    With kind ``all``: the runs of all kinds one after the other, and ``{"balanced", "runs"}``.
    """
    started = time.monotonic()
    if kind not in (*KINDS, ALL):
        raise UsageError(f"通知種別 {kind} はありません。次から選んでください: {'、'.join((*KINDS, ALL))}")
    _empty(into)
    settings = Settings(home=into, database_url=SecretStr(""), redis_url=SecretStr(""), secret=SecretStr(_SECRET))
    context = Context(settings)
    summary: dict[str, Any]
    if kind == ALL:
        found = [_run_kind(context, code, into, into / "handin" / code, scale, hidden=hidden) for code in KINDS]
        summary = {"balanced": all(run["balanced"] for run in found), "runs": found}
    else:
        summary = _run_kind(context, kind, into, into / "handin", scale, hidden=hidden)
    (into / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if not hidden:
        show.line(f"\n{time.monotonic() - started:.0f}秒で終わりました。見てみてください:")
        for path, what in (
            ("batches/", "受託者に渡すPDF、封入機データ（mailrun）、作業指示書、manifest.json"),
            ("proofs/", "各市が確かめて承認した校正刷り（見本）と、その頁の画像"),
            ("statements/", "各市の負担金明細書"),
            ("summary.json", "全体の件数とファイルの一覧"),
        ):
            show.line(f"  {into}/{path}　{what}")
    return summary


def _run_kind(context: Context, kind: str, into: Path, handins: Path, scale: float, *, hidden: bool) -> dict[str, Any]:
    """One kind's run from its hand-ins to its closing."""

    def say(text: str) -> None:
        if not hidden:
            show.heading(text)

    say(f"{KINDS[kind].name}　1. 8市の提出データを作る")
    with show.bars(hidden=hidden) as bars:
        sample.write_sample(handins, kind=kind, year=_YEAR, scale=scale, seed=_SEED, progress=bars.update)
    say("2. 統一外字表を取り込み、回を開き、各市のデータを受け取る")
    taken = gaiji.import_list(context, handins / LIST)
    assert not taken.problems
    run_id = opening.open_run(context, kind, _YEAR)
    with show.bars(hidden=hidden) as bars:
        for city in reference.cities():
            submitting.submit(context, run_id, city, handins / city, partial(bars.update, city))
    say("3. 計画し、組版し、読み戻して、封印し、各市が校正刷りを承認する")
    with show.bars(hidden=hidden) as bars:
        run_all(context.settings, run_id, bars.update)
    for city in reference.cities():
        approving.approve(context, run_id, city, _SIGNER)
    for number in range(1, _ROUNDS + 1):
        say(f"4. 引き渡し、封入機の報告を取り込む（{number}回目）")
        released = releasing.release(context, run_id)
        report = into / f"scans-{run_id}-{number}.csv"
        rehearsal.write_scans(context, run_id, report, seed=number)
        settled = settling.load_scans(context, run_id, report)
        if not hidden:
            show.line(f"  {len(released)}個のバッチを引き渡しました。")
            show.settled(settled)
        with show.bars(hidden=hidden) as bars:
            run_all(context.settings, run_id, bars.update)
        if context.run(run_id).status == RunStatus.CLOSED:
            break
    say("5. 締めと負担金")
    found = status.status(context, run_id)
    if not hidden:
        show.status(found)
        show.cost(costing.as_values(costing.cost(context, run_id)))
    return found


def _empty(into: Path) -> None:
    """Start afresh, but only in a folder that an earlier demonstration made."""
    if into.exists() and any(into.iterdir()):
        if not (into / _MARKER).exists():
            raise UsageError(
                f"{into} は空でなく、デモの作ったフォルダでもありません。別のフォルダを --into で指定してください。"
            )
        shutil.rmtree(into)
    into.mkdir(parents=True, exist_ok=True)
    (into / _MARKER).touch()
