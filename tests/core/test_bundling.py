"""Bundles and trays: every piece in exactly one bundle, every bundle in exactly one tray, and nothing too large."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby, pairwise
from operator import attrgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printjobs import reference
from printjobs.core.postage.bundling import Bundle, Envelope, Limits, Tray, bundles, trays

LIMITS = Limits(most_pieces=100, most_mm=Decimal(150), tray_pieces=500, tray_mm=Decimal(1000))


@st.composite
def some_limits(draw: st.DrawFn) -> Limits:
    pieces, mm = draw(st.integers(1, 5)), draw(st.integers(2, 12))
    return Limits(pieces, Decimal(mm), pieces + draw(st.integers(0, 8)), Decimal(mm + draw(st.integers(0, 30))))


@st.composite
def some_envelopes(draw: st.DrawFn) -> list[Envelope]:
    """Pieces of a few batches in their order, with gaps where some were pulled."""
    found = []
    for batch in range(1, draw(st.integers(1, 3)) + 1):
        places = draw(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["", "523", "52034"])), max_size=25))
        numbers = sorted(draw(st.sets(st.integers(1, 60), min_size=len(places), max_size=len(places))))
        thick = draw(st.lists(st.integers(5, 150), min_size=len(places), max_size=len(places)))
        for number, (posting, office), mm in zip(numbers, sorted(places), thick, strict=True):
            found.append(Envelope(batch, number, posting, office, Decimal(mm) / 10))
    return found


def tied(envelopes: Sequence[Envelope], limits: Limits) -> list[Bundle]:
    return list(bundles(iter(envelopes), limits))


def packed(envelopes: Sequence[Envelope], limits: Limits) -> list[Tray]:
    by_batch = groupby(tied(envelopes, limits), key=attrgetter("batch"))
    return [tray for _, own in by_batch for tray in trays(list(own), limits)]


def inside(bundle: Bundle, envelopes: Sequence[Envelope]) -> list[Envelope]:
    return [e for e in envelopes if e.batch == bundle.batch and bundle.first <= e.number <= bundle.last]


@settings(max_examples=60)
@given(some_envelopes(), some_limits())
def test_every_piece_is_in_exactly_one_bundle_of_its_own_office_and_posting(
    envelopes: list[Envelope], limits: Limits
) -> None:
    made = tied(envelopes, limits)
    assert [e for b in made for e in inside(b, envelopes)] == envelopes
    for bundle in made:
        own = inside(bundle, envelopes)
        assert (len(own), sum(e.mm for e in own)) == (bundle.pieces, bundle.mm)
        assert {(e.posting, e.office) for e in own} == {(bundle.posting, bundle.office)}


@settings(max_examples=60)
@given(some_envelopes(), some_limits())
def test_no_bundle_is_too_large_and_none_is_cut_without_need(envelopes: list[Envelope], limits: Limits) -> None:
    made = tied(envelopes, limits)
    for bundle in made:
        assert bundle.pieces <= limits.most_pieces
        assert bundle.mm <= limits.most_mm or bundle.pieces == 1
    for one, next_ in pairwise(made):
        if one[:1] + one[2:4] == next_[:1] + next_[2:4]:
            first = inside(next_, envelopes)[0]
            assert one.pieces == limits.most_pieces or one.mm + first.mm > limits.most_mm


@settings(max_examples=60)
@given(some_envelopes(), some_limits())
def test_every_bundle_is_in_exactly_one_tray_of_its_own_batch_and_posting(
    envelopes: list[Envelope], limits: Limits
) -> None:
    made = packed(envelopes, limits)
    assert [b for tray in made for b in tray.bundles] == tied(envelopes, limits)
    for tray in made:
        assert {(b.batch, b.posting) for b in tray.bundles} == {(tray.batch, tray.posting)}
        assert tray.pieces <= limits.tray_pieces
        assert sum(b.mm for b in tray.bundles) <= limits.tray_mm or len(tray.bundles) == 1
    for _, own in groupby(made, key=attrgetter("batch")):
        numbered = [(tray.number, tray.of) for tray in own]
        assert numbered == [(i, len(numbered)) for i in range(1, len(numbered) + 1)]


def test_bundles_are_numbered_by_batch() -> None:
    envelopes = [Envelope(batch, n, 1, "525", Decimal(2)) for batch in (1, 2) for n in range(1, 161)]
    made = tied(envelopes, LIMITS)
    assert [(b.batch, b.number, b.first, b.last) for b in made] == [
        (1, 1, 1, 75), (1, 2, 76, 150), (1, 3, 151, 160), (2, 1, 1, 75), (2, 2, 76, 150), (2, 3, 151, 160),
    ]  # fmt: skip


def test_a_pulled_piece_leaves_a_gap_and_not_a_bundle() -> None:
    envelopes = [Envelope(1, n, 0, "523", Decimal(1)) for n in range(1, 103) if n not in (40, 41)]
    assert [(b.first, b.last, b.pieces) for b in tied(envelopes, LIMITS)] == [(1, 102, 100)]


def test_a_tray_says_its_first_and_its_last_office() -> None:
    offices = ["523"] * 240 + ["52113"] * 90 + ["525"] * 400
    envelopes = [Envelope(1, n, 1, office, Decimal(1)) for n, office in enumerate(offices, start=1)]
    made = packed(envelopes, LIMITS)
    assert [(t.offices, t.pieces, len(t.bundles)) for t in made] == [(("523", "525"), 430, 5), (("525", "525"), 300, 3)]


def test_a_tray_that_holds_no_whole_bundle_is_refused() -> None:
    with pytest.raises(ValueError, match="a tray must hold a whole bundle"):
        Limits(100, Decimal(150), 50, Decimal(1000))


def test_the_councils_own_limits_hold_a_bundle_of_the_thickest_piece() -> None:
    vendor = reference.vendor()
    assert vendor.bundle.most_mm >= vendor.insert.thickest_mm
