"""No private-use character is printed for what it may mean elsewhere: its own city's settled entry, or nothing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fonts import FontSet
from printjobs import intake
from printjobs.core import gaiji
from printjobs.core.characters import ordinary
from printjobs.core.gaiji import Entry, State
from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.model import BadInput, Notice
from printjobs.intake import SubmissionReader
from printjobs.pipeline.reports import Characters
from printjobs.reference.profile import profiles
from tests.handin import KUSATSU, MAILING_DATE, TRANSMITTAL, YEAR, HandIn, notice_number

PRIVATE = st.one_of(st.integers(0xE000, 0xF8FF), st.integers(0xF0000, 0xFFFFD), st.integers(0x100000, 0x10FFFD)).map(
    chr
)
SETTLED = Entry(
    KUSATSU,
    gaiji.STANDARD,
    "U+E001",
    State.SETTLED,
    text="葛\U000e0100",
    by="見本 係",
    date="2026-03-01",
    ground="原票",
)
OPEN = Entry(KUSATSU, gaiji.STANDARD, "U+E001", State.OPEN)


def change(entry: Entry, **fields: Any) -> Entry:
    return msgspec.structs.replace(entry, **fields)


def faults(entry: Entry) -> set[tuple[str, str]]:
    return {(fault.field, fault.code) for fault in gaiji.check(entry)}


# How a code is written


@given(PRIVATE)
def test_a_private_use_character_is_written_and_read_alike(char: str) -> None:
    assert gaiji.parse_code(gaiji.code_of(char)) == gaiji.code_of(char)
    assert gaiji.character(gaiji.code_of(char)) == char


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("U+E001", "U+E001"), (" u+e001 ", "U+E001"), ("U+0E001", "U+E001"), ("U+F0001", "U+F0001"),
        ("SJIS-F040", "U+E000"), ("SJIS-F0FC", "U+E0BB"), ("SJIS-F140", "U+E0BC"), ("sjis-f9fc", "U+E757"),
    ],
)  # fmt: skip
def test_a_code_may_be_written_in_more_than_one_way(written: str, code: str) -> None:
    assert gaiji.parse_code(written) == code


@pytest.mark.parametrize(
    "written",
    ["", "E001", "F040", "U+8FBB", "U+DFFF", "U+F900", "U+110000", "SJIS-889F", "SJIS-F07F", "SJIS-FA40", "外"],
)
def test_what_is_no_private_use_code_is_none(written: str) -> None:
    assert gaiji.parse_code(written) == ""


def test_the_user_defined_area_of_shift_jis_is_the_start_of_the_private_use_area() -> None:
    """F040 to F9FC, ten rows of 188: what a mainframe city's files hold for its gaiji."""
    for lead in range(0xF0, 0xFA):
        cells = [*range(0x40, 0x7F), *range(0x80, 0xFD)]
        for place, trail in enumerate(cells):
            char = bytes((lead, trail)).decode("cp932")
            assert ord(char) == 0xE000 + (lead - 0xF0) * 188 + place
            assert gaiji.shift_jis(gaiji.code_of(char)) == f"{lead:02X}{trail:02X}"
    assert gaiji.shift_jis("U+E758") == gaiji.shift_jis("U+F0001") == ""


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=4))
def test_a_text_may_be_written_as_its_code_points(text: str) -> None:
    assert gaiji.parse_text(gaiji.codes_of(text)) == text
    assert gaiji.parse_text(f" {text} ") == text


# An entry and its history


def test_a_sound_entry_has_no_fault() -> None:
    assert faults(SETTLED) == faults(OPEN) == faults(change(SETTLED, text="", glyph="U+F0001")) == set()
    assert faults(change(SETTLED, mj="MJ022335")) == set()


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"code": "U+8FBB"}, ("code", "code")),
        ({"code": "E001"}, ("code", "code")),
        ({"character_set": "市の 集合"}, ("character_set", "character_set")),
        ({"mj": "MJ1"}, ("mj", "mj_format")),
        ({"mj": "mj022335"}, ("mj", "mj_format")),
        ({"text": ""}, ("text", "text_or_glyph")),
        ({"glyph": "U+F0001"}, ("text", "text_or_glyph")),
        ({"text": "", "glyph": "U+8FBB"}, ("glyph", "glyph")),
        ({"text": "\ue002"}, ("text", "text")),
        ({"text": "見\n"}, ("text", "text")),
        ({"text": "\u200b"}, ("text", "text")),
        ({"text": "　"}, ("text", "text")),
        ({"text": "\U000e0100"}, ("text", "text")),
        ({"text": "葛\U000e0100\U000e0101"}, ("text", "text")),
        ({"text": "見" * 9}, ("text", "text")),
        ({"by": " "}, ("by", "required")),
        ({"ground": ""}, ("ground", "required")),
        ({"date": ""}, ("date", "required")),
        ({"date": "2026-02-30"}, ("date", "date")),
        ({"ground": "根" * 401}, ("ground", "too_long")),
        ({"state": State.OPEN}, ("state", "open_with_text")),
        ({"state": State.PROVISIONAL, "by": ""}, ("by", "required")),
    ],
)
def test_a_fault_of_an_entry_is_told_at_its_field(changed: dict[str, Any], fault: tuple[str, str]) -> None:
    assert fault in faults(change(SETTLED, **changed))


