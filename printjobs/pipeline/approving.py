"""Approvals (承認): a person of the city signs its proof, and release waits for every city's signature."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from printjobs import reference
from printjobs.core.model import Refused, RunStatus, UsageError
from printjobs.store import approvals, runs, writing
from printjobs.store.runs import Record

from . import proofs
from .context import Context
from .proofs import Standing

_LONGEST = 60  # characters of a person's name and office
_OVER = (RunStatus.RELEASED, RunStatus.CLOSED)


class Signature(NamedTuple):
    """How a city stands to its proof. ``proof``: SHA-256 of the stored PDF, empty without one; ``at``: ISO, UTC."""

    proof: str
    approved: bool
    by: str
    at: str


class Approved(NamedTuple):
    """A recorded approval. ``again``: it was there before, and nothing was changed."""

    run: str
    city: str
    proof: str
    by: str
    at: str
    again: bool


def approve(context: Context, run_id: str, city: str, by: str, proof_sha256: str = "") -> Approved:
    """Record that ``by`` signed the city's proof: the one stored now, or none if ``proof_sha256`` names another.

    The name is kept in the database and nowhere else. Signing the same proof again is no second approval.
    Raises :class:`Refused` when there is no proof, when its bytes are not those that it was made with, and when
    the city has handed in again since.
    """
    run = context.run(run_id)
    name = reference.city(city).name
    signer = signer_name(by)
    submission, sha256 = _to_be_signed(context, run, city, proof_sha256.strip().lower())
    with writing(context.engine) as connection:
        status = runs.lock_run(connection, run_id)  # a hand-in taken at this moment waits, or we see it
        if (now := proofs.accepted(connection, run_id).get(city)) is None or now.id != submission.id:
            raise Refused(f"{name}は新しいデータを提出しました。新しい校正刷りを確かめてから承認してください。")
        found = approvals.find(connection, submission.id, sha256)
        if not found:
            if status in _OVER:
                raise Refused(f"回 {run_id} はすでに引き渡しました。引渡しの後で承認は記録できません。")
            values = {"run_id": run_id, "city": city, "submission_id": submission.id, "proof_sha256": sha256}
            approvals.add(connection, values | {"by": signer, "at": context.now()})
            runs.add_event(connection, run_id, context.now(), "approve", city, sha256)
    if found:
        return _told(found, again=True)
    with context.engine.connect() as connection:
        row = approvals.find(connection, submission.id, sha256)
    assert row is not None
    return _told(row, again=False)


def signer_name(by: str) -> str:
    """A person's name as it is recorded; :class:`UsageError` for none, and for one that is no name."""
    signer = by.strip()
    if not signer or len(signer) > _LONGEST or any(unicodedata.category(c) in ("Cc", "Cf") for c in signer):
        raise UsageError(f"--by には、確かめた人の名前を{_LONGEST}文字以内で入れてください。")
    return signer


def _to_be_signed(context: Context, run: Record, city: str, named: str) -> tuple[Record, str]:
    """The hand-in and the SHA-256 of its proof, once the stored bytes are proven to be what is signed."""
    name = reference.city(city).name
    with context.engine.connect() as connection:
        submission = proofs.accepted(connection, run.id).get(city)
    if submission is None:
        raise Refused(f"{name}には受け取った通知がないので、承認するものがありません。run status で確かめてください。")
    made = proofs.stored(context, submission)
    again = f"printjobs proof {run.id} --city {city}"
    if made is None:
        told = "新しいデータの" if named else ""
        raise Refused(f"{name}の{told}校正刷りがまだありません。{again} で作り、確かめてから承認してください。")
    if context.files.sha256(made.file) != made.sha256:
        raise Refused(f"{name}の校正刷りのファイルが、作った後で変わっています。{again} で作り直してください。")
    if context.files.sha256(submission.records) != made.records_sha256:
        raise Refused(f"{name}の校正刷りは、今の記録から作ったものではありません。{again} で作り直してください。")
    if named and named != made.sha256:
        raise Refused(
            f"{name}の今の校正刷りは SHA-256 {made.sha256[:12]}… で、承認しようとした {named[:12]}… ではありません。"
            "データを出し直したか、別のファイルです。今の校正刷りを確かめてから承認してください。"
        )
    return submission, made.sha256


def signatures(context: Context, run_id: str) -> dict[str, Signature]:
    """By city with something to print, its proof and who signed it."""
    return {city: _signature(standing, row) for city, (standing, row) in _signed(context, run_id).items()}


def _signature(standing: Standing, row: Record | None) -> Signature:
    return Signature(standing.sha256, row is not None, row.by if row else "", _iso(row.at) if row else "")


def _signed(context: Context, run_id: str) -> dict[str, tuple[Standing, Record | None]]:
    """By city, its hand-in and proof with the approval of exactly this proof, if there is one."""
    with context.engine.connect() as connection:
        rows = {(row.submission_id, row.proof_sha256): row for row in approvals.of_run(connection, run_id)}
    found = proofs.standing(context, run_id)
    return {city: (one, rows.get((one.submission.id, one.sha256))) for city, one in sorted(found.items())}


def refuse_unsigned(context: Context, run_id: str) -> None:
    """Raises :class:`Refused`, naming the cities that have not signed what is to be printed of their data."""
    names = reference.cities()
    signed = _signed(context, run_id)
    if unsigned := [names[city].name for city, (_, row) in signed.items() if row is None]:
        raise Refused(
            f"校正刷りを承認していない市があります: {'、'.join(unsigned)}。"
            "承認を approve で記録してから、もう一度 release を行ってください。"
        )
    for city, (standing, _) in signed.items():
        made = proofs.stored(context, standing.submission)
        if made is None or made.records_sha256 != context.files.sha256(standing.submission.records):
            raise Refused(
                f"{names[city].name}の承認した校正刷りは、印刷する記録から作ったものではありません。"
                f"printjobs proof {run_id} --city {city} で作り直し、確かめてから承認してください。"
            )


def as_values(signature: Signature | None) -> Mapping[str, str | bool]:
    """A signature as the status object shows it; of a city without anything to print, nothing is signed."""
    proof, approved, by, at = signature or Signature("", False, "", "")
    return {"approved": approved, "proof": proof, "approved_by": by, "approved_at": at}


def _told(row: Record, *, again: bool) -> Approved:
    return Approved(row.run_id, row.city, row.proof_sha256, row.by, _iso(row.at), again)


def _iso(at: datetime) -> str:
    """SQLite forgets the zone, and what it keeps is UTC."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
