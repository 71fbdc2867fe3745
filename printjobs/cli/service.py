"""The web service and its accounts: ``serve`` and ``user``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import qrcode
import typer

from printjobs.core.model import UsageError
from printjobs.pipeline import Context
from printjobs.settings import Settings
from printjobs.trust.journal import Entry, now, open_journal

from . import show
from .output import print_json

if TYPE_CHECKING:
    from printjobs.trust.accounts import Accounts, Opened

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="利用者の名前（半角英数）")]
user_app = typer.Typer(no_args_is_help=True, help="Web に入る利用者、トークン、鍵")


def serve(
    host: Annotated[str, typer.Option(help="待ち受けるアドレス")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="待ち受けるポート")] = 8000,
    tls_cert: Annotated[Path | None, typer.Option(help="TLS の証明書（PEM）")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="TLS の鍵（PEM）")] = None,
    proxies: Annotated[str, typer.Option(help="X-Forwarded-Proto などを信じる中継の IP アドレス（コンマ区切り）")] = "",
    processes: Annotated[int, typer.Option(min=1, max=64, help="プロセスの数")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="待ち受けるところを JSON で出してから始めます。")] = False,
) -> None:
    import uvicorn

    from printjobs.web.line import Line

    if (tls_cert is None) != (tls_key is None):
        raise UsageError("--tls-cert と --tls-key は両方を指定してください。")
    if tls_cert is None and not proxies and not _is_loopback(host):
        raise UsageError(
            f"{host} で待ち受けるには TLS が要ります。TLS がないと、入ってもすぐ入り口に戻ります。"
            "--tls-cert と --tls-key を指定するか、TLS を行う中継を前に置き、"
            "その IP アドレスを --proxies に指定してください。"
        )
    _ = Context(Settings()).engine  # before any process of the service asks: the schema is the newest
    if as_json:
        print_json({"host": host, "port": port, "tls": tls_cert is not None})
    else:
        show.line(f"Web のサービスを始めます（{'https' if tls_cert else 'http'}://{host}:{port}）。")
    sys.stdout.flush()
    uvicorn.run(
        "printjobs.web.serving:app",
        factory=True,
        host=host,
        port=port,
        workers=processes,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        server_header=False,
        access_log=False,  # the journal has who asked for what
        http=Line,
        ws="none",
        timeout_graceful_shutdown=10,
    )


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _accounts() -> Accounts:
    from printjobs.trust.accounts import Accounts  # loading it hashes a password, which takes its time on purpose

    context = Context(Settings())
    return Accounts(context.engine, context.settings.secret_bytes())


def _now() -> datetime:
    return datetime.now(UTC)


def _note(what: str, subject: str) -> None:
    """Who may come in is changed only here, and the journal must tell when. What is shown once comes after it."""
    open_journal(Settings()).append([Entry(now(), "", "", "cli", f"user {what}", subject, 200)])


@user_app.command("add", help="利用者を作ります。パスワードと認証アプリの登録は、この一度だけ示します。")
def user_add(
    name: Name,
    role: Annotated[str, typer.Option(help="lead（とりまとめ市）・vendor（受託者）・city（市）・auditor（監査）")],
    shown: Annotated[str, typer.Option(help="画面に出す氏名")],
    party: Annotated[str, typer.Option(help="city は6桁の市コード、vendor は受託者の名前")] = "",
    as_json: Json = False,
) -> None:
    opened = _accounts().add(name, shown, role, party, _now())
    _note("add", f"{name} {opened.role} {opened.party}".strip())
    _hand_over(opened, as_json=as_json)


@user_app.command(
    "renew", help="パスワードと認証アプリの登録を新しくします（なくした人に）。前のものとトークンは使えなくなります。"
)
def user_renew(name: Name, as_json: Json = False) -> None:
    opened = _accounts().renew(name, _now())
    _note("renew", name)
    _hand_over(opened, as_json=as_json)


def _hand_over(opened: Opened, *, as_json: bool) -> None:
    if as_json:
        print_json(opened._asdict())
        return
    show.line(f"利用者 {opened.name}（{opened.role} {opened.party}）")
    show.line(f"  パスワード  {opened.password}")
    show.line(f"  認証アプリ  {opened.otpauth}")
    symbol = qrcode.QRCode(border=2)
    symbol.add_data(opened.otpauth)
    symbol.print_ascii(out=sys.stdout, invert=True)
    show.line("これは二度と示しません。本人だけに渡し、初めて入ったらパスワードを変えてもらってください。")


@user_app.command("list", help="利用者の一覧を見ます。")
def user_list(as_json: Json = False) -> None:
    rows = [
        {"name": r.name, "shown": r.shown, "role": r.role, "party": r.party, "disabled": r.disabled_at is not None}
        for r in _accounts().everyone()
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        stopped = "（止めてあります）" if row["disabled"] else ""
        show.line(f"{row['name']}  {row['shown']}  {row['role']} {row['party']}{stopped}")


@user_app.command("disable", help="利用者を止めます。開いている画面もトークンも、その時から使えません。")
def user_disable(name: Name, as_json: Json = False) -> None:
    _accounts().disable(name, _now())
    _note("disable", name)
    if as_json:
        print_json({"name": name, "disabled": True})
    else:
        show.line(f"利用者 {name} を止めました。")


@user_app.command("token", help="機械のためのトークンを作ります。この一度だけ示します。")
def user_token(
    name: Name,
    label: Annotated[str, typer.Option(help="何に使うか")],
    scope: Annotated[list[str], typer.Option(help="範囲（何度でも）: batches・reports・handin・audit・runs")],
    days: Annotated[int, typer.Option(min=1, max=400, help="何日使えるか")] = 90,
    as_json: Json = False,
) -> None:
    token = _accounts().add_token(name, label, scope, days, _now())
    _note("token", f"{name} {' '.join(sorted(set(scope)))}")
    if as_json:
        print_json({"name": name, "label": label, "scopes": sorted(set(scope)), "token": token})
    else:
        show.line(token)
        show.line("これは二度と示しません。使う機械のファイルに、ほかの人が読めないように置いてください。")


@user_app.command("tokens", help="利用者のトークンの一覧を見ます（トークンそのものは残していません）。")
def user_tokens(name: Name, as_json: Json = False) -> None:
    rows = [
        {
            "id": r.id,
            "label": r.name,
            "scopes": r.scopes.split(),
            "expires": r.expires_at.isoformat(),
            "revoked": r.revoked_at is not None,
        }
        for r in _accounts().tokens(name)
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        state = "取消し済み" if row["revoked"] else f"{row['expires'][:10]} まで"
        show.line(f"{row['id']}  {row['label']}  {' '.join(row['scopes'])}  {state}")


@user_app.command("revoke", help="トークンを取り消します。")
def user_revoke(
    token: Annotated[int, typer.Argument(metavar="ID", help="トークンの番号（user tokens で見る）")],
    as_json: Json = False,
) -> None:
    _accounts().revoke(token, _now())
    _note("revoke", str(token))
    if as_json:
        print_json({"id": token, "revoked": True})
    else:
        show.line(f"トークン {token} を取り消しました。")


@user_app.command("key", help="利用者の公開鍵を登録します（SFTP の SSH 鍵か、ファイルを暗号化する age の鍵）。")
def user_key(
    name: Name,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="公開鍵のファイル")] = None,
    remove: Annotated[str, typer.Option(help="ssh か age: その種類の鍵をすべて外します")] = "",
    as_json: Json = False,
) -> None:
    from printjobs.trust import keys  # asyncssh is large

    accounts = _accounts()
    if remove:
        removed = accounts.remove_keys(name, keys.kind(remove), _now())
        told = {"name": name, "removed": removed}
        _note("key", f"{name} {remove} removed")
    elif file is None:
        raise UsageError("公開鍵のファイルか、--remove を指定してください。")
    else:
        kind, value = keys.read(file)
        accounts.add_key(name, kind, value, _now())
        told = {"name": name, "kind": kind}
        _note("key", f"{name} {kind}")
    if as_json:
        print_json(told)
    else:
        show.line("鍵を外しました。" if remove else f"{told['kind']} の鍵を登録しました。")
