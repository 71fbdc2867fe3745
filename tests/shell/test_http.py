"""What every answer of the service carries, and what it does with those who mean harm: real HTTP, real processes."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from printjobs.core.model import StoreFull
from printjobs.pipeline import status as statuses
from printjobs.trust import accounts
from printjobs.trust.accounts import Opened
from printjobs.trust.journal import Journal
from printjobs.web import edge, limits
from printjobs.web.pages import pulls
from printjobs.web.values import PHOTO
from tests.audited import MARKER
from tests.handin import KUSATSU, RUN, notice_number
from tests.shell.jobs import wait_until
from tests.shell.serving import PATIENCE_S, serving
from tests.shell.web import AUDITOR, CITY, COOKIE, LEAD, PRESS, House, Ids, client, code, copied, write_everything

BASE = f"/runs/{RUN}/cities/{KUSATSU}"
HARDENED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, dict[str, Opened], Ids]]:
    house, people, ids = write_everything(tmp_path_factory.mktemp("everything") / "home")
    yield house, people, ids
    house.close()


@pytest.fixture
def people(made: tuple[House, dict[str, Opened], Ids]) -> dict[str, Opened]:
    return made[1]


@pytest.fixture
def ids(made: tuple[House, dict[str, Opened], Ids]) -> Ids:
    return made[2]


@pytest.fixture
def house(made: tuple[House, dict[str, Opened], Ids], tmp_path: Path) -> Iterator[House]:
    with copied(made[0], tmp_path / "home") as house:
        yield house


@pytest.fixture
def url(house: House) -> Iterator[str]:
    with serving(house.settings) as url:
        yield url


def raw(url: str, sent: bytes) -> bytes:
    """How the service begins to answer these bytes."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as line:
        line.sendall(sent)
        return line.recv(65536)


# Every answer


def test_every_kind_of_answer_is_hardened(url: str, house: House, ids: Ids) -> None:
    lead, press = house.session(LEAD), house.token(PRESS)
    file = f"/api/v1/batches/{ids.batch}/files/{ids.file}"
    kinds = {
        "page": ("/", lead.headers, 200),
        "picture": (f"{BASE}/notices/{ids.number}/pages/{ids.generation}/1.png", lead.headers, 200),
        "csv": (f"{BASE}/audit.csv", lead.headers, 200),
        "pdf": (f"{BASE}/audit.pdf", lead.headers, 200),
        "json": ("/api/v1/runs", press.headers, 200),
        "file": (file, press.headers, 200),
        "part of a file": (file, press.headers | {"range": "bytes=1-2"}, 206),
        "no such part": (file, press.headers | {"range": "bytes=9999999-"}, 416),
        "redirect": ("/", {}, 303),
        "refused page": ("/runs/new", house.session(CITY).headers, 403),
        "refused json": (f"/api/v1/runs/{RUN}", press.headers, 403),
        "nobody": ("/api/v1/runs", {}, 401),
        "not there": ("/nothing", {}, 404),
        "not so": ("/account/", lead.headers, 404),
        "no method": ("/journal", lead.headers, 405),
        "unreadable": (f"/runs/new?year={'9' * 20}", lead.headers, 422),
        "door": ("/login", {}, 200),
        "health": ("/health", {}, 200),
    }  # fmt: skip
    with client(url) as at:
        for kind, (where, headers, status) in kinds.items():
            answer = at.request("PUT" if kind == "no method" else "GET", where, headers=headers)
            assert answer.status_code == status, kind
            assert answer.headers.items() >= HARDENED.items(), kind
            policy = answer.headers["content-security-policy"]
            assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
            assert "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store", kind
            assert not {"server", "strict-transport-security"} & set(answer.headers)
        fixed = at.get("/static/style.css")
        assert fixed.headers["cache-control"] == "no-cache"
        assert fixed.headers["etag"]


def test_no_page_has_a_script_or_a_style_of_its_own(url: str, house: House, ids: Ids) -> None:
    headers = house.session(LEAD).headers
    with client(url) as at:
        own = ("audit", "problems", f"notices/{ids.number}", "proof", "returns")
        runs = (f"/runs/{RUN}", "/runs/new", f"/runs/{RUN}/work")
        for where in ("/", "/account", "/journal", *runs, BASE, *(f"{BASE}/{page}" for page in own)):
            text = at.get(where, headers=headers).text
            assert not re.search(
                r"<style|style=|<script(?! src=\"/static/)|\son[a-z]+=|https?://(?!www\.w3\.org)", text
            ), where


