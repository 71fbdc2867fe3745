"""The pages and the API of cost say what the command and the ledger say, to whom it may concern, and no later."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printjobs.core.cost.bill import GROUP_WORDS
from printjobs.pipeline import charging, costing, period_statements
from printjobs.pipeline.statement_parts import city_name
from printjobs.web.kept import Kept
from printjobs.web.shares import Payment, picture
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN
from tests.shell.mailing import LATER, PIECES, mailed
from tests.shell.serving import serving
from tests.shell.web import AUDITOR, CITY, LEAD, PRESS, House, client

CITIES = (KUSATSU, MORIYAMA, RITTO)
OPEN = "late_elderly-2026"
OF_RUN, OF_KUSATSU = f"/runs/{RUN}", f"/runs/{RUN}/cities/{KUSATSU}"
WHY = "封筒の単価の誤り"
WIDTH, BESIDE = 900, 250  # of the picture, and of the words beside its bars


class World(NamedTuple):
    house: House
    url: str

    def get(self, who: str, path: str) -> httpx.Response:
        with client(self.url, self.house.session(who)) as at:
            return at.get(path)

    def json(self, who: str, path: str) -> Any:
        with client(self.url, self.house.token(who)) as at:
            return at.get(f"/api/v1{path}").json()

    def told(self, *words: object) -> Any:
        done = self.house.desk(*words, "--json")
        assert done.code == 0, done.err
        return done.json


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two runs that are charged, one with a correction and an invoice that differs, and one that is only open."""
    house = House(tmp_path_factory.mktemp("costs") / "home")
    for name in (LEAD, CITY, AUDITOR, PRESS):
        house.open(name)
    for run in (RUN, LATER):
        mailed(house.context, run)
        charging.close(house.context, run)
    assert house.desk("run", "open", "late_elderly", 2026).code == 0
    with serving(house.settings) as url:
        world = World(house, url)
        correct(world, -500)
        invoice(world)
        yield world
    house.close()


def correct(world: World, yen: int, *more: object) -> None:
    world.told("cost", "correct", RUN, "--item", "envelope", "--yen", yen, "--reason", WHY, "--by", "会計　締子", *more)


def invoice(world: World) -> None:
    """The vendor's, with one yen too many in its first line."""
    form = world.house.desk.home.with_name("vendor.csv")
    assert world.house.desk("cost", "invoice", RUN, form, "--expected").code == 0
    rows = list(csv.reader(io.StringIO(form.read_text(encoding="utf-8-sig"))))
    rows[1][-1] = str(int(rows[1][-1]) + 1)
    with form.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    told = world.house.desk("cost", "invoice", RUN, form, "--number", "17", "--date", "2026-05-01")
    assert told.code in (0, 3), told.err


