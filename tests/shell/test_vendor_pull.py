"""``printjobs vendor pull`` against the real service: a bad line, two at once, encrypted, and what must not pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pyrage
import pytest

from printjobs.client import pulling, service
from printjobs.client.service import Service
from printjobs.pipeline import delivering, receiving
from printjobs.trust import receipts
from printjobs.trust.signing import CouncilKey
from tests.handin import Desk, Told
from tests.shell.serving import breaking, serving
from tests.shell.vendors import VENDOR, Office, write_released

USAGE, RULE, BAD = 2, 3, 4


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_released(tmp_path_factory.mktemp("released") / "home")


@pytest.fixture
def office(released: Path, tmp_path: Path) -> Iterator[Office]:
    office = Office(released, tmp_path / "home")
    yield office
    office.close()


@pytest.fixture
def url(office: Office) -> Iterator[str]:
    with serving(office.context.settings) as url:
        yield url


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_FIRST_S", 0.001)


class Press:
    """The vendor's machine."""

    def __init__(self, folder: Path, token: str) -> None:
        self.into = folder / "batches"
        folder.mkdir()
        self.token_file = folder / "token"
        self.token_file.write_text(f"{token}\n")
        self._desk = Desk(folder / "home")

    def pull(self, url: str, *words: object) -> Told:
        told = ("--url", url, "--token-file", self.token_file, "--into", self.into, "--json", *words)
        return self._desk("vendor", "pull", *told)

    def files(self, batch: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.into / batch).iterdir())}


@pytest.fixture
def press(office: Office, tmp_path: Path) -> Press:
    office.account()
    return Press(tmp_path / "press", office.token())


def assert_complete(press: Press, office: Office) -> None:
    """Every batch is there byte for byte, and its receipt, and nothing else."""
    for batch in office.batches():
        here = press.files(batch)
        signed = receipts.read(here.pop("receipt.json"))
        assert here == office.stored(batch)
        assert receipts.is_of(signed, (press.into / "council.pem").read_text())
        assert {f.path: f.sha256 for f in signed.receipt.files} == {n: sha256(d).hexdigest() for n, d in here.items()}


# All goes well


def test_a_pull_has_every_file_and_a_receipt_and_a_second_one_does_nothing_more(
    office: Office, url: str, press: Press
) -> None:
    told = press.pull(url)
    assert told.code == 0, told.err
    assert [(one["batch"], one["state"]) for one in told.json] == [(b, "received") for b in office.batches()]
    assert_complete(press, office)
    assert office.events().count("receipt") == len(office.batches())
    before, times = office.events(), {p: p.stat().st_mtime_ns for p in press.into.rglob("*.*") if p.name != ".lock"}
    again = press.pull(url)
    assert (again.code, {one["state"] for one in again.json}) == (0, {"done"})
    assert office.events() == before
    assert {p: p.stat().st_mtime_ns for p in times} == times


def test_people_read_what_was_received(office: Office, url: str, press: Press) -> None:
    words = ("--url", url, "--token", press.token_file.read_text().strip(), "--into", press.into)
    told = press._desk("vendor", "pull", *words)
    assert told.code == 0, told.err
    assert "受け取りました" in told.out
    assert "receipt.json" in told.out
    assert "受取り済み" in press._desk("vendor", "pull", *words).out


def test_a_pull_that_was_killed_before_its_receipt_gets_the_same_receipt(
    office: Office, url: str, press: Press
) -> None:
    press.pull(url)
    batch = office.batches()[0]
    first = press.files(batch)
    (press.into / batch / "receipt.json").unlink()
    assert {one["batch"]: one["state"] for one in press.pull(url).json}[batch] == "received"
    assert press.files(batch) == first
    (press.into / batch / "manifest.json").unlink()
    (press.into / batch / "receipt.json").unlink()
    press.pull(url)
    assert press.files(batch) == first


# A bad line


