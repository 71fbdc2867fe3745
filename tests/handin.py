"""A small good hand-in of one city, made in memory with the means to change one thing about it, and the desk
of one machine that it is handed in at.

Nobody in it exists. Tables are lists of rows as they stand in the file, the header first, so that row 1 is
the first notice (row 2 of the spreadsheet). The transmittal is counted from what is there when it is asked
for; what ``said`` holds wins, so that a transmittal can also be stale or wrong.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import sqlite3
import sys
import traceback
from contextlib import closing, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import typer.main

from printjobs.core.checkdigit import addressee_number_digit
from printjobs.core.kinds import DEBIT, PROPERTY_TAX, SLIP, Table
from printjobs.core.marks import gs1_128

if TYPE_CHECKING:
    from printjobs.pipeline import Context, Step

KUSATSU, MORIYAMA, RITTO = "252069", "252077", "252085"
YEAR, MAILING_DATE, RUN = 2026, "2026-04-10", "property_tax-2026"
ZIP = "525-0034"
COMPANY = "912345"  # the biller of the made-up profiles
UNTIL = "2027-03-31"
DUE = ("2026-04-30", "2026-07-31", "2026-12-25", "2027-03-01")
TRANSMITTAL, MAPPING = "transmittal.json", "mapping.toml"
TABLES = (PROPERTY_TAX.notices, *PROPERTY_TAX.details)
SECRET = "a test keeps no secret, and so its files are the same on every machine"
SIGNER = "校正　確子"  # who signs proofs, and whose name is nowhere but in the database and the status


def addressee_number(body: int) -> str:
    """An addressee number with its check digit."""
    return f"{body:08d}" + addressee_number_digit(f"{body:08d}")


def notice_number(place: int) -> str:
    """The number of the notice at a place in the file, 1 for the first."""
    return f"26{10_000 + place:08d}"


def barcode(amount: int, until: str = UNTIL, serial: int = 0) -> str:
    """The 44 digits that a convenience store reads, as the office would assign them; none over its limit."""
    if amount > gs1_128.MOST_YEN:
        return ""
    return gs1_128.build(gs1_128.Payment(COMPANY, f"{serial:021d}", 0, until, 0, amount))


class HandIn:
    """One city's folder: change it, then take its files."""

    def __init__(self, city: str = KUSATSU, notices: int = 3) -> None:
        self.city = city
        self.encoding = "utf-8"
        self.newline = "\n"
        self.quoting: int = csv.QUOTE_MINIMAL
        self.mapping: str | None = None
        self.raw: dict[str, bytes | None] = {}  # bytes in place of a file; None: the file is not there
        self.said: dict[str, Any] = {}  # what the transmittal says otherwise than is true
        self.tables: dict[str, list[list[str]]] = {t.name: [[c.title for c in t.columns]] for t in TABLES}
        for place in range(1, notices + 1):
            self.add(place)

    def __repr__(self) -> str:
        return f"HandIn({self.tables!r})"

    def add(self, place: int) -> None:
        """One more sound notice: land, a house, four instalments, and by slip also the whole year at once."""
        number, tax = notice_number(place), 10_000 * place + 6_000
        payment = SLIP if place % 2 else DEBIT
        land, house = 1_000_000 * place, 2_000_000
        sums = (land, house, 0, land + house, tax - 1_000, land, house, land + house, 1_000, tax)
        who = (addressee_number(70_000_000 + place), f"見本　{place}郎", "様", ZIP, f"草津市草津三丁目{place}番1号")
        self.tables["notices"].append([number, *who, "", "", "", payment, *map(str, sums)])
        for sort, use, base in (("土地", "宅地", land), ("家屋", "居宅", house)):
            self.tables["assets"].append(
                [number, sort, "草津市草津三丁目", f"{place}番1", use, "", "120.50", *[str(base)] * 3, ""]
            )
        quarter = tax // 4 // 1000 * 1000
        periods = list(zip((1, 2, 3, 4), DUE, (tax - 3 * quarter, quarter, quarter, quarter), strict=True))
        if payment == SLIP:
            periods.insert(0, (0, DUE[0], tax))
        for period, due, amount in periods:
            digits = barcode(amount, serial=int(f"{number[2:]}{period}"))
            slip = [f"{number}{period:010d}", "123456", "101", UNTIL, digits] if payment == SLIP else [""] * 5
            self.tables["instalments"].append([number, str(period), due, str(amount), *slip])

    def column(self, table: str, title: str) -> int:
        return self.tables[table][0].index(title)

    def set(self, table: str, row: int, title: str, value: str) -> HandIn:
        """Change one cell; row 1 is the first data row."""
        self.tables[table][row][self.column(table, title)] = value
        return self

    def drop_column(self, table: str, title: str) -> HandIn:
        place = self.column(table, title)
        for row in self.tables[table]:
            del row[place]
        return self

    def add_column(self, table: str, title: str, value: str) -> HandIn:
        for i, row in enumerate(self.tables[table]):
            row.append(value if i else title)
        return self

    def cut(self, table: str, keep: int) -> HandIn:
        """Keep only the first bytes of a file, as when a copy breaks off."""
        file = PROPERTY_TAX.table(table)
        self.raw[file.file] = self.csv(file)[:keep]
        return self

    def csv(self, table: Table) -> bytes:
        """A table's file, or what stands in its place."""
        if table.file in self.raw:
            return self.raw[table.file] or b""
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=self.newline, quoting=self.quoting).writerows(self.tables[table.name])
        return text.getvalue().encode(self.encoding)

    def seal(self) -> HandIn:
        """Write the transmittal now: what changes later is no longer what it says."""
        self.said = self.transmittal()
        return self

    def transmittal(self) -> dict[str, Any]:
        """The transmittal (送付票) as the city counts its files now."""
        files = [
            {"name": t.file, "rows": len(self.tables[t.name]) - 1, "sha256": hashlib.sha256(self.csv(t)).hexdigest()}
            for t in TABLES
        ]
        if self.mapping is not None:
            files.append({"name": MAPPING, "rows": 0, "sha256": hashlib.sha256(self.mapping.encode()).hexdigest()})
        header, *rows = self.tables["notices"]
        place = header.index("年税額") if "年税額" in header else len(header)
        taxes = [row[place] for row in rows if place < len(row)]
        return {
            "city": self.city,
            "kind": PROPERTY_TAX.code,
            "year": YEAR,
            "encoding": self.encoding.removesuffix("-sig"),
            "notices": len(rows),
            # No city's own total holds what no amount can be: more than twelve digits.
            "tax_total": sum(int(tax) for tax in taxes if re.fullmatch("-?[0-9]{1,12}", tax)),
            "files": files,
        } | self.said

    def files(self) -> dict[str, bytes]:
        """Every file of the folder by name."""
        found: dict[str, bytes | None] = {t.file: self.csv(t) for t in TABLES}
        if self.mapping is not None:
            found[MAPPING] = self.mapping.encode()
        found[TRANSMITTAL] = json.dumps(self.transmittal(), ensure_ascii=False).encode()
        return {name: data for name, data in (found | self.raw).items() if data is not None}

    def write(self, folder: Path) -> Path:
        """Write the folder anew and return it."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, data in self.files().items():
            (folder / name).write_bytes(data)
        return folder


class Told(NamedTuple):
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(home: Path) -> dict[str, str]:
    """The environment of the command line on one machine, with nothing of the developer's own settings."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PRINTJOBS_")}
    return ours | {
        "PRINTJOBS_HOME": str(home),
        "PRINTJOBS_MJ_FONT": "none",
        "PRINTJOBS_PROCESSES": "1",
        "PRINTJOBS_SECRET": SECRET,
    }


