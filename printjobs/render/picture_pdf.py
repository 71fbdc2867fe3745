"""The picture of a layout as a PDF: each page with its numbered boxes, and after it a table of what they take."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType

from layouts.language import Layout
from printjobs import reference

from . import documents, words
from .compiled import CompiledLayout
from .documents import Section
from .picture import BADGE, Label, Picture, Shown, ShownZone, Sort, badge_width, labels, pictures
from .sketch import BLACK, GREY, PAPER, WHITE, Colour, Pen, Sketch, add_static, tint
from .writer import Ink, PdfWriter

COLOURS: Mapping[Sort, Colour] = MappingProxyType(
    {
        Sort.SLOT: (0.05, 0.33, 0.75),
        Sort.CELL: (0.0, 0.48, 0.42),
        Sort.MARK: (0.52, 0.1, 0.62),
        Sort.SEAL: (0.78, 0.1, 0.1),
        Sort.STATIC: (0.62, 0.4, 0.0),
    }
)
_ZONES: Mapping[str, Colour] = MappingProxyType({"all": (0.9, 0.55, 0.5), "marks": (0.75, 0.65, 0.85)})
_ZONE_INK: Mapping[str, Colour] = MappingProxyType({"all": (0.7, 0.2, 0.15), "marks": (0.45, 0.3, 0.65)})
_ZONE_WORDS = {"all": "何も刷らない所", "marks": "記号を置かない所（折り）"}
_SCALE = 0.86
_LEFT, _TOP = (PAPER[0] - PAPER[0] * _SCALE) / 2, 20.0  # mm: where the page lies on the sheet
_LABEL = 5.2  # pt on the page as it is shown
_TITLES = ("番号", "名前", "刷るもの", "場所（mm）", "文字", "刷るとき")
_WIDTHS = (11.0, 29.0, 33.0, 33.0, 42.0, 22.0)


def write_picture(compiled: CompiledLayout, city: str) -> tuple[bytes, list[str]]:
    """The PDF, and a name for each of its pages: that of the layout's page, or with ``-table``."""
    shown = pictures(compiled)
    tables = [_tables(compiled, picture, 0, 0) for picture in shown]
    total = sum(1 + len(pages) for pages in tables)
    sink = BytesIO()
    layout = compiled.layout
    writer = PdfWriter(sink, title=f"{layout.kind}-{layout.version} {city}", date=f"{layout.version[:4]}-01-01")
    names: list[str] = []
    for picture in shown:
        sketch = _draw(writer, compiled, picture, city, f"{len(names) + 1}／{total}頁")
        writer.ink.add(sketch.ink)
        writer.add_page(sketch.code, sketch.size)
        names.append(picture.page)
        for code, ink in _tables(compiled, picture, len(names) + 1, total):
            writer.ink.add(ink)
            writer.add_page(code)
            names.append(f"{picture.page}-table")
    writer.close()
    return sink.getvalue(), names


def _draw(writer: PdfWriter, compiled: CompiledLayout, picture: Picture, city: str, place: str) -> Sketch:
    sketch = Sketch(compiled.fonts)
    form = f"S{writer.pages}"
    add_static(writer, compiled, picture.page, city, form)
    _head(sketch, compiled.layout, picture, city)
    with sketch.paper(_LEFT, _TOP, _SCALE):
        _ruler(sketch)
        for zone in picture.zones:
            sketch.hatch(zone.at, Pen(tint(_ZONES[zone.of], 0.7), 0.12))
        for thing in picture.things:
            _ground(sketch, thing)
        sketch.form(form)
        for zone in picture.zones:
            _zone_name(sketch, zone)
        for thing in picture.things:
            _outline(sketch, thing)
        for label in labels(picture.things, lambda text: sketch.width(text, _LABEL)):
            _label(sketch, label)
        sketch.box((0, 0, *PAPER), Pen(GREY, 0.3))
    _legend(sketch, picture, place)
    return sketch


def _head(sketch: Sketch, layout: Layout, picture: Picture, city: str) -> None:
    sketch.text((_LEFT, 9), layout.title, 11, font="gothic-bold")
    where = "、".join(picture.sides)
    name = reference.city(city).name
    sketch.text((_LEFT, 14.5), f"様式 {layout.kind}-{layout.version}　頁 {picture.page}（{where}）", 7.5)
    sketch.text((PAPER[0] - _LEFT, 14.5), f"{name}の例", 7.5, align="right")


def _ruler(sketch: Sketch) -> None:
    """Marks every 10 mm along the top and the left edge, outside the page."""
    for mm in range(0, int(PAPER[1]) + 1, 10):
        length = 2.2 if mm % 50 == 0 else 1.2
        sketch.line((-length, mm), (0, mm), Pen(GREY, 0.15))
        if mm % 50 == 0:
            sketch.text((-2.6, mm), f"{mm}", 5, GREY, align="right")
        if mm <= PAPER[0]:
            sketch.line((mm, -length), (mm, 0), Pen(GREY, 0.15))
            if mm % 50 == 0:
                sketch.text((mm, -3.2), f"{mm}", 5, GREY, align="center")


