"""The count equation as a picture: what became of all received, and below it the way through the stages.

SVG in the page itself, with colours that are told apart in grey and words beside each part.
"""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup, escape

from printjobs.core.audit import SIDE_NAMES, Figures, Side

_WIDTH, _LEFT, _BAR, _GAP = 900, 90, 26, 14
_ENDS = ((Side.REJECTED, "rejected"), (Side.PULLED, "pulled"), (Side.MAILED, "mailed"), (Side.OUTSTANDING, "waiting"))
_WAY = (Side.RECEIVED, Side.PRINTED, Side.INSERTED, Side.MAILED, Side.CHARGED, Side.RETURNED)


@lru_cache(256)
def picture(figures: Figures) -> Markup:
    """The picture, with its figures as text for who does not see it."""
    most = max(figures.equation.received, *(figures.of(side) or 0 for side in _WAY), 1)
    scale = (_WIDTH - _LEFT - 90) / most
    parts, y = [], 8
    x = float(_LEFT)
    parts.append(_word("行方", y))
    for side, kind in _ENDS:
        number = figures.of(side) or 0
        if number:
            parts.append(_bar(x, y, number * scale, kind, f"{SIDE_NAMES[side]} {number:,}件"))
            x += number * scale
    parts.append(_text(x + 8, y, f"受領 {figures.equation.received:,}"))
    y += _BAR + 6
    x = float(_LEFT)
    for side, kind in _ENDS:
        parts.append(_bar(x, y + 4, 14, kind, SIDE_NAMES[side], 14))
        parts.append(_text(x + 20, y - 2, f"{SIDE_NAMES[side]} {figures.of(side) or 0:,}"))
        x += 150
    y += 4
    for side in _WAY:
        y += _BAR + _GAP
        count = figures.of(side)
        parts.append(_word(SIDE_NAMES[side], y))
        parts.append(_bar(_LEFT, y, (count or 0) * scale, "way", f"{SIDE_NAMES[side]} {count or 0:,}件"))
        parts.append(_text(_LEFT + (count or 0) * scale + 8, y, "まだ" if count is None else f"{count:,}"))
    height = y + _BAR + 8
    told = "、".join(f"{SIDE_NAMES[side]}{figures.of(side) or 0:,}件" for side in Side)
    return Markup(
        '<svg class="equation" viewBox="0 0 {} {}" role="img" aria-label="{}" focusable="false">{}</svg>'
    ).format(_WIDTH, height, told, Markup("").join(parts))


def _bar(x: float, y: float, width: float, kind: str, title: str, height: float = _BAR) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>').format(
        kind, x, y, width, height, title
    )


def _word(word: str, y: float) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(_LEFT - 10, y + 18, escape(word))


def _text(x: float, y: float, text: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{}">{}</text>').format(x, y + 18, escape(text))
