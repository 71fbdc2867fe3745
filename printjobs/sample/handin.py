"""Writes one city's hand-in: three CSV files, the mapping of a city with its own form, the transmittal.

Nothing is held but the notice at hand, so a full year needs no more memory than a tiny one.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from printjobs.core.kinds import PROPERTY_TAX, Table
from printjobs.reference import City
from printjobs.sample.office import CODES, FEWEST, Office
from printjobs.sample.people import HABITS, YOSHIDA, Habits

Progress = Callable[[str, int, int], None]  # city code, notices done, notices in all


class CitySummary(msgspec.Struct, frozen=True):
    """What one city's files hold. ``assets`` and ``instalments`` are rows, ``tax_total`` is yen.

    ``bad``: notices that intake must reject, with the problem code. ``orphans``: numbers of detail rows
    that belong to no notice. ``needs_extra_font``: notices that only IPAmj Mincho can print (𠮷).
    """

    notices: int
    assets: int
    instalments: int
    tax_total: int
    bad: dict[str, str]
    orphans: tuple[str, ...]
    needs_extra_font: frozenset[str]


class Order(NamedTuple):
    """What to make up: the year, its size (1 is a full year), and the seed."""

    year: int
    scale: float
    seed: int


class Form(NamedTuple):
    """How one file of a city differs from the council's form, all by our column titles.

    ``columns``: the city's header. ``constants``: the value of a column the city does not have.
    ``values``: the city's value for each of ours.
    """

    columns: Mapping[str, str] = {}
    constants: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}


PLAIN_FORM = Form()
# Maibara's system has its own headers and codes, and a form with 様 printed on it (no column for it).
FORMS: Mapping[str, Mapping[str, Form]] = {
    "252140": {
        "notices": Form(
            {
                "通知書番号": "通知番号", "宛名番号": "宛名コード", "氏名": "宛名氏名", "郵便番号": "〒",
                "住所": "宛名住所", "方書": "宛名方書", "共有者": "共有者表示", "納付方法": "納付区分コード",
                "固定資産税額": "固定算出税額", "都市計画税額": "都計算出税額", "年税額": "合計年税額",
            },
            {"敬称": "様"},
            {"納付方法": {"納付書": "1", "口座振替": "2"}},
        ),
        "assets": Form(
            {
                "通知書番号": "通知番号", "資産区分": "資産種別", "所在": "所在地", "地番・家屋番号": "地番家屋番号",
                "地目・用途・種類": "地目用途", "地積・床面積": "面積", "摘要": "備考",
            },
            {},
            {"資産区分": {"土地": "1", "家屋": "2", "償却資産": "3"}},
        ),
        "instalments": Form({"通知書番号": "通知番号", "期別": "期", "納付額": "期別税額", "取扱期限": "コンビニ期限"}),
    }
}  # fmt: skip


class CsvFile:
    """One CSV file in a city's form; counts its rows and digests its bytes as they are written."""

    def __init__(self, file: BinaryIO, table: Table, form: Form, habits: Habits) -> None:
        self._file = file
        self._encoding = habits.encoding
        self._sha256 = hashlib.sha256()
        self.name = table.file
        self.rows = 0
        columns = [c for c in table.columns if c.title not in form.constants]
        self.keys = [c.key for c in columns]
        self._codes = [(i, form.values[c.title]) for i, c in enumerate(columns) if c.title in form.values]
        # The mainframe cities write Windows files.
        self._csv = csv.writer(self, lineterminator="\r\n" if habits.encoding == "cp932" else "\n")
        if habits.bom:
            self.write("\ufeff")
        self._csv.writerow([form.columns.get(c.title, c.title) for c in columns])

    def write(self, text: str) -> int:
        """Takes a finished line from the csv module."""
        data = text.encode(self._encoding)
        self._sha256.update(data)
        return self._file.write(data)

    def row(self, values: Sequence[str | int]) -> None:
        if self._codes:
            values = list(values)
            for index, codes in self._codes:
                values[index] = codes[str(values[index])]
        self._csv.writerow(values)
        self.rows += 1

    def stated(self) -> dict[str, str | int]:
        """The file's line in the transmittal."""
        return {"name": self.name, "rows": self.rows, "sha256": self._sha256.hexdigest()}


