"""Who may come in: passwords (argon2), one-time codes (TOTP, RFC 6238), browser sessions, API tokens, public keys.

What is secret is kept as a hash only. Whatever is wrong at the door, the answer is the same sentence.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from unicodedata import normalize

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine

from printjobs import reference
from printjobs.core.access import Identity, Role, Scope
from printjobs.core.model import BadInput, Refused, UsageError
from printjobs.store import accounts as rows
from printjobs.store import writing
from printjobs.store.runs import Record

ISSUER = "printjobs"
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=10)  # of a session: without a request, and at all
_TRIES, _LOCKED = 5, timedelta(minutes=15)
_SEEN_EVERY = timedelta(minutes=1)  # a session's last request is not written more often
_STEP_S = 30
_MARKED = "pj_"  # so that a token is seen as one where it does not belong
_NAME_LENGTH, _PASSWORD_LENGTH = 40, 12
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_hex(16))  # a name that does not exist takes as long as one that does


class Denied(Refused):
    """Nobody comes in with this. The sentence does not say which part was wrong."""

    def __init__(self) -> None:
        super().__init__(
            "名前、パスワード、確認コードのどれかが違います。"
            f"{_TRIES}回続けて間違えると{_LOCKED.seconds // 60}分間入れなくなります。"
        )


class Opened(NamedTuple):
    """A new account, and what its person needs once: the password and the link for the authenticator app."""

    name: str
    role: str
    party: str
    password: str
    otpauth: str


class Accounts:
    """Accounts in a database. ``secret`` is the operator's; one-time code secrets are derived from it."""

    def __init__(self, engine: Engine, secret: bytes) -> None:
        self._engine = engine
        self._secret = secret

    # Making and ending accounts.

    def add(self, name: str, shown: str, role: str, party: str, now: datetime) -> Opened:
        """A new account with a password of ours. Raises :class:`UsageError` for what cannot be one."""
        known, party = _role(role), _party(role, party)
        if not _is_name(name):
            raise UsageError(f"利用者の名前は、半角の英数字と - _ で{_NAME_LENGTH}字以内にしてください。")
        if not shown.strip() or len(shown) > _NAME_LENGTH:
            raise UsageError(f"表示する氏名は1字以上{_NAME_LENGTH}字以内で入れてください。")
        password, salt = secrets.token_urlsafe(15), secrets.token_hex(16)
        values = {
            "name": name, "shown": shown.strip(), "role": known, "party": party, "created_at": now,
            "password_hash": _HASHER.hash(password), "totp_salt": salt, "totp_step": 0, "failures": 0,
        }  # fmt: skip
        with writing(self._engine) as connection:
            if rows.add(connection, values) is None:
                raise UsageError(f"利用者 {name} はすでにあります。別の名前にしてください。")
        return Opened(name, known, party, password, self._otpauth(name, salt))

    def renew(self, name: str, now: datetime) -> Opened:
        """A new password and one-time code secret for who lost them; sessions end and tokens are revoked."""
        password, salt = secrets.token_urlsafe(15), secrets.token_hex(16)
        with writing(self._engine) as connection:
            row = _known(connection, name)
            values = {"password_hash": _HASHER.hash(password), "totp_salt": salt, "totp_step": 0, "failures": 0}
            rows.change(connection, row.id, values | {"locked_until": None})
            rows.end_sessions(connection, row.id, now)
            rows.revoke_tokens(connection, row.id, now)
        return Opened(name, row.role, row.party, password, self._otpauth(name, salt))

    def disable(self, name: str, now: datetime) -> None:
        """Shut an account: its sessions end and its tokens are revoked in the same moment."""
        with writing(self._engine) as connection:
            row = _known(connection, name)
            if row.disabled_at is None:
                rows.change(connection, row.id, {"disabled_at": now})
            rows.end_sessions(connection, row.id, now)
            rows.revoke_tokens(connection, row.id, now)

    def change_password(self, who: Identity, old: str, new: str, now: datetime) -> None:
        """A person's own new password; whatever else of the account was open ends.

        Raises :class:`Denied`, and counts the failure as at the door, when the old one is wrong: an open browser that
        somebody found is no place to try passwords.
        """
        if len(new) < _PASSWORD_LENGTH or new == old:
            raise BadInput(f"新しいパスワードは{_PASSWORD_LENGTH}字以上で、前と違うものにしてください。")
        with self._engine.connect() as connection:
            before = rows.by_id(connection, who.account)
        right, hashed = _is_password(before.password_hash, old), _HASHER.hash(new)
        with writing(self._engine) as connection:
            row = rows.lock(connection, who.account)
            right = right and row.password_hash == before.password_hash and not _is_locked(row, now)
            if right:
                rows.change(connection, row.id, {"password_hash": hashed, "failures": 0})
                rows.end_sessions(connection, row.id, now, but=who.csrf)
            else:
                _count_failure(connection, row, now)
        if not right:
            raise Denied

    def everyone(self) -> Sequence[Record]:
        with self._engine.connect() as connection:
            return rows.everyone(connection)

    # Coming in with a browser.

    def enter(self, name: str, password: str, code: str, now: datetime) -> tuple[str, Identity]:
        """A new session: its cookie and who it is. Raises :class:`Denied`, and counts the failure, otherwise."""
        with self._engine.connect() as connection:
            row = _find(connection, name)
        right = _is_password(row.password_hash if row else _NOBODY, password)
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        entered = False
        with writing(self._engine) as connection:
            if row is not None:
                row = rows.lock(connection, row.id)
                step = self._step(row, code, now)
                if right and step and row.disabled_at is None and not _is_locked(row, now):
                    rows.change(connection, row.id, {"totp_step": step, "failures": 0, "locked_until": None})
                    values = {"sha256": _digest(cookie), "account_id": row.id, "csrf": csrf}
                    rows.open_session(connection, values | {"opened_at": now, "seen_at": now})
                    entered = True
                else:
                    _count_failure(connection, row, now)
        if not entered or row is None:
            raise Denied
        return cookie, _identity(row, "session", csrf=csrf)

    def of_session(self, cookie: str, now: datetime, *, seen: bool = True) -> Identity | None:
        """Who a cookie belongs to, while its session lasts; ``seen``: that is somebody at work, so it goes on."""
        digest = _digest(cookie)
        with self._engine.connect() as connection:
            row = rows.session(connection, digest)
        if row is None or row.ended_at or row.disabled_at:
            return None
        if now - _aware(row.seen_at) > IDLE or now - _aware(row.opened_at) > LONGEST:
            return None
        if seen and now - _aware(row.seen_at) > _SEEN_EVERY:
            with writing(self._engine) as connection:
                rows.see_session(connection, digest, now)
        return _identity(row, "session", csrf=row.csrf)

    def leave(self, cookie: str, now: datetime) -> None:
        with writing(self._engine) as connection:
            rows.end_session(connection, _digest(cookie), now)

    # Machines.

    def add_token(self, name: str, label: str, scopes: Iterable[str], days: int, now: datetime) -> str:
        """A token for an account, shown this once. Raises :class:`UsageError` for a scope that its role has not."""
        wanted = sorted(set(scopes))
        with writing(self._engine) as connection:
            row = _known(connection, name)
            may = {str(scope) for scope in SCOPES_OF[Role(row.role)]}
            if not wanted or not set(wanted) <= may:
                raise UsageError(f"{name} のトークンに選べる範囲は {'、'.join(sorted(may))} です。")
            if row.disabled_at:
                raise Refused(f"利用者 {name} は止めてあります。")
            token = _MARKED + secrets.token_urlsafe(32)
            values = {"account_id": row.id, "name": label, "sha256": _digest(token), "scopes": " ".join(wanted)}
            rows.add_token(connection, values | {"created_at": now, "expires_at": now + timedelta(days=days)})
        return token

    def tokens(self, name: str) -> Sequence[Record]:
        with self._engine.connect() as connection:
            return rows.tokens(connection, _known(connection, name).id)

    def revoke(self, token_id: int, now: datetime) -> None:
        with writing(self._engine) as connection:
            if not rows.revoke_token(connection, token_id, now):
                raise UsageError(f"使えるトークン {token_id} はありません。user tokens で番号を確かめてください。")

    def of_token(self, token: str, now: datetime) -> Identity | None:
        """Who a token belongs to, while it is good."""
        with self._engine.connect() as connection:
            row = rows.token(connection, _digest(token))
        if row is None or row.revoked_at or row.disabled_at or _aware(row.expires_at) <= now:
            return None
        return _identity(row, "token", frozenset(row.scopes.split()))

    # Public keys.

    def add_key(self, name: str, kind: str, value: str, now: datetime) -> None:
        """Note a public key (``ssh`` or ``age``, already checked); one that was removed is good again."""
        with writing(self._engine) as connection:
            row = _known(connection, name)
            before = [key for key in rows.keys(connection, row.id, kind) if key.value == value]
            if before:
                rows.change_key(connection, before[0].id, None)
            else:
                rows.add_key(connection, {"account_id": row.id, "kind": kind, "value": value, "added_at": now})

    def remove_keys(self, name: str, kind: str, now: datetime) -> int:
        """Remove an account's keys of a kind; how many there were."""
        with writing(self._engine) as connection:
            row = _known(connection, name)
            standing = [key for key in rows.keys(connection, row.id, kind) if key.removed_at is None]
            for key in standing:
                rows.change_key(connection, key.id, now)
        return len(standing)

    def keys(self, account_id: int, kind: str) -> list[str]:
        """An account's keys of a kind that are good."""
        with self._engine.connect() as connection:
            return [key.value for key in rows.keys(connection, account_id, kind) if key.removed_at is None]

    def of_key_holder(self, name: str, kind: str) -> tuple[Identity, list[str]] | None:
        """An account that is open, with its keys of a kind; for the door that asks for one."""
        with self._engine.connect() as connection:
            row = _find(connection, name)
        if row is None or row.disabled_at:
            return None
        return _identity(row, "sftp"), self.keys(row.id, kind)

    # One-time codes.

    def _totp(self, name: str, salt: str) -> pyotp.TOTP:
        derived = hmac.digest(self._secret, f"totp {name} {salt}".encode(), "sha256")[:20]
        return pyotp.TOTP(base64.b32encode(derived).decode(), interval=_STEP_S)

    def _otpauth(self, name: str, salt: str) -> str:
        return self._totp(name, salt).provisioning_uri(name=name, issuer_name=ISSUER)

    def _step(self, row: Record, code: str, now: datetime) -> int:
        """The time step that a code is of: this one or a neighbour, and newer than any taken; 0 for none."""
        totp, current = self._totp(row.name, row.totp_salt), int(now.timestamp()) // _STEP_S
        typed = normalize("NFKC", code).replace(" ", "").encode()  # full-width, or in two groups as the app shows it
        for step in (current, current - 1, current + 1):
            if step > row.totp_step and hmac.compare_digest(totp.generate_otp(step).encode(), typed):
                return step
        return 0


