"""A message as it is posted: encrypted, signed, and labelled (notifications.md 8.5)."""

from __future__ import annotations

from typing import NamedTuple

from stentor.domain.links import Links
from stentor.domain.push_subscriptions import LIFETIME
from stentor.push.encryption import encrypt
from stentor.push.payload import Message
from stentor.push.sealing import Seals
from stentor.push.vapid import Vapid


class Envelope(NamedTuple):
    """One POST to a push service."""

    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Fit for a log: whoever knows the address and the proof could send."""
        return f"<Envelope of {len(self.body)} bytes>"


class Sender(NamedTuple):
    """Who this server is to push services."""

    links: Links
    vapid: Vapid
    seals: Seals


def seal(message: Message, sender: Sender, now: int) -> Envelope:
    """Encrypts and labels a message. Each time it is another body: salt and key are fresh.

    Raises ValueError if the subscription's key is no key; what is stored has been checked.
    """
    to = message.subscription
    sealed = encrypt(message.encode(), to.p256dh, to.auth, standard=to.standard)
    link = f"{sender.links.base}/api/web/push_subscriptions/"
    headers = {
        "Content-Type": "application/octet-stream",
        "TTL": str(LIFETIME // 1000),
        "Urgency": message.urgency,
        "Topic": message.topic,
        "Unsubscribe-URL": link + sender.seals.unsubscribe_token(to, now),
        **sealed.headers,
    }
    for name, value in sender.vapid.headers(to.endpoint, now, standard=to.standard).items():
        # The draft says both keys in one header.
        headers[name] = f"{headers[name]};{value}" if name in headers else value
    return Envelope(to.endpoint, headers, sealed.body)
