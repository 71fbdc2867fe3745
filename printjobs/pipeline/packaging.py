"""Seal a batch: mail-run file, checksums, job sheet, and the manifest last."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Connection

from printjobs import package, reference
from printjobs.core import japanese
from printjobs.core.model import BatchStatus, RunStatus
from printjobs.package import MailRunPiece, Manifest, ManifestCity, ManifestFile, ManifestOther
from printjobs.render import documents
from printjobs.render.documents import Section
from printjobs.store import production, runs, writing
from printjobs.store.models import Run
from printjobs.store.runs import Record, change_status

from . import weighing
from .context import Context, Step


def manifest_key(batch_id: str) -> str:
    """Where a batch's manifest lies: the last file written, so its presence means all is there."""
    return f"batches/{batch_id}/manifest.json"


def seal(context: Context, batch_id: str) -> list[Step]:
    """The package step, once every print file of the batch has been read back."""
    with context.engine.connect() as connection:
        batch = production.find_batch(connection, batch_id)
        files = production.files(connection, batch_id)
        pieces = production.pieces(connection, batch_id)
        unchecked = production.unchecked_files(connection, batch_id)
    lost = batch.status == BatchStatus.PACKAGED and not context.files.exists(manifest_key(batch_id))
    if unchecked or not (lost or batch.status == BatchStatus.PLANNED):
        return []
    context.files.sweep(f"batches/{batch_id}")
    run = context.run(batch.run_id)
    columns = reference.mailrun().columns
    told = [_mailrun_piece(batch, piece) for piece in pieces]
    manifest_cities = _cities(pieces)
    others = {
        "mailrun.csv": package.mailrun_csv(told, columns),
        "mailrun.txt": package.mailrun_fixed(told, columns),
        "jobsheet.pdf": _job_sheet(context, run, batch, files, manifest_cities),
    }
    if package.read_mailrun_fixed(others["mailrun.txt"], columns) != told:
        raise AssertionError(f"{batch_id}: the fixed-width mail-run file does not say what was planned")
    digests = {name: sha256(data).hexdigest() for name, data in others.items()}
    others["SHA256SUMS"] = package.checksums(digests | {f"{f.id}.pdf": f.sha256 for f in files})
    manifest = Manifest(
        run=run.id,
        kind=run.kind,
        year=run.year,
        batch=batch.id,
        generation=batch.generation,
        batch_class=batch.class_code,
        slips=batch.slips,
        inserts=batch.inserts,
        by_hand=batch.sheet_class == 0,
        mailing_date=run.mailing_date,
        layout=run.layout_version,
        layout_sha256=run.layout_sha256,
        vendor_profile=reference.vendor().name,
        file_form=reference.vendor().print_.file_form,
        pieces=batch.pieces,
        sheets=batch.sheets,
        pages=batch.pages,
        separators=sum(f.separators for f in files),
        files=tuple(_manifest_file(f) for f in files),
        cities=manifest_cities,
        other_files=tuple(
            ManifestOther(name, sha256(data).hexdigest(), len(data)) for name, data in sorted(others.items())
        ),
    )
    for name, data in others.items():
        context.files.put(f"batches/{batch_id}/{name}", data)
    sealed = package.manifest_bytes(manifest)
    context.files.put(manifest_key(batch_id), sealed)
    with writing(context.engine) as connection:
        runs.lock_run(connection, run.id)  # of the last two batches packaged at once, one must see both done
        if production.batch_packaged(connection, batch_id, sha256(sealed).hexdigest()):
            runs.add_event(connection, run.id, context.now(), "package", batch_id)
        run_packaged(connection, run.id)
    return []


def run_packaged(connection: Connection, run_id: str) -> None:
    """Record that the run is packaged, if no batch is left to be."""
    if all(b.status != BatchStatus.PLANNED for b in production.batches(connection, run_id)):
        change_status(connection, Run, Run.id, run_id, RunStatus.PLANNED, RunStatus.PACKAGED)


