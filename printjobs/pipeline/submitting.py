"""A city's hand-in: copied into the inbox under its own hash, then read into records and problems."""

from __future__ import annotations

import contextlib
import csv
import io
import pickle
import tempfile
from collections.abc import Callable, Iterator
from hashlib import blake2s, file_digest, sha256
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from printjobs import intake, reference
from printjobs.core import postal
from printjobs.core.kinds import LEAFLET, Kind
from printjobs.core.model import BadInput, Notice, Problem, Refused, RunStatus, SubmissionStatus
from printjobs.render.compiled import CompiledLayout
from printjobs.store import production, runs, writing
from printjobs.store.runs import Record

from .context import Context, Step
from .fitting import fits

Progress = Callable[[int, int], None]
_ROWS = 1_000
_STANDS = (SubmissionStatus.ACCEPTED, SubmissionStatus.REFUSED)
_LATE = "受付の締切り後です。"
_SET_ASIDE = ("overflow", "no_glyph", "private_use", "too_many_rows")


class Submitted(NamedTuple):
    """What a city is told: its hand-in's id and status, notices received and rejected."""

    id: int
    city: str
    status: str
    received: int
    rejected: int
    again: bool


def submit(context: Context, run_id: str, city: str, path: Path, progress: Progress | None = None) -> Submitted:
    """Take a folder with a transmittal and its CSV files. The same files twice are one hand-in.

    Raises :class:`Refused` when the run takes none any more, :class:`BadInput` when the hand-in as a
    whole cannot be taken; what was wrong is recorded and other cities are not touched.
    """
    run = context.run(run_id)
    reference.city(city)
    if run.status != RunStatus.OPEN:
        raise Refused(
            f"回 {run_id} は締め切り済み（{run.status}）です。追加や差替えは新しい回を開いて提出してください。"
        )
    digests = _digests(path, context.kind(run.kind))
    identity = sha256("".join(f"{name} {digest}\n" for name, digest in sorted(digests.items())).encode()).hexdigest()
    with context.engine.connect() as connection:
        before = runs.same_submission(connection, run_id, city, identity)
    if before is not None and before.status in _STANDS:
        return _told(before, again=True)
    inbox = f"inbox/{run_id}/{city}/{identity[:16]}"
    _copy(context, path, inbox, digests)
    submission_id = _receive(context, run_id, city, identity, inbox)
    take_in(context, str(submission_id), progress)
    with context.engine.connect() as connection:
        return _told(runs.find_submission(connection, submission_id), again=False)


def _copy(context: Context, path: Path, inbox: str, digests: dict[str, str]) -> None:
    """Copy a hand-in; when a file changes meanwhile, nothing of it stays."""
    for name, digest in digests.items():
        with (path / name).open("rb") as source:
            copied, _ = context.files.take(source, f"{inbox}/{name}")
        if copied != digest:
            for taken in digests:
                if context.files.exists(f"{inbox}/{taken}"):
                    context.files.delete(f"{inbox}/{taken}")
            raise BadInput(f"{name} が受取りの途中で書き換わりました。出力が終わってから、もう一度提出してください。")


def _receive(context: Context, run_id: str, city: str, identity: str, inbox: str) -> int:
    """Record a hand-in as received. Handed in twice at once it is one; one that was replaced stands again."""
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        before = runs.same_submission(connection, run_id, city, identity)
        if before is None:
            values = {"run_id": run_id, "city": city, "sha256": identity, "inbox": inbox}
            submission_id = runs.add_submission(connection, values | {"status": SubmissionStatus.RECEIVED})
        else:
            submission_id = int(before.id)
            if before.status == SubmissionStatus.REPLACED:
                runs.receive_again(connection, submission_id)
        runs.add_event(connection, run_id, context.now(), "submit", city, identity)
    return submission_id


def _told(row: Record, *, again: bool) -> Submitted:
    if row.status == SubmissionStatus.REFUSED:
        raise Refused(row.reason) if row.reason.startswith(_LATE) else BadInput(row.reason)
    return Submitted(row.id, row.city, row.status, row.notices, row.rejected, again)


