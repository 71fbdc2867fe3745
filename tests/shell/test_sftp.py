"""A vendor at the SFTP gateway takes what is released to it, puts reports, and reaches nothing else."""

from __future__ import annotations

import asyncio
import inspect
import shutil
import signal
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncssh
import pyrage
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from printjobs.pipeline import delivering, rehearsal
from printjobs.settings import Settings
from printjobs.sftp import session
from printjobs.sftp.gateway import host_key
from printjobs.sftp.putting import Put
from printjobs.sftp.results import layout_of
from printjobs.sftp.session import Session
from printjobs.sftp.tree import Stored, place
from printjobs.trust.journal import open_journal
from tests.audited import MARKER
from tests.handin import RUN
from tests.shell.gateways import PATIENCE_S, Server, key_of, serving
from tests.shell.vendors import NOW, VENDOR, Office, write_released

COLUMNS = "time,event,batch,piece,mark,status,count"
NO_SUCH, DENIED, FAILED = asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_released(tmp_path_factory.mktemp("released") / "home")


class Gate:
    """A gateway at work, and who knocks at it."""

    def __init__(self, server: Server, folder: Path) -> None:
        office = server.office
        self.server, self.office, self.folder = server, office, folder
        office.account("press-1")
        office.account("press-2")
        office.account("rival-1", "rival")
        office.account("gone-1")
        office.accounts.add("kusatsu", "見本", "city", "252069", NOW)
        self.keys = {
            name: key_of(office, name, folder) for name in ("press-1", "press-2", "rival-1", "gone-1", "kusatsu")
        }
        office.accounts.disable("gone-1", NOW)
        self.batch = office.batches()[0]

    def ask(self, work: Any, name: str = "press-1") -> Any:
        return self.server.ask(name, self.keys[name], work)

    def is_let_in(self, name: str, key: asyncssh.SSHKey, **options: Any) -> bool:
        async def knock() -> None:
            async with asyncio.timeout(PATIENCE_S), self.server.connect(name, key, **options) as connection:
                await connection.start_sftp_client()

        try:
            asyncio.run(knock())
        except asyncssh.PermissionDenied:
            return False
        return True