_commands = cache(typer.main.get_command)  # built anew for each call, the tree of commands takes half of its time


class Desk:
    """One machine with its ``PRINTJOBS_HOME``: the command line on it, and what is kept there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings: dict[str, str] = {}  # of the environment, beside or in place of the usual ones

    def __call__(self, *words: object) -> Told:
        """``printjobs WORDS`` in this process, which spares the second that a new one takes to start."""
        from printjobs.cli import main

        out, err, code = io.StringIO(), io.StringIO(), 0
        argv = ["printjobs", *map(str, words)]
        with (
            mock.patch.dict(os.environ, environment(self.home) | self.settings, clear=True),
            mock.patch.object(typer.main, "get_command", _commands),
            mock.patch.object(sys, "argv", argv),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
            except Exception:  # noqa: BLE001 - as the interpreter ends a program: a trace and exit code 1
                traceback.print_exc()
                code = 1
        return Told(code, out.getvalue(), err.getvalue())

    def submit(self, handin: HandIn, *words: object, city: str = "") -> Told:
        """Hand in through the command line; the city's folder lies beside the home."""
        folder = handin.write(self.home.with_name(f"{self.home.name}-handin") / handin.city)
        return self("submit", RUN, city or handin.city, folder, *words)

    def context(self) -> Context:
        """The pipeline on this machine."""
        from printjobs.pipeline import Context
        from printjobs.settings import Settings

        with mock.patch.dict(os.environ, environment(self.home) | self.settings, clear=True):
            return Context(Settings())

    def go(self) -> None:
        """``run go`` without a pool of processes."""
        from printjobs.pipeline import run_step, unfinished

        context = self.context()
        while steps := unfinished(context, RUN):
            todo: list[Step] = list(steps)
            while todo:
                todo += run_step(context, todo.pop(0))

    def approve(self) -> None:
        """Every city that has something to print signs its proof."""
        for city in self.status()["cities"]:
            if city["proof"]:
                assert self("approve", RUN, city["code"], "--by", SIGNER).code == 0

    def status(self) -> dict[str, Any]:
        told = self("run", "status", RUN, "--json")
        assert told.code == 0, told.err
        return told.json  # type: ignore[no-any-return]

    def city(self, code: str) -> dict[str, Any]:
        return next(c for c in self.status()["cities"] if c["code"] == code)

    def problems(self, city: str = KUSATSU) -> list[dict[str, Any]]:
        return [p for p in self.status()["problems"] if p["city"] == city]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the database as they are, past all our own code."""
        with closing(sqlite3.connect(self.home / "printjobs.db")) as database:
            return database.execute(query).fetchall()

    def files(self, *folders: str) -> dict[str, str]:
        """SHA-256 by path of what is stored in these folders."""
        return {
            str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in folders
            for path in sorted((self.home / folder).rglob("*"))
            if path.is_file()
        }

    def stand(self) -> dict[str, object]:
        """All that counts and must not change when something is refused. Copies of hand-ins are not of it."""
        tables = (
            "run", "notice", "piece", "batch", "print_file", "scan_log", "scan", "finding", "bad_row", "charge",
            "approval",
        )  # fmt: skip
        return {table: self.rows(f"SELECT * FROM {table}") for table in tables} | {
            "accepted": self.rows("SELECT * FROM submission WHERE status NOT IN ('refused', 'received')"),
            "waiting": self.rows("SELECT * FROM submission WHERE status = 'received'"),
            "files": self.files("records", "batches", "proofs", "reports", "statements"),
        }
