"""A city's hand-in: copied into the inbox under its own hash, then read into records and problems."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import blake2s, file_digest, sha256
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from printjobs import intake, reference
from printjobs.core import postal
from printjobs.core.gaiji import UNKNOWN
from printjobs.core.kinds import LEAFLET, Kind
from printjobs.core.model import BadInput, Notice, Problem, Refused, RunStatus, SubmissionStatus
from printjobs.reference.profile import profiles
from printjobs.render.compiled import CompiledLayout
from printjobs.store import gaiji, production, runs, writing
from printjobs.store.runs import Record

from . import proofs, reports
from .context import Context, Step
from .fitting import fits
from .gaiji import settled

Progress = Callable[[int, int], None]
_ROWS = 1_000
_STANDS = (SubmissionStatus.ACCEPTED, SubmissionStatus.REFUSED)
_LATE = "受付の締切り後です。"


class Submitted(NamedTuple):
    """What a city is told: its hand-in's id and status, notices received and rejected.

    ``gaiji_version``: the version of the gaiji table that it was read by.
    """

    id: int
    city: str
    status: str
    received: int
    rejected: int
    again: bool
    gaiji_version: int


def submit(context: Context, run_id: str, city: str, path: Path, progress: Progress | None = None) -> Submitted:
    """Take a folder with a transmittal and its CSV files. The same files twice are one hand-in.

    Files that were read by a table of gaiji in which the city's characters meant something else are read again:
    so a notice that waited for its gaiji is printed when the city hands the same in once more.
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
    otherwise = before is not None and _reads_otherwise(context, run, before)
    if before is not None and before.status in _STANDS and not otherwise:
        return _told(before, again=True)
    inbox = f"inbox/{run_id}/{city}/{identity[:16]}"
    _copy(context, path, inbox, digests)
    submission_id = _receive(context, run_id, city, identity, inbox, otherwise=otherwise)
    take_in(context, str(submission_id), progress)
    with context.engine.connect() as connection:
        return _told(runs.find_submission(connection, submission_id), again=False)


def _reads_otherwise(context: Context, run: Record, before: Record) -> bool:
    """Whether an accepted hand-in's gaiji are settled otherwise now than when it was read."""
    if before.status != SubmissionStatus.ACCEPTED:
        return False
    with context.engine.connect() as connection:
        then, now = (
            settled(context, connection, run, before, version)
            for version in (before.gaiji_version, gaiji.version(connection))
        )
    return then != now


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


def _receive(context: Context, run_id: str, city: str, identity: str, inbox: str, *, otherwise: bool) -> int:
    """Record a hand-in as received. Handed in twice at once it is one; one that was replaced stands again.

    ``otherwise``: one that stands is to be read anew.
    """
    with writing(context.engine) as connection:
        is_open = runs.lock_run(connection, run_id) == RunStatus.OPEN
        before = runs.same_submission(connection, run_id, city, identity)
        if before is None:
            values = {"run_id": run_id, "city": city, "sha256": identity, "inbox": inbox}
            submission_id = runs.add_submission(connection, values | {"status": SubmissionStatus.RECEIVED})
        else:
            submission_id = int(before.id)
            anew = before.status == SubmissionStatus.ACCEPTED and otherwise and is_open
            if anew:
                runs.take_back(connection, submission_id)
            if anew or before.status == SubmissionStatus.REPLACED:
                runs.receive_again(connection, submission_id)
        runs.add_event(connection, run_id, context.now(), "submit", city, identity)
    return submission_id


def _told(row: Record, *, again: bool) -> Submitted:
    if row.status == SubmissionStatus.REFUSED:
        raise Refused(row.reason) if row.reason.startswith(_LATE) else BadInput(row.reason)
    return Submitted(row.id, row.city, row.status, row.notices, row.rejected, again, row.gaiji_version)


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
    with _Spool() as rows, _Spool() as problems, _Spool() as listed:
        try:
            read = _read(context, run, submission, _Spools(rows, problems, listed), progress)
        except BadInput as refusal:
            _refuse(context, submission, refusal)
            return []
        reports.write(context, run.id, submission.city, listed, context.layout(run), read.characters)
        proofs.withdraw(context, submission)  # handed in before: the table of gaiji may read it otherwise now
        with writing(context.engine) as connection:
            in_time = runs.lock_run(connection, run.id) == RunStatus.OPEN
            totals = {
                "notices": read.reader.notices,
                "rejected": read.rejected,
                "tax_total": read.reader.tax_total,
                "records": read.records,
                "gaiji_version": read.gaiji_version,
            }
            if in_time and runs.settle_submission(connection, submission.id, SubmissionStatus.ACCEPTED, totals):
                runs.replace_earlier(connection, run.id, submission.city, submission.id)
                production.add_notices(connection, rows)
                runs.add_problems(connection, submission.id, problems)
                gaiji.add_unknown(
                    connection, submission.city, read.character_set, sorted(read.unknown), run.id, context.now()
                )
                detail = f"received {read.reader.notices} rejected {read.rejected}"
                runs.add_event(connection, run.id, context.now(), "accept", submission.city, detail)
    if not in_time:  # planned while this was being read
        with context.engine.connect() as connection:
            settled = runs.find_submission(connection, submission.id).status != SubmissionStatus.RECEIVED
        if settled:  # another worker was first and in time: the file is what is printed from
            return []
        context.files.delete(read.records)
        _refuse(
            context,
            submission,
            BadInput(f"{_LATE}回 {run.id} が先に締め切られました。新しい回を開いて提出してください。"),
        )
    return []


