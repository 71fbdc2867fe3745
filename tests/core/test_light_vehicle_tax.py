"""Light vehicle tax: what a notice must hold for its vehicles, its sums and its slips to be one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.kinds import DEBIT, LIGHT_VEHICLE_TAX, SLIP, Terms
from printjobs.core.kinds.light_vehicle_tax import CATEGORIES, VEHICLES
from printjobs.core.marks import gs1_128
from printjobs.core.model import Addressee, Notice
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from printjobs.sample.light_vehicle_tax import LightVehicleTaxOffice, rates
from printjobs.sample.making import Case, Payments
from printjobs.sample.people import HABITS, Registry

DUE, UNTIL, COMPANY = "2026-06-01", "2026-07-31", "912345"
TERMS = Terms("2026-05-08", (DUE,), COMPANY)
WHO = Addressee("252060014", "見本　太郎", "様", "5250034", "草津市見本町1番地", "", "")
NUMBER = "2600000001"


def barcode(amount: int, place: int) -> str:
    return gs1_128.build(gs1_128.Payment(COMPANY, f"{place:020d}", 0, UNTIL, 0, amount))


def vehicle(place: int, rate: int, reduction: int = 0, *, slip: bool = True) -> dict[str, str | int]:
    """A vehicle by column; ``place`` makes its plate and its payment number its own."""
    amount = rate - reduction
    paid = slip and amount > 0
    return {
        "plate": f"滋賀 580 あ 00-{place:02d}", "category": "軽四輪乗用・自家用", "chassis": f"{place:06d}",
        "first_inspection": "平成28年4月", "rate_class": "標準", "inspection": "有", "rate": rate,
        "reduction": reduction, "due": DUE, "amount": amount,
        "payment_number": f"{place:020d}" if paid else "", "confirmation": "123456" if paid else "",
        "division": "104" if paid else "", "accept_until": UNTIL if paid else "",
        "barcode": barcode(amount, place) if paid else "",
    }  # fmt: skip


def notice(*vehicles: dict[str, str | int], payment: str = SLIP, **changed: int) -> Notice:
    """A notice with sums of its own; ``changed`` are columns that say something else."""

    def total(key: str) -> int:
        return sum(int(v[key]) for v in vehicles)

    fields: dict[str, str | int] = {
        "payment": payment, "vehicle_count": len(vehicles), "full_tax": total("rate"),
        "reduction": total("reduction"), "annual_tax": total("amount"),
    }  # fmt: skip
    rows = [[v[c.key] for c in VEHICLES.columns[1:]] for v in vehicles]
    return Notice("252069", LIGHT_VEHICLE_TAX.code, NUMBER, 2, WHO, fields | changed, {"vehicles": rows})


def complaints(found: Notice, terms: Terms = TERMS) -> list[tuple[str, int, str, str]]:
    """Table, row, column and code of each; the sentence must be Japanese and end."""
    told = LIGHT_VEHICLE_TAX.check(found, terms)
    assert all(c.message.endswith("。") for c in told)
    return [(c.table, c.index, c.column, c.code) for c in told]


TWO = (vehicle(1, 10_800), vehicle(2, 7_200))


@pytest.mark.parametrize(
    "sound",
    [
        notice(*TWO),
        notice(vehicle(1, 10_800, 10_800), vehicle(2, 7_200)),
        notice(vehicle(1, 10_800, 10_800)),
        notice(vehicle(1, 10_800, slip=False), vehicle(2, 2_000, slip=False), payment=DEBIT),
        notice(*(vehicle(i, 12_900) for i in range(1, 61))),
    ],
    ids=["two vehicles", "one waived", "nothing to pay", "by debit", "a company"],
)
def test_a_sound_notice_has_no_complaint(sound: Notice) -> None:
    assert complaints(sound) == []


ROW_FAULTS: list[tuple[str, str | int, str, str]] = [  # column, its new value, column and code of the complaint
    ("amount", 10_900, "amount", "vehicle_amount"),
    ("rate", 10_700, "amount", "vehicle_amount"),
    ("reduction", 100, "amount", "vehicle_amount"),
    ("due", "2026-06-30", "due", "due_differs"),
    ("due", "2026-04-30", "due", "due_before_mailing"),
    ("accept_until", "2026-05-31", "accept_until", "accept_before_due"),
    ("first_inspection", "", "first_inspection", "first_inspection_missing"),
    ("payment_number", "", "payment_number", "payment_number_missing"),
    ("barcode", "", "barcode", "barcode_missing"),
    ("barcode", barcode(7_200, 2), "barcode", "barcode_amount"),
    ("plate", "滋賀 580 あ 00-01", "plate", "duplicate_plate"),
    ("payment_number", f"{1:020d}", "payment_number", "duplicate_payment_number"),
]


@pytest.mark.parametrize(("column", "value", "told", "code"), ROW_FAULTS, ids=lambda v: str(v)[:24])
def test_one_wrong_value_of_a_vehicle_is_told_at_its_row(column: str, value: str | int, told: str, code: str) -> None:
    wrong = {**vehicle(2, 10_800), "rate_class": "重課", column: value}
    found = complaints(notice(vehicle(1, 10_800), wrong))
    assert ("vehicles", 1, told, code) in found
    assert {place[:2] for place in found} == {("vehicles", 1)}


@pytest.mark.parametrize(
    ("column", "code"),
    [("vehicle_count", "vehicle_count"), ("full_tax", "full_tax_sum"), ("reduction", "reduction_sum"),
     ("annual_tax", "annual_tax_sum")],
)  # fmt: skip
def test_one_wrong_sum_of_a_notice_is_told_at_its_column(column: str, code: str) -> None:
    right = notice(*TWO)
    wrong = msgspec.structs.replace(right, fields=right.fields | {column: int(right.fields[column]) + 1})
    assert complaints(wrong) == [("notices", 0, column, code)]


def test_a_sum_is_told_with_both_figures() -> None:
    (told,) = LIGHT_VEHICLE_TAX.check(notice(*TWO, annual_tax=18_100), TERMS)
    assert "18,000円" in told.message
    assert "18,100円" in told.message


def test_a_notice_without_vehicles_is_told() -> None:
    assert ("notices", 0, "number", "no_vehicles") in complaints(notice())


def test_a_city_that_sends_a_notice_for_each_vehicle_takes_one_and_no_more() -> None:
    terms = msgspec.structs.replace(TERMS, unit="vehicle")
    assert complaints(notice(TWO[0]), terms) == []
    assert complaints(notice(*TWO), terms) == [("vehicles", 1, "number", "more_than_one_vehicle")]


money = st.integers(0, 20_000)


@st.composite
def sound(draw: st.DrawFn) -> Notice:
    parts = draw(st.lists(st.tuples(money, st.integers(0, 3)), min_size=2, max_size=8))
    rows = [vehicle(i, rate, rate if waived == 3 else 0) for i, (rate, waived) in enumerate(parts, start=1)]
    return notice(*rows)


def with_rows(found: Notice, change: Callable[[list[list[str | int]]], object]) -> Notice:
    rows = [list(row) for row in found.tables["vehicles"]]
    change(rows)
    return msgspec.structs.replace(found, tables={"vehicles": rows})


@given(sound())
def test_sums_of_any_amounts_agree(found: Notice) -> None:
    assert complaints(found) == []


@given(sound(), st.data())
def test_a_row_lost_on_the_way_never_goes_unseen(found: Notice, data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, len(found.tables["vehicles"]) - 1))
    assert complaints(with_rows(found, lambda rows: rows.pop(lost)))


@given(sound(), st.data())
def test_a_row_doubled_on_the_way_never_goes_unseen(found: Notice, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(found.tables["vehicles"]) - 1))
    assert complaints(with_rows(found, lambda rows: rows.append(rows[place])))


@given(sound(), st.data(), st.integers(1, 30_000))
def test_a_notice_never_asks_for_more_than_its_vehicles_say(found: Notice, data: st.DataObject, more: int) -> None:
    column = data.draw(st.sampled_from(["annual_tax", "full_tax"]))
    fields = found.fields | {column: int(found.fields[column]) + more}
    assert complaints(msgspec.structs.replace(found, fields=fields))


# --- what the sample makes up ---------------------------------------------------------------------------------


def office(city: str) -> LightVehicleTaxOffice:
    rng, profile = Random(1), profiles(LIGHT_VEHICLE_TAX.code, 2026)[city]
    registry = Registry(rng, cities()[city].name, HABITS[city])
    payments = Payments(rng, LIGHT_VEHICLE_TAX.code, cities()[city], profile, 2026)
    return LightVehicleTaxOffice(rng, registry, profile, payments)


def test_every_category_has_the_rates_of_the_citys_own_table() -> None:
    found = rates(profiles(LIGHT_VEHICLE_TAX.code, 2026)["252069"].values)
    assert tuple(found) == CATEGORIES
    assert found["原付50cc以下"] == {"標準": 2000}
    assert found["小型特殊・その他"] == {"標準": 5900}
    assert found["軽四輪乗用・自家用"] == {"標準": 10800, "旧税率": 7200, "重課": 12900, "軽課": 2700}
    assert found["軽四輪貨物・営業用"] == {"標準": 3800, "旧税率": 3000, "重課": 4500, "軽課": 1000}


@pytest.mark.parametrize("city", cities())
def test_made_up_vehicles_are_taxed_by_those_rates_and_have_plates_that_nobody_has(city: str) -> None:
    maker = office(city)
    table = rates(maker.profile.values)
    for case in (*Case, *[Case.ORDINARY] * 60):
        made = maker.make(NUMBER, WHO, case)
        vehicles = made.tables["vehicles"]
        assert all(v["rate"] == table[str(v["category"])][str(v["rate_class"])] for v in vehicles)
        assert all(" 00-" in str(v["plate"]) for v in vehicles)
        assert len({v["plate"] for v in vehicles}) == len(vehicles) == made.values["vehicle_count"]
        assert maker.profile.unit == "owner" or len(vehicles) == 1


def test_each_case_is_the_extreme_that_it_is_named_after() -> None:
    maker = office("252077")
    assert len(maker.make(NUMBER, WHO, Case.MOST).tables["vehicles"]) == 60
    assert int(maker.make(NUMBER, WHO, Case.LARGEST).values["annual_tax"]) > 300_000
    assert maker.make(NUMBER, WHO, Case.SMALL).values["annual_tax"] == 2_000
    assert maker.make(NUMBER, WHO, Case.ZERO).values["annual_tax"] == 0
    assert {maker.make(NUMBER, WHO, Case.SLIPS).values["payment"] for _ in range(40)} == {SLIP}


# --- barcodes swapped between owners ---------------------------------------------------------------------------------


def test_a_barcode_of_another_owner_is_told_where_the_agent_puts_the_payment_number_in_it() -> None:
    """Vehicles of one class have one rate and one due date: amount and date of a swapped barcode are right."""
    right = notice(vehicle(1, 10_800))
    place, number = VEHICLES.index("barcode"), VEHICLES.index("payment_number")
    under = msgspec.structs.replace(TERMS, barcode_number=(0, 20))
    row = right.tables["vehicles"][0]
    row[place] = gs1_128.build(gs1_128.parse(str(row[place]))._replace(free=str(row[number]).zfill(20)))
    assert LIGHT_VEHICLE_TAX.check(right, under) == []
    other = str(int(str(row[number])) + 1).zfill(20)
    row[place] = gs1_128.build(gs1_128.parse(str(row[place]))._replace(free=other))
    assert LIGHT_VEHICLE_TAX.check(right, TERMS) == []
    assert [c.code for c in LIGHT_VEHICLE_TAX.check(right, under)] == ["barcode_payment_number"]