def _digests(path: Path, kind: Kind) -> dict[str, str]:
    """SHA-256 of every file of a hand-in folder; :class:`BadInput` when it is not one, or holds more."""
    if not (path / intake.NAME).is_file():
        raise BadInput(
            f"{path.name} に送付票 {intake.NAME} がありません。送付票とCSVの入ったフォルダを指定してください。"
        )
    found = [file for file in sorted(path.iterdir()) if not file.name.startswith(".")]
    known = [intake.NAME, intake.MAPPING, *(t.file for t in (kind.notices, *kind.details))]
    if unknown := sum(file.name not in known for file in found):
        # A file that nobody lists might hold notices that nobody would count.
        raise BadInput(f"{path.name} に知らないファイルが{unknown}個あります。{'、'.join(known)} だけにしてください。")
    return {file.name: _digest(file) for file in found}


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return file_digest(source, "sha256").hexdigest()


def take_in(context: Context, submission_id: str, progress: Progress | None = None) -> list[Step]:
    """The intake step: read one hand-in to its end and record all of it, or its refusal, at once."""
    with context.engine.connect() as connection:
        submission = runs.find_submission(connection, int(submission_id))
    if submission.status != SubmissionStatus.RECEIVED:
        return []
    run = context.run(submission.run_id)
    with tempfile.TemporaryFile() as spool:
        try:
            reader, records, rejected = _read(context, run, submission, spool, progress)
        except BadInput as refusal:
            _refuse(context, submission, refusal)
            return []
        _write_overflow_list(context, run.id, submission.city, _spooled(spool, Problem))
        with writing(context.engine) as connection:
            in_time = runs.lock_run(connection, run.id) == RunStatus.OPEN
            totals = {
                "notices": reader.notices,
                "rejected": rejected,
                "tax_total": reader.tax_total,
                "records": records,
            }
            if in_time and runs.settle_submission(connection, submission.id, SubmissionStatus.ACCEPTED, totals):
                runs.replace_earlier(connection, run.id, submission.city, submission.id)
                production.add_notices(connection, _spooled(spool, dict))
                runs.add_problems(connection, submission.id, _spooled(spool, Problem))
                detail = f"received {reader.notices} rejected {rejected}"
                runs.add_event(connection, run.id, context.now(), "accept", submission.city, detail)
    if not in_time:  # planned while this was being read
        context.files.delete(records)
        _refuse(
            context,
            submission,
            BadInput(f"{_LATE}回 {run.id} が先に締め切られました。新しい回を開いて提出してください。"),
        )
    return []


