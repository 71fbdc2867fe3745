"""What lies beside the PDFs can be read back, checked, and names nobody."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs import reference
from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.marks.sheet import MAX_SHEETS
from printjobs.core.model import Addressee
from printjobs.package import (
    MailRunPiece,
    Manifest,
    ManifestCity,
    ManifestFile,
    ManifestOther,
    checksums,
    mailrun_csv,
    mailrun_fixed,
    manifest_bytes,
    read_mailrun_fixed,
)

COLUMNS = reference.mailrun().columns
WIDTH = {column.name: column.width for column in COLUMNS}
TABLES = (PROPERTY_TAX.notices, *PROPERTY_TAX.details)
A_PIECE = MailRunPiece(
    batch="property_tax-2026-B001", piece=17, generation=1, sheets=4, inserts=1, weight_g=31, city="252069",
    office="525", divert=0, posting=2,
)  # fmt: skip


def number(name: str) -> st.SearchStrategy[int]:
    return st.integers(0, 10 ** WIDTH[name] - 1)


mailrun_pieces = st.builds(
    MailRunPiece,
    batch=st.builds("{}-2026-B{:03d}".format, st.text("abc_", min_size=1, max_size=20), st.integers(0, 999)),
    piece=number("piece"),
    generation=number("generation"),
    sheets=number("sheets"),
    inserts=number("inserts"),
    weight_g=number("weight_g"),
    city=st.sampled_from(sorted(reference.cities())),
    office=st.sampled_from(["", "525", "52030", "00100"]),
    divert=number("divert"),
    posting=number("posting"),
)


def test_every_value_of_a_piece_has_its_column_and_every_column_its_value() -> None:
    assert [column.name for column in COLUMNS] == list(MailRunPiece.__struct_fields__)
    for column in COLUMNS:
        assert column.number is (get_type_hints(MailRunPiece)[column.name] is int)


@given(st.lists(mailrun_pieces, max_size=5))
def test_the_fixed_width_form_can_be_read_back(pieces: list[MailRunPiece]) -> None:
    assert read_mailrun_fixed(mailrun_fixed(pieces, COLUMNS), COLUMNS) == pieces


@given(st.lists(mailrun_pieces, max_size=5))
def test_every_line_of_the_fixed_width_form_is_equally_long_and_ends_for_a_machine(pieces: list[MailRunPiece]) -> None:
    data = mailrun_fixed(pieces, COLUMNS)
    lines = data.split(b"\r\n")
    assert lines.pop() == b""
    assert len(lines) == len(pieces)
    assert {len(line) for line in lines} <= {sum(WIDTH.values())}


def test_a_line_of_the_fixed_width_form_is_as_the_vendor_was_told() -> None:
    told = b"property_tax-2026-B001          000017010004000100031252069525  00002\r\n"
    assert mailrun_fixed([A_PIECE], COLUMNS) == told


@given(st.lists(mailrun_pieces, max_size=5))
def test_the_csv_form_can_be_read_back(pieces: list[MailRunPiece]) -> None:
    text = mailrun_csv(pieces, COLUMNS).decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == [column.title for column in COLUMNS]
    values = [
        {c.name: int(cell) if c.number else cell for c, cell in zip(COLUMNS, row, strict=True)} for row in rows
    ]  # fmt: skip
    assert [msgspec.convert(value, MailRunPiece) for value in values] == pieces


def test_the_csv_form_opens_in_a_spreadsheet_with_its_titles_right() -> None:
    data = mailrun_csv([A_PIECE], COLUMNS)
    assert data.startswith(b"\xef\xbb\xbf" + "バッチ,封筒番号".encode())
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == 2


@pytest.mark.parametrize("name", [column.name for column in COLUMNS if column.number])
def test_a_number_too_wide_for_its_column_is_an_error_and_never_cut(name: str) -> None:
    widest = msgspec.structs.replace(A_PIECE, **{name: 10 ** WIDTH[name] - 1})
    assert read_mailrun_fixed(mailrun_fixed([widest], COLUMNS), COLUMNS) == [widest]
    with pytest.raises(ValueError, match=rf"{name} of piece .* is wider than {WIDTH[name]}"):
        mailrun_fixed([msgspec.structs.replace(A_PIECE, **{name: 10 ** WIDTH[name]})], COLUMNS)


@pytest.mark.parametrize("name", [column.name for column in COLUMNS if not column.number])
def test_a_text_too_wide_for_its_column_is_an_error_and_never_cut(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} of piece 17 is wider than {WIDTH[name]}"):
        mailrun_fixed([A_PIECE, msgspec.structs.replace(A_PIECE, **{name: "x" * (WIDTH[name] + 1)})], COLUMNS)


def test_a_text_that_a_machine_cannot_read_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        mailrun_fixed([msgspec.structs.replace(A_PIECE, office="草津")], COLUMNS)


def test_the_widths_take_whatever_the_vendor_profile_allows() -> None:
    profile = reference.vendor()
    widest = msgspec.structs.replace(A_PIECE, piece=profile.insert.batch_pieces, sheets=MAX_SHEETS, inserts=1023)
    assert read_mailrun_fixed(mailrun_fixed([widest], COLUMNS), COLUMNS) == [widest]


# --- checksums ---------------------------------------------------------------------------------------------------


def test_checksums_stand_in_order_of_their_names_as_sha256sum_writes_them() -> None:
    one, two = sha256(b"1").hexdigest(), sha256(b"2").hexdigest()
    assert checksums({"b.pdf": two, "a.csv": one}) == f"{one}  a.csv\n{two}  b.pdf\n".encode()
    assert checksums({}) == b""


def test_sha256sum_takes_the_file_and_sees_a_changed_byte(tmp_path: Path) -> None:
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("sha256sum is not installed")
    contents = {"property_tax-2026-B001-F01.pdf": b"pages", "mailrun.csv": b"pieces"}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    digests = {name: sha256(data).hexdigest() for name, data in contents.items()}
    (tmp_path / "SHA256SUMS").write_bytes(checksums(digests))
    command = [program, "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "mailrun.csv").write_bytes(b"piecez")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1


# --- manifest ------------------------------------------------------------------------------------------------------

A_FILE = ManifestFile("property_tax-2026-B001-F01.pdf", "0" * 64, 12_345, 20, 10, 3, 1, 3, 1)
A_MANIFEST = Manifest(
    run="property_tax-2026", kind="property_tax", year=2026, batch="property_tax-2026-B001", generation=1,
    batch_class="slip-i1-s04", slips=True, inserts=1, by_hand=False, mailing_date="2026-04-10", layout="2026-1",
    layout_sha256="0" * 64, vendor_profile="standard", file_form="pdf", pieces=3, sheets=10, pages=20, separators=1,
    files=(A_FILE,), cities=(ManifestCity("252069", "草津市", 3, 9),),
    other_files=(ManifestOther("mailrun.csv", "0" * 64, 9),),
)  # fmt: skip


def test_a_manifest_can_be_read_back() -> None:
    assert msgspec.json.decode(manifest_bytes(A_MANIFEST), type=Manifest) == A_MANIFEST


def test_a_manifest_is_the_same_bytes_every_time_and_a_person_can_read_it() -> None:
    data = manifest_bytes(A_MANIFEST)
    assert data == manifest_bytes(msgspec.json.decode(data, type=Manifest))
    assert data.endswith(b"}\n")
    assert "草津市".encode() in data
    assert len(data.splitlines()) > len(Manifest.__struct_fields__)


# Written out: a field that is added to what the vendor keeps must be thought about here.
ALLOWED = {
    MailRunPiece: "batch piece generation sheets inserts weight_g city office divert posting",
    ManifestFile: "path sha256 bytes pages sheets pieces first last separators",
    ManifestCity: "code name pieces sheets",
    Manifest: "run kind year batch generation batch_class slips inserts by_hand mailing_date layout layout_sha256 "
    "vendor_profile file_form pieces sheets pages separators files cities other_files",
}


@pytest.mark.parametrize("of", ALLOWED, ids=lambda of: of.__name__)
def test_what_the_vendor_keeps_has_only_fields_that_name_nobody(of: type[msgspec.Struct]) -> None:
    assert list(of.__struct_fields__) == ALLOWED[of].split()
    if of is not ManifestCity:  # whose name is that of the city
        personal = {*Addressee.__struct_fields__, *(c.key for t in TABLES for c in t.columns)}
        assert not personal & set(of.__struct_fields__)


def test_the_names_in_a_manifest_are_those_of_cities() -> None:
    text = json.dumps(json.loads(manifest_bytes(A_MANIFEST)), ensure_ascii=False)
    names = {city.name for city in reference.cities().values()}
    assert {"草津市"} == {name for name in names if name in text}
