"""How far the vendor says a batch is (工程の報告): accepted, printed, inserted, posted; once each, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

STAGES = {"accepted": "受領", "printed": "印刷", "inserted": "封入", "posted": "差出し"}
TOLD_IN_ROWS = ("accepted", "printed")  # what rows of a report may tell: the others are joined piece by piece


class BatchCounts(NamedTuple):
    """What a batch is by the plan, separators (区分票) included in sheets and pages."""

    pages: int
    sheets: int
    pieces: int


class Verdict(NamedTuple):
    """What is to be done with a stage that is told: nothing when it was told ``again``; refused when ``why`` is said.

    ``code`` names the reason for machines, and is empty when it is taken.
    """

    again: bool = False
    code: str = ""
    why: str = ""


def judge(stage: str, count: int, told: Mapping[str, int], batch: BatchCounts) -> Verdict:
    """Whether the vendor may say now that ``count`` pages (accepted), sheets (printed) or pieces are done.

    ``told``: the stages of this batch so far with their counts. A stage that was told is never overwritten. What
    ``posted`` counts is joined with the pieces by the reconciler, and what ``inserted`` counts is a claim until then.
    """
    word = STAGES[stage]
    if stage in told:
        if told[stage] == count:
            return Verdict(again=True)
        why = f"{word}はすでに{told[stage]:,}と報告されています。{count:,}には改めません。正しい数を確かめてください。"
        return Verdict(code="stage_contradicts", why=why)
    order = list(STAGES)
    if missing := [STAGES[s] for s in order[: order.index(stage)] if s not in told]:
        why = f"{word}の前に、{'・'.join(missing)}の報告がまだありません。先に報告してください。"
        return Verdict(code="stage_too_early", why=why)
    expected = {"accepted": ("頁", batch.pages), "printed": ("枚", batch.sheets)}.get(stage)
    if expected and count != expected[1]:
        unit, right = expected
        why = f"{word}の数が違います。報告{count:,}{unit}、計画{right:,}{unit}。差を調べて報告し直してください。"
        return Verdict(code="stage_count_differs", why=why)
    if stage == "inserted" and not 0 <= count <= batch.pieces:
        why = f"封入の数が違います。報告は{count:,}通、このバッチの封筒は{batch.pieces:,}通です。報告し直してください。"
        return Verdict(code="stage_count_differs", why=why)
    return Verdict()
