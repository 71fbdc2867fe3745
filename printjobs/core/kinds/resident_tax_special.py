"""Resident tax collected from wages (特別徴収): one notice an employer, with every employee's tax by month.

The employer (特別徴収義務者) pays each month's sum by the 10th of the next. An employee's twelve months have to
give the year's tax, and the employees' months the employer's: a lost or swapped row is somebody's money.
"""

from __future__ import annotations

from printjobs.core.model import Notice

from .form import ADDRESSEE, NUMBER, SLIP, Column, Complaint, Kind, Table, Terms, Type
from .payments import INSTALMENTS, check_instalments
from .sums import column_sum, compare, floor, total, twice

ELECTRONIC = "電子納付"  # 地方税共通納税システム: nothing is paid by paper
MONTHS = (6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5)  # of withholding, in order of period
DEDUCTIONS = (
    ("medical", "雑損・医療費控除"),
    ("insurance", "社会保険料・小規模企業共済等掛金控除"),
    ("life", "生命・地震保険料控除"),
    ("personal", "障害者・寡婦・ひとり親・勤労学生控除"),
    ("spouse", "配偶者・配偶者特別控除"),
    ("dependants", "扶養・特定親族特別控除"),
    ("basic", "基礎控除"),
)

EMPLOYEES = Table(
    "employees",
    "employees.csv",
    (
        NUMBER,
        Column("order", "連番", Type.COUNT, length=5),
        Column("recipient", "受給者番号", Type.TEXT, required=False, length=15),
        Column("name", "氏名", Type.TEXT, length=60),
        Column("address", "住所", Type.TEXT, length=120),
        Column("revenue", "給与収入", Type.YEN),
        Column("salary", "給与所得", Type.YEN),
        Column("other_income", "その他の所得", Type.YEN),
        Column("income", "総所得金額", Type.YEN),
        *(Column(key, title, Type.YEN) for key, title in DEDUCTIONS),
        Column("deductions", "所得控除計", Type.YEN),
        Column("base", "課税標準額", Type.YEN),
        Column("city_gross", "市民税算出所得割額", Type.YEN),
        Column("city_credits", "市民税税額控除額", Type.YEN),
        Column("city_levy", "市民税所得割額", Type.YEN),
        Column("city_per_capita", "市民税均等割額", Type.YEN),
        Column("prefecture_gross", "県民税算出所得割額", Type.YEN),
        Column("prefecture_credits", "県民税税額控除額", Type.YEN),
        Column("prefecture_levy", "県民税所得割額", Type.YEN),
        Column("prefecture_per_capita", "県民税均等割額", Type.YEN),
        Column("forest_tax", "森林環境税額", Type.YEN),
        Column("annual_tax", "特別徴収税額", Type.YEN),
        *(Column(f"month_{m:02d}", f"{m}月分", Type.YEN) for m in MONTHS),
        Column("remark", "摘要", Type.TEXT, required=False, length=60),
    ),
    sort="order",
)


def _check(notice: Notice, terms: Terms) -> list[Complaint]:
    found = [*check_instalments("annual_tax", notice, terms), *twice(notice, EMPLOYEES, "order")]
    keys = [c.key for c in EMPLOYEES.columns[1:]]
    for i, values in enumerate(notice.tables["employees"]):
        found += _employee(i, dict(zip(keys, values, strict=True)))
    return [*found, *_employer(notice)]


