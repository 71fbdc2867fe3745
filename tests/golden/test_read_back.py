"""A finished file is taken apart page by page before anyone else sees it, and whatever was done to it is found."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdf
import pytest

from printjobs.core.marks import sheet as sheet_marks
from printjobs.core.model import PrintjobsError
from printjobs.preflight import contents
from printjobs.render.compiled import CompiledLayout
from tests.golden import notices
from tests.golden.damages import OF_SHEETS, OF_TEXTS
from tests.golden.damages_of_forms import OF_FACES, OF_FORMS
from tests.golden.damages_of_marks import OF_MARKS, OF_SYMBOLS
from tests.golden.paper import Paper
from tests.golden.tampering import COVER, SHEETS, Wanted, drop, tampered

LABELS = [sheet.label for sheet in SHEETS]
DAMAGES = OF_SHEETS | OF_TEXTS | OF_SYMBOLS | OF_MARKS | OF_FORMS | OF_FACES


@pytest.fixture(scope="module")
def wanted() -> Wanted:
    layout: CompiledLayout = notices.compiled()
    return Wanted.of(layout, notices.job(), notices.pieces(layout))


def test_a_rendered_file_is_what_was_planned_and_so_it_is_in_pixels(paper: Paper) -> None:
    layout = notices.compiled()
    sampled = Wanted.of(layout, notices.job(), notices.pieces(layout), sample=5)
    assert sum(piece.sampled for piece in sampled.pieces) == len(sampled.pieces) // 5 + 1
    assert sampled.read_back(paper.path) == len(paper.pdf.pages) == 2 * len(SHEETS)


def test_a_file_that_another_program_wrote_again_still_passes(paper: Paper, wanted: Wanted, tmp_path: Path) -> None:
    pypdf.PdfWriter(clone_from=paper.path).write(tmp_path / "pypdf.pdf")
    paper.pdf.save(tmp_path / "qpdf.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate, linearize=True)
    for name in ("pypdf.pdf", "qpdf.pdf"):
        assert wanted.refusal(tmp_path / name)  # it is no print file of ours any more, though its pages are right
        assert contents.check(tmp_path / name, wanted.job, wanted.pieces) == 2 * len(SHEETS)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_caught(paper: Paper, wanted: Wanted, tmp_path: Path, name: str) -> None:
    damage, where = DAMAGES[name]
    told = wanted.refusal(tampered(paper.path, LABELS, damage, tmp_path))
    assert told.startswith(paper.path.name)
    assert "もう一度 run go を行うと作り直します" in told
    if where:
        number = LABELS.index(where)
        made = sheet_marks.decode(SHEETS[number].mark, notices.KEY)
        assert made is not None
        assert f" の{number + 1}枚目（封筒番号 {made.piece}）" in told
    private = (("見本", "林", "草津市", SHEETS[1].mark), (sheet.notice.number for sheet in SHEETS if sheet.notice))
    assert not [word for words in private for word in words if word in told]


def test_a_refusal_is_told_to_the_operator(paper: Paper, wanted: Wanted, tmp_path: Path) -> None:
    path = tampered(paper.path, LABELS, drop(COVER), tmp_path)
    with pytest.raises(PrintjobsError):
        wanted.read_back(path)


def test_the_plan_of_another_file_is_not_this_one(paper: Paper, wanted: Wanted) -> None:
    assert wanted._replace(pieces=wanted.pieces[1:]).refusal(paper.path)
    assert wanted._replace(pieces=wanted.pieces[:-1]).refusal(paper.path)
    assert wanted._replace(pieces=[*wanted.pieces, wanted.pieces[0]]).refusal(paper.path)
    assert wanted._replace(pieces=[]).refusal(paper.path)
