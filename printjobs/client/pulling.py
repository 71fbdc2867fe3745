"""``printjobs vendor pull``: every batch that waits is claimed, downloaded, verified, and its receipt kept.

A folder a batch. Each file is there under its own name only when it is whole; ``manifest.json`` comes after all other
files, and ``receipt.json`` last. Run again, it goes on where it was, and does nothing more once a receipt is there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pikepdf
import pyrage

from printjobs import package
from printjobs.core.model import BadInput, NotFound, Refused, UsageError
from printjobs.package import Manifest
from printjobs.trust import receipts
from printjobs.trust.receipts import ReceivedFile

from .fetching import digest, download, fetch, keep
from .service import Service

MANIFEST, RECEIPT, COUNCIL = "manifest.json", "receipt.json", "council.pem"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
Progress = Callable[[str, int, int], None]  # file, bytes here, bytes in all


class Pulled(NamedTuple):
    """What became of a batch. ``state``: received now, done before, received elsewhere, or other: not to be had now."""

    batch: str
    state: str
    files: int
    bytes: int
    folder: str
    said: str


class Keeper:
    """Keeps a batch's lease alive while its files come."""

    def __init__(self, service: Service, batch: str) -> None:
        self._service, self._path = service, f"batches/{batch}/lease"
        self._due = 0.0

    def beat(self) -> None:
        """Claim the batch, or renew the claim when a third of it has passed; :class:`Refused` if another has it."""
        if time.monotonic() < self._due:
            return
        told = self._service.ask("PUT", self._path).json()
        self._due = time.monotonic() + told["seconds"] / 3


def read_identities(path: Path | None) -> list[Any]:
    """The secret keys of an age identity file; :class:`UsageError` when there is none in it."""
    if path is None:
        return []
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as error:
        raise UsageError(
            f"{path} を age の秘密鍵のファイルとして読めません。age-keygen で作ったファイルですか。"
        ) from error
    if not found:
        raise UsageError(f"{path} に age の秘密鍵がありません。age-keygen で作ったファイルを指定してください。")
    return found


def pull(service: Service, into: Path, identities: Sequence[Any], only: str, progress: Progress) -> Iterator[Pulled]:
    """Take every batch that waits, or the one named, even if another account has its receipt already."""
    with _told_of_disk(into), _alone(into):
        offered = service.ask("GET", "batches").json()["batches"]
        if only and only not in {batch["id"] for batch in offered}:
            raise NotFound(f"バッチ {only} は、引き渡されたものの中にありません。差出しがすんだものは受け取れません。")
        for batch in offered:
            if not only or batch["id"] == only:
                yield _pull(service, into, batch, identities, progress, again=bool(only))


def _pull(
    service: Service, into: Path, batch: Any, identities: Sequence[Any], progress: Progress, *, again: bool
) -> Pulled:
    name = _safe(batch["id"])
    folder = into / name
    if (folder / RECEIPT).exists():
        return Pulled(name, "done", 0, 0, str(folder), "受領証まで受け取ってあります。")
    if batch["received"] and not folder.exists() and not again:
        return Pulled(
            name, "elsewhere", 0, 0, "", "別の場所で受け取ってあります。ここでも要るときは --batch で指定します。"
        )
    keeper = None if batch["received"] else Keeper(service, name)
    try:
        if keeper:
            keeper.beat()
    except Refused as refused:
        return Pulled(name, "other", 0, 0, "", str(refused))
    folder.mkdir(exist_ok=True)
    files = _take(service, name, folder, identities, progress, keeper)
    if keeper:
        keeper.beat()
    _receipt(service, name, folder, into / COUNCIL, files)
    return Pulled(name, "received", len(files), sum(file.bytes for file in files), str(folder), "")


