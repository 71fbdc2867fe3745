"""The days of a run as the lead works with them: cut-offs and late cities, two persons who release, a quiet vendor."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import SQLModel

from printjobs.core.access import Role
from printjobs.core.estimate import Estimate
from printjobs.core.model import Refused, UsageError
from printjobs.pipeline import (
    Context,
    Step,
    confirming,
    progressing,
    releasing,
    run_step,
    scheduling,
    unfinished,
    watching,
)
from printjobs.pipeline.scheduling import Late
from printjobs.reference import cities
from printjobs.reference.timetable import JAPAN
from printjobs.store import accounts, writing
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN, Desk, HandIn

USAGE, REFUSED = 2, 3
TELL = SQLModel.metadata.tables["stage"].insert()
Clock = Callable[[int, int, int], None]


def moment(month: int, day: int, hour: int) -> datetime:
    """By the clock of Japan, said in UTC as the program says it."""
    return datetime(2026, month, day, hour, tzinfo=JAPAN).astimezone(UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the time in Japan: month, day, hour of 2026. It stands still."""

    def sets(month: int, day: int, hour: int) -> None:
        monkeypatch.setattr(Context, "now", staticmethod(lambda: moment(month, day, hour)))

    sets(3, 2, 10)
    return sets


class Made:
    """Homes with the same tiny run at its stages, each copied for a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        patch = pytest.MonkeyPatch()
        desk = Desk(folder / "work")
        desk.home.mkdir()
        try:
            patch.setattr(Context, "now", staticmethod(lambda: moment(3, 2, 10)))
            assert desk("run", "open", "property_tax", 2026).code == 0
            for city in (KUSATSU, MORIYAMA):
                assert desk.submit(HandIn(city)).code == 0
            self._keep(desk, "handed in")
            desk.go()
            self._keep(desk, "packaged")
            desk.approve()
            self._keep(desk, "approved")
            patch.setattr(Context, "now", staticmethod(lambda: moment(3, 30, 9)))
            assert desk("release", RUN).code == 0
            self._keep(desk, "released")
        finally:
            patch.undo()

    def _keep(self, desk: Desk, stage: str) -> None:
        shutil.copytree(desk.home, self.folder / stage)

    def copy(self, stage: str, home: Path) -> Desk:
        shutil.copytree(self.folder / stage, home)
        return Desk(home)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"))


@pytest.fixture
def desk(made: Made, tmp_path: Path, clock: Clock) -> Desk:
    """Two cities have handed in."""
    return made.copy("handed in", tmp_path / "home")


def run_status(desk: Desk) -> str:
    return str(desk.rows("SELECT status FROM run")[0][0])


# The timetable


def test_the_timetable_tells_the_last_day_of_each_step_and_needs_no_run(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    told = desk("run", "timetable", "property_tax", 2026, "--json")
    assert told.code == 0
    assert (told.json["deadline"], told.json["mailing"], told.json["in_time"]) == ("2026-04-20", "2026-04-15", True)
    days = [step["day"] for step in told.json["steps"]]
    assert days == sorted(days)
    assert days[-1] == "2026-04-15"
    assert {city["hand_in"] for city in told.json["cities"]} == {days[0]}
    assert not desk.home.exists()


def test_a_city_with_a_later_due_date_is_told_how_long_it_had_alone() -> None:
    made = {city.city: city for city in scheduling.make_timetable("health_insurance", 2026).cities}
    assert made["252140"].alone > made[KUSATSU].alone == made[KUSATSU].hand_in
    assert made["252140"].hand_in == made[KUSATSU].hand_in


def test_next_year_is_reckoned_from_a_due_date_before_its_profiles_exist() -> None:
    assert scheduling.make_timetable("property_tax", 2028, "2028-05-01").deadline.isoformat() == "2028-04-21"
    with pytest.raises(UsageError, match="2028"):
        scheduling.make_timetable("property_tax", 2028)


def test_a_run_with_a_mailing_date_that_is_too_late_is_opened_and_told(desk: Desk) -> None:
    words = ("run", "open", "property_tax", 2026, "--mailing-date", "2026-04-14", "--delay", 7)
    told = desk(*words, "--due-date", "2026-05-01", "--json")
    assert told.code == 0
    assert (told.json["in_time"], told.json["deadline"], told.json["arrives"]) == (False, "2026-04-21", "2026-04-28")
    kept = desk.rows("SELECT due_date, postage_delay FROM run ORDER BY id")
    assert kept == [("", 0), ("2026-05-01", 7)]
    assert "間に合いません" in desk(*words).out


@pytest.mark.parametrize(
    ("mailing", "lawful"),
    [("2026-04-07", 7), ("2026-04-08", 3), ("2026-04-13", 3), ("2026-04-14", 0), ("2026-05-01", 0)],
)
def test_the_post_gets_no_more_time_for_its_discount_than_the_due_date_leaves(mailing: str, lawful: int) -> None:
    """Ten days before 1 May at the latest. A discount that breaks the law is no saving."""
    run: Any = SimpleNamespace(kind="property_tax", year=2026, due_date="2026-05-01", mailing_date=mailing)
    for agreed in (7, 3, 0):
        assert scheduling.lawful_delay(run, agreed) == min(lawful, agreed)


@pytest.mark.parametrize("words", [("--delay", 5), ("--due-date", "2026-02-30"), ("--due-date", "まだ")])
def test_a_delay_or_a_due_date_that_does_not_exist_opens_no_run(desk: Desk, words: tuple[object, ...]) -> None:
    assert desk("run", "open", "property_tax", 2026, *words).code == USAGE
    assert desk.rows("SELECT id FROM run") == [(RUN,)]


# Cut-offs and late cities


def agree(desk: Desk, city: str, day: str, late: Late) -> None:
    scheduling.set_cutoff(desk.context(), RUN, [city], late, day)


def test_a_run_without_cut_offs_waits_for_nobody(desk: Desk) -> None:
    assert unfinished(desk.context(), RUN) == [Step("plan", (RUN,))]
    assert not any(city.waited or city.is_late for city in scheduling.schedule_of(desk.context(), RUN).cities)


def test_a_city_is_not_cut_off_before_its_day_is_over(desk: Desk, clock: Clock) -> None:
    agree(desk, RITTO, "2026-03-10", Late.LEAVE_OUT)
    for day, hour in ((2, 10), (10, 23)):
        clock(3, day, hour)
        told = desk("run", "go", RUN, "--json")
        assert told.code == REFUSED
        assert "栗東市" in told.json["error"]
        assert run_status(desk) == "open"
    clock(3, 11, 0)
    desk.go()
    assert run_status(desk) == "packaged"
    assert desk.city(RITTO)["received"] == 0


def test_a_city_that_is_held_for_is_waited_for_until_it_has_handed_in(desk: Desk, clock: Clock) -> None:
    agree(desk, RITTO, "2026-03-10", Late.HOLD)
    clock(3, 20, 10)
    assert unfinished(desk.context(), RUN) == []
    (late,) = [c for c in scheduling.schedule_of(desk.context(), RUN).cities if c.waited]
    assert (late.city, late.is_late, late.submission) == (RITTO, True, "none")
    assert desk.submit(HandIn(RITTO)).code == 0
    desk.go()
    assert desk.city(RITTO)["pieces"] > 0


def test_the_lead_may_stop_holding_for_a_city(desk: Desk, clock: Clock) -> None:
    agree(desk, RITTO, "2026-03-10", Late.HOLD)
    clock(3, 9, 10)
    agree(desk, RITTO, "2026-03-09", Late.LEAVE_OUT)
    assert unfinished(desk.context(), RUN) == []
    clock(3, 10, 10)
    assert unfinished(desk.context(), RUN) == [Step("plan", (RUN,))]


def test_a_city_that_will_not_hand_in_is_no_longer_waited_for_when_somebody_says_so(desk: Desk) -> None:
    agree(desk, RITTO, "2026-03-10", Late.HOLD)
    for _ in range(2):
        assert desk("run", "schedule", RUN, "--city", RITTO, "--no-wait").code == 0
    assert unfinished(desk.context(), RUN) == [Step("plan", (RUN,))]
    assert [e for e in desk.rows("SELECT what, subject, detail FROM event") if e[0] == "cutoff"] == [
        ("cutoff", RITTO, "2026-03-10 hold"), ("cutoff", RITTO, "none"),
    ]  # fmt: skip


def test_when_all_have_handed_in_nobody_waits_for_the_day(desk: Desk) -> None:
    agree(desk, KUSATSU, "2026-03-10", Late.LEAVE_OUT)
    agree(desk, MORIYAMA, "2026-03-10", Late.HOLD)
    assert unfinished(desk.context(), RUN) == [Step("plan", (RUN,))]


def test_a_plan_that_was_on_its_way_when_the_cut_off_was_set_is_refused(desk: Desk) -> None:
    agree(desk, RITTO, "2026-03-10", Late.LEAVE_OUT)
    with pytest.raises(Refused, match="栗東市"):
        run_step(desk.context(), Step("plan", (RUN,)))
    assert run_status(desk) == "open"


def test_a_refused_hand_in_is_none(desk: Desk) -> None:
    agree(desk, RITTO, "2026-03-10", Late.HOLD)
    bad = HandIn(RITTO)
    bad.said["notices"] = 99
    assert desk.submit(bad).code != 0
    assert unfinished(desk.context(), RUN) == []
    (waited,) = [c for c in scheduling.schedule_of(desk.context(), RUN).cities if c.waited]
    assert waited.submission == "refused"


def test_a_city_that_came_after_its_day_is_late_and_taken_while_the_run_is_open(desk: Desk, clock: Clock) -> None:
    agree(desk, RITTO, "2026-03-10", Late.LEAVE_OUT)
    agree(desk, KUSATSU, "2026-03-10", Late.LEAVE_OUT)
    clock(3, 12, 8)
    assert desk.submit(HandIn(RITTO)).code == 0
    stood = {c.city: c for c in scheduling.schedule_of(desk.context(), RUN).cities}
    assert (stood[RITTO].is_late, stood[RITTO].handed_in, stood[RITTO].waited) == (True, "2026-03-12", False)
    assert (stood[KUSATSU].is_late, stood[KUSATSU].handed_in) == (False, "2026-03-02")


def test_without_a_day_every_city_gets_the_one_of_the_timetable(desk: Desk) -> None:
    told = desk("run", "schedule", RUN, "--late", "leave_out", "--json")
    assert told.code == 0
    first = told.json["timetable"]["steps"][0]
    assert {(c["city"], c["date"]) for c in told.json["cities"]} == {(c, first["day"]) for c in cities()}
    assert [c["city"] for c in told.json["cities"] if not c["waited"]] == [KUSATSU, MORIYAMA]
    assert "締切日を過ぎたら" in desk("run", "schedule", RUN).out


@pytest.mark.parametrize(
    "words",
    [
        ("--date", "2026-03-01", "--late", "hold"),
        ("--date", "2026-04-10", "--late", "hold"),
        ("--date", "3月10日", "--late", "hold"),
        ("--date", "2026-03-10"),
        ("--city", "999999", "--late", "hold"),
        ("--no-wait",),
    ],
    ids=["past", "on the mailing date", "no date", "no policy", "no city", "nobody named"],
)
def test_a_cut_off_that_cannot_be_is_refused_and_changes_nothing(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk("run", "schedule", RUN, *words).code == USAGE
    assert desk.rows("SELECT * FROM cutoff") == []


def test_a_timetables_day_that_has_passed_is_not_agreed_on_silently(desk: Desk, clock: Clock) -> None:
    clock(3, 30, 10)
    told = desk("run", "schedule", RUN, "--late", "hold")
    assert (told.code, "--date" in told.err) == (USAGE, True)


def test_a_planned_run_has_no_cut_offs_to_change(made: Made, tmp_path: Path, clock: Clock) -> None:
    desk = made.copy("packaged", tmp_path / "home")
    for words in (("--late", "hold", "--date", "2026-03-10"), ("--city", RITTO, "--no-wait")):
        assert desk("run", "schedule", RUN, *words).code == REFUSED


# Two persons


class Office(Desk):
    """A desk with accounts of two leads and of a city."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        with writing(self.context().engine) as connection:
            said = {"shown": "見本", "password_hash": "", "totp_salt": "", "created_at": moment(3, 2, 10)}
            self.one, self.other, self.city_clerk = (
                accounts.add(connection, said | {"name": name, "role": role}) or 0
                for name, role in (("one", Role.LEAD), ("other", Role.LEAD), ("clerk", Role.CITY))
            )

    def requests(self) -> list[tuple[int, int | None, bool]]:
        rows = self.rows("SELECT asked_by, confirmed_by, ended_at FROM release_request ORDER BY id")
        return [(asked, confirmed, ended is not None) for asked, confirmed, ended in rows]


