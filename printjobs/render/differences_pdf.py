"""Two versions of a layout side by side: first the list of what changed, then each page that did, coloured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple
from xml.sax.saxutils import escape

from layouts.language import Box
from layouts.placed import placed

from . import documents
from .compiled import CompiledLayout
from .differences import Change, How
from .documents import Section
from .picture import BADGE, pages_of
from .sketch import GREY, PAPER, WHITE, Colour, Pen, Sketch, add_static, tint
from .writer import Ink, PdfWriter

_A3 = (420.0, 297.0)  # mm, lying
_SCALE = 0.88
_TOP, _LEFTS = 22.0, (16.0, 219.0)  # mm: where the two pages lie
_LABEL = 5.6  # pt
_COLOURS: Mapping[How, Colour] = MappingProxyType(
    {
        How.REMOVED: (0.82, 0.08, 0.1),
        How.ADDED: (0.05, 0.5, 0.15),
        How.MOVED: (0.9, 0.45, 0.0),
        How.CHANGED: (0.9, 0.45, 0.0),
    }
)
_LEGEND = (
    (How.REMOVED, "なくなった（前の版だけ）"),
    (How.ADDED, "増えた（後の版だけ）"),
    (How.CHANGED, "動いた・変わった"),
)
_TITLES, _WIDTHS = ("番号", "頁", "種類", "中身"), (12.0, 22.0, 24.0, 112.0)
_HOWS = {How.REMOVED: "なくなった", How.ADDED: "増えた", How.MOVED: "動いた", How.CHANGED: "変わった"}


class Version(NamedTuple):
    """One of the two: what it is called, compiled, and the city that it is drawn for."""

    name: str
    compiled: CompiledLayout
    city: str


def write_differences(old: Version, new: Version, changes: Sequence[Change]) -> tuple[bytes, list[str]]:
    """The PDF, and a name for each of its pages: ``changes`` for the list, else the layout's page."""
    assert old.compiled.fonts is new.compiled.fonts  # one file, one subset of each face
    pages = [p for p in _both(old, new) if any(c.page == p or (not c.page and (c.before or c.after)) for c in changes)]
    total = len(_list(old, new, changes, pages, 0)) + len(pages)
    sink = BytesIO()
    writer = PdfWriter(sink, title=f"{old.name} {new.name}", date=f"{new.compiled.layout.version[:4]}-01-01")
    names: list[str] = []
    for code, ink in _list(old, new, changes, pages, total):
        writer.ink.add(ink)
        writer.add_page(code)
        names.append("changes")
    for page in pages:
        sketch = _draw(writer, (old, new), page, changes, f"{len(names) + 1}／{total}頁")
        writer.ink.add(sketch.ink)
        writer.add_page(sketch.code, sketch.size)
        names.append(page)
    writer.close()
    return sink.getvalue(), names


def _both(old: Version, new: Version) -> list[str]:
    return list(dict.fromkeys((*pages_of(new.compiled.layout), *pages_of(old.compiled.layout))))


def _list(
    old: Version, new: Version, changes: Sequence[Change], pages: Sequence[str], total: int
) -> list[tuple[str, Ink]]:
    urgent = sum(c.urgent for c in changes)
    warned = f"{urgent}か所。氏名に様・御中が付くことを、校正刷りで必ず確かめてください。" if urgent else "なし"
    same = "、".join(p for p in _both(old, new) if p not in pages) or "なし"
    rows = [(i, c.page or "全体", _HOWS[c.how], c.message) for i, c in enumerate(changes, start=1)]
    return documents.pages(
        old.compiled.fonts,
        title="様式の変更点",
        facts=(
            ("前の版", escape(f"{old.name}　{old.compiled.layout.title}")),
            ("後の版", escape(f"{new.name}　{new.compiled.layout.title}")),
            ("変更", f"{len(changes)}か所"),
            ("宛名・敬称の変更", warned),
            ("同じままの頁", escape(same)),
        ),
        sections=(Section("変わったこと", _TITLES, rows, _WIDTHS),) if rows else (),
        notes=("・番号は、次の頁からの絵の番号と同じです。長さは mm、紙の左上からです。",),
        total=total,
    )  # fmt: skip


