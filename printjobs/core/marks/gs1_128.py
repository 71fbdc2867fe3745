"""The barcode that a convenience store reads (標準料金代理収納, GS1-128): 44 digits and their bars.

Sources: GS1 Japan, guideline for payment by GS1-128, 6th edition (2024-03); ISO/IEC 15417 for the bars.
The numbers are assigned by the tax office. They are compared and drawn here, never made up.
"""

from __future__ import annotations

from datetime import date
from operator import mul
from typing import NamedTuple

IDENTIFIER = "91"  # the application identifier of payments
LENGTH = 44
FREE = 21  # digits whose meaning is the collecting agent's affair
MOST_YEN = 300_000  # a slip over this has no barcode: stores do not take it
NO_LIMIT = "999999"  # accepted for ever (支払期限なし)
MODULES = 288  # start, FNC1, 22 pairs and the check symbol of 11 modules each, stop of 13
QUIET_MODULES = 10
MOST_WIDTH = 60.0  # mm, with the quiet zones
LEAST_HEIGHT = 10.0  # mm

_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112"
)  # bar, space, bar, ... of symbol values 0 to 106, in modules
_START_C, _FNC1, _STOP = 105, 102, 106


def _modules(widths: str) -> str:
    return "".join(("0" if i % 2 else "1") * int(width) for i, width in enumerate(widths))


_PATTERNS = tuple(map(_modules, _WIDTHS.split()))


class Payment(NamedTuple):
    """What the 44 digits say.

    ``company``: six digits of the biller (請求書発行企業コード). ``free``: 21 digits whose meaning is the
    collecting agent's affair. ``due``: ISO date until which stores take it, empty for no limit.
    ``stamp``: 1 where the receipt needs a revenue stamp; 0 for public money whatever the amount.
    ``amount``: whole yen.
    """

    company: str
    free: str
    reissue: int
    due: str
    stamp: int
    amount: int


def check_digit(body: str) -> str:
    """Modulus 10, weights 3 and 1 from the right, over all 43 digits with the identifier."""
    codes = body.encode()
    threes, ones = codes[::-2], codes[-2::-2]
    zeros = ord("0") * (3 * len(threes) + len(ones))  # a digit's code is that of 0 and the digit
    return str((zeros - 3 * sum(threes) - sum(ones)) % 10)


def build(payment: Payment) -> str:
    """The 44 digits; ValueError when a value does not fit its place or the amount is not one that stores take."""
    if not 0 < payment.amount <= MOST_YEN:
        raise ValueError(f"a payment barcode is for 1 to {MOST_YEN} yen")
    if len(payment.free) > FREE:
        raise ValueError("the free part is 21 digits at most")
    due = date.fromisoformat(payment.due).strftime("%y%m%d") if payment.due else NO_LIMIT
    free = payment.free.ljust(FREE, "0")
    body = f"{IDENTIFIER}{payment.company}{free}{payment.reissue:d}{due}{payment.stamp:d}{payment.amount:06d}"
    if len(body) != LENGTH - 1 or not _is_digits(body):
        raise ValueError("company is six digits, free part digits, reissue and stamp one digit")
    return body + check_digit(body)


def parse(digits: str) -> Payment:
    """What 44 digits say; ValueError when they are not a payment barcode with its own check digit."""
    if len(digits) != LENGTH or not _is_digits(digits):
        raise ValueError(f"a payment barcode has {LENGTH} digits")
    if digits[:2] != IDENTIFIER:
        raise ValueError(f"a payment barcode begins with {IDENTIFIER}")
    if check_digit(digits[:-1]) != digits[-1]:
        raise ValueError("the check digit does not hold")
    due = digits[30:36]
    iso = "" if due == NO_LIMIT else date(2000 + int(due[:2]), int(due[2:4]), int(due[4:])).isoformat()
    return Payment(digits[2:8], digits[8:29], int(digits[29]), iso, int(digits[36]), int(digits[37:43]))


def faults(digits: str, *, company: str, amount: int, due: str) -> list[str]:
    """Which parts of the digits differ from the slip that they stand on, as codes; empty when none does.

    ``due`` is the ISO date until which the slip is accepted (取扱期限), empty for no limit. Codes: ``length``
    (alone), ``identifier``, ``company``, ``due``, ``stamp``, ``amount``, ``over_limit``, ``check_digit``.
    41,571 slips once went out with the barcodes of their instalments swapped: amount and date catch that.
    """
    if len(digits) != LENGTH or not _is_digits(digits):
        return ["length"]
    limit = due[2:].replace("-", "") if due else NO_LIMIT
    right = check_digit(digits[:-1]) == digits[-1]
    alike = digits[:8] == IDENTIFIER + company and digits[30:43] == f"{limit}0{amount:06d}"
    if alike and right and amount <= MOST_YEN:  # as nearly always: millions are compared
        return []
    differing = {
        "identifier": digits[:2] != IDENTIFIER,
        "company": digits[2:8] != company,
        "due": digits[30:36] != limit,
        "stamp": digits[36] != "0",
        "amount": int(digits[37:43]) != amount,
        "over_limit": amount > MOST_YEN,
        "check_digit": not right,
    }
    return [code for code, differs in differing.items() if differs]


def free_part(digits: str) -> str:
    """The 21 digits of 44 whose meaning is the collecting agent's affair."""
    return digits[8 : 8 + FREE]


def readable(digits: str) -> tuple[str, str]:
    """The two lines that stand below the bars for people.

    Two lines are the rule; where the hyphens stand is custom, to be confirmed with the collecting agent.
    """
    first = f"({digits[:2]}){digits[2:8]}-{digits[8:29]}-{digits[29]}"
    return first, f"{digits[30:36]}-{digits[36]}-{digits[37:43]}-{digits[43]}"


def bars(digits: str) -> str:
    """The 288 modules of a row, ``1`` is dark, without the quiet zones: Code 128 in set C, FNC1 in front."""
    if len(digits) != LENGTH or not _is_digits(digits):
        raise ValueError(f"a payment barcode has {LENGTH} digits")
    values = [int(digits[i : i + 2]) for i in range(0, LENGTH, 2)]
    check = (_START_C + _FNC1 + sum(map(mul, values, range(2, LENGTH)))) % 103
    return "".join([_PATTERNS[value] for value in (_START_C, _FNC1, *values, check, _STOP)])


def width(dots: int, dpi: int) -> float:
    """Millimetres of a symbol with its quiet zones, ``dots`` of the device a module; ValueError above 60 mm."""
    found = (MODULES + 2 * QUIET_MODULES) * dots * 25.4 / dpi
    if found > MOST_WIDTH:
        raise ValueError(f"{dots} dots a module at {dpi} dpi make {found:.1f} mm; {MOST_WIDTH:.0f} mm is the most")
    return found


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
