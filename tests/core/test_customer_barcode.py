"""The customer barcode: published examples, another encoder bar for bar, and the post's tolerances."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import zint
from hypothesis import assume, example, given
from hypothesis import strategies as st

from printjobs.core.marks import customer
from printjobs.render import symbols

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_bytes())["customer_barcode"]
NUMBER = st.text("0123456789-ABFJKTUZ", max_size=16)
ZIP = st.text("0123456789", min_size=7, max_size=7)
SYMBOLS = customer._SYMBOLS


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['zip']} {v['address_number']}")
def test_a_published_example_comes_out_bar_for_bar(vector: dict[str, object]) -> None:
    symbols_ = customer.symbols(str(vector["zip"]).replace("-", ""), str(vector["address_number"]))
    assert list(symbols_) == vector["chars"]
    assert sum(customer._VALUE[s] for s in symbols_) == vector["sum"]
    assert customer.check(symbols_) == vector["check"]
    assert customer.bars(symbols_) == vector["bars"]


def by_zint(text: str) -> str:
    """The same barcode by zint, which is not of this house: 67 bars from its three rows."""
    drawn = zint.Symbol()
    drawn.symbology = zint.Symbology.JAPANPOST
    drawn.encode(text)
    rows = drawn.encoded_data
    shown = [[rows[row, i // 8] >> i % 8 & 1 for i in range(0, drawn.width, 2)] for row in range(3)]
    return "".join(
        {(1, 1): "F", (1, 0): "A", (0, 1): "D", (0, 0): "T"}[up, down] for up, _, down in zip(*shown, strict=True)
    )


@given(ZIP, NUMBER)
@example("5250034", "")
@example("5258588", "ZZZZZZ")
def test_another_encoder_draws_the_same_bars(zip_code: str, number: str) -> None:
    assume(sum(2 if "A" <= char <= "Z" else 1 for char in number) <= 13)  # zint does not cut
    assert customer.bars(customer.symbols(zip_code, number)) == by_zint(zip_code + number)


def test_a_letter_at_the_last_place_leaves_its_control_code_alone() -> None:
    assert customer.symbols("1000013", "123456789012A")[-2:] == ("2", "CC1")
    assert customer.symbols("1000013", "12345678901K2")[-2:] == ("CC2", "0")
    assert customer.symbols("1000013", "1234567890123Z")[-1] == "3"


@given(ZIP, st.text("0123456789-ABFJKTUZ", min_size=13, max_size=30))
def test_what_is_longer_is_cut_and_what_is_shorter_is_filled(zip_code: str, number: str) -> None:
    found = customer.symbols(zip_code, number)
    assert len(found) == customer.LENGTH
    assert found == customer.symbols(zip_code, number[:13])
    assert "CC4" not in found


@given(ZIP, NUMBER)
def test_every_barcode_has_67_bars_and_its_values_add_up_to_a_multiple_of_19(zip_code: str, number: str) -> None:
    found = customer.symbols(zip_code, number)
    assert re.fullmatch(r"FD[FADT]{63}DF", customer.bars(found))
    assert (sum(customer._VALUE[s] for s in found) + customer._VALUE[customer.check(found)]) % 19 == 0


@given(ZIP, NUMBER, st.integers(0, 19), st.sampled_from(SYMBOLS))
def test_one_wrong_symbol_is_seen(zip_code: str, number: str, place: int, other: str) -> None:
    right = list(customer.symbols(zip_code, number))
    assume(other != right[place])
    wrong = [*right[:place], other, *right[place + 1 :]]
    assert customer.check(wrong) != customer.check(right)


def test_no_two_symbols_have_the_same_bars() -> None:
    assert len(set(customer._BARS_OF.values())) == len(SYMBOLS) == 19


@pytest.mark.parametrize(
    ("zip_code", "number"),
    [("525-0034", ""), ("525003", ""), ("５２５００３４", ""), ("5250034", "a"), ("5250034", "１"), ("5250034", "1 2")],
)
def test_what_a_barcode_does_not_have_is_an_error(zip_code: str, number: str) -> None:
    with pytest.raises(ValueError, match=r"postal code|address number"):
        customer.symbols(zip_code, number)


# --- size ----------------------------------------------------------------------------------------------------------

# Tolerances in mm at 10 points, as the manual has them (page 12): long bar, timing bar, pitch, bar, space.
TOLERANCES = {
    "long": (3.40, 3.60),
    "timing": (1.05, 1.35),
    "pitch": (0.95, 1.30),
    "bar": (0.50, 0.70),
    "space": (0.45, 0.60),
}


@given(st.integers(80, 115), st.sampled_from([240, 300, 360, 400, 600, 1200]))
@example(90, 600)
def test_every_length_is_within_its_tolerance_or_the_size_is_refused(tenths: int, dpi: int) -> None:
    try:
        module, third = customer.dimensions(tenths / 10, dpi)
    except ValueError:
        assert dpi < 400  # any size can be drawn on a finer device
        return
    mm = 25.4 / dpi
    found = {"long": 3 * third, "timing": third, "pitch": 2 * module, "bar": module, "space": module}
    for name, (least, most) in TOLERANCES.items():
        assert least * tenths / 100 - 1e-6 <= found[name] * mm <= most * tenths / 100 + 1e-6, name


def test_nine_points_at_600_dpi_are_12_dots_a_bar_and_25_a_third() -> None:
    assert customer.dimensions(9, 600) == (12, 25)


@pytest.mark.parametrize(("points", "dpi"), [(7.9, 600), (11.6, 600), (9, 300), (9, 72)])
def test_a_size_that_cannot_be_is_refused(points: float, dpi: int) -> None:
    with pytest.raises(ValueError, match=r"points|tolerances"):
        customer.dimensions(points, dpi)


def test_a_drawn_barcode_takes_its_white_with_it() -> None:
    extent = symbols.customer_barcode_extent(600, 9)
    width, height = extent.size
    assert (extent.width, extent.height) == (133 * 12, 75)
    assert width == pytest.approx(133 * 12 * 25.4 / 600 + 4, abs=0.1)
    assert height == pytest.approx(75 * 25.4 / 600 + 4, abs=0.1)
    assert width >= 133 * 12 * 25.4 / 600 + 4


@given(ZIP, NUMBER)
def test_the_image_of_a_barcode_is_its_bars(zip_code: str, number: str) -> None:
    bars = customer.bars(customer.symbols(zip_code, number))
    mask = symbols.customer_barcode(bars)
    assert (mask.width, mask.height, len(mask.data)) == (133, 3, 51)
    rows = [f"{int.from_bytes(mask.data[i : i + 17]):0136b}" for i in (0, 17, 34)]
    assert all(row[133:] == "000" and set(row[1::2]) == {"0"} for row in rows)
    assert rows[1][:133:2] == "1" * 67
    shown = zip(rows[0][:133:2], rows[2][:133:2], strict=True)
    assert "".join({"11": "F", "10": "A", "01": "D", "00": "T"}[up + down] for up, down in shown) == bars
