"""The commands of the vendor's reports: take one in, list what came, show what is to be looked at."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from printjobs.pipeline import Context, scan_logs, settling
from printjobs.reference.report_layout import STANDARD, report_layouts
from printjobs.settings import Settings

from . import show

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")]

app = typer.Typer(no_args_is_help=True, help="受託者の報告を取り込む・見る")


@app.command(help="受託者の報告ファイルを取り込み、封筒ごとに決着させます。読めない行は残し、ほかの行は数えます。")
def load(
    run: RunId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="報告ファイル")],
    layout: Annotated[str, typer.Option(help="報告の形式。scans layouts で見られます")] = STANDARD,
    as_json: Json = False,
) -> None:
    settled = settling.load_scans(Context(Settings()), run, file, layout)
    if as_json:
        _print(
            {
                "run": run,
                "lines": settled.lines,
                "again": settled.again,
                "statuses": settled.statuses,
                "findings": [f._asdict() for f in settled.findings],
                "bad": [{"line": b.event.line, "reason": b.reason, "text": b.text} for b in settled.bad],
                "reprint_files": len(settled.reprints),
                "held": settled.held,
            }
        )
    else:
        show.settled(settled)
    if settled.held:
        raise typer.Exit(3)


@app.command(help="取り込める報告の形式を並べます。")
def layouts(as_json: Json = False) -> None:
    known = report_layouts()
    if as_json:
        _print([{"name": n, "title": x.title, "columns": x.columns, "widths": x.widths} for n, x in known.items()])
        return
    for name, layout in known.items():
        show.line(f"{name}: {layout.title}")
        widths = [f" {w}" for w in layout.widths] or [""] * len(layout.columns)
        show.line(f"  {'、'.join(f'{c}{w}' for c, w in zip(layout.columns, widths, strict=True))}")


@app.command("list", help="回に届いた報告を、届いた順に並べます。")
def list_(run: RunId, as_json: Json = False) -> None:
    came = scan_logs.reports(Context(Settings()), run)
    if as_json:
        _print([_came(c) for c in came])
        return
    for c in came:
        at = f"{c.at.astimezone():%Y-%m-%d %H:%M}" if c.at else ""
        show.line(f"{c.log_id}: {at} {c.layout} {c.lines:,}行 読めない行{c.bad:,} 確かめること{c.findings:,}")
    if not came:
        show.line("報告はまだ届いていません。")


@app.command("show", help="1つの報告の、確かめることと読めない行をすべて見ます。")
def show_(
    run: RunId,
    log_id: Annotated[int, typer.Argument(metavar="ID", help="報告の番号（scans list の左端）")],
    as_json: Json = False,
) -> None:
    report = scan_logs.report(Context(Settings()), run, log_id)
    if as_json:
        told = {"findings": [f._asdict() for f in report.findings], "bad": [b._asdict() for b in report.bad]}
        _print({"report": _came(report.came), **told})
        return
    for f in report.findings:
        show.line(f"{f.line}行 バッチ{f.batch} 封筒{f.piece}: {f.message}")
    for b in report.bad:
        show.line(f"{b.line}行 読めません: {b.reason} {b.text}")
    if not (report.findings or report.bad):
        show.line("確かめることはありません。")


def _came(came: scan_logs.Came) -> dict[str, Any]:
    return came._asdict() | {"at": came.at and came.at.isoformat()}


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
