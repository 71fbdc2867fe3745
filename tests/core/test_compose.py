"""The compose file and the image stay as the program and its operators expect them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COMPOSE = YAML(typ="safe").load(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

ONE_SHOT = {"migrate"}
OURS = {"migrate", "worker"}
REQUIRED_VARIABLE = re.compile(r"\$\{([A-Z_]+):\?set \1\}")


def text_of(service: str) -> str:
    """Every value of a service as one text: what a secret could hide in."""
    return repr(SERVICES[service])


def test_the_services_are_those_of_the_design() -> None:
    assert set(SERVICES) == {"redis", "postgres", "migrate", "worker", "web", "sftp"}


@pytest.mark.parametrize("service", sorted(set(SERVICES) - ONE_SHOT))
def test_every_lasting_service_has_a_healthcheck_and_comes_back(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_a_service_that_runs_once_has_no_healthcheck_and_is_not_restarted() -> None:
    for service in ONE_SHOT:
        assert "healthcheck" not in SERVICES[service]
        assert SERVICES[service]["restart"] == "no"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_port_is_published_to_this_server_alone(service: str) -> None:
    ports = SERVICES[service].get("ports", [])
    assert bool(ports) == (service in {"web", "sftp"})
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "network_mode" not in SERVICES[service]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_secret_comes_from_the_environment_and_has_no_default(service: str) -> None:
    for name, value in SERVICES[service].get("environment", {}).items():
        if name.endswith(("PASSWORD", "SECRET", "AUTH")):
            assert REQUIRED_VARIABLE.fullmatch(value), name
        for password in re.findall(r"://\w*:([^@]*)@", value):
            assert REQUIRED_VARIABLE.fullmatch(password), name
    interpolated = re.findall(r"\$+\{?\w[^}]*\}?", text_of(service))
    assert all(REQUIRED_VARIABLE.fullmatch(variable) for variable in interpolated)


def test_redis_asks_for_a_password_and_keeps_its_queue_in_an_append_only_file() -> None:
    command = SERVICES["redis"]["command"]
    assert command[0] == "redis-server"
    settings = dict(zip(command[1::2], command[2::2], strict=True))
    assert settings["--appendonly"] == "yes"
    assert settings["--maxmemory-policy"] == "noeviction"
    assert REQUIRED_VARIABLE.fullmatch(settings["--requirepass"])
    assert "queue:/data" in SERVICES["redis"]["volumes"]


def test_the_worker_runs_the_actors() -> None:
    command = SERVICES["worker"]["command"]
    assert command[:2] == ["dramatiq", "workers.actors"]
    assert all(isinstance(word, str) for word in command)


def test_the_worker_starts_when_the_servers_are_healthy_and_the_database_is_migrated() -> None:
    conditions = {name: wanted["condition"] for name, wanted in SERVICES["worker"]["depends_on"].items()}
    assert conditions == {
        "redis": "service_healthy",
        "postgres": "service_healthy",
        "migrate": "service_completed_successfully",
    }
    assert SERVICES["migrate"]["command"] == ["printjobs", "migrate"]
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


@pytest.mark.parametrize("service", sorted(OURS))
def test_our_services_can_write_their_data_and_nothing_else(service: str) -> None:
    ours = SERVICES[service]
    assert ours["read_only"] is True
    assert ours["tmpfs"] == ["/tmp"]
    assert ours["volumes"] == ["data:/data"]
    assert ours["cap_drop"] == ["ALL"]
    assert "user" not in ours  # the image's own user holds; see the next test
    assert ours["environment"]["PRINTJOBS_HOME"] == "/data"


def test_the_image_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, flags=re.MULTILINE)[-1] not in {"root", "0"}


def test_the_image_installs_only_packages_whose_hashes_are_pinned() -> None:
    installs = re.findall(r"pip install (.+)", DOCKERFILE)
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert not re.search(r"index-url|find-links|https?://", DOCKERFILE)


def test_the_image_holds_every_package_of_the_distribution() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = re.search(r"^packages = \[(.+)\]$", project, flags=re.MULTILINE)
    assert packages is not None
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for package in re.findall(r'"(\w+)"', packages[1]):
        assert f"COPY {package} {package}\n" in DOCKERFILE
        assert f"!{package}" in allowed


def test_every_volume_is_named() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])
