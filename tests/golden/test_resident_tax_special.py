"""The notice to employers on paper: the employer's months, the list, one notice an employee, twelve slips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from printjobs.core import japanese
from printjobs.core.kinds import RESIDENT_TAX_SPECIAL, SLIP, Type
from printjobs.core.kinds.resident_tax_special import ELECTRONIC, EMPLOYEES, MONTHS
from printjobs.core.model import Notice
from printjobs.reference import cities
from tests.golden import kinds
from tests.golden.paper import Box, Paper, overlapping, squeezed

CODE = RESIDENT_TAX_SPECIAL.code
KUSATSU, MORIYAMA, MAIBARA = "252069", "252077", "252140"  # Moriyama's slips have an eL-QR
CHOICES: kinds.Choices = {
    "1人": (KUSATSU, lambda n: len(n.tables["employees"]) == 1 and n.fields["payment"] == SLIP),
    "3人": (KUSATSU, lambda n: len(n.tables["employees"]) == 3 and n.fields["payment"] == SLIP),
    "電子納付": (KUSATSU, lambda n: n.fields["payment"] == ELECTRONIC and bool(n.fields["annual_tax"])),
    "税額なし": (KUSATSU, lambda n: n.fields["annual_tax"] == 0),
    "最高額": (KUSATSU, lambda n: int(n.fields["annual_tax"]) > 300_000_000),
    "均等割だけ": (KUSATSU, lambda n: n.fields["annual_tax"] == 5800),
    "40人": (KUSATSU, lambda n: len(n.tables["employees"]) == 40),
    "国外": (KUSATSU, lambda n: bool(n.addressee.country)),
    "長い名称": (KUSATSU, lambda n: len(n.addressee.name) > 25),
    "長い方書": (KUSATSU, lambda n: len(n.addressee.building) > 30),
    "eL-QR": (MORIYAMA, lambda n: n.fields["payment"] == SLIP and bool(n.fields["annual_tax"])),
    "公印省略": (MAIBARA, lambda n: n.fields["payment"] == SLIP and bool(n.fields["annual_tax"])),
}
STATUTORY = {
    "cover": [
        "特別徴収税額の決定通知書", "地方税法第321条の4", "指定番号", "特別徴収税額", "納期限", "納入額",
        "異動届出書", "納期の特例",
    ],
    "guide": [
        "納入の場所", "延滞金", "地方税法第326条", "督促状", "審査請求", "3か月以内", "裁決", "6か月以内",
        "被告", "退職手当",
    ],
    "individual": [
        "納税義務者用", "給与収入", "所得控除計", "課税標準額", "所得割額", "均等割額", "森林環境税額",
        "特別徴収税額", "ここで切り離します",
    ],
    "individual_back": [
        "審査請求", "3か月以内", "6か月以内", "被告", "市民税6パーセント", "県民税4パーセント",
    ],
}  # fmt: skip
HALF = 148.5  # mm: two notices on one A4


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with kinds.print_file(CODE, CHOICES, tmp_path_factory.mktemp(CODE)) as opened:
        yield opened


def labelled(paper: Paper) -> dict[str, Notice]:
    return dict(zip(CHOICES, kinds.notices_of(paper), strict=True))


def pages_of(paper: Paper, notice: Notice, *pages: str) -> list[int]:
    return [number for number, sheet in paper.sides(*pages) if sheet.notice is notice]


def employees(notice: Notice) -> list[dict[str, str | int]]:
    return [dict(zip([c.key for c in EMPLOYEES.columns[1:]], row, strict=True)) for row in notice.tables["employees"]]


def halves(paper: Paper, notice: Notice) -> list[tuple[int, Box]]:
    """Page and half of each employee's own notice, and of the empty half that an odd number leaves."""
    boxes = (Box(24, 0, 210, HALF), Box(24, HALF, 210, 297))
    return [(number, box) for number in pages_of(paper, notice, "individual") for box in boxes]


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
    for number, code in found.summary.bad.items():
        assert code in found.problems[number]
    others = {number: codes for number, codes in found.problems.items() if number not in found.summary.bad}
    assert others == orphans | extra


def test_no_text_is_printed_over_another(paper: Paper) -> None:
    for number in range(paper.written.pages):
        assert [f"{one.text}{other.text}" for one, other in overlapping(paper.chars(number))] == [], number


def test_the_name_has_its_honorific_everywhere(paper: Paper) -> None:
    kinds.check_names(paper)


def test_every_symbol_says_what_the_record_says(paper: Paper) -> None:
    kinds.check_symbols(CODE, paper)


def test_every_customer_barcode_is_that_of_its_address(paper: Paper) -> None:
    kinds.check_addresses(paper)


@pytest.mark.parametrize(("page", "phrases"), STATUTORY.items(), ids=STATUTORY)
def test_every_notice_says_what_the_law_wants_it_to_say(paper: Paper, page: str, phrases: list[str]) -> None:
    for label, notice in labelled(paper).items():
        for number in pages_of(paper, notice, page):
            text = paper.text(number)
            assert [phrase for phrase in phrases if phrase not in text] == [], label