@pytest.fixture
def office(made: Made, tmp_path: Path, clock: Clock) -> Office:
    return Office(made.copy("approved", tmp_path / "home").home)


def test_what_one_asks_and_another_confirms_is_released(office: Office) -> None:
    context = office.context()
    asked = confirming.ask_release(context, RUN, office.one)
    assert not asked.again
    assert asked.manifests == dict(office.rows("SELECT id, manifest_sha256 FROM batch"))
    assert run_status(office) == "packaged"
    assert confirming.open_request(context, RUN) == asked._replace(again=True)
    assert confirming.confirm_release(context, RUN, office.other, asked.id) == list(asked.manifests)
    assert run_status(office) == "released"
    assert office.requests() == [(office.one, office.other, True)]
    assert confirming.open_request(context, RUN) is None


def test_nobody_confirms_what_they_asked_for_themselves(office: Office) -> None:
    asked = confirming.ask_release(office.context(), RUN, office.one)
    with pytest.raises(Refused, match="ほかの人"):
        confirming.confirm_release(office.context(), RUN, office.one, asked.id)
    assert run_status(office) == "packaged"


def test_only_leads_ask_and_confirm(office: Office) -> None:
    with pytest.raises(Refused, match="とりまとめ市"):
        confirming.ask_release(office.context(), RUN, office.city_clerk)
    asked = confirming.ask_release(office.context(), RUN, office.one)
    with writing(office.context().engine) as connection:
        accounts.change(connection, office.other, {"disabled_at": moment(3, 2, 10)})
    for account in (office.city_clerk, office.other):
        with pytest.raises(Refused, match="とりまとめ市"):
            confirming.confirm_release(office.context(), RUN, account, asked.id)
    with writing(office.context().engine) as connection:  # who asked is shut out before the other confirms
        accounts.change(connection, office.other, {"disabled_at": None})
        accounts.change(connection, office.one, {"disabled_at": moment(3, 2, 10)})
    with pytest.raises(Refused, match="とりまとめ市"):
        confirming.confirm_release(office.context(), RUN, office.other, asked.id)
    assert run_status(office) == "packaged"


