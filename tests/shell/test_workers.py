"""The same job gives the same bytes on workers as on one machine, whatever happens to workers, queue and messages."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import select

from printjobs.core.model import FileStatus, Refused, RunStatus, SubmissionStatus
from printjobs.pipeline import Step, opening, pulling, run_step, submitting
from printjobs.pipeline.steps import STEPS
from printjobs.preflight import PreflightError
from printjobs.settings import Settings
from printjobs.store import production, runs
from printjobs.store.models import Notice, columns
from tests.shell import jobs
from tests.shell.jobs import RUN, Job
from workers import broker as brokers
from workers import failures, local, pulse, queue

JobMaker = Callable[..., Job]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def handed_in(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """A home folder in which the cities have handed in and nothing else has happened."""
    job = Job(tmp_path_factory.mktemp("handed-in") / "home")
    job.hand_in(sample)
    job.close()
    return job.settings.home


@pytest.fixture
def small_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.small_files(tmp_path / "site", monkeypatch)


@pytest.fixture
def make_job(tmp_path: Path, handed_in: Path) -> Iterator[JobMaker]:
    """Makes jobs that stand where the cities have handed in."""
    made: list[Job] = []

    def make(**settings: Any) -> Job:
        made.append(jobs.copy(handed_in, tmp_path / f"home-{len(made)}", **settings))
        return made[-1]

    yield make
    for job in made:
        job.close()


class Embedded:
    """The job done on one machine, SQLite and a pool: what every other way has to equal."""

    def __init__(self, job: Job, reports: Path) -> None:
        self.packaged_status, self.packaged, self.packaged_facts = job.go(), job.made(), job.facts()
        job.mail(reports / "scans-1.csv", seed=2)
        job.do_all()
        self.reprinted = job.made()
        job.mail(reports / "scans-2.csv", seed=3)
        job.do_all()
        self.closed_status, self.closed = job.status(), job.made()


@pytest.fixture(scope="session")
def embedded_once(tmp_path_factory: pytest.TempPathFactory, handed_in: Path) -> Embedded:
    folder = tmp_path_factory.mktemp("embedded")
    with pytest.MonkeyPatch.context() as patched:
        jobs.small_files(folder / "site", patched)
        job = jobs.copy(handed_in, folder / "home")
        done = Embedded(job, folder)
    job.close()
    return done


@pytest.fixture
def embedded(embedded_once: Embedded, small_files: None) -> Embedded:
    """The embedded run, and a test that works by the same vendor profile."""
    return embedded_once


def test_the_embedded_run_is_one_worth_comparing_with(embedded: Embedded) -> None:
    assert embedded.packaged_status["status"] == RunStatus.PACKAGED
    assert embedded.closed_status["status"] == RunStatus.CLOSED
    assert embedded.closed_status["balanced"]
    assert sum(name.endswith(".pdf") and "-F" in name for name in embedded.packaged) > 15
    assert set(embedded.packaged) < set(embedded.reprinted) < set(embedded.closed)


# Many machines


def test_workers_give_the_same_bytes_though_one_is_killed_and_redis_is_emptied(
    tmp_path: Path, sample: Path, embedded: Embedded, postgres_database: str, redis_db: str
) -> None:
    job = Job(tmp_path / "home", database_url=postgres_database, redis_url=redis_db)
    job.hand_in(sample)
    with (
        job.worker(tmp_path / "worker-1.log") as first,
        job.worker(tmp_path / "worker-2.log"),
        redis.Redis.from_url(redis_db) as client,
        job.running("run", "go", RUN, "--json") as coordinator,
    ):
        jobs.wait_until(lambda: job.files()[FileStatus.RENDERED], "a print file is rendered")
        jobs.kill(first)
        assert job.files()[FileStatus.PLANNED], "the worker was killed too late to prove anything"
        client.flushdb()
        assert job.files()[FileStatus.PLANNED], "Redis was emptied too late to prove anything"
        with job.worker(tmp_path / "worker-3.log"):
            out, err = coordinator.communicate(timeout=jobs.PATIENCE_S)
            assert coordinator.returncode == 0, err
            assert jobs.timeless(json.loads(out)) == embedded.packaged_status
            assert job.made() == embedded.packaged
            job.mail(tmp_path / "scans-1.csv", seed=2)
            job.go()
            assert job.made() == embedded.reprinted
            job.mail(tmp_path / "scans-2.csv", seed=3)
            assert job.go() == embedded.closed_status
            assert job.made() == embedded.closed
    job.close()


def test_doubled_messages_change_nothing(
    tmp_path: Path, make_job: JobMaker, embedded: Embedded, redis_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(redis_url=redis_db)

    def send_twice(broker: Any, run_id: str, step: Step) -> None:
        brokers.send(broker, run_id, step)
        brokers.send(broker, run_id, step)

    monkeypatch.setattr(queue, "send", send_twice)
    shown: list[tuple[str, int, int]] = []
    with job.worker(tmp_path / "worker-1.log"), job.worker(tmp_path / "worker-2.log"):
        queue.run_all(job.settings, RUN, lambda *told: shown.append(told))
        broker = brokers.connect(job.settings)
        for step in every_step(job):  # and once more when all is done
            brokers.send(broker, RUN, step)
        broker.join(brokers.QUEUE, timeout=jobs.PATIENCE_S * 1000)
    assert job.status() == embedded.packaged_status
    assert job.made() == embedded.packaged
    assert events(job.facts()) == events(embedded.packaged_facts)
    assert not given_up(broker)
    assert all(done <= known for _, done, known in shown)
    assert shown[-1][1] == shown[-1][2] > 8
    broker.close()


def every_step(job: Job) -> list[Step]:
    """Every message that a run of the job up to its packaged batches can have sent."""
    with job.context.engine.connect() as connection:
        submissions = runs.submissions(connection, RUN)
        batches = production.batches(connection, RUN)
        files = [f.id for b in batches for f in production.files(connection, b.id)]
    return [
        *(Step(name, (RUN,)) for name in ("plan", "reprint", "close")),
        *(Step("intake", (str(s.id),)) for s in submissions),
        *(Step("proof", (RUN, s.city)) for s in submissions),
        *(Step(name, (f,)) for name in ("render", "check") for f in files),
        *(Step("package", (b.id,)) for b in batches),
    ]


def events(facts: dict[str, list[tuple[Any, ...]]]) -> Counter[tuple[Any, ...]]:
    """What was done how often; in which order is up to the workers."""
    return Counter(row[1:] for row in facts["event"])


def given_up(broker: Any) -> int:
    """Messages that workers gave up."""
    return int(broker.client.zcard(f"{broker.namespace}:{brokers.QUEUE}.XQ"))


def test_a_refused_step_is_not_tried_again_and_ends_the_command_with_its_reason(
    tmp_path: Path, make_job: JobMaker, redis_db: str
) -> None:
    job = make_job(redis_url=redis_db)
    empty_run = opening.open_run(job.context, "property_tax", 2026)
    with pytest.raises(Refused) as refusal:
        job.do(Step("plan", (empty_run,)))
    log = tmp_path / "worker.log"
    with job.worker(log):
        code, _, err = job.command("run", "go", empty_run)
    assert code == Refused.exit_code
    assert str(refusal.value) in err
    broker = brokers.connect(job.settings)
    assert given_up(broker) == 1
    assert "Retrying" not in log.read_text(encoding="utf-8")
    broker.close()


def test_a_step_that_fails_at_every_try_ends_the_command_and_can_be_done_when_its_cause_is_gone(
    tmp_path: Path, make_job: JobMaker, redis_db: str
) -> None:
    job = make_job(redis_url=redis_db)
    home = job.settings.home
    records = home / "records"
    records.rename(home / "lost")
    log = tmp_path / "worker.log"
    with job.worker(log):
        with pytest.raises(failures.StepFailed, match="FileNotFoundError") as fault:
            queue.run_all(job.settings, RUN)
        assert fault.value.exit_code == 1
        assert str(home) not in str(fault.value)  # what a fault says may hold data, so it stays in the worker's log
        assert "Retries exceeded" in log.read_text(encoding="utf-8")
        (home / "lost").rename(records)
        queue.run_all(job.settings, RUN)
    assert job.status()["status"] == RunStatus.PACKAGED


def test_a_worker_without_a_redis_url_says_so_and_does_not_start(tmp_path: Path, make_job: JobMaker) -> None:
    job = make_job(redis_url="")
    with job.worker(tmp_path / "worker.log") as worker:
        assert worker.wait(timeout=jobs.PATIENCE_S) not in (0, None)
    said = (tmp_path / "worker.log").read_text(encoding="utf-8")
    assert "エラー: PRINTJOBS_REDIS_URL が設定されていません" in said
    assert "Traceback" not in said


def test_a_worker_that_is_told_to_stop_ends_in_good_order(tmp_path: Path, make_job: JobMaker, redis_db: str) -> None:
    job = make_job(redis_url=redis_db)
    log = tmp_path / "worker.log"
    with job.worker(log) as worker:
        jobs.wait_until(lambda: "ready for action" in log.read_text(encoding="utf-8"), "the worker is ready")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=jobs.PATIENCE_S) == 0


# What the coordinator knows


def test_the_coordinator_says_so_when_nobody_works(
    make_job: JobMaker, redis_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_SILENT_S", 0.1)
    monkeypatch.setattr(queue, "_LOOK_S", 0.1)
    with pytest.raises(queue.Stuck, match="worker が動いているか"):
        queue.run_all(make_job(redis_url=redis_db).settings, RUN)


def test_the_coordinator_says_so_when_a_step_is_done_and_done_again_without_effect(
    make_job: JobMaker, redis_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_ATTEMPTS", 2)
    monkeypatch.setattr(queue, "_LOOK_S", 0.05)
    job, done = make_job(redis_url=redis_db), []
    broker = brokers.connect(job.settings)
    dramatiq.actor(broker=broker, actor_name="plan", queue_name=brokers.QUEUE)(lambda *ids: done.append(ids))
    worker = dramatiq.Worker(broker, worker_threads=8, worker_timeout=50)
    worker.start()
    try:
        assert len(worker.workers) == 1  # fonts belong to a process, so a process does one step at a time
        with pytest.raises(queue.Stuck, match="plan"):
            queue.run_all(job.settings, RUN)
    finally:
        worker.stop()
        broker.close()
    assert len(done) > 2
    assert set(done) == {(RUN, RUN)}


def test_the_coordinator_says_so_when_redis_is_not_there(make_job: JobMaker) -> None:
    password = "not-to-be-shown"
    settings = make_job(redis_url=f"redis://:{password}@127.0.0.1:1/0").settings
    with pytest.raises(queue.Stuck, match="Redis を使えません") as error:
        queue.run_all(settings, RUN)
    assert password not in str(error.value)


def test_what_a_dead_worker_had_taken_is_not_on_its_way(redis_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "_ALIVE_S", 0.3)
    settings = Settings(redis_url=SecretStr(redis_db))
    broker, dying = brokers.connect(settings), brokers.connect(settings)
    watched = pulse.Pulse(broker)
    assert watched.on_its_way() == 0
    brokers.send(broker, RUN, Step("plan", (RUN,)))
    assert watched.on_its_way() == 1  # it waits
    consumer = dying.consume(brokers.QUEUE)
    assert next(consumer).actor_name == "plan"
    assert watched.on_its_way() == 1  # a living worker has it
    jobs.wait_until(lambda: watched.on_its_way() == 0, "the worker is taken for dead")
    assert watched.silent_s >= 0.3
    for one in (broker, dying):
        one.close()


def test_a_failure_is_known_until_it_is_forgotten_and_keeps_its_exit_code(redis_db: str) -> None:
    broker = brokers.connect(Settings(redis_url=SecretStr(redis_db)))
    message = dramatiq.MessageProxy(dramatiq.Message(brokers.QUEUE, "plan", (RUN, RUN), {}, {}))
    recorder = failures.Failures()
    recorder.after_process_message(broker, message, exception=Refused("nothing handed in"))
    assert failures.find(broker, RUN) is None  # it will be tried again
    message.fail()
    recorder.after_process_message(broker, message, exception=Refused("nothing handed in"))
    found = failures.find(broker, RUN)
    assert found is not None
    assert (str(found), found.exit_code) == ("nothing handed in", Refused.exit_code)
    recorder.after_process_message(broker, message, exception=ValueError("滋賀 太郎"))
    found = failures.find(broker, RUN)
    assert found is not None
    assert "ValueError" in str(found)
    assert "滋賀" not in str(found)
    assert failures.find(broker, "another-run") is None
    failures.forget(broker, RUN)
    assert failures.find(broker, RUN) is None
    broker.close()


# One machine


def test_the_embedded_run_gives_the_same_bytes_with_one_process_as_with_two(
    make_job: JobMaker, embedded: Embedded
) -> None:
    job = make_job(processes=1)
    assert job.go() == embedded.packaged_status
    assert job.made() == embedded.packaged


def test_a_sealed_batch_holds_nothing_that_a_killed_writer_left(make_job: JobMaker) -> None:
    job = make_job(processes=1)
    for step in job.unfinished():
        run_step(job.context, step)
    first = next(step for step in job.unfinished() if step.name == "render").ids[0]
    batch = job.settings.home / "batches" / first.rpartition("-")[0]
    batch.mkdir(parents=True)
    left = batch / f"{first}.pdf#1"  # as obstore names it
    left.write_bytes(b"half a notice")
    job.do_all()
    assert not left.exists()


def test_a_print_file_that_changed_before_it_was_read_back_is_refused(make_job: JobMaker) -> None:
    job = make_job(processes=1)
    for step in job.unfinished():
        run_step(job.context, step)
    render = next(step for step in job.unfinished() if step.name == "render")
    (check,) = run_step(job.context, render)
    path = job.settings.home / "batches" / render.ids[0].rpartition("-")[0] / f"{render.ids[0]}.pdf"
    path.write_bytes(path.read_bytes().replace(b"%%EOF", b"%%EOE"))  # a change that no mark could show
    with pytest.raises(PreflightError, match="変わっているか"):
        run_step(job.context, check)


def test_a_sealed_batch_is_not_written_again_by_a_doubled_message(make_job: JobMaker) -> None:
    job = make_job()
    job.do_all()
    sealed = sorted(job.settings.home.glob("batches/*/*"))
    written = [path.stat().st_mtime_ns for path in sealed]
    for batch in job.status()["batches"]:
        job.do(Step("package", (batch["id"],)))
    assert [path.stat().st_mtime_ns for path in sealed] == written


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_killed_embedded_run_leaves_no_process_and_no_half_file_and_is_completed_by_the_next(
    make_job: JobMaker, embedded: Embedded
) -> None:
    job = make_job()
    with job.running("run", "go", RUN) as command:
        jobs.wait_until(lambda: job.files()[FileStatus.CHECKED], "a print file is finished")
        os.kill(command.pid, signal.SIGKILL)
        command.wait()
        jobs.wait_until(lambda: not jobs.anybody_left(command), "its pool has ended")
    assert job.unfinished(), "the run was killed too late to prove anything"
    made = job.made()
    assert made == {name: embedded.packaged[name] for name in made}
    assert job.go() == embedded.packaged_status
    assert job.made() == embedded.packaged


def test_an_interrupted_embedded_run_finishes_what_is_begun_and_ends_without_a_trace(
    make_job: JobMaker, embedded: Embedded
) -> None:
    job = make_job()
    with job.running("run", "go", RUN) as command:
        jobs.wait_until(lambda: job.files()[FileStatus.RENDERED], "a print file is rendered")
        os.killpg(command.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
        _, err = command.communicate(timeout=jobs.PATIENCE_S)
    assert command.returncode not in (0, -signal.SIGINT)
    assert "Traceback" not in err
    assert job.unfinished(), "the run was interrupted too late to prove anything"
    made = job.made()
    assert made == {name: embedded.packaged[name] for name in made}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_a_destructor_swallows_ends_the_run_all_the_same(make_job: JobMaker) -> None:
    job, before = make_job(), signal.getsignal(signal.SIGINT)  # a shell's background jobs ignore it

    class Ending:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def let_one_end(name: str, done: int, _known: int) -> None:
        if (name, done) == ("render", 1):
            Ending()

    with pytest.raises(KeyboardInterrupt):
        local.run_all(job.settings, RUN, let_one_end)
    assert job.unfinished(), "the run was interrupted too late to prove anything"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_process_of_the_pool_that_is_killed_ends_the_run_with_what_to_do(
    make_job: JobMaker, embedded: Embedded
) -> None:
    job = make_job()

    def kill_one(name: str, done: int, _known: int) -> None:
        if (name, done) == ("render", 3):
            for child in multiprocessing.active_children():  # whichever it is that has work in hand
                child.kill()

    with pytest.raises(local.ProcessLost, match="もう一度 run go"):
        local.run_all(job.settings, RUN, kill_one)
    local.run_all(job.settings, RUN)
    assert job.status() == embedded.packaged_status
    assert job.made() == embedded.packaged


def test_a_refused_step_ends_the_embedded_run_with_its_reason(make_job: JobMaker) -> None:
    job = make_job(processes=1)
    empty_run = opening.open_run(job.context, "property_tax", 2026)
    with pytest.raises(Refused, match="受け取った通知がありません"):
        local.run_all(job.settings, empty_run)


def test_steps_in_any_order_give_the_same_bytes(make_job: JobMaker, embedded: Embedded) -> None:
    job = make_job()
    dice = random.Random(1)
    todo = job.unfinished()
    while todo:
        step = todo.pop(dice.randrange(len(todo)))
        todo += run_step(job.context, step)
        if not todo or dice.random() < 0.2:  # now and then all of it is found again
            todo += [found for found in job.unfinished() if found not in todo]
    assert job.status() == embedded.packaged_status
    assert job.made() == embedded.packaged


def plan_and_shuffle(job: Job, mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan the job here; what is left of it is found by a mode, pool or queue, in an order of chance."""
    for step in job.unfinished():
        run_step(job.context, step)
    found = mode.unfinished

    def shuffled(*asked: Any) -> list[Step]:
        steps: list[Step] = found(*asked)
        random.Random(2).shuffle(steps)
        return steps

    monkeypatch.setattr(mode, "unfinished", shuffled)


