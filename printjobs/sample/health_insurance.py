"""Made-up households of national health insurance, and what they owe by the rates that their notice states."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import NamedTuple

from printjobs.core.kinds.health_insurance import AGES, CUT, HEAD, INSURED_HEAD, MONTHS, PARTS, UNINSURED_HEAD
from printjobs.core.model import Addressee
from printjobs.reference.profile import Profile
from printjobs.sample.making import Case, Contents, Maker, Payments, Row, weighted
from printjobs.sample.people import GIVEN_NAMES, Registry
from printjobs.sample.premiums import Collector

PRESCHOOL, SCHOOL, YOUNG, MIDDLE, OLD = AGES
CHILDREN = (PRESCHOOL, SCHOOL)
PARTNER, CHILD, MOTHER = "配偶者", "子", "母"
DEDUCTION = 430_000  # yen of everybody's income that neither the levy nor the reduction counts (基礎控除)
EARNER = 100_000  # yen that each earner after the first adds to the limits of the reduction
BY_PENSION = 0.5  # of the households that can pay so
SHRUNK = {"": (1, 1), "特定世帯": (1, 2), "特定継続世帯": (3, 4)}  # what is left of the per-household amounts

# Households by their members' relation and age. A head who is not insured himself is not among them.
HOUSEHOLDS: Mapping[str, tuple[float, tuple[tuple[str, str], ...]]] = {
    "old": (0.24, ((HEAD, OLD),)),
    "old couple": (0.2, ((HEAD, OLD), (PARTNER, OLD))),
    "old and child": (0.06, ((HEAD, OLD), (CHILD, MIDDLE))),
    "middle": (0.16, ((HEAD, MIDDLE),)),
    "young": (0.08, ((HEAD, YOUNG),)),
    "middle couple": (0.08, ((HEAD, MIDDLE), (PARTNER, MIDDLE))),
    "family": (0.06, ((HEAD, YOUNG), (PARTNER, YOUNG), (CHILD, SCHOOL), (CHILD, PRESCHOOL))),
    "older family": (0.04, ((HEAD, MIDDLE), (PARTNER, MIDDLE), (CHILD, YOUNG), (CHILD, SCHOOL))),
    "head elsewhere": (0.06, ((PARTNER, OLD),)),
    "head elsewhere, children": (0.02, ((PARTNER, MIDDLE), (CHILD, SCHOOL))),
}
LARGE = (
    (HEAD, MIDDLE), (PARTNER, MIDDLE), (MOTHER, OLD), *[(CHILD, YOUNG)] * 3, *[(CHILD, SCHOOL)] * 5,
    *[(CHILD, PRESCHOOL)] * 3,
)  # fmt: skip


_FIRST_WOMAN = GIVEN_NAMES.index("花子")
MEN, WOMEN = GIVEN_NAMES[:_FIRST_WOMAN], GIVEN_NAMES[_FIRST_WOMAN:]


class Member(NamedTuple):
    """One insured person. ``base`` is what the income-based amounts are a share of, in yen."""

    name: str
    relation: str
    age: str
    months: int
    care_months: int
    base: int


class Rates(NamedTuple):
    """One part's rates: hundredths of a percent, yen a head, an adult more and a household, and its limit in yen."""

    rate: int
    head: int
    adult: int
    house: int
    limit: int

    @classmethod
    def of(cls, values: Mapping[str, str], part: str) -> Rates:
        """As the city's profile states them, in the words that its notices print."""

        def yen(key: str) -> int:
            return int(values.get(f"{part}_{key}", "0").replace(",", ""))

        rate = int(Decimal(values[f"{part}_rate"]) * 100)
        return cls(rate, yen("head"), yen("adult"), yen("house"), yen("limit") * 10_000)


