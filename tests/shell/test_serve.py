"""``printjobs serve`` as a process of its own: TLS, who may say where a request came from, lines that are no use."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from printjobs.web import line
from tests.handin import KUSATSU, RUN, Desk, environment
from tests.load import memory
from tests.shell.jobs import wait_until
from tests.shell.serving import PATIENCE_S, serving
from tests.shell.web import CITY, PRESS, House, write_everything

UPLOAD_MB, GROWN_MB = 120, 40
USAGE = 2


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house, _, _ = write_everything(tmp_path_factory.mktemp("everything") / "home")
    yield house
    house.close()


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that nobody but this test trusts, and its key."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")]),
    )
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert, private


def is_open(port: int) -> bool:
    with socket.socket() as at:
        return at.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process(house: House, *words: object) -> Iterator[tuple[int, int]]:
    """The service on a free port; the port and the process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = "from printjobs.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", str(port), *map(str, words)]
    started = subprocess.Popen(
        command, env=environment(house.desk.home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: is_open(port), "the service answers")
        yield port, started.pid
    finally:
        started.terminate()
        started.communicate(timeout=PATIENCE_S)


def test_behind_tls_a_browser_is_told_to_stay_there_and_an_upload_costs_no_memory(house: House, tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with (
        process(house, "--tls-cert", cert, "--tls-key", key) as (port, pid),
        httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trust, timeout=60) as at,
    ):
        told = at.get("/login")
        assert told.headers["strict-transport-security"].startswith("max-age=63072000")
        at.headers.update(house.token(PRESS).headers)
        at.get("/api/v1/runs")
        before, most = memory(pid), 0

        def blocks() -> Iterator[bytes]:
            nonlocal most
            for _ in range(UPLOAD_MB):
                most = max(most, memory(pid))
                yield bytes(1 << 20)

        assert (
            at.post(f"/api/v1/runs/{RUN}/reports", content=blocks()).status_code == 422
        )  # no report, but all of it came
        assert most - before < GROWN_MB << 20
        form = {"files": ("notices.csv", _Zeros(UPLOAD_MB << 20))}
        headers = house.token(CITY).headers
        answer = at.post(f"/api/v1/runs/{RUN}/cities/{KUSATSU}/handin", files=form, headers=headers)
        assert answer.status_code == 409
    assert {path.name for path in (house.desk.home / "spool").iterdir()} == set()


class _Zeros:
    """A file of zeros that is nowhere."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1) -> bytes:
        part = min(size, self._left) if size >= 0 else self._left
        self._left -= part
        return bytes(part)


@pytest.mark.parametrize(
    ("words", "is_told"), [((), False), (("--proxies", "127.0.0.1"), True), (("--proxies", "192.0.2.1"), False)]
)
def test_only_a_proxy_that_is_named_may_say_that_it_has_tls(
    house: House, words: tuple[str, ...], is_told: bool
) -> None:
    with process(house, *words) as (port, _):
        said = httpx.get(
            f"http://127.0.0.1:{port}/login", headers={"x-forwarded-proto": "https", "x-forwarded-for": "1.2.3.4"}
        )
    assert ("strict-transport-security" in said.headers) is is_told


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "council.example"])
def test_a_door_to_other_machines_without_tls_is_not_opened(tmp_path: Path, host: str) -> None:
    told = Desk(tmp_path / "home")("serve", "--host", host)
    assert (told.code, "--proxies" in told.err) == (USAGE, True)


@pytest.fixture
def port(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(line, "PATIENCE_S", 0.3)
    with serving(house.settings) as url:
        yield int(url.rpartition(":")[2])


def closed(port: int, *parts: bytes, pause_s: float = 0.0) -> bool:
    """Whether the service closes the line without an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as at:
        try:
            for part in parts:
                at.sendall(part)
                time.sleep(pause_s)
            return at.recv(1000) == b""
        except OSError as error:
            return not isinstance(error, TimeoutError)


def test_a_line_on_which_no_request_comes_is_closed(port: int) -> None:
    assert closed(port)
    assert closed(port, b"GET /login HTTP/1.1\r\nHost: x\r\n")
    assert closed(port, b"GET /login HTTP/1.1\r\n", *([b"X-A: 1\r\n"] * 10), pause_s=0.1)


def test_a_head_without_end_is_cut(port: int) -> None:
    head = b"GET /login HTTP/1.1\r\nHost: x\r\n"
    assert not closed(port, head + b"X-A: " + b"a" * 30_000 + b"\r\n\r\n")
    assert closed(port, head, *([b"X-A: 1\r\n" * 1000] * 40))
    assert closed(port, head + b"X-A: ", *([b"a" * 10_000] * 40))
