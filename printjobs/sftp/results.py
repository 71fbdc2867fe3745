"""A report that was put on the gateway: taken as a whole once it is closed, and what the vendor is told of it."""

from __future__ import annotations

from typing import BinaryIO

from printjobs.core.model import BadInput, Refused
from printjobs.pipeline import Context, uploads
from printjobs.pipeline.settling import Settled
from printjobs.reference.report_layout import STANDARD, report_layouts
from printjobs.store import gateway, runs, writing

RESULT = ".result.txt"
_LONGEST = 100  # characters of a name
_SHOWN = 1_000  # of a kind in a result
_WORDS = {"inserted": "封入", "mailed": "差出し", "spoiled": "作り直し", "pulled": "引抜き"}


def must_be_name(name: str) -> None:
    """Raise :class:`Refused` for a name that no report may have. It is only ever a key in the database."""
    if len(name) > _LONGEST or name.startswith(".") or name.endswith(RESULT):
        raise Refused(f"報告の名前は{_LONGEST}字以内で、. で始まらず、{RESULT} で終わらないものにしてください。")


def layout_of(name: str) -> str:
    """``night.inserter-csv.csv`` is in the layout ``inserter-csv``; a name that names none is in our own."""
    parts = name.split(".")
    named = parts[-2] if len(parts) > 2 else ""
    return named if named in report_layouts() else STANDARD


def take(context: Context, run_id: str, name: str, account_id: int, source: BinaryIO, digest: str) -> None:
    """Take a report with this SHA-256, and keep what came of it; raises what refused it once that is kept too."""
    layout = layout_of(name)
    try:
        upload = uploads.begin(context, run_id, account_id, layout)
        uploads.append(context, upload.id, 0, source)
        said = _taken(name, layout, uploads.finish(context, upload.id, digest))
    except (BadInput, Refused) as why:
        _keep(context, run_id, name, f"報告 {name}（形式 {layout}）は取り込んでいません。\n{why}\n")
        raise
    _keep(context, run_id, name, said)


def _keep(context: Context, run_id: str, name: str, said: str) -> None:
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        gateway.tell(connection, run_id, name, context.now(), said)


def _taken(name: str, layout: str, settled: Settled) -> str:
    if settled.again:
        return f"報告 {name} は、取込み済みのもの（{settled.lines:,}行）と同じです。何も変えていません。\n"
    counts = "、".join(f"{_WORDS.get(k, k)} {v:,}通" for k, v in sorted(settled.statuses.items()))
    said = [
        f"報告 {name}（形式 {layout}）を取り込みました。",
        f"行数 {settled.lines:,}　読めなかった行 {len(settled.bad):,}　確かめていただくこと {len(settled.findings):,}",
        f"封筒: {counts or '変化なし'}",
    ]
    if settled.bad:
        said += ["", "読めなかった行（数えていません。直して、その行だけをもう一度送ってください）"]
        said += [f"  {row.event.line}行目: {row.reason}" for row in settled.bad[:_SHOWN]]
        said += _more(len(settled.bad))
    if settled.findings:
        said += ["", "確かめていただくこと"]
        said += [f"  {f.line}行目 バッチ{f.batch} 封筒{f.piece}: {f.message}" for f in settled.findings[:_SHOWN]]
        said += _more(len(settled.findings))
    if settled.reprints:
        said += ["", "作り直しのバッチができます。引き渡されるまで、お待ちください。"]
    if settled.held:
        said += ["", "作り直しは、とりまとめ市が原因を確かめてから決めます。"]
    return "\n".join(said) + "\n"


def _more(count: int) -> list[str]:
    return [f"  ほか{count - _SHOWN:,}件（とりまとめ市の画面で見られます）"] if count > _SHOWN else []
