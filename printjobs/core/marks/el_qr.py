"""The QR of local taxes (eL-QR, 地方税統一QRコード): 255 digits in parts of tag, length and value.

Sources: MPM guideline 3.0 of the Payments Japan Association (EMVCo's merchant-presented form) and the Ministry
of Internal Affairs' description of the local tax QR, known from public implementations and proven on published
examples. Codes of taxes and bodies are to be confirmed with 地方税共同機構 before the first real slip.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from . import mpn

LENGTH = 255
_TAGS = (("00", 2), ("01", 2), ("27", 96), ("54", 11), ("62", 26), ("80", 85), ("63", 5))
_BILLER_TAGS = (("00", 5), ("01", 83))
_LINES = slice(29, 29 + mpn.UPPER_LENGTH + mpn.LOWER_LENGTH)  # where the MPN lines stand
_VERSION, _DYNAMIC, _CRC_HEAD = "01", "12", "6305"


class ElQr(NamedTuple):
    """What an eL-QR says. The MPN lines of the same slip are inside, and their numbers are these.

    ``amount`` is whole yen. ``organisation`` is the 収納機関番号, ``division`` the 納付区分 (code of the tax),
    ``payment_number`` the 案件特定キー, ``city`` the five digits of the local government code, ``levy_year`` the
    賦課年度, ``tax_year`` the 課税年度, ``period`` the 期別; ``due`` and ``accept_until`` are ISO dates (納期限,
    支払期限). What has a value of zeros is kept free by the form: ``extra`` is its 付加情報2.
    """

    account: str
    amount: int
    fee: str
    organisation: str
    stamp: str
    division: str
    payment_number: str
    confirmation: str
    city: str
    office: str
    levy_year: int
    tax_year: int
    period: int
    due: str
    accept_until: str
    area: str = "0"
    upper_rest: str = "00000"
    lower_rest: str = "0000000"
    extra: str = "0" * 85


def crc(body: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 0x1021, first value 0xFFFF) of the digits before it, as five decimal digits."""
    return f"{crc_hqx(body.encode(), 0xFFFF):05d}"


def build(parts: ElQr) -> str:
    """The 255 digits; ValueError when a value does not fit its place."""
    p = parts
    upper = mpn.Upper(p.account, p.amount, p.fee, p.organisation, p.stamp, p.division, p.upper_rest)
    lower = mpn.Lower(p.payment_number, p.confirmation, p.area, p.city, p.office, p.lower_rest)
    dates = [_compact(day) for day in (p.due, p.accept_until)]
    biller = _write(_BILLER_TAGS, (p.organisation, mpn.upper(upper) + mpn.lower(lower)))
    reference = f"{p.levy_year:04d}{p.tax_year:04d}{p.period:02d}{''.join(dates)}"
    body = _write(_TAGS[:-1], (_VERSION, _DYNAMIC, biller, f"{p.amount:011d}", reference, p.extra)) + _CRC_HEAD
    return body + crc(body)


@lru_cache(maxsize=1000)
def _compact(day: str) -> str:
    """An ISO date as eight digits; a run has a few dozen. ValueError for what is no date."""
    return date.fromisoformat(day).isoformat().replace("-", "")


def mpn_lines(digits: str) -> tuple[str, str]:
    """The upper and the lower OCR line of the slip that these 255 digits are printed on, 39 and 44 digits."""
    lines = digits[_LINES]
    return lines[: mpn.UPPER_LENGTH], lines[mpn.UPPER_LENGTH :]


def parse(digits: str) -> ElQr:
    """What 255 digits say; ValueError tells the first of :func:`faults`."""
    if found := faults(digits):
        raise ValueError(f"not an eL-QR: {found[0]}")
    return _read_parts(digits)


def faults(digits: str, expected: Mapping[str, Any] | None = None) -> list[str]:
    """What is wrong with the digits, as codes; empty when nothing is.

    By themselves: ``length``, ``crc`` and ``structure`` (each alone), ``upper_check``, ``lower_check``, ``dates``,
    and ``amount`` or ``organisation`` where the two places that say it differ. ``expected`` holds what the row
    says that the symbol stands beside, by the names of :class:`ElQr`; a name is its own code.
    """
    if len(digits) != LENGTH or not (digits.isascii() and digits.isdecimal()):
        return ["length"]
    if crc(digits[:-5]) != digits[-5:]:
        return ["crc"]
    values = _read(_TAGS, digits)
    biller = _read(_BILLER_TAGS, values[2]) if values else None
    if not (values and biller) or values[:2] != [_VERSION, _DYNAMIC]:
        return ["structure"]
    upper, lower = mpn_lines(digits)
    wrong = {
        "upper_check": not mpn.holds(upper),
        "lower_check": not mpn.holds(lower),
        "dates": not (_is_date(values[4][10:18]) and _is_date(values[4][18:])),
        "amount": upper[13:24] != values[3],
        "organisation": upper[25:30] != biller[0],
    }
    found = [code for code, is_wrong in wrong.items() if is_wrong]
    if found or not expected:
        return found
    said = _read_parts(digits)._asdict()
    return [name for name, value in expected.items() if said[name] != value]


def _read_parts(digits: str) -> ElQr:
    """The parts of digits that have no fault."""
    upper, lower = (mpn.read_upper(mpn_lines(digits)[0]), mpn.read_lower(mpn_lines(digits)[1]))
    values = _read(_TAGS, digits) or []
    return ElQr(
        *upper[:-1], *lower[:2], lower.city, lower.office,
        levy_year=int(values[4][:4]),
        tax_year=int(values[4][4:8]),
        period=int(values[4][8:10]),
        due=_iso(values[4][10:18]),
        accept_until=_iso(values[4][18:]),
        area=lower.area,
        upper_rest=upper.rest,
        lower_rest=lower.rest,
        extra=values[5],
    )  # fmt: skip


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _is_date(day: str) -> bool:
    try:
        return bool(date.fromisoformat(_iso(day)))
    except ValueError:
        return False


def _write(tags: tuple[tuple[str, int], ...], values: tuple[str, ...]) -> str:
    if wrong := [tag for (tag, length), value in zip(tags, values, strict=True) if len(value) != length]:
        raise ValueError(f"values of the tags {wrong} do not fit their places")
    written = "".join([f"{tag}{length:02d}{value}" for (tag, length), value in zip(tags, values, strict=True)])
    if not (written.isascii() and written.isdecimal()):
        raise ValueError("an eL-QR has digits only")
    return written


def _read(tags: tuple[tuple[str, int], ...], digits: str) -> list[str] | None:
    """The values of tags that must stand in this order with these lengths; None when they do not."""
    found, place = [], 0
    for tag, length in tags:
        if digits[place : place + 4] != f"{tag}{length:02d}":
            return None
        found.append(digits[place + 4 : place + 4 + length])
        place += 4 + length
    return found if place == len(digits) else None
