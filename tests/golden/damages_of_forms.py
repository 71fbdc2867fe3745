"""What all pages share: forms drawn otherwise, a page's own entries, and embedded faces."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pikepdf
from fontTools.ttLib import TTFont

from tests.golden.tampering import (
    ANYWHERE,
    COVER,
    EL_QR,
    HACHIMAN,
    KUSATSU,
    SLIPS,
    Damage,
    Damages,
    Opened,
    in_form,
    replaced,
    resub,
    symbols,
)


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


def form_of_another(name: str) -> Damage:
    """The file's own form of a city has what another city's has."""
    return lambda file: file.reform(
        f"{name}.{KUSATSU}", lambda _: file.resources.XObject[f"/{name}.{HACHIMAN}"].read_bytes()
    )


IN_FORM = partial(in_form, f"cover.{KUSATSU}")
FIRST_OF_FORM = re.escape("BT 1 0 0 1 225.44 647.5987 Tm")

OF_FORMS: Damages = {
    "a fixed text changed": (IN_FORM(replaced(r"(\023m\023\254", r"(\023m\000\023")), COVER),
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
    "a fixed text in white that a Q would forget": (
        IN_FORM(resub(rf"({FIRST_OF_FORM}[^\n]+\n)", r"1 g\nq\n0 g\nQ\n\1")),
        COVER,
    ),
    "a white rectangle over a form": (IN_FORM(lambda code: code + b"\n1 g n 70 500 500 200 re f* 0 g"), COVER),
    "a black rectangle over a form": (IN_FORM(lambda code: code + b"\n0 g n 70 500 500 200 re f*"), COVER),
    "a form clipped": (IN_FORM(lambda code: b"0 0 10 10 re W n\n" + code), COVER),
    "a form moved by its matrix": (of_form("/Matrix", [1, 0, 0, 1, 0, -20]), COVER),
    "a form clipped by its box": (of_form("/BBox", [0, 0, 100, 100]), COVER),
    "a symbol more in a form": (
        lambda file: file.reform(
            f"cover.{KUSATSU}", lambda code: code + b"\n" + symbols(file.code(SLIPS), EL_QR)[0][0]
        ),
        COVER,
    ),
    "a form within a form": (IN_FORM(lambda code: code + f"\n/cover.{HACHIMAN} Do".encode()), COVER),
    "another city's form under the name of this one's": (form_of_another("cover-issuer"), COVER),
    "another city's guide under the name of this one's": (form_of_another("guide"), COVER),
    "another seal": (in_form(f"cover-issuer.{KUSATSU}", resub(r"ID FFFFFFFF", "ID FFFF0000")), COVER),
    "a seal moved": (
        in_form(f"cover-issuer.{KUSATSU}", replaced("508.8189 571.1813 cm", "208.8189 571.1813 cm")),
        COVER,
    ),
    "a seal too small": (
        in_form(f"cover-issuer.{KUSATSU}", replaced("q 56.6929 0 0 56.6929", "q 26.6929 0 0 26.6929")),
        COVER,
    ),
    "a seal in a mirror": (
        in_form(f"cover-issuer.{KUSATSU}", replaced("q 56.6929 0 0 56.6929", "q -56.6929 0 0 56.6929")),
        COVER,
    ),
    "no seal": (in_form(f"cover-issuer.{KUSATSU}", resub(r"q 56.6929.*?EI Q", "")), COVER),
    "two seals": (in_form(f"cover-issuer.{KUSATSU}", resub(r"(q 56.6929.*?EI Q)", r"\1\n\1")), COVER),
    "a page turned": (of_page("/Rotate", 180), ANYWHERE),
    "a page of another size": (of_page("/MediaBox", [0, 0, 595.276, 800]), ANYWHERE),
    "a page cropped": (of_page("/CropBox", [0, 0, 300, 300]), ANYWHERE),
    "a page in other units": (of_page("/UserUnit", 2), ANYWHERE),
    "a note over a page": (annotated, ANYWHERE),
}


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


OF_FACES: Damages = {
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
