"""Who may come in, and who may not any more: passwords, one-time codes, sessions, tokens, public keys."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import argon2
import asyncssh
import pyotp
import pyrage
import pytest
from argon2 import PasswordHasher

from printjobs import store
from printjobs.core.access import Identity, Role, Scope
from printjobs.core.model import BadInput, Refused, UsageError
from printjobs.trust import accounts as doors
from printjobs.trust import keys
from printjobs.trust.accounts import IDLE, LONGEST, SCOPES_OF, Accounts, Denied

SECRET = b"a secret of the tests, and no other one's"
START = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
CITY = "252069"
LOCK = timedelta(minutes=15)
IN_EARNEST = doors._NOBODY, doors._HASHER.hash("x")  # before the tests make it cheap


class Person:
    """Somebody with an account, and a clock that only goes on: a one-time code is good once."""

    def __init__(self, accounts: Accounts, name: str, role: str = "lead", party: str = "") -> None:
        self.accounts, self.name = accounts, name
        opened = accounts.add(name, "見本　花子", role, party, START)
        self.password, self.otpauth = opened.password, opened.otpauth
        self.now = START

    @property
    def code(self) -> str:
        """What the authenticator app shows now."""
        return self.totp.at(self.now)

    @property
    def totp(self) -> pyotp.TOTP:
        return pyotp.TOTP(self.secret)

    @property
    def secret(self) -> str:
        return parse_qs(urlsplit(self.otpauth).query)["secret"][0]

    def enter(self, password: str | None = None, code: str | None = None) -> str:
        """Come in a minute later than before; the cookie."""
        self.now += timedelta(minutes=1)
        given = self.password if password is None else password
        return self.accounts.enter(self.name, given, self.code if code is None else code, self.now)[0]

    def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(Denied):
                self.enter(password="wrong")

    def who(self, cookie: str, later: timedelta = timedelta()) -> Identity | None:
        return self.accounts.of_session(cookie, self.now + later)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """The same argon2 at the least cost: what it costs in earnest is told by a test of its own."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doors, "_HASHER", hasher)
        patch.setattr(doors, "_NOBODY", hasher.hash("nobody"))
        yield


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("accounts") / "accounts.db"


@pytest.fixture(scope="module")
def accounts(database: Path) -> Iterator[Accounts]:
    engine = store.connect(f"sqlite:///{database}")
    store.migrate(engine)
    yield Accounts(engine, SECRET)
    engine.dispose()


@pytest.fixture(scope="module")
def lead(accounts: Accounts) -> Person:
    return Person(accounts, "lead")


@pytest.fixture
def fresh(accounts: Accounts, request: pytest.FixtureRequest) -> Person:
    """Somebody whom no other test knows."""
    return Person(accounts, f"p{abs(hash(request.node.nodeid)) % 10**9}")


# The door


def test_who_has_password_and_code_is_in_and_is_known_by_the_cookie(lead: Person) -> None:
    who = lead.who(lead.enter())
    assert who is not None
    assert (who.name, who.shown, who.role, who.party, who.via, who.scopes) == (
        "lead", "見本　花子", Role.LEAD, "", "session", None,
    )  # fmt: skip
    assert len(who.csrf) > 30


@pytest.mark.parametrize("code", ["", "0", "abcdef", "１２３", "\0", "0" * 500, "あいうえおか"])
def test_a_wrong_code_of_whatever_form_is_denied(fresh: Person, code: str) -> None:
    with pytest.raises(Denied):
        fresh.enter(code=code)


def test_a_code_may_be_typed_in_full_width_or_with_a_blank(lead: Person) -> None:
    lead.now += timedelta(minutes=1)
    wide = lead.totp.at(lead.now + timedelta(minutes=1)).translate({ord("0") + d: ord("０") + d for d in range(10)})
    assert lead.enter(code=wide)
    code = lead.totp.at(lead.now + timedelta(minutes=1))
    assert lead.enter(code=f"{code[:3]} {code[3:]}")


@pytest.mark.parametrize("name", ["nobody", "", "LEAD", "lead ", "le\0ad", "見本", "x" * 10_000, "' OR 1=1 --"])
def test_a_name_that_is_none_is_denied_in_the_same_words(lead: Person, name: str) -> None:
    with pytest.raises(Denied) as stranger:
        lead.accounts.enter(name, lead.password, lead.code, lead.now)
    with pytest.raises(Denied) as known:
        lead.accounts.enter("lead", "wrong", lead.code, lead.now)
    assert str(stranger.value) == str(known.value)
    lead.enter()


