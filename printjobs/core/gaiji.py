"""Gaiji (外字): what a city's private-use code points mean, and who may say so.

The council keeps one table (統一外字表). Its key is city, character set and code, because the same code is
another character in the next city. Nothing is guessed: only a settled entry is printed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

STANDARD = "standard"  # the character set of a city that has only one
GETA = "〓"  # what stands for a character that cannot be shown
PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")

_LONGEST = 8  # characters of a text: some gaiji are company marks that are spelt out
_MJ = re.compile(r"MJ[0-9]{6}")
_CODE = re.compile(r"U\+([0-9A-F]{4,6})")
_SHIFT_JIS = re.compile(r"SJIS-(F[0-9])([0-9A-F]{2})")
_SET = re.compile(r"[A-Za-z0-9._-]{1,40}")
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_NOTES = {"by": 60, "ground": 400}  # longest, in characters


class State(StrEnum):
    """How far a character is identified (同定). Only ``SETTLED`` is printed."""

    OPEN = "open"
    PROVISIONAL = "provisional"
    SETTLED = "settled"


STATE_NAMES: Mapping[State, str] = MappingProxyType(
    {State.OPEN: "未同定", State.PROVISIONAL: "暫定", State.SETTLED: "確定"}
)
UNKNOWN = "未登録"  # what a code is called that the table does not have

# What may follow what. A settled character goes back only by being withdrawn (open), so that an old list with a
# provisional guess cannot undo it.
_FOLLOWING: Mapping[State | None, tuple[State, ...]] = MappingProxyType(
    {
        None: (State.OPEN, State.PROVISIONAL, State.SETTLED),
        State.OPEN: (State.PROVISIONAL, State.SETTLED),
        State.PROVISIONAL: (State.OPEN, State.PROVISIONAL, State.SETTLED),
        State.SETTLED: (State.OPEN, State.SETTLED),
    }
)


class Entry(msgspec.Struct, frozen=True):
    """One line of the table: a key, its state, and what it stands for.

    ``code`` and ``glyph`` are written ``U+E001``; ``glyph`` is a code point of the council's own gaiji font.
    ``text`` is Unicode, often a character with its variation selector. ``mj`` is an MJ glyph name (MJ文字図形名).
    ``by``, ``date`` (ISO) and ``ground`` (根拠) say who identified it, when, and on what ground.
    """

    city: str
    character_set: str
    code: str
    state: State
    mj: str = ""
    text: str = ""
    glyph: str = ""
    by: str = ""
    date: str = ""
    ground: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.city, self.character_set, self.code

    @property
    def replacement(self) -> str:
        """What is printed in the code's place."""
        return self.text or character(self.glyph)


# Our field of an entry, and the header that a list has for it.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "city": "市コード", "character_set": "文字集合", "code": "外字コード", "state": "状態", "mj": "MJ文字図形名",
        "text": "文字", "glyph": "外字フォントのコード", "by": "同定者", "date": "同定日", "ground": "根拠",
    }
)  # fmt: skip


class Fault(NamedTuple):
    """What is wrong with an entry: field, code, and a sentence for who wrote it."""

    field: str
    code: str
    message: str


def code_of(char: str) -> str:
    """A character as it is written in the table: ``U+E001``."""
    return f"U+{ord(char):04X}"


def codes_of(text: str) -> str:
    """Every code point of a text: ``U+8FBB U+E0100``."""
    return " ".join(map(code_of, text))


def character(code: str) -> str:
    """The character of a code as the table writes it."""
    return chr(int(code.removeprefix("U+"), 16))


def parse_code(text: str) -> str:
    """A private-use code point as somebody wrote it, as the table writes it; empty when it is none.

    ``U+E001``, or ``SJIS-F041`` for the user-defined area of Shift_JIS (F040 to F9FC), whose 188 places a row
    are the private-use area from U+E000 on (Microsoft code page 932).
    """
    written = text.strip().upper()
    if match := _SHIFT_JIS.fullmatch(written):
        char = bytes.fromhex(match[1] + match[2]).decode("cp932", "ignore")
        return code_of(char) if PRIVATE_USE.fullmatch(char) else ""
    match = _CODE.fullmatch(written)
    point = int(match[1], 16) if match else 0
    return code_of(chr(point)) if point <= 0x10FFFF and PRIVATE_USE.fullmatch(chr(point)) else ""


def shift_jis(code: str) -> str:
    """The same code in the user-defined area of Shift_JIS, ``F041``; empty when it has no place there."""
    try:
        data = character(code).encode("cp932")
    except UnicodeEncodeError:
        return ""
    return data.hex().upper() if len(data) == 2 else ""


def parse_text(text: str) -> str:
    """A text, or the code points of one (``U+8FBB U+E0100``): many an editor loses a selector."""
    codes = [_CODE.fullmatch(part) for part in text.strip().upper().split()]
    points = [int(code[1], 16) for code in codes if code]
    if points and len(points) == len(codes) and max(points) <= 0x10FFFF:
        return "".join(map(chr, points))
    return text.strip()


