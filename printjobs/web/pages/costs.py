"""What a run costs: for the council as a whole, and for each city its own part with rule and basis."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from printjobs.core.cost.bill import GROUP_WORDS, Case
from printjobs.core.cost.settlement import FAULT_WORDS, ISSUERS
from printjobs.core.model import Refused
from printjobs.pipeline import posting_papers
from printjobs.pipeline.costing import STAGE_WORDS
from printjobs.reference import costs
from printjobs.store import ledger
from printjobs.store.runs import Record
from printjobs.web.desk import Desk
from printjobs.web.guard import At
from printjobs.web.reckoning import Reckoned
from printjobs.web.shares import picture
from printjobs.web.showing import page

from .files import TYPES, PaperForm, attachment, packed

router = APIRouter(include_in_schema=False, prefix="/runs/{run}")


@router.get("/cost", name="run_cost")
def run_cost(request: Request, at: At, run: str) -> Response:
    found, row = at.cost(run), at.context.run(run)
    payments = found.payments()
    charges = _charges(at, run)
    return page(
        request,
        "cost_run.html",
        run=row,
        year=costs.fiscal_year(row.mailing_date),
        cost=found.values,
        tables=_tables(found.costed.case),
        stage=STAGE_WORDS[found.costed.stage],
        groups=GROUP_WORDS,
        payments=payments,
        sums=[sum(parts) for parts in zip(*(one.parts for one in payments.values()), strict=True)],
        picture=picture(tuple(payments.values()), found.values["invoice_yen"]),
        mail=found.mail,
        why=found.why,
        later=found.later,
        expected=found.expected,
        beside=_beside(found),
        differences=found.differences,
        invoices=found.invoices,
        issuers=ISSUERS,
        fault_words=FAULT_WORDS,
        settled_yen=sum(c.yen for c in charges if not c.reason),
        charges=[c for c in charges if c.reason],
    )


def _charges(at: Desk, run: str) -> list[Record]:
    with at.context.engine.connect() as connection:
        return list(ledger.charges(connection, run))


def _tables(case: Case) -> dict[str, str]:
    """The dated tables that a case was reckoned by, with the day from which each is in force."""
    return {
        "単価表": case.tariff.valid_from, "按分の取決め": case.rules.valid_from, "郵便料金表": case.table.valid_from,
    }  # fmt: skip


def _beside(found: Reckoned) -> list[dict[str, Any]]:
    """Every city's expected notices and yen beside those of now; a city may be in one of the two only."""
    if found.expected is None:
        return []
    before = {c.code: (c.notices, c.total_yen) for c in found.expected.cities}
    now = {c.code: (c.notices, c.total_yen) for c in found.costed.bill.cities}
    return [
        dict(zip(("expected_notices", "expected_yen"), before.get(code, (0, 0)), strict=True))
        | dict(zip(("notices", "yen"), now.get(code, (0, 0)), strict=True), code=code)
        for code in sorted({*before, *now})
    ]


@router.get("/statement.{form}", name="run_statement")
def run_statement(at: At, run: str, form: PaperForm) -> Response:
    """The council's total of a closed run."""
    return _statement(at, run, "total", form)


@router.get("/cities/{city}/statement.{form}", name="city_statement")
def city_statement(at: At, run: str, city: str, form: PaperForm) -> Response:
    return _statement(at, run, city, form)


def _statement(at: Desk, run: str, whose: str, form: PaperForm) -> Response:
    key = f"statements/{run}/{whose}.{form}"
    if not at.context.files.exists(key):
        raise Refused("負担金明細書はありません。回を締めた後で、その回に加わった市のものができます。")
    headers = attachment(f"statement-{run}-{whose}.{form}")
    return Response(at.context.files.read(key), media_type=TYPES[form], headers=headers)


@router.get("/postings.zip", name="run_postings")
def run_postings(at: At, run: str) -> Response:
    """All papers for the posting office, by the counts of now."""
    found = posting_papers.postings(at.context, run)
    papers: dict[str, bytes] = {}
    with at.paper:
        posting_papers.write(at.context, found, papers.__setitem__)
    return Response(packed(papers), media_type="application/zip", headers=attachment(f"postings-{run}.zip"))


@router.get("/cities/{city}/cost", name="city_cost")
def city_cost(request: Request, at: At, run: str, city: str) -> Response:
    found, row = at.cost(run), at.context.run(run)
    own, invoice = found.of_city(city), found.values["invoice_yen"]
    before = {c.code: c.total_yen for c in found.expected.cities} if found.expected else {}
    return page(
        request,
        "cost_city.html",
        run=row,
        city=city,
        year=costs.fiscal_year(row.mailing_date),
        own=own,
        invoice_yen=invoice,
        expected_yen=before.get(city),
        tables=_tables(found.costed.case),
        stage=STAGE_WORDS[found.costed.stage],
        groups=GROUP_WORDS,
        picture=picture((found.payments()[city],), invoice) if own else "",
        charges=[c for c in _charges(at, run) if c.reason and c.city == city],
        mail=found.mail_of(city),
        why=found.why_of(city),
    )
