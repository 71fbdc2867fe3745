"""Group notices into pieces, sort them across cities, number them, cut them into print files.

Pure and order-free: the same notices in any order give the same plan. Law 2: every notice is in
exactly one piece of exactly one batch, and numbers run from 1 without gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

import msgspec

from .marks.sheet import MAX_SHEETS
from .weighing import Thickness

MOST_SHEETS = 700  # a letter is 4 kg at most; what is heavier has to be sent in parts or another way


# A million of each are made, so the garbage collector is told that they are in no circle: it need not walk them.
class PlanNotice(msgspec.Struct, frozen=True, gc=False):
    """What planning needs to know of a notice; nothing personal.

    ``owner`` is equal for two notices only when addressee number, name and the whole address are
    equal. ``inserts`` is the feeder bit set. ``office`` is empty for mail to foreign countries.
    ``barcode``: its address has a customer barcode that the post gives a discount for.
    """

    id: int
    city: str
    number: str
    owner: str
    office: str
    zip: str
    sheets: int
    slips: bool
    inserts: int
    barcode: bool = False


class Piece(msgspec.Struct, frozen=True, gc=False):
    """One envelope before it has a number: the notices in it, in order.

    ``posting``: the number of the posting (差出し) that it is handed to the post with, 0 for the undiscounted one.
    """

    city: str
    office: str
    zip: str
    number: str
    sheets: int
    inserts: int
    slips: bool
    notices: tuple[int, ...]
    barcode: bool = False
    posting: int = 0


class BatchClass(NamedTuple):
    """What an inserter needs equal within one job. ``sheets`` is the class's upper limit, 0 by hand."""

    slips: bool
    inserts: int
    sheets: int

    @property
    def by_hand(self) -> bool:
        return self.sheets == 0

    @property
    def code(self) -> str:
        """Stable name, for ids and file names: form, inserts, sheet class."""
        form = "slip" if self.slips else "plain"
        return f"{form}-i{self.inserts}-" + ("hand" if self.by_hand else f"s{self.sheets:02d}")


class Rules(msgspec.Struct, frozen=True):
    """Limits of a vendor profile and the kind's grouping rule. Pages and pieces are per file or batch.

    ``thickest_mm``: what the inserter still takes, envelope included.
    """

    groups: bool
    batch_pieces: int
    file_pieces: int
    file_pages: int
    sheet_classes: tuple[int, ...]
    pages_per_sheet: int
    thickness: Thickness
    thickest_mm: Decimal


class PrintFile(NamedTuple):
    """A run of piece numbers that is rendered by one task and printed as one file."""

    sequence: int
    first: int
    last: int
    separators: int
    sheets: int
    pages: int


class Batch(NamedTuple):
    """Pieces in their final order; piece ``n`` is ``pieces[n - 1]``."""

    batch_class: BatchClass
    pieces: tuple[Piece, ...]
    files: tuple[PrintFile, ...]


def make_pieces(notices: Iterable[PlanNotice], *, groups: bool) -> list[Piece]:
    """One piece per notice, or per owner when the kind groups (名寄せ) and the post still takes it."""
    if not groups:
        return [_alone(n) for n in notices]
    firsts: dict[tuple[str, str], PlanNotice] = {}
    more: dict[tuple[str, str], list[PlanNotice]] = {}  # few: most owners have one notice
    for n in notices:
        owner = (n.city, n.owner)
        if (first := firsts.setdefault(owner, n)) is not n:
            more.setdefault(owner, [first]).append(n)
    pieces = [_alone(n) for owner, n in firsts.items() if owner not in more]
    for bundle in more.values():
        if sum(n.sheets for n in bundle) > MOST_SHEETS:
            pieces += map(_alone, bundle)  # together they are too heavy for a letter
        else:
            pieces.append(together(sorted(bundle, key=attrgetter("number"))))
    return pieces


