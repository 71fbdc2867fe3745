"""What changed between two versions of a layout, in sentences that a clerk can check one by one.

Slots and marks are known by their names; what is printed the same for everybody, by what it is and where it
stands. What touches a name or its honorific comes first: 19,231 notices once went out without 様 after a
change of form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from math import dist

import msgspec

from layouts.language import Box, Layout, Sheet, Style, Zone
from layouts.placed import overlap

from . import words
from .aspects import LETTERS, PLACE, SAYS, SIZE, Thing, style_in_words, things
from .picture import pages_of

_NEAR = 6.0  # mm: another fixed thing of the same sort this near is taken for the same one, changed
_AROUND = 8  # characters of a long text that are shown beside what changed in it


class How(StrEnum):
    """What happened to a thing."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


class Change(msgspec.Struct, frozen=True):
    """One difference. ``before`` and ``after``: the boxes in mm on ``page``, of every page when it is empty.

    ``urgent``: it touches a name or an honorific.
    """

    page: str
    what: str
    how: How
    message: str
    before: tuple[Box, ...] = ()
    after: tuple[Box, ...] = ()
    urgent: bool = False


def differences(old: Layout, new: Layout) -> list[Change]:
    """Everything that differs: the urgent first, then the layout as a whole, then page by page."""
    found = [*_whole(old, new)]
    before, after = pages_of(old), pages_of(new)
    for page in dict.fromkeys((*after, *before)):
        was = [*things(old, page)] if page in before else []
        now = [*things(new, page)] if page in after else []
        if page not in before or page not in after:
            found.append(_page(page, was, now))
            continue
        pairs = [*_pairs(was, now)]
        for one, other in pairs:
            found += _changed(page, one, other)
        found += _restyled(page, old.styles, new.styles, pairs)
    pages = ["", *dict.fromkeys((*after, *before))]
    return sorted(found, key=lambda change: (not change.urgent, pages.index(change.page), *_reading(change)))


def _reading(change: Change) -> tuple[float, float]:
    """Where a change comes when a page is read from the top."""
    box = next(iter((*change.after, *change.before)), (0.0, 0.0))
    return box[1], box[0]


def _whole(old: Layout, new: Layout) -> Iterator[Change]:
    """Title, sheets, rows, zones and styles."""
    for what, one, other in (("種別", old.kind, new.kind), ("表題", old.title, new.title)):
        if one != other:
            yield Change("", what, How.CHANGED, f"{what}が変わりました。{one} → {other}")
    for i in range(max(len(old.sheets), len(new.sheets))):
        pair = [_sheet(layout.sheets[i]) if i < len(layout.sheets) else "なし" for layout in (old, new)]
        if pair[0] != pair[1]:
            yield Change("", "紙", How.CHANGED, f"紙の{i + 1}つ目が変わりました。{pair[0]} → {pair[1]}")
    rows = [{k: _rows(r.of, r.where, r.when) for k, r in layout.rows.items()} for layout in (old, new)]
    yield from _members("行の選び方", rows[0], rows[1])
    zones = [{z.name: z for z in layout.zones} for layout in (old, new)]
    for change in _members("刷らない所", *({k: _zone(z) for k, z in own.items()} for own in zones)):
        boxes = [(own[change.what].at,) if change.what in own else () for own in zones]
        yield msgspec.structs.replace(change, what="刷らない所", before=boxes[0], after=boxes[1])