def test_asking_again_is_one_request_and_two_do_not_ask_for_the_same(office: Office) -> None:
    first = confirming.ask_release(office.context(), RUN, office.one)
    assert confirming.ask_release(office.context(), RUN, office.one) == first._replace(again=True)
    with pytest.raises(Refused, match="ほかの人"):
        confirming.ask_release(office.context(), RUN, office.other)
    assert len(office.requests()) == 1


def test_other_batches_than_were_asked_for_are_not_released(office: Office) -> None:
    asked = confirming.ask_release(office.context(), RUN, office.one)
    database = office.context().engine
    (batch, sealed) = office.rows("SELECT id, manifest_sha256 FROM batch")[0]
    change = "UPDATE batch SET manifest_sha256 = ? WHERE id = ?"
    with database.begin() as connection:
        connection.exec_driver_sql(change, ("0" * 64, batch))
    with pytest.raises(Refused, match="もう一度依頼"):
        confirming.confirm_release(office.context(), RUN, office.other, asked.id)
    assert office.requests() == [(office.one, None, False)]
    assert run_status(office) == "packaged"
    confirming.ask_release(office.context(), RUN, office.other)
    with database.begin() as connection:
        connection.exec_driver_sql(change, (sealed, batch))
    assert office.requests() == [(office.one, None, True), (office.other, None, False)]