class HealthInsuranceOffice(Maker):
    """Assesses households: the largest owes every part's limit, the most members need a second page of them."""

    persons = True

    def __init__(self, rng: Random, registry: Registry, profile: Profile, payments: Payments) -> None:
        super().__init__(rng, registry, profile, payments)
        self._rates = {part.key: Rates.of(profile.values, part.key) for part in PARTS}
        self._limits = {
            "7割": 0, **{f"{n}割": int(profile.values[f"reduction_{n}"]) * 10_000 for n in (5, 2)}
        }  # fmt: skip
        self._collector = _Collector(rng, profile, payments, BY_PENSION)

    def make(self, number: str, addressee: Addressee, case: Case) -> Contents:
        members = self._members(addressee.name.partition("\u3000")[0], addressee.name, case)
        values, rows = self._assess(members, case)
        waiver = int(values["computed"]) if case is Case.ZERO else 0
        annual = int(values["computed"]) - waiver
        eligible = case is not Case.MOST and members[0].relation == HEAD and all(m.age == OLD for m in members)
        collected = self._collector.collect(number, annual, case, new=not eligible or self._months(members) < MONTHS)
        return Contents(
            values | {"waiver": waiver, "annual": annual} | collected.values,
            {"members": rows, "instalments": collected.instalments, "withheld": collected.withheld},
        )

    def _members(self, surname: str, head: str, case: Case) -> list[Member]:
        rng = self.rng
        people = {Case.MOST: LARGE, Case.SMALL: HOUSEHOLDS["old"][1], Case.LARGEST: HOUSEHOLDS["middle couple"][1]}.get(
            case
        ) or HOUSEHOLDS[weighted(rng, {name: share for name, (share, _) in HOUSEHOLDS.items()})][1]
        man = head.partition("\u3000")[2] in MEN
        names = {PARTNER: rng.choice(WOMEN if man else MEN), MOTHER: WOMEN[0]}
        given = rng.sample(GIVEN_NAMES, len(people))
        return [
            self._member(
                head if relation == HEAD else f"{surname}\u3000{names.get(relation, name)}", relation, age, case
            )
            for (relation, age), name in zip(people, given, strict=True)
        ]

    def _member(self, name: str, relation: str, age: str, case: Case) -> Member:
        """Some turn 40, 65 or 75 within the year, or came or went."""
        rng, draw = self.rng, self.rng.random()
        months = rng.randint(1, 11) if draw < 0.05 and case is Case.ORDINARY else MONTHS
        if case is Case.SMALL:
            return Member(name, relation, age, 3, 0, 0)
        care = rng.randint(0, months) if age == MIDDLE and draw > 0.96 else months if age == MIDDLE else 0
        return Member(name, relation, age, months, care, self._base(age, case))

    def _base(self, age: str, case: Case) -> int:
        rng = self.rng
        if case is Case.LARGEST:
            return rng.randint(12_000_000, 60_000_000)
        if age in CHILDREN or rng.random() < (0.5 if age == OLD else 0.3):
            return 0
        return int(rng.lognormvariate(13.2 if age == OLD else 14.0, 0.7))

    @staticmethod
    def _months(members: list[Member]) -> int:
        return max(m.months for m in members)

    def _assess(self, members: list[Member], case: Case) -> tuple[Row, list[Row]]:
        """The columns of the notice, and its members' rows."""
        insured = members[0].relation == HEAD
        alone = len(members) == 1 and members[0].age == OLD and insured and case is Case.ORDINARY
        shrunk = weighted(self.rng, {"": 0.84, "特定世帯": 0.1, "特定継続世帯": 0.06}) if alone else ""
        beside = 0 if insured else self._base(MIDDLE, case)  # the head's own, who is insured elsewhere
        reduction = "7割" if case is Case.SMALL else self._reduction(members, beside)
        care = [m for m in members if m.care_months]
        values: Row = {
            "head": INSURED_HEAD if insured else UNINSURED_HEAD, "household": shrunk, "relief_class": reduction,
            "insured": len(members), "care_insured": len(care),
            "base": sum(m.base for m in members), "care_base": sum(m.base for m in care),
        }  # fmt: skip
        rows: list[Row] = [dict(m._asdict()) for m in members]
        computed = 0
        for part in PARTS:
            shares = [self._share(part.key, m) for m in members]
            for row, (income, heads) in zip(rows, shares, strict=True):
                row |= {f"{part.key}_income": income, f"{part.key}_heads": heads}
            sums = self._part(part.key, members, [h for _, h in shares], shrunk, int(reduction[:1] or 0))
            sums["income"] = sum(income for income, _ in shares)
            full = sums["income"] + sums["heads"] + sums["house"] - sums["reduction"] - sums["relief"]
            sums["over"] = max(0, full - self._rates[part.key].limit)
            sums["amount"] = (full - sums["over"]) // CUT * CUT
            computed += sums["amount"]
            values |= {f"{part.key}_{key}": amount for key, amount in sums.items()}
        return values | {"computed": computed}, rows

    def _reduction(self, members: list[Member], head_base: int) -> str:
        """The largest reduction whose limit the household's income keeps to; the head's counts in any case."""
        bases = [m.base for m in members] + [head_base]
        income = sum(base + DEDUCTION for base in bases if base)
        earners = max(1, sum(base > 0 for base in bases))
        for name, each in self._limits.items():
            if income <= DEDUCTION + each * len(members) + EARNER * (earners - 1):
                return name
        return ""

    def _share(self, part: str, member: Member) -> tuple[int, int]:
        """What one member adds: income-based and per-head amount for the months, cut to whole yen."""
        rates = self._rates[part]
        months = member.care_months if part == "care" else member.months
        head = rates.head + (0 if member.age in CHILDREN else rates.adult)
        return member.base * rates.rate * months // (10_000 * MONTHS), head * months // MONTHS

    def _part(self, part: str, members: list[Member], heads: list[int], shrunk: str, tenths: int) -> dict[str, int]:
        """A part's sums but for the income. Children are relieved of half or all of what a reduction leaves them."""
        months = self._months(members) if part != "care" else max(m.care_months for m in members)
        of, whole = SHRUNK[shrunk if part != "care" else ""]
        house = self._rates[part].house * months * of // (MONTHS * whole)
        relieved, by = ((PRESCHOOL,), 2) if part != "child" else (CHILDREN, 1)
        relief = sum(
            (amount - amount * tenths // 10) // by
            for member, amount in zip(members, heads, strict=True)
            if member.age in relieved
        )
        reduction = sum(amount * tenths // 10 for amount in heads) + house * tenths // 10
        return {"heads": sum(heads), "house": house, "reduction": reduction, "relief": relief}


class _Collector(Collector):
    """Households get one more slip, for the whole year at once."""

    full = True
