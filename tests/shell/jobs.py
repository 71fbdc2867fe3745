"""The main job of two cities at a tiny scale, driven as its users drive it, and what it made.

For the tests of workers and store. The vendor profile is one that asks for small print files, so that
there are many of them and a worker can be killed between two. All eight are in the demonstration and
in the story of the command line; what these tests assert does not depend on how many there are.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, MetaData, Table, select

from printjobs import reference, sample, store
from printjobs.pipeline import (
    Context,
    Step,
    approving,
    gaiji,
    opening,
    rehearsal,
    releasing,
    run_step,
    settling,
    status,
    submitting,
)
from printjobs.pipeline import unfinished as unfinished_steps
from printjobs.sample.gaiji import LIST
from printjobs.settings import Settings

RUN = "property_tax-2026"
CITIES = ("252042", "252140")  # in Shift_JIS with wide digits, and in words of its own with a mapping
FILE_PIECES = 4
CEILING_PERCENT = 10.0  # the made-up inserter spoils five pieces of however few, and they are reprinted unasked
PATIENCE_S = 60.0
_SECRET = "the tests keep no secret, and so their files are the same every time"
_MADE = ("batches", "proofs", "reports", "statements")

# Read by every Python process that has its folder in PYTHONPATH: workers, pools and commands alike.
_SITE = f"""
import msgspec
from printjobs import reference
profile = reference.vendor()
files = msgspec.structs.replace(profile.print_, file_pieces={FILE_PIECES})
small = msgspec.structs.replace(profile, print_=files)
reference.vendor = lambda: small
"""


def ask_for(monkeypatch: pytest.MonkeyPatch, **files: Any) -> None:
    """Have this process work by a profile of a vendor that asks for print files so made, and reprints for so few."""
    profile = reference.vendor()
    asked = msgspec.structs.replace(
        profile,
        print_=msgspec.structs.replace(profile.print_, **files),
        insert=msgspec.structs.replace(profile.insert, reprint_ceiling_percent=CEILING_PERCENT),
    )
    monkeypatch.setattr(reference, "vendor", lambda: asked)


def small_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process, and every one it starts, work by a vendor profile that asks for small print files."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_SITE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    ask_for(monkeypatch, file_pieces=FILE_PIECES)


class Job:
    """One folder and database with a run in it."""

    def __init__(self, home: Path, database_url: str = "", redis_url: str = "", processes: int = 2) -> None:
        self.settings = Settings(
            home=home,
            database_url=SecretStr(database_url),
            redis_url=SecretStr(redis_url),
            secret=SecretStr(_SECRET),
            mj_font="none",  # what a machine has installed must not show in the bytes
            processes=processes,
        )
        self.context = Context(self.settings)

    def close(self) -> None:
        self.context.engine.dispose()

    # What people do.

    def hand_in(self, source: Path) -> None:
        """Take the sample's list of gaiji, open the run and take the hand-ins."""
        assert not gaiji.import_list(self.context, source / LIST).problems
        assert opening.open_run(self.context, "property_tax", 2026) == RUN
        for city in CITIES:
            submitting.submit(self.context, RUN, city, source / city)

    def do_all(self, steps: list[Step] | None = None) -> None:
        """Every step that can be done, here and one after the other."""
        while todo := steps or unfinished_steps(self.context, RUN):
            steps = None
            for step in todo:
                self.do(step)

    def do(self, step: Step) -> None:
        """A step and all that follow it."""
        for following in run_step(self.context, step):
            self.do(following)

    def approve(self) -> None:
        for city in CITIES:
            approving.approve(self.context, RUN, city, "見本の担当")

    def mail(self, report: Path, seed: int) -> settling.Settled:
        """Release what every city has signed, let the made-up inserter work, and take its report."""
        self.approve()
        releasing.release(self.context, RUN)
        rehearsal.write_scans(self.context, RUN, report, seed=seed)
        return settling.load_scans(self.context, RUN, report)

    # Other processes.

    @property
    def environment(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("PRINTJOBS_")}
        ours = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in self.settings
        }
        return others | {f"PRINTJOBS_{name.upper()}": value for name, value in ours.items()}

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Run a command of the command line, in a session of its own that has ended at the end."""
        program = "from printjobs.cli import main; main()"
        process = self._start([sys.executable, "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            yield process
        finally:
            kill(process)

    def command(self, *words: str) -> tuple[int, str, str]:
        """Run a command to its end: exit code, what it put out, what it said beside."""
        with self.running(*words) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
        return process.returncode, out, err

    def go(self) -> dict[str, Any]:
        """``run go`` as a process of its own; the status it shows."""
        code, out, err = self.command("run", "go", RUN, "--json")
        assert code == 0, err
        return timeless(json.loads(out))

    @contextmanager
    def worker(self, log: Path) -> Iterator[subprocess.Popen[str]]:
        """A worker as ``docker-compose.yml`` starts it, ended with all its processes at the end."""
        words = [sys.executable, "-m", "dramatiq", "workers.actors", "--processes", "1", "--threads", "1"]
        with log.open("w", encoding="utf-8") as out:
            process = self._start(words, stdout=out, stderr=out)
        try:
            yield process
        finally:
            kill(process)

    def _start(self, words: list[str], **streams: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words, env=self.environment, cwd=self.settings.home, text=True, start_new_session=True, **streams
        )

    # What is there.

    def status(self) -> dict[str, Any]:
        return timeless(status.status(self.context, RUN))

    def unfinished(self) -> list[Step]:
        return unfinished_steps(self.context, RUN)

    def files(self) -> Counter[str]:
        """How many print files have each status."""
        with self.context.engine.connect() as connection:
            batches = store.production.batches(connection, RUN)
            return Counter(f.status for b in batches for f in store.production.files(connection, b.id))

    def made(self) -> dict[str, str]:
        """SHA-256 of every file that the run left for people, by name."""
        home = self.settings.home
        paths = (p for folder in _MADE for p in sorted((home / folder).rglob("*")) if p.is_file())
        return {str(p.relative_to(home)): sha256(p.read_bytes()).hexdigest() for p in paths if "#" not in p.name}

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        return facts(self.context.engine, self._tables)

    @cached_property
    def _tables(self) -> list[Table]:
        return tables_of(self.context.engine)


def timeless(status: dict[str, Any]) -> dict[str, Any]:
    """A status without the times at which something was done."""
    return status | {"cities": [{k: v for k, v in c.items() if k != "approved_at"} for c in status["cities"]]}


def facts(engine: Engine, tables: list[Table] | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, or of ``tables``, without the times at which something was done."""
    rows = {}
    with engine.connect() as connection:
        for table in tables or tables_of(engine):
            columns = [c for c in table.columns if c.name not in ("at", "opened_at")]
            rows[table.name] = [tuple(r) for r in connection.execute(select(*columns).order_by(*table.primary_key))]
    return rows


def tables_of(engine: Engine) -> list[Table]:
    """Every table that is there; asking for them takes longer than for a small run's rows."""
    found = MetaData()
    found.reflect(engine)
    return found.sorted_tables


def write_sample(folder: Path) -> Path:
    """The smallest sample that has each special case: 40 notices a city."""
    sample.write_sample(folder, kind="property_tax", year=2026, scale=0.0, seed=1)
    return folder


def copy(template: Path, home: Path, **settings: Any) -> Job:
    """A job of its own that starts where another, ended one stands."""
    shutil.copytree(template, home)
    return Job(home, **settings)


def wait_until(true: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, f"waited {patience_s:.0f} s in vain until {what}"
        time.sleep(0.01)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL to a process that ``Job`` started and to all that it started itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def anybody_left(process: subprocess.Popen[str]) -> bool:
    """Whether any process of the session of one that ``Job`` started, and that has ended, still runs."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended while we were looking
            state, _parent, group, *_ = stat.read_text(errors="replace").rpartition(")")[2].split()
            if int(group) == process.pid and state != "Z":
                return True
    return False
