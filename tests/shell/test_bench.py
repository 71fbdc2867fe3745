"""The benchmark runs, says what it promises, and no other way draws less than ours."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import pikepdf
import pytest
from PIL import Image, ImageChops

from printjobs.bench import composing, steps
from printjobs.bench.canvas import Obvious, ReportLabForms, ReportLabFormsReady
from printjobs.bench.council import Desk, Shape
from printjobs.bench.fpdf2_pages import Fpdf2, Fpdf2Ready
from printjobs.bench.measure import Child
from printjobs.bench.ours import Ours
from printjobs.bench.pages import read_pages
from printjobs.bench.pictures import qr_mask
from printjobs.bench.things import Page, Symbol, Text
from printjobs.core.marks import customer
from printjobs.core.model import UsageError
from printjobs.pipeline import Context
from printjobs.pipeline.rendering import read_notices
from printjobs.store import production
from tests import handin
from tests.golden.paper import A4, MM, Box, Paper

PEERS = {
    "reportlab_forms": ReportLabForms,
    "reportlab_forms_ready_marks": ReportLabFormsReady,
    "fpdf2": Fpdf2,
    "fpdf2_ready_marks": Fpdf2Ready,
    "obvious": Obvious,
}
WAYS = ["printjobs", *PEERS]
NOTICES = 6
SCALE = 0.0001  # 40 notices a city: every special case is among them


class Bench(NamedTuple):
    """A run that was taken in, and in ``folder``/workload the file that each way made of all of the workload."""

    folder: Path
    run_id: str
    shapes: list[Shape]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    run_id, _, shapes = steps.intake(folder, SCALE)
    settings, pages = steps.here(folder / "council"), folder / "workload"
    composing.prepare(settings, run_id, NOTICES, pages)
    with Child(Ours, pages, settings, run_id) as child:
        child.ask("round", range(NOTICES))
    for peer in PEERS.values():
        with Child(peer, pages) as child:
            child.ask("round", range(NOTICES))
    return Bench(folder, run_id, shapes)


def opened(bench: Bench, way: str) -> Paper:
    return Paper(bench.folder / "workload" / f"{way}.pdf", [], None)


@pytest.fixture(scope="module")
def ours(bench: Bench) -> Iterator[Paper]:
    with opened(bench, "printjobs") as paper:
        yield paper


@pytest.fixture(scope="module", params=list(PEERS))
def theirs(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Paper]:
    with opened(bench, request.param) as paper:
        yield paper


@pytest.fixture(scope="module")
def listed(bench: Bench) -> list[Page]:
    _, pages = read_pages(bench.folder / "workload" / "printjobs.pdf")
    return list(pages)


def every_page(paper: Paper) -> range:
    return range(len(paper.pdf.pages))


# --- nobody draws less, or elsewhere -------------------------------------------------------------------------------


def characters(paper: Paper, page: int) -> list[tuple[str, float, float]]:
    """Every character that is seen, where it begins on its line and where its ink ends below, in mm."""
    return sorted((char.text, char.box.left, char.box.bottom) for char in paper.chars(page))


def test_a_qr_made_anew_is_the_one_on_our_page(listed: list[Page]) -> None:
    """The other ways make the very symbols that ours has, so none is spared or burdened."""
    symbols = [t for page in listed for t in page.things if isinstance(t, Symbol) and t.says]
    assert {symbol.columns for symbol in symbols} == {25, 41}
    assert [qr_mask(symbol) for symbol in symbols] == symbols


def test_every_way_says_the_same_on_every_page_in_the_same_places(ours: Paper, theirs: Paper) -> None:
    assert every_page(theirs) == every_page(ours)
    for page in every_page(ours):
        here, there = characters(ours, page), characters(theirs, page)
        assert [char for char, *_ in there] == [char for char, *_ in here]
    assert sum(len(characters(ours, page)) for page in every_page(ours)) > 500 * NOTICES


def box_of(symbol: Symbol) -> Box:
    return Box.at(symbol.x / MM, A4[1] - (symbol.y + symbol.height) / MM, symbol.width / MM, symbol.height / MM)


def test_every_page_of_every_way_looks_like_ours(listed: list[Page], ours: Paper, theirs: Paper) -> None:
    """No spot of three pixels at 300 dpi, a quarter of a millimetre, is black on one and white on the other.

    But for symbols, which are decoded: the library draws a QR with another mask, and PDFium sets bars that are
    rectangles and bars that are a picture on other pixels.
    """
    for number, page in enumerate(listed):
        apart = ImageChops.difference(ours.image(number), theirs.image(number)).point([0] * 160 + [255] * 96)
        for symbol in page.things:
            if isinstance(symbol, Symbol):
                apart.paste(0, box_of(symbol).shrunk(-0.2).pixels)
        assert spots(apart).getbbox() is None, number


def spots(apart: Image.Image) -> Image.Image:
    """The least of each three by three pixels, ten times as quickly as Pillow's MinFilter(3) finds it."""
    width, height = apart.size
    across = (apart.crop((x, 0, width - 2 + x, height)) for x in range(3))
    rows = reduce(ImageChops.darker, across)
    return reduce(ImageChops.darker, (rows.crop((0, y, width - 2, height - 2 + y)) for y in range(3)))


def test_every_symbol_of_every_way_says_the_same(ours: Paper, theirs: Paper) -> None:
    found = []
    for page in every_page(ours):
        says = sorted((code.is_qr, code.text) for code in ours.codes(page))
        assert sorted((code.is_qr, code.text) for code in theirs.codes(page)) == says
        found += says
    assert {len(text) for is_qr, text in found if is_qr} == {34, 255}  # sheet marks and eL-QR
    assert {len(text) for is_qr, text in found if not is_qr} == {44}  # GS1-128


