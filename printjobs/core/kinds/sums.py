"""Sums that a notice states and its own rows give: told with both figures and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from printjobs.core.model import Notice

from .form import Complaint, Table

NEXT = "抜けた行や入れ違いがないかを確かめ、どちらかを直してください。"


def compare(
    place: tuple[str, int, str], code: str, found: tuple[str, int], stated: tuple[str, int], advice: str = NEXT
) -> list[Complaint]:
    """One complaint when two amounts differ, each with the words it is called by; ``place``: table, row, column."""
    if found[1] == stated[1]:
        return []
    message = f"{found[0]}{found[1]:,}円が{stated[0]}{stated[1]:,}円と違います。{advice}"
    return [Complaint(*place, code, message)]


def column_sum(notice: Notice, table: Table, key: str) -> int:
    """The sum of one column over a notice's rows."""
    amounts: Iterable[Any] = map(itemgetter(table.index(key)), notice.tables[table.name])
    return sum(amounts)


def twice(notice: Notice, table: Table, key: str) -> list[Complaint]:
    """Rows that say the same in a column whose values may come once; the form has one line for each."""
    place, seen, found = table.index(key), set[str | int](), list[Complaint]()
    rows = notice.tables[table.name]
    if len({row[place] for row in rows}) == len(rows):
        return []
    title = table.columns[place + 1].title
    for i, row in enumerate(rows):
        if row[place] in seen:
            message = f"「{title}」が同じ行が2つあります（{row[place]}）。1行にまとめてください。"
            found.append(Complaint(table.name, i, key, "duplicate_row", message))
        seen.add(row[place])
    return found


def floor(amount: int, unit: int) -> int:
    """Cut to a unit; what is below zero is nothing (地方税法 20条の4の2)."""
    return max(0, amount) // unit * unit


def total(amounts: Sequence[str | int]) -> int:
    return sum(int(amount) for amount in amounts)
