"""The resident tax notice on paper: every way to pay, the most and the fewest rows, the largest and no tax."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from printjobs.core import japanese
from printjobs.core.kinds import DEBIT, PENSION, RESIDENT_TAX, SLIP
from printjobs.core.model import Notice
from printjobs.reference import cities
from tests.golden import kinds
from tests.golden.paper import Paper, overlapping, squeezed

CODE = RESIDENT_TAX.code
KUSATSU, OMIHACHIMAN, MAIBARA = "252069", "252042", "252140"
CHOICES: kinds.Choices = {
    "納付書": (KUSATSU, lambda n: n.fields["payment"] == SLIP and len(n.tables["instalments"]) == 5),
    "口座振替": (KUSATSU, lambda n: n.fields["payment"] == DEBIT and bool(n.fields["ordinary_tax"])),
    "年金": (KUSATSU, lambda n: n.fields["payment"] == PENSION),
    "年金と普通徴収": (KUSATSU, lambda n: bool(n.fields["pension_tax"] and n.fields["ordinary_tax"])),
    "給与と普通徴収": (KUSATSU, lambda n: bool(n.fields["wage_tax"])),
    "税額なし": (KUSATSU, lambda n: n.fields["annual_tax"] == 0),
    "最高額": (KUSATSU, lambda n: int(n.fields["annual_tax"]) > 300_000_000),
    "1期だけ": (KUSATSU, lambda n: n.fields["payment"] == SLIP and len(n.tables["instalments"]) == 1),
    "行が最多": (KUSATSU, lambda n: len(n.tables["incomes"]) == 9),
    "国外": (KUSATSU, lambda n: bool(n.addressee.country)),
    "長い方書": (KUSATSU, lambda n: len(n.addressee.building) > 30),
    "5期": (OMIHACHIMAN, lambda n: len(n.tables["instalments"]) == 6),
    "公印省略": (MAIBARA, lambda n: n.fields["payment"] == SLIP),
}
STATUTORY = {
    "cover": [
        "納税通知書", "課税総所得金額", "税率", "所得割額", "均等割額", "森林環境税", "年税額", "納期限",
        "賦課期日", "地方税法第24条及び第294条", "条例", "琵琶湖森林づくり県民税（800円）", "1,800円",
    ],
    "guide": [
        "納付の場所", "延滞金", "地方税法第326条", "督促状", "同法第331条", "審査請求", "3か月以内", "裁決",
        "取消しの訴え", "6か月以内", "被告", "減免", "口座振替",
    ],
    "detail": [
        "課税明細書", "所得控除", "課税標準額", "税額控除", "算出所得割額", "年金からの特別徴収", "摘要",
    ],
    "reckoning": [
        "市民税は6パーセント", "県民税は4パーセント", "調整控除", "仮徴収", "本徴収",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with kinds.print_file(CODE, CHOICES, tmp_path_factory.mktemp(CODE)) as opened:
        yield opened


def labelled(paper: Paper) -> dict[str, Notice]:
    return dict(zip(CHOICES, kinds.notices_of(paper), strict=True))


def page_of(paper: Paper, notice: Notice, page: str) -> int:
    (number,) = [number for number, sheet in paper.sides(page) if sheet.notice is notice]
    return number


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
    for number, sheet in paper.sides("detail"):
        assert sheet.notice is not None
        assert squeezed(sheet.notice.addressee.name) + "様" in paper.text(number), sheet.label
        assert sheet.notice.number in paper.words(number), sheet.label


def test_every_symbol_says_what_the_record_says(paper: Paper) -> None:
    kinds.check_symbols(CODE, paper)


def test_every_customer_barcode_is_that_of_its_address(paper: Paper) -> None:
    kinds.check_addresses(paper)


@pytest.mark.parametrize(("page", "phrases"), STATUTORY.items(), ids=STATUTORY)
def test_every_notice_says_what_the_law_wants_it_to_say(paper: Paper, page: str, phrases: list[str]) -> None:
    for label, notice in labelled(paper).items():
        text = paper.text(page_of(paper, notice, page))
        assert [phrase for phrase in phrases if phrase not in text] == [], label


def test_the_cover_states_the_tax_and_how_it_is_collected(paper: Paper) -> None:
    keys = ("base", "separate_base", "city_levy", "prefecture_levy", "city_per_capita", "prefecture_per_capita",
            "forest_tax", "relief", "annual_tax", "wage_tax", "pension_tax", "ordinary_tax")  # fmt: skip
    for label, notice in labelled(paper).items():
        words = Counter(paper.words(page_of(paper, notice, "cover")))
        wanted = Counter(kinds.shown(notice.fields[key]) for key in keys)
        assert all(words[amount] >= times for amount, times in wanted.items()), label


def test_the_cover_states_when_and_how_much_is_paid(paper: Paper) -> None:
    for label, notice in labelled(paper).items():
        text = paper.text(page_of(paper, notice, "cover"))
        for period, due, amount, *_ in notice.tables["instalments"]:
            if period:
                line = japanese.period(int(period)) + japanese.era_date(str(due)) + japanese.yen(int(amount))
                assert line in text, label
        assert ("納付書や口座振替で納める税額はありません" in text) is (notice.fields["ordinary_tax"] == 0), label


def test_every_row_stands_on_the_details(paper: Paper) -> None:
    for label, notice in labelled(paper).items():
        text = paper.text(page_of(paper, notice, "detail"))
        for kind, revenue, amount in notice.tables["incomes"]:
            assert f"{kind}{kinds.shown(revenue)}{kinds.shown(amount)}" in text, label
        for kind, *amounts in (*notice.tables["separate_incomes"], *notice.tables["credits"]):
            assert kind + "".join(kinds.shown(amount) for amount in amounts) in text, label
        for kind, note, amount in notice.tables["deductions"]:
            assert f"{kind}{squeezed(str(note))}{kinds.shown(amount)}" in text, label


def test_the_details_state_every_amount_of_the_notice(paper: Paper) -> None:
    not_here = {"wage_tax", "ordinary_tax", "pension_tax"}
    for label, notice in labelled(paper).items():
        words = set(paper.words(page_of(paper, notice, "detail")))
        for key, value in notice.fields.items():
            months = key.startswith(("pension_", "next_")) and not notice.fields["pension_payer"]
            if isinstance(value, int) and key not in not_here and not months:
                assert kinds.shown(value) in words, f"{label}: {key}"
        assert squeezed(str(notice.fields["remark"])) in paper.text(page_of(paper, notice, "detail")), label


def test_a_pensioner_sees_the_months_and_who_withholds(paper: Paper) -> None:
    for label, notice in labelled(paper).items():
        text = paper.text(page_of(paper, notice, "detail"))
        payer = str(notice.fields["pension_payer"])
        assert ("年金から差し引く税額はありません" in text) is (payer == ""), label
        assert payer + "" in text
    assert labelled(paper)["年金"].fields["pension_payer"]


def test_who_pays_by_slips_gets_one_for_each_instalment_and_nobody_else_gets_any(paper: Paper) -> None:
    for label, notice in labelled(paper).items():
        wanted = len(notice.tables["instalments"]) if notice.fields["payment"] == SLIP else 0
        assert sum(len(sheet.slips) for sheet in paper.sheets if sheet.notice is notice) == wanted, label
    counts = {label: len(n.tables["instalments"]) for label, n in labelled(paper).items()}
    assert (counts["納付書"], counts["5期"], counts["1期だけ"], counts["税額なし"], counts["年金"]) == (5, 6, 1, 0, 0)


def test_a_slip_has_its_own_amount_three_times(paper: Paper) -> None:
    for number, sheet in paper.fronts("slips"):
        words = Counter(word for word in paper.words(number) if word.startswith("¥"))
        wanted = Counter[str]()
        for row in sheet.slips:
            wanted[f"¥{kinds.shown(row[2])}"] += 3
        assert words == wanted, sheet.label
