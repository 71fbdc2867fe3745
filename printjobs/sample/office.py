"""A city's tax office: makes up its notices in order, with every special case at a known place."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from random import Random
from typing import NamedTuple

import msgspec

from printjobs.core.kinds import Kind
from printjobs.core.marks import gs1_128
from printjobs.core.model import Addressee
from printjobs.sample import gaiji
from printjobs.sample.making import Case, Contents, Maker, Row
from printjobs.sample.people import Registry, Trait

FEWEST = 40  # notices of a city at any scale: one place for each special case, and plain ones between


class Special(StrEnum):
    """Cases that must exist in every hand-in. Those in ``CODES`` are bad on purpose."""

    NO_NAME = "no_name"
    NO_HONORIFIC = "no_honorific"
    UNKNOWN_ZIP = "unknown_zip"
    WRONG_SUM = "wrong_sum"
    EARLY_DUE = "early_due"
    WRONG_CHECK_DIGIT = "wrong_check_digit"
    PRIVATE_USE = "private_use"
    ORPHAN = "orphan"
    LARGEST = "largest"
    SMALL = "small"
    ZERO = "zero"
    MOST = "most"
    OVERSEAS = "overseas"
    LONG_BUILDING = "long_building"
    LONG_COMPANY = "long_company"
    COMPANY = "company"
    EXTRA_FONT = "extra_font"
    VARIATION = "variation"
    REPEAT = "repeat"
    GAIJI = "gaiji"
    GAIJI_BY_MJ = "gaiji_by_mj"


CODES = {  # WRONG_SUM has the code that the kind's own check gives
    Special.NO_NAME: "required",
    Special.NO_HONORIFIC: "required",
    Special.UNKNOWN_ZIP: "zip_unknown",
    Special.EARLY_DUE: "due_before_mailing",
    Special.WRONG_CHECK_DIGIT: "check_digit",
    Special.PRIVATE_USE: "private_use",
}
TRAITS = {
    Special.LARGEST: Trait.COMPANY,
    Special.OVERSEAS: Trait.OVERSEAS,
    Special.LONG_BUILDING: Trait.LONG_BUILDING,
    Special.LONG_COMPANY: Trait.LONG_COMPANY,
    Special.COMPANY: Trait.COMPANY,
    Special.EXTRA_FONT: Trait.OUTSIDE_SHIFT_JIS,
    Special.VARIATION: Trait.VARIATION,
}
CASES = {
    Special.LARGEST: Case.LARGEST,
    Special.SMALL: Case.SMALL,
    Special.ZERO: Case.ZERO,
    Special.MOST: Case.MOST,
    Special.WRONG_SUM: Case.SLIPS,
    Special.EARLY_DUE: Case.SLIPS,
    Special.ORPHAN: Case.SLIPS,
}
# Fortieths of the file, so that the cases lie apart: a reader that breaks on one still shows the next.
PLACES = {
    2: Special.LARGEST, 3: Special.NO_NAME, 5: Special.OVERSEAS, 6: Special.NO_HONORIFIC, 8: Special.LONG_BUILDING,
    9: Special.UNKNOWN_ZIP, 11: Special.ZERO, 12: Special.WRONG_SUM, 14: Special.MOST,
    15: Special.EARLY_DUE, 17: Special.SMALL, 18: Special.WRONG_CHECK_DIGIT, 20: Special.EXTRA_FONT,
    21: Special.PRIVATE_USE, 22: Special.VARIATION, 24: Special.ORPHAN, 26: Special.EXTRA_FONT,
    28: Special.COMPANY, 30: Special.REPEAT, 32: Special.LONG_COMPANY, 34: Special.GAIJI, 36: Special.REPEAT,
    38: Special.GAIJI_BY_MJ,
}  # fmt: skip
FEWEST_WAITING = 8  # so that a small city has some as well
APART = 3  # at least so many notices between two to one addressee: neighbours would be grouped by chance
BEYOND_SHIFT_JIS = (Special.EXTRA_FONT, Special.VARIATION)
GAIJI = {Special.GAIJI: gaiji.OWN, Special.GAIJI_BY_MJ: gaiji.OWN_BY_MJ}


class Notice(NamedTuple):
    """One notice before it is written. ``orphan``: a number for one detail row that belongs to nobody."""

    number: str
    addressee: Addressee
    co_owners: str
    contents: Contents
    special: Special | None
    orphan: str

    def values(self) -> Row:
        """The notice's row by column key."""
        values: Row = msgspec.structs.asdict(self.addressee)
        values["addressee_number"] = self.addressee.number
        return values | {"number": self.number, "co_owners": self.co_owners} | self.contents.values


class Waiting(NamedTuple):
    """An addressee who may get another notice. ``last``: place of the latest one in the file."""

    addressee: Addressee
    last: int
    notices: int