def assert_same_bytes_out_of_order(job: Job, embedded: Embedded) -> None:
    files = sorted(job.settings.home.glob("batches/*/*-F*.pdf"))
    assert sorted(files, key=lambda path: path.stat().st_mtime_ns) != files, "they were rendered in their order"
    assert job.made() == embedded.packaged


def test_a_pool_gives_the_same_bytes_in_any_order(
    make_job: JobMaker, embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job()
    plan_and_shuffle(job, local, monkeypatch)
    local.run_all(job.settings, RUN)
    assert_same_bytes_out_of_order(job, embedded)


def test_workers_give_the_same_bytes_in_any_order(
    tmp_path: Path, make_job: JobMaker, embedded: Embedded, redis_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(redis_url=redis_db)
    plan_and_shuffle(job, queue, monkeypatch)
    with job.worker(tmp_path / "worker-1.log"), job.worker(tmp_path / "worker-2.log"):
        queue.run_all(job.settings, RUN)
    assert_same_bytes_out_of_order(job, embedded)


def test_no_step_done_twice_changes_anything(
    tmp_path: Path, sample: Path, handed_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.ask_for(monkeypatch)
    job = jobs.copy(handed_in, tmp_path / "home")
    job.context.mark_key(RUN)
    done: Counter[str] = Counter()

    def do(step: Step) -> None:
        following = run_step(job.context, step)
        facts, made = job.facts(), job.made()
        run_step(job.context, step)
        assert (job.facts(), job.made()) == (facts, made), step
        done[step.name] += 1
        for one in following:
            do(one)

    def do_all() -> None:
        while todo := job.unfinished():
            for step in todo:
                do(step)

    with monkeypatch.context() as patched:  # a hand-in that is copied in and, as after a crash, not read yet
        patched.setattr(submitting, "take_in", lambda *_: [])
        better = tmp_path / "better"
        better.mkdir()
        for file in (sample / jobs.CITIES[0]).iterdir():
            (better / file.name).write_bytes(file.read_bytes())
        transmittal = better / "transmittal.json"
        transmittal.write_text(transmittal.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        submitted = submitting.submit(job.context, RUN, jobs.CITIES[0], better)
    assert submitted.status == SubmissionStatus.RECEIVED
    do_all()
    with job.context.engine.connect() as connection:  # pulled before the release: its batch is planned anew
        notice = connection.execute(
            select(columns(Notice).city, columns(Notice).number).order_by(columns(Notice).id)
        ).first()
    assert notice is not None
    pulling.order_pull(job.context, RUN, *notice, "other")
    do_all()
    job.mail(tmp_path / "scans-1.csv", seed=2)
    do(Step("reprint", (RUN,)))
    do_all()
    job.mail(tmp_path / "scans-2.csv", seed=3)
    do_all()
    assert job.status()["status"] == RunStatus.CLOSED
    assert set(done) == set(STEPS)
    job.close()
