"""``printjobs layout``: pictures, the data dictionary and differences, for people and for scripts."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pypdf
import pytest
from PIL import Image

import layouts
from printjobs.cli.layouts import _UNSAFE
from tests.handin import Desk

USAGE, BAD_INPUT = 2, 4
NAME = "property_tax-2026-1"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path / "home")


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The next version of the property tax layout, a file as it was when work on it began."""
    data, _ = layouts.source("property_tax", "2026-1")
    path = tmp_path / "draft.yaml"
    path.write_bytes(data)
    return path


def edited(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def pages_of(path: str) -> int:
    return len(pypdf.PdfReader(path).pages)


# --- show ------------------------------------------------------------------------------------------------------


def test_a_layout_is_shown_as_a_pdf_and_a_picture_of_each_page(desk: Desk, tmp_path: Path) -> None:
    told = desk("layout", "show", "property_tax", "--into", tmp_path / "out")
    assert told.code == 0
    assert "cover" in told.out
    (pdf,) = (tmp_path / "out").glob("*.pdf")
    pictures = sorted((tmp_path / "out").glob("*.png"))
    assert pdf.name == f"{NAME}-252069.pdf"
    assert len(pictures) == pages_of(str(pdf))
    with Image.open(pictures[0]) as picture:
        assert picture.mode == "RGB"
        assert picture.height > picture.width > 1000
    assert not desk.home.exists()  # who looks at a form needs no database


def test_what_is_shown_goes_to_a_folder_of_the_layouts_name_when_none_is_given(desk: Desk, tmp_path: Path) -> None:
    files = desk("layout", "show", NAME, "--city", "252140", "--json").json["files"]
    assert files[0] == f"{NAME}/{NAME}-252140.pdf"
    assert all((tmp_path / file).is_file() for file in files)
    assert not list((tmp_path / NAME).glob(".*"))  # nothing half written is left


def test_a_script_gets_every_box_with_its_limits(desk: Desk) -> None:
    said = desk("layout", "show", "property_tax", "--version", "2026-1", "--json").json
    assert (said["kind"], said["version"], said["city"]) == ("property_tax", "2026-1", "252069")
    assert said["sha256"] == layouts.load("property_tax", "2026-1").sha256
    (cover,) = (page for page in said["pages"] if page["page"] == "cover")
    (who,) = (thing for thing in cover["things"] if thing["name"] == "宛名")
    assert who["fields"] == ["氏名・共有者・敬称"]
    assert (who["lines"], who["holds"] // 2) == (2, int(who["limits"].partition("字")[0]))
    assert who["overflow"] == "字の幅を70%まで縮める"
    assert {zone["of"] for zone in cover["zones"]} == {"all", "marks"}


def test_a_draft_is_shown_from_its_file_with_the_shared_file_beside_it(desk: Desk, draft: Path) -> None:
    shared = (Path(layouts.__file__).parent / "common-2026-1.yaml").read_text(encoding="utf-8")
    (draft.parent / "common-2026-1.yaml").write_text(
        shared.replace("say: 差出人・返還先", "say: 差出人"), encoding="utf-8"
    )
    edited(draft, "version: 2026-1\n", "version: 2031-1\n")  # a year that has no profiles yet
    said = desk("layout", "show", draft, "--json").json
    assert said["version"] == "2031-1"
    assert said["sha256"] != layouts.load("property_tax", "2026-1").sha256


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("layout", "show", "poll_tax"), "通知種別 poll_tax はありません"),
        (("layout", "show", "property_tax", "--version", "1999-1"), "今ある様式: property_tax-2026-1"),
        (("layout", "show", "property_tax-1999-1"), "様式 property_tax-1999-1 はありません"),
        (("layout", "show", "property_tax", "--city", "131016"), "市コード 131016 は構成市にありません"),
        (("layout", "show", "nowhere.yaml"), "nowhere.yaml を読めません"),
        (("layout", "fields", "property_tax", "--csv", "home.txt/x.csv"), "書けません"),
        (("layout", "diff", NAME, "property_tax-1999-1"), "様式 property_tax-1999-1 はありません"),
    ],
)
def test_what_does_not_exist_is_said_with_what_does(
    desk: Desk, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "home.txt").touch()  # a file where a folder is wanted
    said = desk(*words)
    assert (said.code, said.out) == (USAGE, "")
    assert told in said.err


