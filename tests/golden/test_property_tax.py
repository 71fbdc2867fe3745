"""The property tax notice on paper: recorded page by page, and looked at as a press, a camera and a reader would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pypdfium2
import pytest

from fonts import FontSet
from printjobs import reference
from printjobs.core import japanese
from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.marks import customer, el_qr, gs1_128
from printjobs.core.model import Notice
from printjobs.reference.profile import profiles
from printjobs.render.symbols.qr import SHEET
from tests.golden.notices import MAILING_DATE, NOTICES, compiled, page_labels, render
from tests.golden.paper import A4, MM, Box, Paper, overlapping, page_digest, raster, squeezed
from tests.tools import tool

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORDED = HERE / "property_tax.json"
EXPECTED = HERE / "property_tax.pdf"
OUT = HERE / "out"
MOST_PICTURES = 12  # of a failed run: enough to see what happened

WINDOW = Box(26, 13, 114, 61)  # of the envelope, as the folded sheet lies in it
FOLDS = (99.0, 198.0)
PAGE = Box(0, 0, *A4)


# --- the same pages as recorded -----------------------------------------------------------------------------


def digests(paper: Paper) -> dict[str, str]:
    """Digest of every page by its label, in the order of the file."""
    labels = list(page_labels(paper.sheets))
    assert len(labels) == len(set(labels))
    return dict(zip(labels, map(page_digest, paper.pdf.pages), strict=True))


def leave_pictures(paper: Paper, labels: list[str]) -> None:
    """What the pages should look like and what they look like now, for whoever has to decide."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    shutil.copy(paper.path, OUT / "actual.pdf")
    recorded = list(json.loads(RECORDED.read_bytes())["pages"])
    now = list(page_labels(paper.sheets))
    for side, path, places in (("expected", EXPECTED, recorded), ("actual", paper.path, now)):
        if not path.is_file():
            continue
        document = pypdfium2.PdfDocument(path)
        for label in [wanted for wanted in labels if wanted in places][:MOST_PICTURES]:
            raster(document, places.index(label), 110).save(OUT / f"{label.replace(' ', '-')}.{side}.png")
        document.close()


def test_every_page_is_as_it_was_recorded(paper: Paper, update_golden: bool) -> None:
    now: dict[str, Any] = {"fonts": FontSet(None).sha256, "pages": digests(paper)}
    if update_golden:
        RECORDED.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        shutil.copy(paper.path, EXPECTED)
    before = json.loads(RECORDED.read_bytes())
    was, is_now = before["pages"], now["pages"]
    differing = [label for label in {**was, **is_now} if was.get(label) != is_now.get(label)]
    if differing:
        leave_pictures(paper, differing)
        pytest.fail(
            f"{len(differing)} of {len(now['pages'])} pages differ: {', '.join(differing[:6])} ... "
            f"Look at {OUT.relative_to(ROOT)}; if they are meant: pytest tests/golden --update-golden",
            pytrace=False,
        )
    assert now == before
    with pikepdf.open(EXPECTED) as pdf:  # what people look at when a page differs
        assert [page_digest(page) for page in pdf.pages] == list(before["pages"].values())


def test_the_made_up_notices_are_sound_and_fit() -> None:
    for golden in NOTICES:
        assert (
            PROPERTY_TAX.check(golden.notice, profiles(PROPERTY_TAX.code, 2026)[golden.notice.city].terms(MAILING_DATE))
            == []
        ), golden.label
        assert compiled().check(golden.notice) == [], golden.label


def test_the_made_up_notices_have_every_case_that_breaks_a_page() -> None:
    notices = [golden.notice for golden in NOTICES]
    assert {notice.fields["payment"] for notice in notices} == {"納付書", "口座振替"}
    assert {notice.addressee.honorific for notice in notices} == {"様", "御中"}
    assert min(int(notice.fields["annual_tax"]) for notice in notices) == 0
    assert max(int(notice.fields["annual_tax"]) for notice in notices) > 1_000_000_000
    assert max(len(notice.tables["assets"]) for notice in notices) == 60
    assert any(notice.addressee.country for notice in notices)
    assert any(notice.fields["co_owners"] for notice in notices)
    assert any(len(notice.addressee.building) > 40 for notice in notices)
    assert any("\U000e0100" in notice.addressee.name for notice in notices)


# --- the same bytes every time -----------------------------------------------------------------------------


