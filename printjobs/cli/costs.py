"""``printjobs cost``: what a run costs and who pays it, invoices, corrections, and closing the books."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from printjobs import reference
from printjobs.core.cost.settlement import FAULT_WORDS, ISSUERS, VENDOR, differences
from printjobs.core.model import UsageError
from printjobs.pipeline import Context, charging, closing, costing, invoicing, period_statements
from printjobs.pipeline.costing import Costed
from printjobs.pipeline.invoicing import Arrived, Compared
from printjobs.settings import Settings

from . import projection, show
from .output import print_json, write_file

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")]
By = Annotated[str, typer.Option(help="行う人の名前")]

app = typer.Typer(no_args_is_help=True, help="費用と負担金: 計算・請求書・訂正・締め", cls=show.DefaultsToRun)
app.command("project", help="加入・脱退・延長のときの、各市の数年度の負担を試算します。")(projection.project)


@app.command("run", help="費用と、市ごとの負担を計算します。cost RUN と同じです。")
def run_(run: RunId, as_json: Json = False) -> None:
    context = Context(Settings())
    costed = costing.cost(context, run)
    values = costing.as_values(costed)
    expected = costing.estimate(context, run) if costed.settled else None
    if as_json:
        print_json(values | ({"estimate": _beside(expected, costed)} if expected else {}))
        return
    show.cost(values)
    if expected:
        before = {c.code: c.total_yen for c in expected.bill.cities}
        after = {c.code: c.total_yen for c in costed.bill.cities}
        codes = sorted({*before, *after})
        show.expected(expected.bill.invoice_yen, [(c, before.get(c, 0), after.get(c, 0)) for c in codes])


def _beside(expected: Costed, costed: Costed) -> dict[str, Any]:
    return {
        "invoice_yen": expected.bill.invoice_yen,
        "cities": [{"code": c.code, "total_yen": c.total_yen} for c in expected.bill.cities],
        "differences": [d._asdict() for d in differences(expected.bill, costed.bill)],
    }


@app.command(
    "invoice", help="請求書（CSV）を取り込み、予定と1行ずつ比べます。FILE を省くと、取込み済みのものを比べます。"
)
def invoice(
    run: RunId,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="請求書の CSV（費目,数量,単価,金額）")] = None,
    issuer: Annotated[str, typer.Option(help="だれの請求書か: vendor 受託者、post 郵便局")] = VENDOR,
    number: Annotated[str, typer.Option(help="請求書の番号")] = "",
    date: Annotated[str, typer.Option(help="請求書の日付 2026-05-10 の形")] = "",
    instead_of: Annotated[str, typer.Option(help="訂正した請求書のとき、元の請求書の番号")] = "",
    expected: Annotated[
        bool, typer.Option("--expected", help="受け取るはずの請求書を CSV で出します（FILE があればそこへ）")
    ] = False,
    as_json: Json = False,
) -> None:
    context = Context(Settings())
    if expected:
        if number or date or instead_of:
            raise UsageError(
                "--expected は請求書の形を作るだけで、取り込みません。取り込むときは --expected を、"
                "作るときは --number・--date・--instead-of を外してください。"
            )
        _expected(context, run, issuer, file, as_json=as_json)
        return
    if file:
        told = invoicing.take(context, run, file, Arrived(issuer, number, date, instead_of))
    elif number or date or instead_of:
        raise UsageError("取り込む請求書の CSV を FILE に指定してください。")
    else:
        told = invoicing.compared(context, run, issuer)
    if as_json:
        found = [d._asdict() for d in told.discrepancies]
        corrected = [line._asdict() for line in told.corrected]
        print_json(told._asdict() | {"discrepancies": found, "corrected": corrected, "balanced": told.balanced})
    else:
        _show_compared(told)
    if not told.balanced:
        raise typer.Exit(3)


def _expected(context: Context, run: str, issuer: str, file: Path | None, *, as_json: bool) -> None:
    lines = invoicing.expected_lines(context, run, issuer)
    if file:
        if file.exists():
            raise UsageError(f"{file} はもうあります。届いた請求書を消さないよう、別の名前を指定してください。")
        write_file(file, invoicing.as_csv(lines).encode("utf-8-sig"))  # with a mark, or Excel takes it for Shift_JIS
    if as_json:
        print_json({"run": run, "issuer": issuer, "lines": [line._asdict() for line in lines]})
    elif file:
        show.line(f"{file} に、{ISSUERS[issuer]}から受け取るはずの請求書の形を置きました。")
    else:
        sys.stdout.write(invoicing.as_csv(lines))


def _show_compared(told: Compared) -> None:
    name = ISSUERS[told.issuer]
    if not told.number:
        show.line(f"{name}の請求書はまだありません（負担金 {told.charged_yen:,}円のはず）。")
        return
    again = "（取込み済みのままです）" if told.again else ""
    show.line(f"{name}の請求書 {told.number}（{told.date}）　{told.invoice_yen:,}円{again}")
    show.invoice([(d.item, FAULT_WORDS[d.fault], d.expected, d.invoiced) for d in told.discrepancies])
    for line in told.corrected:
        show.line(f"「{line.item}」は訂正済みで、予定は {line.yen:,}円です。数量と単価は比べません。")
    corrected = told.charged_yen - told.bill_yen
    note = f"（確定 {told.bill_yen:,}円、訂正 {corrected:+,}円）" if corrected else ""
    same = "一致します" if told.invoice_yen == told.charged_yen else "違います"
    show.line(f"各市の負担金の計 {told.charged_yen:,}円{note}と{same}。")


def _whole_yen(written: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", written):
        raise UsageError(
            f"--yen {written} は円として読めません。半角の整数を、桁区切りなしで入れてください（例: 1000、-1200）。"
        )
    return int(written)


def _code(city: str) -> str:
    """The code of a member by code or name; empty stays so."""
    members = {code: member.name for code, member in reference.cities().items()}
    return reference.code_of(city, members, "構成市") if city else ""


@app.command("correct", help="確定した負担金を、元の記録を残したまま訂正します。額は消費税を含みます。")
def correct(
    run: RunId,
    item: Annotated[str, typer.Option(help="費目: 請求書の行の題か名前（例: 封筒、envelope）")],
    yen: Annotated[
        int, typer.Option(parser=_whole_yen, metavar="YEN", help="加える円（消費税を含む）。減らすなら負の額")
    ],
    reason: Annotated[str, typer.Option(help="訂正の理由（氏名は入れません）")],
    by: By,
    city: Annotated[str, typer.Option(help="1つの市だけの訂正なら市コードか名前。省くと費目の規則で分けます")] = "",
    as_json: Json = False,
) -> None:
    done = charging.correct(Context(Settings()), run, item, yen, reason, by, _code(city))
    if as_json:
        shares = [{"code": code, **share._asdict()} for code, share in done.shares.items()]
        print_json(done._asdict() | {"shares": shares})
        return
    again = "（記録済みの訂正のままです。同じ訂正をもう一度加えるときは、理由を変えてください）" if done.again else ""
    show.line(f"「{done.item}」の訂正 {yen:+,}円を {done.month} の分として記録しました（{done.rule}）。{again}")
    for code, share in done.shares.items():
        show.line(f"  {reference.city(code).name}　{share.yen:+,}円")


@app.command("close", help="月（2026-05）か年度（2026）の費用を締めます。請求書・負担金・差出しが合うときだけです。")
def close(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="月 2026-05 か、年度 2026（4月から3月）")],
    by: By,
    as_json: Json = False,
) -> None:
    done = closing.close_period(Context(Settings()), period, by)
    if as_json:
        print_json({name: value for name, value in done._asdict().items() if name != "by"})
        return
    again = "（締め済みのままです）" if done.again else ""
    show.line(f"{period} を締めました。請求 {done.invoice_yen:,}円＝負担金、{done.notices:,}件。{again}")


@app.command("statement", help="月（2026-05）か年度（2026）の負担金明細書と総括表を、PDF と CSV で作ります。")
def statement(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="月 2026-05 か、年度 2026（4月から3月）")],
    out: Annotated[Path, typer.Option(help="置くフォルダ")],
    city: Annotated[str, typer.Option(help="1つの市だけなら市コードか名前。省くと全市の分と総括表です")] = "",
    as_json: Json = False,
) -> None:
    context, code = Context(Settings()), _code(city)
    made = period_statements.statement(context, period)
    papers = period_statements.papers(context, made, code)
    for name, data in papers.items():
        write_file(out / name, data)
    if as_json:
        print_json(period_statements.as_values(made, code) | {"files": [str(out / name) for name in papers]})
    else:
        show.line(f"{period} の明細書を {out} に置きました（{'確定' if made.closed else '未確定'}）:")
        for name in papers:
            show.line(f"  {name}")
