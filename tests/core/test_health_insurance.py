"""A health insurance notice's own arithmetic: members to parts, parts to the year, the year to what is collected."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.kinds import DEBIT, HEALTH_INSURANCE, PENSION, SLIP, Complaint, Terms
from printjobs.core.kinds.health_insurance import CUT, MEMBERS, PARTS
from printjobs.core.kinds.payments import INSTALMENTS
from printjobs.core.model import Addressee, Notice

DUE = ("2026-06-30", "2026-07-31", "2026-08-31")
TERMS = Terms("2026-06-12", DUE)
WHO = Addressee("252060014", "見本　太郎", "様", "5250034", "草津市見本町1番地", "", "")
Row = list[str | int]


def member(relation: str, *amounts: int, months: int = 12, care_months: int = 0, base: int = 0) -> Row:
    """``amounts``: income-based and per-head amount of each part in turn; what is left out is 0."""
    return ["見本　員", relation, "40-64歳", months, care_months, base, *amounts, *[0] * (8 - len(amounts))]


def made_up(members: list[Row], *, payment: str = SLIP, house: int = 0, off: int = 0, limit: int = 10**9) -> Notice:
    """A notice that agrees with its members. ``off``: yen of every part's reduction; ``limit``: its most."""
    fields: dict[str, str | int] = {
        "payment": payment, "head": "被保険者" if any(m[1] == "世帯主" for m in members) else "擬制世帯主",
        "household": "", "relief_class": "7割" if off else "", "insured": len(members),
        "care_insured": sum(bool(m[4]) for m in members),
        "base": sum(int(m[5]) for m in members), "care_base": sum(int(m[5]) for m in members if m[4]),
    }  # fmt: skip
    for i, part in enumerate(PARTS):
        income, heads = (sum(int(m[6 + 2 * i + j]) for m in members) for j in (0, 1))
        reduction = min(off, heads + house)
        over = max(0, income + heads + house - reduction - limit)
        fields |= {
            f"{part.key}_income": income, f"{part.key}_heads": heads, f"{part.key}_house": house,
            f"{part.key}_reduction": reduction, f"{part.key}_over": over,
            f"{part.key}_amount": (income + heads + house - reduction - over) // CUT * CUT,
        }  # fmt: skip
        if part.relief:
            fields[f"{part.key}_relief"] = 0
    computed = sum(int(fields[f"{part.key}_amount"]) for part in PARTS)
    by_pension = payment == PENSION
    fields |= {
        "computed": computed, "waiver": 0, "annual": computed,
        "ordinary": 0 if by_pension else computed, "pension": computed if by_pension else 0,
        "pension_name": "老齢基礎年金" if by_pension else "", "next_provisional": 0,
    }  # fmt: skip
    instalments = [] if by_pension else _instalments(computed, payment)
    withheld: list[Row] = [["2026-10-15", "本徴収", computed]] if by_pension else []
    tables = {"members": members, "instalments": instalments, "withheld": withheld}
    return Notice("252069", HEALTH_INSURANCE.code, "2600000001", 2, WHO, fields, tables)


