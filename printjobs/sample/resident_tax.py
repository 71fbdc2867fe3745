"""Made-up assessments of resident tax by ordinary collection, to the yen.

Field names are the column keys of ``RESIDENT_TAX``; amounts are whole yen.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from random import Random
from typing import NamedTuple

from printjobs.core.kinds import DEBIT, PENSION, SLIP
from printjobs.core.kinds.resident_tax import INCOMES, NEXT_PROVISIONAL, PENSION_MONTHS, SEPARATE_INCOMES
from printjobs.core.model import Addressee
from printjobs.reference.profile import Profile
from printjobs.sample import income as rules
from printjobs.sample.income import Deduction, Rates, between, cut
from printjobs.sample.making import Case, Contents, Maker, Payments, Row, weighted
from printjobs.sample.people import Registry

# Who gets the notice: most live on a business or a pension; wages come with something beside, or without an employer.
LIVES = {"business": 0.3, "pension": 0.3, "pension_and_more": 0.15, "wages_and_more": 0.1, "wages": 0.15}
PAYERS = (("厚生労働大臣", "老齢基礎年金"), ("地方公務員共済組合連合会", "退職共済年金"))
SHARES = {  # percent of city and prefecture on separate income
    "土地建物等の短期譲渡": (Fraction(54, 10), Fraction(36, 10)),
    "山林・退職": (Fraction(6), Fraction(4)),
}
LOW_SHARES = (Fraction(3), Fraction(2))


class Income(NamedTuple):
    """What one person earned. ``rows`` and ``separate``: by kind, with revenue for the former."""

    rows: list[Row]
    separate: list[Row]
    losses: int
    deductions: list[Deduction]
    pension: int
    wages: int
    elderly: bool

    @property
    def comprehensive(self) -> int:
        return sum(int(row["amount"]) for row in self.rows) - self.losses


class Tax(NamedTuple):
    """The year's tax as the notice tells it, and its credits."""

    values: dict[str, int]
    credits: list[Row]


