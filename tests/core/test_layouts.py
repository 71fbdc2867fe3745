"""The layout language: every mistake is told where it is, and every layout of the package is without one."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

import layouts
from fonts import FontSet
from layouts import LayoutError, checks, language, loader
from layouts.placed import holds
from printjobs import reference
from printjobs.cli import reasons
from printjobs.core.kinds import KINDS, PROPERTY_TAX
from printjobs.reference import profile
from printjobs.render import fields, marks, schema
from printjobs.render.city import CityText, city_texts
from printjobs.render.compiled import CompiledLayout
from printjobs.render.fields import _FORMATS as FORMATS
from printjobs.render.printfile import mark_area
from printjobs.render.schema import compile_layout, compile_source
from printjobs.render.words import ALIGNS, MARKS, OVERFLOWS, SIDES
from printjobs.render.words import FONTS as FACES

HERE = Path(__file__).parent
BAD, GOOD = HERE / "bad_layouts", HERE / "good_layouts"
SHARED = BAD / "shared"
FONTS = FontSet(None)
DATE = "2026-04-10"


@cache
def cities() -> dict[str, CityText]:
    return city_texts(PROPERTY_TAX, 2026, DATE)


def compiled(path: Path) -> CompiledLayout:
    return compile_source(PROPERTY_TAX, (path.read_bytes(), path.name), FONTS, cities(), SHARED)


# --- mistakes ---------------------------------------------------------------------------------------------------


def expected(path: Path) -> tuple[str, int, str]:
    """File, line and pattern that a bad layout, or the shared file that it uses, says in ``# HERE: pattern``."""
    text = path.read_bytes().decode("utf-8", "replace")
    used = re.search(r"^uses: (\S+)", text, re.MULTILINE)
    files = [path, *([SHARED / f"{used[1]}.yaml"] if used else [])]
    for file in (file for file in files if file.is_file()):
        for number, line in enumerate(file.read_bytes().decode("utf-8", "replace").splitlines(), start=1):
            if found := re.search(r"# HERE: (.+)$", line):
                return file.name, number, found[1]
    return path.name, 2, "not UTF-8"  # the one file that cannot say it


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda p: p.stem)
def test_a_mistake_in_a_layout_is_told_with_file_line_and_reason(path: Path) -> None:
    file, line, reason = expected(path)
    with pytest.raises(LayoutError) as told:
        compiled(path)
    assert re.search(reason, told.value.reason)
    assert (told.value.file, told.value.line) == (file, line)
    assert str(told.value) == f"{file}:{line}: {told.value.reason}"


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda p: p.stem)
def test_a_clerk_is_told_of_a_mistake_in_japanese(path: Path) -> None:
    with pytest.raises(LayoutError) as told:
        compiled(path)
    said = reasons.told(told.value)
    assert said.startswith(f"{told.value.file}:{told.value.line}: ")
    assert re.search(r"[ぁ-ん]", said)


@pytest.mark.parametrize("path", sorted(GOOD.glob("*.yaml")), ids=lambda p: p.stem)
def test_what_only_looks_like_a_mistake_is_none(path: Path) -> None:
    assert compiled(path).layout.version == "2026-1"


