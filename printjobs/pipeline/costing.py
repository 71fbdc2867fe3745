"""The bill of a run: volumes priced by the tables of its mailing day, split, and what each would pay alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from printjobs import reference
from printjobs.core.cost.bill import Bill, Case, JointCost, make_bill
from printjobs.core.cost.shapley import shapley, whole_yen
from printjobs.core.model import PieceStatus, Refused, SubmissionStatus
from printjobs.core.postage.posting import Route, Terms
from printjobs.store import ledger, production, runs
from printjobs.store.runs import Record

from .context import Context
from .scheduling import lawful_delay
from .settling import all_posted
from .volumes import case_of, expected_case, from_rows

PLANNED, SETTLED, EXPECTED = "planned", "settled", "expected"
STAGE_WORDS = {SETTLED: "確定（差出し実績）", PLANNED: "見込み（計画の数）", EXPECTED: "見込み（年間の予定件数）"}
_COUNTED = {
    SETTLED: frozenset({PieceStatus.MAILED}),
    PLANNED: frozenset(PieceStatus) - {PieceStatus.SUPERSEDED, PieceStatus.PULLED},
}


class Costed(NamedTuple):
    """A run's cost and what it was reckoned from.

    ``stage``: ``settled`` by what was mailed once all is, before that ``planned``, before the plan ``expected``.
    ``corrections``: yen that the ledger has beyond the bill, by city.
    """

    case: Case
    bill: Bill
    stage: str
    corrections: Mapping[str, int] = MappingProxyType({})

    @property
    def settled(self) -> bool:
        return self.stage == SETTLED


def cost(context: Context, run_id: str) -> Costed:
    """The cost of a run as far as it has come.

    :class:`Refused` when a run that was charged comes out otherwise now: whatever has been changed since, the ledger
    says what its cities owe.
    """
    run = context.run(run_id)
    with context.engine.connect() as connection:
        charges = ledger.charges(connection, run_id)
        counts = production.lot_counts(connection, run_id)
        terms = {p.number: Terms(Route(p.route), p.delay, p.regional) for p in production.postings(connection, run_id)}
        joined = {s.city for s in runs.submissions(connection, run_id) if s.status == SubmissionStatus.ACCEPTED}
    if not counts:
        return estimate(context, run_id)
    stage = SETTLED if all_posted(context, run_id) else PLANNED
    alike = from_rows(row for row in counts if row.status in _COUNTED[stage])
    case = case_of(run.mailing_date, sorted(joined), alike, terms, lawful_delay(run, run.postage_delay))
    costed = Costed(case, make_bill(case), stage, _corrections(charges))
    if charges and _charged(charges) != Counter((c.code, i.item, i.yen) for c in costed.bill.cities for i in c.items):
        raise Refused(
            f"回 {run_id} の負担金を計算し直すと、確定した台帳の額と違います。単価表・按分の取決め・郵便料金表・"
            "people.toml・vendor.toml を確定したときの中身に戻してください。"
            "新しい表は、確定した回の発送日より後の日付のファイルにします。"
        )
    return costed


def _charged(charges: Iterable[Record]) -> Counter[tuple[str, str, int]]:
    """What a run was charged when it was settled."""
    return Counter((row.city, row.item, row.yen) for row in charges if not row.reason)


def _corrections(charges: Iterable[Record]) -> dict[str, int]:
    corrected: Counter[str] = Counter()
    for row in charges:
        if row.reason:
            corrected[row.city] += row.yen
    return dict(corrected)


def estimate(context: Context, run_id: str) -> Costed:
    """What a run is expected to cost by the year's expected numbers of all members, whatever has become of it."""
    run = context.run(run_id)
    notices = {code: city.taxpayers.get(run.kind, 0) for code, city in reference.members(run.mailing_date).items()}
    case = expected_case(run.mailing_date, run.kind, notices, lawful_delay(run, run.postage_delay))
    return Costed(case, make_bill(case), EXPECTED)


def as_values(costed: Costed) -> dict[str, Any]:
    """The contract's cost object, as plain values."""
    made = costed.bill
    fair = whole_yen(shapley(costed.case.volumes, JointCost(costed.case)))
    return {
        "invoice_yen": made.invoice_yen,
        "cities": [
            {
                "code": c.code,
                "items": [msgspec.to_builtins(i) for i in c.items],
                "total_yen": c.total_yen,
                "alone_yen": c.alone_yen,
                "saving_yen": c.saving_yen,
                "corrections_yen": costed.corrections.get(c.code, 0),
                "notices": c.notices,
                "yardstick_yen": fair[c.code],
            }
            for c in made.cities
        ],
        "sum_ok": made.sum_ok,
        "settled": costed.settled,
        "stage": costed.stage,
        "lines": [line._asdict() for line in made.lines],
        "dearer": list(made.dearer),
    }
