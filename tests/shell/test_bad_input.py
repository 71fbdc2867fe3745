"""Whatever is handed in or goes wrong: refused with a sentence and an exit code, and nothing lost or half done."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.model import Refused
from printjobs.files import Files, StoreFull
from printjobs.pipeline import Context, planning, run_step, settling, submitting, unfinished
from printjobs.pipeline.rendering import released_marks
from printjobs.reference.report_layout import STANDARD, report_layout
from printjobs.settings import Settings
from printjobs.store import production
from tests.handin import (
    KUSATSU,
    MAILING_DATE,
    MAPPING,
    MORIYAMA,
    RITTO,
    RUN,
    TABLES,
    TRANSMITTAL,
    Desk,
    HandIn,
    Told,
    environment,
    notice_number,
)

NOTICES, ASSETS, INSTALMENTS = TABLES
REFUSED_PROBLEM = {"row": 0, "column": "", "code": "refused"}
USAGE, RULE, BAD = 2, 3, 4
ENOUGH = 15  # notices of a city whose run may have a few spoiled pieces before reprints stop


def copy(desk: Desk, home: Path) -> Desk:
    shutil.copytree(desk.home, home)
    return Desk(home)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A run with one city's good hand-in, which nothing that others do may touch."""
    desk = Desk(tmp_path_factory.mktemp("opened") / "home")
    assert desk("run", "open", PROPERTY_TAX.code, 2026).code == 0
    assert desk.submit(HandIn(MORIYAMA, ENOUGH)).code == 0
    return desk


