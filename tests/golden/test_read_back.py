"""A finished file is taken apart page by page before anyone else sees it, and whatever was done to it is found."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from fontTools.ttLib import TTFont

from printjobs.core.marks import sheet as sheet_marks
from printjobs.core.model import PrintjobsError
from printjobs.render.compiled import CompiledLayout
from printjobs.render.symbols import sheet_qr
from tests.golden import notices
from tests.golden.paper import Paper
from tests.golden.tampering import (
    CUSTOMER,
    EL_QR,
    GS1,
    SHEET,
    Code,
    Damage,
    Opened,
    Wanted,
    behind,
    bits,
    changed_symbol,
    in_form,
    on,
    placed,
    replaced,
    resub,
    swapped_symbols,
    symbols,
    tampered,
)

MM = 72 / 25.4
COVER, DETAIL, SLIPS, LAST = "短い 1枚目", "短い 2枚目", "短い 3枚目", "最後 2枚目"
NEIGHBOUR, FIRST, SECTION, ABROAD = "普通 1枚目", "区分票 525", "区分票 523", "区分票 外国"
NAME, SAMA, KUSATSU, HACHIMAN = "<135F00610874006112FB>Tj", "006112FB>", "252069", "252042"
ANYWHERE = ""
SHEETS = notices.planned(notices.compiled())
LABELS = [sheet.label for sheet in SHEETS]


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
        assert contents_of(wanted, tmp_path / name) == 2 * len(SHEETS)


def contents_of(wanted: Wanted, path: Path) -> int:
    from printjobs.preflight import contents

    return contents.check(path, *wanted)


# --- what is done to a file ----------------------------------------------------------------------------------------


def pages(change: Callable[[Opened, Any], None]) -> Damage:
    return lambda file: change(file, file.pdf.pages)


def drop(*wheres: str) -> Damage:
    def damage(file: Opened) -> None:
        for number in sorted((file.number(where) for where in wheres), reverse=True):
            del file.pdf.pages[number]

    return damage


def both(where: str) -> tuple[str, str]:
    return where, f"{where} 裏"


def exchange(one: str, other: str) -> Damage:
    """Two pages as they are, each in the other's place."""

    def damage(file: Opened) -> None:
        first, second = file.page(one), file.page(other)
        first.Contents, second.Contents = second.Contents, first.Contents

    return damage


def exchange_below_the_marks(one: str, other: str) -> Damage:
    """What is on two fronts in each other's place, each below the sheet mark that belongs there."""

    def damage(file: Opened) -> None:
        (first, mark), (second, other_mark) = (parted(file.code(where)) for where in (one, other))
        file.recode(one, lambda _: second + mark)
        file.recode(other, lambda _: first + other_mark)

    return damage


def parted(code: bytes) -> tuple[bytes, bytes]:
    at = symbols(code, SHEET)[-1].start()
    return code[:at], code[at:]


def insert(at: str, *copied: str) -> Damage:
    def damage(file: Opened) -> None:
        number = len(file.pdf.pages) if at == ANYWHERE else file.number(at)
        for where in reversed(copied):
            file.pdf.pages.insert(number, file.pdf.pages[file.number(where)])

    return damage


def neighbours(where: str, width: int, of: str) -> Damage:
    """A symbol of another sheet in the place of this one's."""
    return lambda file: file.recode(
        where,
        changed_symbol(width, lambda own: own.replace(*(symbols(c, width)[0][2] for c in (own, file.code(of))))),
    )


def mark(text: str) -> Code:
    data = sheet_qr(text).data.hex().upper().encode()
    return changed_symbol(SHEET, lambda image: re.sub(rb"ID [0-9A-F]+", b"ID " + data, image))


