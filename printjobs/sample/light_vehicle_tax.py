"""Made-up vehicles and the tax on them, by the rates that the city's own notice has in its table.

The numbers on the plates are written 00-12: a real one has dots for its leading zeros, or no hyphen at all,
so none is anybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log
from random import Random
from typing import NamedTuple

from printjobs.core.kinds import DEBIT, SLIP
from printjobs.core.kinds.light_vehicle_tax import (
    BY_VEHICLE,
    CATEGORIES,
    HEAVY,
    INSPECTED,
    LIGHT,
    NOT_INSPECTED,
    OLD,
    STANDARD,
)
from printjobs.core.model import Addressee
from printjobs.reference.profile import Profile
from printjobs.sample.making import Case, Contents, Maker, Payments, Row, weighted
from printjobs.sample.people import Registry

MOST_VEHICLES = 60
MEAN_OF_A_COMPANY = 5.0
SMALL, CYCLES, WHEELS = CATEGORIES[:5], CATEGORIES[5:10], CATEGORIES[10:]
MOPED, CAR, VAN = CATEGORIES[0], "軽四輪乗用・自家用", "軽四輪貨物・自家用"
# Of those that cities count at the end of a year, in thousandths.
OF_PERSONS: Mapping[str, float] = {
    "原付50cc以下": 110, "原付90cc以下": 10, "原付125cc以下": 60, "原付125cc以下・4kW以下": 4,
    "特定小型原付": 2, "ミニカー": 3, "軽二輪": 45, "二輪の小型": 45, "小型特殊・農耕": 30,
    "軽四輪乗用・自家用": 560, "軽四輪貨物・自家用": 131,
}  # fmt: skip
OF_COMPANIES: Mapping[str, float] = {
    "原付50cc以下": 40, "原付125cc以下": 20, "小型特殊・農耕": 10, "小型特殊・その他": 70, "軽三輪": 2,
    "軽四輪乗用・自家用": 260, "軽四輪乗用・営業用": 3, "軽四輪貨物・自家用": 515, "軽四輪貨物・営業用": 80,
}  # fmt: skip
AGES: Mapping[str, float] = {STANDARD: 62, OLD: 16, HEAVY: 20, LIGHT: 2}
FIRST_INSPECTED = {  # (year, month) from and to that a rate class is for in the fiscal year 2026
    STANDARD: ((2015, 4), (2026, 3)),
    OLD: ((2013, 4), (2015, 3)),
    HEAVY: ((1999, 4), (2013, 3)),
    LIGHT: ((2025, 4), (2026, 3)),
}
CLASS_NUMBERS = {  # 分類番号
    "軽三輪": ("480", "481"), "軽四輪乗用・自家用": ("580", "581", "582", "583"), "軽四輪乗用・営業用": ("580",),
    "軽四輪貨物・自家用": ("480", "481", "483"), "軽四輪貨物・営業用": ("480",),
}  # fmt: skip
PRIVATE_KANA = "あいうえかきくけこさすせそたちつてとなにぬねのはひふほまみむめもやゆよらるろ"
BUSINESS_KANA = "りれ"


class Vehicle(NamedTuple):
    """One row of the vehicles, without what it is paid by."""

    plate: str
    category: str
    chassis: str
    first_inspection: str
    rate_class: str
    inspection: str
    rate: int
    reduction: int


class LightVehicleTaxOffice(Maker):
    """Taxes what each owner has. A city that sends a notice for each vehicle has one on every notice."""

    sum_code = "vehicle_amount"

    def __init__(self, rng: Random, registry: Registry, profile: Profile, payments: Payments) -> None:
        super().__init__(rng, registry, profile, payments)
        self._rates = rates(profile.values)
        self._city = registry.home[0].place

    def make(self, number: str, addressee: Addressee, case: Case) -> Contents:
        company = addressee.honorific == "御中" or case is Case.LARGEST
        vehicles = self._vehicles(case, company=company)
        payment = DEBIT if case is not Case.SLIPS and self.rng.random() < 0.15 else SLIP
        rows: list[Row] = []
        for i, vehicle in enumerate(vehicles, start=1):
            amount = vehicle.rate - vehicle.reduction
            paid = self.payments.row(number, i, self.payments.due[0], amount, slip=payment == SLIP)
            rows.append({**vehicle._asdict(), **paid})
        full, reduction = sum(v.rate for v in vehicles), sum(v.reduction for v in vehicles)
        values: Row = {
            "payment": payment, "vehicle_count": len(vehicles),
            "full_tax": full, "reduction": reduction, "annual_tax": full - reduction,
        }  # fmt: skip
        return Contents(values, {"vehicles": rows})

    def _count(self, case: Case, *, company: bool) -> int:
        if self.profile.unit == BY_VEHICLE or case in (Case.SMALL, Case.ZERO):
            return 1
        if case in (Case.LARGEST, Case.MOST):
            return MOST_VEHICLES
        if company:
            return min(MOST_VEHICLES - 1, 1 + int(log(1 - self.rng.random()) / log(1 - 1 / MEAN_OF_A_COMPANY)))
        return int(weighted(self.rng, {"1": 62, "2": 26, "3": 9, "4": 3}))

    def _vehicles(self, case: Case, *, company: bool) -> list[Vehicle]:
        plates = self._plates()
        choices: Mapping[str, float] = OF_COMPANIES if company else OF_PERSONS
        if case is Case.SMALL:
            choices = {MOPED: 1}
        elif case is Case.ZERO:
            choices = {CAR: 1}
        elif case is Case.LARGEST:
            choices = {CAR: 1, VAN: 1}
        count = self._count(case, company=company)
        vehicles = [self._vehicle(weighted(self.rng, choices), plates, case) for _ in range(count)]
        # The tax on a car that a handicapped person uses is waived, and that on the others not.
        waived = len(vehicles) > 1 and vehicles[0].category == CAR and not company and self.rng.random() < 0.03
        if case is Case.ZERO or waived:
            vehicles[0] = vehicles[0]._replace(reduction=vehicles[0].rate)
        return vehicles

    def _vehicle(self, category: str, plates: _Plates, case: Case) -> Vehicle:
        rng = self.rng
        chassis = f"{rng.randrange(1_000_000):06d}"
        if category not in WHEELS:
            inspected = INSPECTED if category == "二輪の小型" else NOT_INSPECTED
            first = _month(rng, STANDARD) if inspected == INSPECTED else ""
            return Vehicle(plates.of(category), category, chassis, first, STANDARD, inspected,
                           self._rates[category][STANDARD], 0)  # fmt: skip
        rate_class = HEAVY if case is Case.LARGEST else weighted(rng, AGES)
        return Vehicle(plates.of(category), category, chassis, _month(rng, rate_class), rate_class, INSPECTED,
                       self._rates[category][rate_class], 0)  # fmt: skip

    def _plates(self) -> _Plates:
        return _Plates(self.rng, self._city)


class _Plates:
    """Plates of one notice, each another one."""

    def __init__(self, rng: Random, city: str) -> None:
        self._rng = rng
        self._city = city
        self._given: set[str] = set()

    def of(self, category: str) -> str:
        found = next(plate for plate in self._drawn(category) if plate not in self._given)
        self._given.add(found)
        return found

    def _drawn(self, category: str) -> Iterator[str]:
        rng = self._rng
        kana_of = BUSINESS_KANA if category.endswith("営業用") else PRIVATE_KANA
        while True:
            serial = f"{kana_of[int(rng.random() * len(kana_of))]} 00-{int(rng.random() * 100):02d}"
            if category in CLASS_NUMBERS:
                numbers = CLASS_NUMBERS[category]
                yield f"滋賀 {numbers[int(rng.random() * len(numbers))]} {serial}"
            elif category == "軽二輪":
                yield f"1滋賀 {serial}"
            elif category == "二輪の小型":
                yield f"滋賀 C {serial}"
            else:
                yield f"{self._city} {serial}"


def rates(values: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Yen a year by category and rate class, read from the columns of the city's table of rates."""
    columns = {
        name: [int(line.replace(",", "")) for line in values[f"rates_{name}"].split("\n")]
        for name in ("small", "others", "standard", "old", "heavy", "light")
    }
    found = {c: {STANDARD: rate} for c, rate in zip(SMALL, columns["small"], strict=True)}
    found |= {c: {STANDARD: rate} for c, rate in zip(CYCLES, columns["others"], strict=True)}
    classes = ((STANDARD, "standard"), (OLD, "old"), (HEAVY, "heavy"), (LIGHT, "light"))
    return found | {c: {name: columns[key][i] for name, key in classes} for i, c in enumerate(WHEELS)}


def _month(rng: Random, rate_class: str) -> str:
    """A month of first inspection (初度検査年月) of a vehicle of the class, as its certificate writes it."""
    (year, month), (last_year, last_month) = FIRST_INSPECTED[rate_class]
    first, last = year * 12 + month - 1, last_year * 12 + last_month - 1
    drawn = first + int(rng.random() * (last - first + 1))
    year, month = drawn // 12, drawn % 12 + 1
    reiwa = "元" if year == 2019 else str(year - 2018)
    return f"令和{reiwa}年{month}月" if (year, month) >= (2019, 5) else f"平成{year - 1988}年{month}月"