def _members(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    """Members by name, each told in words; ``what`` of a change is the member's name."""
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        if one is None:
            yield Change("", name, How.ADDED, f"{what}「{name}」が増えました。{other}")
        elif other is None:
            yield Change("", name, How.REMOVED, f"{what}「{name}」がなくなりました。{one}")
        elif one != other:
            yield Change("", name, How.CHANGED, f"{what}「{name}」が変わりました。{one} → {other}")


def _sheet(sheet: Sheet) -> str:
    blank = f"、行が残らない裏 {sheet.blank}" if sheet.blank else ""
    return f"表 {sheet.front}、裏 {sheet.back}{blank}" + (f"（{sheet.flow} の行がある数だけ）" if sheet.flow else "")


def _rows(of: str, where: str, when: str) -> str:
    return "、".join(filter(None, (f"{of}.csv", where and f"行の条件 {where}", when and f"通知の条件 {when}")))


def _zone(zone: Zone) -> str:
    kept = "" if zone.of == "all" else "記号だけ、"
    return f"{kept}{words.SIDES[zone.side]}、{words.place(zone.at)}"


def _page(page: str, was: list[Thing], now: list[Thing]) -> Change:
    """A whole page that is there in one version only."""
    if now:
        return Change(page, "頁", How.ADDED, f"頁 {page} が増えました。", after=tuple(t.box for t in now))
    lost = "、".join(t.label for t in was if t.addressed)
    told = (
        f"【宛名・敬称】頁 {page} がなくなりました。{lost}が刷られなくなります。"
        if lost
        else f"頁 {page} がなくなりました。"
    )
    return Change(page, "頁", How.REMOVED, told, before=tuple(t.box for t in was), urgent=bool(lost))


def _pairs(was: list[Thing], now: list[Thing]) -> Iterator[tuple[Thing | None, Thing | None]]:
    """Each thing with what it became; None for one that is new, or gone. Sure matches are made first."""
    left, right = list(was), list(now)
    rules: tuple[Callable[[Thing, Thing], bool], ...] = (
        lambda a, b: a == b,
        lambda a, b: bool(a.key) and a.key == b.key,
        lambda a, b: a.key[:1] == b.key[:1] and a.content == b.content and a.content != (),
        lambda a, b: not a.key and not b.key and a.content[0] == b.content[0] and _near(a.box, b.box),
    )
    for same in rules:
        matching = [(one, other) for one in left for other in right if same(one, other)]
        for one, other in sorted(matching, key=lambda pair: dist(pair[0].box[:2], pair[1].box[:2])):
            if any(t is one for t in left) and any(t is other for t in right):
                left = [t for t in left if t is not one]
                right = [t for t in right if t is not other]
                yield one, other
    yield from ((one, None) for one in left)
    yield from ((None, other) for other in right)


def _near(one: Box, other: Box) -> bool:
    return overlap(one, other) or dist(one[:2], other[:2]) < _NEAR


def _changed(page: str, one: Thing | None, other: Thing | None) -> Iterator[Change]:
    """What became of a thing, one change for each aspect."""
    thing = other or one
    assert thing
    urgent = any(t.addressed for t in (one, other) if t)
    boxes = {"before": (one.box,) if one else (), "after": (other.box,) if other else ()}
    loud = "【宛名・敬称】" if urgent else ""
    if one is None or other is None:
        how, told = (How.ADDED, "増えました") if one is None else (How.REMOVED, "なくなりました")
        lost = _LOST if other is None and thing.honours else ""
        message = f"{loud}{page}: {thing.label}が{told}（{words.place(thing.box)}）。{lost}"
        yield Change(page, thing.label, how, message, urgent=urgent, **boxes)
        return
    renamed = one.label != other.label and bool(one.key)
    if renamed:
        message = f"{loud}{page}: {one.label}の名前が{other.label}に変わりました。"
        yield Change(page, other.label, How.CHANGED, message, urgent=urgent, **boxes)
    for aspect in dict.fromkeys((*one.aspects, *other.aspects)):
        was, now = one.aspects.get(aspect, "なし"), other.aspects.get(aspect, "なし")
        if was == now or (aspect == LETTERS and one.style == other.style):  # told once for all that is set in it
            continue
        if aspect == SAYS:
            was, now = _apart(was, now)
        moved = aspect in (PLACE, SIZE)
        told = "が動きました。" if aspect == PLACE else f"の{aspect}が変わりました。"
        lost = _LOST if one.honours and not other.honours else ""
        message = f"{loud}{page}: {other.label}{told}{was} → {now}{lost}"
        yield Change(page, other.label, How.MOVED if moved else How.CHANGED, message, urgent=urgent, **boxes)


_LOST = "　ここに敬称（様・御中）が刷られなくなります。"


def _apart(was: str, now: str) -> tuple[str, str]:
    """Of two long texts the part that differs, with a few characters beside it."""
    most = min(len(was), len(now))
    head = next((i for i in range(most) if was[i] != now[i]), most)
    tail = next((i for i in range(most - head) if was[-1 - i] != now[-1 - i]), most - head)

    def part(text: str) -> str:
        start, end = max(0, head - _AROUND), min(len(text), len(text) - tail + _AROUND)
        inner = text[start:end].replace("\n", "／")
        return f"「{'…' if start else ''}{inner}{'…' if end < len(text) else ''}」"

    return part(was), part(now)


def _restyled(
    page: str,
    old: Mapping[str, Style],
    new: Mapping[str, Style],
    pairs: Iterable[tuple[Thing | None, Thing | None]],
) -> Iterator[Change]:
    """A style that is called the same and looks otherwise: one change for all that is set in it on a page."""
    users: dict[str, list[tuple[Thing, Thing]]] = {}
    for one, other in pairs:
        if one and other and one.style == other.style and one.style and old[one.style] != new[one.style]:
            users.setdefault(one.style, []).append((one, other))
    for style, both in users.items():
        named = [other for _, other in both if other.addressed]
        loud = f"【宛名・敬称】（{'、'.join(t.label for t in named)}）" if named else ""
        was, now = style_in_words(old[style]), style_in_words(new[style])
        yield Change(
            page, f"文字 {style}", How.CHANGED,
            f"{loud}{page}: 文字「{style}」の見かたが変わりました。{was} → {now}。{len(both)}か所に効きます。",
            tuple(one.box for one, _ in both), tuple(other.box for _, other in both), bool(named),
        )  # fmt: skip
