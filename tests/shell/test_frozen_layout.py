"""A layout that a released run was printed with stays as it is: a change is a new version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.handin import RUN, Desk, HandIn


def test_a_layout_that_changed_after_it_was_released_opens_no_run(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    assert desk("run", "open", "property_tax", 2026).code == 0
    assert desk.submit(HandIn()).code == 0
    desk.go()
    assert desk("run", "open", "property_tax", 2026).code == 0, "nothing is released yet"
    desk.approve()
    assert desk("release", RUN).code == 0
    assert desk("run", "open", "property_tax", 2026).code == 0, "the same layout may be used again"
    with closing(sqlite3.connect(desk.home / "printjobs.db")) as database, database:
        database.execute("UPDATE run SET layout_sha256 = 'as it was' WHERE id = ?", (RUN,))
    told = desk("run", "open", "property_tax", 2026)
    assert told.code == 3
    assert "property_tax-2026-1" in told.err
    assert "新しい版" in told.err


def test_a_run_goes_on_only_with_the_profiles_that_it_was_opened_with(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    assert desk("run", "open", "property_tax", 2026).code == 0
    with closing(sqlite3.connect(desk.home / "printjobs.db")) as database, database:
        database.execute("UPDATE run SET profiles_sha256 = 'others'")
    told = desk.submit(HandIn())
    assert told.code == 3
    assert "市の設定" in told.err
