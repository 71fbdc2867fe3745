"""The light vehicle tax notice on paper: as recorded, readable, and the certificate on the right slips only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from printjobs import reference
from printjobs.core.kinds import DEBIT, LIGHT_VEHICLE_TAX, SLIP
from printjobs.core.model import Notice
from printjobs.reference.profile import profiles
from tests.golden import kinds
from tests.golden.kinds import Choices, handed_in, shown
from tests.golden.paper import Box, Paper

CODE = LIGHT_VEHICLE_TAX.code
KUSATSU, MORIYAMA, OMIHACHIMAN = "252069", "252077", "252042"  # no certificate; one for an owner; one for a vehicle
KEYS = [c.key for c in LIGHT_VEHICLE_TAX.table("vehicles").columns[1:]]
SLIP_HEIGHT = 99.0
RECEIPT = (24.0, 68.0)  # mm: from and to on the slip


def vehicles(notice: Notice) -> list[dict[str, str | int]]:
    return [dict(zip(KEYS, row, strict=True)) for row in notice.tables["vehicles"]]


def owns(notice: Notice, count: int) -> bool:
    return len(notice.tables["vehicles"]) == count and notice.fields["payment"] == SLIP


NOTICES: Choices = {
    "1台": (OMIHACHIMAN, lambda n: owns(n, 1) and not n.fields["reduction"]),
    "2台": (MORIYAMA, lambda n: owns(n, 2) and {v["inspection"] for v in vehicles(n)} == {"有", "無"}),
    "証明書のない市": (KUSATSU, lambda n: owns(n, 3)),
    "60台の会社": (MORIYAMA, lambda n: owns(n, 60)),
    "9台以上": ("", lambda n: 8 < len(n.tables["vehicles"]) < 30 and n.fields["payment"] == SLIP),
    "口座振替": (MORIYAMA, lambda n: n.fields["payment"] == DEBIT and bool(n.fields["annual_tax"])),
    "税額なし": (MORIYAMA, lambda n: n.fields["annual_tax"] == 0),
    "一部減免": (KUSATSU, lambda n: 0 < int(n.fields["reduction"]) < int(n.fields["full_tax"])),
    "外国": (MORIYAMA, lambda n: bool(n.addressee.country)),
    "長い方書": (MORIYAMA, lambda n: len(n.addressee.building) > 30),
    "長い社名": (MORIYAMA, lambda n: n.addressee.honorific == "御中" and len(n.addressee.name) > 24),
}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with kinds.print_file(CODE, NOTICES, tmp_path_factory.mktemp(CODE)) as opened:
        yield opened


def sheets_of(paper: Paper, label: str) -> list[tuple[str, str]]:
    return [(s.front, s.back) for s in paper.sheets if s.label.rpartition(" ")[0] == label]


def numbers_of(paper: Paper, notice: Notice, *pages: str) -> list[int]:
    return [number for number, sheet in paper.sides(*pages) if sheet.notice is notice]


def test_pages_are_as_they_were_recorded(paper: Paper, update_golden: bool) -> None:
    kinds.compare_with_recorded(CODE, paper, update=update_golden)


@pytest.mark.parametrize("city", reference.cities())
def test_no_fixed_text_is_larger_than_its_box(city: str) -> None:
    assert kinds.compiled(CODE).tight(city) == []


@pytest.mark.parametrize("city", reference.cities())
def test_intake_takes_the_sample_but_for_what_was_spoilt(city: str) -> None:
    found = handed_in(CODE, city)
    expected = {number: {code} for number, code in found.summary.bad.items()}
    expected |= {number: {"no_glyph"} for number in found.summary.needs_extra_font}
    expected |= {number: {"orphan_row"} for number in found.summary.orphans}
    assert found.problems == expected
    assert len(found.notices) == found.summary.notices - len(expected) + len(found.summary.orphans)


def test_every_symbol_says_what_the_record_says(paper: Paper) -> None:
    kinds.check_symbols(CODE, paper)


def test_every_customer_barcode_is_that_of_the_address(paper: Paper) -> None:
    kinds.check_addresses(paper)


def test_nothing_is_printed_in_the_strip_and_at_the_edges(paper: Paper) -> None:
    kinds.check_margins(paper)


def test_every_name_has_its_honorific_and_every_slip_its_number(paper: Paper) -> None:
    kinds.check_names(paper)


def test_the_cover_has_every_amount_and_every_vehicle_or_names_the_list(paper: Paper) -> None:
    for number, sheet in paper.fronts("cover"):
        notice, words = sheet.notice, paper.words(number)
        assert notice is not None
        for key in ("full_tax", "reduction", "annual_tax"):
            assert shown(notice.fields[key]) in words, sheet.label
        assert f"{notice.fields['vehicle_count']}台" in paper.text(number)
        on_list = int(notice.fields["vehicle_count"]) > 8
        assert ("車両明細書" in paper.text(number)) is on_list, sheet.label
        pages = numbers_of(paper, notice, "detail") if on_list else [number]
        text = "".join(paper.text(page) for page in pages)
        rows = vehicles(notice)
        for row in rows:
            assert str(row["plate"]).replace(" ", "") in text, sheet.label
            assert str(row["chassis"]) in text
        amounts = [word for page in pages for word in paper.words(page)]
        for row in rows:
            assert shown(row["rate"]) in amounts
            assert shown(row["amount"]) in amounts


def test_each_slip_is_of_its_own_vehicle_in_all_three_parts(paper: Paper) -> None:
    for number, sheet in paper.fronts("slips"):
        for i, values in enumerate(sheet.slips):
            row = dict(zip(KEYS, values, strict=True))
            text = paper.text(number, Box(24, i * SLIP_HEIGHT, 205, (i + 1) * SLIP_HEIGHT))
            assert text.count(str(row["plate"]).replace(" ", "")) == 3, sheet.label
            assert text.count(f"¥{shown(row['amount'])}") == 3
            assert text.count("令和8年6月1日") == 3
            assert str(row["payment_number"]) in text


def test_a_receipt_is_a_certificate_only_where_the_vehicle_is_inspected_and_the_city_gives_one(paper: Paper) -> None:
    for number, sheet in paper.fronts("slips"):
        assert sheet.notice is not None
        city = profiles(CODE, 2026)[sheet.notice.city]
        for i, values in enumerate(sheet.slips):
            row = dict(zip(KEYS, values, strict=True))
            text = paper.text(number, Box(RECEIPT[0], i * SLIP_HEIGHT, RECEIPT[1], (i + 1) * SLIP_HEIGHT))
            is_one = row["inspection"] == "有" and city.values["certificate"] == "あり"
            assert ("有効期限" + city.values["certificate_until"] in text) is is_one, sheet.label
            assert ("滞納がないことを証明します" in text) is is_one
            assert "領収証書" in text


def test_sheets_are_those_that_the_notice_needs(paper: Paper) -> None:
    cover, slips = ("cover", "guide"), ("slips", "slip_back")
    assert sheets_of(paper, "1台") == [cover, slips]
    assert sheets_of(paper, "2台") == [cover, slips]
    assert sheets_of(paper, "60台の会社") == [cover, ("detail", "detail"), *[slips] * 20]
    assert sheets_of(paper, "9台以上")[:2] == [cover, ("detail", "blank")]
    assert sheets_of(paper, "口座振替") == [cover]
    assert sheets_of(paper, "税額なし") == [cover]


def test_a_waived_vehicle_has_no_slip_and_is_on_the_cover(paper: Paper) -> None:
    (notice,) = {id(s.notice): s.notice for s in paper.sheets if s.label.startswith("一部減免")}.values()
    assert notice is not None
    waived = next(v for v in vehicles(notice) if not v["amount"])
    plate = str(waived["plate"]).replace(" ", "")
    (cover,) = numbers_of(paper, notice, "cover")
    assert plate in paper.text(cover)
    assert not any(plate in paper.text(number) for number in numbers_of(paper, notice, "slips"))


WAYS_TO_PAY = {
    "1台": "同封の納付書で、納期限までに納めてください。",
    "口座振替": "指定の口座から年税額を振り替えます。",
    "税額なし": "年税額が0円のため、納める必要はありません。",
}


@pytest.mark.parametrize(("label", "said"), WAYS_TO_PAY.items())
def test_the_cover_says_how_to_pay_and_no_other_way(paper: Paper, label: str, said: str) -> None:
    number = next(n for n, sheet in paper.fronts("cover") if sheet.label.startswith(f"{label} "))
    assert {way for way in WAYS_TO_PAY.values() if way in paper.text(number)} == {said}


STATUTORY = {
    "cover": ["納税通知書", "年税額", "納期限", "税率", "賦課期日", "地方税法", "税条例", "納税証明書"],
    "guide": ["納付の場所", "延滞金", "督促状", "滞納処分", "審査請求", "3か月以内", "取消しの訴え", "6か月以内",
              "被告", "10,800", "12,900", "7,200", "2,000", "5,900", "減免", "口座振替"],
}  # fmt: skip


@pytest.mark.parametrize("page", STATUTORY)
def test_every_notice_says_what_the_law_wants_it_to_say(paper: Paper, page: str) -> None:
    for number, sheet in paper.sides(page):
        text = paper.text(number)
        assert [phrase for phrase in STATUTORY[page] if phrase not in text] == [], sheet.label
