"""A print file of made-up notices that has every case which breaks a page: what the golden tests look at.

Nobody in it exists. The same call gives the same bytes, in this process and in another.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple, cast

import layouts
from fonts import FontSet
from printjobs import reference
from printjobs.core.kinds import DEBIT, PROPERTY_TAX, SLIP
from printjobs.core.marks import sheet as marks
from printjobs.core.model import Addressee, Notice
from printjobs.intake import PostalCodes
from printjobs.reference.profile import profiles
from printjobs.render.compiled import CompiledLayout
from printjobs.render.printfile import FileJob, FilePiece, Written, render_file, sheet_marks
from printjobs.render.schema import compile_layout
from tests.handin import barcode

KUSATSU, OMIHACHIMAN, MAIBARA, KOKA = "252069", "252042", "252140", "252093"
RUN_ID, MAILING_DATE = "property_tax-2026", "2026-04-10"
KEY = marks.run_key(b"the secret of these tests, 32 chars", RUN_ID)
DUE = ("2026-04-30", "2026-07-31", "2026-12-25", "2027-03-01")
ACCEPT_UNTIL = ("2026-05-31", "2026-08-31", "2027-01-31", "2027-03-31")

Row = list[str | int]


class Golden(NamedTuple):
    """One notice of the file, by what is special about it."""

    label: str
    notice: Notice


def _assets(count: int, city: str, times: int) -> list[Row]:
    """Rows of the details: land, houses and now and then a machine, with sums of their own."""
    rows: list[Row] = []
    for i in range(count):
        value = (1_234_567 + 345_678 * i) * times
        place, lot = f"{reference.city(city).name}見本町{'一二三四五六'[i % 6]}丁目", f"{100 + 7 * i}番{1 + i % 9}"
        if i % 11 == 10:
            rows.append(["償却資産", place, "", "機械及び装置", "", "", value, value, 0, ""])
        elif i % 3 == 2:
            rows.append(["家屋", place, lot, "居宅", "木造2階建", 9_876 + 123 * i, value, value, value, ""])
        else:
            remark = ("小規模住宅用地", "小規模・一般住宅用地")[i % 2]
            rows.append(["土地", place, lot, "宅地", "", 12_345 + 678 * i, value, value // 6, value // 3, remark])
    return rows


def _fields(assets: list[Row], city: str, payment: str, co_owners: str, *, exempt: bool) -> dict[str, str | int]:
    """The sums of a notice as the kind's own check wants them."""

    def total(column: int, *sorts: str) -> int:
        return sum(int(row[column]) for row in assets if row[0] in sorts)

    base = total(7, "土地", "家屋", "償却資産") // 1000 * 1000
    planning = total(8, "土地", "家屋") // 1000 * 1000
    rate = int(
        profiles(PROPERTY_TAX.code, 2026)[city].values["planning_rate"].replace(".", "")
    )  # in tenths of a percent
    tax = 0 if exempt else base * 14 // 1000 // 100 * 100
    planning_tax = 0 if exempt else planning * rate // 1000 // 100 * 100
    return {
        "co_owners": co_owners, "payment": payment,
        "land_base": total(7, "土地"), "house_base": total(7, "家屋"), "depreciable_base": total(7, "償却資産"),
        "property_base": base, "property_tax": tax,
        "planning_land_base": total(8, "土地"), "planning_house_base": total(8, "家屋"),
        "planning_base": planning, "planning_tax": planning_tax, "annual_tax": tax + planning_tax,
    }  # fmt: skip


def _accepted(amount: int, until: str, serial: int, *, slips: bool) -> Row:
    """Until when a slip is taken, and the 44 digits of its barcode where stores take it at all."""
    if not (slips and amount):
        return ["", ""]
    return [until, barcode(amount, until, serial)]


