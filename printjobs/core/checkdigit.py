"""Check digits of the numbers that a city hands in. They are verified, never made up."""

from __future__ import annotations


def local_government_code(prefecture_and_city: str) -> str:
    """Six-digit local government code (全国地方公共団体コード) of a five-digit one.

    Weights 6 to 2 from the left, modulus 11; a result of 10 or 11 keeps its last digit.
    """
    total = sum(int(d) * w for d, w in zip(prefecture_and_city, (6, 5, 4, 3, 2), strict=True))
    return prefecture_and_city + str((11 - total % 11) % 10)


def addressee_number_digit(body: str) -> str:
    """Check digit of an addressee number (宛名番号): modulus 11, weights 2 to 7 from the right.

    Source: standard specification for the resident register, 1.1.13. Remainder 0 gives 0. What
    remainder 1 gives is not written there; the usual 0 is taken.
    """
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(body)))
    return str((11 - total % 11) % 11 % 10)