@pytest.fixture(scope="module")
def packaged(opened: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Two cities, planned, rendered, read back, sealed, and their proofs signed."""
    desk = copy(opened, tmp_path_factory.mktemp("packaged") / "home")
    assert desk.submit(HandIn(KUSATSU, ENOUGH)).code == 0
    desk.go()
    desk.approve()
    assert desk.status()["status"] == "packaged"
    return desk


@pytest.fixture(scope="module")
def released(packaged: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = copy(packaged, tmp_path_factory.mktemp("released") / "home")
    assert desk("release", RUN).code == 0
    return desk


@pytest.fixture
def desk(opened: Desk, tmp_path: Path) -> Desk:
    return copy(opened, tmp_path / "home")


@pytest.fixture
def sealed(packaged: Desk, tmp_path: Path) -> Desk:
    return copy(packaged, tmp_path / "home")


@pytest.fixture
def out(released: Desk, tmp_path: Path) -> Desk:
    """A desk whose batches are with the vendor."""
    return copy(released, tmp_path / "home")


def refused(desk: Desk, code: int, act: Callable[[], Told]) -> str:
    """What was said, after the checks that hold for every refusal: exit code, one sentence, nothing changed."""
    before = desk.stand()
    told = act()
    assert told.code == code, told.err
    assert told.json["exit_code"] == code
    message = told.json["error"]
    assert told.err == f"エラー: {message}\n"
    assert message.endswith("。") or ": " in message, "a sentence, or what there is to choose from"
    assert desk.stand() == before
    return str(message)


def refuse(desk: Desk, handin: HandIn, *words: str) -> None:
    """A hand-in that cannot be taken as a whole: recorded as refused with its reason, and nothing of it kept."""
    message = refused(desk, BAD, lambda: desk.submit(handin, "--json"))
    for word in words:
        assert word in message
    city = desk.city(handin.city)
    assert (city["received"], city["rejected"], city["outstanding"], city["balanced"]) == (0, 0, 0, True)
    assert city["submission"] == "refused"
    (problem,) = desk.problems(handin.city)
    assert {k: problem[k] for k in REFUSED_PROBLEM} == REFUSED_PROBLEM
    assert problem["file"] == TRANSMITTAL or problem["file"] in problem["message"]
    assert problem["message"] == message
    assert desk.status()["status"] == "open"
    assert desk.city(MORIYAMA)["received"] == ENOUGH


def take(desk: Desk, handin: HandIn, *, rejected: int) -> list[dict[str, Any]]:
    """A hand-in that is taken: its problems, after the checks that its count equation holds."""
    others = desk.rows(f"SELECT * FROM notice WHERE city <> '{handin.city}'")
    told = desk.submit(handin, "--json")
    assert told.code == 0, told.err
    rows = len(handin.tables["notices"]) - 1
    assert (told.json["status"], told.json["received"], told.json["rejected"]) == ("accepted", rows, rejected)
    city = desk.city(handin.city)
    assert (city["received"], city["rejected"], city["outstanding"]) == (rows, rejected, rows - rejected)
    assert city["balanced"]
    (stored,) = desk.rows(
        f"SELECT count(*), count(DISTINCT number) FROM notice WHERE city = '{handin.city}' AND run_id = '{RUN}'"
    )
    assert stored == (rows - rejected,) * 2
    assert desk.rows(f"SELECT * FROM notice WHERE city <> '{handin.city}'") == others
    return desk.problems(handin.city)


def one_problem(desk: Desk, handin: HandIn, place: tuple[str, int, str, str], *words: str) -> None:
    """One notice rejected for one reason, told at file, row, column and code; the others are taken."""
    (problem,) = take(desk, handin, rejected=1)
    assert (problem["file"], problem["row"], problem["column"], problem["code"]) == place
    assert problem["notice_number"]
    for word in words:
        assert word in problem["message"]


# Not what was asked for


def test_a_spreadsheet_in_place_of_a_csv_file_is_refused(desk: Desk) -> None:
    handin = HandIn()
    handin.raw["notices.csv"] = b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + bytes(range(256)) * 16
    refuse(desk, handin, "notices.csv", "読めません")


def test_a_spreadsheet_in_place_of_the_folder_is_refused(desk: Desk, tmp_path: Path) -> None:
    book = tmp_path / "handin.xlsx"
    book.write_bytes(b"PK\x03\x04" + bytes(1000))
    message = refused(desk, BAD, lambda: desk("submit", RUN, KUSATSU, book, "--json"))
    assert "handin.xlsx" in message
    assert TRANSMITTAL in message


def test_a_folder_that_does_not_exist_is_refused(desk: Desk, tmp_path: Path) -> None:
    message = refused(desk, BAD, lambda: desk("submit", RUN, KUSATSU, tmp_path / "nowhere", "--json"))
    assert "nowhere" in message
    assert desk.city(KUSATSU)["submission"] == "none"


def test_an_empty_folder_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = refused(desk, BAD, lambda: desk("submit", RUN, KUSATSU, tmp_path / "empty", "--json"))
    assert TRANSMITTAL in message


def test_a_folder_without_a_transmittal_is_refused_and_nothing_of_it_copied(desk: Desk) -> None:
    handin = HandIn()
    handin.raw[TRANSMITTAL] = None
    message = refused(desk, BAD, lambda: desk.submit(handin, "--json"))
    assert TRANSMITTAL in message
    assert not desk.files(f"inbox/{RUN}/{KUSATSU}")


def test_a_file_that_nobody_lists_is_refused_and_not_copied(desk: Desk) -> None:
    handin = HandIn()
    handin.raw["notices (2).csv"] = handin.csv(NOTICES)
    message = refused(desk, BAD, lambda: desk.submit(handin, "--json"))
    assert "知らないファイルが1個" in message
    assert not desk.files(f"inbox/{RUN}/{KUSATSU}")


def test_a_mapping_file_that_the_transmittal_does_not_list_is_not_passed_over_in_silence(desk: Desk) -> None:
    handin = HandIn()
    handin.tables["notices"][0][2] = "宛名"
    handin.seal().mapping = '[notices.columns]\n"氏名" = "宛名"\n'
    refuse(desk, handin, MAPPING, TRANSMITTAL)


@pytest.mark.parametrize("file", [t.file for t in TABLES])
def test_a_listed_file_that_is_missing_is_refused_by_name(desk: Desk, file: str) -> None:
    handin = HandIn().seal()
    handin.raw[file] = None
    refuse(desk, handin, file, "ありません")


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"not json", "読めません"), (b'{"city": "252069"', "読めません"), (b"[]", "読めません"), (b"", "読めません")],
    ids=["text", "cut_off", "a_list", "empty"],
)
def test_a_transmittal_that_is_not_json_is_refused(desk: Desk, data: bytes, word: str) -> None:
    handin = HandIn()
    handin.raw[TRANSMITTAL] = data
    refuse(desk, handin, TRANSMITTAL, word)


@pytest.mark.parametrize(
    "said",
    [{"notices": "3"}, {"tax_total": None}, {"year": "2026"}, {"files": "notices.csv"}, {"notices": -3}],
    ids=lambda said: next(iter(said)),
)
def test_a_transmittal_with_a_wrong_type_is_refused_and_names_the_entry(desk: Desk, said: dict[str, object]) -> None:
    handin = HandIn()
    handin.said = said
    refuse(desk, handin, TRANSMITTAL, *said)


def test_a_transmittal_for_another_city_is_refused_with_both_codes(desk: Desk) -> None:
    handin = HandIn()
    handin.said = {"city": RITTO}
    refuse(desk, handin, RITTO, KUSATSU)


def test_a_transmittal_for_another_kind_is_refused_with_both_kinds(desk: Desk) -> None:
    handin = HandIn()
    handin.said = {"kind": "resident_tax"}
    refuse(desk, handin, "resident_tax", "property_tax")


def test_a_transmittal_for_another_year_is_refused_with_both_years(desk: Desk) -> None:
    handin = HandIn()
    handin.said = {"year": 2025}
    refuse(desk, handin, "2025", "2026")


def test_a_city_that_is_no_member_is_a_wrong_call_and_the_members_are_listed(desk: Desk) -> None:
    message = refused(desk, USAGE, lambda: desk.submit(HandIn(), "--json", city="999999"))
    assert "999999" in message
    assert KUSATSU in message


def test_a_run_that_does_not_exist_is_a_wrong_call_and_the_runs_are_listed(desk: Desk, tmp_path: Path) -> None:
    message = refused(desk, USAGE, lambda: desk("submit", "property_tax-2031", KUSATSU, tmp_path, "--json"))
    assert "property_tax-2031" in message
    assert RUN in message


@pytest.mark.parametrize(("kind", "year"), [("estate_tax", 2026), ("property_tax", 26), ("property_tax", 1926)])
def test_a_kind_or_year_that_is_not_known_opens_no_run(desk: Desk, kind: str, year: int) -> None:
    message = refused(desk, USAGE, lambda: desk("run", "open", kind, year, "--json"))
    assert kind in message if kind != "property_tax" else str(year) in message


@pytest.mark.parametrize("date", ["2026-02-30", "10.4.2026", "tomorrow"])
def test_a_mailing_date_that_does_not_exist_opens_no_run(desk: Desk, date: str) -> None:
    message = refused(desk, USAGE, lambda: desk("run", "open", "property_tax", 2026, "--mailing-date", date, "--json"))
    assert date in message


# Encoding and form of the files


@pytest.mark.parametrize(("encoding", "said"), [("cp932", "utf-8"), ("utf-8", "cp932"), ("utf-16", "utf-8")])
def test_a_file_in_another_encoding_than_said_is_refused(desk: Desk, encoding: str, said: str) -> None:
    handin = HandIn()
    handin.encoding, handin.said = encoding, {"encoding": said}
    refuse(desk, handin, ".csv", said)


@pytest.mark.parametrize(
    ("encoding", "newline"),
    [("utf-8-sig", "\n"), ("utf-8", "\r\n"), ("cp932", "\r\n")],
    ids=["BOM", "CRLF", "cp932"],
)
def test_byte_order_mark_and_line_ends_are_as_the_city_likes(desk: Desk, encoding: str, newline: str) -> None:
    handin = HandIn()
    handin.encoding, handin.newline = encoding, newline
    assert take(desk, handin, rejected=0) == []


def test_quotes_in_a_field_are_taken_as_they_are(desk: Desk) -> None:
    assert take(desk, HandIn().set("notices", 1, "方書", '"見本荘",2号'), rejected=0) == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_line_break_in_a_field_rejects_the_notice_and_shifts_no_other_row(desk: Desk, newline: str) -> None:
    handin = HandIn().set("notices", 1, "方書", f"見本荘{newline}2号").set("notices", 3, "敬称", "")
    handin.quoting = csv.QUOTE_ALL
    problems = take(desk, handin, rejected=2)
    assert [(p["row"], p["column"], p["code"]) for p in problems] == [
        (2, "方書", "control_character"),
        (4, "敬称", "required"),
    ]


def test_a_quote_that_is_never_closed_is_refused(desk: Desk) -> None:
    handin = HandIn()
    handin.raw["notices.csv"] = handin.csv(NOTICES).replace("見本　2郎".encode(), '"見本　2郎'.encode())
    refuse(desk, handin, "notices.csv", "引用符")


@pytest.mark.parametrize(
    ("table", "title"),
    [("notices", "敬称"), ("assets", "評価額"), ("instalments", "納期限")],
    ids=[t.name for t in TABLES],
)
def test_a_missing_column_is_refused_by_name(desk: Desk, table: str, title: str) -> None:
    refuse(desk, HandIn().drop_column(table, title), f"{table}.csv", "足りない列", title)


def test_an_extra_column_is_refused_by_its_place(desk: Desk) -> None:
    refuse(desk, HandIn().add_column("notices", "備考", "至急"), "notices.csv", "余分な列", "21列目")


def test_a_refusal_for_one_files_sake_is_recorded_at_that_file(desk: Desk) -> None:
    desk.submit(HandIn().drop_column("assets", "評価額"))
    (problem,) = desk.problems()
    assert problem["file"] == "assets.csv"


def test_a_mapping_file_with_titles_that_we_do_not_know_is_refused_and_names_them(desk: Desk) -> None:
    handin = HandIn()
    handin.mapping = '[notices.columns]\n"なまえ" = "氏名"\n'
    refuse(desk, handin, MAPPING, "[notices]", "なまえ")


# Hashes, totals, copies that break off


def test_a_file_changed_after_its_hash_was_taken_is_refused(desk: Desk) -> None:
    handin = HandIn().seal().set("notices", 1, "氏名", "見本　九郎")
    refuse(desk, handin, "notices.csv", "SHA-256", hashlib.sha256(handin.csv(NOTICES)).hexdigest()[:12])


@pytest.mark.parametrize("table", [t.name for t in TABLES])
def test_a_truncated_file_is_refused_by_its_hash(desk: Desk, table: str) -> None:
    refuse(desk, HandIn().seal().cut(table, 300), f"{table}.csv", "SHA-256")


@pytest.mark.parametrize("lines", [2, 3, 4], ids=lambda n: f"{n - 1}_rows_left")
def test_a_file_truncated_before_its_hash_was_taken_is_refused_by_its_rows(desk: Desk, lines: int) -> None:
    handin = HandIn()
    whole = handin.csv(NOTICES)
    keep = len(b"\n".join(whole.split(b"\n")[:lines])) - 4  # within the last figure of a row
    refuse(desk, handin.cut("notices", keep), "受け取れません", "送付票")


@pytest.fixture
def restless(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk after a hand-in whose export was still being written while it was copied."""
    folder, context = HandIn().write(tmp_path / "in"), desk.context()
    copied = context.files.take

    def take_another(source: Any, key: str) -> tuple[str, int]:
        return copied(io.BytesIO(b"half") if key.endswith("notices.csv") else source, key)

    monkeypatch.setattr(context.files, "take", take_another)
    with pytest.raises(submitting.BadInput, match=r"notices\.csv.*書き換わり"):
        submitting.submit(context, RUN, KUSATSU, folder)
    return desk


def test_a_file_that_changes_while_it_is_copied_is_refused(opened: Desk, restless: Desk) -> None:
    assert restless.stand() == opened.stand()
    assert restless.city(KUSATSU)["submission"] == "none"


def test_a_file_that_changes_while_it_is_copied_leaves_no_copy(restless: Desk) -> None:
    assert not restless.files(f"inbox/{RUN}/{KUSATSU}")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"notices": 4}, ("通知書の件数", "送付票 4", "受領データ 3")),
        ({"tax_total": 80_000}, ("税額の合計", "送付票 80,000", "受領データ 78,000")),
    ],
    ids=["notices", "tax"],
)
def test_totals_that_differ_from_the_transmittal_are_refused_with_both_figures(
    desk: Desk, said: dict[str, int], words: tuple[str, ...]
) -> None:
    handin = HandIn()
    handin.said = said
    refuse(desk, handin, *words)