@pytest.fixture(scope="module")
def gate(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    folder = tmp_path_factory.mktemp("gate")
    office = Office(released, folder / "home")
    with serving(office, PRINTJOBS_UPLOAD_LIMIT="200000") as server:
        yield Gate(server, folder)
    office.close()


def names(path: str) -> Any:
    async def listed(sftp: Any) -> list[str]:
        return sorted(await sftp.listdir(path))

    return listed


def read(path: str) -> Any:
    async def got(sftp: Any) -> bytes:
        async with sftp.open(path, "rb") as file:
            return await file.read()

    return got


def put(path: str, data: bytes) -> Any:
    async def sent(sftp: Any) -> None:
        async with sftp.open(path, "wb") as file:
            await file.write(data)

    return sent


# Who comes in


def test_a_vendor_comes_in_with_its_key_and_the_journal_has_it_before_anything_is_shown(gate: Gate) -> None:
    before = len(gate.server.journal())
    assert gate.ask(names("/")) == ["batches", "reports"]
    kept = gate.server.journal()[before:]
    assert kept[:2] == [("press-1", "SFTP login", "", 200), ("press-1", "SFTP list", "", 200)]


@pytest.mark.parametrize("name", ["kusatsu", "gone-1"])
def test_a_city_and_a_disabled_account_stay_outside_with_the_right_key(gate: Gate, name: str) -> None:
    before = len(gate.server.journal())
    assert not gate.is_let_in(name, gate.keys[name])
    known = "kusatsu" if name == "kusatsu" else ""
    assert _waited(gate, before, (known, "SFTP login", "", 401))


@pytest.mark.parametrize("name", ["press-1", "nobody", "", "x" * 300, "'; DROP TABLE account; --", "見本"])
def test_nobody_comes_in_with_a_key_that_is_not_the_accounts(gate: Gate, name: str) -> None:
    assert not gate.is_let_in(name, gate.keys["rival-1"])


def test_a_password_is_not_asked_for(gate: Gate) -> None:
    methods = asyncio.run(_methods(gate))
    assert methods == ["publickey"]


async def _methods(gate: Gate) -> Any:
    return await asyncssh.get_server_auth_methods("127.0.0.1", gate.server.port, username="press-1", config=None)


def test_a_key_that_is_removed_and_an_account_that_is_disabled_are_out_at_once(gate: Gate) -> None:
    gate.office.account("press-3")
    key = key_of(gate.office, "press-3", gate.folder)

    async def two_looks(sftp: Any) -> None:
        await sftp.listdir("/")
        gate.office.accounts.disable("press-3", NOW)
        with pytest.raises(DENIED):
            await sftp.listdir("/")

    gate.server.ask("press-3", key, two_looks)
    assert not gate.is_let_in("press-3", key)
    assert ("press-3", "SFTP list", "", 401) in gate.server.journal()


def test_there_is_no_shell_no_command_no_other_subsystem_and_no_forwarding(gate: Gate) -> None:
    async def tried() -> None:
        async with asyncio.timeout(PATIENCE_S), gate.server.connect("press-1", gate.keys["press-1"]) as connection:
            for words in ({"command": "id"}, {"command": "scp -f /"}, {"subsystem": "netconf"}, {}):
                with pytest.raises((asyncssh.ChannelOpenError, asyncssh.ProcessError)):
                    await connection.create_process(**words)
        async with asyncio.timeout(PATIENCE_S), gate.server.connect("press-1", gate.keys["press-1"]) as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", gate.server.port)
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 1)
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_unix_connection("/run/x")

    asyncio.run(tried())


# Taking batches


def test_a_vendor_sees_its_released_batches_whole_and_another_vendor_nothing(gate: Gate) -> None:
    assert gate.ask(names("/batches")) == gate.office.batches()
    assert gate.ask(names(f"/batches/{gate.batch}")) == sorted(gate.office.stored(gate.batch))
    assert gate.ask(names("/batches"), "rival-1") == []
    assert gate.ask(names("/reports"), "rival-1") == []


def test_every_file_comes_as_it_was_released(gate: Gate, tmp_path: Path) -> None:
    async def got(sftp: Any) -> None:
        await sftp.get(f"/batches/{gate.batch}", tmp_path / "got", recurse=True)

    gate.ask(got)
    assert {p.name: p.read_bytes() for p in (tmp_path / "got").iterdir()} == gate.office.stored(gate.batch)
    assert ("press-1", "SFTP read", f"batches {gate.batch} manifest.json", 200) in gate.server.journal()