def test_a_code_is_not_good_twice_nor_one_before_it(fresh: Person) -> None:
    fresh.now += timedelta(minutes=1)
    earlier = fresh.code
    fresh.enter()
    used = fresh.code
    for code in (used, earlier):
        with pytest.raises(Denied):
            fresh.accounts.enter(fresh.name, fresh.password, code, fresh.now)


def test_a_clock_may_be_off_by_half_a_minute_and_no_more(fresh: Person) -> None:
    fresh.now += timedelta(minutes=5)
    for seconds in (-60, 60):
        with pytest.raises(Denied):
            fresh.accounts.enter(
                fresh.name, fresh.password, fresh.totp.at(fresh.now + timedelta(seconds=seconds)), fresh.now
            )
    assert fresh.accounts.enter(fresh.name, fresh.password, fresh.totp.at(fresh.now - timedelta(seconds=30)), fresh.now)
    assert fresh.accounts.enter(fresh.name, fresh.password, fresh.totp.at(fresh.now + timedelta(seconds=30)), fresh.now)


def test_of_two_who_bring_one_code_at_once_one_enters(fresh: Person) -> None:
    fresh.now += timedelta(minutes=1)
    code, gate = fresh.code, threading.Barrier(4)

    def enter(_one: int) -> bool:
        gate.wait()
        try:
            fresh.accounts.enter(fresh.name, fresh.password, code, fresh.now)
        except Denied:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [False, False, False, True]


def test_five_failures_lock_the_account_for_a_quarter_of_an_hour_even_for_its_owner(fresh: Person) -> None:
    fresh.fail(5)
    locked_at = fresh.now
    with pytest.raises(Denied):
        fresh.enter()
    fresh.now = locked_at + LOCK - timedelta(minutes=1, seconds=1)
    with pytest.raises(Denied):
        fresh.enter()
    fresh.now = locked_at + LOCK
    assert fresh.who(fresh.enter())


def test_a_success_forgets_the_failures_before_it(fresh: Person) -> None:
    for _ in range(3):
        fresh.fail(4)
        fresh.enter()


def test_attempts_during_a_lock_do_not_make_it_longer(fresh: Person) -> None:
    fresh.fail(5)
    locked_at = fresh.now
    fresh.fail(10)
    fresh.now = locked_at + LOCK
    assert fresh.enter()


# Sessions


def test_a_session_ends_when_nobody_asks_for_long(lead: Person) -> None:
    cookie = lead.enter()
    assert lead.who(cookie, IDLE)
    assert lead.who(cookie, IDLE * 2)  # it was asked for in between
    assert lead.who(cookie, IDLE * 3 + timedelta(seconds=1)) is None


