"""Posting statements: the same yen as the bill's postage, and every percent explained."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from printjobs.core.cost.bill import Case, make_bill
from printjobs.core.postage.posting import Posting, Route, Terms
from printjobs.core.postage.statements import Part, Statement, statements
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


def test_where_pulls_have_left_a_sender_alone_its_percent_stands_as_one() -> None:
    made = case(alike(KUSATSU, "525", 9_900, 1), alike(MORIYAMA, "524", 200, 1), posting_1=Terms(Route.SORTED))
    (found,) = statements(made)
    assert isinstance(found.posting, Posting)
    assert [(row.line.pieces, [part.name for part in row.parts]) for row in found.rows] == [
        (9_900, ["割引"]), (200, []),
    ]  # fmt: skip
