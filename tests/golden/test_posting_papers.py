"""The papers for the posting office, looked at as a clerk at its counter does: aligned, ruled, readable from afar."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from fonts import FontSet
from printjobs.core.cost.statements import statements
from printjobs.core.postage.posting import Route, Terms
from printjobs.pipeline import Context, posting_papers
from printjobs.pipeline.posting_papers import Postings, Waiting
from printjobs.pipeline.volumes import Alike, case_of
from printjobs.render.labels import PER_SHEET, Label, write_labels
from printjobs.render.printfile import Written
from printjobs.settings import Settings
from tests.golden.paper import A4, Box, Paper, overlapping, page_digest

RECORDED = Path(__file__).with_name("posting_papers.json")
DAY = "2026-04-10"
DONE, DRAFT = Waiting(0, 0, 0), Waiting(1_234, 5, 6)
OFFICES = {
    "252042": ("523", "52113"), "252069": ("525", "52034", "523"), "252077": ("524", "52401", "52402", "525"),
    "252085": ("52030",), "252093": ("528", "52033", "52034", "52918", "52802"), "252115": ("52031", "52032"),
}  # fmt: skip
KINDS = ((3, 4), (9, 10), (16, 0), (28, 0), (60, 0), (120, 0))  # sheets and class: six kinds of weight
MARGIN = Box(4.9, 4.9, 205.1, 292.1)  # what an office printer reaches
JOINT, OWN, UNDISCOUNTED, SKETCHED, BUNDLES, TRAYS = "joint", "own", "undiscounted", "draft", "bundles", "trays"


def found(waiting: Waiting) -> Postings:
    """Six cities with six kinds in one joint posting, a city with its own, one without discount, and mail abroad."""
    alike = [
        Alike(city, limit, True, sheets, 1, office, place % 3 > 0, 1, 3_000 // (place + 1) + 7, 1)
        for city, offices in OFFICES.items()
        for office in offices
        for place, (sheets, limit) in enumerate(KINDS)
    ]
    alike += [Alike("252140", 4, True, 3, 1, office, True, 2, 1_600, 1) for office in ("521", "52102")]
    alike += [
        Alike("252107", 4, True, 3, 1, "52023", True, 0, 700, 1),
        Alike("252107", 0, False, 2, 0, "", False, 0, 3, 1),
    ]
    terms = {1: Terms(Route.SORTED, 3), 2: Terms(Route.BARCODE)}
    case = case_of(DAY, sorted({a.city for a in alike}), alike, terms, 3)
    run = SimpleNamespace(id="property_tax-2026", mailing_date=DAY, year=2026, kind="property_tax")
    return Postings(run, statements(case), case.table, waiting)  # type: ignore[arg-type]


def statement(posting: int, waiting: Waiting) -> bytes:
    made = found(waiting)
    (one,) = (s for s in made.statements if s.posting.number == posting)
    return posting_papers.statement_pdf(Context(Settings()), made, one)


def labels(title: str, *big: str) -> bytes:
    told = [
        Label(
            title, "令和8年4月10日差出し", code, "1,100通", "封筒番号 19,201〜19,300",
            (("差出し", "差出し12（バーコード割引・連名）"), ("バッチ", "resident_tax_special-2026-2-B012"),
             ("束・ケース", "束 1,112／1,200　ケース 13／19")),
        )
        for code in big
    ]  # fmt: skip
    sink = io.BytesIO()
    write_labels(sink, FontSet(), told, title=title, date=DAY)
    return sink.getvalue()


CODES = ("525", "52030", "外国", "52113", "60088", "100", "52401", "523", "524", "52918", "528")


def make() -> dict[str, bytes]:
    return {
        JOINT: statement(1, DONE), OWN: statement(2, DONE), UNDISCOUNTED: statement(0, DONE),
        SKETCHED: statement(1, DRAFT), BUNDLES: labels("区分票", *CODES),
        TRAYS: labels("ケース票", "52030〜52034", "外国", "525"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Paper]]:
    folder = tmp_path_factory.mktemp("posting")
    with ExitStack() as stack:
        opened = {}
        for name, data in make().items():
            path = folder / f"{name}.pdf"
            path.write_bytes(data)
            opened[name] = stack.enter_context(Paper(path, [], Written(0, 0, len(data), "")))
        yield opened


def test_every_page_is_as_it_was_recorded(papers: dict[str, Paper], update_golden: bool) -> None:
    pages = {name: [page_digest(page) for page in paper.pdf.pages] for name, paper in papers.items()}
    now = {"fonts": FontSet().sha256, "pages": pages}
    if update_golden:
        RECORDED.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    assert now == json.loads(RECORDED.read_bytes())


def test_the_same_papers_are_the_same_bytes(papers: dict[str, Paper]) -> None:
    assert statement(2, DONE) == papers[OWN].path.read_bytes()
    assert labels("区分票", *CODES) == papers[BUNDLES].path.read_bytes()


def test_nothing_touches_or_leaves_what_an_office_printer_reaches(papers: dict[str, Paper]) -> None:
    for name, paper in papers.items():
        for page, opened in enumerate(paper.pdf.pages):
            assert [float(v) / 72 * 25.4 for v in opened.mediabox] == pytest.approx([0, 0, *A4], abs=0.1)
            chars = paper.chars(page)
            assert all(MARGIN.holds(c.box) for c in chars), name
            assert not [f"{a.text}{b.text}" for a, b in overlapping(chars)], name


def test_a_statement_comes_with_the_copy_that_the_office_stamps(papers: dict[str, Paper]) -> None:
    for name in (OWN, UNDISCOUNTED):
        text = [papers[name].text(page) for page in range(len(papers[name].pdf.pages))]
        assert "料金後納郵便物等差出票差出人" in text[0]
        assert "受付（郵便局記入欄）" in text[0]
        assert "料金後納郵便物等差出票（控え）" in text[-1]
        assert "受領印（郵便局）" in text[-1]
        assert len(text) == (3 if name == OWN else 2)  # what has no discount needs no 内訳票
    assert "外国あて書状" in papers[UNDISCOUNTED].text(0)


def test_a_joint_statement_names_every_sender_with_pieces_kinds_and_amount(papers: dict[str, Paper]) -> None:
    paper, made = papers[JOINT], found(DONE)
    joint = next(s for s in made.statements if s.posting.number == 1)
    whole = "".join(paper.text(page) for page in range(len(paper.pdf.pages)))
    words = [word for page in range(len(paper.pdf.pages)) for word in paper.words(page)]
    assert "6者の連名" in whole
    assert "線2本" in whole
    for sender in joint.senders:
        assert {f"{sender.pieces:,}", f"{sender.yen:,}"} <= set(words)
    for row in joint.rows:
        assert f"{row.line.yen:,}" in words
    assert f"{joint.pieces:,}通{joint.yen:,}円" in whole
    for offices in OFFICES.values():
        assert set(offices) <= set(words)


def test_a_draft_says_so_on_every_page_and_what_is_still_to_come(papers: dict[str, Paper]) -> None:
    for page in range(len(papers[SKETCHED].pdf.pages)):
        assert "（下書き）" in papers[SKETCHED].text(page)
    assert "封入の報告待ち1,234通、作り直し待ち5通、抜取りの報告待ち6通" in papers[SKETCHED].text(0)
    assert "下書き" not in "".join(papers[JOINT].text(page) for page in range(len(papers[JOINT].pdf.pages)))


def test_the_code_of_a_bundle_is_read_from_afar(papers: dict[str, Paper]) -> None:
    for page in range(len(papers[BUNDLES].pdf.pages)):
        large = [c for c in papers[BUNDLES].chars(page) if c.box.bottom - c.box.top > 13]
        assert "".join(c.text for c in large)
        assert all(c.text in "0123456789外国" for c in large)


def test_cut_in_one_stack_the_labels_are_in_order(papers: dict[str, Paper]) -> None:
    assert len(CODES) > PER_SHEET
    heaps = [
        Box.at(column * 105, row * 74.25, 105, 45) for row in range(4) for column in range(2)
    ]  # a label's upper part, which has its code
    pages = range(len(papers[BUNDLES].pdf.pages))
    big = [
        "".join(c.text for c in papers[BUNDLES].chars(page) if c.box.bottom - c.box.top > 13 and heap.holds(c.box))
        for heap in heaps
        for page in pages
    ]
    assert [code for code in big if code] == list(CODES)
