"""Check digits agree with published numbers and see the slips of a hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from printjobs.core.checkdigit import addressee_number_digit, local_government_code
from printjobs.reference import cities

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_bytes())
BODIES = st.text("0123456789", min_size=8, max_size=8)


@pytest.mark.parametrize(("five", "six"), VECTORS["local_government_code"].items())
def test_a_local_government_code_gets_its_published_digit(five: str, six: str) -> None:
    assert local_government_code(five) == six


@pytest.mark.parametrize(
    ("five", "six"),
    [("01000", "010006"), ("01100", "011002"), ("13101", "131016")],
    ids=["北海道", "札幌市", "千代田区"],
)
def test_codes_far_away_from_shiga_come_out_right_too(five: str, six: str) -> None:
    assert local_government_code(five) == six


def test_every_member_of_the_council_has_a_sound_code() -> None:
    assert all(local_government_code(code[:5]) == code for code in cities())


@pytest.mark.parametrize("five", ["", "2520", "252069"])
def test_a_code_that_is_not_five_digits_long_is_refused(five: str) -> None:
    with pytest.raises(ValueError, match="zip"):
        local_government_code(five)


def test_a_code_with_a_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        local_government_code("2520A")


@pytest.mark.parametrize(("body", "digit"), VECTORS["addressee_number_m11w27"].items())
def test_an_addressee_number_gets_the_digit_of_the_specification(body: str, digit: int) -> None:
    assert addressee_number_digit(body) == str(digit)


def weighted_sum(body: str) -> int:
    """The sum as one would write it on paper: weights 2 to 7 from the right, then 2 again."""
    weights = (3, 2, 7, 6, 5, 4, 3, 2)
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))


@given(BODIES)
def test_sum_and_digit_are_a_multiple_of_eleven_unless_the_remainder_is_one(body: str) -> None:
    digit, total = int(addressee_number_digit(body)), weighted_sum(body)
    if total % 11 == 1:
        assert digit == 0  # what the specification leaves open
    else:
        assert (total + digit) % 11 == 0


@given(BODIES, st.integers(0, 7), st.integers(1, 9))
def test_one_wrong_digit_is_seen_unless_the_remainder_is_one(body: str, place: int, off: int) -> None:
    wrong = body[:place] + str((int(body[place]) + off) % 10) + body[place + 1 :]
    assume(1 not in (weighted_sum(body) % 11, weighted_sum(wrong) % 11))
    assert addressee_number_digit(wrong) != addressee_number_digit(body)


@given(BODIES, st.integers(0, 6))
def test_two_swapped_neighbours_are_seen_unless_the_remainder_is_one(body: str, place: int) -> None:
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
    assume(swapped != body)
    assume(1 not in (weighted_sum(body) % 11, weighted_sum(swapped) % 11))
    assert addressee_number_digit(swapped) != addressee_number_digit(body)
