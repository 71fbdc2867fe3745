"""Made-up long-term care premiums: an income, the step (所得段階) that it falls in, and the year's premium to the yen.

The steps, their limits, rates and amounts are read from the city's profile: what its notices explain.
"""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

from printjobs.core.kinds.care_insurance import TAXED, UNTAXED
from printjobs.core.model import Addressee
from printjobs.reference.profile import Profile
from printjobs.sample.making import Case, Contents, Maker, Payments, Row, weighted
from printjobs.sample.people import Registry
from printjobs.sample.premiums import Collector

# People by step, nearly what the ministry publishes for the country: most are in 1, 4, 5, 6 and 7.
SHARES = (17, 8, 7, 12, 14, 15, 13, 7, 3, 1.4, 0.8, 0.5, 1.0, 0.3, 0.3)
BY_PENSION = 0.92  # of those who are not new
NEW = 0.04  # turned 65 or moved in within the year
ASSESSED = "前年の所得などにより、年間の保険料額を決定しました。"
BEGUN = (
    "年度の途中で65歳になったため、その月から月割で計算しました。",
    "年度の途中で転入したため、その月から月割で計算しました。",
)
RELIEVED = "申請により、減免を適用しました。"
MIDDLE, HIGHEST_PENSION = 1_200_000, 3_300_000
MOST_UNTAXED = 1_550_000  # yen of pension of one who pays no resident tax
LEAST = 180_000  # yen of a pension that a premium is withheld from
_TAXED_STEP = 6  # from this step on the person pays resident tax


class Income(NamedTuple):
    """What the step depends on."""

    own_tax: str
    household_tax: str
    pension_income: int
    other_income: int
    total_income: int


class Steps:
    """One city's table of steps. ``low``: yen of pension and other income that steps 1 and 4 end at."""

    def __init__(self, profile: Profile) -> None:
        values = profile.values
        self.base = int(values["base"].replace(",", ""))
        self.rates = values["step_rates"].split("\n")
        self.amounts = [int(a.replace(",", "")) for a in values["step_amounts"].split("\n")]
        conditions = values["step_who"].split("\n")
        low = re.search(r"(\d+)万([\d,]+)円以下", conditions[0])
        if not low:
            raise ValueError(f"care_insurance: no limit in the first step: {conditions[0]}")
        self.low = int(low[1]) * 10_000 + int(low[2].replace(",", ""))
        # Of step 7 and later, the yen that each begins at.
        self.floors = [
            int(re.findall(r"([\d,]+)万円以上", c)[0].replace(",", "")) * 10_000 for c in conditions[_TAXED_STEP:]
        ]

    def __len__(self) -> int:
        return len(self.rates)

    def step(self, income: Income) -> int:
        """The step that the notice's own table puts an income in."""
        if income.own_tax == TAXED:
            return _TAXED_STEP + sum(income.total_income >= floor for floor in self.floors)
        together = income.pension_income + income.other_income
        if income.household_tax == TAXED:
            return 4 if together <= self.low else 5
        return 1 if together <= self.low else 2 if together <= MIDDLE else 3

    def income(self, step: int, rng: Random) -> Income:
        """An income that falls in a step."""
        if step < _TAXED_STEP:
            low = (LEAST, self.low + 1, MIDDLE + 1, LEAST, self.low + 1)[step - 1]
            high = (self.low, MIDDLE, MOST_UNTAXED, self.low, MOST_UNTAXED)[step - 1]
            together = rng.randint(low, high)
            other = rng.randint(0, together // 8) if rng.random() < 0.2 else 0
            return Income(UNTAXED, UNTAXED if step < 4 else TAXED, together - other, other, other)
        floors = [460_000, *self.floors, self.floors[-1] * 3]
        total = rng.randint(floors[step - _TAXED_STEP], floors[step - _TAXED_STEP + 1] - 1)
        pension = rng.randint(1_560_000, HIGHEST_PENSION)
        from_pension = min(pension - 1_100_000, total)  # 公的年金等控除 is 1,100,000 yen up to 3,300,000 yen
        return Income(TAXED, TAXED, from_pension + 1_100_000, total - from_pension, total)


class CareInsuranceOffice(Maker):
    """Assesses those aged 65 and over, nine of ten of whom pay from their pension."""

    persons = True

    def __init__(self, rng: Random, registry: Registry, profile: Profile, payments: Payments) -> None:
        super().__init__(rng, registry, profile, payments)
        self._steps = Steps(profile)
        self._collector = Collector(rng, profile, payments, BY_PENSION)

    def make(self, number: str, addressee: Addressee, case: Case) -> Contents:
        rng, steps = self.rng, self._steps
        step = self._step(case)
        income = steps.income(step, rng)
        new = case is Case.ORDINARY and rng.random() < NEW
        months = 1 if case is Case.SMALL else rng.randint(2, 11) if new else 12
        amount = steps.amounts[step - 1]
        computed = amount * months // 12 // 100 * 100
        relief = computed if case is Case.ZERO else 0
        reason = RELIEVED if relief else ASSESSED if months == 12 else rng.choice(BEGUN)
        collected = self._collector.collect(number, computed - relief, case, new=new)
        values: Row = {
            "insured_number": f"{rng.randrange(10**10):010d}", "insured_name": addressee.name, "reason": reason,
            **income._asdict(), "step": step, "base": steps.base, "rate": steps.rates[step - 1], "step_amount": amount,
            "months": months, "computed": computed, "relief": relief, "premium": computed - relief,
        }  # fmt: skip
        rows = {"instalments": collected.instalments, "withheld": collected.withheld}
        return Contents(values | collected.values, rows)

    def _step(self, case: Case) -> int:
        if case is not Case.ORDINARY:
            return {Case.LARGEST: len(self._steps), Case.SMALL: 1}.get(case, 5)
        return int(weighted(self.rng, {str(i): s for i, s in enumerate(SHARES[: len(self._steps)], 1)}))
