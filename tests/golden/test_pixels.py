"""Finished pages as pictures: what is right passes, and whatever a reader, the post or a machine would feel is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pikepdf
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from layouts.language import Box
from printjobs import reference
from printjobs.core.kinds import KINDS
from printjobs.core.marks import customer
from printjobs.preflight.customer_bars import bars_of, read_bars
from printjobs.preflight.fault import Difference
from printjobs.preflight.pixels import Pictures
from printjobs.preflight.wanted import Symbol
from printjobs.render.compiled import CompiledLayout
from printjobs.render.symbols import Extent, sheet_qr_extent
from tests.golden import kinds, notices
from tests.golden.paper import Paper

MM, HIGH = 72 / 25.4, 841.89  # points in a millimetre and on a page
KUSATSU = "252069"
CODE_128 = zxingcpp.BarcodeFormat.Code128


class Side(NamedTuple):
    symbols: list[Symbol]
    white: list[Box]


def box(x: float, y: float, extent: Extent) -> Box:
    dot = 25.4 / extent.dpi
    return x, y, extent.width * dot, extent.height * dot


def sheet_mark(text: str) -> Symbol:
    vendor = reference.vendor()
    place, dot = vendor.mark, 25.4 / vendor.print_.dpi
    quiet = place.quiet_modules * place.module_dots * dot
    extent = sheet_qr_extent(vendor.print_.dpi, place.module_dots)
    return Symbol("sheet", text, box(place.x, place.y, extent), (quiet, quiet))


def sides(paper: Paper, layout: CompiledLayout) -> Iterator[Side]:
    """What each page of a file must show: as the layout says, for the notices that were handed in."""
    waiting = iter(())
    for sheet in paper.sheets:
        if sheet.notice is None:
            yield Side([sheet_mark(sheet.mark)], [])
            yield Side([], [])
            continue
        if sheet.label.endswith(" 1枚目"):
            waiting = iter(layout.sides(sheet.notice))
        for name in ("front", "back"):
            side = next(waiting)
            symbols = [sheet_mark(sheet.mark)] if name == "front" else []
            for block, flow, i, row in layout.drawn(sheet.notice, side):
                for mark in block.marks:
                    dot, down = 25.4 / mark.extent.dpi, i * flow.pitch / MM if flow else 0
                    quiet = mark.extent.beside * dot, mark.extent.above * dot
                    at = box(mark.x + quiet[0], mark.y + down + quiet[1], mark.extent)
                    if says := mark.get(sheet.notice, row, side.info):
                        symbols.append(Symbol(mark.mark.mark, str(says), at, quiet))
            zones = [z.at for z in layout.layout.zones if z.of == "all" and z.side in (name, "both")]
            yield Side(symbols, zones)


@pytest.fixture(scope="session")
def wanted(paper: Paper) -> list[Side]:
    return list(sides(paper, notices.compiled()))


def test_every_page_of_property_tax_is_as_it_must_be(paper: Paper, wanted: list[Side]) -> None:
    assert {symbol.mark for side in wanted for symbol in side.symbols} == {
        "sheet", "customer_barcode", "gs1_128", "el_qr",
    }  # fmt: skip
    with Pictures(paper.path) as pictures:
        for page, side in enumerate(wanted):
            pictures.check(page, *side)


@pytest.mark.parametrize("code", sorted(set(KINDS) - {"property_tax"}))
def test_pages_of_every_other_kind_are_as_they_must_be(code: str, tmp_path: Path) -> None:
    layout = kinds.compiled(code)
    choices: kinds.Choices = {
        "納付書": (KUSATSU, lambda n: layout.has_rows(n, "slips")),
        "長い住所番号": (KUSATSU, lambda n: len(n.addressee.barcode) > 13),
    }
    with kinds.print_file(code, choices, tmp_path) as paper, Pictures(paper.path) as pictures:
        looked_at = list(sides(paper, layout))
        assert len(looked_at) == paper.written.pages
        for page, side in enumerate(looked_at):
            pictures.check(page, *side)


# --- broken on purpose ---------------------------------------------------------------------------------------------


class Found(NamedTuple):
    page: int
    symbol: Symbol


def find(wanted: list[Side], kind: str, nth: int = 0) -> Found:
    """The nth symbol of a kind on the first page that has so many of them."""
    for page, side in enumerate(wanted):
        symbols = [symbol for symbol in side.symbols if symbol.mark == kind]
        if len(symbols) > nth:
            return Found(page, symbols[nth])
    raise AssertionError(kind)


IMAGE = re.compile(r"q (\S+) 0 0 (\S+) (\S+) (\S+) cm\nBI/W (\d+)/H (\d+)(.*?)ID (\w+)>\nEI Q\n", re.DOTALL)


class Drawn(NamedTuple):
    """The page code of a symbol: its size and lower left corner in pt, its modules a row, its bits in hex."""

    width: float
    height: float
    x: float
    y: float
    columns: int
    rows: int
    rest: str
    bits: str

    def __str__(self) -> str:
        size = f"q {self.width:.6g} 0 0 {self.height:.6g} {self.x:.6g} {self.y:.6g} cm"
        return f"{size}\nBI/W {self.columns}/H {self.rows}{self.rest}ID {self.bits}>\nEI Q\n"

    def flipped(self, *modules: tuple[int, int]) -> Drawn:
        """The symbol with modules, each by row and column, of the other colour."""
        length = (self.columns + 7) // 8 * 8
        bits = int(self.bits, 16)
        for row, column in modules:
            bits ^= 1 << (self.rows * length - 1 - row * length - column)
        return self._replace(bits=f"{bits:0{len(self.bits)}X}")


def drawn(code: str, symbol: Symbol) -> tuple[str, Drawn]:
    """The page code of a symbol, as it is written and taken apart."""
    for found in IMAGE.finditer(code):
        *lengths, columns, rows, rest, bits = found.groups()
        one = Drawn(*map(float, lengths), int(columns), int(rows), rest, bits)
        if abs(one.x / MM - symbol.at[0]) < 0.1 and abs((HIGH - one.y - one.height) / MM - symbol.at[1]) < 0.1:
            return found.group(), one
    raise AssertionError(symbol.mark)


def told(paper: Paper, wanted: list[Side], page: int, broken: Callable[[str], str], folder: Path) -> str:
    """What is told of a page whose code has been changed; it never tells what a symbol says."""
    path = folder / "broken.pdf"
    with pikepdf.Pdf.new() as pdf:
        pdf.pages.append(paper.pdf.pages[page])
        code = pdf.pages[0].Contents.read_bytes().decode("latin-1")
        changed = broken(code)
        assert changed != code
        pdf.pages[0].Contents = pdf.make_stream(changed.encode("latin-1"))
        pdf.save(path)
    with Pictures(path) as pictures, pytest.raises(Difference) as caught:
        pictures.check(0, *wanted[page])
    said = str(caught.value)
    assert not any(symbol.says in said for symbol in wanted[page].symbols)
    assert not re.search(r"\d{4}", said)
    return said


def bar(x: float, y: float, width: float, height: float, grey: float = 0) -> str:
    """Page code of a filled rectangle, in mm from the top left."""
    return f"q {grey:g} g {x * MM:.4f} {HIGH - (y + height) * MM:.4f} {width * MM:.4f} {height * MM:.4f} re f Q\n"


CHANGES: dict[str, tuple[Callable[[Drawn], Drawn], str]] = {
    "moved by 3 mm": (lambda d: d._replace(x=d.x - 3 * MM), ""),
    "moved by a quarter of a mm": (lambda d: d._replace(y=d.y + MM / 4), "位置か大きさ"),
    "2 percent wider": (lambda d: d._replace(width=1.02 * d.width), "大きすぎる"),
    "2 percent narrower around its middle": (
        lambda d: d._replace(x=d.x + d.width / 100, width=0.98 * d.width),
        "位置か大きさ",
    ),
    "2 percent smaller": (lambda d: d._replace(width=0.98 * d.width, height=0.98 * d.height), "位置か大きさ"),
    "nothing": (lambda d: d._replace(bits="0" * len(d.bits)), "がありません"),
}


@pytest.mark.parametrize("kind", ["sheet", "customer_barcode", "gs1_128", "el_qr"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_symbol_off_its_place_is_seen(
    paper: Paper, wanted: list[Side], tmp_path: Path, kind: str, change: str
) -> None:
    page, symbol = find(wanted, kind)
    changed, why = CHANGES[change]

    def broken(code: str) -> str:
        before, one = drawn(code, symbol)
        return code.replace(before, str(changed(one)))

    said = told(paper, wanted, page, broken, tmp_path)
    assert why in said
    assert f"左から{symbol.at[0]:.1f}mm、上から{symbol.at[1]:.1f}mm" in said


@pytest.mark.parametrize("kind", ["sheet", "customer_barcode", "gs1_128", "el_qr"])
def test_a_hairline_in_a_quiet_zone_is_seen(paper: Paper, wanted: list[Side], tmp_path: Path, kind: str) -> None:
    page, symbol = find(wanted, kind)
    x, y, _, height = symbol.at
    for away in (symbol.quiet[0] - 0.2, 0.3):
        line = bar(x - away, y, 0.05, height)
        assert "余白に印刷" in told(paper, wanted, page, lambda code, line=line: code + line, tmp_path)


def test_one_module_of_a_barcode_without_correction_is_seen(paper: Paper, wanted: list[Side], tmp_path: Path) -> None:
    page, symbol = find(wanted, "gs1_128")
    before, one = drawn(paper.pdf.pages[page].Contents.read_bytes().decode("latin-1"), symbol)
    for module in (40, 150, 250):
        changed = str(one.flipped((0, module)))
        said = told(paper, wanted, page, lambda code, new=changed: code.replace(before, new), tmp_path)
        assert "コンビニ収納用バーコード" in said
        assert "読み取れません" in said


@pytest.mark.parametrize("kind", ["sheet", "el_qr"])
def test_more_modules_than_can_be_corrected_are_seen(
    paper: Paper, wanted: list[Side], tmp_path: Path, kind: str
) -> None:
    page, symbol = find(wanted, kind)
    before, one = drawn(paper.pdf.pages[page].Contents.read_bytes().decode("latin-1"), symbol)
    changed = str(one.flipped(*((row, column) for row in range(9, 16) for column in range(9, one.columns))))
    assert "読み取れません" in told(paper, wanted, page, lambda code: code.replace(before, changed), tmp_path)


@pytest.mark.parametrize("kind", ["gs1_128", "el_qr"])
def test_swapped_instalments_are_seen(paper: Paper, wanted: list[Side], tmp_path: Path, kind: str) -> None:
    page, second = find(wanted, kind, 1)
    first = next(symbol for symbol in wanted[page].symbols if symbol.mark == kind)

    def swapped(code: str) -> str:
        one, other = drawn(code, first)[1].bits, drawn(code, second)[1].bits
        return code.replace(one, "#").replace(other, one).replace("#", other)

    assert "中身がデータと違います" in told(paper, wanted, page, swapped, tmp_path)


def test_the_same_digits_without_the_function_character_are_seen(
    paper: Paper, wanted: list[Side], tmp_path: Path
) -> None:
    """A store's till takes GS1-128 only: a Code 128 of the same digits is another barcode."""
    page, symbol = find(wanted, "gs1_128")
    plain = memoryview(zxingcpp.create_barcode(symbol.says, CODE_128).to_image(add_quiet_zones=False))
    row = "".join("0" if white else "1" for white in bytes(plain)[: plain.shape[1]])
    bits = f"{int(row + '000', 2):0{len(row + '000') // 4}X}"

    def without(code: str) -> str:
        before, one = drawn(code, symbol)
        return code.replace(before, str(one._replace(columns=len(row), bits=bits)))

    assert "中身がデータと違います" in told(paper, wanted, page, without, tmp_path)