def check(entry: Entry) -> list[Fault]:
    """What is wrong with an entry in itself; empty when it may stand in the table."""
    found: list[Fault] = []

    def say(field: str, code: str, message: str) -> None:
        found.append(Fault(field, code, message))

    if not _SET.fullmatch(entry.character_set):
        say("character_set", "character_set", "文字集合の名前は半角英数と . _ - の40文字以内にしてください。")
    if parse_code(entry.code) != entry.code:
        say("code", "code", "外字コードは私用領域の U+E001 か、シフトJISの SJIS-F041 の形で入れてください。")
    if entry.mj and not _MJ.fullmatch(entry.mj):
        say("mj", "mj_format", "MJ文字図形名は MJ と数字6桁（MJ000001）の形で入れてください。")
    if entry.glyph and parse_code(entry.glyph) != entry.glyph:
        say("glyph", "glyph", "外字フォントのコードは私用領域の U+E001 の形で入れてください。")
    if entry.text and (told := _text_fault(entry.text)):
        say("text", "text", told)
    for field, longest in _NOTES.items():
        if len(getattr(entry, field)) > longest:
            say(field, "too_long", f"同定者は{_NOTES['by']}文字、根拠は{_NOTES['ground']}文字までです。")
    if entry.date and not _is_date(entry.date):
        say("date", "date", "同定日は 2026-04-30 の形の実在する日付で入れてください。")
    return found + _state_faults(entry)


def _state_faults(entry: Entry) -> list[Fault]:
    if entry.state is State.OPEN:
        if entry.mj or entry.text or entry.glyph:
            return [Fault("state", "open_with_text", "未同定の行には、文字もコードも入れません。")]
        return []
    found = []
    if bool(entry.text) is bool(entry.glyph):
        told = "文字か外字フォントのコードの、どちらか一つを入れてください。"
        found.append(Fault("text", "text_or_glyph", told))
    for field, title in (("by", "同定者"), ("date", "同定日"), ("ground", "根拠")):
        if not getattr(entry, field).strip():
            found.append(Fault(field, "required", f"{STATE_NAMES[entry.state]}の行には{title}が要ります。"))
    return found


def _text_fault(text: str) -> str:
    if len(text) > _LONGEST or not text.strip():
        return f"文字は空白だけでない{_LONGEST}文字以内にしてください。"
    if PRIVATE_USE.search(text):
        return "文字に私用領域のコードは使えません。外字フォントの字形なら、そのコードの欄に入れてください。"
    if _UNPRINTABLE.search(text):
        return "文字に印字できない文字があります。"
    after = "".join("s" if _SELECTOR.fullmatch(char) else "c" for char in text)
    if after.startswith("s") or "ss" in after:
        return "異体字セレクタは、文字のすぐ後に一つだけ置けます。"
    return ""


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2026-04-30") and bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def follows(old: State | None, new: State) -> bool:
    """Whether an entry in state ``new`` may come after one in state ``old`` (None: the code is new)."""
    return new in _FOLLOWING[old]


def decide(entry: Entry, history: Iterable[Entry]) -> Fault | None:
    """Whether a sound entry may be added to its key's history (oldest first): None, or why not.

    What stands in the history already needs no decision: see :func:`is_known`.
    """
    newest = None
    for earlier in history:
        newest = earlier
    old = newest.state if newest else None
    if follows(old, entry.state):
        return None
    assert old is not None
    told = f"このコードは{STATE_NAMES[old]}です。{STATE_NAMES[entry.state]}の行は加えられません。"
    if old is State.SETTLED:
        told += "誤りなら gaiji resolve で確定し直すか、--withdraw で取り消してください。"
    return Fault("state", "transition", told)


def is_known(entry: Entry, history: Iterable[Entry]) -> bool:
    """Whether exactly this was said of the key before.

    So a list that is imported once more changes nothing, and never takes back what was corrected since.
    """
    return any(earlier == entry for earlier in history)


class Lookup(NamedTuple):
    """A city's own part of the table as intake needs it, by private-use character.

    ``settled``: what is printed in its place. ``unsettled``: the state of those that may not be printed yet.
    """

    settled: Mapping[str, str]
    unsettled: Mapping[str, State]

    def state(self, char: str) -> str:
        """The state of a character that is not settled, in Japanese."""
        return STATE_NAMES[self.unsettled[char]] if char in self.unsettled else UNKNOWN


def lookup(entries: Iterable[Entry]) -> Lookup:
    """The lookup of one city and character set from its newest entries."""
    settled, unsettled = dict[str, str](), dict[str, State]()
    for entry in entries:
        char = character(entry.code)
        if entry.state is State.SETTLED:
            settled[char] = entry.replacement
        else:
            unsettled[char] = entry.state
    return Lookup(settled, unsettled)


NOTHING = Lookup(MappingProxyType({}), MappingProxyType({}))


def around(text: str, table: Lookup) -> str:
    """A text as the city's own list shows it: what is settled resolved, every other gaiji as 〓."""
    return PRIVATE_USE.sub(lambda found: table.settled.get(found[0], GETA), text)
