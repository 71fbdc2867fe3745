"""The two OCR lines of a payment slip (MPN標準帳票): 39 digits above, 44 below, each led by two check digits.

Source: layout and check of Japan Post Bank's MT and MPN slips, known from public implementations and
proven on published examples; where the lines stand and their pitch is the slip's form, not this module's.
"""

from __future__ import annotations

from operator import mul
from typing import NamedTuple

UPPER_LENGTH, LOWER_LENGTH = 39, 44
_UPPER_WIDTHS = (11, 11, 1, 5, 1, 3, 5)
_LOWER_WIDTHS = (20, 6, 1, 5, 3, 7)

_VALUES = {str(digit): digit for digit in range(10)} | {
    "A": 10, "F": 15, "H": 17, "J": 19, "K": 20, "L": 21, "P": 25, "T": 29, "V": 31, "X": 33,
    "*": 36, "+": 37, "-": 38, "#": 39,
}  # fmt: skip


_LONGEST = 64
_SECOND = tuple(1 if i % 2 else 9 - i // 2 % 8 for i in range(_LONGEST))
_FIRST = tuple(1 if i % 2 else 2 + i // 2 % 8 for i in range(_LONGEST))


class Upper(NamedTuple):
    """The upper line without its check: postal account, yen, who bears the fee, organisation, stamp, division, rest.

    ``fee``: 2 where the organisation (収納機関) that is paid bears it. ``division`` is the 納付区分, for local
    taxes the code of the tax.
    """

    account: str
    amount: int
    fee: str
    organisation: str
    stamp: str
    division: str
    rest: str = "00000"


class Lower(NamedTuple):
    """The lower line without its check, as local taxes use it.

    ``payment_number`` is the 案件特定キー (納付番号), ``area`` the one digit that eLTAX keeps, ``city`` the tax body
    (five digits of the local government code, to be confirmed), ``office`` the tax office (000 for a city).
    """

    payment_number: str
    confirmation: str
    area: str
    city: str
    office: str
    rest: str = "0000000"


def check(body: str) -> str:
    """The two check digits that stand in front of ``body``; ValueError for a character without a value, or too many.

    The second is over the body: weights 9 down to 2 at its odd places, 1 at the even ones, modulus 10. The
    first is over that digit and the body: weights 2 up to 9 and 1 in turn, modulus 11 with 10 as 0.
    """
    if len(body) >= _LONGEST:
        raise ValueError(f"an OCR line has less than {_LONGEST} characters")
    if wrong := set(body) - _VALUES.keys():
        raise ValueError(f"an OCR line cannot have {sorted(wrong)}")
    values = tuple(map(_VALUES.__getitem__, body))
    second = sum(map(mul, values, _SECOND)) % 10
    first = sum(map(mul, (second, *values), _FIRST)) % 11 % 10
    return f"{first}{second}"


def holds(line: str) -> bool:
    """Whether a line begins with its own check digits."""
    return len(line) > 2 and set(line) <= _VALUES.keys() and check(line[2:]) == line[:2]


def upper(parts: Upper) -> str:
    """The 39 digits of the upper line; ValueError when a part does not fit its place."""
    return _line((parts.account, f"{parts.amount:011d}", *parts[2:]), _UPPER_WIDTHS)


def lower(parts: Lower) -> str:
    """The 44 digits of the lower line; ValueError when a part does not fit its place."""
    return _line(parts, _LOWER_WIDTHS)


def read_upper(line: str) -> Upper:
    """The parts of an upper line; ValueError when its length or its check digits are wrong."""
    account, amount, *rest = _parts(line, _UPPER_WIDTHS)
    return Upper(account, int(amount), *rest)


def read_lower(line: str) -> Lower:
    """The parts of a lower line; ValueError when its length or its check digits are wrong."""
    return Lower(*_parts(line, _LOWER_WIDTHS))


def _line(parts: tuple[str, ...], widths: tuple[int, ...]) -> str:
    body = "".join(parts)
    if tuple(map(len, parts)) != widths or not (body.isascii() and body.isdecimal()):
        wrong = [i for i, (part, width) in enumerate(zip(parts, widths, strict=True)) if not _is_digits(part, width)]
        raise ValueError(f"parts {wrong} of an OCR line do not fit their places {widths}")
    return check(body) + body


def _parts(line: str, widths: tuple[int, ...]) -> list[str]:
    if not _is_digits(line, 2 + sum(widths)):
        raise ValueError(f"an OCR line has {2 + sum(widths)} digits")
    if not holds(line):
        raise ValueError("the check digits of the OCR line do not hold")
    found, place = [], 2
    for width in widths:
        found.append(line[place : place + width])
        place += width
    return found


def _is_digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdecimal()
