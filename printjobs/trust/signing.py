"""The council's signature (ECDSA over P-256, SHA-256) under receipts and audit reports, checked by anybody."""

from __future__ import annotations

import base64
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-5, P-256
_ALGORITHM = ec.ECDSA(hashes.SHA256())


class CouncilKey:
    """The signing key that every machine with the operator's secret has."""

    def __init__(self, secret: bytes) -> None:
        """Derive the key; 48 bytes, so that the remainder by the order is even enough (FIPS 186-5, A.2.1)."""
        derived = HKDF(hashes.SHA256(), 48, salt=None, info=b"printjobs council signing key").derive(secret)
        self.private = ec.derive_private_key(int.from_bytes(derived) % (_ORDER - 1) + 1, _CURVE)

    @property
    def public_pem(self) -> str:
        return _public(self.private.public_key(), serialization.Encoding.PEM).decode()

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of the SHA-256 of the public key (DER)."""
        return sha256(_public(self.private.public_key(), serialization.Encoding.DER)).hexdigest()[:16]

    def sign(self, data: bytes) -> str:
        """The signature, DER in base64."""
        return base64.b64encode(self.private.sign(data, _ALGORITHM)).decode()


def is_signed(public_pem: str, data: bytes, signature: str) -> bool:
    """Whether the key's holder signed exactly these bytes; ValueError when ``public_pem`` is no P-256 public key."""
    public = serialization.load_pem_public_key(public_pem.encode())
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise ValueError("no P-256 key")  # noqa: TRY004 - one kind of fault for any bad key
    try:
        public.verify(base64.b64decode(signature, validate=True), data, _ALGORITHM)
    except (InvalidSignature, ValueError):
        return False
    return True


def _public(key: ec.EllipticCurvePublicKey, encoding: serialization.Encoding) -> bytes:
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
