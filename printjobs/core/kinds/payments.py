"""What is paid, when, and by which numbers: the columns and checks that all kinds with slips share.

The numbers to pay with are assigned by the tax office (課税側の採番). They are compared with the row
that they stand in and printed; none is ever made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from printjobs.core.marks import gs1_128
from printjobs.core.model import Notice

from .form import NUMBER, SLIP, Column, Complaint, Kind, Table, Terms, Type

DUE = Column("due", "納期限", Type.DATE)
AMOUNT = Column("amount", "納付額", Type.YEN)
PAYMENT_NUMBERS = (
    Column("payment_number", "納付番号", Type.DIGITS, required=False, length=20),
    Column("confirmation", "確認番号", Type.DIGITS, required=False, length=6),
    Column("division", "納付区分", Type.DIGITS, required=False, length=3),
    Column("accept_until", "取扱期限", Type.DATE, required=False),
    Column("barcode", "コンビニ収納番号", Type.DIGITS, required=False, length=44),
)
INSTALMENTS = Table(
    "instalments",
    "instalments.csv",
    (NUMBER, Column("period", "期別", Type.COUNT, length=2), DUE, AMOUNT, *PAYMENT_NUMBERS),
    sort="period",
)
_DIGITS = max(column.length for column in PAYMENT_NUMBERS)
FULL_PAYMENT = 0  # 期別 of the slip that pays the whole year at once (全期前納)
ALONE = ("payment_number", "barcode")  # of two slips with one of these alike, one is never paid


class Payable:
    """The rows of ``table`` that are paid one by one, and what every one of them is checked for."""

    def __init__(self, table: Table) -> None:
        self._name = table.name
        self._paid = itemgetter(*(table.index(key) for key in _Paid._fields))
        self._alone = [(column, _Paid._fields.index(column.key)) for column in PAYMENT_NUMBERS if column.key in ALONE]

    def check(self, notice: Notice, terms: Terms, slips: bool) -> list[Complaint]:
        """Every row to be paid: dates in order, and with ``slips`` the numbers and the barcode that it needs."""
        found: list[Complaint] = []
        rows = [_Paid._make(self._paid(row)) for row in notice.tables[self._name]]
        for i, row in enumerate(rows):
            if row.due <= terms.mailing_date or (row.accept_until and row.accept_until < row.due):
                found += [Complaint(self._name, i, *told) for told in _date_faults(row, terms)]
        if not slips:
            return found
        paid = [(i, row) for i, row in enumerate(rows) if row.amount]
        for i, row in paid:
            found += [Complaint(self._name, i, *told) for told in _number_faults(row, terms)]
        for column, place in self._alone:
            message = f"同じ{column.title}の行が2つあります。課税側のデータを確かめてください。"
            found += [
                Complaint(self._name, paid[again][0], column.key, f"duplicate_{column.key}", message)
                for again in _repeated([row[place] and written_out(str(row[place])) for _, row in paid])
            ]
        return found


class _Paid(NamedTuple):
    """The part of a row that its slip is made of."""

    due: str
    amount: int
    payment_number: str
    confirmation: str
    division: str
    accept_until: str
    barcode: str


_Told = tuple[str, str, str]  # column, code, sentence


def _date_faults(row: _Paid, terms: Terms) -> Iterator[_Told]:
    if row.due <= terms.mailing_date:
        message = f"納期限{row.due}が発送日{terms.mailing_date}以前です。納期限か発送日を直してください。"
        yield "due", "due_before_mailing", message
    if row.accept_until and row.accept_until < row.due:
        message = f"取扱期限{row.accept_until}が納期限{row.due}より前です。取扱期限を直してください。"
        yield "accept_until", "accept_before_due", message


def _number_faults(row: _Paid, terms: Terms) -> list[_Told]:
    """What is missing or wrong among the numbers that one slip is paid by."""
    found: list[_Told] = []
    if not (row.payment_number and row.confirmation and row.division):
        message = "納付書を作る行に納付番号・確認番号・納付区分がありません。課税側で採番した値を入れてください。"
        found.append(("payment_number", "payment_number_missing", message))
    if row.barcode:
        found += [("barcode", code, message) for code, message in _barcode_faults(row, terms)]
    elif terms.company and row.amount <= gs1_128.MOST_YEN:
        message = (
            f"{gs1_128.MOST_YEN:,}円以下の納付書にコンビニ収納番号がありません。課税側で採番した44桁を入れてください。"
        )
        found.append(("barcode", "barcode_missing", message))
    return found


def written_out(number: str) -> str:
    """A number as its mark says it, zeros in front: ``12`` and ``0012`` are one payment number on paper."""
    return number.zfill(_DIGITS)


def _repeated(values: Sequence[str | int]) -> list[int]:
    """The places whose value stood before; empty texts do not count."""
    if len(set(values)) == len(values):
        return []
    seen: set[str | int] = set()
    found = []
    for place, value in enumerate(values):
        if value != "" and value in seen:
            found.append(place)
        seen.add(value)
    return found


_INSTALMENTS = Payable(INSTALMENTS)
_PERIOD = itemgetter(*(INSTALMENTS.index(key) for key in ("period", "due", "amount")))


def check_instalments(total: str, notice: Notice, terms: Terms, title: str = "年額") -> list[Complaint]:
    """Instalments add up to the amount in the column ``total``, called ``title``, and periods differ."""
    found = _INSTALMENTS.check(notice, terms, notice.fields["payment"] == SLIP)
    year = int(notice.fields[total])
    periods: list[tuple[Any, ...]] = list(map(_PERIOD, notice.tables["instalments"]))
    for i in _repeated([period for period, _, _ in periods]):
        message = f"期別{periods[i][0]}が2回あります。1行にしてください。"
        found.append(Complaint("instalments", i, "period", "duplicate_period", message))
    parts = 0
    for i, (period, due, amount) in enumerate(periods):
        # A date before the mailing is told already.
        if due > terms.mailing_date and terms.due and due != (wanted := _stated_due(terms, period)):
            message = f"期別{period}の納期限{due}が市の設定の{wanted or '期数'}と違います。どちらかを直してください。"
            found.append(Complaint("instalments", i, "due", "due_differs", message))
        if period != FULL_PAYMENT:
            parts += amount
        elif amount != year:
            message = f"全期の納付額{amount:,}円が{title}{year:,}円と違います。どちらかを直してください。"
            found.append(Complaint("instalments", i, "amount", "full_payment_differs", message))
    if parts != year:
        message = f"期別の合計{parts:,}円が{title}{year:,}円と違います。期別か{title}を直してください。"
        found.append(Complaint("notices", 0, total, "instalments_sum", message))
    return found


def _stated_due(terms: Terms, period: int) -> str:
    """The city's own due date of a period; that of the first for the whole year; empty for one it does not have."""
    place = max(period, 1) - 1
    return terms.due[place] if place < len(terms.due) else ""


