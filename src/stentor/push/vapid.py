"""Who sends a push: a signed token for each push service (RFC 8292; notifications.md 8.5)."""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stentor.domain import times
from stentor.domain.bounded import make_room
from stentor.domain.links import Links
from stentor.domain.push_subscriptions import origin
from stentor.push.encryption import encode

#: How long a token is good, and when a fresh one is made (RFC 8292 allows 24 hours).
LIFETIME = 12 * times.HOUR
_RENEWED = times.HOUR
# Origins whose tokens are remembered; a kilobyte each.
_REMEMBERED = 4096
_ALGORITHM = ec.ECDSA(hashes.SHA256())
_HEADER = encode(b'{"typ":"JWT","alg":"ES256"}')


def subject(contact_email: str, links: Links) -> str:
    """Whom a push service can write to about this server: an address, or else its page."""
    return f"mailto:{contact_email}" if contact_email else f"https://{links.domain}"


class Vapid:
    """The server's key, as push services meet it; tokens are remembered for each of them."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str) -> None:
        self._key = key
        self._subject = subject
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        #: The public point as headers have it: without padding.
        self.public_key = encode(point)
        self._tokens: dict[str, tuple[str, int]] = {}

    def token(self, endpoint: str, now: int) -> str:
        """A JWT for the origin of that endpoint, good for at least an hour."""
        audience = origin(endpoint)
        known = self._tokens.get(audience)
        if known is not None and _RENEWED < known[1] - now <= LIFETIME:
            return known[0]
        expires_at = now + LIFETIME
        token = self._signed(audience, expires_at)
        self._tokens.pop(audience, None)
        make_room(self._tokens, _REMEMBERED)
        self._tokens[audience] = (token, expires_at)
        return token

    def headers(self, endpoint: str, now: int, *, standard: bool) -> dict[str, str]:
        """What proves to that push service who sends, in the form that goes with the encoding.

        The draft's ``Crypto-Key`` is to be joined, with a semicolon, to that of the encryption.
        """
        token = self.token(endpoint, now)
        if standard:
            return {"Authorization": f"vapid t={token},k={self.public_key}"}
        return {
            "Authorization": f"WebPush {token}",
            "Crypto-Key": f"p256ecdsa={self.public_key}",
        }

    def forget(self, endpoint: str) -> None:
        """Makes a fresh token the next time: this one was refused."""
        self._tokens.pop(origin(endpoint), None)

    def _signed(self, audience: str, expires_at: int) -> str:
        claims = msgspec.json.encode(
            {"aud": audience, "exp": expires_at // 1000, "sub": self._subject}
        )
        signed = f"{_HEADER}.{encode(claims)}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), _ALGORITHM))
        return f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
