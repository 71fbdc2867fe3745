"""The bill of a run: what vendor and post office ask, each city's share of every line, and what it would pay alone.

Law 5: the shares of every line add up to the line, to the yen, and the totals of the cities to the invoice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

import msgspec

from printjobs.core.postage.assigning import Coalitions
from printjobs.core.postage.posting import ROUTE_WORDS, Lot, Posting, Priced, Route, groups, price, price_groups
from printjobs.core.postage.table import PostageTable
from printjobs.core.rounding import capped, largest_remainder

from . import splitting
from .splitting import Bases, People, Share, SplitRules
from .tariff import SET_UPS, TAX, Line, Tariff, Unit, Volumes, invoice_lines

OVERSEAS = "overseas"
GROUP_WORDS = {"fixed": "固定費", "variable": "印刷・封入", "tax": "消費税", "postage": "郵便料"}  # of items, as told


class Mail(NamedTuple):
    """What the post takes: all domestic lots, the postings they are handed in by, and pieces abroad by city.

    ``delay``: days that the post may take longer, for its discount.
    """

    lots: tuple[Lot, ...]
    postings: tuple[Posting, ...]
    overseas: Mapping[str, int]
    delay: int


class Case(NamedTuple):
    """Everything that a run's cost depends on. Mappings are by city code."""

    volumes: Mapping[str, Volumes]
    people: People
    tariff: Tariff
    rules: SplitRules
    table: PostageTable
    mail: Mail


class Item(msgspec.Struct, frozen=True):
    """One city's share of one invoice line: by which rule, on what basis, in yen.

    ``group`` is one of :data:`GROUP_WORDS`; ``fixed`` are set-ups.
    """

    group: str
    item: str
    rule: str
    basis: str
    yen: int


def group_of(line: Line, tariff: Tariff) -> str:
    """The group of the items that a line is shared in."""
    if line.issuer == "post":
        return "postage"
    if line.key == TAX:
        return "tax"
    return "fixed" if next(p.counts for p in tariff.prices if p.key == line.key) in SET_UPS else "variable"


class CityBill(msgspec.Struct, frozen=True):
    """What a city pays, what it would have paid alone under the same tariff, and what it saves (may be negative)."""

    code: str
    notices: int
    items: tuple[Item, ...]
    total_yen: int
    alone_yen: int

    @property
    def saving_yen(self) -> int:
        return self.alone_yen - self.total_yen


class Bill(msgspec.Struct, frozen=True):
    """The invoice and its shares; ``sum_ok`` is law 5, computed from the finished shares."""

    lines: tuple[Line, ...]
    cities: tuple[CityBill, ...]

    @property
    def invoice_yen(self) -> int:
        return sum(line.yen for line in self.lines)

    @property
    def sum_ok(self) -> bool:
        return (
            self.invoice_yen
            == sum(i.yen for c in self.cities for i in c.items)
            == sum(c.total_yen for c in self.cities)
        )

    @property
    def dearer(self) -> tuple[str, ...]:
        """Cities that pay more than they would alone, by code."""
        return tuple(c.code for c in self.cities if c.saving_yen < 0)


