"""Reads a layout file, and says where and why when it cannot be taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from .checks import Mistake, mistakes
from .language import Group, Layout, LayoutError, Page, Rows, Shared, Style

Check = Callable[[Layout], Iterable[Mistake]]


@cache
def load(kind: str, version: str) -> Layout:
    """A layout of this package by kind and version, ``property_tax`` and ``2026-1``."""
    return parse(*source(kind, version))


def source(kind: str, version: str) -> tuple[bytes, str]:
    """A layout's file and its name; LookupError when there is none."""
    name = f"{kind}-{version}.yaml"
    try:
        return files(__package__).joinpath(name).read_bytes(), name
    except FileNotFoundError:
        raise LookupError(name) from None


def versions(kind: str) -> list[str]:
    """All versions of a kind, the oldest first."""
    pattern = re.compile(rf"{re.escape(kind)}-(\d{{4}})-(\d+)\.yaml")
    found = sorted((int(m[1]), int(m[2])) for f in files(__package__).iterdir() if (m := pattern.fullmatch(f.name)))
    return [f"{year}-{number}" for year, number in found]


def newest(kind: str, year: int) -> str:
    """The newest layout version of a kind for a year; LookupError when there is none."""
    found = [version for version in versions(kind) if version.startswith(f"{year}-")]
    if not found:
        raise LookupError(f"{kind} {year}")
    return found[-1]


def parse(data: bytes, name: str, check: Check | None = None, folder: Traversable | None = None) -> Layout:
    """The layout in ``data``; :class:`LayoutError` with file, line and reason for the first mistake.

    ``check`` finds what only the kind's own columns can tell: a field that they do not have. A shared file is
    looked for in ``folder``, where a draft of one may lie beside the draft that uses it, and then in this package.
    """
    own = Source.read(data, name)
    layout = own.convert(Layout)
    sources = [own]
    digest = sha256(data)
    if layout.uses:
        shared_name = f"{layout.uses}.yaml"
        found = [place / shared_name for place in (folder, files(__package__)) if place]
        shared_data = next((file.read_bytes() for file in found if file.is_file()), None)
        if shared_data is None:
            raise LayoutError(name, own.line("$.uses"), f"there is no shared file {shared_name}")
        sources.append(Source.read(shared_data, shared_name))
        shared = sources[1].convert(Shared)
        digest.update(shared_data)
        layout = msgspec.structs.replace(
            layout,
            styles=shared.styles | layout.styles,
            zones=shared.zones + layout.zones,
            groups=shared.groups | layout.groups,
            pages=shared.pages | layout.pages,
        )
    for path, reason in chain(mistakes(layout), check(layout) if check else ()):
        source = next((s for s in sources if s.has(path)), own)
        raise LayoutError(source.name, source.line(path), reason)
    return msgspec.structs.replace(layout, sha256=digest.hexdigest())


_Form = TypeVar("_Form", bound=msgspec.Struct)


class Source(NamedTuple):
    """One YAML file, remembered with its lines."""

    name: str
    tree: Any
    plain: Any

    @classmethod
    def read(cls, data: bytes, name: str) -> Source:
        try:
            tree = YAML(typ="rt").load(data.decode())
        except UnicodeDecodeError as error:
            raise LayoutError(name, data[: error.start].count(b"\n") + 1, "not UTF-8") from error
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            raise LayoutError(name, line, str(error.problem)) from error
        return cls(name, tree, _plain(tree))

    def convert(self, form: type[_Form]) -> _Form:
        self._check_members()
        try:
            return msgspec.convert(self.plain, form, str_keys=True)
        except msgspec.ValidationError as error:
            raise self._refused(error, "$") from error

    def _check_members(self) -> None:
        """Each style, view and page by itself: msgspec's path of a mistake hides the keys of a mapping."""
        for section, of in (("styles", Style), ("rows", Rows), ("groups", Group), ("pages", Page)):
            members = self.plain.get(section) if isinstance(self.plain, dict) else None
            for key, value in members.items() if isinstance(members, dict) else ():
                try:
                    msgspec.convert(value, of, str_keys=True)
                except msgspec.ValidationError as error:
                    raise self._refused(error, f"$.{section}.{key}") from error

    def _refused(self, error: msgspec.ValidationError, within: str) -> LayoutError:
        """What msgspec found in the part of the file that ``within`` leads to; of an unknown key its own line."""
        reason, _, path = str(error).partition(" - at ")
        unknown = re.fullmatch(r"Object contains unknown field `(.+)`", reason)
        key = f".{unknown[1]}" if unknown else ""
        return LayoutError(self.name, self.line(f"{within}{path.strip('`')[1:]}{key}"), reason)

    def has(self, path: str) -> bool:
        """Whether the page, group or other member that ``path`` begins with stands in this file."""
        section, _, member = path.removeprefix("$.").partition(".")
        of = self.plain.get(section.partition("[")[0], {})
        return bool(of) and (not member or not isinstance(of, dict) or re.split(r"[.\[]", member)[0] in of)

    def line(self, path: str) -> int:
        """Line of the deepest part of ``$.pages.cover.slots[3].at`` that the file has."""
        line, node = 1, self.tree
        for key, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
            try:
                line = node.lc.key(key)[0] + 1 if key else node.lc.item(int(index))[0] + 1
                node = node[key] if key else node[int(index)]
            except (KeyError, IndexError, AttributeError, TypeError):
                break
            if isinstance(node, dict) and len(node) == 1 and not key:
                node = next(iter(node.values()))
        return line


def _plain(node: Any) -> Any:
    """ruamel's tree as plain values; ``- text: {...}`` becomes a tagged mapping."""
    if isinstance(node, dict):
        kind = next(iter(node), "")
        if len(node) == 1 and kind in ("text", "rule", "frame", "grid", "seal") and isinstance(node[kind], dict):
            return {"type": kind, **{str(k): _plain(v) for k, v in node[kind].items()}}
        return {str(k): _plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v) for v in node]
    if isinstance(node, float):
        return float(node)
    if isinstance(node, bool) or node is None:
        return node
    return int(node) if isinstance(node, int) else str(node)
