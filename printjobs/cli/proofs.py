"""The two commands of a proof: making it, and recording who signed it."""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePosixPath
from typing import Annotated

import msgspec
import typer

from printjobs import reference
from printjobs.core.model import UsageError
from printjobs.pipeline import Context, approving, proofs
from printjobs.pipeline.proofs import Proof
from printjobs.settings import Settings

from . import show

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="回の名前（例: property_tax-2026）")]


def proof(
    run: RunId,
    city: Annotated[str, typer.Option(help="6桁の市コード")],
    into: Annotated[Path | None, typer.Option(help="写しを置くフォルダ（PDF、一覧の JSON、頁の画像）")] = None,
    as_json: Json = False,
) -> None:
    context = Context(Settings())
    made = proofs.make(context, run, city)
    if into:
        _copy(context, made, into)
    if as_json:
        _print(msgspec.to_builtins(made))
        return
    show.proof(made)
    if into:
        show.line(f"  {into} に写しを置きました。")


def _copy(context: Context, made: Proof, into: Path) -> None:
    """Copy the PDF, its description and its pictures into a folder of the user's."""
    folder = PurePosixPath(made.file).parent
    description = str(PurePosixPath(made.file).with_suffix(".json"))
    for key in (made.file, description, *made.pictures):
        target = into / PurePosixPath(key).relative_to(folder)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(context.files.read(key))
        except OSError as error:
            reason = f"{into} に書けません（{error.strerror}）。書けるフォルダを --into で指定してください。"
            raise UsageError(reason) from error


def approve(
    run: RunId,
    city: Annotated[str, typer.Argument(metavar="CITY", help="6桁の市コード")],
    by: Annotated[str, typer.Option(help="確かめた人の名前")],
    proof_sha256: Annotated[str, typer.Option("--proof", help="確かめた校正刷り（PDF）の SHA-256")] = "",
    as_json: Json = False,
) -> None:
    done = approving.approve(Context(Settings()), run, city, by, proof_sha256)
    if as_json:
        _print(done._asdict())
    else:
        again = "（記録済みの承認のままです）" if done.again else ""
        show.line(f"{reference.city(city).name}の承認を記録しました。校正刷り {done.proof[:16]}…{again}")


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
