"""What is kept back from a pension (特別徴収), and how it and the slips (普通徴収) make up a year's premium.

Long-term care, late-elderly and health insurance are collected alike: four of five of the first two pay from their
pension, the others by slip or direct debit, and who changes within the year pays in both ways (併用徴収).
"""

from __future__ import annotations

from typing import Final

from printjobs.core.model import Notice

from .form import NUMBER, PENSION, Column, Complaint, Table, Terms, Type
from .payments import check_instalments

PROVISIONAL, FINAL = "仮徴収", "本徴収"
# Pensions are paid in even months; until August nobody's income is known, so the amount is provisional.
STAGES: Final = {4: PROVISIONAL, 6: PROVISIONAL, 8: PROVISIONAL, 10: FINAL, 12: FINAL, 2: FINAL}
WITHHELD = Table(
    "withheld",
    "pension.csv",
    (
        NUMBER,
        Column("paid", "年金支給日", Type.DATE),
        Column("stage", "徴収区分", Type.CHOICE, choices=(PROVISIONAL, FINAL)),
        Column("amount", "徴収額", Type.YEN),
    ),
    sort="paid",
)
COLLECTION = (
    Column("pension", "特別徴収額", Type.YEN),
    Column("ordinary", "普通徴収額", Type.YEN),
    Column("pension_name", "特別徴収対象年金", Type.TEXT, required=False, length=30),
    Column("next_provisional", "翌年度仮徴収額", Type.YEN),
)
_ROUNDED = 100  # yen that a premium may lie off its formula: ordinances cut or round to 10 or 100 yen
_MONTHS = 12


def check_collection(year: str, notice: Notice, terms: Terms) -> list[Complaint]:
    """Pension and slips together are the year's premium (the column ``year``), and each is the sum of its rows."""
    found = check_instalments("ordinary", notice, terms, "普通徴収額")
    values = notice.fields
    pension, ordinary, premium = (int(values[k]) for k in ("pension", "ordinary", year))

    def complain(column: str, code: str, message: str) -> None:
        found.append(Complaint("notices", 0, column, code, message))

    if pension + ordinary != premium:
        complain(year, "collection_sum",
                 f"特別徴収額{pension:,}円と普通徴収額{ordinary:,}円の合計が年額{premium:,}円と違います。"
                 "どれかを直してください。")  # fmt: skip
    rows = sum(int(row[2]) for row in notice.tables["withheld"])
    if rows != pension:
        complain("pension", "withheld_sum",
                 f"年金支給日ごとの徴収額の合計{rows:,}円が特別徴収額{pension:,}円と違います。"
                 "行が抜けていないかを確かめてください。")  # fmt: skip
    by_pension = values["payment"] == PENSION
    if by_pension and ordinary:
        complain("payment", "slips_beside_pension",
                 f"納付方法が「{PENSION}」なのに普通徴収額が{ordinary:,}円あります。"
                 "併用徴収のときは、納付方法を普通徴収の納め方にしてください。")  # fmt: skip
    if pension and not ordinary and not by_pension:
        complain("payment", "only_pension",
                 f"納付方法が「{values['payment']}」なのに普通徴収額が0円で、特別徴収額が{pension:,}円あります。"
                 f"納付方法を「{PENSION}」にするか、額を直してください。")  # fmt: skip
    if pension and not values["pension_name"]:
        complain("pension_name", "pension_name_missing",
                 f"特別徴収額が{pension:,}円あるのに、特別徴収対象年金の名がありません。"
                 "年金の名を入れてください。")  # fmt: skip
    return found + _withheld_faults(notice, terms)


def _withheld_faults(notice: Notice, terms: Terms) -> list[Complaint]:
    """Rows of the pension that cannot be: a month that pays none, the wrong stage, another year, a month twice."""
    found: list[Complaint] = []
    seen: set[str] = set()
    year = int(terms.mailing_date[:4])
    first, last = f"{year}-04-01", f"{year + 1}-03-31"
    for i, row in enumerate(notice.tables["withheld"]):
        paid, stage = str(row[0]), str(row[1])
        month = int(paid[5:7])

        def complain(column: str, code: str, message: str, i: int = i) -> None:
            found.append(Complaint("withheld", i, column, code, message))

        wanted = STAGES.get(month)
        if wanted is None:
            complain("paid", "withheld_month",
                     f"年金支給日{paid}の{month}月は年金の支払月（偶数月）ではありません。"
                     "日付を直してください。")  # fmt: skip
        elif stage != wanted:
            complain("stage", "withheld_stage",
                     f"年金支給日{paid}の徴収区分が{stage}ですが、{month}月は{wanted}です。"
                     "どちらかを直してください。")  # fmt: skip
        if not first <= paid <= last:
            complain("paid", "withheld_year",
                     f"年金支給日{paid}が年度（{first}から{last}まで）の外です。"
                     "日付を直してください。")  # fmt: skip
        if paid[:7] in seen:
            complain("paid", "withheld_twice",
                     f"{paid[:4]}年{month}月の年金支給日が2行あります。1行にしてください。")  # fmt: skip
        seen.add(paid[:7])
    return found


def check_months(notice: Notice, year: str, part: str, name: str) -> list[Complaint]:
    """``part`` is ``year`` for the notice's months (月割), but for the yen that are cut or rounded."""
    months, whole, stated = (int(notice.fields[k]) for k in ("months", year, part))
    if months > _MONTHS:
        message = f"月数が{months}か月です。0から{_MONTHS}までにしてください。"
        return [Complaint("notices", 0, "months", "months", message)]
    wanted = whole * months // _MONTHS
    if abs(wanted - stated) < _ROUNDED:
        return []
    message = (
        f"{name}{stated:,}円が、年額{whole:,}円の{months}か月分（{wanted:,}円）と{_ROUNDED}円以上違います。"
        "月数か額を直してください。"
    )
    return [Complaint("notices", 0, part, "months_amount", message)]