def rows_of(page: str, caption: str) -> list[list[str]]:
    """The cells of the body of the table whose caption begins so, without their markup."""
    table = next(t for t in re.findall(r"<table.*?</table>", page, re.DOTALL) if f">{caption}" in t)
    body = table.partition("<tbody>")[2]
    return [
        [re.sub("<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


def number(cell: str) -> int:
    return int(cell.replace("▲", "-").replace(",", ""))


# One run


def test_the_page_of_a_run_has_the_figures_of_the_command(world: World) -> None:
    values = world.told("cost", RUN)
    page = world.get(LEAD, f"{OF_RUN}/cost").text
    *cities, whole = rows_of(page, "市ごとの負担額")
    for row, told in zip(cities, values["cities"], strict=True):
        groups = [sum(i["yen"] for i in told["items"] if i["group"] == group) for group in GROUP_WORDS]
        figures = [told[key] for key in ("total_yen", "alone_yen", "saving_yen", "yardstick_yen")]
        assert row[0] == city_name(told["code"])
        assert [number(row[at]) for at in (1, 2, 3, 4, 5, 6, 8, 9, 11)] == [told["notices"], *groups, *figures]
    assert number(whole[6]) == values["invoice_yen"] == number(whole[11])
    *lines, total = rows_of(page, "受託者（税抜）と郵便局")
    assert [(row[1], number(row[4])) for row in lines] == [(line["title"], line["yen"]) for line in values["lines"]]
    assert number(total[1]) == values["invoice_yen"]
    *_, beside = rows_of(page, "年間の予定件数からの見込み")
    assert [number(beside[3]), number(beside[4])] == [values["estimate"]["invoice_yen"], values["invoice_yen"]]


def test_the_postings_of_a_page_are_the_postage_of_the_bill(world: World) -> None:
    values = world.told("cost", RUN)
    rows = rows_of(world.get(LEAD, f"{OF_RUN}/cost").text, "どの差出しに")
    assert sum(number(row[-1]) for row in rows) == sum(i["yen"] for i in values["lines"] if i["issuer"] == "post")


def test_each_posting_says_why_it_is_and_a_city_hears_of_its_own(world: World) -> None:
    whole, own = (world.get(LEAD, f"{path}/cost").text for path in (OF_RUN, OF_KUSATSU))
    assert f"<li>{sum(PIECES.values())}通 " in whole
    assert f"<li>{PIECES[KUSATSU]}通 " in own
    assert "通足りないため、使えません。" in own


def test_machines_are_told_what_the_command_tells(world: World) -> None:
    values = world.told("cost", RUN)
    del values["estimate"]
    assert world.json(LEAD, f"{OF_RUN}/cost") == values == world.json(AUDITOR, f"{OF_RUN}/cost")
    own = world.json(CITY, f"{OF_KUSATSU}/cost")
    assert own["city"] == next(c for c in values["cities"] if c["code"] == KUSATSU)
    assert (own["run"], own["stage"], own["invoice_yen"]) == (RUN, "settled", values["invoice_yen"])
    elsewhere = world.json(CITY, f"/runs/{RUN}/cities/{MORIYAMA}/cost")
    assert elsewhere == {"error": "見つかりません。名前や番号を確かめてください。"}


def test_a_city_sees_its_own_items_with_rule_and_basis(world: World) -> None:
    told = next(c for c in world.told("cost", RUN)["cities"] if c["code"] == KUSATSU)
    page = world.get(CITY, f"{OF_KUSATSU}/cost").text
    *items, whole = rows_of(page, "費目ごとの負担額")
    assert [row[-4:-1] for row in items] == [[i["item"], i["rule"], i["basis"]] for i in told["items"]]
    assert [number(row[-1]) for row in items] == [i["yen"] for i in told["items"]]
    assert number(whole[-1]) == told["total_yen"]
    assert not [code for code in (MORIYAMA, RITTO) if city_name(code) in page], "nothing of another city's is on it"


def test_a_city_that_is_not_in_the_run_is_told_so(world: World) -> None:
    other = "252042"
    assert "この回に加わっていません" in world.get(LEAD, f"/runs/{RUN}/cities/{other}/cost").text
    assert "加わっていません" in world.json(LEAD, f"/runs/{RUN}/cities/{other}/cost")["error"]


def test_an_open_run_shows_what_is_expected_of_all_members(world: World) -> None:
    page = world.get(LEAD, f"/runs/{OPEN}/cost").text
    assert costing.STAGE_WORDS["expected"] in page
    assert len(rows_of(page, "市ごとの負担額")) == 8 + 1
    assert "postings.zip" not in page
    assert world.get(LEAD, f"/runs/{OPEN}/statement.pdf").status_code == 409


def test_a_city_that_pays_more_than_alone_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    costed = costing.cost(world.house.context, LATER)
    first, *others = costed.bill.cities
    unlucky = msgspec.structs.replace(first, alone_yen=first.total_yen - 1)
    worse = costed._replace(bill=msgspec.structs.replace(costed.bill, cities=(unlucky, *others)))
    monkeypatch.setattr(costing, "cost", lambda _context, _run: worse)
    with serving(world.house.settings) as url:
        page = World(world.house, url).get(LEAD, f"/runs/{LATER}/cost").text
    (alarm,) = re.findall(r'role="alert">([^<]*)<', page)
    assert alarm.startswith(f"{city_name(first.code)}は、単独で行うより多く払います")
    assert "▲1" in rows_of(page, "市ごとの負担額")[0]


# The ledger behind it


def test_corrections_and_invoices_stand_on_the_page_as_soon_as_they_are_there(world: World) -> None:
    before = world.get(LEAD, f"{OF_RUN}/cost").text
    assert "受託者の請求書 17" in before
    assert "金額が違う" in before
    assert "郵便局の請求書（" in before
    correct(world, 300, "--city", MORIYAMA)
    after = world.get(LEAD, f"{OF_RUN}/cost").text
    told = [int(charged_to_cities(page).replace(",", "")) for page in (before, after)]
    assert told[1] == told[0] + 300
    *_, last = rows_of(after, "訂正")
    assert [last[2], last[4], last[-1]] == [city_name(MORIYAMA), WHY, "300"]
    assert "300" not in [row[-1] for row in rows_of(before, "訂正")]
    own = rows_of(world.get(CITY, f"{OF_KUSATSU}/cost").text, "訂正")
    assert [number(row[-1]) for row in own] == [yen for _, _, yen in entries(world, RUN, KUSATSU)]


def charged_to_cities(page: str) -> str:
    """What the cities pay of the vendor's invoice, as the page sets it against that."""
    (told,) = re.findall(r"受託者の請求書 17[^<]*各市の負担額は ([\d,]+)円", page)
    return str(told)


def entries(world: World, run: str, city: str) -> list[tuple[Any, ...]]:
    query = f"SELECT item, reason, yen FROM charge WHERE run_id = '{run}' AND city = '{city}' AND reason != ''"
    return world.house.desk.rows(query)


def test_statements_are_handed_out_as_they_were_written(world: World) -> None:
    files = world.house.context.files
    for path, key in (
        (f"{OF_RUN}/statement.pdf", "total.pdf"),
        (f"{OF_RUN}/statement.csv", "total.csv"),
        (f"{OF_KUSATSU}/statement.pdf", f"{KUSATSU}.pdf"),
        (f"{OF_KUSATSU}/statement.csv", f"{KUSATSU}.csv"),
    ):
        assert world.get(LEAD, path).content == files.read(f"statements/{RUN}/{key}"), path
    assert world.get(CITY, f"{OF_KUSATSU}/statement.pdf").content.startswith(b"%PDF")
    assert world.get(CITY, f"{OF_RUN}/statement.pdf").status_code == 403
    assert world.get(LEAD, f"{OF_KUSATSU}/statement.exe").status_code == 422


def test_the_papers_for_the_post_office_come_in_one_file(world: World) -> None:
    first, again = (world.get(who, f"{OF_RUN}/postings.zip") for who in (LEAD, PRESS))
    assert first.content == again.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as papers:
        assert {"statements.csv", "breakdown.csv", "bundles.csv", "trays.csv"} < set(papers.namelist())
        assert papers.testzip() is None
    assert world.get(LEAD, f"/runs/{OPEN}/postings.zip").status_code == 409


# The year


def test_the_year_is_the_ledger_and_what_is_expected_of_the_rest(world: World) -> None:
    told = period_statements.as_values(period_statements.statement(world.house.context, "2026"))
    page = world.get(LEAD, "/costs/2026").text
    *runs, whole = rows_of(page, "回ごと、市ごと")
    by_run = {row[1]: row for row in runs}
    assert {run: row[2] for run, row in by_run.items()} == {RUN: "確定", LATER: "確定", OPEN: "見込み"}
    assert number(by_run[RUN][-1]) + number(by_run[LATER][-1]) == told["yen"]
    assert number(by_run[OPEN][-1]) == world.told("cost", OPEN)["invoice_yen"]
    assert number(whole[-1]) == sum(number(row[-1]) for row in runs)
    for month, run in (("2026-04", RUN), ("2026-06", LATER)):
        (row,) = (row for row in rows_of(page, "月ごとの締め") if row[0] == month)
        assert row[1] == run
        assert "請求書" in row[-1]
    assert "この年度に差し出す回はありません" in world.get(AUDITOR, "/costs/2031").text


def test_a_citys_year_is_its_own(world: World) -> None:
    values = period_statements.as_values(period_statements.statement(world.house.context, "2026"), KUSATSU)
    (told,) = values["cities"]
    page = world.get(CITY, f"/cities/{KUSATSU}/costs/2026").text
    *rows, whole = rows_of(page, "回ごとの負担額")
    settled = [row for row in rows if row[2] == "確定"]
    assert [number(row[7]) for row in settled] == [run["yen"] for run in told["runs"]]
    assert [number(row[8]) for row in settled] == [run["alone_yen"] for run in told["runs"]]
    assert number(whole[7]) == sum(number(row[7]) for row in rows)
    assert not [code for code in (MORIYAMA, RITTO) if city_name(code) in page]
    assert world.get(CITY, f"/cities/{KUSATSU}/costs/2026/statement.pdf").content.startswith(b"%PDF")
    with zipfile.ZipFile(io.BytesIO(world.get(LEAD, "/costs/2026/statements.zip").content)) as papers:
        own = f"statement-2026-{KUSATSU}.csv"
        assert papers.read(own) == world.get(CITY, f"/cities/{KUSATSU}/costs/2026/statement.csv").content
        assert {f"statement-2026-{code}.pdf" for code in (*CITIES, "total")} < set(papers.namelist())


# What they are made of


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.builds(
            Payment,
            st.sampled_from(("草津市", "市民税・県民税・森林環境税（普通徴収）")),
            st.tuples(*[st.integers(-(10**6), 10**9)] * 4),
            st.none() | st.integers(0, 10**9),
        ),
        min_size=1,
        max_size=8,
    ).map(tuple)
)
def test_every_bar_is_as_long_as_its_yen_and_stays_in_the_picture(payments: tuple[Payment, ...]) -> None:
    drawn = str(picture(payments, sum(one.yen for one in payments)))
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="(\d+)" width="([\d.]+)"', drawn)[5:]  # after the legend
    most = max(*(one.yen for one in payments), *(one.alone_yen or 0 for one in payments), 1)
    scale = (WIDTH - BESIDE - max(110, max(len(one.name) for one in payments) * 14 + 14)) / most
    assert all(float(x) + float(width) <= WIDTH for _, x, _, width in bars)
    at = 34
    for one in payments:
        paid = sum(float(width) for kind, _, y, width in bars if int(y) == at and kind != "alone")
        assert paid == pytest.approx(max(one.yen, 0) * scale, abs=0.5)
        at += 18 + 16 + (14 if one.alone_yen is not None else 0)


def test_what_was_reckoned_is_kept_until_something_happened() -> None:
    stamps, asked = {"a": 1, "b": 1}, []

    def make(run: str, *names: str) -> int:
        asked.append((run, *names))
        return len(asked)

    kept = Kept(stamps.__getitem__, make)
    assert [kept("a"), kept("a"), kept("b"), kept("a", "city"), kept("a")] == [1, 1, 2, 3, 1]
    stamps["a"] = 2
    assert [kept("a"), kept("b"), kept("a", "city")] == [4, 2, 5]
    assert asked == [("a",), ("b",), ("a", "city"), ("a",), ("a", "city")]
