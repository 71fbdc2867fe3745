"""After a run is charged: nothing in the ledger changes, invoices are held against it, months and years close for good.

The runs stand in the database as their reports left them, so that several are there in a second.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from printjobs import store
from printjobs.core.cost.bill import make_bill
from printjobs.core.model import (
    BadInput,
    Refused,
    RunStatus,
    UsageError,
)
from printjobs.pipeline import Context, charging, closing, costing, invoicing
from printjobs.pipeline.charging import Corrected
from printjobs.pipeline.invoicing import Arrived, Compared
from printjobs.pipeline.volumes import case_of
from printjobs.reference import costs
from printjobs.reference.timetable import JAPAN
from printjobs.store import database, ledger, runs
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN, Desk
from tests.shell.mailing import LAST, LATER, MAILED, NOW, mailed

USAGE, RULE = 2, 3
BY = ("--by", "会計　締子")
TITLES = ["費目", "数量", "単価", "金額"]
WHY = ("--reason", "封筒の単価の誤り")


@pytest.fixture(scope="module")
def charged_once(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("ledger") / "home")
    context = desk.context()
    for run_id in (RUN, LATER):
        mailed(context, run_id)
        assert charging.close(context, run_id) == []
        assert context.run(run_id).status == RunStatus.CLOSED
    context.engine.dispose()
    return desk


@pytest.fixture(autouse=True)
def year_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is closed before it is over."""
    monkeypatch.setattr(Context, "now", staticmethod(lambda: datetime(2027, 5, 6, tzinfo=UTC)))


@pytest.fixture
def desk(charged_once: Desk, tmp_path: Path) -> Desk:
    shutil.copytree(charged_once.home, tmp_path / "home")
    return Desk(tmp_path / "home")


@pytest.fixture
def context(desk: Desk) -> Context:
    return desk.context()


def done(desk: Desk, *words: object, code: int = 0) -> Any:
    """What a command answers, or why it does not."""
    told = desk(*words, "--json")
    assert told.code == code, (told.out, told.err)
    return told.json.get("error", told.json)


def rows_of(context: Context, query: str) -> list[tuple[Any, ...]]:
    with context.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def charges(context: Context, run_id: str = RUN) -> list[Any]:
    with context.engine.connect() as connection:
        return list(ledger.charges(connection, run_id))


def total(context: Context, run_id: str = RUN) -> dict[str, int]:
    with context.engine.connect() as connection:
        return {city: yen for city, (yen, _) in ledger.charged(connection, run_id).items()}


def correct(context: Context, item: str, yen: int, why: str = WHY[1], by: str = BY[1], city: str = "") -> Corrected:
    return charging.correct(context, RUN, item, yen, why, by, city)


def expected(context: Context, issuer: str, run_id: str = RUN) -> list[list[str]]:
    """The invoice that an issuer is expected to send, header first."""
    sheet = invoicing.as_csv(invoicing.expected_lines(context, run_id, issuer))
    return list(csv.reader(io.StringIO(sheet)))


def write(context: Context, rows: list[list[str]], encoding: str = "utf-8-sig") -> Path:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(rows)
    file = context.settings.home / "invoice.csv"
    file.write_bytes(sheet.getvalue().encode(encoding))
    return file


def send(
    context: Context, rows: list[list[str]], number: str, instead_of: str = "", issuer: str = "vendor",
    run_id: str = RUN, encoding: str = "utf-8-sig",
) -> Compared:  # fmt: skip
    arrived = Arrived(issuer, number, "2026-05-10", instead_of)
    return invoicing.take(context, run_id, write(context, rows, encoding), arrived)


def send_both(context: Context, run_id: str = RUN) -> None:
    for issuer in ("vendor", "post"):
        rows = expected(context, issuer, run_id)
        assert send(context, rows, f"{run_id} {issuer}", issuer=issuer, run_id=run_id).balanced


def close(context: Context, period: str) -> closing.Closed:
    return closing.close_period(context, period, BY[1])


def lacks(context: Context, period: str) -> list[str]:
    """What a closing is refused for, line by line."""
    before = rows_of(context, "SELECT * FROM closing")
    with pytest.raises(Refused, match="まだ締められません") as refused:
        close(context, period)
    assert rows_of(context, "SELECT * FROM closing") == before
    _, *rest = str(refused.value).splitlines()
    assert rest == [f"・{lack}" for lack in closing.missing(context, period)]
    return rest


