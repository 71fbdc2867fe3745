"""What a piece weighs and how thick it is, before it is printed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs import reference
from printjobs.core.plan import MOST_SHEETS
from printjobs.core.weighing import Thickness, Weights
from printjobs.pipeline import weighing
from printjobs.reference.costs import postage_table

WEIGHTS = Weights(*map(Decimal, ("5.1", "6.5", "5", "20", "4.9")))
THICKNESS = Thickness(*map(Decimal, ("0.3", "0.4", "0.1", "0.5", "0.2")))
TABLE = postage_table("2026-04-10")

sheets = st.integers(1, 60)
inserts = st.integers(0, 7)


@given(sheets, inserts, st.booleans(), st.booleans())
def test_a_piece_never_weighs_more_than_it_is_said_to_and_never_a_gram_less(
    sheets: int, inserts: int, slips: bool, by_hand: bool
) -> None:
    """Laid on the scales one by one, in tenths of a gram."""
    tenths = [65 if slips else 51] * sheets + [49] * f"{inserts:b}".count("1") + [200 if by_hand else 50]
    told = WEIGHTS.grams(sheets, inserts, slips=slips, by_hand=by_hand)
    assert told - 1 < Fraction(sum(tenths), 10) <= told


@given(sheets, inserts, st.booleans())
def test_a_piece_is_as_thick_as_what_lies_in_it(sheets: int, inserts: int, by_hand: bool) -> None:
    layers = [1 if by_hand else 3] * sheets + [2] * f"{inserts:b}".count("1") + [5 if by_hand else 4]
    assert THICKNESS.millimetres(sheets, inserts, by_hand=by_hand) == Decimal(sum(layers)) / 10


def test_a_weight_of_whole_grams_is_not_rounded_up_by_a_fraction_that_is_not_there() -> None:
    """30 sheets of 5.1 g are 153 g; as binary numbers they are a little more."""
    assert WEIGHTS.grams(30, 0, slips=False, by_hand=False) == 158


@given(st.integers(1, MOST_SHEETS), st.integers(0, 1), st.booleans(), st.booleans())
def test_the_class_of_a_piece_takes_its_weight_and_thickness(
    sheets: int, inserts: int, slips: bool, by_hand: bool
) -> None:
    if sheets > max(reference.vendor().insert.sheet_classes):
        by_hand = True
    found = weighing.mail_class(TABLE, sheets, inserts, slips=slips, by_hand=by_hand)
    assert found.up_to_g >= weighing.grams(sheets, inserts, slips=slips, by_hand=by_hand)
    assert found.up_to_mm >= weighing.millimetres(sheets, inserts, by_hand=by_hand)
    assert not (by_hand and found.shape == "standard")  # its envelope is larger than those


@pytest.mark.parametrize(
    ("count", "name"),
    [(1, "定形50gまで"), (7, "定形50gまで"), (8, "定形外規格内100gまで"), (10, "定形外規格内100gまで")],
)
def test_the_sheets_of_a_piece_decide_its_class(count: int, name: str) -> None:
    assert weighing.mail_class(TABLE, count, 1, slips=True, by_hand=False).name == name


def test_whatever_the_inserter_is_given_by_the_profile_fits_it() -> None:
    profile = reference.vendor()
    most = max(profile.insert.sheet_classes)
    assert profile.thickness.millimetres(most, 1, by_hand=False) <= profile.insert.thickest_mm
