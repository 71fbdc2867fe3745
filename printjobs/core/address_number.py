"""The address number (住所表示番号): what the customer barcode takes from an address.

Source: Japan Post, postal code and barcode manual (郵便番号・バーコードマニュアル), pages 12 and 17 to 25;
the comments give the manual's own order of rules. An address is part A, as far as the name of the
town that has the postal code, and part B, the rest with the building (方書). Only part B is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Town(NamedTuple):
    """A town (町域) of a postal code as KEN_ALL writes it; ``name`` is empty for "not listed below"."""

    prefecture: str
    city: str
    name: str


class Outcome(StrEnum):
    """Whether an address gets a customer barcode."""

    READY = "ready"
    NONE = "none"  # the manual says that it must have none
    UNPARSED = "unparsed"  # the address does not belong to its code: the city decides what is printed


class Reason(StrEnum):
    """Why there is no address number; ``FOUND`` where there is one."""

    FOUND = "found"
    ABROAD = "abroad"
    REPRESENTATIVE = "representative"
    UNKNOWN_CODE = "unknown_code"
    OTHER_TOWN = "other_town"
    BOX_WITHOUT_NUMBER = "box_without_number"


class AddressNumber(NamedTuple):
    """``number`` holds digits, hyphens and letters A to Z; empty is a number too: the postal code alone."""

    outcome: Outcome
    number: str = ""
    reason: Reason = Reason.FOUND


ABROAD = AddressNumber(Outcome.NONE, reason=Reason.ABROAD)
REPRESENTATIVE = AddressNumber(Outcome.NONE, reason=Reason.REPRESENTATIVE)
UNKNOWN_CODE = AddressNumber(Outcome.UNPARSED, reason=Reason.UNKNOWN_CODE)
CODE_ALONE = AddressNumber(Outcome.READY)

# Full-width letters and digits only. NFKC would turn Ⅰ into the letter I and ① into 1, which nobody wrote.
_PLAIN = (
    {full: half for half, full in enumerate(range(ord("０"), ord("９") + 1), ord("0"))}
    | {full: half for half, full in enumerate(range(ord("Ａ"), ord("Ｚ") + 1), ord("A"))}
    | {full: half for half, full in enumerate(range(ord("ａ"), ord("ｚ") + 1), ord("A"))}
    | {small: large for large, small in enumerate(range(ord("a"), ord("z") + 1), ord("A"))}
)
_TAKEN = _PLAIN | dict.fromkeys(map(ord, "&＆/／・･.．"))  # rule 2: the characters beside them move together

_UNITS = {"十": 10, "百": 100, "千": 1000}
_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}
_NUMERALS = "".join((*_DIGITS, *_UNITS))
# Supplement 1: only before these is a kanji numeral a number; elsewhere it is a character like others.
_COUNTED = re.compile(rf"[{_NUMERALS}]+(?=丁目|丁|番地|番|号|地割|線|の|ノ)")
_FLOOR = re.compile(r"(?<=[0-9])F(?![A-Z])")
_NOT_TAKEN = re.compile(r"[A-Z]{2,}|[^0-9A-Z-]")
_HYPHENS = re.compile(r"-{2,}")
_LETTER = re.compile(r"-?([A-Z])-?")


def kanji_number(text: str) -> int:
    """The value of kanji numerals: 十一 and 一一 are 11, 百一 is 101."""
    total, digits = 0, ""
    for char in text:
        if unit := _UNITS.get(char):
            total += int(digits or 1) * unit
            digits = ""
        else:
            digits += str(_DIGITS[char])
    return total + int(digits or 0)


def extract(part_b: str) -> str:
    """The address number of part B, not yet cut to the 13 symbols of a barcode.

    Extracting from the result changes nothing, unless letters came to stand together (``LB``) or an F
    behind a digit: from an address those would be a word and a floor.
    """
    text = part_b.translate(_TAKEN)  # rules 1 and 2; every kind of hyphen becomes one below, like all the rest
    text = _COUNTED.sub(lambda found: str(kanji_number(found[0])), text)
    text = _FLOOR.sub("-", text)  # supplements 2 and 3: 10F is the floor 10
    text = _NOT_TAKEN.sub("-", text)  # basic rules 3 and 4
    text = _HYPHENS.sub("-", text).strip("-")  # basic rules 5 and 6
    return _LETTER.sub(r"\1", text)  # supplements 4 and 5: letters may come to stand together now


def find(towns: Iterable[Town], address: str, building: str) -> AddressNumber:
    """The address number of an address whose postal code belongs to ``towns``.

    ``address`` may begin with the prefecture, with the city, or with the town. The longest name counts:
    今宿 and 今宿町 share one code.
    """
    known = tuple(towns)
    if not all(town.name for town in known):
        return REPRESENTATIVE
    folded = _fold(address)
    ends = [end for town in known if (end := _part_a(town, folded))]
    if not ends:
        return AddressNumber(Outcome.UNPARSED, reason=Reason.OTHER_TOWN)
    return AddressNumber(Outcome.READY, extract(f"{address[max(ends) :]} {building}"))


def of_box(address: str, building: str) -> AddressNumber:
    """The number of a post office box (私書箱), one to four digits; for the code that all boxes of an office share."""
    text = f"{address} {building}".translate(_PLAIN)
    text = _COUNTED.sub(lambda found: str(kanji_number(found[0])), text)
    found = re.search(r"私書[箱函][^0-9]{0,3}([0-9]{1,4})(?![0-9])", text)
    return (
        AddressNumber(Outcome.READY, found[1])
        if found
        else AddressNumber(Outcome.UNPARSED, reason=Reason.BOX_WITHOUT_NUMBER)
    )


def is_box_code(code: str) -> bool:
    """Whether a code can be that of all boxes of a post office (私書箱包括番号): ``***-8691`` or ``***-**91``."""
    return code.endswith("91")


# One character for one character, so that a place in the folded text is the same place in the address.
_FOLDED = _PLAIN | str.maketrans("ヶヵッのノ之", "ケカツノノノ")


def _fold(text: str) -> str:
    return text.translate(_FOLDED)


def _part_a(town: Town, folded: str) -> int:
    """Where part A ends in an address of this town; 0 for an address of another one."""
    before = _before(town.prefecture, town.city).match(folded)
    assert before is not None  # all of it is optional
    is_kyoto = town.city.startswith("京都市")
    names = _literal(town.name)
    if names and not is_kyoto and folded.split(maxsplit=1) == [folded]:
        return _literal_end(names, folded, before.end())
    name = _name(town.name, is_kyoto)
    found = name.match(folded, before.end())
    if not found and folded[:1].isspace():  # a space may also stand before a name that begins like its city
        found = name.match(folded)
    return found.end() if found else 0


def _literal_end(names: Iterable[str], folded: str, start: int) -> int:
    """What ``_name`` finds in an address without spaces; compiling that takes as long as reading a whole notice."""
    for prefix in ("大字", "字", ""):
        if folded.startswith(prefix, start):
            at = start + len(prefix)
            for name in names:
                if folded.startswith(name, at):
                    return at + len(name)
    return 0


@lru_cache(maxsize=20_000)
def _literal(name: str) -> tuple[str, ...]:
    """A town's names, the longest first, where they can only be written in one way; nothing when they have a number."""
    folded = _fold(name)
    if any(char in _NUMERALS or char in "0123456789" for char in folded):
        return ()
    return tuple(sorted(folded.split("、"), key=len, reverse=True))


