"""The only reader of the environment. Every setting is ``PRINTJOBS_`` and the name in capitals."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# Where Debian and macOS users have IPAmj Mincho; it is not ours to ship, so it is used when installed.
_IPAMJ = (
    Path("/usr/share/fonts/truetype/ipamj/ipamjm.ttf"),
    Path("/usr/share/fonts/opentype/ipamjm/ipamjm.ttf"),
    Path("/Library/Fonts/ipamjm.ttf"),
)


class Settings(BaseSettings):
    """Where things are kept and how many processes may work.

    ``home``: folder of stored files, and of the SQLite database when ``database_url`` is empty.
    ``redis_url``: empty means the embedded pool of processes. ``secret``: at least 32 characters;
    empty means one is made once and kept in ``home`` (mode 0600). ``mj_font``: IPAmj Mincho, for
    characters that BIZ UD lacks; empty means where it is installed, ``none`` none. ``gaiji_font``: the
    council's own gaiji font (TrueType, or a Windows .tte); empty means none. ``upload_limit``: bytes that a
    city may hand in, or a vendor report, over the web at once.
    """

    model_config = SettingsConfigDict(env_prefix="PRINTJOBS_")

    home: Path = Path("printjobs-data")
    database_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    secret: SecretStr = SecretStr("")
    mj_font: str = ""
    gaiji_font: str = ""
    processes: int = os.cpu_count() or 1
    upload_limit: int = 4 << 30

    def database(self) -> str:
        """The SQLAlchemy URL."""
        return self.database_url.get_secret_value() or f"sqlite:///{(self.home / 'printjobs.db').absolute()}"

    def journal_database(self) -> str:
        """Where the journal is kept: the same database, but for SQLite, which has one writer a file."""
        url = self.database()
        if not url.startswith("sqlite"):
            return url
        return f"sqlite:///{(self.home / 'audit.db').absolute()}"

    def mj_face(self) -> Path | None:
        """IPAmj Mincho, or None."""
        if self.mj_font == "none":
            return None
        if self.mj_font:
            return Path(self.mj_font)
        return next((p for p in _IPAMJ if p.is_file()), None)

    def gaiji_face(self) -> Path | None:
        """The council's own gaiji font, or None."""
        return Path(self.gaiji_font) if self.gaiji_font not in ("", "none") else None

    def secret_bytes(self) -> bytes:
        """The operator's secret that sheet marks are keyed with."""
        if given := self.secret.get_secret_value():
            return given.encode()
        return self.kept("secret.key", lambda: secrets.token_hex(32).encode())

    def kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        """A secret that is made once and kept in ``home`` (mode 0600) under a name of ours."""
        path = self.home / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            self.home.mkdir(parents=True, exist_ok=True)
            # Linked into place, so that of two that start at once both keep the first one's secret.
            made = path.with_name(f".{name}-{secrets.token_hex(8)}")
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(make())
            try:
                os.link(made, path)
            except FileExistsError:
                pass
            finally:
                made.unlink()
            return path.read_bytes()
