"""What a run's cost is reckoned from: what each city had made and mailed, counted or expected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from math import ceil
from typing import NamedTuple

from printjobs import reference
from printjobs.core.cost.bill import Case, Mail
from printjobs.core.cost.tariff import Unit, Volumes
from printjobs.core.model import UsageError
from printjobs.core.plan import BatchClass
from printjobs.core.postage.assigning import assign
from printjobs.core.postage.posting import Lot, Posting, Route, Terms
from printjobs.core.postage.table import PostageTable
from printjobs.reference import costs, timetable
from printjobs.reference.costs import postage_table
from printjobs.store.runs import Record

from .weighing import mail_class

UNDISCOUNTED = Terms(Route.PLAIN, 0, regional=False)
_SLIPS_AND_LEAFLET = (True, 1)  # form and inserts that an envelope has as long as nothing is planned


class Alike(NamedTuple):
    """Envelopes of one city that are alike in all that their price depends on. ``office`` is empty abroad.

    ``sheet_class`` is 0 for those made up by hand; ``inserts`` is the feeder bit set.
    """

    city: str
    sheet_class: int
    slips: bool
    sheets: int
    inserts: int
    office: str
    barcode: bool
    posting: int
    pieces: int
    notices: int


def case_of(
    day: str,
    cities: Collection[str],
    alike: Iterable[Alike],
    terms: Mapping[int, Terms],
    delay: int,
    new: Collection[str] | None = None,
) -> Case:
    """A run's case by the tables of its mailing day.

    ``cities`` take part, with or without anything mailed. ``terms``: of each posting by its number; none that is
    discounted without. ``delay``: days that the post may take longer. ``new``: who is in its first year, as the
    council's table of members says if None.
    """
    table, rules = postage_table(day), costs.split_rules(day)
    people = costs.people(rules.people_as_of)
    if missing := [code for code in cities if code not in people.population or code not in people.households]:
        raise UsageError(
            f"people.toml の {rules.people_as_of} に、人口か世帯のない市があります: {'、'.join(missing)}。"
            "人口割・世帯割で分けられないので、書き足してください。"
        )
    counts, parties = list(alike), list(cities)
    if new is None:
        new = [code for code in parties if costs.is_new(code, day)]
    lots: defaultdict[int, Counter[tuple[str, str, str, bool]]] = defaultdict(Counter)
    abroad: Counter[str] = Counter()
    for same in counts:
        if same.office:
            lots[same.posting][same.city, same.office, _class(table, same), same.barcode] += same.pieces
        else:
            abroad[same.city] += same.pieces
    postings = tuple(
        Posting(number, terms.get(number, UNDISCOUNTED), tuple(Lot(*key, n) for key, n in sorted(own.items())))
        for number, own in sorted(lots.items())
    )
    together: Counter[tuple[str, str, str, bool]] = Counter()
    for own in lots.values():
        together.update(own)
    mail = Mail(tuple(Lot(*key, n) for key, n in sorted(together.items())), postings, abroad, delay)
    return Case(_volumes(parties, counts, new), people, costs.tariff(day), rules, table, mail)


def expected_case(
    day: str, kind: str, notices: Mapping[str, int], delay: int, new: Collection[str] | None = None
) -> Case:
    """A case before anything is planned: so many envelopes of a kind by city, each as the timetable expects it.

    They are posted in the cheapest lawful way, all cities together.
    """
    sheets = ceil(timetable.reckoning().sheets[kind])
    limits = reference.vendor().insert.sheet_classes
    limit = next((limit for limit in limits if sheets <= limit), 0)
    slips, inserts = _SLIPS_AND_LEAFLET
    alike = [
        Alike(city, limit, slips, sheets, inserts, city, barcode=True, posting=0, pieces=n, notices=n)
        for city, n in notices.items()
        if n
    ]
    found = case_of(day, notices, alike, {}, delay, new)
    return found._replace(mail=found.mail._replace(postings=assign(found.mail.lots, found.table, delay)))


def _class(table: PostageTable, same: Alike) -> str:
    return mail_class(table, same.sheets, same.inserts, slips=same.slips, by_hand=same.sheet_class == 0).name


def _volumes(cities: Iterable[str], counts: Iterable[Alike], new: Collection[str]) -> dict[str, Volumes]:
    """What each city had made. Reprints are the vendor's own expense, and separator sheets too."""
    units: defaultdict[str, Counter[tuple[Unit, str]]] = defaultdict(Counter)
    classes: defaultdict[str, set[str]] = defaultdict(set)
    notices: Counter[str] = Counter()
    for same in counts:
        own, form, inserts = units[same.city], "slip" if same.slips else "plain", same.inserts.bit_count()
        own[Unit.NOTICE, form] += same.notices
        own[Unit.SHEET, form] += same.pieces * same.sheets
        own[Unit.PAGE, form] += same.pieces * same.sheets * reference.PAGES_PER_SHEET
        own[Unit.ENVELOPE, form] += same.pieces
        own[Unit.INSERT, form] += same.pieces * inserts
        if same.sheet_class:
            own[Unit.PIECE, form] += same.pieces
            own[Unit.STEP, form] += same.pieces * (1 + inserts)
            classes[same.city].add(BatchClass(same.slips, same.inserts, same.sheet_class).code)
        else:
            own[Unit.HAND_PIECE, form] += same.pieces
        notices[same.city] += same.notices
    return {code: Volumes(notices[code], dict(units[code]), frozenset(classes[code]), code in new) for code in cities}


def from_rows(rows: Iterable[Record]) -> list[Alike]:
    """The store's counts, as they are reckoned with."""
    return [Alike(*(getattr(row, field) for field in Alike._fields)) for row in rows]
