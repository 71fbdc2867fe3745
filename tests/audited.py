"""A run of two small cities up to its closing, with one notice rejected, one pulled after release, and reprints."""

from __future__ import annotations

from pathlib import Path

from tests.handin import KUSATSU, MORIYAMA, RUN, Desk, HandIn, notice_number

BAD, PULLED, LAST = 3, 5, 12
MARKER = "標識蓬莱"


def release(home: Path) -> Desk:
    """The run as the vendor gets it."""
    desk = Desk(home)
    assert desk("run", "open", "property_tax", 2026).code == 0
    first = HandIn(KUSATSU, LAST).set("notices", BAD, "敬称", "")
    for row in range(1, LAST + 1):
        first.set("notices", row, "方書", MARKER)
    for handin in (first, HandIn(MORIYAMA, 2)):
        assert desk.submit(handin).code == 0
    desk.go()
    desk.approve()
    assert desk("release", RUN).code == 0
    return desk


def report(desk: Desk) -> None:
    """One report of the made-up inserter."""
    file = desk.home.with_name(f"{desk.home.name}-scans.csv")
    assert desk("sample", "scans", RUN, file).code == 0
    assert desk("scans", "load", RUN, file).code in (0, 3)


def close(desk: Desk) -> Desk:
    """Pull a notice, take the reports, make the reprints, and close."""
    told = desk("pull", "order", RUN, KUSATSU, notice_number(PULLED), "--reason", "death")
    assert told.code == 0, told.err
    report(desk)
    told = desk("run", "reprint", RUN)
    assert told.code == 0, told.err
    desk.go()
    assert desk("release", RUN).code == 0
    report(desk)
    desk.go()
    assert desk.status()["status"] == "closed"
    return desk
