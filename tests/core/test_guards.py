"""The house stays in order: what is promised somewhere is kept elsewhere, and a machine looks."""

from __future__ import annotations

import ast
import importlib
import logging
import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from fastapi import APIRouter
from importlinter.cli import lint_imports
from ruamel.yaml import YAML

from printjobs.cli.commands import app
from printjobs.core.access import Reach, Role
from printjobs.pipeline.steps import STEPS
from printjobs.settings import Settings
from printjobs.web import routes
from printjobs.web.access import MATRIX, PUBLIC
from printjobs.web.app import make_app

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
SERVICES: dict[str, dict[str, Any]] = YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"]
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "fonts").glob("*.md")])
SETTINGS = [f"PRINTJOBS_{name.upper()}" for name in Settings.model_fields]

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 70
MIGRATIONS = ROOT / "printjobs" / "store" / "migrations" / "versions"  # written by Alembic, and never changed after

# What only one room may know, and where that is.
OWN = {
    "alembic": ("printjobs/store/",),
    "dramatiq": ("workers/",),
    "obstore": ("printjobs/files.py",),
    "pikepdf": ("printjobs/bench/", "printjobs/client/", "printjobs/preflight/", "printjobs/render/"),
    "psycopg": (),
    "pydantic_settings": ("printjobs/settings.py",),
    "pypdfium2": ("printjobs/preflight/", "printjobs/render/"),
    "redis": ("workers/", "printjobs/pipeline/doctor.py"),
    "sqlalchemy": ("printjobs/store/",),
    "sqlmodel": ("printjobs/store/",),
    "typer": ("printjobs/cli/",),
}
TYPES_OF_ALL = {("sqlalchemy", "Engine"), ("sqlalchemy", "Connection")}


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def documentation() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in DOCS)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


# Workers and compose file


@pytest.fixture
def actors(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("PRINTJOBS_REDIS_URL", "redis://127.0.0.1:1/0")  # nothing is sent
    return importlib.import_module("workers.actors")


def test_every_step_has_an_actor(actors: ModuleType) -> None:
    assert set(actors.ACTORS) == set(STEPS)
    assert {name: actor.actor_name for name, actor in actors.ACTORS.items()} == {name: name for name in STEPS}
    assert actors.broker.get_declared_actors() == set(STEPS)


def test_the_worker_of_the_compose_file_listens_to_every_queue(actors: ModuleType) -> None:
    queues = {actor.queue_name for actor in actors.ACTORS.values()}
    assert actors.broker.get_declared_queues() == queues
    command = SERVICES["worker"]["command"]
    assert command[:2] == ["dramatiq", actors.__name__]
    chosen = [words for flag in ("-Q", "--queues") if flag in command for words in command[command.index(flag) + 1 :]]
    assert not chosen or queues <= set(chosen)


def test_every_variable_that_the_compose_file_gives_us_is_a_setting() -> None:
    ours = [service for service in SERVICES.values() if service.get("image") == "printjobs"]
    given = {name for service in ours for name in service["environment"]}
    assert len(ours) >= 2
    assert given <= set(SETTINGS)
    assert {"PRINTJOBS_HOME", "PRINTJOBS_DATABASE_URL", "PRINTJOBS_REDIS_URL", "PRINTJOBS_SECRET"} <= given


# Documentation


def commands(command: Any, name: str = "printjobs") -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield name
        return
    for word, below in command.commands.items():
        yield from commands(below, f"{name} {word}")


@pytest.mark.parametrize("command", list(commands(typer.main.get_command(app))))
def test_every_command_is_in_the_documentation(command: str) -> None:
    said = command.removesuffix(" data")  # `sample DIR` means `sample data DIR`
    assert re.search(rf"\b{said}\b", documentation())


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_in_the_documentation(setting: str) -> None:
    assert re.search(rf"`{setting}\b", documentation())


def test_the_documentation_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"\bPRINTJOBS_[A-Z_]+\b", documentation()))
    assert named <= set(SETTINGS)


def test_every_link_of_the_documentation_leads_to_a_file() -> None:
    targets = {
        path.parent / target
        for path in DOCS
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    }
    assert [place(target) for target in targets if not target.exists()] == []


# The web service


def reach(name: str) -> set[Reach]:
    return {MATRIX[name].of(role) for role in (Role.CITY, Role.VENDOR)}


def test_every_route_has_a_row_in_the_access_matrix_and_every_row_a_route() -> None:
    named = {route.name for route in routes.walk()}
    assert named - MATRIX.keys() - PUBLIC == set()
    assert MATRIX.keys() - named == set()
    assert MATRIX.keys().isdisjoint(PUBLIC)


def test_a_route_without_a_row_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stray = APIRouter()
    stray.add_api_route("/stray", list, name="stray")
    monkeypatch.setattr(routes, "ROUTERS", (*routes.ROUTERS, stray))
    with pytest.raises(RuntimeError, match="stray"):
        make_app(Settings(home=tmp_path))


