"""``printjobs layout``: a layout as a picture, as a data dictionary, and what changed between two of them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer

import layouts
from printjobs import reference
from printjobs.core.model import UsageError
from printjobs.pipeline import Context
from printjobs.reference import profile
from printjobs.render import raster
from printjobs.render.city import city_texts
from printjobs.render.compiled import CompiledLayout
from printjobs.render.dictionary import TITLES, entries
from printjobs.render.differences import differences
from printjobs.render.differences_pdf import Version, write_differences
from printjobs.render.picture import pictures
from printjobs.render.picture_pdf import write_picture
from printjobs.render.schema import compile_source
from printjobs.settings import Settings

from . import show as shown
from .output import write_file

_DPI = 150
_KUSATSU = "252069"  # whose texts and seal a layout is shown with when nobody says
_UNSAFE = re.compile(r"[^\w-]")  # of a page's name in the name of a file
_NAME = re.compile(r"(\w+)-(\d{4}-\d+)")

Json = Annotated[bool, typer.Option("--json", help="結果を JSON で出します。")]
KindOrFile = Annotated[
    str, typer.Argument(metavar="KIND", help="通知種別（例: property_tax）。property_tax-2026-1 や YAML ファイルでも")
]
Number = Annotated[str, typer.Option("--version", help="様式の版（例: 2026-1）。省くと最新の版")]
City = Annotated[str, typer.Option(help="6桁の市コード。この市の文と公印で刷ります")]

app = typer.Typer(no_args_is_help=True, help="様式を見る・列の一覧を作る・版を比べる")


class _Found(NamedTuple):
    """A layout's file, what it is called, and where a draft of its shared file may lie."""

    data: bytes
    name: str
    folder: Path | None

    @property
    def stem(self) -> str:
        return self.name.removesuffix(".yaml").removesuffix(".yml")


@app.command(help="様式の各頁を、番号を付けた枠の絵と、枠の一覧にします（PDFと頁ごとのPNG）。")
def show(
    name: KindOrFile,
    version: Number = "",
    city: City = _KUSATSU,
    into: Annotated[Path | None, typer.Option(help="置くフォルダ。省くと様式の名前のフォルダ")] = None,
    as_json: Json = False,
) -> None:
    reference.city(city)
    found = _find(name, version)
    compiled = _compile(Context(Settings()), found)
    stem = f"{found.stem}-{city}"
    pdf, pages = write_picture(compiled, city)
    files = _write_all(into or Path(found.stem), stem, pdf, pages)
    layout = compiled.layout
    if as_json:
        about = {"kind": layout.kind, "version": layout.version, "sha256": layout.sha256, "city": city}
        _print({**about, "pages": msgspec.to_builtins(pictures(compiled)), "files": files})
    else:
        shown.layout_pictures(pictures(compiled), files)


@app.command(help="市のデータの列の一覧（型、書き方、必須、最大文字数、刷る所）を作ります。")
def fields(
    name: KindOrFile,
    version: Number = "",
    file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="表計算で開ける CSV を書きます。")] = None,
    as_json: Json = False,
) -> None:
    compiled = _compile(Context(Settings()), _find(name, version))
    found = entries(compiled.kind, compiled.layout)
    if file:
        sink = io.StringIO(newline="")
        csv.writer(sink).writerows([TITLES, *(entry.row() for entry in found)])
        write_file(file, sink.getvalue().encode("utf-8-sig"))  # with a mark, or Excel takes it for Shift_JIS
    if as_json:
        layout = compiled.layout
        _print({"kind": layout.kind, "version": layout.version, "columns": msgspec.to_builtins(found)})
    elif file:
        shown.line(f"{len(found)}列の一覧を {file} に書きました。")
    else:
        shown.dictionary(found)


@app.command(help="2つの版を比べ、変わったところを文で示します。--into で絵（PDFとPNG）も作ります。")
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="前の版（property_tax-2026-1）か YAML ファイル")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="後の版か YAML ファイル")],
    city: City = _KUSATSU,
    into: Annotated[Path | None, typer.Option(help="絵を置くフォルダ")] = None,
    as_json: Json = False,
) -> None:
    reference.city(city)
    context = Context(Settings())
    found = [_find(name) for name in (old, new)]
    one, other = (Version(f.stem, _compile(context, f), city) for f in found)
    changes = differences(one.compiled.layout, other.compiled.layout)
    files: list[str] = []
    if into:
        pdf, pages = write_differences(one, other, changes)
        files = _write_all(into, f"{one.name}--{other.name}", pdf, pages)
    if as_json:
        _print({"old": one.name, "new": other.name, "changes": msgspec.to_builtins(changes), "files": files})
    else:
        shown.layout_changes(one.name, other.name, changes, files)


def _find(name: str, version: str = "") -> _Found:
    """A layout of this package by kind or full name, or a file; :class:`UsageError` tells what there is."""
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        try:
            return _Found(path.read_bytes(), path.name, path.absolute().parent)
        except OSError as error:
            raise UsageError(f"{name} を読めません（{error.strerror}）。ファイルの場所を確かめてください。") from error
    match = _NAME.fullmatch(name)
    kind, number = (match[1], match[2]) if match else (name, version)
    Context.kind(kind)
    known = layouts.versions(kind)
    number = number or (known[-1] if known else "")
    if number not in known:
        told = "、".join(f"{kind}-{v}" for v in known) or "まだありません"
        raise UsageError(f"様式 {kind}-{number} はありません。今ある様式: {told}")
    return _Found(*layouts.source(kind, number), None)


def _compile(context: Context, found: _Found) -> CompiledLayout:
    """A layout with the texts of its own year, or of the last year that has any: a draft is ahead of them."""
    layout = layouts.parse(found.data, found.name, folder=found.folder)
    kind, year = context.kind(layout.kind), int(layout.version[:4])
    if year not in profile.years():
        year = profile.years()[-1]
    cities = city_texts(kind, year, dt.date(year, *kind.mailing).isoformat())
    return compile_source(kind, (found.data, found.name), context.fonts, cities, found.folder)


def _write_all(folder: Path, stem: str, pdf: bytes, pages: list[str]) -> list[str]:
    """The PDF and a picture of each of its pages; returns their paths."""
    written = [folder / f"{stem}.pdf"]
    write_file(written[0], pdf)
    for number, (page, picture) in enumerate(zip(pages, raster.pictures(pdf, _DPI, colour=True), strict=True), start=1):
        path = folder / f"{stem}-{number:02d}-{_UNSAFE.sub('_', page)}.png"
        write_file(path, raster.png(picture))
        written.append(path)
    return [str(path) for path in written]


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
