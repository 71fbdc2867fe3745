"""Pull orders at every moment of a run: the notice is not mailed, every count stays equal, nobody is charged for it."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.marks import sheet
from printjobs.core.model import Refused
from printjobs.pipeline import planning, run_step, unfinished
from printjobs.pipeline.rendering import released_marks
from printjobs.reference.report_layout import STANDARD, report_layout
from printjobs.store import production
from tests.handin import KUSATSU, MORIYAMA, RUN, Desk, HandIn, Told, notice_number

USAGE, RULE = 2, 3
ONE, TWO, ALONE, PLAIN, LAST = map(notice_number, range(1, 6))  # of Kusatsu; the first two are in one envelope
BATCHES = [f"{RUN}-B{number:03d}" for number in range(1, 5)]


def kusatsu() -> HandIn:
    """Five notices in four envelopes and three batches: by direct debit, with slips, and the thick one of two."""
    handin = HandIn(KUSATSU, 5)
    first, second = handin.tables["notices"][1:3]
    second[1:9] = first[1:9]  # the same person at the same address
    return handin


def copy(desk: Desk, home: Path) -> Desk:
    shutil.copytree(desk.home, home)
    return Desk(home)


@pytest.fixture(scope="module")
def opened_once(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("opened") / "home")
    assert desk("run", "open", PROPERTY_TAX.code, 2026).code == 0
    for handin in (kusatsu(), HandIn(MORIYAMA, 2)):
        assert desk.submit(handin).code == 0
    return desk


@pytest.fixture(scope="module")
def packaged_once(opened_once: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = copy(opened_once, tmp_path_factory.mktemp("packaged") / "home")
    desk.go()
    desk.approve()
    return desk


@pytest.fixture(scope="module")
def released_once(packaged_once: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = copy(packaged_once, tmp_path_factory.mktemp("released") / "home")
    assert desk("release", RUN).code == 0
    return desk


@pytest.fixture
def opened(opened_once: Desk, tmp_path: Path) -> Desk:
    return copy(opened_once, tmp_path / "home")


@pytest.fixture
def packaged(packaged_once: Desk, tmp_path: Path) -> Desk:
    return copy(packaged_once, tmp_path / "home")


@pytest.fixture
def out(released_once: Desk, tmp_path: Path) -> Desk:
    """A desk whose batches are with the vendor."""
    return copy(released_once, tmp_path / "home")


def ordered(desk: Desk, number: str, *words: str) -> Any:
    told = desk("pull", "order", RUN, KUSATSU, number, "--reason", "death", "--json", *words)
    assert told.code == 0, told.err
    return told.json


def pull_list(desk: Desk) -> list[dict[str, Any]]:
    return list(desk("pull", "list", RUN, "--json").json["pulls"])


class Place(NamedTuple):
    batch: str
    piece: int
    generation: int
    status: str
    batch_status: str

    @property
    def key(self) -> tuple[str, int]:
        return self.batch, self.piece


def places(desk: Desk, number: str) -> list[Place]:
    """Where a notice of Kusatsu was put, generation by generation."""
    rows = desk.rows(
        "SELECT p.batch_id, p.number, p.generation, p.status, b.status FROM notice n"
        " JOIN placement l ON l.notice_id = n.id JOIN piece p ON (p.batch_id, p.number) = (l.batch_id, l.piece)"
        f" JOIN batch b ON b.id = p.batch_id WHERE n.city = '{KUSATSU}' AND n.number = '{number}' ORDER BY l.generation"
    )
    return [Place(*row) for row in rows]


def report(desk: Desk, results: dict[tuple[str, int], str] | None = None, *, post: bool = True) -> Told:
    """The machine saw every sheet of what is out; a piece is inserted, unless ``results`` say otherwise."""
    context = desk.context()
    run = context.run(RUN)
    rows: list[tuple[object, ...]] = []
    with context.engine.connect() as connection:
        batches = [b for b in production.batches(connection, RUN) if b.status == "released"]
        live = {
            (b.id, p.number) for b in batches for p in production.pieces(connection, b.id) if p.status == "released"
        }
    for batch in batches:
        inserted = 0
        for number, marks in released_marks(context, run, batch):
            key = (batch.id, number)
            if key not in live and key not in (results or {}):
                continue
            status = (results or {}).get(key, "inserted")
            inserted += status == "inserted" and key in live
            rows += [("", "sheet", batch.number, number, mark, "", "") for mark in marks]
            rows.append(("", "piece", batch.number, number, "", status, ""))
        if post:
            rows.append(("", "post", batch.number, "", "", "", inserted))
    return load(desk, rows)


def load(desk: Desk, rows: list[tuple[object, ...]]) -> Told:
    path = desk.home.with_name("report.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([report_layout(STANDARD).columns, *rows])
    return desk("scans", "load", RUN, path, "--json")


def mark_of(desk: Desk, place: Place) -> str:
    """What stands on the first sheet of an envelope of one sheet."""
    context = desk.context()
    mark = sheet.SheetMark(context.run(RUN).code, int(place.batch[-3:]), place.piece, 1, 1, place.generation, 0, 0)
    return sheet.encode(mark, context.mark_key(RUN))


def post(desk: Desk) -> Told:
    """Post what was inserted before."""
    rows: list[tuple[object, ...]] = []
    for batch, number in desk.rows("SELECT id, number FROM batch WHERE status = 'released'"):
        ((inserted,),) = desk.rows(f"SELECT count(*) FROM piece WHERE batch_id = '{batch}' AND status = 'inserted'")
        rows.append(("", "post", number, "", "", "", inserted))
    return load(desk, rows)


def codes(told: Told) -> list[str]:
    return [finding["code"] for finding in told.json["findings"]]


def counts(desk: Desk) -> dict[str, int]:
    """Kusatsu's sides of the count equation, which must be equal now and for every city."""
    assert desk.status()["balanced"]
    return {side: desk.city(KUSATSU)[side] for side in ("received", "pulled", "mailed", "outstanding")}


