"""Long-term care premium (介護保険料) of those aged 65 and over: one notice a person, by income step (所得段階)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from printjobs.core.model import Notice

from .form import ADDRESSEE, DEBIT, NUMBER, PENSION, SLIP, Column, Complaint, Kind, Table, Terms, Type
from .payments import INSTALMENTS
from .pension import COLLECTION, WITHHELD, check_collection, check_months

TAXED, UNTAXED = "課税", "非課税"
_RATE = re.compile(r"[0-9]\.[0-9]{1,3}")
_ROUNDED = 100  # yen: an ordinance states each step's amount rounded to 10 or 100 yen


def _check(notice: Notice, terms: Terms) -> list[Complaint]:
    found = check_collection("premium", notice, terms)
    found += check_months(notice, "step_amount", "computed", "月割後の保険料額")
    values = notice.fields

    def complain(column: str, code: str, message: str) -> None:
        found.append(Complaint("notices", 0, column, code, message))

    base, step_amount, computed, relief, premium = (
        int(values[k]) for k in ("base", "step_amount", "computed", "relief", "premium")
    )
    rate = str(values["rate"])
    if not _RATE.fullmatch(rate):
        complain("rate", "rate_format",
                 f"割合が「{rate}」です。基準額に掛ける割合を 0.685 の形の半角数字で入れてください。")  # fmt: skip
    elif abs(base * Decimal(rate) - step_amount) >= _ROUNDED:
        complain("step_amount", "step_amount",
                 f"段階の保険料額{step_amount:,}円が、基準額{base:,}円×{rate}＝{int(base * Decimal(rate)):,}円と"
                 f"{_ROUNDED}円以上違います。基準額、割合、保険料額のどれかを直してください。")  # fmt: skip
    elif told := _step_fault(values, terms):
        complain("step", "step_differs", told)
    if computed - relief != premium:
        complain("premium", "premium_parts",
                 f"月割後の保険料額{computed:,}円から減免額{relief:,}円を引いた額が年間保険料額{premium:,}円と違います。"
                 "どれかを直してください。")  # fmt: skip
    if values["own_tax"] == TAXED and values["household_tax"] != TAXED:
        complain("household_tax", "household_tax",
                 f"本人の市民税が「{TAXED}」なのに世帯の市民税が「{values['household_tax']}」です。"
                 "世帯には本人も含めるので、どちらかを直してください。")  # fmt: skip
    return found


def _step_fault(values: Mapping[str, str | int], terms: Terms) -> str:
    """What the notice says of its step against the table that is printed beside it; empty when they agree."""
    if not terms.steps:
        return ""
    step = int(values["step"])
    if not 1 <= step <= len(terms.steps):
        return f"所得段階が{step}ですが、市の設定は第{len(terms.steps)}段階までです。段階か市の設定を直してください。"
    rate, amount = terms.steps[step - 1]
    wanted = (terms.base, Decimal(rate), amount)
    if (values["base"], Decimal(str(values["rate"])), values["step_amount"]) == wanted:
        return ""
    return (
        f"第{step}段階の基準額{int(values['base']):,}円、割合{values['rate']}、保険料額{int(values['step_amount']):,}円が、"
        f"市の設定の{terms.base:,}円、{rate}、{amount:,}円と違います。どれかを直してください。"
    )


CARE_INSURANCE = Kind(
    code="care_insurance",
    name="介護保険料",
    notices=Table(
        "notices",
        "notices.csv",
        (
            NUMBER,
            *ADDRESSEE,
            Column("insured_number", "被保険者番号", Type.DIGITS, length=10),
            Column("insured_name", "被保険者氏名", Type.TEXT, length=80),
            Column("payment", "納付方法", Type.CHOICE, choices=(SLIP, DEBIT, PENSION)),
            Column("reason", "決定の理由", Type.TEXT, length=60),
            Column("own_tax", "本人の市民税", Type.CHOICE, choices=(TAXED, UNTAXED)),
            Column("household_tax", "世帯の市民税", Type.CHOICE, choices=(TAXED, UNTAXED)),
            Column("pension_income", "公的年金等収入額", Type.YEN),
            Column("other_income", "その他の合計所得金額", Type.YEN),
            Column("total_income", "合計所得金額", Type.YEN),
            Column("step", "所得段階", Type.COUNT, length=2),
            Column("base", "基準額", Type.YEN),
            Column("rate", "割合", Type.TEXT, length=6),
            Column("step_amount", "段階の保険料額", Type.YEN),
            Column("months", "月数", Type.COUNT, length=2),
            Column("computed", "月割後の保険料額", Type.YEN),
            Column("relief", "減免額", Type.YEN),
            Column("premium", "年間保険料額", Type.YEN),
            *COLLECTION,
        ),
    ),
    details=(INSTALMENTS, WITHHELD),
    groups=True,
    mailing=(7, 10),
    total="premium",
    payable="instalments",
    check=_check,
)