class Office:
    """A city's office for one kind: makes up its notices one by one."""

    def __init__(self, kind: Kind, year: int, rng: Random, registry: Registry, maker: Maker) -> None:
        self.kind = kind
        self.rng = rng
        self.year = year
        self.registry = registry
        self.maker = maker
        # A queue, so that the notices of one addressee lie apart in the file.
        self._waiting: deque[Waiting] = deque(maxlen=200)
        self._done = 0

    def notices(self, count: int) -> Iterator[Notice]:
        places = self._places(count)
        serial = self.rng.randrange(10_000, 90_000)
        for index in range(count):
            serial += 1 + int(self.rng.random() * 5)
            special = places.get(index)
            notice = self._notice(f"{self.year % 100:02d}{serial:08d}", special)
            if special is Special.ORPHAN:
                serial += 1  # skipped by the notices, so the row can belong to none
                notice = notice._replace(orphan=f"{self.year % 100:02d}{serial:08d}")
            self._done += 1
            yield _spoil(self.kind, _with_gaiji(notice), self.year)

    def _places(self, count: int) -> dict[int, Special]:
        habits = self.registry.habits
        left_out = () if habits.unicode else BEYOND_SHIFT_JIS
        if habits.honorific_printed:  # it is a constant of the city's form
            left_out = (*left_out, Special.NO_HONORIFIC)
        left_out = (*left_out, *(special for special, char in GAIJI.items() if char not in habits.gaiji))
        return {place * count // FEWEST: special for place, special in PLACES.items() if special not in left_out}

    def _notice(self, number: str, special: Special | None) -> Notice:
        addressee, co_owners = self._addressee(special)
        case = CASES.get(special, Case.ORDINARY) if special else Case.ORDINARY
        if not special and self.rng.random() < 0.005:
            case = Case.ZERO
        return Notice(number, addressee, co_owners, self.maker.make(number, addressee, case), special, "")

    def _addressee(self, special: Special | None) -> tuple[Addressee, str]:
        """Who gets the notice, and the note on co-owners (共有者).

        Co-ownership has an addressee number of its own even where its first owner is known already:
        same name, same address, other number, and so another envelope.
        """
        rng = self.rng
        draw = rng.random()
        if special is Special.REPEAT or (not special and draw < 0.03):
            earlier = self._earlier()
            if earlier:
                return earlier, ""
        elif not special and draw < 0.12 and not self.maker.persons:
            note = f"外{'１１１１１１２２３４５６７'[int(rng.random() * 13)]}名"
            if self._waiting and rng.random() < 0.2:
                known = rng.choice(self._waiting).addressee
                return msgspec.structs.replace(known, number=self.registry.fresh_number()), note
            return self.registry.addressee(), note
        trait = TRAITS.get(special, Trait.PLAIN) if special else Trait.ANY
        if self.maker.companies and trait in (Trait.ANY, Trait.PLAIN):
            trait = Trait.COMPANY
        addressee = self.registry.addressee(trait)
        if not special and (len(self._waiting) < FEWEST_WAITING or rng.random() < 0.06):
            self._waiting.append(Waiting(addressee, self._done, 1))
        return addressee, ""

    def _earlier(self) -> Addressee | None:
        """An addressee of an earlier notice, now and then for a third one, if the latest is far enough back."""
        if not self._waiting or self._waiting[0].last + APART >= self._done:
            return None
        earlier = self._waiting.popleft()
        if earlier.notices == 1 and self.rng.random() < 0.25:
            self._waiting.append(Waiting(earlier.addressee, self._done, 2))
        return earlier.addressee


def _with_gaiji(notice: Notice) -> Notice:
    """The notice with a gaiji of its city in the name: in a person's surname, before a company's name."""
    if notice.special not in GAIJI:
        return notice
    char, (surname, space, given) = GAIJI[notice.special], notice.addressee.name.partition("\u3000")
    name = f"{char}田{space}{given}" if space else f"{char}{surname}"
    return notice._replace(addressee=msgspec.structs.replace(notice.addressee, name=name))


def _spoil(kind: Kind, notice: Notice, year: int) -> Notice:
    """The notice with the one fault that its special case is named after; total and row counts stay."""
    who = notice.addressee
    rows = [dict(row) for row in notice.contents.tables[kind.payable]]
    match notice.special:
        case Special.NO_NAME:
            who = msgspec.structs.replace(who, name="")
        case Special.NO_HONORIFIC:
            who = msgspec.structs.replace(who, honorific="")
        case Special.UNKNOWN_ZIP:
            who = msgspec.structs.replace(who, zip="000-0000" if "-" in who.zip else "0000000")
        case Special.WRONG_SUM:
            rows[-1] = _with_amount(rows[-1], int(rows[-1]["amount"]) + 100)
        case Special.EARLY_DUE:
            first = next(i for i, row in enumerate(rows) if row.get("period", 1) == 1)
            rows[first]["due"] = f"{year}-03-31"
        case Special.WRONG_CHECK_DIGIT:
            who = msgspec.structs.replace(who, number=who.number[:-1] + str((int(who.number[-1]) + 1) % 10))
        case Special.PRIVATE_USE:
            who = msgspec.structs.replace(who, name=f"{who.name}{gaiji.UNSETTLED}")
        case _:
            return notice
    tables = notice.contents.tables | {kind.payable: rows}
    return notice._replace(addressee=who, contents=notice.contents._replace(tables=tables))


def _with_amount(row: Row, amount: int) -> Row:
    """A row with another amount and the barcode that belongs to it, so that only the sum is wrong."""
    barcode = str(row["barcode"])
    if barcode:
        stays = amount <= gs1_128.MOST_YEN
        barcode = gs1_128.build(gs1_128.parse(barcode)._replace(amount=amount)) if stays else ""
    return row | {"amount": amount, "barcode": barcode}