@pytest.mark.parametrize("kind", ["sheet", "gs1_128"])
def test_a_symbol_that_nobody_planned_is_seen(paper: Paper, wanted: list[Side], tmp_path: Path, kind: str) -> None:
    page, symbol = find(wanted, kind)
    target = find(wanted, "customer_barcode").page

    def one_more(code: str) -> str:
        copied = drawn(paper.pdf.pages[page].Contents.read_bytes().decode("latin-1"), symbol)[1]
        return code + bar(55, 150, 80, 30, grey=1) + str(copied._replace(x=70 * MM, y=HIGH - 170 * MM))

    assert "計画にない" in told(paper, wanted, target, one_more, tmp_path)


PLACES = {
    "in the inserter's strip": (12.0, 100.0, "刷らない場所"),
    "beside the lines of the sheet mark": (22.5, 261.0, "刷らない場所"),
    "below the lines of the sheet mark": (12.0, 264.0, "刷らない場所"),
    "at the bottom": (100.0, 294.0, "刷らない場所"),
    "on the edge of the paper": (209.95, 150.0, "紙の端"),
}


@pytest.mark.parametrize("place", PLACES)
def test_ink_where_nothing_is_printed_is_seen(paper: Paper, wanted: list[Side], tmp_path: Path, place: str) -> None:
    page, _ = find(wanted, "customer_barcode")
    x, y, why = PLACES[place]
    said = told(paper, wanted, page, lambda code: code + bar(x, y, 0.1, 0.1, grey=0.5), tmp_path)
    assert why in said


