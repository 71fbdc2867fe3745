"""One slot of a layout, compared with the text that page code sets for it: what it says, in which face, and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from fonts import Chain
from layouts.language import Slot, Style

from . import reading
from .fault import Difference
from .symbols import HEIGHT, MM
from .telling import Told, Value
from .typefaces import Typeface, as_named

_KEPT = 1_000  # values of one slot; names and addresses hardly repeat, and memory must not grow with the file
_NARROWEST = 70  # percent, of the width or of the size
_MIDDLE = 0.38  # of an em: how far a Japanese line's middle stands over its baseline
_LEADING = 1.25  # of the size, where a style names no leading
_NEAR = 0.3  # pt: the file's widths are whole thousandths of an em
_SPACE = re.compile(r"\s")
_BLANKS = " 　"  # at the end of a line nobody sees them


class _Set(NamedTuple):
    """A text as it is set: how many letters of the slot stand before it, its width in thousandths of an em."""

    text: reading.Text
    before: int
    width: float


class SlotReader:
    """Compares one slot, page after page. A value's page code is looked into once; the same value has the same."""

    def __init__(self, slot: Slot, style: Style, chain: Chain, told: Told, faces: Mapping[str, Typeface]) -> None:
        self.ask, self._write = told
        self.known: dict[Value, list[bytes]] = {}
        self._slot, self._size, self._faces = slot, style.size, faces
        self._face_names = {face.name for face in chain.faces}
        self._chain = chain
        self._leading = style.leading * MM or style.size * _LEADING
        self._title = slot.name or slot.text

    def settle(self, lines: list[bytes], at: int, value: Value) -> list[bytes]:
        """The lines of page code from ``at`` on that are this slot's, when it shows ``value``.

        Raises :class:`Difference`, which names the slot and tells nothing of its text.
        """
        wanted = self._write(value)
        found: list[bytes] = []
        if wanted.strip():
            try:
                found = self._lines(lines, at, wanted)
            except Difference as difference:
                raise Difference(f"「{self._title}」の{difference}") from None
        if len(self.known) >= _KEPT:
            self.known.clear()
        self.known[value] = found
        return found

    def _lines(self, lines: list[bytes], at: int, wanted: str) -> list[bytes]:
        try:
            found = self._gather(lines, at, wanted)
        except Difference:
            drawn = as_named(wanted, self._chain, self._faces)
            if drawn == wanted:
                raise
            found = self._gather(lines, at, drawn)
        self._check_places(found)
        end = at + len(found)
        if found[0].text.scale is not None:
            if lines[end : end + 1] != [reading.UNCONDENSED]:
                raise Difference("後で、字の幅が戻されていません")
            end += 1
        return lines[at:end]

    def _gather(self, lines: list[bytes], at: int, wanted: str) -> list[_Set]:
        """The texts that together say what is wanted; a line may end at a space or between any two characters."""
        found: list[_Set] = []
        said, letters, length = "", _SPACE.sub("", wanted), 0
        while length < len(letters):
            if at + len(found) >= len(lines):
                raise Difference("文字が足りません")
            text = reading.text(lines[at + len(found)])
            face = self._faces.get(text.font)
            if face is None or face.face.name not in self._face_names:
                raise Difference("書体が違います")
            part, width = face.read(text.codes)
            found.append(_Set(text, length, width))
            said += part
            length = len(_SPACE.sub("", said))
        whole = sum(one.text.x is not None for one in found) == 1
        if (said.strip(_BLANKS) != wanted.strip(_BLANKS)) if whole else (_SPACE.sub("", said) != letters):
            raise Difference("文字がデータと違います")
        if "\n" in wanted:
            self._check_breaks(found, wanted)
        return found

    @staticmethod
    def _check_breaks(found: list[_Set], wanted: str) -> None:
        """Each part of an address begins a line of its own."""
        starts = {one.before for one in found if one.text.x is not None}
        begin = 0
        for part in wanted.split("\n"):
            if begin not in starts:
                raise Difference("行の分け方が違います")
            begin += len(_SPACE.sub("", part))

    def _check_places(self, found: list[_Set]) -> None:
        """Size, face, alignment, lines: nothing stands off the slot's box."""
        first, slot = found[0].text, self._slot
        scale, size = first.scale if first.scale is not None else 100.0, first.size
        if any(one.text.size != size or one.text.scale is not None for one in found[1:]):
            raise Difference("文字の大きさがそろっていません")
        shrunk = slot.overflow == "shrink" and _NARROWEST / 100 - 1e-6 <= size / self._size <= 1
        if not shrunk and size != self._size:
            raise Difference("文字の大きさが違います")
        if not _NARROWEST <= scale <= 100 or (scale != 100 and slot.overflow != "condense"):
            raise Difference("字の幅が違います")
        rows: list[tuple[float, float, float]] = []
        for text, _, natural in found:
            width = natural * size * scale / 100_000
            if text.x is not None:
                rows.append((text.x, text.y, width))
            elif rows:
                x, y, before = rows.pop()
                rows.append((x, y, before + width))
            else:
                raise Difference("位置がありません")
        whole = sum(natural for _, _, natural in found) * self._size / 1000
        if len(rows) == 1 and (scale, size) != (100, self._size) and whole < slot.at[2] * MM - _NEAR:
            raise Difference("文字が、縮めずに入るのに縮められています")
        self._check_rows(rows)

    def _check_rows(self, rows: list[tuple[float, float, float]]) -> None:
        """``rows``: where each line begins, in pt, and how wide it is."""
        slot = self._slot
        left, width = slot.at[0] * MM, slot.at[2] * MM
        middle = slot.at[1] * MM + self._size / 2 if slot.top else (slot.at[1] + slot.at[3] / 2) * MM
        base = HEIGHT - middle - _MIDDLE * self._size
        if not slot.top:
            base += (len(rows) - 1) * self._leading / 2
        if len(rows) > slot.lines:
            raise Difference("行が多すぎます")
        for i, (x, y, used) in enumerate(rows):
            room = width - used
            if room < -_NEAR:
                raise Difference("文字が枠からはみ出しています")
            start = left + {"left": 0.0, "center": room / 2, "right": room}[slot.align]
            if abs(x - start) > _NEAR or abs(y - base + i * self._leading) > _NEAR / 10:
                raise Difference("位置が違います")