def test_a_line_that_is_cut_in_the_middle_of_files_costs_what_was_not_yet_here(
    office: Office, url: str, press: Press
) -> None:
    sent = sum(len(data) for batch in office.batches() for data in office.stored(batch).values())
    with breaking(url, after=30_000, times=6) as (address, line):
        told = press.pull(address)
    assert told.code == 0, told.err
    assert line.cuts == 6
    assert_complete(press, office)
    assert line.carried < sent + 6 * 8192 + 40_000  # 40,000: headers and the API's answers


def test_a_line_that_stays_dead_ends_with_a_sentence_and_the_next_pull_goes_on(
    office: Office, url: str, press: Press
) -> None:
    with breaking(url, after=40_000, times=2, dies=True) as (address, _):
        told = press.pull(address)
    assert told.code == 1
    assert "サーバーにつながりません" in told.json["error"]
    here = sum(path.stat().st_size for path in press.into.rglob("*") if path.is_file())
    assert here > 0
    with breaking(url, after=0, times=0) as (address, line):
        assert press.pull(address).code == 0
    assert_complete(press, office)
    sent = sum(len(data) for batch in office.batches() for data in office.stored(batch).values())
    assert line.carried < sent - here + 40_000  # 40,000: headers and the API's answers


def test_a_service_that_is_not_there_is_told_in_one_sentence(press: Press) -> None:
    told = press.pull("http://127.0.0.1:9")
    assert told.code == 1
    assert "サーバーにつながりません" in told.json["error"]
    assert "Traceback" not in told.err


def test_a_part_of_other_bytes_is_thrown_away(office: Office, url: str, press: Press) -> None:
    batch = office.batches()[0]
    name = f"{batch}-F01.pdf"
    data = office.stored(batch)[name]
    folder = press.into / batch
    folder.mkdir(parents=True)
    (folder / f".{name}.{'0' * 64}.part").write_bytes(b"of an older file")
    (folder / f".jobsheet.pdf.{sha256(office.stored(batch)['jobsheet.pdf']).hexdigest()}.part").write_bytes(b"wrong")
    assert press.pull(url).code == 0
    assert press.files(batch)[name] == data
    assert_complete(press, office)


# HTTP


@pytest.fixture
def asking(office: Office, url: str, press: Press) -> Iterator[httpx.Client]:
    batch = office.batches()[0]
    headers = {"Authorization": f"Bearer {press.token_file.read_text().strip()}"}
    with httpx.Client(base_url=f"{url}/api/v1/batches/{batch}/", headers=headers) as client:
        assert client.put("lease").status_code == 200
        yield client


