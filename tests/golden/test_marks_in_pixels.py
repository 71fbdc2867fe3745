"""Every mark on a page, turned into pixels as a press does, is read by readers that are not of this house."""

from __future__ import annotations

import io
import json
import subprocess
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageOps

from printjobs import reference
from printjobs.core.marks import customer, gs1_128
from printjobs.render import symbols
from printjobs.render.symbols import Extent, Mask
from printjobs.render.symbols.picture import picture, png
from printjobs.render.writer import PdfWriter
from tests.tools import tool

VECTORS = json.loads((Path(__file__).parents[1] / "core" / "vectors.json").read_bytes())
LOCAL_TAX = VECTORS["el_qr"][0]["digits"]
PAYMENTS = [str(v["data43"]) + str(v["check"]) for v in VECTORS["gs1_128"]]
ADDRESSES = [(v["zip"].replace("-", ""), v["address_number"]) for v in VECTORS["customer_barcode"]]
DEVICES = sorted(reference.marks().gs1_128.module_dots)
BLACK = 128  # darker than this is ink


class Drawn(NamedTuple):
    """A symbol, its size on a device, and where its box begins: mm from the top left of the page."""

    mask: Mask
    extent: Extent
    x: float
    y: float


def payment(digits: str, dpi: int, x: float, y: float) -> Drawn:
    setting = reference.marks().gs1_128
    extent = symbols.gs1_128_extent(dpi, setting.module_dots[dpi], setting.height)
    return Drawn(symbols.gs1_128(digits), extent, x, y)


def local_tax(digits: str, dpi: int, x: float, y: float) -> Drawn:
    return Drawn(symbols.el_qr(digits), symbols.el_qr_extent(dpi, reference.marks().el_qr.module_dots[dpi]), x, y)


def address(zip_code: str, number: str, dpi: int, x: float, y: float) -> Drawn:
    bars = customer.bars(customer.symbols(zip_code, number))
    points = 9.0 if dpi >= 400 else 10.0  # 300 dpi has no whole dots for nine points
    return Drawn(symbols.customer_barcode(bars), symbols.customer_barcode_extent(dpi, points), x, y)


def press(drawn: list[Drawn], dpi: int) -> Image.Image:
    """A page with these symbols as PDFium turns it into pixels of a device."""
    sink = io.BytesIO()
    writer = PdfWriter(sink, title="marks", date="2026-04-10")
    writer.add_page("".join(symbols.paint(*one) for one in drawn))
    writer.close()
    with pypdfium2.PdfDocument(sink.getvalue()) as pdf:
        return pdf[0].render(scale=dpi / 72, grayscale=True).to_pil()


def cut_out(page: Image.Image, one: Drawn, dpi: int) -> Image.Image:
    """The box of a symbol: what it is given with its quiet zone, and a tenth of a millimetre less at each side."""
    width, height = one.extent.size
    edge = 0.1 if one.extent.above else 0
    box = (one.x + 0.1, one.y + edge, one.x + width - 0.1, one.y + height - edge)
    return page.crop(tuple(round(side / 25.4 * dpi) for side in box))


def around(page: Image.Image, one: Drawn, dpi: int) -> Image.Image:
    """The part of a page that a symbol stands in: readers take long over a whole one."""
    width, height = one.extent.size
    box = (one.x - 5, one.y - 5, one.x + width + 5, one.y + height + 5)
    return page.crop(tuple(round(side / 25.4 * dpi) for side in box))


def read_bars(image: Image.Image) -> str:
    """The bars of a customer barcode from its pixels: how high each reaches above and below the middle."""
    ink = ImageOps.invert(image).point([255 if value > BLACK else 0 for value in range(256)])
    left, top, right, bottom = ink.getbbox()
    upper, middle, lower = (round(top + (bottom - top) * part / 6) for part in (1, 3, 5))
    found, x = "", left
    for dark, run in groupby(ink.getpixel((x, middle)) for x in range(left, right)):
        length = len(list(run))
        centre = x + length // 2
        if dark:
            reach = (bool(ink.getpixel((centre, upper))), bool(ink.getpixel((centre, lower))))
            found += {(True, True): "F", (True, False): "A", (False, True): "D", (False, False): "T"}[reach]
        x += length
    return found


def zbar(image: Image.Image, folder: Path) -> set[str]:
    """What zbar finds in a picture, each as kind and text."""
    file = folder / "page.png"
    image.save(file)
    command = [tool("zbarimg"), "--quiet", "--nodbus", file]
    return set(subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines())


@pytest.mark.parametrize("dpi", DEVICES)
@pytest.mark.parametrize("digits", PAYMENTS)
def test_two_readers_read_a_payment_barcode(digits: str, dpi: int, tmp_path: Path) -> None:
    one = payment(digits, dpi, 130.3, 210.7)
    page = around(press([one], dpi), one, dpi)
    (found,) = zxingcpp.read_barcodes(page)
    assert found.symbology_identifier == "]C1"
    assert found.text.replace("(", "").replace(")", "") == digits
    assert zbar(page, tmp_path) == {f"CODE-128:{digits}"}


@pytest.mark.parametrize("dpi", DEVICES)
@pytest.mark.parametrize("digits", [LOCAL_TAX, "0" * 255, "1234567890" * 25 + "12345"], ids=["Kusatsu", "zeros", "all"])
def test_two_readers_read_an_el_qr(digits: str, dpi: int, tmp_path: Path) -> None:
    one = local_tax(digits, dpi, 150.3, 250.2)
    page = around(press([one], dpi), one, dpi)
    (found,) = zxingcpp.read_barcodes(page)
    assert (found.format, found.text) == (zxingcpp.BarcodeFormat.QRCode, digits)
    assert found.ec_level == reference.marks().el_qr.level
    assert zbar(page, tmp_path) == {f"QR-Code:{digits}"}


