"""What a city is told beside its problems, as lists of its own: texts too long, gaiji, and characters out of the usual.

All are CSV for a spreadsheet (UTF-8 with a byte order mark), written anew for each hand-in, so that none outlives it.
They go to the city alone.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from fonts import Chain, clusters
from printjobs.core import gaiji
from printjobs.core.characters import unusual
from printjobs.core.kinds import ADDRESSEE, Column, Kind, Table, Type
from printjobs.core.model import Notice
from printjobs.files import Writer
from printjobs.intake import Listed
from printjobs.render.compiled import CompiledLayout

from .context import Context

# Why a notice was set aside, in the words of the standard specifications (住民記録システム標準仕様書 5.8, 10.7).
_SORTS = {
    "overflow": "文字溢れ", "no_glyph": "字形なし", "private_use": "未登録外字", "too_many_rows": "行数超過",
}  # fmt: skip
_OVERFLOW = (
    "通知書番号", "宛名番号", "ファイル", "行", "項目", "区分", "文字数", "枠に入る文字数（全角）", "処理", "内容",
)  # fmt: skip
_GAIJI = ("外字コード", "シフトJIS", "状態", "ファイル", "行", "項目", "通知書番号", "宛名番号", "前後の文字")
_CHARACTERS = ("文字", "コード", "書体と字形", "通知数", "出現数")
_SET_ASIDE = "印刷せず取り置き"  # nothing is cut, nothing substituted


class Characters:
    """Counts the characters of printed texts that are not in JIS X 0208: by the sequence that one glyph draws."""

    def __init__(self, kind: Kind) -> None:
        self._fields = _texts_of(kind.notices, ADDRESSEE)
        self._rows = [(t.name, pick) for t in kind.details if (pick := _picker(t))]
        self._notices: Counter[str] = Counter()
        self._times: Counter[str] = Counter()

    def add(self, notice: Notice) -> None:
        """Count one notice that will be printed."""
        who, fields = notice.addressee, notice.fields
        texts = [who.name, who.address, who.building, who.country]
        texts += [str(fields[key]) for key in self._fields]
        for table, pick in self._rows:
            for row in notice.tables[table]:
                texts += pick(row)
        if unusual().search("".join(texts)):
            self._count(texts)

    def _count(self, texts: Iterable[str]) -> None:
        found = Counter(
            cluster
            for text in texts
            if unusual().search(text)
            for cluster in clusters(text)
            if unusual().search(cluster)
        )
        self._times += found
        self._notices.update(found.keys())

    def rows(self, faces: Sequence[Chain]) -> Iterator[tuple[str, str, str, int, int]]:
        """A row for each, in order of code: what it is, what draws it, in how many notices and how often."""
        for cluster in sorted(self._times):
            found = [place for one in faces if (place := one.find(cluster))]
            drawn = "、".join(dict.fromkeys(f"{face.name} {face.glyph_name(gid)}" for face, gid in found))
            shown = gaiji.PRIVATE_USE.sub(gaiji.GETA, cluster)
            yield shown, gaiji.codes_of(cluster), drawn, self._notices[cluster], self._times[cluster]


def _texts_of(table: Table, besides: Sequence[Column] = ()) -> list[str]:
    """Keys of a table's columns that hold free text; the others have nothing but digits and known words."""
    return [c.key for c in table.columns if c.type is Type.TEXT and c not in besides]


def _picker(table: Table) -> Callable[[list[str | int]], Sequence[Any]] | None:
    """What takes the free texts out of a detail row; None for a table without any."""
    places = [table.index(key) for key in _texts_of(table)]
    if len(places) == 1:
        return itemgetter(slice(places[0], places[0] + 1))
    return itemgetter(*places) if places else None


def write(
    context: Context, run_id: str, city: str, listed: Iterable[Listed], layout: CompiledLayout, found: Characters
) -> None:
    """Write the city's lists: ``overflow-``, ``gaiji-`` and ``characters-``, each with its header even if empty."""
    names = sorted({style.font for style in layout.layout.styles.values()})
    faces = [layout.fonts.chains[name] for name in names]
    with (
        context.files.writer(f"reports/{run_id}/overflow-{city}.csv") as overflow,
        context.files.writer(f"reports/{run_id}/gaiji-{city}.csv") as unsettled,
    ):
        lines, characters = _csv(overflow, _OVERFLOW), _csv(unsettled, _GAIJI)
        for told in listed:
            if told.problem.code in _SORTS:
                lines.writerow(_overflow_row(told))
            characters.writerows(_gaiji_rows(told))
    with context.files.writer(f"reports/{run_id}/characters-{city}.csv") as file:
        _csv(file, _CHARACTERS).writerows(found.rows(faces))


def _overflow_row(told: Listed) -> tuple[object, ...]:
    problem = told.problem
    return (
        problem.notice_number, told.addressee, problem.file, problem.row, problem.column, _SORTS[problem.code],
        told.length or "", told.holds or "", _SET_ASIDE, problem.message,
    )  # fmt: skip


def _gaiji_rows(told: Listed) -> Iterator[tuple[object, ...]]:
    problem = told.problem
    for code, state in told.gaiji:
        yield (
            code, gaiji.shift_jis(code), state, problem.file, problem.row, problem.column, problem.notice_number,
            told.addressee, told.around,
        )  # fmt: skip


class _Encoded:
    """A stored file as the csv module writes to it."""

    def __init__(self, file: Writer) -> None:
        self._file = file

    def write(self, text: str) -> object:
        return self._file.write(text.encode())


def _csv(file: Writer, header: Sequence[str]) -> Any:
    file.write(b"\xef\xbb\xbf")
    writer = csv.writer(_Encoded(file), lineterminator="\r\n")
    writer.writerow(header)
    return writer
