"""Which pieces of a run are in which bundle and which tray, and the labels for them (区分票, ケース票)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from printjobs import reference
from printjobs.core import japanese
from printjobs.core.model import PieceStatus
from printjobs.core.postage.bundling import Bundle, Envelope, Tray, bundles, trays
from printjobs.render.labels import Label, write_labels
from printjobs.store import production
from printjobs.store.runs import Record

from .context import Context

Cells: TypeAlias = tuple[str | int, ...]
BUNDLE_COLUMNS = ("バッチ", "束", "ケース", "差出し", "郵便区番号", "封筒番号から", "封筒番号まで", "通数", "厚さmm")
TRAY_COLUMNS = (
    "バッチ", "ケース", "ケース数", "差出し", "郵便区番号から", "郵便区番号まで", "束から", "束まで", "通数",
)  # fmt: skip
_TO_POST = (PieceStatus.PLANNED, PieceStatus.RELEASED, PieceStatus.INSERTED, PieceStatus.MAILED)
ABROAD = "外国"


class Packed(NamedTuple):
    """A batch's envelopes as they leave the inserter: in trays of bundles."""

    batch: str
    trays: list[Tray]

    @property
    def bundles(self) -> int:
        return self.trays[-1].bundles[-1].number

    @property
    def pieces(self) -> int:
        return sum(tray.pieces for tray in self.trays)


def packed(context: Context, run_id: str) -> Iterator[Packed]:
    """Batch by batch, what is to be posted of it; a spoiled or pulled envelope is in no bundle."""
    limits = reference.vendor().bundle
    with context.engine.connect() as connection:
        names = {batch.number: batch.id for batch in production.batches(connection, run_id)}
        pieces = production.pieces_to_post(connection, run_id, _TO_POST)
        for number, own in groupby(bundles(_envelopes(pieces), limits), key=attrgetter("batch")):
            yield Packed(names[number], trays(list(own), limits))


def _envelopes(pieces: Iterable[Record]) -> Iterator[Envelope]:
    thick = cache(reference.vendor().thickness.millimetres)
    for p in pieces:
        yield Envelope(p.batch, p.number, p.posting, p.office, thick(p.sheets, p.inserts, by_hand=p.sheet_class == 0))


def labels(context: Context, run: Record, batch: Packed, titles: Mapping[int, str]) -> Iterator[tuple[str, bytes]]:
    """The two files of labels of a batch, by name. ``titles``: what each posting is called, by its number."""
    day = f"{japanese.era_date(run.mailing_date)}差出し"
    made = {
        "bundles": [_bundle_label(batch, tray, bundle, titles, day) for tray in batch.trays for bundle in tray.bundles],
        "trays": [_tray_label(batch, tray, titles, day) for tray in batch.trays],
    }
    for name, own in made.items():
        sink = io.BytesIO()
        write_labels(sink, context.fonts, own, title=f"{batch.batch} {name}", date=run.mailing_date)
        yield f"{batch.batch}-{name}.pdf", sink.getvalue()


def _bundle_label(batch: Packed, tray: Tray, bundle: Bundle, titles: Mapping[int, str], day: str) -> Label:
    return Label(
        "区分票",
        day,
        bundle.office or ABROAD,
        f"{bundle.pieces:,}通",
        f"封筒番号 {_span(f'{bundle.first:,}', f'{bundle.last:,}')}",
        (
            ("差出し", titles[bundle.posting]),
            ("バッチ", batch.batch),
            ("束・ケース", f"束 {bundle.number:,}／{batch.bundles:,}　ケース {tray.number}／{tray.of}"),
        ),
    )


def _tray_label(batch: Packed, tray: Tray, titles: Mapping[int, str], day: str) -> Label:
    ends = _span(*(f"{bundle.number:,}" for bundle in (tray.bundles[0], tray.bundles[-1])))
    return Label(
        "ケース票",
        day,
        _span(*_offices(tray)),
        f"{tray.pieces:,}通",
        f"{len(tray.bundles):,}束（束 {ends}）",
        (("差出し", titles[tray.posting]), ("バッチ", batch.batch), ("ケース", f"{tray.number}／{tray.of}")),
    )


def bundle_cells(batch: Packed) -> Iterator[Cells]:
    """A batch's rows of :data:`BUNDLE_COLUMNS`."""
    for tray in batch.trays:
        for b in tray.bundles:
            numbers = (b.first, b.last, b.pieces, str(b.mm))
            yield (batch.batch, b.number, tray.number, b.posting, b.office or ABROAD, *numbers)


def tray_cells(batch: Packed) -> Iterator[Cells]:
    """A batch's rows of :data:`TRAY_COLUMNS`."""
    for tray in batch.trays:
        ends = (tray.bundles[0].number, tray.bundles[-1].number, tray.pieces)
        yield (batch.batch, tray.number, tray.of, tray.posting, *_offices(tray), *ends)


def _offices(tray: Tray) -> tuple[str, str]:
    first, last = tray.offices
    return first or ABROAD, last or ABROAD


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first}〜{last}"
