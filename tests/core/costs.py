"""Made-up tariffs and volumes for the properties that hold for any of them."""

from __future__ import annotations

from hypothesis import strategies as st

from printjobs import reference
from printjobs.core.cost.tariff import SET_UPS, Price, Tariff, Tier, Unit, Volumes
from printjobs.core.rounding import Rounding

CODES = sorted(reference.cities())
CLASSES = ["slip-i1-s04", "slip-i1-s07", "slip-i0-s04", "plain-i0-s04", "plain-i1-s10"]
_COUNTED = [unit for unit in Unit if unit not in SET_UPS]

_count = st.integers(0, 10**6)
_cents = st.integers(0, 50_000)


def _text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


@st.composite
def _prices(draw: st.DrawFn) -> tuple[Price, ...]:
    made = []
    for key in draw(st.lists(st.integers(0, 99), max_size=6, unique=True)):
        cents, least, tiers = draw(_cents), 0, []
        for _ in range(draw(st.integers(0, 2))):
            least += draw(st.integers(1, 10**5))
            cents = draw(st.integers(0, cents))
            tiers.append(Tier(least, _text(cents)))
        first = draw(st.integers(cents, 50_000)) if not tiers else max(cents, round(float(tiers[0].yen) * 100) + 1)
        unit, form = draw(st.sampled_from(list(Unit))), draw(st.sampled_from(["", "slip", "plain"]))
        minimum = draw(st.sampled_from([0, 0, 500]))
        made.append(Price(f"key-{key}", f"費目{key}", unit, _text(first), form, minimum, tuple(tiers)))
    return tuple(made)


tariffs = st.builds(
    Tariff,
    valid_from=st.just("2026-04-01"),
    rounding=st.sampled_from(list(Rounding)),
    consumption_tax_percent=st.sampled_from(["0", "8", "10", "12.5"]),
    tax_rounding=st.sampled_from(list(Rounding)),
    prices=_prices(),
)
volumes = st.builds(
    Volumes,
    notices=_count,
    units=st.dictionaries(st.tuples(st.sampled_from(_COUNTED), st.sampled_from(["slip", "plain"])), _count, max_size=6),
    classes=st.frozensets(st.sampled_from(CLASSES)),
    new=st.booleans(),
)
volumes_by_city = st.dictionaries(st.sampled_from(CODES), volumes, min_size=1)
