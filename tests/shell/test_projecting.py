"""``printjobs cost project``: the cost of joining, leaving and going on, from the council's own tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from printjobs import reference
from printjobs.core.checkdigit import local_government_code
from printjobs.core.cost.bill import make_bill
from printjobs.core.kinds import KINDS
from printjobs.core.model import UsageError
from printjobs.pipeline.projecting import Projected, projected
from printjobs.pipeline.projection_report import as_values, told
from printjobs.pipeline.volumes import expected_case
from printjobs.reference import costs
from tests.handin import Desk

DAY = "2027-06-01"  # after the runs of April and May, before those of June and July
TAKASHIMA, OTSU, MAIBARA = "252123", "252018", "252140"
LATER = {"resident_tax", "health_insurance", "care_insurance", "late_elderly"}
USAGE = 2


@pytest.fixture(scope="module")
def joining() -> Projected:
    return projected(DAY, 3, join="高島市")


@pytest.fixture(scope="module")
def values(joining: Projected) -> dict[str, Any]:
    return as_values(joining)


@pytest.fixture(scope="module")
def leaving() -> Projected:
    return projected(DAY, 2, leave=MAIBARA)


def test_a_city_takes_part_in_the_runs_mailed_from_its_day_on(joining: Projected) -> None:
    took_part = {(run.year, run.kind) for run in joining.runs if TAKASHIMA in {c.code for c in run.after.cities}}
    assert took_part == {(2027, kind) for kind in LATER} | {(year, kind) for year in (2028, 2029) for kind in KINDS}
    for run in joining.runs:
        assert TAKASHIMA not in {c.code for c in run.before.cities}
        if (run.year, run.kind) not in took_part:
            assert run.after is run.before


def test_every_kind_charges_a_new_city_its_set_up_once(joining: Projected) -> None:
    title = next(p.title for p in costs.tariff(DAY).prices if p.key == "new_city")
    charged = Counter(
        (run.kind, city.code, item.yen)
        for run in joining.runs
        for city in run.after.cities
        for item in city.items
        if item.item == title and item.yen
    )
    assert charged == {(kind, TAKASHIMA, 250_000): 1 for kind in KINDS}


def test_without_the_change_a_run_costs_what_its_estimate_says(joining: Projected) -> None:
    run = next(run for run in joining.runs if run.kind == "health_insurance")
    notices = {code: city.taxpayers[run.kind] for code, city in reference.members(run.day).items()}
    estimate = make_bill(expected_case(run.day, run.kind, notices, 0))
    assert run.before == estimate
    assert {code: yen for code, yen in run.alone.items() if code != TAKASHIMA} == {
        city.code: city.alone_yen for city in estimate.cities
    }


def test_the_figures_add_up(values: dict[str, Any]) -> None:
    for run in values["runs"]:
        assert run["sum_ok"]
        assert sum(city["total_yen"] for city in run["cities"]) == run["after_yen"]
    for year in (2027, 2028, 2029):
        invoiced = sum(run["after_yen"] for run in values["runs"] if run["year"] == year)
        assert sum(y["after_yen"] for c in values["cities"] for y in c["years"] if y["year"] == year) == invoiced
    for city in values["cities"]:
        for field in ("before_yen", "after_yen", "alone_yen", "difference_yen", "saving_yen"):
            assert city["sum"][field] == sum(year[field] for year in city["years"])
        assert sum(city["sum"]["groups"].values()) == city["sum"]["after_yen"]
        assert city["sum"]["saving_yen"] > 0
    assert [used["tariff"] for used in values["tables"]] == ["tariff-2026-04-01.toml"] * 3


def test_a_rise_is_told_with_its_cause_and_a_way_out(joining: Projected, values: dict[str, Any]) -> None:
    """A ninth city breaks up the groups of six senders: a few runs cost some members more, but no year does."""
    assert not values["none_rises"]
    assert values["none_rises_in_a_year"]
    assert all(rise["groups"]["postage"] > 0 and not rise["rounding"] for rise in values["rises"])
    sentences = "\n".join(told(joining))
    assert "年度の計では、どの市の負担も増えません" in sentences
    for rise in values["rises"]:
        assert f"{reference.city(rise['code']).name}　{KINDS[rise['kind']].name}" in sentences
    assert {(a["year"], a["kind"]) for a in values["newcomer_posts_apart"]} == {
        (rise["year"], rise["kind"]) for rise in values["rises"]
    }
    assert all(a["none_rises"] and a["more_yen"] > 0 for a in values["newcomer_posts_apart"])


def test_where_nobody_pays_more_that_is_said() -> None:
    found = projected("2027-04-01", 1, join=OTSU)
    assert found.made.none_rises
    assert found.made.rises == ()
    assert "1年度の負担は" in told(found)[0]  # a whole one
    assert "もとからの構成市の負担は、どの市も、どの回でも増えません（8市を、7回の1回ずつ" in "\n".join(told(found))


def test_who_leaves_pays_alone_from_its_day_on_and_the_others_are_told(leaving: Projected) -> None:
    (city,) = [city for city in leaving.made.cities if city.code == MAIBARA]
    paid = city.years[2028]
    assert paid.after_yen == paid.alone_yen == paid.groups["alone"] == sum(paid.groups.values())
    assert paid.before_yen < paid.alone_yen
    assert all(MAIBARA not in {c.code for c in run.after.cities} for run in leaving.runs if run.day >= DAY)
    sentences = "\n".join(told(leaving))
    stay = [own for own in leaving.made.cities if own.code != MAIBARA]
    for own in stay:
        more = own.years[2028].difference_yen
        assert more > 0
        assert f"{reference.city(own.code).name}　" in sentences
        assert f"2028年度 {more:+,}円" in sentences


def test_going_on_for_ten_years_costs_the_same_every_year() -> None:
    made = projected("2026-10-01", 10).made
    assert made.rises == ()
    for city in made.cities:
        assert sorted(city.years) == list(range(2026, 2036))
        assert len({own.after_yen for own in city.years.values()}) == 1
        assert city.whole.difference_yen == 0


@pytest.mark.parametrize(
    ("day", "years", "join", "leave", "message"),
    [
        (DAY, 2, "草津市", "", "草津市 は 2027-06-01 に構成市です"),
        (DAY, 2, "京都市", "", "次から選んでください: 252018 大津市"),
        (DAY, 2, "", "高島市", "2027-06-01 の構成市にありません"),
        (DAY, 0, "", "", "1 から 10 まで"),
        (DAY, 11, "", "", "1 から 10 まで"),
        ("来年", 1, "", "", "2026-04-10 の形"),
        ("2027-10-01", 1, "高島市", "", "--years を 2 以上"),
        ("2025-04-01", 1, "高島市", "", r"2025年度.*それより後の日（2026-04-01 から）"),
    ],
)
def test_what_cannot_be_reckoned_is_said_with_what_to_do(
    day: str, years: int, join: str, leave: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        projected(day, years, join, leave)


def test_a_first_year_that_is_not_whole_is_called_so(joining: Projected, leaving: Projected) -> None:
    assert "3年度（2027年度は、2027年6月からの回だけ）" in told(joining)[0]
    assert "2年度（2027年度は、2027年6月からの回だけ）" in told(leaving)[0]
    assert "2年度（2027年度は変わる回なし）" in told(projected("2027-10-01", 2, join=OTSU))[0]


def test_the_command_shows_years_savings_and_the_verdict(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    shown = desk("cost", "project", "--join", TAKASHIMA, "--from", "2028-04-01", "--years", 2)
    assert (shown.code, shown.err) == (0, "")
    for words in (
        "2028年度",
        "高島市の費用",
        "自市だけなら",
        "█",
        "受入れ費",
        "年度の計では、どの市の負担も増えません",
    ):
        assert words in shown.out
    assert not desk.home.exists()  # it needs nothing of any run
    wrong = desk("cost", "project", "--join", "京都市", "--from", DAY)
    assert (wrong.code, wrong.out) == (USAGE, "")
    assert "京都市" in wrong.err


def test_the_command_prints_everything_for_scripts(tmp_path: Path) -> None:
    said = Desk(tmp_path / "home")("cost", "project", "--from", "2027-04-01", "--years", 1, "--json").json
    assert said == as_values(projected("2027-04-01", 1))
    assert [city["code"] for city in said["cities"]] == sorted(reference.cities())


def test_every_prospect_has_a_real_code_people_and_all_kinds() -> None:
    people = costs.people(costs.split_rules(DAY).people_as_of)
    for code, city in costs.prospects().items():
        assert local_government_code(code[:5]) == code
        assert people.population[code] > 0
        assert people.households[code] > 0
        assert set(city.taxpayers) == set(KINDS)
        assert code not in reference.cities()
