"""The transmittal (送付票) and the mapping file: what a city says of its own hand-in."""

from __future__ import annotations

import codecs
import tomllib
from typing import Annotated

import msgspec
from msgspec import Meta

from printjobs.core import gaiji
from printjobs.core.kinds import Kind, Table
from printjobs.core.model import BadInput

NAME, MAPPING = "transmittal.json", "mapping.toml"
_LARGEST = 10**18  # what a database can hold
Count = Annotated[int, Meta(ge=0, le=_LARGEST)]


class FileEntry(msgspec.Struct, frozen=True):
    """One file as the city counted it: data rows without the header, and SHA-256."""

    name: str
    rows: Count
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Transmittal(msgspec.Struct, frozen=True):
    """City, kind, year, encoding, number of notices, tax total in yen, and every file.

    ``character_set``: which of the city's own character sets its gaiji are of (文字集合), for a city with several.
    """

    city: str
    kind: str
    year: int
    encoding: str
    notices: Count
    tax_total: Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]
    files: tuple[FileEntry, ...]
    character_set: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,40}$")] = gaiji.STANDARD


ENCODINGS = {"utf-8": "utf-8-sig", "cp932": "cp932"}  # a byte order mark is allowed and dropped


def parse(data: bytes, kind: Kind, year: int, city: str) -> Transmittal:
    """The transmittal, checked against the run and the city; :class:`BadInput` says what differs."""
    try:
        found = msgspec.json.decode(data.removeprefix(codecs.BOM_UTF8), type=Transmittal)
    except msgspec.DecodeError as error:
        raise BadInput(
            f"送付票 {NAME} を読めません（{error}）。項目と形式を送付票の説明に合わせて作り直してください。"
        ) from error
    for title, said, wanted in (
        ("市コード", found.city, city),
        ("通知種別", found.kind, kind.code),
        ("年度", str(found.year), str(year)),
    ):
        if said != wanted:
            raise BadInput(
                f"送付票の{title}は {said} ですが、この回は {wanted} です。提出先の回か送付票を直してください。"
            )
    if found.encoding not in ENCODINGS:
        raise BadInput(f"送付票の文字コード {found.encoding} は扱えません。utf-8 か cp932 にしてください。")
    listed = [entry.name for entry in found.files]
    missing = [t.file for t in (kind.notices, *kind.details) if t.file not in listed]
    if missing:
        raise BadInput(f"送付票に {'、'.join(missing)} がありません。必要なファイルをすべて載せてください。")
    known = {t.file for t in (kind.notices, *kind.details)} | {MAPPING}
    unknown = [name for name in listed if name not in known]
    if unknown or len(set(listed)) != len(listed):
        raise BadInput(
            f"送付票に余分なファイルがあります: {'、'.join(unknown or listed)}。必要なものだけを1回ずつ載せてください。"
        )
    return found


class TableMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one file's columns become ours: other headers, values for all rows, other codes."""

    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}


def parse_mapping(data: bytes, kind: Kind) -> dict[str, TableMapping]:
    """A city's mapping file by table name; every title in it must be one of ours."""
    try:
        mapping = msgspec.convert(tomllib.loads(data.decode()), dict[str, TableMapping])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"対応表 {MAPPING} を読めません（{error}）。書き方を直してください。", MAPPING) from error
    tables = {t.name: t for t in (kind.notices, *kind.details)}
    for name, table_mapping in mapping.items():
        if name not in tables:
            told = (
                f"対応表 {MAPPING} の [{name}] は知らないファイルです。{'、'.join(tables)} のどれかに直してください。"
            )
            raise BadInput(told, MAPPING)
        titles = {c.title for c in tables[name].columns}
        used = {*table_mapping.columns, *table_mapping.constants, *table_mapping.values}
        if unknown := sorted(used - titles):
            told = f"対応表 {MAPPING} の [{name}] に知らない項目があります: {'、'.join(unknown)}。"
            raise BadInput(told + "共通の列名に直してください。", MAPPING)
    return mapping


def expected_headers(table: Table, mapping: TableMapping) -> dict[str, str]:
    """Our column key to the header that the city's file must have; constants have none."""
    return {c.key: mapping.columns.get(c.title, c.title) for c in table.columns if c.title not in mapping.constants}
