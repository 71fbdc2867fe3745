"""A customer barcode measured bar by bar on a picture of it.

Source of all lengths: Japan Post, postal code and barcode manual, page 12. They are written here again, and not
taken from what prints the barcode, so that a mistake in either shows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from PIL import Image

from .customer_bars import COUNT
from .fault import Difference


class Limits(NamedTuple):
    """Least and most mm at 10 points; both grow with the points."""

    name: str
    least: float
    most: float


_WIDTH, _SPACE, _PITCH = Limits("幅", 0.50, 0.70), Limits("間隔", 0.45, 0.60), Limits("ピッチ", 0.95, 1.30)
# A bar reaches above and below the middle by half of a long bar (3.40 to 3.60) or of a timing bar (1.05 to 1.35).
_FAR, _NEAR = Limits("中心からの高さ", 1.70, 1.80), Limits("中心からの高さ", 0.525, 0.675)
_KINDS = {(_FAR, _FAR): "1", (_FAR, _NEAR): "2", (_NEAR, _FAR): "3", (_NEAR, _NEAR): "4"}
_BLACK = bytes(255 if grey < 128 else 0 for grey in range(256))
_INK = re.compile(rb"\xff+")


def measure(picture: Image.Image, pixel: float, points: float) -> str:
    """The bars, ``1`` to ``4``, from left to right on a grey picture that holds the barcode and nothing else.

    ``pixel``: mm of one. Raises :class:`Difference` where there are not 67 bars, a bar is no upright rectangle, or a
    width, space, pitch or height is outside of its tolerance by more than a pixel, as which every edge is drawn.
    """
    ink = picture.point(_BLACK)
    ink = ink.crop(ink.getbbox())
    middle = ink.height // 2
    spans = [run.span() for run in _INK.finditer(ink.crop((0, middle, ink.width, middle + 1)).tobytes())]
    if len(spans) != COUNT:
        raise Difference(f"バーが{len(spans)}本あります（{COUNT}本のはずです）")
    ruler = _Ruler(pixel, points)
    found, area = "", 0
    for number, (left, right) in enumerate(spans, start=1):
        ruler.check(number, _WIDTH, right - left)
        if number < COUNT:
            following = spans[number][0]
            ruler.check(number, _SPACE, following - right)
            ruler.check(number, _PITCH, following - left)
        _, top, _, bottom = ink.crop((left, 0, right, ink.height)).getbbox() or (0, middle, 0, middle)
        half = ink.height / 2
        found += _KINDS[ruler.reach(number, half - top), ruler.reach(number, bottom - half)]
        area += (right - left) * (bottom - top)
    if ink.histogram()[255] != area:
        raise Difference("バーに欠けか、はみ出しがあります")
    return found


class _Ruler(NamedTuple):
    pixel: float
    points: float

    def check(self, number: int, limits: Limits, pixels: float) -> None:
        """Raises :class:`Difference` for the bar of this number, counted from 1, when the length is outside."""
        length, scale = pixels * self.pixel, self.points / 10
        if not limits.least * scale - self.pixel <= length <= limits.most * scale + self.pixel:
            raise Difference(
                f"{number}本目のバーの{limits.name}が規格の外です（{length:.2f}mm、"
                f"規格 {limits.least * scale:.2f}〜{limits.most * scale:.2f}mm）"
            )

    def reach(self, number: int, pixels: float) -> Limits:
        """Which of the two lengths above or below the middle this is."""
        nearer = _FAR if 2 * pixels * self.pixel * 10 > (_FAR.least + _NEAR.most) * self.points else _NEAR
        self.check(number, nearer, pixels)
        return nearer