def _instalments(year: int, payment: str) -> list[Row]:
    def numbers(period: int) -> Row:
        return [f"20262520605000001{period:03d}", "123456", "105", "2027-03-31", ""] if payment == SLIP else [""] * 5

    amounts = [year - 2 * (year // 3), year // 3, year // 3]
    rows: list[Row] = [[i, due, yen, *numbers(i)] for i, (due, yen) in enumerate(zip(DUE, amounts, strict=True), 1)]
    return [[0, DUE[0], year, *numbers(0)], *rows]


HOUSEHOLD = [
    member("世帯主", 72_000, 29_400, 29_000, 11_800, 26_000, 13_200, 3_000, 1_800, care_months=12, base=1_000_000),
    member("配偶者", 0, 29_400, 0, 11_800, 0, 6_600, 0, 1_800, care_months=6),
    member("子", 0, 14_700, 0, 5_900, 0, 0, 0, 850, months=6),
]


def sound() -> Notice:
    return made_up([list(row) for row in HOUSEHOLD], house=8_000, off=20_000)


def check(notice: Notice) -> list[Complaint]:
    return HEALTH_INSURANCE.check(notice, TERMS)


def codes(notice: Notice) -> list[str]:
    return [complaint.code for complaint in check(notice)]


@pytest.mark.parametrize("payment", [SLIP, DEBIT, PENSION])
def test_a_sound_notice_has_nothing_to_complain_of(payment: str) -> None:
    assert check(made_up([list(row) for row in HOUSEHOLD], payment=payment, house=8_000)) == []


def test_a_sound_notice_may_be_of_a_head_who_is_not_insured() -> None:
    assert check(made_up([member("配偶者", 1_000, 29_400)])) == []


def test_a_part_over_its_limit_is_cut_to_it() -> None:
    notice = made_up([member("世帯主", 9_000_000, 29_400)], limit=670_000)
    assert notice.fields["medical_amount"] == 670_000
    assert check(notice) == []


def test_a_notice_that_is_waived_in_full_has_nothing_to_collect() -> None:
    notice = sound()
    nothing = {"waiver": notice.fields["computed"], "annual": 0, "ordinary": 0}
    tables = notice.tables | {"instalments": []}
    assert check(msgspec.structs.replace(notice, fields=notice.fields | nothing, tables=tables)) == []


@pytest.mark.parametrize(
    ("column", "amount", "code"),
    [
        ("insured", 4, "members_count"),
        ("care_insured", 1, "care_members_count"),
        ("base", 999_999, "base_sum"),
        ("care_base", 0, "care_base_sum"),
        ("head", "擬制世帯主", "head_differs"),
        *((f"{part.key}_{key}", 5, "members_sum") for part in PARTS for key in ("income", "heads")),
        *((f"{part.key}_{key}", 99_000, "part_amount") for part in PARTS for key in ("house", "reduction", "over")),
        *((f"{part.key}_relief", 50_000, "part_amount") for part in PARTS if part.relief),
        *((f"{part.key}_amount", 99_000, "part_amount") for part in PARTS),
        *((f"{part.key}_amount", 99_000, "parts_sum") for part in PARTS),
        ("computed", 100, "parts_sum"),
        ("waiver", 100, "annual_differs"),
        ("annual", 100, "annual_differs"),
        ("ordinary", 100, "collection_sum"),
        ("ordinary", 100, "instalments_sum"),
        ("pension", 100, "withheld_sum"),
        ("payment", PENSION, "slips_beside_pension"),
    ],
)
def test_one_changed_value_of_the_notice_is_told(column: str, amount: str | int, code: str) -> None:
    notice = sound()
    assert notice.fields[column] != amount
    changed = msgspec.structs.replace(notice, fields=notice.fields | {column: amount})
    told = next(complaint for complaint in check(changed) if complaint.code == code)
    if code.endswith("_sum") and code != "parts_sum":
        assert f"{int(amount):,}" in told.message  # beside the one that it should be
    assert told.message.endswith("。")


@pytest.mark.parametrize(
    ("row", "column", "value", "code"),
    [
        (0, "relation", "配偶者", "head_differs"),
        (1, "relation", "世帯主", "head_differs"),
        (0, "months", 13, "months"),
        (2, "months", 13, "months"),
        (2, "care_months", 7, "months"),
        (1, "care_months", 0, "care_without_months"),
        (1, "care_months", 0, "care_members_count"),
        (2, "care_months", 1, "care_members_count"),
        (0, "base", 1, "base_sum"),
        (0, "base", 1, "care_base_sum"),
        *((0, f"{part.key}_{key}", 1, "members_sum") for part in PARTS for key in ("income", "heads")),
    ],
)
def test_one_changed_value_of_a_member_is_told(row: int, column: str, value: str | int, code: str) -> None:
    notice = sound()
    notice.tables["members"][row][MEMBERS.index(column)] = value
    assert code in codes(notice)


@pytest.mark.parametrize("lost", range(3))
def test_a_members_row_that_is_lost_is_told(lost: int) -> None:
    notice = sound()
    del notice.tables["members"][lost]
    assert "members_count" in codes(notice)


def test_a_member_who_adds_no_yen_is_missed_all_the_same() -> None:
    notice = made_up([*HOUSEHOLD, member("子", months=0)])
    assert check(notice) == []
    notice.tables["members"].pop()
    assert codes(notice) == ["members_count"]


def test_members_of_two_households_that_were_swapped_are_told() -> None:
    other = made_up([member("配偶者", 72_001, 29_400, care_months=1)])
    mine = sound()
    mine.tables["members"], other.tables["members"] = other.tables["members"], mine.tables["members"]
    assert {"members_count", "members_sum", "head_differs"} <= set(codes(mine)) & set(codes(other))


def test_each_instalment_is_checked() -> None:
    notice = sound()
    amount = INSTALMENTS.index("amount")
    notice.tables["instalments"][2][amount] = int(notice.tables["instalments"][2][amount]) + 100
    assert codes(notice) == ["instalments_sum"]


# --- for any household ------------------------------------------------------------------------------------------

yen = st.integers(0, 2_000_000)


@st.composite
def households(draw: st.DrawFn) -> list[Row]:
    relations = draw(st.lists(st.sampled_from(["配偶者", "子", "母"]), max_size=8))
    if draw(st.booleans()) or not relations:
        relations.insert(0, "世帯主")
    found = []
    for relation in relations:
        months = draw(st.integers(1, 12))
        care = draw(st.integers(0, months))
        amounts = draw(st.lists(yen, min_size=8, max_size=8))
        if not care:
            amounts[5] = 0
        found.append(member(relation, *amounts, months=months, care_months=care, base=draw(yen)))
    return found


@given(households(), yen, yen, st.integers(0, 10**6))
def test_what_is_summed_from_the_members_is_sound(members: list[Row], house: int, off: int, limit: int) -> None:
    notice = made_up(members, house=house, off=off, limit=limit)
    assert check(notice) == []
    assert all(int(notice.fields[f"{part.key}_amount"]) <= limit for part in PARTS)


@given(households(), st.data())
def test_one_yen_more_or_less_of_any_members_amount_is_told(members: list[Row], data: st.DataObject) -> None:
    notice = made_up([list(row) for row in members])
    row = data.draw(st.integers(0, len(members) - 1))
    part = data.draw(st.sampled_from(PARTS))
    place = MEMBERS.index(f"{part.key}_{data.draw(st.sampled_from(['income', 'heads']))}")
    change = data.draw(st.sampled_from([-1, 1]))
    notice.tables["members"][row][place] = int(members[row][place]) + change
    assert "members_sum" in codes(notice)


@given(households(), st.sampled_from(PARTS), st.integers(1, 10**6), st.booleans())
def test_a_parts_amount_may_lose_less_than_a_hundred_yen_and_gain_none(
    members: list[Row], part: Any, change: int, more: bool
) -> None:
    notice = made_up(members)
    key = f"{part.key}_amount"
    exact = sum(int(notice.fields[f"{part.key}_{k}"]) for k in ("income", "heads", "house"))
    amount = exact + change if more else exact - change
    changed = msgspec.structs.replace(notice, fields=notice.fields | {key: amount})
    assert ("part_amount" in codes(changed)) is (more or change >= CUT)
