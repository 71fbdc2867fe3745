"""Can this machine do the work? Looks at everything the steps need and says what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import redis

from fonts import FontSet, MojiJoho, is_private
from printjobs import store
from printjobs.files import Files
from printjobs.settings import Settings

_WANTED_GB = 5


class Finding(NamedTuple):
    name: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """One finding per thing looked at; nothing is changed beyond a file that is written and removed."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("Python", lambda _: sys.version.split()[0]),
        ("書体", _fonts),
        ("MJ明朝の書体", _mj),
        ("外字フォント", _gaiji),
        ("保存先", _files),
        ("データベース", _database),
        ("Redis", _redis),
        ("QRの鍵", _secret),
    )
    found = []
    for name, look in checks:
        try:
            found.append(Finding(name, True, look(settings)))
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the operator is told and the rest looked at
            found.append(Finding(name, False, f"{type(error).__name__}: {error}"))
    return found


def _fonts(_settings: Settings) -> str:
    return "、".join(f"{f.name} {f.sha256[:12]}" for f in FontSet().faces)


def _mj(settings: Settings) -> str:
    path = settings.mj_face()
    if path is None:
        return "なし（BIZ UD にない文字の通知ははじきます。Debian では fonts-ipamj-mincho を入れてください）"
    face = FontSet(path).mj
    assert face is not None
    named = "" if MojiJoho(face).knows("MJ000001") else "（MJ文字図形名のない書体です。MJ名から文字を決められません）"
    return f"{face.name} {face.sha256[:12]}{named}"


def _gaiji(settings: Settings) -> str:
    path = settings.gaiji_face()
    if path is None:
        return "なし（外字表で外字フォントのコードに決めた文字の通知ははじきます）"
    face = FontSet(None, path).gaiji
    assert face is not None
    private = sum(is_private(char) for char in face.characters)
    return f"{face.name} {face.sha256[:12]}、私用領域に{private:,}字"


def _files(settings: Settings) -> str:
    files = Files(settings.home)
    files.put("doctor.txt", b"ok")
    files.delete("doctor.txt")
    free = files.free_bytes() / 1e9
    note = "" if free >= _WANTED_GB else f"（{_WANTED_GB}GB以上をお勧めします）"
    return f"書けます。空き {free:.0f}GB{note}"


def _database(settings: Settings) -> str:
    engine = store.connect(settings.database())
    if not store.is_migrated(engine):
        if engine.dialect.name != "sqlite":
            raise RuntimeError("表が最新の形ではありません。printjobs migrate を行ってください。")
        store.migrate(engine)
    return f"{engine.dialect.name} 表は最新の形です"


def _redis(settings: Settings) -> str:
    url = settings.redis_url.get_secret_value()
    if not url:
        return "使いません（この機械のプロセスで行います）"
    client = redis.Redis.from_url(url)
    client.ping()
    return "つながります"


def _secret(settings: Settings) -> str:
    if len(settings.secret_bytes()) < 32:
        raise RuntimeError("PRINTJOBS_SECRET は32文字以上にしてください。")
    return "あります"