SCOPES_OF = {
    Role.LEAD: (Scope.RUNS, Scope.AUDIT),
    Role.VENDOR: (Scope.BATCHES, Scope.REPORTS),
    Role.CITY: (Scope.HANDIN, Scope.AUDIT),
    Role.AUDITOR: (Scope.AUDIT,),
}


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum() and len(name) <= _NAME_LENGTH


def _find(connection: Connection, name: str) -> Record | None:
    """An account by what somebody typed; what can be no name is not asked of the database."""
    return rows.find(connection, name) if _is_name(name) else None


def _known(connection: Connection, name: str) -> Record:
    row = _find(connection, name)
    if row is None:
        raise UsageError(f"利用者 {name} はありません。user list で確かめてください。")
    return row


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise UsageError(f"役割 {role} はありません。次から選んでください: {'、'.join(Role)}") from None


def _party(role: str, party: str) -> str:
    """The city's code or the vendor's name that a role needs; the others have none."""
    if role == Role.CITY:
        return reference.city(party).code
    if role == Role.VENDOR:
        return party or reference.vendor().name
    if party:
        raise UsageError(f"役割 {role} に --party は付けられません。")
    return ""


def _identity(row: Record, via: str, scopes: frozenset[str] | None = None, csrf: str = "") -> Identity:
    return Identity(row.id, row.name, row.shown, Role(row.role), row.party, via, scopes, csrf)


def _is_password(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _is_locked(row: Record, now: datetime) -> bool:
    return row.locked_until is not None and _aware(row.locked_until) > now


def _count_failure(connection: Connection, row: Record, now: datetime) -> None:
    """One more failure of an account that is held still; the last one that is allowed locks it."""
    if _is_locked(row, now):
        return
    failures = row.failures + 1
    locked = {"locked_until": now + _LOCKED, "failures": 0} if failures >= _TRIES else {}
    rows.change(connection, row.id, {"failures": failures} | locked)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _aware(at: datetime) -> datetime:
    """SQLite forgets the zone, and what it keeps is UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
