"""What the customer barcode takes from an address: Japan Post's own examples, and what no rule may do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from printjobs.core import address_number
from printjobs.core.address_number import AddressNumber, Outcome, Reason, Town, extract, find, kanji_number
from printjobs.core.model import Addressee
from printjobs.intake import PostalCodes

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_bytes())["customer_barcode"]
IMAJUKU = (Town("滋賀県", "守山市", "今宿"), Town("滋賀県", "守山市", "今宿町"))
addresses = st.text(
    st.sampled_from("0123456789１２３ABFabfＦＺ-－‐ー　 ・/&.丁目番地号線のノ階棟室一二三十百ハイツⅠ①½"), max_size=24
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['zip']} {v['address_b']}")
def test_a_published_example_gives_its_published_number(vector: dict[str, str]) -> None:
    assert extract(vector["address_b"]) == vector["address_number"]


@pytest.mark.parametrize(
    ("part_b", "number"),
    [
        ("1丁目2-3 Ⅱ号棟", "1-2-3"),  # NFKC would make the letters II of it
        ("1-2 第Ⅰビル3号", "1-2-3"),
        ("1-2 ①号", "1-2"),
        ("1ー2―3−4‐5－6", "1-2-3-4-5-6"),
        ("十番", "10"),
        ("百一番地", "101"),
        ("二一番", "21"),
        ("二百三十四番", "234"),
        ("千二番", "1002"),
        ("三〇番", "30"),
        ("第二三の四", "23"),  # 四 stands before none of the words
        ("三田村1", "1"),
        ("五地割六線", "5-6"),
        ("2F201", "2-201"),
        ("10F", "10"),
        ("ＡＢＣ２ｆ", "2"),
        ("1-2FB3", "1-2-3"),  # two letters are a word
        ("F棟3", "F3"),
        ("3 F", "3F"),  # no floor: the F does not follow the digit
        ("4-5B", "4-5B"),
        ("A", "A"),
        ("1.5", "15"),
        ("1・2/3＆4", "1234"),
        ("ハイツ", ""),
        ("", ""),
        ("---", ""),
    ],
)
def test_a_rule_of_the_manual(part_b: str, number: str) -> None:
    assert extract(part_b) == number


@given(addresses)
@example("1-2-3 ABC-D棟")
@example("十一丁目")
def test_a_number_has_digits_single_hyphens_and_letters_without_hyphens_beside(part_b: str) -> None:
    number = extract(part_b)
    assert re.fullmatch(r"([0-9A-Z]|(?<=[0-9])-(?=[0-9]))*", number)


@given(addresses)
def test_taking_the_number_of_a_number_changes_nothing(part_b: str) -> None:
    number = extract(part_b)
    assume(not re.search(r"[A-Z]{2}|[0-9]F", number))  # from an address they would be a word and a floor
    assert extract(number) == number


@given(st.text(max_size=40))
def test_any_text_at_all_gives_a_number_that_a_barcode_takes(part_b: str) -> None:
    assert re.fullmatch(r"[0-9A-Z-]*", extract(part_b))


@given(st.text("abcxyzＡＢｘｙ", min_size=1, max_size=1), st.integers(0, 99))
def test_width_and_case_of_a_letter_do_not_matter(letter: str, number: int) -> None:
    plain = chr(ord(letter) - 0xFEE0) if letter > "z" else letter
    assert extract(f"{number}{letter}1") == extract(f"{number}{plain.upper()}1") == f"{number}{plain.upper()}1"


@given(st.integers(1, 9999))
def test_a_kanji_numeral_says_what_a_person_reads(number: int) -> None:
    digits = "〇一二三四五六七八九"
    written = ""
    for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        if value := number // place % 10:
            written += (digits[value] if value > 1 or not unit else "") + unit
    assert kanji_number(written) == number
    assert kanji_number("".join(digits[int(d)] for d in str(number))) == number


# --- which part is part B ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("滋賀県守山市今宿三丁目13番30号", "3-13-30"),
        ("守山市今宿三丁目13番30号", "3-13-30"),
        ("今宿三丁目13番30号", "3-13-30"),
        ("滋賀県　守山市　今宿　三丁目13番30号", "3-13-30"),
        ("守山市大字今宿13番地", "13"),
        ("守山市今宿町13番地", "13"),
        ("守山市今宿", ""),
    ],
)
def test_part_b_begins_after_the_town(address: str, number: str) -> None:
    assert find(IMAJUKU, address, "") == AddressNumber(Outcome.READY, number)


def test_the_longest_name_counts_even_when_it_is_not_the_first() -> None:
    towns = (Town("北海道", "旭川市", "曙"), Town("北海道", "旭川市", "曙１条"))
    assert find(towns, "旭川市曙1条2丁目", "").number == "2"
    assert find(towns[::-1], "旭川市曙1条2丁目", "").number == "2"


@pytest.mark.parametrize("town", ["秋月１１条", "秋月十一条"])
@pytest.mark.parametrize("written", ["秋月11条", "秋月１１条", "秋月十一条"])
def test_a_town_may_be_written_with_the_other_numerals(town: str, written: str) -> None:
    assert find([Town("北海道", "旭川市", town)], f"旭川市{written}3丁目4", "").number == "3-4"


def test_a_town_whose_name_ends_in_a_number_is_not_found_in_a_longer_number() -> None:
    assert find([Town("北海道", "旭川市", "曙１")], "旭川市曙11", "").outcome == Outcome.UNPARSED


@pytest.mark.parametrize("written", ["八日市場ケ谷5", "八日市場ヶ谷5"])
def test_small_and_large_ke_are_the_same(written: str) -> None:
    assert find([Town("滋賀県", "守山市", "八日市場ケ谷")], written, "").number == "5"


def test_a_county_may_be_left_out() -> None:
    town = Town("滋賀県", "蒲生郡日野町", "松尾")
    for address in ("滋賀県蒲生郡日野町松尾1-2", "蒲生郡日野町松尾1-2", "日野町松尾1-2", "松尾1-2"):
        assert find([town], address, "").number == "1-2"


@pytest.mark.parametrize("city", ["郡山市", "大和郡山市", "蒲郡市"])
def test_a_city_with_the_character_of_a_county_is_no_county(city: str) -> None:
    assert find([Town("県", city, "本町")], f"{city}本町7", "").number == "7"


def test_streets_stand_before_the_town_in_kyoto_and_nowhere_else() -> None:
    kyoto = Town("京都府", "京都市中京区", "上本能寺前町")
    assert find([kyoto], "京都市中京区寺町通御池上る上本能寺前町488番地", "").number == "488"
    assert find([Town("滋賀県", "守山市", "本町")], "守山市寺町通本町488", "").outcome == Outcome.UNPARSED


@pytest.mark.parametrize("address", ["大津市今宿1", "守山市吉身1丁目2", "", "守山市", "今", "市今宿1"])
def test_an_address_of_another_town_does_not_parse(address: str) -> None:
    assert find(IMAJUKU, address, "") == AddressNumber(Outcome.UNPARSED, "", Reason.OTHER_TOWN)


def test_a_city_that_is_named_is_not_read_as_a_town_of_the_same_name() -> None:
    assert find([Town("滋賀県", "守山市", "守山")], "守山市吉身1-2", "").outcome == Outcome.UNPARSED
    assert find([Town("滋賀県", "守山市", "守山")], "守山市守山1-2", "").number == "1-2"


NAMES = st.lists(st.text("大字市場町草津ケ", min_size=1, max_size=4), min_size=1, max_size=3).map("、".join)
OTHER_NAMES = st.text("大字市場町草津ケ三1", min_size=1, max_size=4)


@example("草津、草津町", "草津町1", 0)
@given(st.one_of(NAMES, OTHER_NAMES), st.text("大字市場町草津ケ三1 　", max_size=10), st.integers(0, 3))
def test_a_name_is_found_at_the_same_place_with_and_without_a_pattern(name: str, address: str, start: int) -> None:
    """Most names need none: compiling it takes as long as reading a notice."""
    found = address_number._name(name, False).match(address, start)
    names = address_number._literal(name)
    assert bool(names) is not bool(re.search("[三1]", name))
    if names and not re.search(r"\s", address):
        assert address_number._literal_end(names, address, start) == (found.end() if found else 0)


@pytest.mark.parametrize("blank", [" ", "　", "　 "])
@pytest.mark.parametrize("address", ["今宿町123-4", "滋賀県守山市今宿町123-4", "守山市字今宿123-4"])
def test_a_blank_before_within_or_behind_the_town_changes_nothing(address: str, blank: str) -> None:
    plain = find(IMAJUKU, address, "")
    assert plain.outcome is Outcome.READY
    assert find(IMAJUKU, blank + address, "") == plain
    assert find(IMAJUKU, address.replace("今", f"{blank}今"), "") == plain
    assert find(IMAJUKU, address.replace("宿", f"{blank}宿"), "") == plain
    assert find(IMAJUKU, address.replace("1", f"{blank}1", 1), "") == plain


def test_the_building_is_part_of_part_b_and_its_digits_stand_apart() -> None:
    assert find(IMAJUKU, "守山市今宿1-2", "3号室").number == "1-2-3"
    assert find(IMAJUKU, "守山市今宿1-2", "ハイツA棟4F").number == "1-2A4"


def test_a_town_with_the_signs_of_a_pattern_in_its_name_is_a_name() -> None:
    assert find([Town("(県", "市+", "町.*")], "町.*5", "").number == "5"


# --- with the real codes -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def codes() -> PostalCodes:
    return PostalCodes()


@pytest.mark.parametrize(
    ("code", "address", "building", "expected"),
    [
        ("5250034", "滋賀県草津市草津三丁目13番30号", "", AddressNumber(Outcome.READY, "3-13-30")),
        ("5280041", "甲賀市水口町虫生野1118-3", "ハイツA棟101号", AddressNumber(Outcome.READY, "1118-3A101")),
        ("5210016", "米原市下多良二丁目137番地", "", AddressNumber(Outcome.READY, "2-137")),
        ("5240041", "守山市勝部町5", "", AddressNumber(Outcome.READY, "5")),  # 勝部 and 勝部町 share the code
        ("0600906", "札幌市東区北6条東4丁目", "郵便センター6号館", AddressNumber(Outcome.READY, "4-6")),
        ("5258588", "草津市草津三丁目13番30号", "草津市役所", address_number.CODE_ALONE),
        ("5250000", "草津市架空町1", "", address_number.REPRESENTATIVE),
        ("5203000", "栗東市", "", address_number.REPRESENTATIVE),
        ("", "1 Main Street", "", address_number.ABROAD),
        ("9999999", "草津市草津1", "", address_number.UNKNOWN_CODE),
        ("5250034", "草津市野路町1", "", AddressNumber(Outcome.UNPARSED, "", Reason.OTHER_TOWN)),
        ("5258691", "草津郵便局私書箱第十二号", "", AddressNumber(Outcome.READY, "12")),
        ("5203291", "甲西郵便局", "私書箱３４号", AddressNumber(Outcome.READY, "34")),
        ("5258691", "草津郵便局私書箱", "", AddressNumber(Outcome.UNPARSED, "", Reason.BOX_WITHOUT_NUMBER)),
        ("5258691", "草津市草津1", "", AddressNumber(Outcome.UNPARSED, "", Reason.BOX_WITHOUT_NUMBER)),
    ],
)
def test_a_code_says_which_part_of_an_address_counts(
    codes: PostalCodes, code: str, address: str, building: str, expected: AddressNumber
) -> None:
    assert codes.address_number(code, address, building) == expected


def test_what_must_have_no_barcode_is_told_from_what_does_not_parse(codes: PostalCodes) -> None:
    assert codes.address_number("5250000", "草津市草津1", "").outcome == Outcome.NONE
    assert codes.address_number("", "", "").outcome == Outcome.NONE
    assert codes.address_number("9999999", "", "").outcome == Outcome.UNPARSED


@pytest.mark.parametrize("unparsed", ["none", "postal_code"])
@pytest.mark.parametrize(
    ("code", "address", "earns"),
    [
        ("5250034", "草津市草津三丁目13番30号", True),
        ("5258588", "草津市草津三丁目13番30号", True),  # an office's own code is all that its barcode says
        ("5250034", "草津市野路町1", False),  # the address of another code: whatever the city prints
        ("5250000", "草津市草津1", False),
        ("", "1 Main Street", False),
    ],
)
def test_only_a_barcode_that_says_all_that_it_should_earns_a_discount(
    codes: PostalCodes, code: str, address: str, unparsed: str, earns: bool
) -> None:
    printed = codes.barcode(unparsed, code, address, "")
    assert codes.earns(Addressee("1", "見本　太郎", "様", code, address, "", "", printed)) is earns


def test_codes_are_known_as_before(codes: PostalCodes) -> None:
    assert codes.old_code("5250034") == "525  "
    assert codes.old_code("5258588") == "525  "
    assert codes.old_code("9999999") is None
    assert codes.knows("5250034")
    assert not codes.knows("9999999")
    assert codes.towns("5258588") == ()
    assert codes.towns("9999999") is None
