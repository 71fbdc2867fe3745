"""What reading back wants is worked out by other code than what prints; of the same record both say the same."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import layouts
from fonts import Face, FontSet
from printjobs import reference
from printjobs.core.kinds import KINDS, PROPERTY_TAX, Column, Kind, Type
from printjobs.core.kinds.form import MAXIMUM_YEN
from printjobs.core.marks import customer, el_qr, gs1_128
from printjobs.core.model import Addressee, Notice
from printjobs.pipeline.reading_back import job_of
from printjobs.preflight import symbols
from printjobs.preflight.customer_bars import bars_of, read_bars
from printjobs.preflight.fault import Difference
from printjobs.preflight.paying import Payee, crc
from printjobs.preflight.symbols import Bits
from printjobs.preflight.telling import Teller, Told
from printjobs.preflight.typefaces import shaped
from printjobs.preflight.wanted import Side
from printjobs.reference import Biller
from printjobs.render import symbols as drawing
from printjobs.render.compiled import CompiledLayout
from printjobs.render.fields import PageInfo, Source, compile_slot, getter
from printjobs.render.payment import PAY, Payer
from printjobs.render.schema import compile_layout
from printjobs.settings import Settings

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_bytes())
YEAR = 2026
CITIES = ("252069", "252042", "252140", "252093")
AS_FIGURES = str.maketrans("FADT", "1234")


class Slot(NamedTuple):
    """One text of a layout: as it is printed, and as it is wanted."""

    table: str
    printed: Source
    wanted: Told


@cache
def compiled(code: str) -> CompiledLayout:
    return compile_layout(KINDS[code], layouts.newest(code, YEAR), FontSet(None), YEAR, f"{YEAR}-04-10")


def payees(layout: CompiledLayout) -> dict[str, Payee]:
    return {
        code: Payee(
            layout.kind,
            code,
            YEAR,
            msgspec.structs.replace(reference.marks().biller, organisation=words.values["city.biller"]),
            el_qr=layout.cities[code].payer.el_qr,
            mpn=layout.cities[code].payer.mpn,
        )
        for code, words in layout.cities.items()
    }


@cache
def slots(code: str) -> dict[str, Slot]:
    """Every text and every symbol of a kind's layout."""
    layout = compiled(code)
    teller = Teller(layout.kind, job_of(layout, YEAR).cities, payees(layout))
    found: dict[str, Slot] = {}
    for page in layout.pages.values():
        groups = [(page.blocks, "")] + [(flow.blocks, layout.layout.rows[flow.of].of) for flow in page.flows]
        for block, table in ((block, table) for blocks, table in groups for block in blocks):
            for text in (place.slot.text for place in block.places):
                printed = compile_slot(text, layout.schema, table)
                found[f"{text} of {table}"] = Slot(table, printed, teller.slot(text, table))
            for of in (mark.mark.of for mark in block.marks):
                source = Source(getter(of, layout.schema, table), str)
                found[f"{of} of {table}"] = Slot(table, source, Told(teller.value(of, table), str))
    return found


# --- records of any kind -------------------------------------------------------------------------------------------

texts = st.text("見本林一辻　 AB12-々ヶ", max_size=8)
words = st.text("見本林一様", min_size=1, max_size=4)
days = st.dates(date(2019, 5, 1), date(2099, 12, 31)).map(str)


def digits(most: int, least: int = 0) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


VALUES: dict[Type, st.SearchStrategy[Any]] = {
    Type.TEXT: texts,
    Type.CHOICE: texts,
    Type.DIGITS: digits(10),
    Type.YEN: st.integers(-(10**9), MAXIMUM_YEN),
    Type.COUNT: st.integers(1, 12) | st.just(0),
    Type.AREA: st.just("") | st.integers(0, 10**9),
    Type.DATE: st.just("") | days,
}
PAID: dict[str, st.SearchStrategy[Any]] = {
    "amount": st.integers(0, MAXIMUM_YEN),
    "due": days,
    "payment_number": digits(20),
    "confirmation": digits(6),
    "division": digits(3),
    "barcode": st.just("") | digits(44, 44),
}