def marked(where: str, **changed: int) -> Damage:
    """The mark and its text as they would be with another number in it, by the run's own key."""

    def damage(file: Opened) -> None:
        before = sheet_marks.decode(SHEETS[file.labels.index(where)].mark, notices.KEY)
        assert before is not None
        text = sheet_marks.encode(before._replace(**changed), notices.KEY)
        file.recode(where, mark(text))
        layout, half = notices.compiled(), len(text) // 2
        for i, part in enumerate((text[:half], text[half:])):
            codes = layout.fonts.chains["gothic"].spans(part, set())[0].codes.encode()
            old = re.findall(rb"<([0-9A-F]+)>", file.code(where).splitlines()[-1])[i]
            if codes != old:
                file.recode(where, lambda code, old=old, codes=codes: codes.join(code.rsplit(old, 1)))

    return damage


def aside(x: float = 0, y: float = 0) -> Callable[[list[float]], list[float]]:
    return lambda m: [*m[:4], m[4] + x * MM, m[5] + y * MM]


def sized(by: float) -> Callable[[list[float]], list[float]]:
    return lambda m: [m[0] * by, m[1], m[2], m[3] * by, *m[4:]]


def of_page(key: str, value: object) -> Damage:
    def damage(file: Opened) -> None:
        file.page(COVER)[key] = value

    return damage


def of_form(key: str, value: object) -> Damage:
    def damage(file: Opened) -> None:
        file.resources.XObject[f"/cover.{KUSATSU}"][key] = value

    return damage


def annotated(file: Opened) -> None:
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Square, Rect=[0, 0, 500, 800])
    file.page(COVER).Annots = pikepdf.Array([file.pdf.make_indirect(note)])


def sealed_by_another(file: Opened) -> None:
    other = file.resources.XObject[f"/cover-issuer.{HACHIMAN}"].read_bytes()
    seal = re.search(rb"ID ([0-9A-F]+)>", other)
    assert seal
    file.reform(f"cover-issuer.{KUSATSU}", lambda code: re.sub(rb"ID [0-9A-F]+", b"ID " + seal[1], code))


def form_of_another(name: str) -> Damage:
    """The file's own form of a city has what another city's has."""
    return lambda file: file.reform(
        f"{name}.{KUSATSU}", lambda _: file.resources.XObject[f"/{name}.{HACHIMAN}"].read_bytes()
    )


IN_FORM = partial(in_form, f"cover.{KUSATSU}")
FIRST_OF_FORM = re.escape("BT 1 0 0 1 225.44 647.5987 Tm")

OF_SHEETS: dict[str, tuple[Damage, str]] = {
    "a page dropped, the first": (drop(FIRST), FIRST),
    "a page dropped, the back of a separator": (drop(f"{FIRST} 裏"), FIRST),
    "a page dropped, a cover": (drop(COVER), COVER),
    "a page dropped, the back of a cover": (drop(f"{COVER} 裏"), COVER),
    "a page dropped, the last": (drop(f"{LAST} 裏"), LAST),
    "a sheet dropped, a separator": (drop(*both(FIRST)), FIRST),
    "a sheet dropped, of details": (drop(*both(DETAIL)), DETAIL),
    "a sheet dropped, of slips": (drop(*both(SLIPS)), SLIPS),
    "a sheet dropped, the last": (drop(*both(LAST)), LAST),
    "a page more at the end": (insert(ANYWHERE, f"{COVER} 裏"), ANYWHERE),
    "a sheet more at the end": (insert(ANYWHERE, *both(LAST)), ANYWHERE),
    "a sheet twice": (insert(DETAIL, *both(COVER)), DETAIL),
    "a page more within": (insert(DETAIL, f"{COVER} 裏"), DETAIL),
    "two sheets swapped": (exchange(COVER, DETAIL), COVER),
    "a page in the next piece": (exchange(DETAIL, "普通 2枚目"), DETAIL),
    "a page in the next piece, below the right mark": (exchange_below_the_marks(DETAIL, "普通 2枚目"), DETAIL),
    "the slips of the next piece below the right mark": (exchange_below_the_marks(SLIPS, "普通 3枚目"), SLIPS),
    "two sheets of slips swapped below the right marks": (exchange_below_the_marks(SLIPS, "短い 4枚目"), SLIPS),
    "two sheets of details swapped below the right marks": (
        exchange_below_the_marks("60行の明細 2枚目", "60行の明細 3枚目"),
        "60行の明細 2枚目",
    ),
    "the two sides of a sheet of details swapped": (
        exchange("60行の明細 2枚目", "60行の明細 2枚目 裏"),
        "60行の明細 2枚目",
    ),
    "two notices of one envelope in the wrong order": (
        exchange_below_the_marks("名寄せの1件目 1枚目", "名寄せの2件目 1枚目"),
        "名寄せの1件目 1枚目",
    ),
    "the back of another city": (exchange(f"{COVER} 裏", "共有者 1枚目 裏"), COVER),
    "the back of another page": (exchange(f"{COVER} 裏", f"{DETAIL} 裏"), COVER),
    "an empty back": (on(f"{COVER} 裏", lambda _: b""), COVER),
    "an empty front": (on(COVER, lambda _: b""), COVER),
    "an empty separator": (on(SECTION, lambda _: b""), SECTION),
    "a form of another city": (on(COVER, replaced(f"/cover.{KUSATSU}", f"/cover.{HACHIMAN}")), COVER),
    "a form left out": (on(COVER, replaced(f"/cover.{KUSATSU} Do\n", "")), COVER),
    "a form twice": (on(COVER, replaced(f"/cover.{KUSATSU} Do\n", f"/cover.{KUSATSU} Do\n" * 2)), COVER),
}

