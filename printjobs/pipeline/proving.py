"""The proof of mailing of a city (``core/proof_of_mailing.py``), made of what the database says after closing."""

from __future__ import annotations

from collections import defaultdict

import msgspec
from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.audit import Figures
from printjobs.core.model import BadInput, PieceStatus, Refused, RunStatus
from printjobs.core.proof_of_mailing import FORM, BatchProof, Leaf, Proof, batch_proof, city_key, name_of
from printjobs.store import audit

from .auditing import every, figures
from .context import Context

_KEY = 32  # bytes


def settled(context: Context, run_id: str, city: str) -> Figures:
    """The figures of a city once nothing can change them; :class:`Refused` before that, or while a side differs."""
    found = figures(context, run_id, city)
    name = reference.city(city).name
    if found.run_status != RunStatus.CLOSED:
        raise Refused(f"回 {run_id} はまだ締めていません（{found.run_status}）。締めた後で行ってください。")
    if not found.equation.received:
        raise Refused(f"{name}は回 {run_id} にデータを提出していないので、監査するものがありません。")
    if not found.balanced:
        told = "、".join(f"{d.message}（{d.notices:,}件）" for d in found.differences) or "件数の式の左右が違います"
        raise Refused(f"{name}の件数に差があります: {told}。監査の画面で差を確かめ、事務局に知らせてください。")
    return found


def make(context: Context, run_id: str, city: str) -> Proof:
    """The proof of a city, with its key: for the city and nobody else.

    Raises :class:`Refused` while a figure can still change (:func:`settled`), and when what the database says now has
    other roots than the city has signed.
    """
    settled(context, run_id, city)
    code = reference.city(city).code
    with context.engine.connect() as connection:
        batches = tuple(batch_proofs(context, connection, run_id, code))
        signed = audit.roots(connection, run_id, code)
    if signed and signed != {b.batch: b.root for b in batches}:
        raise Refused(
            f"{reference.city(code).name}が確認した監査報告書と、今の記録のルートが違います。"
            "証明は作りません。データベースを調べ、控えから戻してください。"
        )
    return Proof(FORM, run_id, code, key(context, run_id, code).hex(), batches)


def key(context: Context, run_id: str, city: str) -> bytes:
    return city_key(context.settings.secret_bytes(), run_id, city)


def batch_proofs(context: Context, connection: Connection, run_id: str, city: str) -> list[BatchProof]:
    """A proof for each batch that has a notice of the city, and one for those that are in none."""
    secret = key(context, run_id, city)
    leaves: defaultdict[str, list[Leaf]] = defaultdict(list)
    for one in every(connection, run_id, city):
        if one.number:  # a row whose number cannot be read is no notice that a list could have
            charged = int(one.status == PieceStatus.MAILED)
            name = name_of(one.number, secret)
            leaves[one.batch].append(Leaf(name, one.piece, one.generation, one.status, charged))
    return [batch_proof(batch, leaves[batch], secret) for batch in sorted(leaves)]


def written(proof: Proof) -> bytes:
    """The proof file, as JSON."""
    return msgspec.json.format(msgspec.json.encode(proof), indent=0) + b"\n"


def read(data: bytes) -> Proof:
    """A proof file; :class:`BadInput` for anything else."""
    try:
        found = msgspec.json.decode(data, type=Proof)
        known = found.form != FORM or len(bytes.fromhex(found.key)) == _KEY
    except (msgspec.DecodeError, ValueError) as error:
        raise BadInput(
            "証明のファイルとして読めません。audit proof で書き出したファイルを指定してください。"
        ) from error
    if not known:
        raise BadInput("証明のファイルの鍵が壊れています。audit proof でもう一度書き出してもらってください。")
    if found.form != FORM:
        raise BadInput(f"この版では読めない形の証明です（{found.form}）。新しい版のプログラムで確かめてください。")
    return found
