"""Symbols that say or stand anything else than they should, sheet marks, and separator sheets."""

from __future__ import annotations

import re
from collections.abc import Callable

from printjobs.core.marks import customer
from printjobs.core.marks import sheet as sheet_marks
from printjobs.render.symbols import customer_barcode, sheet_qr
from tests.golden import notices
from tests.golden.tampering import (
    ABROAD,
    COVER,
    CUSTOMER,
    DETAIL,
    EL_QR,
    FIRST,
    GS1,
    MM,
    SECTION,
    SHEET,
    SHEETS,
    SLIPS,
    Code,
    Damage,
    Damages,
    Opened,
    behind,
    bits,
    changed_symbol,
    exchange_below_the_marks,
    on,
    parted,
    placed,
    replaced,
    resub,
    swapped_symbols,
    symbols,
)


def neighbours(where: str, width: int, of: str) -> Damage:
    """A symbol of another sheet in the place of this one's."""

    def damage(file: Opened) -> None:
        own, other = (symbols(file.code(sheet), width)[0][2] for sheet in (where, of))
        file.recode(where, lambda code: code.replace(own, other))

    return damage


def mark(text: str) -> Code:
    data = sheet_qr(text).data.hex().upper().encode()
    return changed_symbol(SHEET, lambda image: re.sub(rb"ID [0-9A-F]+", b"ID " + data, image))


def barcode(said: str) -> Code:
    drawn = customer_barcode(customer.bars(customer.symbols(said[:7], said[7:]))).data.hex().upper().encode()
    return changed_symbol(CUSTOMER, lambda image: re.sub(rb"ID [0-9A-F]+", b"ID " + drawn, image))


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


OF_SYMBOLS: Damages = {
    "two instalments' GS1-128 swapped": (on(SLIPS, swapped_symbols(GS1)), SLIPS),
    "two instalments' eL-QR swapped": (on(SLIPS, swapped_symbols(EL_QR)), SLIPS),
    "two instalments' symbols swapped": (on(SLIPS, swapped_symbols(GS1, EL_QR)), SLIPS),
    "an eL-QR of the next piece": (neighbours(SLIPS, EL_QR, "普通 3枚目"), SLIPS),
    "a GS1-128 of the next piece": (neighbours(SLIPS, GS1, "普通 3枚目"), SLIPS),
    "a customer barcode of the house next door": (on(COVER, barcode("525003413-1-2")), COVER),
    "a symbol more": (on(SLIPS, changed_symbol(GS1, lambda image: image * 2)), SLIPS),
    "a symbol more at the end": (on(COVER, lambda code: behind(symbols(code, CUSTOMER)[0][0].decode())(code)), COVER),
    "no customer barcode": (on(COVER, changed_symbol(CUSTOMER, lambda _: b"")), COVER),
    "no eL-QR": (on(SLIPS, changed_symbol(EL_QR, lambda _: b"", 1)), SLIPS),
    "a symbol in grey": (on(SLIPS, changed_symbol(GS1, lambda image: b"0.5 g\n" + image + b"0 g\n")), SLIPS),
    "a symbol in grey on one line": (on(SLIPS, changed_symbol(GS1, lambda image: b"q 0.5 g" + image[1:])), SLIPS),
    "a symbol in white": (on(SLIPS, changed_symbol(GS1, lambda image: image.replace(b"D[1 0]", b"D[0 1]"))), SLIPS),
    "one module of a GS1-128": (
        on(SLIPS, bits(GS1, lambda rows: [rows[0][:99] + ("1" if rows[0][99] == "0" else "0") + rows[0][100:]])),
        SLIPS,
    ),
    "one bar of a customer barcode": (
        on(COVER, bits(CUSTOMER, lambda rows: ["0" * 20 + rows[0][20:], *rows[1:]])),
        COVER,
    ),
    "a customer barcode whose bars are too wide": (
        on(COVER, bits(CUSTOMER, lambda rows: [row.replace("0", "1") for row in rows])),
        COVER,
    ),
    "a damaged eL-QR": (on(SLIPS, bits(EL_QR, lambda rows: [*rows[:15], *["1" * 41] * 12, *rows[27:]])), SLIPS),
}
OF_SYMBOLS |= {
    f"{what}, {name}": (on(where, change(width)), where)
    for name, width, where in (
        ("sheet mark", SHEET, COVER),
        ("customer barcode", CUSTOMER, COVER),
        ("GS1-128", GS1, SLIPS),
        ("eL-QR", EL_QR, SLIPS),
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
        "its colours exchanged": lambda width: bits(
            width, lambda rows: [row.translate({48: 49, 49: 48}) for row in rows]
        ),
        "all white": lambda width: bits(width, lambda rows: ["0" * len(row) for row in rows]),
        "of another size": lambda width: changed_symbol(
            width, lambda image: image.replace(b"/W %d" % width, b"/W %d" % (width - 1))
        ),
    }.items()
}

