"""Join what the vendor's machines report with what was released, sheet by sheet.

Law 4: mailed + pulled + outstanding = released. A piece counts as inserted only when the camera saw
each of its sheets once, in order, with a genuine mark; it counts as mailed only when the posting
count of its batch equals the pieces inserted. What contradicts itself is raised, never guessed.
An envelope on the vendor's pull list holds its batch's posting back until it is reported diverted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from .marks.sheet import END_OF_PIECE, SEPARATOR, SheetMark
from .model import PieceStatus
from .pieces import Key, Pieces


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of a report in our own words.

    ``what`` is ``sheet`` (``mark`` is what the camera read, empty when it read nothing), ``piece``
    (``status`` is one of DISPOSITIONS) or ``post`` (``count`` pieces of the batch were handed over). It is BAD for a
    line that could not be read; ``status`` is then what the line was, empty when not even that is certain.
    """

    line: int
    what: str
    batch: int
    piece: int
    mark: str
    status: str
    count: int


class Sighting(NamedTuple):
    """A sheet as seen, joined with its piece; ``code`` is empty when all is well."""

    line: int
    batch: int
    piece: int
    sheet: int
    code: str


class Finding(NamedTuple):
    """Something that a person has to look at. ``critical``: an envelope must be held back."""

    line: int
    batch: int
    piece: int
    code: str
    message: str


class Result(msgspec.Struct):
    """What a report tells beside the new statuses: batches posted whole, every sheet seen, what to look at.

    ``pulls``: of envelopes on the pull list that it has a word on, whether the last word is that it was diverted.
    """

    posted: list[int] = []
    pulls: dict[Key, bool] = {}
    sightings: list[Sighting] = []
    findings: list[Finding] = []


BAD = "bad"
DISPOSITIONS = ("inserted", "hand_mailed", "diverted", "spoiled", "unread", "in_process")
_FINAL = (PieceStatus.MAILED, PieceStatus.SUPERSEDED)