def test_what_names_a_run_a_batch_or_a_city_is_open_to_a_city_or_a_vendor_for_its_own_only() -> None:
    owned = {r.name for r in routes.walk() if re.search(r"\{(run|batch|city)\}", r.path)} - PUBLIC
    assert len(owned) > 40
    assert {name for name in owned if Reach.ALL in reach(name)} == set()


def test_nothing_of_a_city_is_open_to_a_vendor_and_the_other_way_round() -> None:
    for route in routes.walk():
        if "{city}" in route.path:
            assert MATRIX[route.name].vendor is Reach.NONE, route.name
        elif "{batch}" in route.path or "{run}" in route.path:
            assert MATRIX[route.name].city is Reach.NONE, route.name


def test_what_only_a_person_may_do_has_no_scope() -> None:
    persons = ("city_approve", "city_signoff", "release_ask", "release_confirm", "account_password", "run_open")
    assert {name for name in persons if MATRIX[name].scopes} == set()


def test_no_route_is_for_reading_and_for_changing() -> None:
    for route in routes.walk():
        assert route.methods <= {"GET"} or route.methods <= {"HEAD"} or "GET" not in route.methods, route.name


def test_every_route_for_machines_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([A-Z・]+) \| `(/api/[^`]+)` \|", text, re.MULTILINE)
    routed = {(method, r.path) for r in routes.walk() if r.path.startswith("/api/") for method in r.methods}
    assert {(method, path) for methods, path in told for method in methods.split("・")} == routed


# Packages and what they may know


def test_the_top_level_packages_are_those_of_the_distribution_and_of_no_other() -> None:
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(PACKAGES)
    assert set(PACKAGES) == {"printjobs", "layouts", "fonts", "workers"}
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == set(PACKAGES)
    assert set(PROJECT["tool"]["mypy"]["files"]) == set(PACKAGES)
    installed = packages_distributions()
    for package in PACKAGES:  # two of the names are common words
        assert set(installed.get(package, [])) <= {"printjobs"}
        assert importlib.import_module(package).__file__ == str(ROOT / package / "__init__.py")


@pytest.fixture
def loggers() -> Iterator[None]:
    """import-linter silences every logger that is there: what is tested afterwards would be told by nobody."""
    known = {
        each: each.disabled for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)
    }
    yield
    for each, disabled in known.items():
        each.disabled = disabled


@pytest.mark.usefixtures("loggers")
def test_imports_run_one_way() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """What a file imports, as module and name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("module", sorted(OWN))
def test_what_one_room_knows_no_other_does(module: str) -> None:
    knowing = {
        place(path)
        for path in SOURCES
        for name, what in imports(path)
        if name.split(".")[0] == module and (name, what) not in TYPES_OF_ALL
    }
    assert {path for path in knowing if not path.startswith(OWN[module])} == set()


def test_only_settings_read_the_environment() -> None:
    readers = {
        place(path)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
    }
    assert readers <= {"printjobs/settings.py"}


# Size and finish


def test_no_file_and_no_function_is_too_long_to_read() -> None:
    long = {}
    for path in SOURCES:
        if path.parent == MIGRATIONS:
            continue
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES:
            long[place(path)] = lines
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long[f"{place(path)} {node.name}"] = lines
    assert not long


@pytest.mark.parametrize(
    "pattern",
    [r"\b(TODO|FIXME|XXX|HACK)\b", r"(?<![\w.$}])/(work|root|home|Users)/\w", r"\.\./shared"],
    ids=["nothing is put off", "nothing is of one machine", "nothing is read from beside the repository"],
)
def test_no_text_of_ours_has(pattern: str) -> None:
    texts = [path for path in (*SOURCES, *TESTS, *DOCS) if path != Path(__file__)]
    found = {
        f"{place(path)}:{number}": line
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(pattern, line)
    }
    assert found == {}


# What comes from elsewhere


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_its_hashes_and_no_index_is_named(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    pinned = re.compile(r"[\w.-]+(\[[\w,]+\])?==[\w.!+-]+( *;[^#]*?)?( +--hash=sha256:[0-9a-f]{64})+( *#.*)? *")
    assert len(lines) > 10
    assert [line[:60] for line in lines if not pinned.fullmatch(line)] == []
    assert not re.search(r"https?://|index-url|find-links|trusted-host", text)


def test_every_direct_requirement_is_pinned() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([\w.-]+)(?:\[.*?\])?==", text, re.MULTILINE))
    wanted = {re.split(r"[\[<>=;~ ]", line)[0].replace(".", "-") for line in PROJECT["project"]["dependencies"]}
    assert wanted <= pinned


@pytest.mark.parametrize("font", sorted((ROOT / "fonts").glob("*.[ot]tf")), ids=lambda path: path.name)
def test_every_font_has_its_origin_and_hash_in_the_readme(font: Path) -> None:
    readme = (ROOT / "fonts" / "README.md").read_text(encoding="utf-8").splitlines()
    line = next((line for line in readme if f"`{font.name}`" in line), "")
    assert sha256(font.read_bytes()).hexdigest() in line
    _, origin, *_ = [cell.strip() for cell in line.strip("|").split("|")]
    assert origin