OF_MARKS: Damages = {
    "a mark of another piece": (on(COVER, mark(SHEETS[-1].mark)), COVER),
    "a mark of another run": (on(COVER, mark("1" + SHEETS[1].mark[:0:-1])), COVER),
    "a mark too damaged to be read": (on(COVER, bits(SHEET, lambda rows: ["1" * 25] * 12 + rows[12:])), COVER),
    "a mark of another generation, by the right key": (marked(COVER, generation=2), COVER),
    "a mark of another piece, by the right key": (marked(COVER, piece=2), COVER),
    "a mark of another number of sheets": (marked(COVER, of=5), COVER),
    "a mark of another sheet": (marked(DETAIL, sheet=3), DETAIL),
    "a mark that ends the piece too early": (marked(DETAIL, flags=1), DETAIL),
    "no mark": (on(COVER, changed_symbol(SHEET, lambda _: b"")), COVER),
    "no mark, on a separator within": (on(SECTION, changed_symbol(SHEET, lambda _: b"")), SECTION),
    "two marks": (on(COVER, changed_symbol(SHEET, lambda image: image * 2)), COVER),
    "two marks, on a separator": (on(SECTION, changed_symbol(SHEET, lambda image: image * 2)), SECTION),
    "a mark on a back": (
        lambda file: file.recode(f"{COVER} 裏", lambda code: code + parted(file.code(COVER))[1]),
        COVER,
    ),
    "a mark without its text": (on(COVER, resub(r"BT /F1 5 Tf [^\n]+\n\Z", "")), COVER),
    "a mark with another text": (on(COVER, resub(r"<00(.{2})(.{4})", r"<00\g<1>0013", 0)), COVER),
    "a mark's text alone": (
        on(COVER, lambda code: code[:-20] + (b"3" if code[-20:-19] != b"3" else b"4") + code[-19:]),
        COVER,
    ),
    "a mark's text in another size": (on(COVER, replaced("BT /F1 5 Tf", "BT /F1 4 Tf")), COVER),
    "a mark's text in another place": (on(COVER, resub(r"14\.28 109\.59", "85.04 709.30")), COVER),
    "a mark's text on one line": (on(COVER, resub(r"14\.28 104\.09", "14.28 109.59")), COVER),
    "another office on a separator": (
        on(FIRST, replaced(r"(\000\027\000\024\000\027)", r"(\000\027\000\024\000\025)")),
        FIRST,
    ),
    "another number of pieces on a separator": (
        on(FIRST, replaced(r"(\000\027\017\254)", r"(\000\024\017\254)")),
        FIRST,
    ),
    "a number of pieces with a digit more": (
        on(FIRST, replaced(r"(\000\027\017\254)", r"(\000\023\000\027\017\254)")),
        FIRST,
    ),
    "a text more on a separator": (
        on(SECTION, behind("BT 1 0 0 1 100 100 Tm /F1 13 Tf 15.6 TL (\\000\\027) Tj T* ET\n")),
        SECTION,
    ),
    "a text less on a separator": (on(SECTION, resub(r"BT [^\n]+/F2 18 Tf[^\n]+\n", "")), SECTION),
    "a white office on a separator": (on(SECTION, replaced("/F2 60 Tf", "/F2 60 Tf 1 g")), SECTION),
    "a symbol more on a separator": (
        lambda file: file.recode(SECTION, behind(symbols(file.code(SLIPS), EL_QR)[0][0].decode())),
        SECTION,
    ),
    "something on the back of a separator": (
        lambda file: file.recode(f"{SECTION} 裏", lambda _: file.code(f"{COVER} 裏")),
        SECTION,
    ),
    "another separator": (exchange_below_the_marks(SECTION, ABROAD), SECTION),
}
