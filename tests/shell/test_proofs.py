"""A city signs the proof of what it handed in last, and nothing is released before every city has."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pytest
from PIL import Image

from printjobs.core.kinds import PROPERTY_TAX
from printjobs.pipeline import proofs
from printjobs.render import raster
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN, SIGNER, Desk, HandIn, Told, notice_number

USAGE, RULE = 2, 3
BETTER = HandIn(KUSATSU, 4)  # what the city hands in when it has looked at its first proof


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A run still open, with what two cities handed in."""
    desk = Desk(tmp_path / "home")
    assert desk("run", "open", PROPERTY_TAX.code, 2026).code == 0
    for city in (KUSATSU, MORIYAMA):
        assert desk.submit(HandIn(city)).code == 0
    return desk


def prove(desk: Desk, city: str = KUSATSU, *words: object) -> dict[str, Any]:
    told = desk("proof", RUN, "--city", city, *words, "--json")
    assert told.code == 0, told.err
    return dict(told.json)


def sign(desk: Desk, city: str = KUSATSU, *words: object, by: str = SIGNER) -> Told:
    return desk("approve", RUN, city, "--by", by, *words, "--json")


def refused(desk: Desk, act: Callable[[], Told]) -> str:
    """What a refusal says that leaves everything as it was."""
    before = desk.stand()
    told = act()
    assert (told.code, desk.stand()) == (RULE, before), told.err
    return str(told.json["error"])


def text_of(path: Path, page: int) -> str:
    with pypdf.PdfReader(path) as pdf:
        return pdf.pages[page - 1].extract_text()


# Making


def test_a_proof_is_there_as_soon_as_a_hand_in_is_taken(desk: Desk) -> None:
    made = prove(desk)
    assert desk.status()["status"] == "open"
    sent = desk.rows(f"SELECT sha256 FROM submission WHERE city = '{KUSATSU}'")[0][0]
    assert made["file"] == f"proofs/{RUN}/{KUSATSU}-{sent[:16]}.pdf"
    stored = desk.files("proofs")
    assert made["sha256"] == stored[made["file"]] == desk.city(KUSATSU)["proof"]
    described = json.loads((desk.home / made["file"]).with_suffix(".json").read_bytes())
    assert described == made
    assert {*made["pictures"], made["file"], made["file"].replace(".pdf", ".json")} == stored.keys()
    with pypdf.PdfReader(desk.home / made["file"]) as pdf:
        assert len(pdf.pages) == made["pages"]


def test_the_pages_of_every_notice_are_where_the_index_says(desk: Desk) -> None:
    made = prove(desk)
    assert {n["number"] for n in made["notices"]} <= {notice_number(i) for i in (1, 2, 3)}
    following = made["notices"][0]["first"]
    for notice in made["notices"]:
        assert notice["first"] == following
        assert notice["number"] in text_of(desk.home / made["file"], notice["first"])
        following = notice["last"] + 1
    assert following == made["pages"] + 1


def test_the_same_hand_in_has_the_same_proof_again_and_elsewhere(desk: Desk, tmp_path: Path) -> None:
    before = prove(desk), desk.files("proofs")
    assert (prove(desk), desk.files("proofs")) == before
    other = Desk(tmp_path / "other")
    other("run", "open", PROPERTY_TAX.code, 2026)
    other.submit(HandIn(MORIYAMA, 1))
    other.submit(HandIn(KUSATSU))
    assert prove(other) == before[0]
    assert other.files("proofs") == before[1]


def test_how_many_records_are_read_at_a_time_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = prove(desk)
    monkeypatch.setattr(proofs, "_NOTICES", 2)
    assert prove(desk) == whole


