"""What the pages of a run's cost are made from: the bill as it stands, in plain values, and what was expected."""

from __future__ import annotations

from typing import Any, NamedTuple

from printjobs.core.cost.bill import Bill
from printjobs.core.cost.settlement import ISSUERS, Difference, differences
from printjobs.core.cost.statements import Statement, statements
from printjobs.core.model import RunStatus
from printjobs.pipeline import Context, costing, invoicing
from printjobs.pipeline.costing import EXPECTED, Costed
from printjobs.pipeline.explaining import Why, explained, with_more_time
from printjobs.pipeline.invoicing import Compared
from printjobs.pipeline.statement_parts import by_group, city_name

from .shares import Payment


class Reckoned(NamedTuple):
    """``values`` is the contract's object, as ``printjobs cost RUN --json`` tells it; ``mail`` is by posting.

    ``why``: of each whole posting; ``later``: what a longer delay would save. ``expected`` is None as long as nothing
    else is known. ``invoices``: of a closed run, by issuer.
    """

    costed: Costed
    values: dict[str, Any]
    mail: tuple[Statement, ...]
    why: tuple[Why, ...]
    later: tuple[str, ...]
    expected: Bill | None
    differences: tuple[Difference, ...]
    invoices: tuple[Compared, ...]

    def of_city(self, city: str) -> dict[str, Any] | None:
        """A city's part of the values; None when it has none in this run."""
        return next((own for own in self.values["cities"] if own["code"] == city), None)

    def mail_of(self, city: str) -> list[Statement]:
        """The postings that a city's pieces go with."""
        return [one for one in self.mail if any(sender.city == city for sender in one.senders)]

    def why_of(self, city: str) -> tuple[Why, ...]:
        """The reasons of these postings; of what goes without a discount, the city's own part."""
        return explained((one.posting for one in self.mail_of(city)), self.costed.case)

    def payments(self) -> dict[str, Payment]:
        """What each city pays, for the picture and the table, by its code."""
        return {
            own.code: Payment(city_name(own.code), tuple(by_group(own.items).values()), own.alone_yen)
            for own in self.costed.bill.cities
        }


def reckon(context: Context, run_id: str) -> Reckoned:
    costed = costing.cost(context, run_id)
    case, mail = costed.case, costed.case.mail
    expected = None if costed.stage == EXPECTED else costing.estimate(context, run_id).bill
    run = context.run(run_id)
    closed = run.status == RunStatus.CLOSED
    return Reckoned(
        costed,
        costing.as_values(costed),
        tuple(statements(case)),
        explained(mail.postings, case),
        with_more_time(run, case),
        expected,
        differences(expected, costed.bill) if expected else (),
        tuple(invoicing.compared(context, run_id, issuer) for issuer in ISSUERS) if closed else (),
    )