def test_a_session_ends_after_a_working_day_however_busy(lead: Person) -> None:
    cookie, step = lead.enter(), timedelta(minutes=25)
    for count in range(1, LONGEST // step + 1):
        assert lead.who(cookie, step * count)
    assert lead.who(cookie, LONGEST + timedelta(seconds=1)) is None


@pytest.mark.parametrize("cookie", ["", "x", "あ", "\0", "x" * 100_000])
def test_no_other_text_is_a_cookie_or_a_token(accounts: Accounts, cookie: str) -> None:
    assert accounts.of_session(cookie, START) is None
    assert accounts.of_token(cookie, START) is None


def test_leaving_ends_this_session_and_no_other(lead: Person) -> None:
    one, other = lead.enter(), lead.enter()
    lead.accounts.leave(one, lead.now)
    assert lead.who(one) is None
    assert lead.who(other)


# Changing what one comes in with


def test_a_new_password_ends_the_other_sessions_and_the_old_password(fresh: Person) -> None:
    other, mine = fresh.enter(), fresh.enter()
    who = fresh.who(mine)
    assert who is not None
    fresh.accounts.change_password(who, fresh.password, "a much better one", fresh.now)
    assert fresh.who(mine)
    assert fresh.who(other) is None
    fresh.fail(1)
    assert fresh.enter(password="a much better one")


def test_an_open_browser_is_no_place_to_try_passwords(fresh: Person) -> None:
    who = fresh.who(fresh.enter())
    assert who is not None
    for _ in range(5):
        with pytest.raises(Denied):
            fresh.accounts.change_password(who, "a guess", "a much better one", fresh.now)
    with pytest.raises(Denied):
        fresh.accounts.change_password(who, fresh.password, "a much better one", fresh.now)


@pytest.mark.parametrize("new", ["", "eleven char", "the same"])
def test_a_new_password_is_long_and_new(lead: Person, new: str) -> None:
    who = lead.who(lead.enter())
    assert who is not None
    with pytest.raises(BadInput):
        lead.accounts.change_password(who, lead.password, lead.password if new == "the same" else new, lead.now)


def test_renewing_ends_the_old_password_the_old_codes_the_lock_every_session_and_every_token(fresh: Person) -> None:
    cookie, old = fresh.enter(), fresh.password
    token = fresh.accounts.add_token(fresh.name, "t", ["audit"], 9, fresh.now)
    fresh.fail(5)
    opened = fresh.accounts.renew(fresh.name, fresh.now)
    assert fresh.who(cookie) is None
    assert fresh.accounts.of_token(token, fresh.now) is None
    with pytest.raises(Denied):
        fresh.enter(password=old)
    with pytest.raises(Denied):
        fresh.enter(password=opened.password)  # with a code of the old secret
    fresh.password, fresh.otpauth = opened.password, opened.otpauth
    assert fresh.enter()


def test_a_disabled_account_is_out_at_once_with_all_it_had(accounts: Accounts) -> None:
    vendor = Person(accounts, "press-9", "vendor")
    cookie, token = vendor.enter(), accounts.add_token("press-9", "t", ["batches"], 9, vendor.now)
    accounts.add_key("press-9", "ssh", "ssh-ed25519 AAAA", vendor.now)
    assert accounts.of_key_holder("press-9", "ssh")
    accounts.disable("press-9", vendor.now)
    assert vendor.who(cookie) is None
    assert accounts.of_token(token, vendor.now) is None
    assert accounts.of_key_holder("press-9", "ssh") is None
    with pytest.raises(Denied):
        vendor.enter()
    with pytest.raises(Refused):
        accounts.add_token("press-9", "t", ["batches"], 9, vendor.now)


# Making accounts


@pytest.mark.parametrize(
    ("name", "role", "party"),
    [
        ("lead", "lead", ""), ("", "lead", ""), ("見本", "lead", ""), ("a b", "lead", ""), ("../x", "lead", ""),
        ("x" * 41, "lead", ""), ("a", "mayor", ""), ("a", "city", ""), ("a", "city", "999999"), ("a", "lead", CITY),
        ("a", "auditor", CITY),
    ],
)  # fmt: skip
def test_what_can_be_no_account_is_refused(lead: Person, name: str, role: str, party: str) -> None:
    with pytest.raises(UsageError):
        lead.accounts.add(name, "見本", role, party, START)


def test_a_city_belongs_to_one_city_and_a_vendor_to_the_councils_own(accounts: Accounts) -> None:
    assert accounts.add("kusatsu", "見本", "city", CITY, START).party == CITY
    assert accounts.add("press-8", "見本", "vendor", "", START).party == "standard"


# Tokens


def test_a_token_carries_its_scopes_until_it_expires_or_is_revoked(accounts: Accounts) -> None:
    accounts.add("press-7", "見本", "vendor", "", START)
    token = accounts.add_token("press-7", "t", ["batches", "batches"], 30, START)
    who = accounts.of_token(token, START + timedelta(days=30) - timedelta(seconds=1))
    assert who is not None
    assert (who.scopes, who.via, who.csrf) == (frozenset({"batches"}), "token", "")
    assert accounts.of_token(token, START + timedelta(days=30)) is None
    assert accounts.of_token(token[:-1], START) is None
    (row,) = accounts.tokens("press-7")
    accounts.revoke(row.id, START)
    assert accounts.of_token(token, START) is None
    with pytest.raises(UsageError):
        accounts.revoke(row.id, START)


@pytest.mark.parametrize("role", Role)
def test_a_role_gives_tokens_for_its_own_scopes_only(accounts: Accounts, role: Role) -> None:
    name = f"scopes-{role}"
    accounts.add(name, "見本", role, CITY if role is Role.CITY else "", START)
    for scope in Scope:
        if scope in SCOPES_OF[role]:
            assert accounts.add_token(name, "t", [scope], 1, START)
        else:
            with pytest.raises(UsageError):
                accounts.add_token(name, "t", [scope, SCOPES_OF[role][0]], 1, START)
    for none in ([], ["everything"]):
        with pytest.raises(UsageError):
            accounts.add_token(name, "t", none, 1, START)


# Public keys


def pub(folder: Path, text: str) -> Path:
    (folder / "key.pub").write_text(text, encoding="utf-8")
    return folder / "key.pub"


def ssh(algorithm: str = "ssh-ed25519", **options: int) -> str:
    return asyncssh.generate_private_key(algorithm, comment="mihon@press", **options).export_public_key().decode()


def test_public_keys_of_both_kinds_are_read_and_the_comment_is_left_out(tmp_path: Path) -> None:
    kind, value = keys.read(pub(tmp_path, ssh()))
    assert (kind, value.split()[0], len(value.split())) == ("ssh", "ssh-ed25519", 2)
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    assert keys.read(pub(tmp_path, f"# created: today\n{recipient}\n")) == ("age", recipient)
    assert keys.read(pub(tmp_path, ssh("ssh-rsa", key_size=2048)))[0] == "ssh"
    assert keys.read(pub(tmp_path, ssh("ecdsa-sha2-nistp256")))[0] == "ssh"


def test_what_is_no_public_key_is_refused_and_a_private_one_by_name(tmp_path: Path) -> None:
    private = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    identity = str(pyrage.x25519.Identity.generate())
    for text in (private, identity):
        with pytest.raises(BadInput, match="秘密鍵"):
            keys.read(pub(tmp_path, text))
    for text in ("", "x", "age1x", "ssh-ed25519 AAAA", ssh() + ssh(), f'command="id" {ssh()}', "鍵", "\0" * 99):
        with pytest.raises(BadInput):
            keys.read(pub(tmp_path, text))
    with pytest.raises(BadInput):
        keys.read(tmp_path / "nothing")


def test_a_weak_key_is_refused(tmp_path: Path) -> None:
    for weak in (ssh("ssh-rsa", key_size=1_024), ssh("ssh-dss")):
        with pytest.raises(BadInput, match="弱すぎ"):
            keys.read(pub(tmp_path, weak))


def test_a_key_that_was_removed_is_good_again_when_it_is_noted_again(accounts: Accounts) -> None:
    accounts.add("press-6", "見本", "vendor", "", START)
    for _ in range(2):
        accounts.add_key("press-6", "ssh", "ssh-ed25519 AAAA", START)
        holder = accounts.of_key_holder("press-6", "ssh")
        assert holder is not None
        assert (holder[0].via, holder[1]) == ("sftp", ["ssh-ed25519 AAAA"])
        assert accounts.remove_keys("press-6", "ssh", START) == 1
        assert accounts.of_key_holder("press-6", "ssh") == (holder[0], [])
    assert accounts.remove_keys("press-6", "age", START) == 0


# What is kept


def test_a_guess_at_a_password_that_was_stolen_as_a_hash_is_dear() -> None:
    """OWASP's least for argon2id is 19 MiB and two passes. A name that does not exist takes as long as another."""
    of_nobody, of_all = (argon2.extract_parameters(hashed) for hashed in IN_EARNEST)
    assert (of_all.type, of_all.memory_cost >= 19 * 1024, of_all.time_cost >= 2) == (argon2.Type.ID, True, True)
    assert of_nobody == of_all


def test_nothing_that_opens_the_door_is_in_the_database(accounts: Accounts, database: Path, fresh: Person) -> None:
    cookie = fresh.enter()
    token = accounts.add_token(fresh.name, "t", ["runs"], 9, fresh.now)
    who = fresh.who(cookie)
    assert who is not None
    accounts.change_password(who, fresh.password, "a much better one", fresh.now)
    with closing(sqlite3.connect(database)) as open_database:
        dump = "\n".join(open_database.iterdump())
    assert fresh.name in dump
    raw = b"".join(path.read_bytes() for path in database.parent.iterdir())
    for secret in (fresh.password, "a much better one", fresh.secret, cookie, token, token.removeprefix("pj_")):
        assert secret not in dump
        assert secret.encode() not in raw


def test_another_operators_secret_makes_other_codes(accounts: Accounts, lead: Person) -> None:
    elsewhere = Accounts(accounts._engine, b"another operator's secret, as long as ours")
    lead.now += timedelta(minutes=1)
    with pytest.raises(Denied):
        elsewhere.enter("lead", lead.password, lead.code, lead.now)
    lead.enter()