def test_a_file_comes_whole_or_in_the_range_that_is_asked_for(office: Office, asking: httpx.Client) -> None:
    batch = office.batches()[0]
    path, data = f"files/{batch}-F01.pdf", office.stored(batch)[f"{batch}-F01.pdf"]
    etag = f'"{sha256(data).hexdigest()}"'
    whole = asking.get(path)
    assert (whole.status_code, whole.content, whole.headers["etag"]) == (200, data, etag)
    assert whole.headers["accept-ranges"] == "bytes"
    head = asking.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)
    assert head.headers["content-length"] == str(len(data))
    for asked, first, last in (
        ("100-199", 100, 199),
        ("100-", 100, len(data) - 1),
        ("-50", len(data) - 50, len(data) - 1),
    ):
        part = asking.get(path, headers={"Range": f"bytes={asked}", "If-Range": etag})
        assert (part.status_code, part.content) == (206, data[first : last + 1])
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(data)}"
        assert part.headers["etag"] == etag
    other = asking.get(path, headers={"Range": "bytes=100-199", "If-Range": f'"{"0" * 64}"'})
    assert (other.status_code, other.content) == (200, data)
    beyond = asking.get(path, headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")


def test_what_is_not_there_or_not_readable_is_said_in_japanese(asking: httpx.Client) -> None:
    asked = [
        ("GET", "files/..%2f..%2fsecret.key", 404), ("GET", "files/%2e%2e", 404), ("GET", "files/secret.key", 404),
        ("GET", "receipt", 404), ("POST", "receipt", 422), ("DELETE", "lease", 200),
        ("GET", "files/manifest.json", 409),
    ]  # fmt: skip
    for method, path, status in asked:
        answer = asking.request(method, path)
        assert (answer.status_code, path) == (status, path)
        assert status == 200 or not answer.json()["error"].isascii()


def test_figures_that_differ_are_told_one_by_one(office: Office, asking: httpx.Client) -> None:
    batch = office.batches()[0]
    files = [
        {"path": name, "sha256": sha256(data).hexdigest(), "bytes": len(data), "pages": 1}
        for name, data in office.stored(batch).items()
    ]
    answer = asking.post("receipt", json={"files": files})
    assert answer.status_code == 409
    assert {(one["field"], one["found"]) for one in answer.json()["differences"]} == {("pages", "1")}
    assert asking.get("receipt").status_code == 404


# Two at once


def test_what_another_account_has_claimed_is_left_to_it_and_told(
    office: Office, url: str, press: Press, tmp_path: Path
) -> None:
    account = office.account("press-2")
    for batch in office.batches():
        delivering.claim(office.context, batch, account, VENDOR, office.context.now())
    told = press.pull(url)
    assert (told.code, {one["state"] for one in told.json}) == (RULE, {"other"})
    assert all("別の利用者" in one["said"] for one in told.json)
    other = Press(tmp_path / "other", office.token("press-2"))
    assert other.pull(url).code == 0
    told = press.pull(url)
    assert (told.code, {one["state"] for one in told.json}) == (0, {"elsewhere"})
    assert [path.name for path in press.into.iterdir()] == [".lock"]
    told = press.pull(url, "--batch", office.batches()[0])  # until it is posted, it may be had again
    assert told.code == 0, told.err
    assert press.files(office.batches()[0]) == other.files(office.batches()[0])


def test_of_two_machines_that_race_for_each_batch_one_receives_it(
    office: Office, url: str, press: Press, tmp_path: Path
) -> None:
    office.account("press-2")
    services = [Service(url, press.token_file.read_text().strip()), Service(url, office.token("press-2"))]

    def pull(at: int) -> list[pulling.Pulled]:
        return list(pulling.pull(services[at], tmp_path / f"machine-{at}", [], "", lambda *_: None))

    with ThreadPoolExecutor(2) as pool:
        pulled = [one for told in pool.map(pull, (0, 1)) for one in told]
    for one in services:
        one.close()
    assert sorted(one.batch for one in pulled if one.state == "received") == office.batches()
    assert office.events().count("receipt") == len(office.batches())


def test_two_pulls_into_one_folder_do_not_mix(office: Office, url: str, press: Press) -> None:
    first = Service(url, press.token_file.read_text().strip())
    going = pulling.pull(first, press.into, [], "", lambda *_: None)
    next(going)
    told = press.pull(url)
    assert told.code == RULE
    assert "別の受取り" in told.json["error"]
    going.close()
    first.close()
    assert press.pull(url).code == 0


# Encrypted


def test_encrypted_files_come_decrypted_and_without_the_key_they_wait_for_it(
    office: Office, url: str, press: Press, tmp_path: Path
) -> None:
    identity = pyrage.x25519.Identity.generate()
    office.accounts.add_key("press-1", "age", str(identity.to_public()), office.context.now())
    key, other = tmp_path / "key.txt", tmp_path / "other.txt"
    key.write_text(f"# created: today\n{identity}\n")
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    for words in ((), ("--identity", other)):
        told = press.pull(url, *words)
        assert told.code == BAD
        assert "--identity" in told.json["error"]
    with breaking(url, after=20_000, times=3) as (address, line):
        told = press.pull(address, "--identity", key)
    assert told.code == 0, told.err
    assert line.cuts > 0
    assert_complete(press, office)
    assert not list(press.into.rglob("*.age")) + list(press.into.rglob(".*.part")) + list(press.into.rglob("*.plain"))


def test_a_file_that_holds_no_key_is_told(press: Press, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n")
    for path in (empty, press.token_file, tmp_path / "nowhere"):
        told = press.pull("http://127.0.0.1:9", "--identity", path)
        assert (told.code, "age の秘密鍵" in told.json["error"]) == (USAGE, True)


# What must not pass


def test_a_file_that_changed_in_the_store_is_not_received(
    office: Office, url: str, press: Press, tmp_path: Path
) -> None:
    batch = office.batches()[0]
    path = office.desk.home / "batches" / batch / f"{batch}-F01.pdf"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    told = press.pull(url)
    assert (told.code, path.name in told.json["error"]) == (BAD, True)
    identity, key = pyrage.x25519.Identity.generate(), tmp_path / "key.txt"
    key.write_text(str(identity))
    office.accounts.add_key("press-1", "age", str(identity.to_public()), office.context.now())
    told = press.pull(url, "--identity", key)  # the right bytes of age, and wrong ones within
    assert (told.code, path.name in told.json["error"]) == (BAD, True)
    assert "receipt" not in office.events()
    assert not {path.name, "manifest.json", "receipt.json"} & {p.name for p in (press.into / batch).iterdir()}


def test_whoever_may_not_gets_a_sentence_and_nothing_else(
    office: Office, url: str, tmp_path: Path, press: Press
) -> None:
    wrong = Press(tmp_path / "wrong", "pj_not-a-token")
    told = wrong.pull(url)
    assert (told.code, "トークン" in told.json["error"]) == (USAGE, True)
    office.account("rival-1", "rival")
    rival = Press(tmp_path / "rival", office.token("rival-1"))
    assert (rival.pull(url).code, rival.pull(url).json) == (0, [])
    named = rival.pull(url, "--batch", office.batches()[0])
    assert named.code == USAGE
    with httpx.Client(headers={"Authorization": f"Bearer {rival.token_file.read_text().strip()}"}) as client:
        for method, path in (("GET", "files"), ("PUT", "lease"), ("GET", "files/manifest.json"), ("GET", "receipt")):
            theirs = client.request(method, f"{url}/api/v1/batches/{office.batches()[0]}/{path}")
            nobodys = client.request(method, f"{url}/api/v1/batches/nothing-B001/{path}")
            assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json())
            assert theirs.status_code == 404


def test_a_receipt_of_another_key_than_before_is_refused(office: Office, url: str, press: Press) -> None:
    press.pull(url)
    batch = office.batches()[0]
    (press.into / batch / "receipt.json").unlink()
    signed = receipts.sign(receipts.read(receiving_document(office, batch)).receipt, CouncilKey(b"another council"))
    (press.into / "council.pem").write_text(receipts.read(signed).public_key)
    told = press.pull(url)
    assert (told.code, "署名" in told.json["error"]) == (RULE, True)
    assert not (press.into / batch / "receipt.json").exists()


def receiving_document(office: Office, batch: str) -> bytes:
    return receiving.receipt(office.context, batch, VENDOR).encode()


@contextmanager
def answering(answers: dict[str, Any]) -> Iterator[str]:
    """A server that gives these answers, whoever asks."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            data = json.dumps(answers[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{sha256(data).hexdigest()}"')
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = _answer  # noqa: N815 - the names that the library calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_cannot_write_outside_the_folder(office: Office, press: Press, tmp_path: Path) -> None:
    sealed = json.loads(office.stored(office.batches()[0])["manifest.json"])
    good = {"id": sealed["batch"], "received": False}
    answers = {
        "/api/v1/batches": {"batches": [good]},
        f"/api/v1/batches/{good['id']}/lease": {"seconds": 60},
        f"/api/v1/batches/{good['id']}/files/manifest.json": sealed,
    }
    with answering(answers) as url:
        for name in ("../outside", "/outside", "..", ".ssh", "a/b", "a\\b", "C:x", ""):
            sealed["files"][0]["path"] = name
            told = press.pull(url)
            assert (told.code, "ファイル名にできない" in told.out) == (BAD, True), name
        for name in ("../outside", "/outside", "..", ""):
            answers["/api/v1/batches"] = {"batches": [good | {"id": name}]}
            told = press.pull(url)
            assert (told.code, "ファイル名にできない" in told.out) == (BAD, True), name
    assert not list(tmp_path.rglob("outside"))
