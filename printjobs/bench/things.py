"""What stands on a page, as the other ways draw it. All lengths in pt, from the lower left corner of the page."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Text(msgspec.Struct, frozen=True, tag="text", array_like=True):
    """A string from its baseline's left end; pt. ``stretch`` in percent, ``spacing`` in pt after each character."""

    say: str
    x: float
    y: float
    face: str
    size: float
    stretch: float
    spacing: float


class Line(msgspec.Struct, frozen=True, tag="line", array_like=True):
    """A rule; ``dash`` is the length of dash and gap in pt, 0 for a whole one."""

    x1: float
    y1: float
    x2: float
    y2: float
    weight: float
    dash: float


class Rect(msgspec.Struct, frozen=True, tag="rect", array_like=True):
    """A rectangle from its lower left corner. ``weight`` 0 has no rule around, ``grey`` None is not filled."""

    x: float
    y: float
    width: float
    height: float
    weight: float
    grey: float | None


class Symbol(msgspec.Struct, frozen=True, tag="symbol", array_like=True):
    """A 1-bit picture on a rectangle of the page: ``rows`` of ``columns`` modules, padded to whole bytes; 1 is dark.

    ``says``: what a QR says. ``bars``: a barcode's as x, y, width, height. A seal has neither.
    """

    says: str
    bars: list[tuple[float, float, float, float]]
    columns: int
    rows: int
    bits: bytes
    x: float
    y: float
    width: float
    height: float


Thing: TypeAlias = Text | Line | Rect | Symbol


class Page(msgspec.Struct, frozen=True, array_like=True):
    """A page: the forms that it shows, each moved by x and y, and what is its own."""

    forms: list[tuple[str, float, float]]
    things: list[Thing]
