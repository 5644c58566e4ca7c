"""What only this server can open or have signed: bearer tokens at rest, links that end a push.

Every purpose has a key of its own, derived from the key file's secret (reliability T49 and
finding 9), so that nothing made for one purpose is good for another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stentor.domain.push_subscriptions import LIFETIME, PushSubscription

_NONCE = 12
_TAG = 32
# id, expiry and fingerprint in front of the tag.
_LINK = 8 + 8 + 16 + _TAG


def derive(secret: bytes, purpose: str) -> bytes:
    """The 32 bytes that stand for one purpose."""
    info = f"stentor push: {purpose}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)


class Unsubscribing(NamedTuple):
    """What a signed link says: which subscription, as it was when the link was made."""

    subscription_id: int
    fingerprint: bytes


class Seals:
    """The keys of this server's purposes, derived once."""

    def __init__(self, secret: bytes) -> None:
        self._tokens = AESGCM(derive(secret, "access tokens at rest"))
        self._links = derive(secret, "links that unsubscribe")
        #: What topics are made with (`stentor.domain.push_subscriptions.topic`).
        self.topics = derive(secret, "topics")

    def seal_token(self, token: str, access_token_id: int) -> bytes:
        """A bearer token as it may be kept: unreadable, and only good in its own row."""
        nonce = os.urandom(_NONCE)
        return nonce + self._tokens.encrypt(nonce, token.encode(), _row(access_token_id))

    def open_token(self, sealed: bytes, access_token_id: int) -> str | None:
        """The token; None if these are not the keys or not the row that it was sealed with."""
        try:
            opened = self._tokens.decrypt(sealed[:_NONCE], sealed[_NONCE:], _row(access_token_id))
            return opened.decode()
        except (InvalidTag, ValueError):
            return None

    def unsubscribe_token(self, subscription: PushSubscription, now: int) -> str:
        """What lets whoever gets it end that subscription, for 48 hours (T49)."""
        claim = (
            subscription.id.to_bytes(8, "big")
            + (now + LIFETIME).to_bytes(8, "big")
            + fingerprint(subscription)
        )
        tag = hmac.digest(self._links, claim, "sha256")
        return base64.urlsafe_b64encode(claim + tag).rstrip(b"=").decode()

    def read_unsubscribe_token(self, token: str, now: int) -> Unsubscribing | None:
        """What it allows; None if it is forged, too old, or made for something else."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        claim, tag = raw[:-_TAG], raw[-_TAG:]
        if len(raw) != _LINK or not hmac.compare_digest(
            hmac.digest(self._links, claim, "sha256"), tag
        ):
            return None
        if int.from_bytes(claim[8:16], "big") <= now:
            return None
        return Unsubscribing(int.from_bytes(claim[:8], "big"), claim[16:])


def fingerprint(subscription: PushSubscription) -> bytes:
    """Tells one target of a subscription from the next that replaces it in the same row."""
    target = subscription.endpoint.encode() + subscription.p256dh
    return hashlib.sha256(target).digest()[:16]


def _row(access_token_id: int) -> bytes:
    return f"access token {access_token_id}".encode()
