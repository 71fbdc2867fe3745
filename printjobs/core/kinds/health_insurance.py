"""National health insurance (国民健康保険税・国民健康保険料): one notice a household, to its head.

The city's ordinance makes it a tax or a premium; the sums are the same. It has four parts, each computed by
itself: medical care, support for the late elderly, long-term care (members of 40 to 64), and from 2026 support
for children. What each member adds to each part stands in a row of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from printjobs.core.model import Notice

from .form import ADDRESSEE, DEBIT, NUMBER, PENSION, SLIP, Column, Complaint, Kind, Table, Terms, Type
from .payments import INSTALMENTS
from .pension import COLLECTION, WITHHELD, check_collection


class Part(NamedTuple):
    """One part of the levy. ``relief``: whether children are relieved of their per-head amount in it."""

    key: str
    title: str
    relief: bool


PARTS = (
    Part("medical", "医療分", relief=True),
    Part("support", "支援分", relief=True),
    Part("care", "介護分", relief=False),
    Part("child", "子ども分", relief=True),
)
INSURED_HEAD, UNINSURED_HEAD = "被保険者", "擬制世帯主"  # the latter pays for the others and is not insured himself
HEAD = "世帯主"  # 続柄 of an insured head
AGES = ("未就学児", "6-18歳", "19-39歳", "40-64歳", "65-74歳")
CUT = 100  # yen that a part is cut to (地方税法 20条の4の2); cities that cut finer are taken as well
MONTHS = 12

MEMBERS = Table(
    "members",
    "members.csv",
    (
        NUMBER,
        Column("name", "被保険者氏名", Type.TEXT, length=80),
        Column("relation", "続柄", Type.TEXT, length=12),
        Column("age", "年齢区分", Type.CHOICE, choices=AGES),
        Column("months", "加入月数", Type.COUNT, length=2),
        Column("care_months", "介護月数", Type.COUNT, length=2),
        Column("base", "所得割の基礎額", Type.YEN),
        *(
            column
            for part in PARTS
            for column in (
                Column(f"{part.key}_income", f"{part.title}所得割額", Type.YEN),
                Column(f"{part.key}_heads", f"{part.title}均等割額", Type.YEN),
            )
        ),
    ),
)
_RELATION, _MONTHS, _CARE_MONTHS, _BASE = (MEMBERS.index(key) for key in ("relation", "months", "care_months", "base"))


def _columns(part: Part) -> tuple[Column, ...]:
    """The columns of one part in the order of its computation; amounts to be taken off are not negative."""
    relief = (Column(f"{part.key}_relief", f"{part.title}子ども軽減額", Type.YEN),) if part.relief else ()
    return (
        Column(f"{part.key}_income", f"{part.title}所得割額", Type.YEN),
        Column(f"{part.key}_heads", f"{part.title}均等割額", Type.YEN),
        Column(f"{part.key}_house", f"{part.title}平等割額", Type.YEN),
        Column(f"{part.key}_reduction", f"{part.title}軽減額", Type.YEN),
        *relief,
        Column(f"{part.key}_over", f"{part.title}限度超過額", Type.YEN),
        Column(f"{part.key}_amount", f"{part.title}年額", Type.YEN),
    )


def _check(notice: Notice, terms: Terms) -> list[Complaint]:
    found = check_collection("annual", notice, terms)
    found += _members(notice)
    for part in PARTS:
        found += _part(notice, part)
    return found + _totals(notice)


def _complaint(column: str, code: str, message: str) -> Complaint:
    return Complaint("notices", 0, column, code, message)


def _members(notice: Notice) -> list[Complaint]:
    """A member's row lost on the way, or one of another household, must not go unseen, even if it adds no yen."""
    rows, values = notice.tables["members"], notice.fields
    care = [row for row in rows if row[_CARE_MONTHS]]
    found = [
        _complaint(key, code, f"世帯員の行では{title}が{counted:,}{unit}、通知書では{int(values[key]):,}{unit}です。"
                              "世帯員の行が抜けていないか、ほかの世帯の行がないかを確かめてください。")
        for key, code, title, unit, counted in (
            ("insured", "members_count", "被保険者", "人", len(rows)),
            ("care_insured", "care_members_count", "介護該当者", "人", len(care)),
            ("base", "base_sum", "所得割の基礎額の合計", "円", sum(int(row[_BASE]) for row in rows)),
            ("care_base", "care_base_sum", "介護該当者の基礎額の合計", "円", sum(int(row[_BASE]) for row in care)),
        )
        if counted != values[key]
    ]  # fmt: skip
    heads = sum(row[_RELATION] == HEAD for row in rows)
    if heads != (wanted := int(values["head"] == INSURED_HEAD)):
        told = f"世帯主の区分が{values['head']}なので続柄が{HEAD}の行は{wanted}行のはずですが、{heads}行あります。"
        found.append(_complaint("head", "head_differs", told + "区分か世帯員の行を直してください。"))
    for i, row in enumerate(rows):
        months, in_care = int(row[_MONTHS]), int(row[_CARE_MONTHS])
        if not in_care <= months <= MONTHS:
            told = f"加入{months}か月、介護{in_care}か月です。加入は{MONTHS}か月、介護は加入の月数までにしてください。"
            found.append(Complaint("members", i, "care_months" if in_care > months else "months", "months", told))
    return found


