"""A city's tax office: makes up its notices in order, with every special case at a known place."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from random import Random
from typing import NamedTuple

import msgspec

from printjobs.core.kinds import DEBIT, SLIP
from printjobs.core.model import Addressee
from printjobs.reference import City
from printjobs.sample.instalments import Instalment, calendar, instalments
from printjobs.sample.people import HABITS, Registry, Trait
from printjobs.sample.property_tax import Assessor, Asset, Holding, Tax

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
    FACTORY = "factory"
    SMALL = "small"
    EXEMPTED = "exempted"
    MOST_ASSETS = "most_assets"
    OVERSEAS = "overseas"
    LONG_BUILDING = "long_building"
    LONG_COMPANY = "long_company"
    COMPANY = "company"
    EXTRA_FONT = "extra_font"
    VARIATION = "variation"
    REPEAT = "repeat"


CODES = {
    Special.NO_NAME: "required",
    Special.NO_HONORIFIC: "required",
    Special.UNKNOWN_ZIP: "zip_unknown",
    Special.WRONG_SUM: "instalments_sum",
    Special.EARLY_DUE: "due_before_mailing",
    Special.WRONG_CHECK_DIGIT: "check_digit",
    Special.PRIVATE_USE: "private_use",
}
TRAITS = {
    Special.FACTORY: Trait.COMPANY,
    Special.OVERSEAS: Trait.OVERSEAS,
    Special.LONG_BUILDING: Trait.LONG_BUILDING,
    Special.LONG_COMPANY: Trait.LONG_COMPANY,
    Special.COMPANY: Trait.COMPANY,
    Special.EXTRA_FONT: Trait.OUTSIDE_SHIFT_JIS,
    Special.VARIATION: Trait.VARIATION,
}
HOLDINGS = {
    Special.FACTORY: Holding.FACTORY,
    Special.SMALL: Holding.SMALL,
    Special.EXEMPTED: Holding.EXEMPTED,
    Special.MOST_ASSETS: Holding.MOST,
}
# Fortieths of the file, so that the cases lie apart: a reader that breaks on one still shows the next.
PLACES = {
    2: Special.FACTORY, 3: Special.NO_NAME, 5: Special.OVERSEAS, 6: Special.NO_HONORIFIC, 8: Special.LONG_BUILDING,
    9: Special.UNKNOWN_ZIP, 11: Special.EXEMPTED, 12: Special.WRONG_SUM, 14: Special.MOST_ASSETS,
    15: Special.EARLY_DUE, 17: Special.SMALL, 18: Special.WRONG_CHECK_DIGIT, 20: Special.EXTRA_FONT,
    21: Special.PRIVATE_USE, 22: Special.VARIATION, 24: Special.ORPHAN, 26: Special.EXTRA_FONT,
    28: Special.COMPANY, 30: Special.REPEAT, 32: Special.LONG_COMPANY, 36: Special.REPEAT,
}  # fmt: skip
FEWEST_WAITING = 8  # so that a small city has some as well
APART = 3  # at least so many notices between two to one addressee: neighbours would be grouped by chance
BEYOND_SHIFT_JIS = (Special.EXTRA_FONT, Special.VARIATION)


class Notice(NamedTuple):
    """One notice before it is written. ``orphan``: a number for one asset row that belongs to nobody."""

    number: str
    addressee: Addressee
    co_owners: str
    payment: str
    tax: Tax
    assets: list[Asset]
    instalments: list[Instalment]
    special: Special | None
    orphan: str

    def values(self) -> dict[str, str | int]:
        """The notice's row by column key."""
        values: dict[str, str | int] = msgspec.structs.asdict(self.addressee)
        values["addressee_number"] = self.addressee.number
        values |= self.tax._asdict()
        return values | {"number": self.number, "co_owners": self.co_owners, "payment": self.payment}


class Waiting(NamedTuple):
    """An addressee who may get another notice. ``last``: place of the latest one in the file."""

    addressee: Addressee
    last: int
    notices: int


class Office:
    """A city's tax office: makes up its notices one by one."""

    def __init__(self, city: City, year: int, seed: int) -> None:
        self.rng = Random(f"{seed}/{city.code}")
        self.year = year
        self.registry = Registry(self.rng, city.name, HABITS[city.code])
        self.assessor = Assessor(self.rng, self.registry.home, city.planning_rate)
        self.dates = calendar(city.code, year)
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
            yield _spoil(notice, self.year) if special in CODES else notice

    def _places(self, count: int) -> dict[int, Special]:
        habits = self.registry.habits
        left_out = () if habits.unicode else BEYOND_SHIFT_JIS
        if habits.only_persons:  # the honorific is a constant of its form
            left_out = (*left_out, Special.NO_HONORIFIC)
        return {place * count // FEWEST: special for place, special in PLACES.items() if special not in left_out}

    def _notice(self, number: str, special: Special | None) -> Notice:
        rng = self.rng
        addressee, co_owners = self._addressee(special)
        holding = HOLDINGS.get(special, Holding.ORDINARY) if special else Holding.ORDINARY
        if not special and rng.random() < 0.005:
            holding = Holding.EXEMPTED
        company = addressee.honorific == "御中" or holding is Holding.FACTORY
        zip_code = addressee.zip.replace("-", "")
        assets = self.assessor.assets(number, holding, zip_code=zip_code, company=company)
        tax = self.assessor.tax(assets, exempted=holding is Holding.EXEMPTED)
        payment = DEBIT if rng.random() < 0.3 else SLIP
        rows = instalments(rng, number, tax.annual_tax, payment, self.dates)
        return Notice(number, addressee, co_owners, payment, tax, assets, rows, special, "")

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
        elif not special and draw < 0.12:
            note = f"外{'１１１１１１２２３４５６７'[int(rng.random() * 13)]}名"
            if self._waiting and rng.random() < 0.2:
                known = rng.choice(self._waiting).addressee
                return msgspec.structs.replace(known, number=self.registry.fresh_number()), note
            return self.registry.addressee(), note
        trait = TRAITS.get(special, Trait.PLAIN) if special else Trait.ANY
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


def _spoil(notice: Notice, year: int) -> Notice:
    """The notice with the one fault that its special case is named after; tax and row counts stay."""
    who, rows = notice.addressee, list(notice.instalments)
    match notice.special:
        case Special.NO_NAME:
            who = msgspec.structs.replace(who, name="")
        case Special.NO_HONORIFIC:
            who = msgspec.structs.replace(who, honorific="")
        case Special.UNKNOWN_ZIP:
            who = msgspec.structs.replace(who, zip="000-0000" if "-" in who.zip else "0000000")
        case Special.WRONG_SUM:
            rows[-1] = rows[-1]._replace(amount=rows[-1].amount + 100)
        case Special.EARLY_DUE:
            first = next(i for i, row in enumerate(rows) if row.period == 1)
            rows[first] = rows[first]._replace(due=f"{year}-03-31")
        case Special.WRONG_CHECK_DIGIT:
            who = msgspec.structs.replace(who, number=who.number[:-1] + str((int(who.number[-1]) + 1) % 10))
        case Special.PRIVATE_USE:
            who = msgspec.structs.replace(who, name=f"{who.name}\ue000")
    return notice._replace(addressee=who, instalments=rows)