def templates(node: ast.AST) -> list[str]:
    """The texts of a node, with ``x`` for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        parts = (str(p.value) if isinstance(p, ast.Constant) else "x" for p in node.values)
        return ["".join(parts)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Call):
        return ["x"]
    if isinstance(node, ast.BinOp):
        return [one + other for one in templates(node.left) for other in templates(node.right)]
    return [text for child in ast.iter_child_nodes(node) for text in templates(child)]


def said_by(module: object) -> set[str]:
    """Every reason that a module of the loader can give: what is yielded, returned or raised as a sentence."""
    source = Path(str(vars(module)["__file__"])).read_text(encoding="utf-8")
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        value = node.value if isinstance(node, ast.Yield | ast.Return) else None
        if isinstance(value, ast.JoinedStr) or (isinstance(node, ast.Yield) and value):
            found.update(templates(value))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("LayoutError", "FieldError"):
            found.update(templates(node.args[-1]))
    return {text for text in found if " " in text.strip()}


@pytest.mark.parametrize("module", [checks, loader, schema, fields, marks], ids=lambda m: m.__name__)
def test_every_reason_of_ours_has_its_japanese(module: object) -> None:
    said = said_by(module)
    assert said
    assert {text for text in said if not reasons.japanese(text)} == set()


def test_a_reason_that_is_not_ours_is_passed_on_behind_a_japanese_sentence() -> None:
    told = reasons.told(LayoutError("x.yaml", 7, "expected ',' or '}', but got ':'"))
    assert told.startswith("x.yaml:7: 様式の書き方に誤りがあります。")
    assert told.endswith("expected ',' or '}', but got ':'")


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("x = A", "x = B", True), ("x = A", "x != A", True), ("x != A", "x = A", True), ('x = ""', 'x != ""', True),
        ("x = 0", "x > 0", True), ("x < 5", "x = 5", True), ("x < 1", "x > 0", True), ("x > 3", "x < 4", True),
        ("x = A and y = B", "z = C and y != B", True),
        ("x = A", "x = A", False), ("x = A", "y = B", False), ("x != A", "x != B", False), ("x > 0", "x > 5", False),
        ("x < 2", "x > 0", False), ("x = 4", "x < 5", False), ("x = A", "x > 0", False), ("", "x = A", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_conditions_exclude_each_other_only_when_no_value_holds_for_both(one: str, other: str, apart: bool) -> None:
    assert checks.exclusive(one, other) is apart
    assert checks.exclusive(other, one) is apart


def test_what_two_rows_say_of_themselves_excludes_nothing() -> None:
    assert checks.exclusive("row.amount = 0", "row.amount > 0")
    assert not checks.exclusive("row.amount = 0", "row.amount > 0", one_row=False)
    assert checks.exclusive("payment = 納付書", "payment != 納付書", one_row=False)


# --- the guide -------------------------------------------------------------------------------------------------

GUIDE = (HERE.parents[1] / "docs" / "layouts.md").read_text(encoding="utf-8")


def test_the_example_of_the_guide_is_a_layout_without_a_mistake() -> None:
    example = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[0]
    assert compile_source(PROPERTY_TAX, (example.encode(), "layouts.md"), FONTS, cities()).tight("252069") == []


def test_the_guide_names_every_key_and_every_word_of_the_language() -> None:
    structs = [s for s in vars(language).values() if isinstance(s, type) and issubclass(s, msgspec.Struct)]
    keys = {key.removesuffix("_") for s in structs for key in s.__struct_fields__} - {"sha256"}
    words = {*FORMATS, *MARKS, *OVERFLOWS, *ALIGNS, *FACES, *SIDES, *("text", "rule", "frame", "grid", "seal")}
    named = set(re.findall(r"[\w-]+", "".join(re.findall(r"`[^`]*`|```.*?```", GUIDE, re.DOTALL))))
    assert (keys | words) - {""} <= named


# --- the layouts of the package ---------------------------------------------------------------------------------

RELEASED = [(kind, version) for kind in KINDS for version in layouts.versions(kind)]


@cache
def released(code: str, version: str) -> CompiledLayout:
    return compile_layout(KINDS[code], version, FONTS, int(version[:4]), DATE)


def test_every_kind_has_a_layout() -> None:
    assert {kind for kind, _ in RELEASED} == set(KINDS)


def test_every_file_of_the_package_is_a_layout_of_a_kind_or_shared() -> None:
    names = {path.stem for path in Path(layouts.__file__).parent.glob("*.yaml")}
    used = {layouts.load(*one).uses for one in RELEASED}
    assert names == {f"{kind}-{version}" for kind, version in RELEASED} | (used - {""})


@pytest.mark.parametrize(("kind", "version"), RELEASED)
def test_a_layout_has_no_mistake_and_no_text_that_is_too_long_in_any_city(kind: str, version: str) -> None:
    layout = released(kind, version)
    assert set(layout.cities) == set(profile.profiles(kind, int(version[:4]))) == set(reference.cities())
    assert {city: tight for city in layout.cities if (tight := layout.tight(city))} == {}


@pytest.mark.parametrize(("kind", "version"), RELEASED)
def test_every_front_keeps_the_place_of_the_sheet_mark_free(kind: str, version: str) -> None:
    vendor = reference.vendor()
    area = mark_area(vendor.mark, vendor.print_.dpi)
    zones = [zone for zone in released(kind, version).layout.zones if zone.side != "back" and zone.of == "all"]
    assert any(holds(zone.at, area) for zone in zones)
