"""Every command. Each takes ``--json`` for scripts; without it a person reads Japanese."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from printjobs import sample as samples
from printjobs.core.kinds import KINDS, PROPERTY_TAX
from printjobs.core.model import UsageError
from printjobs.pipeline import Context, opening, planning, releasing, scheduling, submitting
from printjobs.pipeline import rehearsal as rehearsals
from printjobs.pipeline import status as statuses
from printjobs.pipeline.doctor import Finding, examine
from printjobs.settings import Settings
from workers import run_all

from . import (
    audit,
    bench,
    costs,
    extracts,
    gaiji,
    gateway,
    layouts,
    postings,
    proofs,
    pulls,
    reports,
    schedule,
    service,
    show,
    vendor,
)
from .demo import run_demo
from .marks import mark_app

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="当初通知の共同印刷・発送"
)
run_app = typer.Typer(no_args_is_help=True, help="回（通知種別×年度）を開く・進める・見る")
sample_app = typer.Typer(no_args_is_help=True, help="作りもののデータを作る", cls=show.DefaultsToData)
app.add_typer(run_app, name="run")
app.add_typer(reports.app, name="scans")
app.add_typer(sample_app, name="sample")
app.add_typer(mark_app, name="mark")
app.add_typer(gaiji.app, name="gaiji")
app.add_typer(layouts.app, name="layout")
app.add_typer(pulls.app, name="pull")
app.add_typer(costs.app, name="cost")
app.add_typer(audit.audit_app, name="audit")
app.add_typer(service.user_app, name="user")
app.add_typer(vendor.vendor_app, name="vendor")


def _context() -> Context:
    return Context(Settings())


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


@sample_app.command("data", help="8市の提出データ（作りもの）を DIR に作ります。")
def sample_data(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="作る先のフォルダ")],
    kind: Annotated[str, typer.Option(help="通知種別")] = PROPERTY_TAX.code,
    year: Annotated[int, typer.Option(help="年度（西暦）")] = 2026,
    scale: Annotated[float, typer.Option(min=0.0, max=2.0, help="1 で実際の件数、0.01 でその100分の1")] = 0.01,
    seed: Annotated[int, typer.Option(help="同じ値なら同じデータになります")] = 1,
    as_json: Json = False,
) -> None:
    if kind not in KINDS:
        raise UsageError(f"通知種別 {kind} の見本データは作れません。使えるもの: {'、'.join(KINDS)}")
    with show.bars(hidden=as_json) as bars:
        summary = samples.write_sample(directory, kind=kind, year=year, scale=scale, seed=seed, progress=bars.update)
    if as_json:
        _print_json(msgspec.to_builtins(summary))
    else:
        show.sample(directory, summary)


@sample_app.command("scans", help="受託者の封入機になりかわって、引渡し済みバッチの報告ファイルを作ります。")
def sample_scans(
    run: RunId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="作る報告ファイル")],
    seed: Annotated[int, typer.Option(help="同じ値なら同じ報告になります")] = 1,
    as_json: Json = False,
) -> None:
    lines = rehearsals.write_scans(_context(), run, file, seed)
    if as_json:
        _print_json({"run": run, "file": str(file), "lines": lines})
    else:
        show.line(f"報告ファイル {file} を作りました（{lines:,}行）。")


@run_app.command("open", help="回を開きます。")
def run_open(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="通知種別（例: property_tax）")],
    year: Annotated[int, typer.Argument(metavar="YEAR", help="年度（西暦）")],
    mailing_date: Annotated[str, typer.Option(help="発送日 2026-04-10 の形。省くと種別の通常の日")] = "",
    due_date: schedule.DueDate = "",
    delay: schedule.Delay = 0,
    as_json: Json = False,
) -> None:
    context = _context()
    run_id = opening.open_run(context, kind, year, mailing_date, due_date, delay)
    row, days = context.run(run_id), scheduling.timetable_of(context.run(run_id))
    if as_json:
        told = {"run": run_id, "kind": row.kind, "year": row.year, "mailing_date": row.mailing_date}
        told |= {"due_date": days.due.isoformat(), "postage_delay": days.delay, "arrives": days.arrives.isoformat()}
        _print_json(told | {"deadline": days.deadline.isoformat(), "in_time": days.in_time, "status": row.status})
    else:
        show.line(f"回 {run_id} を開きました（発送日 {row.mailing_date}、様式 {row.layout_version}）。")
        show.line(days.told)


@app.command(help="市の提出データ（送付票とCSVのフォルダ）を受け取ります。")
def submit(
    run: RunId,
    city: Annotated[str, typer.Argument(metavar="CITY", help="6桁の市コード")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="送付票のあるフォルダ")],
    as_json: Json = False,
) -> None:
    with show.bars(hidden=as_json) as bars:
        told = submitting.submit(_context(), run, city, path, lambda done, total: bars.update(city, done, total))
    if as_json:
        _print_json({"run": run, **told._asdict()})
    else:
        again = "（前と同じデータなので、受け取り済みのものをそのまま使います）" if told.again else ""
        show.line(f"{city}: {told.received:,}件を受け取り、{told.rejected:,}件をはじきました。{again}")


@run_app.command("go", help="できるところまで、すべての手順を進めます。")
def run_go(run: RunId, as_json: Json = False) -> None:
    settings = Settings()
    with show.bars(hidden=as_json) as bars:
        run_all(settings, run, bars.update)
    context = Context(settings)
    scheduling.refuse_open(context, run)
    _show_status(context, run, as_json=as_json)


run_app.command("timetable", help="納期限から逆算して、どの仕事をいつまでに終えるかを見ます。")(schedule.timetable)
run_app.command("schedule", help="市ごとの締切日を決め、提出の様子を見ます。")(schedule.schedule)
run_app.command("alarms", help="受託者の報告が遅れていないかを見ます。遅れがあれば終了コード3です。")(schedule.alarms)


@run_app.command("reprint", help="上限を超えた作り直しを、原因を確かめた人の判断で作ります。")
def run_reprint(run: RunId, as_json: Json = False) -> None:
    context = _context()
    context.run(run)
    files = [step.ids[0] for step in planning.reprint(context, run, whatever=True)]
    if as_json:
        _print_json({"run": run, "files": files})
    else:
        show.line(f"作り直しの印刷ファイルを{len(files)}個計画しました。run go で作ります。")


@run_app.command("status", help="回の今の様子と、市ごとの件数の突合を見ます。")
def run_status(run: RunId, as_json: Json = False) -> None:
    _show_status(_context(), run, as_json=as_json)


def _show_status(context: Context, run: str, *, as_json: bool) -> None:
    status = statuses.status(context, run)
    if as_json:
        _print_json(status)
    else:
        show.status(status)


app.command(help="市の校正刷り（見本）を作ります。同じデータなら何度作っても同じものです。")(proofs.proof)
app.command(help="市の人が校正刷りを確かめ、承認したことを記録します。")(proofs.approve)


@app.command(help="検査のすんだバッチを受託者に引き渡せるようにします。")
def release(run: RunId, as_json: Json = False) -> None:
    released = releasing.release(_context(), run)
    if as_json:
        _print_json({"run": run, "released": released})
    else:
        show.line(f"{len(released)}個のバッチを引き渡せるようにしました: {'、'.join(released)}")


app.command(help="印刷した通知の頁そのものを、写しとして取り出します（窓口用）。")(extracts.extract)
app.command(help="差出しの数と料金を見て、郵便局に出す紙（差出票・内訳票・区分票・ケース票）を作ります。")(
    postings.postings
)


@app.command(help="この機械で仕事ができるかを調べます。")
def doctor(as_json: Json = False) -> None:
    found: list[Finding] = examine(Settings())
    if as_json:
        _print_json([f._asdict() for f in found])
    else:
        show.doctor(found)
    if not all(f.ok for f in found):
        raise typer.Exit(1)


@app.command(help="データベースの表を最新の形にします。何度行ってもかまいません。")
def migrate(as_json: Json = False) -> None:
    _ = _context().engine
    if as_json:
        _print_json({"migrated": True})
    else:
        show.line("データベースは最新の形です。")


app.command(help="Web のサービスを始めます。")(service.serve)
app.command(help="SFTP の窓口を始めます。受託者がバッチを受け取り、報告を置きます。")(gateway.sftp)


app.command(help="組版や取込みの速さを、ほかの作り方と並べて測ります（開発者用）。")(bench.bench)


@app.command(help="8市の見本データで、受取りから負担金の明細までを通して行います。")
def demo(
    kind: Annotated[str, typer.Option(help="通知種別。all で全種別")] = PROPERTY_TAX.code,
    scale: Annotated[float, typer.Option(min=0.0, max=2.0, help="1 で実際の件数")] = 0.01,
    into: Annotated[Path, typer.Option(help="作る先のフォルダ（中身は作り直します）")] = Path("demo"),
    as_json: Json = False,
) -> None:
    summary = run_demo(scale, into, kind, hidden=as_json)
    if as_json:
        _print_json(summary)
