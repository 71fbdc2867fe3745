"""Law 2: every notice in exactly one piece of exactly one batch, and numbers from 1 without gaps."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.marks import sheet as marks
from printjobs.core.plan import (
    Batch,
    BatchClass,
    Piece,
    PlanNotice,
    PrintFile,
    Rules,
    classify,
    cut_files,
    make_batches,
    make_pieces,
    together,
)
from printjobs.core.weighing import Thickness

CITIES = ("252042", "252069", "252077")
OFFICES = ("", "523", "524", "525", "52030")
PAPER = Thickness(*map(Decimal, ("0.4", "0.4", "0.1", "0.5", "0.4")))
RULES = Rules(
    groups=True, batch_pieces=20_000, file_pieces=2_500, file_pages=40_000, sheet_classes=(4, 7, 10), pages_per_sheet=2,
    thickness=PAPER, thickest_mm=Decimal(6),
)  # fmt: skip

tight_rules = st.builds(
    Rules,
    groups=st.booleans(),
    batch_pieces=st.integers(1, 9),
    file_pieces=st.integers(1, 5),
    file_pages=st.integers(2, 40),
    sheet_classes=st.sampled_from([(4, 7, 10), (3,), (1, 2)]),
    pages_per_sheet=st.sampled_from([1, 2]),
    thickness=st.just(PAPER),
    thickest_mm=st.sampled_from([Decimal(6), Decimal("3.2")]),
)


@st.composite
def plan_notices(draw: st.DrawFn) -> list[PlanNotice]:
    """Notices of a few owners: few enough that many are grouped, and each owner lives in one place."""
    owners = draw(st.lists(st.tuples(st.sampled_from(OFFICES), st.integers(0, 3)), min_size=1, max_size=8))
    notices = []
    for i in range(draw(st.integers(0, 25))):
        who = draw(st.integers(0, len(owners) - 1))
        office, place = owners[who]
        slips = draw(st.booleans())
        notices.append(
            PlanNotice(
                id=1000 + i,
                city=draw(st.sampled_from(CITIES)),
                number=f"{i * 7919 % 1000:010d}",
                owner=f"owner {who}",
                office=office,
                zip=f"{office:0<6}{place}" if office else "",
                sheets=draw(st.integers(1, 12)),
                slips=slips,
                inserts=draw(st.sampled_from([0, 1, 2])) if slips else 0,
                barcode=draw(st.booleans()),
            )
        )
    return notices


def posted(piece: Piece) -> Piece:
    """The piece in a posting as planning chooses it: by city, office and what it weighs; 0 for abroad."""
    number = (int(piece.city) + len(piece.office) + piece.sheets // 5) % 3 if piece.office else 0
    return msgspec.structs.replace(piece, posting=number)


def planned(notices: list[PlanNotice], rules: Rules) -> list[Batch]:
    return make_batches(map(posted, make_pieces(notices, groups=rules.groups)), rules)


def pieces_of(batches: list[Batch]) -> Iterator[Piece]:
    return (piece for batch in batches for piece in batch.pieces)


@given(plan_notices(), tight_rules)
def test_every_notice_is_in_exactly_one_piece_of_exactly_one_batch(notices: list[PlanNotice], rules: Rules) -> None:
    placed = Counter(i for piece in pieces_of(planned(notices, rules)) for i in piece.notices)
    assert placed == Counter(n.id for n in notices)


@given(plan_notices(), tight_rules)
def test_the_files_of_a_batch_take_its_pieces_from_one_to_the_last_without_gaps(
    notices: list[PlanNotice], rules: Rules
) -> None:
    for batch in planned(notices, rules):
        assert [f.sequence for f in batch.files] == list(range(1, len(batch.files) + 1))
        numbers = [n for f in batch.files for n in range(f.first, f.last + 1)]
        assert numbers == list(range(1, len(batch.pieces) + 1))
        assert all(f.first <= f.last for f in batch.files)


def recounted(batch: Batch, file: PrintFile, rules: Rules) -> PrintFile:
    """A file counted again from its pieces, the slow way: lay down every sheet as the press would."""
    sheets: list[str] = []
    section = None
    for piece in batch.pieces[file.first - 1 : file.last]:
        if (piece.posting, piece.office) != section:
            sheets.append("separator")
            section = piece.posting, piece.office
        sheets += ["sheet"] * piece.sheets
    separators = sheets.count("separator")
    return PrintFile(file.sequence, file.first, file.last, separators, len(sheets), len(sheets) * rules.pages_per_sheet)


@given(plan_notices(), tight_rules)
def test_sheets_pages_and_separators_are_what_an_independent_recount_finds(
    notices: list[PlanNotice], rules: Rules
) -> None:
    for batch in planned(notices, rules):
        for file in batch.files:
            assert file == recounted(batch, file, rules)


@given(plan_notices(), tight_rules)
def test_a_file_keeps_its_limits_unless_a_single_piece_is_larger_than_its_pages(
    notices: list[PlanNotice], rules: Rules
) -> None:
    for batch in planned(notices, rules):
        for file in batch.files:
            pieces = file.last - file.first + 1
            assert pieces <= rules.file_pieces
            assert file.pages <= rules.file_pages or pieces == 1


@given(plan_notices(), tight_rules)
def test_a_file_is_cut_only_where_the_next_piece_would_break_a_limit(notices: list[PlanNotice], rules: Rules) -> None:
    for batch in planned(notices, rules):
        for file, following in pairwise(batch.files):
            longer = recounted(batch, file._replace(last=following.first), rules)
            assert longer.last - longer.first + 1 > rules.file_pieces or longer.pages > rules.file_pages


@given(plan_notices(), tight_rules, st.randoms(use_true_random=False))
def test_the_same_notices_in_any_order_give_the_same_plan(
    notices: list[PlanNotice], rules: Rules, chance: random.Random
) -> None:
    shuffled = list(notices)
    chance.shuffle(shuffled)
    assert planned(shuffled, rules) == planned(notices, rules)


@given(plan_notices(), tight_rules, st.randoms(use_true_random=False))
def test_the_same_pieces_in_any_order_give_the_same_batches(
    notices: list[PlanNotice], rules: Rules, chance: random.Random
) -> None:
    pieces = make_pieces(notices, groups=rules.groups)
    shuffled = list(pieces)
    chance.shuffle(shuffled)
    assert make_batches(shuffled, rules) == make_batches(pieces, rules)


@given(plan_notices(), st.booleans())
def test_notices_share_an_envelope_only_when_city_and_owner_are_equal(notices: list[PlanNotice], groups: bool) -> None:
    by_id = {n.id: n for n in notices}
    whose = [{(by_id[i].city, by_id[i].owner) for i in piece.notices} for piece in make_pieces(notices, groups=groups)]
    assert all(len(owners) == 1 for owners in whose)
    if groups:
        assert len(whose) == len({(n.city, n.owner) for n in notices})
    else:
        assert len(whose) == len(notices)


@given(plan_notices(), st.booleans())
def test_a_piece_has_all_that_its_notices_need(notices: list[PlanNotice], groups: bool) -> None:
    by_id = {n.id: n for n in notices}
    for piece in make_pieces(notices, groups=groups):
        own = [by_id[i] for i in piece.notices]
        assert [n.number for n in own] == sorted(n.number for n in own)
        assert piece.number == own[0].number
        assert piece.sheets == sum(n.sheets for n in own)
        assert piece.slips is any(n.slips for n in own)
        assert all(piece.inserts & n.inserts == n.inserts for n in own)
        assert piece.inserts.bit_count() <= sum(n.inserts.bit_count() for n in own)
        assert all((n.city, n.office, n.zip) == (piece.city, piece.office, piece.zip) for n in own)
        assert piece.barcode is all(n.barcode for n in own)
        assert piece.posting == 0


@given(plan_notices(), tight_rules)
def test_pieces_of_a_batch_stand_by_posting_then_by_office_and_then_by_postal_code(
    notices: list[PlanNotice], rules: Rules
) -> None:
    for batch in planned(notices, rules):
        places = [(p.posting, p.office, p.zip) for p in batch.pieces]
        assert places == sorted(places)


@given(plan_notices(), tight_rules)
def test_batching_leaves_every_piece_in_its_posting(notices: list[PlanNotice], rules: Rules) -> None:
    chosen = {p.notices: posted(p).posting for p in make_pieces(notices, groups=rules.groups)}
    assert {p.notices: p.posting for p in pieces_of(planned(notices, rules))} == chosen


@given(plan_notices(), tight_rules)
def test_batches_of_one_class_follow_each_other_in_the_order_of_the_mail(
    notices: list[PlanNotice], rules: Rules
) -> None:
    places: dict[BatchClass, list[tuple[int, str, str]]] = defaultdict(list)
    for batch in planned(notices, rules):
        places[batch.batch_class] += [(p.posting, p.office, p.zip) for p in batch.pieces]
    assert all(found == sorted(found) for found in places.values())


def thickness(piece: Piece) -> Decimal:
    """mm of an envelope and what is folded into it, measured by :data:`PAPER` layer for layer."""
    layers = ["0.4"] * (piece.sheets + f"{piece.inserts:b}".count("1")) + ["0.4"]
    return sum(map(Decimal, layers), Decimal(0))


@given(plan_notices(), tight_rules)
def test_all_pieces_of_a_batch_need_the_same_of_the_inserter(notices: list[PlanNotice], rules: Rules) -> None:
    for batch in planned(notices, rules):
        made = batch.batch_class
        for piece in batch.pieces:
            assert (piece.slips, piece.inserts) == (made.slips, made.inserts)
            thick = thickness(piece) > rules.thickest_mm
            if made.by_hand:
                assert not piece.office or piece.sheets > max(rules.sheet_classes) or thick
            else:
                assert not thick
                lower = max((limit for limit in rules.sheet_classes if limit < made.sheets), default=0)
                assert lower < piece.sheets <= made.sheets
                assert piece.office


@given(plan_notices(), tight_rules)
def test_a_batch_has_no_more_pieces_than_its_limit_and_all_but_the_last_are_full(
    notices: list[PlanNotice], rules: Rules
) -> None:
    sizes: dict[BatchClass, list[int]] = defaultdict(list)
    for batch in planned(notices, rules):
        sizes[batch.batch_class].append(len(batch.pieces))
    for found in sizes.values():
        assert all(size == rules.batch_pieces for size in found[:-1])
        assert 0 < found[-1] <= rules.batch_pieces


@given(plan_notices(), tight_rules)
def test_hand_work_comes_last(notices: list[PlanNotice], rules: Rules) -> None:
    by_hand = [batch.batch_class.by_hand for batch in planned(notices, rules)]
    assert by_hand == sorted(by_hand)


def a_piece(sheets: int, office: str = "525", *, slips: bool = True, inserts: int = 1) -> Piece:
    return Piece("252069", office, "5250034" if office else "", "0000000001", sheets, inserts, slips, (1,))


@pytest.mark.parametrize(("sheets", "limit"), [(1, 4), (4, 4), (5, 7), (7, 7), (8, 10), (10, 10), (11, 0), (1023, 0)])
def test_a_piece_goes_to_the_smallest_class_that_takes_its_sheets_or_to_hand_work(sheets: int, limit: int) -> None:
    assert classify(a_piece(sheets), RULES) == BatchClass(slips=True, inserts=1, sheets=limit)


@pytest.mark.parametrize("sheets", [1, 4, 12])
def test_mail_to_foreign_countries_is_made_up_by_hand_and_never_dropped(sheets: int) -> None:
    abroad, at_home = a_piece(sheets, ""), a_piece(1)
    batches = make_batches([abroad, at_home], RULES)
    assert [(b.batch_class.by_hand, b.pieces) for b in batches] == [(False, (at_home,)), (True, (abroad,))]


def test_a_piece_with_too_many_sheets_is_made_up_by_hand_and_never_dropped() -> None:
    thick = a_piece(11)
    (batch,) = make_batches([thick], RULES)
    assert batch.batch_class.by_hand
    assert batch.pieces == (thick,)


@pytest.mark.parametrize(("sheets", "by_hand"), [(8, False), (9, True)])
def test_a_piece_that_is_thicker_than_the_inserter_takes_is_set_aside_however_few_its_sheets(
    sheets: int, by_hand: bool
) -> None:
    rules = msgspec.structs.replace(RULES, thickest_mm=Decimal(4))  # 8 sheets, a leaflet, the envelope: just 4.0 mm
    (batch,) = make_batches([a_piece(sheets)], rules)
    assert batch.batch_class.by_hand is by_hand


def test_notices_whose_barcodes_differ_claim_no_discount_together() -> None:
    who = (1, "252069", "1", "owner", "525", "5250034", 2, True, 1)
    assert together([PlanNotice(*who, barcode=True)] * 2).barcode
    assert not together([PlanNotice(*who, barcode=True), PlanNotice(*who, barcode=False)]).barcode


def test_more_sheets_than_a_mark_can_say_stop_the_plan_instead_of_being_dropped() -> None:
    assert classify(a_piece(marks.MAX_SHEETS), RULES).by_hand
    with pytest.raises(ValueError, match="1024 sheets"):
        make_batches([a_piece(marks.MAX_SHEETS + 1)], RULES)


@pytest.mark.parametrize(
    ("batch_class", "code"),
    [
        (BatchClass(slips=True, inserts=1, sheets=4), "slip-i1-s04"),
        (BatchClass(slips=False, inserts=0, sheets=10), "plain-i0-s10"),
        (BatchClass(slips=True, inserts=3, sheets=0), "slip-i3-hand"),
    ],
)
def test_the_code_of_a_class_names_form_inserts_and_sheets(batch_class: BatchClass, code: str) -> None:
    assert batch_class.code == code


def test_a_separator_stands_at_the_head_of_each_file_and_where_the_office_changes() -> None:
    pieces = tuple(a_piece(2, office) for office in ("523", "523", "524", "524", "524"))
    files = cut_files(pieces, msgspec.structs.replace(RULES, file_pieces=3))
    assert [(f.first, f.last, f.separators, f.sheets, f.pages) for f in files] == [(1, 3, 2, 8, 16), (4, 5, 1, 5, 10)]


def test_a_separator_stands_where_the_posting_changes_within_an_office() -> None:
    pieces = tuple(msgspec.structs.replace(a_piece(2), posting=number) for number in (0, 0, 1, 1, 2))
    (file,) = cut_files(pieces, RULES)
    assert (file.separators, file.sheets) == (3, 13)


def test_no_notice_makes_no_batch() -> None:
    assert planned([], RULES) == []


def test_fifty_thousand_notices_are_planned_within_bounded_memory() -> None:
    chance = random.Random(1)
    notices = [
        PlanNotice(
            id=i,
            city=CITIES[i % 3],
            number=f"{i:010d}",
            owner=f"{i - (i % 40 == 39) * 15:032x}",
            office=OFFICES[i % 5],
            zip=f"{i % 1000:07d}" if i % 5 else "",
            sheets=chance.choice((3, 4, 4, 5, 8, 12)),
            slips=i % 4 > 0,
            inserts=int(i % 4 > 0),
        )
        for i in range(50_000)
    ]
    tracemalloc.start()
    try:
        batches = planned(notices, RULES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 2**20  # about a kilobyte a notice: a full year of 240,000 fits a small machine
    assert Counter(i for piece in pieces_of(batches) for i in piece.notices) == Counter(n.id for n in notices)
    for batch in batches:
        assert len(batch.pieces) <= RULES.batch_pieces
        assert sum(f.last - f.first + 1 for f in batch.files) == len(batch.pieces)


def test_notices_of_one_owner_that_are_too_heavy_together_are_mailed_apart() -> None:
    notices = [PlanNotice(i, "252069", f"{i}", "owner", "525", "5250034", 400, True, 1) for i in (1, 2)]
    pieces = make_pieces(notices, groups=True)
    assert sorted(piece.notices for piece in pieces) == [(1,), (2,)]
    assert all(classify(piece, RULES).by_hand for piece in pieces)