def mail_all(desk: Desk) -> None:
    """Release, insert and post until the run is closed, with what is on the pull list diverted."""
    for _ in range(3):
        if any(b["status"] == "packaged" for b in desk.status()["batches"]):
            assert desk("release", RUN).code == 0
        diverted = {(line["batch"], line["piece"]): "diverted" for line in pull_list(desk)}
        assert not codes(report(desk, diverted))
        desk.go()
        if desk.status()["status"] == "closed":
            return
    raise AssertionError("the run does not end")


def charged(desk: Desk) -> int:
    ((notices,),) = desk.rows(f"SELECT DISTINCT notices FROM charge WHERE city = '{KUSATSU}'")
    return int(notices)


# Before release


def test_a_notice_pulled_before_planning_is_in_no_envelope(opened: Desk) -> None:
    done = ordered(opened, ALONE)
    assert (done["batch"], done["piece"], done["to_do"]) == ("", 0, False)
    assert counts(opened) == {"received": 5, "pulled": 1, "mailed": 0, "outstanding": 4}
    planning.plan(opened.context(), RUN)
    assert places(opened, ALONE) == []
    assert len(places(opened, LAST)) == 1
    assert counts(opened) == {"received": 5, "pulled": 1, "mailed": 0, "outstanding": 4}


def test_a_city_that_hands_in_again_keeps_its_orders_and_one_for_a_number_that_is_gone_counts_nothing(
    opened: Desk,
) -> None:
    ordered(opened, ALONE)
    ordered(opened, LAST)
    again = kusatsu()
    for table in again.tables.values():
        table[1:] = [row for row in table[1:] if row[0] != LAST]
    assert opened.submit(again).code == 0
    assert counts(opened) == {"received": 4, "pulled": 1, "mailed": 0, "outstanding": 3}
    assert ordered(opened, LAST)["again"]