def _draw(
    writer: PdfWriter, versions: tuple[Version, Version], page: str, changes: Sequence[Change], place: str
) -> Sketch:
    sketch = Sketch(versions[0].compiled.fonts, _A3)
    sketch.text((_LEFTS[0], 9), f"頁 {page}", 11, font="gothic-bold")
    sketch.text((_A3[0] - _LEFTS[0], 9), place, 7, align="right")
    for i, (version, x) in enumerate(zip(versions, _LEFTS, strict=True)):
        sketch.text((x, 16), f"{'前' if i == 0 else '後'}の版　{version.name}", 8.5)
        form = f"V{writer.pages}-{i}"
        there = page in pages_of(version.compiled.layout)
        if there:
            add_static(writer, version.compiled, page, version.city, form)
        with sketch.paper(x, _TOP, _SCALE):
            found = _numbered(changes, page, after=bool(i))
            for box, (_, how) in found.items():
                sketch.box(box, Pen(_COLOURS[how], 0, fill=tint(_COLOURS[how], 0.22)))
            if there:
                sketch.form(form)
                _slots(sketch, version, page)
            else:
                sketch.text((PAPER[0] / 2, PAPER[1] / 2), "この版に、この頁はありません。", 12, GREY, align="center")
            for box, (numbers, how) in found.items():
                _box(sketch, box, numbers, _COLOURS[how])
            sketch.box((0, 0, *PAPER), Pen(GREY, 0.3))
    _legend(sketch)
    return sketch


def _slots(sketch: Sketch, version: Version, page: str) -> None:
    """What is filled per notice has nothing printed in it: its place is outlined, so that the eye finds it."""
    for thing in placed(version.compiled.layout, page):
        if thing.what in ("slot", "mark"):
            sketch.box(thing.box, Pen(tint(GREY, 0.6), 0.12))


def _numbered(changes: Sequence[Change], page: str, *, after: bool) -> dict[Box, tuple[list[int], How]]:
    """By box, the numbers of the changes that touch it; what is new or gone has its own colour."""
    found: dict[Box, tuple[list[int], How]] = {}
    for number, change in enumerate(changes, start=1):
        if change.page in (page, ""):
            for box in change.after if after else change.before:
                found.setdefault(box, ([], change.how))[0].append(number)
    return {box: value for box, value in found.items() if box[2] or box[3]}


def _box(sketch: Sketch, box: Box, numbers: Sequence[int], colour: Colour) -> None:
    x, y, _, height = box
    sketch.box(box, Pen(colour, 0.4))
    said = "・".join(map(str, numbers))
    room = sketch.width(said, _LABEL, "gothic-bold") + 0.8
    left = x - room if x > room else x  # beside it: the number must not hide what it is about
    top = max(0.0, y + height / 2 - BADGE / 2) if height < BADGE else y
    sketch.box((left, top, room, BADGE), Pen(colour, 0, fill=colour))
    sketch.text((left + room / 2, top + BADGE / 2), said, _LABEL, WHITE, align="center", font="gothic-bold")


def _legend(sketch: Sketch) -> None:
    x, y = _LEFTS[0], _TOP + PAPER[1] * _SCALE + 6
    for how, said in _LEGEND:
        sketch.box((x, y - 1.4, 5, 2.8), Pen(_COLOURS[how], 0.4, fill=tint(_COLOURS[how], 0.22)))
        sketch.text((x + 6.5, y), said, 7.5)
        x += 12 + sketch.width(said, 7.5)
    sketch.text((x, y), "番号は、はじめの表の番号と同じです。細い灰色の枠は、通知ごとに刷る欄です。", 7.5)