def test_a_detail_row_more_than_stated_is_refused_with_both_figures(desk: Desk) -> None:
    handin = HandIn()
    entries = handin.transmittal()["files"]
    entries[1]["rows"] = 5
    handin.said = {"files": entries}
    refuse(desk, handin, "assets.csv の行数", "送付票 5", "受領データ 6")


# One bad notice: told, set aside, and the others go on


def test_a_duplicate_notice_number_rejects_each_of_its_rows(desk: Desk) -> None:
    handin = HandIn(notices=4).set("notices", 4, "通知書番号", notice_number(1))
    problems = [p for p in take(desk, handin, rejected=2) if p["code"] == "duplicate_number"]
    assert [(p["file"], p["row"], p["column"]) for p in problems] == [
        ("notices.csv", 2, "通知書番号"),
        ("notices.csv", 5, "通知書番号"),
    ]
    assert {p["notice_number"] for p in problems} == {notice_number(1)}


def test_instalments_that_do_not_add_up_to_the_tax_reject_the_notice_with_both_sums(desk: Desk) -> None:
    handin = HandIn().set("instalments", 6, "納付額", "8100")
    one_problem(desk, handin, ("notices.csv", 3, "年税額", "instalments_sum"), "26,100円", "26,000円")


def test_a_due_date_before_the_mailing_date_rejects_the_notice_with_both_dates(desk: Desk) -> None:
    handin = HandIn().set("instalments", 6, "納期限", "2026-04-09")
    place = ("instalments.csv", 7, "納期限", "due_before_mailing")
    one_problem(desk, handin, place, "2026-04-09", MAILING_DATE)


def test_a_negative_amount_rejects_the_notice(desk: Desk) -> None:
    handin = HandIn().set("instalments", 6, "納付額", "-8000")
    one_problem(desk, handin, ("instalments.csv", 7, "納付額", "negative"), "負の額")


def test_an_amount_of_more_digits_than_a_slip_can_carry_rejects_the_notice(desk: Desk) -> None:
    handin = HandIn().set("instalments", 6, "納付額", "1" * 12)
    one_problem(desk, handin, ("instalments.csv", 7, "納付額", "too_large"), "99,999,999,999円")


@pytest.mark.parametrize("digits", [19, 20])
def test_a_tax_of_more_digits_than_the_database_holds_is_told_and_stops_nobody_else(desk: Desk, digits: int) -> None:
    told = desk.submit(HandIn().set("notices", 2, "年税額", "9" * digits))
    assert told.code in (0, BAD), told.err
    assert desk.city(KUSATSU)["submission"] in ("accepted", "refused")
    desk.go()
    assert desk.status()["status"] == "packaged"


def test_a_missing_honorific_rejects_the_notice(desk: Desk) -> None:
    one_problem(desk, HandIn().set("notices", 2, "敬称", ""), ("notices.csv", 3, "敬称", "required"), "敬称")


def test_a_missing_name_rejects_the_notice(desk: Desk) -> None:
    one_problem(desk, HandIn().set("notices", 2, "氏名", ""), ("notices.csv", 3, "氏名", "required"), "氏名")


def test_an_empty_postal_code_rejects_the_notice_and_says_what_foreign_addresses_need(desk: Desk) -> None:
    handin = HandIn().set("notices", 2, "郵便番号", "")
    one_problem(desk, handin, ("notices.csv", 3, "郵便番号", "required"), "国名")


@pytest.mark.parametrize(("code", "found"), [("000-0000", "zip_unknown"), ("52500", "zip_format")])
def test_a_wrong_postal_code_rejects_the_notice(desk: Desk, code: str, found: str) -> None:
    handin = HandIn().set("notices", 2, "郵便番号", code)
    one_problem(desk, handin, ("notices.csv", 3, "郵便番号", found), "郵便番号")


def test_a_field_of_10000_characters_rejects_the_notice_and_is_not_repeated(desk: Desk) -> None:
    handin = HandIn().set("notices", 2, "住所", "草津市" + "鰐" * 9_997)
    one_problem(desk, handin, ("notices.csv", 3, "住所", "too_long"), "10,000文字")
    assert "鰐" not in desk("run", "status", RUN).out


