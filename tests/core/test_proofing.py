"""What is in a proof: the worst of every sort that the city has, whatever the order of its file, and no more."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printjobs.core import proofing
from printjobs.core.kinds import ADDRESSEE, KINDS, NUMBER, PROPERTY_TAX, Column, Kind, Table, Type
from printjobs.core.model import Addressee, Notice
from printjobs.core.proofing import Looked, Sample, choose, criteria, width

# A kind that has nothing in common with any real one: no way of paying, no co-owners, two tables of its own.
DOGS = msgspec.structs.replace(
    PROPERTY_TAX,
    code="dogs",
    name="犬税",
    notices=Table("notices", "notices.csv", (NUMBER, *ADDRESSEE, Column("fee", "税額", Type.YEN))),
    details=(
        Table(
            "dogs",
            "dogs.csv",
            (
                NUMBER,
                Column("name", "名前", Type.TEXT),
                Column("size", "大きさ", Type.CHOICE, required=False, choices=("大", "中", "小")),
                Column("amount", "額", Type.YEN),
            ),
        ),
        Table("days", "days.csv", (NUMBER, Column("day", "日", Type.DATE))),
    ),
    total="fee",
    payable="dogs",
)
EVERY_KIND = {kind.code: kind for kind in (*KINDS.values(), DOGS)}
few = settings(max_examples=20)  # of every kind; a whole city of made-up cells is slow to draw
every_kind = pytest.mark.parametrize("kind", EVERY_KIND.values(), ids=EVERY_KIND)

TEXTS = st.text(alphabet="a1あ一ｱ髙辻\ue000\U000e0100𠮷", max_size=6)
CELLS = {
    Type.TEXT: TEXTS,
    Type.DIGITS: st.sampled_from(["", "1", "123456"]),
    Type.YEN: st.sampled_from([0, 1, 100, 99_999_999_999]),
    Type.COUNT: st.integers(0, 3),
    Type.AREA: st.sampled_from(["", 1, 12_345]),
    Type.DATE: st.sampled_from(["2026-04-30", "2026-07-31"]),
}


def cell(column: Column) -> st.SearchStrategy[Any]:
    if column.type == Type.CHOICE:
        return st.sampled_from(column.choices if column.required else (*column.choices, ""))
    return CELLS.get(column.type, TEXTS)


def rows(table: Table) -> st.SearchStrategy[list[list[str | int]]]:
    return st.lists(st.tuples(*(cell(c) for c in table.columns[1:])).map(list), max_size=3)


@st.composite
def notices(draw: st.DrawFn, kind: Kind) -> tuple[Notice, int]:
    """A notice of any content with its sheets; it need not add up, for the choice does not look at sums."""
    values = {c.key: draw(cell(c)) for c in kind.notices.columns[1:]}
    addressee = Addressee(
        draw(st.sampled_from(["1", "22"])),
        *(str(values.pop(key)) for key in ("name", "honorific", "zip", "address", "building", "country")),
    )
    number = draw(st.integers(1, 10_000).map("{:010d}".format))
    fields = {key: value for key, value in values.items() if key != "addressee_number"}
    tables = {t.name: draw(rows(t)) for t in kind.details}
    return Notice("252069", kind.code, number, 2, addressee, fields, tables), draw(st.integers(1, 4))


def cities(kind: Kind) -> st.SearchStrategy[list[tuple[Notice, int]]]:
    return st.lists(notices(kind), min_size=1, max_size=12, unique_by=lambda pair: pair[0].number)


def chosen_for(samples: list[Sample], key: str) -> Notice | None:
    """The one notice that is there for a criterion or case."""
    found = [sample.notice for sample in samples if key in sample.reasons]
    assert len(found) <= 1
    return found[0] if found else None


def looked(kind: Kind, city: list[tuple[Notice, int]]) -> list[Looked]:
    text = proofing._all_text(kind)
    return [Looked(notice, sheets, text(notice)) for notice, sheets in city]


@every_kind
@few
@given(data=st.data())
def test_the_first_of_every_ranking_is_in_the_proof_and_of_equal_ones_the_lowest_number(
    kind: Kind, data: st.DataObject
) -> None:
    city = data.draw(cities(kind))
    samples = choose(kind, city)
    for criterion in criteria(kind):
        ranked = [(criterion.rank(of), of.notice) for of in looked(kind, city) if criterion.rank(of)]
        most = max((rank for rank, _ in ranked), default=())
        first = min((n for rank, n in ranked if rank == most), key=lambda n: n.number, default=None)
        assert chosen_for(samples, criterion.key) == first, criterion.key


@every_kind
@few
@given(data=st.data())
def test_every_case_that_the_city_has_is_in_the_proof_once_and_no_other_is_said_to_be(
    kind: Kind, data: st.DataObject
) -> None:
    city = data.draw(cities(kind))
    samples = choose(kind, city)
    cases_in = proofing.cases_of(kind)
    there = set().union(*(cases_in(notice) for notice, _ in city))
    for case in proofing.cases(kind):
        notice = chosen_for(samples, case)
        assert (notice is not None) == (case in there), case
        assert notice is None or case in cases_in(notice)


@every_kind
@few
@given(data=st.data())
def test_the_choice_does_not_depend_on_the_order_of_the_file(kind: Kind, data: st.DataObject) -> None:
    city = data.draw(cities(kind))
    again = data.draw(st.permutations(city))
    assert choose(kind, iter(again)) == choose(kind, city)


@every_kind
@few
@given(data=st.data())
def test_nobody_is_in_the_proof_without_a_reason_and_what_the_city_lacks_is_named(
    kind: Kind, data: st.DataObject
) -> None:
    city = data.draw(cities(kind))
    samples = choose(kind, city)
    assert all(sample.reasons for sample in samples)
    assert [s.notice.number for s in samples] == sorted({s.notice.number for s in samples})
    every = {c.key: c.reason for c in criteria(kind)} | proofing.cases(kind)
    given_reasons = {key: reason for sample in samples for key, reason in sample.reasons.items()}
    assert given_reasons.items() <= every.items()
    assert proofing.absent(kind, samples) == [r for key, r in every.items() if key not in given_reasons]
    assert len(samples) <= len(every)


def test_a_proof_of_property_tax_has_at_most_25_notices_whatever_the_city() -> None:
    assert len(criteria(PROPERTY_TAX)) + len(proofing.cases(PROPERTY_TAX)) <= 25


@every_kind
def test_no_two_reasons_read_alike(kind: Kind) -> None:
    said = [*(c.reason for c in criteria(kind)), *proofing.cases(kind).values()]
    assert len(set(said)) == len(said)
    keys = [*(c.key for c in criteria(kind)), *proofing.cases(kind)]
    assert len(set(keys)) == len(keys)


def notice(number: int, **changed: Any) -> Notice:
    """One row for each table and plain values, but for what is changed."""
    addressee = Addressee("1", changed.pop("name", "林"), changed.pop("honorific", "様"), "", "町", "", "")
    fields: dict[str, str | int] = {
        c.key: 100 if c.type == Type.YEN else "" for c in PROPERTY_TAX.notices.columns[len(ADDRESSEE) + 1 :]
    }
    payable = PROPERTY_TAX.table(PROPERTY_TAX.payable)
    tables: dict[str, list[list[str | int]]] = {
        "assets": [["土地", *[""] * 9]],
        payable.name: [[100 if c.key == "amount" else "" for c in payable.columns[1:]]],
    }
    return Notice("252069", PROPERTY_TAX.code, f"{number:010d}", 2, addressee, fields | changed, tables)


def test_a_case_is_left_to_a_notice_that_is_there_anyway() -> None:
    plain = notice(1, payment="納付書")
    long = notice(2, payment="口座振替", name="株式会社" * 4, honorific="御中")
    samples = {
        s.notice.number[-1]: s.reasons
        for s in choose(PROPERTY_TAX, [(plain, 1), (notice(3, payment="口座振替"), 1), (long, 1)])
    }
    assert set(samples) == {"1", "2"}
    assert {"notices.payment.口座振替", "notices.honorific.御中", "no_slips.口座振替"} <= samples["2"].keys()


def test_of_cases_that_nobody_chosen_is_one_notice_is_taken_for_as_many_as_it_can() -> None:
    first = [(notice(1, payment="納付書"), 1)]
    debit, company = notice(2, payment="口座振替"), notice(3, payment="納付書", honorific="御中")
    both = notice(4, payment="口座振替", honorific="御中")
    samples = choose(PROPERTY_TAX, [*first, (debit, 1), (company, 1), (both, 1)])
    assert [s.notice.number[-1] for s in samples] == ["1", "4"]


def test_what_the_citys_own_codes_were_settled_as_is_in_the_proof_be_it_an_ordinary_character() -> None:
    """葛 is in JIS X 0208: without the table nobody would choose the notice for it, and the city never see it."""
    plain, settled = notice(1), notice(2)
    settled = msgspec.structs.replace(
        settled, addressee=msgspec.structs.replace(settled.addressee, name=settled.addressee.name[:-1] + "葛")
    )
    city = [(plain, 1), (settled, 1)]
    assert chosen_for(choose(PROPERTY_TAX, city), "gaiji") is None
    assert chosen_for(choose(PROPERTY_TAX, city, {"葛"}), "gaiji") == settled


def test_a_co_owner_counts_with_the_name_as_they_are_printed_together() -> None:
    alone, together = (
        notice(1, payment="納付書", name="長い名前の人"),
        notice(2, payment="納付書", co_owners="ほか三十二名"),
    )
    samples = choose(PROPERTY_TAX, [(alone, 1), (together, 1)])
    assert chosen_for(samples, "name") == together
    assert chosen_for(samples, "co_owners") == together


@pytest.mark.parametrize(
    ("text", "room"),
    [("", 0), ("abc 12", 6), ("滋賀", 4), ("ｼｶﾞ", 3), ("辻\U000e0100", 2), ("𠮷野家A", 7), ("　", 2)],
)
def test_a_text_takes_the_room_that_it_takes_on_paper(text: str, room: int) -> None:
    assert width(text) == room


@pytest.mark.parametrize(
    ("text", "count"),
    [("亜腕弌熙", 0), ("〜～−－—―‖∥", 0), ("ｱABC", 0), ("髙﨑", 2), ("髙髙", 1), ("𠮷", 1), ("①㈱", 2), ("\ue000", 1)],
)
def test_characters_that_jis_x_0208_lacks_are_counted_once_each(text: str, count: int) -> None:
    assert proofing._distinct(proofing._NOT_JIS, text) == count
