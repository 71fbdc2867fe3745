"""Made-up employers and their employees' resident tax, month by month, to the yen.

Field names are the column keys of ``RESIDENT_TAX_SPECIAL`` and of its employees; amounts are whole yen.
"""

from __future__ import annotations

from random import Random

from printjobs.core.kinds import SLIP
from printjobs.core.kinds.resident_tax_special import ELECTRONIC, MONTHS
from printjobs.core.model import Addressee
from printjobs.reference.profile import Profile
from printjobs.sample import income as rules
from printjobs.sample.income import Deduction, Rates, between, cut
from printjobs.sample.making import Case, Contents, Maker, Payments, Row
from printjobs.sample.people import Registry, Trait

MOST_EMPLOYEES = 40
GROUPS = {  # the form's lines, by the kinds of deduction that they hold
    "medical": ("雑損", "医療費"),
    "insurance": ("社会保険料", "小規模企業共済等掛金"),
    "life": ("生命保険料", "地震保険料"),
    "personal": ("障害者", "寡婦", "ひとり親", "勤労学生"),
    "spouse": ("配偶者", "配偶者特別"),
    "dependants": ("扶養", "特定親族特別"),
    "basic": ("基礎",),
}


class ResidentTaxSpecialOffice(Maker):
    """Makes up employers of a city's residents: most have few of them. The largest pays one director a fortune."""

    companies = True

    def __init__(self, rng: Random, registry: Registry, profile: Profile, payments: Payments) -> None:
        super().__init__(rng, registry, profile, payments)
        self._rates = Rates.of(profile)

    def make(self, number: str, addressee: Addressee, case: Case) -> Contents:
        rows = [self._employee(i, case) for i in range(1, self._count(case) + 1)]
        payment = ELECTRONIC if self.rng.random() < 0.3 else SLIP
        values: Row = {
            "designated": f"{int(self.rng.random() * 10_000_000):08d}",
            "employer": addressee.name,
            "payment": payment,
            "employees": len(rows),
            "city_tax": sum(int(row["city_levy"]) + int(row["city_per_capita"]) for row in rows),
            "prefecture_tax": sum(int(row["prefecture_levy"]) + int(row["prefecture_per_capita"]) for row in rows),
            "forest_tax": sum(int(row["forest_tax"]) for row in rows),
            "annual_tax": sum(int(row["annual_tax"]) for row in rows),
        }
        amounts = [sum(int(row[f"month_{m:02d}"]) for row in rows) for m in MONTHS]
        months = zip(range(1, len(MONTHS) + 1), self.payments.due, amounts, strict=True)
        paid = [self.payments.row(number, p, due, yen, slip=payment == SLIP) for p, due, yen in months]
        return Contents(values, {"employees": rows, "instalments": paid})

    def _count(self, case: Case) -> int:
        if case is not Case.ORDINARY:
            return {Case.MOST: MOST_EMPLOYEES, Case.SMALL: 1, Case.ZERO: 2}.get(case, 5)
        if self.rng.random() < 0.03:
            return between(self.rng, 9, MOST_EMPLOYEES, 2)
        return between(self.rng, 1, 9, 1.8)

    def _employee(self, order: int, case: Case) -> Row:
        rng = self.rng
        person = self.registry.addressee(Trait.PLAIN)
        revenue = between(rng, 1_850_000, 9_600_000, 1.7)
        if case is Case.LARGEST and order == 1:
            revenue = 4_567_890_123
        elif case is Case.SMALL:
            revenue = between(rng, 1_035_000, 1_075_000)
        salary = rules.salary_income(revenue)
        other = between(rng, 20_000, 600_000, 2) if case is Case.ORDINARY and rng.random() < 0.06 else 0
        total = salary + other
        deducted = rules.basic(total) if case is Case.SMALL else rules.deductions(rng, total, elderly=False)
        row: Row = {
            "order": order,
            "recipient": f"{int(rng.random() * 100_000):05d}" if rng.random() < 0.7 else "",
            "name": person.name,
            "address": person.address + (f"　{person.building}" if person.building else ""),
            "revenue": revenue,
            "salary": salary,
            "other_income": other,
            "income": total,
            "remark": "減免" if case is Case.ZERO else "",
        }
        return row | self._tax(total, deducted, exempted=case is Case.ZERO)

    def _tax(self, income: int, deducted: list[Deduction], *, exempted: bool) -> Row:
        rates = self._rates
        row: Row = {key: sum(d.amount for d in deducted if d.kind in kinds) for key, kinds in GROUPS.items()}
        row["deductions"] = sum(d.amount for d in deducted)
        base = row["base"] = cut(income - int(row["deductions"]), 1000)
        reliefs = (0, 0)
        if base and any(d.kind == "基礎" for d in deducted):
            reliefs = rules.adjustment(base, sum(d.gap for d in deducted))
        year = 0
        for key, rate, credit in (("city", rates.city, reliefs[0]), ("prefecture", rates.prefecture, reliefs[1])):
            gross = base * rate // 100
            per_capita = 0 if exempted else getattr(rates, f"{key}_per_capita")
            own_credit = gross if exempted else credit
            levy = cut(gross - own_credit, 100)
            row |= {f"{key}_gross": gross, f"{key}_credits": own_credit, f"{key}_levy": levy,
                    f"{key}_per_capita": per_capita}  # fmt: skip
            year += levy + per_capita
        row["forest_tax"] = 0 if exempted else rates.forest_tax
        year += int(row["forest_tax"])
        row["annual_tax"] = year
        return row | self._months(year)

    def _months(self, year: int) -> Row:
        """Twelfths cut to 100 yen with the rest in June; head tax alone is withheld in June."""
        part = 0 if year <= self._rates.per_capita else cut(year // len(MONTHS), 100)
        first, *others = MONTHS
        return {f"month_{first:02d}": year - part * len(others), **{f"month_{m:02d}": part for m in others}}