@pytest.mark.parametrize(
    ("old", "new", "may"),
    [
        (None, State.OPEN, True), (None, State.PROVISIONAL, True), (None, State.SETTLED, True),
        (State.OPEN, State.OPEN, False), (State.OPEN, State.PROVISIONAL, True), (State.OPEN, State.SETTLED, True),
        (State.PROVISIONAL, State.PROVISIONAL, True), (State.PROVISIONAL, State.SETTLED, True),
        (State.PROVISIONAL, State.OPEN, True), (State.SETTLED, State.SETTLED, True),
        (State.SETTLED, State.OPEN, True), (State.SETTLED, State.PROVISIONAL, False),
    ],
)  # fmt: skip
def test_which_state_may_follow_which(old: State | None, new: State, may: bool) -> None:
    assert gaiji.follows(old, new) is may
    history = [] if old is None else [change(SETTLED, state=old)]
    assert (gaiji.decide(change(SETTLED, state=new), history) is None) is may


def test_what_was_said_once_is_known_even_if_it_was_corrected_since() -> None:
    corrected = change(SETTLED, text="榊", ground="照会の回答")
    assert gaiji.is_known(SETTLED, [OPEN, SETTLED, corrected])
    assert not gaiji.is_known(change(SETTLED, ground="再照会"), [OPEN, SETTLED, corrected])


# Intake


def read(handin: HandIn, table: gaiji.Lookup) -> tuple[list[Notice], list[intake.Outcome]]:
    files = handin.files()
    transmittal = intake.parse(files[TRANSMITTAL], PROPERTY_TAX, YEAR, handin.city)
    terms = profiles(PROPERTY_TAX.code, YEAR)[handin.city].terms(MAILING_DATE)
    rules = intake.Rules(terms, lambda *_: "", lambda _: True, lambda _: [], *table)
    outcomes = list(SubmissionReader(PROPERTY_TAX, transmittal, {}, lambda name: io.BytesIO(files[name]), rules))
    return [o.notice for o in outcomes if o.notice], outcomes


TABLE = gaiji.lookup(
    [
        SETTLED,
        change(SETTLED, code="U+E002", state=State.PROVISIONAL),
        change(OPEN, code="U+E003"),
        change(SETTLED, code="U+E004", text="", glyph="U+F0001"),
    ]
)


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_settled_character_is_replaced_in_every_text_of_a_notice(encoding: str) -> None:
    handin = HandIn().set("notices", 1, "氏名", "\ue001城　見本").set("assets", 1, "所在", "草津市\ue001町\ue004")
    handin.encoding = encoding
    notices, _ = read(handin, TABLE)
    assert len(notices) == 3
    assert notices[0].addressee.name == "葛\U000e0100城　見本"
    assert notices[0].tables["assets"][0][1] == "草津市葛\U000e0100町\U000f0001"


@pytest.mark.parametrize(("char", "state"), [("\ue002", "暫定"), ("\ue003", "未同定"), ("\ue005", "未登録")])
def test_any_other_state_sets_the_notice_aside_and_says_code_and_state(char: str, state: str) -> None:
    notices, outcomes = read(HandIn().set("notices", 2, "氏名", f"見本{char}\ue001郎"), TABLE)
    assert [n.number for n in notices] == [notice_number(1), notice_number(3)]
    (outcome,) = (o for o in outcomes if o.problems)
    (problem,), (listed,) = outcome.problems, outcome.listed
    assert (problem.code, problem.file, problem.row, problem.column) == ("private_use", "notices.csv", 3, "氏名")
    assert f"{gaiji.code_of(char)}（{state}）" in problem.message
    assert "見本" not in problem.message
    assert listed.gaiji == ((gaiji.code_of(char), state),)
    assert listed.around == "見本〓葛\U000e0100郎"
    assert listed.addressee == HandIn().tables["notices"][2][1]


def test_every_unsettled_character_of_a_cell_is_told_once() -> None:
    _, outcomes = read(HandIn(notices=1).set("assets", 1, "摘要", "\ue005\ue002\ue005"), TABLE)
    (outcome,) = (o for o in outcomes if o.problems)
    assert outcome.listed[0].gaiji == (("U+E005", "未登録"), ("U+E002", "暫定"))


def test_a_gaiji_where_a_machine_reads_is_a_fault_like_any_other_letter() -> None:
    _, outcomes = read(HandIn(notices=1).set("notices", 1, "宛名番号", "70000001\ue001"), TABLE)
    assert [p.code for o in outcomes for p in o.problems] == ["digits"]


