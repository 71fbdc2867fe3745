"""``printjobs extract``: the very pages of one notice, for the counter."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from printjobs import reference
from printjobs.core.model import PieceStatus
from printjobs.pipeline import Context, extracting
from printjobs.pipeline.extracting import Extract
from printjobs.settings import Settings

from . import show
from .output import write_file

_STATUSES = {
    PieceStatus.PLANNED: "受託者への引渡し前です。",
    PieceStatus.RELEASED: "受託者に引き渡し、封入・差出しの報告を待っています。",
    PieceStatus.INSERTED: "封入済みです。差出しの報告を待っています。",
    PieceStatus.MAILED: "差出し済みです。",
    PieceStatus.PULLED: "引抜きました。郵送していません。",
    PieceStatus.SPOILED: "事故品です。作り直しを待っていて、郵送していません。",
    PieceStatus.SUPERSEDED: "事故品で、作り直しました。この世代の紙は無効です。",
}


def extract(
    run: Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")],
    number: Annotated[str, typer.Argument(metavar="NOTICE_NUMBER", help="通知書番号")],
    city: Annotated[str, typer.Option(help="6桁の市コード。同じ番号の通知が2つの市にあるとき")] = "",
    generation: Annotated[int | None, typer.Option(min=1, help="作り直す前の世代を取り出すとき。省くと最新")] = None,
    into: Annotated[Path, typer.Option(help="写しを置くフォルダ。省くと今のフォルダ")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")] = False,
) -> None:
    made = extracting.extract(Context(Settings()), run, number, city, generation)
    path = into / made.name
    write_file(path, made.pdf)
    if as_json:
        told = {name: value for name, value in made._asdict().items() if name != "pdf"}
        sys.stdout.write(json.dumps(told | {"written": str(path)}, ensure_ascii=False, indent=1) + "\n")
    else:
        _show(made, path)


def _show(made: Extract, path: Path) -> None:
    sheets = f"{made.first}〜{made.last}枚目" if made.last > made.first else f"{made.first}枚目"
    name = reference.city(made.city).name
    show.line(f"{name} 通知書番号 {made.number} の写し（{made.pages}頁）を {path} に置きました。")
    show.line(f"  バッチ {made.batch}　第{made.generation}世代　SHA-256 {made.sha256}")
    show.line(f"  印刷ファイル {made.file}　封筒番号 {made.piece}　{sheets}／{made.of}枚")
    if made.generation > 1:
        show.line(f"  作り直した通知です。第{made.generation - 1}世代までの紙は無効です。")
    show.line(f"  {_STATUSES[PieceStatus(made.status)]}")