def _write_overflow_list(context: Context, run_id: str, city: str, problems: Iterator[Problem]) -> None:
    """The list of texts too long and characters without a glyph (文字超過リスト) that a city works through."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("通知書番号", "ファイル", "行", "項目", "種類", "内容"))
    writer.writerows(
        (p.notice_number, p.file, p.row, p.column, p.code, p.message) for p in problems if p.code in _SET_ASIDE
    )
    context.files.put(f"reports/{run_id}/overflow-{city}.csv", text.getvalue().encode("utf-8-sig"))


def _refuse(context: Context, submission: Record, refusal: BadInput) -> None:
    reason = str(refusal)
    with writing(context.engine) as connection:
        if runs.settle_submission(connection, submission.id, SubmissionStatus.REFUSED, {"reason": reason}):
            problem = Problem(refusal.file or intake.NAME, 0, "", "refused", reason)
            runs.add_problems(connection, submission.id, [problem])
            runs.add_event(connection, submission.run_id, context.now(), "refuse", submission.city)


def _read(
    context: Context, run: Record, submission: Record, spool: IO[bytes], progress: Progress | None
) -> tuple[intake.SubmissionReader, str, int]:
    """Stream a hand-in: records into their file, light rows and problems into the spool."""
    kind, layout = context.kind(run.kind), context.layout(run)
    inbox = submission.inbox
    transmittal = intake.parse(context.files.read(f"{inbox}/{intake.NAME}"), kind, run.year, submission.city)
    _compare_hashes(context, inbox, transmittal)
    mapping = {}
    listed = any(entry.name == intake.MAPPING for entry in transmittal.files)
    if not listed and context.files.exists(f"{inbox}/{intake.MAPPING}"):
        told = f"{intake.MAPPING} が送付票 {intake.NAME} に載っていません。行数0と SHA-256 を載せてください。"
        raise BadInput(told, intake.MAPPING)
    if listed:
        mapping = intake.parse_mapping(context.files.read(f"{inbox}/{intake.MAPPING}"), kind)
    zips = intake.PostalCodes()
    rules = intake.Rules(run.mailing_date, zips.knows, lambda notice: fits(layout, notice))
    with contextlib.ExitStack() as opened:
        reader = intake.SubmissionReader(
            kind, transmittal, mapping, lambda name: opened.enter_context(context.files.open(f"{inbox}/{name}")), rules
        )
        records = f"records/{run.id}/{submission.city}-{submission.sha256[:16]}.records"
        start = rejected = done = 0
        encode = msgspec.msgpack.Encoder().encode
        with context.files.writer(records) as writer:
            block = _Spooler(spool)
            for outcome in reader:
                rejected += outcome.rejected
                block.add(outcome.problems)
                if outcome.notice is not None:
                    data = encode(outcome.notice)
                    writer.write(data)
                    block.add([_row(run.id, submission.id, outcome.notice, start, len(data), layout, zips)])
                    start += len(data)
                done += 1
                if progress and done % 500 == 0:
                    progress(done, transmittal.notices)
            reader.settle()
            block.flush()
    if progress:
        progress(transmittal.notices, transmittal.notices)
    return reader, records, rejected


class _Spooler:
    """Holds rows back on disk, so that memory does not grow with a city."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._rows = file, list[Any]()

    def add(self, rows: list[Any]) -> None:
        self._rows += rows
        if len(self._rows) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        pickle.dump(self._rows, self._file, protocol=5)
        self._rows = []


def _spooled(file: IO[bytes], of: type[Any]) -> Iterator[Any]:
    file.seek(0)
    while True:
        try:
            rows = pickle.load(file)  # noqa: S301 - our own bytes, from a file nobody else can open
        except EOFError:
            return
        yield from (row for row in rows if isinstance(row, of))


def _compare_hashes(context: Context, inbox: str, transmittal: intake.Transmittal) -> None:
    for entry in transmittal.files:
        key = f"{inbox}/{entry.name}"
        if not context.files.exists(key):
            told = f"送付票にある {entry.name} がありません。ファイルをそろえて、もう一度提出してください。"
            raise BadInput(told, entry.name)
        digest = context.files.sha256(key)
        if digest != entry.sha256:
            raise BadInput(
                f"{entry.name} の SHA-256 が送付票と違います"
                f"（送付票 {entry.sha256[:12]}…、受領 {digest[:12]}…）。"
                "送付票を作った後に変わったか、途中で切れています。出力と送付票を作り直してください。",
                entry.name,
            )


def _row(
    run_id: str,
    submission_id: int,
    notice: Notice,
    start: int,
    length: int,
    layout: CompiledLayout,
    zips: intake.PostalCodes,
) -> dict[str, Any]:
    """The light row of a notice: nothing that tells who it is for."""
    addressee = notice.addressee
    slips = layout.has_rows(notice, "slips")
    owner = blake2s("\x1f".join((notice.city, *msgspec.structs.astuple(addressee))).encode(), digest_size=16)
    return {
        "submission_id": submission_id,
        "run_id": run_id,
        "city": notice.city,
        "number": notice.number,
        "owner": owner.hexdigest(),
        "office": postal.OVERSEAS if addressee.country else postal.delivery_office(zips.old_code(addressee.zip) or ""),
        "zip": addressee.zip,
        "sheets": layout.sheet_count(notice),
        "slips": slips,
        "inserts": LEAFLET if slips else 0,
        "start": start,
        "length": length,
    }
