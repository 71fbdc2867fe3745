"""Premiums of the elderly for the tests: made up by the sample's own makers, and changed in one place."""

from __future__ import annotations

from random import Random

import msgspec

from printjobs.core.kinds import Kind, Table, Terms
from printjobs.core.model import Addressee, Notice
from printjobs.reference import cities
from printjobs.reference.profile import profiles
from printjobs.sample.kinds import MAKERS
from printjobs.sample.making import Case, Payments
from printjobs.sample.people import HABITS, Registry

KUSATSU, OMIHACHIMAN = "252069", "252042"
MAILED = "2026-07-10"
NUMBER = "2600000001"
WHO = Addressee("252060014", "見本　花子", "様", "5250034", "草津市見本町1番地", "", "")
Value = str | int


def terms(kind: Kind, city: str = KUSATSU) -> Terms:
    return profiles(kind.code, 2026)[city].terms(MAILED)


def made(kind: Kind, case: Case = Case.ORDINARY, seed: int = 1, city: str = KUSATSU) -> Notice:
    """One notice of a city, as intake would have it; the same seed gives the same one."""
    rng, profile = Random(seed), profiles(kind.code, 2026)[city]
    payments = Payments(rng, kind.code, cities()[city], profile, 2026)
    registry = Registry(rng, cities()[city].name, HABITS[city]._replace(only_persons=True))
    contents = MAKERS[kind.code](rng, registry, profile, payments).make(NUMBER, WHO, case)
    tables = {t.name: [_row(t, row) for row in contents.tables[t.name]] for t in kind.details}
    return Notice(city, kind.code, NUMBER, 2, WHO, contents.values, tables)


def _row(table: Table, row: dict[str, Value]) -> list[Value]:
    return [row[c.key] for c in table.columns[1:]]


def paid_by(kind: Kind, *, pension: bool, ordinary: bool) -> Notice:
    """A sound notice that is collected in this way."""
    found = (made(kind, Case.MOST if pension and ordinary else Case.ORDINARY, seed) for seed in range(1000))
    return next(n for n in found if (n.fields["pension"] != 0, n.fields["ordinary"] != 0) == (pension, ordinary))


def with_fields(notice: Notice, **changed: Value) -> Notice:
    assert changed.keys() <= notice.fields.keys()
    return msgspec.structs.replace(notice, fields=notice.fields | changed)


def with_cell(kind: Kind, notice: Notice, table: str, row: int, column: str, value: Value) -> Notice:
    rows = [list(r) for r in notice.tables[table]]
    rows[row][kind.table(table).index(column)] = value
    return msgspec.structs.replace(notice, tables=notice.tables | {table: rows})


def with_rows(notice: Notice, table: str, rows: list[list[Value]]) -> Notice:
    return msgspec.structs.replace(notice, tables=notice.tables | {table: rows})


def complaints(kind: Kind, notice: Notice, under: Terms | None = None) -> list[tuple[str, int, str, str]]:
    """Table, row, column and code of each; every sentence is Japanese, ends, and says what to do next."""
    told = kind.check(notice, under or terms(kind, notice.city))
    assert all(c.message.endswith("ください。") for c in told)
    return [(c.table, c.index, c.column, c.code) for c in told]
