"""The access matrix: one table of endpoint and role. A route without a row does not start; a test walks every cell.

OWN means: of a city, what is under its own code; of a vendor, runs that it prints. Another's answers 404, as if it
were not there; what a role may not call at all answers 403.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from printjobs.core.access import Reach, Role, Scope

_NONE, _OWN, _ALL = Reach.NONE, Reach.OWN, Reach.ALL
_BATCHES, _REPORTS, _HANDIN, _AUDIT, _RUNS = (frozenset({scope}) for scope in Scope)
_ANY = frozenset(Scope)


class Body(Enum):
    """What the body of a request holds at most: a megabyte of fields, a photograph, or files up to the setting."""

    FIELDS = "fields"
    PHOTO = "photo"
    FILES = "files"


class Row(NamedTuple):
    """Who reaches an endpoint how far. ``scopes``: a token needs one of them; none where only a person will do."""

    lead: Reach
    vendor: Reach
    city: Reach
    auditor: Reach
    scopes: frozenset[Scope] = frozenset()
    body: Body = Body.FIELDS

    def of(self, role: Role) -> Reach:
        return Reach(getattr(self, role))


# Without anybody's name: the door itself, and whether the service lives.
PUBLIC = frozenset({"static", "font", "login", "login_submit", "health"})

# fmt: off
MATRIX: Mapping[str, Row] = MappingProxyType({
    #                               lead   vendor city   auditor
    # Everybody's own things
    "home":                     Row(_ALL,  _ALL,  _ALL,  _ALL),
    "logout":                   Row(_ALL,  _ALL,  _ALL,  _ALL),
    "account":                  Row(_ALL,  _ALL,  _ALL,  _ALL),
    "account_password":         Row(_ALL,  _ALL,  _ALL,  _ALL),
    # Runs, as the lead works on them and the auditor counts them
    "run":                      Row(_ALL,  _NONE, _NONE, _ALL),
    "run_new":                  Row(_ALL,  _NONE, _NONE, _NONE),
    "run_open":                 Row(_ALL,  _NONE, _NONE, _NONE),
    "run_go":                   Row(_ALL,  _NONE, _NONE, _NONE),
    "run_events":               Row(_ALL,  _NONE, _NONE, _NONE),
    "run_cutoff":               Row(_ALL,  _NONE, _NONE, _NONE),
    "run_reprint":              Row(_ALL,  _NONE, _NONE, _NONE),
    "release_ask":              Row(_ALL,  _NONE, _NONE, _NONE),
    "release_confirm":          Row(_ALL,  _NONE, _NONE, _NONE),
    "release_withdraw":         Row(_ALL,  _NONE, _NONE, _NONE),
    "journal":                  Row(_ALL,  _NONE, _NONE, _ALL),
    "api.openapi":              Row(_ALL,  _ALL,  _ALL,  _ALL,  _ANY),
    "api.key":                  Row(_ALL,  _ALL,  _ALL,  _ALL,  _ANY),
    "api.runs":                 Row(_ALL,  _OWN,  _ALL,  _ALL,  _ANY),
    "api.run":                  Row(_ALL,  _NONE, _NONE, _ALL,  _AUDIT),
    "api.progress":             Row(_ALL,  _NONE, _NONE, _ALL,  _AUDIT),
    "api.go":                   Row(_ALL,  _NONE, _NONE, _NONE, _RUNS),
    # A city's hand-in and proof; only the city itself signs
    "city":                     Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_handin":              Row(_ALL,  _NONE, _OWN,  _NONE, body=Body.FILES),
    "city_problems":            Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_problem_picture":     Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_list":                Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_proof":               Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_proof_make":          Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_proof_pdf":           Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_proof_picture":       Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_approve":             Row(_NONE, _NONE, _OWN,  _NONE),
    "api.handin":               Row(_ALL,  _NONE, _OWN,  _NONE, _HANDIN, body=Body.FILES),
    "api.problems":             Row(_ALL,  _NONE, _OWN,  _NONE, _HANDIN),
    # The audit: an auditor sees counts, and no notice
    "city_audit":               Row(_ALL,  _NONE, _OWN,  _ALL),
    "city_notices":             Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_notice_search":       Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_notice":              Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_notice_page":         Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_notice_copy":         Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_audit_csv":           Row(_ALL,  _NONE, _OWN,  _NONE, _AUDIT),
    "city_audit_pdf":           Row(_ALL,  _NONE, _OWN,  _NONE, _AUDIT),
    "city_signoff":             Row(_NONE, _NONE, _OWN,  _NONE),
    "city_proof_json":          Row(_NONE, _NONE, _OWN,  _NONE, _AUDIT),
    "api.figures":              Row(_ALL,  _NONE, _OWN,  _NONE, _AUDIT),
    "api.notices":              Row(_ALL,  _NONE, _OWN,  _NONE, _AUDIT),
    "api.notice":               Row(_ALL,  _NONE, _OWN,  _NONE, _AUDIT),
    # Costs: an auditor sees the council's counts and yen, a city its own part with rule and basis
    "run_cost":                 Row(_ALL,  _NONE, _NONE, _ALL),
    "run_statement":            Row(_ALL,  _NONE, _NONE, _ALL),
    "run_postings":             Row(_ALL,  _OWN,  _NONE, _NONE),
    "city_cost":                Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_statement":           Row(_ALL,  _NONE, _OWN,  _NONE),
    "year_cost":                Row(_ALL,  _NONE, _NONE, _ALL),
    "city_year_cost":           Row(_ALL,  _NONE, _OWN,  _NONE),
    "year_statements":          Row(_ALL,  _NONE, _NONE, _ALL),
    "city_year_statement":      Row(_ALL,  _NONE, _OWN,  _NONE),
    "api.cost":                 Row(_ALL,  _NONE, _NONE, _ALL,  _AUDIT),
    "api.city_cost":            Row(_ALL,  _NONE, _OWN,  _NONE, _AUDIT),
    # Pulls and returned mail
    "city_pulls":               Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_pull":                Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_returns":             Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_return":              Row(_ALL,  _NONE, _OWN,  _NONE, body=Body.PHOTO),
    "api.pull":                 Row(_ALL,  _NONE, _OWN,  _NONE, _HANDIN),
    "api.return":               Row(_ALL,  _NONE, _OWN,  _NONE, _HANDIN),
    # The vendor's work; the lead sees it, and may bring in a report that came by hand
    "work":                     Row(_ALL,  _OWN,  _NONE, _NONE),
    "work_stage":               Row(_NONE, _OWN,  _NONE, _NONE),
    "work_report":              Row(_ALL,  _OWN,  _NONE, _NONE, body=Body.FILES),
    "work_findings":            Row(_ALL,  _OWN,  _NONE, _NONE),
    "work_pulls":               Row(_ALL,  _OWN,  _NONE, _NONE),
    "api.batches":              Row(_NONE, _OWN,  _NONE, _NONE, _BATCHES),
    "api.lease":                Row(_NONE, _OWN,  _NONE, _NONE, _BATCHES),
    "api.files":                Row(_NONE, _OWN,  _NONE, _NONE, _BATCHES),
    "api.file":                 Row(_NONE, _OWN,  _NONE, _NONE, _BATCHES),
    "api.receipt":              Row(_NONE, _OWN,  _NONE, _NONE, _BATCHES),
    "api.report_submit":        Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS, body=Body.FILES),
    "api.reports":              Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS),
    "api.report":               Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS),
    "api.upload_begin":         Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS),
    "api.upload":               Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS),
    "api.upload_part":          Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS, body=Body.FILES),
    "api.upload_finish":        Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS),
    "api.scan":                 Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS),
    "api.stage":                Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS),
    "api.pulls":                Row(_NONE, _OWN,  _NONE, _NONE, _REPORTS),
})
# fmt: on
