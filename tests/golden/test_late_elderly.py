"""The late-elderly notice on paper: two issuers, both parts of the premium, every way to pay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from printjobs.core.kinds import LATE_ELDERLY
from printjobs.core.kinds.late_elderly import PARTS
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from tests.golden import kinds, premiums
from tests.golden.paper import Box, Paper, overlapping, squeezed
from tests.golden.premiums import KOKA, MAIBARA, OMIHACHIMAN, labelled, pages_of

CODE = LATE_ELDERLY.code
CHOICES: kinds.Choices = {
    **premiums.WAYS,
    "限度額": (OMIHACHIMAN, lambda n: int(n.fields["medical_over"]) > 0),
    "7割軽減": ("252115", lambda n: n.fields["reduction"] == "7割軽減" and n.fields["months"] == 12),
    "8期": (KOKA, lambda n: n.fields["payment"] == "納付書" and len(n.tables["instalments"]) == 8),
}
STATUTORY = {
    "cover": "滋賀県後期高齢者医療広域連合長 保険料額の決定は広域連合長が 均等割額 所得割額 限度額 医療分 子ども分 "
    "子ども・子育て支援納付金分 年間保険料額 高齢者の医療の確保に関する法律第104条 賦課期日 納期限 年金支給日 "
    "決定の理由",
    "guide": "滋賀県後期高齢者医療審査会 審査請求 3か月以内 第128条 裁決 6か月以内 被告 延滞金 第113条 軽減 減免 "
    "納付の場所 ７割軽減 ５割軽減 ２割軽減 口座振替に変える",
}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with kinds.print_file(CODE, CHOICES, tmp_path_factory.mktemp(CODE)) as opened:
        yield opened


def test_the_pages_are_as_they_were_recorded(paper: Paper, update_golden: bool) -> None:
    kinds.compare_with_recorded(CODE, paper, update=update_golden)


@pytest.mark.parametrize("city", cities())
def test_every_fixed_text_has_room_in_every_citys_words(city: str) -> None:
    assert kinds.compiled(CODE).tight(city) == []


@pytest.mark.parametrize("city", cities())
def test_what_the_sample_says_is_bad_is_bad_and_the_rest_is_taken(city: str) -> None:
    premiums.check_sample(CODE, city)


def test_no_text_is_printed_over_another(paper: Paper) -> None:
    for number in range(paper.written.pages):
        assert [f"{one.text}{other.text}" for one, other in overlapping(paper.chars(number))] == [], number


def test_the_name_has_its_honorific_on_every_slip_and_twice_on_the_cover(paper: Paper) -> None:
    for number, sheet in paper.fronts("cover", "slips"):
        assert sheet.notice is not None
        who = sheet.notice.addressee
        times = 2 if sheet.front == "cover" else 3 * len(sheet.slips)
        assert paper.text(number).count(squeezed(who.name) + who.honorific) == times, sheet.label
        assert "御中" not in paper.text(number)


def test_every_symbol_says_what_the_record_says(paper: Paper) -> None:
    kinds.check_symbols(CODE, paper)


def test_every_customer_barcode_is_that_of_its_address(paper: Paper) -> None:
    kinds.check_addresses(paper)


def test_the_margins_are_white(paper: Paper) -> None:
    kinds.check_margins(paper)


def test_the_cover_states_every_amount_and_when_it_is_paid(paper: Paper) -> None:
    premiums.check_amounts(paper)
    premiums.check_schedule(paper)


def test_a_notice_is_called_what_it_is_and_tells_one_way_to_pay(paper: Paper) -> None:
    premiums.check_titles(paper, CHOICES, "後期高齢者医療保険料")
    premiums.check_ways(paper)


def test_who_pays_by_slips_gets_one_for_each_instalment_and_nobody_else_any(paper: Paper) -> None:
    premiums.check_slips(paper, CHOICES)
    premiums.check_no_local_tax_symbol(paper)


@pytest.mark.parametrize("page", STATUTORY)
def test_every_notice_says_what_the_law_wants_it_to_say(paper: Paper, page: str) -> None:
    for label, notice in labelled(paper, CHOICES).items():
        text = paper.text(pages_of(paper, notice, page)[0])
        assert [phrase for phrase in STATUTORY[page].split() if phrase not in text] == [], label


def test_the_union_stands_above_the_mayor_on_every_cover(paper: Paper) -> None:
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        values = profiles(CODE, 2026)[sheet.notice.city].values
        text = paper.text(number, Box(105, 76, 178, 97))
        union = squeezed(f"{values['union']}長{values['union_head']}{values['union_seal']}")
        assert text.index(union) < text.index(f"{cities()[sheet.notice.city].name}長"), sheet.label


def test_each_part_stands_in_a_row_of_its_own_in_the_order_of_its_sum(paper: Paper) -> None:
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        fields = sheet.notice.fields
        for (key, _), top in zip(PARTS, (128.4, 134.8), strict=True):
            wanted = [kinds.shown(fields[f"{key}_{k}"]) for k in ("head", "cut", "share", "over", "year")]
            wanted += [str(fields["months"]), kinds.shown(fields[f"{key}_premium"])]
            assert paper.words(number, Box(46, top, 200, top + 6.4)) == wanted, sheet.label


def test_the_cover_states_the_rates_and_limits_of_the_profile(paper: Paper) -> None:
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        values = profiles(CODE, 2026)[sheet.notice.city].values
        text = paper.text(number, Box(60, 215, 202, 231))
        for key, _ in PARTS:
            said = f"{values[f'{key}_head']}円{values[f'{key}_rate']}％{values[f'{key}_limit']}円"
            assert said in text, sheet.label


def test_a_mayor_without_a_seal_has_the_words_for_it(paper: Paper) -> None:
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        assert paper.text(number).count("公印省略") == 1 + (sheet.notice.city == MAIBARA), sheet.label
