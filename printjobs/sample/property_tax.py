"""Made-up assessments: the assets of a taxpayer and the tax on them, to the yen.

Field names are the column keys of ``PROPERTY_TAX``; amounts are whole yen.
"""

from __future__ import annotations

from decimal import Decimal
from math import log
from random import Random
from typing import NamedTuple

from printjobs.core.kinds import DEBIT, SLIP
from printjobs.core.model import Addressee
from printjobs.reference.profile import Profile
from printjobs.sample.making import Case, Contents, Maker, Payments
from printjobs.sample.people import KANJI_DIGITS, Registry, Town

LAND, HOUSE, DEPRECIABLE = "土地", "家屋", "償却資産"
MOST_ASSETS = 60


class Asset(NamedTuple):
    """One row of the tax details (課税明細)."""

    sort: str
    location: str
    lot: str
    use: str
    structure: str
    area: str
    value: int
    property_base: int
    planning_base: int
    remark: str


class Tax(NamedTuple):
    """The sums of one notice."""

    land_base: int
    house_base: int
    depreciable_base: int
    property_base: int
    property_tax: int
    planning_land_base: int
    planning_house_base: int
    planning_base: int
    planning_tax: int
    annual_tax: int


class LandUse(NamedTuple):
    """地目: share among further land rows, area from and to in m², yen for one m² from and to."""

    name: str
    share: float
    area: tuple[int, int]
    price: tuple[int, int]


HOUSING = LandUse("宅地", 0.44, (55, 420), (15_000, 90_000))
MISCELLANEOUS = LandUse("雑種地", 0.05, (40, 900), (6_000, 26_000))
LAND_USES = (
    HOUSING,
    LandUse("田", 0.28, (280, 2600), (95, 140)),
    LandUse("畑", 0.12, (60, 900), (38, 65)),
    LandUse("山林", 0.09, (250, 6000), (12, 45)),
    MISCELLANEOUS,
    LandUse("原野", 0.02, (80, 1500), (9, 22)),
)
LIVING = (("居宅", 0.66), ("附属家", 0.13), ("車庫", 0.08), ("共同住宅", 0.06), ("倉庫", 0.05), ("店舗", 0.02))
BUSINESS = (("事務所", 0.32), ("倉庫", 0.3), ("店舗", 0.2), ("工場", 0.13), ("車庫", 0.05))
SMALL_HOUSES = ("附属家", "車庫")
WOODEN = ("木造2階建", "木造2階建", "木造平家建")
SOLID = ("鉄骨造2階建", "鉄骨造3階建", "軽量鉄骨造2階建", "RC造5階建", "RC造3階建", "SRC造10階建")
MACHINES = ("構築物", "機械及び装置", "工具器具備品", "車両及び運搬具")
MEAN_ASSETS = 4.4


def _count(rng: Random, holding: Case) -> int:
    """How many assets: geometric, most under eight, with a thin tail of large holdings."""
    if holding not in (Case.ORDINARY, Case.SLIPS):
        return {Case.SMALL: 1, Case.LARGEST: 14, Case.MOST: MOST_ASSETS}.get(holding, 3)
    if rng.random() < 0.003:
        return rng.randint(30, MOST_ASSETS)
    return min(29, 1 + int(log(1 - rng.random()) / log(1 - 1 / MEAN_ASSETS)))


def _between(rng: Random, bounds: tuple[int, int], skew: float = 2.0) -> int:
    """A whole number between the bounds; small ones are more frequent."""
    return bounds[0] + int((bounds[1] - bounds[0]) * rng.random() ** skew)


def _weighted(rng: Random, choices: tuple[tuple[str, float], ...]) -> str:
    draw = rng.random()
    for name, share in choices:
        draw -= share
        if draw < 0:
            return name
    return choices[0][0]


