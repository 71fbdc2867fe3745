"""A city's files as they come with a form, from a page or by machine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from starlette.datastructures import FormData, UploadFile

from printjobs.core.model import BadInput
from printjobs.pipeline import handing_in
from printjobs.pipeline.submitting import Submitted

from .desk import Desk


def hand_in(at: Desk, run: str, city: str, fields: FormData) -> Submitted:
    """Take the files of a form as a hand-in. Their names are looked up, and what is written has a name of ours."""
    known = handing_in.files(at.context.kind(at.context.run(run).kind))
    given = [f for f in fields.getlist("files") if isinstance(f, UploadFile) and f.filename]
    names = [f.filename or "" for f in given]
    if unknown := len([name for name in names if name not in known]):
        raise BadInput(f"知らない名前のファイルが{unknown}個あります。{'、'.join(known)} だけを選んでください。")
    if len(set(names)) != len(names):
        raise BadInput("同じ名前のファイルが2つあります。1つずつにしてください。")
    with tempfile.TemporaryDirectory() as folder:
        for name, file in zip(names, given, strict=True):
            _copy(file.file, Path(folder) / next(one for one in known if one == name))
        return at.jobs.submit(run, city, Path(folder))


def _copy(source: BinaryIO, target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
