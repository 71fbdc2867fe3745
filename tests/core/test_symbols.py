"""Symbols from tables are those that the library draws, another decoder reads them, and they stand on the dots."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qrcode.util import MODE_ALPHA_NUM, MODE_NUMBER

from printjobs import reference
from printjobs.core.marks import sheet
from printjobs.render import symbols
from printjobs.render.symbols import Extent, Mask, qr

mark_texts = st.text(sheet.ALPHABET, min_size=sheet.LENGTH, max_size=sheet.LENGTH)
numbers = st.text("0123456789", min_size=255, max_size=255)


def read(mask: Mask) -> str:
    """What another decoder reads in the symbol's own modules; every row's padding is white."""
    row_bytes = (mask.width + 7) // 8
    rows = [mask.data[i : i + row_bytes] for i in range(0, len(mask.data), row_bytes)]
    bits = [f"{int.from_bytes(row):0{8 * row_bytes}b}" for row in rows]
    assert len(rows) == mask.height
    assert all(set(row[mask.width :]) <= {"0"} for row in bits)
    pixels = bytes(0 if bit == "1" else 255 for row in bits for bit in row[: mask.width])
    found = zxingcpp.read_barcode(memoryview(pixels).cast("B", shape=[mask.height, mask.width]), is_pure=True)
    return found.text if found else ""


@given(mark_texts)
@example("0" * 34)
@example("Z" * 34)
def test_a_sheet_mark_from_the_tables_is_the_one_that_the_library_draws(text: str) -> None:
    assert symbols.sheet_qr(text) == qr.SHEET.library_mask(text)


@settings(max_examples=50)
@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", min_size=34, max_size=34))
def test_the_tables_hold_for_every_character_that_a_qr_may_have(text: str) -> None:
    assert symbols.sheet_qr(text) == qr.SHEET.library_mask(text)


@settings(max_examples=50)
@given(mark_texts)
def test_another_decoder_reads_a_sheet_mark(text: str) -> None:
    assert read(symbols.sheet_qr(text)) == text


@given(st.text("123456789", min_size=255, max_size=255))  # the library cannot draw a block of zeros
def test_an_el_qr_from_the_tables_is_the_one_that_the_library_draws(digits: str) -> None:
    assert symbols.el_qr(digits) == qr.local_tax_qr().library_mask(digits)


@settings(max_examples=50)
@given(numbers)
@example("0" * 255)
@example("9" * 255)
def test_another_decoder_reads_an_el_qr(digits: str) -> None:
    mask = symbols.el_qr(digits)
    assert (mask.width, mask.height) == (41, 41)
    assert read(mask) == digits


@settings(max_examples=10, deadline=None)
@given(st.data())
@pytest.mark.parametrize(
    ("version", "level", "mode", "length"),
    [
        (5, "L", MODE_NUMBER, 255),
        (8, "Q", MODE_NUMBER, 255),  # its blocks are of two lengths
        (10, "H", MODE_NUMBER, 255),  # it says its version beside the finders
        (3, "Q", MODE_ALPHA_NUM, 40),
    ],
)
def test_the_tables_hold_for_other_versions_and_levels(
    version: int, level: str, mode: int, length: int, data: st.DataObject
) -> None:
    shape = qr.FixedQr(version, level, mode, length)
    text = data.draw(st.text("123456789", min_size=length, max_size=length))
    assert shape.mask(text) == shape.library_mask(text)
    assert read(shape.mask(text)) == text


@pytest.mark.parametrize(
    "text", ["", "0" * 254, "0" * 256, "0" * 254 + "A", "+12" * 85, "１２３" * 85, "1_2" * 85, " 12" * 85], ids=repr
)
def test_what_an_el_qr_does_not_have_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="this"):
        symbols.el_qr(text)


def test_a_length_that_leaves_a_group_open_is_an_error() -> None:
    with pytest.raises(ValueError, match="whole number of groups"):
        qr.FixedQr(6, "M", MODE_NUMBER, 254)


def test_the_setting_draws_the_symbol_that_is_in_force() -> None:
    setting = reference.marks().el_qr
    assert (setting.version, setting.level) == (6, "M")
    assert qr.local_tax_qr().size == 41


# --- the council's settings ----------------------------------------------------------------------------------------


def test_every_resolution_of_the_settings_gives_symbols_that_are_allowed() -> None:
    marks = reference.marks()
    for dpi, dots in marks.gs1_128.module_dots.items():
        assert symbols.gs1_128_extent(dpi, dots, marks.gs1_128.height).size[0] <= 60
        with pytest.raises(ValueError, match="60 mm"):  # no wider module would do
            symbols.gs1_128_extent(dpi, dots + 1, marks.gs1_128.height)
    assert 240 not in marks.gs1_128.module_dots
    for dpi, dots in marks.el_qr.module_dots.items():
        width, height = symbols.el_qr_extent(dpi, dots).size
        assert 16 <= width == height <= 25
    dpi = reference.vendor().print_.dpi
    assert dpi in marks.gs1_128.module_dots
    assert dpi in marks.el_qr.module_dots
    assert symbols.customer_barcode_extent(dpi, marks.customer_barcode.points).dpi == dpi


def test_what_every_slip_says_of_who_is_paid_fits_its_places() -> None:
    biller = reference.marks().biller
    assert (biller.organisation, biller.stamp) == ("13800", "0")
    texts = (biller.organisation, biller.account, biller.fee, biller.stamp, biller.office)
    assert [len(text) for text in texts] == [5, 11, 1, 1, 3]
    assert all(re.fullmatch("[0-9]+", text) for text in texts)


# --- page code -----------------------------------------------------------------------------------------------------


def test_the_image_of_a_symbol_has_the_size_and_the_place_it_was_given() -> None:
    code = symbols.image_code(symbols.sheet_qr("0" * 34), 17.28, 148.56, 36, 36)
    assert code.startswith("q 36 0 0 36 17.28 148.56 cm\nBI/W 25/H 25/IM true")
    assert code.endswith(">\nEI Q\n")


@given(
    st.floats(0, 150),
    st.floats(0, 250),
    st.sampled_from([300, 400, 600, 1200]),
    st.integers(25, 300),
    st.integers(1, 60),
)
def test_a_symbol_stands_on_the_dots_of_the_device_with_its_white_inside_the_box(
    x: float, y: float, dpi: int, dots: int, white: int
) -> None:
    extent = Extent(dpi, dots, dots + 1, white, white + 1)
    code = symbols.paint(Mask(1, 1, b"\x80"), extent, x, y)
    width, height, left, bottom = (float(n) * dpi / 72 for n in re.findall(r"[\d.]+", code.split(" cm")[0]) if n != "0")
    for length in (width, height, left, bottom):
        assert length == pytest.approx(round(length), abs=0.05)
    assert (round(width), round(height)) == (dots, dots + 1)
    assert left - white == pytest.approx(x / 25.4 * dpi, abs=0.6)
    assert bottom + height + white + 1 == pytest.approx(841.89 / 72 * dpi - y / 25.4 * dpi, abs=0.7)