def test_a_run_in_which_everything_is_pulled_is_not_planned(opened: Desk) -> None:
    for number in (ONE, TWO, ALONE, PLAIN, LAST):
        ordered(opened, number)
    for number in (ONE, TWO):
        opened("pull", "order", RUN, MORIYAMA, number, "--reason", "other")
    with pytest.raises(Refused, match="引抜き"):
        opened.go()


def test_what_is_pulled_after_planning_is_never_printed_and_a_batch_with_nothing_else_is_not_made_anew(
    opened: Desk,
) -> None:
    planning.plan(opened.context(), RUN)
    (before,), (thick,) = places(opened, ALONE), places(opened, ONE)
    for number in (ALONE, ONE, TWO):
        assert ordered(opened, number)["to_do"]
    assert counts(opened) == {"received": 5, "pulled": 3, "mailed": 0, "outstanding": 2}
    opened.go()
    assert places(opened, ALONE) == [before._replace(status="superseded", batch_status="withdrawn")]
    assert places(opened, ONE) == [thick._replace(status="superseded", batch_status="withdrawn")]
    assert opened.rows("SELECT DISTINCT f.status FROM print_file f JOIN batch b ON b.id = f.batch_id"
                       " WHERE b.status = 'withdrawn'") == [("planned",)]  # fmt: skip
    assert [b["status"] for b in opened.status()["batches"]] == ["packaged", "withdrawn", "withdrawn", "packaged"]
    assert opened.status()["status"] == "packaged"
    assert counts(opened) == {"received": 5, "pulled": 3, "mailed": 0, "outstanding": 2}


def test_a_packaged_batch_with_a_pulled_notice_cannot_be_released_and_is_made_anew_without_it(packaged: Desk) -> None:
    (before,) = places(packaged, ALONE)
    (other,) = places(packaged, LAST)
    assert before.batch == other.batch == BATCHES[1]
    assert ordered(packaged, ALONE)["to_do"]
    told = packaged("release", RUN)
    assert (told.code, before.batch in told.err, "run go" in told.err) == (RULE, True, True)
    packaged.go()
    assert packaged.files(f"batches/{before.batch}") == {}
    told = packaged("extract", RUN, ALONE, "--into", packaged.home.parent)
    assert (told.code, "引抜き" in told.err) == (RULE, True)
    first, second = places(packaged, LAST)
    assert first == other._replace(status="superseded", batch_status="withdrawn")
    assert (second.batch, second.generation, second.status) == (BATCHES[3], 2, "planned")
    withdrawn = next(b for b in packaged.status()["batches"] if b["id"] == before.batch)
    assert (withdrawn["status"], withdrawn["files"]) == ("withdrawn", [])
    assert packaged("release", RUN, "--json").json["released"] == [BATCHES[0], *BATCHES[2:]]
    assert codes(load(packaged, [("", "sheet", 2, before.piece, mark_of(packaged, before), "", "")])) == [
        "unknown_piece"
    ]
    mail_all(packaged)
    assert counts(packaged) == {"received": 5, "pulled": 1, "mailed": 4, "outstanding": 0}
    assert charged(packaged) == 4


def test_what_else_is_in_the_envelope_of_a_pulled_notice_is_mailed_without_it(packaged: Desk) -> None:
    (before,) = places(packaged, ONE)
    ordered(packaged, ONE)
    packaged.go()
    assert places(packaged, ONE) == [before._replace(status="superseded", batch_status="withdrawn")]
    *_, other = places(packaged, TWO)
    assert packaged.rows(f"SELECT notices FROM piece WHERE batch_id = '{other.batch}' AND number = {other.piece}") == [
        (1,)
    ]
    mail_all(packaged)
    assert counts(packaged) == {"received": 5, "pulled": 1, "mailed": 4, "outstanding": 0}


