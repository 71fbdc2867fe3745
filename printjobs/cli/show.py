"""How results look on a terminal: Japanese tables and progress bars. Nothing is decided here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer.core
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from printjobs import reference
from printjobs.core.cost.bill import GROUP_WORDS
from printjobs.core.gaiji import STATE_NAMES, State
from printjobs.pipeline.costing import STAGE_WORDS
from printjobs.pipeline.doctor import Finding
from printjobs.pipeline.gaiji import Again, Imported
from printjobs.pipeline.proofs import Proof
from printjobs.pipeline.settling import Settled
from printjobs.render.dictionary import Entry
from printjobs.render.differences import Change
from printjobs.render.picture import Picture
from printjobs.sample import SampleSummary

_WIDE = 130  # what the widest table needs where there is no terminal to ask
console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
_STEP_NAMES = {
    "intake": "受取り",
    "plan": "計画",
    "proof": "校正刷り",
    "render": "組版",
    "check": "読み戻し検査",
    "package": "封印",
    "replan": "引抜き後の計画",
    "reprint": "作り直し",
    "close": "締め",
    "steps": "作業",
}
_STATUS_NAMES = {
    "open": "受付中",
    "planned": "作成中",
    "packaged": "引渡し待ち",
    "released": "引渡し済み",
    "closed": "締め済み",
}
_COUNTED = ("received", "rejected", "pulled", "mailed", "outstanding", "pieces", "sheets", "charged_yen")
_SHOWN = 12  # problems and findings listed before "and so many more"


class Defaulting(typer.core.TyperGroup):
    """A first word that is no command is the first word of one command."""

    default: str

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = [self.default, *args]
        return super().resolve_command(ctx, args)


class DefaultsToData(Defaulting):
    """``sample DIR`` means ``sample data DIR``."""

    default = "data"


class DefaultsToRun(Defaulting):
    """``cost RUN`` means ``cost run RUN``."""

    default = "run"


class Bars:
    """A progress bar for each long step, by name."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._names = {c.code: c.name for c in reference.cities().values()} | _STEP_NAMES

    def update(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._progress.start()  # only now: a command without a long step shows no bar at all
            self._tasks[name] = self._progress.add_task(self._names.get(name, name), total=total)
        self._progress.update(self._tasks[name], completed=done, total=total)


@contextmanager
def bars(*, hidden: bool = False) -> Iterator[Bars]:
    columns = (TextColumn("  {task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, disable=hidden)
    try:
        yield Bars(progress)
    finally:
        if progress.live.is_started:
            progress.stop()


def line(text: str) -> None:
    console.print(text, markup=False)


def heading(text: str) -> None:
    console.print(f"\n[bold]{escape(text)}[/bold]")


def _table(title: str, *columns: tuple[str, bool]) -> Table:
    """Columns by title; True stands numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name, right in columns:
        table.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def sample(directory: Path, summary: SampleSummary) -> None:
    names = reference.cities()
    table = _table(
        escape(f"見本データ {directory}"),
        ("市", False),
        ("通知", True),
        ("明細の行", True),
        ("合計額（円）", True),
    )
    for code, city in summary.cities.items():
        table.add_row(names[code].name, f"{city.notices:,}", f"{sum(city.rows.values()):,}", f"{city.tax_total:,}")
    console.print(table)


def status(status: dict[str, Any]) -> None:
    balanced = "件数は合っています" if status["balanced"] else "件数が合っていません"
    console.print(f"[bold]回 {status['run']}[/bold]　{_STATUS_NAMES[status['status']]}　{balanced}")
    table = _table(
        "市ごとの件数（受取り＝はじき＋引抜き＋差出し＋未決）",
        ("市", False), ("受取り", True), ("はじき", True), ("引抜き", True), ("差出し", True), ("未決", True),
        ("封筒", True), ("紙", True), ("負担金（円）", True), ("突合", False), ("校正", False),
    )  # fmt: skip
    for c in status["cities"]:
        table.add_row(
            c["name"],
            *(f"{c[key]:,}" for key in _COUNTED),
            "○" if c["balanced"] else "[red]×[/red]",
            _signed(c),
        )
    console.print(table)
    if status["batches"]:
        table = _table(
            "バッチ",
            ("名前", False),
            ("種類", False),
            ("封筒", True),
            ("紙", True),
            ("ファイル", True),
            ("状態", False),
        )
        for b in status["batches"]:
            table.add_row(
                b["id"],
                b["class"],
                f"{b['pieces']:,}",
                f"{b['sheets']:,}",
                str(len(b["files"])),
                _BATCH_NAMES[b["status"]],
            )
        console.print(table)
    _problems(status["problems"])


def _signed(city: dict[str, Any]) -> str:
    if city["approved"]:
        return escape(f"承認 {city['approved_by']} {city['approved_at'][:10]}")
    return "承認待ち" if city["proof"] else "―"


def proof(made: Proof) -> None:
    console.print(f"[bold]{reference.city(made.city).name}の校正刷り[/bold]　{len(made.notices)}件 {made.pages}頁")
    table = _table("選んだ通知", ("通知書番号", False), ("頁", True), ("選んだ理由", False))
    for notice in made.notices:
        table.add_row(notice.number, f"{notice.first}〜{notice.last}", escape("、".join(notice.reasons)))
    console.print(table)
    line(f"  {made.file}")
    line(f"  SHA-256 {made.sha256}")
    line(f"  確かめたら: printjobs approve {made.run} {made.city} --by 名前 --proof {made.sha256}")


_BATCH_NAMES = {
    "planned": "作成中", "packaged": "引渡し待ち", "released": "引渡し済み", "posted": "差出し済み",
    "withdrawn": "取下げ（引抜き）",
}  # fmt: skip


def _problems(problems: list[dict[str, Any]]) -> None:
    if not problems:
        return
    names = reference.cities()
    table = _table(f"データの問題 {len(problems):,}件", ("市", False), ("場所", False), ("問題", False))
    for p in problems[:_SHOWN]:
        place = f"{p['file']} {p['row']}行 {p['column']}" if p["row"] else p["file"]
        table.add_row(names[p["city"]].name, escape(place), escape(p["message"]))
    console.print(table)
    if len(problems) > _SHOWN:
        console.print(f"  ほか{len(problems) - _SHOWN:,}件（全件は run status --json）")


def gaiji_table(version: int, entries: list[dict[str, Any]]) -> None:
    names = reference.cities()
    table = _table(
        f"統一外字表 第{version:,}版　{len(entries):,}字",
        ("市", False), ("集合", False), ("コード", False), ("シフトJIS", False), ("状態", False), ("文字", False),
        ("文字のコード", False), ("MJ名", False), ("外字フォント", False), ("同定", False), ("根拠", False),
    )  # fmt: skip
    for e in entries:
        own = (e["code"], e["shift_jis"], STATE_NAMES[State(e["state"])], e["text"], e["text_codes"], e["mj"])
        said = (e["glyph"], f"{e['by']} {e['date']}".strip(), e["ground"])
        table.add_row(names[e["city"]].name, *map(escape, (e["character_set"], *own, *said)))
    console.print(table)


def gaiji_again(again: list[Again]) -> None:
    """Hand-ins that were read by an older table."""
    for one in again:
        name = reference.city(one.city).name
        line(f"  {one.run} の{name}のデータを submit で出し直すと、今の外字表で読み直します。")


def gaiji_imported(done: Imported) -> None:
    if done.problems:
        line(f"{done.rows:,}行のうち誤りのある行があるので、1行も取り込みませんでした。")
        for p in done.problems[:_SHOWN]:
            line(f"  {p.row}行 {p.column}: {p.message}")
        if len(done.problems) > _SHOWN:
            line(f"  ほか{len(done.problems) - _SHOWN:,}件（全件は --json）")
        return
    line(f"外字表 {done.rows:,}行のうち、新しい{done.added:,}行を取り込みました（第{done.version:,}版）。")
    gaiji_again(done.again)


def settled(done: Settled) -> None:
    if done.again:
        console.print(f"同じ報告（{done.lines:,}行）は取込み済みです。何も変えていません。")
        return
    words = {"inserted": "封入", "mailed": "差出し", "spoiled": "作り直し"}
    counts = "、".join(f"{words.get(k, k)} {v:,}通" for k, v in sorted(done.statuses.items()))
    console.print(f"報告 {done.lines:,}行を取り込みました: {counts or '変化なし'}。")
    for f in done.findings[:_SHOWN]:
        line(f"  {f.line}行 バッチ{f.batch} 封筒{f.piece}: {f.message}")
    if len(done.findings) > _SHOWN:
        console.print(f"  ほか{len(done.findings) - _SHOWN:,}件")
    for b in done.bad[:_SHOWN]:
        line(f"  {b.event.line}行 読めません: {b.reason} {b.text}")
    if len(done.bad) > _SHOWN:
        console.print(f"  ほか{len(done.bad) - _SHOWN:,}行（全部は scans show で見られます）")
    if done.held:
        line(done.held)


def cost(values: dict[str, Any]) -> None:
    names = reference.cities()
    table = _table(
        f"費用 {STAGE_WORDS[values['stage']]}　請求総額 {values['invoice_yen']:,}円",
        ("市", False), *((word, True) for word in GROUP_WORDS.values()), ("合計（円）", True), ("単独なら", True),
        ("節減", True),
    )  # fmt: skip
    for city in values["cities"]:
        shares = dict.fromkeys(GROUP_WORDS, 0)
        for item in city["items"]:
            shares[item["group"]] += item["yen"]
        yen = (*shares.values(), city["total_yen"], city["alone_yen"], city["saving_yen"])
        table.add_row(names[city["code"]].name, *(f"{amount:,}" for amount in yen))
    console.print(table)
    console.print("各市の合計は請求総額と一致します。" if values["sum_ok"] else "[red]合計が一致しません。[/red]")
    for city in values["cities"]:
        if corrected := city["corrections_yen"]:
            name = names[city["code"]].name
            console.print(f"{name} 訂正 {corrected:+,}円（台帳にあります。上の表には入っていません）")
    if values["dearer"]:
        dearer = "、".join(names[code].name for code in values["dearer"])
        console.print(f"[red]単独のほうが安い市があります: {dearer}。按分の取決めを見直してください。[/red]")


def expected(invoice_yen: int, totals: Sequence[tuple[str, int, int]]) -> None:
    """What was expected beside what came: by city its code, yen expected, yen settled."""
    names = reference.cities()
    table = _table(
        f"見込みとの差　見込みの請求総額 {invoice_yen:,}円",
        ("市", False), ("見込み", True), ("確定", True), ("差", True),
    )  # fmt: skip
    for code, before, after in totals:
        table.add_row(names[code].name, f"{before:,}", f"{after:,}", f"{after - before:+,}")
    console.print(table)


def invoice(rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Where an invoice differs: item, what is wrong, expected, invoiced."""
    if not rows:
        line("どの行も予定と一致します。")
        return
    table = _table(f"違う行 {len(rows)}件", ("費目", False), ("違い", False), ("予定", True), ("請求書", True))
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def doctor(found: list[Finding]) -> None:
    for f in found:
        line(f"{'○' if f.ok else '×'} {f.name}: {f.detail}")


def layout_pictures(made: Sequence[Picture], files: Sequence[str]) -> None:
    table = _table("様式の頁", ("頁", False), ("刷る所", False), ("枠", True), ("刷らない所", True))
    for picture in made:
        table.add_row(picture.page, escape("、".join(picture.sides)), f"{len(picture.things)}", f"{len(picture.zones)}")
    console.print(table)
    _files(files)


def dictionary(entries: Sequence[Entry]) -> None:
    for file in dict.fromkeys(e.file for e in entries):
        table = _table(
            escape(file), ("列名", False), ("型と書き方", False), ("必須", False), ("最大", True), ("使う所", False)
        )
        for e in (e for e in entries if e.file == file):
            form = "、".join(e.choices) or e.form
            table.add_row(
                e.title, escape(f"{e.type}: {form}"), "必須" if e.required else "", str(e.length), escape(e.used)
            )
        console.print(table)


def layout_changes(old: str, new: str, changes: Sequence[Change], files: Sequence[str]) -> None:
    console.print(f"[bold]{escape(old)} → {escape(new)}[/bold]　変更 {len(changes)}か所")
    if urgent := sum(c.urgent for c in changes):
        warning = f"宛名・敬称に触れる変更が{urgent}か所あります。様・御中が付くことを必ず確かめてください。"
        console.print(f"[bold red]{warning}[/bold red]")
    for number, change in enumerate(changes, start=1):
        text = f"{number:3d}  {escape(change.message)}"
        console.print(f"[bold red]{text}[/bold red]" if change.urgent else text)
    if files:
        _files(files)
    elif changes:
        line("絵で見るには --into フォルダ を付けます。")


def _files(files: Sequence[str]) -> None:
    line(f"  {files[0]}")
    line(f"  ほかに、頁ごとの画像 {len(files) - 1}枚")
