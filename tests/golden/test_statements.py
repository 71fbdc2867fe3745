"""What cities pay, on paper, looked at as a city's treasurer does: every figure there, every bar as long as it says.

One run at its full size is reckoned from the year's expected numbers. The month and the year come from a ledger of
small runs with corrections in it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fonts import FontSet
from printjobs import store
from printjobs.core.cost.bill import CityBill
from printjobs.pipeline import Context, charging, costing, period_statements, statements
from printjobs.pipeline import statement_parts as parts
from printjobs.pipeline.costing import SETTLED, Costed
from printjobs.render.printfile import Written
from printjobs.store import ledger
from tests.golden.paper import A4, Box, Paper, overlapping, page_digest, squeezed
from tests.handin import KUSATSU, MORIYAMA, RITTO, RUN, Desk
from tests.shell.mailing import LATER, MAILED, mailed

RECORDED = Path(__file__).with_name("statements.json")
NOW = datetime(2026, 6, 30, 20, 0, tzinfo=UTC)  # in Japan the first day of July
BY = "会計　締子"
REASON, OTHER, LATE = "封筒の納品が足りず、受託者が値引きした", "用紙の単価の誤り", "印字の数え直し"
LATEST = "差し出した後の封筒の追加"
MARGIN = Box(19.9, 17, 190.1, 289)  # what an office printer reaches; the foot stands in the lower one
CITY, TOTAL, DEARER, YEAR, YEARS_TOTAL = "city", "total", "dearer", "year", "years total"
MONTH, NEXT_MONTH = "month", "next month"
LOSS = 12_345  # yen that one city is made to pay more than alone


class Made(NamedTuple):
    """Statements of one machine: as files, opened, and what they were written from."""

    desk: Desk
    costed: Costed
    files: dict[str, bytes]
    papers: dict[str, Paper]

    def text(self, name: str) -> str:
        paper = self.papers[name]
        return "".join(paper.text(page) for page in range(len(paper.pdf.pages)))

    def words(self, name: str) -> set[str]:
        paper = self.papers[name]
        return {word for page in range(len(paper.pdf.pages)) for word in paper.words(page)}

    def rows(self, name: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.files[name].decode("utf-8-sig"), newline="")))

    def city(self) -> CityBill:
        return next(c for c in self.costed.bill.cities if c.code == KUSATSU)


def written(context: Context, costed: Costed) -> dict[str, bytes]:
    """The statements of one run by name."""
    statements.write(context, context.run(RUN), costed)
    return {p.name: p.read_bytes() for p in (context.settings.home / "statements" / RUN).iterdir()}


def one_pays_more(costed: Costed) -> Costed:
    cities = tuple(
        msgspec.structs.replace(c, alone_yen=c.total_yen - LOSS) if c.code == KUSATSU else c for c in costed.bill.cities
    )
    return costed._replace(bill=msgspec.structs.replace(costed.bill, cities=cities))


def in_the_books(context: Context, period: str) -> dict[str, bytes]:
    return period_statements.papers(context, period_statements.statement(context, period))


def make(desk: Desk) -> tuple[Costed, dict[str, bytes]]:
    """Two runs in the ledger with two corrections, April closed; and one run at full size, on paper alone."""
    context = desk.context()
    for run_id in (RUN, LATER):
        mailed(context, run_id)
        charging.close(context, run_id)
    charging.correct(context, RUN, "封筒", -321, REASON, BY)
    charging.correct(context, LATER, "sheet_slip", 1_234, OTHER, BY, MORIYAMA)
    closing: dict[str, Any] = {
        "period": MAILED[RUN][:7],
        "invoice_yen": 0,
        "charged_yen": 0,
        "notices": 0,
        "by": BY,
        "at": NOW,
    }
    with store.writing(context.engine) as connection:
        ledger.add_closing(connection, closing)
    charging.correct(context, RUN, "印字", -77, LATE, BY, RITTO)  # goes to May, as April is closed
    charging.correct(context, RUN, "封筒", 55, LATEST, BY, KUSATSU)
    files = in_the_books(context, "2026") | in_the_books(context, closing["period"]) | in_the_books(context, "2026-05")
    costed = costing.estimate(context, RUN)._replace(stage=SETTLED)
    dearer = written(context, one_pays_more(costed))
    files |= {f"dearer-{name}": data for name, data in dearer.items()}
    return costed, files | written(context, costed)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("statements")
    desk = Desk(folder / "home")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(Context, "now", staticmethod(lambda: NOW))
        costed, files = make(desk)
        papers = {}
        for name, file in {
            CITY: f"{KUSATSU}.pdf", TOTAL: "total.pdf", DEARER: f"dearer-{KUSATSU}.pdf",
            YEAR: f"statement-2026-{MORIYAMA}.pdf", YEARS_TOTAL: "statement-2026-total.pdf",
            MONTH: f"statement-2026-04-{KUSATSU}.pdf", NEXT_MONTH: "statement-2026-05-total.pdf",
        }.items():  # fmt: skip
            path = folder / file
            path.write_bytes(files[file])
            papers[name] = stack.enter_context(Paper(path, [], Written(0, 0, 0, "")))
        yield Made(desk, costed, files, papers)


def amounts(values: object) -> set[str]:
    """Every whole number of some figures, as it stands in a table."""
    found = re.findall(r"-?[0-9]+", json.dumps(values))
    return {f"▲{n.lstrip('-')}" if n.startswith("-") else f"{int(n):,}" for n in found}


def charged(made: Made) -> dict[str, int]:
    with made.desk.context().engine.connect() as connection:
        booked = [ledger.charged(connection, run_id) for run_id in (RUN, LATER)]
    return {code: sum(run[code][0] for run in booked) for code in booked[0]}


def test_every_page_is_as_it_was_recorded(made: Made, update_golden: bool) -> None:
    pages = {name: [page_digest(page) for page in paper.pdf.pages] for name, paper in made.papers.items()}
    now = {"fonts": FontSet().sha256, "pages": pages}
    if update_golden:
        RECORDED.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    assert now == json.loads(RECORDED.read_bytes())


def test_the_same_run_and_the_same_ledger_give_the_same_bytes(made: Made) -> None:
    context = made.desk.context()
    again = written(context, made.costed) | in_the_books(context, "2026-04")
    assert again == {name: made.files[name] for name in again}


def test_nothing_touches_or_leaves_what_an_office_printer_reaches(made: Made) -> None:
    for name, paper in made.papers.items():
        for page, opened in enumerate(paper.pdf.pages):
            assert [float(v) / 72 * 25.4 for v in opened.mediabox] == pytest.approx([0, 0, *A4], abs=0.1)
            chars = paper.chars(page)
            assert all(MARGIN.holds(c.box) for c in chars), name
            assert paper.text(page).endswith(f"{page + 1}／{len(paper.pdf.pages)}頁")
            assert not [f"{a.text}{b.text}" for a, b in overlapping(chars)], name


def test_a_city_sees_every_share_with_its_rule_its_basis_and_no_number_cut_in_two(made: Made) -> None:
    city, text, words = made.city(), made.text(CITY), made.words(CITY)
    for item in city.items:
        assert f"{item.yen:,}" in words
        assert squeezed(item.item + item.rule) in text
        for line in parts.readable(item.basis).split("\n"):
            assert squeezed(line) in {squeezed(word) for word in words} or all(w in words for w in line.split(" "))
    rows = made.rows(f"{KUSATSU}.csv")
    assert [row[1:] for row in rows[1:-1]] == [[i.item, i.rule, i.basis, str(i.yen)] for i in city.items]
    assert rows[-1] == ["合計", "", "", "", str(city.total_yen)]


def test_a_city_sees_what_it_would_pay_alone_and_by_how_much_it_pays_less(made: Made) -> None:
    city, whole = made.city(), made.costed.bill.invoice_yen
    percent = parts.percent(city.total_yen, whole)
    assert f"{city.total_yen:,}円（8市の請求総額{whole:,}円の{percent}）" in made.text(CITY)
    saving = parts.percent(city.saving_yen, city.alone_yen)
    assert f"{city.alone_yen:,}円節減{city.saving_yen:,}円（{saving}）" in made.text(CITY)


def test_a_city_that_pays_more_than_alone_is_named_with_the_amount(made: Made) -> None:
    warning = f"単独で行うより負担の多い市があります:草津市{LOSS:,}円。"
    assert warning in made.text(DEARER)
    with pikepdf.open(io.BytesIO(made.files["dearer-total.pdf"])) as total:
        assert len(total.pages) == len(made.papers[TOTAL].pdf.pages)
    for name in (CITY, TOTAL, YEAR, YEARS_TOTAL, MONTH, NEXT_MONTH):
        assert "単独で行うより負担の多い" not in made.text(name)


def test_the_total_has_every_citys_figures_the_yardstick_and_the_invoice(made: Made) -> None:
    bill, words, text = made.costed.bill, made.words(TOTAL), made.text(TOTAL)
    fair = {c["code"]: c["yardstick_yen"] for c in costing.as_values(made.costed)["cities"]}
    for c in bill.cities:
        assert amounts([c.notices, c.total_yen, c.alone_yen, c.saving_yen, fair[c.code]]) <= words
    assert sum(fair.values()) == bill.invoice_yen
    assert amounts([line.yen for line in bill.lines]) <= words
    assert "シャープレイ値" in text
    titles, *rows, last = made.rows("total.csv")
    assert [int(row[-1]) for row in rows] == [c.total_yen for c in bill.cities]
    for at in range(2, len(titles)):
        assert int(last[at]) == sum(int(row[at]) for row in rows)


def bars(paper: Paper) -> Iterator[float]:
    """How long every bar of a document is, in points; nothing but a bar is as high and begins so far to the right."""
    for page in paper.pdf.pages:
        for drawn in re.finditer(
            r"([0-9.]+) [-0-9.]+ ([0-9.]+) ([0-9.]+) re\b", page.obj.Contents.read_bytes().decode()
        ):
            x, width, height = (float(v) for v in drawn.groups())
            if x > 70 and height == pytest.approx(3.6 * 72 / 25.4, abs=0.01):
                yield width


def test_every_bar_is_as_long_as_its_amount(made: Made) -> None:
    cities = made.costed.bill.cities
    drawn = list(bars(made.papers[TOTAL]))
    shares, pairs = drawn[: len(cities)], drawn[len(cities) :]
    paid = [yen for c in cities for yen in (c.total_yen, c.alone_yen)]
    assert [w / shares[0] for w in shares] == pytest.approx([c.total_yen / cities[0].total_yen for c in cities], 1e-4)
    assert [w / pairs[0] for w in pairs] == pytest.approx([yen / paid[0] for yen in paid], 1e-4)


def test_a_year_is_what_the_ledger_has_with_every_correction_and_its_reason(made: Made) -> None:
    yen = charged(made)
    assert f"{yen[MORIYAMA]:,}円（3市の総額{sum(yen.values()):,}円の" in made.text(YEAR)
    assert amounts(list(yen.values())) <= made.words(YEARS_TOTAL)
    for name in (YEAR, YEARS_TOTAL):
        assert squeezed(REASON) in made.text(name)
        assert squeezed(OTHER) in made.text(name)
        assert "2026-07-01" in made.words(name)
    assert {"▲321", "1,234", "▲77", "891"} <= made.words(YEARS_TOTAL)
    titles, *rows, last = made.rows(f"statement-2026-{MORIYAMA}.csv")
    assert int(last[-1]) == yen[MORIYAMA] == sum(int(row[-1]) for row in rows)
    reasons = {row[titles.index("訂正の理由")] for row in rows}
    assert reasons == {"", REASON, OTHER}
    _, *rows, last = made.rows("statement-2026-total.csv")
    assert int(last[-1]) == sum(yen.values())
    for code in (KUSATSU, MORIYAMA, RITTO):
        assert sum(int(row[-1]) for row in rows if row[0] == code) == yen[code]


def test_a_correction_after_a_month_is_closed_is_on_the_statement_of_the_next(made: Made) -> None:
    assert REASON in made.text(MONTH)
    assert not [reason for reason in (OTHER, LATE, LATEST) if reason in made.text(MONTH)]
    assert f"栗東市{squeezed('固定資産税・都市計画税')}印字{LATE}▲77" in made.text(NEXT_MONTH)
    assert "差出し0件総額▲22円" in made.text(NEXT_MONTH)
    with made.desk.context().engine.connect() as connection:
        april = sum(c.yen for c in ledger.charges(connection, RUN) if c.reason not in (LATE, LATEST))
    assert int(made.rows("statement-2026-04-total.csv")[-1][-1]) == april
    assert [row[-1] for row in made.rows(f"statement-2026-05-{RITTO}.csv")[1:]] == ["-77", "-77"]


def test_only_what_is_closed_is_called_settled(made: Made) -> None:
    assert "状態確定（令和8年7月1日に締め）" in made.text(MONTH)
    for name in (YEAR, YEARS_TOTAL):
        assert "状態未確定" in made.text(name)
        assert re.search(r"2026年4月[0-9,]+確定（令和8年7月1日に締め）", made.text(name))
        assert re.search(r"2026年6月[0-9,]+未確定", made.text(name))


def test_no_paper_names_who_entered_or_closed(made: Made) -> None:
    for name in made.papers:
        assert squeezed(BY) not in made.text(name)
    assert not [name for name, data in made.files.items() if name.endswith("csv") and BY.encode() in data]


def done(desk: Desk, *words: object, code: int = 0) -> Any:
    told = desk("cost", "statement", *words, "--json")
    assert told.code == code, (told.out, told.err)
    return told.json


def test_the_command_writes_the_files_and_tells_the_figures(made: Made, tmp_path: Path) -> None:
    told = done(made.desk, "2026", "--out", tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        name: data for name, data in made.files.items() if re.match(r"statement-2026-(\d{6}|total)", name)
    }
    assert {c["code"]: c["total_yen"] for c in told["cities"]} == charged(made)
    assert (told["closed"], told["yen"]) == (False, sum(charged(made).values()))
    for city in told["cities"]:
        assert city["total_yen"] == sum(run["yen"] for run in city["runs"])
        assert city["saving_yen"] == city["alone_yen"] - city["total_yen"]
    alone = done(made.desk, "2026-04", "--city", KUSATSU, "--out", tmp_path / "alone")
    assert [Path(f).name for f in alone["files"]] == [f"statement-2026-04-{KUSATSU}.{form}" for form in ("csv", "pdf")]
    assert ([c["code"] for c in alone["cities"]], alone["closed"]) == ([KUSATSU], True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("2026-13",), "月でも年度でもありません"),
        (("2025",), "2025 に負担金の記録はありません"),
        (("2026", "--city", "252140"), "米原市の負担金は 2026 にありません"),
    ],
    ids=["no month", "nothing booked", "a city without a share"],
)
def test_what_cannot_be_written_is_said_with_the_next_step(
    made: Made, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    answer = made.desk("cost", "statement", *words, "--out", tmp_path)
    assert answer.code == 2
    assert told in answer.err
    assert not list(tmp_path.iterdir())


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
def test_a_percentage_is_rounded_to_the_nearest_tenth(part: int, whole: int) -> None:
    told = parts.percent(part, whole)
    value = Fraction(told.strip("▲%")) * (-1 if told.startswith("▲") else 1)
    assert abs(value - Fraction(100 * part, whole)) <= Fraction(1, 20)
    assert parts.percent(-part, whole).strip("▲") == told.strip("▲")


def test_a_basis_is_read_in_lines_that_keep_every_number_and_every_word(made: Made) -> None:
    for city in made.costed.bill.cities:
        for item in city.items:
            lines = parts.readable(item.basis).split("\n")
            assert squeezed("".join(lines)) == squeezed(item.basis)
            assert all(lines)
            for before, after in pairwise(lines):
                assert not (before[-1].isdigit() and after[0].isdigit())
