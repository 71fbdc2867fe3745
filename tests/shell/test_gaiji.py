"""The gaiji table at work: a list in whole or not at all, one code settled, and what becomes of the notices."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from printjobs.core.gaiji import HEADERS
from printjobs.reference import cities
from printjobs.sample.gaiji import LIST
from tests.fontfile import write_font
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN, Desk, HandIn, Told, notice_number

USAGE, BAD = 2, 4
CODE, CHAR = "U+E001", "\ue001"
GOOD = {
    "city": KUSATSU, "character_set": "standard", "code": CODE, "state": "確定", "mj": "", "text": "栁", "glyph": "",
    "by": "見本 係", "date": "2026-03-01", "ground": "原票",
}  # fmt: skip
RESOLVE = ("--by", "見本 係", "--ground", "原票との照合")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "home")
    assert desk("run", "open", "property_tax", 2026).code == 0
    return desk


def table(desk: Desk, *words: object) -> dict[str, Any]:
    told = desk("gaiji", "list", *words, "--json")
    assert told.code == 0, told.err
    return told.json  # type: ignore[no-any-return]


def write_list(path: Path, *rows: Mapping[str, str]) -> Path:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADERS.values())
    writer.writerows([row[key] for key in HEADERS] for row in rows)
    path.write_text(text.getvalue(), encoding="utf-8-sig")
    return path


def report(desk: Desk, name: str, city: str = KUSATSU) -> list[dict[str, str]]:
    data = (desk.home / "reports" / RUN / f"{name}-{city}.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


# Lists


def test_a_list_is_taken_in_whole_and_once(desk: Desk, tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", GOOD, {**GOOD, "city": MORIYAMA, "text": "U+845B U+E0100"})
    first = desk("gaiji", "import", path, "--json")
    assert (first.code, first.json) == (0, {"rows": 2, "added": 2, "version": 1, "problems": [], "again": []})
    again = desk("gaiji", "import", path, "--json")
    assert (again.code, again.json["added"], again.json["version"]) == (0, 0, 1)
    assert [(e["city"], e["text"], e["text_codes"], e["shift_jis"]) for e in table(desk)["entries"]] == [
        (KUSATSU, "栁", "U+6801", "F041"), (MORIYAMA, "葛\U000e0100", "U+845B U+E0100", "F041"),
    ]  # fmt: skip


def test_a_list_taken_again_does_not_take_back_a_correction(desk: Desk, tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.csv", GOOD)
    desk("gaiji", "import", path)
    assert desk("gaiji", "resolve", KUSATSU, CODE, "--text", "﨑", *RESOLVE).code == 0
    assert desk("gaiji", "import", path, "--json").json["added"] == 0
    assert [e["text"] for e in table(desk)["entries"]] == ["﨑"]
    assert [e["text"] for e in table(desk, "--version", 1)["entries"]] == ["栁"]
    assert table(desk, "--version", 0)["entries"] == []
    assert len(desk.rows("SELECT * FROM gaiji")) == 2


@pytest.mark.parametrize(
    ("changed", "column", "code"),
    [
        ({"city": "999999"}, "city", "city"),
        ({"state": "だいたい"}, "state", "state"),
        ({"code": "辻"}, "code", "code"),
        ({"text": ""}, "text", "text_or_glyph"),
        ({"text": "\ue002"}, "text", "text"),
        ({"by": ""}, "by", "required"),
        ({"date": "3月1日"}, "date", "date"),
        ({"mj": "辻"}, "mj", "mj_format"),
        ({"text": "", "mj": "MJ022336"}, "mj", "mj_needs_text"),  # the desk has no IPAmj Mincho
        ({"code": "SJIS-F042"}, "code", "duplicate"),
    ],
)
def test_one_bad_row_keeps_the_whole_list_out_and_is_told_by_its_row(
    desk: Desk, tmp_path: Path, changed: dict[str, str], column: str, code: str
) -> None:
    path = write_list(tmp_path / "list.csv", {**GOOD, "code": "U+E002"}, GOOD, {**GOOD, "code": "U+E009", **changed})
    told = desk("gaiji", "import", path, "--json")
    assert (told.code, told.json["added"]) == (BAD, 0)
    (problem,) = told.json["problems"]
    assert (problem["file"], problem["row"], problem["column"]) == ("list.csv", 4, HEADERS[column])
    assert problem["code"] == code
    assert table(desk) == {"version": 0, "entries": []}
    assert "4行" in desk("gaiji", "import", path).out


def test_a_list_does_not_make_a_settled_character_provisional(desk: Desk, tmp_path: Path) -> None:
    desk("gaiji", "import", write_list(tmp_path / "list.csv", GOOD))
    told = desk("gaiji", "import", write_list(tmp_path / "old.csv", {**GOOD, "state": "暫定"}), "--json")
    assert (told.code, told.json["problems"][0]["code"]) == (BAD, "transition")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("市コード,外字コード\n".encode(), BAD),
        (f"{','.join(HEADERS.values())},備考\n".encode(), BAD),
        (f"{','.join(HEADERS.values())}\n{KUSATSU}\n".encode(), BAD),
        ("市コード,外字コード,状態\n".encode("cp932"), BAD),
        (b'"', BAD),
        (b"", BAD),
        (None, USAGE),
    ],
)
def test_what_is_no_list_is_refused(desk: Desk, tmp_path: Path, content: bytes | None, code: int) -> None:
    path = tmp_path / "list.csv"
    if content is not None:
        path.write_bytes(content)
    told = desk("gaiji", "import", path, "--json")
    assert told.code == code
    assert "list.csv" in told.json["error"]
    assert table(desk)["version"] == 0


# One character


def test_a_code_is_settled_corrected_and_withdrawn_and_every_step_stays(desk: Desk) -> None:
    steps: list[tuple[tuple[object, ...], str]] = [
        (("--text", "栁", "--provisional"), "provisional"),
        (("--text", "U+845B U+E0100"), "settled"),
        (("--glyph", "U+F0001"), "settled"),
        (("--withdraw",), "open"),
    ]
    for version, (words, state) in enumerate(steps, start=1):
        told = desk("gaiji", "resolve", KUSATSU, "u+e001", *words, *RESOLVE, "--json")
        assert (told.code, told.json["version"], told.json["entry"]["state"]) == (0, version, state)
        (entry,) = table(desk)["entries"]
        assert entry == told.json["entry"]
    assert [row[0] for row in desk.rows("SELECT state FROM gaiji ORDER BY id")] == [state for _, state in steps]
    same = desk("gaiji", "resolve", KUSATSU, CODE, "--withdraw", *RESOLVE, "--json")
    assert (same.code, same.json["version"]) == (0, 4)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((KUSATSU, CODE, *RESOLVE), USAGE),
        ((KUSATSU, CODE, "--text", "栁", "--glyph", "U+F0001", *RESOLVE), BAD),
        ((KUSATSU, "辻", "--text", "栁", *RESOLVE), BAD),
        ((KUSATSU, CODE, "--text", "栁", "--by", " ", "--ground", "原票"), BAD),
        ((KUSATSU, CODE, "--withdraw", "--by", "", "--ground", "原票"), BAD),
        ((KUSATSU, CODE, "--withdraw", "--text", "栁", *RESOLVE), BAD),
        ((KUSATSU, CODE, "--mj", "MJ022336", *RESOLVE), BAD),
        (("999999", CODE, "--text", "栁", *RESOLVE), USAGE),
        ((KUSATSU, CODE, "--text", "栁", "--by", "見本"), USAGE),
        ((KUSATSU, CODE, "--text", "栁", "--provisional", "--withdraw", *RESOLVE), USAGE),
    ],
)
def test_what_cannot_stand_in_the_table_is_refused(desk: Desk, words: tuple[str, ...], code: int) -> None:
    assert desk("gaiji", "resolve", *words).code == code
    assert table(desk)["version"] == 0


@pytest.mark.parametrize("words", [("--city", "999999"), ("--state", "だいたい"), ("--version", "1")])
def test_a_table_that_does_not_exist_is_not_shown(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk("gaiji", "list", *words).code == USAGE


def test_an_mj_name_gives_the_text_where_ipamj_is_here_and_proves_one_that_is_given(desk: Desk) -> None:
    desk.settings = {"PRINTJOBS_MJ_FONT": ""}
    if not any(f["name"] == "MJ明朝の書体" and f["detail"].startswith("ipamjm") for f in desk("doctor", "--json").json):
        pytest.skip("IPAmj Mincho is not installed")
    told = desk("gaiji", "resolve", KUSATSU, CODE, "--mj", "mj022336", *RESOLVE, "--json")
    assert (told.code, told.json["entry"]["text"]) == (0, "葛\U000e0103")
    assert desk("gaiji", "resolve", KUSATSU, CODE, "--mj", "MJ022336", "--text", "葛", *RESOLVE).code == BAD
    assert desk("gaiji", "resolve", KUSATSU, CODE, "--mj", "MJ999999", *RESOLVE).code == BAD
    assert "一つに決まりません" in desk("gaiji", "resolve", KUSATSU, CODE, "--mj", "MJ059399", *RESOLVE).err
    chosen = ("--mj", "MJ059399", "--text", "U+535A U+E010A")
    assert desk("gaiji", "resolve", KUSATSU, CODE, *chosen, *RESOLVE).code == 0


def test_the_tables_are_shown_to_people(desk: Desk, tmp_path: Path) -> None:
    said = desk("gaiji", "import", write_list(tmp_path / "list.csv", GOOD)).out
    assert "第1版" in said
    assert all(word in desk("gaiji", "list").out for word in ("草津市", CODE, "確定", "栁"))
    assert "未同定" in desk("gaiji", "resolve", KUSATSU, CODE, "--withdraw", *RESOLVE).out


# Notices


def handed_in(desk: Desk, city: str, name: str, encoding: str = "utf-8", **said: str) -> Told:
    handin = HandIn(city).set("notices", 2, "氏名", name)
    handin.encoding, handin.said = encoding, dict(said)
    return desk.submit(handin, "--json")


def test_an_unknown_code_sets_the_notice_aside_is_noted_as_open_and_listed_with_its_context(desk: Desk) -> None:
    told = handed_in(desk, KUSATSU, f"見本　{CHAR}子")
    assert (told.json["received"], told.json["rejected"]) == (3, 1)
    (problem,) = desk.problems()
    assert (problem["code"], problem["row"], problem["column"]) == ("private_use", 3, "氏名")
    assert "U+E001（未登録）" in problem["message"]
    (entry,) = table(desk, "--state", "open")["entries"]
    assert (entry["city"], entry["code"], entry["ground"]) == (KUSATSU, CODE, RUN)
    (line,) = report(desk, "gaiji")
    assert line == {
        "外字コード": CODE, "シフトJIS": "F041", "状態": "未登録", "ファイル": "notices.csv", "行": "3", "項目": "氏名",
        "通知書番号": notice_number(2), "宛名番号": line["宛名番号"], "前後の文字": "見本　〓子",
    }  # fmt: skip
    (set_aside,) = report(desk, "overflow")
    assert (set_aside["区分"], set_aside["処理"]) == ("未登録外字", "印刷せず取り置き")
    assert set_aside["宛名番号"] == line["宛名番号"] != ""


def test_the_same_files_are_read_again_once_their_gaiji_are_settled(desk: Desk) -> None:
    first = handed_in(desk, KUSATSU, f"見本　{CHAR}子").json
    same = handed_in(desk, KUSATSU, f"見本　{CHAR}子").json
    assert (same["again"], same["rejected"]) == (True, 1)
    settled = desk("gaiji", "resolve", KUSATSU, CODE, "--text", "栁", *RESOLVE, "--json").json
    assert settled["again"] == [{"run": RUN, "city": KUSATSU}]
    better = handed_in(desk, KUSATSU, f"見本　{CHAR}子").json
    assert (better["again"], better["rejected"], better["id"]) == (False, 0, first["id"])
    assert (first["gaiji_version"], better["gaiji_version"]) == (0, settled["version"])
    assert handed_in(desk, KUSATSU, f"見本　{CHAR}子").json["again"]
    assert desk.problems() == report(desk, "gaiji") == []
    city = desk.city(KUSATSU)
    assert (city["received"], city["rejected"], city["outstanding"]) == (3, 0, 3)
    assert city["gaiji_version"] == settled["version"]
    assert (desk.status()["gaiji_version"], desk.status()["balanced"]) == (0, True)


def test_a_settled_entry_of_another_city_or_set_settles_nothing(desk: Desk) -> None:
    desk("gaiji", "resolve", MORIYAMA, CODE, "--text", "栁", *RESOLVE)
    desk("gaiji", "resolve", KUSATSU, CODE, "--text", "栁", "--character-set", "kanri-2", *RESOLVE)
    assert handed_in(desk, KUSATSU, f"見本{CHAR}").json["rejected"] == 1
    assert handed_in(desk, KUSATSU, f"見本{CHAR}", character_set="kanri-2").json["rejected"] == 0
    assert handed_in(desk, MORIYAMA, f"見本{CHAR}").json["rejected"] == 0


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("change", [("--text", "﨑"), ("--withdraw",)], ids=["corrected", "withdrawn"])
def test_a_name_known_to_be_wrong_is_not_planned_until_it_is_read_again(
    desk: Desk, change: tuple[str, ...], encoding: str
) -> None:
    desk("gaiji", "resolve", KUSATSU, CODE, "--text", "栁", *RESOLVE)
    assert handed_in(desk, KUSATSU, f"見本{CHAR}", encoding).json["rejected"] == 0
    assert desk("gaiji", "resolve", KUSATSU, CODE, *change, *RESOLVE).code == 0
    told = desk("run", "go", RUN)
    assert (told.code, "草津市" in told.err) == (3, True), told.err
    assert desk.status()["status"] == "open"
    handed_in(desk, KUSATSU, f"見本{CHAR}", encoding)
    desk.go()
    assert desk.status()["status"] == "packaged"
    assert not any("栁" in text for text in texts(desk))


def test_a_change_of_the_table_that_a_hand_in_does_not_meet_stops_nobody(desk: Desk) -> None:
    desk("gaiji", "resolve", KUSATSU, CODE, "--text", "栁", *RESOLVE)
    handed_in(desk, KUSATSU, "見本　花子")
    handed_in(desk, MORIYAMA, f"見本{CHAR}")  # is set aside, and settled later
    desk("gaiji", "resolve", KUSATSU, CODE, "--text", "﨑", *RESOLVE)
    desk("gaiji", "resolve", MORIYAMA, CODE, "--text", "栁", *RESOLVE)
    desk.go()
    assert desk.status()["status"] == "packaged"


def texts(desk: Desk) -> Iterator[str]:
    for path in sorted((desk.home / "batches").rglob("*.pdf")):
        if path.name != "jobsheet.pdf":
            with pypdfium2.PdfDocument(path) as document:
                yield from (page.get_textpage().get_text_bounded() for page in document)


def test_one_code_of_two_cities_is_two_characters_on_their_pages_and_none_of_the_third_is_printed(
    desk: Desk, tmp_path: Path
) -> None:
    own = write_font(tmp_path / "EUDC.tte", {"\U000f0001": 1000, "\ue777": 900, CHAR: 800})
    desk.settings = {"PRINTJOBS_GAIJI_FONT": str(own)}
    run = desk("run", "open", "property_tax", 2026, "--json").json["run"]
    assert run == f"{RUN}-2"  # the first one was opened without the font
    desk("gaiji", "resolve", KUSATSU, CODE, "--glyph", "U+F0001", *RESOLVE)
    desk("gaiji", "resolve", MORIYAMA, "SJIS-F041", "--glyph", "U+E777", *RESOLVE)
    assert desk("gaiji", "resolve", RITTO, CODE, "--glyph", "U+E778", *RESOLVE).code == BAD  # the font has no such
    desk("gaiji", "resolve", RITTO, CODE, "--glyph", "U+E777", "--provisional", *RESOLVE)
    told = {}
    for city, encoding in ((KUSATSU, "utf-8"), (MORIYAMA, "cp932"), (RITTO, "cp932")):
        handin = HandIn(city).set("notices", 2, "氏名", f"{CHAR}見本　{city}")
        handin.encoding = encoding
        folder = handin.write(tmp_path / "handins" / city)
        told[city] = desk("submit", run, city, folder, "--json").json
    assert [t["rejected"] for t in told.values()] == [0, 0, 1]
    printed = desk("run", "go", run, "--json")
    assert printed.code == 0, printed.err
    assert "EUDC" in {f["name"] for f in printed.json["faces"]}
    pages = [page for page in texts(desk) if "見本　25" in page]
    assert pages
    for page in pages:
        assert ("\U000f0001見本　252069" in page) is ("見本　252069" in page)
        assert ("\ue777見本　252077" in page) is ("見本　252077" in page)
        assert CHAR not in page
        assert f"見本　{RITTO}" not in page


def test_a_glyph_that_the_councils_font_lacks_keeps_the_notice_back(desk: Desk) -> None:
    desk("gaiji", "resolve", KUSATSU, CODE, "--glyph", "U+F0001", *RESOLVE)
    assert handed_in(desk, KUSATSU, f"見本{CHAR}").json["rejected"] == 1
    (problem,) = desk.problems()
    assert problem["code"] == "no_glyph"
    assert "U+F0001" in problem["message"]
    assert "外字フォント" in problem["message"]
    assert report(desk, "overflow")[0]["区分"] == "字形なし"


def test_the_list_of_texts_too_long_says_how_long_and_what_goes_in(desk: Desk) -> None:
    desk.submit(HandIn().set("notices", 2, "氏名", "見" * 79))
    (line,) = (row for row in report(desk, "overflow") if row["項目"] == "氏名")
    assert list(line) == [
        "通知書番号", "宛名番号", "ファイル", "行", "項目", "区分", "文字数", "枠に入る文字数（全角）", "処理", "内容",
    ]  # fmt: skip
    assert (line["通知書番号"], line["区分"]) == (notice_number(2), "文字溢れ")
    assert int(line["文字数"]) >= 79 > int(line["枠に入る文字数（全角）"]) > 10
    assert "見見" not in line["内容"]


def test_the_characters_of_a_hand_in_are_listed_with_face_and_glyph(desk: Desk) -> None:
    handin = HandIn().set("notices", 1, "氏名", "髙辻\U000e0100").set("notices", 2, "氏名", "髙髙")
    desk.submit(handin.set("notices", 3, "氏名", "﨑\ue009"))
    rows = {row["コード"]: row for row in report(desk, "characters")}
    assert set(rows) == {"U+9AD9", "U+8FBB U+E0100"}  # nothing of the notice that was set aside
    assert (rows["U+9AD9"]["通知数"], rows["U+9AD9"]["出現数"]) == ("2", "3")
    assert "BIZUDMincho-Regular gid" in rows["U+9AD9"]["書体と字形"]


def test_a_better_hand_in_leaves_no_list_of_the_earlier_one(desk: Desk) -> None:
    handed_in(desk, KUSATSU, f"見本{CHAR}髙")
    assert report(desk, "gaiji")
    handed_in(desk, KUSATSU, "見本　二郎")
    assert report(desk, "gaiji") == report(desk, "overflow") == report(desk, "characters") == []


def test_the_samples_list_settles_what_the_sample_says(desk: Desk, tmp_path: Path) -> None:
    summary = desk("sample", tmp_path / "handins", "--scale", 0, "--json").json["cities"]
    assert desk("gaiji", "import", tmp_path / "handins" / LIST).code == 0
    assert {city for city, told in summary.items() if told["needs_table"]} == {"252069", "252093"}
    for city in ("252069", "252093"):
        desk("submit", RUN, city, tmp_path / "handins" / city)
        codes = {(p["notice_number"], p["code"]) for p in desk.problems(city)}
        bad = {number for number, code in summary[city]["bad"].items() if code == "private_use"}
        assert {number for number, code in codes if code == "private_use"} == bad
        assert {number for number, code in codes if code == "no_glyph"} == set(summary[city]["needs_extra_font"])


# The faces


def test_a_run_names_its_faces_by_hash_and_the_version_of_the_table(desk: Desk, tmp_path: Path) -> None:
    desk("gaiji", "import", write_list(tmp_path / "list.csv", GOOD))
    own = write_font(tmp_path / "外字 1.ttf", {"\ue001": 1000})
    desk.settings = {"PRINTJOBS_GAIJI_FONT": str(own)}
    run = desk("run", "open", "property_tax", 2026, "--json").json["run"]
    status = desk("run", "status", run, "--json").json
    assert status["gaiji_version"] == 1
    faces = {face["name"]: face["sha256"] for face in status["faces"]}
    assert {"BIZUDMincho-Regular", "BIZUDGothic-Regular", "BIZUDGothic-Bold", "1"} <= set(faces)
    assert all(len(digest) == 64 for digest in faces.values())
    assert {city["code"]: city["gaiji_version"] for city in status["cities"]} == dict.fromkeys(cities(), 0)


def test_a_gaiji_font_that_is_none_is_told_by_its_name_and_setting(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "EUDC.euf").write_bytes(b"\x00" * 100)
    desk.settings = {"PRINTJOBS_GAIJI_FONT": str(tmp_path / "EUDC.euf")}
    told = desk("run", "open", "property_tax", 2026, "--json")
    assert told.code == USAGE
    assert all(word in told.json["error"] for word in ("EUDC.euf", "TrueType", "PRINTJOBS_GAIJI_FONT"))
    (finding,) = (f for f in desk("doctor", "--json").json if f["name"] == "外字フォント")
    assert not finding["ok"]


def test_the_doctor_counts_the_characters_of_the_councils_font(desk: Desk, tmp_path: Path) -> None:
    desk.settings = {"PRINTJOBS_GAIJI_FONT": str(write_font(tmp_path / "EUDC.tte", {"\ue001": 1000, "髙": 1000}))}
    (finding,) = (f for f in desk("doctor", "--json").json if f["name"] == "外字フォント")
    assert finding["ok"]
    assert "私用領域に1字" in finding["detail"]