def test_the_cover_states_the_sums_and_the_twelve_months(paper: Paper) -> None:
    for label, notice in labelled(paper).items():
        (number,) = pages_of(paper, notice, "cover")
        text, words = paper.text(number), paper.words(number)
        for key in ("annual_tax", "city_tax", "prefecture_tax", "forest_tax"):
            assert kinds.shown(notice.fields[key]) in words, f"{label}: {key}"
        assert f"納税義務者{notice.fields['employees']}人" in text or f"{notice.fields['employees']}" in words, label
        assert str(notice.fields["designated"]) in words
        assert len(notice.tables["instalments"]) == 12
        for month, (_, due, amount, *_rest) in zip(MONTHS, notice.tables["instalments"], strict=True):
            assert f"{month}月分{japanese.era_date(str(due))}{kinds.shown(amount)}" in text, label


def test_every_employee_stands_on_the_list_once_with_the_twelve_months(paper: Paper) -> None:
    (repeat,) = kinds.compiled(CODE).layout.pages["list"].repeats
    for label, notice in labelled(paper).items():
        pages = pages_of(paper, notice, "list")
        rows = employees(notice)
        assert len(pages) == -(-len(rows) // repeat.count), label
        for i, row in enumerate(rows):
            top = 51 + i % repeat.count * repeat.pitch
            box = Box(24, top, 205, top + repeat.pitch)
            words = Counter(paper.words(pages[i // repeat.count], box))
            wanted = Counter(kinds.shown(row[f"month_{m:02d}"]) for m in MONTHS)
            wanted[kinds.shown(row["annual_tax"])] += 1
            assert Counter({w: n for w, n in words.items() if w in wanted}) == wanted, label
            assert f"{squeezed(str(row['name']))}様" in paper.text(pages[i // repeat.count], box), label


def test_every_employee_has_a_notice_of_the_own_with_every_amount(paper: Paper) -> None:
    amounts = [c.key for c in EMPLOYEES.columns if c.type is Type.YEN]
    for label, notice in labelled(paper).items():
        places = halves(paper, notice)
        rows = employees(notice)
        assert len(places) == len(rows) + len(rows) % 2, label
        for row, (number, box) in zip(rows, places, strict=False):
            words = Counter(paper.words(number, box))
            wanted = Counter(kinds.shown(row[key]) for key in amounts)
            assert all(words[amount] >= times for amount, times in wanted.items()), label
            text = paper.text(number, box)
            assert f"{squeezed(str(row['name']))}様" in text
            assert squeezed(str(row["address"])) in text
            assert squeezed(str(notice.fields["employer"])) in text


def test_nobody_else_is_named_on_an_employees_notice_or_on_its_back(paper: Paper) -> None:
    """Cut at the middle, sealed and handed over: what the other half says is somebody else's."""
    for label, notice in labelled(paper).items():
        rows = employees(notice)
        for i, (number, box) in enumerate(halves(paper, notice)):
            text = paper.text(number, box)
            own = rows[i]["address"] if i < len(rows) else ""
            others = {squeezed(str(row["address"])) for row in rows if row["address"] != own}
            assert not [other for other in others if other in text and other not in squeezed(str(own))], label
            back = paper.text(number + 1)
            assert not any(squeezed(str(row["name"])) in back for row in rows), label
            assert squeezed(notice.addressee.name) not in back, label


def test_what_is_cut_apart_does_not_cross_the_cut(paper: Paper) -> None:
    for number, sheet in paper.sides("individual", "individual_back"):
        for char in paper.chars(number):
            assert char.box.bottom < HALF - 0.2 or char.box.top > HALF + 2, f"{sheet.label}: {char.text}"


def test_an_employer_who_pays_by_slip_gets_one_for_each_month_with_an_amount(paper: Paper) -> None:
    for label, notice in labelled(paper).items():
        months = sum(int(row[2]) > 0 for row in notice.tables["instalments"])
        wanted = months if notice.fields["payment"] == SLIP else 0
        assert sum(len(sheet.slips) for sheet in paper.sheets if sheet.notice is notice) == wanted, label
    assert labelled(paper)["均等割だけ"].tables["instalments"][1][2] == 0


def test_a_slip_has_its_own_amount_and_month_three_times(paper: Paper) -> None:
    for number, sheet in paper.fronts("slips"):
        (repeat,) = kinds.compiled(CODE).layout.pages["slips"].repeats
        for i, row in enumerate(sheet.slips):
            box = Box(24, i * repeat.pitch, 210, (i + 1) * repeat.pitch)
            words = Counter(paper.words(number, box))
            assert words[f"¥{kinds.shown(row[2])}"] == 3, sheet.label
            assert words[japanese.withheld_month(int(row[0]))] == 3, sheet.label
            assert sum(n for word, n in words.items() if word.startswith("¥")) == 3, sheet.label
