"""What a layout says in a city's name: its texts, its seal, and how its slips are paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from printjobs import reference
from printjobs.core import japanese
from printjobs.core.kinds import Kind
from printjobs.reference import City
from printjobs.reference.profile import Profile, profiles, seal_bits

from .payment import Payer


class Seal(NamedTuple):
    """A seal's pixels (rows padded to bytes, 1 is black) and its width in mm."""

    width: int
    height: int
    data: bytes
    mm: float


class CityText(NamedTuple):
    """``values`` fill ``{city.name}`` and ``{run.year}``; ``seal`` is None for 公印省略."""

    values: Mapping[str, str]
    seal: Seal | None
    payer: Payer


def city_texts(kind: Kind, year: int, mailing_date: str) -> dict[str, CityText]:
    """By city code; raises :class:`UsageError` for a year that has no profiles."""
    found = {}
    for code, profile in profiles(kind.code, year).items():
        biller = reference.marks().biller
        if profile.organisation:
            biller = msgspec.structs.replace(biller, organisation=profile.organisation)
        seal = Seal(*seal_bits(profile.seal), profile.seal.mm) if profile.seal else None
        payer = Payer(kind, code, year, biller, el_qr=profile.el_qr, mpn=profile.mpn)
        values = _values(reference.cities()[code], profile, year, mailing_date)
        found[code] = CityText({**values, "city.biller": biller.organisation}, seal, payer)
    return found


def _values(city: City, profile: Profile, year: int, mailing_date: str) -> dict[str, str]:
    values = {
        "run.year": japanese.era_year(year),
        "run.next_year": japanese.era_year(year + 1),
        "run.mailing_date": japanese.era_date(mailing_date),
        "city.name": city.name,
        "city.zip": f"{city.postal_code[:3]}-{city.postal_code[3:]}",
        "city.address": city.address,
        "city.office": profile.office,
        "city.telephone": profile.telephone,
        "city.mayor": profile.mayor,
        "city.address_parts": ",".join(profile.address_parts),
        "city.el_qr": "あり" if profile.el_qr else "なし",
        "city.mpn": "あり" if profile.mpn else "なし",
        "city.barcode": "あり" if profile.company else "なし",
        "city.unit": profile.unit,
    }
    for period, due in enumerate(profile.due, start=1):
        values[f"city.due_{period}"] = japanese.era_date(due)
    for key, text in profile.values.items():
        # A longer text may name the city; one pass, so a value cannot call itself.
        filled = text
        for name in ("city.name", "city.office", "city.telephone", "run.year"):
            filled = filled.replace(f"{{{name}}}", values[name])
        values[f"city.{key}"] = filled
    return values