def _employee(index: int, row: dict[str, str | int]) -> list[Complaint]:
    """One employee's own arithmetic, from income to the twelve months."""

    def wrong(column: str, code: str, words: str, amount: int) -> list[Complaint]:
        if amount == row[column]:
            return []
        title = next(c.title for c in EMPLOYEES.columns if c.key == column)
        place = ("employees", index, column)
        return compare(place, code, (words, amount), (title, int(row[column])))

    found = wrong("income", "income_sum", "給与所得とその他の所得の合計",
                  total([row["salary"], row["other_income"]]))  # fmt: skip
    found += wrong("deductions", "deductions_sum", "所得控除の合計", total([row[key] for key, _ in DEDUCTIONS]))
    found += wrong("base", "base_differs", "総所得金額から所得控除計を引いた千円未満切捨ての",
                   floor(int(row["income"]) - int(row["deductions"]), 1000))  # fmt: skip
    for key in ("city", "prefecture"):
        levy = floor(int(row[f"{key}_gross"]) - int(row[f"{key}_credits"]), 100)
        found += wrong(f"{key}_levy", f"{key}_levy", "算出所得割額から税額控除額を引いた百円未満切捨ての", levy)
    parts = total([row[k] for k in ("city_levy", "city_per_capita", "prefecture_levy", "prefecture_per_capita")])
    found += wrong("annual_tax", "tax_parts", "所得割額・均等割額・森林環境税額の合計", parts + int(row["forest_tax"]))
    return found + wrong("annual_tax", "months_sum", "12か月分の合計", total([row[f"month_{m:02d}"] for m in MONTHS]))


def _employer(notice: Notice) -> list[Complaint]:
    """The employer's sums over its employees, and what it pays each month."""
    values, employees = notice.fields, notice.tables["employees"]
    found: list[Complaint] = []
    if len(employees) != values["employees"]:
        message = (
            f"納税義務者の行が{len(employees):,}人分で、通知書の人数{int(values['employees']):,}人と違います。"
            "行が抜けていないかを確かめてください。"
        )
        found.append(Complaint("notices", 0, "employees", "employees_count", message))
    taxes = {key: column_sum(notice, EMPLOYEES, key) for key in ("annual_tax", "forest_tax")}
    for key in ("city", "prefecture"):
        taxes[f"{key}_tax"] = sum(column_sum(notice, EMPLOYEES, f"{key}_{part}") for part in ("levy", "per_capita"))
    for column in ("city_tax", "prefecture_tax", "forest_tax", "annual_tax"):
        title = next(c.title for c in RESIDENT_TAX_SPECIAL.notices.columns if c.key == column)
        found += compare(("notices", 0, column), f"{column}_sum", ("納税義務者の合計", taxes[column]),
                         (f"通知書の{title}", int(values[column])))  # fmt: skip
    amounts = {int(row[0]): (i, int(row[2])) for i, row in enumerate(notice.tables["instalments"])}
    for period, month in enumerate(MONTHS, 1):
        index, amount = amounts.get(period, (0, 0))
        found += compare(("instalments", index, "amount"), "month_sum",
                         (f"納税義務者の{month}月分の合計", column_sum(notice, EMPLOYEES, f"month_{month:02d}")),
                         (f"{month}月分の納入額", amount))  # fmt: skip
    return found


RESIDENT_TAX_SPECIAL = Kind(
    code="resident_tax_special",
    name="市民税・県民税・森林環境税（特別徴収）",
    notices=Table(
        "notices",
        "notices.csv",
        (
            NUMBER,
            *ADDRESSEE,
            Column("designated", "指定番号", Type.DIGITS, length=10),
            Column("employer", "特別徴収義務者", Type.TEXT, length=80),  # the letter may go to its tax accountant
            Column("payment", "納入方法", Type.CHOICE, choices=(SLIP, ELECTRONIC)),
            Column("employees", "人数", Type.COUNT, length=5),
            Column("city_tax", "市民税額", Type.YEN),
            Column("prefecture_tax", "県民税額", Type.YEN),
            Column("forest_tax", "森林環境税額", Type.YEN),
            Column("annual_tax", "特別徴収税額", Type.YEN),
        ),
    ),
    details=(EMPLOYEES, INSTALMENTS),
    groups=False,
    mailing=(5, 15),
    total="annual_tax",
    payable="instalments",
    check=_check,
)
