"""Every piece is planned into one posting and stays in it: light rows only, planned and reported but never printed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from printjobs import reference, store
from printjobs.core.kinds import PROPERTY_TAX
from printjobs.core.model import BatchStatus, PieceStatus, RunStatus, SubmissionStatus, UsageError
from printjobs.core.plan import Piece, classify
from printjobs.core.postage.posting import Route
from printjobs.core.postage.table import PostageTable, Senders, Tier
from printjobs.pipeline import lots, opening, planning, weighing
from printjobs.reference.costs import postage_table
from printjobs.store import models, production, pulls, runs
from printjobs.store.runs import Record, change_status
from tests.shell import test_store as rows
from tests.shell.jobs import RUN, Job

CITIES = tuple(reference.cities())[:3]
OFFICES = ("525", "524", "52030")
EACH = 100  # notices of a city
ABROAD, BARE = 10, 7  # one in so many goes abroad, one in so many has no barcode


def small_table() -> PostageTable:
    """The table in force, with thresholds that a few hundred pieces reach."""
    table = postage_table("2026-04-10")
    tiers, senders = (Tier(100, 3, 1), Tier(150, 5, 3)), (Senders(100, 20, 500),)
    barcode = replace(table.barcode, least=50, each_least=20)
    return replace(table, barcode=barcode, sorting=replace(table.sorting, tiers=tiers, senders=senders))


def notices(submission: int, city: str) -> list[dict[str, object]]:
    """Some with more sheets than the inserter takes, some abroad, some that share an envelope."""
    return [
        rows.notice_row(
            submission, f"26{n:08d}", run_id=RUN, city=city, owner=f"{n - (n % 20 == 3):032}",
            office="" if n % ABROAD == 0 else OFFICES[n // 20 % 3], zip=f"{OFFICES[n // 20 % 3]:0<5}{n // 20 % 9:02}",
            sheets=(2, 3, 8, 12)[n // 20 % 4], barcode=bool(n % ABROAD and n % BARE),
        )
        for n in range(EACH)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A run whose cities reach a discount together, planned by a table of small thresholds."""
    job = Job(tmp_path_factory.mktemp("planned") / "home")
    assert opening.open_run(job.context, "property_tax", 2026) == RUN
    with store.writing(job.context.engine) as connection:
        for city in CITIES:
            values = {"run_id": RUN, "city": city, "sha256": city, "inbox": "", "status": SubmissionStatus.ACCEPTED}
            production.add_notices(connection, notices(runs.add_submission(connection, values), city))
    with pytest.MonkeyPatch.context() as patched:
        table = small_table()
        patched.setattr(planning, "postage_table", lambda _: table)
        planning.plan(job.context, RUN)
        yield job
    job.close()


def pieces_of(job: Job) -> list[tuple[Record, Record]]:
    """Every piece of every generation with its batch, in the order in which they are made."""
    with job.context.engine.connect() as connection:
        return [
            (batch, piece)
            for batch in production.batches(connection, RUN)
            for piece in production.pieces(connection, batch.id)
        ]


def mail_class(batch: Record, piece: Record) -> str:
    by_hand = batch.sheet_class == 0
    table = small_table()
    return weighing.mail_class(table, piece.sheets, piece.inserts, slips=piece.slips, by_hand=by_hand).name


many_alike = st.builds(
    lambda city, office, sheets, barcode, count: [
        Piece(city, office, "5250034", f"{n:010d}", sheets, 1, True, (n,), barcode and bool(office))
        for n in range(count)
    ],
    st.sampled_from(CITIES),
    st.sampled_from(["", *OFFICES]),
    st.sampled_from([1, 7, 8, 10, 11, 17]),  # 17: by hand they weigh more than 100 g, by the inserter less
    st.booleans(),
    st.integers(1, 90),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(many_alike, min_size=1, max_size=8))
def test_the_lots_of_all_postings_are_the_pieces_by_posting_city_office_class_and_barcode(
    planned: Job, some: list[list[Piece]]
) -> None:
    before = [piece for alike in some for piece in alike]
    pieces, rules, table = list(before), planned.context.rules(PROPERTY_TAX), small_table()
    postings = lots.post(pieces, rules, table, 0)
    found = Counter[tuple[object, ...]]()
    for piece in pieces:
        if piece.office:
            by_hand = classify(piece, rules).by_hand
            own = weighing.mail_class(table, piece.sheets, piece.inserts, slips=True, by_hand=by_hand).name
            found[piece.posting, piece.city, piece.office, own, piece.barcode] += 1
    told = {
        (p.number, lot.city, lot.office, lot.mail_class, lot.barcode): lot.pieces for p in postings for lot in p.lots
    }
    assert told == found
    assert {p.number for p in postings} == {piece.posting for piece in pieces}
    assert [replace(piece, posting=0) for piece in pieces] == before


def test_every_piece_is_in_one_posting_that_the_run_has(planned: Job) -> None:
    pieces = pieces_of(planned)
    with planned.context.engine.connect() as connection:
        postings = {p.number: p for p in production.postings(connection, RUN)}
        counts = production.lot_counts(connection, RUN)
    assert {piece.posting for _, piece in pieces} == postings.keys()
    assert sum(c.pieces for c in counts) == len(pieces)
    assert sum(c.notices for c in counts) == EACH * len(CITIES)
    assert (postings[0].route, postings[0].delay) == (Route.PLAIN, 0)
    assert {Route.SORTED} <= {p.route for p in postings.values()}


