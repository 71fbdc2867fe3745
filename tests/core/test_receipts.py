"""A receipt is given for what the manifest says and for nothing else, and proves itself."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from printjobs.pipeline.receiving import differences
from printjobs.trust import receipts
from printjobs.trust.receipts import Receipt, ReceivedFile
from printjobs.trust.signing import CouncilKey

KEY = CouncilKey(b"a test keeps no secret")

a_file = st.builds(
    ReceivedFile,
    path=st.integers(0, 99).map("F{}.pdf".format),
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    bytes=st.integers(0, 1 << 40),
    pages=st.integers(1, 40_000),
)
some_files = st.lists(a_file, min_size=1, max_size=6, unique_by=lambda file: file.path)


@given(some_files, st.randoms(use_true_random=False))
def test_the_same_figures_in_any_order_do_not_differ(files: list[ReceivedFile], chance: Any) -> None:
    told = list(files)
    chance.shuffle(told)
    assert differences(files, told) == ()


@given(some_files, a_file, st.data())
def test_any_other_figures_differ_and_the_difference_names_the_file(
    files: list[ReceivedFile], other: ReceivedFile, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(files) - 1))
    field = data.draw(st.sampled_from(["sha256", "bytes", "pages", "left out", "twice", "unknown"]))
    file = files[at]
    if field == "left out":
        told = files[:at] + files[at + 1 :]
    elif field == "twice":
        told = [*files, file]
    elif field == "unknown":
        file = msgspec.structs.replace(other, path=f"x{other.path}")
        told = [*files, file]
    else:
        value = getattr(other, field)
        changed = value if value != getattr(file, field) else ("f" * 63 if field == "sha256" else value + 1)
        told = [*files[:at], msgspec.structs.replace(file, **{field: changed}), *files[at + 1 :]]
    found = differences(files, told)
    assert [(one.path, one.field) for one in found] == [
        (file.path, field if field in ("sha256", "bytes", "pages") else "path")
    ]
    assert found[0].expected != found[0].found


@given(some_files, st.text(max_size=20), st.data())
def test_a_receipt_is_proven_by_its_key_and_no_changed_one_is(
    files: list[ReceivedFile], vendor: str, data: st.DataObject
) -> None:
    receipt = Receipt("r-B001", "r", 1, vendor, "2026-04-01T00:00:00+00:00", "0" * 64, 7, tuple(files))
    signed = receipts.read(receipts.sign(receipt, KEY))
    assert signed.receipt == receipt
    assert receipts.is_of(signed, KEY.public_pem)
    name = data.draw(
        st.sampled_from(["batch", "run", "generation", "vendor", "received_at", "manifest_sha256", "files"])
    )
    value = {"generation": 2, "files": ()}.get(name, f"{getattr(receipt, name)}x")
    changed = msgspec.structs.replace(receipt, **{name: value})
    assert not receipts.is_of(msgspec.structs.replace(signed, receipt=changed), KEY.public_pem)