def row(columns: tuple[Column, ...]) -> st.SearchStrategy[list[Any]]:
    return st.tuples(*(PAID.get(c.key, VALUES[c.type]) for c in columns)).map(list)


@cache
def records(kind: Kind) -> st.SearchStrategy[Notice]:
    """Notices as no city would send them: any value wherever one may stand, one row in each table."""
    who = st.builds(
        Addressee, number=digits(9), name=words, honorific=words, zip=st.just("") | digits(7, 7), address=texts,
        building=texts, country=texts, barcode=digits(20),
    )  # fmt: skip
    fields = st.fixed_dictionaries({c.key: VALUES[c.type] for c in kind.notices.columns})
    tables = st.fixed_dictionaries({t.name: row(t.columns[1:]).map(lambda one: [one]) for t in kind.details})
    return st.builds(
        Notice, city=st.sampled_from(CITIES), kind=st.just(kind.code), number=digits(10), row=st.just(2), addressee=who,
        fields=fields, tables=tables,
    )  # fmt: skip


@pytest.mark.parametrize("code", sorted(KINDS))
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_every_text_of_every_layout_is_wanted_as_it_is_printed(code: str, data: st.DataObject) -> None:
    notice = data.draw(records(KINDS[code]))
    page = PageInfo(*data.draw(st.tuples(*[st.integers(1, 40)] * 4)))
    side = Side(*page, shared=False, groups=[])
    for name, slot in slots(code).items():
        own = notice.tables[slot.table][0] if slot.table else []
        printed, wanted = slot.printed.get(notice, own, page), slot.wanted.ask(notice, own, side)
        assert slot.wanted.write(wanted) == slot.printed.write(printed), name


def test_every_kind_has_texts_of_many_sorts() -> None:
    seen = {
        part
        for code in KINDS
        for name in slots(code)
        for part in (":yen", ":date", ":area", "pay.", "[")
        if part in name
    }
    assert seen == {":yen", ":date", ":area", "pay.", "["}


# --- the numbers to pay with ---------------------------------------------------------------------------------------

billers = st.builds(
    Biller, organisation=digits(5, 5), account=digits(11, 11), fee=digits(1, 1), stamp=digits(1, 1), office=digits(3, 3)
)


@pytest.mark.parametrize("code", sorted(KINDS))
@given(data=st.data(), biller=billers, year=st.integers(2020, 2098))
@settings(max_examples=25, deadline=None)
def test_a_row_is_paid_by_the_numbers_that_are_printed(
    code: str, data: st.DataObject, biller: Biller, year: int
) -> None:
    kind = KINDS[code]
    one = data.draw(row(kind.table(kind.payable).columns[1:]))
    notice = data.draw(records(kind))
    on = {"el_qr": data.draw(st.booleans()), "mpn": data.draw(st.booleans())}
    payer, payee = Payer(kind, "252069", year, biller, **on), Payee(kind, "252069", year, biller, **on)
    wanted = {"el_qr": payee.symbol(one), "upper": payee.upper(one), "lower": payee.lower(one)}
    assert wanted == {name: make(payer, notice, one) for name, make in PAY.items()}


def test_the_published_digits_of_an_el_qr_come_out_of_their_row() -> None:
    published = VECTORS["el_qr"][0]["digits"]
    said = el_qr.parse(published)
    columns = [c.key for c in PROPERTY_TAX.table(PROPERTY_TAX.payable).columns[1:]]
    one: list[str | int] = [getattr(said, key, "") for key in columns]
    biller = Biller(said.organisation, said.account, said.fee, said.stamp, said.office)
    payee = Payee(PROPERTY_TAX, f"{said.city}9", said.tax_year, biller, el_qr=True, mpn=True)
    assert payee.symbol(one) == published
    assert (payee.upper(one), payee.lower(one)) == el_qr.mpn_lines(published)
    assert f"{crc(published[:-5]):05d}" == VECTORS["el_qr"][0]["crc"]


# --- symbols -------------------------------------------------------------------------------------------------------


def of(mask: drawing.Mask) -> Bits:
    return Bits(*mask)