def test_the_customer_barcodes_of_every_way_are_read(listed: list[Page], theirs: Paper) -> None:
    read = 0
    for number, page in enumerate(listed):
        for symbol in page.things:
            if isinstance(symbol, Symbol) and symbol.rows == 3:
                box = box_of(symbol)
                bars = theirs.bars(number, box.shrunk(-0.5))
                assert customer.read(bars)
                assert len(symbol.bars) == customer.BARS
                read += 1
    assert read >= NOTICES // 2  # some addresses have none


def test_the_lists_that_others_draw_from_are_what_the_records_say(bench: Bench, listed: list[Page]) -> None:
    """Read off our PDF and not taken on trust: each notice's number and name stand on its pages, and on no other's."""
    context = Context(steps.here(bench.folder / "council"))
    with context.engine.connect() as connection:
        cities = sorted({shape.city for shape in bench.shapes})
        places = [place for city in cities for place in production.city_places(connection, bench.run_id, city)]
    chosen = [places[i * len(places) // NOTICES] for i in range(NOTICES)]
    pages = iter(listed)
    for place, notice in zip(chosen, read_notices(context, chosen), strict=True):
        own = [next(pages) for _ in range(2 * place.sheets)]
        said = "".join(thing.say for page in own for thing in page.things if isinstance(thing, Text))
        assert notice.number in said
        assert re.sub(r"\s", "", notice.addressee.name) in re.sub(r"\s", "", said)
    assert next(pages, None) is None


def one_page(code: bytes) -> io.BytesIO:
    pdf, sink = pikepdf.new(), io.BytesIO()
    page = pdf.add_blank_page()
    page.Contents = pdf.make_stream(code)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary())
    pdf.save(sink)
    return sink


@pytest.mark.parametrize("code", [b"1 0 0 rg", b"0 0 m 1 1 2 2 3 3 c S", b"0 1 -1 0 0 0 cm"])
def test_page_code_that_the_reader_does_not_know_is_told_and_not_left_out(code: bytes) -> None:
    _, pages = read_pages(one_page(code))
    with pytest.raises(ValueError, match="page code"):
        list(pages)


# --- what it prints ------------------------------------------------------------------------------------------------


def test_the_benchmark_says_what_it_promises_and_reckons_nothing_up(tmp_path: Path) -> None:
    told = handin.Desk(tmp_path / "home")("bench", "--quick", "--json")
    assert told.code == 0, told.err
    found = told.json
    assert [way["way"] for way in found["compose"]] == WAYS
    for way in found["compose"]:
        assert way["pages_per_s"] > 0
        assert way["bytes_per_page"] > 0
        assert way["peak_mib"] > 0
    assert {"reportlab_forms", "fpdf2", "obvious"} <= found["ratios"].keys()
    assert found["memory"]["pages"] >= found["sizes"]["memory_pages"]
    assert found["two_process_ratio"] > 0
    assert found["two_process"]["files"] > 1
    assert found["intake_per_s"] > 0
    assert found["readback_pages_per_s"] > 0
    assert found["plan_s_1m"] is None  # it was no million
    assert found["plan"]["pieces"] >= found["sizes"]["million"]
    assert found["cost"]["pieces"] == found["plan"]["pieces"]
    assert found["scan_s_1m"] is None
    assert found["scan"]["lines"] >= found["sizes"]["million"]
    assert {"python", "zlib", "reportlab", "pypdf", "fpdf2", "qrcode", "pikepdf", "zxing-cpp"} <= found[
        "versions"
    ].keys()
    assert found["quick"] is True


def test_without_fpdf2_the_operator_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(UsageError, match="make bench"):
        composing.need_fpdf2()


# --- the steps -----------------------------------------------------------------------------------------------------


def test_the_reports_are_loaded_into_postgresql_as_well(bench: Bench, postgres_database: str) -> None:
    found = steps.scans(bench.folder, bench.shapes, 400, 1, postgres_database)
    assert found["scan_postgresql"]["lines"] >= 400
    assert found["scan_s_1m_postgresql"] is None


def test_a_database_that_is_somebodys_own_is_left_alone(tmp_path: Path) -> None:
    desk = Desk(steps.here(tmp_path))
    desk.open()
    with pytest.raises(UsageError, match="空のデータベース"):
        desk.open()


def test_a_step_is_measured_on_a_copy_that_is_gone_afterwards(tmp_path: Path) -> None:
    """Every round begins from the same state: the quick run above plans one run three times."""
    run, copy = tmp_path / "run", tmp_path / "copy"
    run.mkdir()
    (run / "rows").write_text("open")
    with steps._copy(run, copy) as home:
        (home / "rows").write_text("planned")
    assert ([path.name for path in tmp_path.iterdir()], (run / "rows").read_text()) == (["run"], "open")


# --- children ------------------------------------------------------------------------------------------------------


def test_children_share_the_work_and_do_each_thing_once(tmp_path: Path) -> None:
    lines = [f"{i}\n" for i in range(50)]
    with Child(open, tmp_path / "done", "a") as one, Child(open, tmp_path / "done", "a") as other:
        Child.share([one, other], "write", lines)
    assert sorted((tmp_path / "done").read_text().splitlines(keepends=True)) == sorted(lines)


def test_a_fault_in_a_child_is_raised_here_with_its_trace(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told, Child(Path, tmp_path / "nothing") as child:
        child.ask("read_bytes")
    assert "Traceback" in "".join(told.value.__notes__)


def test_a_child_that_was_killed_is_told(tmp_path: Path) -> None:
    with Child(Path, tmp_path) as child:
        child._process.kill()
        with pytest.raises(RuntimeError, match="ended from outside"):
            child.ask("exists")
