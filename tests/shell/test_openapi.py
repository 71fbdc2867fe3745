"""schemathesis asks the service all that its OpenAPI document allows, and all that it does not, in each role."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from printjobs.web import limits
from tests.handin import KUSATSU, RUN
from tests.shell.serving import serving
from tests.shell.web import CITY, LEAD, PRESS, House, Ids, write_everything

EXAMPLES = "4"  # beside every boundary of every parameter
PATIENCE_S = 120
# A report and a hand-in may be well-formed by the document and still say nothing that can be taken: that is 422.
CONFIG = """
base-url = "{url}"
headers = {{ Authorization = "{token}" }}

[parameters]
"path.run" = "{run}"
"path.city" = "{city}"
"path.batch" = "{ids.batch}"
"path.name" = "{ids.file}"
"path.number" = "{ids.number}"
"path.log" = {ids.log}
"path.upload" = "{ids.upload}"

[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Ids, str]]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_ANONYMOUS", "_KNOWN"):
            patch.setattr(limits, name, limits.parse("1000000/minute"))
        house, _, ids = write_everything(tmp_path_factory.mktemp("everything") / "home")
        house.set_at_work()
        with serving(house.settings) as url:
            yield house, ids, url
        house.close()


@pytest.mark.parametrize("name", [PRESS, CITY, LEAD])
def test_schemathesis_finds_nothing(world: tuple[House, Ids, str], name: str, tmp_path: Path) -> None:
    house, ids, url = world
    token = house.token(name).headers["authorization"]
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(url=url, token=token, run=RUN, city=KUSATSU, ids=ids), encoding="utf-8")
    words = ["--config-file", config, "run", f"{url}/api/v1/openapi.json", "--phases", "coverage,fuzzing"]
    words += ["--max-examples", EXAMPLES, "--seed", "1", "--generation-database", "none", "--no-color"]
    told = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *map(str, words)], cwd=tmp_path, capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout[-8000:] + told.stderr[-2000:]
    assert "Operations:       32 selected / 32 total" in told.stdout
    assert 500 not in {outcome for *_, outcome in house.entries()}  # fmt: skip