def test_a_replan_that_broke_off_before_its_files_were_deleted_is_ended_by_the_next_run_go(packaged: Desk) -> None:
    (before,) = places(packaged, ALONE)
    ordered(packaged, ALONE)
    context = packaged.context()
    (replan,) = unfinished(context, RUN)
    broken = mock.patch.object(context.files, "delete_folder", side_effect=InterruptedError)
    with broken, pytest.raises(InterruptedError):
        run_step(context, replan)
    assert packaged.files(f"batches/{before.batch}")
    packaged.go()
    assert packaged.files(f"batches/{before.batch}") == {}
    assert unfinished(context, RUN) == []
    assert len(packaged.status()["batches"]) == 4


# With the vendor


def test_a_notice_pulled_after_release_is_on_the_vendors_list_until_its_envelope_is_diverted(out: Desk) -> None:
    (place,) = places(out, ALONE)
    done = ordered(out, ALONE)
    assert (done["batch"], done["piece"], done["to_do"]) == (*place.key, False)
    assert [p.status for p in places(out, ALONE)] == ["pulled"]
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 0, "outstanding": 4}
    (line,) = pull_list(out)
    context = out.context()
    mark = sheet.decode(line["mark"], context.mark_key(RUN))
    assert mark is not None
    assert (mark.batch, mark.piece, mark.sheet, mark.generation) == (int(place.batch[-3:]), place.piece, 1, 1)
    assert (line["batch"], line["piece"], line["diverted_at"]) == (*place.key, "")
    mail_all(out)
    assert pull_list(out)[0]["diverted_at"]
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 4, "outstanding": 0}
    assert charged(out) == 4


def test_the_vendors_list_names_no_notice_and_no_reason(out: Desk, tmp_path: Path) -> None:
    ordered(out, ALONE)
    told = out("pull", "list", RUN, "--csv", tmp_path / "list.csv")
    text = (tmp_path / "list.csv").read_text(encoding="utf-8-sig") + told.out
    assert places(out, ALONE)[0].batch in text
    assert not any(word in text for word in (ALONE, KUSATSU, "death", "死亡"))
    assert len(text.splitlines()) == 5


def test_an_envelope_that_is_inserted_all_the_same_is_an_alarm_and_its_batch_is_not_posted(out: Desk) -> None:
    (place,) = places(out, ALONE)
    ordered(out, ALONE)
    first = report(out, {place.key: "inserted"})
    assert codes(first) == ["pulled_inserted", "pull_not_diverted"]
    assert [b["status"] for b in out.status()["batches"]] == ["posted", "released", "posted"]
    assert not any(line["diverted_at"] for line in pull_list(out))
    told = out("run", "alarms", RUN, "--json")
    assert (told.code, "pulled_inserted" in {alarm["code"] for alarm in told.json["alarms"]}) == (3, True)
    assert not codes(report(out, {place.key: "diverted"}, post=False))
    assert "pulled_inserted" not in {alarm["code"] for alarm in out("run", "alarms", RUN, "--json").json["alarms"]}
    assert pull_list(out)[0]["diverted_at"]
    assert not codes(post(out))
    out.go()
    assert out.status()["status"] == "closed"
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 4, "outstanding": 0}


@pytest.mark.parametrize("result", ["spoiled", "unread", "in_process"])
def test_only_diverted_takes_an_envelope_from_the_list(out: Desk, result: str) -> None:
    (place,) = places(out, ALONE)
    ordered(out, ALONE)
    assert codes(report(out, {place.key: result})) == ["pull_not_diverted"]
    assert not pull_list(out)[0]["diverted_at"]


def test_an_envelope_reported_inserted_after_it_was_diverted_has_to_be_diverted_again(out: Desk) -> None:
    (place,) = places(out, ALONE)
    ordered(out, ALONE)
    assert not codes(report(out, {place.key: "diverted"}, post=False))
    assert codes(report(out, {place.key: "inserted"}, post=False)) == ["pulled_inserted"]
    assert codes(post(out)) == ["pull_not_diverted"]


