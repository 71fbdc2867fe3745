"""SQLite and PostgreSQL are one database to the rest of the program: same schema, same answers, same refusals."""

from __future__ import annotations

import inspect
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, Table, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from printjobs import store
from printjobs.core.audit import Fault, Side
from printjobs.core.gaiji import Entry, State
from printjobs.core.marks.sheet import SheetMark
from printjobs.core.model import (
    BatchStatus,
    FileStatus,
    PieceStatus,
    Problem,
    RunStatus,
    SubmissionStatus,
)
from printjobs.core.plan import Piece
from printjobs.core.reconcile import Finding, Sighting
from printjobs.pipeline import (
    Step,
    approving,
    charging,
    opening,
    packaging,
    planning,
    rehearsal,
    releasing,
    rendering,
    run_step,
    settling,
    submitting,
)
from printjobs.pipeline import status as statuses
from printjobs.store import (
    accounts,
    approvals,
    audit,
    bulk,
    database,
    deliveries,
    gaiji,
    gateway,
    invoices,
    journal,
    ledger,
    live,
    models,
    production,
    progress,
    pulls,
    returns,
    runs,
    schedule,
    stages,
    tracking,
    uploads,
)
from printjobs.store import jobs as job_rows
from printjobs.store.audit import Known
from tests.shell import jobs
from tests.shell.jobs import CITIES, RUN, Job

BIG_YEN = 1 << 40
NOW = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
R, CITY, OTHER = "property_tax-2026", "252069", "252077"
BATCH, FILE = f"{R}-B001", f"{R}-B001-F01"
TABLES = SQLModel.metadata.sorted_tables

run_row = {
    "id": R, "code": "A2B3", "kind": "property_tax", "year": 2026, "mailing_date": "2026-04-10",
    "layout_version": "2026-1", "layout_sha256": "1" * 64, "fonts_sha256": "2" * 64, "status": RunStatus.OPEN,
    "opened_at": NOW,
}  # fmt: skip


def submission_row(city: str = CITY, sha256: str = "3" * 64) -> dict[str, Any]:
    return {"run_id": R, "city": city, "sha256": sha256, "status": SubmissionStatus.RECEIVED, "inbox": "inbox/a"}


def notice_row(submission: int, number: str, **changed: Any) -> dict[str, Any]:
    return {
        "submission_id": submission, "run_id": R, "city": CITY, "number": number, "owner": "4" * 32, "office": "525",
        "zip": "5250034", "sheets": 1, "slips": True, "inserts": 1, "start": 0, "length": 10,
    } | changed  # fmt: skip


def batch_row(batch: str = BATCH, number: int = 1) -> dict[str, Any]:
    return {
        "id": batch, "run_id": R, "number": number, "generation": 1, "class_code": "S4", "slips": True, "inserts": 1,
        "sheet_class": 4, "status": BatchStatus.PLANNED, "pieces": 2, "sheets": 2, "pages": 4,
    }  # fmt: skip


def file_row(file: str = FILE, sequence: int = 1, batch: str = BATCH) -> dict[str, Any]:
    return {
        "id": file, "batch_id": batch, "sequence": sequence, "first": 1, "last": 2, "separators": 0, "sheets": 2,
        "pages": 4, "status": FileStatus.PLANNED,
    }  # fmt: skip


def a_piece(*notices: int, office: str = "525", sheets: int = 1, posting: int = 0) -> Piece:
    return Piece(CITY, office, "5250034", "2600000001", sheets, 1, True, notices, bool(office), posting)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'printjobs.db'}"
    return str(request.getfixturevalue("postgres_database"))


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = store.connect(url)
    store.migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with opened(url) as engine:
        yield engine


