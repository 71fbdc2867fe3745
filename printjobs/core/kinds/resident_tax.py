"""Resident tax by ordinary collection (市民税・県民税・森林環境税、普通徴収): income, deductions and the tax on them.

What is collected from wages or a pension (特別徴収) is told in the same notice; only the rest is paid by slips.
"""

from __future__ import annotations

from printjobs.core.model import Notice

from .form import ADDRESSEE, DEBIT, NUMBER, PENSION, SLIP, Column, Complaint, Kind, Table, Terms, Type
from .payments import INSTALMENTS, check_instalments
from .sums import column_sum, compare, floor, total, twice

INCOMES = (
    "営業等", "農業", "不動産", "利子", "配当", "給与", "公的年金等", "業務・その他の雑所得", "総合譲渡・一時",
)  # fmt: skip
SEPARATE_INCOMES = (
    "土地建物等の短期譲渡", "土地建物等の長期譲渡", "一般株式等の譲渡", "上場株式等の譲渡", "上場株式等の配当等",
    "先物取引", "山林・退職",
)  # fmt: skip
DEDUCTIONS = (
    "雑損", "医療費", "社会保険料", "小規模企業共済等掛金", "生命保険料", "地震保険料", "障害者", "寡婦", "ひとり親",
    "勤労学生", "配偶者", "配偶者特別", "扶養", "特定親族特別", "基礎",
)  # fmt: skip
CREDITS = (
    "調整控除", "配当控除", "住宅借入金等特別税額控除", "寄附金税額控除", "外国税額控除等",
    "配当割額・株式等譲渡所得割額の控除", "調整額",
)  # fmt: skip
PENSION_MONTHS = (4, 6, 8, 10, 12, 2)  # of payment; the first three are provisional (仮徴収)
NEXT_PROVISIONAL = (4, 6, 8)

INCOME_ROWS = Table(
    "incomes",
    "incomes.csv",
    (
        NUMBER,
        Column("kind", "所得の種類", Type.CHOICE, choices=INCOMES),
        Column("revenue", "収入金額", Type.YEN, required=False),
        Column("amount", "所得金額", Type.YEN),
    ),
)
SEPARATE_ROWS = Table(
    "separate_incomes",
    "separate_incomes.csv",
    (
        NUMBER,
        Column("kind", "分離課税の所得の種類", Type.CHOICE, choices=SEPARATE_INCOMES),
        Column("amount", "所得金額", Type.YEN),
        Column("base", "課税標準額", Type.YEN),
    ),
)
DEDUCTION_ROWS = Table(
    "deductions",
    "deductions.csv",
    (
        NUMBER,
        Column("kind", "所得控除の種類", Type.CHOICE, choices=DEDUCTIONS),
        Column("note", "内容", Type.TEXT, required=False, length=30),
        Column("amount", "控除額", Type.YEN),
    ),
)
CREDIT_ROWS = Table(
    "credits",
    "credits.csv",
    (
        NUMBER,
        Column("kind", "税額控除の種類", Type.CHOICE, choices=CREDITS),
        Column("city", "市民税の控除額", Type.YEN),
        Column("prefecture", "県民税の控除額", Type.YEN),
    ),
)


def _check(notice: Notice, terms: Terms) -> list[Complaint]:
    return [
        *check_instalments("ordinary_tax", notice, terms, "普通徴収税額"),
        *_bases(notice),
        *_taxes(notice),
        *_collection(notice),
        *twice(notice, INCOME_ROWS, "kind"),
        *twice(notice, SEPARATE_ROWS, "kind"),
        *twice(notice, DEDUCTION_ROWS, "kind"),
        *twice(notice, CREDIT_ROWS, "kind"),
    ]


def _bases(notice: Notice) -> list[Complaint]:
    """From income to what is taxed: the rows of each kind, and the base that they leave (課税標準額)."""
    values = notice.fields
    comprehensive, deducted = int(values["comprehensive_income"]), int(values["deductions"])
    rows = column_sum(notice, INCOME_ROWS, "amount") - int(values["losses"])
    found = compare(("notices", 0, "comprehensive_income"), "income_sum",
                    ("所得の内訳から損失の控除額を引いた", rows), ("総所得金額", comprehensive))  # fmt: skip
    found += compare(("notices", 0, "separate_income"), "separate_sum",
                     ("分離課税の所得の合計", column_sum(notice, SEPARATE_ROWS, "amount")),
                     ("通知書の分離課税の所得計", int(values["separate_income"])))  # fmt: skip
    found += compare(("notices", 0, "deductions"), "deductions_sum",
                     ("所得控除の内訳の合計", column_sum(notice, DEDUCTION_ROWS, "amount")),
                     ("通知書の所得控除計", deducted))  # fmt: skip
    found += compare(("notices", 0, "base"), "base_differs",
                     ("総所得金額から所得控除計を引いた千円未満切捨ての", floor(comprehensive - deducted, 1000)),
                     ("課税総所得金額", int(values["base"])))  # fmt: skip
    found += compare(("notices", 0, "separate_base"), "separate_base_sum",
                     ("分離課税の課税標準額の合計", column_sum(notice, SEPARATE_ROWS, "base")),
                     ("通知書の分離課税の課税標準額計", int(values["separate_base"])))  # fmt: skip
    amount, base = SEPARATE_ROWS.index("amount"), SEPARATE_ROWS.index("base")
    for i, row in enumerate(notice.tables["separate_incomes"]):
        if int(row[base]) > int(row[amount]):
            message = (
                f"課税標準額{int(row[base]):,}円が所得金額{int(row[amount]):,}円より大きくなっています。"
                "入れ違いがないかを確かめてください。"
            )
            found.append(Complaint("separate_incomes", i, "base", "base_over_income", message))
    return found


