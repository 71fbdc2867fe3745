"""Made-up late-elderly medical premiums: an income, the reduction it brings, and both parts to the yen.

Rates, limits and the incomes up to which the per-head amount is reduced are read from the profile: what the
notices explain.
"""

from __future__ import annotations

import re
from decimal import Decimal
from random import Random

from printjobs.core.kinds.late_elderly import PARTS
from printjobs.core.model import Addressee
from printjobs.reference.profile import Profile
from printjobs.sample.making import Case, Contents, Maker, Payments, Row, weighted
from printjobs.sample.people import Registry
from printjobs.sample.premiums import Collector

BY_PENSION = 0.78  # of those who are not new, from whom no pension is withheld yet
NEW = 0.04  # turned 75 or moved in within the year
ASSESSED = "前年の所得などにより、年間の保険料額を決定しました。"
BEGUN = (
    "年度の途中で75歳になったため、その月から月割で計算しました。",
    "年度の途中で転入したため、その月から月割で計算しました。",
)
RELIEVED = "申請により、減免を適用しました。"
ALLOWANCE = 430_000  # 基礎控除, yen
REDUCTIONS = {"7割軽減": 7, "5割軽減": 5, "2割軽減": 2, "該当なし": 0}
SHARES = {"7割軽減": 44.0, "5割軽減": 14.0, "2割軽減": 12.0, "該当なし": 30.0}
HIGHEST, LARGEST = 6_000_000, 14_000_000  # yen of income beyond the allowance


class Rates:
    """What the union's ordinance says, from the profile: rates and limits of both parts, incomes of each reduction."""

    def __init__(self, profile: Profile) -> None:
        values = profile.values

        def yen(name: str) -> int:
            return int(values[name].replace(",", ""))

        self.head = {key: yen(f"{key}_head") for key, _ in PARTS}
        self.limit = {key: yen(f"{key}_limit") for key, _ in PARTS}
        self.rate = {key: Decimal(values[f"{key}_rate"]) for key, _ in PARTS}
        # For one insured person in the household: the allowance, and what is added for each person.
        self.ceilings = {"7割軽減": ALLOWANCE}
        for share in ("5", "2"):
            added = re.findall(r"(\d+)万円×被保険者の数", values[f"reduction_{share}"])[0]
            self.ceilings[f"{share}割軽減"] = ALLOWANCE + int(added) * 10_000

    def part(self, key: str, base_income: int, tenths: int, months: int) -> Row:
        """The columns of one part; the year's amount is cut to 100 yen after it was put to months."""
        head = self.head[key]
        cut = head * tenths // 10
        share = int(base_income * self.rate[key] / 100)
        over = max(0, head - cut + share - self.limit[key])
        year = head - cut + share - over
        return {
            f"{key}_head": head, f"{key}_cut": cut, f"{key}_share": share, f"{key}_over": over, f"{key}_year": year,
            f"{key}_premium": year * months // 12 // 100 * 100,
        }  # fmt: skip


class LateElderlyOffice(Maker):
    """Assesses those aged 75 and over, three of four of whom pay from their pension."""

    persons = True

    def __init__(self, rng: Random, registry: Registry, profile: Profile, payments: Payments) -> None:
        super().__init__(rng, registry, profile, payments)
        self._rates = Rates(profile)
        self._collector = Collector(rng, profile, payments, BY_PENSION)

    def make(self, number: str, addressee: Addressee, case: Case) -> Contents:
        rng = self.rng
        new = case is Case.ORDINARY and rng.random() < NEW
        months = 1 if case is Case.SMALL else rng.randint(2, 11) if new else 12
        reduction, income = self._income(case)
        parts: Row = {}
        for key, _ in PARTS:
            parts |= self._rates.part(key, income, REDUCTIONS[reduction], months)
        whole = sum(int(parts[f"{key}_premium"]) for key, _ in PARTS)
        relief = whole if case is Case.ZERO else 0
        reason = RELIEVED if relief else ASSESSED if months == 12 else rng.choice(BEGUN)
        collected = self._collector.collect(number, whole - relief, case, new=new)
        values: Row = {
            "insured_number": f"{rng.randrange(10**8):08d}", "insured_name": addressee.name, "reason": reason,
            "base_income": income, "reduction": reduction, **parts,
            "months": months, "relief": relief, "premium": whole - relief,
        }  # fmt: skip
        rows = {"instalments": collected.instalments, "withheld": collected.withheld}
        return Contents(values | collected.values, rows)

    def _income(self, case: Case) -> tuple[str, int]:
        """A reduction of the per-head amount, and an income beyond the allowance that it goes with."""
        if case is Case.LARGEST:
            return "該当なし", LARGEST
        if case is Case.SMALL:
            return "7割軽減", 0
        reduction = weighted(self.rng, SHARES) if case is Case.ORDINARY else "該当なし"
        if reduction == "該当なし":
            lowest = self._rates.ceilings["2割軽減"] - ALLOWANCE + 1
            return reduction, lowest + int((HIGHEST - lowest) * self.rng.random() ** 4)
        return reduction, int((self._rates.ceilings[reduction] - ALLOWANCE) * self.rng.random())
