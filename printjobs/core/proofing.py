"""Which of a city's notices its proof (校正) is made of: those that break a page, if any does.

A criterion either ranks notices, and the first of the ranking is in the proof, or asks for a case, and one
notice that has it is. The kind's own columns say which criteria there are. Everything is decided in one pass
that keeps one notice a criterion, however many the city has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from .kinds import ADDRESSEE, SLIP, Column, Kind, Table, Type
from .kinds.payments import slips_of
from .model import Addressee, Notice

_CO_OWNERS = "co_owners"
_PAYMENT = "payment"
_HALF = re.compile("[\x00-\x7f\uff61-\uff9f]")  # half as wide as a Japanese character
_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # takes no room of its own
_PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")


def _jis_x_0208() -> str:
    """Every character of JIS X 0208, the doubtful ones by both ways that systems write them in Unicode."""
    rows = (bytes((row, cell)) for row in range(0xA1, 0xFF) for cell in range(0xA1, 0xFF))
    known = "".join(code.decode("euc_jp", "ignore") for code in rows)
    return known + "～∥－￠￡￢—"


_NOT_JIS = re.compile(f"[^\x00-\x7f\uff61-\uff9f{re.escape(_jis_x_0208())}]")

# Larger comes first, an equal one by its number; empty when the notice is no case of it at all.
Rank = tuple[int, ...]


class Looked(NamedTuple):
    """A notice as criteria see it: with the sheets it takes, and all its texts in one."""

    notice: Notice
    sheets: int
    text: str


class Criterion(NamedTuple):
    """A key that never changes, the reason as the city reads it, and how notices rank by it."""

    key: str
    reason: str
    rank: Callable[[Looked], Rank]


class Sample(NamedTuple):
    """A notice of the proof, and by key and reason every criterion it is there for, in the criteria's order."""

    notice: Notice
    reasons: dict[str, str]


class _Best(NamedTuple):
    rank: Rank
    notice: Notice


def width(text: str) -> int:
    """Room that a text takes, in half-widths; a variation selector takes none."""
    if text.isascii():
        return len(text)
    return 2 * len(text) - len(_HALF.findall(text)) - 2 * len(_SELECTOR.findall(text))


def criteria(kind: Kind, gaiji: Collection[str] = ()) -> tuple[Criterion, ...]:
    """What notices of a kind are ranked by. ``gaiji``: what the city's own codes were settled as."""
    longest_first = sorted(gaiji, key=len, reverse=True)  # a sequence before its bare character
    gaiji_text = re.compile("|".join([*map(re.escape, longest_first), _PRIVATE_USE.pattern]))
    total = next(c for c in kind.notices.columns if c.key == kind.total)
    co_owned = any(c.key == _CO_OWNERS for c in kind.notices.columns)
    name = "氏名と共有者を合わせて最も長い" if co_owned else "氏名が最も長い"
    return (
        Criterion("name", name, _rank_name),
        Criterion("address", "住所が最も長い", lambda of: _some(width(of.notice.addressee.address))),
        Criterion("building", "方書が最も長い", lambda of: _some(width(of.notice.addressee.building))),
        *(_longest(c) for c in _own_texts(kind)),
        *(_fullest(t, columns) for t in kind.details if (columns := _places(t, Type.TEXT))),
        Criterion("pages", "頁が最も多い", lambda of: (of.sheets,)),
        Criterion("instalments", "納付の回（期別・車両など）が最も多い", lambda of: _some(_rows(kind, of.notice))),
        Criterion("slips", "納付書が最も多い", lambda of: _some(slips_of(kind, of.notice))),
        Criterion("amount", f"{total.title}が最も大きい", lambda of: (int(of.notice.fields[kind.total]),)),
        Criterion("shortest", "文字と頁が最も少ない", _rank_shortest),
        Criterion("overseas", "外国あて（宛先が最も長い）", _rank_overseas),
        Criterion("gaiji", "外字表で決めた文字が最も多い", lambda of: _some(_distinct(gaiji_text, of.text))),
        Criterion("not_jis", "JIS X 0208 にない文字が最も多い", lambda of: _some(_distinct(_NOT_JIS, of.text))),
        Criterion("ivs", "異体字（IVS）が最も多い", lambda of: _some(len(_SELECTOR.findall(of.text)))),
    )


def cases(kind: Kind) -> dict[str, str]:
    """The cases of which one notice each is wanted, by key with their reasons."""
    total = next(c for c in kind.notices.columns if c.key == kind.total)
    found = {"zero": f"{total.title}が0円"}
    payment = next((c for c in kind.notices.columns if c.key == _PAYMENT), None)
    for way in payment.choices if payment else (SLIP,):
        found[f"no_slips.{way}"] = (f"{payment.title}が「{way}」で" if payment else "") + "納付書がない"
    for table in (kind.notices, *kind.details):
        for column in _choices(table):
            for value in column.choices:
                found[f"{table.name}.{column.key}.{value}"] = f"{column.title}が「{value}」"
    return found


def cases_of(kind: Kind) -> Callable[[Notice], set[str]]:
    """A function that says which cases a notice is."""
    keys = cases(kind)
    own = [c.key for c in _choices(kind.notices) if c.key not in Addressee.__struct_fields__]
    honorific = any(c.key == "honorific" for c in kind.notices.columns)
    details = [(t.name, c.key, t.index(c.key)) for t in kind.details for c in _choices(t)]
    table = kind.notices.name

    def found_in(notice: Notice) -> set[str]:
        found = {f"{table}.{key}.{notice.fields[key]}" for key in own}
        if honorific:
            found.add(f"{table}.honorific.{notice.addressee.honorific}")
        for name, key, place in details:
            found.update({f"{name}.{key}.{value}" for value in {row[place] for row in notice.tables[name]}})
        if not notice.fields[kind.total]:
            found.add("zero")
        if not slips_of(kind, notice):
            found.add(f"no_slips.{notice.fields.get(_PAYMENT, SLIP)}")
        return found & keys.keys()  # an empty value of a choice is no case

    return found_in


