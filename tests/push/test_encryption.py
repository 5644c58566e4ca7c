"""Message encryption against the RFC's own example and against an implementation not ours (A89)."""

from __future__ import annotations

import base64
import itertools

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from stentor.domain.limits import PUSH_PLAINTEXT_BYTES
from stentor.push.encryption import encode, encrypt
from tests.push.devices import Device, decoded


def _private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decoded(text), "big"), ec.SECP256R1())


# RFC 8291, section 5 and appendix A.
PLAINTEXT = b"When I grow up, I want to be a watermelon"
RECEIVER = _private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
RECEIVER_POINT = decoded(
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
AUTH = decoded("BTBZMqHH6r4Tts7J_aSIgg")
SENDER = _private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
SALT = decoded("DGv6ra1nlYgDCS1FRnbzlw")
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_rfc_8291_comes_out_byte_for_byte() -> None:
    sealed = encrypt(PLAINTEXT, RECEIVER_POINT, AUTH, standard=True, salt=SALT, private_key=SENDER)
    assert encode(sealed.body) == BODY
    assert sealed.headers == {"Content-Encoding": "aes128gcm"}


def test_the_example_can_be_read_by_whom_it_is_for() -> None:
    assert http_ece.decrypt(decoded(BODY), private_key=RECEIVER, auth_secret=AUTH) == PLAINTEXT


@given(st.binary(max_size=PUSH_PLAINTEXT_BYTES), st.booleans())
def test_what_we_encrypt_another_implementation_reads(plaintext: bytes, standard: bool) -> None:
    device = Device(standard=standard)
    sealed = encrypt(plaintext, device.point, device.auth, standard=standard)
    assert device.decrypt(sealed.body, sealed.headers) == plaintext


# Of nothing at all the other makes no record.
@given(st.binary(min_size=1, max_size=PUSH_PLAINTEXT_BYTES), st.booleans())
def test_what_we_encrypt_is_what_another_implementation_encrypts(
    plaintext: bytes, standard: bool
) -> None:
    device = Device(standard=standard)
    ours = encrypt(
        plaintext, device.point, device.auth, standard=standard, salt=SALT, private_key=SENDER
    )
    theirs = http_ece.encrypt(
        plaintext,
        salt=SALT,
        private_key=SENDER,
        dh=device.point,
        auth_secret=device.auth,
        version="aes128gcm" if standard else "aesgcm",
        # Our announced size, and for the draft, whose records may not be full, just larger.
        rs=4096 if standard else 4097,
    )
    assert ours.body == theirs


def test_the_head_of_a_standard_message_has_86_bytes() -> None:
    device = Device()
    body = encrypt(b"x", device.point, device.auth, standard=True).body
    assert len(body) == 86 + 1 + 1 + 16
    assert body[16:21] == (4096).to_bytes(4, "big") + b"\x41"
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), body[21:86])


def test_the_draft_says_in_headers_what_the_standard_says_in_the_body() -> None:
    device = Device(standard=False)
    sealed = encrypt(b"x", device.point, device.auth, standard=False)
    assert sealed.headers["Content-Encoding"] == "aesgcm"
    assert len(decoded(sealed.headers["Encryption"].removeprefix("salt="))) == 16
    assert len(decoded(sealed.headers["Crypto-Key"].removeprefix("dh="))) == 65
    assert "=" not in "".join(sealed.headers.values()).replace("salt=", "").replace("dh=", "")


@pytest.mark.parametrize("standard", [True, False])
def test_a_message_is_one_record_of_4096_bytes_at_most(standard: bool) -> None:
    device = Device(standard=standard)
    largest = encrypt(b"x" * PUSH_PLAINTEXT_BYTES, device.point, device.auth, standard=standard)
    assert len(largest.body) == (4096 if standard else PUSH_PLAINTEXT_BYTES + 2 + 16)
    with pytest.raises(ValueError, match="3994 bytes"):
        encrypt(b"x" * (PUSH_PLAINTEXT_BYTES + 1), device.point, device.auth, standard=standard)


def test_salt_and_key_are_never_used_twice() -> None:
    device = Device()
    bodies = [encrypt(b"x", device.point, device.auth, standard=True).body for _ in range(500)]
    assert len({body[:16] for body in bodies}) == 500
    assert len({body[21:86] for body in bodies}) == 500


@pytest.mark.parametrize("standard", [True, False])
def test_nobody_else_reads_it_and_nobody_changes_it(standard: bool) -> None:
    device, other = Device(standard=standard), Device(standard=standard)
    sealed = encrypt(b"secret", device.point, device.auth, standard=standard)
    assert b"secret" not in sealed.body
    with pytest.raises(http_ece.ECEException):
        other.decrypt(sealed.body, sealed.headers)
    for at in itertools.chain(range(16 if standard else 0), range(-16, 0)):
        spoilt = bytearray(sealed.body)
        spoilt[at] ^= 1
        with pytest.raises(http_ece.ECEException):
            device.decrypt(bytes(spoilt), sealed.headers)


@pytest.mark.parametrize("receiver", [b"", bytes(65), b"\x04" + b"\xff" * 64])
def test_a_receiver_that_is_no_point_is_refused(receiver: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the library's own words
        encrypt(b"x", receiver, bytes(16), standard=True)


def test_keys_in_headers_are_url_safe_and_unpadded() -> None:
    assert (
        encode(b"\xfb\xff\xfe\x00") == base64.urlsafe_b64encode(b"\xfb\xff\xfe\x00").decode()[:-2]
    )


def test_the_vectors_receiver_is_who_it_says() -> None:
    point = RECEIVER.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert point == RECEIVER_POINT