def test_every_page_has_a_picture_and_stands_on_a_sheet_of_many(desk: Desk) -> None:
    made = prove(desk)
    names = [Path(name).stem for name in made["pictures"]]
    assert [n for n in names if n.startswith("page-")] == [f"page-{i:03d}" for i in range(1, made["pages"] + 1)]
    sheets = -(-made["pages"] // raster.PER_SHEET)
    assert [n for n in names if n.startswith("sheet-")] == [f"sheet-{i:02d}" for i in range(1, sheets + 1)]
    for name in made["pictures"]:
        with Image.open(desk.home / name) as picture:
            assert (picture.format, picture.mode) == ("PNG", "L")
            if "page-" in name:
                assert picture.size == pytest.approx((210 / 25.4 * raster.DPI, 297 / 25.4 * raster.DPI), abs=1)


def test_a_copy_is_put_where_the_user_says(desk: Desk, tmp_path: Path) -> None:
    made = prove(desk, KUSATSU, "--into", tmp_path / "a" / "b")
    copied = {p.relative_to(tmp_path / "a" / "b").as_posix() for p in (tmp_path / "a" / "b").rglob("*") if p.is_file()}
    assert {f"proofs/{RUN}/{name}" for name in copied} == desk.files("proofs").keys()
    assert (tmp_path / "a" / "b" / Path(made["file"]).name).read_bytes() == (desk.home / made["file"]).read_bytes()


def test_a_folder_that_cannot_be_written_is_named(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    told = desk("proof", RUN, "--city", KUSATSU, "--into", tmp_path / "file", "--json")
    assert told.code == USAGE
    assert "--into" in told.json["error"]


def test_a_city_of_which_every_notice_was_rejected_has_nothing_to_prove(desk: Desk) -> None:
    assert desk.submit(HandIn(RITTO, 1).set("notices", 1, "敬称", "")).code == 0
    assert "受け取った通知がありません" in refused(desk, lambda: desk("proof", RUN, "--city", RITTO, "--json"))
    assert desk.city(RITTO)["proof"] == ""


def test_going_on_makes_the_proofs_that_are_missing_and_no_other(desk: Desk) -> None:
    made = prove(desk)
    stamp = (desk.home / made["file"]).stat().st_mtime_ns
    desk.go()
    assert (desk.home / made["file"]).stat().st_mtime_ns == stamp
    assert [bool(desk.city(c)["proof"]) for c in (KUSATSU, MORIYAMA, RITTO)] == [True, True, False]


# Signing


def test_an_approval_names_the_bytes_that_were_signed(desk: Desk) -> None:
    made = prove(desk)
    told = sign(desk, KUSATSU, "--proof", made["sha256"].upper())
    assert told.code == 0, told.err
    assert told.json["proof"] == desk.files("proofs")[made["file"]]
    city = desk.city(KUSATSU)
    assert (city["approved"], city["proof"], city["approved_by"]) == (True, made["sha256"], SIGNER)
    assert city["approved_at"] == told.json["at"]
    assert not desk.city(MORIYAMA)["approved"]


def test_signing_twice_is_signing_once_and_the_first_name_stays(desk: Desk) -> None:
    prove(desk)
    first = sign(desk).json
    rows = desk.rows("SELECT * FROM approval")
    again = sign(desk, by="別の人").json
    assert again == first | {"again": True}
    assert desk.rows("SELECT * FROM approval") == rows
    assert desk.rows("SELECT count(*) FROM event WHERE what = 'approve'") == [(1,)]


def test_nothing_is_signed_before_there_is_a_proof(desk: Desk) -> None:
    assert "校正刷りがまだありません" in refused(desk, lambda: sign(desk))


def test_a_hash_that_is_not_that_of_the_proof_is_not_signed(desk: Desk) -> None:
    prove(desk)
    assert "今の校正刷り" in refused(desk, lambda: sign(desk, KUSATSU, "--proof", "0" * 64))


def test_a_proof_that_changed_after_it_was_made_is_not_signed_until_it_is_made_again(desk: Desk) -> None:
    made = prove(desk)
    path = desk.home / made["file"]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    changed = desk.files("proofs")[made["file"]]
    for words in ((), ("--proof", made["sha256"]), ("--proof", changed)):
        assert "変わっています" in refused(desk, lambda words=words: sign(desk, KUSATSU, *words))
    assert prove(desk) == made
    assert sign(desk).code == 0


def test_a_signed_proof_that_changed_is_no_longer_signed(desk: Desk) -> None:
    path = desk.home / prove(desk)["file"]
    sign(desk)
    path.write_bytes(path.read_bytes() + b"\n")
    assert not desk.city(KUSATSU)["approved"]


def test_a_new_hand_in_voids_the_approval_of_the_one_before(desk: Desk) -> None:
    old = prove(desk)
    assert sign(desk).code == 0
    assert desk.submit(BETTER).code == 0
    city = desk.city(KUSATSU)
    assert (city["approved"], city["proof"], city["approved_by"]) == (False, "", "")
    assert "新しいデータの校正刷りがまだ" in refused(desk, lambda: sign(desk, KUSATSU, "--proof", old["sha256"]))
    new = prove(desk)
    assert new["file"] != old["file"]
    assert "データを出し直したか" in refused(desk, lambda: sign(desk, KUSATSU, "--proof", old["sha256"]))
    assert sign(desk, KUSATSU, "--proof", new["sha256"]).code == 0
    assert desk.city(KUSATSU)["approved"]
    assert desk.rows("SELECT count(*) FROM approval") == [(2,)]


def test_going_back_to_a_signed_hand_in_goes_back_to_its_signature_and_its_bytes(desk: Desk) -> None:
    old = prove(desk)
    sign(desk)
    desk.submit(BETTER)
    desk.submit(HandIn(KUSATSU))
    assert not desk.city(KUSATSU)["approved"], "it was read anew, so its proof has to be made anew"
    kept = desk.home / old["file"].replace(".pdf", f"-signed-{old['sha256'][:16]}.pdf")
    assert desk.files("proofs")[kept.relative_to(desk.home).as_posix()] == old["sha256"]
    assert prove(desk) == old
    assert desk.city(KUSATSU)["approved"]


def test_records_that_are_not_those_of_the_proof_are_neither_signed_nor_released(desk: Desk) -> None:
    desk.go()
    desk.approve()
    (records,) = (desk.home / "records" / RUN).glob(f"{KUSATSU}-*")
    whole = records.read_bytes()
    records.write_bytes(whole + b"\x00")
    assert "今の記録" in refused(desk, lambda: sign(desk))
    assert "印刷する記録" in refused(desk, lambda: desk("release", RUN, "--json"))
    records.write_bytes(whole)
    assert desk("release", RUN).code == 0


def test_a_signers_name_is_in_the_database_and_the_status_and_nowhere_else(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    prove(desk)
    with caplog.at_level(logging.DEBUG):
        assert sign(desk).code == 0
        assert SIGNER not in desk("approve", RUN, KUSATSU, "--by", SIGNER).out
        assert SIGNER in desk("run", "status", RUN).out
        assert SIGNER not in refused(desk, lambda: sign(desk, RITTO))
    assert SIGNER not in caplog.text
    assert SIGNER not in repr(desk.rows("SELECT * FROM event"))
    for path in desk.home.rglob("*"):
        assert SIGNER not in path.name
        if path.is_file() and path.suffix in (".json", ".csv"):
            assert SIGNER not in path.read_text(encoding="utf-8")


# Releasing


def test_release_names_the_cities_that_have_not_signed_and_waits_for_them(desk: Desk) -> None:
    assert desk.submit(HandIn(RITTO, 1).set("notices", 1, "敬称", "")).code == 0  # nothing of it is printed
    desk.go()
    message = refused(desk, lambda: desk("release", RUN, "--json"))
    assert "草津市、守山市。" in message
    assert "栗東市" not in message
    assert sign(desk, MORIYAMA).code == 0
    message = refused(desk, lambda: desk("release", RUN, "--json"))
    assert "草津市。" in message
    assert "守山市" not in message
    assert sign(desk).code == 0
    assert desk("release", RUN).code == 0


def test_a_proof_signed_before_planning_is_signed_for_release(desk: Desk) -> None:
    for city in (KUSATSU, MORIYAMA):
        prove(desk, city)
        assert sign(desk, city).code == 0
    desk.go()
    assert desk("release", RUN).code == 0


def test_after_release_nothing_more_is_signed(desk: Desk) -> None:
    desk.go()
    desk.approve()
    assert desk("release", RUN).code == 0
    assert sign(desk).json["again"]
    made = prove(desk)
    (desk.home / made["file"]).with_suffix(".json").write_text(
        json.dumps(made | {"sha256": "0" * 64}, ensure_ascii=False), encoding="utf-8"
    )
    assert "変わっています" in refused(desk, lambda: sign(desk))
