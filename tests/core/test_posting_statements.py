"""Posting statements: the same yen as the bill's postage, and every percent explained."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printjobs.core.cost.bill import Case, make_bill
from printjobs.core.cost.statements import Statement, statements
from printjobs.core.postage.parts import Part
from printjobs.core.postage.posting import Route, Terms
from printjobs.pipeline.volumes import Alike, case_of

DAY = "2026-04-10"
OMIHACHIMAN, KUSATSU, MORIYAMA = "252042", "252069", "252077"
SORTED_3 = Terms(Route.SORTED, 3)


def alike(city: str, office: str, pieces: int, posting: int = 0, *, sheets: int = 3, barcode: bool = True) -> Alike:
    return Alike(city, 4, True, sheets, 1, office, barcode, posting, pieces, pieces)


def case(*same: Alike, **terms: Terms) -> Case:
    numbered = {int(name.removeprefix("posting_")): how for name, how in terms.items()}
    return case_of(DAY, sorted({a.city for a in same}), same, numbered, 3)


def explained(statement: Statement) -> bool:
    return all(sum(part.percent for part in row.parts) == row.line.percent for row in statement.rows)


some_terms = st.builds(Terms, st.sampled_from(list(Route)[1:]), st.sampled_from([0, 3, 7]), st.booleans())
some_alike = st.builds(
    alike, st.sampled_from([OMIHACHIMAN, KUSATSU, MORIYAMA]), st.sampled_from(["", "523", "525", "52034"]),
    st.integers(1, 30_000), st.integers(0, 2), sheets=st.sampled_from([3, 9, 16]), barcode=st.booleans(),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(some_alike, min_size=1, max_size=8, unique_by=lambda a: a[:8]), some_terms, some_terms)
def test_all_statements_together_are_the_postage_of_the_bill(same: list[Alike], one: Terms, other: Terms) -> None:
    own = [a if a.office else a._replace(posting=0) for a in same]  # abroad nothing is discounted
    made = case(*own, posting_1=one, posting_2=other)
    found = statements(made)
    assert sum(s.yen for s in found) == sum(line.yen for line in make_bill(made).lines if line.issuer == "post")
    assert sum(s.pieces for s in found) == sum(a.pieces for a in own)
    for statement in found:
        assert sum(sender.yen for sender in statement.senders) == statement.yen
        assert sum(sender.pieces for sender in statement.senders) == statement.pieces == statement.posting.pieces
        assert explained(statement)


def test_without_a_discount_each_city_hands_in_its_own_mail_and_its_mail_abroad() -> None:
    found = statements(case(alike(KUSATSU, "525", 30), alike(KUSATSU, "", 2), alike(MORIYAMA, "", 1)))
    assert [(s.posting.number, s.senders[0].city, s.pieces, s.yen) for s in found] == [
        (0, KUSATSU, 32, 32 * 110), (0, MORIYAMA, 1, 110),
    ]  # fmt: skip
    assert [row.line.mail_class for row in found[0].rows] == ["定形50gまで", "外国あて書状"]


def test_a_joint_posting_is_one_statement_with_every_sender() -> None:
    found = statements(
        case(alike(KUSATSU, "525", 9_000, 1), alike(MORIYAMA, "524", 6_000, 1), posting_1=SORTED_3)
    )  # fmt: skip
    assert [(s.title, [sender.city for sender in s.senders]) for s in found] == [
        ("差出し1（区分・連名）", [KUSATSU, MORIYAMA])
    ]
    # domain.md §3-3: 15,000 pieces of 定形, three days, with a barcode: 4 + 2 + 3 = 9 %, 100.1 yen each
    (row,) = found[0].rows
    assert row.parts == (Part("受取人の郵便区", 4), Part("送達余裕3日", 2), Part("バーコード", 3))
    assert (row.line.percent, row.line.yen) == (Fraction(9), 1_501_500)


def test_an_undiscounted_sender_of_a_joint_posting_has_no_parts() -> None:
    (found,) = statements(case(alike(KUSATSU, "525", 900, 1, sheets=16), posting_1=Terms(Route.BARCODE)))
    assert [row.parts for row in found.rows] == [()]


@pytest.mark.parametrize(
    ("kusatsu", "moriyama", "papers"),
    [
        (9_500, 499, [("差出し1のうち区分", KUSATSU, 6, 982_300), ("差出し1のうち割引なし", MORIYAMA, 0, 54_890)]),
        (10_001, 9_999, [("差出し1のうち区分", MORIYAMA, 6, 1_033_896), ("差出し1のうち区分", KUSATSU, 7, 1_023_102)]),
        (1_500, 499, [("差出し1（バーコード割引・連名）", f"{KUSATSU},{MORIYAMA}", 3, 213_293)]),
        (1_900, 99, [("差出し1のうちバーコード割引", KUSATSU, 3, 202_730),
                     ("差出し1のうち割引なし", MORIYAMA, 0, 10_890)]),
        (900, 99, [("差出し1のうち割引なし", KUSATSU, 0, 99_000), ("差出し1のうち割引なし", MORIYAMA, 0, 10_890)]),
    ],
)  # fmt: skip
def test_after_pulls_each_paper_is_of_senders_that_may_hand_in_together(
    kusatsu: int, moriyama: int, papers: list[tuple[str, str, int, int]]
) -> None:
    made = case(alike(KUSATSU, "525", kusatsu, 1), alike(MORIYAMA, "524", moriyama, 1), posting_1=Terms(Route.SORTED))
    found = statements(made)
    assert [(s.title, ",".join(s.posting.cities), int(s.rows[0].line.percent), s.yen) for s in found] == papers
    assert {s.posting.number for s in found} == {1}
    assert [s.part for s in found] == ([1, 2] if len(papers) > 1 else [0])
    assert sum(s.yen for s in found) == sum(line.yen for line in make_bill(made).lines if line.issuer == "post")


def test_what_is_too_little_for_the_regional_office_is_not_taken_there() -> None:
    (found,) = statements(case(alike(KUSATSU, "525", 49_999, 1), posting_1=Terms(Route.SORTED, 3, regional=True)))
    assert (found.posting.terms.regional, int(found.rows[0].line.percent)) == (False, 9)