class JointCost:
    """What any of a run's cities would pay together, by their own best postings, in whole yen.

    A city alone joins nobody, so it has no first year (:attr:`Unit.NEW_CITY`), and without mail it has no run.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self._postage = Coalitions(case.mail.lots, case.table, case.mail.delay)

    def __call__(self, cities: frozenset[str]) -> int:
        case = self._case
        some = {code: case.volumes[code] for code in cities}
        if len(some) == 1:
            some = {code: own._replace(new=False) for code, own in some.items() if any(own.units.values())}
        abroad = sum(case.mail.overseas.get(code, 0) for code in cities) * case.table.overseas.yen
        return sum(line.yen for line in invoice_lines(some, case.tariff)) + self._postage.yen(cities) + abroad


def make_bill(case: Case) -> Bill:
    """Price the joint volumes line by line, split each line, and set what each city would pay alone beside it."""
    codes = sorted(case.volumes)
    items: dict[str, list[Item]] = {code: [] for code in codes}
    lines = [*_vendor(case, codes, items), *_postage(case, items), *_abroad(case, items)]
    joint = JointCost(case)
    bills = (
        CityBill(
            code,
            case.volumes[code].notices,
            tuple(items[code]),
            sum(i.yen for i in items[code]),
            joint(frozenset({code})),
        )
        for code in codes
    )
    return Bill(tuple(lines), tuple(bills))


def _vendor(case: Case, codes: list[str], items: dict[str, list[Item]]) -> Iterable[Line]:
    envelopes = {
        code: sum(n for (unit, _), n in own.units.items() if unit is Unit.ENVELOPE)
        for code, own in case.volumes.items()
    }
    for line in invoice_lines(case.volumes, case.tariff):
        if line.key == TAX:
            before = {code: sum(i.yen for i in items[code]) for code in codes}
            shares = largest_remainder(line.yen, before)
            for code in codes:
                basis = f"税抜 {before[code]:,}円の{case.tariff.consumption_tax_percent}%"
                items[code].append(Item("tax", "消費税", "税抜額割", basis, shares[code]))
        else:
            rule = case.rules.of(line.key)
            bases = Bases(case.people.population, case.people.households, envelopes, line.own)
            group = group_of(line, case.tariff)
            least = "最低" if group == "variable" and line.quantity > sum(line.own.values()) else ""
            told = f"{least}{line.quantity:,}{line.counter} × {with_marks(line.unit_yen)}円 = {line.yen:,}円を"
            for code, share in splitting.split(line.yen, rule, codes, bases).items():
                items[code].append(Item(group, line.title, splitting.title(rule), told + share.basis, share.yen))
        yield line


def _postage(case: Case, items: dict[str, list[Item]]) -> Iterable[Line]:
    for posting in case.mail.postings:
        priced = price(posting, case.table)
        name = posting_title(posting)
        for at, line in enumerate(priced.lines):
            title = f"郵便料 {name} {line.mail_class}" + ("（バーコード付き）" if line.percent and line.barcode else "")
            key = f"posting-{posting.number}-{at}"
            net = line.unit_yen * (100 - line.percent) / 100
            of_cities = _in_class(posting, line.mail_class)
            yield Line("post", key, title, line.pieces, "通", _decimal(net), line.yen, of_cities)
        if posting.terms.route is Route.PLAIN:
            for code in posting.cities:
                alone = price(_of_city(posting, code), case.table)
                items[code] += [
                    Item("postage", f"郵便料 {o.mail_class}", "実費", f"{o.pieces:,}通 × {o.unit_yen}円", o.yen)
                    for o in alone.lines
                ]
        else:
            pooled = f"、共同の割引は{splitting.title(case.rules.pooled_discount)}"
            for group in groups(posting, case.table):  # after pulls not all senders may hand in together
                own = posting._replace(terms=group.terms, lots=group.lots)
                rule = "実費" + (pooled if len(own.cities) > 1 else "")
                for code, share in posting_shares(own, price_groups([group], case.table), case).items():
                    items[code].append(Item("postage", f"郵便料 {name}", rule, share.basis, share.yen))


def _abroad(case: Case, items: dict[str, list[Item]]) -> Iterable[Line]:
    each, own = case.table.overseas, {c: n for c, n in case.mail.overseas.items() if n}
    if not own:
        return
    for code, pieces in sorted(own.items()):
        items[code].append(
            Item("postage", f"郵便料 {each.name}", "実費", f"{pieces:,}通 × {each.yen}円", pieces * each.yen)
        )
    pieces, title = sum(own.values()), f"郵便料 {each.name}"
    yield Line("post", OVERSEAS, title, pieces, "通", str(each.yen), pieces * each.yen, own)


def posting_title(posting: Posting) -> str:
    """What people call a posting: its number, its route, and whether several cities are its senders."""
    if not posting.number:
        return ROUTE_WORDS[posting.terms.route]
    joint = "・連名" if len(posting.cities) > 1 else ""
    return f"差出し{posting.number}（{ROUTE_WORDS[posting.terms.route]}{joint}）"


def posting_shares(posting: Posting, priced: Priced, case: Case) -> dict[str, Share]:
    """Who pays how much of a discounted posting.

    Each city pays what these pieces would cost it alone, less its part of what posting together saves beyond that (the
    pooled discount). If pulls have made the joint posting the dearer one, its loss is shared by the same rule.
    """
    if len(posting.cities) == 1:
        told = "、".join(f"{o.pieces:,}通 × {o.unit_yen}円 − {_decimal(o.percent)}%" for o in priced.lines)
        return {posting.cities[0]: Share(priced.yen, told)}
    own = {code: _of_city(posting, code) for code in posting.cities}
    alone = {
        code: Coalitions(part.lots, case.table, case.mail.delay).yen(frozenset({code})) for code, part in own.items()
    }
    pieces = {code: part.pieces for code, part in own.items()}
    bases = Bases(case.people.population, case.people.households, pieces, pieces)
    weighed = splitting.weights(case.rules.pooled_discount, own, bases)
    pooled = sum(alone.values()) - priced.yen
    parts = capped(pooled, weighed, alone) if pooled >= 0 else largest_remainder(-pooled, weighed)
    sign, word = ("−", "共同の割引") if pooled >= 0 else ("＋", "共同の不足")
    return {
        code: Share(
            alone[code] - parts[code] if pooled >= 0 else alone[code] + parts[code],
            f"自市だけなら {alone[code]:,}円 {sign} {word} {parts[code]:,}円"
            f"（全体で {abs(pooled):,}円、通数 {pieces[code]:,}／{posting.pieces:,}）",
        )
        for code in posting.cities
    }


def _in_class(posting: Posting, mail_class: str) -> dict[str, int]:
    """Pieces of a posting in one class by city, whatever they cost."""
    found: dict[str, int] = {}
    for lot in posting.lots:
        if lot.mail_class == mail_class:
            found[lot.city] = found.get(lot.city, 0) + lot.pieces
    return found


def _of_city(posting: Posting, code: str) -> Posting:
    return posting._replace(lots=tuple(lot for lot in posting.lots if lot.city == code))


def with_marks(decimal: str) -> str:
    """Decimal text with marks between its thousands."""
    whole, point, fraction = decimal.replace(",", "").partition(".")
    return f"{int(whole):,}{point}{fraction}"


def _decimal(value: Fraction | int) -> str:
    """An exact amount as decimal text, to a thousandth."""
    return f"{float(value):,.3f}".rstrip("0").rstrip(".")
