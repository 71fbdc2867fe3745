"""A notice that fits at a glance has no fault when all of it is measured, whatever its columns hold."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

import layouts
from fonts import FontSet
from layouts.language import Slot, Style
from printjobs.core.kinds import ADDRESSEE, KINDS, LARGEST_AREA, MAXIMUM_YEN, Column, Kind, Table, Type
from printjobs.core.model import Addressee, Notice
from printjobs.core.plan import MOST_SHEETS
from printjobs.render import fitness
from printjobs.render.compiled import CompiledLayout
from printjobs.render.fields import PageInfo, compile_slot
from printjobs.render.fitness import Fitness
from printjobs.render.places import Place
from printjobs.render.schema import compile_layout

FONTS = FontSet(None)
every_kind = pytest.mark.parametrize("layout", KINDS, indirect=True)
NOBODY = Addressee("", "", "", "", "", "", "")
CITIES = ("252042", "252069", "252140")
SIGNS = "見本太郎草津市ーA1-　 、。（髙𠮷\u3099\U000e0100ﾊ①"
# What every box takes, and what some do not.
SHORT = {
    Type.TEXT: st.sampled_from(["", "見本", "草津市", "0.5"]),
    Type.DIGITS: st.just("123"),
    Type.YEN: st.integers(0, 99_999),
    Type.COUNT: st.integers(0, 9),
    Type.AREA: st.integers(0, 99_999),
    Type.DATE: st.dates().map(str),
}
LONG = {
    Type.YEN: st.sampled_from([*(10**n for n in range(11)), *(10**n - 1 for n in range(11)), MAXIMUM_YEN]),
    Type.AREA: st.integers(0, LARGEST_AREA),
    Type.DATE: st.one_of(st.sampled_from(["0001-12-31", "2019-05-01", "2019-12-31"]), st.dates().map(str)),
}


@cache
def layout_of(code: str) -> CompiledLayout:
    """Not before it is asked for: whoever only lists the tests would read seven layouts."""
    return compile_layout(KINDS[code], layouts.newest(code, 2026), FONTS, 2026, "2026-04-10")


@pytest.fixture(scope="module")
def layout(request: pytest.FixtureRequest) -> CompiledLayout:
    return layout_of(request.param)


def long(column: Column) -> st.SearchStrategy[str | int]:
    """Whatever a column may hold."""
    if column.type is Type.TEXT:
        lengths = st.integers(1, column.length)
        return lengths.flatmap(lambda most: st.text(SIGNS, min_size=most // 2, max_size=most))
    if column.key == "barcode":
        return st.text("0123456789", min_size=column.length, max_size=column.length)
    if column.type is Type.DIGITS:
        return st.text("0123456789", min_size=1, max_size=column.length)
    if column.type is Type.COUNT:
        return st.integers(0, 10**column.length - 1)
    return st.sampled_from(column.choices) if column.type is Type.CHOICE else LONG[column.type]


def short(column: Column) -> st.SearchStrategy[str | int]:
    if column.key == "barcode":  # of another length it is no barcode, and told before it is measured
        return st.just("")
    found = st.sampled_from(column.choices) if column.type is Type.CHOICE else SHORT[column.type]
    return found if column.required else st.one_of(st.just(""), found)


def columns(table: Table) -> tuple[Column, ...]:
    """Those that stand in a notice's fields or rows."""
    return tuple(c for c in table.columns[1:] if table.name != "notices" or c not in ADDRESSEE)


@st.composite
def notices(draw: st.DrawFn, kind: Kind) -> Notice:
    """Notices of a kind as intake hands them on, with at most three values that may be as long as they are allowed."""
    tables = {t.name: draw(st.lists(st.tuples(*map(short, columns(t))).map(list), max_size=7)) for t in kind.details}
    values: dict[str, Any] = {c.key: draw(short(c)) for c in columns(kind.notices)}
    who = {c.key: draw(short(c)) if c.type is Type.TEXT else "様" for c in ADDRESSEE[1:]}
    who |= {"zip": draw(st.sampled_from(["5250034", "5250034", ""]))}
    for _ in range(draw(st.integers(0, 3))):
        table = draw(st.sampled_from([kind.notices, *kind.details]))
        column = draw(st.sampled_from([c for c in table.columns[1:] if c.key not in ("addressee_number", "zip")]))
        if table is not kind.notices:
            for row in tables[table.name][:1]:
                row[table.index(column.key)] = draw(long(column))
        elif column in ADDRESSEE:
            who[column.key] = draw(long(column))
        else:
            values[column.key] = draw(long(column))
    addressee = Addressee("700000012", **who)
    return Notice(draw(st.sampled_from(CITIES)), kind.code, "2600010001", 2, addressee, values, tables)


