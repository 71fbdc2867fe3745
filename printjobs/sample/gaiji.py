"""Made-up gaiji of two cities, and the list of them as the council would have it (統一外字表).

The same code is another character in each of the two. U+E000 is never settled: every city has one notice with it
that must be set aside.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from printjobs.core.gaiji import HEADERS, STATE_NAMES, Entry, State, character

LIST = "gaiji.csv"
UNSETTLED, OWN, OWN_BY_MJ = "\ue000", "\ue001", "\ue002"
_WHO = {"by": "見本の係", "date": "2026-03-02", "ground": "見本の原票との照合"}

TABLE = (
    Entry("252069", "standard", "U+E001", State.SETTLED, text="﨑", **_WHO),
    # A form that only IPAmj Mincho has. The text is given too, for machines without that face.
    Entry("252069", "standard", "U+E002", State.SETTLED, mj="MJ026193", text="邉\U000e011f", **_WHO),
    Entry("252093", "standard", "U+E000", State.PROVISIONAL, text="濵", **_WHO),
    Entry("252093", "standard", "U+E001", State.SETTLED, text="栁", **_WHO),
)


def settled(city: str) -> dict[str, str]:
    """What is printed for each of a city's characters that the list settles."""
    return {character(e.code): e.replacement for e in TABLE if e.city == city and e.state is State.SETTLED}


def write_list(directory: Path) -> None:
    """Write the list as ``printjobs gaiji import`` takes it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADERS.values())
    for entry in TABLE:
        cells = {key: getattr(entry, key) for key in HEADERS} | {"state": STATE_NAMES[entry.state]}
        writer.writerow(cells.values())
    (directory / LIST).write_bytes(text.getvalue().encode("utf-8-sig"))
