"""The SFTP gateway: ``sftp``."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from printjobs.core.model import UsageError
from printjobs.settings import Settings

from . import show
from .output import print_json

Json = Annotated[bool, typer.Option("--json", help="始まったら、ポートとホスト鍵を JSON で出します。")]


def sftp(
    host: Annotated[str, typer.Option(help="待ち受けるアドレス")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="待ち受けるポート。0 なら空いているもの")] = 2222,
    as_json: Json = False,
) -> None:
    from printjobs.sftp.gateway import serve

    def started(at: int, fingerprint: str) -> None:
        if as_json:
            print_json({"host": host, "port": at, "host_key": fingerprint})
        else:
            show.line(f"SFTP を始めました（{host}:{at}）。ホスト鍵 {fingerprint}")
        sys.stdout.flush()

    try:
        asyncio.run(serve(Settings(), host, port, started))
    except OSError as error:
        raise UsageError(
            f"{host}:{port} で待ち受けられません（{error.strerror}）。--host と --port を確かめてください。"
        ) from error