@every_kind
@settings(max_examples=100)
@given(data=st.data())
def test_what_fits_at_a_glance_has_no_fault(layout: CompiledLayout, data: st.DataObject) -> None:
    notice = data.draw(notices(layout.kind))
    if sure := layout.fits(notice):
        assert layout.check(notice) == []
        assert layout.sheet_count(notice) <= MOST_SHEETS
    event("sure" if sure else "measured")


@every_kind
@settings(max_examples=25)
@given(data=st.data())
def test_how_many_texts_are_remembered_changes_no_answer(layout: CompiledLayout, data: st.DataObject) -> None:
    notice = data.draw(notices(layout.kind))
    answers = set()
    for most in (1, 2, 4_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fitness, "_MOST_TEXTS", most)
            vars(layout).pop("_fitness", None)
            answers |= {layout.fits(notice), layout.fits(notice)}
    assert len(answers) == 1


@every_kind
@settings(max_examples=50)
@given(data=st.data())
def test_a_notice_has_as_many_sheets_as_are_drawn(layout: CompiledLayout, data: st.DataObject) -> None:
    kind = layout.kind
    notice = data.draw(notices(kind))
    for table in kind.details:
        rows = notice.tables[table.name]
        rows *= data.draw(st.integers(1, 12))
    assert layout.sheet_count(notice) * 2 == len(layout.sides(notice))
    flows = [side.rows[0] for side in layout.sides(notice) if side.rows]
    assert layout.has_rows(notice, "slips") is ("slips" in flows)


@every_kind
def test_an_ordinary_notice_fits_at_a_glance(layout: CompiledLayout) -> None:
    """Otherwise every notice is measured in full, and nothing but the clock would tell."""
    kind = layout.kind
    plain: dict[Type, str | int] = {
        Type.TEXT: "見本", Type.DIGITS: "123", Type.YEN: 12_300, Type.COUNT: 3, Type.AREA: 12_050,
        Type.DATE: "2026-04-30",
    }  # fmt: skip

    def value(column: Column) -> str | int:
        if not column.required and column.type is not Type.TEXT:
            return ""
        return column.choices[0] if column.choices else plain[column.type]

    who = Addressee("700000012", "見本　太郎", "様", "5250034", "草津市草津三丁目13番30号", "見本荘101", "")
    values = {c.key: value(c) for c in columns(kind.notices)}
    tables = {t.name: [[value(c) for c in columns(t)] for _ in range(3)] for t in kind.details}
    notice = Notice("252069", kind.code, "2600010001", 2, who, values, tables)
    assert layout.check(notice) == []
    assert layout.fits(notice)


# --- boxes of any size: those of the layouts hold nearly everything --------------------------------------------

FORMS = {
    Type.YEN: ("", ":yen"), Type.DATE: ("", ":date"), Type.AREA: (":area",), Type.COUNT: ("", ":period", ":month"),
}  # fmt: skip
COLUMNS = [
    (kind, table, column)
    for kind in KINDS.values()
    for table in (kind.notices, *kind.details)
    for column in columns(table)
    if column.key != "barcode"
]


@st.composite
def slots(draw: st.DrawFn, text: str) -> Slot:
    width = draw(st.one_of(st.floats(2, 60), st.integers(4, 30).map(float)))
    overflow = draw(st.sampled_from(["condense", "condense", "exact"]))
    return Slot(at=(10, 10, width, 10), text=text, style="", lines=draw(st.integers(1, 2)), overflow=overflow)


def place_of(layout: CompiledLayout, slot: Slot, font: str, size: float, table: str) -> Place:
    style = Style(font=font, size=size)  # type: ignore[arg-type]
    return Place(slot, style, FONTS.chains[font], compile_slot(slot.text, layout.schema, table))