class Reconciler:
    """Feed events in order, all at once or in parts; ``pieces`` take their new statuses and ``result`` the rest.

    State is per piece, never per line.
    ``result.sightings`` and ``result.findings`` are the caller's: who reads a long report takes them out of their
    lists after each part.
    """

    def __init__(self, pieces: Pieces, read: Callable[[str], SheetMark | None], run: str) -> None:
        self._pieces = pieces
        self._read = read
        self._run = run
        self._open: Key | None = None  # the piece whose sheets are passing the camera
        self._untold: Key | None = None  # the piece that passed last, until its result is told
        self._next_is_bad = False  # a line that could not be read may have been a sheet before the next piece's first
        self._doubted: set[int] = set()  # batches that lines which could not be read may have been about, 0 for any
        self.result = Result()

    def feed(self, events: Iterable[Event]) -> Result:
        for event in events:
            if event.what == "sheet":
                self._sheet(event)
            elif event.what == BAD:
                self._bad(event)
            elif not self._pieces.has_batch(event.batch):
                self._find(
                    event, "unknown_batch", f"バッチ{event.batch}はこの回にありません。送り先を確かめてください。"
                )
            elif event.what == "piece":
                self._piece(event)
            else:
                self._post(event)
        return self.result

    def _find(self, event: Event, code: str, message: str, key: Key | None = None) -> None:
        batch, piece = key or (event.batch, event.piece)
        self.result.findings.append(Finding(event.line, batch, piece, code, message))

    def _sheet(self, event: Event) -> None:
        mark = self._read(event.mark) if event.mark else None
        code, key, sheet = "", (event.batch, event.piece), 0
        if not event.mark:
            code = "unread"
            if not (self._half_open() or key in self._pieces):
                self._find(event, code, "読めない紙が1枚ありました。どの封筒の紙かを確かめてください。")
            self._spoil(key)
        elif mark is None or mark.run != self._run:
            code = "foreign"
            self._find(event, code, "この回のものでない紙を読み取りました。機械を止めて紙を確かめてください。")
        else:
            key, sheet = (mark.batch, mark.piece), mark.sheet
            if not mark.flags & SEPARATOR:
                code = self._genuine(event, mark, key)
        if code in ("unread", "foreign", "unknown_piece", "superseded", "again") or not sheet:
            self._spoil(self._half_open())  # whatever it is, it lies among the sheets of that piece
        self.result.sightings.append(Sighting(event.line, key[0], key[1], sheet, code))

    def _bad(self, event: Event) -> None:
        """A line that could not be read: because it is missing, nothing may be inserted or mailed.

        Where it may have been a sheet, that sheet lies in the envelope whose sheets pass, or in the next one.
        """
        if event.status not in ("", "sheet"):
            self._doubted.add(event.batch)
            return
        self._doubted.add(0)
        self._next_is_bad = not self._half_open()
        if self._untold:
            self._bad_row_at(event, self._untold)

    def _bad_row_at(self, event: Event, key: Key) -> None:
        message = "読めない行が、この封筒の紙のことかもしれません。差し出さずに抜き取ってください。作り直します。"
        self._find(event, "bad_row", message, key)
        self._pieces.spoil(key)
        self._spoil(key)

    def _half_open(self) -> Key | None:
        """The piece whose sheets are passing, if some of them are still to come."""
        return self._open if self._open and not self._pieces.is_complete(self._open) else None

    def _spoil(self, key: Key | None) -> None:
        """A piece that cannot be trusted any more, whatever a later report says of it."""
        if key and key in self._pieces and self._pieces.now(key) == PieceStatus.RELEASED:
            self._pieces.settle(key, PieceStatus.SPOILED)

    def _genuine(self, event: Event, mark: SheetMark, key: Key) -> str:
        """Judge a sheet of ours: expected, current, in order, and alone."""
        pieces = self._pieces
        if key not in pieces or (mark.generation, mark.of) != (pieces.generation(key), pieces.sheets(key)):
            self._find(event, "unknown_piece", "計画にない紙を読み取りました。紙を抜いて確かめてください。", key)
            return "unknown_piece"
        if pieces.before(key) in (PieceStatus.SUPERSEDED, PieceStatus.SPOILED) and not pieces.is_on_pull_list(key):
            self._find(event, "superseded", "作り直し済みの古い紙です。封入せずに破棄してください。", key)
            return "superseded"
        if pieces.now(key) in (PieceStatus.INSERTED, PieceStatus.MAILED) and not pieces.is_seen(key):
            message = "封入済みの封筒の紙がもう一度通りました。2通できていないかを確かめてください。"
            self._find(event, "again", message, key)
            pieces.spoil(key)
            return "again"
        if self._open != key and (half := self._half_open()):
            for one in (key, half):
                pieces.spoil(one)
                self._spoil(one)
            self._find(
                event, "mixed", "前の封筒の紙がそろわないうちに別の封筒の紙が通りました。両方を確かめてください。", key
            )
        self._open = self._untold = key
        if self._next_is_bad:
            self._next_is_bad = False
            self._bad_row_at(event, key)
        code = pieces.see(key, mark.sheet)
        if mark.flags & END_OF_PIECE and pieces.sheets_seen(key) >= mark.of:
            self._open = None
        return code

    def _piece(self, event: Event) -> None:
        key = (event.batch, event.piece)
        if key == self._open:
            self._open = None
        if key == self._untold:
            self._untold = None
        if key not in self._pieces:
            self._find(event, "unknown_piece", "計画にない封筒の結果です。番号を確かめてください。")
            return
        status = self._pieces.now(key)
        if event.status == "in_process":
            return
        if status == PieceStatus.PULLED or self._pieces.is_on_pull_list(key):
            self._pulled(event, key)
        elif status in _FINAL:
            self._contradiction(event, status)
        elif event.status in ("inserted", "hand_mailed"):
            self._inserted(event, key, status)
        elif status == PieceStatus.INSERTED:
            self._contradiction(event, status)
            self._pieces.settle(key, PieceStatus.SPOILED)
        else:
            if event.status == "diverted":
                self._find(event, "diverted_without_order", "引抜き指示のない封筒がはじかれました。作り直します。")
            self._pieces.settle(key, PieceStatus.SPOILED)

    def _pulled(self, event: Event, key: Key) -> None:
        """Only "diverted" says that it will not be mailed: a spoiled one might be mended by hand.

        One that is reported inserted has to be reported diverted after that, again if it was before.
        """
        inserted = event.status in ("inserted", "hand_mailed")
        if inserted:
            self._find(
                event,
                "pulled_inserted",
                "引抜き指示のある封筒が封入されました。差し出さずに抜き取り、diverted で報告してください。",
            )
        if inserted or event.status == "diverted":
            self._pieces.pull(key, diverted=not inserted)
            self.result.pulls[key] = not inserted

    def _contradiction(self, event: Event, status: PieceStatus) -> None:
        # Never "the latest wins": a mailed piece stays mailed, and somebody has to find out.
        if (event.status in ("inserted", "hand_mailed")) != (status in (PieceStatus.INSERTED, PieceStatus.MAILED)):
            self._find(
                event,
                "contradiction",
                f"すでに {status} の封筒に {event.status} の報告がありました。現物を確かめてください。",
            )

    def _inserted(self, event: Event, key: Key, status: PieceStatus) -> None:
        if status == PieceStatus.SPOILED:
            self._find(
                event, "contradiction", "作り直しになった封筒が封入と報告されました。差し出さずに抜き取ってください。"
            )
            return
        pieces = self._pieces
        if status == PieceStatus.INSERTED and not pieces.is_seen(key) and not pieces.is_bad(key):
            return  # told twice
        if pieces.is_bad(key) or not pieces.is_in_order(key):
            message = (
                f"封入と報告されましたが、{pieces.sheets(key)}枚のうち読取りは{pieces.sheets_seen(key)}枚で、"
                "そろっていないか順番が違います。差し出さずに抜き取ってください。作り直します。"
            )
            self._find(event, "sheets_differ", message)
            pieces.settle(key, PieceStatus.SPOILED)
            return
        pieces.settle(key, PieceStatus.INSERTED)

    def _is_silent(self, event: Event) -> bool:
        """Whether a batch is posted of which most was never reported: a slip, or a posting of a part.

        What it leaves open would all be taken for missing, and be made and mailed a second time.
        """
        ended = (PieceStatus.MAILED, PieceStatus.PULLED, PieceStatus.SPOILED, PieceStatus.SUPERSEDED)
        without, inserted = (self._pieces.count(event.batch, s) for s in (PieceStatus.RELEASED, PieceStatus.INSERTED))
        told = inserted + sum(self._pieces.count(event.batch, status) for status in ended)
        return without > told or (without > 0 and event.count == inserted == 0)

    def _post(self, event: Event) -> None:
        """A batch was handed over: its inserted pieces are mailed, what nobody reported is missing."""
        undiverted = self._pieces.undiverted(event.batch)
        for key in undiverted:
            message = (
                "引抜き指示のある封筒を抜いた報告がまだありません。抜き取り、diverted で報告してから、"
                "差出しをもう一度報告してください。差出し済みとはしていません。"
            )
            self._find(event, "pull_not_diverted", message, key)
        doubted = not self._doubted.isdisjoint((0, event.batch))
        if doubted:
            # A count may be equal only because the line that would have made it differ is the one that is missing.
            self._find(
                event, "post_after_bad_row",
                "差出しの前に読めない行があるので、通数を確かめられません。読めない行を確かめてから、"
                "差出しの行だけをもう一度報告してください。差出し済みとはしていません。",
            )  # fmt: skip
        inserted = self._pieces.count(event.batch, PieceStatus.INSERTED)
        if inserted != event.count:
            self._find(
                event, "post_count_differs",
                f"差出しは{event.count:,}通ですが、封入を確かめられた封筒は{inserted:,}通です。"
                "差を調べ、正しい差出しの報告をもう一度出してください。差出し済みとはしていません。",
            )  # fmt: skip
        if silent := self._is_silent(event):
            self._find(
                event, "post_without_results",
                f"封筒の結果の報告がない封筒が{self._pieces.count(event.batch, PieceStatus.RELEASED):,}通あります。"
                "先に封入などの結果を報告してから、差出しをもう一度報告してください。差出し済みとはしていません。",
            )  # fmt: skip
        if undiverted or doubted or silent or inserted != event.count:
            return
        for key in self._pieces.with_status(event.batch, PieceStatus.INSERTED):
            self._pieces.settle(key, PieceStatus.MAILED)
        for key in self._pieces.with_status(event.batch, PieceStatus.RELEASED):
            self._pieces.settle(key, PieceStatus.SPOILED)
            self._find(event, "missing", "結果の報告がない封筒です。未着として作り直します。", key)
        self.result.posted.append(event.batch)