def test_a_mistake_in_a_draft_is_told_in_japanese_with_file_and_line(desk: Desk, draft: Path) -> None:
    edited(draft, "{name: 年税額, at: [63, 149, 53, 12]", "{name: 年税額, at: [63, 149, 203, 12]")
    line = next(i for i, text in enumerate(draft.read_text("utf-8").splitlines(), 1) if "203, 12" in text)
    told = desk("layout", "show", draft)
    assert told.code == BAD_INPUT
    assert told.err == f"エラー: draft.yaml:{line}: 枠[63, 149, 203, 12]が紙からはみ出しています。\n"
    said = desk("layout", "diff", NAME, draft, "--json")
    assert (said.code, said.json["exit_code"]) == (BAD_INPUT, BAD_INPUT)
    assert said.json["error"].startswith(f"draft.yaml:{line}: ")


def test_a_page_of_any_name_is_a_safe_name_of_a_file() -> None:
    assert _UNSAFE.sub("_", "../表紙 a/b") == "___表紙_a_b"


# --- fields ----------------------------------------------------------------------------------------------------


def test_the_dictionary_is_a_csv_that_a_spreadsheet_opens(desk: Desk, tmp_path: Path) -> None:
    assert desk("layout", "fields", "property_tax", "--csv", tmp_path / "列.csv").code == 0
    data = (tmp_path / "列.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert head[:2] == ["ファイル", "列名"]
    assert ["notices.csv", "敬称", "honorific"] in [row[:3] for row in rows]
    assert {len(row) for row in rows} == {len(head)}


def test_the_dictionary_is_json_for_scripts_and_a_table_for_people(desk: Desk) -> None:
    said = desk("layout", "fields", "property_tax", "--json").json
    (column,) = (c for c in said["columns"] if c["title"] == "納付方法")
    assert column["choices"] == ["納付書", "口座振替"]
    assert column["required"] is True
    forms = {c["title"]: c["form"] for c in said["columns"]}
    assert "国外あてのときだけ空" in forms["郵便番号"]
    assert "納付書を作る行では必須" in forms["納付番号"]
    told = desk("layout", "fields", "property_tax").out
    assert "assets.csv" in told
    assert "納付番号" in told


# --- diff ------------------------------------------------------------------------------------------------------


def test_a_layout_does_not_differ_from_itself(desk: Desk, draft: Path) -> None:
    said = desk("layout", "diff", NAME, draft, "--json").json
    assert said == {"old": NAME, "new": "draft", "changes": [], "files": []}
    assert "変更 0か所" in desk("layout", "diff", NAME, NAME).out


def test_differences_are_told_and_drawn_and_are_no_failure(desk: Desk, draft: Path, tmp_path: Path) -> None:
    edited(draft, "{name: 宛名番号, at: [110, 103, 30, 8]", "{name: 宛名番号, at: [112, 103, 28, 8]")
    told = desk("layout", "diff", NAME, draft, "--into", tmp_path / "out")
    assert told.code == 0
    assert "x 110　y 103 → x 112　y 103" in told.out
    assert "宛名・敬称に触れる変更" not in told.out
    (pdf,) = (tmp_path / "out").glob("*.pdf")
    assert len(list((tmp_path / "out").glob("*.png"))) == pages_of(str(pdf)) == 2


def test_a_lost_honorific_is_the_first_thing_said(desk: Desk, draft: Path) -> None:
    edited(draft, "{name: 宛名番号, at: [110, 103, 30, 8]", "{name: 宛名番号, at: [112, 103, 28, 8]")
    edited(draft, 'at: [104, 29, 66, 8], text: "{addressee.who}"', 'at: [104, 29, 66, 8], text: "{addressee.number}"')
    first, *_ = desk("layout", "diff", NAME, draft, "--json").json["changes"]
    assert first["urgent"] is True
    assert "敬称（様・御中）が刷られなくなります" in first["message"]
    assert "様・御中が付くことを必ず確かめてください" in desk("layout", "diff", NAME, draft).out.splitlines()[1]
