"""Accepted, printed, inserted, posted: once each, in this order, with the count that the plan knows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from printjobs.core.stages import STAGES, BatchCounts, judge

BATCH = BatchCounts(pages=24, sheets=12, pieces=5)
RIGHT = {"accepted": 24, "printed": 12, "inserted": 5, "posted": 5}
ORDER = list(STAGES)


def up_to(stage: str) -> dict[str, int]:
    return {s: RIGHT[s] for s in ORDER[: ORDER.index(stage)]}


@given(st.lists(st.tuples(st.sampled_from(ORDER), st.integers(0, 30))))
def test_whatever_is_told_stages_stand_in_order_and_none_is_ever_changed(said: list[tuple[str, int]]) -> None:
    told: dict[str, int] = {}
    for stage, count in said:
        before = dict(told)
        verdict = judge(stage, count, told, BATCH)
        if verdict.again:
            assert told[stage] == count
        elif not verdict.why:
            assert not verdict.code
            told[stage] = count
        assert before.items() <= told.items()
        assert list(told) == ORDER[: len(told)]
    assert all(told.get(s, RIGHT[s]) == RIGHT[s] for s in ("accepted", "printed"))
    assert told.get("inserted", 0) <= BATCH.pieces


def test_every_stage_is_taken_in_its_turn_and_again_changes_nothing() -> None:
    for stage, count in RIGHT.items():
        assert judge(stage, count, up_to(stage), BATCH) == (False, "", "")
        assert judge(stage, count, up_to(stage) | {stage: count}, BATCH).again


def test_another_count_for_what_was_told_names_both() -> None:
    verdict = judge("printed", 13, up_to("inserted"), BATCH)
    assert verdict.code == "stage_contradicts"
    assert "12" in verdict.why
    assert "13" in verdict.why


def test_a_stage_that_comes_too_early_says_which_are_missing() -> None:
    verdict = judge("inserted", 5, up_to("printed"), BATCH)
    assert verdict.code == "stage_too_early"
    assert "印刷" in verdict.why
    assert "受領" not in verdict.why


def test_a_count_that_differs_from_the_plan_names_both() -> None:
    for stage, wrong in (("accepted", 23), ("printed", 11), ("inserted", 6)):
        verdict = judge(stage, wrong, up_to(stage), BATCH)
        assert verdict.code == "stage_count_differs"
        assert str(wrong) in verdict.why
        assert str(RIGHT[stage]) in verdict.why