_BARCODE_FAULTS = {
    "length": "44桁ではありません",
    "identifier": "先頭が91ではありません",
    "company": "請求書発行企業コードが市の設定と違います",
    "due": "支払期限が取扱期限と違います",
    "stamp": "印紙フラグが0ではありません",
    "amount": "金額が納付額と違います",
    "over_limit": "ある納付書は30万円を超えています。コンビニでは扱えません",
    "check_digit": "検査数字が合いません",
    "payment_number": "中の納付番号が、この行の納付番号と違います",
}


def _barcode_faults(row: _Paid, terms: Terms) -> list[tuple[str, str]]:
    """What in a row's 44 digits is not what the row itself says. A swapped barcode pays somebody else's tax."""
    faults = gs1_128.faults(row.barcode, company=terms.company, amount=row.amount, due=row.accept_until)
    start, digits = terms.barcode_number
    said = gs1_128.free_part(row.barcode)[start : start + digits]
    if digits and "length" not in faults and said != written_out(row.payment_number)[-digits:]:
        faults.append("payment_number")
    return [
        (f"barcode_{fault}", f"コンビニ収納番号の{_BARCODE_FAULTS[fault]}。課税側のデータを確かめてください。")
        for fault in faults
    ]


def slips_of(kind: Kind, notice: Notice) -> int:
    """How many rows of a notice are paid by a slip."""
    if notice.fields.get("payment", SLIP) != SLIP:
        return 0
    table = kind.table(kind.payable)
    place = table.index("amount")
    return sum(int(row[place]) > 0 for row in notice.tables[table.name])