def test_what_release_refuses_is_refused_here_too_and_can_be_confirmed_later(
    made: Made, tmp_path: Path, clock: Clock
) -> None:
    office = Office(made.copy("packaged", tmp_path / "home").home)
    asked = confirming.ask_release(office.context(), RUN, office.one)
    with pytest.raises(Refused, match="承認していない市"):
        confirming.confirm_release(office.context(), RUN, office.other, asked.id)
    assert office.requests() == [(office.one, None, False)]
    office.approve()
    assert confirming.confirm_release(office.context(), RUN, office.other, asked.id)


def test_a_withdrawn_request_is_not_confirmed(office: Office) -> None:
    asked = confirming.ask_release(office.context(), RUN, office.one)
    confirming.withdraw_release(office.context(), RUN, office.other)
    with pytest.raises(Refused, match="先に引渡しを依頼"):
        confirming.confirm_release(office.context(), RUN, office.other, asked.id)
    with pytest.raises(Refused, match="先に引渡しを依頼"):
        confirming.withdraw_release(office.context(), RUN, office.other)
    assert not confirming.ask_release(office.context(), RUN, office.one).again


def test_nothing_to_release_is_nothing_to_ask_for(made: Made, tmp_path: Path, clock: Clock) -> None:
    for stage in ("handed in", "released"):
        office = Office(made.copy(stage, tmp_path / stage).home)
        with pytest.raises(Refused, match="引渡しを待つバッチがありません"):
            confirming.ask_release(office.context(), RUN, office.one)


