"""``printjobs pull``: order that a notice is not mailed (引抜き), and the vendor's list of envelopes to take out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from printjobs import reference
from printjobs.pipeline import Context, pulling
from printjobs.pipeline.pulling import PullLine
from printjobs.settings import Settings

from . import show
from .output import write_file

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")]

_REASONS = "、".join(f"{code} {word}" for code, word in reference.pull_reasons().items())

app = typer.Typer(no_args_is_help=True, help="引抜き（差し出さない通知）を指示する・受託者の引抜き一覧を見る")


@app.command("order", help="差出しの前に、通知を引き抜くよう指示します。")
def order(
    run: RunId,
    city: Annotated[str, typer.Argument(metavar="CITY", help="6桁の市コード")],
    number: Annotated[str, typer.Argument(metavar="NOTICE_NUMBER", help="通知書番号")],
    reason: Annotated[str, typer.Option(help=f"理由: {_REASONS}")],
    as_json: Json = False,
) -> None:
    done = pulling.order_pull(Context(Settings()), run, city, number, reason)
    if as_json:
        _print(done._asdict())
        return
    again = "（指示済みのままです）" if done.again else ""
    word = reference.pull_reasons()[done.reason]
    show.line(f"{reference.city(city).name} 通知書番号 {number} の引抜き（{word}）を記録しました。{again}")
    if done.batch:
        show.line(f"  受託者の引抜き一覧に載せました: {done.batch} の封筒番号 {done.piece}。受託者に知らせてください。")
    if done.to_do:
        show.line("  作り直すものがあります。run go を行ってください。")


@app.command("list", help="受託者に抜き取ってもらう封筒の一覧を見ます。")
def list_(
    run: RunId,
    file: Annotated[Path | None, typer.Option("--csv", help="受託者に渡す CSV を置く場所")] = None,
    as_json: Json = False,
) -> None:
    lines = pulling.pull_list(Context(Settings()), run)
    if file:
        write_file(file, pulling.as_csv(lines))
    if as_json:
        _print({"run": run, "pulls": [line._asdict() for line in lines]})
        return
    _show(lines)
    if file:
        show.line(f"  {file} に CSV を置きました。")


def _show(lines: tuple[PullLine, ...]) -> None:
    waiting = sum(not line.diverted_at for line in lines)
    show.line(f"引抜き一覧　{len(lines):,}通　うち抜取りの報告待ち {waiting:,}通")
    for line in lines:
        stand = f"抜取り報告 {line.diverted_at[:10]}" if line.diverted_at else "報告待ち"
        place = f"{line.batch} 封筒番号 {line.piece}"
        show.line(f"  {place}　第{line.generation}世代 {line.sheets}枚　{line.mark}　{stand}")


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
