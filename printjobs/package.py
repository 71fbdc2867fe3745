"""What goes to the vendor beside the PDFs: mail-run file, checksums, manifest. All without personal data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from printjobs.reference import MailRunColumn


class MailRunPiece(msgspec.Struct, frozen=True):
    """What the inserter is told of one piece; ``inserts`` is the feeder bit set, weight in whole grams.

    ``posting``: what is mailed together, and which label of it the pieces go under; 0 is without discount.
    """

    batch: str
    piece: int
    generation: int
    sheets: int
    inserts: int
    weight_g: int
    city: str
    office: str
    divert: int
    posting: int


def mailrun_csv(pieces: Iterable[MailRunPiece], columns: Sequence[MailRunColumn]) -> bytes:
    """UTF-8 with a byte order mark, so that a spreadsheet shows the titles right."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([c.title for c in columns])
    writer.writerows([getattr(p, c.name) for c in columns] for p in pieces)
    return text.getvalue().encode("utf-8-sig")


def mailrun_fixed(pieces: Iterable[MailRunPiece], columns: Sequence[MailRunColumn]) -> bytes:
    """One ASCII line per piece, CR LF; ValueError when a value is wider than its column."""
    lines = []
    for piece in pieces:
        line = ""
        for column in columns:
            text = str(getattr(piece, column.name))
            if len(text) > column.width:
                raise ValueError(f"{column.name} of piece {piece.piece} is wider than {column.width}")
            line += text.rjust(column.width, "0") if column.number else text.ljust(column.width)
        lines.append(line)
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def read_mailrun_fixed(data: bytes, columns: Sequence[MailRunColumn]) -> list[MailRunPiece]:
    """The same pieces back from the fixed-width form."""
    pieces = []
    for line in data.decode("ascii").splitlines():
        values: dict[str, str | int] = {}
        at = 0
        for column in columns:
            text = line[at : at + column.width]
            values[column.name] = int(text) if column.number else text.rstrip()
            at += column.width
        pieces.append(msgspec.convert(values, MailRunPiece))
    return pieces


def checksums(sha256_by_name: Mapping[str, str]) -> bytes:
    """A file that ``sha256sum --check`` takes."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sha256_by_name.items())).encode()


class ManifestFile(msgspec.Struct, frozen=True):
    """A print file as the vendor must find it. ``first`` and ``last`` are piece numbers."""

    path: str
    sha256: str
    bytes: int
    pages: int
    sheets: int
    pieces: int
    first: int
    last: int
    separators: int


class ManifestOther(msgspec.Struct, frozen=True):
    """A file of the package that is not printed for citizens: mail-run file, job sheet, checksums."""

    path: str
    sha256: str
    bytes: int


class ManifestCity(msgspec.Struct, frozen=True):
    code: str
    name: str
    pieces: int
    sheets: int


class Manifest(msgspec.Struct, frozen=True):
    """The contract with the vendor for one batch; written last, so its presence means all is there."""

    run: str
    kind: str
    year: int
    batch: str
    generation: int
    batch_class: str
    slips: bool
    inserts: int
    by_hand: bool
    mailing_date: str
    layout: str
    layout_sha256: str
    vendor_profile: str
    file_form: str
    pieces: int
    sheets: int
    pages: int
    separators: int
    files: tuple[ManifestFile, ...]
    cities: tuple[ManifestCity, ...]
    other_files: tuple[ManifestOther, ...]


def read_manifest(data: bytes) -> Manifest:
    return msgspec.json.decode(data, type=Manifest)


def manifest_bytes(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
