"""Late-elderly medical premium (後期高齢者医療保険料): decided by the wide-area union, collected by the city."""

from __future__ import annotations

from printjobs.core.model import Notice

from .form import ADDRESSEE, DEBIT, NUMBER, PENSION, SLIP, Column, Complaint, Kind, Table, Terms, Type
from .payments import INSTALMENTS
from .pension import COLLECTION, WITHHELD, check_collection, check_months

# From 2026 the premium has two parts, each with its own rates and its own upper limit.
PARTS = (("medical", "医療分"), ("child", "子ども分"))


def _part(key: str, name: str) -> tuple[Column, ...]:
    """Per-head amount, its reduction, income-based amount, what is over the limit, the year, and the months of it."""
    return (
        Column(f"{key}_head", f"{name}均等割額", Type.YEN),
        Column(f"{key}_cut", f"{name}軽減額", Type.YEN),
        Column(f"{key}_share", f"{name}所得割額", Type.YEN),
        Column(f"{key}_over", f"{name}限度超過額", Type.YEN),
        Column(f"{key}_year", f"{name}年額", Type.YEN),
        Column(f"{key}_premium", f"{name}保険料額", Type.YEN),
    )


def _check(notice: Notice, terms: Terms) -> list[Complaint]:
    found = check_collection("premium", notice, terms)
    values = notice.fields
    for key, name in PARTS:
        head, cut, share, over, year = (int(values[f"{key}_{k}"]) for k in ("head", "cut", "share", "over", "year"))
        if head - cut + share - over != year:
            found.append(
                Complaint("notices", 0, f"{key}_year", f"{key}_parts",
                          f"{name}の均等割額{head:,}円－軽減額{cut:,}円＋所得割額{share:,}円－限度超過額{over:,}円が"
                          f"年額{year:,}円と違います。どれかを直してください。")
            )  # fmt: skip
        found += check_months(notice, f"{key}_year", f"{key}_premium", f"{name}の保険料額")
    medical, child, relief, premium = (
        int(values[k]) for k in ("medical_premium", "child_premium", "relief", "premium")
    )
    if medical + child - relief != premium:
        found.append(
            Complaint("notices", 0, "premium", "premium_parts",
                      f"医療分{medical:,}円と子ども分{child:,}円の合計から減免額{relief:,}円を引いた額が"
                      f"年間保険料額{premium:,}円と違います。どれかを直してください。")
        )  # fmt: skip
    return found


LATE_ELDERLY = Kind(
    code="late_elderly",
    name="後期高齢者医療保険料",
    notices=Table(
        "notices",
        "notices.csv",
        (
            NUMBER,
            *ADDRESSEE,
            Column("insured_number", "被保険者番号", Type.DIGITS, length=8),
            Column("insured_name", "被保険者氏名", Type.TEXT, length=80),
            Column("payment", "納付方法", Type.CHOICE, choices=(SLIP, DEBIT, PENSION)),
            Column("reason", "決定の理由", Type.TEXT, length=60),
            Column("base_income", "賦課のもととなる所得金額", Type.YEN),
            Column("reduction", "均等割の軽減", Type.TEXT, length=12),
            *(column for part in PARTS for column in _part(*part)),
            Column("months", "月数", Type.COUNT, length=2),
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
