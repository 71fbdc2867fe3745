"""Compiled slots and marks: where something goes on a page, what goes there, and the page code for it."""

from __future__ import annotations

import msgspec

from fonts import Chain
from layouts.language import Slot, Style

from .fields import FIXED, FieldError, Fill, field_names
from .text import CENTRE, MM, NARROWEST, Fitted, fit
from .writer import A4, Ink


class Fault(msgspec.Struct, frozen=True):
    """Why a notice cannot be printed as it is: ``overflow``, ``no_glyph`` or ``too_many_rows``.

    ``fields`` are those of the slot, ``table`` and ``index`` the row it was filled from; ``character``
    is what has no glyph, else empty. ``length``: characters of the text as it was to be set; ``holds``:
    full-width characters that the slot takes at the narrowest.
    """

    code: str
    fields: tuple[str, ...]
    table: str
    index: int
    detail: str
    character: str = ""
    length: int = 0
    holds: int = 0


def capacity(width: float, size: float, lines: int, overflow: str) -> int:
    """How many full-width characters of ``size`` pt go into lines of ``width`` pt, set as narrow as the rule allows."""
    narrowest = 100 if overflow == "exact" else NARROWEST
    return lines * int(width * 100 / (size * narrowest) + 1e-6)


class Place:
    """A compiled slot: where its text goes and how it is set. Lengths in pt, y downwards from the top."""

    __slots__ = (
        "align", "ascii", "bottom", "breaks", "chain", "fields", "fill", "fixed", "head", "leading", "lines",
        "overflow", "size", "top", "width", "x",
    )  # fmt: skip

    def __init__(self, slot: Slot, style: Style, chain: Chain, fill: Fill) -> None:
        x, y, width, height = slot.at
        self.fill = fill
        self.fields = field_names(slot.text)
        self.breaks = "\n" if "{addressee.block}" in slot.text else ""  # each part of an address begins a line
        self.chain = chain
        self.size = style.size
        self.ascii = chain.width("0") * style.size / 1000  # Latin letters and digits are all equally wide here
        self.x, self.width = x * MM, width * MM
        self.leading = style.leading * MM or style.size * 1.25
        # A slot that is filled from its top is one whose only line would stand in the middle of that line's height.
        self.top, self.bottom = slot.top, (y + height / 2) * MM
        if slot.top:
            self.bottom = y * MM + style.size / 2
        self.align = slot.align
        self.lines = slot.lines
        self.overflow = slot.overflow
        self.head = f"/%s {style.size:g} Tf"
        self.fixed = slot.text in FIXED
        if self.fixed and FIXED[slot.text] * self.ascii > self.width:
            raise FieldError(f"{FIXED[slot.text]} digits take {FIXED[slot.text] * self.ascii / MM:.1f} mm")

    def fault(self, text: str) -> tuple[str, str, str] | None:
        """Code, detail and character of what keeps ``text`` from being set; the detail tells nothing of the text."""
        if not text:
            return None
        if text.isascii() and text.isprintable():
            if len(text) * self.ascii <= self.width:
                return None
        elif missing := self.chain.missing(text.replace(self.breaks, "") if self.breaks else text):
            return "no_glyph", " ".join(f"U+{ord(c):04X}" for c in missing[0]), missing[0]
        if len(text) * self.size <= self.width and not (self.breaks and "\n" in text):  # no glyph is wider than one em
            return None
        if fit(text, self.chain, self.size, self.width, self.lines, self.overflow) is None:
            natural = self.chain.width(text.replace("\n", "")) * self.size / 1000
            rule = "" if self.overflow == "exact" else f"、{NARROWEST}%まで縮めても"
            return "overflow", f"必要な幅{natural / MM:.0f}mm、枠{self.width / MM:.0f}mm×{self.lines}行{rule}", ""
        return None

    @property
    def holds(self) -> int:
        """How many full-width characters go in, set as narrow as its rule allows; what a city's list says."""
        return capacity(self.width, self.size, self.lines, self.overflow)

    def draw(self, out: list[str], text: str, down: float, ink: Ink) -> None:
        """Append the page code of ``text``, ``down`` pt below the slot's own place."""
        if not text:
            return
        chain, size = self.chain, self.size
        base = A4[1] - self.bottom - down - CENTRE * size
        if not (self.breaks and "\n" in text):
            spans = chain.spans(text, ink.of(chain))
            width = sum(s.width for s in spans) * size / 1000
            if width <= self.width and len(spans) == 1:
                x = self._start(width)
                out.append(f"{self.head % spans[0].face.resource} 1 0 0 1 {x:.2f} {base:.2f} Tm<{spans[0].codes}>Tj\n")
                return
        fitted = fit(text, chain, size, self.width, self.lines, self.overflow)
        if fitted is None:
            raise OverflowError(f"a text for {self.fields} does not fit and was not listed at intake")
        self._draw_fitted(out, fitted, base, ink)

    def _draw_fitted(self, out: list[str], fitted: Fitted, base: float, ink: Ink) -> None:
        shrunk = self.overflow == "shrink"
        size = self.size * fitted.scale / 100 if shrunk else self.size
        head = f"/%s {size:g} Tf" if shrunk else self.head
        if fitted.scale != 100 and not shrunk:
            out.append(f"{fitted.scale:g} Tz ")
        up = 0.0 if self.top else (len(fitted.lines) - 1) * self.leading / 2
        for i, line in enumerate(fitted.lines):
            spans = self.chain.spans(line, ink.of(self.chain))
            x = self._start(sum(s.width for s in spans) * self.size * fitted.scale / 100_000)
            y = base + up - i * self.leading
            for j, span in enumerate(spans):
                place = f" 1 0 0 1 {x:.2f} {y:.2f} Tm" if j == 0 else ""
                out.append(f"{head % span.face.resource}{place}<{span.codes}>Tj\n")
        if fitted.scale != 100 and not shrunk:
            out.append("100 Tz\n")

    def _start(self, width: float) -> float:
        if self.align == "left":
            return self.x
        return self.x + (self.width - width) / (2 if self.align == "center" else 1)
