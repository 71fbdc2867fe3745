"""Marks of a layout compiled: which field a symbol carries, how it is made, and where on the device it stands."""

from __future__ import annotations

from collections.abc import Callable

from layouts.language import Mark
from printjobs import reference
from printjobs.core.marks import customer
from printjobs.core.model import Notice

from . import symbols
from .fields import FieldError, Getter, PageInfo, Row, Schema, getter
from .symbols import Extent, Mask
from .text import MM


class MarkPlace:
    """A compiled mark. It draws nothing for an empty value: a code that cannot be right is no code."""

    __slots__ = ("extent", "get", "make", "mark", "x", "y")

    def __init__(self, mark: Mark, get: Getter, make: Callable[[str], Mask], extent: Extent) -> None:
        self.mark, self.get, self.make, self.extent = mark, get, make, extent
        self.x, self.y = mark.at[0], mark.at[1]

    def code(self, notice: Notice, row: Row, page: PageInfo, down: float) -> str:
        """Page code of the symbol, ``down`` pt below its own place."""
        value = self.get(notice, row, page)
        return symbols.paint(self.make(str(value)), self.extent, self.x, self.y + down / MM) if value else ""


def compile_mark(mark: Mark, schema: Schema, table: str = "") -> MarkPlace:
    """Raises :class:`FieldError` for an unknown field, and when the symbol with its quiet zone leaves the box."""
    get = getter(mark.of, schema, table)
    make, extent = _MAKERS[mark.mark]()
    width, height = extent.size
    if width > mark.at[2] + 0.01 or height > mark.at[3] + 0.01:
        raise FieldError(
            f"{mark.mark} takes {width:.2f} x {height:.2f} mm with its quiet zone on this device, "
            f"the box has {mark.at[2]:g} x {mark.at[3]:g}"
        )
    return MarkPlace(mark, get, make, extent)


def _customer_barcode() -> tuple[Callable[[str], Mask], Extent]:
    def make(value: str) -> Mask:
        return symbols.customer_barcode(customer.bars(customer.symbols(value[:7], value[7:])))

    return make, symbols.customer_barcode_extent(_dpi(), reference.marks().customer_barcode.points)


def _gs1_128() -> tuple[Callable[[str], Mask], Extent]:
    settings = reference.marks().gs1_128
    return symbols.gs1_128, symbols.gs1_128_extent(_dpi(), _dots(settings.module_dots), settings.height)


def _el_qr() -> tuple[Callable[[str], Mask], Extent]:
    return symbols.el_qr, symbols.el_qr_extent(_dpi(), _dots(reference.marks().el_qr.module_dots))


def _dpi() -> int:
    return reference.vendor().print_.dpi


def _dots(by_dpi: dict[int, int]) -> int:
    if _dpi() not in by_dpi:
        raise FieldError(f"marks.toml has no size for a device of {_dpi()} dpi")
    return by_dpi[_dpi()]


_MAKERS: dict[str, Callable[[], tuple[Callable[[str], Mask], Extent]]] = {
    "customer_barcode": _customer_barcode,
    "gs1_128": _gs1_128,
    "el_qr": _el_qr,
}