@settings(deadline=None, max_examples=200)
@given(
    st.dictionaries(PRIVATE, st.sampled_from(State), max_size=6),
    st.lists(st.one_of(PRIVATE, st.sampled_from("見本葛\U000e0100　")), min_size=1, max_size=8).map("".join),
    st.data(),
)
def test_any_private_use_character_is_settled_for_this_city_or_the_notice_is_set_aside(
    states: dict[str, State], written: str, data: st.DataObject
) -> None:
    known = sorted(states)
    name = (
        "見" + written + "".join(data.draw(st.lists(st.sampled_from(known), max_size=4))) if known else "見" + written
    )
    entries = [
        change(SETTLED, code=gaiji.code_of(char), state=state)
        if state is not State.OPEN
        else change(OPEN, code=gaiji.code_of(char))
        for char, state in states.items()
    ]
    notices, outcomes = read(HandIn(notices=1).set("notices", 1, "氏名", name), gaiji.lookup(entries))
    private = set(gaiji.PRIVATE_USE.findall(name))
    if all(states.get(char) is State.SETTLED for char in private):
        (notice,) = notices
        assert notice.addressee.name == "".join("葛\U000e0100" if c in private else c for c in name).strip(" 　")
    else:
        assert notices == []
        assert {p.code for o in outcomes for p in o.problems} == {"private_use"}


def test_the_character_set_of_a_hand_in_is_the_standard_one_unless_it_says_so() -> None:
    handin = HandIn()
    assert intake.parse(handin.files()[TRANSMITTAL], PROPERTY_TAX, YEAR, KUSATSU).character_set == "standard"
    handin.said = {"character_set": "kanri-2"}
    assert intake.parse(handin.files()[TRANSMITTAL], PROPERTY_TAX, YEAR, KUSATSU).character_set == "kanri-2"
    handin.said = {"character_set": "../x y"}
    with pytest.raises(BadInput, match="character_set"):
        intake.parse(handin.files()[TRANSMITTAL], PROPERTY_TAX, YEAR, KUSATSU)


# Characters out of the usual


def test_the_usual_characters_are_ascii_katakana_and_jis_x_0208() -> None:
    usual = ordinary()
    assert len(usual) == 95 + 63 + 6879 + 7  # seven signs are two code points, by whose table one goes
    assert all(char in usual for char in "Aｱ　亜腕弌熙々〇－−～〜─㈱"[:-1])
    assert not any(char in usual for char in "髙﨑①㈱𠮷\ue000\U000e0100")


def test_unusual_characters_are_counted_by_notice_and_by_place() -> None:
    first, second = read(HandIn(notices=2), gaiji.NOTHING)[0]
    found = Characters(PROPERTY_TAX)
    for notice in (first, second):
        notice.tables["assets"][0][1] = notice.tables["assets"][1][1] = "髙町"
        found.add(notice)
    found.add(
        msgspec.structs.replace(first, addressee=msgspec.structs.replace(first.addressee, name="辻\U000e0100　髙"))
    )
    rows = list(found.rows([FontSet().chains["mincho"]]))
    assert [(row[1], *row[3:]) for row in rows] == [("U+8FBB U+E0100", 1, 1), ("U+9AD9", 3, 7)]
    assert all(row[2].startswith("BIZUDMincho-Regular gid") for row in rows)


# MJ names


@pytest.fixture(scope="module")
def ipamj() -> FontSet:
    from printjobs.settings import Settings

    path = Settings(mj_font="").mj_face()
    if path is None:
        pytest.skip("IPAmj Mincho is not installed")
    return FontSet(Path(path))


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("MJ022336", ["葛\U000e0103"]),  # the bare character is its glyph too, but another face would draw that
        ("MJ000007", ["㐄\U000e0101"]),
        ("MJ028902", ["髙"]),
        ("MJ003719", []),
        ("MJ059399", ["博\U000e010a", "\U0002b9e4\U000e0100"]),
        ("MJ999999", []),
    ],
)
def test_an_mj_name_gives_the_texts_of_the_fonts_own_tables(ipamj: FontSet, name: str, texts: list[str]) -> None:
    assert ipamj.mj_names is not None
    assert ipamj.mj_names.texts(name) == texts
    assert ipamj.mj_names.knows(name) is (name != "MJ999999")


def test_every_text_of_an_mj_name_is_drawn_by_its_own_glyph_or_by_a_bare_character(ipamj: FontSet) -> None:
    assert ipamj.mj is not None
    assert ipamj.mj_names is not None
    for number in range(1, 60_000, 61):
        for text in ipamj.mj_names.texts(f"MJ{number:06d}"):
            found = ipamj.chains["mincho"].find(text)
            assert found is not None
            assert len(text) == 1 or found[0].glyph_name(found[1]) == f"mj{number:06d}"
            gid = ipamj.mj.glyph(text)
            assert gid is not None
            assert ipamj.mj.glyph_name(gid) == f"mj{number:06d}"


def test_a_face_without_mj_names_knows_none() -> None:
    assert FontSet().mj_names is None
    assert FontSet(FontSet().faces[0].path).mj_names is None
