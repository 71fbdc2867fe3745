"""What the vendor tells: reports in its machine's form, stages, files in parts, one sheet at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from printjobs import store
from printjobs.core.model import BadInput, NotFound, Refused, UsageError
from printjobs.pipeline import scan_logs, scanning, stages, uploads
from printjobs.pipeline.rendering import released_marks
from printjobs.reference.report_layout import STANDARD, report_layout
from printjobs.store import production
from tests.handin import RUN, Told
from tests.shell.jobs import Job
from tests.shell.test_store import at_once
from tests.shell.test_volume import planned_run
from tests.shell.vendors import VENDOR, Office, write_released

COLUMNS = report_layout(STANDARD).columns
PIECES = 3
RULE = 3


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_released(tmp_path_factory.mktemp("released") / "home")


@pytest.fixture
def office(released: Path, tmp_path: Path) -> Iterator[Office]:
    office = Office(released, tmp_path / "home")
    yield office
    office.close()


def good(office: Office, *, post: bool = True) -> list[list[str]]:
    """All that a machine tells of the run, batch by batch, without a header."""
    rows = []
    with office.context.engine.connect() as connection:
        batches = production.batches(connection, RUN)
    for batch in batches:
        for number, marks in released_marks(office.context, office.context.run(RUN), batch):
            rows += [["08:00", "sheet", str(batch.number), str(number), mark, "", ""] for mark in marks]
            rows.append(["08:00", "piece", str(batch.number), str(number), "", "inserted", ""])
        if post:
            rows.append(["", "post", str(batch.number), "", "", "", str(batch.pieces)])
    return rows


def standard(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([COLUMNS, *rows])
    return out.getvalue().encode()


def foreign_form(rows: list[list[str]], layout: str) -> bytes:
    """The same report as the machine of another layout writes it."""
    declared = report_layout(layout)
    back = {f: {ours: theirs for theirs, ours in p.words.items() if ours} for f, p in declared.fields.items()}
    lines = [declared.delimiter.join(declared.columns)] if declared.header else []
    for row in rows:
        said = dict(zip(COLUMNS, row, strict=True))
        cells = {declared.fields[f].column: back[f].get(said[f], said[f]) for f in declared.fields}
        line = [cells.get(column, "") for column in declared.columns]
        if declared.widths:
            line = [c.zfill(w) if c.isdigit() else c.ljust(w) for c, w in zip(line, declared.widths, strict=True)]
        lines.append(declared.delimiter.join(line))
    return "".join(line + "\r\n" for line in lines).encode(declared.encoding)


def load(office: Office, data: bytes, *words: str) -> Told:
    path = office.desk.home.with_name("report")
    path.write_bytes(data)
    return office.desk("scans", "load", RUN, path, *words, "--json")


def test_a_report_that_has_grown_is_taken_from_where_it_ended_and_an_empty_line_changes_nothing(office: Office) -> None:
    rows = good(office)
    morning, day = standard(rows[:4]), standard(rows)
    assert load(office, morning).json["findings"] == []
    assert load(office, morning + b"\r\n").json["again"]
    told = load(office, day).json
    assert (told["findings"], told["lines"]) == ([], len(rows) - 4)
    assert {b["status"] for b in office.desk.status()["batches"]} == {"posted"}
    assert load(office, day.rstrip(b"\r\n")).json["again"]


def stage_rows(office: Office) -> list[tuple[Any, ...]]:
    return office.desk.rows("SELECT batch_id, stage, count FROM stage ORDER BY id")


# Layouts


@pytest.mark.parametrize("layout", ["fixed", "inserter-csv"])
def test_a_report_settles_the_same_in_whatever_form_the_machine_writes_it(office: Office, layout: str) -> None:
    told = load(office, foreign_form(good(office), layout), "--layout", layout)
    assert (told.code, told.json["statuses"], told.json["findings"]) == (0, {"mailed": PIECES}, [])
    assert office.desk.rows("SELECT layout, bad FROM scan_log") == [(layout, 0)]


def test_a_report_read_by_the_wrong_layout_is_refused_and_then_taken_by_the_right_one(office: Office) -> None:
    data = foreign_form(good(office), "fixed")
    before = office.desk.stand()
    assert load(office, data).code == load(office, data, "--layout", "inserter-csv").code == BadInput.exit_code
    assert load(office, standard(good(office)), "--layout", "fixed").code == BadInput.exit_code
    assert office.desk.stand() == before
    assert load(office, data, "--layout", "fixed").json["statuses"] == {"mailed": PIECES}


def test_the_same_bytes_are_the_same_report_whatever_layout_is_said(office: Office) -> None:
    data = standard(good(office))
    assert not load(office, data).json["again"]
    before = office.desk.stand()
    assert load(office, data, "--layout", "inserter-csv").json["again"]
    assert office.desk.stand() == before


def test_a_layout_that_nobody_declared_is_a_wrong_call_and_those_that_are_there_are_listed(office: Office) -> None:
    told = load(office, b"", "--layout", "../secret")
    assert told.code == UsageError.exit_code
    known = [layout["name"] for layout in office.desk("scans", "layouts", "--json").json]
    assert known[0] == STANDARD
    assert "、".join(known) in told.json["error"]
    assert STANDARD in office.desk("scans", "layouts").out


def test_reports_are_listed_with_what_is_to_be_looked_at_and_the_rows_that_were_bad(office: Office) -> None:
    assert "まだ" in office.desk("scans", "list", RUN).out
    load(office, standard([*good(office, post=False), ["", "sheet", "", "", "0" * 34, "", ""], ["x\0y"]]))
    (came,) = office.desk("scans", "list", RUN, "--json").json
    assert (came["layout"], came["lines"], came["bad"]) == (STANDARD, len(good(office, post=False)) + 2, 1)
    assert came["at"]
    report = office.desk("scans", "show", RUN, came["log_id"], "--json").json
    assert report["report"] == came
    assert [f["code"] for f in report["findings"]] == ["foreign"]
    assert len(report["findings"]) == came["findings"]
    assert [(b["line"], b["text"]) for b in report["bad"]] == [(came["lines"] + 1, "x\ufffdy")]
    shown = office.desk("scans", "show", RUN, came["log_id"]).out
    assert "行 読めません" in shown
    assert office.desk("scans", "show", RUN, 99).code == NotFound.exit_code
    assert f"{came['log_id']}:" in office.desk("scans", "list", RUN).out


# Stages


def batch_of(office: Office) -> Any:
    with office.context.engine.connect() as connection:
        return production.find_batch(connection, office.batches()[0])


def test_stages_are_kept_in_order_and_a_posting_goes_by_the_rule_of_the_reports(office: Office) -> None:
    batch = batch_of(office)
    counts = {"accepted": batch.pages, "printed": batch.sheets, "inserted": batch.pieces, "posted": batch.pieces}
    for stage, count in counts.items():
        if stage == "posted":
            with pytest.raises(Refused, match="0通"):
                stages.report_stage(office.context, batch.id, stage, count)
            load(office, standard(good(office, post=False)))
        assert not stages.report_stage(office.context, batch.id, stage, count).again
        assert stages.report_stage(office.context, batch.id, stage, count).again
    assert [row[1:] for row in stage_rows(office)] == list(counts.items())
    assert batch_of(office).status == "posted"
    mailed = f"SELECT count(*) FROM piece WHERE status = 'mailed' AND batch_id = '{batch.id}'"
    assert office.desk.rows(mailed) == [(batch.pieces,)]
    assert [r.layout for r in scan_logs.reports(office.context, RUN)] == [STANDARD, stages.LAYOUT]


def test_a_stage_that_contradicts_is_refused_with_both_numbers_and_leaves_an_event_and_nothing_else(
    office: Office,
) -> None:
    batch = batch_of(office)
    stages.report_stage(office.context, batch.id, "accepted", batch.pages)
    before = office.desk.stand(), stage_rows(office)
    for stage, count, word in (
        ("accepted", 7_777, "7,777"),
        ("printed", 1, f"{batch.sheets:,}枚"),
        ("inserted", 1, "印刷"),
        ("posted", 1, "封入"),
    ):
        with pytest.raises(Refused, match=word):
            stages.report_stage(office.context, batch.id, stage, count)
    assert (office.desk.stand(), stage_rows(office)) == before
    refused = office.desk.rows("SELECT detail FROM event WHERE what = 'stage' AND detail LIKE '%refused'")
    assert [detail for (detail,) in refused] == [
        "accepted 7777 refused", "printed 1 refused", "inserted 1 refused", "posted 1 refused",
    ]  # fmt: skip


def test_a_stage_of_no_batch_or_no_stage_at_all_is_told_as_such(office: Office) -> None:
    with pytest.raises(NotFound):
        stages.report_stage(office.context, "property_tax-2026-B999", "printed", 1)
    with pytest.raises(UsageError, match="printed"):
        stages.report_stage(office.context, office.batches()[0], "folded", 1)


def test_rows_of_a_report_tell_stages_and_one_that_contradicts_is_a_finding(office: Office) -> None:
    batch = batch_of(office)
    told = [["", what, "1", "", "", "", str(n)] for what, n in (("accepted", batch.pages), ("printed", batch.sheets))]
    wrong = ["", "printed", "1", "", "", "", "7777"]
    nowhere = ["", "accepted", "999", "", "", "", "1"]
    findings = load(office, standard([*told, *told, wrong, nowhere])).json["findings"]
    assert [(f["line"], f["code"]) for f in findings] == [(6, "stage_contradicts"), (7, "unknown_batch")]
    assert stage_rows(office) == [(batch.id, "accepted", batch.pages), (batch.id, "printed", batch.sheets)]


def test_a_posting_of_a_report_is_a_stage_as_well(office: Office) -> None:
    load(office, standard(good(office)))
    batch = batch_of(office)
    assert (batch.id, "posted", batch.pieces) in stage_rows(office)
    assert stages.report_stage(office.context, batch.id, "posted", batch.pieces).again
    with pytest.raises(Refused, match="1,234"):
        stages.report_stage(office.context, batch.id, "posted", 1_234)


# Uploads


def left(office: Office) -> list[Path]:
    return [path for path in (office.desk.home / "uploads").rglob("*") if path.is_file()]


def test_a_report_in_parts_settles_as_the_whole_does_and_leaves_no_copy(office: Office) -> None:
    data, account = standard(good(office)), office.account()
    upload = uploads.begin(office.context, RUN, account, STANDARD)
    for start in range(0, len(data), 100):
        part = io.BytesIO(data[start : start + 100])
        assert uploads.append(office.context, upload.id, start, part).size == min(start + 100, len(data))
    digest = sha256(data).hexdigest()
    settled = uploads.finish(office.context, upload.id, digest)
    assert (settled.statuses, settled.again) == ({"mailed": PIECES}, False)
    assert left(office) == []
    assert uploads.find(office.context, upload.id).ended
    before = office.desk.stand()
    assert uploads.finish(office.context, upload.id, digest).again
    assert load(office, data).json["again"]
    assert office.desk.stand() == before


def test_a_part_that_is_not_the_next_one_is_refused_with_the_right_place(office: Office) -> None:
    upload = uploads.begin(office.context, RUN, office.account(), STANDARD)
    uploads.append(office.context, upload.id, 0, io.BytesIO(b"12345"))
    for wrong in (0, 4, 6):
        with pytest.raises(Refused, match="5バイト"):
            uploads.append(office.context, upload.id, wrong, io.BytesIO(b"x"))
    assert uploads.append(office.context, upload.id, 5, io.BytesIO()).size == 5
    assert [path.read_bytes() for path in left(office)] == [b"12345"]


class Torn(io.RawIOBase):
    """A connection that ends in the middle of a part."""

    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError


def test_a_part_that_breaks_off_leaves_nothing_and_is_sent_again(office: Office) -> None:
    upload = uploads.begin(office.context, RUN, office.account(), STANDARD)
    with pytest.raises(ConnectionResetError):
        uploads.append(office.context, upload.id, 0, Torn())  # type: ignore[arg-type]
    assert uploads.find(office.context, upload.id).size == 0
    assert left(office) == []
    assert uploads.append(office.context, upload.id, 0, io.BytesIO(b"ab")).size == 2


def test_of_two_parts_for_one_place_at_the_same_moment_one_is_kept(office: Office) -> None:
    upload = uploads.begin(office.context, RUN, office.account(), STANDARD)

    def send(text: bytes) -> str:
        try:
            uploads.append(office.context, upload.id, 0, io.BytesIO(text))
        except Refused:
            return ""
        return text.decode()

    kept = "".join(at_once([lambda: send(b"one"), lambda: send(b"three")]))
    assert kept in ("one", "three")
    assert [path.read_text(encoding="ascii") for path in left(office)] == [kept]


def test_bytes_that_are_not_those_that_were_sent_are_not_taken(office: Office) -> None:
    data = standard(good(office))
    upload = uploads.begin(office.context, RUN, office.account(), STANDARD)
    uploads.append(office.context, upload.id, 0, io.BytesIO(data))
    before = office.desk.stand()
    with pytest.raises(Refused, match=sha256(data).hexdigest()):
        uploads.finish(office.context, upload.id, "0" * 64)
    for act in (
        lambda: uploads.finish(office.context, upload.id, sha256(data).hexdigest()),
        lambda: uploads.append(office.context, upload.id, len(data), io.BytesIO(b"x")),
    ):
        with pytest.raises(Refused, match="終わって"):
            act()
    assert (office.desk.stand(), left(office)) == (before, [])


def test_a_report_that_cannot_be_taken_ends_its_upload(office: Office) -> None:
    upload = uploads.begin(office.context, RUN, office.account(), "fixed")
    uploads.append(office.context, upload.id, 0, io.BytesIO(b"PK\x03\x04"))
    with pytest.raises(BadInput):
        uploads.finish(office.context, upload.id, sha256(b"PK\x03\x04").hexdigest())
    assert uploads.find(office.context, upload.id).ended
    assert left(office) == []


def test_more_than_the_limit_is_refused_while_it_comes(office: Office) -> None:
    office.context.settings.upload_limit = 10
    upload = uploads.begin(office.context, RUN, office.account(), STANDARD)
    uploads.append(office.context, upload.id, 0, io.BytesIO(b"123456"))
    with pytest.raises(Refused, match="10バイト"):
        uploads.append(office.context, upload.id, 6, io.BytesIO(b"12345"))
    assert uploads.append(office.context, upload.id, 6, io.BytesIO(b"1234")).size == 10


def test_what_was_abandoned_a_day_ago_is_swept_when_the_next_one_begins(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = office.account()
    old = uploads.begin(office.context, RUN, account, STANDARD)
    uploads.append(office.context, old.id, 0, io.BytesIO(b"123456"))
    now = office.context.now()
    monkeypatch.setattr(type(office.context), "now", staticmethod(lambda: now + timedelta(hours=25)))
    new = uploads.begin(office.context, RUN, account, STANDARD)
    assert (uploads.find(office.context, old.id).ended, uploads.find(office.context, new.id).ended) == (True, False)
    assert left(office) == []


def test_no_upload_is_found_by_a_name_that_somebody_made_up(office: Office) -> None:
    for name in ("../../secret.key", "0" * 32, ""):
        with pytest.raises(NotFound):
            uploads.append(office.context, name, 0, io.BytesIO(b"x"))
        with pytest.raises(NotFound):
            uploads.finish(office.context, name, "0" * 64)


# One sheet at a time


class Line:
    """A run on one database with the marks of its sheets, and a machine on line."""

    def __init__(self, job: Job) -> None:
        self.job = job
        run = planned_run(job)
        with job.context.engine.connect() as connection:
            self.batch = production.batches(connection, RUN)[0]
        self.marks = dict(released_marks(job.context, run, self.batch))
        self.long = [n for n, marks in self.marks.items() if len(marks) > 1]
        self.short = [n for n, marks in self.marks.items() if len(marks) == 1]

    def ask(self, mark: str, machine: str = "M1", vendor: str = VENDOR) -> str:
        return scanning.judge(self.job.context, mark, machine, vendor).answer

    def show(self, piece: int, machine: str = "M1") -> list[str]:
        return [self.ask(mark, machine) for mark in self.marks[piece]]

    def set(self, piece: int, status: str) -> None:
        with store.writing(self.job.context.engine) as connection:
            values = {"status": status, "number": piece, "batch": self.batch.id}
            connection.execute(text("UPDATE piece SET status=:status WHERE number=:number AND batch_id=:batch"), values)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def line(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """One run for all these tests: each shows envelopes of its own."""
    url = ""
    if request.param == "postgresql":
        from tests.shell.services import fresh_database

        with fresh_database(request.getfixturevalue("postgres_url")) as url:
            line = Line(Job(tmp_path_factory.mktemp("line") / "home", database_url=url))
            yield line
            line.job.close()
        return
    line = Line(Job(tmp_path_factory.mktemp("line") / "home"))
    yield line
    line.job.close()


def test_sheets_in_order_are_ok_and_the_answer_says_which_sheet_it_is(line: Line) -> None:
    first = line.long.pop()
    for sheet, mark in enumerate(line.marks[first], start=1):
        answer = scanning.judge(line.job.context, mark, "A", VENDOR)
        assert answer[:5] == ("ok", line.batch.number, first, sheet, len(line.marks[first]))
        assert answer.message.endswith("。")
    assert line.show(line.short.pop(), "A") == ["ok"]


def test_a_sheet_shown_again_is_a_duplicate_also_on_another_machine_and_by_the_report(line: Line) -> None:
    piece, other = line.short.pop(), line.short.pop()
    assert [line.ask(line.marks[piece][0], m) for m in ("B", "B", "C")] == ["ok", "duplicate", "duplicate"]
    line.set(other, "inserted")
    assert line.show(other, "B") == ["duplicate"]


def test_of_eight_that_show_the_same_sheet_at_the_same_moment_one_may_go_on(line: Line) -> None:
    mark = line.marks[line.short.pop()][0]
    answers = at_once([lambda n=n: line.ask(mark, f"D{n}") for n in range(8)])
    assert sorted(answers) == ["duplicate"] * 7 + ["ok"]


def test_after_a_sheet_out_of_order_the_machine_begins_with_a_new_envelope(line: Line) -> None:
    half, other = line.long.pop(), line.long.pop()
    assert line.ask(line.marks[half][0], "E") == "ok"
    assert line.ask(line.marks[other][0], "E") == "out_of_order"
    assert line.ask(line.marks[half][1], "E") == "out_of_order"
    assert set(line.show(other, "E")) == {"ok"}


def test_two_machines_do_not_disturb_each_other(line: Line) -> None:
    one, other = line.marks[line.long.pop()], line.marks[line.long.pop()]
    shown = [(one[0], "F"), (other[0], "G"), (one[1], "F"), (other[1], "G")]
    assert {line.ask(mark, machine) for mark, machine in shown} == {"ok"}


@pytest.mark.parametrize(
    ("status", "answer"), [("pulled", "pulled"), ("superseded", "superseded"), ("spoiled", "superseded")]
)
def test_what_is_not_to_be_mailed_is_taken_out(line: Line, status: str, answer: str) -> None:
    piece = line.short.pop()
    line.set(piece, status)
    assert line.show(piece, "H") == [answer]
    assert line.show(line.short.pop(), "H") == ["ok"]


def test_what_is_foreign_unread_or_another_vendors_is_kept_where_the_lead_sees_it(line: Line) -> None:
    before = len(scanning.refusals(line.job.context, RUN))
    mark = line.marks[line.short[-1]][0]
    forged = mark[:-1] + ("0" if mark[-1] != "0" else "1")
    for shown in (forged, "0" * 34, "https://example.invalid/", "あ" * 34):
        assert line.ask(shown, "I") == "foreign"
    assert line.ask("", "I") == "unread"
    assert line.ask(mark, "I", "rival") == "foreign"
    kept = [r.detail for r in scanning.refusals(line.job.context, RUN)[before:]]
    assert kept == ["foreign machine I"] * 4 + ["unread machine I"]  # the rival has no run that it could belong to
    assert line.ask(mark, "I") == "ok"


def test_a_foreign_sheet_among_those_of_an_envelope_takes_the_envelope_out(line: Line) -> None:
    half = line.marks[line.long.pop()]
    assert [line.ask(mark, "J") for mark in (half[0], "0" * 34, half[1])] == ["ok", "foreign", "out_of_order"]


def test_a_machine_has_a_plain_name(line: Line) -> None:
    for name in ("", "a b", "../x", "機械", "x" * 33, "a\n"):
        with pytest.raises(UsageError):
            line.ask("", name)


def test_what_machines_on_line_were_told_settles_nothing(office: Office) -> None:
    for row in good(office):
        if row[1] == "sheet":
            assert scanning.judge(office.context, row[4], "M1", VENDOR).answer == "ok"
    assert office.desk.rows("SELECT DISTINCT status FROM piece") == [("released",)]
    assert load(office, standard(good(office))).json["statuses"] == {"mailed": PIECES}
