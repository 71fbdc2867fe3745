"""A layout shown to a clerk: every box is there once, with its limits; every column of the city's files is told."""

from __future__ import annotations

import io
from itertools import combinations
from typing import Any

import pypdf
import pytest

import layouts
from fonts import FontSet
from layouts.language import Mark, Slot, Table, Text
from layouts.placed import overlap, placed
from printjobs.core.kinds import KINDS, Column, Type
from printjobs.intake.values import CellFault, parser
from printjobs.render import picture, raster, words
from printjobs.render.compiled import CompiledLayout
from printjobs.render.dictionary import TITLES, Entry, entries
from printjobs.render.fields import Source
from printjobs.render.picture import Picture, Sort, labels, pictures
from printjobs.render.picture_pdf import write_picture
from printjobs.render.places import Place
from printjobs.render.schema import compile_layout

KUSATSU, MAIBARA = "252069", "252140"
FONTS = FontSet(None)
NO_SOURCE = Source(lambda _notice, _row, _page: "", str)
LAYOUTS = [(kind, version) for kind in KINDS for version in layouts.versions(kind)]
every_layout = pytest.mark.parametrize(("kind", "version"), LAYOUTS)


@pytest.fixture(scope="module")
def compiled() -> dict[tuple[str, str], CompiledLayout]:
    return {(k, v): compile_layout(KINDS[k], v, FONTS, int(v[:4]), "2026-04-10") for k, v in LAYOUTS}


def width_of(text: str) -> float:
    return FONTS.chains["gothic"].width(text) * 5.2 / 1000 / 72 * 25.4


# --- the picture -----------------------------------------------------------------------------------------------


@every_layout
def test_every_slot_mark_and_column_of_a_page_is_shown_once_and_numbered(
    kind: str, version: str, compiled: Any
) -> None:
    layout = compiled[kind, version].layout
    for shown in pictures(compiled[kind, version]):
        things = [t for t in placed(layout, shown.page) if t.nth == 0]
        slots = [t.name for t in things if isinstance(t.element, Slot)]
        marks = [t.name for t in things if isinstance(t.element, Mark)]
        columns = [c for t in things if isinstance(t.element, Table) for c in t.element.columns]
        front = any(shown.page == sheet.front for sheet in layout.sheets)
        by_sort = {sort: [t for t in shown.things if t.sort is sort] for sort in Sort}
        assert len(by_sort[Sort.SLOT]) + len(by_sort[Sort.CELL]) == len(slots) + len(columns)
        assert {*slots} <= {t.name for t in shown.things}
        assert sorted(t.name for t in by_sort[Sort.MARK]) == sorted([*marks, *(["封入機のQR"] if front else [])])
        assert [t.number for t in shown.things] == list(range(1, len(shown.things) + 1))


@every_layout
def test_a_picture_has_every_page_that_is_printed_and_says_where(kind: str, version: str, compiled: Any) -> None:
    layout = compiled[kind, version].layout
    names = {name for s in layout.sheets for name in (s.front, s.back, s.blank) if name}
    shown = pictures(compiled[kind, version])
    assert {p.page for p in shown} == names
    assert all(p.sides for p in shown)


@every_layout
def test_what_a_slot_holds_is_what_the_renderer_takes(kind: str, version: str, compiled: Any) -> None:
    """The number on the picture is the one by which a notice is refused."""
    layout = compiled[kind, version].layout
    shown = {(p.page, t.name, t.at): t for p in pictures(compiled[kind, version]) for t in p.things}
    for page in {page for page, _, _ in shown}:
        for thing in placed(layout, page):
            if thing.nth or not isinstance(thing.element, Slot):
                continue
            style = layout.styles[thing.element.style]
            place = Place(thing.element, style, FONTS.chains[style.font], NO_SOURCE)
            told = shown[page, thing.name, thing.box]
            if style.font != "ocr-b":
                assert told.holds == place.holds
                each = place.holds // thing.element.lines
                assert place.fault("あ" * each) is None
                assert place.fault("あ" * (place.holds + 1)) is not None
            else:
                assert place.fault("8" * told.holds) is None
                assert place.fault("8" * (told.holds + 1)) is not None


@every_layout
def test_no_label_covers_another(kind: str, version: str, compiled: Any) -> None:
    for shown in pictures(compiled[kind, version]):
        boxes = [
            picture._box(label.thing, (label.text, label.x, label.y), width_of)
            for label in labels(shown.things, width_of)
        ]
        assert [(a, b) for a, b in combinations(boxes, 2) if overlap(a, b)] == []


def test_repetitions_of_a_slot_are_shown_with_it(compiled: Any) -> None:
    (slips,) = (p for p in pictures(compiled["property_tax", "2026-1"]) if p.page == "slips")
    repeated = [t for t in slips.things if t.rows]
    assert {len(t.again) for t in repeated} == {2}
    first = next(t for t in repeated if t.name == "納付番号")
    assert [box[1] - first.at[1] for box in first.again] == [99, 198]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("", ""), ("payment = 納付書", "納付方法が「納付書」のとき"),
        ("payment != 納付書", "納付方法が「納付書」でないとき"),
        ("annual_tax > 0", "年税額が0より大きいとき"), ("annual_tax < 10", "年税額が10未満のとき"),
        ('addressee.country = ""', "国名が空のとき"), ('addressee.country != ""', "国名が空でないとき"),
        ("annual_tax = 0 and payment != 納付書 and city.el_qr = あり",
         "年税額が「0」で、かつ納付方法が「納付書」でなく、かつ市のeL-QRが「あり」のとき"),
        ("annual_tax > 0 and annual_tax < 10", "年税額が0より大きく、かつ年税額が10未満のとき"),
    ],
)  # fmt: skip
def test_a_condition_reads_as_japanese(condition: str, said: str) -> None:
    assert words.condition(condition, KINDS["property_tax"]) == said