def test_a_pull_that_is_ordered_again_says_so_and_nothing_that_somebody_wrote(
    url: str, house: House, ids: Ids, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulls, "_SHOWN", 1)
    inside, order = house.session(CITY), {"number": ids.number, "reason": "death"}
    other = notice_number(2)
    with client(url, inside) as at:
        done = [at.post(f"{BASE}/pulls", data=order, headers=inside.forms).headers["location"] for _ in range(2)]
        said = [at.get(where).text for where in done]
        assert ["指示しました" in page for page in said] == [True, False]
        assert ["指示済みです" in page for page in said] == [False, True]
        assert "<script" not in at.get(f"{BASE}/pulls?ordered=<script>").text
        at.post(f"{BASE}/pulls", data=order | {"number": other}, headers=inside.forms)
        first = at.get(f"{BASE}/pulls").text
        (after,) = re.findall(r"/pulls\?after=(\d+)", first)
        both = first + at.get(f"{BASE}/pulls?after={after}").text
    assert re.findall(r"<td><a[^>]*>(\d+)</a>", both) == sorted([ids.number, other])


def test_every_printed_page_of_a_notice_is_there_to_be_opened(url: str, house: House, ids: Ids) -> None:
    with client(url, house.session(CITY)) as at:
        where = f"{BASE}/notices/{ids.number}"
        said = at.get(where).text
        pictures = re.findall(rf'<img loading="lazy" src="({where}/pages/{ids.generation}/\d+.png)"', said)
        assert len(pictures) > 1
        answers = [at.get(picture) for picture in pictures]
    assert [answer.headers["x-pages"] for answer in answers] == [str(len(pictures))] * len(pictures)
    assert len({answer.content for answer in answers}) == len(pictures)


