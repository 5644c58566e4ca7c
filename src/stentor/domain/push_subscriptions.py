"""Web Push without I/O: what a subscription may be, what it wants, what an answer means.

Source: notifications.md 1.17, 8.3 and 8.5; reliability T43, T47, T48, findings 7 and 8.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from stentor.domain import limits, times
from stentor.domain.notifications import BY_NAME, NotificationType

#: How long a message is worth sending, for us and for the push service (notifications.md 8.5).
LIFETIME = 48 * times.HOUR
#: The kind of news that there is something to send; said once for all that a transaction promises.
PROMISED = "push_promised"
#: What a policy that nobody has set means.
DEFAULT_POLICY = "all"

BAD_KEYS = "is not a valid Ed25519 or Curve25519 key"


# ---------------------------------------------------------------- what an answer means


class Outcome(Enum):
    """What comes of one attempt."""

    #: The push service has it.
    DELIVERED = "delivered"
    #: Nobody is there any more: the only answers that end a subscription (RFC 8030).
    GONE = "gone"
    #: Later, perhaps.
    RETRY = "retry"
    #: Once more, with a smaller message.
    TOO_LARGE = "too_large"
    #: Our fault, or a quarrel over keys: this message is put aside, the subscription stays.
    REFUSED = "refused"


_OUTCOMES = {
    404: Outcome.GONE,
    408: Outcome.RETRY,
    410: Outcome.GONE,
    413: Outcome.TOO_LARGE,
    425: Outcome.RETRY,
    429: Outcome.RETRY,
}


def outcome(status: int) -> Outcome:
    """What a push service's HTTP status means, whatever number it is.

    A redirect is not followed (T41) and counts as trouble that may pass.
    """
    if status in _OUTCOMES:
        return _OUTCOMES[status]
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if 400 <= status < 500:
        return Outcome.REFUSED
    return Outcome.RETRY


# ---------------------------------------------------------------- what a subscription wants


@dataclass(frozen=True, slots=True, repr=False)
class PushSubscription:
    """Where one device wants to be told, and of what. It belongs to one access token.

    ``p256dh`` is the uncompressed point (65 bytes), ``auth`` 16 bytes; ``standard`` chooses
    between RFC 8291 and the older draft. ``policy`` is what was sent, None if nothing was.
    """

    id: int
    access_token_id: int
    account_id: int
    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool
    alerts: Mapping[str, bool]
    policy: str | None
    sealed_token: bytes
    created_at: int
    updated_at: int
    failing_since: int | None = None

    def __repr__(self) -> str:
        """Fit for a log: an endpoint lets whoever knows it send (reliability 5e)."""
        return f"<PushSubscription {self.id} of account {self.account_id}>"


class Preferences(NamedTuple):
    """What somebody wants to be told of: types by name, and from whom."""

    alerts: Mapping[str, bool]
    policy: str | None = None


class Relation(NamedTuple):
    """How recipient and sender stand to each other, whatever their age."""

    #: The recipient follows the sender.
    follows: bool
    #: The sender follows the recipient.
    followed: bool


def wants(
    subscription: PushSubscription | Preferences, type: NotificationType, relation: Relation
) -> bool:
    """True if that device is to be told (notifications.md 8.3); asked again before sending."""
    if not subscription.alerts.get(type.value, False):
        return False
    policy = subscription.policy or DEFAULT_POLICY
    if policy == "followed":
        return relation.follows
    if policy == "follower":
        return relation.followed
    return policy == DEFAULT_POLICY


def known_alerts(alerts: Mapping[str, bool]) -> dict[str, bool]:
    """Those of the types that exist, in their canonical order."""
    return {name: alerts[name] for name in BY_NAME if name in alerts}


# ---------------------------------------------------------------- how it travels

_T = NotificationType
#: What may wait for a better moment of the device's battery (RFC 8030, 5.3). What somebody says
#: to the recipient or asks of him is `normal`, as every message of Mastodon is.
_URGENCIES = {
    _T.REBLOG: "low",
    _T.FOLLOW: "low",
    _T.FAVOURITE: "low",
    _T.UPDATE: "low",
    _T.QUOTED_UPDATE: "low",
    _T.ADMIN_SIGN_UP: "low",
    _T.ADDED_TO_COLLECTION: "low",
    _T.COLLECTION_UPDATE: "very-low",
    _T.ANNUAL_REPORT: "very-low",
}


def urgency(type: NotificationType) -> str:
    """How soon a sleeping device should be woken for it: a word of RFC 8030."""
    return _URGENCIES.get(type, "normal")


def topic(secret: bytes, subscription_id: int, group_key: str) -> str:
    """The same 32 URL-safe characters for every message of a group to one device.

    A message that waits at the push service is replaced by a newer one of its topic. Nobody
    without the secret can tell from it what the group is about, or whose it is.
    """
    text = f"topic {subscription_id} {group_key}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, text, hashlib.sha256)[:24]).decode()


# ---------------------------------------------------------------- what a subscription may be

_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]+\])\Z")
# What URLs are made of (RFC 3986), without the number sign that begins a fragment.
_URL = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}\Z")
_HOST_BYTES = 253
_KEY_CHARACTERS = 128
_PRIVILEGED = 1023


def endpoint_is_valid(endpoint: str, *, allow_private: bool) -> bool:
    """True if a message may go there (T43), as far as the address itself tells.

    https, on port 443 or one that no system service uses; no userinfo, no fragment. Where
    private targets are allowed, http and every port are, too.
    """
    if len(endpoint) > limits.PUSH_ENDPOINT or not _URL.match(endpoint):
        return False
    try:
        url = urlsplit(endpoint)
        port = url.port
    except ValueError:
        return False
    if url.scheme not in ("https", "http") or not _names_host(url):
        return False
    if port == 0:
        return False
    if allow_private:
        return True
    return url.scheme == "https" and (port in (None, 443) or port > _PRIVILEGED)


def _names_host(url: SplitResult) -> bool:
    host = url.netloc.rpartition(":")[0] if url.port is not None else url.netloc.removesuffix(":")
    return "@" not in url.netloc and len(host) <= _HOST_BYTES and bool(_HOST.match(host))


@lru_cache(maxsize=4096)
def origin(endpoint: str) -> str:
    """scheme://host[:port] of a valid endpoint, as browsers write it: no default port."""
    url = urlsplit(endpoint)
    host = (url.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    default = {"https": 443, "http": 80}[url.scheme]
    port = "" if url.port in (None, default) else f":{url.port}"
    return f"{url.scheme}://{host}{port}"


def decode_key(text: str) -> bytes | None:
    """The bytes of a key in any of the four alphabets: plain or URL-safe, padded or not.

    A blank is a plus that a form has changed (trap 15), also the first and the last one. None if it
    is no base64 at all.
    """
    text = text.strip("\t\r\n").replace(" ", "+")
    if len(text) > _KEY_CHARACTERS or not _BASE64.match(text):
        return None
    text = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None


# P-256 (FIPS 186): y² = x³ - 3x + b, modulo p. Its cofactor is 1: every point is a good key.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def is_point(key: bytes) -> bool:
    """True for an uncompressed point on P-256; so neither for infinity nor for half a point."""
    if len(key) != 65 or key[0] != 4:
        return False
    x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0


class Target(NamedTuple):
    """A place that messages can go to, found in order."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool


def check(
    endpoint: str | None,
    p256dh: str | None,
    auth: str | None,
    *,
    standard: bool,
    allow_private: bool,
) -> Target | tuple[str, ...]:
    """The target, or everything that is wrong with it as clients are told (1.17)."""
    given = (endpoint or "").strip()
    problems = list(_blanks(("Endpoint", given)))
    if not endpoint_is_valid(given, allow_private=allow_private):
        problems.append("Endpoint is invalid")
    problems += _blanks(("Key p256dh", p256dh), ("Key auth", auth))
    point, secret = decode_key(p256dh or ""), decode_key(auth or "")
    if point is None or not is_point(point) or secret is None or len(secret) != 16:
        return (*problems, BAD_KEYS)
    return tuple(problems) if problems else Target(given, point, secret, standard)


def _blanks(*fields: tuple[str, str | None]) -> Iterable[str]:
    return (f"{name} can't be blank" for name, text in fields if not (text or "").strip())
