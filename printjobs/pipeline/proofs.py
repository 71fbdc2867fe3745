"""Proofs (校正): a few of a city's own notices, chosen for what breaks, marked 見本 across the page."""

from __future__ import annotations

from collections.abc import Callable

from printjobs.core.model import Notice
from printjobs.render.proof import overlay
from printjobs.render.writer import PdfWriter
from printjobs.store import production

from .context import Context, Step
from .rendering import read_notices

_SCANNED = 2_000  # notices looked at per city: the extremes of a sample this large are extreme enough


_CHOICES: tuple[Callable[[Notice], int], ...] = (
    lambda n: len(n.addressee.name) + len(str(n.fields.get("co_owners", ""))),
    lambda n: len(n.addressee.address),
    lambda n: len(n.addressee.building),
    lambda n: len(n.tables["assets"]),
    lambda n: int(n.fields["annual_tax"]),
    lambda n: -int(n.fields["annual_tax"]),
    lambda n: len(n.addressee.country),
    lambda n: -len(n.tables["instalments"]),
)


def proof_key(run_id: str, city: str) -> str:
    return f"proofs/{run_id}-{city}.pdf"


def proof(context: Context, run_id: str, city: str) -> list[Step]:
    """The proof step of one city."""
    run = context.run(run_id)
    layout = context.layout(run)
    with context.engine.connect() as connection:
        places = production.city_places(connection, run_id, city)
    step = max(1, len(places) // _SCANNED)
    notices = read_notices(context, list(places[::step]))
    chosen: dict[str, Notice] = {}
    for measure in _CHOICES:
        best = max(notices, key=lambda n: (measure(n), n.number))
        chosen.setdefault(best.number, best)
    values = context.city_values(run)
    with context.files.writer(proof_key(run_id, city)) as sink:
        writer = PdfWriter(sink, title=f"{run_id} {city} proof", date=run.mailing_date)
        for notice in chosen.values():
            for side in layout.sides(notice):
                code = layout.page(notice, side, writer, city, values[city])
                writer.add_page(code + overlay(layout.fonts, writer))
        writer.close()
    return []
