"""Message encryption for Web Push: RFC 8291, and the older draft that some clients still ask for.

Pure computation (notifications.md 8.6). Each message gets a salt and a key pair of its own.
"""

from __future__ import annotations

import base64
import hmac
import os
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stentor.domain.limits import PUSH_PLAINTEXT_BYTES

#: The record size that is announced; a message is one record (RFC 8188).
RECORD_SIZE = 4096
_CURVE = ec.SECP256R1()
_ECDH = ec.ECDH()
# What the draft takes as the context of its keys begins with the curve's name.
_LABEL = b"P-256\0"


class Sealed(NamedTuple):
    """An encrypted message: the body, and the headers without which nobody can open it."""

    body: bytes
    headers: dict[str, str]


class _Exchange(NamedTuple):
    """What both ends of one message know."""

    shared: bytes
    receiver: bytes
    sender: bytes
    auth: bytes
    salt: bytes


def encrypt(
    plaintext: bytes,
    receiver: bytes,
    auth: bytes,
    *,
    standard: bool,
    salt: bytes | None = None,
    private_key: ec.EllipticCurvePrivateKey | None = None,
) -> Sealed:
    """Encrypts for the owner of the point ``receiver`` (65 bytes) who knows ``auth``.

    ``salt`` and ``private_key`` are for test vectors only. Raises ValueError for a message of
    more than 3,993 bytes, or a receiver that is no point of P-256.
    """
    if len(plaintext) > PUSH_PLAINTEXT_BYTES:
        raise ValueError(f"{len(plaintext)} bytes are more than a push message holds")
    private_key = private_key or ec.generate_private_key(_CURVE)
    exchange = _Exchange(
        private_key.exchange(_ECDH, ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, receiver)),
        receiver,
        private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        auth,
        salt or os.urandom(16),
    )
    return _standard(plaintext, exchange) if standard else _draft(plaintext, exchange)


def _standard(plaintext: bytes, known: _Exchange) -> Sealed:
    """RFC 8291: one record of aes128gcm, with its header in front."""
    info = b"WebPush: info\0" + known.receiver + known.sender
    keys = _extract(known.salt, _derive(known.shared, known.auth, info, 32))
    key = _expand(keys, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _expand(keys, b"Content-Encoding: nonce\0", 12)
    head = known.salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(known.sender)]) + known.sender
    body = head + AESGCM(key).encrypt(nonce, plaintext + b"\x02", None)
    return Sealed(body, {"Content-Encoding": "aes128gcm"})


def _draft(plaintext: bytes, known: _Exchange) -> Sealed:
    """draft-ietf-webpush-encryption-04: aesgcm, with its parameters in headers."""
    keys = _extract(known.salt, _derive(known.shared, known.auth, b"Content-Encoding: auth\0", 32))
    context = _LABEL + _counted(known.receiver) + _counted(known.sender)
    key = _expand(keys, b"Content-Encoding: aesgcm\0" + context, 16)
    nonce = _expand(keys, b"Content-Encoding: nonce\0" + context, 12)
    return Sealed(
        AESGCM(key).encrypt(nonce, b"\0\0" + plaintext, None),
        {
            "Content-Encoding": "aesgcm",
            "Encryption": f"salt={encode(known.salt)}",
            "Crypto-Key": f"dh={encode(known.sender)}",
        },
    )


def encode(data: bytes) -> str:
    """URL-safe base64 without padding, as headers and tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _counted(key: bytes) -> bytes:
    return len(key).to_bytes(2, "big") + key


# HKDF with SHA-256 (RFC 5869), for up to 32 bytes: two or three HMACs, which the standard
# library does in a third of the time that objects for each of them take.


def _extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, "sha256")


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    return hmac.digest(key, info + b"\x01", "sha256")[:length]


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return _expand(_extract(salt, secret), info, length)
