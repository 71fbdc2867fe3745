"""Why a run's postings are as they are, and what more pieces or a longer delay would save, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from printjobs import reference
from printjobs.core.cost.bill import Case, posting_title
from printjobs.core.postage.explaining import explain, later, tell, tell_later
from printjobs.core.postage.posting import Posting
from printjobs.core.timetable import DELAYS
from printjobs.store.runs import Record

from .scheduling import lawful_delay


class Why(NamedTuple):
    """Why a posting is handed in as it is, and what a few more pieces would save."""

    title: str
    sentences: tuple[str, ...]


def explained(postings: Iterable[Posting], case: Case) -> tuple[Why, ...]:
    """Each posting that has anything inland."""
    reasons = explain((posting for posting in postings if posting.lots), case.table, case.mail.delay)
    names = {code: reference.city(code).name for code in case.volumes}
    return tuple(Why(posting_title(reason.posting), tuple(tell(reason, names))) for reason in reasons)


def with_more_time(run: Record, case: Case) -> tuple[str, ...]:
    """What a longer delay would save, if the run's due dates leave it."""
    longest = lawful_delay(run, DELAYS[-1])
    found = later(case.mail.lots, case.table, case.mail.delay)
    return tuple(tell_later(one) for one in found if one.delay <= longest)
