"""One page of a layout with the places of one column marked: where a problem in a city's data would be seen."""

from __future__ import annotations

from io import BytesIO

from . import raster
from .compiled import CompiledLayout
from .dictionary import entries
from .picture import pictures
from .sketch import PAPER, Pen, Sketch, add_static, tint
from .writer import PdfWriter

_RED = (0.75, 0.05, 0.05)
_DPI = 60  # to see which place is meant


def marked_page(compiled: CompiledLayout, city: str, file: str, title: str) -> bytes | None:
    """A PNG of the first page that prints a column, its places red; None for a column that is checked only."""
    uses = next((e.uses for e in entries(compiled.kind, compiled.layout) if (e.file, e.title) == (file, title)), ())
    shown = {use.page: {u.name for u in uses if u.page == use.page} for use in uses}
    for picture in pictures(compiled):
        names = shown.get(picture.page, set())
        places = [at for thing in picture.things if thing.name in names for at in (thing.at, *thing.again)]
        if not places:
            continue
        sink = BytesIO()
        writer = PdfWriter(sink, title=compiled.layout.version, date=f"{compiled.layout.version[:4]}-01-01")
        sketch = Sketch(compiled.fonts)
        add_static(writer, compiled, picture.page, city, "S")
        for at in places:
            sketch.box(at, Pen(_RED, 0, fill=tint(_RED, 0.25)))
        sketch.form("S")
        for at in places:
            sketch.box(at, Pen(_RED, 0.7))
        sketch.box((0, 0, *PAPER), Pen((0.5, 0.5, 0.5), 0.3))
        writer.ink.add(sketch.ink)
        writer.add_page(sketch.code, sketch.size)
        writer.close()
        (page,) = raster.pictures(sink.getvalue(), _DPI, colour=True)
        return raster.png(page)
    return None