@lru_cache(maxsize=1_000)
def _before(prefecture: str, city: str) -> re.Pattern[str]:
    """Prefecture and city. Atomic groups: a city that is named is not read as the town's beginning."""
    parts = re.fullmatch(r"(.+?郡)(.+[町村])", city)
    county, place = parts.groups() if parts else ("", city)
    return re.compile(rf"\s*(?>(?:{_spaced(prefecture)})?)(?>(?:(?:{_spaced(county)})?{_spaced(place)})?)")


@lru_cache(maxsize=20_000)
def _name(name: str, is_kyoto: bool) -> re.Pattern[str]:
    """A town's name; in Kyoto after the streets that lead there."""
    streets = r"(?:.*?(?:通|上る|下る|入る|入)\s*)??" if is_kyoto else ""
    names = "|".join(f"(?:{_spaced(one)})" for one in sorted(name.split("、"), key=len, reverse=True))
    return re.compile(rf"{streets}(?:大字|字)?\s*(?:{names})")


def _spaced(name: str) -> str:
    """A pattern for a name that may have spaces in it, and numerals of the other kind (秋月１条, 秋月一条)."""
    out = []
    for part in re.findall(rf"[0-9]+|[{_NUMERALS}]+|.", _fold(name)):
        if part[0] in "0123456789":
            out.append(rf"(?:{part}(?![0-9])|{_in_kanji(int(part))}(?![{_NUMERALS}]))\s*")
        elif part[0] in _NUMERALS:
            out.append(rf"(?:{part}|{kanji_number(part)}(?![0-9]))\s*")
        else:
            out.append(re.escape(part) + r"\s*")
    return "".join(out)


def _in_kanji(number: int) -> str:
    """A number as a place name writes it: 11 is 十一. No town has one of 100 or more; that would be its digits."""
    digits = "〇一二三四五六七八九"
    if number >= 100:
        return "".join(digits[int(digit)] for digit in str(number))
    tens, ones = divmod(number, 10)
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones or not tens else "")