def choose(kind: Kind, notices: Iterable[tuple[Notice, int]], gaiji: Collection[str] = ()) -> list[Sample]:
    """The samples among notices with their sheets, by notice number: at most one a criterion or case.

    ``gaiji``: what the city's own codes were settled as; a city has to see what became of them. Whatever the order
    they come in, the choice is the same. Nothing is held but the best so far.
    """
    ranked, case_reasons, cases_in = criteria(kind, gaiji), cases(kind), cases_of(kind)
    all_text = _all_text(kind)
    best: dict[str, _Best] = {}
    candidates: dict[str, _Best] = {}
    for notice, sheets in notices:
        looked = Looked(notice, sheets, all_text(notice))
        for criterion in ranked:
            _keep(best, criterion.key, criterion.rank(looked), notice)
        own = cases_in(notice)
        for case in own:
            _keep(candidates, case, (len(own),), notice)  # one that is many cases saves others
    chosen = {b.notice.number: b.notice for b in best.values()}
    reasons = {c.key: (best[c.key].notice.number, c.reason) for c in ranked if c.key in best}
    for case, number in _cover(chosen, candidates, cases_in).items():
        reasons[case] = number, case_reasons[case]
    order = [*(c.key for c in ranked), *case_reasons]
    return [
        Sample(chosen[number], {k: reasons[k][1] for k in order if k in reasons and reasons[k][0] == number})
        for number in sorted(chosen)
    ]


def absent(kind: Kind, samples: Iterable[Sample]) -> list[str]:
    """The reasons that no notice was chosen for, because the city has none such."""
    there = {key for sample in samples for key in sample.reasons}
    every = {c.key: c.reason for c in criteria(kind)} | cases(kind)
    return [reason for key, reason in every.items() if key not in there]


def _cover(
    chosen: dict[str, Notice], candidates: Mapping[str, _Best], cases_in: Callable[[Notice], set[str]]
) -> dict[str, str]:
    """The number of a notice for each case: one that is chosen anyway, else the fewest more, added to ``chosen``."""
    covered: dict[str, str] = {}

    def take(notice: Notice) -> None:
        for case in cases_in(notice):
            covered.setdefault(case, notice.number)

    for number in sorted(chosen):
        take(chosen[number])
    while left := candidates.keys() - covered.keys():
        more = {candidates[case].notice.number: candidates[case].notice for case in left}
        number = min(more, key=lambda n: (-len(cases_in(more[n]) & left), n))
        chosen[number] = more[number]
        take(more[number])
    return covered


def _keep(best: dict[str, _Best], key: str, rank: Rank, notice: Notice) -> None:
    if not rank:
        return
    before = best.get(key)
    if before is None or rank > before.rank or (rank == before.rank and notice.number < before.notice.number):
        best[key] = _Best(rank, notice)


def _some(count: int) -> Rank:
    """A rank by a count of what must be there at all."""
    return (count,) if count else ()


def _distinct(pattern: re.Pattern[str], text: str) -> int:
    return len(set(pattern.findall(text)))


def _rank_name(of: Looked) -> Rank:
    return (width(of.notice.addressee.name) + width(str(of.notice.fields.get(_CO_OWNERS, ""))),)


def _rank_shortest(of: Looked) -> Rank:
    addressee = of.notice.addressee
    return -of.sheets, -width(addressee.name + addressee.address + addressee.building), -width(of.text)


def _rank_overseas(of: Looked) -> Rank:
    addressee = of.notice.addressee
    return (width(addressee.address + addressee.building + addressee.country),) if addressee.country else ()


def _longest(column: Column) -> Criterion:
    key = column.key
    return Criterion(key, f"{column.title}が最も長い", lambda of: _some(width(str(of.notice.fields[key]))))


def _fullest(table: Table, places: list[int]) -> Criterion:
    """The notice with the detail row of the most text."""

    def rank(of: Looked) -> Rank:
        rows = of.notice.tables[table.name]
        return _some(max((width("".join([str(row[i]) for i in places])) for row in rows), default=0))

    return Criterion(f"{table.name}.row", f"{table.file} の1行の文字が最も多い", rank)


def _rows(kind: Kind, notice: Notice) -> int:
    return len(notice.tables[kind.payable])


def _own_texts(kind: Kind) -> Iterator[Column]:
    """The text columns of a notice beside those of its addressee."""
    shared = {c.key for c in ADDRESSEE}
    return (c for c in kind.notices.columns if c.type == Type.TEXT and c.key not in shared)


def _choices(table: Table) -> Iterator[Column]:
    return (c for c in table.columns if c.type == Type.CHOICE)


def _places(table: Table, wanted: Type) -> list[int]:
    """Where a detail row holds its columns of a type."""
    return [table.index(c.key) for c in table.columns[1:] if c.type == wanted]


def _all_text(kind: Kind) -> Callable[[Notice], str]:
    """A function that joins all texts of a notice, details included."""
    own = [c.key for c in _own_texts(kind)]
    details = [(t.name, places) for t in kind.details if (places := _places(t, Type.TEXT))]

    def joined(notice: Notice) -> str:
        parts = [*map(str, msgspec.structs.astuple(notice.addressee)), *[str(notice.fields[key]) for key in own]]
        for name, places in details:
            parts += [str(row[i]) for row in notice.tables[name] for i in places]
        return "".join(parts)

    return joined
