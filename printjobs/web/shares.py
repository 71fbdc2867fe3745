"""Who pays how much, as a picture: each city's payment by its parts, and below it what it would have paid alone.

SVG in the page itself, with tones that are told apart in grey and figures beside each bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from printjobs.core.cost.bill import GROUP_WORDS
from printjobs.pipeline.statement_parts import money, percent

_WIDTH, _LEFT, _RIGHT, _CHARACTER = 900, 110, 250, 14
_PAID, _ALONE, _GAP = 18, 14, 16
_LEGEND = (*GROUP_WORDS.items(), ("alone", "単独なら"))


class Payment(NamedTuple):
    """``parts``: yen by group, in the order of :data:`GROUP_WORDS`. ``alone_yen`` is None where nobody reckoned it."""

    name: str
    parts: tuple[int, ...]
    alone_yen: int | None

    @property
    def yen(self) -> int:
        return sum(self.parts)


@lru_cache(256)
def picture(payments: Sequence[Payment], whole_yen: int) -> Markup:
    """The picture, with its figures as text for who does not see it. Shares are those of ``whole_yen``."""
    most = max(*(one.yen for one in payments), *(one.alone_yen or 0 for one in payments), 1)
    left = max(_LEFT, max(len(one.name) for one in payments) * _CHARACTER + 14)
    scale = (_WIDTH - left - _RIGHT) / most
    drawn, told, y = [_legend(left)], [], 34
    for one in payments:
        share = f"{money(one.yen)}（{percent(one.yen, whole_yen)}）"
        drawn += [_text(left - 10, y + 15, one.name, "name"), _payment(one, left, y, scale)]
        drawn.append(_text(left + max(one.yen, 0) * scale + 8, y + 14, share))
        told.append(f"{one.name}は{share}")
        y += _PAID
        if one.alone_yen is not None:
            alone = f"単独なら {money(one.alone_yen)}"
            drawn.append(_bar(left, y, one.alone_yen * scale, _ALONE, "alone", alone))
            drawn.append(_text(left + one.alone_yen * scale + 8, y + 13, alone, "small"))
            told[-1] += f"、{alone}"
            y += _ALONE
        y += _GAP
    return Markup(
        '<svg class="shares" viewBox="0 0 {} {}" role="img" aria-label="{}" focusable="false">{}</svg>'
    ).format(_WIDTH, y, "。".join(told), Markup("").join(drawn))


def _payment(one: Payment, left: int, y: int, scale: float) -> Markup:
    """The bar of one city; a part that corrections made negative shortens the others' whole and is not drawn."""
    bars, x = [], float(left)
    room = max(one.yen, 0)
    for (kind, title), part in zip(GROUP_WORDS.items(), one.parts, strict=True):
        shown = min(max(part, 0), room)
        if shown:
            bars.append(_bar(x, y, shown * scale, _PAID, kind, f"{one.name} {title} {money(part)}"))
        x += shown * scale
        room -= shown
    return Markup("").join(bars)


def _legend(left: int) -> Markup:
    bars, x = [], left
    for kind, title in _LEGEND:
        bars += [_bar(x, 2, 14, 14, kind, title), _text(x + 20, 14, title, "small")]
        x += 115
    return Markup("").join(bars)


def _bar(x: float, y: float, width: float, height: int, kind: str, title: str) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>').format(
        kind, x, y, width, height, title
    )


def _text(x: float, y: float, text: str, kind: str = "") -> Markup:
    return Markup('<text x="{:.1f}" y="{}" class="{}">{}</text>').format(x, y, kind, text)
