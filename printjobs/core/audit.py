"""What an audit counts: the sides of the count equation, what lies between them, and what may never be."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .model import CityFigures


class Side(StrEnum):
    """A figure of the audit page (監査), in notices; each has the notices behind it."""

    RECEIVED = "received"
    REJECTED = "rejected"
    PULLED = "pulled"
    PRINTED = "printed"
    INSERTED = "inserted"
    MAILED = "mailed"
    OUTSTANDING = "outstanding"
    RETURNED = "returned"
    CHARGED = "charged"


class Fault(StrEnum):
    """What makes two sides differ. Where it is known, the notices that do are behind it as behind a side."""

    LOST = "lost"
    TWICE = "twice"
    PULLED_MAILED = "pulled_mailed"
    PULLED_UNORDERED = "pulled_unordered"
    POSTED_OPEN = "posted_open"
    RETURNED_UNMAILED = "returned_unmailed"
    CHARGED_DIFFERS = "charged_differs"
    COUNT_DIFFERS = "count_differs"


SIDE_NAMES = {
    Side.RECEIVED: "受領",
    Side.REJECTED: "はじき",
    Side.PULLED: "引抜き",
    Side.PRINTED: "印刷",
    Side.INSERTED: "封入",
    Side.MAILED: "差出し",
    Side.OUTSTANDING: "未了",
    Side.RETURNED: "返戻",
    Side.CHARGED: "請求",
}
FAULT_NAMES = {
    Fault.LOST: "受け取ったのに、どの封筒にも入っていない通知",
    Fault.TWICE: "有効な封筒の2つ以上に入っている通知",
    Fault.PULLED_MAILED: "引抜きの指示があるのに、差し出した通知",
    Fault.PULLED_UNORDERED: "引抜きの指示がないのに、引き抜いた通知",
    Fault.POSTED_OPEN: "バッチは差出し済みなのに、行方の報告がない通知",
    Fault.RETURNED_UNMAILED: "差し出していないのに、返戻になった通知",
    Fault.CHARGED_DIFFERS: "差出しと請求の件数の差",
    Fault.COUNT_DIFFERS: "段階ごとの記録の件数の差",
}


class Difference(NamedTuple):
    """A fault that is there: how many notices, and the first of their numbers where they are known."""

    fault: Fault
    notices: int
    numbers: tuple[str, ...]

    @property
    def message(self) -> str:
        return FAULT_NAMES[self.fault]


class Figures(NamedTuple):
    """A city's audit of a run, in notices. ``equation`` is the one that closing asks for.

    ``printed`` and ``inserted``: notices whose standing envelope is that far. ``run_status`` is the run's; ``stamp``
    how many events the figures know of.
    """

    run: str
    city: str
    run_status: str
    equation: CityFigures
    printed: int
    inserted: int
    returned: int
    differences: tuple[Difference, ...]
    stamp: int

    @property
    def balanced(self) -> bool:
        return self.equation.balanced and not self.differences

    def of(self, side: Side) -> int | None:
        """One figure; None for what is not charged yet."""
        own = {Side.PRINTED: self.printed, Side.INSERTED: self.inserted, Side.RETURNED: self.returned}
        return own[side] if side in own else getattr(self.equation, side)