@settings(max_examples=1_500)
@given(st.data())
def test_a_value_that_surely_fits_its_boxes_has_no_fault_in_any(data: st.DataObject) -> None:
    kinds = st.sampled_from([*Type]).flatmap(
        lambda wanted: st.sampled_from([c for c in COLUMNS if c[2].type is wanted])
    )
    kind, table, column = data.draw(kinds)
    layout, detail = layout_of(kind.code), table is not kind.notices
    form = data.draw(st.sampled_from(FORMS.get(column.type, ("",))))
    text = data.draw(st.sampled_from(["{}", "{}", "¥{}", "{}様"]))
    shown = text.replace("{}", f"{{{'row.' if detail else ''}{column.key}{form}}}")
    places = [
        place_of(
            layout, data.draw(slots(shown)), data.draw(st.sampled_from(["mincho", "gothic", "ocr-b"])), size, table.name
        )
        for size in data.draw(st.lists(st.sampled_from([6.0, 7.5, 10.0]), min_size=1, max_size=2))
    ]
    fitness = Fitness(kind, [(place, table.name if detail else "") for place in places], [])
    row: list[str | int] = ["" for _ in columns(table)]
    tables: dict[str, list[list[str | int]]] = {t.name: [row] if t is table else [] for t in kind.details}
    fields: dict[str, str | int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("printjobs.render.fitness._MOST_TEXTS", data.draw(st.sampled_from([1, 4_000])))
        for value in data.draw(st.lists(st.one_of(long(column), short(column)), min_size=1, max_size=4)):
            if detail:
                row[table.index(column.key)] = value
            else:
                fields[column.key] = value
            notice = Notice("252069", kind.code, "26", 2, NOBODY, fields, tables)
            if fitness.surely(notice, {}, 1):
                assert not [place for place in places if place.fault(place.fill(notice, row, PageInfo(1, 1, 1, 1)))]


@settings(max_examples=300)
@given(st.data(), st.integers(1, 800), st.integers(1, 1_500))
def test_a_page_number_that_surely_fits_has_no_fault(data: st.DataObject, sheets: int, pages: int) -> None:
    layout = layout_of("property_tax")
    place = place_of(layout, data.draw(slots("{page.sheet}／{page.sheets}枚")), "gothic", 7.5, "")
    notice = Notice("252069", "property_tax", "26", 2, NOBODY, {}, {"assets": [], "instalments": []})
    fitness = Fitness(layout.kind, [(place, "")], [])
    if fitness.surely(notice, {}, sheets):
        assert sheets <= MOST_SHEETS
        assert place.fault(place.fill(notice, [], PageInfo(sheets, sheets, pages, pages))) is None


@given(slots("[{row.area:area}㎡]"), st.one_of(st.just(""), st.integers(0, LARGEST_AREA)))
def test_an_optional_part_of_a_text_is_measured_as_it_is_shown(slot: Slot, area: str | int) -> None:
    layout = layout_of("property_tax")
    place = place_of(layout, slot, "mincho", 10.0, "assets")
    row: list[str | int] = ["", "", "", "", "", area, 0, 0, 0, ""]
    notice = Notice("252069", "property_tax", "26", 2, NOBODY, {}, {"assets": [row], "instalments": []})
    sure = Fitness(layout.kind, [(place, "assets")], []).surely(notice, {}, 1)
    assert sure is (place.fault(place.fill(notice, row, PageInfo(1, 1, 1, 1))) is None)


def test_a_number_that_may_be_empty_is_left_to_the_check() -> None:
    """An empty amount cannot be written; whether it has to be is a matter of conditions."""
    layout = layout_of("resident_tax")
    place = place_of(layout, Slot(at=(10, 10, 60, 10), text="{row.revenue:yen}", style=""), "mincho", 10.0, "incomes")
    fitness = Fitness(layout.kind, [(place, "incomes")], [])
    tables: dict[str, list[list[str | int]]] = {t.name: [] for t in layout.kind.details}
    for revenue, sure in (("", False), (12_300, True)):
        notice = Notice("252069", "resident_tax", "26", 2, NOBODY, {}, tables | {"incomes": [["給与", revenue, 0]]})
        assert fitness.surely(notice, {}, 1) is sure


def test_a_row_too_many_for_its_table_is_never_sure() -> None:
    layout = layout_of("property_tax")
    who = Addressee("700000012", "見本　太郎", "様", "5250034", "草津市草津", "", "")
    values: dict[str, str | int] = {c.key: 0 if c.type is Type.YEN else "" for c in columns(layout.kind.notices)}
    values["payment"] = "口座振替"

    def notice(periods: int) -> Notice:
        rows: list[list[str | int]] = [[i + 1, "2026-04-30", 100, "", "", "", "", ""] for i in range(periods)]
        return Notice("252069", "property_tax", "26", 2, who, values, {"assets": [], "instalments": rows})

    assert layout.fits(notice(4))
    assert not layout.fits(notice(5))
    assert [fault.code for fault in layout.check(notice(5))] == ["too_many_rows"]
