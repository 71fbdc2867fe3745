"""Which characters every Japanese system has, so that only the others need a list."""

from __future__ import annotations

import re
from functools import cache

_ROWS = (*range(1, 9), *range(16, 85))  # of JIS X 0208; rows 9 to 15 are vendors' own
_CELLS = range(1, 95)


def _shift_jis(row: int, cell: int) -> bytes:
    """Row and cell (区点) as Shift_JIS has them (JIS X 0208, appendix 1)."""
    lead = (row + 1) // 2 + (0x80 if row < 63 else 0xC0)
    trail = cell + (0x9E if row % 2 == 0 else 0x3F if cell < 64 else 0x40)
    return bytes((lead, trail))


@cache
def ordinary() -> frozenset[str]:
    """ASCII, half-width katakana, and JIS X 0208 as both Unix and Windows write it.

    The two differ in a few signs (－ is U+2212 or U+FF0D), and neither is rare.
    """
    found = {chr(code) for code in (*range(0x20, 0x7F), *range(0xFF61, 0xFFA0))}
    for row in _ROWS:
        for cell in _CELLS:
            found.add(bytes((row + 0xA0, cell + 0xA0)).decode("euc_jp", "ignore"))
            found.add(_shift_jis(row, cell).decode("cp932", "ignore"))
    return frozenset(found - {""})


@cache
def unusual() -> re.Pattern[str]:
    """A pattern for one character that is not ordinary: every text that is printed is searched for one."""
    return re.compile(f"[^{re.escape(''.join(sorted(ordinary())))}]")
