"""A proof on paper: an index that an office would send out, and pages that nobody can take for a notice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from printjobs.core.kinds import PROPERTY_TAX
from printjobs.render.printfile import Written
from tests.golden.paper import A4, Box, Paper, squeezed
from tests.golden.test_property_tax import overlapping
from tests.handin import KUSATSU, RUN, Desk

MARGIN = Box(19.9, 17, 190.1, 289)  # what an office printer reaches; the foot stands in the lower one


class Proof(NamedTuple):
    """A proof of the sample's special cases, with what is said of it."""

    paper: Paper
    made: dict[str, Any]

    @property
    def index(self) -> range:
        return range(self.made["notices"][0]["first"] - 1)

    @property
    def pages(self) -> range:
        return range(len(self.index), self.made["pages"])


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    folder = tmp_path_factory.mktemp("proof")
    desk = Desk(folder / "home")
    assert desk("sample", folder / "handins", "--scale", 0, "--seed", 1).code == 0
    assert desk("run", "open", PROPERTY_TAX.code, 2026).code == 0
    assert desk("submit", RUN, KUSATSU, folder / "handins" / KUSATSU).code == 0
    made = desk("proof", RUN, "--city", KUSATSU, "--json").json
    path: Path = desk.home / made["file"]
    with Paper(path, [], Written(made["pages"], 0, path.stat().st_size, made["sha256"])) as paper:
        yield Proof(paper, made)


def test_every_page_says_that_it_is_a_specimen(proof: Proof) -> None:
    for page in proof.pages:
        text = proof.paper.text(page)
        assert "見本（校正用）この紙は通知ではありません" in text
        assert f"{page + 1}／{proof.made['pages']}頁" in text
        large = [c for c in proof.paper.chars(page) if c.text in "見本" and c.box.bottom - c.box.top > 30]
        assert sorted(c.text for c in large) == ["本", "見"]
    for page in proof.index:
        assert "校正刷り（見本）草津市" in proof.paper.text(page)


def test_the_index_lists_every_notice_with_its_pages_and_all_its_reasons(proof: Proof) -> None:
    text = "".join(proof.paper.text(page) for page in proof.index)
    for notice in proof.made["notices"]:
        assert f"{notice['number']}{notice['first']}〜{notice['last']}" in text
        assert squeezed("".join(notice["reasons"])) in text
        for page in range(notice["first"] - 1, notice["last"]):
            assert f"通知書番号{notice['number']}" in proof.paper.text(page)
    for reason in proof.made["absent"]:
        assert squeezed(reason) in text


def test_the_index_says_what_the_proof_was_made_of(proof: Proof) -> None:
    text = "".join(proof.paper.text(page) for page in proof.index)
    made = proof.made
    for said in ("草津市（252069）", PROPERTY_TAX.name, "令和8年度", RUN, made["layout"], made["submission"]):
        assert said in text
    assert made["records_sha256"] in text
    assert made["layout_sha256"][:32] in text
    assert made["fonts_sha256"][:24] in text
    assert f"{len(made['notices'])}件、{made['pages']}頁" in text


def test_the_index_names_nobody(proof: Proof) -> None:
    index = "".join(proof.paper.text(page) for page in proof.index)
    for notice in proof.made["notices"]:
        first = proof.paper.words(notice["first"] - 1, Box(26, 40, 114, 61))  # name and honorific in the window
        assert first
        assert all(word not in index for word in first if len(word) > 2)
    assert "様" not in index.replace("様と御中", "").replace("「様」", "").replace("様式", "")


def test_the_sample_city_has_a_notice_for_nearly_every_reason(proof: Proof) -> None:
    reasons = {reason for notice in proof.made["notices"] for reason in notice["reasons"]}
    assert {"年税額が0円", "異体字（IVS）が最も多い", "外国あて（宛先が最も長い）", "敬称が「御中」"} <= reasons
    assert len(proof.made["notices"]) <= 25
    assert len(proof.made["absent"]) <= 2


def test_nothing_on_the_index_touches_or_leaves_the_margin(proof: Proof) -> None:
    for page in proof.index:
        chars = proof.paper.chars(page)
        assert all(MARGIN.holds(c.box) for c in chars)
        assert not [f"{a.text}{b.text}" for a, b in overlapping(chars)]


def test_every_page_is_upright_a4(proof: Proof) -> None:
    for page in proof.paper.pdf.pages:
        box = [float(v) / 72 * 25.4 for v in page.mediabox]
        assert box == pytest.approx([0, 0, *A4], abs=0.1)


def test_every_font_is_embedded_once_for_index_and_notices_together(proof: Proof) -> None:
    fonts = proof.paper.pdf.pages[0].obj.Resources.Font
    assert all(page.obj.Resources.Font == fonts for page in proof.paper.pdf.pages)
    for font in fonts.values():
        assert "/FontFile2" in font.DescendantFonts[0].FontDescriptor


def test_the_description_beside_it_is_the_same(proof: Proof) -> None:
    assert json.loads(proof.paper.path.with_suffix(".json").read_bytes()) == proof.made