def test_a_private_use_character_rejects_the_notice_and_is_named_by_its_code_point(desk: Desk) -> None:
    handin = HandIn().set("notices", 2, "氏名", "見本\ue000郎")
    one_problem(desk, handin, ("notices.csv", 3, "氏名", "private_use"), "U+E000")
    listed = desk.home / "reports" / RUN / f"overflow-{KUSATSU}.csv"
    (row,) = list(csv.reader(listed.read_text("utf-8-sig").splitlines()))[1:]
    assert row[:6] == [notice_number(2), row[1], "notices.csv", "3", "氏名", "未登録外字"]


def test_a_detail_row_without_a_notice_is_told_and_rejects_nobody(desk: Desk) -> None:
    handin = HandIn()
    handin.tables["assets"].append([notice_number(9), *handin.tables["assets"][1][1:]])
    (problem,) = take(desk, handin, rejected=0)
    place = (problem["file"], problem["row"], problem["column"], problem["code"], problem["notice_number"])
    assert place == ("assets.csv", 8, "通知書番号", "orphan_row", notice_number(9))


def test_an_overseas_address_is_taken_and_goes_into_a_batch_for_hand_work(desk: Desk) -> None:
    handin = HandIn().set("notices", 2, "郵便番号", "").set("notices", 2, "国名", "アメリカ合衆国")
    assert take(desk, handin, rejected=0) == []
    planning.plan(desk.context(), RUN)
    by_hand = desk.rows("SELECT batch_id FROM piece WHERE office = ''")
    assert len(by_hand) == 1
    assert [b["pieces"] for b in desk.status()["batches"] if b["class"].endswith("hand")] == [1]
    (batch,) = [b for b in desk.status()["batches"] if b["class"].endswith("hand")]
    assert batch["id"] == by_hand[0][0]


def test_a_hand_in_whose_every_notice_is_bad_is_taken_and_counted(desk: Desk) -> None:
    handin = HandIn()
    for row in (1, 2, 3):
        handin.set("notices", row, "敬称", "")
    assert len(take(desk, handin, rejected=3)) == 3
    desk.go()
    assert desk.city(KUSATSU)["balanced"]
    assert desk.city(KUSATSU)["pieces"] == 0


# The same again, a better one, others


def test_the_same_hand_in_twice_is_one(desk: Desk) -> None:
    take(desk, HandIn(), rejected=0)
    before = desk.stand()
    again = desk.submit(HandIn(), "--json")
    assert (again.code, again.json["again"], again.json["received"]) == (0, True, 3)
    assert desk.stand() == before


def test_the_same_refused_hand_in_twice_is_refused_twice_and_recorded_once(desk: Desk) -> None:
    handin = HandIn()
    handin.said = {"notices": 4}
    refuse(desk, handin, "送付票 4")
    refuse(desk, handin, "送付票 4")
    assert desk.rows(f"SELECT count(*) FROM submission WHERE city = '{KUSATSU}'") == [(1,)]


def test_a_second_better_hand_in_before_planning_replaces_the_first(desk: Desk) -> None:
    take(desk, HandIn().set("notices", 2, "敬称", ""), rejected=1)
    assert take(desk, HandIn(notices=4), rejected=0) == []
    statuses = desk.rows(f"SELECT status FROM submission WHERE city = '{KUSATSU}' ORDER BY id")
    assert statuses == [("replaced",), ("accepted",)]
    desk.go()
    assert desk.rows(f"SELECT sum(notices) FROM piece WHERE city = '{KUSATSU}'") == [(4,)]
    assert desk.city(KUSATSU)["balanced"]


def test_a_refused_hand_in_leaves_the_accepted_one_of_before_standing(desk: Desk) -> None:
    take(desk, HandIn(), rejected=0)
    worse = HandIn(notices=4)
    worse.said = {"tax_total": 1}
    refused(desk, BAD, lambda: desk.submit(worse, "--json"))
    assert desk.city(KUSATSU)["received"] == 3
    (problem,) = desk.problems()
    assert problem["code"] == "refused"


def test_a_hand_in_that_was_replaced_and_comes_again_is_not_said_to_stand(desk: Desk) -> None:
    first, second = HandIn(), HandIn(notices=4)
    take(desk, first, rejected=0)
    take(desk, second, rejected=0)
    told = desk.submit(first, "--json")
    stands = desk.city(KUSATSU)["received"]
    assert (told.code == 0 and stands == 3) or (told.code in (RULE, BAD) and stands == 4)