def test_a_condition_is_told_in_words(compiled: Any) -> None:
    (slips,) = (p for p in pictures(compiled["property_tax", "2026-1"]) if p.page == "slips")
    conditions = {t.name: t.condition for t in slips.things}
    assert conditions["コンビニ収納用バーコード"] == "コンビニ収納番号が空でないとき"
    assert conditions["納付番号"] == ""


def test_the_pdf_has_a_page_for_each_picture_and_its_tables_and_names_every_box(compiled: Any) -> None:
    layout = compiled["property_tax", "2026-1"]
    pdf, names = write_picture(layout, KUSATSU)
    document = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(document.pages) == len(names)
    assert [n for n in names if not n.endswith("-table")] == [p.page for p in pictures(layout)]
    texts: dict[str, str] = {}
    for name, page in zip(names, document.pages, strict=True):
        texts[name] = texts.get(name, "") + "".join(page.extract_text().split())
    for shown in pictures(layout):
        assert_told(shown, texts)


def assert_told(shown: Picture, texts: dict[str, str]) -> None:
    for thing in shown.things:
        assert "".join(thing.name.split()) in texts[f"{shown.page}-table"]
    assert "草津市の例" in texts[shown.page]


def test_the_same_layout_gives_the_same_picture_and_another_city_another(compiled: Any) -> None:
    layout = compiled["property_tax", "2026-1"]
    assert write_picture(layout, KUSATSU) == write_picture(layout, KUSATSU)
    assert write_picture(layout, KUSATSU)[0] != write_picture(layout, MAIBARA)[0]


def test_a_picture_is_in_colour_where_it_is_asked_for(compiled: Any) -> None:
    pdf, _ = write_picture(compiled["property_tax", "2026-1"], KUSATSU)
    assert next(raster.pictures(pdf, 40, colour=True)).mode == "RGB"
    assert next(raster.pictures(pdf, 40)).mode == "L"


def fixed_texts(compiled: CompiledLayout, **city: str) -> list[str]:
    parts = picture.fixed_parts(compiled.layout, "slips", {f"city.{key}": value for key, value in city.items()})
    return [e.say for part in parts for e in part.static if isinstance(e, Text)]


def test_of_fixed_parts_in_one_place_only_one_is_drawn_and_none_of_another_city(compiled: Any) -> None:
    layout = compiled["property_tax", "2026-1"]
    said = fixed_texts(layout, el_qr="あり", barcode="あり")
    assert said.count("eL") == 3  # one on each slip
    assert not any("コンビニエンスストアでは" in say for say in said)  # it would stand in the barcode's place
    assert "eL" not in fixed_texts(layout, el_qr="なし", barcode="あり")


# --- the data dictionary ---------------------------------------------------------------------------------------


@every_layout
def test_every_column_of_every_file_is_told_once(kind: str, version: str) -> None:
    found = entries(KINDS[kind], layouts.load(kind, version))
    tables = (KINDS[kind].notices, *KINDS[kind].details)
    assert [(e.file, e.title) for e in found] == [(t.file, c.title) for t in tables for c in t.columns]
    assert all(len(e.row()) == len(TITLES) for e in found)
    assert all(e.used for e in found)


def told(kind: str = "property_tax") -> dict[tuple[str, str], Entry]:
    return {(e.file, e.title): e for e in entries(KINDS[kind], layouts.load(kind, "2026-1"))}


def test_the_dictionary_says_where_a_column_is_printed() -> None:
    found = told()
    assert found["notices.csv", "敬称"].used.startswith("cover: 宛名 / detail: 納税義務者 / slips: 氏名")
    assert "slips（刷るかどうか）" in found["notices.csv", "納付方法"].used
    assert "eL-QR" in found["instalments.csv", "確認番号"].used
    assert "カスタマバーコード" in found["notices.csv", "住所"].used
    assert found["assets.csv", "通知書番号"].used == "明細を通知書と結び付ける"


def test_a_column_that_is_printed_nowhere_is_checked_only() -> None:
    layout = layouts.load("property_tax", "2026-1")
    kind = KINDS["property_tax"]
    bare = layouts.Layout("property_tax", "2026-1", "", {}, {}, (), {})
    assert {e.used for e in entries(kind, bare)} == {"検査だけ", "明細を通知書と結び付ける"}
    assert all(e.used != "検査だけ" for e in entries(kind, layout))


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_the_dictionary_says_of_a_column_is_what_intake_takes(kind: str) -> None:
    columns = [(t.file, c) for t in (KINDS[kind].notices, *KINDS[kind].details) for c in t.columns]
    found = told(kind)
    for file, column in columns:
        entry = found[file, column.title]
        read = parser(column)
        for good in longest(entry, column):
            assert len(good) == entry.length
            read(good)
        for bad in (" ", *(["x" * (entry.length + 1)] if column.type is not Type.CHOICE else ["無い語"])):
            if bad != " " or entry.required:
                with pytest.raises(CellFault):
                    read(bad)
        if not entry.required:
            assert read("") == ""


def longest(entry: Entry, column: Column) -> list[str]:
    """The longest cells that an entry says are taken."""
    if column.type is Type.CHOICE:
        return [c for c in entry.choices if len(c) == entry.length]
    if column.type is Type.DATE:
        return ["2026-04-30"]
    if column.type is Type.AREA:
        return ["9" * (entry.length - 3) + ".99"]
    return [("あ" if column.type is Type.TEXT else "9") * entry.length]
