"""A vendor that asks for another form of print file gets it: rendered, read back, in the manifest and the job sheet."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from printjobs import reference
from printjobs.core.model import RunStatus
from printjobs.package import Manifest, read_manifest
from printjobs.pipeline import run_step
from printjobs.preflight import PreflightError
from tests.shell import jobs
from tests.shell.jobs import Job


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder in which the cities have handed in and nothing else has happened."""
    folder = tmp_path_factory.mktemp("forms")
    job = Job(folder / "home")
    job.hand_in(jobs.write_sample(folder / "sample"))
    job.close()
    return job.settings.home


def manifests(job: Job) -> dict[Path, Manifest]:
    found = sorted((job.settings.home / "batches").glob("*/manifest.json"))
    return {path.parent: read_manifest(path.read_bytes()) for path in found}


@pytest.mark.parametrize("form", ["pdfx4", "pdfvt1"])
def test_a_run_is_delivered_in_the_form_that_the_vendor_asks_for(
    form: str, handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.ask_for(monkeypatch, file_form=form)
    job = jobs.copy(handed_in, tmp_path / "home")
    job.do_all()
    assert job.status()["status"] == RunStatus.PACKAGED
    job.mail(tmp_path / "scans.csv", seed=2)
    job.do_all()  # what was spoiled, one generation up
    found = manifests(job)
    assert {manifest.generation for manifest in found.values()} == {1, 2}
    for folder, manifest in found.items():
        assert manifest.file_form == form
        with pypdfium2.PdfDocument(folder / "jobsheet.pdf") as sheet:
            assert reference.FILE_FORMS[form] in sheet[0].get_textpage().get_text_range()
        for file in manifest.files:
            with pikepdf.open(folder / file.path) as pdf:
                assert len(pdf.Root.OutputIntents) == 1  # type: ignore[arg-type]
                if form == "pdfvt1":
                    told_of(pdf, manifest, file.pieces, file.separators)
    job.close()


def told_of(pdf: pikepdf.Pdf, manifest: Manifest, pieces: int, separators: int) -> None:
    """The parts of a file are those that the manifest counts."""
    top = pdf.Root.DPartRoot.DPartRootNode  # type: ignore[union-attr]
    assert (str(top.DPM.Batch), top.DPM.Generation) == (manifest.batch, manifest.generation)  # type: ignore[union-attr]
    kinds = [str(leaf.DPM.Kind) for leaf in top.DParts[0]]  # type: ignore[index, union-attr]
    assert (kinds.count("piece"), kinds.count("separator")) == (pieces, separators)


def test_a_file_of_another_form_than_the_vendor_asks_for_is_refused(
    handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.copy(handed_in, tmp_path / "home")
    for step in job.unfinished():
        run_step(job.context, step)
    (check,) = run_step(job.context, next(step for step in job.unfinished() if step.name == "render"))
    jobs.ask_for(monkeypatch, file_form="pdfvt1")
    with pytest.raises(PreflightError, match="形式 pdfvt1 に合いません"):
        run_step(job.context, check)
    job.close()
