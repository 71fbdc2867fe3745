"""Pages are taken out of a PDF as they are, in whatever way the PDF keeps them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name

import layouts
from fonts import FontSet
from layouts.language import Slot
from layouts.placed import placed
from printjobs.core.kinds import KINDS
from printjobs.render.extract import About, take_pages, texts

FONTS = FontSet()
ABOUT = About("写し", "SHA-256", "2026-04-10")
SIZE = (595.276, 841.89)


def text(font: str, say: str, y: int = 400) -> bytes:
    return f"BT /{font} 12 Tf 72 {y} Td ({say}) Tj ET\n".encode()


class Source:
    """A PDF whose pages share fonts, forms, code and what the page tree says for all of them."""

    def __init__(self, pages: int, per_node: int) -> None:
        self.pdf = pdf = pikepdf.new()
        names = ("F0", "F1", "F2", "F3")
        fonts = {
            f"/{n}": pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Is=n))
            for n in names
        }
        self.resources = pdf.make_indirect(Dictionary(Font=Dictionary(fonts), XObject=Dictionary()))
        self.form("whole", b"/part Do\n" + text("F1", "whole", 500), self.resources)
        self.form("part", text("F2", "part", 600), self.resources)
        self.form("own", text("Its", "own", 700), Dictionary(Font=Dictionary(Its=fonts["/F0"])))
        self.form("unused", text("F3", "unused"), self.resources)
        self.resources.ExtGState = Dictionary(GS=Dictionary(OPM=1))
        self.back = pdf.make_stream(text("F0", "back"))
        made = [self.page(i) for i in range(pages)]
        nodes = [made[i : i + per_node] for i in range(0, pages, per_node)]
        root = pdf.Root.Pages
        root.Resources, root.MediaBox = self.resources, Array([0, 0, *SIZE])
        root.Count, root.Kids = pages, Array([self.node(root, node) for node in nodes])

    def form(self, name: str, code: bytes, resources: Any) -> None:
        stream = self.pdf.make_stream(code, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, *SIZE])
        stream.Resources = resources
        self.resources.XObject[f"/{name}"] = stream

    def page(self, i: int) -> Any:
        """Every other page has the very same code as its like; of the others, some have it in two parts."""
        page = self.pdf.make_indirect(Dictionary(Type=Name.Page))
        front = self.pdf.make_stream(text("F0", f"front {i}"))
        if i % 2:
            page.Contents = self.back
        elif i % 4:
            page.Contents = Array([front, self.pdf.make_stream(b"/whole Do\n")])
        else:
            page.Contents, page.Rotate = front, 180
        return page

    def node(self, root: Any, pages: list[Any]) -> Any:
        node = self.pdf.make_indirect(Dictionary(Type=Name.Pages, Parent=root, Count=len(pages), Kids=Array(pages)))
        for page in pages:
            page.Parent = node
        return node

    def saved(self) -> BytesIO:
        sink = BytesIO()
        self.pdf.save(sink, deterministic_id=True, compress_streams=False)
        return sink


def take(source: Source, first: int, count: int) -> pikepdf.Pdf:
    lines = [f"写し {i}" for i in range(count)]
    return pikepdf.open(BytesIO(take_pages(source.saved(), first, lines, FONTS.chains["gothic"], ABOUT)))


def codes(page: pikepdf.Page) -> list[bytes]:
    contents = page.obj.Contents
    return [c.read_bytes() for c in contents] if isinstance(contents, Array) else [contents.read_bytes()]


@settings(max_examples=40)
@given(st.data())
def test_any_pages_of_any_page_tree_are_taken_as_they_are(data: st.DataObject) -> None:
    pages = data.draw(st.integers(1, 12))
    source = Source(pages, data.draw(st.integers(1, 12)))
    first = data.draw(st.integers(0, pages - 1))
    count = data.draw(st.integers(1, pages - first))
    wanted = list(source.pdf.pages)[first : first + count]
    taken = take(source, first, count)
    assert [codes(page)[1:] for page in taken.pages] == [codes(page) for page in wanted]
    assert [page.obj.get("/Rotate", 0) for page in taken.pages] == [page.obj.get("/Rotate", 0) for page in wanted]
    assert all([float(x) for x in page.mediabox] == pytest.approx([0, 0, *SIZE]) for page in taken.pages)


def test_code_that_pages_share_stays_one_and_each_page_has_its_own_line() -> None:
    taken = take(Source(8, 3), 1, 5)
    backs = [page.obj.Contents for page in list(taken.pages)[::2]]
    assert len({back[1].objgen for back in backs}) == 1
    assert len({back[0].objgen for back in backs}) == len(backs) == 3
    sink = BytesIO()
    taken.save(sink)
    said = [page.split("\r\n") for page in texts(sink.getvalue())]
    assert [(f"写し {i}" in lines, len(lines)) for i, lines in enumerate(said)][::2] == [(True, 2)] * 3


def test_what_pages_and_their_forms_name_comes_along_and_nothing_else() -> None:
    papers = [take(Source(4, 2), first, 1) for first in (0, 2)]
    plain, whole = (paper.pages[0].obj.Resources for paper in papers)
    assert set(plain.Font.keys()) - {"/F0"} == set(whole.Font.keys()) - {"/F0", "/F1", "/F2"}, "the line's own"
    assert len(plain.Font.keys()) == 2
    assert len(plain.XObject.keys()) == 0
    assert set(whole.XObject.keys()) == {"/whole", "/part"}
    assert {form.Resources.objgen for _, form in whole.XObject.items()} == {whole.objgen}
    assert plain.ExtGState.GS.OPM == whole.ExtGState.GS.OPM == 1


def test_a_form_with_resources_of_its_own_keeps_them() -> None:
    source = Source(1, 1)
    source.pdf.pages[0].obj.Contents = source.pdf.make_stream(b"/own Do\n")
    taken = take(source, 0, 1)
    assert taken.pages[0].obj.Resources.XObject.own.Resources.Font.Its.Is == "F0"
    sink = BytesIO()
    taken.save(sink)
    assert "own" in texts(sink.getvalue())[0]


def test_code_that_leaves_its_state_behind_does_not_move_the_line() -> None:
    source, told = Source(1, 1), []
    for code in (text("F0", "sound"), b"0 0 1 rg 3 0 0 3 99 -700 cm BT 5 Tc 40 Tz 3 Tr ET\n"):
        source.pdf.pages[0].obj.Contents = source.pdf.make_stream(code)
        taken = take(source, 0, 1)
        assert codes(taken.pages[0])[1] == code
        told.append(codes(taken.pages[0])[0])
    assert told[0] == told[1]


def test_more_pages_than_there_are_are_not_taken() -> None:
    with pytest.raises(ValueError, match="the file ends before"):
        take(Source(3, 2), 2, 2)


def test_the_same_call_gives_the_same_bytes() -> None:
    source = Source(9, 4).saved().getvalue()
    one, other = (take_pages(BytesIO(source), 2, ["写し"] * 5, FONTS.chains["gothic"], ABOUT) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_page_of_every_notice_has_the_number_that_a_copy_is_proven_by(kind: str) -> None:
    for version in layouts.versions(kind):
        layout = layouts.parse(*layouts.source(kind, version))
        things = placed(layout, layout.sheets[0].front)
        assert [t for t in things if isinstance(t.element, Slot) and t.element.text == "{number}" and not t.when]
