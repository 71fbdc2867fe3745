"""Notice kinds (通知種別) as data: which files a city hands in, their columns, and the kind's rules.

The Japanese titles are the headers of the council's own CSV form; a city with other headers
joins by a mapping file. Adding a kind means adding a value here and a layout, not code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from .model import Notice


class Type(StrEnum):
    """How a column's text is read. Amounts are whole yen, areas square metres to two decimals."""

    TEXT = "text"
    DIGITS = "digits"
    YEN = "yen"
    COUNT = "count"
    AREA = "area"
    DATE = "date"
    CHOICE = "choice"


class Column(msgspec.Struct, frozen=True):
    """One column of a city's file. ``length`` is the longest text allowed, in characters."""

    key: str
    title: str
    type: Type
    required: bool = True
    length: int = 60
    choices: tuple[str, ...] = ()


class Table(msgspec.Struct, frozen=True):
    """One CSV file. The first column of every table is the notice number that joins them.

    ``sort`` is the column that a notice's rows are put in order by; without it they keep the city's own.
    """

    name: str
    file: str
    columns: tuple[Column, ...]
    sort: str = ""

    def index(self, key: str) -> int:
        """Position of a column in a detail row as ``Notice.tables`` stores it (number left out)."""
        return [c.key for c in self.columns].index(key) - 1


class Complaint(msgspec.Struct, frozen=True):
    """What a kind's own check found: the table, the row's place in it, the column, code, sentence."""

    table: str
    index: int
    column: str
    code: str
    message: str


class Kind(msgspec.Struct, frozen=True):
    """One notice kind.

    ``groups``: notices to one addressee of one city go into one envelope (名寄せ).
    ``mailing``: usual mailing day (month, day) of the notice's year.
    ``total``: the column whose sum the transmittal states.
    ``check``: the kind's own arithmetic over a whole notice.
    """

    code: str
    name: str
    notices: Table
    details: tuple[Table, ...]
    groups: bool
    mailing: tuple[int, int]
    total: str
    check: Callable[[Notice, str], list[Complaint]]

    def table(self, name: str) -> Table:
        return next(t for t in (self.notices, *self.details) if t.name == name)


NUMBER = Column("number", "通知書番号", Type.DIGITS, length=12)
ADDRESSEE = (
    Column("addressee_number", "宛名番号", Type.DIGITS, length=9),
    Column("name", "氏名", Type.TEXT, length=80),
    Column("honorific", "敬称", Type.CHOICE, choices=("様", "御中")),
    Column("zip", "郵便番号", Type.TEXT, required=False, length=8),
    Column("address", "住所", Type.TEXT, length=120),
    Column("building", "方書", Type.TEXT, required=False, length=120),
    Column("country", "国名", Type.TEXT, required=False, length=60),
)
SLIP, DEBIT = "納付書", "口座振替"
LEAFLET = 1  # feeder bit of the leaflet on how to pay, which goes with payment slips
MAXIMUM_YEN = 99_999_999_999  # eleven digits: what an eL-QR and an MPN line can carry

INSTALMENTS = Table(
    "instalments",
    "instalments.csv",
    (
        NUMBER,
        Column("period", "期別", Type.COUNT, length=2),
        Column("due", "納期限", Type.DATE),
        Column("amount", "納付額", Type.YEN),
        Column("payment_number", "納付番号", Type.DIGITS, required=False, length=20),
        Column("confirmation", "確認番号", Type.DIGITS, required=False, length=6),
        Column("division", "納付区分", Type.DIGITS, required=False, length=3),
        Column("accept_until", "取扱期限", Type.DATE, required=False),
    ),
    sort="period",
)
FULL_PAYMENT = 0  # 期別 of the slip that pays the whole year at once (全期前納)


def _check_instalments(notice: Notice, mailing_date: str) -> list[Complaint]:
    """Instalments add up to the year's tax, periods differ, and none is due before the mailing."""
    found: list[Complaint] = []
    rows = notice.tables["instalments"]
    tax = int(notice.fields["annual_tax"])
    seen: set[int] = set()
    total = 0
    for i, row in enumerate(rows):
        period, due, amount, accept_until = int(row[0]), str(row[1]), int(row[2]), str(row[6])
        if period in seen:
            found.append(
                Complaint(
                    "instalments", i, "period", "duplicate_period", f"期別{period}が2回あります。1行にしてください。"
                )
            )
        seen.add(period)
        if due <= mailing_date:
            found.append(
                Complaint("instalments", i, "due", "due_before_mailing",
                          f"納期限{due}が発送日{mailing_date}以前です。納期限か発送日を直してください。")
            )  # fmt: skip
        if accept_until and accept_until < due:
            found.append(
                Complaint("instalments", i, "accept_until", "accept_before_due",
                          f"取扱期限{accept_until}が納期限{due}より前です。取扱期限を直してください。")
            )  # fmt: skip
        if period != FULL_PAYMENT:
            total += amount
        elif amount != tax:
            found.append(
                Complaint("instalments", i, "amount", "full_payment_differs",
                          f"全期の納付額{amount:,}円が年税額{tax:,}円と違います。どちらかを直してください。")
            )  # fmt: skip
        if amount and notice.fields["payment"] == SLIP and not (row[3] and row[4] and row[5]):
            found.append(
                Complaint("instalments", i, "payment_number", "payment_number_missing",
                          "納付書を作る期に納付番号・確認番号・納付区分がありません。課税側で採番した値を入れてください。")
            )  # fmt: skip
    if total != tax:
        found.append(
            Complaint("notices", 0, "annual_tax", "instalments_sum",
                      f"期別の合計{total:,}円が年税額{tax:,}円と違います。期別か年税額を直してください。")
        )  # fmt: skip
    return found


def _check_property_tax(notice: Notice, mailing_date: str) -> list[Complaint]:
    found = _check_instalments(notice, mailing_date)
    values = notice.fields
    parts = int(values["property_tax"]) + int(values["planning_tax"])
    if parts != values["annual_tax"]:
        found.append(
            Complaint("notices", 0, "annual_tax", "tax_parts",
                      f"固定資産税と都市計画税の合計{parts:,}円が年税額{int(values['annual_tax']):,}円と違います。")
        )  # fmt: skip
    for sort, key in (("土地", "land_base"), ("家屋", "house_base"), ("償却資産", "depreciable_base")):
        rows = sum(int(row[7]) for row in notice.tables["assets"] if row[0] == sort)
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
    details=(
        Table(
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
        ),
        INSTALMENTS,
    ),
    groups=True,
    mailing=(4, 10),
    total="annual_tax",
    check=_check_property_tax,
)

KINDS: Mapping[str, Kind] = MappingProxyType({k.code: k for k in (PROPERTY_TAX,)})
