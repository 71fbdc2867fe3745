"""The health insurance notice on paper: tax and premium, every way to pay, the largest household and the least."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from printjobs.core import japanese
from printjobs.core.kinds import HEALTH_INSURANCE, SLIP
from printjobs.core.kinds.health_insurance import MEMBERS, PARTS, UNINSURED_HEAD
from printjobs.core.model import Notice
from printjobs.reference import cities
from tests.golden import kinds
from tests.golden.paper import Box, Paper, overlapping, squeezed

CODE = HEALTH_INSURANCE.code
KUSATSU, MAIBARA, RITTO = "252069", "252140", "252085"  # tax, premium, and one with eight instalments
CHOICES: kinds.Choices = {
    "納付書": (KUSATSU, lambda n: n.fields["payment"] == SLIP and len(n.tables["instalments"]) == 11),
    "口座振替": (KUSATSU, lambda n: n.fields["payment"] == "口座振替"),
    "年金": (KUSATSU, lambda n: n.fields["payment"] == "年金からの特別徴収"),
    "年金と納付書": (KUSATSU, lambda n: bool(n.fields["pension"] and n.fields["ordinary"])),
    "税額なし": (KUSATSU, lambda n: n.fields["annual"] == 0),
    "限度額": (KUSATSU, lambda n: all(n.fields[f"{part.key}_over"] for part in PARTS)),
    "1期だけ": (KUSATSU, lambda n: len(n.tables["instalments"]) == 2),
    "国外": (KUSATSU, lambda n: bool(n.addressee.country)),
    "長い方書": (KUSATSU, lambda n: len(n.addressee.building) > 30),
    "8期": (RITTO, lambda n: len(n.tables["instalments"]) == 9),
    "14人": (MAIBARA, lambda n: len(n.tables["members"]) == 14),
    "擬制世帯主": (MAIBARA, lambda n: n.fields["head"] == UNINSURED_HEAD),
    "料の納付書": (MAIBARA, lambda n: n.fields["payment"] == SLIP and len(n.tables["instalments"]) == 10),
    "特定世帯": (MAIBARA, lambda n: bool(n.fields["household"])),
}
TAX, PREMIUM = "国民健康保険税", "国民健康保険料"
STATUTORY = {
    KUSATSU: {
        "cover": "納税通知書 地方税法第703条の4 草津市国民健康保険税条例 課税標準額 所得割額 均等割額 平等割額 年税額",
        "guide": "納付の場所 延滞金 督促状 草津市長に対して審査請求 3か月以内 裁決 6か月以内 被告 減免",
        "explanation": "税率と限度額 67万円 26万円 17万円 3万円 納税義務者",
    },
    MAIBARA: {
        "cover": "納入通知書 国民健康保険法第76条 米原市国民健康保険条例 賦課基準額 年間保険料額 公印省略",
        "guide": "延滞金 滋賀県国民健康保険審査会 3か月以内 同法第103条 6か月以内 被告 地方自治法第231条の3",
        "explanation": "保険料率と限度額 納付義務者",
    },
}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with kinds.print_file(CODE, CHOICES, tmp_path_factory.mktemp(CODE)) as opened:
        yield opened


def labelled(paper: Paper) -> dict[str, Notice]:
    return dict(zip(CHOICES, kinds.notices_of(paper), strict=True))


def pages_of(paper: Paper, notice: Notice, *pages: str) -> list[int]:
    return [number for number, sheet in paper.sides(*pages) if sheet.notice is notice]


def test_the_pages_are_as_they_were_recorded(paper: Paper, update_golden: bool) -> None:
    kinds.compare_with_recorded(CODE, paper, update=update_golden)


@pytest.mark.parametrize("city", cities())
def test_every_fixed_text_has_room_in_every_citys_words(city: str) -> None:
    assert kinds.compiled(CODE).tight(city) == []


@pytest.mark.parametrize("city", cities())
def test_what_the_sample_says_is_bad_is_bad_and_the_rest_is_taken(city: str) -> None:
    found = kinds.handed_in(CODE, city)
    orphans = {number: {"orphan_row"} for number in found.summary.orphans}
    extra = {number: {"no_glyph"} for number in found.summary.needs_extra_font - found.summary.bad.keys()}
    assert found.problems == {number: {code} for number, code in found.summary.bad.items()} | orphans | extra


def test_no_text_is_printed_over_another(paper: Paper) -> None:
    for number in range(paper.written.pages):
        assert [f"{one.text}{other.text}" for one, other in overlapping(paper.chars(number))] == [], number


def test_the_name_has_its_honorific_everywhere(paper: Paper) -> None:
    kinds.check_names(paper)


def test_every_symbol_says_what_the_record_says(paper: Paper) -> None:
    kinds.check_symbols(CODE, paper)


def test_every_customer_barcode_is_that_of_its_address(paper: Paper) -> None:
    kinds.check_addresses(paper)


@pytest.mark.parametrize("city", STATUTORY)
def test_a_notice_says_what_the_law_wants_of_a_tax_or_of_a_premium(paper: Paper, city: str) -> None:
    notices = [notice for notice in kinds.notices_of(paper) if notice.city == city]
    for notice in notices:
        for page, phrases in STATUTORY[city].items():
            text = paper.text(pages_of(paper, notice, page)[0])
            assert [phrase for phrase in phrases.split() if phrase not in text] == []
    other = PREMIUM if city == KUSATSU else TAX
    for notice in notices:
        assert all(other not in paper.text(n) for n in pages_of(paper, notice, "cover", "guide", "explanation"))


def test_the_cover_states_every_amount_of_the_notice(paper: Paper) -> None:
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        words = Counter(paper.words(number))
        amounts = {key: value for key, value in sheet.notice.fields.items() if isinstance(value, int)}
        for key in amounts.keys() - {"insured", "care_insured", "next_provisional"}:
            assert words[kinds.shown(amounts[key])], f"{sheet.label}: {key}"
        said = f"{amounts['insured']}人（介護{amounts['care_insured']}人）"
        assert said in paper.text(number)


def test_the_cover_states_when_and_how_much_is_paid(paper: Paper) -> None:
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        text, tables = paper.text(number), sheet.notice.tables
        for period, due, amount, *_ in tables["instalments"]:
            if period:
                line = japanese.period(int(period)) + japanese.era_date(str(due)) + japanese.yen(int(amount))
                assert line in text, sheet.label
        for paid, stage, amount in tables["withheld"]:
            assert f"{stage}{japanese.era_date(str(paid))}{japanese.yen(int(amount))}" in text, sheet.label
        assert ("年金からの差引き" in text) is bool(tables["withheld"]), sheet.label


def test_a_household_of_pensioners_sees_all_six_months(paper: Paper) -> None:
    notice = labelled(paper)["年金"]
    assert [str(row[0])[5:7] for row in notice.tables["withheld"]] == ["04", "06", "08", "10", "12", "02"]
    text = paper.text(pages_of(paper, notice, "cover")[0])
    assert (text.count("仮徴収令和"), text.count("本徴収令和")) == (3, 3)
    assert "納めていただく額はありません" in text


def test_every_member_stands_on_the_details_with_the_own_amounts(paper: Paper) -> None:
    money = [MEMBERS.index(c.key) for c in MEMBERS.columns if c.type.value == "yen"]
    for label, notice in labelled(paper).items():
        pages = pages_of(paper, notice, "detail")
        rows = notice.tables["members"]
        assert len(pages) == -(-len(rows) // 12), label
        (repeat,) = kinds.compiled(CODE).layout.pages["detail"].repeats
        for i, row in enumerate(rows):
            top = 51 + i % repeat.count * repeat.pitch
            box = Box(24, top, 205, top + repeat.pitch)
            words = Counter(paper.words(pages[i // repeat.count], box))
            assert squeezed(str(row[0])) in paper.text(pages[i // repeat.count], box), label
            wanted = Counter(kinds.shown(row[place]) for place in money)
            wanted.update(str(row[MEMBERS.index(key)]) for key in ("months", "care_months"))
            assert {word: words[word] for word in wanted} == wanted, label


def test_a_head_who_is_not_insured_is_told_why_he_is_written_to(paper: Paper) -> None:
    for label, notice in labelled(paper).items():
        text = paper.text(pages_of(paper, notice, "cover")[0])
        assert ("世帯主が納付義務者になります" in text) is (label == "擬制世帯主"), label
    notice = labelled(paper)["擬制世帯主"]
    assert all(row[1] != "世帯主" for row in notice.tables["members"])


def test_who_pays_by_slips_gets_one_for_each_instalment_and_nobody_else_gets_any(paper: Paper) -> None:
    slips = {label: len(notice.tables["instalments"]) for label, notice in labelled(paper).items()}
    for label, notice in labelled(paper).items():
        wanted = slips[label] if notice.fields["payment"] == SLIP else 0
        printed = sum(len(sheet.slips) for sheet in paper.sheets if sheet.notice is notice)
        assert printed == wanted, label
        assert len(pages_of(paper, notice, "slips")) == -(-wanted // 3), label
    assert slips["納付書"] == 11
    assert slips["税額なし"] == slips["年金"] == 0


def test_the_slips_of_a_premium_have_no_symbol_of_local_tax(paper: Paper) -> None:
    for number, sheet in paper.fronts("slips"):
        assert sheet.notice is not None
        assert ("eL" in paper.words(number)) is (sheet.notice.city != MAIBARA), sheet.label