def test_rendering_twice_gives_the_same_bytes(paper: Paper) -> None:
    assert render(compiled())[0] == paper.path.read_bytes()


def test_another_process_gives_the_same_bytes(paper: Paper) -> None:
    code = (
        "from hashlib import sha256; from tests.golden.notices import compiled, render;"
        "print(sha256(render(compiled())[0]).hexdigest())"
    )
    for seed in ("1", "2"):  # the order of sets differs between them
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        answer = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=environment, text=True)
        assert answer.strip() == sha256(paper.path.read_bytes()).hexdigest()


def test_what_the_renderer_says_of_its_file_is_true(paper: Paper) -> None:
    data = paper.path.read_bytes()
    assert paper.written.sha256 == sha256(data).hexdigest()
    assert paper.written.bytes == len(data)
    assert paper.written.pages == len(paper.pdf.pages) == 2 * len(paper.sheets)
    assert paper.written.sheets == len(paper.sheets)


# --- a file that a press takes -----------------------------------------------------------------------------


def test_qpdf_finds_nothing_to_complain_of(paper: Paper) -> None:
    answer = subprocess.run([tool("qpdf"), "--check", paper.path], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "No syntax or stream encoding errors found" in answer.stdout


def test_pdffonts_finds_every_font_embedded_subset_and_readable(paper: Paper) -> None:
    answer = subprocess.run([tool("pdffonts"), paper.path], capture_output=True, text=True, check=True)
    fonts = [line.split() for line in answer.stdout.splitlines()[2:]]
    assert fonts
    for font in fonts:
        name, embedded, subset, unicode = font[0], *font[-5:-2]
        assert (embedded, subset, unicode) == ("yes", "yes", "yes"), name


def test_pypdf_opens_it_with_all_its_pages(paper: Paper) -> None:
    reader = pypdf.PdfReader(paper.path, strict=True)
    assert len(reader.pages) == paper.written.pages
    assert reader.metadata is not None
    assert reader.metadata.title == "property_tax-2026-B001-F01"
    assert not reader.is_encrypted


def test_every_page_is_upright_a4_and_of_one_size(paper: Paper) -> None:
    for page in paper.pdf.pages:
        left, bottom, right, top = (float(side) for side in page.MediaBox)
        assert (left, bottom) == (0, 0)
        assert right == pytest.approx(A4[0] * MM, abs=0.01)
        assert top == pytest.approx(A4[1] * MM, abs=0.01)
        assert not {"/Rotate", "/CropBox", "/Annots"} & set(page.obj.keys())


def test_the_file_has_an_identity_of_its_own(paper: Paper) -> None:
    first, second = (bytes(part) for part in paper.pdf.trailer.ID)
    assert first == second
    assert len(first) == 16


def everything_drawn(pdf: pikepdf.Pdf) -> Iterator[tuple[str, list[pikepdf.ContentStreamInstruction]]]:
    """Name and instructions of every page and of every form."""
    for number, page in enumerate(pdf.pages):
        yield f"page {number}", list(pikepdf.parse_content_stream(page))
    for name, form in pdf.pages[0].obj.Resources.XObject.items():
        yield str(name), list(pikepdf.parse_content_stream(form))


def test_everything_is_black_or_grey(paper: Paper) -> None:
    coloured = {"rg", "RG", "cs", "CS", "sc", "SC", "scn", "SCN", "sh"}
    for where, instructions in everything_drawn(paper.pdf):
        for instruction in instructions:
            operator = str(instruction.operator)
            assert operator not in coloured, where
            if operator in ("k", "K"):
                assert [float(part) for part in instruction.operands[:3]] == [0, 0, 0], where


def test_nothing_is_transparent_and_no_picture_stands_beside_the_marks(paper: Paper) -> None:
    for where, instructions in everything_drawn(paper.pdf):
        operators = Counter(str(instruction.operator) for instruction in instructions)
        assert not operators["gs"], where
        if where.startswith("page"):
            sheet = paper.sheets[int(where.split()[1]) // 2]
            most = 1 + 2 * len(sheet.slips) + (sheet.front == "cover")
        else:
            most = 1  # a city's seal
        assert operators["INLINE IMAGE"] <= most, where
    kinds = {str(thing.get("/Subtype")) for thing in paper.pdf.pages[0].obj.Resources.XObject.values()}
    assert kinds == {"/Form"}


def test_every_font_that_is_used_is_embedded_once_and_no_other(paper: Paper) -> None:
    used = {
        str(instruction.operands[0])
        for _, instructions in everything_drawn(paper.pdf)
        for instruction in instructions
        if str(instruction.operator) == "Tf"
    }
    resources = paper.pdf.pages[0].obj.Resources
    assert all(page.obj.Resources == resources for page in paper.pdf.pages)
    assert used == set(resources.Font.keys())
    files = [font.DescendantFonts[0].FontDescriptor.FontFile2.objgen for font in resources.Font.values()]
    assert len(files) == len(set(files))
    every_file = [thing for thing in paper.pdf.objects if isinstance(thing, pikepdf.Stream) and "/Length1" in thing]
    assert len(every_file) == len(files)
    names = [str(font.BaseFont).partition("+")[2] for font in resources.Font.values()]
    assert len(names) == len(set(names))
    assert set(names) <= {"BIZUDMincho-Regular", "BIZUDGothic-Regular", "BIZUDGothic-Bold", "OCRB-Regular"}


def test_fixed_parts_are_drawn_once_per_city_and_shared_by_all_pages(paper: Paper) -> None:
    names = [str(name) for name in paper.pdf.pages[0].obj.Resources.XObject.keys()]  # noqa: SIM118 - not a dict
    cities = {golden.notice.city for golden in NOTICES}
    assert {name.rpartition(".")[2] for name in names} == cities
    calls = Counter(
        str(instruction.operands[0])
        for where, instructions in everything_drawn(paper.pdf)
        if where.startswith("page")
        for instruction in instructions
        if str(instruction.operator) == "Do"
    )
    assert set(calls) == set(names)


def test_nothing_personal_is_in_a_shared_part(paper: Paper) -> None:
    """A form that held one person's name would print it on everybody's page."""
    forms = pikepdf.Pdf.new()
    for name in paper.pdf.pages[0].obj.Resources.XObject.keys():  # noqa: SIM118 - not a dict
        page = forms.add_blank_page(page_size=(A4[0] * MM, A4[1] * MM))
        page.obj.Resources = forms.copy_foreign(paper.pdf.pages[0].obj.Resources)
        page.obj.Contents = forms.make_stream(f"{name} Do".encode())
    path = paper.path.with_name("forms.pdf")
    forms.save(path)
    document = pypdfium2.PdfDocument(path)
    for i in range(len(document)):
        page = document[i]
        text = page.get_textpage()
        found = squeezed(text.get_text_range())
        text.close()
        page.close()
        for golden in NOTICES:
            for secret in (golden.notice.addressee.name, golden.notice.addressee.address, golden.notice.number):
                assert squeezed(secret) not in found
    document.close()


# --- what a reader sees -----------------------------------------------------------------------------------


def test_no_text_leaves_the_page(paper: Paper) -> None:
    for number in range(paper.written.pages):
        for char in paper.chars(number):
            assert PAGE.holds(char.box), f"page {number}: {char.text}"


def test_no_text_is_printed_over_another(paper: Paper) -> None:
    for number, label in enumerate(page_labels(paper.sheets)):
        pairs = [f"{one.text}{other.text}" for one, other in overlapping(paper.chars(number))]
        assert not pairs, label


def sheets_of(paper: Paper, notice: Notice, *pages: str) -> list[int]:
    return [number for number, sheet in paper.sides(*pages) if sheet.notice is notice]


@pytest.mark.parametrize("golden", NOTICES, ids=lambda g: g.label)
def test_the_honorific_stands_after_the_name_everywhere(paper: Paper, golden: object) -> None:
    notice = golden.notice  # type: ignore[attr-defined]
    name, honorific = squeezed(notice.addressee.name), notice.addressee.honorific
    co_owners = str(notice.fields["co_owners"])
    found = 0
    for number in sheets_of(paper, notice, "cover", "slips"):
        text = paper.text(number)
        for match in re.finditer(re.escape(name), text):
            rest = text[match.end() :].removeprefix(co_owners)
            assert rest.startswith(honorific), f"{name}: {rest[:5]}"
            found += 1
    slips = len(compiled().views(notice)["slips"])
    assert found == 1 + 3 * slips


STATUTORY = {
    "cover": [
        "納税通知書",
        "課税標準額",
        "税率",
        "年税額",
        "納期限",
        "賦課期日",
        "地方税法第343条",
        "第702条",
    ],
    "guide": [
        "納付の場所",
        "延滞金",
        "督促状",
        "審査請求",
        "3か月以内",
        "裁決",
        "取消しの訴え",
        "6か月以内",
        "被告",
        "固定資産評価審査委員会",
        "地方税法第432条",
    ],
    "detail": ["課税明細書", "評価額"],
}


@pytest.mark.parametrize(("page", "phrases"), STATUTORY.items(), ids=STATUTORY)
def test_every_notice_says_what_the_law_wants_it_to_say(paper: Paper, page: str, phrases: list[str]) -> None:
    for golden in NOTICES:
        numbers = sheets_of(paper, golden.notice, page)
        assert numbers
        for number in numbers:
            text = paper.text(number)
            assert [phrase for phrase in phrases if phrase not in text] == [], golden.label


def test_a_notice_bears_its_citys_seal_or_says_that_it_is_left_out(paper: Paper) -> None:
    place = Box(180.5, 76.5, 198.5, 94.5)
    for number, sheet in paper.fronts("cover"):
        assert sheet.notice is not None
        seal = compiled().cities[sheet.notice.city].seal
        assert ("（公印省略）" in paper.text(number)) is (seal is None), sheet.label
        if seal:
            ink = paper.ink(number, place.shrunk(-4))
            assert ink is not None
            assert ink.right - ink.left == pytest.approx(seal.mm, abs=0.2)
            assert ink.bottom - ink.top == pytest.approx(seal.mm, abs=0.2)


def test_every_notice_names_its_city_and_no_other(paper: Paper) -> None:
    names = {code: city.name for code, city in reference.cities().items()}
    for number, sheet in paper.sides("cover", "guide", "slips", "slip_back"):
        assert sheet.notice is not None
        text = paper.text(number)
        assert names[sheet.notice.city] in text
        others = [name for code, name in names.items() if code != sheet.notice.city and name in text]
        assert not others, sheet.label


def test_the_sums_of_the_cover_are_those_of_the_notice(paper: Paper) -> None:
    for number, sheet in paper.sides("cover"):
        assert sheet.notice is not None
        text = paper.text(number)
        values = sheet.notice.fields
        for key, value in values.items():
            if isinstance(value, int):
                assert japanese.yen(value) in text, f"{sheet.label}: {key}"
        for row in compiled().views(sheet.notice)["due"]:
            line = japanese.period(int(row[0])) + japanese.era_date(str(row[1])) + japanese.yen(int(row[2]))
            assert line in text, sheet.label


def slip_boxes(paper: Paper) -> Iterator[tuple[int, Notice, list[list[str | int] | None]]]:
    """Page number, notice, and the instalment that each slip of the page has to be for; None for no slip."""
    (repeat,) = compiled().layout.pages["slips"].repeats
    for golden in NOTICES:
        rows: list[list[str | int] | None] = list(compiled().views(golden.notice)["slips"])
        for number in sheets_of(paper, golden.notice, "slips"):
            own, rows = rows[: repeat.count], rows[repeat.count :]
            yield number, golden.notice, own + [None] * (repeat.count - len(own))
        assert not rows


def test_each_slip_asks_for_the_amount_of_its_own_instalment(paper: Paper) -> None:
    (repeat,) = compiled().layout.pages["slips"].repeats
    for number, notice, rows in slip_boxes(paper):
        for i, row in enumerate(rows):
            box = Box(24, i * repeat.pitch, 210, (i + 1) * repeat.pitch)
            words = Counter(paper.words(number, box))
            if row is None:
                assert not words  # an empty form would be filled in by hand and paid
                continue
            period, due, amount, payment_number, confirmation, division, accept_until, digits = row
            payer = compiled().cities[notice.city].payer
            upper, lower = el_qr.mpn_lines(payer.digits(row))
            assert words[upper] == words[lower] == 1
            if digits:
                assert all(words[line] == 1 for line in gs1_128.readable(str(digits)))
            else:
                assert int(amount) > gs1_128.MOST_YEN
                assert "コンビニエンスストアでは納められません" in paper.text(number, box)
            amounts = {word: count for word, count in words.items() if word.startswith("¥")}
            assert amounts == {f"¥{japanese.yen(int(amount))}": 3}
            assert words[japanese.period(int(period))] == 3
            assert words[notice.number] == 3
            assert words[str(payment_number)] == words[str(confirmation)] == words[str(division)] == 1
            dates = Counter([japanese.era_date(str(due))] * 3 + [japanese.era_date(str(accept_until))])
            assert Counter({word: n for word, n in words.items() if re.fullmatch("令和.+日", word)}) == dates


def test_a_notice_by_direct_debit_or_without_tax_has_no_slip(paper: Paper) -> None:
    for golden in NOTICES:
        has_slips = golden.notice.fields["payment"] == "納付書" and bool(golden.notice.fields["annual_tax"])
        assert bool(sheets_of(paper, golden.notice, "slips")) is has_slips


def test_every_asset_stands_on_the_details_once_and_in_order(paper: Paper) -> None:
    for golden in NOTICES:
        words = [word for number in sheets_of(paper, golden.notice, "detail") for word in paper.words(number)]
        rows = golden.notice.tables["assets"]
        wanted = Counter(japanese.yen(int(amount)) for row in rows for amount in row[6:9])
        assert {amount: words.count(amount) for amount in wanted} == wanted, golden.label
        values = [words.index(japanese.yen(int(row[6]))) for row in rows]
        assert values == sorted(set(values)), golden.label
        lots = Counter(str(row[2]) for row in rows if row[2])
        text = "".join(words)
        assert {lot: text.count(lot) for lot in lots} == lots, golden.label


def test_every_sheet_with_a_place_for_it_says_which_of_its_notices_sheets_it_is(paper: Paper) -> None:
    said = 0
    for golden in NOTICES:
        own = [(2 * i, sheet) for i, sheet in enumerate(paper.sheets) if sheet.notice is golden.notice]
        for place, (number, sheet) in enumerate(own, start=1):
            if any(slot.name == "枚数" for slot in compiled().layout.pages[sheet.front].slots):
                assert f"{place}／{len(own)}枚" in paper.words(number), sheet.label
                said += 1
    assert said >= 2 * len(NOTICES)


def test_every_page_of_the_details_says_its_place_among_them(paper: Paper) -> None:
    for golden in NOTICES:
        numbers = sheets_of(paper, golden.notice, "detail")
        for place, number in enumerate(numbers, start=1):
            assert f"明細{place}／{len(numbers)}頁" in paper.text(number), golden.label


def test_a_separator_says_what_follows_and_names_nobody(paper: Paper) -> None:
    separators = [(number, sheet) for number, sheet in paper.fronts() if sheet.notice is None]
    assert [sheet.label for _, sheet in separators] == ["区分票 525", "区分票 523", "区分票 521", "区分票 外国"]
    for number, sheet in separators:
        text = paper.text(number)
        assert sheet.label.split()[1] in text
        assert "この紙は封入しません" in text
        assert "様" not in text
        assert paper.text(number + 1) == ""


# --- what the window shows ---------------------------------------------------------------------------------


def test_the_window_shows_the_whole_address_and_nothing_else(paper: Paper) -> None:
    for number, sheet in paper.fronts("cover"):
        assert sheet.notice is not None
        who = sheet.notice.addressee
        lines = (japanese.postal_code(who.zip), who.address, who.building, who.country, who.name,
                 str(sheet.notice.fields["co_owners"]), who.honorific)  # fmt: skip
        assert paper.text(number, WINDOW) == squeezed("".join(lines)), sheet.label


def test_the_address_keeps_two_millimetres_from_the_edge_of_the_window(paper: Paper) -> None:
    inside = WINDOW.shrunk(2)
    for number, sheet in paper.fronts("cover"):
        for char in paper.chars(number):
            x, y = (char.box.left + char.box.right) / 2, (char.box.top + char.box.bottom) / 2
            if WINDOW.left <= x <= WINDOW.right and WINDOW.top <= y <= WINDOW.bottom:
                assert inside.holds(char.box), f"{sheet.label}: {char.text}"
        assert paper.is_white(number, WINDOW, but=[inside]), sheet.label


# --- what the camera sees ----------------------------------------------------------------------------------

MARK = reference.vendor().mark
MODULE = MARK.module_dots * 25.4 / reference.vendor().print_.dpi
SYMBOL = Box.at(MARK.x, MARK.y, SHEET.size * MODULE, SHEET.size * MODULE)
QUIET = SYMBOL.shrunk(-(MARK.quiet_modules * MODULE + MARK.clear))
PIXEL = 25.4 / 300


def test_each_front_has_its_sheet_mark_and_each_slip_its_own_codes_and_nothing_else(paper: Paper) -> None:
    for number, sheet in paper.fronts():
        found = Counter(code.text for code in paper.codes(number))
        wanted = [sheet.mark]
        if sheet.slips:
            assert sheet.notice is not None
            payer = compiled().cities[sheet.notice.city].payer
            wanted += [payer.digits(row) for row in sheet.slips]
            wanted += [str(row[-1]) for row in sheet.slips if row[-1]]
        assert found == Counter(wanted), sheet.label


def test_each_code_stands_in_the_slip_of_its_own_row(paper: Paper) -> None:
    """41,571 notices once went out with the barcodes of their instalments swapped."""
    (repeat,) = compiled().layout.pages["slips"].repeats
    for number, sheet in paper.fronts("slips"):
        assert sheet.notice is not None
        payer = compiled().cities[sheet.notice.city].payer
        for i, row in enumerate(sheet.slips):
            top, bottom = i * repeat.pitch, (i + 1) * repeat.pitch
            own = {c.text for c in paper.codes(number) if c.box.left > 24 and top < c.box.top < bottom}
            assert own == {payer.digits(row), str(row[-1])} - {""}, sheet.label


def test_the_customer_barcode_has_the_bars_of_the_address(paper: Paper) -> None:
    for number, sheet in paper.fronts("cover"):
        assert sheet.notice is not None
        said = sheet.notice.addressee.barcode
        wanted = customer.bars(customer.symbols(said[:7], said[7:])) if said else ""
        assert paper.bars(number, Box(30, 50.5, 112, 60)) == wanted, sheet.label


def test_no_back_has_a_qr(paper: Paper) -> None:
    for number, sheet in paper.fronts():
        if sheet.back:
            assert paper.codes(number + 1) == [], sheet.label


def test_the_qr_stands_at_the_same_place_on_every_sheet(paper: Paper) -> None:
    for number, sheet in paper.fronts():
        printed = paper.ink(number, QUIET)
        assert printed is not None
        for side, wanted in zip(printed, SYMBOL, strict=True):
            assert side == pytest.approx(wanted, abs=1.01 * PIXEL), sheet.label


def test_the_quiet_zone_is_white(paper: Paper) -> None:
    for number, sheet in paper.fronts():
        assert paper.is_white(number, QUIET, but=[SYMBOL.shrunk(-2 * PIXEL)]), sheet.label
        assert not paper.is_white(number, SYMBOL), sheet.label


def test_the_qr_is_clear_of_the_folds_and_of_the_edges_that_lead_and_trail(paper: Paper) -> None:
    for number, _ in paper.fronts():
        code = next(code for code in paper.codes(number) if code.box.left < 24)
        assert code.box.top >= 20
        assert code.box.bottom <= A4[1] - 20
        for fold in FOLDS:
            assert code.box.top > fold + 5 or code.box.bottom < fold - 5


def test_every_symbol_lies_on_the_grid_of_the_device(paper: Paper) -> None:
    dot = 72 / reference.vendor().print_.dpi
    for number, sheet in paper.fronts():
        code = paper.pdf.pages[number].obj.Contents.read_bytes()
        found = re.findall(rb"q ([\d.]+) 0 0 ([\d.]+) ([\d.]+) ([\d.]+) cm\nBI", code)
        assert found
        for length in (float(length) for symbol in found for length in symbol):
            assert abs(length / dot - round(length / dot)) < 0.005, sheet.label


def test_the_same_text_stands_in_small_print_below_the_qr(paper: Paper) -> None:
    below = Box(0, SYMBOL.bottom, 24, QUIET.bottom + 6)
    for number, sheet in paper.fronts():
        assert paper.text(number, below) == sheet.mark, sheet.label


def test_the_strip_that_the_camera_looks_at_holds_nothing_but_the_mark_and_the_number_of_the_page(
    paper: Paper,
) -> None:
    strip = Box(0, 0, 23.8, A4[1])  # rules that begin at 24 mm are a pixel wide
    mark = Box(MARK.x - 2, MARK.y - PIXEL, strip.right, QUIET.bottom + 6)
    slots = [slot for page in compiled().layout.pages.values() for slot in page.slots if slot.at[0] < strip.right]
    assert {slot.name for slot in slots} <= {"枚数"}
    numbers = [Box.at(*slot.at) for slot in slots]
    for number, sheet in paper.fronts():
        assert paper.is_white(number, strip, but=[mark, *numbers]), sheet.label