def test_a_download_goes_on_where_it_broke_off(gate: Gate) -> None:
    name, data = max(gate.office.stored(gate.batch).items(), key=lambda file: len(file[1]))

    async def tail(sftp: Any) -> tuple[int, bytes, bytes]:
        path = f"/batches/{gate.batch}/{name}"
        async with sftp.open(path, "rb") as file:
            await file.seek(len(data) // 2)
            return (await sftp.stat(path)).size, await file.read(), await file.read(10, len(data))

    assert gate.ask(tail) == (len(data), data[len(data) // 2 :], b"")


def test_two_accounts_of_a_vendor_do_not_take_one_batch_at_once(gate: Gate) -> None:
    gate.ask(read(f"/batches/{gate.batch}/manifest.json"))
    with pytest.raises(DENIED, match="受取り中"):
        gate.ask(read(f"/batches/{gate.batch}/manifest.json"), "press-2")


def test_who_has_an_age_key_gets_print_files_encrypted_to_it(gate: Gate) -> None:
    identity = pyrage.x25519.Identity.generate()
    give_back(gate, "press-1")
    gate.office.accounts.add_key("press-2", "age", str(identity.to_public()), NOW)
    found = gate.ask(names(f"/batches/{gate.batch}"), "press-2")
    (name,) = [name for name in found if name.endswith(".pdf.age")]

    async def got(sftp: Any) -> tuple[int, bytes]:
        path = f"/batches/{gate.batch}/{name}"
        return (await sftp.stat(path)).size, await read(path)(sftp)

    size, data = gate.ask(got, "press-2")
    assert size == len(data)
    assert pyrage.decrypt(data, [identity]) == gate.office.stored(gate.batch)[name.removesuffix(".age")]
    gate.office.accounts.remove_keys("press-2", "age", NOW)
    give_back(gate, "press-2")
    assert not any(name.endswith(".age") for name in gate.ask(names(f"/batches/{gate.batch}")))


def give_back(gate: Gate, name: str) -> None:
    """End the claim that opening a file made."""
    account = next(row.id for row in gate.office.accounts.everyone() if row.name == name)
    delivering.give_back(gate.office.context, gate.batch, account, VENDOR, gate.office.context.now())


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.key", "/batches/../../../../etc/passwd", "/etc/passwd", "secret.key", "/batches/../secret.key",
        "/batches/{batch}/../../secret.key", "/batches/{batch}/..", "/batches/{batch}/x", "/batches/{batch}/%2e%2e",
        "/batches/{batch}/manifest.json/x", "/batches/" + "x" * 5_000, "/batches/{batch}/mani\0fest", "/batches/あ",
        "/batches/" + "a/" * 300, "/reports/{run}/secret.key", "/reports/{run}/../../secret.key", "/reports/x/y.csv",
        "//proc/self/environ", "~", "/batches/{batch}-B999/manifest.json", "/reports/{run}/x.csv.result.txt",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_what_is_there(gate: Gate, path: str) -> None:
    named = path.replace("{batch}", gate.batch).replace("{run}", RUN)
    with pytest.raises((NO_SUCH, DENIED)):
        gate.ask(read(named))


def test_what_is_anothers_is_as_if_it_were_not_there(gate: Gate) -> None:
    for work in (
        names(f"/batches/{gate.batch}"),
        read(f"/batches/{gate.batch}/manifest.json"),
        names(f"/reports/{RUN}"),
    ):
        with pytest.raises(NO_SUCH):
            gate.ask(work, "rival-1")
    with pytest.raises(NO_SUCH):
        gate.ask(put(f"/reports/{RUN}/a.csv", b""), "rival-1")
    kept = [entry for entry in gate.server.journal() if entry[0] == "rival-1"]
    assert ("rival-1", "SFTP read", f"batches {gate.batch} manifest.json", 404) in kept


# Changing nothing


def test_nothing_is_written_renamed_removed_or_made_elsewhere(gate: Gate) -> None:
    file = f"/batches/{gate.batch}/manifest.json"
    before = gate.office.desk.files("batches")

    async def tried(sftp: Any) -> None:
        attempts = [
            put(file, b"x")(sftp), put(f"/batches/{gate.batch}/new", b"x")(sftp), put("/x", b"x")(sftp),
            put("/reports/x.csv", b"x")(sftp), sftp.remove(file), sftp.rename(file, "/reports/x"),
            sftp.posix_rename(file, "/reports/x"), sftp.mkdir("/batches/x"), sftp.rmdir("/batches"),
            sftp.chmod(file, 0o777), sftp.utime(file, (1, 1)), sftp.symlink("/etc/passwd", "/reports/x"),
            sftp.link(file, "/reports/x"), sftp.readlink(file), sftp.statvfs("/"), sftp.truncate(file, 0),
            sftp.open(file, "r+b").__aenter__(), sftp.open(f"/reports/{RUN}/x.csv", "ab").__aenter__(),
            sftp.open(f"/reports/{RUN}/x.csv", "w+b").__aenter__(),
        ]  # fmt: skip
        for attempt in attempts:
            with pytest.raises((NO_SUCH, DENIED)):
                await attempt
        async with sftp.open(file, "rb") as opened:
            for attempt in (opened.write(b"x", 0), opened.truncate(0), opened.chmod(0o777)):
                with pytest.raises(DENIED):
                    await attempt
            for attempt in (opened.fsync(), opened.statvfs()):
                with pytest.raises(asyncssh.SFTPOpUnsupported):
                    await attempt

    gate.ask(tried)
    assert gate.office.desk.files("batches") == before
    assert {entry[1] for entry in gate.server.journal() if entry[3] == 403} >= {
        "SFTP open", "SFTP remove", "SFTP rename", "SFTP mkdir", "SFTP rmdir", "SFTP setstat", "SFTP symlink",
    }  # fmt: skip


def test_a_fault_of_ours_is_told_by_its_kind_and_place_alone(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise KeyError(MARKER)

    with pytest.raises(FAILED, match="プログラムの誤り"), session._told():
        broken()
    assert [word in caplog.text for word in ("KeyError", "in broken", MARKER)] == [True, True, False]


def test_every_request_that_the_library_would_answer_from_the_disk_is_answered_by_us() -> None:
    """A new one of a later version would be found here before a vendor finds it."""
    theirs = {name for name, _ in inspect.getmembers(asyncssh.SFTPServer, inspect.isfunction) if name[0] != "_"}
    plain = {"convert_attrs", "exit", "format_group", "format_longname", "format_user"}
    refused_by_map_path = {"readlink", "statvfs"}
    unsupported = {"lock", "unlock", "open56"}  # locks are not implemented; the last is of a version we do not speak
    not_asked = {"reverse_map_path"}
    assert theirs - set(vars(Session)) == plain | refused_by_map_path | unsupported | not_asked
    with pytest.raises(DENIED):
        Session.map_path(None, b"/")  # type: ignore[arg-type]


# Putting reports


@pytest.fixture(scope="module")
def another(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A gateway of its own, for what changes the run and for what ends the server."""
    folder = tmp_path_factory.mktemp("another")
    office = Office(released, folder / "home")
    with serving(office) as server:
        yield Gate(server, folder)
    office.close()


def test_a_report_is_taken_when_it_is_closed_and_what_came_of_it_stands_beside_it(another: Gate) -> None:
    report = another.folder / "night.csv"
    rehearsal.write_scans(another.office.context, RUN, report, seed=1)

    async def sent(sftp: Any) -> tuple[list[str], bytes]:
        await sftp.put(report, f"/reports/{RUN}/夜　勤.csv")
        return await sftp.listdir(f"/reports/{RUN}"), await read(f"/reports/{RUN}/夜　勤.csv.result.txt")(sftp)

    listed, told = another.ask(sent)
    assert listed == ["夜　勤.csv.result.txt"]
    assert "取り込みました" in told.decode()
    assert "差出し" in told.decode()
    mailed = another.office.desk.rows("SELECT COUNT(*) FROM piece WHERE status = 'mailed'")
    assert mailed == another.office.desk.rows("SELECT COUNT(*) FROM piece WHERE generation = 1 AND status <> 'spoiled'")
    assert ("press-1", "SFTP report", f"reports {RUN}", 200) in another.server.journal()
    assert list((another.office.desk.home / "spool").iterdir()) == []
    assert another.office.desk.files("uploads") == {}

    before = another.office.desk.rows("SELECT * FROM piece ORDER BY batch_id, number")
    another.ask(put(f"/reports/{RUN}/again.csv", report.read_bytes()))
    assert "取込み済み" in another.ask(read(f"/reports/{RUN}/again.csv.result.txt")).decode()
    assert another.office.desk.rows("SELECT * FROM piece ORDER BY batch_id, number") == before
    assert len(another.office.desk.rows("SELECT * FROM scan_log")) == 1

    gone = another.ask(names("/batches"))
    posted = another.office.desk.rows("SELECT id FROM batch WHERE status = 'posted'")
    assert [one for (one,) in posted if one in gone] == []


def test_a_report_that_is_refused_says_why_beside_it_and_the_client_is_told_too(gate: Gate) -> None:
    with pytest.raises(FAILED, match="見出し"):
        gate.ask(put(f"/reports/{RUN}/wrong.csv", b"a,b\n1,2\n"))
    told = gate.ask(read(f"/reports/{RUN}/wrong.csv.result.txt")).decode()
    assert "取り込んでいません" in told
    assert ("press-1", "SFTP report", f"reports {RUN}", 422) in gate.server.journal()


def test_bad_rows_are_told_and_the_good_ones_count(gate: Gate) -> None:
    text = f"{COLUMNS}\n,sheet,1,1,,,\nrubbish\n"
    gate.ask(put(f"/reports/{RUN}/rows.standard.csv", text.encode()))
    told = gate.ask(read(f"/reports/{RUN}/rows.standard.csv.result.txt")).decode()
    assert "行数 2　読めなかった行 1" in told
    assert "3行目" in told


def test_a_connection_that_breaks_leaves_nothing_taken(gate: Gate) -> None:
    logs = gate.office.desk.rows("SELECT COUNT(*) FROM scan_log")
    before = len(gate.server.journal())

    async def cut(*, cleanly: bool) -> None:
        async with asyncio.timeout(PATIENCE_S), gate.server.connect("press-1", gate.keys["press-1"]) as connection:
            sftp = await connection.start_sftp_client()
            file = await sftp.open(f"/reports/{RUN}/cut-{cleanly}.csv", "wb")
            await file.write(f"{COLUMNS}\n,sheet,1,2,,,\n".encode())
            if cleanly:  # the channel ends, the file is open still: a client that was ended by its user
                sftp.exit()
                await sftp.wait_closed()
            else:
                connection.abort()

    for cleanly in (False, True):
        asyncio.run(cut(cleanly=cleanly))
        assert _waited(gate, before, ("press-1", "SFTP report", RUN, 400))
        before = len(gate.server.journal())
        with pytest.raises(NO_SUCH):
            gate.ask(read(f"/reports/{RUN}/cut-{cleanly}.csv.result.txt"))
    assert gate.office.desk.rows("SELECT COUNT(*) FROM scan_log") == logs
    assert list((gate.office.desk.home / "spool").iterdir()) == []


def _waited(gate: Gate, before: int, entry: tuple[str, str, str, int]) -> bool:
    """Whether the entry is in the journal soon."""
    for _ in range(500):
        if entry in gate.server.journal()[before:]:
            return True
        asyncio.run(asyncio.sleep(0.01))
    return False


def test_a_report_is_written_in_order_within_the_limit_and_under_a_plain_name(gate: Gate) -> None:
    async def tried(sftp: Any) -> None:
        for name in (".hidden", "x" * 101, "a.csv.result.txt"):
            with pytest.raises(DENIED):
                await put(f"/reports/{RUN}/{name}", b"x")(sftp)
        for name, attempts in (
            ("gap.csv", [(b"a", 0), (b"b", 5)]),
            ("big.csv", [(b"x" * 150_000, 0), (b"x" * 150_000, 150_000)]),
        ):
            file = await sftp.open(f"/reports/{RUN}/{name}", "wb")
            await file.write(*attempts[0])
            with pytest.raises(DENIED):
                await file.write(*attempts[1])
            await file.close()
            with pytest.raises(NO_SUCH):
                await read(f"/reports/{RUN}/{name}.result.txt")(sftp)

    gate.ask(tried)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("a.csv", "standard"), ("night.fixed.txt", "fixed"), ("a.inserter-csv.csv", "inserter-csv"),
        ("fixed", "standard"), ("fixed.csv", "standard"), ("a.nobody.csv", "standard"), ("a.fixed.b.csv", "standard"),
    ],
)  # fmt: skip
def test_a_reports_name_says_its_layout(name: str, layout: str) -> None:
    assert layout_of(name) == layout


# The server


@pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's client is not here")
def test_opensshs_client_takes_a_batch_and_puts_a_report(gate: Gate, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(gate.keys["press-1"].export_private_key())
    key.chmod(0o600)
    (tmp_path / "rows.csv").write_text(f"{COLUMNS}\n,sheet,1,3,,,\n")
    orders = (
        f"get -r /batches/{gate.batch} got\ncd reports/{RUN}\nput rows.csv openssh.csv\nget openssh.csv.result.txt\n"
    )
    done = subprocess.run(
        [
            "sftp", "-q", "-b", "-", "-i", key, "-P", str(gate.server.port), "-F", "none", "-o", "IdentitiesOnly=yes",
            "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path / 'known'}", "press-1@127.0.0.1",
        ],
        input=orders, capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {p.name: p.read_bytes() for p in (tmp_path / "got").iterdir()} == gate.office.stored(gate.batch)
    assert "取り込みました" in (tmp_path / "openssh.csv.result.txt").read_text(encoding="utf-8")


def test_the_host_key_is_made_once_and_nobody_else_reads_it(gate: Gate, tmp_path: Path) -> None:
    kept = gate.office.desk.home / "sftp_host.key"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert gate.server.host_key == asyncssh.read_private_key(str(kept)).get_fingerprint()
    settings = Settings(home=tmp_path)
    assert host_key(settings).get_fingerprint() == host_key(settings).get_fingerprint()
    assert [path.name for path in tmp_path.iterdir()] == ["sftp_host.key"]


def test_sigterm_ends_the_server_in_good_order_and_the_chain_holds(another: Gate) -> None:
    async def asked() -> None:
        async with (
            asyncio.timeout(PATIENCE_S),
            another.server.connect("press-1", another.keys["press-1"]) as connection,
        ):
            sftp = await connection.start_sftp_client()
            await sftp.listdir("/")
            another.server.process.send_signal(signal.SIGTERM)
            await connection.wait_closed()

    asyncio.run(asked())
    assert another.server.process.wait(PATIENCE_S) == 0
    assert another.server.process.stderr.read() == ""  # type: ignore[union-attr]
    found = open_journal(another.office.context.settings).verify()
    assert (found.entries, found.broken) == (len(another.server.journal()), 0)


def test_a_path_is_names_and_nothing_else() -> None:
    assert place(b"/../a/./b//../c") == ("a", "c")
    assert place(b"") == place(b"/") == place(b"..") == ()


@given(st.integers(0, 3 << 20), st.integers(0, 5 << 20), st.integers(0, 2 << 20))
@example(0, 0, 1)
@example(1 << 20, 1 << 20, 255 << 10)
def test_a_read_is_short_only_at_the_end_of_the_file(offset: int, then: int, size: int) -> None:
    """OpenSSH's client asks for less and less after each short read, down to a kilobyte."""
    data = bytes(range(256)) * ((9 << 20) // 512)

    class Files:
        def ranges(self, _key: str, starts: list[int], lengths: list[int]) -> list[bytes]:
            assert starts[0] < starts[0] + lengths[0] <= len(data)
            return [data[starts[0] : starts[0] + lengths[0]]]

    file = Stored(SimpleNamespace(files=Files()), "key", len(data))  # type: ignore[arg-type]
    for start in (offset, offset + size, then):
        assert file.read(start, size) == data[start : start + size]


def test_a_report_on_its_way_is_spoilt_by_what_does_not_follow(tmp_path: Path) -> None:
    with (tmp_path / "x").open("w+b") as file:
        put = Put("run", "name", file, 10)
        assert put.write(0, b"abc") == 3
        assert put.digest == sha256(b"abc").hexdigest()
        assert put.rewound().read() == b"abc"
