"""How heavy and how thick a piece is, from its sheets, inserts and envelope: known before anything is printed.

The inserter folds sheets in three into its own envelope; by hand they go flat into a larger one (角形2号). Both say
decimal numbers, so that a piece of just 50 g or 10 mm is not taken for more.
"""

from __future__ import annotations

from decimal import Decimal
from math import ceil

import msgspec


class Weights(msgspec.Struct, frozen=True):
    """Grams of one sheet of each paper, of each envelope and of one insert.

    ``slip_sheet``: of the paper with perforations, which all sheets of a piece with payment slips are printed on.
    """

    sheet: Decimal
    slip_sheet: Decimal
    envelope: Decimal
    hand_envelope: Decimal
    insert: Decimal

    def grams(self, sheets: int, inserts: int, *, slips: bool, by_hand: bool) -> int:
        """Whole grams of a piece, rounded up; ``inserts`` is the feeder bit set."""
        sheet = self.slip_sheet if slips else self.sheet
        envelope = self.hand_envelope if by_hand else self.envelope
        return ceil(sheets * sheet + inserts.bit_count() * self.insert + envelope)


class Thickness(msgspec.Struct, frozen=True):
    """mm, not pressed, of one sheet folded in three, of one flat by hand, of each envelope and of one insert."""

    sheet: Decimal
    envelope: Decimal
    hand_sheet: Decimal
    hand_envelope: Decimal
    insert: Decimal

    def millimetres(self, sheets: int, inserts: int, *, by_hand: bool) -> Decimal:
        sheet, envelope = (self.hand_sheet, self.hand_envelope) if by_hand else (self.sheet, self.envelope)
        return sheets * sheet + inserts.bit_count() * self.insert + envelope