def _mailrun_piece(batch: Record, piece: Record) -> MailRunPiece:
    """A line of the mail-run file. Its divert is 0: what is pulled before release is not in the batch.

    What is pulled later is on the vendor's pull list (``pulling.py``), as a sealed file no longer changes.
    """
    return MailRunPiece(
        batch=batch.id,
        piece=piece.number,
        generation=piece.generation,
        sheets=piece.sheets,
        inserts=piece.inserts,
        weight_g=weighing.grams(piece.sheets, piece.inserts, slips=piece.slips, by_hand=batch.sheet_class == 0),
        city=piece.city,
        office=piece.office,
        divert=0,
        posting=piece.posting,
    )


def _manifest_file(file: Record) -> ManifestFile:
    return ManifestFile(
        path=f"{file.id}.pdf",
        sha256=file.sha256,
        bytes=file.bytes,
        pages=file.pages,
        sheets=file.sheets,
        pieces=file.last - file.first + 1,
        first=file.first,
        last=file.last,
        separators=file.separators,
    )


def _cities(pieces: Sequence[Record]) -> tuple[ManifestCity, ...]:
    count: Counter[str] = Counter()
    sheets: Counter[str] = Counter()
    for piece in pieces:
        count[piece.city] += 1
        sheets[piece.city] += piece.sheets
    names = reference.cities()
    return tuple(ManifestCity(code, names[code].name, count[code], sheets[code]) for code in sorted(count))


def _job_sheet(
    context: Context, run: Record, batch: Record, files: Sequence[Record], cities: tuple[ManifestCity, ...]
) -> bytes:
    kind = context.kind(run.kind)
    by_hand = batch.sheet_class == 0
    sink = io.BytesIO()
    documents.write(
        sink,
        context.fonts,
        title=f"作業指示書　{batch.id}",
        facts=(
            ("通知", f"{japanese.era_year(run.year)}度 {kind.name}"),
            ("世代", f"第{batch.generation}世代" + ("（作り直し）" if batch.generation > 1 else "")),
            ("発送日", japanese.era_date(run.mailing_date)),
            ("印刷ファイル", f"{reference.FILE_FORMS[reference.vendor().print_.file_form]}　墨1色"),
            ("用紙", "A4 両面　" + ("納付書あり（ミシン目 99mm・198mm）" if batch.slips else "納付書なし")),
            ("折り・封入", "手作業で封入" if by_hand else f"三つ折り、封筒1通あたり{batch.sheet_class}枚まで"),
            ("同封物", "納付のしおり 1枚" if batch.inserts else "なし"),
            ("封筒・枚数・頁", f"{batch.pieces:,}通　{batch.sheets:,}枚（区分票を含む）　{batch.pages:,}頁"),
        ),
        sections=(
            Section(
                "印刷ファイル",
                ("ファイル", "封筒番号", "通数", "枚数", "頁", "区分票"),
                [
                    (f"{f.id}.pdf", f"{f.first:,}〜{f.last:,}", f.last - f.first + 1, f.sheets, f.pages, f.separators)
                    for f in files
                ],
                (58, 32, 20, 20, 20, 20),
            ),
            Section(
                "市別の数",
                ("市コード", "市", "通数", "枚数（区分票を除く）"),
                [(c.code, c.name, c.pieces, c.sheets) for c in cities],
                (30, 50, 35, 55),
            ),
        ),
        notes=(
            "・印刷の前に SHA256SUMS で全ファイルを確かめてください。合わないファイルは印刷しないでください。",
            "・区分票は封入しません。どの紙も左下のQRを読み、読めない紙や順番の違う紙は止めてはじいてください。",
            "・はじいた封筒、汚した封筒は手で直さず、結果の報告に載せてください。作り直しを別のバッチでお渡しします。",
        ),
    )
    return sink.getvalue()