def test_a_fault_of_ours_is_answered_kept_and_told_without_what_it_was_about(
    url: str, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise KeyError(MARKER)

    monkeypatch.setattr(statuses, "status", broken)
    with client(url) as at:
        answer = at.get(f"/runs/{RUN}", headers=house.session(LEAD).headers)
    assert (answer.status_code, MARKER in answer.text) == (500, False)
    assert "もう一度" in answer.text
    assert answer.headers.items() >= HARDENED.items()
    assert house.entries()[-1] == (LEAD, "session", "GET run", RUN, 500)
    wait_until(lambda: "in broken" in caplog.text, "the fault is told")
    assert "KeyError" in caplog.text
    assert MARKER not in caplog.text


def test_nothing_is_answered_that_the_journal_cannot_keep(
    url: str, house: House, ids: Ids, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("データベース")

    headers = house.session(LEAD).headers
    with client(url) as at:
        assert at.get(f"{BASE}/notices/{ids.number}", headers=headers).status_code == 200
        monkeypatch.setattr(Journal, "append", full)
        answer = at.get(f"{BASE}/notices/{ids.number}", headers=headers)
        assert (answer.status_code, answer.text) == (500, "")
        assert answer.headers.items() >= HARDENED.items()
    wait_until(lambda: "StoreFull" in caplog.text, "the fault is told")


# Sessions


def enter(at: httpx.Client, opened: Opened, now: datetime | None = None, **fields: str) -> httpx.Response:
    given = {"name": opened.name, "password": opened.password, "code": code(opened, now or datetime.now(UTC))}
    return at.post("/login", data=given | fields)


def test_the_cookie_is_for_this_host_this_site_and_no_script(url: str, people: dict[str, Opened]) -> None:
    with client(url) as at:
        set_cookie = enter(at, people[LEAD]).headers["set-cookie"]
    assert set_cookie.startswith(f"{COOKIE}=")
    for flag in ("HttpOnly", "Secure", "Path=/", "SameSite=strict"):
        assert flag in set_cookie
    assert "domain" not in set_cookie.lower()


def test_a_cookie_that_somebody_brings_is_never_the_one_they_leave_with(url: str, people: dict[str, Opened]) -> None:
    with client(url) as at:
        brought = at.post(
            "/login", headers={"cookie": f"{COOKIE}=planted"},
            data={"name": LEAD, "password": people[LEAD].password, "code": code(people[LEAD], datetime.now(UTC))},
        )  # fmt: skip
        assert brought.status_code == 303
        assert "planted" not in brought.headers["set-cookie"]
        assert at.get("/", headers={"cookie": f"{COOKIE}=planted"}).status_code == 303


def test_another_site_can_have_nobody_come_in(url: str, people: dict[str, Opened]) -> None:
    with client(url) as at:
        at.headers["sec-fetch-site"] = "cross-site"
        assert enter(at, people[LEAD]).status_code == 403


def test_the_door_says_the_same_to_all_and_stops_who_tries(url: str, house: House, people: dict[str, Opened]) -> None:
    with client(url) as at:
        wrong = [enter(at, people[LEAD], **{field: "000000"}) for field in ("password", "code", "name")]
        assert {answer.status_code for answer in wrong} == {403}
        assert len({answer.text for answer in wrong}) == 1
        statuses = [enter(at, people[LEAD], name=f"n{i}").status_code for i in range(12)]
        assert statuses[-1] == 429
    kept = [entry for entry in house.entries() if entry[2] == "POST login_submit"]
    assert {entry[4] for entry in kept} == {403, 429}
    assert all(MARKER not in str(entry) and people[LEAD].password not in str(entry) for entry in kept)


def test_a_session_ends_by_idling_by_its_age_and_by_leaving(url: str, house: House) -> None:
    def aged(column: str, by: timedelta) -> httpx.Response:
        inside = house.session(LEAD)
        house.change(f"UPDATE web_session SET {column} = '{datetime.now(UTC) - by}' WHERE csrf = '{inside.csrf}'")
        with client(url, inside) as at:
            return at.get("/")

    assert aged("seen_at", accounts.IDLE - timedelta(minutes=2)).status_code == 200
    assert aged("seen_at", accounts.IDLE + timedelta(seconds=5)).status_code == 303
    assert aged("opened_at", accounts.LONGEST + timedelta(seconds=5)).status_code == 303
    inside = house.session(LEAD)
    with client(url, inside) as at:
        assert at.post("/logout", data={"csrf": inside.csrf}).headers["location"] == "/login"
        assert at.get("/", headers=inside.headers).status_code == 303


def test_a_page_that_looks_by_itself_keeps_no_session_alive_and_ends_with_the_account(url: str, house: House) -> None:
    inside = house.session(LEAD)
    seen = f"SELECT seen_at FROM web_session WHERE csrf = '{inside.csrf}'"
    house.change(
        f"UPDATE web_session SET seen_at = '{datetime.now(UTC) - timedelta(minutes=5)}' WHERE csrf = '{inside.csrf}'"
    )
    kept = house.desk.rows(seen)
    with client(url, inside) as at, at.stream("GET", f"/runs/{RUN}/events") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("data: ")
        assert house.desk.rows(seen) == kept
        house.accounts.disable(LEAD, datetime.now(UTC))
        assert [line for line in lines if line] == ["event: ended", "data:"]  # and the page says so


# Changes are meant


@pytest.mark.parametrize("given", ["", "wrong", "another's"])
def test_a_change_without_the_word_of_ones_own_page_is_refused(url: str, house: House, given: str) -> None:
    inside, other = house.session(LEAD), house.session(LEAD)
    word = {"": "", "wrong": "x" * 43, "another's": other.csrf}[given]
    with client(url, inside) as at:
        assert at.post(f"/runs/{RUN}/release/ask", data={"csrf": word}).status_code == 403
        assert at.post(f"/runs/{RUN}/release/ask", files={"csrf": (None, word)}).status_code == 403
        assert at.post(f"/api/v1/runs/{RUN}/go", headers={"x-csrf-token": word}).status_code == 403
        assert at.post("/logout", data={"csrf": word}).status_code == 403
        assert at.get("/").status_code == 200
    assert house.desk.rows("SELECT count(*) FROM job") == [(0,)]


# Bodies


def test_a_body_over_its_limit_is_refused_with_and_without_its_length(url: str, house: House) -> None:
    inside = house.token(CITY)
    order = f"/api/v1/runs/{RUN}/cities/{KUSATSU}/pulls"
    block = b" " * (1 << 16)
    with client(url, inside) as at:
        assert at.post(order, content=block * 20).status_code == 413
        assert at.post(order, content=iter([block] * 20)).status_code == 413
        assert at.get("/api/v1/runs").status_code == 200
    with client(url) as at:
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert at.post("/login", content=block * 20, headers=form).status_code == 413
    assert [entry[4] for entry in house.entries()] == [413, 413, 200, 413]


def test_an_upload_over_the_setting_is_refused_and_leaves_nothing(house: House) -> None:
    settings = house.settings.model_copy(update={"upload_limit": 3 << 20})
    stand, files = house.desk.stand(), house.desk.files("")
    with serving(settings) as url, client(url, house.token(PRESS)) as at:
        assert at.post(f"/api/v1/runs/{RUN}/reports", content=iter([b"x" * (1 << 20)] * 4)).status_code == 413
        form = {"files": ("transmittal.json", b"x" * (4 << 20))}
        handin = f"/api/v1/runs/{RUN}/cities/{KUSATSU}/handin"
        assert at.post(handin, files=form, headers=house.token(CITY).headers).status_code == 413
    assert house.desk.stand() == stand
    assert {path for path in house.desk.files("").keys() - files.keys() if ".db" not in path} == set()


def test_a_photograph_is_taken_up_to_its_own_limit_and_not_to_that_of_files(url: str, house: House) -> None:
    inside = house.session(CITY)

    def answer(size: int) -> httpx.Response:
        photo = {"picture": ("photo.png", b"x" * size)}
        return at.post(f"{BASE}/returns", files=photo, data={"reason": "moved"}, headers=inside.forms)

    with client(url) as at:
        assert [answer(size).status_code for size in (PHOTO, PHOTO + 1, PHOTO + (2 << 20))] == [422, 422, 413]


def test_half_an_upload_leaves_nothing_and_is_kept_in_the_journal(url: str, house: House) -> None:
    token = house.token(PRESS).headers["authorization"]
    before = house.desk.stand()
    head = f"POST /api/v1/runs/{RUN}/reports HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(head.encode() + b"Content-Length: 999999\r\n\r\n" + b"x" * 1000)
        time.sleep(0.2)
    wait_until(house.entries, "the broken line is seen")
    assert house.entries() == [(PRESS, "token", "POST api.report_submit", RUN, 400)]
    assert house.desk.stand() == before


def test_a_body_that_stops_coming_is_given_up(url: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "SILENCE_S", 0.2)
    head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    assert raw(url, head + b"Content-Length: 99\r\n\r\nname").startswith(b"HTTP/1.1 408")
    assert house.entries()[-1][-1] == 408


@pytest.mark.parametrize(
    "name", ["../../transmittal.json", "/etc/transmittal.json", "..\\transmittal.json", "a\r\nb.csv"]
)
def test_a_file_of_another_name_is_no_hand_in(url: str, house: House, name: str) -> None:
    before = house.desk.stand()
    with client(url, house.token(CITY)) as at:
        answer = at.post(f"/api/v1/runs/{RUN}/cities/{KUSATSU}/handin", files={"files": (name, b"{}")})
    assert answer.status_code == 422
    assert name not in answer.text
    assert house.desk.stand() == before


def test_ten_thousand_files_are_no_hand_in(url: str, house: House) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="notices.csv"\r\n\r\n1\r\n'
    with client(url, house.token(CITY)) as at:
        headers = {"content-type": "multipart/form-data; boundary=b"}
        answer = at.post(
            f"/api/v1/runs/{RUN}/cities/{KUSATSU}/handin", content=part * 10_000 + b"--b--\r\n", headers=headers
        )
    assert answer.status_code == 400


# What cannot be an id, a text or a request


def test_a_trick_in_a_path_is_not_there(url: str, house: House, ids: Ids) -> None:
    tricks = ("%00", "..%2f..", "%2e%2e", "a%0d%0aX-Bad:1", "%ff", "%e8%a6%8b", "x" * 5000, "' OR 1=1", "-1", "9" * 40)
    lead, press = house.session(LEAD).headers, house.token(PRESS).headers
    wheres = {
        "/runs/{}": lead, f"/runs/{RUN}/cities/{{}}": lead, f"{BASE}/notices/{{}}": lead,
        f"{BASE}/lists/{{}}.csv": lead, f"{BASE}/problems/{{}}/picture.png": lead,
        "/api/v1/batches/{}/files": press, f"/api/v1/batches/{ids.batch}/files/{{}}": press,
        f"/api/v1/runs/{RUN}/uploads/{{}}": press,
    }  # fmt: skip
    with client(url) as at:
        for where, headers in wheres.items():
            for trick in tricks:
                answer = at.get(where.format(trick), headers=headers)
                assert answer.status_code in (404, 422), (where, trick)
                assert "x-bad" not in answer.headers


def test_a_form_in_a_strange_charset_is_refused_and_no_fault(url: str, house: House) -> None:
    inside = house.session(LEAD)
    values = {"csrf": inside.csrf, "name": "\\ud800", "old": "\0", "new": "+2AA-"}
    parts = [f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in values.items()]
    with client(url, inside) as at:
        for charset in ("unicode_escape", "utf-16-le", "utf-7", "nothing", "base64", "idna"):
            headers = {"content-type": f"multipart/form-data; charset={charset}; boundary=b"}
            for where in ("/account", "/login"):
                answer = at.post(where, content="".join(parts) + "--b--\r\n", headers=headers)
                assert answer.status_code in (400, 403, 422, 429), (charset, where)


def test_words_that_no_database_keeps_are_refused_everywhere(url: str, house: House) -> None:
    city, press = house.token(CITY).headers, house.token(PRESS).headers
    with client(url) as at:
        assert at.get(f"/api/v1/runs/{RUN}/cities/{KUSATSU}/notices?after=%00", headers=city).status_code in (400, 422)
        assert at.get(f"{BASE}/notices?after=%00", headers=house.session(CITY).headers).status_code == 400
        for mark in ("1\0" * 17, "見" * 34, "\ud800"):
            body = json.dumps({"mark": mark, "machine": "m1"})
            answer = at.post("/api/v1/scans", content=body, headers=press | {"content-type": "application/json"})
            assert answer.status_code == 422 or answer.json()["answer"] == "foreign"
        for body in ("[" * 100_000, '{"machine": ' + "9" * 5000 + "}", "{", "null", '{"machine": "a", "machine": {}}'):
            assert at.post("/api/v1/scans", content=body, headers=press).status_code in (400, 422)


def test_a_year_that_is_none_is_told_and_no_fault(url: str, house: House) -> None:
    with client(url, house.session(LEAD)) as at:
        wrong = ("due_date=x", "due_date=9999-12-31", "delay=77")
        for asked in ("year=99999", "year=1", *(f"year=2026&{word}" for word in wrong)):
            assert at.get(f"/runs/new?kind=property_tax&{asked}").status_code in (400, 422), asked
        word = {"csrf": re.findall(r'name="csrf" value="([^"]+)"', at.get("/").text)[0], "delay": "0", "year": "2026"}
        for day in ("9999-12-31", "0001-01-01"):
            for field in ("due_date", "mailing_date"):
                fields = word | {"kind": "property_tax", "another": "1", field: day}
                assert at.post("/runs", data=fields).status_code == 400, fields


def test_what_was_sent_is_not_repeated(url: str, house: House) -> None:
    with client(url, house.session(CITY)) as at:
        for where in (
            f"/{MARKER}",
            f"/runs/{MARKER}",
            f"{BASE}/notices?side={MARKER}",
            f"{BASE}/problems?after={MARKER}",
        ):
            assert MARKER not in at.get(where + MARKER).text
    with client(url, house.token(PRESS)) as at:
        assert MARKER not in at.post("/api/v1/scans", json={"machine": MARKER}).text
    assert MARKER not in str(house.entries())


# How often


def test_who_is_not_inside_may_not_ask_often_and_does_not_fill_the_journal(
    url: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_ANONYMOUS", limits.parse("5/minute"))
    monkeypatch.setattr(limits, "_NOTED", limits.parse("2/minute"))
    with client(url) as at:
        answers = [at.get(where) for where in ("/nothing", "/", "/api/v1/runs") for _ in range(10)]
        assert [answer.status_code for answer in answers].count(429) == 25
        assert answers[-1].headers["retry-after"] == "60"
        assert at.get("/", headers=house.session(LEAD).headers).status_code == 200  # who is inside is not held up
    kept = [entry[4] for entry in house.entries()]
    assert kept.count(429) == 2
    assert kept[-1] == 200


def test_who_is_inside_is_held_up_above_what_anybody_needs(
    url: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_KNOWN", limits.parse("5/minute"))
    with client(url, house.token(PRESS)) as at:
        assert [at.get("/api/v1/runs").status_code for _ in range(8)] == [200] * 5 + [429] * 3
        assert at.get("/api/v1/runs", headers=house.token(CITY).headers).status_code == 200
    assert [entry[4] for entry in house.entries()].count(429) == 3


def test_the_journal_holds_after_all_that(url: str, house: House, ids: Ids) -> None:
    with client(url, house.session(AUDITOR)) as at:
        for where in ("/", "/journal", "/nothing", f"{BASE}/audit", f"{BASE}/notices/{ids.number}"):
            at.get(where)
    verified = house.journal.verify()
    assert (verified.entries, verified.broken) == (5, 0)
    assert [entry[4] for entry in house.entries()] == [200, 200, 404, 200, 403]
