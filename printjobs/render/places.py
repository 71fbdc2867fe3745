"""Compiled slots and marks: where something goes on a page, what goes there, and the page code for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from fonts import Chain
from layouts.language import Slot, Style

from .fields import FIXED, FieldError, Source, field_names
from .text import CENTRE, MM, NARROWEST, Fitted, fit
from .writer import A4, Ink

_DIGITS = "0123456789"


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
        "_head", "_left", "_tail", "align", "ascii", "bottom", "breaks", "chain", "fields", "fill",
        "fixed", "head", "leading", "lines",
        "overflow", "size", "slot", "source", "style", "top", "width", "x",
    )  # fmt: skip

    def __init__(self, slot: Slot, style: Style, chain: Chain, source: Source) -> None:
        x, y, width, height = slot.at
        self.slot, self.style = slot, style
        self.source = source
        self.fill = source.fill
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
        # Page code of a text in the first face, up to its place from the left and from there to its glyphs.
        self._head = f"{self.head % chain.faces[0].resource} 1 0 0 1 "
        self._tail = f" {A4[1] - self.bottom - CENTRE * self.size:.2f} Tm<"
        self._left = f"{self._head}{self.x:.2f}{self._tail}"
        self.fixed = slot.text in FIXED
        if self.fixed and FIXED[slot.text] * self.ascii > self.width:
            raise FieldError(f"{FIXED[slot.text]} digits take {FIXED[slot.text] * self.ascii / MM:.1f} mm")

    def fault(self, text: str) -> tuple[str, str, str] | None:
        """Code, detail and character of what keeps ``text`` from being set; the detail tells nothing of the text."""
        if not text:
            return None
        lines = text.split("\n") if self.breaks else [text]
        if text.isascii() and text.isprintable():
            if len(text) * self.ascii <= self.width:
                return None
        elif missing := [cluster for line in lines for cluster in self.chain.missing(line)]:
            return "no_glyph", " ".join(f"U+{ord(c):04X}" for c in missing[0]), missing[0]
        # No glyph is wider than one em.
        if len(lines) <= self.lines and max(map(len, lines)) * self.size <= self.width:
            return None
        if fit(text, self.chain, self.size, self.width, self.lines, self.overflow) is None:
            natural = self.chain.width(text.replace("\n", "")) * self.size / 1000
            rule = "" if self.overflow == "exact" else f"、{NARROWEST}%まで縮めても"
            return "overflow", f"必要な幅{natural / MM:.0f}mm、枠{self.width / MM:.0f}mm×{self.lines}行{rule}", ""
        return None

    def takes(self, texts: Sequence[str]) -> bool:
        """Whether these texts, and those that differ from them in digits alone, go on one line for certain."""
        chain = self.chain
        if any(chain.missing(character) for character in set().union(_DIGITS, *texts)):
            return False
        if len({chain.width(digit) for digit in _DIGITS}) > 1:
            return False
        natural = max(map(chain.width, texts)) * self.size / 1000
        if natural <= self.width:
            return True
        return self.lines == 1 and self.overflow != "exact" and int(self.width * 1000 / natural) / 10 >= NARROWEST

    @property
    def holds(self) -> int:
        """How many full-width characters go in, set as narrow as its rule allows; what a city's list says."""
        return capacity(self.width, self.size, self.lines, self.overflow)

    def code(self, text: str, ink: Ink) -> str:
        """Page code of ``text`` at the slot's own place."""
        if not text or text.isspace():
            return ""
        codes = self.chain.plain(text, ink.of(self.chain))
        if not (codes or self.breaks):
            self.chain.spans(text, ink.of(self.chain))  # several faces, or a fault: a newline too has no glyph here
        elif codes and not (self.breaks and "\n" in text):
            if self.align == "left" and len(text) * self.size <= self.width:  # no glyph is wider than one em
                return f"{self._left}{codes}>Tj\n"
            width = len(text) * self.ascii if text.isascii() else self.chain.width(text) * self.size / 1000
            if width <= self.width:
                return f"{self._head}{self._start(width):.2f}{self._tail}{codes}>Tj\n"
        base = A4[1] - self.bottom - CENTRE * self.size
        fitted = fit(text, self.chain, self.size, self.width, self.lines, self.overflow)
        if fitted is None:
            raise OverflowError(f"a text for {self.fields} does not fit and was not listed at intake")
        return "".join(self._fitted(fitted, base, ink))

    def _fitted(self, fitted: Fitted, base: float, ink: Ink) -> Iterator[str]:
        shrunk = self.overflow == "shrink"
        size = self.size * fitted.scale / 100 if shrunk else self.size
        head = f"/%s {size:g} Tf" if shrunk else self.head
        if fitted.scale != 100 and not shrunk:
            yield f"{fitted.scale:g} Tz "
        up = 0.0 if self.top else (len(fitted.lines) - 1) * self.leading / 2
        for i, line in enumerate(fitted.lines):
            spans = self.chain.spans(line, ink.of(self.chain))
            x = self._start(sum(s.width for s in spans) * self.size * fitted.scale / 100_000)
            y = base + up - i * self.leading
            for j, span in enumerate(spans):
                place = f" 1 0 0 1 {x:.2f} {y:.2f} Tm" if j == 0 else ""
                yield f"{head % span.face.resource}{place}<{span.codes}>Tj\n"
        if fitted.scale != 100 and not shrunk:
            yield "100 Tz\n"

    def _start(self, width: float) -> float:
        if self.align == "left":
            return self.x
        return self.x + (self.width - width) / (2 if self.align == "center" else 1)
