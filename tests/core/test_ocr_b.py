"""The face that banks' readers read: it alone, evenly spaced, and embedded as TrueType."""

from __future__ import annotations

from pathlib import Path

import pytest

import fonts
from fonts import FontSet
from fonts.pdf import font_objects
from layouts.language import Style

OCR_B = FontSet().chains["ocr-b"]
READ = "0123456789AFHJKLPTVX*+-#"  # what an OCR line may have


def test_every_character_of_an_ocr_line_is_there_and_as_wide_as_the_others() -> None:
    assert OCR_B.missing(READ) == []
    assert {OCR_B.width(char) for char in map(chr, range(32, 127))} == {723}
    assert OCR_B.width("0") * 9.96 / 1000 == pytest.approx(7.2, abs=0.01)  # ten to the inch


def test_no_other_face_stands_in_for_what_it_lacks(tmp_path: Path) -> None:
    assert OCR_B.missing("1見2") == ["見"]
    assert len(OCR_B.faces) == 1
    with pytest.raises(KeyError):
        OCR_B.spans("見", set())


def test_its_outlines_are_truetype_and_go_into_a_pdf() -> None:
    (face,) = OCR_B.faces
    data = face.path.read_bytes()
    assert data[:4] == b"\x00\x01\x00\x00"
    assert b"glyf" in data[:300]
    objects = font_objects(face, {face.glyph(char) or 0: char for char in READ})
    assert "CIDFontType2" in objects.descendant
    assert "723" in objects.descendant


def test_a_layout_may_name_it_and_its_licence_stands_beside_it() -> None:
    assert Style(font="ocr-b", size=9.96).font in FontSet().chains
    licence = (Path(fonts.__file__).parent / "OCRB-LICENSE.txt").read_text(encoding="utf-8")
    assert "You may freely use, modify and/or distribute this file, without limitation." in licence
