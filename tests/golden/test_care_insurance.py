"""The long-term care notice on paper: every way to pay, every step, and the city's table that explains it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from printjobs.core.kinds import CARE_INSURANCE
from printjobs.core.model import Notice
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from printjobs.render.text import MM, wrap
from tests.golden import kinds, premiums
from tests.golden.paper import Box, Paper, overlapping
from tests.golden.premiums import OMIHACHIMAN, labelled, pages_of

CODE = CARE_INSURANCE.code
CHOICES: kinds.Choices = {
    **premiums.WAYS,
    "最高の段階": (OMIHACHIMAN, lambda n: n.fields["step"] == 15),
    "14段階": ("252077", lambda n: n.fields["payment"] == "納付書"),
}
STATUTORY = {
    "cover": "介護保険法 介護保険条例 所得段階 基準額 年間保険料額 納期限 年金支給日 第129条 賦課期日 決定の理由",
    "guide": "滋賀県介護保険審査会 審査請求 3か月以内 第183条 裁決 6か月以内 被告 延滞金 第144条 第66条 第67条 第69条 "
    "減免 納付の場所",
}
TABLE, ROW, HEAD = Box(18, 22, 192, 91), 4.1, 28.6  # of the guide's steps


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
def test_no_line_of_the_table_of_steps_wraps_and_pushes_the_next_step_down(city: str) -> None:
    layout = kinds.compiled(CODE)
    style = layout.layout.styles["steps"]
    (said,) = [s for s in layout.layout.pages["guide"].static if getattr(s, "say", "") == "{city.step_who}"]
    lines = profiles(CODE, 2026)[city].values["step_who"]
    chain = layout.fonts.chains[style.font]
    assert wrap(lines, chain, style.size, said.at[2] * MM) == lines.split("\n")  # type: ignore[union-attr]


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
        name = who.name.replace("　", "")
        times = 2 if sheet.front == "cover" else 3 * len(sheet.slips)
        assert paper.text(number).count(name + who.honorific) == times, sheet.label
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
    premiums.check_titles(paper, CHOICES, "介護保険料")
    premiums.check_ways(paper)


def test_who_pays_by_slips_gets_one_for_each_instalment_and_nobody_else_any(paper: Paper) -> None:
    premiums.check_slips(paper, CHOICES)
    premiums.check_no_local_tax_symbol(paper)


@pytest.mark.parametrize("page", STATUTORY)
def test_every_notice_says_what_the_law_wants_it_to_say(paper: Paper, page: str) -> None:
    for label, notice in labelled(paper, CHOICES).items():
        text = paper.text(pages_of(paper, notice, page)[0])
        assert [phrase for phrase in STATUTORY[page].split() if phrase not in text] == [], label


def row(paper: Paper, notice: Notice, step: int) -> str:
    """The text of one line of the table of steps, without the word beside it."""
    top = HEAD + (step - 1) * ROW
    number = pages_of(paper, notice, "guide")[0]
    return paper.text(number, Box(18, top, 35, top + ROW)) + paper.text(number, Box(69, top, 192, top + ROW))


def test_every_step_stands_on_its_own_line_with_the_citys_rate_and_amount(paper: Paper) -> None:
    for label, notice in labelled(paper, CHOICES).items():
        values = profiles(CODE, 2026)[notice.city].values
        lines = [values[key].split("\n") for key in ("step_who", "step_rates", "step_amounts")]
        for step, parts in enumerate(zip(*lines, strict=True), start=1):
            assert row(paper, notice, step) == f"第{step}段階{''.join(parts)}", label


def test_the_persons_own_step_is_pointed_at_and_has_the_amount_of_the_cover(paper: Paper) -> None:
    for label, notice in labelled(paper, CHOICES).items():
        step, number = int(notice.fields["step"]), pages_of(paper, notice, "guide")[0]
        beside = [char for char in paper.chars(number) if char.box.right < TABLE.left]
        assert "".join(char.text for char in beside) == "あなた→", label
        top = HEAD + (step - 1) * ROW
        assert all(top < char.box.top and char.box.bottom < top + ROW for char in beside), label
        assert row(paper, notice, step).endswith(f"{notice.fields['rate']}{kinds.shown(notice.fields['step_amount'])}")
