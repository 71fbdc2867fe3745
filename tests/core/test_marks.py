"""The sheet mark: what is written is what is read, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from printjobs.core.marks import sheet as marks
from printjobs.core.marks.sheet import ALPHABET, LENGTH, SheetMark, decode, encode

KEY = marks.run_key(b"the secret of these tests, 32 chars", "property_tax-2026")
PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)

legal = st.builds(
    SheetMark,
    run=st.text(ALPHABET, min_size=6, max_size=6),
    batch=st.integers(0, 32**5 - 1),
    piece=st.integers(0, 32**6 - 1),
    sheet=st.integers(0, marks.MAX_SHEETS),
    of=st.integers(0, marks.MAX_SHEETS),
    generation=st.integers(0, 31),
    flags=st.integers(0, 31),
    inserts=st.integers(0, 1023),
)
A_MARK = SheetMark("0A1B2C", 3, 12_345, 2, 4, 1, marks.END_OF_PIECE, 1)
WIDEST = SheetMark("ZZZZZZ", 32**5 - 1, 32**6 - 1, 1023, 1023, 31, 31, 1023)


@given(legal)
@example(WIDEST)
@example(SheetMark("000000", 0, 0, 0, 0, 0, 0, 0))
def test_what_is_written_is_what_is_read(mark: SheetMark) -> None:
    assert decode(encode(mark, KEY), KEY) == mark


@given(legal)
@example(WIDEST)
def test_every_mark_is_34_characters_that_a_qr_writes_as_alphanumeric(mark: SheetMark) -> None:
    text = encode(mark, KEY)
    assert len(text) == LENGTH == 34
    assert set(text) <= set(ALPHABET)


def test_the_alphabet_has_no_letter_that_looks_like_another() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


@given(legal, legal)
def test_two_marks_that_differ_are_written_differently(one: SheetMark, other: SheetMark) -> None:
    assume(one != other)
    assert encode(one, KEY) != encode(other, KEY)


@given(legal, st.integers(0, LENGTH - 1), PRINTABLE)
def test_a_mark_with_one_changed_character_is_refused(mark: SheetMark, place: int, char: str) -> None:
    text = encode(mark, KEY)
    assume(char != text[place])
    assert decode(text[:place] + char + text[place + 1 :], KEY) is None


@pytest.mark.parametrize("place", range(LENGTH))
def test_every_character_of_a_mark_counts(place: int) -> None:
    text = encode(A_MARK, KEY)
    for char in set(ALPHABET) - {text[place]}:
        assert decode(text[:place] + char + text[place + 1 :], KEY) is None


@given(legal, st.binary(min_size=1, max_size=32))
def test_another_key_reads_nothing(mark: SheetMark, key: bytes) -> None:
    assume(key != KEY)
    assert decode(encode(mark, KEY), key) is None


def test_the_mark_of_another_run_is_foreign() -> None:
    other = marks.run_key(b"the secret of these tests, 32 chars", "property_tax-2027")
    assert decode(encode(A_MARK, other), KEY) is None


@given(st.text(max_size=40))
def test_any_other_text_reads_nothing(text: str) -> None:
    assert decode(text, KEY) is None


@given(st.text(ALPHABET, min_size=33, max_size=33))
def test_a_guessed_mark_reads_nothing(guess: str) -> None:
    assert decode("1" + guess, KEY) is None


@pytest.mark.parametrize("spoilt", ["lower case", "too long", "too short", "spaces", "wide digits", "other version"])
def test_a_mark_that_is_written_otherwise_is_refused(spoilt: str) -> None:
    text = encode(A_MARK, KEY)
    written = {
        "lower case": text.lower(),
        "too long": text + "0",
        "too short": text[:-1],
        "spaces": f" {text[1:]}",
        "wide digits": text.replace("1", "１"),
        "other version": "2" + text[1:],
    }[spoilt]
    assert decode(text, KEY) == A_MARK
    assert decode(written, KEY) is None


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("batch", 32**5),
        ("piece", 32**6),
        ("sheet", 32**2),
        ("of", 32**2),
        ("generation", 32),
        ("flags", 32),
        ("inserts", 32**2),
    ],
)
def test_a_number_too_large_for_its_place_is_an_error_and_never_cut(field: str, limit: int) -> None:
    assert decode(encode(A_MARK._replace(**{field: limit - 1}), KEY), KEY) == A_MARK._replace(**{field: limit - 1})
    for wrong in (limit, limit * 32, -1):
        with pytest.raises(ValueError, match="does not fit"):
            encode(A_MARK._replace(**{field: wrong}), KEY)


@pytest.mark.parametrize("run", ["", "0A1B2", "0A1B2C3", "0a1b2c", "0A1B2I"])
def test_a_run_that_is_no_run_code_is_an_error(run: str) -> None:
    with pytest.raises(ValueError, match="run"):
        encode(A_MARK._replace(run=run), KEY)


@given(st.integers(0, 2**60), st.integers(1, 12))
def test_base32_keeps_its_width_or_says_that_it_cannot(value: int, width: int) -> None:
    if value < 32**width:
        text = marks.base32(value, width)
        assert len(text) == width
        assert marks._number(text) == value
    else:
        with pytest.raises(ValueError, match="does not fit"):
            marks.base32(value, width)


def test_the_code_of_a_run_is_the_same_on_every_machine_and_in_every_year_to_come() -> None:
    assert marks.run_code("property_tax-2026") == "N2P5PH"


@given(st.text(max_size=60))
def test_the_code_of_a_run_is_six_characters_of_the_alphabet(run_id: str) -> None:
    code = marks.run_code(run_id)
    assert len(code) == 6
    assert set(code) <= set(ALPHABET)
    assert code == marks.run_code(run_id)


def test_the_runs_of_thirty_years_have_codes_of_their_own() -> None:
    kinds = ("property_tax", "resident_tax", "light_vehicle_tax", "health_insurance", "care_insurance", "late_elderly")
    runs = [f"{kind}-{year}" for kind in kinds for year in range(2026, 2056)]
    assert len({marks.run_code(run) for run in runs}) == len(runs)


def test_the_key_of_a_run_depends_on_the_secret_and_on_the_run() -> None:
    keys = {marks.run_key(secret, run) for secret in (b"a" * 32, b"b" * 32) for run in ("x-2026", "x-2027")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


def test_a_mark_is_the_same_text_on_every_machine() -> None:
    assert encode(A_MARK, KEY) == "10A1B2C00003000C1S02041101JY9GTAA6"