class ResidentTaxOffice(Maker):
    """Assesses what each person earned. The largest owes some hundred million yen, the smallest a year's head tax."""

    persons = True

    def __init__(self, rng: Random, registry: Registry, profile: Profile, payments: Payments) -> None:
        super().__init__(rng, registry, profile, payments)
        self._rates = Rates.of(profile)

    def make(self, number: str, addressee: Addressee, case: Case) -> Contents:  # noqa: ARG002 - all are persons
        earned = self._income(case)
        tax = self._tax(earned, case)
        first_year = earned.pension > 0 and case is Case.ORDINARY and self.rng.random() < 0.08
        collected, pension = self._collected(earned, tax.values["annual_tax"], case, first_year=first_year)
        ordinary = collected["ordinary_tax"]
        payment = DEBIT if self.rng.random() < 0.3 else SLIP
        if not ordinary and collected["pension_tax"]:
            payment = PENSION
        values: Row = {**tax.values, **collected, **pension, "losses": earned.losses, "payment": payment,
                       "remark": self._remark(case, collected, first_year=first_year)}  # fmt: skip
        return Contents(
            values,
            {
                "incomes": earned.rows,
                "separate_incomes": earned.separate,
                "deductions": [{"kind": d.kind, "note": d.note, "amount": d.amount} for d in earned.deductions],
                "credits": tax.credits,
                "instalments": self._instalments(number, ordinary, payment, first_year=first_year),
            },
        )

    def _income(self, case: Case) -> Income:
        """Comprehensive income first; what is taxed apart only few have."""
        rng = self.rng
        life = {Case.LARGEST: "business", Case.SMALL: "wages", Case.ZERO: "business"}.get(case)
        life = life or weighted(rng, LIVES)
        rows: list[Row] = []
        pension = wages = 0
        if case is Case.SMALL:  # nothing is left to tax after the basic deduction: head tax only
            wages = between(rng, 1_035_000, 1_075_000)
        elif "wages" in life:
            wages = between(rng, 1_800_000, 9_800_000, 1.6)
        elif "pension" in life:
            pension = between(rng, 1_900_000, 4_300_000, 1.4)
        if life == "business":
            profit = 9_876_543_210 if case is Case.LARGEST else between(rng, 700_000, 12_000_000, 2.5)
            kind = "農業" if rng.random() < 0.15 else "営業等"
            rows.append(_row(kind, profit * between(rng, 15, 40) // 10, profit))
        if case not in (Case.SMALL, Case.LARGEST) and (life.endswith("more") or rng.random() < 0.1):
            rent = between(rng, 150_000, 3_000_000, 2)
            rows.append(_row("不動産", rent * 2, rent))
        if wages:
            rows.append(_row("給与", wages, rules.salary_income(wages)))
        if pension:
            rows.append(_row("公的年金等", pension, rules.pension_income(pension)))
        if case is Case.MOST:
            rows = [_row(kind, between(rng, 900_000, 4_000_000), between(rng, 450_000, 880_000)) for kind in INCOMES]
        return self._completed(rows, case, pension, wages)

    def _completed(self, rows: list[Row], case: Case, pension: int, wages: int) -> Income:
        rng = self.rng
        total = sum(int(row["amount"]) for row in rows)
        losses = between(rng, 20_000, total // 4) if case is Case.MOST or rng.random() < 0.02 else 0
        separate: list[Row] = []
        if case is Case.MOST:
            separate = [_separate(kind, between(rng, 100_000, 5_000_000)) for kind in SEPARATE_INCOMES]
        elif case is Case.ORDINARY and rng.random() < 0.07:
            separate = [_separate(rng.choice(SEPARATE_INCOMES[1:5]), between(rng, 60_000, 18_000_000, 3))]
        elderly = pension > 0
        deducted = rules.deductions(rng, total, elderly=elderly)
        if case is Case.SMALL:
            deducted = rules.basic(total)
        elif case is Case.MOST:
            deducted = _all_deductions(total)
        return Income(rows, separate, losses, deducted, pension, wages, elderly)

    def _tax(self, earned: Income, case: Case) -> Tax:
        deducted = sum(d.amount for d in earned.deductions)
        base = cut(earned.comprehensive - deducted, 1000)
        gross = [Fraction(base * self._rates.city, 100), Fraction(base * self._rates.prefecture, 100)]
        for row in earned.separate:
            for i, share in enumerate(SHARES.get(str(row["kind"]), LOW_SHARES)):
                gross[i] += int(row["base"]) * share / 100
        city, prefecture = int(gross[0]), int(gross[1])
        reliefs = self._credits(earned, base, city + prefecture, case)
        levies = [
            cut(whole - sum(int(row[key]) for row in reliefs), 100)
            for whole, key in ((city, "city"), (prefecture, "prefecture"))
        ]
        rates = self._rates
        year = sum(levies) + rates.per_capita
        relief = year if case is Case.ZERO else 0
        values = {
            "comprehensive_income": earned.comprehensive,
            "separate_income": sum(int(row["amount"]) for row in earned.separate),
            "deductions": deducted,
            "base": base,
            "separate_base": sum(int(row["base"]) for row in earned.separate),
            "city_gross": city,
            "prefecture_gross": prefecture,
            "city_levy": levies[0],
            "prefecture_levy": levies[1],
            "city_per_capita": rates.city_per_capita,
            "prefecture_per_capita": rates.prefecture_per_capita,
            "forest_tax": rates.forest_tax,
            "relief": relief,
            "annual_tax": year - relief,
        }
        return Tax(values, reliefs)

    def _credits(self, earned: Income, base: int, gross: int, case: Case) -> list[Row]:
        """Adjustment (調整控除) for everybody with a base below 25 million yen, the others for few."""
        rng, most, found = self.rng, case is Case.MOST, list[Row]()
        if base and any(d.kind == "基礎" for d in earned.deductions):
            found.append(_credit("調整控除", *rules.adjustment(base, sum(d.gap for d in earned.deductions))))
        dividends = next((int(row["amount"]) for row in earned.rows if row["kind"] == "配当"), 0)
        if dividends:
            found.append(_credit("配当控除", dividends * 16 // 1000, dividends * 12 // 1000))
        if most or (gross > 200_000 and rng.random() < 0.08):
            whole = min(97_500, base * 5 // 100)
            found.append(_credit("住宅借入金等特別税額控除", whole * 3 // 5, whole - whole * 3 // 5))
        if most or (gross > 150_000 and rng.random() < 0.2):
            found.append(_donation(between(rng, 5, 12) * 1000))
        if most:
            found.append(_credit("外国税額控除等", 1_234, 617))
            found.append(_credit("配当割額・株式等譲渡所得割額の控除", 2_100, 1_400))
            found.append(_credit("調整額", 300, 200))
        return found

    def _collected(
        self, earned: Income, year: int, case: Case, *, first_year: bool
    ) -> tuple[dict[str, int], dict[str, str | int]]:
        """How the year's tax is split between wages, pension and the taxpayer, and the pension's months."""
        wage = pension = 0
        whole = max(1, earned.comprehensive + sum(int(row["amount"]) for row in earned.separate))
        alone = len(earned.rows) == 1 and not earned.separate
        if earned.wages and not alone and case is not Case.ZERO:
            wage = cut(year * rules.salary_income(earned.wages) // whole, 100)
        if earned.pension and case is Case.ORDINARY:
            share = year if alone else cut(year * rules.pension_income(earned.pension) // whole, 100)
            pension = cut(share // 2, 100) if first_year else share
        wage, pension = min(wage, year), min(pension, year)
        months = dict.fromkeys((*(f"pension_{m:02d}" for m in PENSION_MONTHS),
                                *(f"next_{m:02d}" for m in NEXT_PROVISIONAL)), 0)  # fmt: skip
        payer: dict[str, str | int] = {"pension_payer": "", "pension_name": ""}
        if pension:
            months |= self._pension_months(pension, first_year=first_year)
            payer["pension_payer"], payer["pension_name"] = PAYERS[self.rng.random() < 0.1]
        split = {"wage_tax": wage, "pension_tax": pension, "ordinary_tax": year - wage - pension}
        return split, payer | months

    def _pension_months(self, pension: int, *, first_year: bool) -> dict[str, int]:
        """Provisional sixths of last year's tax, then the rest; the next year begins with sixths of this year's."""
        before = 0 if first_year else cut(pension * between(self.rng, 80, 118) // 100, 100)
        provisional = cut(before // 6, 100)
        rest = pension - 3 * provisional
        last = cut(rest // 3, 100)
        year = 2 * pension if first_year else pension
        following = cut(year // 6, 100)
        return {
            "pension_04": provisional, "pension_06": provisional, "pension_08": provisional,
            "pension_10": rest - 2 * last, "pension_12": last, "pension_02": last,
            "next_04": following, "next_06": following, "next_08": following,
        }  # fmt: skip

    def _instalments(self, number: str, ordinary: int, payment: str, *, first_year: bool) -> list[Row]:
        """Equal instalments; head tax alone in the first; what a pension's first year leaves in the first two."""
        slip, due = payment == SLIP, self.payments.due
        if not ordinary:
            return []
        if ordinary <= self._rates.per_capita:
            return [self.payments.row(number, 1, due[0], ordinary, slip=slip)]
        if first_year:
            half = cut(ordinary // 2, 1000)
            rows = [self.payments.row(number, 1, due[0], ordinary - half, slip=slip)]
            if half:
                rows.append(self.payments.row(number, 2, due[1], half, slip=slip))
            return rows
        return self.payments.instalments(number, ordinary, payment)

    def _remark(self, case: Case, collected: dict[str, int], *, first_year: bool) -> str:
        if case is Case.ZERO:
            return "減免の申請により、全額を減免しました。"
        if first_year:
            return "今年度の10月から、年金からの特別徴収が始まります。"
        return "給与から差し引く税額は、勤め先を通じて通知しています。" if collected["wage_tax"] else ""


def _row(kind: str, revenue: int, amount: int) -> Row:
    return {"kind": kind, "revenue": max(revenue, amount), "amount": amount}


def _separate(kind: str, amount: int) -> Row:
    return {"kind": kind, "amount": amount, "base": cut(amount, 1000)}


def _credit(kind: str, city: int, prefecture: int) -> Row:
    return {"kind": kind, "city": city, "prefecture": prefecture}


def _donation(given: int) -> Row:
    """Donations to cities (ふるさと納税) of somebody with 10 percent of income tax: three fifths the city bears."""
    basic = given - 2000
    special = basic * (Fraction(90, 100) - Fraction(1021, 10_000))
    return _credit("寄附金税額控除", ceil(basic * Fraction(6, 100) + special * Fraction(3, 5)),
                   ceil(basic * Fraction(4, 100) + special * Fraction(2, 5)))  # fmt: skip


def _all_deductions(income: int) -> list[Deduction]:
    """As many kinds as one person can have: a widow is no single parent, and one spouse gives one deduction."""
    return [
        Deduction("雑損", "", 12_340), Deduction("医療費", "", 23_450), Deduction("社会保険料", "", 345_670),
        Deduction("小規模企業共済等掛金", "", 60_000), Deduction("生命保険料", "", 70_000),
        Deduction("地震保険料", "", 25_000), Deduction("障害者", "特別障害 1人、普通障害 1人", 560_000, 110_000),
        Deduction("勤労学生", "", 260_000, 10_000), Deduction("配偶者", "一般", 330_000, 50_000),
        Deduction("扶養", "特定 1人、同居老親 1人", 900_000, 310_000),
        Deduction("特定親族特別", "1人", 310_000, 0), *rules.basic(income),
    ]  # fmt: skip
