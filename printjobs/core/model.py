"""The words of the trade as values: notices, problems, statuses and their legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self, TypeVar

import msgspec


class PrintjobsError(Exception):
    """A fault of the operator or of the input, told in Japanese with the next step.

    ``exit_code`` is what the command line ends with: 2 usage, 3 refused by a rule, 4 bad input.
    """

    exit_code = 1


class UsageError(PrintjobsError):
    """The call names something that does not exist (run, city, kind)."""

    exit_code = 2


class NotFound(PrintjobsError):
    """There is no such thing, or it is another's: whoever asks is told the same, so that neither is given away."""

    exit_code = 2

    def __init__(self, message: str = "見つかりません。名前や番号を確かめてください。") -> None:
        super().__init__(message)


class Refused(PrintjobsError):
    """A rule of the house forbids the step now (for example: the run is already released)."""

    exit_code = 3


class BadInput(PrintjobsError):
    """What was handed in cannot be taken as a whole; single bad rows are ``Problem`` values.

    ``file`` is the file that it is about, empty for the hand-in as a whole.
    """

    exit_code = 4

    def __init__(self, message: str, file: str = "") -> None:
        super().__init__(message)
        self.file = file


class StoreFull(PrintjobsError):
    """The disk or the quota is full. Nothing half written stays behind; the step can run again."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"保存先の空き容量が足りず、{what}を書けませんでした。途中のものは残していません。"
            "空きを作ってから同じ操作をもう一度行ってください。"
        )


class IllegalTransition(Exception):
    """A status was about to change in a way the trade does not know. A fault of ours."""


class Problem(msgspec.Struct, frozen=True):
    """One fault in a city's data: where it is, what it is, and a sentence a clerk can act on.

    ``row`` counts as a spreadsheet does: the header is row 1. 0 means the whole file.
    ``column`` is the header the city itself used. ``message`` never holds a name or an address.
    """

    file: str
    row: int
    column: str
    code: str
    message: str
    notice_number: str = ""


class Addressee(msgspec.Struct, frozen=True):
    """Who the envelope is for (宛名). ``zip`` is seven digits, empty only when ``country`` is set.

    ``barcode`` is what the customer barcode says: postal code and address number, empty for none.
    """

    number: str
    name: str
    honorific: str
    zip: str
    address: str
    building: str
    country: str
    barcode: str = ""


class Notice(msgspec.Struct, frozen=True):
    """One checked notice (通知) as it stands in an immutable record file.

    ``fields`` holds one value per notice, ``tables`` one list of rows per detail file; the
    order of a row's values is that of the kind's columns (``kinds.py``). Money is whole yen,
    areas are hundredths of a square metre, dates are ISO text.
    """

    city: str
    kind: str
    number: str
    row: int
    addressee: Addressee
    fields: dict[str, str | int]
    tables: dict[str, list[list[str | int]]]


class RunStatus(StrEnum):
    """A run is one notice kind of one year."""

    OPEN = "open"
    PLANNED = "planned"
    PACKAGED = "packaged"
    RELEASED = "released"
    CLOSED = "closed"


class SubmissionStatus(StrEnum):
    """One city's hand-in (提出データ) for a run."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPLACED = "replaced"


class BatchStatus(StrEnum):
    """What the vendor prints and inserts as one job. ``WITHDRAWN``: not released, as something in it was pulled."""

    PLANNED = "planned"
    PACKAGED = "packaged"
    RELEASED = "released"
    POSTED = "posted"
    WITHDRAWN = "withdrawn"


class FileStatus(StrEnum):
    """A print file: planned, then written, then read back and found equal to the plan."""

    PLANNED = "planned"
    RENDERED = "rendered"
    CHECKED = "checked"


class PieceStatus(StrEnum):
    """One envelope of one generation. Only ``MAILED`` means handed to the post office."""

    PLANNED = "planned"
    RELEASED = "released"
    INSERTED = "inserted"
    MAILED = "mailed"
    PULLED = "pulled"
    SPOILED = "spoiled"
    SUPERSEDED = "superseded"