def _alone(n: PlanNotice) -> Piece:
    return Piece(n.city, n.office, n.zip, n.number, n.sheets, n.inserts, n.slips, (n.id,), n.barcode)


def together(bundle: Sequence[PlanNotice]) -> Piece:
    """One piece of notices of one owner, in the order in which they are to be printed."""
    first = bundle[0]
    inserts = 0
    for notice in bundle:
        inserts |= notice.inserts
    return Piece(
        city=first.city,
        office=first.office,
        zip=first.zip,
        number=first.number,
        sheets=sum(n.sheets for n in bundle),
        inserts=inserts,
        slips=any(n.slips for n in bundle),
        notices=tuple(n.id for n in bundle),
        barcode=all(n.barcode for n in bundle),  # one address: one that was read otherwise claims nothing
    )


def sheet_class(sheets: int, inserts: int, rules: Rules) -> int:
    """The most sheets of the inserter's class that takes a piece; 0 for one of too many sheets, or too thick."""
    if rules.thickness.millimetres(sheets, inserts, by_hand=False) > rules.thickest_mm:
        return 0
    return next((limit for limit in rules.sheet_classes if sheets <= limit), 0)


def classify(piece: Piece, rules: Rules) -> BatchClass:
    """The class of a piece; what the inserter does not take or a foreign address means hand work, never a drop."""
    limit = sheet_class(piece.sheets, piece.inserts, rules) if piece.office else 0
    if piece.sheets > MAX_SHEETS:
        raise ValueError(f"piece of notice {piece.number} has {piece.sheets} sheets, more than a mark can say")
    return BatchClass(piece.slips, piece.inserts, limit)


def needs_separator(before: Piece | None, piece: Piece) -> bool:
    """A separator sheet stands at the head of a file and wherever the posting or the delivery office changes."""
    return before is None or before.office != piece.office or before.posting != piece.posting


def cut_files(pieces: tuple[Piece, ...], rules: Rules) -> tuple[PrintFile, ...]:
    """Cut numbered pieces by the profile's limits; a piece is never divided."""
    files: list[PrintFile] = []
    first, separators, sheets = 1, 0, 0
    before: Piece | None = None
    for number, piece in enumerate(pieces, start=1):
        extra = 1 if needs_separator(before, piece) else 0
        pages = (sheets + piece.sheets + extra) * rules.pages_per_sheet
        if before is not None and (number - first >= rules.file_pieces or pages > rules.file_pages):
            files.append(_file(len(files) + 1, first, number - 1, separators, sheets, rules))
            first, separators, sheets, extra = number, 0, 0, 1
        separators += extra
        sheets += piece.sheets + extra
        before = piece
    files.append(_file(len(files) + 1, first, len(pieces), separators, sheets, rules))
    return tuple(files)


def _file(sequence: int, first: int, last: int, separators: int, sheets: int, rules: Rules) -> PrintFile:
    return PrintFile(sequence, first, last, separators, sheets, sheets * rules.pages_per_sheet)


def make_batches(pieces: Iterable[Piece], rules: Rules) -> list[Batch]:
    """Joint batches across cities, ordered by posting, delivery office and postal code within each."""
    by_class: dict[BatchClass, list[Piece]] = {}
    alike: dict[tuple[bool, int, int, bool], list[Piece]] = {}  # what a class is decided by is looked at once
    for piece in pieces:
        same = (piece.slips, piece.inserts, piece.sheets, not piece.office)
        if (found := alike.get(same)) is None:
            found = alike[same] = by_class.setdefault(classify(piece, rules), [])
        found.append(piece)
    batches = []
    for batch_class in sorted(by_class, key=lambda c: (c.by_hand, c)):
        ordered = sorted(by_class[batch_class], key=attrgetter("posting", "office", "zip", "city", "number"))
        for start in range(0, len(ordered), rules.batch_pieces):
            part = tuple(ordered[start : start + rules.batch_pieces])
            batches.append(Batch(batch_class, part, cut_files(part, rules)))
    return batches
