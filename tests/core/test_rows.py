"""A row taken at one look is taken cell by cell as well, with the same values; what notices share is found."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from printjobs.core import gaiji
from printjobs.core.characters import ordinary, unusual
from printjobs.core.kinds import KINDS, MAXIMUM_YEN, PROPERTY_TAX, SLIP, Column, Kind, Table, Type, written_out
from printjobs.core.model import Addressee, Notice
from printjobs.intake import repeats, rows
from printjobs.intake.repeats import Repeats
from printjobs.intake.rows import RowReader
from printjobs.intake.sorting import Row
from tests.handin import HandIn

TABLES = [(kind, table) for kind in KINDS.values() for table in (kind.notices, *kind.details)]
every_table = pytest.mark.parametrize(("kind", "table"), TABLES, ids=[f"{k.code}-{t.name}" for k, t in TABLES])
SETTLED = gaiji.Lookup({"\ue000": "辻"}, {"\ue001": gaiji.State.OPEN})

STRANGE = (
    "", " ", "　", " 1", "1 ", "0", "00", "007", "-0", "-1", "+1", "1_0", "１", "٣", "²", "0.5", ".5", "5.", "1.2",
    "1.23", "1.234", "0" * 12, "0" * 30 + "1", "9" * 11, "9" * 12, "1" + "0" * 11, "123456789.12", "1234567890",
    "2026-02-28", "2026-02-29", "2024-02-29", "0000-01-01", "2026-2-3", "20260430", "2026-W17-4", "\ue000", "\ue001",
    "見本\ue000", "\n", "\x1f", "a\x1fb", "\x85", "\u2028", "\ufffd", "様", "様 ", "　見本", "見本　",
)  # fmt: skip
ODD = st.one_of(st.text(max_size=6), st.sampled_from(STRANGE), st.text("0123456789.-", max_size=14))


def sound(column: Column) -> st.SearchStrategy[str]:
    """Cells of a column that are as they should be."""
    found = {
        Type.TEXT: st.text("見本太郎　A1-", min_size=1, max_size=column.length).filter(str.strip),
        Type.DIGITS: st.text("0123456789", min_size=1, max_size=column.length),
        Type.YEN: st.integers(0, MAXIMUM_YEN).map(str),
        Type.COUNT: st.text("0123456789", min_size=1, max_size=column.length),
        Type.AREA: st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,2})?", fullmatch=True),
        Type.DATE: st.dates().map(str),
        Type.CHOICE: st.sampled_from([*column.choices, ""]),
    }[column.type]
    return found if column.required else st.one_of(found, st.just(""))


@every_table
@settings(max_examples=50)
@given(data=st.data())
def test_what_one_look_takes_every_cell_says_too(kind: Kind, table: Table, data: st.DataObject) -> None:
    reader = RowReader(table, SETTLED)
    row = list(data.draw(st.tuples(*map(sound, table.columns))))
    for place in data.draw(st.lists(st.integers(0, len(row) - 1), max_size=2)):
        row[place] = data.draw(ODD)
    alone = list(reader.each(row))
    values = reader.values(row)
    event("taken at one look" if values else "read cell by cell")
    assert values in (None, alone)


GOOD = {
    Type.TEXT: "見本", Type.DIGITS: "1", Type.YEN: "1200", Type.COUNT: "1", Type.AREA: "12.5", Type.DATE: "2026-04-30",
}  # fmt: skip


@every_table
def test_a_strange_cell_in_a_sound_row_is_read_as_it_is_by_itself(kind: Kind, table: Table) -> None:
    reader = RowReader(table, SETTLED)
    good = [GOOD.get(column.type) or column.choices[0] for column in table.columns]
    assert reader.values(good) == list(reader.each(good))
    for place, column in enumerate(table.columns):
        longest = [text * length for text in "見1" for length in (column.length, column.length + 1)]
        for cell in (*STRANGE, *longest, *column.choices, *(f"{choice} " for choice in column.choices)):
            row = [*good[:place], cell, *good[place + 1 :]]
            assert reader.values(row) in (None, list(reader.each(row)))


@pytest.mark.parametrize("table", [PROPERTY_TAX.notices, *PROPERTY_TAX.details], ids=lambda table: table.name)
def test_a_sound_row_needs_no_second_look(table: Table) -> None:
    """Otherwise every row is read twice, and nothing but the clock would tell."""
    reader = RowReader(table)
    assert all(reader.values(row) for row in HandIn(notices=9).tables[table.name][1:])


@given(st.lists(st.one_of(st.dates().map(str), st.text("0123456789-", min_size=10, max_size=10)), max_size=20))
def test_how_many_dates_are_remembered_changes_no_answer(dates: list[str]) -> None:
    table = PROPERTY_TAX.details[1]
    sound = HandIn().tables[table.name][1]
    many, few = RowReader(table), RowReader(table)
    with pytest.MonkeyPatch.context() as patch:
        for date in dates * 2:
            row = [date if c.type is Type.DATE else cell for c, cell in zip(table.columns, sound, strict=True)]
            patch.setattr(rows, "_MOST_DATES", 10_000)
            expected = many.values(row)
            patch.setattr(rows, "_MOST_DATES", 1)
            assert few.values(row) == expected


def test_every_character_is_either_ordinary_or_unusual() -> None:
    everything = map(chr, range(0x30000))
    assert all((char in ordinary()) is not bool(unusual().search(char)) for char in everything)


# --- numbers that two notices share ---------------------------------------------------------------------------

NOBODY = Addressee("", "", "", "", "", "", "")
PAID = st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "1", "01", "2", "3", "4"]), st.integers(0, 1))


def shared_by_hand(paid: list[tuple[str, str, int]], known: set[str]) -> set[tuple[str, str]]:
    """Owner and number of every paid number that another notice of this hand-in has too."""
    owners = defaultdict(set)
    for owner, number, amount in paid:
        if number and amount and owner in known:
            owners[written_out(number)].add(owner)
    return {(o, n) for o, n, amount in paid if n and amount and o in known and len(owners[written_out(n)]) > 1}


@given(st.lists(PAID, max_size=12), st.sets(st.sampled_from("abcd")), st.sampled_from([1, 2, 64]))
def test_exactly_the_numbers_that_two_notices_share_are_found(
    paid: list[tuple[str, str, int]], known: set[str], parts: int
) -> None:
    table = PROPERTY_TAX.table(PROPERTY_TAX.payable)
    amount, number = table.index("amount"), table.index("payment_number")
    width = len(table.columns)

    def row(owner: str, text: str, yen: int) -> list[str]:
        found = [owner, *[""] * (width - 1)]
        found[amount + 1], found[number + 1] = str(yen), text
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "_PARTS", parts)
        watch = Repeats(PROPERTY_TAX)
        list(watch.paid(Row(o, i, tuple(row(o, n, y))) for i, (o, n, y) in enumerate(paid)))
    list(watch.notices(Row(o, i, ()) for i, o in enumerate(sorted(known))))
    told = set()
    for owner in known:
        own = [row(o, n, y)[1:] for o, n, y in paid if o == owner]
        of_notice: list[list[str | int]] = [[int(c) if i == amount else c for i, c in enumerate(r)] for r in own]
        notice = Notice("", "", owner, 0, NOBODY, {"payment": SLIP}, {table.name: of_notice})
        told |= {(owner, str(of_notice[i][number])) for i, key, _ in watch.of(notice) if key == "payment_number"}
    assert told == shared_by_hand(paid, known)
