"""The services under the other tests are the real ones, are ours alone, and end with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import redis
from sqlalchemy import NullPool, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from tests.shell import services

ROOT = Path(__file__).parents[2]


def test_postgres_answers_with_a_version_we_deploy(postgres_database: str) -> None:
    with create_engine(postgres_database, poolclass=NullPool).connect() as connection:
        version = connection.execute(text("SELECT version()")).scalar_one()
    major = version.removeprefix("PostgreSQL ").split(".")[0]
    if "TEST_POSTGRES_URL" not in os.environ:
        assert f"image: postgres:{major}" in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert int(major) >= 13  # DROP DATABASE ... WITH (FORCE)


def test_a_table_keeps_japanese_text_and_sorts_it_by_code_point(postgres_database: str) -> None:
    engine = create_engine(postgres_database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE addressee (name text PRIMARY KEY)"))
        connection.execute(text("INSERT INTO addressee VALUES ('𠮷田'), ('滋賀'), ('あ'), ('b'), ('A')"))
    with engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM addressee ORDER BY name")).scalars().all()
    assert list(names) == sorted(names)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_has_an_empty_database_of_its_own(postgres_database: str, turn: str) -> None:
    with create_engine(postgres_database, poolclass=NullPool).begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text(f"CREATE TABLE {turn} (id int)"))


def test_a_database_is_dropped_even_when_a_session_is_left_open(postgres_url: str) -> None:
    with services.fresh_database(postgres_url) as url:
        left_open = create_engine(url).connect()
        left_open.execute(text("SELECT 1"))
    with pytest.raises(OperationalError):
        create_engine(url, poolclass=NullPool).connect()
    left_open.invalidate()


def test_redis_gives_back_what_was_set(redis_db: str) -> None:
    with redis.Redis.from_url(redis_db, decode_responses=True) as client:
        client.set("kind", "当初通知")
        assert client.get("kind") == "当初通知"


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_has_an_emptied_redis(redis_db: str, turn: str) -> None:
    with redis.Redis.from_url(redis_db) as client:
        assert client.dbsize() == 0
        client.set(turn, 1)


def test_redis_writes_an_append_only_file(redis_db: str) -> None:
    with redis.Redis.from_url(redis_db, decode_responses=True) as client:
        client.set("key", "value")
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.info("persistence")["aof_enabled"] == 1


def test_redis_refuses_who_does_not_know_its_password() -> None:
    with services.running(services.start_redis) as server:
        address = server.url.rsplit("@", 1)[1]
        with redis.Redis.from_url(f"redis://{address}") as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    assert server.process.poll() is not None


@pytest.mark.parametrize("start", ["start_postgres", "start_redis"])
def test_a_server_ends_and_its_files_go_when_the_tests_are_killed(start: str) -> None:
    code = f"from tests.shell.services import {start}; s = {start}(); print(s.process.pid, flush=True); input()"
    tests = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert tests.stdout is not None
    server = int(tests.stdout.readline())
    directory = Path(f"/proc/{server}/cwd").readlink() if sys.platform == "linux" else None
    tests.send_signal(signal.SIGKILL)
    tests.communicate()
    deadline = time.monotonic() + services.READY_SECONDS
    while _alive(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(server)
    while directory and directory.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert directory is None or not directory.exists()


def test_workers_that_share_a_redis_take_different_databases() -> None:
    urls = [services.database_of_worker("redis://:pw@host:6379/2", worker) for worker in ("", "gw0", "gw1")]
    assert urls == ["redis://:pw@host:6379/2", "redis://:pw@host:6379/2", "redis://:pw@host:6379/3"]


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)], ids=["at home", "in CI"]
)
def test_a_missing_service_skips_at_home_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(services, "find_spec", lambda _name: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"requirements-dev\.txt"), services.running(services.start_redis):
        pass


def test_a_server_that_cannot_start_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(services, "_free_port", lambda: 70000)
    with pytest.raises(services.ServiceMissingError, match="redis-server does not start"):
        services.start_redis()
    assert list(tmp_path.iterdir()) == []


def _alive(pid: int) -> bool:
    """Whether a process runs; one that ended but was not collected by its new parent does not."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
