"""``printjobs postings``: what goes to the posting office with a run, shown and as papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from printjobs.core.cost.statements import Statement
from printjobs.pipeline import Context, posting_papers
from printjobs.pipeline.posting_papers import Postings, Written, sender_name
from printjobs.settings import Settings

from . import show
from .output import print_json, write_file


def postings(
    run: Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")],
    out: Annotated[Path | None, typer.Option(help="紙（差出票など）と CSV を置くフォルダ")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")] = False,
) -> None:
    context = Context(Settings())
    found = posting_papers.postings(context, run)
    written = posting_papers.write(context, found, lambda name, data: write_file(out / name, data)) if out else None
    if as_json:
        print_json(_values(found) | (written._asdict() if written else {}))
    else:
        _show(found, out, written)


def _values(found: Postings) -> dict[str, Any]:
    return {
        "run": found.run.id,
        "ready": found.ready,
        "waiting": found.waiting._asdict(),
        "statements": [_statement(statement) for statement in found.statements],
        "yen": sum(statement.yen for statement in found.statements),
        "why": [why._asdict() for why in found.why],
        "later": list(found.later),
    }


def _statement(statement: Statement) -> dict[str, Any]:
    rows = [
        {**line._asdict(), "percent": float(line.percent), "parts": [part._asdict() for part in parts]}
        for line, parts in statement.rows
    ]
    return {
        "posting": statement.posting.number,
        "title": statement.title,
        **statement.posting.terms._asdict(),
        "rows": rows,
        "senders": [sender._asdict() for sender in statement.senders],
        "pieces": statement.pieces,
        "yen": statement.yen,
    }


def _show(found: Postings, out: Path | None, written: Written | None) -> None:
    show.line(f"差出し　{found.run.id}（{found.run.mailing_date}）")
    for statement in found.statements:
        show.line(f"  {statement.title}　{sender_name(statement)}　{statement.pieces:,}通　{statement.yen:,}円")
    for why in found.why:
        show.line(why.title)
        for sentence in why.sentences:
            show.line(f"  ・{sentence}")
    for sentence in found.later:
        show.line(sentence)
    if not found.ready:
        making, spoiled, pulls = found.waiting
        show.line(
            f"下書きです。封入の報告待ち {making:,}通、作り直し待ち {spoiled:,}通、抜取りの報告待ち {pulls:,}通。"
            "そろってから、差し出すものを作り直してください。"
        )
    if written:
        counts = f"束 {written.bundles:,}、ケース {written.trays:,}、封筒 {written.pieces:,}通"
        show.line(f"{out} に{len(written.files):,}個のファイルを置きました（{counts}）。")
