"""Property and city-planning tax (固定資産税・都市計画税): one notice a taxpayer, with every asset's details."""

from __future__ import annotations

from collections import defaultdict

from printjobs.core.model import Notice

from .form import ADDRESSEE, DEBIT, NUMBER, SLIP, Column, Complaint, Kind, Table, Terms, Type
from .payments import INSTALMENTS, check_instalments

ASSETS = Table(
    "assets",
    "assets.csv",
    (
        NUMBER,
        Column("sort", "資産区分", Type.CHOICE, choices=("土地", "家屋", "償却資産")),
        Column("location", "所在", Type.TEXT, length=80),
        Column("lot", "地番・家屋番号", Type.TEXT, required=False, length=30),
        Column("use", "地目・用途・種類", Type.TEXT, length=30),
        Column("structure", "構造", Type.TEXT, required=False, length=30),
        Column("area", "地積・床面積", Type.AREA, required=False),
        Column("value", "評価額", Type.YEN),
        Column("property_base", "固定課税標準額", Type.YEN),
        Column("planning_base", "都計課税標準額", Type.YEN),
        Column("remark", "摘要", Type.TEXT, required=False, length=30),
    ),
)
_SORT, _BASE = ASSETS.index("sort"), ASSETS.index("property_base")


def _check(notice: Notice, terms: Terms) -> list[Complaint]:
    found = check_instalments("annual_tax", notice, terms)
    values = notice.fields
    parts = int(values["property_tax"]) + int(values["planning_tax"])
    if parts != values["annual_tax"]:
        found.append(
            Complaint("notices", 0, "annual_tax", "tax_parts",
                      f"固定資産税と都市計画税の合計{parts:,}円が年税額{int(values['annual_tax']):,}円と違います。")
        )  # fmt: skip
    bases = defaultdict[str | int, int](int)
    for row in notice.tables["assets"]:
        bases[row[_SORT]] += int(row[_BASE])
    for sort, key in (("土地", "land_base"), ("家屋", "house_base"), ("償却資産", "depreciable_base")):
        rows = bases[sort]
        if rows != values[key]:  # a detail row lost on the way must not go unseen
            found.append(
                Complaint("notices", 0, key, "assets_sum",
                          f"課税明細の{sort}の合計{rows:,}円が通知書の課税標準額{int(values[key]):,}円と違います。"
                          "明細の行が抜けていないかを確かめてください。")
            )  # fmt: skip
    if not notice.tables["assets"]:
        found.append(
            Complaint(
                "notices",
                0,
                "number",
                "no_assets",
                "課税明細の行が1つもありません。課税明細のファイルを確かめてください。",
            )
        )
    return found


PROPERTY_TAX = Kind(
    code="property_tax",
    name="固定資産税・都市計画税",
    notices=Table(
        "notices",
        "notices.csv",
        (
            NUMBER,
            *ADDRESSEE,
            Column("co_owners", "共有者", Type.TEXT, required=False, length=60),
            Column("payment", "納付方法", Type.CHOICE, choices=(SLIP, DEBIT)),
            Column("land_base", "固定土地課税標準額", Type.YEN),
            Column("house_base", "固定家屋課税標準額", Type.YEN),
            Column("depreciable_base", "固定償却課税標準額", Type.YEN),
            Column("property_base", "固定課税標準額計", Type.YEN),
            Column("property_tax", "固定資産税額", Type.YEN),
            Column("planning_land_base", "都計土地課税標準額", Type.YEN),
            Column("planning_house_base", "都計家屋課税標準額", Type.YEN),
            Column("planning_base", "都計課税標準額計", Type.YEN),
            Column("planning_tax", "都市計画税額", Type.YEN),
            Column("annual_tax", "年税額", Type.YEN),
        ),
    ),
    details=(ASSETS, INSTALMENTS),
    groups=True,
    mailing=(4, 10),
    total="annual_tax",
    payable="instalments",
    check=_check,
)
