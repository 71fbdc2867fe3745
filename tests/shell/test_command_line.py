"""What scripts and people may rely on: commands, options, exit codes, and the JSON that they print."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main

from printjobs.cli.commands import app
from printjobs.reference import cities
from tests.handin import KUSATSU, MORIYAMA, RUN, SIGNER, Desk, HandIn, Told, environment

USAGE, RULE, BAD = 2, 3, 4
Words = tuple[str, ...]


def commands(group: Any, above: Words = ()) -> Iterator[tuple[Words, Any]]:
    """Every command with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))
GROUPS: list[Words] = [
    (), ("audit",), ("cost",), ("gaiji",), ("layout",), ("mark",), ("pull",), ("run",), ("scans",), ("sample",),
    ("user",), ("vendor",),
]  # fmt: skip
every_command = pytest.mark.parametrize("words", list(COMMANDS), ids=" ".join)


def test_the_commands_are_these() -> None:
    assert sorted(map(" ".join, COMMANDS)) == [
        "approve",
        "audit certificate", "audit export", "audit history", "audit list", "audit proof", "audit report",
        "audit returned", "audit show", "audit sign", "audit verify",
        "bench", "cost close", "cost correct", "cost invoice", "cost project", "cost run", "cost statement",
        "demo", "doctor", "extract", "gaiji import", "gaiji list", "gaiji resolve",
        "layout diff", "layout fields", "layout show",
        "mark customer-barcode", "mark el-qr", "mark gs1-128", "mark mpn",
        "mark sheet", "migrate", "postings", "proof", "pull list", "pull order", "release",
        "run alarms", "run go", "run open", "run reprint",
        "run schedule", "run status", "run timetable",
        "sample data", "sample scans", "scans layouts", "scans list", "scans load", "scans show",
        "serve", "sftp", "submit",
        "user add", "user disable", "user key", "user list", "user renew", "user revoke", "user token", "user tokens",
        "vendor pull",
    ]  # fmt: skip


@every_command
def test_every_command_takes_json(words: Words) -> None:
    assert "--json" in {option for parameter in COMMANDS[words].params for option in parameter.opts}


@every_command
def test_every_command_and_each_of_its_parameters_says_in_japanese_what_it_is_for(words: Words) -> None:
    command = COMMANDS[words]
    assert not command.help.isascii()
    for parameter in command.params:
        if parameter.name != "help":
            assert parameter.help, parameter.name
            assert not parameter.help.isascii(), parameter.name


@pytest.mark.parametrize("words", [*COMMANDS, *GROUPS], ids=lambda words: " ".join(words) or "printjobs")
def test_help_is_there_needs_no_home_and_makes_none(words: Words, tmp_path: Path) -> None:
    told = Desk(tmp_path / "home")(*words, "--help")
    assert (told.code, told.err) == (0, "")
    assert "Usage" in told.out
    assert not (tmp_path / "home").exists()


# A whole run of eight tiny cities, every command with --json


class Stage(NamedTuple):
    """The machine after a command: a copy of its home, and what the command printed."""

    home: Path
    told: Told


