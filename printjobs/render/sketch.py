"""A page for people to look at on a screen: boxes, labels and hatching in colour, over a layout's static part.

Lengths in mm from the top left, type in pt. Nothing here goes to a press.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple

from reportlab.pdfgen.canvas import Canvas

from fonts import FontSet
from fonts.reportlab_font import register
from layouts.language import Align, Box

from .compiled import CompiledLayout
from .picture import fixed_parts
from .template import Template
from .text import CENTRE, MM
from .writer import A4, Ink, PdfWriter

Colour = tuple[float, float, float]
PAPER = (210.0, 297.0)
BLACK: Colour = (0.1, 0.1, 0.1)
GREY: Colour = (0.45, 0.45, 0.45)
WHITE: Colour = (1, 1, 1)


class Pen(NamedTuple):
    """How a box is outlined: line width and dash in mm; ``fill`` is drawn under it."""

    colour: Colour
    weight: float = 0.25
    dash: float = 0
    fill: Colour | None = None


def tint(colour: Colour, share: float = 0.12) -> Colour:
    """A colour as light as paper tinted with it."""
    red, green, blue = (1 - share * (1 - part) for part in colour)
    return red, green, blue


class Sketch:
    """One page in the making; ``code`` and ``ink`` go to a :class:`PdfWriter`."""

    def __init__(self, fonts: FontSet, size: tuple[float, float] = PAPER) -> None:
        register(fonts.chains)
        self._chains = fonts.chains
        self.size = size[0] * MM, size[1] * MM
        self._height = self.size[1]
        self._canvas = Canvas(BytesIO(), pagesize=self.size, initialFontName="gothic", invariant=1)
        self.ink = Ink()

    @property
    def code(self) -> str:
        return "\n".join(self._canvas._code) + "\n"  # noqa: SLF001 - ReportLab has no public way to take a page's code

    @contextmanager
    def paper(self, x: float, y: float, scale: float) -> Iterator[None]:
        """Within it, lengths are those of an A4 page that lies at ``x``, ``y`` in that scale."""
        self._canvas.saveState()
        self._canvas.translate(x * MM, self._height - y * MM - scale * A4[1])
        self._canvas.scale(scale, scale)
        outer, self._height = self._height, A4[1]
        yield
        self._height = outer
        self._canvas.restoreState()

    def box(self, at: Box, pen: Pen) -> None:
        x, y, width, height = at
        self._pen(pen)
        if pen.fill:
            self._canvas.setFillColorRGB(*pen.fill)
        self._canvas.rect(
            x * MM, self._height - (y + height) * MM, width * MM, height * MM,
            stroke=int(pen.weight > 0), fill=int(pen.fill is not None),
        )  # fmt: skip

    def line(self, start: tuple[float, float], end: tuple[float, float], pen: Pen) -> None:
        self._pen(pen)
        self._canvas.line(start[0] * MM, self._height - start[1] * MM, end[0] * MM, self._height - end[1] * MM)

    def hatch(self, at: Box, pen: Pen, gap: float = 2.4) -> None:
        """Slanting lines in a box."""
        x, y, width, height = at
        steps = int((width + height) / gap)
        for i in range(1, steps + 1):
            reach = i * gap
            start = (x + max(0.0, reach - height), y + min(reach, height))
            end = (x + min(reach, width), y + max(0.0, reach - width))
            self.line(start, end, pen)

    def text(
        self, at: tuple[float, float], say: str, size: float, colour: Colour = BLACK, *, align: Align = "left",
        font: str = "gothic",
    ) -> None:  # fmt: skip
        """One line that begins (or ends, or has its middle) at a point, its middle at the point's height."""
        chain = self._chains[font]
        chain.spans(say, self.ink.of(chain))
        width = self.width(say, size, font)
        left = at[0] - {"left": 0.0, "center": width / 2, "right": width}[align]
        self._canvas.setFillColorRGB(*colour)
        self._canvas.setFont(font, size)
        self._canvas.drawString(left * MM, self._height - at[1] * MM - CENTRE * size, say)

    def width(self, say: str, size: float, font: str = "gothic") -> float:
        """Width of a text in mm."""
        return self._chains[font].width(say) * size / 1000 / MM

    def form(self, name: str) -> None:
        """A form of the writer, as large as the paper it lies on, in black as it will be printed."""
        self._canvas._code.append(f"q 0 g 0 G [] 0 d /{name} Do Q")  # noqa: SLF001 - the form belongs to another writer than ReportLab's

    def _pen(self, pen: Pen) -> None:
        self._canvas.setStrokeColorRGB(*pen.colour)
        self._canvas.setLineWidth(pen.weight * MM)
        self._canvas.setDash(*([pen.dash * MM, pen.dash * MM] if pen.dash else []))


def add_static(writer: PdfWriter, compiled: CompiledLayout, page: str, city: str, name: str) -> None:
    """The whole static part of a page, as printed for a city, as a form of the writer."""
    text = compiled.cities[city]
    code, ink = [], Ink()
    for fixed in fixed_parts(compiled.layout, page, text.values):
        template = Template(compiled.fonts, compiled.layout.styles, text.values, text.seal)
        template.draw(fixed.static)
        for table in fixed.tables:
            template.table(table)
        code.append(f"q 1 0 0 1 0 {-fixed.down * MM:.3f} cm\n{template.code}\nQ")
        ink.add(template.ink)
    writer.add_form(name, "\n".join(code), ink)