def _taxes(notice: Notice) -> list[Complaint]:
    """From the tax before credits (算出所得割額) to the year's tax."""
    values = notice.fields
    found: list[Complaint] = []
    for key, name in (("city", "市民税"), ("prefecture", "県民税")):
        credit = column_sum(notice, CREDIT_ROWS, key)
        levy = floor(int(values[f"{key}_gross"]) - credit, 100)
        found += compare(("notices", 0, f"{key}_levy"), f"{key}_levy",
                         (f"{name}の算出所得割額から税額控除{credit:,}円を引いた百円未満切捨ての", levy),
                         (f"{name}の所得割額", int(values[f"{key}_levy"])))  # fmt: skip
    parts = total([values[k] for k in ("city_levy", "city_per_capita", "prefecture_levy", "prefecture_per_capita")])
    parts += int(values["forest_tax"]) - int(values["relief"])
    return found + compare(("notices", 0, "annual_tax"), "tax_parts",
                           ("所得割額・均等割額・森林環境税額の合計から減免額を引いた", parts),
                           ("年税額", int(values["annual_tax"])))  # fmt: skip


def _collection(notice: Notice) -> list[Complaint]:
    """How the year's tax is collected: from wages, from a pension, and by the taxpayer."""
    values = notice.fields
    ordinary, pension = int(values["ordinary_tax"]), int(values["pension_tax"])
    found = compare(("notices", 0, "ordinary_tax"), "collection_parts",
                    ("給与特別徴収・年金特別徴収・普通徴収の合計", int(values["wage_tax"]) + pension + ordinary),
                    ("年税額", int(values["annual_tax"])))  # fmt: skip
    months = total([values[f"pension_{m:02d}"] for m in PENSION_MONTHS])
    found += compare(("notices", 0, "pension_tax"), "pension_sum",
                     ("年金から差し引く月ごとの額の合計", months), ("年金特別徴収税額", pension))  # fmt: skip
    if (pension or any(values[f"next_{m:02d}"] for m in NEXT_PROVISIONAL)) and not (
        values["pension_payer"] and values["pension_name"]
    ):
        message = "年金から差し引く額がありますが、年金の支払者か年金の名称が空です。両方を入れてください。"
        found.append(Complaint("notices", 0, "pension_payer", "pension_payer_missing", message))
    if values["payment"] == PENSION and ordinary:
        message = (
            f"納付方法が「{PENSION}」ですが、普通徴収税額が{ordinary:,}円あります。納付方法か税額を直してください。"
        )
        found.append(Complaint("notices", 0, "payment", "payment_differs", message))
    return found


RESIDENT_TAX = Kind(
    code="resident_tax",
    name="市民税・県民税・森林環境税（普通徴収）",
    notices=Table(
        "notices",
        "notices.csv",
        (
            NUMBER,
            *ADDRESSEE,
            Column("payment", "納付方法", Type.CHOICE, choices=(SLIP, DEBIT, PENSION)),
            Column("losses", "損失の控除額", Type.YEN),
            Column("comprehensive_income", "総所得金額", Type.YEN),
            Column("separate_income", "分離課税の所得計", Type.YEN),
            Column("deductions", "所得控除計", Type.YEN),
            Column("base", "課税総所得金額", Type.YEN),
            Column("separate_base", "分離課税の課税標準額計", Type.YEN),
            Column("city_gross", "市民税算出所得割額", Type.YEN),
            Column("prefecture_gross", "県民税算出所得割額", Type.YEN),
            Column("city_levy", "市民税所得割額", Type.YEN),
            Column("prefecture_levy", "県民税所得割額", Type.YEN),
            Column("city_per_capita", "市民税均等割額", Type.YEN),
            Column("prefecture_per_capita", "県民税均等割額", Type.YEN),
            Column("forest_tax", "森林環境税額", Type.YEN),
            Column("relief", "減免額", Type.YEN),
            Column("annual_tax", "年税額", Type.YEN),
            Column("wage_tax", "給与特別徴収税額", Type.YEN),
            Column("pension_tax", "年金特別徴収税額", Type.YEN),
            Column("ordinary_tax", "普通徴収税額", Type.YEN),
            Column("pension_payer", "年金の支払者", Type.TEXT, required=False, length=30),
            Column("pension_name", "年金の名称", Type.TEXT, required=False, length=30),
            *(Column(f"pension_{m:02d}", f"年金特別徴収{m}月", Type.YEN) for m in PENSION_MONTHS),
            *(Column(f"next_{m:02d}", f"翌年度仮徴収{m}月", Type.YEN) for m in NEXT_PROVISIONAL),
            Column("remark", "摘要", Type.TEXT, required=False, length=120),
        ),
    ),
    details=(INCOME_ROWS, SEPARATE_ROWS, DEDUCTION_ROWS, CREDIT_ROWS, INSTALMENTS),
    groups=True,
    mailing=(6, 10),
    total="annual_tax",
    payable="instalments",
    check=_check,
)
