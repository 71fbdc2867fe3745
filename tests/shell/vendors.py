"""A run that is released to its vendor, and accounts of the vendor, for the tests of delivery."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from printjobs.core.kinds import PROPERTY_TAX
from printjobs.pipeline import Context
from printjobs.store import accounts, production, writing
from printjobs.trust.accounts import Accounts
from tests.handin import KUSATSU, RUN, Desk, HandIn

VENDOR = "standard"
NOW = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)


def write_released(home: Path) -> Path:
    """Three notices of one city, printed and released: a batch or two."""
    desk = Desk(home)
    assert desk("run", "open", PROPERTY_TAX.code, 2026).code == 0
    assert desk.submit(HandIn(KUSATSU)).code == 0
    desk.go()
    desk.approve()
    assert desk("release", RUN).code == 0
    return home


class Office:
    """A council's machine with a released run, and who of the vendors may come in."""

    def __init__(self, released: Path, home: Path) -> None:
        shutil.copytree(released, home)
        self.desk = Desk(home)
        self.context: Context = self.desk.context()
        self.accounts = Accounts(self.context.engine, self.context.settings.secret_bytes())

    def account(self, name: str = "press-1", vendor: str = VENDOR) -> int:
        """A new account of a vendor, which needs no password here; its id."""
        row = {"name": name, "shown": "受託　見本", "role": "vendor", "party": vendor, "created_at": NOW}
        with writing(self.context.engine) as connection:
            made = accounts.add(connection, row | {"password_hash": "", "totp_salt": "", "totp_step": 0})
        assert made is not None
        return made

    def token(self, name: str = "press-1") -> str:
        return self.accounts.add_token(name, "test", ["batches"], 3650, datetime.now(UTC))

    def batches(self) -> list[str]:
        with self.context.engine.connect() as connection:
            return [batch.id for batch in production.batches(connection, RUN)]

    def stored(self, batch: str) -> dict[str, bytes]:
        """What lies in the batch's folder, by name."""
        return {path.name: path.read_bytes() for path in sorted((self.desk.home / "batches" / batch).iterdir())}

    def events(self) -> list[str]:
        return [what for (what,) in self.desk.rows("SELECT what FROM event ORDER BY id")]

    def close(self) -> None:
        self.context.engine.dispose()