def _refuse(context: Context, submission: Record, refusal: BadInput) -> None:
    reason = str(refusal)
    with writing(context.engine) as connection:
        if runs.settle_submission(connection, submission.id, SubmissionStatus.REFUSED, {"reason": reason}):
            problem = Problem(refusal.file or intake.NAME, 0, "", "refused", reason)
            runs.add_problems(connection, submission.id, [problem])
            runs.add_event(connection, submission.run_id, context.now(), "refuse", submission.city)


class _Spool:
    """Values held back on disk, so that memory does not grow with a city; read in the order they were added."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._held = list[Any]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, values: Iterable[Any]) -> None:
        self._held += values
        if len(self._held) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        pickle.dump(self._held, self._file, protocol=5)
        self._held = []

    def __iter__(self) -> Iterator[Any]:
        self._flush()
        self._file.seek(0)
        while True:
            try:
                values = pickle.load(self._file)  # noqa: S301 - our own bytes, from a file nobody else can open
            except EOFError:
                return
            yield from values


class _Spools(NamedTuple):
    """What comes of a hand-in besides its records: light rows, problems, and what the city's own lists tell."""

    rows: _Spool
    problems: _Spool
    listed: _Spool


class _Read(NamedTuple):
    """A hand-in that was read to its end. ``unknown``: codes of gaiji that the table does not have."""

    reader: intake.SubmissionReader
    records: str
    rejected: int
    character_set: str
    gaiji_version: int
    unknown: set[str]
    characters: reports.Characters


def _read(context: Context, run: Record, submission: Record, spools: _Spools, progress: Progress | None) -> _Read:
    """Stream a hand-in: records into their file, all else into the spools."""
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
    with context.engine.connect() as connection:
        version = gaiji.version(connection)
        meanings = gaiji.lookup(connection, submission.city, transmittal.character_set, version)
    profile = profiles(run.kind, run.year)[submission.city]
    rules = intake.Rules(
        profile.terms(run.mailing_date),
        partial(zips.barcode, profile.unparsed_address),
        zips.knows,
        lambda notice: fits(layout, notice),
        *meanings,
    )
    with contextlib.ExitStack() as opened:
        reader = intake.SubmissionReader(
            kind, transmittal, mapping, lambda name: opened.enter_context(context.files.open(f"{inbox}/{name}")), rules
        )
        records = f"records/{run.id}/{submission.city}-{submission.sha256[:16]}.records"
        start = rejected = done = 0
        unknown, characters = set[str](), reports.Characters(kind)
        encode = msgspec.msgpack.Encoder().encode
        with context.files.writer(records) as writer:
            for outcome in reader:
                rejected += outcome.rejected
                if outcome.problems:
                    spools.problems.add(outcome.problems)
                    spools.listed.add(outcome.listed)
                    unknown |= {code for told in outcome.listed for code, state in told.gaiji if state == UNKNOWN}
                if outcome.notice is not None:
                    characters.add(outcome.notice)
                    data = encode(outcome.notice)
                    writer.write(data)
                    spools.rows.add([_row(run.id, submission.id, outcome.notice, start, len(data), layout, zips)])
                    start += len(data)
                done += 1
                if progress and done % 500 == 0:
                    progress(done, transmittal.notices)
            reader.settle()
    if progress:
        progress(transmittal.notices, transmittal.notices)
    return _Read(reader, records, rejected, transmittal.character_set, version, unknown, characters)


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
    slips = "slips" in layout.layout.rows and layout.has_rows(notice, "slips")
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
        "barcode": zips.earns(addressee),
        "start": start,
        "length": length,
    }
