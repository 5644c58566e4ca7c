"""A device for tests: its keys, its subscription, and how it reads what comes."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stentor.domain.notifications import BY_NAME
from stentor.domain.push_subscriptions import Preferences, PushSubscription, Target
from stentor.push.envelope import Envelope
from stentor.push.sealing import Seals
from stentor.store import access_tokens, push_subscriptions
from stentor.store.database import Database
from stentor.store.push_subscriptions import Owner
from tests.factories import NOW, Person

#: The secret of the tests' services.
SECRET = b"s" * 32
EVERYTHING = dict.fromkeys(BY_NAME, True)


class Device:
    """Something that can decrypt: a browser or a phone."""

    def __init__(self, endpoint: str = "https://push.example/send/1", *, standard: bool = True):
        self.endpoint = endpoint
        self.standard = standard
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.point = self.key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    @property
    def target(self) -> Target:
        """As it is kept."""
        return Target(self.endpoint, self.point, self.auth, self.standard)

    @property
    def parameters(self) -> dict[str, Any]:
        """As a client sends it."""
        return {
            "endpoint": self.endpoint,
            "keys": {
                "p256dh": base64.urlsafe_b64encode(self.point).decode().rstrip("="),
                "auth": base64.urlsafe_b64encode(self.auth).decode().rstrip("="),
            },
            "standard": self.standard,
        }

    async def subscribe(
        self,
        db: Database,
        person: Person,
        *,
        alerts: dict[str, bool] | None = None,
        policy: str | None = None,
        token: str | None = None,
        now: int = NOW,
    ) -> PushSubscription:
        """Subscribes to everything, or to what is named, with the person's token."""
        secret = token or person.token
        found = await access_tokens.find(db, secret)
        assert found is not None
        async with db.transaction() as tx:
            return await push_subscriptions.save(
                tx,
                Owner(found.id, person.id),
                self.target,
                Preferences(EVERYTHING if alerts is None else alerts, policy),
                sealed_token=Seals(SECRET).seal_token(secret, found.id),
                now=now,
            )

    def decrypt(self, body: bytes, headers: dict[str, str]) -> bytes:
        """The message, read by an implementation that is not ours."""
        if headers["Content-Encoding"] == "aes128gcm":
            return bytes(
                http_ece.decrypt(
                    body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
                )
            )
        parts = dict(part.split("=", 1) for part in headers["Crypto-Key"].split(";"))
        salt = headers["Encryption"].removeprefix("salt=")
        return bytes(
            http_ece.decrypt(
                body,
                salt=decoded(salt),
                private_key=self.key,
                dh=decoded(parts["dh"]),
                auth_secret=self.auth,
                version="aesgcm",
            )
        )

    def read(self, envelope: Envelope) -> Any:
        """The JSON of a message."""
        return json.loads(self.decrypt(envelope.body, envelope.headers))


def decoded(text: str) -> bytes:
    """Base64 of a header."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
