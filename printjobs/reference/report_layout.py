"""Layouts of the vendor's reports (報告の形式): ``reports/NAME.toml``, one a form that some machine writes.

A layout says where each of our fields stands and what the machine's words mean in ours. Whatever is read by it is one
model, ``core/reconcile.py``. A word that its table does not have is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from printjobs.core.model import UsageError
from printjobs.core.reconcile import DISPOSITIONS
from printjobs.core.stages import TOLD_IN_ROWS

STANDARD = "standard"
EVENTS = ("sheet", "piece", "post", *TOLD_IN_ROWS)
FIELDS = ("event", "batch", "piece", "mark", "status", "count")
_FOLDER = "reports"
_SPOKEN = ("event", "status", "mark")  # fields whose words may be another language's


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one of our fields comes from: a column by its name, or the same ``constant`` in every row.

    ``words``: the machine's word -> ours. An event that is empty is passed over; a mark that is empty was not read.
    """

    column: str = ""
    constant: str = ""
    words: dict[str, str] = {}


class ReportLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One declared form of a report.

    ``csv``: ``columns`` in order, and first a row of exactly these when there is a ``header``.
    ``fixed``: columns of so many bytes each (``widths``), every row a line of exactly their sum.
    """

    title: str
    form: Literal["csv", "fixed"]
    encoding: Literal["ascii", "cp932", "utf-8"]
    columns: Annotated[tuple[str, ...], Meta(min_length=1)]
    fields: dict[str, Place]
    delimiter: str = ""
    header: bool = False
    widths: tuple[Annotated[int, Meta(ge=1)], ...] = ()


def decode(name: str, data: bytes) -> ReportLayout:
    """A layout from its file; :class:`UsageError` that names the file and says what is wrong with it."""
    try:
        layout = msgspec.toml.decode(data, type=ReportLayout)
    except msgspec.DecodeError as error:  # a ValidationError is one of these
        raise UsageError(f"報告の形式 {_FOLDER}/{name}.toml を読めません（{error}）。直してください。") from error
    if faults := [*_faults_of_form(layout), *_faults_of_fields(layout)]:
        raise UsageError(f"報告の形式 {_FOLDER}/{name}.toml を使えません。{'、'.join(faults)}。直してください。")
    return layout


def _faults_of_form(layout: ReportLayout) -> Iterable[str]:
    if len(set(layout.columns)) != len(layout.columns):
        yield "columns に同じ名前が2つあります"
    if layout.form == "csv":
        if len(layout.delimiter) != 1 or layout.delimiter in '"\r\n':
            yield "csv の delimiter は1文字にしてください"
        if layout.widths:
            yield "widths は fixed だけのものです"
    else:
        if len(layout.widths) != len(layout.columns):
            yield "widths は columns と同じ数にしてください"
        if layout.delimiter or layout.header:
            yield "delimiter と header は csv だけのものです"


def _faults_of_fields(layout: ReportLayout) -> Iterable[str]:
    if missing := [f for f in FIELDS if f not in layout.fields]:
        yield f"fields に {'・'.join(missing)} がありません"
    if unknown := sorted(layout.fields.keys() - set(FIELDS)):
        yield f"fields の {'・'.join(unknown)} は知らない項目です"
    known: dict[str, tuple[str, ...]] = {"event": (*EVENTS, ""), "status": DISPOSITIONS, "mark": ("",)}
    for name, place in layout.fields.items():
        if bool(place.column) == bool(place.constant):
            yield f"{name} には column か constant のどちらか一つを書いてください"
        elif place.column and place.column not in layout.columns:
            yield f"{name} の column「{place.column}」は columns にありません"
        if place.words and name not in _SPOKEN:
            yield f"{name} に words は書けません"
        elif wrong := sorted({w for w in place.words.values() if w not in known.get(name, ())}):
            yield f"{name} の words にある {'・'.join(wrong)} はこちらの語にありません"
        elif name in ("event", "status") and not place.words:
            yield f"{name} に words がありません"


@cache
def report_layouts() -> Mapping[str, ReportLayout]:
    """Every layout by name, our own first."""
    folder = files(__package__).joinpath(_FOLDER)
    names = sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    names.sort(key=lambda name: name != STANDARD)
    return MappingProxyType({n: decode(n, folder.joinpath(f"{n}.toml").read_bytes()) for n in names})


def report_layout(name: str) -> ReportLayout:
    """A layout by its name; :class:`UsageError` lists those that exist."""
    known = report_layouts()
    if name not in known:
        raise UsageError(f"報告の形式 {name} はありません。次から選んでください: {'、'.join(known)}")
    return known[name]