def test_the_same_hand_in_from_two_desks_at_once_is_one(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, context = HandIn().write(tmp_path / "in"), desk.context()
    copied, others = context.files.take, [desk.context()]

    def take_while_another_submits(source: Any, key: str) -> tuple[str, int]:
        if others:
            submitting.submit(others.pop(), RUN, KUSATSU, folder)
        return copied(source, key)

    monkeypatch.setattr(context.files, "take", take_while_another_submits)
    try:
        told = submitting.submit(context, RUN, KUSATSU, folder)
    except Exception as error:
        raise AssertionError("the operator would see a trace") from error
    assert (told.status, told.received) == ("accepted", 3)
    assert desk.city(KUSATSU)["received"] == 3


def test_a_doubled_intake_message_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    folder, other, doubled = HandIn().write(tmp_path / "in"), desk.context(), list[int]()

    def deliver_again(_done: int, _total: int) -> None:
        if not doubled:
            doubled.append(1)
            ((waiting,),) = desk.rows("SELECT id FROM submission WHERE status = 'received'")
            submitting.take_in(other, str(waiting))

    told = submitting.submit(desk.context(), RUN, KUSATSU, folder, deliver_again)
    assert doubled
    assert told.status == "accepted"
    assert desk.city(KUSATSU)["outstanding"] == 3
    assert desk.rows(f"SELECT count(*) FROM notice WHERE city = '{KUSATSU}'") == [(3,)]


@pytest.fixture
def late(desk: Desk, tmp_path: Path) -> Callable[[], submitting.Submitted]:
    """A better hand-in that is still being read while somebody closes the run for hand-ins."""
    take(desk, HandIn(), rejected=0)
    folder, other, planned = HandIn(notices=5).write(tmp_path / "late"), desk.context(), list[int]()

    def plan(_done: int, _total: int) -> None:
        if not planned:
            planned.append(1)
            planning.plan(other, RUN)

    return lambda: submitting.submit(desk.context(), RUN, KUSATSU, folder, plan)


def test_a_hand_in_that_is_read_too_late_does_not_touch_the_plan(
    desk: Desk, late: Callable[[], submitting.Submitted]
) -> None:
    with pytest.raises((Refused, submitting.BadInput), match="締め切"):
        late()
    assert desk.rows(f"SELECT sum(notices) FROM piece WHERE city = '{KUSATSU}'") == [(3,)]
    assert desk.rows(f"SELECT count(*) FROM notice WHERE city = '{KUSATSU}'") == [(3,)]
    desk.go()
    assert desk.status()["status"] == "packaged"
    assert desk.status()["balanced"]


def test_a_hand_in_that_is_read_too_late_is_refused_by_the_rule_and_leaves_no_records(
    desk: Desk, late: Callable[[], submitting.Submitted]
) -> None:
    records = desk.files("records")
    try:
        late()
    except (Refused, submitting.BadInput) as refusal:
        code = refusal.exit_code
    assert code == RULE
    assert desk.files("records") == records


def test_one_citys_refused_hand_in_does_not_stop_the_others(desk: Desk) -> None:
    bad = HandIn()
    bad.said = {"notices": 4}
    refuse(desk, bad)
    take(desk, HandIn(RITTO), rejected=0)
    desk.go()
    status = desk.status()
    assert (status["status"], status["balanced"]) == ("packaged", True)
    assert {c["code"]: c["pieces"] for c in status["cities"] if c["pieces"]} == {MORIYAMA: ENOUGH, RITTO: 3}


def test_a_hand_in_that_breaks_off_after_copying_is_read_by_the_next_run_go(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(submitting, "take_in", power_cut)
        assert desk.submit(HandIn()).code == 1
    assert desk.city(KUSATSU)["submission"] == "received"
    desk.go()
    assert desk.status()["status"] == "packaged"
    assert desk.city(KUSATSU)["outstanding"] == 3


# Disk full


LIMITED = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
os.execv(sys.argv[2], sys.argv[2:])
"""


def limited(desk: Desk, limit: int, *words: object) -> Told:
    """The installed command in a process that cannot write a file beyond ``limit`` bytes, as on a full disk."""
    program = Path(sys.executable).with_name("printjobs")
    command = [sys.executable, "-c", LIMITED, str(limit), str(program), *map(str, words)]
    done = subprocess.run(command, env=environment(desk.home), capture_output=True, encoding="utf-8", check=False)
    return Told(done.returncode, done.stdout, done.stderr)


def told_of_full_disk(told: Told) -> None:
    assert told.code == 1
    assert "空き" in told.err
    assert "同じ操作をもう一度" in told.err
    assert "Traceback" not in told.err


MANY = 300  # notices, so that a file is larger than what the database needs to work at all


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return HandIn(KUSATSU, MANY).write(tmp_path_factory.mktemp("many"))


@pytest.mark.parametrize(("limit", "what"), [(40_000, "inbox"), (100_000, "records")])
def test_a_full_disk_during_submit_leaves_nothing_half_done_and_the_same_command_succeeds_later(
    desk: Desk, many: Path, limit: int, what: str
) -> None:
    before = desk.stand()
    told = limited(desk, limit, "submit", RUN, KUSATSU, many)
    told_of_full_disk(told)
    assert f"{what}/" in told.err
    after = desk.stand()
    assert {k: v for k, v in after.items() if k != "waiting"} == {k: v for k, v in before.items() if k != "waiting"}
    stored = {p.name: p for p in (desk.home / "inbox" / RUN / KUSATSU).rglob("*") if p.is_file()}
    assert all(p.read_bytes() == (many / name).read_bytes() for name, p in stored.items())
    again = desk("submit", RUN, KUSATSU, many, "--json")
    assert (again.code, again.json["received"], again.json["rejected"]) == (0, MANY, 0)
    assert desk.rows(f"SELECT count(*) FROM notice WHERE city = '{KUSATSU}'") == [(MANY,)]
    assert desk.rows(f"SELECT count(*) FROM submission WHERE city = '{KUSATSU}'") == [(1,)]


@pytest.fixture(scope="module")
def no_room_for_the_database(opened: Desk, many: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Told]:
    """A machine whose disk is so full that the database cannot even begin to write, and what submit said there."""
    desk = copy(opened, tmp_path_factory.mktemp("no-room") / "home")
    return desk, limited(desk, 20_000, "submit", RUN, KUSATSU, many)


def test_a_full_disk_under_the_database_is_told_as_such(no_room_for_the_database: tuple[Desk, Told]) -> None:
    told_of_full_disk(no_room_for_the_database[1])


def test_a_full_disk_under_the_database_leaves_nothing_half_done(
    opened: Desk, many: Path, no_room_for_the_database: tuple[Desk, Told]
) -> None:
    desk, told = no_room_for_the_database
    assert told.code == 1
    assert desk.stand() == opened.stand()
    assert desk("submit", RUN, KUSATSU, many).code == 0
    assert desk.city(KUSATSU)["received"] == MANY


@pytest.fixture(scope="module")
def whole(opened: Desk, many: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Desk]:
    """A run before and after ``run go``, with room enough."""
    before = copy(opened, tmp_path_factory.mktemp("before") / "home")
    assert before("submit", RUN, KUSATSU, many).code == 0
    after = copy(before, tmp_path_factory.mktemp("after") / "home")
    after.go()
    return before, after


@pytest.mark.parametrize("limit", [300_000, 700_000], ids=["first_print_file", "second_print_file"])
def test_a_full_disk_during_run_go_leaves_no_half_file_and_the_same_command_gives_the_right_result_later(
    whole: tuple[Desk, Desk], tmp_path: Path, limit: int
) -> None:
    before, after = whole
    desk = copy(before, tmp_path / "home")
    told_of_full_disk(limited(desk, limit, "run", "go", RUN))
    wanted = after.files("batches", "proofs")
    assert desk.files("batches", "proofs").items() <= wanted.items()
    assert "packaged" not in {b["status"] for b in desk.status()["batches"]}
    assert desk("release", RUN).code == RULE
    desk.go()
    assert desk.files("batches", "proofs") == wanted
    status = desk.status()
    assert (status["status"], status["balanced"]) == ("packaged", True)
    desk.approve()
    assert desk("release", RUN).code == 0


def test_the_list_of_texts_set_aside_is_there_after_a_second_try(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    handin = HandIn().set("notices", 2, "氏名", "見本\ue000郎")
    writer = Files.writer
    full = [StoreFull("保存先の空き容量が足りません。")]

    def fails_once(self: Files, key: str) -> Any:
        if key.startswith("reports/") and full:
            raise full.pop()
        return writer(self, key)

    monkeypatch.setattr(Files, "writer", fails_once)
    assert desk.submit(handin).code == 1
    assert desk.submit(handin).code == 0
    assert desk.files("reports").keys() == {
        f"reports/{RUN}/{name}-{c}.csv" for name in ("overflow", "gaiji", "characters") for c in (KUSATSU, MORIYAMA)
    }


# Release


def test_a_run_is_not_released_before_its_batches_are_sealed(desk: Desk) -> None:
    message = refused(desk, RULE, lambda: desk("release", RUN, "--json"))
    assert "open" in message
    assert "run go" in message


def test_a_run_without_any_notice_is_not_planned(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    desk("run", "open", PROPERTY_TAX.code, 2026)
    with pytest.raises(Refused, match="submit"):
        desk.go()
    assert desk.status()["status"] == "open"


def test_a_run_already_released_takes_no_hand_in(out: Desk) -> None:
    message = refused(out, RULE, lambda: out.submit(HandIn(RITTO), "--json"))
    assert "締め切り済み" in message
    assert "新しい回" in message
    assert not out.files(f"inbox/{RUN}/{RITTO}")


def test_a_planned_run_takes_no_hand_in_either(sealed: Desk) -> None:
    refused(sealed, RULE, lambda: sealed.submit(HandIn(KUSATSU, 2), "--json"))


def test_a_run_already_released_is_not_released_again(out: Desk) -> None:
    message = refused(out, RULE, lambda: out("release", RUN, "--json"))
    assert "引渡し" in message


def spoil(desk: Desk, pattern: str, *, remove: bool = False) -> None:
    """Change one bit of a file of the first batch, or take it away."""
    path = min((desk.home / "batches").glob(f"*/{pattern}"))
    data = bytearray(path.read_bytes())
    path.unlink()
    if not remove:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


PACKAGE = ["*-F01.pdf", "mailrun.csv", "mailrun.txt", "jobsheet.pdf", "SHA256SUMS", "manifest.json"]


@pytest.mark.parametrize("name", [PACKAGE[0], *(n for n in PACKAGE[1:])])
def test_a_file_of_the_package_that_changed_after_the_check_keeps_the_run_from_release(sealed: Desk, name: str) -> None:
    spoil(sealed, name)
    message = refused(sealed, RULE, lambda: sealed("release", RUN, "--json"))
    assert name.removeprefix("*") in message
    assert sealed.status()["status"] == "packaged"


@pytest.mark.parametrize(
    "name",
    [
        PACKAGE[0],
        *(n for n in PACKAGE[1:-1]),
        PACKAGE[-1],
    ],
)
def test_a_file_of_the_package_that_is_gone_keeps_the_run_from_release(sealed: Desk, name: str) -> None:
    spoil(sealed, name, remove=True)
    message = refused(sealed, RULE, lambda: sealed("release", RUN, "--json"))
    assert name.removeprefix("*") in message


def test_a_missing_manifest_is_made_again_by_what_the_message_says(sealed: Desk) -> None:
    spoil(sealed, "manifest.json", remove=True)
    told = sealed("release", RUN)
    assert "run go" in told.err
    sealed.go()
    assert sealed("release", RUN).code == 0


# Reports of the vendor

COLUMNS = report_layout(STANDARD).columns


def report(desk: Desk, spoiled: tuple[int, ...] = ()) -> list[list[str]]:
    """A vendor's report with its header: every sheet seen, every piece inserted but those of the first batch named."""
    context = desk.context()
    run = context.run(RUN)
    rows: list[list[str]] = [list(COLUMNS)]
    with context.engine.connect() as connection:
        batches = production.batches(connection, RUN)
    for at, batch in enumerate(batches):
        inserted = 0
        for number, marks in released_marks(context, run, batch):
            good = at > 0 or number not in spoiled
            inserted += good
            rows += [["08:00", "sheet", str(batch.number), str(number), mark, "", ""] for mark in marks]
            result = "inserted" if good else "spoiled"
            rows.append(["08:00", "piece", str(batch.number), str(number), "", result, ""])
        rows.append(["", "post", str(batch.number), "", "", "", str(inserted)])
    return rows


def load(desk: Desk, rows: list[list[str]] | bytes) -> Told:
    path = desk.home.with_name("report.csv")
    if isinstance(rows, bytes):
        path.write_bytes(rows)
    else:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return desk("scans", "load", RUN, path, "--json")


def test_a_report_before_release_is_refused_by_a_rule(sealed: Desk) -> None:
    message = refused(sealed, RULE, lambda: load(sealed, [list(COLUMNS)]))
    assert "release" in message


def test_a_report_that_does_not_exist_is_refused(out: Desk, tmp_path: Path) -> None:
    message = refused(out, BAD, lambda: out("scans", "load", RUN, tmp_path / "nowhere.csv", "--json"))
    assert "nowhere.csv" in message


@pytest.mark.parametrize(
    "header",
    [b"", b"time,event\n", b"batch,piece,mark,status,count,time,event\n", b"PK\x03\x04\n", "時刻,事象\n".encode()],
    ids=["empty", "short", "in_another_order", "a_zip", "in_japanese"],
)
def test_a_report_with_a_wrong_header_is_refused_and_the_right_one_is_told(out: Desk, header: bytes) -> None:
    message = refused(out, BAD, lambda: load(out, header))
    assert ",".join(COLUMNS) in message


@pytest.mark.parametrize(
    "line",
    [
        ["08:00", "sheet"],
        ["08:00", "sheet", "1", "1", "", "", "", ""],
        ["08:00", "weigh", "1", "1", "", "", ""],
        ["08:00", "piece", "1", "1", "", "lost", ""],
        ["08:00", "piece", "1", "1", "", "", ""],
        ["08:00", "piece", "", "1", "", "inserted", ""],
        ["08:00", "piece", "one", "1", "", "inserted", ""],
        ["08:00", "piece", "１", "1", "", "inserted", ""],
        ["08:00", "piece", "-1", "1", "", "inserted", ""],
        ["08:00", "post", "1", "", "", "", "all"],
        ["08:00", "post", "1", "", "", "", ""],
    ],
    ids=[
        "too_short", "too_long", "unknown_event", "unknown_status", "no_status", "no_batch", "batch_in_letters",
        "wide_digit", "negative", "count_in_letters", "no_count",
    ],
)  # fmt: skip
def test_a_bad_row_of_a_report_is_kept_and_shown_and_the_good_rows_count(out: Desk, line: list[str]) -> None:
    rows = report(out)
    told = load(out, [*rows, line])
    assert (told.code, told.json["statuses"]) == (0, {"mailed": 2 * ENOUGH})
    (bad,) = told.json["bad"]
    assert (bad["line"], bad["text"]) == (len(rows) + 1, ",".join(line))
    assert bad["reason"].endswith("。")
    assert out.rows("SELECT lines, bad FROM scan_log") == [(len(rows), 1)]
    assert out.rows("SELECT line, reason, text FROM bad_row") == [tuple(bad.values())]


@pytest.mark.parametrize("event", ["sheet", "piece", "lost"])
def test_a_posting_after_a_bad_row_waits_until_it_is_told_again(out: Desk, event: str) -> None:
    """Of two batches' postings, of which the bad row comes before the second."""
    rows = report(out)
    told = load(out, [*rows[:-1], ["08:00", event, "", "one", "", "inserted", ""], rows[-1]])
    assert told.json["statuses"] == {"mailed": 2 * ENOUGH - last(rows), "inserted": last(rows)}
    assert [f["code"] for f in told.json["findings"]] == ["post_after_bad_row"]
    assert load(out, [rows[0], rows[-1]]).json["statuses"] == {"mailed": last(rows)}


def last(rows: list[list[str]]) -> int:
    """How many envelopes the last batch has."""
    return int(rows[-1][6])


def test_a_count_that_is_equal_only_because_a_row_is_bad_mails_nothing(out: Desk) -> None:
    """The posting leaves one envelope out, and the row that tells of an envelope is the one that cannot be read."""
    rows = report(out)
    at = max(i for i, row in enumerate(rows) if row[1] == "piece")
    rows[at] = [*rows[at][:5], "insrted", ""]
    rows[-1] = [*rows[-1][:6], str(last(rows) - 1)]
    assert load(out, rows).json["statuses"] == {"mailed": 2 * ENOUGH - last(rows) - 1, "inserted": last(rows)}


def test_an_envelope_among_whose_sheets_a_row_is_bad_is_made_again(out: Desk) -> None:
    """Its sheets are all there; the bad row may be one more, which lies in it as well."""
    rows = report(out)
    at = max(i for i, row in enumerate(rows) if row[1] == "sheet") + 1
    told = load(out, [*rows[:at], ["x"], *rows[at:-1]])
    assert told.json["statuses"] == {
        "mailed": 2 * ENOUGH - last(rows), "inserted": last(rows) - 1, "spoiled": 1,
    }  # fmt: skip
    assert [f["code"] for f in told.json["findings"]] == ["bad_row", "contradiction"]


def test_a_report_without_one_row_that_can_be_read_is_refused(out: Desk) -> None:
    data = ",".join(COLUMNS).encode() + "\n08:00,封入,1,1,,,\n".encode("cp932")
    assert "scans layouts" in refused(out, BAD, lambda: load(out, data))


def test_a_report_of_which_there_is_only_the_header_changes_nothing(out: Desk) -> None:
    told = load(out, [list(COLUMNS)])
    assert (told.code, told.json["lines"], told.json["statuses"]) == (0, 0, {})


@pytest.mark.parametrize(
    ("event", "place", "digits"),
    [
        ("sheet", 2, 19),
        ("sheet", 3, 19),
        ("piece", 2, 19),
        ("sheet", 2, 5_000),
        ("piece", 3, 5_000),
        ("post", 6, 5_000),
    ],
    ids=str,
)
def test_a_number_that_no_machine_counts_to_is_a_bad_row_and_little_of_it_is_kept(
    out: Desk, event: str, place: int, digits: int
) -> None:
    line = ["08:00", event, "1", "1", "", "inserted", "1"]
    line[place] = "9" * digits
    told = load(out, [*report(out), line])
    assert told.json["statuses"] == {"mailed": 2 * ENOUGH}
    assert len(told.json["bad"][0]["text"]) <= 300


def test_the_report_of_another_run_is_refused_whole_although_its_batches_have_the_same_numbers(out: Desk) -> None:
    """Taken, it would spoil every piece, for none of them was seen; the ceiling of reprints alone would notice."""
    mark = COLUMNS.index("mark")
    another = [[*row[:mark], row[mark].replace("1", "2", 1), *row[mark + 1 :]] for row in report(out)]
    assert "別の回" in refused(out, BAD, lambda: load(out, another))
    assert load(out, report(out)).json["statuses"] == {"mailed": 2 * ENOUGH}


def test_a_sheet_of_another_run_among_our_own_is_a_finding(out: Desk) -> None:
    rows = report(out)
    told = load(out, [*rows, ["08:30", "sheet", "1", "1", "2" * 34, "", ""]])
    assert (told.code, [f["code"] for f in told.json["findings"]]) == (0, ["foreign"])


def test_a_report_sent_twice_counts_once(out: Desk) -> None:
    rows = report(out)
    first = load(out, rows)
    assert (first.code, first.json["again"]) == (0, False)
    assert first.json["statuses"] == {"mailed": 2 * ENOUGH}
    before = out.stand()
    second = load(out, rows)
    assert (second.code, second.json["again"], second.json["statuses"]) == (0, True, {})
    assert second.json["lines"] == first.json["lines"] == len(rows) - 1
    assert out.stand() == before


def test_a_report_with_a_byte_order_mark_and_crlf_is_taken(out: Desk) -> None:
    text = "".join(",".join(row) + "\r\n" for row in report(out))
    assert load(out, text.encode("utf-8-sig")).json["statuses"] == {"mailed": 2 * ENOUGH}


def test_a_new_report_after_closing_is_refused_and_an_old_one_changes_nothing(out: Desk) -> None:
    rows = report(out)
    assert load(out, rows).code == 0
    out.go()
    assert out.status()["status"] == "closed"
    before = out.stand()
    assert load(out, rows).json["again"]
    assert out.stand() == before
    refused(out, RULE, lambda: load(out, [*rows, rows[1]]))


def test_a_report_that_breaks_off_before_its_reprints_are_planned_is_finished_by_the_next_run_go(
    out: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(settling, "reprint", power_cut)
        assert load(out, report(out, spoiled=(1,))).code == 1
    assert out.rows("SELECT count(*) FROM piece WHERE status = 'spoiled'") == [(1,)]
    out.go()
    assert [b["pieces"] for b in out.status()["batches"] if b["generation"] == 2] == [1]
    assert out.status()["balanced"]


def test_more_spoiled_pieces_than_the_ceiling_are_kept_in_sight_and_not_reprinted_unasked(out: Desk) -> None:
    told = load(out, report(out, spoiled=(1, 2, 3)))
    assert told.code == RULE
    assert "run reprint" in told.json["held"]
    out.go()
    assert {b["generation"] for b in out.status()["batches"]} == {1}
    assert out.status()["status"] == "released"
    assert sum(c["outstanding"] for c in out.status()["cities"]) == 3
    assert out("run", "reprint", RUN).code == 0
    out.go()
    assert [b["pieces"] for b in out.status()["batches"] if b["generation"] == 2] == [3]


# Nobody's name anywhere but on paper

MARKER = "鰐淵標本"  # no one's surname; the shipped faces have it, so it is printed as well
# What holds notices on purpose; print files are compressed and drawn. The list of gaiji goes to the city alone, which
# has to see the name that the character stands in.
ELSEWHERE = ("inbox/", "records/", f"reports/{RUN}/gaiji-")


def marked() -> HandIn:
    """Notices that say the marker wherever a text may stand; seven of them are rejected, each for another reason."""
    handin = HandIn(notices=ENOUGH)
    for row in range(1, ENOUGH + 1):
        handin.set("notices", row, "氏名", f"{MARKER}　{row}郎").set("notices", row, "住所", f"草津市{MARKER}{row}")
        handin.set("notices", row, "方書", f"{MARKER}方").set("notices", row, "共有者", f"外{MARKER}")
        handin.set("assets", 2 * row, "所在", f"草津市{MARKER}").set("assets", 2 * row, "摘要", MARKER)
    handin.set("notices", 2, "敬称", "").set("notices", 3, "宛名番号", "700000000")
    handin.set("notices", 4, "氏名", f"{MARKER}\ue000").set("notices", 5, "住所", f"{MARKER}𠮷")
    handin.set("notices", 6, "氏名", MARKER * 19).set("notices", 7, "方書", f"{MARKER}\n")
    handin.set("notices", 8, "国名", MARKER)
    handin.quoting = csv.QUOTE_ALL
    return handin


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger that exists speaks, however quiet its library keeps it."""
    known = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    were = [(logger, logger.level, logger.propagate, logger.disabled) for logger in known]
    for logger in known:
        logger.setLevel(logging.DEBUG)
        logger.propagate, logger.disabled = True, False
    with caplog.at_level(logging.DEBUG):
        yield caplog
    for logger, level, propagate, disabled in were:
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, disabled


def everything_kept(desk: Desk) -> Iterator[tuple[str, str]]:
    """Every text outside the notices themselves: names of files, rows of the database, files as text."""
    for (table,) in desk.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        yield table, repr(desk.rows(f"SELECT * FROM {table}"))
    for path in desk.home.rglob("*"):
        name = str(path.relative_to(desk.home))
        yield "the name of a file", name
        if not path.is_file() or name.startswith(ELSEWHERE):
            continue
        if path.suffix == ".pdf":
            with pypdf.PdfReader(path) as pdf:
                yield name, repr(pdf.metadata)
                if path.stem == "jobsheet" or "statements" in name:
                    yield name, "".join(page.extract_text() for page in pdf.pages)
        else:
            yield name, path.read_bytes().decode(errors="replace")


def test_no_name_and_no_address_leaves_the_notices(
    desk: Desk, everything_logged: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_this_process(settings: Settings, run_id: str, _watcher: object) -> None:
        context = Context(settings)
        while steps := unfinished(context, run_id):
            todo = list(steps)
            while todo:
                todo += run_step(context, todo.pop(0))

    monkeypatch.setattr("printjobs.cli.commands.run_all", in_this_process)
    shown = [desk.submit(marked()), desk("run", "status", RUN), desk("run", "status", RUN, "--json")]
    assert json.loads(shown[-1].out)["cities"][1]["rejected"] == 7
    shown += [desk("run", "go", RUN), desk("proof", RUN, "--city", KUSATSU)]
    desk.approve()
    shown += [desk("release", RUN), load(desk, report(desk, spoiled=(1,)))]
    shown += [desk("run", "go", RUN), desk("release", RUN), load(desk, report_of_reprints(desk))]
    shown += [desk("run", "go", RUN), desk("cost", RUN), desk("run", "status", RUN)]
    assert [told.code for told in shown] == [0] * len(shown)
    assert desk.status()["status"] == "closed"
    for told in shown:
        assert MARKER not in told.out + told.err
    assert len(everything_logged.records) > 100
    for record in everything_logged.records:
        assert MARKER not in record.getMessage()
        assert MARKER not in str(record.__dict__)
    for where, text in everything_kept(desk):
        assert MARKER not in text, where


def report_of_reprints(desk: Desk) -> list[list[str]]:
    header, *rows = report(desk)
    ours = {str(n) for (n,) in desk.rows("SELECT number FROM batch WHERE generation > 1")}
    return [header, *(row for row in rows if row[2] in ours)]


def test_the_marker_is_really_in_what_is_printed(desk: Desk) -> None:
    desk.submit(marked())
    desk.go()
    (proof,) = (desk.home / "proofs" / RUN).glob(f"{KUSATSU}-*.pdf")
    assert MARKER in "".join(page.extract_text() for page in pypdf.PdfReader(proof).pages)


def _breakages() -> dict[str, HandIn]:
    """Hand-ins full of the marker, each broken as a whole in another way."""
    names = ("encoding", "header", "quote", "columns", "totals", "hash", "shifted", "short")
    broken = {name: marked() for name in names}
    broken["encoding"].encoding, broken["encoding"].said = "utf-8", {"encoding": "cp932"}
    broken["header"].raw["notices.csv"] = broken["header"].csv(NOTICES).split(b"\n", 1)[1]
    broken["quote"].raw["notices.csv"] = broken["quote"].csv(NOTICES).replace(b'"\n', b"\n", 1)
    broken["columns"].drop_column("notices", "敬称").add_column("notices", MARKER, MARKER)
    broken["totals"].said = {"notices": 1}
    broken["hash"].seal().set("notices", 1, "氏名", f"{MARKER}次")
    for row in broken["shifted"].tables["notices"][1:]:
        del row[:2]  # the name stands where the number should
    broken["short"].tables["notices"][9] = [MARKER]
    return broken


@pytest.mark.parametrize("name", _breakages())
def test_no_fault_of_a_whole_hand_in_repeats_a_name(desk: Desk, name: str) -> None:
    handin = _breakages()[name]
    told = desk.submit(handin, "--json")
    assert MARKER not in told.out + told.err
    status = desk("run", "status", RUN, "--json")
    assert MARKER not in status.out
    for where, text in everything_kept(desk):
        assert MARKER not in text, where


@pytest.mark.parametrize("name", [n for n in _breakages() if n not in ("shifted", "short")])
def test_no_exception_repeats_a_name(desk: Desk, tmp_path: Path, name: str) -> None:
    folder = _breakages()[name].write(tmp_path / "in")
    with pytest.raises(submitting.BadInput) as refusal:
        submitting.submit(desk.context(), RUN, KUSATSU, folder)
    assert MARKER not in "".join(traceback.format_exception(refusal.value))
    chain: list[BaseException | None] = [refusal.value]
    while chain[-1] is not None:
        assert MARKER not in str(chain[-1])
        chain.append(chain[-1].__cause__ or chain[-1].__context__)


def test_a_reader_that_comes_too_late_leaves_the_records_that_are_printed_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message comes twice: while one worker still reads, another has recorded the hand-in and the run is planned."""
    desk = Desk(tmp_path / "home")
    assert desk("run", "open", "property_tax", 2026).code == 0
    context, write = desk.context(), submitting.reports.write
    readers: list[str] = []

    def slow(*words: Any) -> None:
        if not readers:
            readers.append("first")
            ((submission,),) = desk.rows("SELECT id FROM submission")
            submitting.take_in(context, str(submission))
            planning.plan(context, RUN)
        write(*words)

    monkeypatch.setattr(submitting.reports, "write", slow)
    assert desk.submit(HandIn()).code == 0
    assert readers == ["first"]
    desk.go()
    assert (desk.status()["status"], desk.city(KUSATSU)["outstanding"]) == ("packaged", 3)
