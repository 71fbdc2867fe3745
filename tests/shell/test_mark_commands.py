"""``printjobs mark``: values for scripts, sentences for people, pictures for readers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from layouts import loader
from printjobs.render.symbols.picture import OCR_POINTS
from tests.handin import RUN, Desk

VECTORS = json.loads((Path(__file__).parents[1] / "core" / "vectors.json").read_bytes())
PAYMENT = VECTORS["gs1_128"][0]["data43"]
LOCAL_TAX = VECTORS["el_qr"][0]["digits"]
NUMBERS = ("--division", "999", "--payment-number", "0" * 20, "--confirmation", "000000")
USAGE, BAD = 2, 4


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


@pytest.mark.parametrize("vector", VECTORS["customer_barcode"], ids=lambda v: f"{v['zip']} {v['address_b']}")
def test_a_published_address_gives_its_published_barcode(desk: Desk, vector: dict[str, object]) -> None:
    said = desk("mark", "customer-barcode", vector["zip"], vector["address_b"], "--json").json
    number = vector["address_number"]
    assert said["characters"] == f"{str(vector['zip']).replace('-', '')}{number}"
    assert (said["address_number"], said["symbols"]) == (number, vector["chars"])
    assert (said["check"], said["bars"]) == (vector["check"], vector["bars"])


def test_a_whole_address_is_read_after_its_town(desk: Desk) -> None:
    address = "滋賀県草津市草津三丁目13番30号"
    said = desk("mark", "customer-barcode", "〒５２５－００３４", address, "--building", "5F", "--json").json
    assert (said["address_number"], said["town_found"]) == ("3-13-30-5", True)
    told = desk("mark", "customer-barcode", "5250034", "三丁目13番30号")
    assert "3-13-30" in told.out
    assert "町域名が住所にない" in told.out


@pytest.mark.parametrize("vector", VECTORS["gs1_128"], ids=lambda v: v["data43"])
def test_a_published_payment_gets_its_check_digit(desk: Desk, vector: dict[str, object]) -> None:
    said = desk("mark", "gs1-128", vector["data43"], "--json").json
    assert said["check"] == str(vector["check"])
    assert said["characters"] == f"{vector['data43']}{vector['check']}"
    assert len(said["modules"]) == 288
    assert "".join(c for c in "".join(said["lines"]) if c.isdigit()) == said["characters"]
    assert desk("mark", "gs1-128", said["characters"], "--json").json == said


@pytest.mark.parametrize("vector", VECTORS["mpn_check"], ids=lambda v: v["body"])
def test_a_published_line_gets_its_check(desk: Desk, vector: dict[str, str]) -> None:
    said = desk("mark", "mpn", vector["body"], "--json").json
    assert said == {"characters": vector["cd"] + vector["body"], "check": vector["cd"]}


def test_an_el_qr_is_proven_sealed_or_built(desk: Desk) -> None:
    said = desk("mark", "el-qr", LOCAL_TAX, "--json").json
    assert (said["characters"], said["check"]) == (LOCAL_TAX, VECTORS["el_qr"][0]["crc"])
    assert said["fields"]["amount"] == 12_300
    assert desk("mark", "el-qr", LOCAL_TAX[:-5], "--json").json == said
    built = desk(
        "mark", "el-qr", "--amount", 12300, "--division", 999, "--payment-number", "00025206202600000001",
        "--confirmation", 123456, "--city", 252069, "--year", 2026, "--period", 1, "--due", "2026-07-31",
        "--accept-until", "2027-03-31", "--json",
    )  # fmt: skip
    assert built.json == said


def test_a_sheet_mark_is_made_and_read_with_the_key_of_its_run(desk: Desk) -> None:
    said = desk("mark", "sheet", RUN, "--batch", 3, "--piece", 7, "--sheet", 2, "--of", 2, "--json").json
    assert len(said["characters"]) == 34
    assert said["characters"].endswith(said["check"])
    assert desk("mark", "sheet", RUN, "--read", said["characters"], "--json").json == said
    other = desk("mark", "sheet", "property_tax-1999", "--read", said["characters"])
    assert (other.code, other.out) == (BAD, "")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("gs1-128", PAYMENT), PAYMENT + str(VECTORS["gs1_128"][0]["check"])),
        (("el-qr", LOCAL_TAX), LOCAL_TAX),
        (("sheet", RUN), ""),
    ],
    ids=["gs1-128", "el-qr", "sheet"],
)
def test_the_picture_is_read_by_another_reader(desk: Desk, tmp_path: Path, words: tuple[str, ...], text: str) -> None:
    file = tmp_path / "mark.png"
    said = desk("mark", *words, "--png", file, "--json").json
    with Image.open(file) as picture:
        (found,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert found.text.replace("(", "").replace(")", "") == (text or said["characters"])


def test_a_customer_barcode_has_a_picture_with_white_around(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "mark.png"
    assert desk("mark", "customer-barcode", "5250034", "草津市草津1", "--png", file).code == 0
    with Image.open(file) as picture:
        ink = picture.convert("L").point([255 - value for value in range(256)])
        assert ink.getbbox() == (48, 48, picture.width - 48, picture.height - 48)  # 2 mm at 600 dpi


def test_an_ocr_line_has_a_picture_in_the_size_of_the_slips(desk: Desk, tmp_path: Path) -> None:
    file, vector = tmp_path / "mark.png", VECTORS["mpn_check"][0]
    assert desk("mark", "mpn", vector["body"], "--png", file).code == 0
    with Image.open(file) as drawn:
        ink = drawn.convert("L").point([255 - value for value in range(256)])
        assert drawn.info["dpi"] == pytest.approx((600, 600), abs=0.1)
    box = ink.getbbox()
    assert box
    assert min(box[0], box[1], ink.width - box[2], ink.height - box[3]) >= 40  # white around
    columns = [ink.crop((50 * place, 0, 50 * (place + 1), ink.height)) for place in range(1, 40)]
    assert all(column.getbbox() for column in columns)  # twelve to the inch: 50 dots each
    zeros = {
        column.tobytes() for column, char in zip(columns, vector["cd"] + vector["body"], strict=True) if char == "0"
    }
    assert len(zeros) == 1
    assert loader.load("property_tax", "2026-1").styles["slip_ocr"].size == OCR_POINTS


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("customer-barcode", "52500", "x"), USAGE, "7桁"),
        (("customer-barcode", "525-003A", "x"), USAGE, "7桁"),
        (("customer-barcode", "525-0000", "草津市"), BAD, "代表番号"),
        (("customer-barcode", "999-9999", "x"), BAD, "ありません"),
        (("customer-barcode", "525-8691", "草津郵便局私書箱"), BAD, "私書箱"),
        (("gs1-128", "91"), USAGE, "43桁"),
        (("gs1-128", "A" * 43), USAGE, "数字"),
        (("gs1-128", PAYMENT + "5"), BAD, "検査数字が合いません"),
        (("gs1-128", "92" + PAYMENT[2:]), BAD, "91"),
        (("gs1-128", PAYMENT[:30] + "261301" + PAYMENT[36:]), BAD, "日付"),
        (("gs1-128", PAYMENT[:37] + "300001"), BAD, "30万円"),
        (("mpn", "123"), USAGE, "37文字"),
        (("mpn", "B" * 37), USAGE, "使えない文字"),
        (("el-qr", "123"), BAD, "255桁"),
        (("el-qr", LOCAL_TAX[:-1] + "0"), BAD, "CRC"),
        (("el-qr",), USAGE, "納付区分"),
        (("el-qr", *NUMBERS, "--city", "1"), USAGE, "市コード"),
        (("el-qr", *NUMBERS, "--city", "252069", "--due", "7/31"), USAGE, "納期限"),
        (("sheet", RUN, "--read", "0" * 34), BAD, "QR ではありません"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_exit_code(desk: Desk, words: tuple[str, ...], code: int, said: str) -> None:
    told = desk("mark", *words)
    assert told.code == code
    assert said in told.err
    assert told.out == ""


def test_a_picture_that_cannot_be_written_is_told(desk: Desk, tmp_path: Path) -> None:
    told = desk("mark", "gs1-128", PAYMENT, "--png", tmp_path / "no folder" / "mark.png")
    assert told.code == USAGE
    assert "--png" in told.err
