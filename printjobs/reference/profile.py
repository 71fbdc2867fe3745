"""City profiles (市の設定): what one city's notices of one kind and year say and hold to.

``profiles/YEAR/common.toml`` holds what all cities share, ``profiles/YEAR/CITY.toml`` what one has its own
way; a city's value wins. Layouts stay one for all: they name these values, ``{city.levy}``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta
from PIL import Image

from printjobs.core.kinds import KINDS, Terms
from printjobs.core.marks import gs1_128
from printjobs.core.model import UsageError

from . import City, cities, marks, vendor

LARGEST_SEAL = 25.0  # mm square; 住民記録システム標準仕様書 5.6
_SEALS = "seals"
AddressPart = Literal["address", "building"]


class SealImage(msgspec.Struct, frozen=True):
    """An electronic seal (電子公印): a picture of black and white only, ``mm`` square when printed."""

    image: str
    mm: Annotated[float, Meta(gt=0, le=LARGEST_SEAL)]


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One city, one kind, one year.

    ``office``, ``telephone``: who answers for this kind. ``mayor``: the name under the notice.
    ``address_parts``: the parts of an address in the order this city writes them.
    ``unparsed_address``: what a customer barcode becomes when the address does not parse.
    ``due``: due dates in order of period, ISO. ``company``: six digits of the GS1-128 biller, empty
    for a city whose slips carry no such barcode; ``barcode_number``: where its 21 free digits repeat the end of the
    payment number, and how many digits of it, as the collecting agent says. ``organisation``: the 収納機関番号 of
    a kind that is not paid through 地方税共同機構, empty for those that are. ``el_qr``, ``mpn``: whether slips
    carry them.
    ``values``: further texts that this kind's layout names as ``city.x``.
    """

    office: str
    telephone: str
    mayor: str
    seal: SealImage | None
    address_parts: tuple[AddressPart, ...]
    unparsed_address: Literal["none", "postal_code"]
    due: tuple[str, ...]
    company: str
    organisation: str
    el_qr: bool
    mpn: bool
    unit: Literal["owner", "vehicle"]
    values: dict[str, str]
    barcode_number: tuple[Annotated[int, Meta(ge=0, le=20)], Annotated[int, Meta(ge=0, le=20)]] = (0, 0)

    def terms(self, mailing_date: str) -> Terms:
        """What this city's notices are checked under."""
        rates, amounts = (self.values.get(key, "").split() for key in ("step_rates", "step_amounts"))
        steps = tuple((rate, _yen(amount)) for rate, amount in zip(rates, amounts, strict=True))
        base = _yen(self.values["base"]) if steps else 0
        return Terms(mailing_date, self.due, self.company, self.unit, base, steps, self.barcode_number)


def _yen(written: str) -> int:
    return int(written.replace(",", ""))


def years() -> list[int]:
    """The years that have profiles."""
    return sorted(int(f.name) for f in files(__package__).joinpath("profiles").iterdir() if f.name.isdigit())


@cache
def profiles(kind: str, year: int) -> Mapping[str, Profile]:
    """Every member's profile by code; :class:`UsageError` for a year without profiles.

    What is wrong in a profile file is a ValueError that names the file: it is ours to mend.
    """
    if year not in years():
        raise UsageError(f"{year}年度の市の設定がありません。printjobs/reference/profiles/{year} に置いてください。")
    common = _read(year, "common")
    return {code: _profile(kind, year, common, city) for code, city in cities().items()}


def _read(year: int, name: str) -> dict[str, Any]:
    path = files(__package__).joinpath("profiles", str(year), f"{name}.toml")
    return tomllib.loads(path.read_text("utf-8"))


def _profile(kind: str, year: int, common: dict[str, Any], city: City) -> Profile:
    own = _read(year, city.code)
    values: dict[str, Any] = {
        "due": [], "company": "", "organisation": "", "el_qr": False, "mpn": False, "unit": "owner", "values": {},
    }  # fmt: skip
    for source in (common, own):  # a kind's section wins over the file's own keys, a city over what is common
        values = _over(values, {k: v for k, v in source.items() if k not in KINDS})
        values = _over(values, source.get(kind, {}))
    seal = values.pop("seal", None)
    try:
        profile = msgspec.convert({**values, "seal": seal or None}, Profile)
        if profile.seal:
            seal_bits(profile.seal)
    except (msgspec.ValidationError, ValueError) as error:
        raise ValueError(f"profiles/{year}/{city.code}.toml, {kind}: {error}") from error
    if sorted(profile.address_parts) != sorted(get_args(AddressPart)):  # one left out is a notice not delivered
        raise ValueError(f"profiles/{year}/{city.code}.toml, {kind}: address_parts are both parts in their order")
    if sum(profile.barcode_number) > gs1_128.FREE:
        raise ValueError(f"profiles/{year}/{city.code}.toml, {kind}: barcode_number leaves the free part")
    return profile


def _over(values: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    return {**values, **newer, "values": values["values"] | newer.get("values", {})}


@cache
def seal_bits(seal: SealImage) -> tuple[int, int, bytes]:
    """Width, height and rows (padded to bytes, 1 is black) of a seal; ValueError when it has other tones."""
    data = files(__package__).joinpath(_SEALS, seal.image).read_bytes()
    with Image.open(BytesIO(data)) as picture:
        grey = picture.convert("L")
    if set(grey.tobytes()) - {0, 255}:
        raise ValueError(f"{seal.image}: a seal is black and white only, without tones")
    inverted = grey.point([255 if v == 0 else 0 for v in range(256)]).convert("1", dither=Image.Dither.NONE)
    return grey.width, grey.height, inverted.tobytes()


def digest(kind: str, year: int) -> str:
    """SHA-256 over all that the settings put on paper, the layout and its faces apart: what a run is pinned to.

    Beside the profiles that is the sender's block, the marks with who is paid, and how the vendor's press and
    camera want a sheet: what a city signed with one account number may not be printed with another.
    """
    found = profiles(kind, year)
    senders = [(c.code, c.name, c.postal_code, c.address) for c in cities().values()]
    press = vendor()
    settings = (found, senders, marks(), press.print_.dpi, press.mark)
    parts = [msgspec.json.encode(settings)]
    parts += [seal_bits(p.seal)[2] for p in found.values() if p.seal]
    return sha256(b"\x1f".join(parts)).hexdigest()
