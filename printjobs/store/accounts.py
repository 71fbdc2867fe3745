"""Accounts, their keys, sessions and tokens. What is secret comes here as a hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from .dealings import Account, AccountKey, ApiToken, WebSession
from .models import columns
from .runs import Record

_A, _K, _S, _T = columns(Account), columns(AccountKey), columns(WebSession), columns(ApiToken)


def add(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Record an account; None when its name is taken."""
    try:
        with connection.begin_nested():
            return int(connection.execute(insert(Account).values(**values).returning(_A.id)).scalar_one())
    except IntegrityError:
        return None


def find(connection: Connection, name: str) -> Record | None:
    return connection.execute(select(*_A).where(_A.name == name)).one_or_none()


def by_id(connection: Connection, account_id: int) -> Record:
    return connection.execute(select(*_A).where(_A.id == account_id)).one()


def lock(connection: Connection, account_id: int) -> Record:
    """An account, held still until the transaction ends: two who try a code at once try one after the other."""
    return connection.execute(select(*_A).where(_A.id == account_id).with_for_update()).one()


def everyone(connection: Connection) -> Sequence[Record]:
    return connection.execute(select(*_A).order_by(_A.name)).all()


def change(connection: Connection, account_id: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(Account).where(_A.id == account_id).values(**values))


def add_key(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(AccountKey).values(**values))


def keys(connection: Connection, account_id: int, kind: str) -> Sequence[Record]:
    """Public keys of a kind that an account has had, in the order they came, removed ones included."""
    where = (_K.account_id == account_id, _K.kind == kind)
    return connection.execute(select(*_K).where(*where).order_by(_K.id)).all()


def party_keys(connection: Connection, role: str, party: str, kind: str) -> list[str]:
    """The good keys of a kind of everybody of a party whose account is open, in order."""
    where = (_A.role == role, _A.party == party, _A.disabled_at.is_(None), _K.kind == kind, _K.removed_at.is_(None))
    query = select(_K.value).join(Account, _K.account_id == _A.id).where(*where)
    return list(connection.execute(query.distinct().order_by(_K.value)).scalars())


def change_key(connection: Connection, key_id: int, removed_at: datetime | None) -> None:
    connection.execute(update(AccountKey).where(_K.id == key_id).values(removed_at=removed_at))


def open_session(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(WebSession).values(**values))


def session(connection: Connection, sha256: str) -> Record | None:
    """A session with its account, by the SHA-256 of its cookie."""
    query = select(_S.csrf, _S.opened_at, _S.seen_at, _S.ended_at, *_A).join(Account, _S.account_id == _A.id)
    return connection.execute(query.where(_S.sha256 == sha256)).one_or_none()


def see_session(connection: Connection, sha256: str, at: datetime) -> None:
    connection.execute(update(WebSession).where(_S.sha256 == sha256).values(seen_at=at))


def end_session(connection: Connection, sha256: str, at: datetime) -> None:
    connection.execute(update(WebSession).where(_S.sha256 == sha256, _S.ended_at.is_(None)).values(ended_at=at))


def end_sessions(connection: Connection, account_id: int, at: datetime, but: str = "") -> None:
    """End every session of an account, except the one whose forms carry ``but``."""
    where = (_S.account_id == account_id, _S.ended_at.is_(None), _S.csrf != but)
    connection.execute(update(WebSession).where(*where).values(ended_at=at))


def add_token(connection: Connection, values: Mapping[str, Any]) -> int:
    return int(connection.execute(insert(ApiToken).values(**values).returning(_T.id)).scalar_one())


def token(connection: Connection, sha256: str) -> Record | None:
    """A token with its account, by its SHA-256."""
    query = select(_T.scopes, _T.expires_at, _T.revoked_at, *_A).join(Account, _T.account_id == _A.id)
    return connection.execute(query.where(_T.sha256 == sha256)).one_or_none()


def tokens(connection: Connection, account_id: int) -> Sequence[Record]:
    return connection.execute(select(*_T).where(_T.account_id == account_id).order_by(_T.id)).all()


def revoke_token(connection: Connection, token_id: int, at: datetime) -> bool:
    where = (_T.id == token_id, _T.revoked_at.is_(None))
    return connection.execute(update(ApiToken).where(*where).values(revoked_at=at)).rowcount > 0


def revoke_tokens(connection: Connection, account_id: int, at: datetime) -> None:
    """Revoke every token of an account."""
    where = (_T.account_id == account_id, _T.revoked_at.is_(None))
    connection.execute(update(ApiToken).where(*where).values(revoked_at=at))
