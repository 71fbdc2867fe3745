"""Amounts, dates and codes are written as a Japanese notice writes them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core import japanese


@pytest.mark.parametrize(
    ("iso", "written"),
    [
        ("2026-04-30", "令和8年4月30日"),
        ("2019-05-01", "令和元年5月1日"),
        ("2027-03-01", "令和9年3月1日"),
        ("2028-12-25", "令和10年12月25日"),
        ("", ""),
    ],
)
def test_a_date_is_written_in_the_era_without_leading_zeros(iso: str, written: str) -> None:
    assert japanese.era_date(iso) == written


@given(st.dates(date(2019, 5, 1), date(2099, 12, 31)))
def test_a_written_date_can_be_read_back(day: date) -> None:
    written = japanese.era_date(day.isoformat()).replace("元", "1")
    era, month, rest = written.removeprefix("令和").replace("年", "月").split("月")
    assert (int(era) + 2018, int(month), int(rest.removesuffix("日"))) == (day.year, day.month, day.day)


@pytest.mark.parametrize(("year", "written"), [(2019, "令和元年"), (2020, "令和2年"), (2026, "令和8年")])
def test_the_first_year_of_the_era_has_its_own_word(year: int, written: str) -> None:
    assert japanese.era_year(year) == written


@pytest.mark.parametrize(
    ("amount", "written"), [(0, "0"), (999, "999"), (1000, "1,000"), (99_999_999_999, "99,999,999,999")]
)
def test_an_amount_has_a_comma_every_three_digits(amount: int, written: str) -> None:
    assert japanese.yen(amount) == written


@given(st.integers(0, 99_999_999_999))
def test_no_digit_of_an_amount_is_lost(amount: int) -> None:
    assert int(japanese.yen(amount).replace(",", "")) == amount


def test_a_postal_code_has_its_sign_and_its_hyphen() -> None:
    assert japanese.postal_code("5250034") == "〒525-0034"


def test_a_foreign_address_has_no_postal_code() -> None:
    assert japanese.postal_code("") == ""


@pytest.mark.parametrize(("hundredths", "written"), [(0, "0.00"), (5, "0.05"), (123_456, "1,234.56"), ("", "")])
def test_an_area_has_two_decimals_and_an_absent_one_stays_empty(hundredths: int | str, written: str) -> None:
    assert japanese.area(hundredths) == written


@given(st.integers(0, 10**12))
def test_no_digit_of_an_area_is_lost(hundredths: int) -> None:
    assert int(japanese.area(hundredths).replace(",", "").replace(".", "")) == hundredths


@pytest.mark.parametrize(("number", "written"), [(0, "全期"), (1, "第1期"), (10, "第10期")])
def test_period_zero_is_the_whole_year(number: int, written: str) -> None:
    assert japanese.period(number) == written