def test_the_edge_of_a_side_without_zones_is_looked_at_too(paper: Paper, wanted: list[Side], tmp_path: Path) -> None:
    assert wanted[1] == Side([], [])  # the back of a separator
    assert "紙の端" in told(paper, wanted, 1, lambda code: code + bar(0, 100, 0.1, 5), tmp_path)


# --- the customer barcode ------------------------------------------------------------------------------------------

DOT = 25.4 / 600
# x of the nth bar, counted from 0, is 24 dots further; a third of the height is 25 dots.
BARS: dict[str, tuple[Callable[[float, float], str], str]] = {
    "the lower half of a long bar is missing": (
        lambda x, y: bar(x - 2 * DOT, y + 40 * DOT, 16 * DOT, 40 * DOT, grey=1), "1本目のバーの中心からの高さ",
    ),
    "a bar is too thick": (lambda x, y: bar(x + 12 * DOT, y, 4 * DOT, 75 * DOT), "1本目のバーの幅"),
    "a bar is too thin": (lambda x, y: bar(x + 9 * DOT, y, 3 * DOT, 75 * DOT, grey=1), "1本目のバーの幅"),
    "a bar has a bulge": (lambda x, y: bar(x + 12 * DOT, y + 3 * DOT, 3 * DOT, 6 * DOT), "はみ出し"),
    "a bar has a hole": (lambda x, y: bar(x + 4 * DOT, y + 60 * DOT, 3 * DOT, 3 * DOT, grey=1), "欠け"),
    "a bar too many": (lambda x, y: bar(x + 16 * DOT, y + 25 * DOT, 4 * DOT, 25 * DOT), "68本"),
    "a bar is gone": (lambda x, y: bar(x + 22 * DOT, y - 2 * DOT, 16 * DOT, 80 * DOT, grey=1), "66本"),
    "a timing bar is half a third too high": (
        lambda x, y: bar(x + 72 * DOT, y + 13 * DOT, 12 * DOT, 13 * DOT), "4本目のバーの中心からの高さ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", BARS)
def test_a_bar_that_is_not_as_the_post_wants_it_is_seen(
    paper: Paper, wanted: list[Side], tmp_path: Path, change: str
) -> None:
    page, symbol = find(wanted, "customer_barcode")
    made, why = BARS[change]
    _, one = drawn(paper.pdf.pages[page].Contents.read_bytes().decode("latin-1"), symbol)
    over = made(one.x / MM, (HIGH - one.y - one.height) / MM)
    said = told(paper, wanted, page, lambda code: code + over, tmp_path)
    assert "カスタマバーコード" in said
    assert why in said


def test_sound_bars_of_another_address_and_bars_that_say_nothing_are_seen(
    paper: Paper, wanted: list[Side], tmp_path: Path
) -> None:
    page, symbol = find(wanted, "customer_barcode")
    before, one = drawn(paper.pdf.pages[page].Contents.read_bytes().decode("latin-1"), symbol)
    others = [s._replace(says="5258588") if s is symbol else s for s in wanted[page].symbols]
    with Pictures(paper.path) as pictures, pytest.raises(Difference, match="中身がデータと違います"):
        pictures.check(page, others, wanted[page].white)
    changed = str(one.flipped((0, 20)))  # the upper arm of the eleventh bar
    assert "読み取れません" in told(paper, wanted, page, lambda code: code.replace(before, changed), tmp_path)


# --- what bars say -------------------------------------------------------------------------------------------------

ZIP = st.text("0123456789", min_size=7, max_size=7)
NUMBER = st.text("0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=16)
AS_FIGURES = str.maketrans("FADT", "1234")


@given(ZIP, NUMBER)
def test_the_bars_that_must_be_are_those_that_are_drawn(zip_code: str, number: str) -> None:
    by_us = customer.bars(customer.symbols(zip_code, number))
    assert bars_of(zip_code + number) == by_us.translate(AS_FIGURES)


@given(ZIP, NUMBER)
def test_bars_say_the_address_as_far_as_it_is_in_them(zip_code: str, number: str) -> None:
    said = read_bars(bars_of(zip_code + number))
    assert (zip_code + number).startswith(said)
    symbols = sum(2 if char.isalpha() else 1 for char in number)
    assert symbols > 13 or said == zip_code + number


@given(ZIP, NUMBER, st.integers(0, 66), st.sampled_from("1234"))
def test_no_other_bar_says_anything(zip_code: str, number: str, place: int, other: str) -> None:
    bars = bars_of(zip_code + number)
    changed = bars[:place] + other + bars[place + 1 :]
    if changed != bars:
        with pytest.raises(ValueError, match=r"symbol|bars"):
            read_bars(changed)
