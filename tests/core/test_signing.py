"""The council's signature: anybody can check it, nobody else can make it, and nothing under it can change."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import example, given
from hypothesis import strategies as st

from printjobs.trust.signing import CouncilKey, is_signed

KEY = CouncilKey(b"s" * 32)
OTHER = CouncilKey(b"t" * 32)


def pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


@given(st.binary(max_size=2_000))
@example(b"")
def test_what_is_signed_is_known_again(data: bytes) -> None:
    assert is_signed(KEY.public_pem, data, KEY.sign(data))


@given(st.binary(min_size=1, max_size=200), st.data())
def test_one_changed_bit_is_seen(data: bytes, draw: st.DataObject) -> None:
    place = draw.draw(st.integers(0, len(data) * 8 - 1))
    changed = bytearray(data)
    changed[place // 8] ^= 1 << place % 8
    assert not is_signed(KEY.public_pem, bytes(changed), KEY.sign(data))


@given(st.binary(max_size=100), st.text(max_size=120))
@example(b"", "")
@example(b"", "AA")
@example(b"", "あ")
def test_no_text_is_a_signature(data: bytes, text: str) -> None:
    assert not is_signed(KEY.public_pem, data, text)


def test_another_installations_signature_is_none_of_ours() -> None:
    assert not is_signed(KEY.public_pem, b"x", OTHER.sign(b"x"))
    assert KEY.key_id != OTHER.key_id


def test_a_changed_signature_is_none() -> None:
    signature = bytearray(base64.b64decode(KEY.sign(b"x")))
    for place in range(len(signature)):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not is_signed(KEY.public_pem, b"x", base64.b64encode(changed).decode())


def test_one_secret_gives_one_key_on_every_machine() -> None:
    assert CouncilKey(b"s" * 32).public_pem == KEY.public_pem
    assert KEY.key_id == "6455487f715cd901"  # another one would make strangers of all who noted the key
    assert is_signed(CouncilKey(b"s" * 32).public_pem, b"x", KEY.sign(b"x"))


@pytest.mark.parametrize(
    "public",
    [
        "",
        "no key",
        KEY.public_pem[:-40],
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65_537, 2_048)),
    ],
    ids=["empty", "no key", "cut off", "ed25519", "another curve", "rsa"],
)
def test_a_key_that_is_none_of_ours_in_form_is_refused(public: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        is_signed(public, b"x", KEY.sign(b"x"))
