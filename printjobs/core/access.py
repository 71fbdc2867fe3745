"""Roles, and how far each reaches. What each may call stands in the web's one table (``web/access.py``)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """Who somebody is to a run. An auditor sees counts and nothing personal."""

    LEAD = "lead"
    VENDOR = "vendor"
    CITY = "city"
    AUDITOR = "auditor"


class Reach(StrEnum):
    """How far a role reaches at one endpoint: not at all, to what is its own, or to everything."""

    NONE = "-"
    OWN = "own"
    ALL = "all"


class Scope(StrEnum):
    """What an API token is good for; an account's browser session is good for all of its role."""

    BATCHES = "batches"  # the vendor takes batches
    REPORTS = "reports"  # the vendor reports
    HANDIN = "handin"  # a city hands in
    AUDIT = "audit"  # figures, lists and history are read
    RUNS = "runs"  # the lead works on runs


class Identity(NamedTuple):
    """Who a request comes from. ``party`` is the city's code or the vendor's name; ``via`` session, token or sftp.

    ``scopes`` are a token's, None for a person. ``csrf`` is what a session's forms carry.
    """

    account: int
    name: str
    shown: str
    role: Role
    party: str
    via: str
    scopes: frozenset[str] | None = None
    csrf: str = ""
