"""The mark of our own on every sheet, by which a camera knows it.

The sheet mark is 34 characters of upper-case Crockford base32, fixed width, no separators, so
that every sheet's QR is the same version (2-M) and size. It names no person. The last eight
characters are a keyed check code (40 bits of BLAKE2s): a foreign or forged sheet is seen.
"""

from __future__ import annotations

from hashlib import blake2s
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {c: i for i, c in enumerate(ALPHABET)}
_PAIR = [a + b for a in ALPHABET for b in ALPHABET]

VERSION = "1"
LENGTH = 34
CHECK_LENGTH = 8
END_OF_PIECE, SEPARATOR, HAND_WORK = 1, 2, 4  # flags
MAX_SHEETS = 32**2 - 1
MAX_GENERATION = 31


class SheetMark(NamedTuple):
    """One sheet of one piece of one batch. Separators have ``sheet`` 0 and the next piece's number.

    ``inserts`` is a bit set of the feeders (ten at most) that add to this piece.
    """

    run: str
    batch: int
    piece: int
    sheet: int
    of: int
    generation: int
    flags: int
    inserts: int


def base32(value: int, width: int) -> str:
    """``value`` in Crockford base32, ``width`` characters; ValueError when it does not fit."""
    text = ""
    for _ in range((width + 1) // 2):
        text = _PAIR[value & 1023] + text
        value >>= 10
    if value or (width % 2 and text[0] != "0"):
        raise ValueError(f"does not fit {width} base32 characters")
    return text[-width:]


def run_code(run_id: str) -> str:
    """Six characters that stand for a run in its marks: the same on every machine."""
    return base32(int.from_bytes(blake2s(run_id.encode(), digest_size=4).digest()) >> 2, 6)


def run_key(secret: bytes, run_id: str) -> bytes:
    """The key of a run's check codes, derived from the operator's secret."""
    return blake2s(b"sheet mark " + run_id.encode(), key=blake2s(secret).digest()).digest()


def check_code(body: str, key: bytes) -> str:
    return base32(int.from_bytes(blake2s(body.encode(), key=key, digest_size=5).digest()), CHECK_LENGTH)


def encode(mark: SheetMark, key: bytes) -> str:
    """The 34 characters of a sheet mark; ValueError when a value does not fit its place."""
    if len(mark.run) != 6 or not set(mark.run) <= _VALUE.keys():
        raise ValueError("the run of a mark is six base32 characters")
    body = (
        VERSION
        + mark.run
        + base32(mark.batch, 5)
        + base32(mark.piece, 6)
        + base32(mark.sheet, 2)
        + base32(mark.of, 2)
        + base32(mark.generation, 1)
        + base32(mark.flags, 1)
        + base32(mark.inserts, 2)
    )
    return body + check_code(body, key)


def _number(text: str) -> int:
    value = 0
    for c in text:
        value = value * 32 + _VALUE[c]
    return value


def decode(text: str, key: bytes) -> SheetMark | None:
    """The mark that ``text`` says, or None when it is foreign, forged or damaged."""
    mark = claimed(text)
    return mark if mark and check_code(text[:-CHECK_LENGTH], key) == text[-CHECK_LENGTH:] else None


def claimed(text: str) -> SheetMark | None:
    """What ``text`` says, be it forged: only good to look up whose key it is to be decoded with. None if damaged."""
    if len(text) != LENGTH or text[0] != VERSION or not set(text) <= _VALUE.keys():
        return None
    return SheetMark(
        run=text[1:7],
        batch=_number(text[7:12]),
        piece=_number(text[12:18]),
        sheet=_number(text[18:20]),
        of=_number(text[20:22]),
        generation=_number(text[22]),
        flags=_number(text[23]),
        inserts=_number(text[24:26]),
    )
