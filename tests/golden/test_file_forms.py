"""Each form of the print file as other people's programs see it: sound, and on paper the very same pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pypdf
import pypdfium2
import pytest

from printjobs import reference
from printjobs.render.printfile import Written, render_file
from tests.golden.notices import compiled, job, pieces
from tests.tools import said_by

ROOT = Path(__file__).parents[2]
FORMS = list(reference.FILE_FORMS)
PAGES = 100
DPI = 72
NAMES = {"pdf": [], "pdfx4": ["PDF/X-4"], "pdfvt1": ["PDF/X-4", "PDF/VT-1"]}


def render(form: str, path: Path) -> Written:
    profile = reference.vendor()
    with path.open("wb") as sink:
        asked = job()._replace(form=form)
        return render_file(sink, compiled(), profile.mark, profile.print_.dpi, asked, pieces(compiled()))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The golden print file in every form."""
    folder = tmp_path_factory.mktemp("forms")
    found = {form: folder / f"{form}.pdf" for form in FORMS}
    for form, path in found.items():
        assert render(form, path).pages == PAGES
    return found


@pytest.fixture(params=FORMS)
def path(request: pytest.FixtureRequest, files: dict[str, Path]) -> Path:
    return files[request.param]


# --- the same bytes every time -------------------------------------------------------------------------------------


def test_rendering_twice_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    assert render(path.stem, tmp_path / "again.pdf").sha256 == sha256(path.read_bytes()).hexdigest()


def test_another_process_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.golden.test_file_forms import render;"
        "print(render(sys.argv[1], Path(sys.argv[2])).sha256)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "3", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, path.stem, str(tmp_path / "again.pdf")]
    answer = subprocess.check_output(command, cwd=ROOT, env=environment, text=True)
    assert answer.strip() == sha256(path.read_bytes()).hexdigest()


# --- what other programs say -----------------------------------------------------------------------------------------


def test_qpdf_finds_nothing_to_complain_of(path: Path) -> None:
    told = said_by("qpdf", "--check", path)
    assert "PDF Version: 1.6" in told
    assert "No syntax or stream encoding errors found" in told
    assert "WARNING" not in told


def test_pdfinfo_finds_an_a4_file_of_that_form(path: Path) -> None:
    told = dict(re.findall(r"^(.+?): +(.*)$", said_by("pdfinfo", "-box", path), re.MULTILINE))
    assert (told["Pages"], told["Page size"], told["Page rot"]) == (str(PAGES), "595.276 x 841.89 pts (A4)", "0")
    assert (told["PDF version"], told["Encrypted"], told["JavaScript"]) == ("1.6", "no", "no")
    assert told["TrimBox"].split() == ["0.00", "0.00", "595.28", "841.89"]
    assert told.get("PDF subtype", "") == ("" if path.stem == "pdf" else "PDF/X-4")
    assert told["Metadata Stream"] == ("no" if path.stem == "pdf" else "yes")


def test_the_packet_names_the_form(path: Path) -> None:
    assert re.findall(r"Version>(PDF/.*)</", said_by("pdfinfo", "-meta", path)) == NAMES[path.stem]


def test_pdffonts_finds_every_font_embedded_and_readable(path: Path) -> None:
    fonts = [line.split() for line in said_by("pdffonts", path).splitlines()[2:]]
    assert len(fonts) == len({font[0] for font in fonts}) == 4
    for font in fonts:
        assert font[-5:-2] == ["yes", "yes", "yes"], font[0]


def test_mutool_finds_one_size_of_page_and_four_fonts(path: Path) -> None:
    told = said_by("mutool", "info", path)
    assert f"Pages: {PAGES}" in told
    assert "Mediaboxes (1):" in told
    assert "Fonts (4):" in told
    assert "Images" not in told


def test_ghostscript_reads_every_page_without_a_word(path: Path) -> None:
    told = said_by("gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dPDFSTOPONWARNING", "-sDEVICE=nullpage", path)
    assert told == ""


def test_ghostscript_finds_no_ink_but_black(path: Path) -> None:
    told = said_by("gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=inkcov", "-r20", "-o", "-", path)
    inks = [line.split()[:4] for line in told.splitlines() if line.endswith("OK")]
    assert len(inks) == PAGES
    assert {ink for page in inks for ink in page[:3]} == {"0.00000"}
    assert any(float(page[3]) for page in inks)


def test_pypdf_finds_the_parts(path: Path) -> None:
    reader = pypdf.PdfReader(path, strict=True)
    root = reader.root_object.get("/DPartRoot")
    assert (root is not None) == (path.stem == "pdfvt1")
    if root is not None:
        (leaves,) = root["/DPartRootNode"]["/DParts"]
        assert sum(leaf.get_object()["/DPM"]["/Sheets"] for leaf in leaves) * 2 == PAGES


# --- the same pages --------------------------------------------------------------------------------------------------


def by_pdfium(path: Path, _: Path) -> Iterator[str]:
    document = pypdfium2.PdfDocument(path)
    for page in document:
        yield sha256(page.render(scale=DPI / 72, grayscale=True).to_pil().tobytes()).hexdigest()
        page.close()
    document.close()


def by_pdftoppm(path: Path, folder: Path) -> Iterator[str]:
    assert said_by("pdftoppm", "-gray", "-r", str(DPI), path, folder / "page") == ""
    return hashes(folder)


def by_mutool(path: Path, folder: Path) -> Iterator[str]:
    told = said_by("mutool", "draw", "-q", "-r", str(DPI), "-c", "gray", "-o", folder / "page-%03d.pgm", path)
    assert told in ("", "warning: ICC support is not available\n")  # Debian leaves it out of its MuPDF
    return hashes(folder)


def by_ghostscript(path: Path, folder: Path, *options: str) -> Iterator[str]:
    pages = folder / "page-%03d.pgm"
    assert said_by("gs", "-q", "-dSAFER", "-sDEVICE=pgmraw", f"-r{DPI}", *options, "-o", pages, path) == ""
    return hashes(folder)


def by_ghostscript_to_its_output_intent(path: Path, folder: Path) -> Iterator[str]:
    return by_ghostscript(path, folder, "-dUsePDFX3Profile=0")


def hashes(folder: Path) -> Iterator[str]:
    for page in sorted(folder.iterdir()):
        yield sha256(page.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "drawn", [by_pdfium, by_pdftoppm, by_mutool, by_ghostscript, by_ghostscript_to_its_output_intent]
)
def test_on_paper_all_forms_are_the_same(
    drawn: Callable[[Path, Path], Iterator[str]], files: dict[str, Path], tmp_path: Path
) -> None:
    """Pixel by pixel, page by page."""
    found = {}
    for form, path in files.items():
        (tmp_path / form).mkdir()
        found[form] = list(drawn(path, tmp_path / form))
    assert len(found["pdf"]) == PAGES
    assert len(set(found["pdf"])) > PAGES // 2
    assert found["pdfx4"] == found["pdf"]
    assert found["pdfvt1"] == found["pdf"]
