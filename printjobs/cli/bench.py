"""``printjobs bench``: every speed of the documentation, measured on this machine."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from . import show

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]

_WAYS = {
    "printjobs": "printjobs",
    "reportlab_forms": "ReportLab（フォームXObject）",
    "reportlab_forms_ready_marks": "ReportLab（同、QRは出来合い）",
    "fpdf2": "fpdf2",
    "fpdf2_ready_marks": "fpdf2（QRは出来合い）",
    "obvious": "素直な方法（1通ずつ作り pypdf で結合）",
}


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="動くかどうかだけを、少しのデータで試します。")] = False,
    database: Annotated[
        str, typer.Option(metavar="URL", help="報告の取込みを、空の PostgreSQL データベースでも測ります。")
    ] = "",
    as_json: Json = False,
) -> None:
    from printjobs.bench import running

    found = running.run(quick=quick, database=database, say=_say)
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    else:
        _show(found)


def _say(text: str) -> None:
    """Ten minutes without a word would be long; standard output is for the result."""
    sys.stderr.write(f"{text}\n")


def _show(found: dict[str, Any]) -> None:
    table = Table(title="組版（固定資産税の同じ頁、1プロセス）", title_justify="left", title_style="bold")
    for name in (
        "方法",
        "頁/秒",
        "最小〜最大",
        "バイト/頁",
        "最大メモリ MiB",
        "頁",
        "同じ頁の printjobs 頁/秒",
        "倍率",
    ):
        table.add_column(name, justify="left" if name == "方法" else "right")
    for way in found["compose"]:
        ratio = found["ratios"].get(way["way"])
        table.add_row(
            _WAYS[way["way"]],
            f"{way['pages_per_s']:,.0f}",
            _range(way["pages_per_s_spread"]),
            f"{way['bytes_per_page']:,.0f}",
            f"{way['peak_mib']:,.0f}",
            f"{way['pages']:,}",
            f"{way['printjobs_pages_per_s']:,.0f}",
            f"{ratio:.1f}" if ratio else "",
        )
    show.console.print(table)
    for line in _steps(found):
        show.line(line)
    if found["quick"]:
        show.line("少しのデータで試しただけです。数字は速さの目安になりません。--quick を外すと測れます。")


def _steps(found: dict[str, Any]) -> list[str]:
    """The other figures, a line each."""
    two, memory, plan = found["two_process"], found["memory"], found["plan"]
    scans = [
        (name, found[key]) for name, key in (("SQLite", "scan"), ("PostgreSQL", "scan_postgresql")) if key in found
    ]
    machine = found["machine"]
    return [
        f"2プロセス: 1プロセスの{_range(two['ratio_spread'], 2)}倍（印刷ファイル{two['files']}個）",
        f"長いファイル: {memory['pages']:,}頁で最大 {memory['peak_mib']:,.0f} MiB",
        f"受取り: {found['intake_per_s']:,.0f}件/秒（{_range(found['intake']['per_s_spread'])}）",
        f"計画: 封筒{plan['pieces']:,}通を{_seconds(plan)}",
        f"費用: 封筒{found['cost']['pieces']:,}通の計算と按分を{_seconds(found['cost'])}",
        *(f"報告の取込み（{name}）: {scan['lines']:,}行を{_seconds(scan)}" for name, scan in scans),
        f"読み戻し検査: {found['readback_pages_per_s']:,.0f}頁/秒（{_range(found['readback']['per_s_spread'])}）",
        f"機械: {machine['processors']}コア、{machine['architecture']}、始める前の負荷 {machine['load'][0]}",
        "版: " + "、".join(f"{name} {version}" for name, version in found["versions"].items()),
    ]


def _seconds(step: dict[str, Any]) -> str:
    wall = step["wall_s"]
    return f"{wall['median']:.1f}秒（{_range(wall, 1)}）、最大 {step['peak_mib']:,.0f} MiB"


def _range(spread: dict[str, float], digits: int = 0) -> str:
    return f"{spread['min']:,.{digits}f}〜{spread['max']:,.{digits}f}"
