"""A ``run go`` from a page, in its own process: it says that it lives, and what nobody expected tells no words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from printjobs.pipeline import Context
from printjobs.store import jobs as rows
from printjobs.store import writing
from printjobs.web import jobs
from tests.audited import MARKER
from tests.handin import RUN, Desk
from tests.shell.jobs import wait_until


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    desk = Desk(tmp_path / "home")
    assert desk("run", "open", "property_tax", 2026).code == 0
    context = desk.context()
    yield context
    context.engine.dispose()


def start(context: Context) -> int:
    with writing(context.engine) as connection:
        return rows.start(connection, RUN, context.now())


def change(context: Context, statement: str) -> None:
    with writing(context.engine) as connection:
        connection.exec_driver_sql(statement)


def test_a_job_says_that_it_lives_again_after_a_database_error(
    context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "_BEAT_S", 0.02)
    job, ended = start(context), threading.Event()

    def seen() -> object:
        with context.engine.connect() as connection:
            row = rows.last(connection, RUN)
        return row and row.seen_at

    started = seen()
    change(context, "ALTER TABLE job RENAME TO away")
    beat = threading.Thread(target=jobs._beat, args=(context, job, ended))
    beat.start()
    try:
        wait_until(lambda: "OperationalError" in caplog.text, "a beat fails")
        change(context, "ALTER TABLE away RENAME TO job")
        wait_until(lambda: seen() != started, "the job is seen again")
    finally:
        ended.set()
        beat.join()


def test_what_nobody_expected_ends_a_job_with_a_sentence_and_no_words_of_the_fault(
    context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def broken(*_: object) -> None:
        raise KeyError(MARKER) from ValueError(MARKER)

    monkeypatch.setattr(jobs, "run_all", broken)
    jobs._go(context.settings, RUN, start(context))
    with context.engine.connect() as connection:
        row = rows.last(connection, RUN)
    assert row
    assert row.ended_at
    assert "プログラムの誤り" in row.failed
    assert "KeyError from ValueError" in caplog.text
    assert "in broken" in caplog.text
    assert MARKER not in caplog.text + "".join(capfd.readouterr())