def at_once(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Call all at the same moment, each in a thread; what they return, in their order."""
    waiting = list(calls)
    gate = threading.Barrier(len(waiting))

    def begin(call: Callable[[], Any]) -> Any:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(waiting)) as pool:
        return [future.result() for future in [pool.submit(begin, call) for call in waiting]]


# The schema


def test_migrations_from_nothing_give_the_tables_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(found, SQLModel.metadata) == []


def test_a_database_of_the_first_version_keeps_its_rows(url: str) -> None:
    """On SQLite a column is changed by making its table anew, which rows that refer to it forbid."""
    engine = store.connect(url)
    with store.writing(engine) as connection:
        config = database._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        first = MetaData()
        first.reflect(connection)
        connection.execute(insert(first.tables["run"]).values(**run_row))
        old = {"records": "", "notices": 3, "rejected": 0, "tax_total": 0, "reason": ""}
        connection.execute(insert(first.tables["submission"]).values(id=1, **submission_row(), **old))
    store.migrate(engine)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(found, SQLModel.metadata) == []
        run, submission = runs.find_run(connection, R), runs.find_submission(connection, 1)
    assert run is not None
    assert (run.kind, run.faces, run.gaiji_version) == ("property_tax", "[]", 0)
    assert (submission.notices, submission.gaiji_version) == (3, 0)
    engine.dispose()


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    with store.writing(engine) as connection:
        runs.add_run(connection, run_row)
    before = jobs.facts(engine)
    store.migrate(engine)
    assert store.is_migrated(engine)
    assert jobs.facts(engine) == before


def test_four_that_migrate_an_empty_database_at_once_do_each_other_no_harm(url: str) -> None:
    engines = [store.connect(url) for _ in range(4)]
    assert not store.is_migrated(engines[0])
    at_once([lambda engine=engine: store.migrate(engine) for engine in engines])
    assert all(store.is_migrated(engine) for engine in engines)
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("table", [t for t in TABLES if t.foreign_keys], ids=lambda t: t.name)
def test_no_row_points_to_nothing(engine: Engine, table: Table) -> None:
    values: dict[str, Any] = {}
    for column in table.columns:
        if column is not table.autoincrement_column:
            values[column.name] = {int: 1, bool: True, datetime: NOW}.get(column.type.python_type, "nobody")
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), store.writing(engine) as connection:
        connection.execute(insert(table).values(**values))


def test_a_fault_of_the_database_does_not_repeat_the_row_that_it_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as fault, store.writing(engine) as connection:
        production.add_notices(connection, [notice_row(1, "2600000001", owner="滋賀 太郎")])
    assert "滋賀" not in str(fault.value)


# The questions


_UNORDERED = ("plan_notices", "city_counts")  # planning sorts by itself, and the status looks up


class Told:
    """A room of the store whose answers are written down, as plain values."""

    def __init__(self, room: ModuleType, answers: list[tuple[str, Any]]) -> None:
        self._room, self._answers = room, answers

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._room, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = function(*args, **kwargs)
            if isinstance(answer, Iterator):
                answer = list(answer)
            told = _plain(answer)
            if name in _UNORDERED:
                told.sort(key=str)
            self._answers.append((f"{self._room.__name__}.{name}", told))
            return answer

        return call


def _plain(answer: Any) -> Any:
    """Rows as dictionaries, their order kept; a time in UTC whichever way the database says it."""
    if isinstance(answer, msgspec.Struct):
        answer = msgspec.structs.asdict(answer)
    if hasattr(answer, "_asdict"):
        return {k: _plain(v) for k, v in answer._asdict().items()}
    if isinstance(answer, dict):
        return {k: _plain(v) for k, v in answer.items()}
    if isinstance(answer, set):
        return sorted(answer)
    if isinstance(answer, list | tuple):
        return [_plain(a) for a in answer]
    if isinstance(answer, datetime):
        return answer.replace(tzinfo=None)
    assert answer is None or isinstance(answer, str | int), type(answer)  # no Decimal, which PostgreSQL sums give
    return answer


def ask_everything(engine: Engine) -> list[tuple[str, Any]]:
    """A small life of a run through every function of the store; each answer in order."""
    answers: list[tuple[str, Any]] = []
    rooms = (runs, production, tracking, approvals, gaiji)
    run, make, track, sign, table = (Told(room, answers) for room in rooms)
    _ask_about_gaiji(engine, table)
    _ask_about_hand_ins(engine, run, make)
    _ask_about_approvals(engine, run, sign)
    _ask_about_the_plan(engine, run, make)
    _ask_about_print_files(engine, make, track)
    _ask_about_reports(engine, track)
    _ask_about_the_books(engine, Told(ledger, answers), Told(invoices, answers))
    _ask_about_the_schedule(engine, Told(schedule, answers))
    _ask_about_progress(engine, Told(progress, answers))
    _ask_about_deliveries(engine, Told(deliveries, answers))
    _ask_about_pulls(engine, Told(pulls, answers), make)
    _ask_about_bad_rows(engine, track)
    _ask_about_stages(engine, Told(stages, answers))
    _ask_about_uploads(engine, Told(uploads, answers))
    _ask_about_machines(engine, Told(live, answers))
    _ask_about_the_audit(engine, Told(audit, answers), Told(returns, answers))
    return answers


def ask_at_the_doors(engine: Engine) -> list[tuple[str, Any]]:
    """What the web and the gateway ask beside, of the same run."""
    answers: list[tuple[str, Any]] = []
    _ask_about_who_comes_in(engine, Told(accounts, answers))
    _ask_about_what_was_done(engine, Told(journal, answers), Told(job_rows, answers), Told(gateway, answers))
    with engine.connect() as connection:
        told = Told(runs, answers)
        told.all_runs(connection)
        for city in (CITY, OTHER, "252999"):
            told.count_problems(connection, R, city)
            for problem in told.city_problems(connection, R, city, 0, 9):
                told.city_problem(connection, R, city, problem.id)
                told.city_problem(connection, "another", city, problem.id)
        Told(production, answers).perhaps_batch(connection, BATCH)
        Told(production, answers).perhaps_batch(connection, "another")
    return answers


def _ask_about_hand_ins(engine: Engine, run: Any, make: Any) -> None:
    with store.writing(engine) as connection:
        run.add_run(connection, run_row)
        run.add_event(connection, R, NOW, "open", R, "detail")
        run.run_ids(connection)
        run.find_run(connection, R)
        run.find_run(connection, "another")
        run.lock_run(connection, R)
        run.frozen_layouts(connection, "property_tax", "2026-1")
        earlier = run.add_submission(connection, submission_row())
        run.settle_submission(connection, earlier, SubmissionStatus.ACCEPTED, {"notices": 1, "tax_total": BIG_YEN})
        run.settle_submission(connection, earlier, SubmissionStatus.ACCEPTED, {"notices": 9})
        make.add_notices(connection, [notice_row(earlier, "2600000001")])
        run.add_problems(connection, earlier, [Problem("notices.csv", 2, "氏名", "replaced", "前のもの", "2600000009")])
        other = run.add_submission(connection, submission_row(OTHER, "4" * 64))
        run.settle_submission(connection, other, SubmissionStatus.ACCEPTED, {"notices": 1, "records": "records/b"})
        make.add_notices(connection, [notice_row(other, "2600000001", city=OTHER)])
        better = run.add_submission(connection, submission_row(sha256="5" * 64))
        run.settle_submission(
            connection, better, SubmissionStatus.ACCEPTED,
            {"notices": 4, "rejected": 1, "tax_total": BIG_YEN, "records": "records/a", "reason": ""},
        )  # fmt: skip
        run.replace_earlier(connection, R, CITY, better)
        run.add_problems(
            connection,
            better,
            [Problem("notices.csv", 3, "氏名", "overflow", "長い"), Problem("assets.csv", 2, "", "x", "短い", "1")],
        )
        refused = run.add_submission(connection, submission_row(OTHER, "6" * 64))
        run.settle_submission(connection, refused, SubmissionStatus.REFUSED, {"reason": "合いません"})
        run.add_problems(connection, refused, [Problem("transmittal.json", 0, "", "refused", "合いません")])
        run.find_submission(connection, better)
        run.submissions(connection, R)
        run.same_submission(connection, R, CITY, "5" * 64)
        run.same_submission(connection, R, CITY, "7" * 64)
        run.problems(connection, R)
        make.add_notices(
            connection,
            [notice_row(better, "2600000003", start=1 << 33), notice_row(better, "2600000001"),
             notice_row(better, "2600000002", slips=False, office="")],
        )  # fmt: skip
        run.receive_again(connection, earlier)
        run.find_submission(connection, earlier)
        once_more = run.add_submission(connection, submission_row("252085", "8" * 64))
        run.settle_submission(connection, once_more, SubmissionStatus.ACCEPTED, {"notices": 1, "gaiji_version": 3})
        make.add_notices(connection, [notice_row(once_more, "2600000001", city="252085")])
        run.take_back(connection, once_more)
        run.receive_again(connection, once_more)
        make.notice_counts(connection, R)


def gaiji_entry(code: str = "U+E001", city: str = CITY, **changed: Any) -> Entry:
    values = {"state": State.SETTLED, "text": "葛\U000e0100", "by": "見本", "date": "2026-03-01", "ground": "原票"}
    return Entry(city, "standard", code, **(values | changed))


def _ask_about_gaiji(engine: Engine, table: Any) -> None:
    first, other = gaiji_entry(), gaiji_entry(city=OTHER, text="", glyph="U+F0001")
    corrected = gaiji_entry(text="榊", ground="照会")
    guess = gaiji_entry("U+F0002", state=State.PROVISIONAL, mj="MJ028902", text="髙")
    with store.writing(engine) as connection:
        table.version(connection)
        table.lock_table(connection)
        table.add(connection, [first, other, guess], NOW)
        table.add(connection, [corrected], NOW)
        table.add(connection, [], NOW)
        table.add_unknown(connection, CITY, "standard", ["U+E001", "U+E009", "U+F0002"], R, NOW)
        table.add_unknown(connection, CITY, "standard", ["U+E009"], R, NOW)
        table.add_unknown(connection, CITY, "standard", [], R, NOW)
        table.version(connection)
        rows = table.entries(connection)
        table.entries(connection, city=CITY)
        table.entries(connection, state=State.OPEN)
        table.entries(connection, as_of=1)
        table.entries(connection, as_of=0)
        table.as_entry(rows[0])
        table.history(connection, [first.key, (OTHER, "standard", "U+E009")])
        table.lookup(connection, CITY, "standard", 1)
        table.lookup(connection, CITY, "standard", 3)
        table.lookup(connection, CITY, "another", 3)


def _ask_about_approvals(engine: Engine, run: Any, sign: Any) -> None:
    with store.writing(engine) as connection:
        earlier, other, better, *_ = (s.id for s in run.submissions(connection, R))
        for submission, city, proof in ((earlier, CITY, "a"), (better, CITY, "b"), (other, OTHER, "c")):
            sign.add(
                connection,
                {
                    "run_id": R,
                    "city": city,
                    "submission_id": submission,
                    "proof_sha256": proof * 64,
                    "by": "見本",
                    "at": NOW,
                },
            )
        sign.find(connection, better, "b" * 64)
        sign.find(connection, better, "a" * 64)
        sign.of_run(connection, R)


def _ask_about_the_plan(engine: Engine, run: Any, make: Any) -> None:
    with store.writing(engine) as connection:
        notices = {n.number: n.id for n in make.plan_notices(connection, R) if n.city == CITY}
        run.change_status(connection, models.Run, models.Run.id, R, RunStatus.OPEN, RunStatus.PLANNED)
        run.change_status(connection, models.Run, models.Run.id, R, RunStatus.OPEN, RunStatus.PLANNED)
        for number in (2, 1):
            batch = f"{R}-B00{number}"
            make.add_batch(connection, batch_row(batch, number))
            make.add_files(connection, [file_row(f"{batch}-F0{i}", i, batch) for i in (2, 1)])
        last = a_piece(notices["2600000003"], notices["2600000002"], office="")
        pieces = [a_piece(notices["2600000001"], posting=3), last]
        for number in (1, 2):
            make.add_pieces(connection, f"{R}-B00{number}", 1, pieces)
        make.place_notices(connection, f"{R}-B002", 1, pieces)
        make.place_notices(connection, BATCH, 2, pieces)
        make.batches(connection, R)
        make.find_batch(connection, BATCH)
        make.files(connection, BATCH)
        make.find_file(connection, FILE)
        make.pieces(connection, BATCH)
        make.pieces(connection, BATCH, 2, 2)
        make.notice_places(connection, BATCH, 1, 2)
        make.city_places(connection, R, CITY)
        make.notice_counts(connection, R)
        make.lot_counts(connection, R)
        for number, route in ((3, "sorted"), (0, "plain")):
            how = {"run_id": R, "number": number, "route": route, "delay": 3, "regional": True}
            make.add_postings(connection, [how])
        make.postings(connection, R)
        make.postings(connection, "property_tax-2027")


def _ask_about_print_files(engine: Engine, make: Any, track: Any) -> None:
    with store.writing(engine) as connection:
        make.file_rendered(connection, FILE, "8" * 64, 1 << 33)
        make.file_refused(connection, FILE)
        make.file_rendered(connection, FILE, "8" * 64, 1 << 33)
        make.file_rendered(connection, FILE, "9" * 64, 1)
        make.find_file(connection, FILE)
        make.file_checked(connection, FILE, BATCH)
        make.unchecked_files(connection, BATCH)
        make.file_rendered(connection, f"{BATCH}-F02", "8" * 64, 1)
        make.file_checked(connection, f"{BATCH}-F02", BATCH)
        make.batch_packaged(connection, BATCH, "b" * 64)
        make.batch_packaged(connection, BATCH, "b" * 64)
        make.release_batch(connection, BATCH)
        make.release_batch(connection, BATCH)
        make.set_piece_statuses(connection, (PieceStatus.RELEASED, PieceStatus.SPOILED), [(BATCH, 2)])
        make.pieces_with_status(connection, R, PieceStatus.SPOILED)
        make.count_pieces(connection, R, PieceStatus.SPOILED)
        make.released_pieces(connection, R)
        make.pieces_to_post(connection, R, (PieceStatus.PLANNED, PieceStatus.RELEASED))
        make.notices_of_pieces(connection, R, PieceStatus.SPOILED)
        make.city_counts(connection, R)
        make.batch_posted(connection, BATCH)


def _ask_about_reports(engine: Engine, track: Any) -> None:
    with store.writing(engine) as connection:
        track.find_scan_log(connection, R, "a" * 64)
        log = track.add_scan_log(connection, R, "a" * 64, "standard", NOW)
        track.end_scan_log(connection, log, 3, 1)
        track.find_scan_log(connection, R, "a" * 64)
        track.add_sightings(
            connection, log, [Sighting(4, 1, 1, 2, ""), Sighting(3, 1, 1, 1, ""), Sighting(2, 1, 2, 1, "")]
        )
        track.add_findings(connection, log, [Finding(2, 1, 1, "unreadable", "読めません"), Finding(1, 0, 0, "x", "y")])
        track.seen_sheets(connection, R)
        track.findings(connection, R)


def _ask_about_the_books(engine: Engine, book: Any, bill: Any) -> None:
    """Two cities are charged for a month, and later one of them is corrected; one invoice is replaced by another."""
    same = {"run_id": R, "rule": "a", "basis": "b", "at": NOW}
    with store.writing(engine) as connection:
        book.lock_books(connection)
        book.charged(connection, R)
        own = same | {"yen": BIG_YEN, "notices": 3, "month": "2026-04"}
        groups = ("fixed", "postage")
        book.add_charges(connection, [own | {"city": c, "item": i, "group": i} for c in (CITY, OTHER) for i in groups])
        late = {"city": CITY, "item": "fixed", "group": "fixed", "yen": -5, "notices": 0, "month": "2026-05"}
        book.add_charges(connection, [same | late | {"reason": "訂正", "by": "見本"}])
        for ask in (book.charges, book.charged):
            ask(connection, R)
        book.sums(connection)
        for month in ("2026-04", "2026-05", "2026-06"):
            book.charged_notices(connection, month)
        book.pin(connection, [{"name": n, "sha256": n * 64, "run_id": R, "at": NOW} for n in ("t", "s")])
        book.pinned(connection, ["t", "u"])
        values = {"invoice_yen": BIG_YEN, "charged_yen": BIG_YEN, "notices": 6, "by": "見本", "at": NOW}
        for period in ("2026-05", "2026-04"):
            book.add_closing(connection, values | {"period": period})
        book.closings(connection)
        sent = {"run_id": R, "issuer": "post", "date": "2026-05-01", "at": NOW, "withdrawn_month": ""}
        lines = [{"item": i, "quantity": 2, "unit_yen": "1.5", "yen": BIG_YEN} for i in ("b", "a")]
        bill.standing(connection, R, "post")
        ids = []
        for number, month in (("1", "2026-04"), ("2", "2026-05")):
            if ids:
                bill.withdraw(connection, ids[0], ids[0], month)
            row = sent | {"number": number, "sha256": number * 64, "yen": 2 * BIG_YEN, "month": month}
            ids.append(bill.add(connection, row, lines))
        bill.withdraw(connection, *ids, "2026-05")
        bill.find(connection, "post", "1")
        bill.find(connection, "vendor", "1")
        bill.standing(connection, R, "post")
        bill.standing(connection, R, "vendor")
        bill.lines(connection, ids[0])
        bill.all_invoices(connection)


def _ask_about_the_schedule(engine: Engine, plan: Any) -> None:
    with store.writing(engine) as connection:
        for city, late in ((CITY, "hold"), ("252140", "leave_out"), (OTHER, "hold"), (CITY, "leave_out")):
            plan.set_cutoff(connection, R, city, "2026-03-06", late)
        plan.drop_cutoff(connection, R, OTHER)
        plan.drop_cutoff(connection, R, OTHER)
        plan.cutoffs(connection, R)
        plan.waited_for(connection, R)
        for hour in (8, 9):
            runs.add_event(connection, R, NOW.replace(hour=hour), "accept", CITY)
        plan.handed_in(connection, R)
        lead = {"shown": "", "role": "lead", "password_hash": "", "totp_salt": "", "created_at": NOW}
        one, other = (accounts.add(connection, lead | {"name": f"scheduler {n}"}) for n in (1, 2))
        plan.open_request(connection, R)
        for _ in range(2):
            plan.add_request(connection, {"run_id": R, "manifests": "{}", "asked_by": one, "asked_at": NOW})
        newest = plan.open_request(connection, R)
        plan.end_request(connection, newest.id, NOW, other)
        plan.end_request(connection, newest.id, NOW, None)
        plan.open_request(connection, R)


def _ask_about_progress(engine: Engine, far: Any) -> None:
    with store.writing(engine) as connection:
        runs.add_event(connection, R, NOW, "release", BATCH)
        far.heard(connection, "another")
        tables = SQLModel.metadata.tables
        said = {"batch_id": BATCH, "at": NOW.replace(hour=11)}
        connection.execute(tables["stage"].insert().values(said | {"stage": "printed", "count": 2}))
        lead = {"name": "receiver", "shown": "", "role": "vendor", "password_hash": "", "totp_salt": ""}
        account = accounts.add(connection, lead | {"created_at": NOW})
        connection.execute(tables["receipt"].insert().values(said | {"account_id": account, "signed": "{}"}))
        for ask in ("submission_counts", "signed", "batch_counts", "file_counts", "stages", "received", "released",
                    "heard", "settled_pieces"):  # fmt: skip
            getattr(far, ask)(connection, R)


def _ask_about_pulls(engine: Engine, pull: Any, make: Any) -> None:
    """Of the second envelope of two notices one is pulled, the first whole, and a number that nobody handed in."""
    order = {"run_id": R, "city": CITY, "reason": "death", "ordered_at": NOW}
    again = f"{R}-B009"
    with store.writing(engine) as connection:
        ids = {(n.city, n.number): n.id for n in production.plan_notices(connection, R)}
        first = ids[CITY, "2600000001"]
        production.add_batch(connection, batch_row(again, 9) | {"status": BatchStatus.PLANNED})
        production.add_pieces(connection, again, 3, [a_piece(first)])
        production.place_notices(connection, again, 3, [a_piece(first)])
        pull.find(connection, R, CITY, "2600000001")
        for place, number in enumerate(("2600000001", "2600000002"), start=1):
            pull.add(connection, order | {"number": number, "batch_id": BATCH, "piece": place})
        pull.add(connection, order | {"number": "2699999999"})
        pull.find(connection, R, CITY, "2600000002")
        pull.set_diverted(connection, BATCH, 1, NOW)
        pull.envelopes(connection, R)
        pull.set_diverted(connection, BATCH, 1, None)
        pull.envelopes(connection, R)
        pull.notices(connection, R)
        pull.counts(connection, R)
        pull.piece_counts(connection, R)
        pull.pieces(connection, R)
        pull.unreleased(connection, R)
        pull.notices_left(connection, BATCH, 1)
        pull.notices_left(connection, BATCH, 2)
        planned = production.find_batch(connection, again)
        make.withdraw_batch(connection, planned)
        make.withdraw_batch(connection, planned)
        pull.unreleased(connection, R)
        pull.piece_counts(connection, R)


def _ask_about_deliveries(engine: Engine, take: Any) -> None:
    batch, soon, later = f"{R}-B002", NOW.replace(hour=10), NOW.replace(hour=12)
    with store.writing(engine) as connection:
        table = SQLModel.metadata.tables["batch"]
        connection.execute(table.update().where(table.c.id == batch).values(status=BatchStatus.RELEASED))
        vendor = {"shown": "", "role": "vendor", "password_hash": "", "totp_salt": "", "created_at": NOW}
        one, other = (accounts.add(connection, vendor | {"name": f"press {n}"}) for n in (1, 2))
        take.find_batch(connection, "standard", batch)
        take.find_batch(connection, "rival", batch)
        take.lock_batch(connection, batch)
        take.add_lease(connection, {"batch_id": batch, "account_id": one, "claimed_at": NOW, "expires_at": soon})
        lease = take.living_lease(connection, batch, NOW)
        take.living_lease(connection, batch, soon)
        take.renew_lease(connection, lease.id, later)
        take.living_lease(connection, batch, soon)
        take.released(connection, "standard", soon)
        take.released(connection, "rival", soon)
        take.end_leases(connection, batch, soon)
        take.living_lease(connection, batch, soon)
        take.receipt(connection, batch)
        take.add_receipt(connection, {"batch_id": batch, "account_id": other, "at": later, "signed": "{}"})
        take.receipt(connection, batch)
        take.released(connection, "standard", later)


def _ask_about_bad_rows(engine: Engine, track: Any) -> None:
    with store.writing(engine) as connection:
        log = track.find_scan_log(connection, R, "a" * 64).id
        track.add_bad_rows(connection, log, [(3, "読めません。", "x\ty"), (2, "2列の行です。", "")])
        track.scan_logs(connection, R)
        track.find_report(connection, R, log)
        track.find_report(connection, "another", log)
        track.findings_of(connection, log)
        track.bad_rows(connection, log)


def _ask_about_stages(engine: Engine, far: Any) -> None:
    batch = f"{R}-B002"
    with store.writing(engine) as connection:
        far.told(connection, batch)
        for stage, count in (("accepted", 4), ("printed", 2)):
            far.add(connection, batch, stage, count, NOW)
        far.told(connection, batch)


def _ask_about_uploads(engine: Engine, take: Any) -> None:
    with store.writing(engine) as connection:
        vendor = {"name": "sender", "shown": "", "role": "vendor", "password_hash": "", "totp_salt": ""}
        account = accounts.add(connection, vendor | {"created_at": NOW})
        for name in ("one", "two"):
            values = {"id": name, "run_id": R, "account_id": account, "layout": "fixed", "size": 0, "opened_at": NOW}
            take.add(connection, values)
        take.grow(connection, "one", 0, 1 << 33)
        take.grow(connection, "one", 0, 5)
        take.find(connection, "one")
        take.end(connection, "one", NOW)
        take.end(connection, "one", NOW.replace(hour=12))
        take.grow(connection, "one", 1 << 33, 1 << 34)
        take.find(connection, "one")
        take.find(connection, "nobody's")
        take.abandoned(connection, NOW.replace(hour=12))
        take.abandoned(connection, NOW)


def _ask_about_machines(engine: Engine, line: Any) -> None:
    with store.writing(engine) as connection:
        first = SheetMark("A2B3", 1, 1, 1, 1, 1, 0, 0)
        line.look(connection, first._replace(run="XXXX"), "M1")
        line.look(connection, first._replace(piece=99), "M1")
        line.working_on(connection, "M1", "standard")
        table = SQLModel.metadata.tables["run"]
        connection.execute(table.update().values(status=RunStatus.RELEASED))
        line.working_on(connection, "M1", "standard")
        line.working_on(connection, "M1", "rival")
        line.look(connection, first, "M1")
        line.show(connection, BATCH, 1, 1, "M1", NOW)
        line.show(connection, BATCH, 1, 1, "M2", NOW)
        line.set_last(connection, R, "M1", BATCH, 1, 1)
        line.look(connection, first, "M1")
        line.set_last(connection, R, "M1", "", 0, 0)
        line.look(connection, first, "M1")
        line.working_on(connection, "M1", "standard")
        runs.add_event(connection, R, NOW, live.EVENT, BATCH, "pulled piece 1 sheet 1 machine M1")
        line.refusals(connection, R)


def _ask_about_the_audit(engine: Engine, look: Any, came: Any) -> None:
    """After all the others: of a city's notices some are pulled, one envelope is in the post and comes back."""
    with store.writing(engine) as connection:
        connection.execute(SQLModel.metadata.tables["piece"].update().values(status=PieceStatus.MAILED))
        came.run_of_code(connection, "A2B3")
        came.run_of_code(connection, "ZZZZ")
        came.find_piece(connection, R, 1, 1)
        came.find_piece(connection, R, 1, 99)
        came.find_returned(connection, BATCH, 1)
        own = {"run_id": R, "city": CITY}
        came.add(connection, own | {"batch_id": BATCH, "piece": 1, "reason": "moved", "at": NOW})
        came.find_returned(connection, BATCH, 1)
        came.by_reason(connection, R, CITY)
        printed = look.printed_batches(connection, R)
        closed, open_ = Known(planned=True, charged=True, printed=printed), Known(False, False, ())
        for known in (closed, open_):
            for city in (CITY, OTHER):
                look.counts(connection, R, city, known)
                for which in (*Side, *Fault):
                    if which not in (Side.REJECTED, Fault.CHARGED_DIFFERS, Fault.COUNT_DIFFERS):
                        look.behind(connection, R, city, which, known, "", 10)
                        look.behind(connection, R, city, which, known, "2600000001", 1)
        look.count_twice(connection, R, CITY)
        look.fates(connection, R, CITY)
        look.rejected(connection, R, CITY)
        look.rejected(connection, R, CITY, "0", 1)
        look.stamp(connection, R)
        look.stamp(connection, "another")
        look.events(connection, R, {R, BATCH})
        look.problems_of(connection, R, CITY, "1")
        look.placements_of(connection, R, CITY, "2600000001")
        look.stages(connection, BATCH)
        look.sightings(connection, R, 1, 1)
        look.findings_about(connection, R, 1, 1)
        look.order_of(connection, R, CITY, "2600000001")
        look.order_of(connection, R, CITY, "2600000003")
        look.batch_counts(connection, R, CITY)
        look.add_roots(connection, [])
        look.add_roots(connection, [own | {"batch_id": b, "root": "00", "leaves": 1, "at": NOW} for b in ("", BATCH)])
        look.roots(connection, R, CITY)
        look.sign_off(connection, R, CITY)
        signed = {"by": "見本", "at": NOW, "figures": "{}", "pdf_sha256": "e" * 64, "journal_hash": ""}
        look.add_sign_off(connection, own | signed)
        look.sign_off(connection, R, CITY)


def _ask_about_who_comes_in(engine: Engine, door: Any) -> None:
    later = NOW.replace(hour=12)
    with store.writing(engine) as connection:
        person = {"shown": "見本", "role": "vendor", "password_hash": "", "totp_salt": "", "created_at": NOW}
        who = door.add(connection, person | {"name": "press-9"})
        door.find(connection, "press-9")
        door.find(connection, "PRESS-9")
        door.change(connection, who, {"failures": 2, "totp_step": 1 << 33})
        door.lock(connection, who)
        door.by_id(connection, who)
        key = {"account_id": who, "kind": "ssh", "added_at": NOW}
        for value in ("one", "two"):
            door.add_key(connection, key | {"value": value})
        first, _ = door.keys(connection, who, "ssh")
        door.change_key(connection, first.id, later)
        door.keys(connection, who, "ssh")
        door.keys(connection, who, "age")
        door.party_keys(connection, "vendor", "", "ssh")
        door.party_keys(connection, "vendor", "another", "ssh")
        session = {"account_id": who, "opened_at": NOW, "seen_at": NOW}
        for cookie in ("a", "b", "c"):
            door.open_session(connection, session | {"sha256": cookie, "csrf": f"csrf {cookie}"})
        door.see_session(connection, "a", later)
        door.session(connection, "a")
        door.session(connection, "z")
        door.end_session(connection, "a", later)
        door.end_sessions(connection, who, later, but="csrf b")
        for cookie in ("a", "b", "c"):
            door.session(connection, cookie)
        door.end_sessions(connection, who, later)
        door.session(connection, "b")
        token = {"account_id": who, "name": "t", "scopes": "batches", "created_at": NOW, "expires_at": later}
        ids = [door.add_token(connection, token | {"sha256": text}) for text in ("x", "y")]
        door.revoke_token(connection, ids[0], later)
        door.revoke_token(connection, ids[0], later)
        door.token(connection, "x")
        door.revoke_tokens(connection, who, later)
        door.tokens(connection, who)
        door.token(connection, "z")
        door.everyone(connection)
        door.add(connection, person | {"name": "press-9"})


def _ask_about_what_was_done(engine: Engine, done: Any, work: Any, gate: Any) -> None:
    entry = dict.fromkeys(("account", "role", "via", "action", "subject", "detail"), "") | {"at": "1", "outcome": 200}
    with store.writing(engine) as connection:
        done.last_hash(connection)
        done.add(connection, [entry | {"previous": before, "hash": own} for before, own in ("-a", "ab", "bc")])
        done.last_hash(connection)
        done.entries(connection)
        done.newest(connection, 2)
        done.newest(connection, 2, before=2)
        done.count(connection)
        work.last(connection, R)
        one = work.start(connection, R, NOW)
        work.see(connection, one, NOW.replace(hour=12))
        work.last(connection, R)
        work.end(connection, one, NOW, "")
        work.end(connection, one, NOW, "ended")
        work.last(connection, R)
        for name, told in (("b.csv", "1"), ("a.csv", "2"), ("b.csv", "3")):
            gate.tell(connection, R, name, NOW, told)
        gate.results(connection, R, 1)
        gate.result(connection, R, "b.csv")
        gate.result(connection, R, "c.csv")


def test_both_databases_answer_every_question_alike(tmp_path: Path, postgres_database: str) -> None:
    with opened(f"sqlite:///{tmp_path / 'printjobs.db'}") as engine:
        small = ask_everything(engine) + ask_at_the_doors(engine)
    with opened(postgres_database) as engine:
        large = ask_everything(engine) + ask_at_the_doors(engine)
    for one, other in zip(small, large, strict=True):
        assert one == other
    asked = {name for name, _ in small}
    rooms = (runs, production, tracking, approvals, gaiji, schedule, progress, pulls, deliveries, stages, uploads, live)
    rooms += (audit, returns, accounts, journal, job_rows, gateway, ledger, invoices)
    every = {f"{r.__name__}.{n}" for r in rooms for n, f in vars(r).items() if _is_question(r, n, f)}
    assert asked == every


def _is_question(room: ModuleType, name: str, function: Any) -> bool:
    return inspect.isfunction(function) and function.__module__ == room.__name__ and not name.startswith("_")


def test_the_answers_are_the_right_ones(engine: Engine) -> None:
    answers: dict[str, list[Any]] = {}
    for name, answer in ask_everything(engine):
        answers.setdefault(name.rpartition(".")[2], []).append(answer)
    assert answers["run_ids"] == [[R]]
    assert answers["settle_submission"] == [True, False, True, True, True, True]
    assert [s["status"] for s in answers["submissions"][0]] == ["replaced", "accepted", "accepted", "refused"]
    assert [(p["city"], p["file"]) for p in answers["problems"][0]] == [
        (CITY, "assets.csv"), (CITY, "notices.csv"), (OTHER, "transmittal.json"),
    ]  # fmt: skip
    assert len(answers["plan_notices"][0]) == 4
    assert [b["number"] for b in answers["batches"][0]] == [1, 2]
    assert [p["number"] for p in answers["notice_places"][0]] == ["2600000001", "2600000002", "2600000003"]
    assert answers["change_status"] == [True, False]
    assert answers["file_checked"] == [False, True]
    assert answers["batch_packaged"] == answers["release_batch"] == [True, False]
    assert answers["notice_counts"] == [{CITY: 3, OTHER: 1}] * 2
    assert [len(n) for n in answers["notices_of_pieces"][0].values()] == [2]
    assert [(a["city"], a["proof_sha256"][0]) for a in answers["of_run"][0]] == [(CITY, "a"), (CITY, "b"), (OTHER, "c")]
    assert [bool(found) for found in answers["find"]][:2] == [True, False]
    assert answers["version"] == [0, 3]
    assert answers["add"][:3] == [1, 2, 2]
    assert answers["add_unknown"] == [1, 0, 0]
    by_code = [[(e["city"], e["code"], e["state"]) for e in found] for found in answers["entries"]]
    now = [(CITY, "U+E001", "settled"), (CITY, "U+E009", "open"), (CITY, "U+F0002", "provisional")]
    then = [now[0], now[2], (OTHER, "U+E001", "settled")]
    assert by_code == [[*now, then[2]], now, [now[1]], then, []]
    assert [[e["text"] for e in found] for found in answers["history"][0].values()] == [["葛\U000e0100", "榊"], []]
    assert [found["settled"] for found in answers["lookup"]] == [{"\ue001": "葛\U000e0100"}, {"\ue001": "榊"}, {}]
    assert answers["lookup"][1]["unsettled"] == {"\ue009": "open", "\U000f0002": "provisional"}
    assert [tuple(s.values()) for s in answers["seen_sheets"][0]] == [(1, 1, 1), (1, 1, 2)]
    assert answers["count_pieces"] == [1]
    assert [lease is not None for lease in answers["living_lease"]] == [True, False, True, False]
    seen = [[(b["leased_by"], b["receipt_id"] is not None) for b in some] for some in answers["released"][-3:]]
    assert seen == [[(answers["living_lease"][0]["account_id"], False)], [], [(None, True)]]
    assert [found is not None for found in answers["find_batch"][-2:]] == [True, False]
    assert [(c["city"], c["late"]) for c in answers["cutoffs"][0]] == [(CITY, "leave_out"), ("252140", "leave_out")]
    assert [c["city"] for c in answers["waited_for"][0]] == ["252140"]
    assert answers["drop_cutoff"][-2:] == [True, False]
    assert answers["handed_in"] == [{CITY: NOW.replace(hour=8, tzinfo=None)}]
    assert [r and (r["id"], r["confirmed_by"] is not None) for r in answers["open_request"]] == [
        None, (2, False), (1, False),
    ]  # fmt: skip
    assert [tuple(f.values())[2:] for f in answers["file_counts"][0]] == [(2, 4)] * 2
    assert (answers["signed"], answers["settled_pieces"]) == ([2], [{BATCH: 1}])
    assert answers["heard"] == [None, NOW.replace(hour=11, tzinfo=None)]
    assert [tuple(p.values())[1:] for p in answers["released_pieces"][0]] == [
        (1, 1, 1, "released"), (2, 1, 1, "spoiled"),
    ]  # fmt: skip
    to_post = [(p["batch"], p["number"], p["posting"], p["office"]) for p in answers["pieces_to_post"][0]]
    assert to_post == [(1, 1, 3, "525"), (2, 1, 3, "525"), (2, 2, 0, "")]
    lots = [(v["office"], v["barcode"], v["posting"], v["pieces"], v["notices"]) for v in answers["lot_counts"][0]]
    assert lots == [("", False, 0, 2, 4), ("525", True, 3, 2, 2)]
    assert [[(p["number"], p["route"], p["regional"]) for p in told] for told in answers["postings"]] == [
        [(0, "plain", True), (3, "sorted", True)], [],
    ]  # fmt: skip


def test_the_answers_about_pulls_are_the_right_ones(engine: Engine) -> None:
    answers: dict[str, list[Any]] = {}
    for name, answer in ask_everything(engine):
        if name.rpartition(".")[0] in (pulls.__name__, production.__name__):
            answers.setdefault(name.rpartition(".")[2], []).append(answer)
    lists = [[(e["batch"], e["number"], bool(e["diverted_at"])) for e in told] for told in answers["envelopes"]]
    assert lists == [[(1, 1, True), (1, 2, False)], [(1, 1, False), (1, 2, False)]]
    assert answers["counts"] == [{CITY: 2}]
    assert [f"{R}-B009" in told for told in answers["unreleased"]] == [True, False]
    before, after = (told[CITY] for told in answers["piece_counts"])
    assert before["planned"] - after.get("planned", 0) == 1
    assert (after["released"], after["spoiled"]) == (1, 1)
    assert {(BATCH, 1), (BATCH, 2), (f"{R}-B009", 1)} < set(answers["pieces"][-1])
    assert [[n["number"] for n in told] for told in answers["notices_left"]] == [[], ["2600000003"]]
    assert answers["withdraw_batch"] == [True, False]


def test_the_answers_about_reports_are_the_right_ones(engine: Engine) -> None:
    answers: dict[str, list[Any]] = {}
    for name, answer in ask_everything(engine):
        answers.setdefault(name.rpartition(".")[2], []).append(answer)
    assert [[(b["line"], b["text"]) for b in rows] for rows in answers["bad_rows"]] == [[(2, ""), (3, "x\ty")]]
    assert [(r["lines"], r["bad"], r["findings"]) for r in answers["scan_logs"][0]] == [(3, 1, 2)]
    assert answers["told"] == [{}, {"accepted": 4, "printed": 2}]
    assert answers["grow"] == [True, False, False]
    assert answers["abandoned"] == [["two"], []]
    assert answers["show"] == [True, False]
    unknown, nowhere, fresh, here, anew = answers["look"]
    assert unknown is None
    assert (nowhere["run_id"], nowhere["vendor"], nowhere["piece"], nowhere["last"]) == (R, "standard", None, None)
    assert (tuple(fresh["piece"].values()), fresh["last"]) == ((BATCH, 1, 1, "released", False), None)
    assert tuple(here["piece"].values()) == tuple(anew["piece"].values()) == (BATCH, 1, 1, "released", True)
    assert (tuple(here["last"].values()), anew["last"]) == ((BATCH, 1, 1, 1), None)
    assert answers["working_on"] == [[], [R], [], [R]]


def test_yen_and_bytes_beyond_32_bits_are_kept(engine: Engine) -> None:
    answers = dict(ask_everything(engine))
    assert [s["tax_total"] for s in answers["printjobs.store.runs.submissions"]][:3] == [BIG_YEN, 0, BIG_YEN]
    assert answers["printjobs.store.production.find_file"]["bytes"] == 1 << 33
    assert max(p["start"] for p in answers["printjobs.store.production.notice_places"]) == 1 << 33
    assert answers["printjobs.store.ledger.charged"] == {CITY: [2 * BIG_YEN - 5, 3], OTHER: [2 * BIG_YEN, 3]}


def test_the_answers_about_the_books_are_the_right_ones(engine: Engine) -> None:
    answers: dict[str, list[Any]] = {}
    for name, answer in ask_everything(engine):
        answers.setdefault(name.removeprefix("printjobs.store."), []).append(answer)
    (rows,), (sums,), (invoiced,) = (answers[q] for q in ("ledger.charges", "ledger.sums", "invoices.all_invoices"))
    assert [(r["city"], r["yen"], r["reason"]) for r in rows[-2:]] == [(OTHER, BIG_YEN, ""), (CITY, -5, "訂正")]
    assert [tuple(e.values())[1:] for e in sums] == [
        ("2026-04", "fixed", 2 * BIG_YEN), ("2026-04", "postage", 2 * BIG_YEN), ("2026-05", "fixed", -5),
    ]  # fmt: skip
    assert answers["ledger.charged_notices"] == [6, 0, 0]
    assert [(name, row["run_id"]) for name, row in answers["ledger.pinned"][0].items()] == [("t", R)]
    assert list(answers["ledger.closings"][0]) == ["2026-04", "2026-05"]
    assert [found and found["number"] for found in answers["invoices.standing"]] == [None, "2", None]
    assert [found and found["withdrawn_month"] for found in answers["invoices.find"]] == ["2026-05", None]
    assert [(one["line"], one["item"]) for one in answers["invoices.lines"][0]] == [(1, "b"), (2, "a")]
    assert [(i["number"], i["replaced_by"] is None) for i in invoiced] == [("1", False), ("2", True)]


# One fact, whole, once


def test_of_eight_that_make_the_same_step_at_once_one_has_made_it(engine: Engine) -> None:
    with store.writing(engine) as connection:
        runs.add_run(connection, run_row)

    def plan() -> bool:
        with store.writing(engine) as connection:
            return runs.change_status(connection, models.Run, models.Run.id, R, RunStatus.OPEN, RunStatus.PLANNED)

    assert sorted(at_once([plan] * 8)) == [False] * 7 + [True]


def test_of_two_that_read_back_the_last_two_files_at_once_one_learns_that_it_was_the_last(engine: Engine) -> None:
    with store.writing(engine) as connection:
        runs.add_run(connection, run_row)
        production.add_batch(connection, batch_row())
        production.add_files(connection, [file_row(f"{BATCH}-F0{i}", i) for i in (1, 2)])
        for i in (1, 2):
            production.file_rendered(connection, f"{BATCH}-F0{i}", "8" * 64, 1)
    both = threading.Barrier(2)

    def check(file: str) -> bool:
        with store.writing(engine) as connection:
            last = production.file_checked(connection, file, BATCH)
            with suppress(threading.BrokenBarrierError):
                both.wait(0.3)  # the other waits for us, or we both decide before either is done
        return last

    assert sorted(at_once([partial(check, f"{BATCH}-F0{i}") for i in (1, 2)])) == [False, True]


def test_a_fault_in_the_middle_of_a_fact_leaves_nothing_of_it(engine: Engine) -> None:
    before = jobs.facts(engine)

    def open_run() -> None:
        with store.writing(engine) as connection:
            runs.add_run(connection, run_row)
            runs.add_event(connection, R, NOW, "open", R)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        open_run()
    assert jobs.facts(engine) == before


class Weighed(str):
    """A text that tells how many of its kind are held."""

    __slots__ = ()
    held = 0

    def __init__(self, _: object) -> None:
        Weighed.held += 1

    def __del__(self) -> None:
        Weighed.held -= 1


def test_many_rows_go_in_chunks_and_are_never_held_all(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_CHUNK", 100)
    with store.writing(engine) as connection:
        runs.add_run(connection, run_row)
        submission = runs.add_submission(connection, submission_row())
    held = 0

    def problems() -> Iterator[Problem]:
        nonlocal held
        for row in range(1_250):
            yield Problem("notices.csv", row + 2, "氏名", "overflow", Weighed("長い"))
            held = max(held, Weighed.held)

    with store.writing(engine) as connection:
        runs.add_problems(connection, submission, problems())
        runs.settle_submission(connection, submission, SubmissionStatus.ACCEPTED, {"rejected": 1_250})
        assert len(runs.problems(connection, R)) == 1_250
    assert 0 < held <= 202  # what goes in and what comes next


def test_more_rows_than_a_statement_takes_are_placed(postgres_database: str) -> None:
    many = 21_000  # PostgreSQL takes 65,535 parameters in a statement
    with opened(postgres_database) as engine:
        place_many(engine, many)


def place_many(engine: Engine, many: int) -> None:
    with store.writing(engine) as connection:
        runs.add_run(connection, run_row)
        submission = runs.add_submission(connection, submission_row())
        production.add_notices(connection, (notice_row(submission, f"26{n:08d}") for n in range(many)))
        production.add_batch(connection, batch_row())
        pieces = [a_piece(n.id) for n in production.plan_notices(connection, R)]
        production.add_pieces(connection, BATCH, 1, pieces)
        production.place_notices(connection, BATCH, 1, pieces)
        released = (PieceStatus.PLANNED, PieceStatus.RELEASED)
        production.set_piece_statuses(connection, released, ((BATCH, i + 1) for i in range(many)))
    with engine.connect() as connection:
        assert len(production.notice_places(connection, BATCH, 1, many)) == many
        assert len(production.pieces_with_status(connection, R, PieceStatus.RELEASED)) == many


# A whole run


@pytest.fixture(scope="module", autouse=True)
def vendor() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        jobs.ask_for(patched)
        yield


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> tuple[Any, Any, Any]:
    """What a run on SQLite, one step after the other, came to: status, files and rows."""
    folder = tmp_path_factory.mktemp("alone")
    job = Job(folder / "home")
    job.hand_in(sample)
    job.do_all()
    mail_twice(job, folder, job.do_all)
    job.close()
    return job.status(), job.made(), job.facts()


def mail_twice(job: Job, folder: Path, do_all: Callable[[], None]) -> None:
    for seed in (2, 3):
        job.mail(folder / f"scans-{seed}.csv", seed)
        do_all()


def test_a_run_on_postgresql_comes_to_the_same_status_files_and_rows(
    tmp_path: Path, sample: Path, alone: Any, postgres_database: str
) -> None:
    job = Job(tmp_path / "home", database_url=postgres_database)
    job.hand_in(sample)
    job.do_all()
    mail_twice(job, tmp_path, job.do_all)
    status, made, facts = alone
    assert status["status"] == RunStatus.CLOSED
    assert job.status() == status
    assert job.made() == made
    assert job.facts() == facts
    job.close()


ROOMS = (approving, charging, packaging, planning, releasing, rendering, settling, submitting)


class Rivals:
    """Two workers, each with a context of its own, at the same work at the same moment.

    Both have read what they decide from before either begins to write; and neither ends a transaction
    before the other is as far, or has shown by standing still that it waits for the first. Outside of
    transactions they take turns: ReportLab's fonts belong to a whole process.
    """

    def __init__(self, *two: Job) -> None:
        self._jobs = two
        self._turn = threading.Lock()

    @contextmanager
    def _writing(self, engine: Engine) -> Iterator[Any]:
        self._turn.release()
        try:
            with suppress(threading.BrokenBarrierError):
                self._beginning.wait()
            with store.writing(engine) as connection:
                yield connection
                with suppress(threading.BrokenBarrierError):
                    self._ending.wait(0.1)
        finally:
            self._turn.acquire()

    def _open_ending(self) -> None:
        self._ending = threading.Barrier(2)

    def do(self, *two: Callable[[Job], Any]) -> list[Any]:
        self._beginning = threading.Barrier(2, action=self._open_ending)
        self._open_ending()

        def take_turns(call: Callable[[Job], Any], job: Job) -> Any:
            try:
                with self._turn:
                    return call(job)
            finally:
                self._beginning.abort()  # nobody to wait for any more

        with pytest.MonkeyPatch.context() as patched:
            for room in ROOMS:
                patched.setattr(room, "writing", self._writing)
            return at_once([partial(take_turns, call, job) for call, job in zip(two, self._jobs, strict=True)])

    @property
    def first(self) -> Job:
        return self._jobs[0]

    def do_steps(self, *, same: bool) -> None:
        """Every step that can be done: each by both, or one by each."""
        job = self._jobs[0]
        while todo := job.unfinished():
            while todo:
                mine = todo.pop(0)
                theirs = mine if same or not todo else todo.pop(0)
                following = self.do(*(partial(_run, step) for step in (mine, theirs)))
                todo += list(dict.fromkeys(step for steps in following for step in steps))


def _run(step: Step, job: Job) -> list[Step]:
    return run_step(job.context, step)


def test_a_fault_at_the_end_of_any_step_leaves_nothing_of_it_and_it_can_be_done_again(
    tmp_path: Path, sample: Path, alone: Any, postgres_database: str
) -> None:
    job = Job(tmp_path / "home", database_url=postgres_database)
    job.hand_in(sample)

    @contextmanager
    def failing(engine: Engine) -> Iterator[Any]:
        with store.writing(engine) as connection:
            yield connection
            raise InterruptedError

    def do(what: Callable[[], list[Step]]) -> None:
        before = job.facts()
        with pytest.MonkeyPatch.context() as patched:
            for room in ROOMS:
                patched.setattr(room, "writing", failing)
            with suppress(InterruptedError):  # a proof writes no row
                what()
        assert job.facts() == before
        for step in what():
            do(partial(_run, step, job))

    def do_all() -> None:
        while todo := job.unfinished():
            do(partial(_run, todo[0], job))

    def release() -> list[Step]:
        releasing.release(job.context, RUN)
        return []

    def approve() -> list[Step]:
        approving.approve(job.context, RUN, CITIES[0], "見本の担当")
        return []

    do_all()
    do(approve)
    job.approve()
    for seed in (2, 3):
        report = tmp_path / f"scans-{seed}.csv"
        do(release)
        rehearsal.write_scans(job.context, RUN, report, seed=seed)
        do(lambda report=report: settling.load_scans(job.context, RUN, report).reprints)
        do_all()
    status, made, _ = alone
    assert job.status() == status
    assert job.made() == made
    job.close()


@pytest.fixture
def rivals(tmp_path: Path, url: str, sample: Path) -> Iterator[Rivals]:
    two = Job(tmp_path / "home", database_url=url), Job(tmp_path / "home", database_url=url)
    two[0].hand_in(sample)
    yield Rivals(*two)
    for job in two:
        job.close()


@pytest.mark.parametrize(
    ("url", "same"),
    [("sqlite", True), ("postgresql", True), ("postgresql", False)],
    ids=["the same step on SQLite", "the same step on PostgreSQL", "two different steps on PostgreSQL"],
    indirect=["url"],
)
def test_two_at_work_at_the_same_moment_come_to_what_one_alone_does(
    tmp_path: Path, rivals: Rivals, alone: Any, same: bool
) -> None:
    job = rivals.first
    rivals.do_steps(same=same)
    mail_twice(job, tmp_path, lambda: rivals.do_steps(same=same))
    status, made, facts = alone
    assert job.status() == status
    assert job.made() == made
    ours = job.facts()
    for name, rows in facts.items():
        told = slice(1, None) if name == "event" else slice(None)  # in which order they did it is theirs
        assert sorted(row[told] for row in ours[name]) == sorted(row[told] for row in rows), name


def test_two_that_release_and_take_the_same_report_at_the_same_moment_do_it_once(
    tmp_path: Path, rivals: Rivals, sample: Path
) -> None:
    job = rivals.first
    job.do_all()
    job.approve()
    released = rivals.do(*[lambda job: releasing.release(job.context, RUN)] * 2)
    assert sorted(map(len, released)) == [0, len(job.status()["batches"])]
    report = tmp_path / "scans.csv"
    rehearsal.write_scans(job.context, RUN, report, seed=2)
    settled = rivals.do(*[lambda job: settling.load_scans(job.context, RUN, report)] * 2)
    assert sorted(s.again for s in settled) == [False, True]
    rows = Counter(row[2] for row in job.facts()["event"])
    assert (rows["scans"], rows["reprint"]) == (1, 1)


def test_one_hand_in_read_by_two_at_the_same_moment_is_taken_once(
    tmp_path: Path, rivals: Rivals, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = rivals.first
    run_id = opening.open_run(job.context, "property_tax", 2026)
    with monkeypatch.context() as patched:  # copied in and, as after a crash, not read yet
        patched.setattr(submitting, "take_in", lambda *_: [])
        submission = submitting.submit(job.context, run_id, CITIES[0], sample / CITIES[0])
    assert submission.status == SubmissionStatus.RECEIVED
    rivals.do(*[partial(_run, Step("intake", (str(submission.id),)))] * 2)
    before = next(c for c in job.status()["cities"] if c["code"] == CITIES[0])
    after = next(c for c in jobs.timeless(statuses.status(job.context, run_id))["cities"] if c["code"] == CITIES[0])
    assert after["gaiji_version"] > before["gaiji_version"]  # the first run's hand-ins have noted codes since
    assert after | {"gaiji_version": 0} == before | {"gaiji_version": 0}


def test_a_hand_in_read_while_its_run_is_planned_is_in_the_plan_or_refused(
    tmp_path: Path, rivals: Rivals, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = rivals.first
    run_id = opening.open_run(job.context, "property_tax", 2026)
    submitting.submit(job.context, run_id, OTHER, sample / OTHER)
    with monkeypatch.context() as patched:
        patched.setattr(submitting, "take_in", lambda *_: [])
        late = submitting.submit(job.context, run_id, CITIES[0], sample / CITIES[0])
    rivals.do(partial(_run, Step("intake", (str(late.id),))), partial(_run, Step("plan", (run_id,))))
    with job.context.engine.connect() as connection:
        accepted = sum(production.notice_counts(connection, run_id).values())
        placed = sum(row.notices for row in production.city_counts(connection, run_id))
        found = runs.find_submission(connection, late.id)
    assert placed == accepted > 0
    assert found.status in (SubmissionStatus.ACCEPTED, SubmissionStatus.REFUSED)
