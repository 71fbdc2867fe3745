"""Postage: worked values of the trade, what a posting still qualifies for after pulls, and why it is as it is."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from printjobs.core.model import UsageError
from printjobs.core.postage.assigning import Coalitions, assign
from printjobs.core.postage.explaining import Obstacle, explain, later, tell, tell_later
from printjobs.core.postage.posting import Lot, Posting, Route, Terms, price
from printjobs.core.postage.table import PostageTable, Special, WithinOffice
from printjobs.reference.costs import postage_table

TABLE = postage_table("2026-04-10")
STANDARD, FLAT = "定形50gまで", "定形外規格内100gまで"
KUSATSU, MORIYAMA, RITTO, MAIBARA = "252069", "252077", "252085", "252140"
NAMES = {KUSATSU: "草津市", MORIYAMA: "守山市"}
ALL = tuple(TABLE.within.areas)


def lot(city: str, pieces: int, *, barcode: bool = True, mail_class: str = STANDARD, office: str = "") -> Lot:
    return Lot(city, office or TABLE.within.areas[city][0], mail_class, barcode, pieces)


def posted(terms: Terms, *lots: Lot) -> Posting:
    return Posting(1, terms, lots)


def with_within(table: PostageTable, yen: int, barcode_yen: int) -> PostageTable:
    first, *others = table.classes
    priced = msgspec.structs.replace(first, within_office=WithinOffice(yen, barcode_yen))
    return msgspec.structs.replace(table, classes=(priced, *others))


# The table


@pytest.mark.parametrize(
    ("grams", "mm", "large", "yen"),
    [
        (50, 10, False, 110), (50, 10, True, 140), (20, 11, False, 140), (51, 5, False, 180), (150, 5, False, 270),
        (250, 30, False, 320), (500, 30, False, 510), (1000, 30, False, 750), (1000, 31, False, 920),
        (1001, 5, False, 1350), (4000, 300, True, 1750),
    ],
)  # fmt: skip
def test_a_piece_costs_by_weight_thickness_and_envelope(grams: int, mm: float, large: bool, yen: int) -> None:
    assert TABLE.class_of(grams, mm, large=large).yen == yen


def test_what_is_too_heavy_for_a_letter_has_no_class() -> None:
    with pytest.raises(ValueError, match="4001 g"):
        TABLE.class_of(4001, 5)


def test_before_the_first_table_there_is_none() -> None:
    with pytest.raises(UsageError, match="2024-09-30"):
        postage_table("2024-09-30")
    assert postage_table("2024-10-01") is postage_table("2024-10-01")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"classes": [{"up_to_g": 50}, {"up_to_g": 50}]}, "must grow"),
        ({"classes": [{"up_to_g": 50}, {"up_to_g": 100, "yen": 90}]}, "must not be cheaper"),
        ({"classes": [{}, {"name": STANDARD, "up_to_g": 100}]}, "one name"),
        ({"sorted": {"tiers": [{"least": 9}, {"least": 9}]}}, "must rise"),
        ({"sorted": {"tiers": [{"recipient": 9}, {"least": 20, "recipient": 8}]}}, "must not fall"),
        ({"sorted": {"senders": [{"most": 9}, {"total": 9, "most": 8}]}}, "must widen"),
        ({"sorted": {"barcode_percent": 98}}, "100 percent"),
    ],
)
def test_a_table_whose_figures_are_out_of_order_is_not_taken(change: dict[str, Any], fault: str) -> None:
    rows = {
        "classes": {"name": "other", "shape": "standard", "up_to_g": 50, "up_to_mm": 10.0, "yen": 110},
        "tiers": {"least": 10, "recipient": 3, "designated": 1},
        "senders": {"total": 1, "least": 1, "most": 10},
    }
    values = msgspec.to_builtins(TABLE)
    for name, value in change.items():
        if name == "classes":
            values[name] = [rows[name] | ({"name": STANDARD} if at == 0 else {}) | row for at, row in enumerate(value)]
        else:
            values[name] |= {k: [rows[k] | row for row in v] if k in rows else v for k, v in value.items()}
    with pytest.raises(msgspec.ValidationError, match=fault):
        msgspec.convert(values, PostageTable)


# Prices


def test_15000_pieces_with_barcode_and_three_days_cost_nine_percent_less() -> None:
    priced = price(posted(Terms(Route.SORTED, 3), lot(KUSATSU, 15_000)), TABLE)
    assert (priced.lines[0].percent, priced.yen) == (9, 1_501_500)  # 100.1 yen a piece


def test_50000_pieces_to_the_regional_office_with_seven_days_cost_twelve_percent_less() -> None:
    priced = price(posted(Terms(Route.SORTED, 7, regional=True), lot(KUSATSU, 50_000)), TABLE)
    assert (priced.lines[0].percent, priced.yen) == (12, 4_840_000)  # 96.8 yen a piece


def test_after_pulls_a_posting_has_the_discount_that_is_left_to_it() -> None:
    terms = Terms(Route.SORTED, 7, regional=True)
    percents = [price(posted(terms, lot(KUSATSU, n)), TABLE).lines[0].percent for n in (50_000, 49_999, 1_999, 999)]
    assert percents == [12, 9, 3, 0]  # the three days are kept, then the barcode alone, then nothing


def test_a_sender_that_has_become_too_small_hands_in_alone() -> None:
    posting = posted(Terms(Route.SORTED), lot(KUSATSU, 9_600), lot(MORIYAMA, 499))
    assert {(line.pieces, line.percent) for line in price(posting, TABLE).lines} == {(9_600, 6), (499, 0)}
    enough = posting._replace(lots=(lot(KUSATSU, 9_600), lot(MORIYAMA, 500)))
    assert {(line.pieces, line.percent) for line in price(enough, TABLE).lines} == {(10_100, 7)}


@pytest.mark.parametrize(("one", "other", "yen"), [(900, 900, 192_060), (1_500, 499, 213_293), (1_800, 199, 213_950)])
def test_senders_of_a_posting_too_small_to_sort_may_share_the_barcode_discount(one: int, other: int, yen: int) -> None:
    posting = posted(Terms(Route.SORTED, 3), lot(KUSATSU, one), lot(MORIYAMA, other))
    assert price(posting, TABLE).yen == yen


def test_where_few_are_left_to_sort_the_barcodes_of_all_may_be_worth_more() -> None:
    designated = Lot(KUSATSU, "525", STANDARD, False, 1_700, "designated")
    coded = (lot(KUSATSU, 300), lot(MORIYAMA, 499), lot(RITTO, 499))
    lines = price(posted(Terms(Route.SORTED), designated, *coded), TABLE).lines
    assert [(line.pieces, int(line.percent)) for line in lines] == [(1_298, 3), (1_700, 0)]  # not 4 % of 300 and 1 %


def test_senders_hand_in_apart_where_each_needs_another_special() -> None:
    specials = (Special("one", 0, False, 2_000, 5, 0), Special("other", 0, False, 2_000, 0, 5))
    table = msgspec.structs.replace(TABLE, sorting=msgspec.structs.replace(TABLE.sorting, specials=specials))
    posting = posted(Terms(Route.SORTED), lot(KUSATSU, 2_000), lot(MORIYAMA, 2_000, mail_class=FLAT, barcode=False))
    assert [int(line.percent) for line in price(posting, table).lines] == [11, 8]


def test_a_line_is_rounded_once() -> None:
    posting = posted(Terms(Route.BARCODE), lot(KUSATSU, 1_003), lot(KUSATSU, 1_004, office="9"))
    assert [line.yen for line in price(posting, TABLE).lines] == [2_007 * 110 * 97 // 100]


def test_a_piece_without_barcode_is_sorted_without_what_the_barcode_adds() -> None:
    posting = posted(Terms(Route.SORTED), lot(KUSATSU, 2_000), lot(KUSATSU, 10, barcode=False))
    assert [(line.barcode, line.percent) for line in price(posting, TABLE).lines] == [(True, 6), (False, 3)]


# The assignment


def test_a_piece_abroad_goes_without_a_discount() -> None:
    abroad = Lot(KUSATSU, "", TABLE.overseas.name, False, 3)
    plain, joint = assign([lot(KUSATSU, 2_000), abroad], TABLE, 0)
    assert (plain.number, plain.lots, joint.number, joint.pieces) == (0, (abroad,), 1, 2_000)


def test_eight_cities_are_two_postings_of_at_most_six_senders() -> None:
    postings = assign([lot(city, 9_000) for city in ALL], TABLE, 0)
    assert sorted(len(p.cities) for p in postings) in ([2, 6], [3, 5], [4, 4])
    assert sum(p.pieces for p in postings) == 72_000


def test_the_order_of_the_lots_does_not_matter_and_alike_lots_are_one() -> None:
    lots = [lot(city, n, barcode=b) for city in ALL for n, b in ((700, True), (90, False), (300, True))]
    mixed = random.Random(1).sample(lots, len(lots))
    assert assign(mixed, TABLE, 3) == assign(lots, TABLE, 3)
    assert lot(KUSATSU, 1_000) in {one for p in assign(lots, TABLE, 3) for one in p.lots}


def test_a_delay_is_taken_only_where_it_is_allowed_and_saves() -> None:
    delays = [assign([lot(KUSATSU, 3_000)], TABLE, days)[0].terms.delay for days in (0, 3, 7)]
    assert delays == [0, 3, 3]  # seven days save no more than three below 50,000


def test_pieces_within_the_own_office_are_weighed_against_sorting() -> None:
    lots = [lot(KUSATSU, 1_500), lot(KUSATSU, 3_000, office="900")]
    cheap, dear = (assign(lots, with_within(TABLE, yen, yen), 0) for yen in (80, 109))
    assert {(p.terms.route, p.pieces) for p in cheap} == {(Route.WITHIN, 1_500), (Route.SORTED, 3_000)}
    assert {(p.terms.route, p.pieces) for p in dear} == {(Route.SORTED, 4_500)}
    assert {p.terms.route for p in assign([lot(KUSATSU, 99)], with_within(TABLE, 80, 70), 0)} == {Route.PLAIN}


def test_no_cities_have_no_postings() -> None:
    assert assign([], TABLE, 0) == ()
    assert Coalitions([lot(KUSATSU, 5)], TABLE, 0).yen(frozenset()) == 0


def test_what_a_joint_sender_has_too_many_of_stays_outside() -> None:
    """Below 50,000 together none may bring more than 10,000; the percent of the other is worth leaving 200 outside."""
    offices = [lot(KUSATSU, 100, office=f"9{at:03}") for at in range(102)]
    plain, joint = assign([*offices, lot(MORIYAMA, 6_000)], TABLE, 0)
    assert (plain.pieces, joint.cities, joint.pieces) == (200, (KUSATSU, MORIYAMA), 16_000)


# Reasons


def test_420_more_pieces_would_save() -> None:
    (reason,) = explain(assign([lot(KUSATSU, 9_580)], TABLE, 0), TABLE, 0)
    told = tell(reason, NAMES)
    assert "草津市の分があと420通あれば、区分で今の分が10,538円安くなります。" in told  # 9,580 x 1.1 yen
    assert "定形50gまで・バーコード付き: 受取人の郵便区3% + バーコード3% = 6%。" in told


@pytest.mark.parametrize(
    ("kusatsu", "moriyama", "whose"),
    [(9_500, 499, MORIYAMA), (4_500, 4_600, ""), (1_500, 499, MORIYAMA), (5_000, 4_000, "")],
)
def test_whoever_follows_an_advice_saves_what_it_says(kusatsu: int, moriyama: int, whose: str) -> None:
    lots = (lot(KUSATSU, kusatsu), lot(MORIYAMA, moriyama))
    (reason,) = explain([posted(Terms(Route.SORTED), *lots)], TABLE, 0)
    first = next(iter(reason.nexts), None)
    assert first
    assert first.city == whose
    for city in [whose] if whose else [KUSATSU, MORIYAMA]:
        more = tuple(one._replace(pieces=one.pieces + first.missing * (one.city == city)) for one in lots)
        then = price(posted(Terms(Route.SORTED), *more), TABLE)
        (percent,) = {line.percent for line in then.lines}
        assert int(reason.yen - then.yen + first.missing * 110 * (100 - percent) / 100) == first.saves_yen
    told = f"{NAMES[whose]}の分が" if whose else "どの市の分でも、"
    assert any(sentence.startswith(f"{told}あと{first.missing:,}通") for sentence in tell(reason, NAMES))


def test_the_reason_tells_the_discount_that_is_left() -> None:
    (reason,) = explain([posted(Terms(Route.SORTED), lot(KUSATSU, 900), lot(MORIYAMA, 900))], TABLE, 0)
    told = tell(reason, NAMES)
    assert told[0].startswith("バーコード割引で1,800通 192,060円")
    assert "区分は、あと200通足りないため、使えません。" in told


def test_what_posting_together_and_a_longer_delay_save_is_told() -> None:
    lots = [lot(KUSATSU, 9_600), lot(MORIYAMA, 900)]
    (reason,) = explain(assign(lots, TABLE, 0), TABLE, 0)
    assert reason.alone_yen - reason.yen == 9_600 * 11 // 10 + 900 * 77 // 10
    assert any("連名でなく" in sentence for sentence in tell(reason, NAMES))
    assert [tell_later(found) for found in later(lots, TABLE, 0)] == [
        "3日程度の送達余裕を認めれば、23,100円安くなります。"
    ]
    assert later(lots, TABLE, 3) == ()


def test_why_a_discount_is_not_to_be_had_is_told() -> None:
    (few,) = explain(assign([lot(KUSATSU, 999)], TABLE, 0), TABLE, 0)
    by_route = {other.route: (other.obstacle, other.missing) for other in few.others}
    assert by_route == {
        Route.SORTED: (Obstacle.FEW, 1_001),
        Route.BARCODE: (Obstacle.FEW, 1),
        Route.WITHIN: (Obstacle.NO_PRICE, 0),
    }
    assert "バーコード割引は、あと1通足りないため、使えません。" in tell(few, NAMES)
    (bare,) = explain(assign([lot(KUSATSU, 500, barcode=False, office="900")], TABLE, 0), with_within(TABLE, 80, 80), 0)
    assert {Obstacle.NO_BARCODE, Obstacle.ELSEWHERE} <= {other.obstacle for other in bare.others}
