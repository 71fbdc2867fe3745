"""From layout and notice to pages: nothing is lost, nothing leaves its box, mistakes are told where they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import layouts
from fonts import Chain, FontSet, clusters, is_selector
from layouts.language import Slot, Style
from printjobs import reference
from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.model import Notice
from printjobs.render.compiled import CompiledLayout, Place
from printjobs.render.composing import Composer
from printjobs.render.fields import FieldError, PageInfo, compile_condition, compile_slot, compile_text, field_names
from printjobs.render.printfile import PlanDiffers, render_file
from printjobs.render.template import Template
from printjobs.render.text import MM, NARROWEST, _units, fit, wrap
from printjobs.render.writer import A4, Ink, PdfWriter
from printjobs.settings import Settings
from tests.golden.notices import KUSATSU, MAIBARA, compiled, job, made_up, person, pieces

SCHEMA = compiled().schema
FONTS = FontSet(None)
MINCHO = FONTS.chains["mincho"]
BREAKING_SPACES = " 　"
CLOSING = "、。，．・：；？！ー々ゝゞ）」』】〉》〕ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!)]}%％"
OPENING = "（「『【〈《〔([{"


def glyphs_of(chain: Chain) -> list[str]:
    """Every character that the first face of a chain can draw and that a name may hold."""
    found = [chr(code) for code in chain.faces[0].hb_face.unicodes]
    return sorted(c for c in found if not is_selector(c) and (c.isprintable() or c == "　") and chain.find(c))


GLYPHS = glyphs_of(MINCHO)
PLAIN = [c for c in GLYPHS if c not in CLOSING + OPENING and not re.fullmatch(r"[0-9A-Za-z,.\-%]", c)]
any_text = st.text(st.sampled_from(GLYPHS), max_size=60)
# What a line can be broken in anywhere, with a number or a short word now and then.
plain_text = st.lists(
    st.tuples(
        st.text(st.sampled_from(PLAIN), min_size=1, max_size=12),
        st.text("0123456789ABCabc-", max_size=8),
        st.sampled_from(["", " ", "　", "、"]),
    ).map("".join),
    max_size=12,
).map("".join)
sizes, widths = st.sampled_from([6.5, 8.0, 10.0, 12.5]), st.floats(80, 500)


def width_of(text: str, size: float, chain: Chain = MINCHO) -> float:
    return chain.width(text) * size / 1000


# --- breaking and condensing -----------------------------------------------------------------------------------


def gaps(text: str, lines: list[str]) -> list[str]:
    """What of a text stands between its lines; fails when a line is not the next thing in the text."""
    found, rest = [], text
    for line in lines:
        gap, at, rest = rest.partition(line) if line else ("", "", rest)
        assert at == line
        found.append(gap)
    return [*found, rest]


@given(any_text, sizes, widths)
def test_a_broken_text_loses_only_the_spaces_it_was_broken_at(text: str, size: float, width: float) -> None:
    lines = wrap(text, MINCHO, size, width)
    assert all(not gap.strip(BREAKING_SPACES) for gap in gaps(text, lines))


@given(any_text, sizes, widths)
def test_a_text_that_fits_on_its_line_is_left_as_it_is(text: str, size: float, width: float) -> None:
    assume(width_of(text, size) <= width)
    assert wrap(text, MINCHO, size, width) == [text]
    assert fit(text, MINCHO, size, width, 1) == ((text,), 100)


@given(plain_text, sizes, widths)
def test_a_broken_line_is_no_wider_than_its_box(text: str, size: float, width: float) -> None:
    for line in wrap(text, MINCHO, size, width):
        assert width_of(line, size) <= width + 0.02


LONG_WORD = "INTERNATIONAL-CONSOLIDATED-HOLDINGS-JAPAN-CO.,LTD."


@pytest.mark.parametrize("text", [LONG_WORD, "あ" + "ー" * 60, "「" * 40 + "あ"])
def test_a_word_longer_than_its_box_does_not_run_out_of_it(text: str) -> None:
    for line in wrap(text, MINCHO, 12.5, 226):
        assert width_of(line, 12.5) <= 226 + 0.02


@given(st.text(st.sampled_from([*"土地家屋あア", *CLOSING, *OPENING, "　"]), max_size=60), sizes, widths)
def test_no_line_begins_with_a_closing_mark_and_none_ends_with_an_opening_one(
    text: str, size: float, width: float
) -> None:
    assume(all(width_of(unit, size) <= width for unit in _units(text)))  # a row of brackets alone may be longer
    lines = wrap(text, MINCHO, size, width)
    spaces = gaps(text, lines)
    for (before, after), gap in zip(pairwise(lines), spaces[1:], strict=False):
        if before and after and not gap:  # beside a space the writer has broken the line himself
            assert after[0] not in CLOSING
            assert before[-1] not in OPENING


def split_words(text: str, lines: list[str]) -> Iterator[str]:
    """Where a line ends within a number or a Latin word."""
    spaces = gaps(text, lines)
    for (before, after), gap in zip(pairwise(lines), spaces[1:], strict=False):
        if not gap and re.match(r"[0-9A-Za-z]", after) and re.search(r"[0-9A-Za-z]$", before):
            yield f"{before[-3:]}|{after[:3]}"


@given(plain_text, sizes, widths)
def test_a_number_or_a_latin_word_stays_whole(text: str, size: float, width: float) -> None:
    assert not list(split_words(text, wrap(text, MINCHO, size, width)))


def test_a_number_after_an_opening_bracket_stays_whole() -> None:
    for width in range(60, 140):
        text = "地方税法第343条（昭和25年法律第226号）（12345678円）"
        assert not list(split_words(text, wrap(text, MINCHO, 10, width)))


@pytest.mark.parametrize("honorific", ["様", "御中"])
@pytest.mark.parametrize("name", ["見本　太郎", "株式会社みなも環境リサイクル", "MIHON TARO"])
def test_a_closing_honorific_never_stands_alone_on_its_line(name: str, honorific: str) -> None:
    for width in range(60, 240):
        lines = wrap(f"{name}　{honorific}", MINCHO, 12.5, width)
        assert lines[-1].endswith(honorific)
        assert len(lines[-1]) > len(honorific) + 1


def test_a_new_line_in_a_text_is_a_new_line_on_paper() -> None:
    assert wrap("土地\n課税標準額\n", MINCHO, 9, 200) == ["土地", "課税標準額", ""]


@given(any_text, sizes, st.floats(20, 300), st.integers(1, 4))
def test_a_text_is_never_condensed_below_seventy_percent(text: str, size: float, width: float, lines: int) -> None:
    fitted = fit(text, MINCHO, size, width, lines)
    if fitted is not None:
        assert NARROWEST == 70
        assert 70 <= fitted.scale <= 100
        assert len(fitted.lines) <= lines


@given(any_text, sizes, st.floats(20, 300))
def test_a_single_line_is_condensed_just_as_far_as_it_has_to_be(text: str, size: float, width: float) -> None:
    natural = width_of(text, size)
    fitted = fit(text, MINCHO, size, width, 1)
    if fitted is None:
        assert natural * 0.7 > width
    else:
        assert fitted.lines == (text,)
        assert natural * fitted.scale / 100 <= width + 1e-9
        assert fitted.scale == 100 or natural * (fitted.scale + 0.1) / 100 > width - 1e-9


@given(plain_text, sizes, st.floats(80, 300), st.integers(2, 4))
def test_lines_that_are_condensed_fit_their_box_and_lose_nothing(
    text: str, size: float, width: float, lines: int
) -> None:
    fitted = fit(text, MINCHO, size, width, lines)
    if fitted is not None:
        assert all(width_of(line, size) * fitted.scale / 100 <= width + 0.02 for line in fitted.lines)
        assert all(not gap.strip(BREAKING_SPACES) for gap in gaps(text, list(fitted.lines)))


# --- a name in its slot ---------------------------------------------------------------------------------------


def a_place(text: str = "{addressee.name}", *, lines: int = 2, width: float = 80, size: float = 12.5) -> Place:
    slot = Slot(at=(30, 44.4, width, 10), text=text, style="name", lines=lines)
    return Place(slot, Style(font="mincho", size=size, leading=4.9), MINCHO, compile_slot(text, SCHEMA))


_NUMBER, _SPAN = (
    r"[-\d.]+",
    r"<[0-9A-F]+>Tj\n(?:/F\d [\d.]+ Tf(?=<))?",
)  # further faces of a line have no place of their own


class Drawn:
    """Page code read back: scale in percent, start in pt and glyphs of each line."""

    def __init__(self, place: Place, text: str) -> None:
        self.code = place.code(text, Ink())
        self.scale = float(m[1]) if (m := re.match(r"([\d.]+) Tz", self.code)) else 100.0
        self.lines = [
            (float(x), codes) for x, codes in re.findall(rf"1 0 0 1 ({_NUMBER}) {_NUMBER} Tm((?:{_SPAN})+)", self.code)
        ]

    @property
    def glyphs(self) -> str:
        return "".join(re.findall(r"<([0-9A-F]+)>", self.code))


def glyphs_less_spaces(text: str) -> list[str]:
    return [f"{MINCHO._require(c)[1]:04X}" for c in clusters(text) if c not in BREAKING_SPACES]


def fits_whole_or_is_a_fault(place: Place, text: str) -> None:
    found = place.fault(text)
    if found is not None:
        assert found[0] == "overflow"
        with pytest.raises(OverflowError):
            place.code(text, Ink())
        return
    drawn = Drawn(place, text)
    spaces = {f"{MINCHO._require(c)[1]:04X}" for c in BREAKING_SPACES}
    codes = [drawn.glyphs[i : i + 4] for i in range(0, len(drawn.glyphs), 4)]
    assert [code for code in codes if code not in spaces] == glyphs_less_spaces(text)
    face = MINCHO.faces[0]
    for x, shown in drawn.lines:
        glyphs = re.findall(r"[0-9A-F]{4}", shown.replace("/F", ""))
        width = sum(face.advance(int(gid, 16)) for gid in glyphs) * place.size / 1000 * drawn.scale / 100
        assert x >= place.x - 0.02
        assert x + width <= place.x + place.width + 0.02


@settings(max_examples=300)
@given(plain_text.filter(bool), st.sampled_from([1, 2]))
def test_any_name_either_fits_whole_or_is_a_fault(text: str, lines: int) -> None:
    fits_whole_or_is_a_fault(a_place(lines=lines), text)


@given(any_text.filter(bool))
@example(LONG_WORD)
@example("株式会社" + LONG_WORD)
@example("あ" + "ー" * 60)
def test_any_name_of_any_glyphs_either_fits_whole_or_is_a_fault(text: str) -> None:
    fits_whole_or_is_a_fault(a_place(), text)


def test_a_long_word_in_a_cell_of_the_details_either_fits_or_is_a_fault() -> None:
    fits_whole_or_is_a_fault(a_place(width=14, size=8), "2025-12-31,2026-01-15")


def test_the_detail_of_an_overflow_says_nothing_of_the_text() -> None:
    found = a_place().fault("寿限無" * 40)
    assert found is not None
    assert found[0] == "overflow"
    assert not set(found[1]) & set("寿限無")


def test_a_place_draws_in_the_order_of_the_text() -> None:
    drawn = Drawn(a_place(), "見本　太郎　様")
    assert drawn.glyphs == "".join(f"{MINCHO._require(c)[1]:04X}" for c in "見本　太郎　様")


@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_a_text_stands_where_its_slot_says(align: str) -> None:
    slot = Slot(at=(30, 40, 80, 10), text="{number}", style="name", align=align)  # type: ignore[arg-type]
    place = Place(slot, Style(font="mincho", size=10), MINCHO, compile_slot("{number}", SCHEMA))
    ((x, _),) = Drawn(place, "0123456789").lines
    wanted = {"left": 30 * MM, "center": 70 * MM - 25, "right": 110 * MM - 50}[align]
    assert x == pytest.approx(wanted, abs=0.01)


# --- glyphs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mincho", "gothic", "gothic-bold"])
def test_every_face_has_all_printable_ascii_at_half_an_em(name: str) -> None:
    """What Place.fault takes for granted when it does not measure."""
    face = FONTS.chains[name].faces[0]
    for code in range(32, 127):
        gid = face.glyph(chr(code))
        assert gid is not None
        assert face.advance(gid) <= 500


@pytest.mark.parametrize("name", ["mincho", "gothic", "gothic-bold"])
def test_no_glyph_is_wider_than_an_em(name: str) -> None:
    chain = FONTS.chains[name]
    assert all(chain.width(char) <= 1000 for char in glyphs_of(chain))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\ue000田", "U+E000"),  # a city's own gaiji
        ("\U00020bb7田", "U+20BB7"),  # 𠮷: only IPAmj Mincho has it
        ("見本\n太郎", "U+000A"),
        ("a\tb", "U+0009"),
        ("見本\u200b太郎", "U+200B"),
        ("辻\U000e01ef", "U+8FBB U+E01EF"),  # a variation that no face knows is not drawn as the plain one
        ("\U000e0100", "U+E0100"),
    ],
    ids=ascii,
)
def test_a_text_without_a_glyph_is_a_fault_that_names_the_code_point(text: str, named: str) -> None:
    found = a_place().fault(text)
    assert found is not None
    assert found[:2] == ("no_glyph", named)
    with pytest.raises(KeyError):
        a_place().code(text, Ink())


@given(st.text(min_size=1, max_size=12))
def test_no_text_at_all_is_drawn_with_a_glyph_missing(text: str) -> None:
    found = a_place().fault(text)
    if any(MINCHO.find(cluster) is None for cluster in clusters(text)):
        assert found is not None
        assert found[0] == "no_glyph"
    else:
        assert found is None or found[0] == "overflow"


@pytest.mark.parametrize("name", ["mincho", "gothic", "gothic-bold"])
def test_a_character_and_its_variation_selector_are_one_glyph(name: str) -> None:
    chain, used = FONTS.chains[name], set[str]()
    (plain,), (varied,) = chain.spans("辻", set()), chain.spans("辻\U000e0100", used)
    assert len(varied.codes) == len(plain.codes) == 4
    assert varied.codes != plain.codes
    assert varied.width == plain.width == chain.width("辻\U000e0100") == 1000
    assert used == {"辻\U000e0100"}


def test_a_variation_among_other_characters_keeps_every_glyph_in_one_string() -> None:
    for text in ("辻\U000e0100　一郎", "見本辻\U000e0100", "辻\U000e0100辻"):
        (span,) = MINCHO.spans(text, set())
        assert len(span.codes) == 4 * (len(text) - 1)
        assert span.width == MINCHO.width(text)


def test_a_line_is_never_broken_between_a_character_and_its_selector() -> None:
    for width in range(10, 60):
        for line in wrap("辻\U000e0100" * 8, MINCHO, 10, width):
            assert len(line) % 2 == 0
            assert not is_selector(line[0])


def test_the_faces_have_one_digest_that_changes_with_any_of_them() -> None:
    assert FontSet(None).sha256 == FONTS.sha256
    assert re.fullmatch(r"[0-9a-f]{64}", FONTS.sha256)
    assert FontSet(Path(FONTS.faces[0].path)).sha256 != FONTS.sha256


@pytest.fixture(scope="module")
def with_ipamj() -> FontSet:
    path = Settings(mj_font="").mj_face()
    if path is None:
        pytest.skip("IPAmj Mincho is not installed")
    return FontSet(path)


def test_a_character_that_the_first_face_lacks_is_drawn_by_the_next(with_ipamj: FontSet) -> None:
    chain = with_ipamj.chains["mincho"]
    first, extra = chain.faces
    spans = chain.spans("見本\U00020bb7田", set())
    assert [span.face for span in spans] == [first, extra, first]
    assert [len(span.codes) for span in spans] == [8, 4, 4]
    assert sum(span.width for span in spans) == chain.width("見本\U00020bb7田") == 4000
    assert chain.missing("見本\U00020bb7田") == []


def test_the_first_face_draws_all_that_it_has(with_ipamj: FontSet) -> None:
    chain = with_ipamj.chains["mincho"]
    chance = Random(1)
    for text in ("".join(chance.sample(GLYPHS, 20)) for _ in range(20)):
        assert [span.face for span in chain.spans(text, set())] == [chain.faces[0]]


def test_a_name_in_two_faces_is_printed_with_both_embedded(with_ipamj: FontSet) -> None:
    layout = CompiledLayout(compiled().layout, PROPERTY_TAX, with_ipamj, compiled().cities)
    notice = made_up(1, KUSATSU, person("\U00020bb7田　太郎", "草津市見本町1番地"), assets=1)
    assert compiled().check(notice)[0].detail == "U+20BB7"
    assert layout.check(notice) == []
    sink = io.BytesIO()
    writer = PdfWriter(sink, title="two faces", date="2026-04-10")
    for side in layout.sides(notice):
        writer.add_page(Composer(layout, writer).page(notice, side))
    writer.close()
    assert sink.getvalue().count(b"/FontName/") == 5
    assert len(re.findall(rb"/FontName/[A-Z]{6}\+ipamjm", sink.getvalue())) == 1


# --- fields -----------------------------------------------------------------------------------------------------

NOTICE = made_up(7, KUSATSU, person("見本　太郎", "草津市見本町1番地", building="見本荘101"), assets=3)
PAGE = PageInfo(2, 5, 1, 3)


def filled(text: str, notice: Notice = NOTICE, table: str = "", row: list[str | int] | None = None) -> str:
    return compile_text(text, SCHEMA, table)(notice, row or [], PAGE)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("納期限", "納期限"),
        ("{number}", "0000000007"),
        ("No.{number}号", "No.0000000007号"),
        ("{addressee.zip:zip}", "〒525-0034"),
        ("{addressee.name}　{addressee.honorific}", "見本　太郎　様"),
        ("{annual_tax:yen}円", f"{NOTICE.fields['annual_tax']:,}円"),
        ("{page.sheet}／{page.sheets}枚", "2／5枚"),
        ("{page.page}／{page.pages}頁", "1／3頁"),
    ],
)
def test_a_slot_is_filled_from_the_notice(text: str, wanted: str) -> None:
    assert filled(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("{row.period:period}", "第1期"), ("{row.due:date}", "令和8年4月30日"), ("¥{row.amount:yen}", "¥12,345"),
     ("{row.payment_number}", "0123"), ("{number}-{row.period}", "0000000007-1")],
)  # fmt: skip
def test_a_cell_is_filled_from_its_row(text: str, wanted: str) -> None:
    assert filled(text, table="instalments", row=[1, "2026-04-30", 12_345, "0123", "000001", "999", ""]) == wanted


def test_a_part_in_brackets_disappears_when_one_of_its_fields_is_empty() -> None:
    text = "{addressee.name}[　{co_owners}]　{addressee.honorific}"
    assert filled(text) == "見本　太郎　様"
    fields = {**NOTICE.fields, "co_owners": "ほか2名"}
    assert filled(text, msgspec.structs.replace(NOTICE, fields=fields)) == "見本　太郎　ほか2名　様"


def test_a_part_in_brackets_stays_when_its_number_is_nought() -> None:
    fields = {**NOTICE.fields, "annual_tax": 0}
    assert filled("[税額 {annual_tax:yen}円]", msgspec.structs.replace(NOTICE, fields=fields)) == "税額 0円"


def test_a_part_in_brackets_needs_all_of_its_fields() -> None:
    assert filled("[{addressee.building}／{addressee.country}]") == ""
    assert filled("[{addressee.building}／{number}]") == "見本荘101／0000000007"


@pytest.mark.parametrize(
    "text", ["{nmae}", "{addressee.nmae}", "{row.period}", "{page.size}", "{city.nmae}", "[{nmae}]", "{assets}"]
)
def test_a_field_that_the_kind_does_not_have_is_an_error(text: str) -> None:
    with pytest.raises(FieldError, match="has no field"):
        compile_text(text, SCHEMA)


@pytest.mark.parametrize("text", ["{row.numbr}", "{row.number}", "{row.due:date}"])
def test_a_column_that_the_table_does_not_have_is_an_error(text: str) -> None:
    with pytest.raises(FieldError, match="has no field"):
        compile_text(text, SCHEMA, "assets")


def test_a_format_that_does_not_exist_is_an_error_that_lists_those_that_do() -> None:
    with pytest.raises(FieldError, match="no format is called en; known: yen, zip, date, area, period"):
        compile_text("{annual_tax:en}", SCHEMA)


@pytest.mark.parametrize(
    "text", ["{addressee.honorific }", "{ number}", "{addressee.name", "number}", "{annual_tax: yen}", "{a-b}", "{}"]
)
def test_a_brace_that_is_no_field_is_an_error_and_not_printed(text: str) -> None:
    with pytest.raises(FieldError):
        compile_text(text, SCHEMA)


@pytest.mark.parametrize("text", ["{number}[　{co_owners}", "{number}　{co_owners}]", "[a[{co_owners}]b]"])
def test_a_bracket_without_its_partner_is_an_error_and_not_printed(text: str) -> None:
    with pytest.raises(FieldError):
        compile_text(text, SCHEMA)


@pytest.mark.parametrize("key", ["name", "honorific", "zip", "address", "building", "country", "addressee_number"])
def test_a_field_that_intake_gives_to_the_addressee_is_an_error_by_its_bare_name(key: str) -> None:
    with pytest.raises(FieldError):
        compile_text(f"{{{key}}}", SCHEMA)


def test_every_column_of_a_notice_and_of_its_tables_can_be_printed() -> None:
    moved = {"number", "addressee_number", "name", "honorific", "zip", "address", "building", "country"}
    for column in PROPERTY_TAX.notices.columns:
        if column.key not in moved:
            assert filled(f"{{{column.key}}}") == str(NOTICE.fields[column.key])
    for table in PROPERTY_TAX.details:
        row = NOTICE.tables[table.name][0]
        for i, column in enumerate(table.columns[1:]):
            assert filled(f"{{row.{column.key}}}", table=table.name, row=row) == str(row[i])


def test_the_fields_of_a_text_are_known_for_the_list_of_overflows() -> None:
    text = "{addressee.name}[　{co_owners}]　{addressee.honorific}"
    assert field_names(text) == ("addressee.name", "co_owners", "addressee.honorific")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [("", True), ("payment = 納付書", True), ("payment != 納付書", False), ("annual_tax > 0", True),
     ("annual_tax > 99999999999", False), ("addressee.country = 日本", False)],
)  # fmt: skip
def test_a_condition_is_a_field_an_operator_and_a_value(condition: str, holds: bool) -> None:
    compiled_condition = compile_condition(condition, SCHEMA)
    assert (compiled_condition is None or compiled_condition(NOTICE, [])) is holds


@pytest.mark.parametrize(
    "condition", ["payment", "payment == 納付書", "payment=納付書", "annual_tax >= 0", "a = b = c"]
)
def test_a_condition_that_is_written_otherwise_is_an_error(condition: str) -> None:
    with pytest.raises(FieldError):
        compile_condition(condition, SCHEMA)


def test_a_fixed_text_with_a_value_that_a_city_does_not_have_is_an_error() -> None:
    template = Template(FONTS, {"body": Style(font="mincho", size=9)}, compiled().cities[KUSATSU].values)
    template.text((26, 30, 60, 5), "{city.name}長", "body", "left")
    with pytest.raises(KeyError, match=r"city\.nothing"):
        template.text((26, 30, 60, 5), "{city.nothing}", "body", "left")


# --- the pages of a notice -----------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(1, 130), st.booleans())
def test_details_flow_over_as_many_sheets_as_they_need_and_keep_their_order(rows: int, by_slip: bool) -> None:
    payment = "納付書" if by_slip else "口座振替"
    notice = made_up(1, KUSATSU, person("見本　太郎", "草津市見本町1番地"), assets=rows, payment=payment)
    sides = compiled().sides(notice)
    assert len(sides) % 2 == 0
    assert compiled().sheet_count(notice) == len(sides) // 2
    assert [side.info.sheet for side in sides] == [i // 2 + 1 for i in range(len(sides))]
    assert {side.info.sheets for side in sides} == {len(sides) // 2}
    for view in ("details", "slips"):
        flowing = [side for side in sides if side.rows and side.rows[0] == view]
        assert [row for side in flowing for row in side.rows[1]] == compiled().views(notice)[view]  # type: ignore[index]
        assert [(side.info.page, side.info.pages) for side in flowing] == [
            (i, len(flowing)) for i in range(1, len(flowing) + 1)
        ]
        assert all(0 < len(side.rows[1]) <= compiled()._flow_counts[side.page, view] for side in flowing)  # type: ignore[index]


def test_more_instalments_than_the_cover_has_lines_are_a_fault() -> None:
    notice = made_up(1, KUSATSU, person("見本　太郎", "草津市見本町1番地"), assets=1)
    rows = notice.tables["instalments"]
    (flow,) = (flow for flow in compiled().pages["cover"].flows if flow.of == "due")
    more = [*rows, *([period, *rows[-1][1:]] for period in range(5, flow.count + 2))]
    faults = compiled().check(msgspec.structs.replace(notice, tables={**notice.tables, "instalments": more}))
    assert [fault.code for fault in faults] == ["too_many_rows"]
    assert compiled().check(notice) == []


def test_a_fault_says_which_fields_and_which_row_of_which_table() -> None:
    notice = made_up(1, KUSATSU, person("見本\ue000　太郎", "草津市見本町1番地"), assets=30, payment="口座振替")
    notice.tables["assets"][25][1] = "草津市\ue001町"
    faults = compiled().check(notice)
    assert {(f.code, f.table, f.index, f.detail) for f in faults} == {
        ("no_glyph", "notices", 0, "U+E000"), ("no_glyph", "assets", 25, "U+E001"),
    }  # fmt: skip
    assert any("addressee.name" in fault.fields for fault in faults)
    assert any("row.location" in fault.fields for fault in faults)


def test_a_notice_with_another_number_of_sheets_than_planned_is_not_printed() -> None:
    mark, dpi = reference.vendor().mark, reference.vendor().print_.dpi
    for off, told in ((1, "less than planned"), (-1, "more sheets than planned")):
        wrong = [pieces(compiled())[0]._replace(sheets=compiled().sheet_count(pieces(compiled())[0].notices[0]) + off)]
        with pytest.raises(PlanDiffers, match=told):
            render_file(io.BytesIO(), compiled(), mark, dpi, job(), wrong)


def test_the_renderer_writes_the_hash_and_size_of_what_it_wrote_page_by_page() -> None:
    sink = io.BytesIO()
    writer = PdfWriter(sink, title="頁", date="2026-04-10")
    for _ in range(130):  # more than two nodes of the page tree
        writer.add_page("")
    writer.close()
    assert (writer.pages, writer.size) == (130, len(sink.getvalue()))
    assert sink.getvalue().count(b"/Type/Page/") == 130
    assert f"MediaBox[0 0 {A4[0]} {A4[1]}]".encode() in sink.getvalue()


# --- the layout files ------------------------------------------------------------------------------------------------

RELEASED = sorted(p for p in Path(layouts.__file__).parent.glob("*.yaml") if not p.stem.startswith("common-"))


@pytest.mark.parametrize("path", RELEASED, ids=lambda p: p.stem)
def test_a_released_layout_is_named_by_its_kind_and_version_and_pinned_by_its_digest(path: Path) -> None:
    layout = layouts.parse(path.read_bytes(), path.name)
    assert path.stem == f"{layout.kind}-{layout.version}"
    assert layouts.load(layout.kind, layout.version) == layout
    assert re.fullmatch(r"[0-9a-f]{64}", layout.sha256)
    assert layouts.parse(path.read_bytes() + b"#\n", path.name).sha256 != layout.sha256


def test_the_newest_version_of_a_year_is_the_highest_number_and_not_the_last_in_the_alphabet() -> None:
    assert layouts.newest("property_tax", 2026) in {p.stem.removeprefix("property_tax-") for p in RELEASED}
    with pytest.raises(LookupError):
        layouts.newest("property_tax", 1999)


def slots_of(layout: layouts.Layout) -> Iterator[Slot]:
    """Every slot of a layout with those of its groups, used or not."""
    for member in (*layout.groups.values(), *layout.pages.values()):
        for group in (member, *getattr(member, "repeats", ())):
            for part in (group, *group.parts):
                yield from part.slots


@pytest.mark.parametrize("path", RELEASED, ids=lambda p: p.stem)
def test_no_name_is_ever_printed_without_its_honorific(path: Path) -> None:
    """19,231 notices once went out without 様 after a change of form."""
    slots = list(slots_of(layouts.parse(path.read_bytes(), path.name)))
    assert any(slot.name == "宛名" and slot.text == "{addressee.who}" for slot in slots)
    for slot in slots:
        assert "addressee.name" not in slot.text, slot.name  # addressee.who has the honorific with it


def test_whoever_is_written_to_is_written_to_politely() -> None:
    who = NOTICE.addressee
    assert filled("{addressee.who}") == f"{who.name}　{who.honorific}"
    shared = made_up(8, KUSATSU, person("見本　太郎", "草津市見本町1番地"), assets=1, co_owners="外2名")
    assert filled("{addressee.who}", shared) == "見本　太郎　外2名　様"


@pytest.mark.parametrize("path", RELEASED, ids=lambda p: p.stem)
def test_every_slot_of_a_notice_has_a_name_by_which_a_city_can_talk_of_it(path: Path) -> None:
    assert all(slot.name for slot in slots_of(layouts.parse(path.read_bytes(), path.name)))


def test_a_fixed_part_is_drawn_once_however_many_notices_call_it() -> None:
    sink = io.BytesIO()
    writer = PdfWriter(sink, title="forms", date="2026-04-10")
    composer = Composer(compiled(), writer)
    notice = made_up(1, MAIBARA, person("見本　太郎", "米原市見本町1番地"), assets=1)
    for _ in range(3):
        for side in compiled().sides(notice):
            writer.add_page(composer.page(notice, side))
    writer.close()
    assert sink.getvalue().count(b"/Subtype/Form") == len(writer._forms)