OF_TEXTS: dict[str, tuple[Damage, str]] = {
    "様 dropped from the cover": (on(COVER, replaced(SAMA, ">")), COVER),
    "様 dropped from a slip": (on(SLIPS, replaced(SAMA, ">", 2)), SLIPS),
    "様 dropped from the details": (on(DETAIL, replaced(SAMA, ">")), DETAIL),
    "no name": (on(COVER, resub(rf"[^\n]+{NAME}\n", "")), COVER),
    "a digit of the tax": (on(COVER, replaced("<0016000E001200120012>", "<0016000E001200130012>")), COVER),
    "a digit of an amount on a slip": (on(SLIPS, replaced("2FEA0016000E", "2FEA0017000E", 1)), SLIPS),
    "a digit of a due date": (on(SLIPS, replaced("A900160B08", "A900170B08", 2)), SLIPS),
    "a digit of a notice number": (on(SLIPS, replaced("00120013>", "00120014>")), SLIPS),
    "a digit of the number of sheets": (on(COVER, replaced("0013007F00161259", "0013007F00151259")), COVER),
    "a digit of a postal code": (on(COVER, replaced("00C60017", "00C60018")), COVER),
    "a digit of an address": (on(COVER, replaced("0013112E00130BBC", "0013112E00140BBC")), COVER),
    "a digit of an OCR line": (on(SLIPS, replaced("/OCR 8.3 Tf 1 0 0 1 307.56 592.41 Tm<0011", "/OCR 8.3 Tf 1 0 0 1 307.56 592.41 Tm<0012")), SLIPS),
    "a digit below a barcode": (on(SLIPS, replaced("<000A001B0013", "<000A001B0014")), SLIPS),
    "a digit of the details": (on(DETAIL, replaced("<001300140015001000160017>", "<001300140015001000160018>")), DETAIL),
    "two texts in each other's place": (on(COVER, replaced("1 0 0 1 85.04 789.80", "?"), replaced("1 0 0 1 85.04 776.40", "1 0 0 1 85.04 789.80"), replaced("?", "1 0 0 1 85.04 776.40")), COVER),
    "a name out of its box": (on(COVER, replaced("85.04 709.30", "185.04 709.30")), COVER),
    "a name a line lower": (on(COVER, replaced("85.04 709.30", "85.04 697.30")), COVER),
    "a name on the address": (on(COVER, replaced("85.04 709.30", "85.04 776.40")), COVER),
    "a name in another size": (on(COVER, replaced("/F0 12.5 Tf", "/F0 11.5 Tf")), COVER),
    "a name in another face": (on(COVER, replaced("/F0 12.5 Tf", "/F1 12.5 Tf")), COVER),
    "a name in a face that the file does not have": (on(COVER, replaced("/F0 12.5 Tf", "/F9 12.5 Tf")), COVER),
    "a name condensed to 40 percent": (on(COVER, resub(rf"(/F0 12.5[^\n]+{NAME})", r"40 Tz \1\n100 Tz")), COVER),
    "a name condensed that has room": (on(COVER, resub(rf"(/F0 12.5[^\n]+{NAME})", r"80 Tz \1\n100 Tz")), COVER),
    "all that follows condensed": (on(COVER, resub(rf"(/F0 12.5[^\n]+{NAME})", r"80 Tz \1")), COVER),
    "a name without a place": (on(COVER, replaced("/F0 12.5 Tf 1 0 0 1 85.04 709.30 Tm", "/F0 12.5 Tf")), COVER),
    "a name turned": (on(COVER, replaced("1 0 0 1 85.04 709.30", "0 1 -1 0 85.04 709.30")), COVER),
    "a name in white": (on(COVER, resub(rf"(/F0 12.5[^\n]+{NAME})", r"1 g\n\1\n0 g")), COVER),
    "a name in white on one line": (on(COVER, replaced("/F0 12.5 Tf", "1 g /F0 12.5 Tf")), COVER),
    "a name that is not drawn": (on(COVER, replaced("/F0 12.5 Tf", "3 Tr /F0 12.5 Tf")), COVER),
    "everything in white": (on(COVER, lambda code: b"1 g\n" + code), COVER),
    "a white rectangle over a name": (on(COVER, behind("1 g 80 700 300 20 re f 0 g\n")), COVER),
    "a white rectangle over a name, of a row": (on(COVER, behind("q 1 g 80 700 300 20 re f Q\n")), COVER),
    "a text more": (on(COVER, replaced("\nET\n", "\n/F0 10 Tf 1 0 0 1 85.04 600.00 Tm<0012>Tj\nET\n")), COVER),
    "a text more by itself": (on(COVER, behind("BT\n/F0 10 Tf 1 0 0 1 85.04 600.00 Tm<0012>Tj\nET\n")), COVER),
    "a text more on a back": (on(f"{COVER} 裏", lambda code: code + b"BT\n/F0 10 Tf 1 0 0 1 85 600 Tm<0012>Tj\nET\n"), COVER),
    "a glyph that the file does not have": (on(COVER, replaced("135F0061", "00010061")), COVER),
    "no glyph": (on(COVER, replaced("135F0061", "00000061")), COVER),
    "a row left out": (on(DETAIL.replace("短い", "普通"), resub(r"q 1 0 0 1 0 -.*?\nQ\n", "")), "普通 2枚目"),
    "a row twice": (on(DETAIL, resub(r"(\nq\n.*?\nQ)\n", r"\1\1\n")), DETAIL),
    "a row moved": (on("普通 2枚目", resub(r"q 1 0 0 1 0 -(\d+)", r"q 1 0 0 1 0 -1\1")), "普通 2枚目"),
    "a row's text outside of its row": (on("普通 2枚目", resub(r"(q 1 0 0 1 0 -[^\n]+\n[^\n]+Do\n)(BT\n.*?ET\n)Q\n", r"\1Q\n\2")), "普通 2枚目"),
    "a row's form outside of its row": (on("普通 2枚目", resub(r"(q 1 0 0 1 0 -[^\n]+\n)([^\n]+Do\n)(BT\n.*?ET\n)Q\n", r"\1\3Q\n\2")), "普通 2枚目"),
    "the page's own text in its first row": (on(DETAIL, resub(r"(BT\n.*?ET\n)(q\n)", r"\2\1")), DETAIL),
    "a page cut short": (on(COVER, lambda code: code[: len(code) // 2]), COVER),
    "a page cut at a line": (on(COVER, lambda code: code[: code.rindex(b"BT /F1 5")]), COVER),
}

OF_SYMBOLS: dict[str, tuple[Damage, str]] = {
    "two instalments' GS1-128 swapped": (on(SLIPS, swapped_symbols(GS1)), SLIPS),
    "two instalments' eL-QR swapped": (on(SLIPS, swapped_symbols(EL_QR)), SLIPS),
    "two instalments' symbols swapped": (on(SLIPS, swapped_symbols(GS1, EL_QR)), SLIPS),
    "an eL-QR of the next piece": (neighbours(SLIPS, EL_QR, "普通 3枚目"), SLIPS),
    "a GS1-128 of the next piece": (neighbours(SLIPS, GS1, "普通 3枚目"), SLIPS),
    "a customer barcode of the next piece": (neighbours(COVER, CUSTOMER, NEIGHBOUR), COVER),
    "a symbol more": (on(SLIPS, changed_symbol(GS1, lambda image: image * 2)), SLIPS),
    "a symbol more at the end": (on(COVER, lambda code: behind(symbols(code, CUSTOMER)[0][0].decode())(code)), COVER),
    "no customer barcode": (on(COVER, changed_symbol(CUSTOMER, lambda _: b"")), COVER),
    "no eL-QR": (on(SLIPS, changed_symbol(EL_QR, lambda _: b"", 1)), SLIPS),
    "a symbol in grey": (on(SLIPS, changed_symbol(GS1, lambda image: b"0.5 g\n" + image + b"0 g\n")), SLIPS),
    "a symbol in grey on one line": (on(SLIPS, changed_symbol(GS1, lambda image: b"q 0.5 g" + image[1:])), SLIPS),
    "a symbol in white": (on(SLIPS, changed_symbol(GS1, lambda image: image.replace(b"D[1 0]", b"D[0 1]"))), SLIPS),
    "one module of a GS1-128": (on(SLIPS, bits(GS1, lambda rows: [rows[0][:99] + ("1" if rows[0][99] == "0" else "0") + rows[0][100:]])), SLIPS),
    "one bar of a customer barcode": (on(COVER, bits(CUSTOMER, lambda rows: ["0" * 20 + rows[0][20:], *rows[1:]])), COVER),
    "a customer barcode whose bars are too wide": (on(COVER, bits(CUSTOMER, lambda rows: [row.replace("0", "1") for row in rows])), COVER),
    "a damaged eL-QR": (on(SLIPS, bits(EL_QR, lambda rows: [*rows[:15], *["1" * 41] * 12, *rows[27:]])), SLIPS),
}  # fmt: skip
OF_SYMBOLS |= {
    f"{what}, {name}": (on(where, change(width)), where)
    for name, width, where in (
        ("sheet mark", SHEET, COVER), ("customer barcode", CUSTOMER, COVER), ("GS1-128", GS1, SLIPS), ("eL-QR", EL_QR, SLIPS),
    )
    for what, change in {
        "3 mm to the right": lambda width: placed(width, aside(x=3)),
        "3 mm up": lambda width: placed(width, aside(y=3)),
        "2 percent larger": lambda width: placed(width, sized(1.02)),
        "2 percent smaller": lambda width: placed(width, sized(0.98)),
        "drawn in a mirror": lambda width: placed(width, lambda m: [-m[0], *m[1:4], m[4] + m[0], m[5]]),
        "upside down": lambda width: placed(width, lambda m: [*m[:3], -m[3], m[4], m[5] + m[3]]),
        "turned": lambda width: placed(width, lambda m: [0, m[0], -m[3], 0, m[4] + m[3], m[5]]),
        "slanted": lambda width: placed(width, lambda m: [m[0], 0, 1, *m[3:]]),
        "its modules in a mirror": lambda width: bits(width, lambda rows: [row[::-1] for row in rows]),
        "its colours exchanged": lambda width: bits(width, lambda rows: [row.translate({48: 49, 49: 48}) for row in rows]),
        "all white": lambda width: bits(width, lambda rows: ["0" * len(row) for row in rows]),
        "of another size": lambda width: changed_symbol(width, lambda image: image.replace(b"/W %d" % width, b"/W %d" % (width - 1))),
    }.items()
}  # fmt: skip

OF_MARKS: dict[str, tuple[Damage, str]] = {
    "a mark of another piece": (on(COVER, mark(SHEETS[-1].mark)), COVER),
    "a mark of another run": (on(COVER, mark("1" + SHEETS[1].mark[:0:-1])), COVER),
    "a mark too damaged to be read": (on(COVER, bits(SHEET, lambda rows: ["1" * 25] * 12 + rows[12:])), COVER),
    "a mark of another generation, by the right key": (marked(COVER, generation=2), COVER),
    "a mark of another piece, by the right key": (marked(COVER, piece=2), COVER),
    "a mark of another number of sheets": (marked(COVER, sheets=5), COVER),
    "a mark of another sheet": (marked(DETAIL, sheet=3), DETAIL),
    "a mark that ends the piece too early": (marked(DETAIL, flags=1), DETAIL),
    "no mark": (on(COVER, changed_symbol(SHEET, lambda _: b"")), COVER),
    "no mark, on a separator within": (on(SECTION, changed_symbol(SHEET, lambda _: b"")), SECTION),
    "two marks": (on(COVER, changed_symbol(SHEET, lambda image: image * 2)), COVER),
    "two marks, on a separator": (on(SECTION, changed_symbol(SHEET, lambda image: image * 2)), SECTION),
    "a mark on a back": (lambda file: file.recode(f"{COVER} 裏", lambda code: code + parted(file.code(COVER))[1]), COVER),
    "a mark without its text": (on(COVER, resub(r"BT /F1 5 Tf [^\n]+\n\Z", "")), COVER),
    "a mark with another text": (on(COVER, resub(r"<00(.{2})(.{4})", r"<00\g<1>0013", 0)), COVER),
    "a mark's text alone": (on(COVER, lambda code: code[:-20] + (b"3" if code[-20:-19] != b"3" else b"4") + code[-19:]), COVER),
    "a mark's text in another size": (on(COVER, replaced("BT /F1 5 Tf", "BT /F1 4 Tf")), COVER),
    "a mark's text in another place": (on(COVER, resub(r"14\.28 109\.59", "85.04 709.30")), COVER),
    "a mark's text on one line": (on(COVER, resub(r"14\.28 104\.09", "14.28 109.59")), COVER),
    "another office on a separator": (on(FIRST, resub(re.escape(r"(\000\027\000\024\000\027)"), lambda _: b"(\\000\\027\\000\\024\\000\\025)")), FIRST),
    "another number of pieces on a separator": (on(FIRST, resub(re.escape(r"(\000\027\017\254)"), lambda _: b"(\\000\\024\\017\\254)")), FIRST),
    "a number of pieces with a digit more": (on(FIRST, resub(re.escape(r"(\000\027\017\254)"), lambda _: b"(\\000\\023\\000\\027\\017\\254)")), FIRST),
    "a text more on a separator": (on(SECTION, behind(r"BT 1 0 0 1 100 100 Tm /F1 13 Tf 15.6 TL (\000\027) Tj T* ET" "\n")), SECTION),
    "a text less on a separator": (on(SECTION, resub(r"BT [^\n]+/F2 18 Tf[^\n]+\n", "")), SECTION),
    "a white office on a separator": (on(SECTION, replaced("/F2 60 Tf", "/F2 60 Tf 1 g")), SECTION),
    "an office off its place": (on(SECTION, replaced("603.6569 Tm /F2 60", "203.6569 Tm /F2 60")), SECTION),
    "a symbol more on a separator": (lambda file: file.recode(SECTION, behind(symbols(file.code(SLIPS), EL_QR)[0][0].decode())), SECTION),
    "something on the back of a separator": (lambda file: file.recode(f"{SECTION} 裏", lambda _: file.code(f"{COVER} 裏")), SECTION),
    "another separator": (exchange_below_the_marks(SECTION, ABROAD), SECTION),
}  # fmt: skip

OF_FORMS: dict[str, tuple[Damage, str]] = {
    "a fixed text changed": (IN_FORM(resub(re.escape(r"(\023m\023\254"), lambda _: b"(\\023m\\023\\255")), COVER),
    "a fixed text left out": (IN_FORM(resub(rf"{FIRST_OF_FORM}[^\n]+\n", "")), COVER),
    "a fixed text twice": (IN_FORM(resub(rf"({FIRST_OF_FORM}[^\n]+\n)", r"\1\1")), COVER),
    "a fixed text moved": (IN_FORM(replaced("225.44 647.5987", "225.44 617.5987")), COVER),
    "a fixed text in another size": (IN_FORM(replaced("/F1 11.5 Tf", "/F1 8 Tf")), COVER),
    "a fixed text in another face": (IN_FORM(replaced("/F1 11.5 Tf", "/F0 11.5 Tf")), COVER),
    "a fixed text in white": (IN_FORM(resub(rf"({FIRST_OF_FORM}[^\n]+\n)", r"1 g\n\1\n0 g\n")), COVER),
    "a fixed text that is not drawn": (IN_FORM(replaced("BT 1 0 0 1 225.44", "3 Tr BT 1 0 0 1 225.44")), COVER),
    "a fixed text turned": (IN_FORM(replaced("BT 1 0 0 1 225.44", "BT 0 1 -1 0 225.44")), COVER),
    "a fixed text in a mirror": (IN_FORM(replaced("BT 1 0 0 1 225.44", "BT -1 0 0 1 225.44")), COVER),
    "a fixed text condensed": (IN_FORM(replaced("BT 1 0 0 1 225.44", "40 Tz BT 1 0 0 1 225.44")), COVER),
    "all fixed texts moved": (IN_FORM(lambda code: b"1 0 0 1 30 -30 cm\n" + code), COVER),
    "all fixed texts smaller": (IN_FORM(lambda code: b".5 0 0 .5 0 0 cm\n" + code), COVER),
    "a white rectangle over a form": (IN_FORM(lambda code: code + b"\n1 g n 70 500 500 200 re f* 0 g"), COVER),
    "a black rectangle over a form": (IN_FORM(lambda code: code + b"\n0 g n 70 500 500 200 re f*"), COVER),
    "a form clipped": (IN_FORM(lambda code: b"0 0 10 10 re W n\n" + code), COVER),
    "a form moved by its matrix": (of_form("/Matrix", [1, 0, 0, 1, 0, -20]), COVER),
    "a form clipped by its box": (of_form("/BBox", [0, 0, 100, 100]), COVER),
    "a symbol more in a form": (lambda file: file.reform(f"cover.{KUSATSU}", lambda code: code + b"\n" + symbols(file.code(SLIPS), EL_QR)[0][0]), COVER),
    "a form within a form": (IN_FORM(lambda code: code + f"\n/cover.{HACHIMAN} Do".encode()), COVER),
    "another city's form under the name of this one's": (form_of_another("cover-issuer"), COVER),
    "another city's guide under the name of this one's": (form_of_another("guide"), COVER),
    "another city's seal": (sealed_by_another, COVER),
    "a seal moved": (in_form(f"cover-issuer.{KUSATSU}", replaced("508.8189 571.1813 cm", "208.8189 571.1813 cm")), COVER),
    "a seal too small": (in_form(f"cover-issuer.{KUSATSU}", replaced("q 56.6929 0 0 56.6929", "q 26.6929 0 0 26.6929")), COVER),
    "a seal in a mirror": (in_form(f"cover-issuer.{KUSATSU}", replaced("q 56.6929 0 0 56.6929", "q -56.6929 0 0 56.6929")), COVER),
    "no seal": (in_form(f"cover-issuer.{KUSATSU}", resub(r"q 56.6929.*?EI Q", "")), COVER),
    "two seals": (in_form(f"cover-issuer.{KUSATSU}", resub(r"(q 56.6929.*?EI Q)", r"\1\n\1")), COVER),
    "a page turned": (of_page("/Rotate", 180), ANYWHERE),
    "a page of another size": (of_page("/MediaBox", [0, 0, 595.276, 800]), ANYWHERE),
    "a page cropped": (of_page("/CropBox", [0, 0, 300, 300]), ANYWHERE),
    "a page in other units": (of_page("/UserUnit", 2), ANYWHERE),
    "a note over a page": (annotated, ANYWHERE),
}  # fmt: skip


# --- the embedded faces --------------------------------------------------------------------------------------------


def outlines(change: Callable[[TTFont, str, str], None]) -> Damage:
    """The embedded Mincho with 林 and 一 changed."""

    def damage(file: Opened) -> None:
        stream = file.font("Mincho-Regular").DescendantFonts[0].FontDescriptor.FontFile2
        font = TTFont(io.BytesIO(stream.read_bytes()))
        order = font.getGlyphOrder()
        change(font, order[0x135F], order[0x0874])
        made = io.BytesIO()
        font.save(made)
        stream.write(made.getvalue())

    return damage


def blank(font: TTFont, one: str, other: str) -> None:
    glyph = font["glyf"][other]
    font["glyf"][one] = type(glyph)()


def change_glyphs(font: TTFont, one: str, other: str) -> None:
    font["glyf"][one], font["glyf"][other] = font["glyf"][other], font["glyf"][one]


def double_em(font: TTFont, _one: str, _other: str) -> None:
    font["head"].unitsPerEm *= 2


def unicode(old: str, new: str) -> Damage:
    def damage(file: Opened) -> None:
        stream = file.font("Mincho-Regular").ToUnicode
        before = stream.read_bytes()
        assert old.encode() in before
        stream.write(before.replace(old.encode(), new.encode()))

    return damage


def width(change: Callable[[Any], None]) -> Damage:
    return lambda file: change(file.font("Mincho-Regular").DescendantFonts[0])


def wider(font: Any) -> None:
    font.W = pikepdf.Array([*font.W, 0x135F, pikepdf.Array([500])])


def another_file(file: Opened) -> None:
    mincho, gothic = (file.font(n).DescendantFonts[0].FontDescriptor for n in ("Mincho-Regular", "Gothic-Regular"))
    mincho.FontFile2.write(gothic.FontFile2.read_bytes())


def names_swapped(file: Opened) -> None:
    fonts = file.resources.Font
    fonts.F0, fonts.F1 = fonts.F1, fonts.F0


def not_embedded(file: Opened) -> None:
    del file.font("Mincho-Regular").DescendantFonts[0].FontDescriptor.FontFile2


OF_FACES: dict[str, tuple[Damage, str]] = {
    "a blank glyph": (outlines(blank), ANYWHERE),
    "two glyphs swapped": (outlines(change_glyphs), ANYWHERE),
    "a face drawn at half its size": (outlines(double_em), ANYWHERE),
    "a glyph that stands for another character": (unicode("<135F><6797>", "<135F><68EE>"), ANYWHERE),
    "a glyph that stands for no character": (unicode("<135F><6797>\n", ""), ANYWHERE),
    "a glyph of another width": (width(wider), ANYWHERE),
    "all glyphs of another width": (width(lambda font: font.__setattr__("DW", 500)), ANYWHERE),
    "the outlines of another face": (another_file, ANYWHERE),
    "two faces under each other's name": (names_swapped, ANYWHERE),
    "a face that is not embedded": (not_embedded, ANYWHERE),
}

DAMAGES = OF_SHEETS | OF_TEXTS | OF_SYMBOLS | OF_MARKS | OF_FORMS | OF_FACES


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_caught(paper: Paper, wanted: Wanted, tmp_path: Path, name: str) -> None:
    damage, where = DAMAGES[name]
    told = wanted.refusal(tampered(paper.path, LABELS, damage, tmp_path))
    assert told.startswith(paper.path.name)
    assert told.endswith("作り直してください。")
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
