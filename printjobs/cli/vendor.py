"""``printjobs vendor``: what the vendor's own machine does with the web service."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from printjobs.core.model import Refused, UsageError

from . import show
from .output import print_json

if TYPE_CHECKING:
    from printjobs.client.pulling import Pulled

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
vendor_app = typer.Typer(no_args_is_help=True, help="受託者の機械で、バッチを受け取る")
_STATES = {
    "received": "受け取りました",
    "done": "受取り済み",
    "elsewhere": "受領済み",
    "other": "受け取れませんでした",
}


@vendor_app.callback()
def vendor() -> None:
    """A group, though it has one command."""


@vendor_app.command(help="引き渡されたバッチをすべて受け取り、確かめ、受領証を置きます。切れたら続きから始めます。")
def pull(
    url: Annotated[str, typer.Option(help="とりまとめ市のサービス（例: https://print.example.lg.jp）")],
    into: Annotated[Path, typer.Option(help="受け取る先のフォルダ。バッチごとのフォルダを作ります")],
    token: Annotated[str, typer.Option(help="トークン。ほかの人に見えない --token-file がおすすめです")] = "",
    token_file: Annotated[Path | None, typer.Option(help="トークンだけを書いたファイル")] = None,
    identity: Annotated[Path | None, typer.Option(help="age の秘密鍵のファイル。暗号化して受け取るとき")] = None,
    batch: Annotated[str, typer.Option(help="このバッチだけ。受領済みでも、差出しまではもう一度受け取れます")] = "",
    as_json: Json = False,
) -> None:
    from printjobs.client.pulling import pull as pull_all
    from printjobs.client.pulling import read_identities
    from printjobs.client.service import Service

    with closing(Service(url, _token(token, token_file))) as service, show.bars(hidden=as_json) as bars:
        pulled = list(pull_all(service, into, read_identities(identity), batch, bars.update))
    if as_json:
        print_json([one._asdict() for one in pulled])
    else:
        _show(pulled, into)
    if any(one.state == "other" for one in pulled):
        raise typer.Exit(Refused.exit_code)


def _token(given: str, file: Path | None) -> str:
    if bool(given) == bool(file):
        raise UsageError("--token か --token-file の、どちらか1つを指定してください。")
    if file is None:
        return given
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"トークンのファイル {file} を読めません。") from error
    if not token:
        raise UsageError(f"トークンのファイル {file} は空です。")
    return token


def _show(pulled: list[Pulled], into: Path) -> None:
    if not pulled:
        show.line("受け取るバッチはありません。")
    for one in pulled:
        size = f"　{one.files}ファイル {one.bytes:,}バイト　{one.folder}" if one.files else ""
        show.line(f"{one.batch}　{_STATES[one.state]}{size}　{one.said}".rstrip("　"))
    if any(one.state == "received" for one in pulled):
        show.line(f"受領証は各フォルダの receipt.json です。協議会の公開鍵は {into / 'council.pem'} にあります。")
