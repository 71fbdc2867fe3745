"""A print file that says anything else than the records is stopped before it is packaged, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pikepdf
import pytest
from sqlalchemy import update

from printjobs.core.model import BatchStatus, FileStatus, Notice, Refused
from printjobs.pipeline import Step, releasing, run_step
from printjobs.pipeline.rendering import file_key, read_notices
from printjobs.preflight import PreflightError
from printjobs.store import production, writing
from printjobs.store.models import PrintFile
from printjobs.store.runs import Record
from tests.golden.tampering import GS1, SHEET, swapped_symbols, symbols
from tests.shell import jobs
from tests.shell.jobs import RUN, Job


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose print files are all rendered, and none is read back."""
    folder = tmp_path_factory.mktemp("rendered")
    made = Job(folder / "home")
    made.hand_in(jobs.write_sample(folder / "sample"))
    while todo := [step for step in made.unfinished() if step.name != "check"]:
        for step in todo:
            run_step(made.context, step)
    made.close()
    return made.settings.home


@pytest.fixture
def job(rendered: Path, tmp_path: Path) -> Iterator[Job]:
    made = jobs.copy(rendered, tmp_path / "home", processes=1)
    yield made
    made.close()


def swap_two_barcodes(path: Path) -> int:
    """On the first sheet that has two; its number in the file."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for number, page in enumerate(pdf.pages):
            code = page.obj.Contents.read_bytes()
            if len(symbols(code, GS1)) > 1 and len(symbols(code, SHEET)) == 1:
                page.obj.Contents = pdf.make_stream(swapped_symbols(GS1)(code))
                pdf.save(path)
                return number // 2 + 1
    return 0


def with_swapped_barcodes(job: Job, count: int = 1) -> list[tuple[Record, Path, int]]:
    """The first print files that have two on a sheet, and where that sheet is in each."""
    found = []
    for step in job.unfinished():
        with job.context.engine.connect() as connection:
            file = production.find_file(connection, step.ids[0])
        path = job.context.files.local_path(file_key(file))
        if sheet := swap_two_barcodes(path):
            found.append((file, path, sheet))
        if len(found) == count:
            return found
    pytest.fail("the sample has too few sheets with two barcodes")


def bring_hash_along(job: Job, file_id: str, path: Path) -> None:
    """The database says of the file what it would say if the renderer itself had written it so."""
    data = path.read_bytes()
    own = {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
    with writing(job.context.engine) as connection:
        connection.execute(update(PrintFile).where(PrintFile.id == file_id).values(own))  # type: ignore[arg-type]


def notices_of(job: Job, file_id: str) -> list[Notice]:
    with job.context.engine.connect() as connection:
        file = production.find_file(connection, file_id)
        places = production.notice_places(connection, file.batch_id, file.first, file.last)
    return read_notices(job.context, list(places))


def test_swapped_barcodes_stop_the_run_though_the_hash_is_right(job: Job, caplog: pytest.LogCaptureFixture) -> None:
    checks = [step for step in job.unfinished() if step.name == "check"]
    ((file, path, sheet),) = with_swapped_barcodes(job)
    step = Step("check", (file.id,))
    bring_hash_along(job, file.id, path)

    with pytest.raises(PreflightError) as refused:
        run_step(job.context, step)
    told = str(refused.value)
    assert told.startswith(f"{file.id}.pdf の{sheet}枚目（封筒番号 ")
    assert "コンビニ収納用バーコードの中身がデータと違います" in told
    assert "もう一度 run go を行うと作り直します" in told

    for other in (step for step in checks if step.ids[0] != file.id):
        job.do(other)
    with job.context.engine.connect() as connection:
        assert production.find_file(connection, file.id).status == FileStatus.PLANNED
        assert production.find_batch(connection, file.batch_id).status == BatchStatus.PLANNED
    assert job.unfinished() == [Step("render", (file.id,))]
    (kept,) = (job.context.files.home / "refused" / file.batch_id).iterdir()
    assert kept.name == f"{file.id}-{sha256(kept.read_bytes()).hexdigest()[:16]}.pdf"
    assert kept.read_bytes() == path.read_bytes()
    assert not [
        name for name in job.made() if name.startswith(f"batches/{file.batch_id}") and not name.endswith(".pdf")
    ]
    job.approve()
    with pytest.raises(Refused):
        releasing.release(job.context, RUN)

    code, out, err = job.command("run", "go", RUN)  # what the message told to do
    assert not code
    with job.context.engine.connect() as connection:
        assert production.find_file(connection, file.id).status == FileStatus.CHECKED
        assert production.find_batch(connection, file.batch_id).status == BatchStatus.PACKAGED
    said = "\n".join([told, out, err, *(record.getMessage() for record in caplog.records)])
    for notice in notices_of(job, file.id):
        for private in (notice.number, notice.addressee.name, notice.addressee.address):
            assert private not in said


def test_refused_files_hold_up_no_other(job: Job) -> None:
    """The night before the cut-off everything else goes on; the command says at its end what was refused."""
    files = [step.ids[0] for step in job.unfinished()]
    # After their hashes were recorded: something happened to one since, and the other is no longer there.
    (changed, path, _), (lost, gone, _) = with_swapped_barcodes(job, 2)
    sha256_now = sha256(path.read_bytes()).hexdigest()
    gone.unlink()
    code, _, err = job.command("run", "go", RUN)
    assert code == 1
    assert any(f"{file.id}.pdf が組版の後で変わっているか、なくなっています" in err for file in (changed, lost))
    assert "ほかに1個の印刷ファイルも引き渡せません" in err
    kept = list((job.context.files.home / "refused").rglob("*.pdf"))
    assert [one.name for one in kept] == [f"{changed.id}-{sha256_now[:16]}.pdf"]
    with job.context.engine.connect() as connection:
        standing = {name: production.find_file(connection, name).status for name in files}
    assert standing == dict.fromkeys(files, FileStatus.CHECKED) | dict.fromkeys(
        (changed.id, lost.id), FileStatus.PLANNED
    )
    assert job.command("run", "go", RUN)[0] == 0
    assert job.unfinished() == []