def _ground(sketch: Sketch, thing: Shown) -> None:
    """The tint below the print: the static part stays readable."""
    colour = COLOURS[thing.sort]
    share = 0.05 if thing.sort is Sort.STATIC else 0.13
    sketch.box(thing.at, Pen(colour, 0, fill=tint(colour, share)))
    for box in thing.again:
        sketch.box(box, Pen(colour, 0, fill=tint(colour, share / 2)))


def _outline(sketch: Sketch, thing: Shown) -> None:
    colour = COLOURS[thing.sort]
    sketch.box(thing.at, Pen(colour, 0.28, 0.9 if thing.condition else 0))
    for box in thing.again:
        sketch.box(box, Pen(tint(colour, 0.55), 0.14, 0.9 if thing.condition else 0))


def _label(sketch: Sketch, label: Label) -> None:
    thing, width = label.thing, badge_width(label.thing.number)
    colour = COLOURS[thing.sort]
    sketch.box((label.x, label.y - BADGE / 2, width, BADGE), Pen(colour, 0, fill=colour))
    sketch.text((label.x + width / 2, label.y), f"{thing.number}", _LABEL, WHITE, align="center", font="gothic-bold")
    if label.text:
        sketch.text((label.x + width + 0.4, label.y), label.text, _LABEL, colour)


def _zone_name(sketch: Sketch, zone: ShownZone) -> None:
    """In the middle of a zone that is wide enough for its name; the table tells the others."""
    x, y, width, height = zone.at
    room = sketch.width(zone.name, _LABEL) + 1
    if width > room and height > BADGE:
        middle = (x + width / 2, y + height / 2)
        at = (middle[0] - room / 2, middle[1] - BADGE / 2, room, BADGE)
        sketch.box(at, Pen(WHITE, 0, fill=WHITE))
        sketch.text(middle, zone.name, _LABEL, _ZONE_INK[zone.of], align="center")


def _legend(sketch: Sketch, picture: Picture, place: str) -> None:
    """The colours that the page has, and how to read a box."""
    x, y = _LEFT, _TOP + PAPER[1] * _SCALE + 4.5
    sorts = [s for s in Sort if any(t.sort is s for t in picture.things)]
    for sort in sorts:
        sketch.box((x, y - 1.2, 4, 2.4), Pen(COLOURS[sort], 0.25, fill=tint(COLOURS[sort])))
        sketch.text((x + 5, y), sort, 6.5)
        x += 8 + sketch.width(sort, 6.5)
    for of in ("all", "marks"):
        if any(z.of == of for z in picture.zones):
            sketch.hatch((x, y - 1.2, 4, 2.4), Pen(_ZONES[of], 0.15), 1.2)
            sketch.text((x + 5, y), _ZONE_WORDS[of], 6.5)
            x += 8 + sketch.width(_ZONE_WORDS[of], 6.5)
    note = "破線は条件つき。薄い枠はくり返し。数字は次の頁の表の番号。目盛りは mm。"
    sketch.text((_LEFT, y + 4.5), note, 6.5, BLACK)
    sketch.text((PAPER[0] - _LEFT, y + 4.5), place, 6.5, align="right")


def _tables(compiled: CompiledLayout, picture: Picture, first: int, total: int) -> list[tuple[str, Ink]]:
    """The key of a page: every box and zone with its place and limits."""
    layout = compiled.layout
    zones = [(z.name, words.place(z.at).replace("　幅", "\n幅"), _ZONE_WORDS[z.of]) for z in picture.zones]
    sections = []
    if picture.things:
        sections.append(Section("枠の番号と中身", _TITLES, [_row(thing) for thing in picture.things], _WIDTHS))
    sections.append(Section("刷らない所", ("名前", "場所（mm）", "何を刷らないか"), zones, (60.0, 60.0, 50.0)))
    return documents.pages(
        compiled.fonts,
        title=f"{layout.title}　頁 {picture.page}",
        facts=(("様式", f"{layout.kind}-{layout.version}"), ("刷る所", "、".join(picture.sides))),
        sections=sections,
        notes=(
            "・場所は紙の左上からの長さです。くり返す欄は、1つ目の場所です。",
            "・入る字数は全角で、縮めたときの数です。半角の数字と英字はその2倍入ります。",
            f"・{words.NEVER_CUT}",
            "・条件つきの固定部分が同じ場所を使うときは、絵には1つ目だけを刷ってあります。",
        ),
        total=total,
        first=first,
    )


def _row(thing: Shown) -> tuple[str | int, ...]:
    letters = "\n".join(filter(None, (thing.letters, thing.limits, thing.overflow)))
    where = words.place(thing.at).replace("　幅", "\n幅")
    if thing.again:
        where += f"\n{thing.rows or '紙面'}で{len(thing.again) + 1}回"
    return thing.number, thing.name, "\n".join(thing.fields), where, letters, thing.condition
