"""Postal rules: delivery-office codes and what class of mail a piece is."""

from __future__ import annotations

OVERSEAS = ""


def delivery_office(old_code: str) -> str:
    """Delivery-office code (郵便区番号) of a postal code: the three or five digits of the old code.

    ``old_code`` is Japan Post's own column in KEN_ALL, padded with spaces to five. It is what
    bulk mail is sorted and bundled by; that it equals today's offices everywhere is likely, not sure.
    """
    return old_code.strip()