class Story:
    """A run played once; each stage is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = Desk(folder / "home")
        self.handins = folder / "handins"
        self.stages: dict[str, Stage] = {}

    def play(self, stage: str, *words: object) -> None:
        """Give a command that must succeed, and keep what it made."""
        told = self.desk(*words, "--json")
        assert told.code == 0, told.err
        shutil.copytree(self.desk.home, self.folder / stage)
        self.stages[stage] = Stage(self.folder / stage, told)

    def json(self, stage: str) -> Any:
        return self.stages[stage].told.json

    def copy(self, stage: str, home: Path) -> Desk:
        shutil.copytree(self.stages[stage].home, home)
        return Desk(home)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    story = Story(tmp_path_factory.mktemp("story"))
    story.desk.home.mkdir()
    story.play("sample", "sample", story.handins, "--scale", 0, "--seed", 1)
    story.play("gaiji", "gaiji", "import", story.handins / "gaiji.csv")
    story.play("opened", "run", "open", "property_tax", 2026)
    for city in cities():
        story.play(f"submitted {city}", "submit", RUN, city, story.handins / city)
    story.play("packaged", "run", "go", RUN)
    for city in cities():
        story.play(f"proved {city}", "proof", RUN, "--city", city)
        story.play(f"approved {city}", "approve", RUN, city, "--by", SIGNER)
    story.play("approved", "run", "status", RUN)
    for turn in ("", " again"):
        story.play(f"released{turn}", "release", RUN)
        report = story.folder / f"report{turn}.csv"
        story.play(f"played{turn}", "sample", "scans", RUN, report, "--seed", 1)
        story.play(f"reported{turn}", "scans", "load", RUN, report)
        story.play(f"went on{turn}", "run", "go", RUN)
    story.play("status", "run", "status", RUN)
    story.play("cost", "cost", RUN)
    story.play("doctor", "doctor")
    story.play("migrated", "migrate")
    return story


CITY = {
    "code", "name", "received", "rejected", "pulled", "mailed", "outstanding", "pieces", "sheets", "pages",
    "charged_yen", "balanced", "submission", "gaiji_version", "approved", "proof", "approved_by", "approved_at",
}  # fmt: skip
STATUS = {
    "run", "kind", "year", "status", "balanced", "faces", "gaiji_version", "cities", "batches", "problems",
}  # fmt: skip
BATCH = {"id", "generation", "status", "class", "pieces", "sheets", "pages", "files"}
PROBLEM = {"city", "file", "row", "column", "code", "message", "notice_number"}


def test_every_command_prints_json_and_nothing_else(story: Story) -> None:
    for name, stage in story.stages.items():
        assert stage.told.err == "", name
        assert isinstance(stage.told.json, dict | list), name


def test_the_status_has_exactly_the_documented_keys(story: Story) -> None:
    for stage in ("packaged", "went on", "went on again", "status"):
        status = story.json(stage)
        assert set(status) == STATUS
        assert [set(city) for city in status["cities"]] == [CITY] * 8
        assert {frozenset(batch) for batch in status["batches"]} == {frozenset(BATCH)}
        files = [file for batch in status["batches"] for file in batch["files"]]
        assert {frozenset(file) for file in files} == {frozenset({"path", "sha256", "bytes", "pages"})}
        assert {frozenset(problem) for problem in status["problems"]} == {frozenset(PROBLEM)}


def test_the_status_has_the_documented_types(story: Story) -> None:
    status = story.json("status")
    assert [type(status[k]) for k in ("run", "kind", "year", "status", "balanced")] == [str, str, int, str, bool]
    assert [type(status[k]) for k in ("faces", "gaiji_version")] == [list, int]
    assert all(set(face) == {"name", "sha256"} for face in status["faces"])
    for city in status["cities"]:
        texts = {"code", "name", "submission", "proof", "approved_by", "approved_at"}
        assert {k: type(v) for k, v in city.items()} == {
            k: str if k in texts else bool if k in ("balanced", "approved") else int for k in CITY
        }
    for problem in status["problems"]:
        assert {k: type(v) for k, v in problem.items()} == {k: int if k == "row" else str for k in PROBLEM}


def test_the_sample_says_what_it_wrote(story: Story) -> None:
    summary = story.json("sample")["cities"]
    assert list(summary) == list(cities())
    for code, city in summary.items():
        stated = json.loads((story.handins / code / "transmittal.json").read_bytes())
        assert (city["notices"], city["tax_total"]) == (stated["notices"], stated["tax_total"])
        assert city["notices"] == 40


def test_opening_says_the_runs_name_and_what_was_pinned(story: Story) -> None:
    assert story.json("opened") == {
        "run": RUN,
        "kind": "property_tax",
        "year": 2026,
        "mailing_date": "2026-04-10",
        "due_date": "2026-04-30",
        "postage_delay": 0,
        "arrives": "2026-04-15",
        "deadline": "2026-04-20",
        "in_time": True,
        "status": "open",
    }


def test_each_submit_says_what_was_received_and_rejected(story: Story) -> None:
    bad = {code: len(city["bad"]) for code, city in story.json("sample")["cities"].items()}
    for code in cities():
        told = story.json(f"submitted {code}")
        assert set(told) == {"run", "id", "city", "status", "received", "rejected", "again", "gaiji_version"}
        assert (told["run"], told["city"], told["status"], told["again"]) == (RUN, code, "accepted", False)
        assert told["received"] == 40
        assert told["rejected"] >= bad[code]


def test_go_packages_every_accepted_notice_once(story: Story) -> None:
    status = story.json("packaged")
    assert (status["status"], status["balanced"]) == ("packaged", True)
    desk = Desk(story.stages["packaged"].home)
    accepted = sum(c["received"] - c["rejected"] for c in status["cities"])
    assert sum(c["outstanding"] for c in status["cities"]) == accepted
    assert desk.rows("SELECT sum(notices) FROM piece") == [(accepted,)]
    nowhere = "SELECT count(*) FROM notice WHERE id NOT IN (SELECT notice_id FROM placement)"
    assert desk.rows(nowhere) == [(0,)]
    assert desk.rows("SELECT count(*) FROM placement") == [(accepted,)]
    assert sum(c["pieces"] for c in status["cities"]) == sum(b["pieces"] for b in status["batches"])


def test_the_files_of_the_status_are_those_on_the_disk(story: Story) -> None:
    home = story.stages["packaged"].home
    stored = Desk(home).files("batches")
    for batch in story.json("packaged")["batches"]:
        assert batch["pages"] == sum(f["pages"] for f in batch["files"]) == 2 * batch["sheets"]
        for file in batch["files"]:
            assert file["sha256"] == stored[file["path"]]
            assert file["bytes"] == (home / file["path"]).stat().st_size
            assert (home / file["path"]).with_name("manifest.json").is_file()


def test_the_problems_of_the_status_are_those_that_the_sample_was_given(story: Story) -> None:
    problems = story.json("packaged")["problems"]
    for code, city in story.json("sample")["cities"].items():
        found = {(p["notice_number"], p["code"]) for p in problems if p["city"] == code}
        assert set(city["bad"].items()) <= found
        assert {(number, "orphan_row") for number in city["orphans"]} <= found


def test_a_proof_says_what_is_in_it_and_an_approval_names_its_hash(story: Story) -> None:
    stored = Desk(story.stages["approved"].home).files("proofs")
    before = {c["code"]: c for c in story.json("packaged")["cities"]}
    after = {c["code"]: c for c in story.json("approved")["cities"]}
    for code in cities():
        made, signed = story.json(f"proved {code}"), story.json(f"approved {code}")
        assert stored[made["file"]] == made["sha256"] == before[code]["proof"] == after[code]["proof"]
        assert {*made["pictures"]} <= stored.keys()
        assert set(signed) == {"run", "city", "proof", "by", "at", "again"}
        assert (signed["proof"], signed["by"], signed["again"]) == (made["sha256"], SIGNER, False)
        assert not before[code]["approved"]
        assert (after[code]["approved"], after[code]["approved_by"]) == (True, SIGNER)
        assert after[code]["approved_at"] == signed["at"]


def test_release_names_every_batch(story: Story) -> None:
    assert story.json("released") == {"run": RUN, "released": [b["id"] for b in story.json("packaged")["batches"]]}
    assert story.json("released again")["released"] == [
        b["id"] for b in story.json("went on")["batches"] if b["generation"] == 2
    ]


def test_the_played_report_has_as_many_lines_as_are_loaded(story: Story) -> None:
    for turn in ("", " again"):
        played, loaded = story.json(f"played{turn}"), story.json(f"reported{turn}")
        assert set(played) == {"run", "file", "lines"}
        assert set(loaded) == {"run", "lines", "again", "statuses", "findings", "bad", "reprint_files", "held"}
        with Path(played["file"]).open(encoding="utf-8", newline="") as file:
            assert len(list(csv.reader(file))) - 1 == played["lines"] == loaded["lines"]
        assert (loaded["again"], loaded["held"]) == (False, "")


def test_what_went_wrong_at_the_vendor_is_reprinted_and_mailed(story: Story) -> None:
    statuses = story.json("reported")["statuses"]
    assert set(statuses) == {"mailed", "spoiled"}
    status = story.json("went on")
    assert status["status"] == "released"
    assert sum(b["pieces"] for b in status["batches"] if b["generation"] == 2) == statuses["spoiled"]
    assert story.json("reported again")["statuses"] == {"mailed": statuses["spoiled"]}


def test_the_run_ends_closed_and_balanced_with_every_notice_accounted_for(story: Story) -> None:
    status = story.json("went on again")
    assert (status["status"], status["balanced"]) == ("closed", True)
    assert story.json("status") == status
    for city in status["cities"]:
        assert city["received"] == city["rejected"] + city["pulled"] + city["mailed"] + city["outstanding"]
        assert city["outstanding"] == 0
        assert city["mailed"] == 40 - city["rejected"]
        assert city["balanced"]
    assert {b["status"] for b in status["batches"]} == {"posted"}


def test_the_shares_add_up_to_the_invoice_to_the_yen(story: Story) -> None:
    bill = story.json("cost")
    assert set(bill) == {"invoice_yen", "cities", "sum_ok", "settled", "stage", "lines", "dearer", "estimate"}
    assert (bill["sum_ok"], bill["settled"]) == (True, True)
    assert bill["invoice_yen"] == sum(c["total_yen"] for c in bill["cities"])
    for city in bill["cities"]:
        assert set(city) == {
            "code", "items", "total_yen", "alone_yen", "saving_yen", "corrections_yen", "notices", "yardstick_yen",
        }  # fmt: skip
        assert city["saving_yen"] == city["alone_yen"] - city["total_yen"]
        assert city["total_yen"] == sum(item["yen"] for item in city["items"])
        assert all({"item", "rule", "basis", "yen"} <= set(item) for item in city["items"])
    charged = {c["code"]: c["charged_yen"] for c in story.json("status")["cities"]}
    assert charged == {c["code"]: c["total_yen"] for c in bill["cities"]}


def test_the_statements_of_the_cities_say_the_same_as_the_bill(story: Story) -> None:
    folder = story.stages["cost"].home / "statements" / RUN
    totals = {c["code"]: c["total_yen"] for c in story.json("cost")["cities"]}
    for code, total in totals.items():
        *_, last = csv.reader((folder / f"{code}.csv").read_text("utf-8-sig").splitlines())
        assert int(last[-1]) == total
        assert (folder / f"{code}.pdf").is_file()
    *_, last = csv.reader((folder / "total.csv").read_text("utf-8-sig").splitlines())
    assert int(last[-1]) == sum(totals.values())


def test_the_doctor_finds_this_machine_well(story: Story) -> None:
    found = story.json("doctor")
    assert {frozenset(finding) for finding in found} == {frozenset({"name", "ok", "detail"})}
    assert all(finding["ok"] and finding["detail"] for finding in found)


def test_migrating_again_changes_nothing(story: Story) -> None:
    assert story.json("migrated") == {"migrated": True}


def test_going_on_when_all_is_done_changes_nothing(story: Story, tmp_path: Path) -> None:
    desk = story.copy("went on again", tmp_path / "home")
    before = desk.stand()
    assert desk("run", "go", RUN, "--json").json == story.json("went on again")
    assert desk.stand() == before


def test_an_estimate_before_mailing_is_marked_as_one(story: Story, tmp_path: Path) -> None:
    bill = story.copy("packaged", tmp_path / "home")("cost", RUN, "--json").json
    assert (bill["settled"], bill["sum_ok"]) == (False, True)


# The same for people


@pytest.mark.parametrize(
    ("stage", "words", "said"),
    [
        ("packaged", ("run", "status", RUN), ("草津市", "引渡し待ち", "件数は合っています", "データの問題")),
        ("status", ("run", "status", RUN), ("締め済み", "件数は合っています")),
        ("status", ("run", "go", RUN), ("締め済み",)),
        ("status", ("cost", RUN), ("請求総額", "確定", "一致します")),
        ("packaged", ("cost", RUN), ("見込み",)),
        ("packaged", ("proof", RUN, "--city", KUSATSU), ("草津市の校正刷り", "選んだ理由", "SHA-256", "approve")),
        ("packaged", ("approve", RUN, KUSATSU, "--by", SIGNER), ("草津市の承認を記録しました",)),
        ("approved", ("approve", RUN, KUSATSU, "--by", SIGNER), ("記録済み",)),
        ("approved", ("run", "status", RUN), ("承認", SIGNER)),
        ("approved", ("release", RUN), ("引き渡せるようにしました", f"{RUN}-B001")),
        ("packaged", ("doctor",), ("○", "書体", "データベース")),
        ("packaged", ("migrate",), ("最新の形です",)),
        ("sample", ("run", "open", "property_tax", "2026"), (RUN, "2026-04-10")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) and value[0].isascii() else "",
)
def test_without_json_a_person_reads_japanese(
    story: Story, tmp_path: Path, stage: str, words: Words, said: Words
) -> None:
    told = story.copy(stage, tmp_path / "home")(*words)
    assert (told.code, told.err) == (0, "")
    assert all(word in told.out for word in said)
    with pytest.raises(json.JSONDecodeError):
        json.loads(told.out)


def test_submitting_and_loading_say_how_many(story: Story, tmp_path: Path) -> None:
    desk = story.copy("opened", tmp_path / "opened")
    rejected = story.json(f"submitted {KUSATSU}")["rejected"]
    told = desk("submit", RUN, KUSATSU, story.handins / KUSATSU)
    assert f"40件を受け取り、{rejected}件をはじきました" in told.out
    assert "前と同じデータ" in desk("submit", RUN, KUSATSU, story.handins / KUSATSU).out
    desk = story.copy("released", tmp_path / "released")
    report = tmp_path / "report.csv"
    lines = story.json("played")["lines"]
    assert f"{lines:,}行" in desk("sample", "scans", RUN, report, "--seed", "1").out
    assert f"{lines:,}行" in desk("scans", "load", RUN, report).out
    assert "取込み済み" in desk("scans", "load", RUN, report).out


@pytest.mark.parametrize(
    "name",
    [
        "report[1].csv",
        "report[a].csv",
        "report[/a].csv",
    ],
)
def test_a_file_name_with_brackets_is_shown_as_it_is(story: Story, tmp_path: Path, name: str) -> None:
    desk = story.copy("released", tmp_path / "home")
    report = tmp_path / name
    report.parent.mkdir(exist_ok=True)
    told = desk("sample", "scans", RUN, report)
    assert told.code == 0
    assert name in told.out.replace("\n", "")


# The installed command says the same as the one that the other tests call in their own process


def installed(home: Path, *words: object, **more: str) -> Told:
    """The program as it is installed, in a process of its own."""
    command = [str(Path(sys.executable).with_name("printjobs")), *map(str, words)]
    done = subprocess.run(
        command, env=environment(home) | more, capture_output=True, check=False, encoding="utf-8", cwd=home.parent
    )
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("run", "status", RUN, "--json"), 0),
        (("run", "status", "no-run", "--json"), USAGE),
        (("submit", RUN, KUSATSU, "nowhere", "--json"), BAD),
        (("scans", "load", RUN, "nowhere.csv", "--json"), RULE),
        (("scans", "load"), USAGE),
    ],
    ids=["done", "no_such_run", "bad_input", "refused", "missing_argument"],
)
def test_the_installed_command_ends_as_the_one_in_this_process(
    story: Story, tmp_path: Path, words: Words, code: int
) -> None:
    stage = "opened" if code == BAD else "packaged"
    desk = story.copy(stage, tmp_path / "home")
    told = installed(desk.home, *words)
    assert told.code == code
    here = desk(*words)
    assert told.out == here.out
    if "--json" in words:
        assert told.err == here.err


def test_the_installed_command_needs_no_locale(story: Story, tmp_path: Path) -> None:
    desk = story.copy("packaged", tmp_path / "home")
    told = installed(desk.home, "run", "status", RUN, LC_ALL="C", LANG="C")
    assert (told.code, told.err) == (0, "")
    assert "草津市" in told.out


# Exit codes


@pytest.mark.parametrize(
    "words",
    [
        ("print",),
        ("run",),
        ("run", "fly"),
        ("run", "open"),
        ("run", "open", "property_tax"),
        ("run", "open", "property_tax", "next"),
        ("run", "open", "no_such_tax", "2026"),
        ("run", "open", "property_tax", "26"),
        ("run", "open", "property_tax", "2026", "--mailing-date", "2026-02-30"),
        ("run", "open", "property_tax", "2026", "--colour"),
        ("run", "status"),
        ("run", "status", "no-run"),
        ("run", "go", "no-run"),
        ("run", "reprint", "no-run"),
        ("submit", RUN, KUSATSU),
        ("submit", "no-run", KUSATSU, "."),
        ("submit", RUN, "999999", "."),
        ("release", "no-run"),
        ("proof", "no-run", "--city", KUSATSU),
        ("proof", RUN, "--city", "999999"),
        ("proof", RUN),
        ("approve", "no-run", KUSATSU, "--by", SIGNER),
        ("approve", RUN, "999999", "--by", SIGNER),
        ("approve", RUN, KUSATSU),
        ("approve", RUN, KUSATSU, "--by", " "),
        ("approve", RUN, KUSATSU, "--by", "長" * 61),
        ("cost", "no-run"),
        ("scans", "load", "no-run", "report.csv"),
        ("sample", "scans", "no-run", "report.csv"),
        ("sample", "data", "--scale", "3"),
        ("sample", "somewhere", "--kind", "no_such_tax"),
        ("demo", "--scale", "many"),
    ],
    ids=" ".join,
)
def test_a_wrong_call_ends_with_2_and_changes_nothing(story: Story, tmp_path: Path, words: Words) -> None:
    desk = story.copy("opened", tmp_path / "home")
    before = desk.stand()
    told = desk(*words)
    assert told.code == USAGE
    assert "Traceback" not in told.err
    assert desk.stand() == before
    told = desk(*words, "--json")
    assert told.code == USAGE
    if told.out and told.out.lstrip().startswith("{"):
        assert told.json["exit_code"] == USAGE
        assert told.err == f"エラー: {told.json['error']}\n"


def test_a_year_without_a_layout_or_a_tariff_opens_no_run(story: Story, tmp_path: Path) -> None:
    desk = story.copy("opened", tmp_path / "home")
    told = desk("run", "open", "property_tax", 2020, "--json")
    assert told.code == USAGE
    assert "2020" in told.json["error"]
    assert desk.rows("SELECT id FROM run") == [(RUN,)]


def test_a_second_run_of_a_year_gets_a_name_of_its_own(story: Story, tmp_path: Path) -> None:
    desk = story.copy("opened", tmp_path / "home")
    told = desk("run", "open", "property_tax", 2026, "--mailing-date", "2026-05-01", "--json")
    assert (told.json["run"], told.json["mailing_date"]) == (f"{RUN}-2", "2026-05-01")


@pytest.mark.parametrize(
    ("stage", "words", "next_step"),
    [
        ("opened", ("run", "go", RUN), "submit"),
        ("opened", ("release", RUN), "run go"),
        ("opened", ("cost", "invoice", RUN), "run go"),
        ("packaged", ("cost", "correct", RUN, "--item", "x", "--yen", "1", "--reason", "x", "--by", SIGNER), "run go"),
        ("packaged", ("cost", "close", "2026-04", "--by", SIGNER), "run go"),
        ("opened", ("proof", RUN, "--city", KUSATSU), "submit"),
        ("opened", ("approve", RUN, KUSATSU, "--by", SIGNER), "run status"),
        ("packaged", ("release", RUN), "approve"),
        ("opened", ("sample", "scans", RUN, "report.csv"), "release"),
        ("packaged", ("sample", "scans", RUN, "report.csv"), "release"),
        ("packaged", ("scans", "load", RUN, "report.csv"), "release"),
        ("packaged", ("submit", RUN, KUSATSU, "."), "新しい回"),
        ("released", ("release", RUN), "run status"),
        ("released", ("submit", RUN, KUSATSU, "."), "新しい回"),
        ("status", ("release", RUN), ""),
        ("status", ("submit", RUN, KUSATSU, "."), "新しい回"),
        ("status", ("sample", "scans", RUN, "report.csv"), "release"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isascii() else " ".join(value),
)
def test_what_a_rule_forbids_ends_with_3_names_the_next_step_and_changes_nothing(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, words: Words, next_step: str
) -> None:
    monkeypatch.chdir(tmp_path)
    desk = story.copy(stage, tmp_path / "home")
    before = desk.stand()
    told = desk(*words, "--json")
    assert told.code == RULE
    assert told.json["exit_code"] == RULE
    assert next_step in told.json["error"]
    assert told.err == f"エラー: {told.json['error']}\n"
    assert desk.stand() == before
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


def test_a_bad_hand_in_ends_with_4(story: Story, tmp_path: Path) -> None:
    desk = story.copy("opened", tmp_path / "home")
    handin = HandIn(MORIYAMA)
    handin.said = {"notices": 4}
    told = desk.submit(handin, "--json")
    assert (told.code, told.json["exit_code"]) == (BAD, BAD)


def test_a_hand_in_with_problems_ends_with_0(story: Story, tmp_path: Path) -> None:
    desk = story.copy("opened", tmp_path / "home")
    told = desk.submit(HandIn(MORIYAMA).set("notices", 1, "敬称", ""), "--json")
    assert (told.code, told.json["rejected"]) == (0, 1)


# The doctor


@pytest.mark.parametrize(
    ("setting", "value", "name"),
    [
        ("PRINTJOBS_SECRET", "short", "QRの鍵"),
        ("PRINTJOBS_DATABASE_URL", "postgresql+psycopg://clerk:swordfish@127.0.0.1:1/none", "データベース"),
        ("PRINTJOBS_REDIS_URL", "redis://:swordfish@127.0.0.1:1/0", "Redis"),
        ("PRINTJOBS_MJ_FONT", "nowhere.ttf", "MJ明朝の書体"),
        ("PRINTJOBS_GAIJI_FONT", "nowhere.tte", "外字フォント"),
        ("PRINTJOBS_HOME", os.devnull, "保存先"),
    ],
    ids=["secret", "database", "redis", "mj_font", "gaiji_font", "home"],
)
def test_the_doctor_names_what_is_wrong_looks_at_the_rest_and_gives_no_secret_away(
    tmp_path: Path, setting: str, value: str, name: str
) -> None:
    desk = Desk(tmp_path / "home")
    desk.settings = {setting: value}
    told = desk("doctor", "--json")
    assert told.code == 1
    found = {finding["name"]: finding for finding in told.json}
    assert not found[name]["ok"]
    assert found["Python"]["ok"]
    assert len(found) == 8
    assert "swordfish" not in told.out + told.err
    assert "Traceback" not in told.err


# The sample and the demonstration


def test_the_sample_is_the_same_for_the_same_seed(story: Story, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    assert desk("sample", tmp_path / "again", "--scale", 0, "--seed", 1).code == 0
    for path in (tmp_path / "again").rglob("*.*"):
        assert path.read_bytes() == (story.handins / path.relative_to(tmp_path / "again")).read_bytes()
    assert not desk.home.exists()


def test_the_same_seed_plays_the_same_report(story: Story, tmp_path: Path) -> None:
    desk = story.copy("released", tmp_path / "home")
    told = desk("sample", "scans", RUN, tmp_path / "again.csv", "--seed", 1, "--json")
    assert told.code == 0
    assert (tmp_path / "again.csv").read_bytes() == Path(story.json("played")["file"]).read_bytes()


def test_the_demonstration_does_not_empty_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    kept = tmp_path / "mine" / "kept.txt"
    kept.parent.mkdir()
    kept.write_text("kept", encoding="utf-8")
    told = Desk(tmp_path / "home")("demo", "--scale", 0, "--into", kept.parent, "--json")
    assert told.code == USAGE
    assert [p.name for p in kept.parent.iterdir()] == ["kept.txt"]


def test_the_demonstration_prints_the_status_of_a_closed_run(tmp_path: Path) -> None:
    told = Desk(tmp_path / "home")("demo", "--scale", 0, "--into", tmp_path / "demo", "--json")
    assert (told.code, told.err) == (0, "")
    assert (told.json["status"], told.json["balanced"]) == ("closed", True)
    assert told.json == json.loads((tmp_path / "demo" / "summary.json").read_text("utf-8"))
    assert not (tmp_path / "home").exists()
