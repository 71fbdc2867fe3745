"""The commands of the gaiji table (統一外字表): take in a list, show the table, settle one character."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from printjobs.core.gaiji import STANDARD, State
from printjobs.core.model import BadInput, UsageError
from printjobs.pipeline import Context, gaiji
from printjobs.pipeline.gaiji import Resolution
from printjobs.settings import Settings

from . import show

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]

app = typer.Typer(no_args_is_help=True, help="統一外字表（市のコードがどの文字か）を入れる・見る・決める")


@app.command("import", help="外字表のCSVを取り込みます。1行でも誤りがあれば、どの行も取り込みません。")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="外字表（CSV、UTF-8）")], as_json: Json = False
) -> None:
    done = gaiji.import_list(Context(Settings()), file)
    if as_json:
        told = done._asdict() | {"again": [a._asdict() for a in done.again]}
        _print(told | {"problems": msgspec.to_builtins(done.problems)})
    else:
        show.gaiji_imported(done)
    if done.problems:
        raise typer.Exit(BadInput.exit_code)


@app.command("list", help="外字表を見ます。")
def list_(
    city: Annotated[str, typer.Option(help="6桁の市コード。省くと全市")] = "",
    state: Annotated[str, typer.Option(help="open（未同定）・provisional（暫定）・settled（確定）")] = "",
    version: Annotated[int | None, typer.Option(min=0, help="この版のときの表。省くと今の表")] = None,
    as_json: Json = False,
) -> None:
    number, entries = gaiji.table(Context(Settings()), city, state, version)
    values = gaiji.as_values(entries)
    if as_json:
        _print({"version": number, "entries": values})
    else:
        show.gaiji_table(number, values)


@app.command(help="1つのコードがどの文字かを決めます。決め直しも、取り消しも、前の行は残ります。")
def resolve(
    city: Annotated[str, typer.Argument(metavar="CITY", help="6桁の市コード")],
    code: Annotated[str, typer.Argument(metavar="CODE", help="外字コード。U+E001 か、シフトJISなら SJIS-F041")],
    by: Annotated[str, typer.Option(help="同定した人")],
    ground: Annotated[str, typer.Option(help="根拠（原票・戸籍との照合など）")],
    character_set: Annotated[str, typer.Option(help="市の文字集合の名前")] = STANDARD,
    text: Annotated[str, typer.Option(help="文字。異体字は「U+8FBB U+E0100」のようにコードでも書けます")] = "",
    mj: Annotated[str, typer.Option(help="MJ文字図形名（MJ000001）。文字はIPAmj明朝から決まります")] = "",
    glyph: Annotated[str, typer.Option(help="共同の外字フォントのコード（U+E001）")] = "",
    provisional: Annotated[bool, typer.Option("--provisional", help="暫定として記録します（印刷しません）")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="前の同定を取り消し、未同定に戻します")] = False,
    as_json: Json = False,
) -> None:
    if provisional and withdraw:
        raise UsageError("--provisional と --withdraw は、どちらか一つにしてください。")
    if not (text or mj or glyph or withdraw):
        raise UsageError("どの文字かを --text、--mj、--glyph のどれかで入れてください。取り消すなら --withdraw です。")
    state = State.OPEN if withdraw else State.PROVISIONAL if provisional else State.SETTLED
    said = Resolution(text, mj, glyph, by, ground, state)
    done = gaiji.resolve(Context(Settings()), city, code, character_set, said)
    (value,) = gaiji.as_values([done.entry])
    if as_json:
        _print({"version": done.version, "entry": value, "again": [a._asdict() for a in done.again]})
    else:
        show.gaiji_table(done.version, [value])
        show.gaiji_again(done.again)


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
