"""What a city sees of its hand-in: its problems row by row, each with the place on the page that it is about."""

from __future__ import annotations

from collections.abc import Sequence

from printjobs import intake
from printjobs.core.kinds import Kind
from printjobs.core.model import NotFound
from printjobs.render.marked_page import marked_page
from printjobs.store import runs
from printjobs.store.runs import Record

from .context import Context

LISTS = ("overflow", "gaiji", "characters")  # the city's own lists (pipeline/reports.py)


def files(kind: Kind) -> list[str]:
    """The names that files of a hand-in may have, the transmittal first."""
    return [intake.NAME, *(table.file for table in (kind.notices, *kind.details)), intake.MAPPING]


def problems(context: Context, run_id: str, city: str, after: int = 0, limit: int = 100) -> Sequence[Record]:
    """A page of a city's problems, of its newest hand-in that was read; ``after`` is the id of the one before."""
    with context.engine.connect() as connection:
        return runs.city_problems(connection, run_id, city, after, limit)


def count_problems(context: Context, run_id: str, city: str) -> int:
    with context.engine.connect() as connection:
        return runs.count_problems(connection, run_id, city)


def problem_picture(context: Context, run_id: str, city: str, problem_id: int) -> bytes | None:
    """A PNG of the page, the problem's place marked; None when its column is nowhere printed."""
    run = context.run(run_id)
    with context.engine.connect() as connection:
        found = runs.city_problem(connection, run_id, city, problem_id)
    if found is None:
        raise NotFound
    title = _own_title(context, run, found)
    return marked_page(context.layout(run), city, found.file, title)


def _own_title(context: Context, run: Record, problem: Record) -> str:
    """The council's title of the column, where the city's has another."""
    key = f"{problem.inbox}/{intake.MAPPING}"
    if not context.files.exists(key):
        return str(problem.column)
    kind = context.kind(run.kind)
    mapping = intake.parse_mapping(context.files.read(key), kind)
    table = next((t.name for t in (kind.notices, *kind.details) if t.file == problem.file), "")
    columns = mapping[table].columns if table in mapping else {}
    return next((ours for ours, theirs in columns.items() if theirs == problem.column), str(problem.column))


def lists(context: Context, run_id: str, city: str) -> list[str]:
    """Which of its own lists a city has."""
    return [name for name in LISTS if context.files.exists(_list_key(run_id, city, name))]


def city_list(context: Context, run_id: str, city: str, name: str) -> bytes:
    """One of the city's own lists as CSV; :class:`NotFound` before its first hand-in."""
    if name not in lists(context, run_id, city):
        raise NotFound
    return context.files.read(_list_key(run_id, city, name))


def _list_key(run_id: str, city: str, name: str) -> str:
    return f"reports/{run_id}/{name}-{city}.csv"
