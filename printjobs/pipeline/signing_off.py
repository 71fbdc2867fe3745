"""A city signs its audit off (監査の確認): when a run is closed and every figure fits, with name and time."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from printjobs import reference
from printjobs.core.audit import Side
from printjobs.core.model import Refused
from printjobs.store import audit, runs, writing
from printjobs.store.runs import Record

from . import audit_report, proving
from .approving import signer_name
from .audit_report import About
from .context import Context


class SignedOff(NamedTuple):
    """A city's signature under its audit. ``file`` is the key of the signed PDF, ``figures`` what it says.

    ``again``: it was there before, and nothing was changed.
    """

    run: str
    city: str
    by: str
    at: datetime
    figures: dict[str, int]
    file: str
    pdf_sha256: str
    journal_hash: str
    again: bool


def report_key(run_id: str, city: str) -> str:
    """Where the report that a city signed off is stored."""
    return f"audits/{run_id}/{city}.pdf"


def sign_off(context: Context, run_id: str, city: str, by: str, journal_hash: str) -> SignedOff:
    """Record that ``by`` saw the city's audit and that it is right; the roots of its proof are kept with it.

    The name is kept in the database and in the report. Raises :class:`Refused` while the run is not closed or a
    figure differs.
    """
    context.run(run_id)
    code = reference.city(city).code
    signer = signer_name(by)
    with context.engine.connect() as connection:
        before = audit.sign_off(connection, run_id, code)
    if before is not None:
        return _told(before, again=True)
    figures = proving.settled(context, run_id, code)
    with context.engine.connect() as connection:
        proofs = proving.batch_proofs(context, connection, run_id, code)
    at = context.now().replace(microsecond=0)
    roots = {proof.batch: proof.root for proof in proofs}
    pdf = audit_report.make(context, figures, About(at, journal_hash, signer, roots))
    counts = {str(side): figures.of(side) or 0 for side in Side}
    kept = {"run_id": run_id, "city": code}
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        before = audit.sign_off(connection, run_id, code)
        if before is None:
            # Under the lock, so that of two who sign at once the first one's report stays; and before the row.
            context.files.put(report_key(run_id, code), pdf)
            rows = [kept | {"batch_id": p.batch, "root": p.root, "leaves": len(p.leaves), "at": at} for p in proofs]
            audit.add_roots(connection, rows)
            values = {"by": signer, "at": at, "figures": msgspec.json.encode(counts).decode()}
            values |= {"pdf_sha256": sha256(pdf).hexdigest(), "journal_hash": journal_hash}
            audit.add_sign_off(connection, kept | values)
            runs.add_event(connection, run_id, at, "sign_off", code, f"pdf {values['pdf_sha256']}")
        row = audit.sign_off(connection, run_id, code)
    assert row is not None
    return _told(row, again=before is not None)


def signed_off(context: Context, run_id: str, city: str) -> SignedOff | None:
    """A city's signature under its audit, if it has signed."""
    context.run(run_id)
    with context.engine.connect() as connection:
        row = audit.sign_off(connection, run_id, reference.city(city).code)
    return _told(row, again=True) if row is not None else None


def signed_report(context: Context, run_id: str, city: str) -> bytes | None:
    """The report that the city signed off, as it was; None before that.

    Raises :class:`Refused` when the stored bytes are no longer those.
    """
    found = signed_off(context, run_id, city)
    if found is None:
        return None
    if not context.files.exists(found.file):
        raise Refused(f"監査報告書 {found.file} がなくなっています。保管場所の控えから戻してください。")
    pdf = context.files.read(found.file)
    if sha256(pdf).hexdigest() != found.pdf_sha256:
        raise Refused(f"監査報告書 {found.file} が確認の後で変わっています。保管場所の控えから戻してください。")
    return pdf


def _told(row: Record, *, again: bool) -> SignedOff:
    figures = msgspec.json.decode(row.figures, type=dict[str, int])
    file = report_key(row.run_id, row.city)
    return SignedOff(row.run_id, row.city, row.by, row.at, figures, file, row.pdf_sha256, row.journal_hash, again)
