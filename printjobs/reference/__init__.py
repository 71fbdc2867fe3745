"""The council's own tables as data files beside this module: members, vendor profile, tariffs.

They are read once and handed to ``core`` as values. Nothing in here depends on the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import PurePath
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta
from PIL import ImageCms

from printjobs.core.checkdigit import local_government_code
from printjobs.core.model import UsageError
from printjobs.core.pace import Pace
from printjobs.core.postage.bundling import Limits
from printjobs.core.timetable import Speed
from printjobs.core.weighing import Thickness, Weights


class City(msgspec.Struct, frozen=True):
    """A member of the council: six-digit code, its days in the council, and the sender block of its notices.

    ``joined`` is its first day as a member, ``left`` its first day outside again; ISO, empty for a member.
    """

    code: str
    name: str
    joined: str
    postal_code: str
    address: str
    taxpayers: dict[str, int]
    left: str = ""


PAGES_PER_SHEET = 2  # a back for every front, blank ones too: on the press a missing back shifts every later sheet
FILE_FORMS = {"pdf": "PDF 1.6", "pdfx4": "PDF/X-4", "pdfvt1": "PDF/VT-1"}
_CHANNELS = {"GRAY": 1, "CMYK": 4}  # the spaces of a press in which DeviceGray is its black ink


class OutputProfile(NamedTuple):
    """An ICC profile of class ``prtr``: its own description, its channels, its bytes."""

    name: str
    channels: int
    data: bytes


class PrintProfile(msgspec.Struct, frozen=True):
    """What the press takes: device resolution in dpi, the limits of one print file, its form (:data:`FILE_FORMS`).

    ``icc``: the press's own output profile for the forms that carry one, a file beside vendor.toml; else empty.
    """

    dpi: int
    file_pieces: int
    file_pages: int
    file_form: str
    icc: str = ""


class InsertProfile(msgspec.Struct, frozen=True):
    """What the inserter takes: pieces of one batch, sheets of each class, mm of a piece, reprints in percent."""

    batch_pieces: int
    sheet_classes: tuple[int, ...]
    thickest_mm: Decimal
    reprint_ceiling_percent: float


class MarkPlace(msgspec.Struct, frozen=True):
    """Where the sheet QR stands: mm from the top left of the front, module in device dots."""

    x: float
    y: float
    module_dots: int
    quiet_modules: int
    clear: float


class CheckProfile(msgspec.Struct, frozen=True):
    """``one_in``: of so many pieces one is also read back from pixels, 0 for none but a file's first and last."""

    one_in: Annotated[int, Meta(ge=0)]


class Vendor(msgspec.Struct, frozen=True, rename={"print_": "print"}):
    """The vendor profile (受託者の機械)."""

    name: str
    print_: PrintProfile
    insert: InsertProfile
    weight: Weights
    thickness: Thickness
    bundle: Limits
    mark: MarkPlace
    check: CheckProfile
    speed: Speed
    pace: Pace


class _Council(msgspec.Struct, frozen=True):
    cities: tuple[City, ...]


def _read(name: str) -> bytes:
    return files(__name__).joinpath(name).read_bytes()


@cache
def cities() -> dict[str, City]:
    """Members by code, in code order; ValueError for a code whose check digit is wrong."""
    council = msgspec.toml.decode(_read("council.toml"), type=_Council)
    if wrong := [c.code for c in council.cities if local_government_code(c.code[:5]) != c.code]:
        raise ValueError(f"council.toml has local government codes that cannot be: {wrong}")
    return {c.code: c for c in sorted(council.cities, key=lambda c: c.code)}


def members(day: str) -> dict[str, City]:
    """Who is a member on an ISO day, by code."""
    return {code: c for code, c in cities().items() if c.joined <= day and not (c.left and c.left <= day)}


def city(code: str) -> City:
    """One member; :class:`UsageError` lists the known codes."""
    known = cities()
    if code not in known:
        raise UsageError(f"市コード {code} は構成市にありません。次から選んでください: " + "、".join(known))
    return known[code]


