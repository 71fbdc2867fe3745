"""The access matrix: one table of endpoint and role. A route without a row does not start; a test walks every cell.

OWN means: of a city, what is under its own code; of a vendor, runs that it prints. Another's answers 404, as if it
were not there; what a role may not call at all answers 403.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from printjobs.core.access import Reach, Role, Scope

_NONE, _OWN, _ALL = Reach.NONE, Reach.OWN, Reach.ALL


class Row(NamedTuple):
    """Who reaches an endpoint how far. ``scope``: what a token needs, None where only a person's session will do.

    ``upload``: its body may be as large as the setting says, others a megabyte.
    """

    lead: Reach
    vendor: Reach
    city: Reach
    auditor: Reach
    scope: Scope | None = None
    upload: bool = False

    def of(self, role: Role) -> Reach:
        return Reach(getattr(self, role))


# Without anybody's name: the door itself, and whether the service lives.
PUBLIC = frozenset({"static", "login", "login_submit", "health"})

# fmt: off
MATRIX: Mapping[str, Row] = MappingProxyType({
    #                               lead   vendor city   auditor
    # Everybody's own things
    "home":                     Row(_ALL,  _ALL,  _ALL,  _ALL),
    "logout":                   Row(_ALL,  _ALL,  _ALL,  _ALL),
    "account":                  Row(_ALL,  _ALL,  _ALL,  _ALL),
    "account_password":         Row(_ALL,  _ALL,  _ALL,  _ALL),
    "api.openapi":              Row(_ALL,  _ALL,  _ALL,  _ALL),
    "api.key":                  Row(_ALL,  _ALL,  _ALL,  _ALL),
    # Runs, as the lead works on them and the auditor counts them
    "run":                      Row(_ALL,  _NONE, _NONE, _ALL),
    "journal":                  Row(_ALL,  _NONE, _NONE, _ALL),
    # A city's hand-in and proof; only the city itself signs
    "city":                     Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_handin":              Row(_ALL,  _NONE, _OWN,  _NONE, upload=True),
    "city_problems":            Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_problem_picture":     Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_list":                Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_proof":               Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_proof_make":          Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_proof_pdf":           Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_proof_picture":       Row(_ALL,  _NONE, _OWN,  _NONE),
    "city_approve":             Row(_NONE, _NONE, _OWN,  _NONE),
    # Batches, as the vendor takes them
    "api.batches":              Row(_NONE, _OWN,  _NONE, _NONE, Scope.BATCHES),
    "api.lease":                Row(_NONE, _OWN,  _NONE, _NONE, Scope.BATCHES),
    "api.files":                Row(_NONE, _OWN,  _NONE, _NONE, Scope.BATCHES),
    "api.file":                 Row(_NONE, _OWN,  _NONE, _NONE, Scope.BATCHES),
    "api.receipt":              Row(_NONE, _OWN,  _NONE, _NONE, Scope.BATCHES),
})
# fmt: on
