"""The council's electronic signature in a PDF (PAdES, B-B), which anybody's viewer checks with its certificate.

The certificate is made from the key alone, so that every machine with the operator's secret has the same one. It is
self-signed: a city receives it once by a way of its own, and trusts it from then on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter

from .signing import CouncilKey

FIELD = "CouncilSignature"
_NAME, _DIGEST = "Joint printing council", "sha256"
_ROOM = 8192  # bytes for the signature; it takes about 1,500
_FROM, _UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)


class _Signer(signers.Signer):
    """Signs as RFC 6979 says: the same data has the same signature."""

    def __init__(self, key: CouncilKey) -> None:
        (certificate,) = load_certs_from_pemder_data(certificate_pem(key).encode())
        super().__init__(signing_cert=certificate)
        self._key = key.private

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002
        """Sign; ``dry_run`` asks for a signature's length, which a real one tells as well."""
        assert digest_algorithm == _DIGEST
        return self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


class _Writer(IncrementalPdfFileWriter):
    """Adds nothing that depends on the clock or on chance: pyHanko would write the date of change and a random id."""

    def __init__(self, pdf: bytes, at: datetime) -> None:
        super().__init__(BytesIO(pdf))
        told = sha256(pdf + at.isoformat().encode()).digest()[:16]
        self._document_id = ArrayObject([ByteStringObject(self.document_id[0]), ByteStringObject(told)])

    def _update_meta(self) -> None:
        pass


class _PdfSigner(signers.PdfSigner):
    """Says the time that it is given."""

    def __init__(self, said: signers.PdfSignatureMetadata, signer: _Signer, at: datetime) -> None:
        super().__init__(said, signer=signer)
        self._at = at

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._at
        return session


def certificate_pem(key: CouncilKey) -> str:
    """What a city needs to check our signatures; the same whenever it is asked for."""
    return _certificate(key).public_bytes(serialization.Encoding.PEM).decode()


def _certificate(key: CouncilKey) -> x509.Certificate:
    said = ((NameOID.COUNTRY_NAME, "JP"), (NameOID.COMMON_NAME, f"{_NAME} {key.key_id}"))
    name = x509.Name([x509.NameAttribute(which, text) for which, text in said])
    public = key.private.public_key()
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(int(key.key_id, 16) | 1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key.private, hashes.SHA256(), ecdsa_deterministic=True)
    )


def sign_pdf(pdf: bytes, key: CouncilKey, at: datetime, reason: str) -> bytes:
    """The PDF with the council's signature added behind it; what was there before stays byte for byte.

    The same PDF, time and reason give the same bytes.
    """
    said = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm=_DIGEST, subfilter=SigSeedSubFilter.PADES, reason=reason, name=_NAME
    )
    sink = _PdfSigner(said, _Signer(key), at).sign_pdf(_Writer(pdf, at), bytes_reserved=_ROOM)
    return bytes(sink.getbuffer())