def _square_metres(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _housing_bases(value: int, area: int) -> tuple[int, int, str]:
    """Bases of land under a home, ``area`` in hundredths of m².

    Up to 200 m² a sixth counts for property tax and a third for planning tax (地方税法 349条の3の2,
    702条の3), beyond that a third and two thirds.
    """
    small = min(area, 200_00)
    beyond = area - small
    remark = "小規模・一般住宅用地" if beyond else "小規模住宅用地"
    return (
        value * small // (area * 6) + value * beyond // (area * 3),
        value * small // (area * 3) + value * beyond * 2 // (area * 3),
        remark,
    )


class Quarter(NamedTuple):
    """A town, or one 丁目 of it, as the assessor sees it. ``price``: yen for one m² of building land.

    ``urban``: in the area that planning tax is levied in.
    """

    town: Town
    location: str
    urban: bool
    price: int


class Assessor:
    """Values the property of one city's taxpayers."""

    def __init__(self, rng: Random, towns: tuple[Town, ...], planning_rate: str) -> None:
        self.rng = rng
        self._planning_rate = int(Decimal(planning_rate) * 1000)  # in hundred-thousandths
        self._quarters = [self._quarter(t) for t in towns]
        self._by_zip = {q.town.zip: q for q in self._quarters}

    def _quarter(self, town: Town) -> Quarter:
        urban = town.numbered_blocks or self.rng.random() < 0.5
        low, high = HOUSING.price
        return Quarter(town, town.name, urban, _between(self.rng, (35_000, high) if urban else (low, 35_000)))

    def assets(self, holding: Case, *, zip_code: str, company: bool) -> list[Asset]:
        """Land first, then houses, then depreciable assets, mostly around one place: the owner's own town.

        ``zip_code`` is that of the owner, who may live elsewhere.
        """
        rng = self.rng
        if holding is Case.SMALL:
            return [self._house(self._somewhere(), business=False, value=rng.randint(100_000, 200_000))]
        machine_share = 0.18 if company else 0.012
        draws = [rng.random() for _ in range(_count(rng, holding))]
        machines = sum(d < machine_share for d in draws)
        houses = sum(machine_share <= d < machine_share + 0.35 for d in draws)
        lands = len(draws) - machines - houses
        home = self._by_zip.get(zip_code) if rng.random() < 0.85 else None
        home, lot = self._narrowed(home) if home else self._somewhere(), 1 + int(2400 * rng.random() ** 2)
        rows: list[Asset] = []
        for i in range(lands):
            place = home if not i or rng.random() < 0.7 else self._somewhere()
            rows.append(self._land(place, lot + int(rng.random() * 60), business=company, first=not i))
        rows += [self._house(home, lot=lot, business=company) for _ in range(houses)]
        rows += [self._machine(home, _between(rng, (1_500_000, 60_000_000), 4)) for _ in range(machines)]
        if holding is Case.LARGEST:
            rows.append(self._machine(home, rng.randint(22_000_000_000, 30_000_000_000)))
        if holding is Case.ZERO:
            rows = [r._replace(remark="減免") for r in rows]
        return rows

    def _somewhere(self) -> Quarter:
        return self._narrowed(self._quarters[int(self.rng.random() * len(self._quarters))])

    def _narrowed(self, quarter: Quarter) -> Quarter:
        """One 丁目 of a town that has them, so that an owner's neighbouring lots are in the same one."""
        if not quarter.town.numbered_blocks:
            return quarter
        return quarter._replace(location=f"{quarter.town.name}{KANJI_DIGITS[1 + int(self.rng.random() * 6)]}丁目")

    def _lot(self, lot: int) -> str:
        return f"{lot}番{int(self.rng.random() * 30) + 1}" if self.rng.random() < 0.6 else f"{lot}番"

    def _land(self, quarter: Quarter, lot: int, *, business: bool, first: bool) -> Asset:
        """One parcel. The first is a building plot: fields alone would fall below the exemption limit."""
        rng = self.rng
        use = HOUSING
        if not first:
            draw = rng.random()
            for use in LAND_USES:
                draw -= use.share
                if draw < 0:
                    break
        area = _between(rng, use.area) * 100 + (int(rng.random() * 100) if use is HOUSING or rng.random() < 0.3 else 0)
        price = quarter.price if use is HOUSING else _between(rng, use.price, 1)
        if business and first:
            area *= rng.choice((3, 6, 20))
        value = area * price // 100
        base, planning, remark = value, value, ""
        if use is HOUSING and not business:
            base, planning, remark = _housing_bases(value, area)
        elif use in (HOUSING, MISCELLANEOUS):
            base = planning = value * 7 // 10
        if not quarter.urban:
            planning, remark = 0, remark or "市街化調整区域"
        return Asset(LAND, quarter.location, self._lot(lot), use.name, "",
                     _square_metres(area), value, base, planning, remark)  # fmt: skip

    def _house(self, quarter: Quarter, *, business: bool, lot: int = 0, value: int = 0) -> Asset:
        """One house. The form has no column for the relief of new houses, so the base bears it."""
        rng = self.rng
        use = _weighted(rng, BUSINESS if business else LIVING)
        wooden = not business and use != "共同住宅" and rng.random() < 0.8
        structure = (WOODEN if wooden else SOLID)[int(rng.random() * (3 if wooden else 6))]
        if use in SMALL_HOUSES:
            structure = "木造平家建" if wooden else "軽量鉄骨造平家建"
        size = (12, 55) if use in SMALL_HOUSES else (120, 3500) if business or use == "共同住宅" else (58, 240)
        area = _between(rng, size) * 100 + int(rng.random() * 100)
        value = value or area * _between(rng, (9_000, 68_000) if wooden else (16_000, 95_000)) // 100
        new = use == "居宅" and rng.random() < 0.06
        base = value // 2 if new else value
        return Asset(HOUSE, quarter.location, self._lot(lot or rng.randint(1, 2400)), use, structure,
                     _square_metres(area), value, base, value if quarter.urban else 0,
                     "新築軽減" if new else "")  # fmt: skip

    def _machine(self, quarter: Quarter, value: int) -> Asset:
        use = MACHINES[1] if value > 1_000_000_000 else MACHINES[int(self.rng.random() * len(MACHINES))]
        return Asset(DEPRECIABLE, quarter.location, "", use, "", "", value, value, 0, "")

    def tax(self, assets: list[Asset], *, exempted: bool) -> Tax:
        """Bases are cut to 1,000 yen and each tax to 100 yen (地方税法 20条の4の2)."""
        land, house = (sum(a.property_base for a in assets if a.sort == s) for s in (LAND, HOUSE))
        machines = sum(a.property_base for a in assets if a.sort == DEPRECIABLE)
        planning_land, planning_house = (sum(a.planning_base for a in assets if a.sort == s) for s in (LAND, HOUSE))
        base = (land + house + machines) // 1000 * 1000
        planning_base = (planning_land + planning_house) // 1000 * 1000
        property_tax = 0 if exempted else base * 14 // 1000 // 100 * 100
        planning_tax = 0 if exempted else planning_base * self._planning_rate // 100_000 // 100 * 100
        return Tax(land, house, machines, base, property_tax, planning_land, planning_house, planning_base,
                   planning_tax, property_tax + planning_tax)  # fmt: skip


class PropertyTaxOffice(Maker):
    """Assesses what each taxpayer owns. The largest owes more than 300 million yen, the smallest one period's worth."""

    def __init__(self, rng: Random, registry: Registry, profile: Profile, payments: Payments) -> None:
        super().__init__(rng, registry, profile, payments)
        self._assessor = Assessor(rng, registry.home, profile.values["planning_rate"])

    def make(self, number: str, addressee: Addressee, case: Case) -> Contents:
        company = addressee.honorific == "御中" or case is Case.LARGEST
        assets = self._assessor.assets(case, zip_code=addressee.zip.replace("-", ""), company=company)
        tax = self._assessor.tax(assets, exempted=case is Case.ZERO)
        payment = DEBIT if self.rng.random() < 0.3 else SLIP
        return Contents(
            {**tax._asdict(), "payment": payment},
            {
                "assets": [a._asdict() for a in assets],
                "instalments": self.payments.instalments(number, tax.annual_tax, payment),
            },
        )
