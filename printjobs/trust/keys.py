"""Public keys as people hand them in: what kind a file is, and that it is one."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pyrage
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from printjobs.core.model import BadInput, UsageError

SSH, AGE = "ssh", "age"
_LONGEST = 10_000
_RSA_BITS = 2048


def kind(name: str) -> str:
    if name not in (SSH, AGE):
        raise UsageError(f"鍵の種類は {SSH} か {AGE} です。")
    return name


def read(path: Path) -> tuple[str, str]:
    """Kind and value of a public key file; :class:`BadInput` when it is none, or a private one."""
    try:
        text = path.read_text(encoding="ascii")[:_LONGEST]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"公開鍵のファイル {path.name} を読めません。") from error
    if "PRIVATE KEY" in text or "AGE-SECRET-KEY" in text:
        raise BadInput(f"{path.name} は秘密鍵です。公開鍵（.pub など）だけを渡してください。")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) != 1:
        raise BadInput(f"{path.name} には公開鍵を1つだけ入れてください。")
    (line,) = lines
    try:
        if line.startswith("age1"):
            return AGE, str(pyrage.x25519.Recipient.from_str(line))
        key = asyncssh.import_public_key(line)
    except (pyrage.RecipientError, asyncssh.KeyImportError) as error:
        raise BadInput(f"{path.name} は SSH の公開鍵でも age の公開鍵でもありません。") from error
    if _is_weak(key):
        raise BadInput(f"{path.name} の鍵は弱すぎます。ssh-keygen -t ed25519 で作り直してください。")
    return SSH, ssh_value(key)


def ssh_value(key: asyncssh.SSHKey) -> str:
    """An SSH public key as it is kept: algorithm and value, without the comment, which may be a person's name."""
    return " ".join(key.export_public_key().decode("ascii").split()[:2])


def _is_weak(key: asyncssh.SSHKey) -> bool:
    algorithm = key.get_algorithm()
    if algorithm == "ssh-rsa":
        size = load_ssh_public_key(key.export_public_key())
        return not isinstance(size, RSAPublicKey) or size.key_size < _RSA_BITS
    return algorithm == "ssh-dss"
