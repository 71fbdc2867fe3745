"""The form that every notice kind is declared in: files, columns, and what they have in common.

The Japanese titles are the headers of the council's own CSV form; a city with other headers
joins by a mapping file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property

import msgspec

from printjobs.core.model import Notice


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


class Table(msgspec.Struct, frozen=True, dict=True):
    """One CSV file. The first column of every table is the notice number that joins them.

    ``sort`` is the column that a notice's rows are put in order by; without it they keep the city's own.
    """

    name: str
    file: str
    columns: tuple[Column, ...]
    sort: str = ""

    def index(self, key: str) -> int:
        """Position of a column in a detail row as ``Notice.tables`` stores it (number left out)."""
        return self._places[key]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column.key: place for place, column in enumerate(self.columns, start=-1)}


class Complaint(msgspec.Struct, frozen=True):
    """What a kind's own check found: the table, the row's place in it, the column, code, sentence."""

    table: str
    index: int
    column: str
    code: str
    message: str


class Terms(msgspec.Struct, frozen=True):
    """What a city's notices of one kind and year are checked under; from its profile and the run.

    ``due``: the city's due dates (納期限) in order of period, ISO; empty when they differ by notice.
    ``company``: six digits of the GS1-128 biller; empty when the city's slips carry no such barcode.
    ``barcode_number``: where the free part of a GS1-128 has the last digits of the payment number, and how many;
    no digits when the city's collecting agent puts something else there.
    ``unit``: ``owner`` or ``vehicle``, what one notice of light vehicle tax is for.
    ``steps``: rate and yen of each income step (所得段階) of long-term care; ``base``: the yen that rates multiply.
    """

    mailing_date: str
    due: tuple[str, ...] = ()
    company: str = ""
    unit: str = "owner"
    base: int = 0
    steps: tuple[tuple[str, int], ...] = ()
    barcode_number: tuple[int, int] = (0, 0)


Check = Callable[[Notice, Terms], list[Complaint]]


class Kind(msgspec.Struct, frozen=True):
    """One notice kind (通知種別).

    ``groups``: notices to one addressee of one city go into one envelope (名寄せ).
    ``mailing``: usual mailing day (month, day) of the notice's year.
    ``total``: the column whose sum the transmittal states.
    ``payable``: the detail table whose rows are paid one by one, each by a slip of its own.
    ``check``: the kind's own arithmetic over a whole notice.
    """

    code: str
    name: str
    notices: Table
    details: tuple[Table, ...]
    groups: bool
    mailing: tuple[int, int]
    total: str
    payable: str
    check: Check

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
SLIP, DEBIT, PENSION = "納付書", "口座振替", "年金からの特別徴収"
LEAFLET = 1  # feeder bit of the leaflet on how to pay, which goes with payment slips
LARGEST_AREA = 99_999_999_999  # hundredths of a square metre: nine digits and two decimals
MAXIMUM_YEN = 99_999_999_999  # eleven digits: what an eL-QR and an MPN line can carry

KindsByCode = Mapping[str, Kind]
