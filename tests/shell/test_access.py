"""Every cell of the access matrix over real HTTP: endpoint, role, its own and another's, session and token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from printjobs.core.access import Reach, Role
from printjobs.trust.accounts import SCOPES_OF, Opened
from printjobs.web import limits, routes
from printjobs.web.access import MATRIX, PUBLIC
from tests.audited import LAST
from tests.handin import KUSATSU, MORIYAMA, RUN, YEAR, notice_number
from tests.shell.serving import serving
from tests.shell.web import (
    AUDITOR,
    CITY,
    LEAD,
    OTHER_CITY,
    OTHER_PRESS,
    OTHER_RUN,
    PRESS,
    House,
    Ids,
    Inside,
    client,
    write_everything,
)

LAST_NUMBER = notice_number(LAST)  # of one city only
DONE = {200, 201, 202, 303}
# Before the run is closed, and before anything is charged in the year.
NOT_YET = {"city_proof_json", "city_statement", "run_statement", "city_year_statement", "year_statements"}
BY_CONTENT = {400, 409, 422}  # let through, and not done: the walk sends nothing that could be done
OF_THE_OWN = ("problem", "log", "number")  # ids that are the own city's or vendor's, under another's path
PERSON = {Role.LEAD: LEAD, Role.VENDOR: PRESS, Role.CITY: CITY, Role.AUDITOR: AUDITOR}


class Endpoint(NamedTuple):
    method: str
    path: str
    name: str

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def is_somebodys(self) -> bool:
        return any(f"{{{word}}}" in self.path for word in ("run", "city", "batch"))


def endpoints() -> list[Endpoint]:
    return [
        Endpoint(method, route.path, route.name)
        for route in routes.walk()
        for method in sorted(route.methods)
        if route.name not in PUBLIC
    ]


class World(NamedTuple):
    house: House
    people: dict[str, Opened]
    ids: Ids
    url: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    house, people, ids = write_everything(tmp_path_factory.mktemp("everything") / "home")
    house.set_at_work()
    with serving(house.settings) as url:
        yield World(house, people, ids, url)
    house.close()


def path(endpoint: Endpoint, ids: Ids, owner: str) -> str:
    """Where an endpoint is: ``mine`` for the roles of the walk, ``other``: another city's and another vendor's."""
    mine = owner == "mine"
    name = ids.file if "{batch}" in endpoint.path else "overflow"
    values: dict[str, Any] = ids._asdict() | {"name": name, "wanted": 1, "year": YEAR, "form": "csv"}
    values |= {"run": RUN, "city": KUSATSU if mine else MORIYAMA}
    if "{city}" not in endpoint.path and not mine:
        values |= {"run": OTHER_RUN, "batch": f"{OTHER_RUN}-B01"}
    asked = f"?number={ids.number}" if endpoint.name == "city_notice_search" else ""
    return endpoint.path.replace("/pictures/{number}", "/pictures/0").format(**values) + asked


def ask(at: httpx.Client, endpoint: Endpoint, where: str, inside: Inside | None) -> httpx.Response:
    """Ask for something in a way that is allowed, and cannot be done: the fields of a change are empty."""
    headers = inside.forms if inside else {}
    if endpoint.name == "run_events":  # it goes on for minutes
        with at.stream(endpoint.method, where, headers=headers) as answer:
            return answer
    if endpoint.method in ("GET", "HEAD", "DELETE"):
        return at.request(endpoint.method, where, headers=headers)
    if endpoint.is_api and endpoint.name != "api.handin":
        return at.request(endpoint.method, where, headers=headers, json={})
    if endpoint.name in ("city_handin", "api.handin"):
        return at.request(endpoint.method, where, headers=headers, files={"files": ("unknown.csv", b"1")})
    return at.request(endpoint.method, where, headers=headers, data={"nothing": "1"})


def expected(endpoint: Endpoint, inside: Inside, owner: str) -> set[int]:
    """What the matrix says."""
    row = MATRIX[endpoint.name]
    reach = row.of(inside.role)
    if reach is Reach.NONE or (inside.scope is not None and inside.scope not in row.scopes):
        return {403}
    if reach is Reach.OWN and owner == "other" and endpoint.is_somebodys:
        return {404}
    if owner == "mine" and endpoint.method == "GET" and endpoint.name not in NOT_YET:
        return DONE
    if owner == "other" and any(f"{{{word}}}" in endpoint.path for word in OF_THE_OWN):
        return DONE | BY_CONTENT | {404}
    return DONE | BY_CONTENT


@pytest.mark.parametrize("role", list(Role))
def test_every_cell_answers_what_the_matrix_says(world: World, role: Role) -> None:
    name, house = PERSON[role], world.house
    keys = [house.session(name), *(house.token(name, scope) for scope in SCOPES_OF[role])]
    wrong, seen = [], Counter[int]()
    with client(world.url) as at:
        for endpoint in endpoints():
            for key in keys:
                for owner in ("mine", "other"):
                    inside = house.session(name) if endpoint.name == "logout" and not key.scope else key
                    answer = ask(at, endpoint, path(endpoint, world.ids, owner), inside)
                    seen[answer.status_code] += 1
                    if answer.status_code not in expected(endpoint, key, owner):
                        wrong.append((endpoint, key.scope, owner, answer.status_code))
    assert wrong == []
    assert {200, 403} <= seen.keys()


def test_nobody_comes_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_ANONYMOUS", limits.parse("1000/minute"))  # who is not inside may not ask so often
    with client(world.url) as at:
        for endpoint in endpoints():
            answer = ask(at, endpoint, path(endpoint, world.ids, "mine"), None)
            if endpoint.is_api:
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), endpoint
            else:
                assert (answer.status_code, answer.headers["location"]) == (303, "/login"), endpoint


def test_whatever_is_only_read_changes_nothing(world: World) -> None:
    before = world.house.desk.stand()
    people = {name: world.house.session(name) for name in (LEAD, PRESS, CITY, AUDITOR)}
    with client(world.url) as at:
        for endpoint in endpoints():
            if endpoint.method == "GET":
                for inside in people.values():
                    ask(at, endpoint, path(endpoint, world.ids, "mine"), inside)
    assert world.house.desk.stand() == before


@pytest.mark.parametrize("name", [CITY, PRESS])
def test_what_is_anothers_looks_as_if_it_were_not_there(world: World, name: str) -> None:
    """The same words, byte for byte: nobody learns what others have."""
    inside = world.house.session(name)
    with client(world.url) as at:
        for endpoint in endpoints():
            if endpoint.method != "GET" or expected(endpoint, inside, "other") != {404}:
                continue
            other = path(endpoint, world.ids, "other")
            nowhere = other.replace(OTHER_RUN, "property_tax-1999").replace(MORIYAMA, "999999")
            there, never = (at.get(where, headers=inside.headers) for where in (other, nowhere))
            assert (there.status_code, there.text) == (never.status_code, never.text), endpoint


def test_ids_of_another_do_nothing_under_ones_own_path(world: World) -> None:
    """The path is the asker's, what it names beside is somebody else's."""
    house, ids = world.house, world.ids
    kusatsu, moriyama = f"/runs/{RUN}/cities/{KUSATSU}", f"/runs/{RUN}/cities/{MORIYAMA}"
    with client(world.url) as at:
        theirs = house.session(OTHER_CITY).headers
        assert at.get(f"{kusatsu}/problems/{ids.problem}/picture.png", headers=house.session(CITY).headers).is_success
        assert at.get(f"{moriyama}/problems/{ids.problem}/picture.png", headers=theirs).status_code == 404
        for where in (f"notices/{LAST_NUMBER}", f"notices/{LAST_NUMBER}/copy/{ids.generation}.pdf"):
            assert at.get(f"{moriyama}/{where}", headers=theirs).status_code in (400, 404)
        another = house.token(OTHER_PRESS).headers
        api = f"/api/v1/runs/{OTHER_RUN}"
        assert at.get(f"{api}/reports/{ids.log}", headers=another).status_code == 404
        assert at.get(f"{api}/uploads/{ids.upload}", headers=another).status_code == 404
        assert [b["id"] for b in at.get("/api/v1/batches", headers=another).json()["batches"]] == [f"{OTHER_RUN}-B01"]
        scanned = {"mark": "1" * 34, "machine": "m1"}
        assert at.post("/api/v1/scans", headers=another, json=scanned).json()["answer"] == "foreign"


def test_an_auditor_sees_no_notice_number_anywhere(world: World) -> None:
    inside, city = world.house.session(AUDITOR), world.house.session(CITY)
    with client(world.url) as at:
        base = f"/runs/{RUN}/cities/{KUSATSU}"
        assert at.get(f"{base}/notices/{world.ids.number}", headers=city.headers).status_code == 200
        for endpoint in endpoints():
            if endpoint.method == "GET" and MATRIX[endpoint.name].auditor is not Reach.NONE:
                answer = ask(at, endpoint, path(endpoint, world.ids, "mine"), inside)
                assert world.ids.number not in answer.text, endpoint