# Keyed by type first: members of two StrEnums with the same text are equal to a dict.
_TRANSITIONS: dict[type[StrEnum], dict[StrEnum, tuple[StrEnum, ...]]] = {
    RunStatus: {
        RunStatus.OPEN: (RunStatus.PLANNED,),
        RunStatus.PLANNED: (RunStatus.PACKAGED,),
        RunStatus.PACKAGED: (RunStatus.RELEASED,),
        RunStatus.RELEASED: (RunStatus.CLOSED,),
    },
    SubmissionStatus: {
        SubmissionStatus.RECEIVED: (SubmissionStatus.ACCEPTED, SubmissionStatus.REFUSED),
        SubmissionStatus.ACCEPTED: (SubmissionStatus.REPLACED,),
        SubmissionStatus.REPLACED: (SubmissionStatus.RECEIVED,),  # the city goes back to what it handed in before
    },
    BatchStatus: {
        BatchStatus.PLANNED: (BatchStatus.PACKAGED, BatchStatus.WITHDRAWN),
        BatchStatus.PACKAGED: (BatchStatus.RELEASED, BatchStatus.WITHDRAWN),
        BatchStatus.RELEASED: (BatchStatus.POSTED,),
    },
    FileStatus: {
        FileStatus.PLANNED: (FileStatus.RENDERED,),
        FileStatus.RENDERED: (FileStatus.CHECKED, FileStatus.PLANNED),  # refused by the read back: it is made again
    },
    PieceStatus: {
        PieceStatus.PLANNED: (PieceStatus.RELEASED, PieceStatus.SUPERSEDED),  # the second: its batch is withdrawn
        PieceStatus.RELEASED: (PieceStatus.INSERTED, PieceStatus.SPOILED, PieceStatus.PULLED),
        PieceStatus.INSERTED: (PieceStatus.MAILED, PieceStatus.SPOILED, PieceStatus.PULLED),
        PieceStatus.SPOILED: (PieceStatus.SUPERSEDED, PieceStatus.PULLED),
    },
}

Status = TypeVar("Status", bound=StrEnum)


def advance(old: Status, new: Status) -> Status:
    """``new``, if the trade allows the step from ``old``; raises :class:`IllegalTransition`."""
    if type(new) is not type(old) or new not in _TRANSITIONS[type(old)].get(old, ()):
        raise IllegalTransition(f"{type(old).__name__}: {old} -> {new}")
    return new


class CityFigures(NamedTuple):
    """The sides of the count equation for one city, each recorded by the stage that knows it.

    All in notices. ``charged`` is None until the cost stage has settled the run.
    """

    received: int
    rejected: int
    pulled: int
    mailed: int
    outstanding: int
    charged: int | None

    @classmethod
    def of(
        cls,
        notices: Mapping[PieceStatus, int],
        ordered: Mapping[PieceStatus, int],
        *,
        received: int,
        rejected: int,
        pulled: int,
        unplanned: int,
        charged: int | None,
    ) -> Self:
        """The sides from what the stages recorded, pull orders (引抜き) apart from what became of the envelopes.

        ``notices``: by the status of the piece they lie in. ``ordered``: those of them that are ordered to be pulled.
        ``pulled``: all orders for accepted notices. ``unplanned``: accepted, not ordered and not yet in a piece.
        A piece that is pulled without an order is missing from the sum, a pulled notice that is mailed is in it twice.
        """
        ended = (PieceStatus.MAILED, PieceStatus.PULLED, PieceStatus.SUPERSEDED)
        waiting = sum(notices.get(s, 0) - ordered.get(s, 0) for s in PieceStatus if s not in ended)
        return cls(received, rejected, pulled, notices.get(PieceStatus.MAILED, 0), unplanned + waiting, charged)

    @property
    def balanced(self) -> bool:
        """received = rejected + pulled + mailed + outstanding, and mailed = charged once settled."""
        accounted = self.rejected + self.pulled + self.mailed + self.outstanding
        return self.received == accounted and self.charged in (None, self.mailed)
