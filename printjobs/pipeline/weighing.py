"""What a piece weighs, how thick it is and what class of mail that makes it, by the vendor profile."""

from __future__ import annotations

from printjobs import reference
from printjobs.core.postage.table import MailClass, PostageTable


def grams(sheets: int, inserts: int, *, slips: bool, by_hand: bool) -> int:
    """Whole grams of a piece, rounded up; ``inserts`` is the feeder bit set."""
    return reference.vendor().weight.grams(sheets, inserts, slips=slips, by_hand=by_hand)


def millimetres(sheets: int, inserts: int, *, by_hand: bool) -> float:
    return float(reference.vendor().thickness.millimetres(sheets, inserts, by_hand=by_hand))


def mail_class(table: PostageTable, sheets: int, inserts: int, *, slips: bool, by_hand: bool) -> MailClass:
    """The first class that takes a piece; ValueError beyond the last."""
    weight = grams(sheets, inserts, slips=slips, by_hand=by_hand)
    return table.class_of(weight, millimetres(sheets, inserts, by_hand=by_hand), large=by_hand)
