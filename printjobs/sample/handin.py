"""Writes one city's hand-in of a kind: its CSV files, the mapping of a city with its own form, the transmittal.

Nothing is held but the notice at hand, so a full year needs no more memory than a tiny one.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import BinaryIO, NamedTuple

import msgspec

from printjobs.core.kinds import Kind, Table
from printjobs.reference import City
from printjobs.reference.profile import profiles
from printjobs.sample import gaiji
from printjobs.sample.kinds import MAKERS
from printjobs.sample.making import Payments
from printjobs.sample.office import CODES, FEWEST, GAIJI, Notice, Office, Special
from printjobs.sample.people import HABITS, YOSHIDA, Habits, Registry

Progress = Callable[[str, int, int], None]  # city code, notices done, notices in all


class CitySummary(msgspec.Struct, frozen=True):
    """What one city's files hold. ``rows``: of each detail file by its table; ``tax_total`` is yen.

    ``bad``: notices that intake must reject, with the problem code. ``orphans``: numbers of detail rows
    that belong to no notice. ``needs_extra_font``: notices that only IPAmj Mincho can print (𠮷, or a gaiji whose
    form no other face has). ``needs_table``: notices that are printed only with the list of gaiji imported.
    """

    notices: int
    rows: dict[str, int]
    tax_total: int
    bad: dict[str, str]
    orphans: tuple[str, ...]
    needs_extra_font: frozenset[str]
    needs_table: frozenset[str]


class Order(NamedTuple):
    """What to make up: the kind and year, its size (1 is a full year), and the seed."""

    kind: Kind
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
# Maibara's property tax system has its own headers and codes, and a form with 様 printed on it (no column for it).
FORMS: Mapping[tuple[str, str], Mapping[str, Form]] = {
    ("property_tax", "252140"): {
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
def _csv_files(directory: Path, kind: Kind, city: str, habits: Habits) -> Iterator[dict[str, CsvFile]]:
    forms = FORMS.get((kind.code, city), {})
    with ExitStack() as stack:
        yield {
            table.name: CsvFile(
                stack.enter_context((directory / table.file).open("wb")),
                table,
                forms.get(table.name, PLAIN_FORM),
                habits,
            )
            for table in (kind.notices, *kind.details)
        }


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
    directory: Path, city: City, order: Order, summary: CitySummary, files: list[dict[str, str | int]]
) -> None:
    """The transmittal (送付票): what the folder holds, by number, sum and digest."""
    if forms := FORMS.get((order.kind.code, city.code)):
        data = _mapping(forms).encode()
        (directory / "mapping.toml").write_bytes(data)
        files = [*files, {"name": "mapping.toml", "rows": 0, "sha256": hashlib.sha256(data).hexdigest()}]
    stated = {
        "city": city.code,
        "kind": order.kind.code,
        "year": order.year,
        "encoding": HABITS[city.code].encoding,
        "notices": summary.notices,
        "tax_total": summary.tax_total,
        "files": files,
    }
    (directory / "transmittal.json").write_bytes(msgspec.json.format(msgspec.json.encode(stated), indent=2) + b"\n")


def _office(city: City, order: Order, habits: Habits) -> Office:
    maker_of = MAKERS[order.kind.code]
    rng = Random(f"{order.seed}/{city.code}")
    registry = Registry(rng, city.name, habits)
    profile = profiles(order.kind.code, order.year)[city.code]
    payments = Payments(rng, order.kind.code, city, profile, order.year)
    return Office(order.kind, order.year, rng, registry, maker_of(rng, registry, profile, payments))


def write_city(directory: Path, city: City, order: Order, progress: Progress | None = None) -> CitySummary:
    """Write the hand-in of one city into ``directory``, made if needed; see ``write_sample``."""
    directory.mkdir(parents=True, exist_ok=True)
    kind = order.kind
    maker = MAKERS[kind.code]
    printed = (kind.code, city.code) in FORMS
    habits = HABITS[city.code]._replace(
        only_persons=maker.persons or printed, honorific_printed=printed, gaiji="".join(gaiji.settled(city.code))
    )
    count = max(FEWEST, round(city.taxpayers[kind.code] * order.scale))
    total, bad, orphans, extra, listed = 0, dict[str, str](), list[str](), set[str](), set[str]()
    with _csv_files(directory, kind, city.code, habits) as files:
        for done, notice in enumerate(_office(city, order, habits).notices(count), 1):
            _write_notice(kind, files, notice)
            total += int(notice.contents.values[kind.total])
            if notice.orphan:
                orphans.append(notice.orphan)
            if notice.special in CODES or notice.special is Special.WRONG_SUM:
                bad[notice.number] = CODES.get(notice.special, maker.sum_code)
            if YOSHIDA in notice.addressee.name or gaiji.OWN_BY_MJ in notice.addressee.name:
                extra.add(notice.number)
            if notice.special in GAIJI:
                listed.add(notice.number)
            if progress and (done % 1000 == 0 or done == count):
                progress(city.code, done, count)
        rows = {t.name: files[t.name].rows for t in kind.details}
        summary = CitySummary(
            files[kind.notices.name].rows, rows, total, bad, tuple(orphans), frozenset(extra), frozenset(listed)
        )
        stated = [f.stated() for f in files.values()]
    _write_transmittal(directory, city, order, summary, stated)
    return summary


def _write_notice(kind: Kind, files: Mapping[str, CsvFile], notice: Notice) -> None:
    """A notice's line and its detail rows; an orphan is its last row of the first detail file under another number."""
    head = files[kind.notices.name]
    values = notice.values()
    head.row([values[k] for k in head.keys])
    for table in kind.details:
        file = files[table.name]
        for row in notice.contents.tables[table.name]:
            file.row([notice.number if k == "number" else row[k] for k in file.keys])
    if notice.orphan:
        first = files[kind.details[0].name]
        row = notice.contents.tables[kind.details[0].name][-1]
        first.row([notice.orphan if k == "number" else row[k] for k in first.keys])