def test_alike_pieces_of_a_city_for_an_office_are_in_one_posting(planned: Job) -> None:
    found = defaultdict(set)
    for batch, piece in pieces_of(planned):
        if piece.office:
            found[piece.city, piece.office, mail_class(batch, piece), piece.barcode].add(piece.posting)
    assert len({key[2] for key in found}) > 2  # 12 sheets are made up by hand, in a larger envelope
    assert {len(numbers) for numbers in found.values()} == {1}


def test_a_city_is_in_one_discounted_posting_and_mail_abroad_in_none(planned: Job) -> None:
    found = defaultdict(set)
    abroad = set()
    for _, piece in pieces_of(planned):
        if piece.office:
            found[piece.city].add(piece.posting)
        else:
            abroad.add(piece.posting)
    assert abroad == {0}
    assert all(len(numbers - {0}) == 1 for numbers in found.values())


def test_pieces_follow_each_other_by_posting_office_and_postal_code_with_a_separator_before_each_office(
    planned: Job,
) -> None:
    with planned.context.engine.connect() as connection:
        files = {b.id: production.files(connection, b.id) for b in production.batches(connection, RUN)}
    for (batch, number), same in groupby(pieces_of(planned), key=lambda two: (two[0].id, two[0].generation)):
        pieces = [piece for _, piece in same]
        places = [(p.posting, p.office, p.zip) for p in pieces]
        assert number == 1
        assert places == sorted(places)
        changes = sum(one[:2] != other[:2] for one, other in pairwise(places))
        assert sum(f.separators for f in files[batch]) == 1 + changes  # one print file each


def test_a_run_below_all_thresholds_goes_without_a_discount_in_one_posting(tmp_path: Path) -> None:
    job = Job(tmp_path / "home")
    opening.open_run(job.context, "property_tax", 2026)
    with store.writing(job.context.engine) as connection:
        values = {"run_id": RUN, "city": CITIES[0], "sha256": "a", "inbox": "", "status": SubmissionStatus.ACCEPTED}
        submission = runs.add_submission(connection, values)
        production.add_notices(connection, notices(submission, CITIES[0])[::ABROAD])  # abroad, all of them
    planning.plan(job.context, RUN)
    with job.context.engine.connect() as connection:
        (only,) = production.postings(connection, RUN)
    assert (only.number, only.route, only.delay, only.regional) == (0, Route.PLAIN, 0, False)
    assert {piece.posting for _, piece in pieces_of(job)} == {0}
    job.close()


def test_a_day_without_a_postage_table_is_told_before_anything_is_planned(tmp_path: Path) -> None:
    job = Job(tmp_path / "home")
    opening.open_run(job.context, "property_tax", 2026)
    before = job.facts()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(planning, "postage_table", lambda _: postage_table("2024-09-30"))
        with pytest.raises(UsageError, match="郵便料金表がありません"):
            planning.plan(job.context, RUN)
    assert job.facts() == before
    job.close()


def postings_of_notices(job: Job) -> dict[int, list[int]]:
    """The posting of each notice in every generation, the first one first."""
    found = defaultdict(list)
    for batch, piece in pieces_of(job):
        with job.context.engine.connect() as connection:
            for notice in production.notice_places(connection, batch.id, piece.number, piece.number):
                found[notice.id].append(piece.posting)
    return found


def test_a_piece_that_is_made_again_stays_in_its_posting(planned: Job) -> None:
    """Last of this file: a batch is planned anew for a pulled notice, all others are spoiled and reprinted."""
    pieces = pieces_of(planned)
    batch, shared = next((b, p) for b, p in pieces if p.notices > 1 and p.posting)
    with store.writing(planned.context.engine) as connection:
        first, *_ = production.notice_places(connection, batch.id, shared.number, shared.number)
        order = {"run_id": RUN, "city": first.city, "number": first.number, "reason": "a", "ordered_at": rows.NOW}
        pulls.add(connection, order)
    planning.replan(planned.context, batch.id)
    with store.writing(planned.context.engine) as connection:
        for other in production.batches(connection, RUN):
            if other.status != BatchStatus.WITHDRAWN:
                production.batch_packaged(connection, other.id, "")
                production.release_batch(connection, other.id)
                way = (PieceStatus.RELEASED, PieceStatus.SPOILED)
                numbers = range(1, other.pieces + 1)
                production.set_piece_statuses(connection, way, ((other.id, number) for number in numbers))
        for old, new in ((RunStatus.PLANNED, RunStatus.PACKAGED), (RunStatus.PACKAGED, RunStatus.RELEASED)):
            change_status(connection, models.Run, models.Run.id, RUN, old, new)
    planning.reprint(planned.context, RUN, whatever=True)
    found = postings_of_notices(planned)
    assert len(found) == EACH * len(CITIES)
    assert all(len(set(numbers)) == 1 for numbers in found.values())
    assert {len(numbers) for number, numbers in found.items() if number != first.id} == {2, 3}
    assert len(found[first.id]) == 1
    barcodes = {(p.barcode, p.posting) for b, p in pieces_of(planned) if b.generation == 3}
    assert barcodes <= {(p.barcode, p.posting) for _, p in pieces}