def test_an_envelope_that_is_inserted_already_can_be_pulled_until_it_is_posted(out: Desk) -> None:
    assert not codes(report(out, post=False))
    (place,) = places(out, ALONE)
    assert place.status == "inserted"
    assert ordered(out, ALONE)["batch"] == place.batch
    assert [p.status for p in places(out, ALONE)] == ["pulled"]
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 0, "outstanding": 4}
    assert codes(post(out)) == ["pull_not_diverted"]
    assert not codes(report(out, {place.key: "diverted"}, post=False))
    assert not codes(post(out))
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 4, "outstanding": 0}


def test_a_mailed_notice_cannot_be_pulled(out: Desk) -> None:
    report(out)
    before = out.stand()
    told = out("pull", "order", RUN, KUSATSU, ALONE, "--reason", "moved")
    assert (told.code, "返戻" in told.err) == (RULE, True)
    assert out.stand() == before
    assert out.rows("SELECT * FROM pull_order") == []


def test_the_rest_of_an_envelope_at_the_vendors_is_reprinted_whatever_the_ceiling_and_the_old_one_diverted(
    out: Desk,
) -> None:
    (old,) = places(out, ONE)
    done = ordered(out, ONE)
    assert (done["batch"], done["piece"], done["to_do"]) == (*old.key, True)
    assert [p.status for p in places(out, ONE)] == ["spoiled"]
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 0, "outstanding": 4}
    out.go()
    assert [p.status for p in places(out, ONE)] == ["superseded"]
    *_, new = places(out, TWO)
    assert (new.generation, new.status, new.batch) == (2, "planned", BATCHES[3])
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 0, "outstanding": 4}
    out("release", RUN)
    assert codes(report(out, {old.key: "inserted"}, post=False)) == ["pulled_inserted"]
    assert not codes(report(out, {old.key: "diverted"}, post=False))
    assert not codes(post(out))
    out.go()
    assert out.status()["status"] == "closed"
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 4, "outstanding": 0}
    assert charged(out) == 4


def test_a_second_notice_pulled_from_the_same_envelope_leaves_nothing_to_reprint(out: Desk) -> None:
    ordered(out, ONE)
    (place,) = places(out, ONE)
    assert not codes(report(out, {place.key: "diverted"}, post=False))
    # The report had the reprint of the other notice planned; it is withdrawn again.
    assert len(places(out, TWO)) == 2
    assert ordered(out, TWO)["batch"] == ""
    out.go()
    assert [b["status"] for b in out.status()["batches"]] == ["released", "released", "released", "withdrawn"]
    assert not codes(post(out))
    assert counts(out) == {"received": 5, "pulled": 2, "mailed": 3, "outstanding": 0}


def test_both_notices_of_an_envelope_pulled_at_once_are_one_line_of_the_list(out: Desk) -> None:
    ordered(out, ONE)
    ordered(out, TWO)
    assert [p.status for p in places(out, TWO)] == ["pulled"]
    (line,) = pull_list(out)
    assert (line["batch"], line["piece"]) == places(out, ONE)[0].key
    mail_all(out)
    assert counts(out) == {"received": 5, "pulled": 2, "mailed": 3, "outstanding": 0}


def test_a_piece_that_waits_for_the_ceiling_is_not_reprinted_for_a_pulled_notice(out: Desk) -> None:
    (place,) = places(out, ALONE)
    assert report(out, {place.key: "spoiled"}).json["held"]
    assert ordered(out, ALONE)["batch"] == ""  # its batch is posted, and it was not among what was
    out.go()
    assert out.status()["status"] == "closed"
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 4, "outstanding": 0}
    assert len(out.status()["batches"]) == 3


def test_a_notice_in_a_reprint_that_is_not_released_leaves_it(out: Desk) -> None:
    (place,) = places(out, ALONE)
    report(out, {place.key: "spoiled"})
    assert out("run", "reprint", RUN).code == 0
    ordered(out, ALONE)
    out.go()
    assert out.status()["status"] == "closed"
    assert [b["status"] for b in out.status()["batches"]] == ["posted", "posted", "posted", "withdrawn"]
    assert counts(out) == {"received": 5, "pulled": 1, "mailed": 4, "outstanding": 0}