@contextmanager
def _csv_files(directory: Path, city: str) -> Iterator[list[CsvFile]]:
    with ExitStack() as stack:
        yield [
            CsvFile(
                stack.enter_context((directory / table.file).open("wb")),
                table,
                FORMS.get(city, {}).get(table.name, PLAIN_FORM),
                HABITS[city],
            )
            for table in (PROPERTY_TAX.notices, *PROPERTY_TAX.details)
        ]


def _mapping(forms: Mapping[str, Form]) -> str:
    """The mapping file: our title = theirs, except for values, where theirs = ours."""
    lines: list[str] = []
    for table, form in forms.items():
        sections: dict[str, Mapping[str, str]] = {"columns": form.columns, "constants": form.constants}
        for title, codes in form.values.items():
            sections[f'values."{title}"'] = {theirs: ours for ours, theirs in codes.items()}
        for name, entries in sections.items():
            if entries:
                lines += [f"[{table}.{name}]", *(f'"{k}" = "{v}"' for k, v in entries.items()), ""]
    return "\n".join(lines)


def _write_transmittal(
    directory: Path, city: City, year: int, summary: CitySummary, files: list[dict[str, str | int]]
) -> None:
    """The transmittal (送付票): what the folder holds, by number, sum and digest."""
    if city.code in FORMS:
        data = _mapping(FORMS[city.code]).encode()
        (directory / "mapping.toml").write_bytes(data)
        files = [*files, {"name": "mapping.toml", "rows": 0, "sha256": hashlib.sha256(data).hexdigest()}]
    stated = {
        "city": city.code,
        "kind": PROPERTY_TAX.code,
        "year": year,
        "encoding": HABITS[city.code].encoding,
        "notices": summary.notices,
        "tax_total": summary.tax_total,
        "files": files,
    }
    (directory / "transmittal.json").write_bytes(msgspec.json.format(msgspec.json.encode(stated), indent=2) + b"\n")


def write_city(directory: Path, city: City, order: Order, progress: Progress | None = None) -> CitySummary:
    """Write the hand-in of one city into ``directory``, made if needed; see ``write_property_tax``."""
    directory.mkdir(parents=True, exist_ok=True)
    count = max(FEWEST, round(city.taxpayers[PROPERTY_TAX.code] * order.scale))
    tax_total, bad, orphans, extra = 0, dict[str, str](), list[str](), set[str]()
    with _csv_files(directory, city.code) as (notices, assets, instalments):
        notice_row, asset_row = itemgetter(*notices.keys), attrgetter(*assets.keys)
        instalment_row = attrgetter(*instalments.keys)
        for done, notice in enumerate(Office(city, order.year, order.seed).notices(count), 1):
            notices.row(notice_row(notice.values()))
            for asset in notice.assets:
                assets.row(asset_row(asset))
            for instalment in notice.instalments:
                instalments.row(instalment_row(instalment))
            if notice.orphan:
                assets.row(asset_row(notice.assets[-1]._replace(number=notice.orphan)))
                orphans.append(notice.orphan)
            tax_total += notice.tax.annual_tax
            if notice.special in CODES:
                bad[notice.number] = CODES[notice.special]
            if YOSHIDA in notice.addressee.name:
                extra.add(notice.number)
            if progress and (done % 1000 == 0 or done == count):
                progress(city.code, done, count)
        rows = [f.rows for f in (notices, assets, instalments)]
        summary = CitySummary(rows[0], rows[1], rows[2], tax_total, bad, tuple(orphans), frozenset(extra))
        files = [f.stated() for f in (notices, assets, instalments)]
    _write_transmittal(directory, city, order.year, summary, files)
    return summary