def _instalments(tax: int, number: str, payment: str) -> list[Row]:
    """Four periods that all differ, so that a swapped pair of slips shows, and the whole year for slips."""
    later = [tax // 4 // 100 * 100 - 100 * i for i in range(3)] if tax else [0, 0, 0]
    amounts = [tax - sum(later), *later]
    slips = payment == SLIP and tax > 0

    def codes(period: int) -> Row:
        return (
            [f"{number}{period:02d}26252069", f"{int(number) * 7 + period:06d}"[-6:], "999"] if slips else ["", "", ""]
        )

    rows = [
        [
            period,
            DUE[period - 1],
            amount,
            *codes(period),
            *_accepted(amount, ACCEPT_UNTIL[period - 1], int(f"{number}{period}"), slips=slips),
        ]
        for period, amount in enumerate(amounts, start=1)
    ]
    accepted = _accepted(tax, ACCEPT_UNTIL[0], int(f"{number}0"), slips=slips)
    whole = [[0, DUE[0], tax, *codes(0), *accepted]] if slips else []
    return cast("list[Row]", [*whole, *rows])


def made_up(
    number: int,
    city: str,
    addressee: Addressee,
    *,
    assets: int,
    times: int = 1,
    payment: str = SLIP,
    co_owners: str = "",
    exempt: bool = False,
) -> Notice:
    """A notice whose sums agree. ``times`` makes everything worth so many times more."""
    rows = _assets(assets, city, times)
    fields = _fields(rows, city, payment, co_owners, exempt=exempt)
    text = f"{number:010d}"
    tables = {"assets": rows, "instalments": _instalments(int(fields["annual_tax"]), text, payment)}
    return Notice(city, PROPERTY_TAX.code, text, number, addressee, fields, tables)


def person(
    name: str, address: str, *, zip_code: str = "5250034", building: str = "", honorific: str = "様"
) -> Addressee:
    digits = PostalCodes().barcode("none", zip_code, address, building)
    return Addressee("252060014", name, honorific, zip_code, address, building, "", digits)


ABROAD = Addressee(
    "252060014", "見本　海子", "様", "", "1234 Example Street Apt 56, Springfield, IL 00000", "", "アメリカ合衆国"
)
LONG_BUILDING = "サービス付き高齢者向け住宅グランレイク湖畔の杜けやき館東棟コミュニティケアセンター1205号室"
LONG_COMPANY = "株式会社みなも環境リサイクルテクノロジーサービス滋賀支店"
LONG_ADDRESS = "滋賀県近江八幡市安土町見本水茎町大字見本字北沢一丁目1234番地の5678"

HACHIMAN = {"zip_code": "5230801"}
COMPANY = {"honorific": "御中"}

NOTICES = (
    Golden("短い", made_up(1, KUSATSU, person("林　一", "草津市草津三丁目1番1号"), assets=1)),
    Golden("普通", made_up(2, KUSATSU, person("見本　太郎", "草津市見本町12番地3"), assets=4)),
    Golden(
        "60行の明細", made_up(3, KUSATSU, person("株式会社見本製作所", "草津市見本町2番34号", **COMPANY), assets=60)
    ),
    Golden("口座振替", made_up(4, KUSATSU, person("見本　花子", "草津市見本町5番地"), assets=22, payment=DEBIT)),
    Golden("名寄せの1件目", made_up(5, KUSATSU, person("見本　次郎", "草津市見本町6番地"), assets=3)),
    Golden("名寄せの2件目", made_up(6, KUSATSU, person("見本　次郎", "草津市見本町6番地"), assets=2, payment=DEBIT)),
    Golden(
        "共有者",
        made_up(
            7, OMIHACHIMAN, person("見本　三郎", "近江八幡市見本町7番地", **HACHIMAN), assets=5, co_owners="ほか12名"
        ),
    ),
    Golden(
        "税額なし",
        made_up(8, OMIHACHIMAN, person("見本　葉子", "近江八幡市見本町8番地", **HACHIMAN), assets=2, exempt=True),
    ),
    Golden(
        "長い方書",
        made_up(
            9, OMIHACHIMAN, person(LONG_COMPANY, LONG_ADDRESS, building=LONG_BUILDING, **HACHIMAN, **COMPANY), assets=21
        ),
    ),
    Golden(
        "高額",
        made_up(
            13,
            OMIHACHIMAN,
            person("見本重工業株式会社", "近江八幡市見本町13番地", **HACHIMAN, **COMPANY),
            assets=12,
            times=10_000,
        ),
    ),
    Golden(
        "異体字", made_up(10, MAIBARA, person("辻\U000e0100　﨑子", "米原市見本10番地", zip_code="5210016"), assets=43)
    ),
    Golden("外国", made_up(11, KOKA, ABROAD, assets=1)),
    Golden("最後", made_up(12, KOKA, ABROAD, assets=3, payment=DEBIT)),
)

# (office, how many of the notices share the envelope), in the order of the file
PIECES = (*[("525", 1)] * 4, ("525", 2), *[("523", 1)] * 4, ("521", 1), ("", 1), ("", 1))


@cache
def compiled() -> CompiledLayout:
    """The newest property tax layout of 2026, with the faces of this package only."""
    version = layouts.newest(PROPERTY_TAX.code, 2026)
    return compile_layout(PROPERTY_TAX, version, FontSet(None), 2026, MAILING_DATE)


def job() -> FileJob:
    return FileJob(
        file_id=f"{RUN_ID}-B001-F01", run=marks.run_code(RUN_ID), batch_id=f"{RUN_ID}-B001", batch=1, generation=1,
        by_hand=False, date=MAILING_DATE, key=KEY
    )  # fmt: skip


def pieces(layout: CompiledLayout) -> list[FilePiece]:
    """The notices in their envelopes; the first piece of an office carries the length of its section."""
    found = []
    notices = iter(golden.notice for golden in NOTICES)
    office_before: str | None = None
    for number, (office, together) in enumerate(PIECES, start=1):
        own = [next(notices) for _ in range(together)]
        section = sum(place == office for place, _ in PIECES) if office != office_before else 0
        office_before = office
        sheets = sum(layout.sheet_count(notice) for notice in own)
        inserts = int(any(layout.has_rows(notice, "slips") for notice in own))
        found.append(FilePiece(number, own[0].city, office, sheets, inserts, section, own))
    return found


class Sheet(NamedTuple):
    """One sheet of the file as planned: whose it is, what its mark says, its two pages, and the rows of its slips."""

    label: str
    mark: str
    notice: Notice | None
    front: str
    back: str
    slips: tuple[Row, ...] = ()


def planned(layout: CompiledLayout) -> list[Sheet]:
    """Every sheet of the file in order; ``front`` and ``back`` are pages of the layout, empty on a separator."""
    labels = iter(NOTICES)
    found = []
    for piece in pieces(layout):
        texts = (text for _, text in sheet_marks(job(), piece))
        if piece.section:
            found.append(Sheet(f"区分票 {piece.office or '外国'}", next(texts), None, "", ""))
        for notice in piece.notices:
            label, sides = next(labels).label, layout.sides(notice)
            for i, (front, back) in enumerate(zip(sides[::2], sides[1::2], strict=True), start=1):
                slips = tuple(front.rows[1]) if front.rows and front.page == "slips" else ()
                found.append(Sheet(f"{label} {i}枚目", next(texts), notice, front.page, back.page, slips))
    return found


def page_labels(sheets: Iterable[Sheet]) -> Iterator[str]:
    for sheet in sheets:
        yield f"{sheet.label} 表"
        yield f"{sheet.label} 裏"


def render(layout: CompiledLayout) -> tuple[bytes, Written]:
    """The print file and what the renderer says of it."""
    profile = reference.vendor()
    sink = io.BytesIO()
    written = render_file(sink, layout, profile.mark, profile.print_.dpi, job(), pieces(layout))
    return sink.getvalue(), written
