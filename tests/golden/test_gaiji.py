"""A name with a variation and one with a glyph of the council's own font, as they stand in the finished PDF."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
import uharfbuzz as hb

import layouts
from fonts import FontSet
from printjobs import reference
from printjobs.core.kinds import DEBIT, PROPERTY_TAX
from printjobs.render.compiled import CompiledLayout
from printjobs.render.printfile import FilePiece, render_file
from printjobs.render.schema import compile_layout
from printjobs.settings import Settings
from tests.fontfile import write_font
from tests.golden.notices import KUSATSU, MAILING_DATE, job, made_up, person

OWN = {"\ue001": 1000, "\U000f0001": 900}
NAMES = ("辻\U000e0100\ue001　見本", "\U000f0001辻　見本")  # the second has the plain form of what is varied before
BY_MJ = "葛\U000e0103　見本"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_font(tmp_path_factory.mktemp("fonts") / "EUDC.tte", OWN)


def compiled(mj: Path | None, own: Path) -> CompiledLayout:
    version = layouts.newest(PROPERTY_TAX.code, 2026)
    return compile_layout(PROPERTY_TAX, version, FontSet(mj, own), 2026, MAILING_DATE)


def printed(layout: CompiledLayout, *names: str) -> bytes:
    """A print file of one piece for each name."""
    pieces = []
    for number, name in enumerate(names, start=1):
        notice = made_up(number, KUSATSU, person(name, "草津市見本町1番地"), assets=1, payment=DEBIT)
        assert layout.check(notice) == []
        section = len(names) if number == 1 else 0
        pieces.append(FilePiece(number, KUSATSU, "525", layout.sheet_count(notice), 0, section, [notice]))
    sink = io.BytesIO()
    profile = reference.vendor()
    render_file(sink, layout, profile.mark, profile.print_.dpi, job(), pieces)
    return sink.getvalue()


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document)


def embedded(pdf: bytes, name: str) -> hb.Font:
    """A font of the file by its name, as it is embedded."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for font in document.pages[0].obj.Resources.Font.values():
            if str(font.BaseFont).endswith(f"+{name}"):
                data = bytes(font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes())
                return hb.Font(hb.Face(data))
    raise AssertionError(f"{name} is not in the file")


def outline(font: hb.Font, gid: int) -> list[Any]:
    """What is drawn for a glyph."""
    drawn: list[Any] = []
    pen = hb.DrawFuncs()
    pen.set_move_to_func(lambda x, y, data: data.append(("M", x, y)))
    pen.set_line_to_func(lambda x, y, data: data.append(("L", x, y)))
    pen.set_quadratic_to_func(lambda *point: point[-1].append(("Q", *point[:-1])))
    pen.set_cubic_to_func(lambda *point: point[-1].append(("C", *point[:-1])))
    pen.set_close_path_func(lambda data: data.append(("Z",)))
    font.draw_glyph(gid, pen, drawn)
    assert drawn
    return drawn


def drawn_as_in_its_file(pdf: bytes, layout: CompiledLayout, cluster: str) -> str:
    """The face of a cluster, after its outline in the PDF was found equal to that in the face's own file."""
    found = layout.fonts.chains["mincho"].find(cluster)
    assert found is not None
    face, gid = found
    assert outline(embedded(pdf, face.name), gid) == outline(hb.Font(face.hb_face), gid)
    return face.name


def test_a_variation_and_glyphs_of_the_councils_font_are_on_the_page_and_in_its_text(own: Path) -> None:
    layout = compiled(None, own)
    pdf = printed(layout, *NAMES)
    text = text_of(pdf)
    assert all(name in text for name in NAMES)
    assert drawn_as_in_its_file(pdf, layout, "辻\U000e0100") == "BIZUDMincho-Regular"
    assert drawn_as_in_its_file(pdf, layout, "\ue001") == "EUDC"
    assert drawn_as_in_its_file(pdf, layout, "\U000f0001") == "EUDC"


def test_the_varied_and_the_plain_form_are_two_glyphs(own: Path) -> None:
    layout = compiled(None, own)
    font = embedded(printed(layout, *NAMES), "BIZUDMincho-Regular")
    places = [layout.fonts.chains["mincho"].find(cluster) for cluster in ("辻\U000e0100", "辻")]
    varied, plain = (place[1] for place in places if place)
    assert varied != plain
    assert outline(font, varied) != outline(font, plain)


def test_a_form_that_only_ipamj_has_is_drawn_by_it(own: Path) -> None:
    path = Settings(mj_font="").mj_face()
    if path is None:
        pytest.skip("IPAmj Mincho is not installed")
    layout = compiled(path, own)
    pdf = printed(layout, BY_MJ, *NAMES)
    assert BY_MJ in text_of(pdf)
    assert drawn_as_in_its_file(pdf, layout, BY_MJ[:2]) == layout.fonts.mj.name  # type: ignore[union-attr]
    assert drawn_as_in_its_file(pdf, layout, "\ue001") == "EUDC"


def test_the_same_names_and_fonts_give_the_same_bytes(own: Path) -> None:
    assert printed(compiled(None, own), *NAMES) == printed(compiled(None, own), *NAMES)
