"""What the percent of a discount is made of, as a posting statement and a reason tell it."""

from __future__ import annotations

from typing import NamedTuple

from .posting import Group, PricedLine, Route
from .table import PostageTable

SORTING_WORDS = {"recipient": "受取人の郵便区", "designated": "差出局の指定"}


class Part(NamedTuple):
    """What a part of a discount is given for, in whole percent."""

    name: str
    percent: int


def percent_parts(group: Group, line: PricedLine, table: PostageTable) -> tuple[Part, ...]:
    """What the percent of a line of the group is made of."""
    if not line.percent:
        return ()
    if group.terms.route is Route.BARCODE:
        return (Part("バーコード", int(line.percent)),)
    tier, shape = table.sorting.tier(sum(lot.pieces for lot in group.lots)), table.by_name[line.mail_class].shape
    if tier is None:
        raise ValueError("no tier has so few pieces")
    base = Part(SORTING_WORDS[line.sorting], tier.recipient if line.sorting == "recipient" else tier.designated)
    special = (Part(group.special.name, group.special.percent(shape)),) if group.special.name else ()
    coded = line.barcode and shape in table.sorting.barcode_shapes
    return (base, *special, *((Part("バーコード", table.sorting.barcode_percent),) if coded else ()))
