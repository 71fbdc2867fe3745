"""The output profile that says "black ink only": ICC 2.1, class ``prtr``, grey, put together from its parts.

The profiles that a Linux system ships are of other classes or another licence, and a press's own comes from its
owner (vendor profile, ``icc``).
"""

from __future__ import annotations

from functools import cache
from struct import pack

from printjobs.reference import OutputProfile

_NAME = "Black ink only"
_MADE = (2026, 1, 1, 0, 0, 0)  # of the profile, not of a file: the same bytes for ever
_D50 = pack(">3i", 0xF6D6, 0x10000, 0xD32D)  # the white that ICC reckons from
_STEPS = 64


@cache
def grey() -> OutputProfile:
    """The profile of one channel, 464 bytes.

    Its tone curve is sRGB's, in 64 steps: a viewer that has colour management takes grey for that without a
    profile. With a plain gamma of 2.2 MuPDF shows a field of 8 % by one level of 255 lighter than in a file without.
    """
    white = b"XYZ \0\0\0\0" + _D50
    tones = [round(65535 * _linear(i / (_STEPS - 1))) for i in range(_STEPS)]
    curve = pack(f">4s4xI{_STEPS}H", b"curv", _STEPS, *tones)
    tags = {b"desc": _description(_NAME), b"cprt": b"text\0\0\0\0CC0 1.0\0", b"wtpt": white, b"kTRC": curve}
    start = 128 + 4 + 12 * len(tags)
    table, body = pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    version, size = 0x02100000, start + len(body)
    head = pack(">I4xI4s4s4s6H4s28x", size, version, b"prtr", b"GRAY", b"XYZ ", *_MADE, b"acsp") + _D50 + bytes(48)
    return OutputProfile(_NAME, 1, head + table + body)


def _linear(value: float) -> float:
    """Light of an sRGB value, both 0 to 1 (IEC 61966-2-1)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _description(text: str) -> bytes:
    """A description in ASCII; its places for Unicode and for Macintosh script are there and empty."""
    return pack(">4s4xI", b"desc", len(text) + 1) + text.encode("ascii") + bytes(1 + 4 + 4 + 2 + 1 + 67)
