"""What a fiscal year costs: the council by run, city and month, and each city its own."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from printjobs.core.cost.bill import GROUP_WORDS
from printjobs.core.kinds import KINDS
from printjobs.pipeline import period_statements
from printjobs.pipeline.statement_parts import city_name
from printjobs.web.guard import At
from printjobs.web.shares import picture
from printjobs.web.showing import page
from printjobs.web.values import FiscalYear
from printjobs.web.yearly import together

from .files import TYPES, PaperForm, attachment, packed

router = APIRouter(include_in_schema=False)


@router.get("/costs/{year}", name="year_cost")
def year_cost(request: Request, at: At, year: FiscalYear) -> Response:
    found = at.year(str(year))
    cities = found.by_city()
    whole = together("", list(cities.values()))
    return page(
        request,
        "cost_year.html",
        found=found,
        cities=cities,
        whole=whole,
        groups=GROUP_WORDS,
        picture=picture(tuple(cities.values()), whole.yen) if cities else "",
        all_charged=all(one.charged for one in found.runs),
    )


@router.get("/cities/{city}/costs/{year}", name="city_year_cost")
def city_year_cost(request: Request, at: At, city: str, year: FiscalYear) -> Response:
    found = at.year(str(year))
    rows = found.of_city(city)
    whole = together(city_name(city), [own for _, own in rows])
    named = tuple(own._replace(name=KINDS[one.run.kind].name) for one, own in rows)
    return page(
        request,
        "cost_city_year.html",
        found=found,
        city=city,
        rows=rows,
        whole=whole,
        groups=GROUP_WORDS,
        picture=picture(named, whole.yen) if named else "",
        charges=[c for c in found.corrections if c.city == city],
        all_charged=all(one.charged for one, _ in rows),
        any_charged=any(one.charged for one, _ in rows),
    )


@router.get("/costs/{year}/statements.zip", name="year_statements")
def year_statements(at: At, year: FiscalYear) -> Response:
    """The council's total and every city's statement, by the ledger of now."""
    made = period_statements.statement(at.context, str(year))
    with at.paper:
        papers = period_statements.papers(at.context, made)
    return Response(packed(papers), media_type="application/zip", headers=attachment(f"statements-{year}.zip"))


@router.get("/cities/{city}/costs/{year}/statement.{form}", name="city_year_statement")
def city_year_statement(at: At, city: str, year: FiscalYear, form: PaperForm) -> Response:
    made = period_statements.statement(at.context, str(year))
    with at.paper:
        papers = period_statements.papers(at.context, made, city)
    name = f"statement-{year}-{city}.{form}"
    return Response(papers[name], media_type=TYPES[form], headers=attachment(name))
