"""Pages from templates, with the few words and forms that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from printjobs import reference
from printjobs.core import japanese
from printjobs.core.access import Identity, Role
from printjobs.core.kinds import KINDS
from printjobs.pipeline.statement_parts import percent
from printjobs.pipeline.status import SUBMISSION_NAMES
from printjobs.render.documents import amount

HERE = Path(__file__).parent
_TOKYO = ZoneInfo("Asia/Tokyo")

ROLES: Mapping[str, str] = MappingProxyType({
    Role.LEAD: "とりまとめ市", Role.VENDOR: "受託者", Role.CITY: "市", Role.AUDITOR: "監査",
})  # fmt: skip
RUN_STATUSES = MappingProxyType({
    "open": "受付中", "planned": "作成中", "packaged": "引渡し待ち", "released": "引渡し済み", "closed": "締め済み",
})  # fmt: skip
BATCH_STATUSES = MappingProxyType({
    "planned": "作成中", "packaged": "封印済み", "released": "引渡し済み", "posted": "差出し済み",
    "withdrawn": "取下げ",
})  # fmt: skip


def moment(at: datetime | str | None) -> str:
    """A moment in Japan, to the minute. A text is one in ISO form."""
    if not at:
        return ""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)  # SQLite forgets the zone
    return aware.astimezone(_TOKYO).strftime("%Y-%m-%d %H:%M")


def count(number: int) -> str:
    return f"{number:,}"


def decimal(text: str) -> str:
    """A decimal text as people write it, digits after the point as they are."""
    whole, point, rest = text.replace(",", "").partition(".")
    return f"{int(whole):,}{point}{rest}"


def _city_name(code: str) -> str:
    known = reference.cities().get(code)
    return known.name if known else code


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": count,
        "yen": amount,
        "decimal": decimal,
        "percent": percent,
        "moment": moment,
        "era_date": japanese.era_date,
        "city": _city_name,
        "kind": lambda code: KINDS[code].name,
        "role": ROLES.__getitem__,
        "run_status": RUN_STATUSES.__getitem__,
        "batch_status": BATCH_STATUSES.__getitem__,
        "submission_status": SUBMISSION_NAMES.__getitem__,
    }
    return made


_ENVIRONMENT = _environment()


def _word(who: Identity | None) -> Markup:
    """The field that shows that a form came from our own page."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(who.csrf if who else "")


def page(request: Request, template: str, code: int = 200, **values: Any) -> HTMLResponse:
    """A page of the service. ``who`` is None at the door."""
    who = getattr(request.state, "identity", None)
    told = _ENVIRONMENT.get_template(template).render(who=who, csrf=lambda: _word(who), **values)
    return HTMLResponse(told, code)
