"""A finished file is read back before anyone else sees it, and whatever was done to it is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pypdf
import pytest

from printjobs.core.model import PrintjobsError
from printjobs.preflight import PreflightError, marks
from printjobs.preflight.marks import check, read_marks
from printjobs.render.symbols import sheet_qr
from tests.golden.notices import Sheet, compiled, planned, render

SHEETS = planned(compiled())
MARKS = [sheet.mark for sheet in SHEETS]
PAGES = 2 * len(SHEETS)
SEPARATOR = next(i for i, sheet in enumerate(SHEETS) if sheet.notice is None and i)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("preflight") / "file.pdf"
    path.write_bytes(render(compiled())[0])
    return path


@pytest.fixture
def altered(good: Path, tmp_path: Path) -> Callable[[Callable[[pikepdf.Pdf], None]], Path]:
    """The good file after something was done to it."""

    def alter(change: Callable[[pikepdf.Pdf], None]) -> Path:
        path = tmp_path / "file.pdf"
        with pikepdf.open(good) as pdf:
            change(pdf)
            pdf.save(path)
        return path

    return alter


def is_caught(path: Path) -> bool:
    """Whether the read-back step refuses a file: by preflight itself, or because it counted other pages."""
    try:
        return check(path, MARKS, 2) != PAGES
    except PreflightError:
        return True


Alter = Callable[[Callable[[pikepdf.Pdf], None]], Path]


def test_a_rendered_file_says_what_was_planned_on_every_sheet(good: Path) -> None:
    assert check(good, MARKS, 2) == PAGES


def test_every_front_has_one_mark_and_no_back_has_any(good: Path) -> None:
    found = list(read_marks(good))
    assert found[::2] == [[mark] for mark in MARKS]
    assert found[1::2] == [[] for _ in MARKS]


def test_a_file_that_another_program_wrote_again_still_passes(good: Path, tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=good)
    writer.write(tmp_path / "again.pdf")
    assert check(tmp_path / "again.pdf", MARKS, 2) == PAGES


def test_a_file_printed_on_one_side_has_a_mark_on_every_page(good: Path, tmp_path: Path) -> None:
    writer = pypdf.PdfWriter()
    for page in pypdf.PdfReader(good).pages[::2]:
        writer.add_page(page)
    writer.write(tmp_path / "simplex.pdf")
    assert check(tmp_path / "simplex.pdf", MARKS, 1) == len(MARKS)


@pytest.mark.parametrize(("one", "other"), [(0, 2), (2, 4), (2, PAGES - 2), (8, 9), (9, 10)])
def test_two_swapped_pages_are_caught(good: Path, tmp_path: Path, one: int, other: int) -> None:
    reader, writer = pypdf.PdfReader(good), pypdf.PdfWriter()
    order = list(range(PAGES))
    order[one], order[other] = order[other], order[one]
    for number in order:
        writer.add_page(reader.pages[number])
    writer.write(tmp_path / "swapped.pdf")
    assert is_caught(tmp_path / "swapped.pdf")


def test_two_swapped_sheets_are_caught(good: Path, tmp_path: Path) -> None:
    reader, writer = pypdf.PdfReader(good), pypdf.PdfWriter()
    for number in (0, 1, 4, 5, 2, 3, *range(6, PAGES)):
        writer.add_page(reader.pages[number])
    writer.write(tmp_path / "swapped.pdf")
    assert is_caught(tmp_path / "swapped.pdf")


@pytest.mark.parametrize("number", [0, 1, 2, 3, 10, PAGES - 2, PAGES - 1])
def test_a_dropped_page_is_caught(altered: Alter, number: int) -> None:
    def drop(pdf: pikepdf.Pdf) -> None:
        del pdf.pages[number]

    assert is_caught(altered(drop))


@pytest.mark.parametrize("number", [0, 4, PAGES - 2])
def test_a_dropped_sheet_is_caught(altered: Alter, number: int) -> None:
    def drop(pdf: pikepdf.Pdf) -> None:
        del pdf.pages[number : number + 2]

    with pytest.raises(PreflightError):
        check(altered(drop), MARKS, 2)


@pytest.mark.parametrize("number", [0, 1, 2, 11, PAGES])
@pytest.mark.parametrize("copied", [0, 3])
def test_an_extra_page_is_caught(altered: Alter, number: int, copied: int) -> None:
    def add(pdf: pikepdf.Pdf) -> None:
        pdf.pages.insert(number, pdf.pages[copied])

    with pytest.raises(PreflightError):
        check(altered(add), MARKS, 2)


def test_a_sheet_printed_twice_is_caught(altered: Alter) -> None:
    def double(pdf: pikepdf.Pdf) -> None:
        pdf.pages.insert(4, pdf.pages[2])
        pdf.pages.insert(5, pdf.pages[3])

    with pytest.raises(PreflightError):
        check(altered(double), MARKS, 2)


def with_code(number: int, change: Callable[[bytes], bytes]) -> Callable[[pikepdf.Pdf], None]:
    """Change the code of one page."""

    def alter(pdf: pikepdf.Pdf) -> None:
        page = pdf.pages[number].obj
        before = page.Contents.read_bytes()
        after = change(before)
        assert after != before
        page.Contents = pdf.make_stream(after)

    return alter


def other_symbol(text: str) -> Callable[[bytes], bytes]:
    return lambda code: re.sub(rb"ID [0-9A-F]+>", b"ID " + sheet_qr(text).data.hex().upper().encode() + b">", code)


def test_a_mark_of_another_piece_is_caught(altered: Alter) -> None:
    with pytest.raises(PreflightError):
        check(altered(with_code(2, other_symbol(MARKS[-1]))), MARKS, 2)


def test_a_mark_changed_by_one_character_is_caught(altered: Alter) -> None:
    text = MARKS[1][:12] + ("1" if MARKS[1][12] == "0" else "0") + MARKS[1][13:]
    with pytest.raises(PreflightError):
        check(altered(with_code(2, other_symbol(text))), MARKS, 2)


def test_a_mark_of_the_generation_before_is_caught(altered: Alter) -> None:
    text = MARKS[1][:22] + "2" + MARKS[1][23:]
    with pytest.raises(PreflightError):
        check(altered(with_code(2, other_symbol(text))), MARKS, 2)


@pytest.mark.parametrize(
    "sheet", [0, 1, SEPARATOR, len(SHEETS) - 1], ids=["separator", "first", "separator within", "last"]
)
def test_a_page_without_its_mark_is_caught(altered: Alter, sheet: int) -> None:
    def without(code: bytes) -> bytes:
        return re.sub(rb"q [^\n]+ cm\nBI/W 25/H 25/.*?EI Q\n", b"", code, flags=re.DOTALL)

    with pytest.raises(PreflightError):
        check(altered(with_code(2 * sheet, without)), MARKS, 2)


def test_a_page_with_two_marks_is_caught(altered: Alter) -> None:
    def doubled(code: bytes) -> bytes:
        (image,) = re.findall(rb"q [^\n]+ cm\nBI/W 25/H 25/.*?EI Q\n", code, flags=re.DOTALL)
        return code + bytes(image)

    with pytest.raises(PreflightError):
        check(altered(with_code(2, doubled)), MARKS, 2)


def test_a_mark_on_a_back_is_caught(altered: Alter) -> None:
    def marked(pdf: pikepdf.Pdf) -> None:
        front = pdf.pages[2].obj.Contents.read_bytes()
        back = pdf.pages[3].obj
        (image,) = re.findall(rb"q [^\n]+ cm\nBI/W 25/H 25/.*?EI Q\n", front, flags=re.DOTALL)
        back.Contents = pdf.make_stream(back.Contents.read_bytes() + image)

    with pytest.raises(PreflightError):
        check(altered(marked), MARKS, 2)


def test_a_mark_too_damaged_to_read_is_caught(altered: Alter) -> None:
    with pytest.raises(PreflightError):
        check(altered(with_code(2, lambda code: re.sub(rb"ID [0-9A-F]{120}", b"ID " + b"F" * 120, code))), MARKS, 2)


def test_an_extra_last_sheet_with_a_damaged_mark_is_caught_by_the_marks_alone(altered: Alter) -> None:
    def add(pdf: pikepdf.Pdf) -> None:
        pdf.pages.append(pdf.pages[2])
        pdf.pages.append(pdf.pages[3])
        page = pdf.pages[PAGES].obj
        code = page.Contents.read_bytes()
        page.Contents = pdf.make_stream(re.sub(rb"ID [0-9A-F]{120}", b"ID " + b"F" * 120, code))

    with pytest.raises(PreflightError):
        check(altered(add), MARKS, 2)


def test_the_plan_of_another_file_is_not_this_one(good: Path) -> None:
    with pytest.raises(PreflightError):
        check(good, MARKS[1:], 2)
    with pytest.raises(PreflightError):
        check(good, [*MARKS, MARKS[0]], 2)
    with pytest.raises(PreflightError):
        check(good, [], 2)


def test_a_refusal_names_the_file_and_the_sheet_and_tells_the_next_step(altered: Alter) -> None:
    with pytest.raises(PreflightError, match=r"^file\.pdf の4枚目") as told:
        check(altered(with_code(6, other_symbol(MARKS[0]))), MARKS, 2)
    assert str(told.value).endswith("印刷ファイルを作り直してください。")
    assert isinstance(told.value, PrintjobsError)


def test_a_refusal_says_nothing_of_whom_the_sheet_is_for(altered: Alter) -> None:
    def names(sheet: Sheet) -> list[str]:
        return [sheet.notice.addressee.name, sheet.notice.number] if sheet.notice else []

    with pytest.raises(PreflightError) as told:
        check(altered(with_code(2, other_symbol(MARKS[0]))), MARKS, 2)
    assert not [name for sheet in SHEETS for name in [*names(sheet), sheet.mark] if name in str(told.value)]


def test_the_decoder_is_not_the_one_that_drew_the_symbol() -> None:
    assert marks.zxingcpp.__name__ == "zxingcpp"
    assert not hasattr(marks, "qrcode")
