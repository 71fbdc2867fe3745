"""Reads a layout file, and says where and why when it cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from .language import Box, Grid, Layout, LayoutError, Page, Rows, Rule, Sheet, Slot, Static, Style, Text

PAPER = (210.0, 297.0)  # ISO A4, mm


@cache
def load(kind: str, version: str) -> Layout:
    """A released layout of this package by kind and version, ``property_tax`` and ``2026-1``."""
    name = f"{kind}-{version}.yaml"
    return parse(files(__package__).joinpath(name).read_bytes(), name)


def newest(kind: str, year: int) -> str:
    """The newest layout version of a kind for a year; LookupError when there is none."""
    pattern = re.compile(rf"{re.escape(kind)}-({year}-(\d+))\.yaml")
    found = [m for f in files(__package__).iterdir() if (m := pattern.fullmatch(f.name))]
    if not found:
        raise LookupError(f"{kind} {year}")
    return max(found, key=lambda m: int(m[2]))[1]


def parse(data: bytes, name: str) -> Layout:
    """The layout in ``data``; :class:`LayoutError` with file, line and reason for every mistake."""
    try:
        tree = YAML(typ="rt").load(data.decode())
    except UnicodeDecodeError as error:
        raise LayoutError(name, data[: error.start].count(b"\n") + 1, "not UTF-8") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise LayoutError(name, line, str(error.problem)) from error
    plain = _plain(tree)
    _check_members(name, tree, plain)
    try:
        layout = msgspec.convert(plain, Layout, str_keys=True)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        raise LayoutError(name, _line(tree, path), reason) from error
    for path, reason in _mistakes(layout):
        raise LayoutError(name, _line(tree, path), reason)
    return msgspec.structs.replace(layout, sha256=sha256(data).hexdigest())


def _check_members(name: str, tree: Any, plain: Any) -> None:
    """Each style, view and page by itself: msgspec's path of a mistake hides the keys of a mapping."""
    for section, of in (("styles", Style), ("rows", Rows), ("pages", Page)):
        members = plain.get(section) if isinstance(plain, dict) else None
        for key, value in members.items() if isinstance(members, dict) else ():
            try:
                msgspec.convert(value, of, str_keys=True)
            except msgspec.ValidationError as error:
                reason, _, path = str(error).partition(" - at ")
                raise LayoutError(name, _line(tree, f"$.{section}.{key}{path.strip('`')[1:]}"), reason) from error


def _plain(node: Any) -> Any:
    """ruamel's tree as plain values; ``- text: {...}`` becomes a tagged mapping."""
    if isinstance(node, dict):
        kind = next(iter(node), "")
        if len(node) == 1 and kind in ("text", "rule", "frame", "grid") and isinstance(node[kind], dict):
            return {"type": kind, **{str(k): _plain(v) for k, v in node[kind].items()}}
        return {str(k): _plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v) for v in node]
    if isinstance(node, float):
        return float(node)
    if isinstance(node, bool) or node is None:
        return node
    return int(node) if isinstance(node, int) else str(node)


def _line(tree: Any, path: str) -> int:
    """Line of the deepest part of ``$.pages.cover.slots[3].at`` that the file has."""
    line, node = 1, tree
    for key, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
        try:
            line = node.lc.key(key)[0] + 1 if key else node.lc.item(int(index))[0] + 1
            node = node[key] if key else node[int(index)]
        except (KeyError, IndexError, AttributeError, TypeError):
            break
        if isinstance(node, dict) and len(node) == 1 and not key:
            node = next(iter(node.values()))
    return line


def _mistakes(layout: Layout) -> Iterator[tuple[str, str]]:
    """Path and reason of everything that is wrong in a layout whose form is right."""
    for page_name, page in layout.pages.items():
        for path, reason in _page_mistakes(layout, page):
            yield f"$.pages.{page_name}{path}", reason
    for i, sheet in enumerate(layout.sheets):
        for reason in _sheet_mistakes(layout, sheet):
            yield f"$.sheets[{i}]", reason


def _sheet_mistakes(layout: Layout, sheet: Sheet) -> Iterator[str]:
    for page_name in filter(None, (sheet.front, sheet.back, sheet.blank)):
        if page_name not in layout.pages:
            yield f"no page is called {page_name}"
    if not sheet.flow:
        return
    if sheet.flow not in layout.rows:
        yield f"no rows are called {sheet.flow}"
    front = layout.pages.get(sheet.front, Page())
    if sheet.flow not in {*(t.of for t in front.tables), *(r.of for r in front.repeats)}:
        yield f"page {sheet.front} has no place for {sheet.flow}"


def _page_mistakes(layout: Layout, page: Page) -> Iterator[tuple[str, str]]:
    """Path and reason of what is wrong on one page: off the paper, unknown style or rows."""
    yield from _element_mistakes(layout, "", page.static, page.slots, 0)
    for i, table in enumerate(page.tables):
        if table.of not in layout.rows:
            yield f".tables[{i}]", f"no rows are called {table.of}"
        for style in {table.style, table.head_style, *(c.style for c in table.columns if c.style)}:
            if style not in layout.styles:
                yield f".tables[{i}]", f"no style is called {style}"
        width, height = sum(c.width for c in table.columns), table.head + table.count * table.pitch
        if reason := _off_paper((*table.at, width, height)):
            yield f".tables[{i}]", reason
    for i, repeat in enumerate(page.repeats):
        if repeat.of not in layout.rows:
            yield f".repeats[{i}]", f"no rows are called {repeat.of}"
        down = (repeat.count - 1) * repeat.pitch
        yield from _element_mistakes(layout, f".repeats[{i}]", repeat.static, repeat.slots, down)


def _element_mistakes(
    layout: Layout, path: str, static: tuple[Static, ...], slots: tuple[Slot, ...], down: float
) -> Iterator[tuple[str, str]]:
    for i, element in enumerate(static):
        for reason in _static_mistakes(layout, element, down):
            yield f"{path}.static[{i}]", reason
    for i, slot in enumerate(slots):
        for reason in _slot_mistakes(layout, slot, down):
            yield f"{path}.slots[{i}]", reason


def _static_mistakes(layout: Layout, element: Static, down: float) -> Iterator[str]:
    if isinstance(element, Text | Grid) and element.style not in layout.styles:
        yield f"no style is called {element.style}"
    if isinstance(element, Rule):
        (x1, y1), (x2, y2) = element.from_, element.to
        box: Box = (max(x1, x2), max(y1, y2), 0, 0)
    elif isinstance(element, Grid):
        box = (*element.at, sum(element.columns), sum(element.rows))
    else:
        box = element.at
    x, y, width, height = box
    if reason := _off_paper((x, y + down, width, height)):
        yield reason


def _slot_mistakes(layout: Layout, slot: Slot, down: float) -> Iterator[str]:
    if slot.style not in layout.styles:
        yield f"no style is called {slot.style}"
    x, y, width, height = slot.at
    if reason := _off_paper((x, y + down, width, height)):
        yield reason


def _off_paper(box: Box) -> str:
    x, y, width, height = box
    if x + width > PAPER[0] + 0.01 or y + height > PAPER[1] + 0.01:
        return f"the box [{x:g}, {y:g}, {width:g}, {height:g}] leaves the paper ({PAPER[0]:g} x {PAPER[1]:g} mm)"
    return ""
