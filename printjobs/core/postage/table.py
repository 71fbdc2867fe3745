"""One dated postage table (郵便料金表): classes of mail, discounts, and whoever may take part in them.

Percents are whole, yen are with tax. That the figures are in order (tiers rise, percents do not fall, limits widen with
the total) is checked when a table is made; the assignment of lots relies on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from printjobs.core.rounding import Rounding

Shape = Literal["standard", "flat", "oversize"]  # 定形, 定形外規格内, 定形外規格外
Sorting = Literal["recipient", "designated"]  # by the recipient's office, or as the posting office tells
Percent = Annotated[int, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(gt=0)]
Yen = Annotated[int, Meta(ge=0)]

SHAPES: tuple[Shape, ...] = ("standard", "flat", "oversize")


class WithinOffice(msgspec.Struct, frozen=True):
    """Prices of 郵便区内特別: of any piece, and of one with a barcode where there are enough of those."""

    yen: Yen
    barcode_yen: Yen


class MailClass(msgspec.Struct, frozen=True):
    """What one piece costs up to a weight and a thickness. ``within_office`` is None where no price is known."""

    name: str
    shape: Shape
    up_to_g: Count
    up_to_mm: Annotated[float, Meta(gt=0)]
    yen: Yen
    within_office: WithinOffice | None = None


class Overseas(msgspec.Struct, frozen=True):
    name: str
    yen: Yen


class BarcodeDiscount(msgspec.Struct, frozen=True):
    """バーコード割引: from ``least`` pieces of ``shapes``; of several senders each has ``each_least`` or more."""

    percent: Percent
    least: Count
    each_least: Count
    shapes: tuple[Shape, ...]


class WithinRules(msgspec.Struct, frozen=True):
    """郵便区内特別: from ``least`` alike pieces of one city to one office, with barcodes again from ``barcode_least``.

    ``areas``: the delivery offices (郵便区番号) of each city, by its code; it can hand in at no others.
    """

    least: Count
    barcode_least: Count
    areas: dict[str, tuple[str, ...]]


class Tier(msgspec.Struct, frozen=True):
    """Percent of 区分 from ``least`` pieces in one posting, by how they are sorted."""

    least: Count
    recipient: Percent
    designated: Percent


class Senders(msgspec.Struct, frozen=True):
    """What each sender of a joint 区分 posting may have, from a total of ``total`` pieces."""

    total: int
    least: Count
    most: Count


class Special(msgspec.Struct, frozen=True):
    """特別割引 on top of 区分, one for a posting: for a delay in days, or handing in at the regional office.

    That is 地域区分局. ``other`` is for all shapes but the standard one.
    """

    name: str
    delay: Literal[0, 3, 7]
    regional: bool
    least: Count
    standard: Percent
    other: Percent

    def percent(self, shape: Shape) -> int:
        return self.standard if shape == "standard" else self.other


NO_SPECIAL = Special("", 0, False, 1, 0, 0)


class SortedDiscount(msgspec.Struct, frozen=True):
    """区分郵便物: tiers, the limits of several senders, specials, and what a barcode adds for ``barcode_shapes``."""

    tiers: tuple[Tier, ...]
    senders: tuple[Senders, ...]
    specials: tuple[Special, ...]
    barcode_percent: Percent
    barcode_shapes: tuple[Shape, ...]

    def tier(self, total: int) -> Tier | None:
        """The tier of a posting of so many pieces, None when they are too few."""
        return next((tier for tier in reversed(self.tiers) if total >= tier.least), None)

    def limits(self, total: int) -> Senders | None:
        """What each of several senders may have, None when so small a total has no joint posting."""
        return next((limit for limit in reversed(self.senders) if total >= limit.total), None)


class PostageTable(msgspec.Struct, frozen=True, rename={"sorting": "sorted"}, dict=True):
    """What the post charges from ``valid_from`` on.

    ``rounding`` is of the amount of each line. ``senders_most`` and ``kinds_most`` (of weight or shape) are
    of one posting with a barcode or 区分 discount.
    """

    valid_from: str
    rounding: Rounding
    senders_most: Count
    kinds_most: Count
    classes: tuple[MailClass, ...]
    overseas: Overseas
    barcode: BarcodeDiscount
    within: WithinRules
    sorting: SortedDiscount

    def __post_init__(self) -> None:
        for fault in _faults(self):
            raise ValueError(f"postage table of {self.valid_from}: {fault}")

    def class_of(self, grams: int, mm: float, *, large: bool = False) -> MailClass:
        """The first class that takes weight and thickness; ``large``: the envelope is larger than a standard one.

        ValueError beyond the last.
        """
        for found in self.classes:
            if grams <= found.up_to_g and mm <= found.up_to_mm and not (large and found.shape == "standard"):
                return found
        raise ValueError(f"{grams} g of {mm:g} mm are more than the postage table knows")

    @cached_property
    def by_name(self) -> dict[str, MailClass]:
        return {found.name: found for found in self.classes}


def _rises(numbers: Iterable[float]) -> bool:
    return all(before < after for before, after in pairwise(numbers))


def _never_falls(numbers: Iterable[float]) -> bool:
    return all(before <= after for before, after in pairwise(numbers))


def _faults(table: PostageTable) -> Iterable[str]:
    names = [table.overseas.name, *(found.name for found in table.classes)]
    if len(set(names)) < len(names):
        yield "two classes have one name"
    for shape in SHAPES:
        yield from _faults_of_classes(shape, [found for found in table.classes if found.shape == shape])
    tiers, senders = table.sorting.tiers, table.sorting.senders
    if not tiers or not _rises(tier.least for tier in tiers):
        yield "tiers must rise"
    if not all(_never_falls(of) for of in ([t.recipient for t in tiers], [t.designated for t in tiers])):
        yield "percents of the tiers must not fall"
    if any(limit.least > limit.most for limit in senders) or not _rises(limit.total for limit in senders):
        yield "limits of the senders must rise with the total"
    if not _never_falls(limit.most for limit in senders) or not _never_falls(-limit.least for limit in senders):
        yield "limits of the senders must widen with the total"
    highest = max((max(tier.recipient, tier.designated) for tier in tiers), default=0)
    special = max((max(s.standard, s.other) for s in table.sorting.specials), default=0)
    if highest + special + table.sorting.barcode_percent > 100:
        yield "more than 100 percent"


def _faults_of_classes(shape: Shape, classes: Sequence[MailClass]) -> Iterable[str]:
    if not _rises(found.up_to_g for found in classes):
        yield f"classes of shape {shape} must grow"
    if not _never_falls(found.yen for found in classes) or not _never_falls(found.up_to_mm for found in classes):
        yield f"a heavier class of shape {shape} must not be cheaper or thinner"
    for found in classes:
        within = found.within_office
        if within and not within.barcode_yen <= within.yen <= found.yen:
            yield f"{found.name} is dearer within one office than elsewhere"
