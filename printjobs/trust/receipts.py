"""The receipt of a batch: what the vendor computed of its files, under the council's signature.

The signed text is the receipt in canonical JSON (RFC 8785): keys sorted, no blanks, UTF-8, numbers whole. Whoever has
the document and the council's public key can check it with a JSON parser and ECDSA, without this program.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from .signing import CouncilKey, is_signed


class ReceivedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file as the vendor has it. ``pages``: of a PDF as counted by the vendor, 0 for other files."""

    path: str
    sha256: str
    bytes: int
    pages: int = 0


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was handed over to whom, when (ISO, UTC). ``pages`` are those of the print files together."""

    batch: str
    run: str
    generation: int
    vendor: str
    received_at: str
    manifest_sha256: str
    pages: int
    files: tuple[ReceivedFile, ...]


class SignedReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that the vendor keeps. ``key_id``: the first 16 hex digits of the public key's SHA-256 (DER)."""

    receipt: Receipt
    key_id: str
    public_key: str
    signature: str


def canonical(receipt: Receipt) -> bytes:
    """The bytes that are signed."""
    return msgspec.json.encode(receipt, order="sorted")


def sign(receipt: Receipt, key: CouncilKey) -> bytes:
    """The document: JSON for people and machines."""
    signed = SignedReceipt(receipt, key.key_id, key.public_pem, key.sign(canonical(receipt)))
    return msgspec.json.format(msgspec.json.encode(signed), indent=1) + b"\n"


def read(document: bytes) -> SignedReceipt:
    """Parse a document; ValueError when it is none. It may be signed by anybody: see :func:`is_of`."""
    return msgspec.json.decode(document, type=SignedReceipt)


def is_of(signed: SignedReceipt, public_pem: str) -> bool:
    """Whether the holder of this key signed the receipt as it stands, under its own id; ValueError for no key."""
    return signed.key_id == _key_id(public_pem) and is_signed(public_pem, canonical(signed.receipt), signed.signature)


def _key_id(public_pem: str) -> str:
    key = load_pem_public_key(public_pem.encode())
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:16]