def _take(
    service: Service, batch: str, folder: Path, identities: Sequence[Any], progress: Progress, keeper: Keeper | None
) -> list[ReceivedFile]:
    """Have every file of a batch; what was computed of each, the manifest last."""

    def beat_for(name: str) -> Callable[[int, int], None]:
        def beat(have: int, total: int) -> None:
            progress(name, have, total)
            if keeper:
                keeper.beat()

        return beat

    sealed, path = folder / MANIFEST, f"batches/{batch}/files"
    part = sealed
    if not sealed.exists():
        part, _ = download(service, f"{path}/{MANIFEST}", sealed, beat_for(MANIFEST))
    manifest = _manifest(part, batch)
    wanted = {other.path: other.sha256 for other in manifest.other_files}
    wanted |= {file.path: file.sha256 for file in manifest.files}
    printed = {file.path for file in manifest.files}
    told = []
    for name, sha256 in wanted.items():
        final = folder / name
        computed = fetch(service, f"{path}/{name}", final, sha256, identities, beat_for(name))
        told.append(ReceivedFile(name, computed, final.stat().st_size, _pages(final) if name in printed else 0))
        if keeper:
            keeper.beat()
    if part != sealed:
        keep(part, sealed)
    return [*told, ReceivedFile(MANIFEST, digest(sealed), sealed.stat().st_size)]


def _manifest(path: Path, batch: str) -> Manifest:
    try:
        manifest = package.read_manifest(path.read_bytes())
    except msgspec.DecodeError as error:
        raise BadInput(f"{batch} の manifest.json を読めません。とりまとめ市に知らせてください。") from error
    if manifest.batch != batch:
        raise BadInput(f"{batch} の manifest.json が別のバッチのものです。とりまとめ市に知らせてください。")
    for name in [*(file.path for file in manifest.files), *(other.path for other in manifest.other_files)]:
        if _safe(name) in (MANIFEST, RECEIPT):
            raise BadInput(f"{batch} の manifest.json に {name} があります。とりまとめ市に知らせてください。")
    return manifest


def _pages(path: Path) -> int:
    try:
        with pikepdf.open(path) as pdf:
            return len(pdf.pages)
    except pikepdf.PdfError as error:
        raise BadInput(f"{path.name} を PDF として読めません。とりまとめ市に知らせてください。") from error


def _receipt(service: Service, batch: str, folder: Path, council: Path, files: Sequence[ReceivedFile]) -> None:
    """Say what was computed, and keep the receipt once it is proven to say the same under the council's signature."""
    body = {"files": [msgspec.structs.asdict(file) for file in files]}
    document = service.ask("POST", f"batches/{batch}/receipt", body).content
    wrong = f"{batch} の受領証が正しくありません。ファイルを印刷せず、とりまとめ市に知らせてください"
    try:
        signed = receipts.read(document)
        key = council.read_text(encoding="ascii") if council.exists() else signed.public_key
        is_signed = receipts.is_of(signed, key)
    except ValueError as error:
        raise Refused(f"{wrong}（形が違います）。") from error
    if not is_signed:
        raise Refused(f"{wrong}（署名が {council} の鍵のものではありません）。")
    if signed.receipt.batch != batch or _by_path(signed.receipt.files) != _by_path(files):
        raise Refused(f"{wrong}（送った値と違います）。")
    for path, data in ((council, key.encode()), (folder / RECEIPT, document)):
        if not path.exists():
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(data)
            keep(part, path)


def _by_path(files: Sequence[ReceivedFile]) -> dict[str, ReceivedFile]:
    return {file.path: file for file in files}


def _safe(name: str) -> str:
    """A name that the server gave, if it can only be a name: what it writes stays in the folder."""
    if not _NAME.fullmatch(name):
        raise BadInput("サーバーの一覧に、ファイル名にできない名前があります。とりまとめ市に知らせてください。")
    return name


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """Two at once in one folder would write into each other's parts."""
    import fcntl  # not on every system, and the other commands do without

    into.mkdir(parents=True, exist_ok=True)
    with (into / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(f"{into} では別の受取りが動いています。終わってから行ってください。") from error
        yield


@contextmanager
def _told_of_disk(into: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{into} に書けません（{error.strerror}）。空きと権限を確かめてください。") from error
