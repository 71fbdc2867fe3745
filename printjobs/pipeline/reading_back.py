"""What preflight compares a print file with: the plan, the layout's declarations and the records, in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from printjobs.core.model import Notice
from printjobs.preflight import wanted
from printjobs.render.compiled import Block, CompiledLayout, Side
from printjobs.render.printfile import FileJob, FilePiece, sheet_marks
from printjobs.render.text import MM


def job_of(layout: CompiledLayout, year: int) -> wanted.Job:
    """What all print files of a run share."""
    zones = [zone for zone in layout.layout.zones if zone.of == "all"]
    return wanted.Job(
        kind=layout.kind,
        year=year,
        styles=layout.layout.styles,
        chains=layout.fonts.chains,
        cities={
            code: wanted.CityWords(text.values, text.seal.data if text.seal else b"")
            for code, text in layout.cities.items()
        },
        fixed={name: wanted.Fixed(own.static, own.tables) for name, own in layout.statics.items()},
        white={side: tuple(z.at for z in zones if z.side in (side, "both")) for side in ("front", "back")},
    )


class Wants:
    """Pieces as preflight wants them. Of ``one_in`` pieces one is read from pixels, and always the first and last."""

    def __init__(self, layout: CompiledLayout, job: FileJob, one_in: int) -> None:
        self._layout, self._job, self._one_in = layout, job, one_in
        self._marking = wanted.Marking(job.run, job.batch, job.generation, job.by_hand, job.key)
        self._declared: dict[int, wanted.Declared] = {}
        views = set()
        for page in layout.pages.values():
            for block in page.blocks:
                self._declare(block, "")
            for flow in page.flows:
                views.add(flow.of)
                for block in flow.blocks:
                    self._declare(block, layout.layout.rows[flow.of].of)
        self._views = sorted(views)

    def _declare(self, block: Block, table: str) -> None:
        slots, marks = tuple(place.slot for place in block.places), tuple(mark.mark for mark in block.marks)
        self._declared[id(block)] = wanted.Declared(block.form, table, slots, marks)

    def pieces(self, pieces: Iterable[FilePiece], first: int, last: int) -> Iterator[wanted.Piece]:
        """``first`` and ``last`` are numbers of the file's pieces."""
        for piece in pieces:
            marks = [text for _, text in sheet_marks(self._job, piece)]
            separator = self._separator(piece, marks.pop(0)) if piece.section else None
            yield wanted.Piece(
                number=piece.number,
                city=piece.city,
                inserts=piece.inserts,
                marking=self._marking,
                sampled=piece.number in (first, last) or self._is_sampled(piece.number),
                separator=separator,
                marks=marks,
                notices=[self._own(notice) for notice in piece.notices],
            )

    def _is_sampled(self, number: int) -> bool:
        return self._one_in > 0 and number % self._one_in == 0

    def _separator(self, piece: FilePiece, mark: str) -> wanted.Separator:
        last = piece.number + piece.section - 1
        says = (
            piece.office or "外国",
            f"{piece.section:,}通" + (f"差出し{piece.posting}" if piece.posting else ""),
            f"{piece.number:,} 〜 {last:,}",
            self._job.batch_id,
            self._job.file_id,
        )
        return wanted.Separator(mark, says)

    def _own(self, notice: Notice) -> wanted.Own:
        views = self._layout.views(notice)
        rows = {name: views[name] for name in self._views}
        return wanted.Own(notice, rows, [self._side(notice, side) for side in self._layout.sides(notice)])

    def _side(self, notice: Notice, side: Side) -> wanted.Side:
        """A page's own blocks, then those of each row of each flow."""
        declared = self._declared
        own: list[wanted.Declared] = []
        groups = [own]
        rows: list[wanted.Group] = []
        around, index = None, -1
        for block, flow, i, row in self._layout.drawn(notice, side):
            if flow is None:
                own.append(declared[id(block)])
            elif flow is around and i == index:
                groups[-1].append(declared[id(block)])
            else:
                around, index = flow, i
                groups.append([declared[id(block)]])
                rows.append(wanted.Group((), flow.of, row, i * flow.pitch / MM))
        first = wanted.Group(tuple(own), "", [], 0)
        made = [group._replace(blocks=tuple(blocks)) for group, blocks in zip(rows, groups[1:], strict=True)]
        return wanted.Side(*side.info, shared=side.rows is None, groups=[first, *made])