# The ledger


def test_a_settlement_stands_in_the_ledger_as_the_bill_has_it_in_the_month_of_its_mailing(context: Context) -> None:
    bill = costing.cost(context, RUN).bill
    rows = charges(context)
    told = [(i.group, i.item, i.rule, i.basis, i.yen) for c in bill.cities for i in c.items]
    assert [(r.group, r.item, r.rule, r.basis, r.yen) for r in rows] == told
    assert {(r.month, r.reason, r.by) for r in rows} == {("2026-04", "", "")}
    assert all(r.at for r in rows)
    assert {r.month for r in charges(context, LATER)} == {"2026-06"}


def test_closing_a_run_again_changes_nothing(desk: Desk, context: Context) -> None:
    before = desk.stand()
    assert charging.close(context, RUN) == []
    assert desk.stand() == before


@contextmanager
def migrated(url: str) -> Iterator[Engine]:
    engine = store.connect(url)
    store.migrate(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_database_refuses_to_change_or_delete_what_was_charged(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    small = f"sqlite:///{tmp_path / 'printjobs.db'}"
    with migrated(small if kind == "sqlite" else str(request.getfixturevalue("postgres_database"))) as engine:
        row = {"id": RUN, "code": "A", "kind": "x", "year": 2026, "mailing_date": MAILED[RUN], "opened_at": NOW}
        row |= {"layout_version": "", "layout_sha256": "", "fonts_sha256": "", "status": RunStatus.RELEASED}
        charge = {"run_id": RUN, "city": KUSATSU, "item": "i", "rule": "", "basis": "", "yen": 1, "notices": 1}
        with store.writing(engine) as connection:
            runs.add_run(connection, row)
            ledger.add_charges(connection, [charge])
            ledger.pin(connection, [{"name": "t", "sha256": "1", "run_id": RUN, "at": NOW}])
            values = {"period": "2026-04", "invoice_yen": 1, "charged_yen": 1, "notices": 1, "by": "", "at": NOW}
            ledger.add_closing(connection, values)
        for table, column in (("charge", "yen"), ("dated_table", "sha256"), ("closing", "notices")):
            attempts = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
            attempts += [f"TRUNCATE {table}"] * (kind == "postgresql")
            for attempt in attempts:
                with pytest.raises(DBAPIError, match="append-only"), store.writing(engine) as connection:
                    connection.execute(text(attempt))


def test_a_ledger_that_was_there_gets_its_months_times_and_groups_and_the_way_back_is_open(tmp_path: Path) -> None:
    engine, config = store.connect(f"sqlite:///{tmp_path / 'printjobs.db'}"), database._config()
    items = {
        "打合せ": ("人口割100%", "fixed"),
        "封筒": ("実績", "variable"),
        "消費税": ("", "tax"),
        "郵便料 定形": ("実費", "postage"),
    }
    with store.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        connection.execute(text(
            "INSERT INTO run (id, code, kind, year, mailing_date, layout_version, layout_sha256, fonts_sha256, status,"
            f" opened_at) VALUES ('{RUN}', 'A', 'x', 2026, '2026-04-10', '', '', '', 'closed', '2026-04-01')"
        ))  # fmt: skip
        runs.add_event(connection, RUN, NOW, "charge", RUN)
        for item, (rule, _) in items.items():
            values = f"'{RUN}', '{KUSATSU}', '{item}', '{rule}', '', 1, 1"
            connection.execute(
                text(f"INSERT INTO charge (run_id, city, item, rule, basis, yen, notices) VALUES ({values})")
            )
    store.migrate(engine)
    with engine.connect() as connection:
        found = ledger.charges(connection, RUN)
    assert [(row.group, row.month, row.at.hour) for row in found] == [(g, "2026-04", 9) for _, g in items.values()]
    with store.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")
    engine.dispose()


# The tables that a run was charged by


def test_the_tables_of_a_charge_are_written_down_once(context: Context) -> None:
    names = {"tariff-2026-04-01.toml", "split-2026-04-01.toml", "postage-2024-10-01.toml"}
    kept = rows_of(context, "SELECT name, sha256, run_id FROM dated_table")
    assert set(kept) == {(name, costs.digest(name), RUN) for name in names}


def test_a_run_is_not_charged_by_a_table_that_was_rewritten_since_another_was(
    desk: Desk, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailed(context, LAST)
    digest, before = costs.digest, desk.stand()
    for what in ("tariff", "split", "postage"):
        monkeypatch.setattr(costs, "digest", lambda name, what=what: "0" * 64 if what in name else digest(name))
        with pytest.raises(Refused, match=f"{what}-.*{RUN}.*新しいファイル"):
            charging.close(context, LAST)
        with pytest.raises(Refused, match="書き換え"):
            correct(context, "envelope", 1)
    assert desk.stand() == before
    monkeypatch.undo()
    charging.close(context, LAST)
    assert context.run(LAST).status == RunStatus.CLOSED


# Corrections


def test_a_correction_is_shared_by_the_rule_of_its_item_and_entered_once(desk: Desk, context: Context) -> None:
    before, rows = total(context), len(charges(context))
    words = ("cost", "correct", RUN, "--item", "封筒", "--yen", -1201, *WHY, *BY)
    told = done(desk, *words)
    by_pieces = {KUSATSU: -591, MORIYAMA: -394, RITTO: -216}  # 30, 20 and 11 of 61; odd yen to the largest remainder
    assert {s["code"]: s["yen"] for s in told["shares"]} == by_pieces
    assert total(context) == {city: yen + by_pieces[city] for city, yen in before.items()}
    new = charges(context)[rows:]
    assert {(r.item, r.group, r.reason, r.by, r.month, r.notices) for r in new} == {
        ("封筒", "variable", WHY[1], BY[1], "2026-04", 0)
    }
    again = desk(*words).out
    assert "草津市　-591円" in again
    assert (told["again"], "記録済み" in again) == (False, True)
    assert len(charges(context)) == rows + len(new)
    cities = desk.status()["cities"]
    assert {c["code"]: c["charged_yen"] for c in cities}[KUSATSU] == before[KUSATSU] - 591
    assert all(c["balanced"] for c in cities)


def test_a_correction_may_be_one_citys_alone_and_none_makes_its_share_negative(context: Context) -> None:
    before = total(context)
    with pytest.raises(Refused, match="栗東市"):
        correct(context, "tests_and_proofs", -before[RITTO] - 1, city=RITTO)
    assert total(context) == before
    assert correct(context, "tests_and_proofs", -before[RITTO], city=RITTO).rule == "市の指定"
    assert total(context) == before | {RITTO: 0}


def test_a_correction_that_says_too_little_is_refused(desk: Desk, context: Context) -> None:
    before = desk.stand()
    for wrong in (
        {"item": "nothing"}, {"yen": 0}, {"why": " "}, {"why": "a\nb"}, {"by": ""}, {"city": "252140"},
    ):  # fmt: skip
        words: dict[str, Any] = {"item": "envelope", "yen": 1} | wrong
        with pytest.raises(UsageError):
            correct(context, **words)
    assert desk.stand() == before


def test_a_city_may_be_named_and_what_cannot_be_read_is_said_in_japanese(desk: Desk, context: Context) -> None:
    words = ("cost", "correct", RUN, "--item", "封筒", *BY)
    assert [s["code"] for s in done(desk, *words, "--yen", "5", *WHY, "--city", "草津市")["shares"]] == [KUSATSU]
    before = desk.stand()
    for wrong, said in (
        (("--yen", "1e3", *WHY), "1e3.*半角の整数"), (("--yen", "1,000", *WHY), "桁区切りなし"),
        (("--yen", "5", "--reason", "単価の\n誤り"), "改行"), (("--yen", "5", *WHY, "--city", "京都市"), "草津市"),
    ):  # fmt: skip
        assert re.search(said, done(desk, *words, *wrong, code=USAGE))
    assert desk.stand() == before
    out = context.settings.home / "out"
    made = ("cost", "statement", "2026-04", "--out", out, "--city")
    done(desk, *made, "草津市")
    assert {file.stem for file in out.iterdir()} == {f"statement-2026-04-{KUSATSU}"}
    assert "京都市" in done(desk, *made, "京都市", code=USAGE)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_however_many_corrections_come_the_cities_pay_what_was_charged_and_corrected(
    context: Context, data: st.DataObject
) -> None:
    before, added = sum(total(context).values()), 0
    items = st.sampled_from(["envelope", "set_up", "tax", "posting-0-0"])
    for item, yen in data.draw(st.lists(st.tuples(items, st.integers(-2_000, 2_000).filter(bool)), max_size=3)):
        try:
            told = correct(context, item, yen, str(data.draw(st.uuids())))
        except Refused:
            continue  # it would have made somebody's share negative
        added += yen
        assert sum(share.yen for share in told.shares.values()) == yen
    assert sum(total(context).values()) == before + added
    assert min(total(context).values()) >= 0


# Invoices


def test_an_invoice_as_expected_is_taken_once_in_either_encoding(context: Context) -> None:
    told = send(context, expected(context, "vendor"), "2026-17")
    own = sum(line.yen for line in costing.cost(context, RUN).bill.lines if line.issuer == "vendor")
    assert (told.invoice_yen, told.charged_yen, told.discrepancies, told.balanced) == (own, own, (), True)
    assert send(context, expected(context, "vendor"), "2026-17").again
    send(context, expected(context, "post"), "P1", issuer="post", encoding="cp932")
    assert rows_of(context, "SELECT number FROM invoice ORDER BY id") == [("2026-17",), ("P1",)]
    assert invoicing.compared(context, RUN, "post").number == "P1"


def test_a_wrong_line_is_shown_with_both_figures_until_a_corrected_invoice_stands_instead(
    desk: Desk, context: Context
) -> None:
    rows = expected(context, "vendor")
    at = next(n for n, row in enumerate(rows) if row[0] == "封筒")
    right, rows[at] = rows[at], ["封筒", "1100", "7.80", "8580"]
    file = write(context, [*rows, ["出張費", "1", "5000", "5000"]])
    told = done(desk, "cost", "invoice", RUN, file, "--number", "17", "--date", "2026-05-10", code=RULE)
    found = [(d["fault"], d["item"], d["expected"], d["invoiced"]) for d in told["discrepancies"]]
    assert found == [
        ("quantity", "封筒", right[1], "1100"), ("yen", "封筒", right[3], "8580"), ("unexpected", "出張費", "", "5000"),
    ]  # fmt: skip
    shown = desk("cost", "invoice", RUN)
    assert shown.code == RULE
    assert all(word in shown.out for word in ("出張費", "1100", right[1], "違います"))
    rows[at] = right
    for number, instead_of in (("17", ""), ("18", ""), ("18", "16")):
        with pytest.raises(Refused, match=r"番号|--instead-of 17"):
            send(context, rows, number, instead_of)
    assert send(context, rows, "18", "17").balanced
    kept = rows_of(context, "SELECT number, replaced_by, month, withdrawn_month FROM invoice ORDER BY id")
    assert kept == [("17", 2, "2026-04", "2026-04"), ("18", None, "2026-04", "")]
    for number, run_id, word in (("17", RUN, "番号"), ("18", LATER, f"回 {RUN} の.*使われています.*18-2")):
        with pytest.raises(Refused, match=word):
            send(context, expected(context, "vendor", run_id), number, run_id=run_id)


def test_a_correction_makes_up_for_what_the_vendor_is_right_about(desk: Desk, context: Context) -> None:
    rows = expected(context, "vendor")
    net, tax = (next(row for row in rows if row[0].startswith(title)) for title in ("用紙（納付書あり）", "消費税"))
    net[3], tax[2], tax[3] = (str(int(cell) + more) for cell, more in ((net[3], 1000), (tax[2], 100), (tax[3], 100)))
    assert not send(context, rows, "17").balanced
    correct(context, "sheet_slip", 1100)
    shown = desk("cost", "invoice", RUN)
    assert shown.code == 0
    for words in ("訂正 +1,100円", "「用紙（納付書あり）」は訂正済み", f"{int(net[3]):,}円", "どの行も予定と一致"):
        assert words in shown.out
    told = done(desk, "cost", "invoice", RUN)
    assert [line["yen"] for line in told["corrected"]] == [int(net[3]), int(tax[3])]
    at = next(n for n, row in enumerate(rows) if row[0] == "封筒")
    rows[at] = [*rows[at][:2], "1", rows[at][3]]  # what was not corrected is still compared in full
    assert [d.fault for d in send(context, rows, "18", "17").discrepancies] == ["unit_yen"]


def test_whatever_was_corrected_the_form_of_the_invoice_has_it_and_is_taken(desk: Desk, context: Context) -> None:
    correct(context, "tests_and_proofs", 777, city=RITTO)
    for item, yen in (("封筒", -1201), ("tax", -3), ("posting-0-0", 5)):
        correct(context, item, yen)
    for issuer, more in (("vendor", -427), ("post", 5)):
        before = sum(line.yen for line in costing.cost(context, RUN).bill.lines if line.issuer == issuer)
        form = desk.home / f"{issuer}.csv"
        done(desk, "cost", "invoice", RUN, form, "--expected", "--issuer", issuer)
        named = ("--issuer", issuer, "--number", issuer, "--date", "2026-05-10")
        assert done(desk, "cost", "invoice", RUN, form, *named)["invoice_yen"] == before + more
    assert close(context, "2026-04").charged_yen == sum(total(context).values())


def test_the_form_of_an_invoice_takes_no_files_place(desk: Desk, context: Context) -> None:
    file = write(context, expected(context, "vendor"))
    before = file.read_bytes()
    assert "別の名前" in done(desk, "cost", "invoice", RUN, file, "--expected", code=USAGE)
    for words in (("--number", "1"), ("--date", "2026-05-10"), ("--instead-of", "1")):
        assert "取り込みません" in done(desk, "cost", "invoice", RUN, "--expected", *words, code=USAGE)
    assert file.read_bytes() == before


def test_lines_that_share_a_title_are_told_apart_by_their_keys(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (line for line in costing.cost(context, RUN).bill.lines if line.key in ("envelope", "set_up"))
    alike = {"envelope", "set_up"}

    def same_titles(case: Any) -> Any:
        made = make_bill(case)
        lines = tuple(line._replace(title="二つ") if line.key in alike else line for line in made.lines)
        return msgspec.structs.replace(made, lines=lines)

    monkeypatch.setattr(costing, "make_bill", same_titles)
    with pytest.raises(UsageError, match=f"1つに決まりません.*{one.key}.*{other.key}"):
        correct(context, "二つ", 1)
    assert correct(context, "envelope", 110).item == "二つ（envelope）"
    assert correct(context, "二つ（set_up）", 220).item == "二つ（set_up）"
    rows = expected(context, "vendor")
    due = {f"二つ（{line.key}）": line.yen + {"envelope": 100, "set_up": 200}[line.key] for line in (one, other)}
    assert {row[0]: int(row[3]) for row in rows if "二つ" in row[0]} == due
    assert send(context, rows, "17").balanced


def test_an_invoice_that_cannot_be_read_is_refused_whole(context: Context) -> None:
    for rows, word in (
        ([], "見出し"), ([TITLES[:3]], "見出し"), ([TITLES], "明細の行がありません"),
        ([TITLES, ["封筒", "1,000", "7.80", "7800"]], "2行目"),
        ([TITLES, ["封筒", "1", "7.80"], ["封筒", "1", "税込", "7"]], "2行目.*3行目"),
        ([TITLES, ["値引き", "1", "500", "-500"]], "出し直してもらい.*cost correct"),
        ([TITLES, ["値引き", "1", "▲500", "▲500"]], "値引き"), ([TITLES, [], ["封筒", "1", "7.80", "7"]], "2行目"),
        ([TITLES, [], [" ", ""]], "明細の行がありません"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=word):
            send(context, rows, "17")
    (context.settings.home / "invoice.csv").write_bytes(b"\x81\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        invoicing.take(context, RUN, context.settings.home / "invoice.csv", Arrived("vendor", "1", "2026-05-10"))
    assert rows_of(context, "SELECT * FROM invoice") == []


def test_empty_rows_that_a_spreadsheet_leaves_at_the_end_are_no_lines(context: Context) -> None:
    assert send(context, [*expected(context, "vendor"), ["", "", "", ""], [], [" "]], "17").balanced


def test_an_invoice_needs_a_number_a_day_and_an_issuer(desk: Desk, context: Context) -> None:
    file = write(context, [TITLES, ["封筒", "1", "1", "1"]])
    for wrong in ({"number": " "}, {"date": "5月10日"}, {"issuer": "city"}):
        with pytest.raises(UsageError, match=f"--{next(iter(wrong))}"):
            invoicing.take(context, RUN, file, Arrived("vendor", "1", "2026-05-10")._replace(**wrong))
    with pytest.raises(UsageError, match="ありません"):
        invoicing.take(context, RUN, file.with_name("none.csv"), Arrived("vendor", "1", "2026-05-10"))
    assert "FILE" in done(desk, "cost", "invoice", RUN, "--number", "1", code=USAGE)


def test_before_a_run_is_closed_there_is_a_form_but_nothing_to_correct_or_to_compare(
    desk: Desk, context: Context
) -> None:
    mailed(context, LAST)
    form = desk.home.with_name("form.csv")
    done(desk, "cost", "invoice", LAST, form, "--expected")
    assert form.read_bytes().startswith("\ufeff費目,数量,単価,金額\r\n".encode())
    for refuse in (
        lambda: invoicing.take(context, LAST, form, Arrived("vendor", "1", "2026-05-01")),
        lambda: invoicing.compared(context, LAST, "vendor"),
        lambda: charging.correct(context, LAST, "envelope", 1, WHY[1], BY[1]),
    ):
        with pytest.raises(Refused, match="まだ確定していません"):
            refuse()


# Months and years


def test_a_month_closes_only_when_nothing_is_missing_and_then_once(desk: Desk, context: Context) -> None:
    found = [("受託者" in line, "郵便局" in line) for line in lacks(context, "2026-04")]
    assert found == [(True, False), (False, True)]
    send_both(context)
    correct(context, "envelope", 1)
    (line,) = lacks(context, "2026-04")
    assert "受託者の請求は" in line
    correct(context, "envelope", -1)
    mailed(context, LAST)
    told = done(desk, "cost", "close", "2026-04", *BY)
    assert told["invoice_yen"] == told["charged_yen"] == sum(total(context).values())
    assert (told["notices"], told["again"]) == (61, False)
    assert done(desk, "cost", "close", "2026-04", *BY) == told | {"again": True}
    (line,) = lacks(context, "2027-03")
    assert f"回 {LAST} が締まっていません" in line


def test_a_month_does_not_close_while_mailed_and_charged_differ(context: Context) -> None:
    send_both(context)
    with store.writing(context.engine) as connection:
        connection.execute(text("DROP TRIGGER charge_no_UPDATE"))
        connection.execute(text(f"UPDATE charge SET notices = 29 WHERE city = '{KUSATSU}'"))
    (line,) = lacks(context, "2026-04")
    assert "草津市は差出し 30件、請求 29件" in line


def test_what_comes_for_a_closed_month_goes_into_the_next_and_the_year_still_adds_up(context: Context) -> None:
    for run_id in (RUN, LATER):
        send_both(context, run_id)
    april = close(context, "2026-04")
    assert [line[1:8] for line in lacks(context, "2026")] == ["2026-06"]
    assert correct(context, "tax", -7).month == "2026-05"
    assert len(lacks(context, "2026-05")) == 1
    assert send(context, expected(context, "vendor"), "corrected", f"{RUN} vendor").balanced
    assert [line[1:8] for line in lacks(context, "2026")] == ["2026-05", "2026-06"]
    may, june = (close(context, month) for month in ("2026-05", "2026-06"))
    assert (may.invoice_yen, may.charged_yen, may.notices) == (-7, -7, 0)
    year = close(context, "2026")
    everything = sum(total(context).values()) + sum(total(context, LATER).values())
    assert year.invoice_yen == year.charged_yen == everything
    assert everything == sum(month.charged_yen for month in (april, may, june))
    assert year.notices == 122
    mailed(context, LAST)
    charging.close(context, LAST)
    assert {r.month for r in charges(context, LAST)} == {"2027-04"}  # the next year's first
    assert closing.missing(context, "2026") == ()
    assert len(closing.missing(context, "2027-04")) == 2


@pytest.mark.parametrize(
    ("period", "last", "over"),
    [("2026-04", "2026-04-30", "2026-05-01"), ("2026", "2027-03-31", "2027-04-01")],
)
def test_nothing_is_closed_before_it_is_over(
    context: Context, monkeypatch: pytest.MonkeyPatch, period: str, last: str, over: str
) -> None:
    """By the calendar of Japan. A year closed in its first month would send all later runs into the next."""
    for day, told in ((last, "まだ終わっていません"), (over, "まだ締められません")):
        in_the_morning = datetime.fromisoformat(f"{day}T08").replace(tzinfo=JAPAN)
        monkeypatch.setattr(Context, "now", staticmethod(lambda at=in_the_morning: at))
        with pytest.raises(Refused, match=told):
            close(context, period)


def test_a_period_that_is_none_or_has_nothing_in_it_does_not_close(context: Context) -> None:
    for period in ("2026-13", "26", "2026-4", "2025-01", "2031"):
        with pytest.raises(UsageError, match=period):
            close(context, period)


# Whatever is changed later


@pytest.mark.parametrize("what", ["people", "tariff"])
def test_what_was_charged_is_never_told_otherwise(
    desk: Desk, context: Context, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Another population, or a new tariff with a day before the mailing: the ledger says what the cities owe."""
    assert done(desk, "cost", RUN, "--json")["settled"]
    people, tariff = costs.people("2018-10-01"), costs.tariff("2026-04-10")
    if what == "people":
        changed = people._replace(population={**people.population, KUSATSU: 200_000})
        monkeypatch.setattr(costs, "people", lambda _day: changed)
    else:
        changed_prices = msgspec.structs.replace(tariff, consumption_tax_percent="12")
        monkeypatch.setattr(costs, "tariff", lambda _day: changed_prices)
    for act in (
        lambda: costing.cost(context, RUN),
        lambda: correct(context, "envelope", 1),
        lambda: invoicing.compared(context, RUN, "vendor"),
    ):
        with pytest.raises(Refused, match="台帳の額と違います"):
            act()


def test_a_city_whose_people_nobody_counted_is_not_left_out_of_the_split(monkeypatch: pytest.MonkeyPatch) -> None:
    people = costs.people("2018-10-01")
    less = people._replace(population={c: n for c, n in people.population.items() if c != MORIYAMA})
    monkeypatch.setattr(costs, "people", lambda _day: less)
    with pytest.raises(UsageError, match=f"{MORIYAMA}.*書き足して"):
        case_of("2026-04-10", [KUSATSU, MORIYAMA], [], {}, 0)


@pytest.mark.parametrize("yen", [2**63, 10**12, -(10**12), 10**7])
def test_a_slip_of_the_finger_is_no_correction(desk: Desk, context: Context, yen: int) -> None:
    before = desk.stand()
    with pytest.raises(UsageError, match="桁"):
        correct(context, "envelope", yen)
    assert desk.stand() == before


def test_no_more_is_taken_back_of_a_line_than_it_has_with_its_tax(context: Context) -> None:
    line = next(line for line in costing.cost(context, RUN).bill.lines if line.key == "envelope")
    whole = line.yen * 11 // 10
    with pytest.raises(Refused, match="封筒"):
        correct(context, "envelope", -whole - 1)
    correct(context, "envelope", -whole + 10)
    with pytest.raises(Refused, match="10円です"):
        correct(context, "envelope", -11)


# What people see


def test_what_was_expected_stands_beside_what_came(charged_once: Desk) -> None:
    bill = done(charged_once, "cost", RUN)
    beside = bill["estimate"]
    own = {c["code"]: c["total_yen"] for c in bill["cities"]}
    before = {c["code"]: c["total_yen"] for c in beside["cities"]}
    moved = sum(d["settled_yen"] - d["estimate_yen"] for d in beside["differences"])
    assert moved == sum(own.values()) - sum(before.values()) == bill["invoice_yen"] - beside["invoice_yen"]
    shown = charged_once("cost", "run", RUN).out
    assert f"{before[KUSATSU]:,}" in shown
    assert f"{own[KUSATSU] - before[KUSATSU]:+,}" in shown


def test_people_read_the_form_what_is_still_to_come_and_that_a_month_is_closed(desk: Desk, context: Context) -> None:
    assert desk("cost", "invoice", RUN, "--expected", "--issuer", "post").out.startswith("費目,数量,単価,金額\r\n")
    assert "受託者の請求書はまだありません" in desk("cost", "invoice", RUN).out
    send_both(context)
    assert "61件" in desk("cost", "close", "2026-04", *BY).out