def test_the_rehearsal_diverts_what_is_pulled_and_ends(out: Desk, tmp_path: Path) -> None:
    for number in (ONE, PLAIN):
        ordered(out, number)
    for turn in (1, 2, 3):
        assert out("sample", "scans", RUN, tmp_path / f"{turn}.csv").code == 0
        told = out("scans", "load", RUN, tmp_path / f"{turn}.csv", "--json")
        assert not {"pulled_inserted", "pull_not_diverted"} & set(codes(told))
        if told.json["held"]:
            assert out("run", "reprint", RUN).code == 0
        out.go()
        if out.status()["status"] == "closed":
            break
        assert out("release", RUN).code == 0
    assert counts(out) == {"received": 5, "pulled": 2, "mailed": 3, "outstanding": 0}


# The order itself


def test_an_order_given_twice_is_one_order_the_first(opened: Desk) -> None:
    first = ordered(opened, ALONE)
    again = opened("pull", "order", RUN, KUSATSU, ALONE, "--reason", "moved", "--json").json
    assert again == first | {"again": True}
    assert counts(opened)["pulled"] == 1
    assert opened.rows("SELECT what FROM event WHERE what = 'pull'") == [("pull",)]


@pytest.mark.parametrize(
    ("number", "city", "reason"),
    [("2699999999", KUSATSU, "death"), (LAST, MORIYAMA, "death"), (ONE, "999999", "death"), (ONE, KUSATSU, "whim")],
    ids=["unknown number", "another city's number", "no city", "no reason"],
)
def test_an_order_for_something_that_does_not_exist_is_a_wrong_call(
    packaged: Desk, number: str, city: str, reason: str
) -> None:
    assert packaged("pull", "order", RUN, city, number, "--reason", reason).code == USAGE
    assert packaged.rows("SELECT * FROM pull_order") == []


def test_a_notice_that_was_set_aside_needs_no_order(opened: Desk) -> None:
    bad = kusatsu().set("notices", 3, "敬称", "")
    assert opened.submit(bad).code == 0
    told = opened("pull", "order", RUN, KUSATSU, ALONE, "--reason", "other")
    assert (told.code, "はじいた" in told.err) == (RULE, True)


def test_an_order_tells_a_person_what_comes_next(packaged: Desk) -> None:
    told = packaged("pull", "order", RUN, KUSATSU, ALONE, "--reason", "relief")
    assert "減免" in told.out
    assert "run go" in told.out


# The count equation sees what must not be


def change(desk: Desk, statement: str) -> None:
    with closing(sqlite3.connect(desk.home / "printjobs.db")) as database, database:
        assert database.execute(statement).rowcount == 1


def unbalanced(desk: Desk) -> list[str]:
    return [city["code"] for city in desk.status()["cities"] if not city["balanced"]]


def test_a_piece_that_is_pulled_without_an_order_makes_the_counts_differ(out: Desk) -> None:
    batch, number = places(out, ALONE)[0].key
    change(out, f"UPDATE piece SET status = 'pulled' WHERE batch_id = '{batch}' AND number = {number}")
    assert unbalanced(out) == [KUSATSU]


@pytest.mark.parametrize("mailed", [ALONE, ONE])
def test_a_pulled_notice_that_is_mailed_makes_the_counts_differ(out: Desk, mailed: str) -> None:
    ordered(out, mailed)
    batch, number = places(out, mailed)[0].key
    change(out, f"UPDATE piece SET status = 'mailed' WHERE batch_id = '{batch}' AND number = {number}")
    assert unbalanced(out) == [KUSATSU]


def test_a_notice_that_is_lost_from_the_plan_makes_the_counts_differ(packaged: Desk) -> None:
    batch, number = places(packaged, ALONE)[0].key
    change(packaged, f"UPDATE piece SET status = 'superseded' WHERE batch_id = '{batch}' AND number = {number}")
    assert unbalanced(packaged) == [KUSATSU]