def test_the_second_person_confirms_the_request_that_they_saw_and_no_later_one(office: Office) -> None:
    seen = confirming.ask_release(office.context(), RUN, office.one)
    confirming.withdraw_release(office.context(), RUN, office.one)
    confirming.ask_release(office.context(), RUN, office.one)
    with pytest.raises(Refused, match="見ていたものと変わりました"):
        confirming.confirm_release(office.context(), RUN, office.other, seen.id)
    assert run_status(office) == "packaged"


def test_a_request_that_is_withdrawn_while_the_files_are_hashed_is_not_released(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = confirming.ask_release(office.context(), RUN, office.one)
    hashed = releasing._verify

    def withdrawn_meanwhile(*batch: Any) -> None:
        hashed(*batch)
        if confirming.open_request(office.context(), RUN):
            confirming.withdraw_release(office.context(), RUN, office.one)

    monkeypatch.setattr(releasing, "_verify", withdrawn_meanwhile)
    with pytest.raises(Refused, match="依頼はありません"):
        confirming.confirm_release(office.context(), RUN, office.other, asked.id)
    assert run_status(office) == "packaged"
    assert office.requests() == [(office.one, None, True)]


def test_a_city_is_not_cut_off_by_one_press(made: Made, tmp_path: Path, clock: Clock) -> None:
    office = Office(made.copy("handed in", tmp_path / "home").home)
    missing = scheduling.missing(office.context(), RUN)
    assert missing
    with pytest.raises(Refused, match="まだ提出のない市"):
        scheduling.refuse_missing(office.context(), RUN)
    scheduling.set_cutoff(office.context(), RUN, [RITTO], scheduling.Late.HOLD, "2026-03-13")
    assert scheduling.missing(office.context(), RUN) == []  # it is waited for, so nobody is cut off


# Progress


def test_progress_counts_every_step_from_nothing_to_all(made: Made, tmp_path: Path, clock: Clock) -> None:
    seen = {}
    for stage in ("handed in", "packaged", "approved", "released"):
        made_progress = progressing.progress(made.copy(stage, tmp_path / stage).context(), RUN)
        seen[stage] = {step.name: (step.done, step.total) for step in made_progress.steps}
        assert all(0 <= step.done <= step.total for step in made_progress.steps)
    assert seen["handed in"]["intake"] == (2, 2)
    assert seen["handed in"]["plan"] == (0, 1)
    batches, sheets = made_progress.steps[4].total, made_progress.work // 2
    assert seen["packaged"]["render"] == seen["packaged"]["check"] == (sheets, sheets)
    assert (seen["packaged"]["approve"], seen["approved"]["approve"]) == ((0, 2), (2, 2))
    assert (seen["approved"]["release"], seen["released"]["release"]) == ((0, batches), (batches, batches))
    assert made_progress.work_done == made_progress.work > 0


def test_whoever_watches_a_run_learns_how_long_it_takes(desk: Desk) -> None:
    context, estimate = desk.context(), Estimate()
    todo, second = unfinished(context, RUN), 0
    left, between = [], False
    while todo:
        todo += run_step(context, todo.pop(0))
        now, second = progressing.progress(context, RUN), second + 1
        estimate.see(second, now.work_done)
        left.append(estimate.left(now.work))
        done = {step.name: step.done for step in now.steps}
        between = between or done["render"] > done["check"]
    assert left[0] is None  # planned, nothing written
    assert any(left[1:-1])
    assert left[-1] == 0
    assert between  # written is not read back yet


# The quiet vendor


def test_a_vendor_that_does_not_answer_is_told_on_the_same_day_and_cron_hears_it(
    made: Made, tmp_path: Path, clock: Clock
) -> None:
    desk = made.copy("released", tmp_path / "home")
    clock(3, 30, 12)
    assert desk("run", "alarms", RUN, "--json").code == 0
    clock(3, 30, 17)
    told = desk("run", "alarms", RUN, "--json")
    assert told.code == REFUSED
    assert [a["code"] for a in told.json["alarms"]] == ["accepted"]
    assert told.json["heard"] == ""
    shown = desk("run", "alarms", RUN)
    assert (shown.code, "受領の報告が遅れています" in shown.out) == (REFUSED, True)


def test_what_the_vendor_says_of_its_batches_ends_the_alarm(made: Made, tmp_path: Path, clock: Clock) -> None:
    desk = made.copy("released", tmp_path / "home")
    context = desk.context()
    for day, stage, code in ((30, "accepted", "printed"), (31, "printed", "inserted"), (32, "inserted", "posted")):
        said = moment(3, 30, 12) + timedelta(days=day - 30)
        for batch, pieces in desk.rows("SELECT id, pieces FROM batch"):
            with writing(context.engine) as connection:
                connection.execute(TELL.values(batch_id=batch, stage=stage, count=pieces, at=said))
        watch = watching.alarms(context, RUN, said)
        assert (watch.alarms, watch.heard[:10]) == ((), said.date().isoformat())
        assert code in {a.code for a in watching.alarms(context, RUN, moment(4, 10, 16)).alarms}


def test_the_machines_own_report_counts_as_well(made: Made, tmp_path: Path, clock: Clock) -> None:
    desk = made.copy("released", tmp_path / "home")
    report = tmp_path / "report.csv"
    clock(4, 8, 10)
    assert desk("sample", "scans", RUN, report, "--seed", 1).code == 0
    assert desk("scans", "load", RUN, report).code in (0, REFUSED)  # two of six are too many to reprint unasked
    watch = watching.alarms(desk.context(), RUN)
    assert watch.heard.startswith("2026-04-08")
    assert watch.alarms == ()
    assert all(stood.told >= stood.expected for stood in watch.standings)


def test_a_run_that_is_not_with_the_vendor_has_no_alarms(desk: Desk, clock: Clock) -> None:
    clock(5, 1, 10)
    told = desk("run", "alarms", RUN)
    assert (told.code, "バッチはありません" in told.out) == (0, True)