def _part(notice: Notice, part: Part) -> list[Complaint]:
    """What the members add makes the part's sums, and those make its amount."""
    found = []
    values, rows = notice.fields, notice.tables["members"]
    for key, title in ((f"{part.key}_income", "所得割額"), (f"{part.key}_heads", "均等割額")):
        place = MEMBERS.index(key)
        total = sum(int(row[place]) for row in rows)
        if total != values[key]:
            told = f"世帯員の{part.title}{title}の合計{total:,}円が通知書の{int(values[key]):,}円と違います。"
            found.append(_complaint(key, "members_sum", told + "世帯員の行か通知書の額を直してください。"))
    if part.key == "care":
        place = MEMBERS.index("care_heads")
        for i, row in enumerate(rows):
            if row[place] and not row[_CARE_MONTHS]:
                told = f"介護月数が0か月の人に介護分均等割額{int(row[place]):,}円があります。どちらかを直してください。"
                found.append(Complaint("members", i, "care_heads", "care_without_months", told))

    def value(key: str) -> int:
        return int(values.get(f"{part.key}_{key}", 0))

    full, amount = value("income") + value("heads") + value("house"), value("amount")
    rest = full - value("reduction") - value("relief") - value("over")
    if not 0 <= rest - amount < CUT:
        told = (
            f"{part.title}の所得割・均等割・平等割の合計{full:,}円から軽減額と限度超過額を引くと{rest:,}円で、"
            f"年額{amount:,}円と合いません（{CUT}円未満の切捨てを除く）。{part.title}の計算を確かめてください。"
        )
        found.append(_complaint(f"{part.key}_amount", "part_amount", told))
    return found


def _totals(notice: Notice) -> list[Complaint]:
    """The parts make the whole, and the whole less the waiver the year."""
    values = notice.fields
    parts = sum(int(values[f"{part.key}_amount"]) for part in PARTS)
    computed, waiver, annual = int(values["computed"]), int(values["waiver"]), int(values["annual"])
    found = []
    if parts != computed:
        told = f"医療分・支援分・介護分・子ども分の年額の合計{parts:,}円が算出額{computed:,}円と違います。"
        found.append(_complaint("computed", "parts_sum", told + "各区分の年額か算出額を直してください。"))
    if computed - waiver != annual:
        told = f"算出額{computed:,}円から減免額{waiver:,}円を引いた額が年額{annual:,}円と違います。"
        found.append(_complaint("annual", "annual_differs", told + "減免額か年額を直してください。"))
    return found


HEALTH_INSURANCE = Kind(
    code="health_insurance",
    name="国民健康保険税（料）",
    notices=Table(
        "notices",
        "notices.csv",
        (
            NUMBER,
            *ADDRESSEE,
            Column("payment", "納付方法", Type.CHOICE, choices=(SLIP, DEBIT, PENSION)),
            Column("head", "世帯主の区分", Type.CHOICE, choices=(INSURED_HEAD, UNINSURED_HEAD)),
            Column("household", "平等割の区分", Type.CHOICE, required=False, choices=("特定世帯", "特定継続世帯")),
            Column("relief_class", "軽減割合", Type.CHOICE, required=False, choices=("7割", "5割", "2割")),
            Column("insured", "被保険者数", Type.COUNT, length=2),
            Column("care_insured", "介護該当者数", Type.COUNT, length=2),
            Column("base", "所得割の基礎額計", Type.YEN),
            Column("care_base", "介護分所得割の基礎額計", Type.YEN),
            *(column for part in PARTS for column in _columns(part)),
            Column("computed", "算出額", Type.YEN),
            Column("waiver", "減免額", Type.YEN),
            Column("annual", "年額", Type.YEN),
            *COLLECTION,
        ),
    ),
    details=(MEMBERS, INSTALMENTS, WITHHELD),
    groups=True,
    mailing=(6, 12),
    total="annual",
    payable="instalments",
    check=_check,
)