@pytest.mark.parametrize("dpi", DEVICES)
def test_the_bars_of_a_customer_barcode_are_read_from_its_pixels(dpi: int) -> None:
    drawn = [address(*one, dpi, 26.1 + i / 7, 8 + 12.3 * i) for i, one in enumerate(ADDRESSES)]
    page = press(drawn, dpi)
    for (zip_code, number), one in zip(ADDRESSES, drawn, strict=True):
        found = customer.read(read_bars(cut_out(page, one, dpi)))
        assert found == customer.symbols(zip_code, number)
        assert customer.characters(found) == zip_code + number


@pytest.mark.parametrize("dpi", DEVICES)
def test_marks_beside_each_other_are_each_read(dpi: int, tmp_path: Path) -> None:
    """A slip with a payment barcode and an eL-QR under an address: no quiet zone is another's."""
    drawn = [
        payment(PAYMENTS[0], dpi, 100, 200),
        local_tax(LOCAL_TAX, dpi, 165, 200),
        address(*ADDRESSES[0], dpi, 26, 60),
    ]
    page = press(drawn, dpi)
    texts = {found.text.replace("(", "").replace(")", "") for found in zxingcpp.read_barcodes(page)}
    assert texts == {PAYMENTS[0], LOCAL_TAX}
    assert zbar(page, tmp_path) == {f"CODE-128:{PAYMENTS[0]}", f"QR-Code:{LOCAL_TAX}"}
    assert read_bars(cut_out(page, drawn[2], dpi)) == VECTORS["customer_barcode"][0]["bars"]


@pytest.mark.parametrize("dpi", DEVICES)
def test_every_bar_and_every_space_of_a_press_has_its_dots(dpi: int) -> None:
    for one in (payment(PAYMENTS[0], dpi, 100.01, 200.02), address(*ADDRESSES[0], dpi, 26.03, 60.04)):
        ink = ImageOps.invert(cut_out(press([one], dpi), one, dpi))
        left, top, right, bottom = ink.getbbox()
        assert right - left == pytest.approx(one.extent.width, abs=1)
        assert bottom - top == pytest.approx(one.extent.height, abs=1)
        dots = one.extent.width // one.mask.width
        runs = [
            len(list(run))
            for _, run in groupby(ink.getpixel((x, (top + bottom) // 2)) > BLACK for x in range(left, right))
        ]
        assert all(min(length % dots, -length % dots) <= 1 for length in runs), runs


@pytest.mark.parametrize("dpi", DEVICES)
def test_the_quiet_zone_of_every_mark_is_inside_its_box_and_white(dpi: int) -> None:
    for one in (
        payment(PAYMENTS[0], dpi, 100.01, 200.02), local_tax(LOCAL_TAX, dpi, 165.03, 200.04),
        address(*ADDRESSES[0], dpi, 26.03, 60.04),
    ):  # fmt: skip
        page = ImageOps.invert(press([one], dpi))
        width, height = one.extent.size
        mm = 25.4 / dpi
        left, top, right, bottom = (side * mm for side in page.getbbox())
        beside, above = one.extent.beside * mm, one.extent.above * mm
        assert left - one.x >= beside - 1.5 * mm
        assert one.x + width - right >= beside - 1.5 * mm
        assert top - one.y >= above - 1.5 * mm
        assert one.y + height - bottom >= above - 1.5 * mm


# --- the picture that `printjobs mark --png` writes --------------------------------------------------------------


def test_the_picture_of_a_mark_is_read_and_says_its_true_size(tmp_path: Path) -> None:
    for one, text in (
        (payment(PAYMENTS[0], 600, 0, 0), f"CODE-128:{PAYMENTS[0]}"),
        (local_tax(LOCAL_TAX, 600, 0, 0), f"QR-Code:{LOCAL_TAX}"),
    ):
        image = Image.open(io.BytesIO(png(picture(one.mask, one.extent), one.extent.dpi)))
        assert image.info["dpi"] == pytest.approx((600, 600), abs=0.01)
        assert image.width == one.extent.width + 2 * one.extent.beside
        assert zbar(image, tmp_path) == {text}
        (found,) = zxingcpp.read_barcodes(image.convert("L"))
        assert found.text.replace("(", "").replace(")", "") == text.partition(":")[2]


@pytest.mark.parametrize("vector", VECTORS["customer_barcode"], ids=lambda v: v["zip"])
def test_the_picture_of_a_customer_barcode_shows_its_bars(vector: dict[str, str]) -> None:
    one = address(vector["zip"].replace("-", ""), vector["address_number"], 600, 0, 0)
    assert read_bars(picture(one.mask, one.extent).convert("L")) == vector["bars"]


def test_the_bars_of_a_payment_are_in_the_picture_module_by_module() -> None:
    one = payment(PAYMENTS[0], 600, 0, 0)
    image = picture(one.mask, one.extent)
    dots = one.extent.width // one.mask.width
    row = [
        image.getpixel((one.extent.beside + dots * i + dots // 2, image.height // 2)) for i in range(gs1_128.MODULES)
    ]
    assert "".join("0" if white else "1" for white in row) == gs1_128.bars(PAYMENTS[0])
