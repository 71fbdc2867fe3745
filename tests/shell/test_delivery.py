"""A vendor claims its batches, takes their files, and gets the council's receipt for equal figures and nothing else."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pyrage
import pytest
from pydantic import SecretStr

from printjobs import package, store
from printjobs.core.model import BatchStatus, NotFound, Refused, RunStatus
from printjobs.pipeline import Context, delivering, encrypting, receiving
from printjobs.pipeline.delivering import LEASE
from printjobs.pipeline.receiving import Difference
from printjobs.settings import Settings
from printjobs.store import accounts, production, runs
from printjobs.trust import receipts
from printjobs.trust.receipts import ReceivedFile
from printjobs.trust.signing import CouncilKey
from tests.shell.vendors import NOW, VENDOR, Office, write_released

LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_released(tmp_path_factory.mktemp("released") / "home")


@pytest.fixture
def office(released: Path, tmp_path: Path) -> Iterator[Office]:
    office = Office(released, tmp_path / "home")
    yield office
    office.close()


def computed(office: Office, batch: str) -> list[ReceivedFile]:
    """What an honest vendor computes."""
    stored = office.stored(batch)
    pages = {file.path: file.pages for file in package.read_manifest(stored["manifest.json"]).files}
    return [ReceivedFile(n, sha256(data).hexdigest(), len(data), pages.get(n, 0)) for n, data in stored.items()]


# Whose batches


def test_a_vendor_sees_what_is_released_to_it_and_another_vendor_nothing(office: Office) -> None:
    mine, other = office.account(), office.account("rival-1", "rival")
    offered = delivering.batches(office.context, mine, VENDOR, NOW)
    assert [one.id for one in offered] == office.batches()
    assert {(one.lease, one.received) for one in offered} == {("free", False)}
    assert delivering.batches(office.context, other, "rival", NOW) == []


def test_a_batch_of_another_vendor_or_before_release_is_not_there_for_any_call(office: Office) -> None:
    batch, account = office.batches()[0], office.account("rival-1", "rival")
    calls = [
        lambda vendor: delivering.claim(office.context, batch, account, vendor, NOW),
        lambda vendor: delivering.give_back(office.context, batch, account, vendor, NOW),
        lambda vendor: delivering.files(office.context, batch, vendor),
        lambda vendor: delivering.file_of(office.context, batch, "manifest.json", account, vendor, NOW),
        lambda vendor: receiving.receive(office.context, batch, account, vendor, [], NOW),
        lambda vendor: receiving.receipt(office.context, batch, vendor),
    ]
    said = set()
    for call in calls:
        with pytest.raises(NotFound) as refusal:
            call("rival")
        said.add(str(refusal.value))
    with store.writing(office.context.engine) as connection:
        connection.exec_driver_sql(f"UPDATE batch SET status = 'packaged' WHERE id = '{batch}'")
    for call in calls:
        with pytest.raises(NotFound) as refusal:
            call(VENDOR)
        said.add(str(refusal.value))
    assert len(said) == 1  # nobody learns which it was


# Leases


def test_a_claim_is_kept_by_claiming_again_and_comes_back_when_it_expires(office: Office) -> None:
    batch, first, second = office.batches()[0], office.account(), office.account("press-2")
    claimed = delivering.claim(office.context, batch, first, VENDOR, NOW)
    assert claimed.seconds == LEASE.total_seconds()
    with pytest.raises(Refused, match="別の利用者"):
        delivering.claim(office.context, batch, second, VENDOR, NOW + timedelta(minutes=29))
    renewed = delivering.claim(office.context, batch, first, VENDOR, NOW + timedelta(minutes=29))
    assert renewed.expires_at > claimed.expires_at
    with pytest.raises(Refused, match="別の利用者"):
        delivering.claim(office.context, batch, second, VENDOR, LATER)
    expired = NOW + timedelta(minutes=29) + LEASE
    assert delivering.batches(office.context, second, VENDOR, expired)[0].lease == "free"
    delivering.claim(office.context, batch, second, VENDOR, expired)
    with pytest.raises(Refused, match="別の利用者"):
        delivering.claim(office.context, batch, first, VENDOR, expired)
    assert delivering.batches(office.context, second, VENDOR, expired)[0].lease == "mine"
    assert office.events().count("claim") == 2


def test_a_claim_that_is_given_back_is_free_at_once_and_only_its_holder_can(office: Office) -> None:
    batch, first, second = office.batches()[0], office.account(), office.account("press-2")
    delivering.claim(office.context, batch, first, VENDOR, NOW)
    assert not delivering.give_back(office.context, batch, second, VENDOR, NOW)
    assert delivering.give_back(office.context, batch, first, VENDOR, NOW)
    assert not delivering.give_back(office.context, batch, first, VENDOR, NOW)
    delivering.claim(office.context, batch, second, VENDOR, NOW)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_many_that_claim_a_batch_at_once_one_has_it(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_database") if kind == "postgresql" else ""
    context = Context(Settings(home=tmp_path, database_url=SecretStr(url), mj_font="none"))
    people = write_bare_batch(context, 6)
    gate = threading.Barrier(len(people))

    def claim(account: int) -> bool:
        gate.wait()
        try:
            delivering.claim(context, "r-B001", account, VENDOR, NOW)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        assert sum(pool.map(claim, people)) == 1
    context.engine.dispose()


def write_bare_batch(context: Context, people: int) -> list[int]:
    """A released batch without files, which a claim does not look at."""
    run = {
        "id": "r", "code": "A2B3", "kind": "property_tax", "year": 2026, "mailing_date": "2026-04-10",
        "layout_version": "2026-1", "layout_sha256": "1" * 64, "fonts_sha256": "2" * 64, "status": RunStatus.RELEASED,
        "opened_at": NOW,
    }  # fmt: skip
    batch = {
        "id": "r-B001", "run_id": "r", "number": 1, "generation": 1, "class_code": "S4", "slips": True, "inserts": 1,
        "sheet_class": 4, "status": BatchStatus.RELEASED, "pieces": 2, "sheets": 2, "pages": 4,
    }  # fmt: skip
    with store.writing(context.engine) as connection:
        runs.add_run(connection, run)
        production.add_batch(connection, batch)
        row = {"shown": "見本", "role": "vendor", "party": VENDOR, "password_hash": "", "totp_salt": "", "totp_step": 0}
        made = [accounts.add(connection, row | {"name": f"p{n}", "created_at": NOW}) for n in range(people)]
    return [account for account in made if account is not None]


# Files


def test_files_are_those_of_the_manifest_and_come_only_under_a_claim_or_a_receipt(office: Office) -> None:
    batch, account, other = office.batches()[0], office.account(), office.account("press-2")
    with pytest.raises(Refused, match="占有"):
        delivering.file_of(office.context, batch, "manifest.json", account, VENDOR, NOW)
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    stored = office.stored(batch)
    told = delivering.files(office.context, batch, VENDOR)
    assert {one.path for one in told} == set(stored)
    for one in told:
        found = delivering.file_of(office.context, batch, one.path, account, VENDOR, NOW)
        data = stored[one.path]
        assert (found.sha256, found.bytes, found.age) == (sha256(data).hexdigest(), len(data), False)
        assert office.context.files.read(found.key) == data
    for refused, now in ((other, NOW), (account, LATER)):
        with pytest.raises(Refused, match="占有"):
            delivering.file_of(office.context, batch, "manifest.json", refused, VENDOR, now)
    receiving.receive(office.context, batch, account, VENDOR, computed(office, batch), NOW)
    assert delivering.file_of(office.context, batch, "manifest.json", other, VENDOR, LATER)


@pytest.mark.parametrize(
    "name", ["", ".", "../secret.key", "../../secret.key", "/etc/passwd", "manifest.json/", "MANIFEST.JSON", "%2e%2e"]
)
def test_a_name_that_is_not_in_the_manifest_is_not_there(office: Office, name: str) -> None:
    batch, account = office.batches()[0], office.account()
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    (office.desk.home / "batches" / batch / "stray.pdf").write_bytes(b"of nobody")
    for asked in (name, "stray.pdf"):
        with pytest.raises(NotFound):
            delivering.file_of(office.context, batch, asked, account, VENDOR, NOW)


def test_nothing_of_a_posted_batch_is_delivered_and_what_was_encrypted_of_it_is_gone(office: Office) -> None:
    identity = pyrage.x25519.Identity.generate()
    account = office.account()
    office.accounts.add_key("press-1", "age", str(identity.to_public()), NOW)
    batches = office.batches()
    for batch in batches:
        delivering.claim(office.context, batch, account, VENDOR, NOW)
        delivering.file_of(office.context, batch, f"{batch}-F01.pdf", account, VENDOR, NOW)
    receiving.receive(office.context, batches[0], account, VENDOR, computed(office, batches[0]), NOW)
    assert office.desk.files("encrypted")
    report = office.desk.home / "report.csv"
    assert office.desk("sample", "scans", "property_tax-2026", report, "--seed", 3).code == 0
    assert office.desk("scans", "load", "property_tax-2026", report).code in (0, 3)  # 3: a spoiled piece is many here
    posted = {id_ for (id_,) in office.desk.rows("SELECT id FROM batch WHERE status = 'posted'")}
    assert set(batches) <= posted
    assert office.desk.files("encrypted") == {}
    assert delivering.batches(office.context, account, VENDOR, NOW) == []
    for batch in batches:
        with pytest.raises(Refused, match="差出し済み"):
            delivering.file_of(office.context, batch, "manifest.json", account, VENDOR, NOW)
        with pytest.raises(Refused, match="差出し済み"):
            delivering.claim(office.context, batch, account, VENDOR, NOW)
    assert receiving.receipt(office.context, batches[0], VENDOR)


# Encrypted


def decrypted(data: bytes, identity: object) -> bytes:
    sink = io.BytesIO()
    pyrage.decrypt_io(io.BytesIO(data), sink, [identity])
    return sink.getvalue()


def test_print_files_are_encrypted_once_to_every_key_of_the_account(office: Office) -> None:
    batch, account = office.batches()[0], office.account()
    one, two = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    for identity in (one, two):
        office.accounts.add_key("press-1", "age", str(identity.to_public()), NOW)
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    stored = office.stored(batch)
    for told in delivering.files(office.context, batch, VENDOR):
        assert told.age == (told.path.endswith(".pdf") and told.path != "jobsheet.pdf")
        found = delivering.file_of(office.context, batch, told.path, account, VENDOR, NOW)
        data = office.context.files.read(found.key)
        assert (found.sha256, found.bytes, found.age) == (sha256(data).hexdigest(), len(data), told.age)
        again = delivering.file_of(office.context, batch, told.path, account, VENDOR, NOW)
        assert again == found
        if told.age:
            assert decrypted(data, one) == decrypted(data, two) == stored[told.path]
    answer = receiving.receive(office.context, batch, account, VENDOR, computed(office, batch), NOW)
    assert answer.signed  # of the plain files


def test_a_key_that_is_removed_opens_nothing_more(office: Office) -> None:
    batch, account = office.batches()[0], office.account()
    old, new = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    name = f"{batch}-F01.pdf"
    office.accounts.add_key("press-1", "age", str(old.to_public()), NOW)
    delivering.file_of(office.context, batch, name, account, VENDOR, NOW)
    office.accounts.remove_keys("press-1", "age", NOW)
    assert not delivering.file_of(office.context, batch, name, account, VENDOR, NOW).age
    office.accounts.add_key("press-1", "age", str(new.to_public()), NOW)
    found = delivering.file_of(office.context, batch, name, account, VENDOR, NOW)
    with pytest.raises(pyrage.DecryptError):
        decrypted(office.context.files.read(found.key), old)


def test_of_two_that_encrypt_a_file_at_once_the_first_is_what_both_deliver(office: Office) -> None:
    batch, key = office.batches()[0], str(pyrage.x25519.Identity.generate().to_public())
    gate = threading.Barrier(4)

    def make(_: int) -> encrypting.Encrypted:
        gate.wait()
        return encrypting.encrypted(office.context, batch, f"{batch}-F01.pdf", [key])

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(4)))
    assert len(set(made)) == 1
    assert set(office.desk.files("encrypted").values()) >= {made[0].sha256}
    assert len(office.desk.files("encrypted")) == 2  # the file and the note of it


# Receipts


def test_equal_figures_get_one_receipt_that_the_councils_key_proves(office: Office) -> None:
    batch, account = office.batches()[0], office.account()
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    figures = computed(office, batch)
    answer = receiving.receive(office.context, batch, account, VENDOR, figures, NOW)
    assert (answer.differences, answer.again) == ((), False)
    signed = receipts.read(answer.signed.encode())
    council = CouncilKey(office.context.settings.secret_bytes())
    assert receipts.is_of(signed, council.public_pem)
    assert not receipts.is_of(signed, CouncilKey(b"another council").public_pem)
    assert set(signed.receipt.files) == set(figures)
    assert (signed.receipt.batch, signed.receipt.vendor, signed.key_id) == (batch, VENDOR, council.key_id)
    again = receiving.receive(office.context, batch, account, VENDOR, figures, LATER)
    assert (again.signed, again.again) == (answer.signed, True)
    assert receiving.receipt(office.context, batch, VENDOR) == answer.signed
    assert (office.events().count("receipt"), office.events().count("stage")) == (1, 1)
    assert office.desk.rows("SELECT stage, count FROM stage") == [("accepted", signed.receipt.pages)]
    with pytest.raises(Refused, match="受領済み"):
        delivering.claim(office.context, batch, account, VENDOR, NOW)
    offered = {one.id: one for one in delivering.batches(office.context, account, VENDOR, NOW)}
    assert (offered[batch].lease, offered[batch].received) == ("free", True)


def test_any_change_of_a_receipt_is_seen(office: Office) -> None:
    batch, account = office.batches()[0], office.account()
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    document = receiving.receive(office.context, batch, account, VENDOR, computed(office, batch), NOW).signed.encode()
    signed = receipts.read(document)
    key = CouncilKey(office.context.settings.secret_bytes()).public_pem
    for name, value in (
        ("batch", "another"),
        ("received_at", "2027-01-01"),
        ("pages", 1),
        ("files", ()),
        ("vendor", ""),
    ):
        changed = msgspec.structs.replace(signed.receipt, **{name: value})
        assert not receipts.is_of(msgspec.structs.replace(signed, receipt=changed), key), name
    assert not receipts.is_of(msgspec.structs.replace(signed, key_id="0" * 16), key)
    with pytest.raises(ValueError, match="unknown field"):
        receipts.read(document.replace(b'"batch":', b'"note": "and more", "batch":', 1))


def _without(files: list[ReceivedFile], at: int) -> list[ReceivedFile]:
    return files[:at] + files[at + 1 :]


def _changed(files: list[ReceivedFile], at: int, **values: object) -> list[ReceivedFile]:
    return [*files[:at], msgspec.structs.replace(files[at], **values), *files[at + 1 :]]


def test_whoever_computed_something_else_is_told_what_differs_and_gets_no_receipt(office: Office) -> None:
    batch, account = office.batches()[0], office.account()
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    right = computed(office, batch)
    at = next(i for i, file in enumerate(right) if file.pages)
    file = right[at]
    wrong: list[tuple[list[ReceivedFile], Difference]] = [
        (_changed(right, at, sha256="0" * 64), Difference(file.path, "sha256", file.sha256, "0" * 64)),
        (
            _changed(right, at, pages=file.pages - 2),
            Difference(file.path, "pages", str(file.pages), str(file.pages - 2)),
        ),
        (_changed(right, at, bytes=1), Difference(file.path, "bytes", str(file.bytes), "1")),
        (_without(right, at), Difference(file.path, "path", "1", "0")),
        ([*right, file], Difference(file.path, "path", "1", "2")),
        ([*right, ReceivedFile("notes.txt", "0" * 64, 1)], Difference("notes.txt", "path", "0", "1")),
    ]
    for figures, difference in wrong:
        answer = receiving.receive(office.context, batch, account, VENDOR, figures, NOW)
        assert (answer.signed, answer.differences) == ("", (difference,))
    assert office.events().count("receipt_differs") == len(wrong)
    with pytest.raises(NotFound, match="受領証はまだ"):
        receiving.receipt(office.context, batch, VENDOR)
    assert receiving.receive(office.context, batch, account, VENDOR, right, NOW).signed


def test_a_receipt_is_for_who_has_claimed_the_batch(office: Office) -> None:
    batch, account, other = office.batches()[0], office.account(), office.account("press-2")
    figures = computed(office, batch)
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    for who, now in ((other, NOW), (account, LATER)):
        with pytest.raises(Refused, match="占有"):
            receiving.receive(office.context, batch, who, VENDOR, figures, now)
    assert "receipt" not in office.events()


def test_a_manifest_that_changed_after_release_is_neither_delivered_nor_signed(office: Office) -> None:
    batch, account = office.batches()[0], office.account()
    delivering.claim(office.context, batch, account, VENDOR, NOW)
    figures = computed(office, batch)
    path = office.desk.home / "batches" / batch / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"generation": 1', b'"generation": 2'))
    with pytest.raises(Refused, match="変わっています"):
        delivering.file_of(office.context, batch, "manifest.json", account, VENDOR, NOW)
    with pytest.raises(Refused, match="変わっています"):
        receiving.receive(office.context, batch, account, VENDOR, figures, NOW)
