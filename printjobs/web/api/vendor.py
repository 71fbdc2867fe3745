"""The vendor takes its batches: a lease, the files (resumable), and the receipt for what it computed of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from printjobs.pipeline import delivering, receiving
from printjobs.trust.receipts import ReceivedFile
from printjobs.web.guard import At, Who

from .answers import Fault, told

_BATCH = "/api/v1/batches/{batch}"


class Sent(FileResponse):
    """A file in blocks of 256 KiB: half the CPU time of the 64 KiB that Starlette reads at once."""

    chunk_size = 1 << 18


router = APIRouter(tags=["batches"], responses=told(409, 422))


class Offered(BaseModel):
    """A released batch. ``lease``: free, mine or other; ``leased_until``: ISO, UTC, or empty."""

    id: str
    run: str
    generation: int
    pieces: int
    sheets: int
    pages: int
    lease: str
    leased_until: str
    received: bool


class Batches(BaseModel):
    batches: list[Offered]


class Lease(BaseModel):
    """Until when (ISO, UTC) the batch is kept for who asked, and how many seconds that is."""

    batch: str
    expires_at: str
    seconds: int


class Ended(BaseModel):
    ended: bool


class BatchFile(BaseModel):
    """``sha256`` and ``bytes`` are of the plain file; ``age``: it comes encrypted. ``pages``: 0 if no print file."""

    path: str
    sha256: str
    bytes: int
    pages: int
    age: bool


class BatchFiles(BaseModel):
    batch: str
    files: list[BatchFile]


class Computed(BaseModel):
    """A file as the vendor has it, decrypted. ``pages``: of a print file, as counted by the vendor."""

    path: Annotated[str, Field(max_length=200)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]
    pages: Annotated[int, Field(ge=0)] = 0


class Figures(BaseModel):
    files: Annotated[list[Computed], Field(max_length=2000)]


class Difference(BaseModel):
    """``field``: sha256, bytes, pages, or path: how often the file is there."""

    path: str
    field: str
    expected: str
    found: str


class Differs(Fault):
    differences: Annotated[list[Difference], Field(default_factory=list)]


@router.get("/api/v1/batches", name="api.batches")
def batches(at: At, who: Who) -> Batches:
    """Released batches that are not posted yet."""
    found = delivering.batches(at.context, who.account, who.party, at.context.now())
    return Batches(batches=[Offered(**one._asdict()) for one in found])


@router.post(_BATCH + "/lease", name="api.lease")
@router.put(_BATCH + "/lease", name="api.lease", operation_id="renew_lease")
def lease(batch: str, at: At, who: Who) -> Lease:
    """Claim a batch, or keep it for longer. 409 while somebody else has it, and once its receipt is there."""
    return Lease(**delivering.claim(at.context, batch, who.account, who.party, at.context.now())._asdict())


@router.delete(_BATCH + "/lease", name="api.lease")
def give_back(batch: str, at: At, who: Who) -> Ended:
    """End one's own claim before its time."""
    return Ended(ended=delivering.give_back(at.context, batch, who.account, who.party, at.context.now()))


@router.get(_BATCH + "/files", name="api.files")
def files(batch: str, at: At, who: Who) -> BatchFiles:
    found = delivering.files(at.context, batch, who.party)
    return BatchFiles(batch=batch, files=[BatchFile(**one._asdict()) for one in found])


@router.head(_BATCH + "/files/{name}", name="api.file", include_in_schema=False)
@router.get(
    _BATCH + "/files/{name}",
    name="api.file",
    response_class=Sent,
    responses={206: {"description": "求めた範囲だけ"}, 416: {"description": "その範囲はありません。"}},
)
def file(batch: str, name: str, at: At, who: Who) -> Sent:
    """A file, with Range and If-Range. The ETag is the SHA-256 of the bytes that come, encrypted as they may be."""
    found = delivering.file_of(at.context, batch, name, who.account, who.party, at.context.now())
    return Sent(
        at.context.files.local_path(found.key),
        media_type="application/octet-stream",
        headers={"ETag": f'"{found.sha256}"'},
        filename=f"{name}.age" if found.age else name,
    )


@router.post(
    _BATCH + "/receipt",
    name="api.receipt",
    responses={201: {"description": "署名した受領証"}, 409: {"model": Differs}},
)
def receive(batch: str, figures: Figures, at: At, who: Who) -> Response:
    """The counter-signed receipt, if all that was computed equals the manifest; else 409 and what differs."""
    found = [ReceivedFile(**one.model_dump()) for one in figures.files]
    answer = receiving.receive(at.context, batch, who.account, who.party, found, at.context.now())
    if answer.differences:
        said = "受け取ったファイルが manifest.json と違います。違うファイルを受け取り直してください。"
        return JSONResponse({"error": said, "differences": [one._asdict() for one in answer.differences]}, 409)
    return _signed(answer.signed, 200 if answer.again else 201)


@router.get(_BATCH + "/receipt", name="api.receipt")
def receipt(batch: str, at: At, who: Who) -> Response:
    """The receipt once more, the same bytes."""
    return _signed(receiving.receipt(at.context, batch, who.party), 200)


def _signed(document: str, status: int) -> Response:
    return Response(document, status, media_type="application/json")