def drawn(kind: str, says: str) -> Bits:
    if kind == "customer_barcode":
        return of(drawing.customer_barcode(customer.bars(customer.symbols(says[:7], says[7:]))))
    make = {"sheet": drawing.sheet_qr, "el_qr": drawing.el_qr, "gs1_128": drawing.gs1_128}[kind]
    return of(make(says))


SAYS = {
    "sheet": st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=34, max_size=34),
    "el_qr": digits(255, 255),
    "gs1_128": digits(41, 41).map(lambda body: f"91{body}{gs1_128.check_digit('91' + body)}"),
    "customer_barcode": st.builds("{}{}".format, digits(7, 7), st.text("0123456789-ABZ", max_size=6)),
}


@pytest.mark.parametrize("kind", sorted(SAYS))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_symbol_is_read_as_what_was_drawn_and_as_nothing_else(kind: str, data: st.DataObject) -> None:
    says, other = data.draw(SAYS[kind]), data.draw(SAYS[kind])
    assume(says != other)
    symbols.check_says(kind, drawn(kind, says), says)
    with pytest.raises(Difference, match="中身がデータと違います"):
        symbols.check_says(kind, drawn(kind, other), says)


@pytest.mark.parametrize("kind", sorted(SAYS))
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_symbol_in_a_mirror_is_none(kind: str, data: st.DataObject) -> None:
    says = data.draw(SAYS[kind])
    columns, rows, packed = drawn(kind, says)
    length = (columns + 7) // 8
    lines = [
        f"{int.from_bytes(packed[i : i + length]):0{8 * length}b}"[:columns][::-1]
        for i in range(0, len(packed), length)
    ]
    mirrored = b"".join(int(line.ljust(8 * length, "0"), 2).to_bytes(length) for line in lines)
    with pytest.raises(Difference):
        symbols.check_says(kind, Bits(columns, rows, mirrored), says)


@pytest.mark.parametrize("vector", VECTORS["gs1_128"], ids=lambda v: v["data43"])
def test_published_digits_of_a_gs1_128_are_read(vector: dict[str, Any]) -> None:
    says = f"{vector['data43']}{vector['check']}"
    symbols.check_says("gs1_128", drawn("gs1_128", says), says)


@pytest.mark.parametrize("vector", VECTORS["customer_barcode"], ids=lambda v: f"{v['zip']} {v['address_number']}")
def test_a_published_customer_barcode_is_wanted_and_read_bar_for_bar(vector: dict[str, Any]) -> None:
    said, bars = vector["zip"].replace("-", "") + vector["address_number"], vector["bars"].translate(AS_FIGURES)
    assert bars_of(said) == bars
    assert said.startswith(read_bars(bars))


@pytest.mark.parametrize("kind", sorted(SAYS))
def test_a_symbol_takes_the_place_that_it_is_drawn_in(kind: str) -> None:
    vendor, marks = reference.vendor(), reference.marks()
    dpi, shape = vendor.print_.dpi, symbols.shape_of(kind)
    if kind == "sheet":
        extent = drawing.sheet_qr_extent(dpi, vendor.mark.module_dots)
    elif kind == "el_qr":
        extent = drawing.el_qr_extent(dpi, marks.el_qr.module_dots[dpi])
    elif kind == "gs1_128":
        extent = drawing.gs1_128_extent(dpi, marks.gs1_128.module_dots[dpi], marks.gs1_128.height)
    else:
        extent = drawing.customer_barcode_extent(dpi, marks.customer_barcode.points)
    assert (shape.width, shape.height) == (extent.width, extent.height)
    if kind != "sheet":  # its white is the vendor's to say
        assert (shape.beside, shape.above) == (extent.beside, extent.above)


@pytest.mark.parametrize("face", FontSet(Settings().mj_face()).faces, ids=lambda face: str(face.name))
def test_a_shaper_draws_every_character_with_the_glyph_that_is_printed(face: Face) -> None:
    """Asked in two ways, of all characters that a face has: one that differed would stop every file that it is in."""
    drawn = {one: gid for one in face.characters if (gid := face.glyph(one)) is not None}
    assert len(drawn) > 100
    assert {one: shaped(face, one) for one in drawn} == drawn
