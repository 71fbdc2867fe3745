"""Returned mail (返戻): an envelope that came back is known by the mark on any of its sheets."""

from __future__ import annotations

import warnings
from datetime import datetime
from io import BytesIO
from typing import NamedTuple

import zxingcpp
from PIL import Image, UnidentifiedImageError
from sqlalchemy import Connection

from printjobs import reference
from printjobs.core.marks import sheet
from printjobs.core.model import BadInput, PieceStatus, Refused
from printjobs.reference import returns as reasons
from printjobs.store import lookup, returns, runs, writing
from printjobs.store.runs import Record

from .context import Context

_MOST_PIXELS = 50_000_000  # a telephone's camera has half of it
_FORMATS = ("JPEG", "PNG", "WEBP")
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_RUN = slice(1, 7)  # of a mark: its run's code


class Came(NamedTuple):
    """An envelope that is registered as returned. ``again``: it was before, and nothing was changed.

    ``numbers`` are those of its notices.
    """

    run: str
    city: str
    batch: str
    piece: int
    generation: int
    numbers: tuple[str, ...]
    reason: str
    at: datetime
    again: bool


class Count(NamedTuple):
    """How many envelopes and notices came back for a reason."""

    reason: str
    pieces: int
    notices: int


def register(context: Context, city: str, mark_text: str, reason: str) -> Came:
    """Register an envelope of the city as returned, by the mark that was read on one of its sheets.

    Raises :class:`Refused` for a mark that is none of ours, or another city's (one sentence for both), and for an
    envelope that is not in the post; :class:`UsageError` for a reason that there is not.
    """
    code = reference.city(city).code
    reasons.reason(reason)
    text = "".join(mark_text.split()).upper()
    with context.engine.connect() as connection:
        run_id = (returns.run_of_code(connection, text[_RUN]) if text.isascii() and text.isalnum() else None) or ""
    mark = sheet.decode(text, context.mark_key(run_id))
    if not run_id or mark is None or mark.flags & sheet.SEPARATOR:
        raise _foreign(code)
    with writing(context.engine) as connection:
        runs.lock_run(connection, run_id)
        piece = returns.find_piece(connection, run_id, mark.batch, mark.piece)
        if piece is None or piece.city != code or (piece.generation, piece.sheets) != (mark.generation, mark.of):
            raise _foreign(code)
        found = returns.find_returned(connection, piece.batch_id, piece.number)
        if found is not None:
            return _told(connection, found, piece, again=True)
        if piece.status != PieceStatus.MAILED:
            raise Refused(
                f"{piece.batch_id} の封筒番号 {piece.number} は差出し済みになっていません（{piece.status}）。"
                "返戻ではなく、作り直す前の紙か、まだ郵便局に渡していない封筒です。事務局に知らせてください。"
            )
        values = {"batch_id": piece.batch_id, "piece": piece.number, "reason": reason, "at": context.now()}
        returns.add(connection, {"run_id": run_id, "city": code, **values})
        found = returns.find_returned(connection, piece.batch_id, piece.number)
        assert found is not None
        detail = f"piece {piece.number} notices {piece.notices} reason {reason}"
        runs.add_event(connection, run_id, context.now(), "returned", piece.batch_id, detail)
        return _told(connection, found, piece, again=False)


def _foreign(city: str) -> Refused:
    return Refused(
        f"{reference.city(city).name}の通知の紙のQRではありません。通知の左下にあるQRをもう一度読み取ってください。"
        "それでも同じ表示になるときは、封筒を開けたまま事務局に知らせてください。"
    )


def _told(connection: Connection, found: Record, piece: Record, *, again: bool) -> Came:
    numbers = tuple(n.number for n in lookup.notices_of_piece(connection, piece.batch_id, piece.number))
    place = (found.batch_id, found.piece, piece.generation)
    return Came(found.run_id, found.city, *place, numbers, found.reason, found.at, again)


def by_reason(context: Context, run_id: str, city: str) -> tuple[Count, ...]:
    """What came back, by reason, in the order of the table of reasons."""
    context.run(run_id)
    with context.engine.connect() as connection:
        rows = {r.reason: r for r in returns.by_reason(connection, run_id, reference.city(city).code)}
    return tuple(Count(r, int(rows[r].pieces), int(rows[r].notices)) for r in reasons.reasons() if r in rows)


def decode_picture(data: bytes) -> str | None:
    """The sheet mark in a picture of a camera (JPEG, PNG, WebP), None when none can be read in it.

    Raises :class:`BadInput` for what is no such picture and for one of more than 50 million pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of a picture that unpacks to gigabytes
            picture = Image.open(BytesIO(data), formats=_FORMATS)
            if picture.width * picture.height > _MOST_PIXELS:
                raise BadInput("画像が大きすぎます。5千万画素までの写真にしてください。")
            grey = picture.convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise BadInput("画像として読めません。JPEG か PNG の写真を選んでください。") from error
    for code in zxingcpp.read_barcodes(grey, formats=_QR):
        if len(code.text) == sheet.LENGTH:
            return str(code.text)
    return None
