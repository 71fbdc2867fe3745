"""Light vehicle tax (軽自動車税種別割): one notice an owner, or one a vehicle, with a slip for every vehicle.

Each vehicle is paid by itself, because the receipt of one that needs inspection is its tax certificate
(納税証明書・継続検査用), and the inspector wants that of this plate and no other.
"""

from __future__ import annotations

from collections import Counter

from printjobs.core.model import Notice

from .form import ADDRESSEE, DEBIT, NUMBER, SLIP, Column, Complaint, Kind, Table, Terms, Type
from .payments import AMOUNT, DUE, PAYMENT_NUMBERS, Payable

# 車種区分 as the law on local taxes divides them, each with a rate of its own.
CATEGORIES = (
    "原付50cc以下", "原付90cc以下", "原付125cc以下", "原付125cc以下・4kW以下", "特定小型原付",
    "ミニカー", "軽二輪", "二輪の小型", "小型特殊・農耕", "小型特殊・その他",
    "軽三輪", "軽四輪乗用・自家用", "軽四輪乗用・営業用", "軽四輪貨物・自家用", "軽四輪貨物・営業用",
)  # fmt: skip
STANDARD, OLD, HEAVY, LIGHT = "標準", "旧税率", "重課", "軽課"
INSPECTED, NOT_INSPECTED = "有", "無"
BY_VEHICLE = "vehicle"  # Terms.unit of a city that sends a notice for each vehicle

VEHICLES = Table(
    "vehicles",
    "vehicles.csv",
    (
        NUMBER,
        Column("plate", "標識番号", Type.TEXT, length=16),
        Column("category", "車種区分", Type.CHOICE, choices=CATEGORIES),
        Column("chassis", "車台番号下桁", Type.TEXT, required=False, length=8),
        Column("first_inspection", "初度検査年月", Type.TEXT, required=False, length=10),
        Column("rate_class", "税率区分", Type.CHOICE, choices=(STANDARD, OLD, HEAVY, LIGHT)),
        Column("inspection", "継続検査", Type.CHOICE, choices=(INSPECTED, NOT_INSPECTED)),
        Column("rate", "税率", Type.YEN),
        Column("reduction", "減免額", Type.YEN),
        DUE,
        AMOUNT,
        *PAYMENT_NUMBERS,
    ),
)
_PAYABLE = Payable(VEHICLES)
_PLATE, _FIRST, _CLASS, _RATE, _REDUCTION, _DUE, _AMOUNT = (
    VEHICLES.index(key) for key in ("plate", "first_inspection", "rate_class", "rate", "reduction", "due", "amount")
)


def _check(notice: Notice, terms: Terms) -> list[Complaint]:
    rows = notice.tables["vehicles"]
    found = _PAYABLE.check(notice, terms, notice.fields["payment"] == SLIP)
    for i, row in enumerate(rows):
        found += _row_complaints(i, row, terms)
    found += _repeated_plates(notice)
    if not rows:
        found.append(
            Complaint("notices", 0, "number", "no_vehicles",
                      "車両の行が1つもありません。車両のファイルを確かめてください。")
        )  # fmt: skip
    elif terms.unit == BY_VEHICLE and len(rows) > 1:
        found.append(
            Complaint("vehicles", 1, "number", "more_than_one_vehicle",
                      f"市の設定は1台に1通ですが、この通知書番号の車両が{len(rows)}台あります。"
                      "車両ごとに通知書番号を分けるか、市の設定を直してください。")
        )  # fmt: skip
    if not any(c.code == "vehicle_amount" for c in found):  # a sum over rows that are wrong says nothing new
        found += _sums(notice)
    return found


def _row_complaints(i: int, row: list[str | int], terms: Terms) -> list[Complaint]:
    """What in one vehicle's row does not agree with the rest of it or with the city's due date."""
    found: list[Complaint] = []

    def complain(column: str, code: str, message: str) -> None:
        found.append(Complaint("vehicles", i, column, code, message))

    rate, reduction, amount, due = int(row[_RATE]), int(row[_REDUCTION]), int(row[_AMOUNT]), str(row[_DUE])
    if rate - reduction != amount:
        complain("amount", "vehicle_amount",
                 f"税率{rate:,}円から減免額{reduction:,}円を引いた額が納付額{amount:,}円と違います。"
                 "課税側のデータを確かめて、どれかを直してください。")  # fmt: skip
    if terms.due and due != terms.due[0] and due > terms.mailing_date:
        complain("due", "due_differs",
                 f"納期限{due}が市の設定の{terms.due[0]}と違います。どちらかを直してください。")  # fmt: skip
    if row[_CLASS] != STANDARD and not row[_FIRST]:
        complain("first_inspection", "first_inspection_missing",
                 f"税率区分が{row[_CLASS]}の車両に初度検査年月がありません。"
                 "年月を入れるか、税率区分を直してください。")  # fmt: skip
    return found


def _repeated_plates(notice: Notice) -> list[Complaint]:
    """A vehicle that is taxed twice: its amounts are alike and tell nothing."""
    seen = Counter[str | int]()
    found = []
    for i, row in enumerate(notice.tables["vehicles"]):
        seen[row[_PLATE]] += 1
        if seen[row[_PLATE]] > 1:
            message = f"同じ標識番号の行が{seen[row[_PLATE]]}回目です。1台に1行とし、標識番号を確かめてください。"
            found.append(Complaint("vehicles", i, "plate", "duplicate_plate", message))
    return found


def _sums(notice: Notice) -> list[Complaint]:
    """A vehicle's row lost or doubled on the way shows in the number of vehicles and in every sum."""
    values, rows = notice.fields, notice.tables["vehicles"]
    found = []
    if len(rows) != values["vehicle_count"]:
        found.append(
            Complaint("notices", 0, "vehicle_count", "vehicle_count",
                      f"車両の行が{len(rows)}行で、通知書の台数{values['vehicle_count']}台と違います。"
                      "車両の行が抜けていないかを確かめてください。")
        )  # fmt: skip
    for key, title, place in (
        ("full_tax", "減免前税額", _RATE),
        ("reduction", "減免額計", _REDUCTION),
        ("annual_tax", "年税額", _AMOUNT),
    ):
        total = sum(int(row[place]) for row in rows)
        if total != values[key]:
            found.append(
                Complaint("notices", 0, key, f"{key}_sum",
                          f"車両の{VEHICLES.columns[place + 1].title}の合計{total:,}円が"
                          f"通知書の{title}{int(values[key]):,}円と違います。"
                          "車両の行が抜けていないかを確かめてください。")
            )  # fmt: skip
    return found


LIGHT_VEHICLE_TAX = Kind(
    code="light_vehicle_tax",
    name="軽自動車税（種別割）",
    notices=Table(
        "notices",
        "notices.csv",
        (
            NUMBER,
            *ADDRESSEE,
            Column("payment", "納付方法", Type.CHOICE, choices=(SLIP, DEBIT)),
            Column("vehicle_count", "台数", Type.COUNT, length=4),
            Column("full_tax", "減免前税額", Type.YEN),
            Column("reduction", "減免額計", Type.YEN),
            Column("annual_tax", "年税額", Type.YEN),
        ),
    ),
    details=(VEHICLES,),
    groups=True,
    mailing=(5, 8),
    total="annual_tax",
    payable="vehicles",
    check=_check,
)
