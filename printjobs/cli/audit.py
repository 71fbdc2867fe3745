"""``printjobs audit``: what became of every notice of a city, and the proof that it is so."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from printjobs import reference
from printjobs.core.audit import SIDE_NAMES, Fault, Figures, Side
from printjobs.core.model import BadInput, Refused, UsageError
from printjobs.core.proof_of_mailing import Checked, Proof, check
from printjobs.pipeline import Context, audit_report, auditing, history, proving, returning, signing_off
from printjobs.reference import returns
from printjobs.reference.timetable import local
from printjobs.settings import Settings
from printjobs.trust.journal import open_journal
from printjobs.trust.signing import CouncilKey

from . import show
from .output import print_json, write_file

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")]
CityCode = Annotated[str, typer.Argument(metavar="CITY", help="6桁の市コード")]
NUMBER_COLUMN = "通知書番号"
_SHOWN = 20

audit_app = typer.Typer(no_args_is_help=True, help="市の監査: 件数、通知の履歴、報告書、証明")


def _context() -> Context:
    return Context(Settings())


@audit_app.command("show", help="市の件数の突合と、差のある通知を見ます。差があれば終了コード3です。")
def audit_show(run: RunId, city: CityCode, as_json: Json = False) -> None:
    context = _context()
    found = auditing.figures(context, run, city)
    signed = signing_off.signed_off(context, run, city)
    if as_json:
        print_json({
            "run": run,
            "city": found.city,
            "run_status": found.run_status,
            "figures": {str(side): found.of(side) for side in Side},
            "balanced": found.balanced,
            "differences": [d._asdict() | {"message": d.message} for d in found.differences],
            "signed_off": signed and {"at": local(signed.at).isoformat(), "pdf_sha256": signed.pdf_sha256},
        })  # fmt: skip
    else:
        _show_figures(found)
        show.line(
            f"確認: {local(signed.at):%Y-%m-%d %H:%M}" if signed else "確認: まだです（audit sign で記録します）。"
        )
    if not found.balanced:
        raise typer.Exit(3)


def _show_figures(found: Figures) -> None:
    show.line(f"{reference.city(found.city).name}　回 {found.run}（{found.run_status}）")
    for side in Side:
        count = found.of(side)
        show.line(f"  {SIDE_NAMES[side]}　{'未確定' if count is None else f'{count:,}'}")
    for difference in found.differences:
        numbers = f": {'、'.join(difference.numbers)}" if difference.numbers else ""
        show.line(f"  差　{difference.message} {difference.notices:,}件{numbers}")
    show.line("件数は一致しています。" if found.balanced else "件数に差があります。")


@audit_app.command("list", help="件数や差のもとになっている通知を、番号の順に見ます。")
def audit_list(
    run: RunId,
    city: CityCode,
    which: Annotated[str, typer.Argument(metavar="WHICH", help=f"{'・'.join([*Side, *Fault])} のどれか")],
    after: Annotated[str, typer.Option(help="この番号の次から")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="何件まで")] = 100,
    as_json: Json = False,
) -> None:
    words = {str(word): word for word in (*Side, *Fault)}
    if which not in words:
        raise UsageError(f"{which} という件数はありません。次から選んでください: {'、'.join(words)}")
    lines = auditing.notices(_context(), run, city, words[which], after, limit)
    if as_json:
        print_json([line._asdict() for line in lines])
        return
    for line in lines:
        where = f"{line.batch} 封筒{line.piece} 第{line.generation}世代" if line.batch else ""
        show.line(f"  {line.number}　{auditing.STATUS_NAMES[line.status]}　{where}{line.problem}")


@audit_app.command("history", help="1件の通知の、受取りから差出し・返戻までの履歴を見ます。")
def audit_history(
    run: RunId,
    city: CityCode,
    number: Annotated[str, typer.Argument(metavar="NOTICE_NUMBER", help="通知書番号")],
    as_json: Json = False,
) -> None:
    found = history.history(_context(), run, city, number)
    if as_json:
        moments = [m._asdict() | {"at": m.at and local(m.at).isoformat()} for m in found.moments]
        print_json(found._asdict() | {"moments": moments})
        return
    show.line(f"{reference.city(found.city).name} 通知書番号 {number}: {found.status_name}")
    for moment in found.moments:
        at = f"{local(moment.at):%Y-%m-%d %H:%M}" if moment.at else " " * 16
        show.line(f"  {at}  {moment.message}")


@audit_app.command("export", help="市の全部の通知がどうなったかを CSV に書き出します。")
def audit_export(
    run: RunId,
    city: CityCode,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="書く先の CSV")],
    as_json: Json = False,
) -> None:
    parts = auditing.export(_context(), run, city)
    try:
        with file.open("wb") as sink:
            for part in parts:
                sink.write(part)
    except OSError as error:
        raise UsageError(f"{file} に書けません（{error.strerror}）。書ける場所を指定してください。") from error
    if as_json:
        print_json({"run": run, "city": city, "written": str(file)})
    else:
        show.line(f"{file} に書き出しました。")


@audit_app.command(
    "report", help="監査報告書（電子署名つき PDF）を作ります。市が確認した後は、確認した報告書そのものです。"
)
def audit_report_(
    run: RunId, city: CityCode, into: Annotated[Path, typer.Option(help="書く先の PDF")], as_json: Json = False
) -> None:
    context = _context()
    pdf = signing_off.signed_report(context, run, city)
    signed = pdf is not None
    if pdf is None:
        pdf = audit_report.report(context, run, city, open_journal(context.settings).head()).pdf
    write_file(into, pdf)
    if as_json:
        print_json({"run": run, "city": city, "written": str(into), "signed_off": signed})
    else:
        show.line(f"{into} に{'市が確認した' if signed else ''}監査報告書を置きました。")


@audit_app.command(
    "sign", help="市の人が監査を終え、件数を確認したことを記録します。回を締めた後に、市ごとに一度です。"
)
def audit_sign(
    run: RunId, city: CityCode, by: Annotated[str, typer.Option(help="確認した人の名前")], as_json: Json = False
) -> None:
    context = _context()
    done = signing_off.sign_off(context, run, city, by, open_journal(context.settings).head())
    if as_json:
        print_json(done._asdict() | {"at": local(done.at).isoformat()})
    else:
        again = "（記録済みの確認のままです）" if done.again else ""
        show.line(
            f"{reference.city(done.city).name}の確認を記録しました。報告書 {done.file} SHA-256 {done.pdf_sha256}{again}"
        )


@audit_app.command("certificate", help="協議会の証明書を書き出します。報告書の電子署名を確かめるために市に渡します。")
def audit_certificate(into: Annotated[Path, typer.Option(help="書く先（PEM）")], as_json: Json = False) -> None:
    from printjobs.trust.pdf_signature import certificate_pem

    key = CouncilKey(Settings().secret_bytes())
    write_file(into, certificate_pem(key).encode())
    if as_json:
        print_json({"key_id": key.key_id, "written": str(into)})
    else:
        show.line(f"{into} に証明書を置きました（鍵 {key.key_id}）。")


@audit_app.command("returned", help="戻ってきた封筒（返戻）を、紙のQRで登録します。")
def audit_returned(
    city: CityCode,
    mark: Annotated[str, typer.Argument(metavar="MARK", help="紙のQRを読んだ34文字")],
    reason: Annotated[
        str, typer.Option(help="・".join(f"{code}（{name}）" for code, name in returns.reasons().items()))
    ],
    as_json: Json = False,
) -> None:
    done = returning.register(_context(), city, mark, reason)
    if as_json:
        print_json(done._asdict() | {"at": local(done.at).isoformat()})
    else:
        again = "（登録済みです）" if done.again else ""
        show.line(f"返戻を登録しました（{returns.reason(done.reason)}）: {done.batch} 封筒番号 {done.piece}{again}")
        show.line(f"  通知書番号 {'、'.join(done.numbers)}")


@audit_app.command(
    "proof", help="差出しの証明を書き出します。--check は、証明を市の手元の一覧と比べます（ネットワーク不要）。"
)
def audit_proof(
    run: Annotated[str, typer.Argument(metavar="RUN", help="回の名前。--check のときは要りません")] = "",
    city: Annotated[str, typer.Argument(metavar="CITY", help="6桁の市コード。--check のときは要りません")] = "",
    into: Annotated[Path | None, typer.Option(help="証明を書く先（JSON）")] = None,
    checked: Annotated[Path | None, typer.Option("--check", help="確かめる証明のファイル")] = None,
    listed: Annotated[Path | None, typer.Option("--list", help="市の手元の一覧（CSV）")] = None,
    column: Annotated[str, typer.Option(help="一覧の、通知書番号の列の見出し")] = NUMBER_COLUMN,
    as_json: Json = False,
) -> None:
    if checked and listed and not (run or city or into):
        proof = proving.read(_bytes(checked))
        _tell(proof, check(proof, _numbers(listed, column)), as_json=as_json)
    elif run and city and into and not (checked or listed):
        proof = proving.make(_context(), run, city)
        write_file(into, proving.written(proof))
        if as_json:
            print_json({"run": run, "city": city, "written": str(into), "roots": _roots(proof)})
        else:
            show.line(f"{into} に証明を置きました。鍵が入っているので、市だけに渡してください。")
    else:
        raise UsageError(
            "証明を作るときは RUN CITY --into FILE、確かめるときは --check FILE --list CSV を指定してください。"
        )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} を開けません（{error.strerror}）。ファイル名を確かめてください。") from error


def _numbers(path: Path, column: str) -> list[str]:
    """The city's own notice numbers; a list from a Japanese spreadsheet may be in either encoding."""
    data = _bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp932", errors="replace")
    rows = csv.DictReader(text.splitlines())
    if column not in (rows.fieldnames or ()):
        raise BadInput(f"{path} に「{column}」の列がありません。--column で見出しを指定してください。", path.name)
    return [number for row in rows if (number := (row[column] or "").strip())]


