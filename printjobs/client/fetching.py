"""One file: downloaded so that a cut line costs nothing but time, verified, decrypted, and only then given its name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any

import httpx
import pyrage

from printjobs.core.model import BadInput

from .service import Busy, Patience, Service

_AGE = b"age-encryption.org/v1\n"
_HEX = 64  # digits of a SHA-256
_WHOLE = 2  # times that a file is taken from its beginning when its bytes are not those that were announced

Beat = Callable[[int, int], None]  # called while bytes come: how many of the file are here, of how many


def fetch(service: Service, path: str, final: Path, sha256: str, identities: Sequence[Any], beat: Beat) -> str:
    """Have ``final`` with exactly these plain bytes, and return the SHA-256 computed of them."""
    if final.exists() and digest(final) == sha256:
        return sha256
    part, computed = download(service, path, final, beat)
    if _is_age(part):
        part = _decrypt(part, final, identities)
        computed = digest(part)
    if computed != sha256:
        part.unlink()
        raise BadInput(f"{final.name} の中身が manifest.json と違います。とりまとめ市に知らせてください。")
    keep(part, final)
    return computed


def keep(part: Path, final: Path) -> None:
    """Give a finished part its name, once it is on the disk and not only in memory."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(final)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def download(service: Service, path: str, final: Path, beat: Beat) -> tuple[Path, str]:
    """A part and its SHA-256, which is what the service announced as ETag. The part's name holds it."""
    for _ in range(_WHOLE):
        patience = Patience()
        while (part := _try(service, path, final, beat, patience)) is None:
            pass
        if (computed := digest(part)) == _etag_of(part, final):
            return part, computed
        part.unlink()
    raise BadInput(f"{final.name} を正しく受け取れませんでした。回線を確かめ、同じコマンドをもう一度行ってください。")


def _try(service: Service, path: str, final: Path, beat: Beat, patience: Patience) -> Path | None:
    """One request for what is missing: the whole part, or None when it must go on."""
    begun = next(final.parent.glob(f".{final.name}.{'[0-9a-f]' * _HEX}.part"), None)
    have = begun.stat().st_size if begun else 0
    wanted = {"Range": f"bytes={have}-", "If-Range": f'"{_etag_of(begun, final)}"'} if begun and have else {}
    try:
        with service.stream(path, wanted) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and begun:
                if response.headers.get("Content-Range") == f"bytes */{have}":
                    return begun
                begun.unlink()
                return None
            part = _part(final, response.headers.get("ETag", "").strip('"'))
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                have = 0
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                raise httpx.RemoteProtocolError("another range than was asked for")
            if begun and begun != part:
                begun.unlink()
            _take(response, part, have, beat, patience)
    except (httpx.TransportError, Busy) as fault:
        patience.wait(fault)
        return None
    return part


def _take(response: httpx.Response, part: Path, have: int, beat: Beat, patience: Patience) -> None:
    total = have + int(response.headers.get("Content-Length", 0))
    with part.open("r+b" if have else "wb") as sink:
        sink.seek(have)
        for block in response.iter_raw():  # as it comes: blocks of a fixed size would be lost half full
            sink.write(block)
            have += len(block)
            patience.progress()
            beat(have, total)


def _part(final: Path, etag: str) -> Path:
    if not re.fullmatch(f"[0-9a-f]{{{_HEX}}}", etag):
        raise BadInput("サーバーの答えに SHA-256（ETag）がありません。--url と、間にあるプロキシを確かめてください。")
    return final.with_name(f".{final.name}.{etag}.part")


def _etag_of(part: Path | None, final: Path) -> str:
    return part.name.removeprefix(f".{final.name}.").removesuffix(".part") if part else ""


def _is_age(part: Path) -> bool:
    with part.open("rb") as file:
        return file.read(len(_AGE)) == _AGE


def _decrypt(part: Path, final: Path, identities: Sequence[Any]) -> Path:
    if not identities:
        raise BadInput(f"{final.name} は暗号化されています。age の秘密鍵のファイルを --identity で指定してください。")
    plain = final.with_name(f".{final.name}.plain")
    try:
        with part.open("rb") as source, plain.open("wb") as sink:
            pyrage.decrypt_io(source, sink, identities)
    except pyrage.DecryptError as error:  # the bytes are those that were sent, so it is the key
        plain.unlink(missing_ok=True)
        raise BadInput(
            f"{final.name} を復号できません。--identity の秘密鍵が、登録した公開鍵のものかを確かめてください。"
        ) from error
    part.unlink()
    return plain