def code_of(named: str, known: Mapping[str, str], what: str) -> str:
    """The code of a city that people name by it or by its name; ``known`` are names by code.

    :class:`UsageError` says ``what`` they are, and lists them.
    """
    for code, name in known.items():
        if named in (code, name):
            return code
    told = "、".join(f"{code} {name}" for code, name in known.items())
    raise UsageError(f"{named} は{what}にありません。次から選んでください: {told}")


@cache
def vendor() -> Vendor:
    """The vendor profile; :class:`UsageError` for a form of print file that nobody knows."""
    found = msgspec.toml.decode(_read("vendor.toml"), type=Vendor)
    if found.print_.file_form not in FILE_FORMS:
        raise UsageError(
            f"vendor.toml の file_form「{found.print_.file_form}」は扱えません。"
            f"{'、'.join(FILE_FORMS)} のどれかにしてください。"
        )
    return found


def output_profile() -> OutputProfile | None:
    """The press's own output profile, None when the vendor has given none.

    :class:`UsageError` when the file is not there or is no profile of a press that prints black.
    """
    name = vendor().print_.icc
    return _output_profile(name) if name else None


@cache
def _output_profile(name: str) -> OutputProfile:
    told = f"vendor.toml の icc「{name}」"
    if PurePath(name).name != name or not files(__name__).joinpath(name).is_file():
        raise UsageError(f"{told}がありません。vendor.toml と同じフォルダに置き、ファイル名だけを書いてください。")
    data = _read(name)
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(data)).profile
    except OSError:
        raise UsageError(f"{told}は ICC プロファイルとして読めません。印刷機のプロファイルに替えてください。") from None
    channels = _CHANNELS.get(profile.xcolor_space, 0)
    if profile.device_class != "prtr" or not channels:
        raise UsageError(
            f"{told}は出力用（prtr）の{'・'.join(_CHANNELS)}のプロファイルではありません"
            f"（{profile.device_class}、{profile.xcolor_space.strip()}）。印刷機のプロファイルに替えてください。"
        )
    return OutputProfile((profile.profile_description or name).strip(), channels, data)


class CustomerBarcode(msgspec.Struct, frozen=True):
    """The customer barcode's size in points, 8 to 11.5."""

    points: float


class PaymentBarcode(msgspec.Struct, frozen=True):
    """GS1-128: device dots of a module by dpi, height in mm, and the points of the lines below."""

    height: float
    text_points: float
    module_dots: dict[int, int]


class LocalTaxQr(msgspec.Struct, frozen=True):
    """eL-QR: device dots of a module by dpi."""

    version: int
    level: str
    module_dots: dict[int, int]


class Biller(msgspec.Struct, frozen=True):
    """What the numbers to pay with say of who is paid: all digits, in the widths of their places."""

    organisation: str
    account: str
    fee: str
    stamp: str
    office: str


class Marks(msgspec.Struct, frozen=True):
    """How the marks are drawn that others read, and what is the same on every slip."""

    customer_barcode: CustomerBarcode
    gs1_128: PaymentBarcode
    el_qr: LocalTaxQr
    biller: Biller


@cache
def marks() -> Marks:
    return msgspec.toml.decode(_read("marks.toml"), type=Marks, strict=False)  # dpi are keys, and those are text


class MailRunColumn(msgspec.Struct, frozen=True):
    """One column of the mail-run file, in both of its forms; ``width`` in characters."""

    name: str
    title: str
    width: int
    number: bool


class MailRun(msgspec.Struct, frozen=True):
    """Columns of the mail-run file."""

    columns: tuple[MailRunColumn, ...]


@cache
def mailrun() -> MailRun:
    return msgspec.toml.decode(_read("mailrun.toml"), type=MailRun)


@cache
def pull_reasons() -> dict[str, str]:
    """Why a city pulls a notice (引抜き): code and Japanese word, in the order in which they are offered."""
    return msgspec.toml.decode(_read("pulls.toml"), type=dict[str, dict[str, str]])["reasons"]
