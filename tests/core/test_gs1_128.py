"""The barcode of a payment: published digits, another encoder bar for bar, and every part that may differ."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import zint
import zxingcpp
from hypothesis import example, given
from hypothesis import strategies as st

from printjobs.core.marks import gs1_128
from printjobs.core.marks.gs1_128 import Payment, build, check_digit, faults, parse
from printjobs.render import symbols

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_bytes())["gs1_128"]
OF_KUSATSU = "91912345252060026010000012345026073100123004"
PAYMENT = Payment("912345", "252060026010000012345", 0, "2026-07-31", 0, 12_300)


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


payments = st.builds(
    Payment,
    company=digits(6),
    free=digits(21),
    reissue=st.integers(0, 9),
    due=st.one_of(st.just(""), st.dates(min_value=date(2000, 1, 1), max_value=date(2098, 12, 31)).map(str)),
    stamp=st.integers(0, 1),
    amount=st.integers(1, gs1_128.MOST_YEN),
)  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["data43"])
def test_published_digits_get_their_published_check_digit(vector: dict[str, object]) -> None:
    body = str(vector["data43"])
    assert check_digit(body) == str(vector["check"])
    assert build(parse(body + check_digit(body))) == body + check_digit(body)


def test_the_parts_of_a_payment_stand_where_the_guideline_says() -> None:
    assert build(PAYMENT) == OF_KUSATSU
    assert parse(OF_KUSATSU) == PAYMENT


@given(payments)
@example(PAYMENT._replace(due=""))
def test_what_is_built_is_what_is_read(payment: Payment) -> None:
    built = build(payment)
    assert len(built) == gs1_128.LENGTH
    assert parse(built) == payment


def test_a_short_free_part_is_filled_with_zeros_behind() -> None:
    assert parse(build(PAYMENT._replace(free="25"))).free == "25" + "0" * 19


@given(payments, st.integers(0, 43), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(payment: Payment, place: int, off: int) -> None:
    right = build(payment)
    wrong = right[:place] + str((int(right[place]) + off) % 10) + right[place + 1 :]
    assert check_digit(wrong[:-1]) != wrong[-1]
    with pytest.raises(ValueError, match=r"check digit|begins with"):
        parse(wrong)


@given(payments, st.integers(0, 42))
def test_two_swapped_neighbours_are_seen_unless_they_differ_by_five(payment: Payment, place: int) -> None:
    right = build(payment)
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    if abs(int(right[place]) - int(right[place + 1])) % 5:
        assert check_digit(swapped[:-1]) != swapped[-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"company": "91234"},
        {"company": "91234A"},
        {"company": "９１２３４５"},
        {"free": "1" * 22},
        {"free": "1-2"},
        {"reissue": 10},
        {"reissue": -1},
        {"due": "2026-02-30"},
        {"stamp": 12},
        {"amount": 0},
        {"amount": -1},
        {"amount": gs1_128.MOST_YEN + 1},
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_its_place_is_an_error_and_never_cut(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"yen|digits|range|free"):
        build(PAYMENT._replace(**wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", OF_KUSATSU[:-1], OF_KUSATSU + "0", "92" + OF_KUSATSU[2:], OF_KUSATSU[:-1] + "5", "９" + OF_KUSATSU[1:]]
)
def test_what_is_no_payment_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"payment barcode|check digit"):
        parse(text)


# --- beside its row ------------------------------------------------------------------------------------------------

ROW = {"company": "912345", "amount": 12_300, "due": "2026-07-31"}


def checked(body: str) -> str:
    return body + check_digit(body)


def test_a_barcode_that_says_what_its_row_says_has_no_fault() -> None:
    assert faults(OF_KUSATSU, **ROW) == []  # type: ignore[arg-type]
    assert faults(build(PAYMENT._replace(due="")), **ROW | {"due": ""}) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["length"]),
        (OF_KUSATSU[1:], ["length"]),
        (OF_KUSATSU[:-1] + "X", ["length"]),
        (checked("92" + OF_KUSATSU[2:-1]), ["identifier"]),
        (build(PAYMENT._replace(company="912346")), ["company"]),
        (build(PAYMENT._replace(due="2026-08-31")), ["due"]),
        (build(PAYMENT._replace(due="")), ["due"]),
        (build(PAYMENT._replace(stamp=1)), ["stamp"]),
        (build(PAYMENT._replace(amount=12_301)), ["amount"]),
        (OF_KUSATSU[:-1] + "5", ["check_digit"]),
        (OF_KUSATSU[:42] + "14", ["amount", "check_digit"]),
    ],
)
def test_every_part_that_differs_from_the_row_is_told(text: str, codes: list[str]) -> None:
    assert faults(text, **ROW) == codes  # type: ignore[arg-type]


def test_the_barcode_of_another_instalment_is_told_by_amount_or_date() -> None:
    """41,571 notices once had the barcodes of their instalments swapped."""
    second = build(PAYMENT._replace(due="2026-09-30"))
    assert faults(second, **ROW) == ["due"]  # type: ignore[arg-type]


def test_a_slip_over_the_limit_has_no_barcode() -> None:
    body = OF_KUSATSU[:37] + "300001"
    assert faults(checked(body), **ROW | {"amount": 300_001}) == ["over_limit"]  # type: ignore[arg-type]
    assert faults(checked(body[:37] + "300000"), **ROW | {"amount": 300_000}) == []  # type: ignore[arg-type]


def test_people_read_two_lines() -> None:
    assert gs1_128.readable(OF_KUSATSU) == ("(91)912345-252060026010000012345-0", "260731-0-012300-4")


@given(payments)
def test_the_two_lines_say_all_44_digits(payment: Payment) -> None:
    text = build(payment)
    assert "".join(char for char in "".join(gs1_128.readable(text)) if char.isdigit()) == text


# --- bars ----------------------------------------------------------------------------------------------------------


def by_zint(text: str) -> str:
    drawn = zint.Symbol()
    drawn.symbology = zint.Symbology.GS1_128
    drawn.encode(f"[{text[:2]}]{text[2:]}")
    row = drawn.encoded_data
    return "".join(str(row[0, i // 8] >> i % 8 & 1) for i in range(drawn.width))


@given(digits(41))
def test_another_encoder_draws_the_same_bars(body: str) -> None:
    text = checked("91" + body)
    assert gs1_128.bars(text) == by_zint(text)


@given(digits(41))
def test_another_decoder_reads_what_the_image_says(body: str) -> None:
    text = checked("91" + body)
    mask = symbols.gs1_128(text)
    assert (mask.width, mask.height, len(mask.data)) == (288, 1, 36)
    row = bytes(0 if bit == "1" else 255 for bit in f"{int.from_bytes(mask.data):0288b}")
    white = b"\xff" * 10
    image = memoryview((white + row + white) * 20).cast("B", shape=[20, 308])
    found = zxingcpp.read_barcode(image)
    assert found is not None
    assert found.symbology_identifier == "]C1"  # GS1-128 and not just any Code 128: FNC1 is in front
    assert found.text.replace("(", "").replace(")", "") == text


@pytest.mark.parametrize("text", ["", OF_KUSATSU[1:], OF_KUSATSU[:-1] + "A"])
def test_only_44_digits_have_bars(text: str) -> None:
    with pytest.raises(ValueError, match="44 digits"):
        gs1_128.bars(text)


@pytest.mark.parametrize(
    ("dots", "dpi", "mm"), [(2, 300, 52.2), (3, 400, 58.7), (4, 600, 52.2)], ids=["300 dpi", "400 dpi", "600 dpi"]
)
def test_a_symbol_within_60_mm_is_drawn(dots: int, dpi: int, mm: float) -> None:
    assert gs1_128.width(dots, dpi) == pytest.approx(mm, abs=0.05)
    assert symbols.gs1_128_extent(dpi, dots, 10).size == pytest.approx((mm, 10), abs=0.1)
    assert symbols.gs1_128_extent(dpi, dots, 10).size[1] >= 10


@pytest.mark.parametrize(("dots", "dpi"), [(5, 600), (2, 240), (3, 300)])
def test_a_symbol_over_60_mm_is_refused(dots: int, dpi: int) -> None:
    with pytest.raises(ValueError, match="60 mm"):
        symbols.gs1_128_extent(dpi, dots, 10)


def test_a_symbol_lower_than_10_mm_is_refused() -> None:
    with pytest.raises(ValueError, match="10 mm"):
        symbols.gs1_128_extent(600, 4, 9.9)