def _roots(proof: Proof) -> dict[str, str]:
    return {batch.batch: batch.root for batch in proof.batches}


def _tell(proof: Proof, found: Checked, *, as_json: bool) -> None:
    if as_json:
        differences = [d._asdict() for d in found.differences]
        print_json(
            found._asdict() | {"differences": differences, "run": proof.run, "city": proof.city, "roots": _roots(proof)}
        )
    else:
        show.line(f"回 {proof.run}　市 {proof.city}　手元の一覧 {found.listed:,}件")
        for status, count in sorted(found.ends.items()):
            show.line(f"  {auditing.STATUS_NAMES.get(status, status)}　{count:,}件")
        for number, status in found.explained[:_SHOWN]:
            show.line(f"  差し出していない通知 {number}: {auditing.STATUS_NAMES.get(status, status)}")
        for difference in found.differences[:_SHOWN]:
            show.line(f"  差　{difference.number} {difference.message}")
        left = f"差が{len(found.differences):,}件あります" if found.differences else "証明と一覧に差はありません"
        show.line(f"{left}（請求は、市への請求の通数が差し出した通数と同じかを見たものです）。")
        show.line(
            "まだ終わりではありません。次のルートが、署名のある監査報告書のルートと全部同じことを確かめてください。"
        )
        for batch in proof.batches:
            show.line(f"  ルート {batch.batch or '（封筒なし）'}　{batch.root}")
    if found.differences:
        raise typer.Exit(3)


@audit_app.command("verify", help="操作の記録が、変えられても抜かれてもいないことを確かめます。違えば終了コード3です。")
def audit_verify(
    known: Annotated[str, typer.Option(help="監査報告書に載っている記録のハッシュ。記録の中にあるかも確かめます")] = "",
    as_json: Json = False,
) -> None:
    found = open_journal(Settings()).verify(known.strip().lower())
    if as_json:
        print_json({"entries": found.entries, "head": found.head, "broken": found.broken, "known": found.known})
    elif found.broken:
        show.line(
            f"操作の記録は{found.entries:,}件目までしか正しくありません。番号 {found.broken} の行が、変えられているか、"
            "前の行が抜けています。データベースと控えを保全し、調べてください。"
        )
    else:
        show.line(f"操作の記録 {found.entries:,}件は、すべて正しいものです。最後のハッシュ {found.head or 'なし'}")
    if not found.known and not as_json:
        show.line("示されたハッシュは、正しい記録の中にありません。記録が途中から失われたか、別の機械の記録です。")
    if found.broken or not found.known:
        raise typer.Exit(Refused.exit_code)
