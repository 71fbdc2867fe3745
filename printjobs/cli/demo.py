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
from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.model import RunStatus, UsageError
from printjobs.pipeline import Context, costing, opening, rehearsal, releasing, settling, status, submitting
from printjobs.settings import Settings
from workers import run_all

from . import show

_YEAR, _SEED = 2026, 1
_MARKER = ".printjobs-demo"  # a folder without it is somebody's own and is not emptied
_ROUNDS = 5  # reprints of reprints; a rehearsal needs one
_SECRET = "a demonstration keeps no secret, and so its files are the same on every machine"  # noqa: S105 - made public on purpose


def run_demo(scale: float, into: Path, *, hidden: bool) -> dict[str, Any]:
    """Hand in, plan, render, package, release, insert, reprint, close; returns the run's status."""
    started = time.monotonic()
    _empty(into)
    settings = Settings(home=into, database_url=SecretStr(""), redis_url=SecretStr(""), secret=SecretStr(_SECRET))
    context = Context(settings)

    def say(text: str) -> None:
        if not hidden:
            show.heading(text)

    say("1. 8市の提出データを作る")
    with show.bars(hidden=hidden) as bars:
        sample.write_property_tax(into / "handin", year=_YEAR, scale=scale, seed=_SEED, progress=bars.update)
    say("2. 回を開き、各市のデータを受け取る")
    run_id = opening.open_run(context, PROPERTY_TAX.code, _YEAR)
    with show.bars(hidden=hidden) as bars:
        for city in reference.cities():
            submitting.submit(
                context, run_id, city, into / "handin" / city,
                partial(bars.update, city),
            )  # fmt: skip
    say("3. 計画し、組版し、読み戻して、封印する")
    with show.bars(hidden=hidden) as bars:
        run_all(settings, run_id, bars.update)
    for number in range(1, _ROUNDS + 1):
        say(f"4. 引き渡し、封入機の報告を取り込む（{number}回目）")
        released = releasing.release(context, run_id)
        report = into / f"scans-{number}.csv"
        rehearsal.write_scans(context, run_id, report, seed=number)
        settled = settling.load_scans(context, run_id, report)
        if not hidden:
            show.line(f"  {len(released)}個のバッチを引き渡しました。")
            show.settled(settled)
        with show.bars(hidden=hidden) as bars:
            run_all(settings, run_id, bars.update)
        if context.run(run_id).status == RunStatus.CLOSED:
            break
    say("5. 締めと負担金")
    summary = status.status(context, run_id)
    summary_file = into / "summary.json"
    summary_file.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if not hidden:
        show.status(summary)
        made, is_settled = costing.bill(context, run_id)
        show.cost(costing.as_values(made, settled=is_settled))
        show.line(f"\n{time.monotonic() - started:.0f}秒で終わりました。見てみてください:")
        for path, what in (
            ("batches/", "受託者に渡すPDF、封入機データ（mailrun）、作業指示書、manifest.json"),
            ("proofs/", "各市が確かめる校正刷り（見本）"),
            ("statements/", "各市の負担金明細書"),
            ("summary.json", "全体の件数とファイルの一覧"),
        ):
            show.line(f"  {into}/{path}　{what}")
    return summary


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
