"""What a push says, and whether it may still be said: the JSON of notifications.md 8.4.

Judged when it is sent, not when it was promised (T06): what has been undone, dismissed, read,
or hidden from the recipient since is not sent at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
import regex

from stentor.domain import limits
from stentor.domain.accounts import Account
from stentor.domain.filters import Filter, results
from stentor.domain.links import Links
from stentor.domain.notifications import BY_NAME, TRAITS, Attached, NotificationType, hidden_from
from stentor.domain.push_subscriptions import (
    PushSubscription,
    topic,
    urgency,
    wants,
)
from stentor.domain.roles import get
from stentor.domain.statuses import readable
from stentor.domain.text import excerpt, isolated, to_plain_text
from stentor.push import titles
from stentor.push.sealing import Seals
from stentor.store import filters as filter_rows
from stentor.store import push_messages
from stentor.store.database import Reader
from stentor.store.push_deliveries import Promise
from stentor.store.push_messages import Device, Told

_NAME = 60
_NAME_BYTES = 400
_ICON = 2000
_LOCALE = 35
_CONTROLS = regex.compile(r"[\p{Cc}\p{Zl}\p{Zp}]+")
_BLANK_LINES = regex.compile(r"\n[ \t]*(?:\n[ \t]*)+")


class Payload(msgspec.Struct, frozen=True):
    """The message as the device's service worker reads it; the id is a number (trap 2)."""

    access_token: str
    preferred_locale: str
    notification_id: int
    notification_type: str
    icon: str
    title: str
    body: str

    def __repr__(self) -> str:
        """Fit for a log: the token and what was said stay out."""
        return f"<Payload of notification {self.notification_id}>"


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to one device, before it is encrypted. ``payload`` fits one record."""

    subscription: PushSubscription
    payload: Payload
    #: Words for the headers of RFC 8030.
    urgency: str
    topic: str

    def encode(self) -> bytes:
        """The JSON, at most 3,993 bytes."""
        return msgspec.json.encode(self.payload)

    @property
    def has_body(self) -> bool:
        """True if it can be made smaller."""
        return bool(self.payload.body)

    def without_body(self) -> Message:
        """The same in small, for a push service that found it too large (413)."""
        return replace(self, payload=msgspec.structs.replace(self.payload, body=""))


async def build(
    db: Reader, links: Links, seals: Seals, promises: Sequence[Promise], *, now: int
) -> list[Message | None]:
    """A message for each promise, in their order; None where nothing is to be sent any more.

    Two queries for up to 512 promises, and a third if any of the recipients has filters that
    hide things. A promise of which nothing is to be sent is done.
    """
    devices = await push_messages.devices(db, (one.subscription_id for one in promises), now=now)
    if not devices:
        return [None] * len(promises)
    told = await push_messages.told(
        db, [(one.account_id, one.notification_id) for one in promises], now=now
    )
    pairs: list[tuple[Device, Told] | None] = []
    for promise in promises:
        device = devices.get(promise.subscription_id)
        subject = told.get((promise.account_id, promise.notification_id))
        pairs.append(
            (device, subject)
            if device is not None
            and subject is not None
            and device.subscription.account_id == promise.account_id
            and _may_be_sent(device, subject)
            else None
        )
    filters = await _filters(db, [pair for pair in pairs if pair], now=now)
    return [
        None if pair is None or _is_hidden(*pair, filters) else _message(*pair, links, seals)
        for pair in pairs
    ]


async def _filters(
    db: Reader, pairs: Sequence[tuple[Device, Told]], *, now: int
) -> dict[int, Filter]:
    """What hides notifications from whom; one query, none if nobody hides anything."""
    hiding = {device.subscription.account_id for device, _ in pairs if device.hides}
    if not hiding:
        return {}
    status_ids = {told.status.id for _, told in pairs if told.status is not None}
    return await filter_rows.hiding(db, hiding, status_ids, now=now)


def _is_hidden(device: Device, told: Told, filters: dict[int, Filter]) -> bool:
    """True if the recipient has a filter that hides this status among his notifications."""
    filter_ = filters.get(device.subscription.account_id)
    if filter_ is None or told.status is None:
        return False
    texts = (to_plain_text(told.status.content), told.status.spoiler_text)
    return bool(results([filter_], texts, {told.status.id}))


async def build_test(
    db: Reader, links: Links, seals: Seals, subscription_id: int, *, now: int
) -> Message | None:
    """A message that says it is a test; None if that device could not be told anything now."""
    device = (await push_messages.devices(db, [subscription_id], now=now)).get(subscription_id)
    if device is None or not device.able:
        return None
    token = seals.open_token(device.subscription.sealed_token, device.subscription.access_token_id)
    if token is None:
        return None
    payload = Payload(
        access_token=token,
        preferred_locale=_locale(device),
        notification_id=0,
        notification_type="mention",  # apps may stumble over a type that they do not know
        icon=links.avatar(""),
        title=titles.TESTS[titles.language(device.locale)],
        body=links.domain,
    )
    key = topic(seals.topics, subscription_id, "test")
    return Message(device.subscription, payload, "normal", key)


def _may_be_sent(device: Device, told: Told) -> bool:
    """True if the recipient may hear of it on this device, as things stand now."""
    notification, subscription = told.notification, device.subscription
    type_ = BY_NAME.get(notification.type)
    return (
        type_ is not None
        and device.able
        and not (
            notification.id <= device.last_read_id and notification.created_at <= device.read_at
        )
        and not told.silenced
        and type_ not in hidden_from(get(device.role_id))
        and wants(subscription, type_, told.relation)
        and _may_be_read(subscription.account_id, type_, told)
    )


def _may_be_read(recipient_id: int, type: NotificationType, told: Told) -> bool:
    """True if it is about no status, or about one that the recipient may read."""
    if told.status is None:
        return TRAITS[type].attached is not Attached.STATUS
    return readable(
        told.status,
        recipient_id,
        author_suspended=told.author_suspended,
        following=told.follows_author,
        blocked_by=told.blocked_by_author,
        mentioned=told.mentioned,
    )


def _message(device: Device, told: Told, links: Links, seals: Seals) -> Message | None:
    subscription, notification = device.subscription, told.notification
    token = seals.open_token(subscription.sealed_token, subscription.access_token_id)
    if token is None:  # sealed by other keys: then its VAPID key is not ours either
        return None
    type_ = BY_NAME[notification.type]
    payload = Payload(
        access_token=token,
        preferred_locale=_locale(device),
        notification_id=notification.id,
        notification_type=notification.type,
        icon=_icon(told.sender, links),
        title=titles.title(type_, isolated(_name(told.sender)), device.locale),
        body=excerpt(_body(told, subscription.account_id)),
    )
    return Message(
        subscription,
        fitted(payload),
        urgency(type_),
        topic(seals.topics, subscription.id, notification.effective_key),
    )


def fitted(payload: Payload) -> Payload:
    """The same with as much of its body as one record holds; JSON may swell what it quotes."""
    room = len(payload.body.encode())
    whole = payload.body
    while (excess := len(msgspec.json.encode(payload)) - limits.PUSH_PLAINTEXT_BYTES) > 0:
        if not payload.body:
            return msgspec.structs.replace(payload, icon="")
        room = min(room - 1, max(room - excess, room // 2))
        body = excerpt(whole, limits.PUSH_BODY, max_bytes=max(room, 0))
        payload = msgspec.structs.replace(payload, body=body)
    return payload


def _locale(device: Device) -> str:
    return device.locale[:_LOCALE] or titles.DEFAULT


def _icon(sender: Account, links: Links) -> str:
    """The sender's picture; an address that would fill the message is left out."""
    icon = links.avatar(sender.avatar)
    return icon if len(icon.encode()) <= _ICON else ""


def _name(sender: Account) -> str:
    """How the sender is called, on one line."""
    name = _CONTROLS.sub(" ", sender.display_name).strip() or sender.username
    return excerpt(name, _NAME, max_bytes=_NAME_BYTES)


def _body(told: Told, recipient_id: int) -> str:
    """The first that says something: the content warning, the text, who the sender is.

    With a content warning the text behind it is never shown (T47). Nobody is introduced to
    himself.
    """
    return next(filter(None, map(_tidied, _texts(told, recipient_id))), "")


def _texts(told: Told, recipient_id: int) -> Iterable[str]:
    if told.status is not None:
        yield told.status.spoiler_text
        yield to_plain_text(told.status.content)
    if told.sender.id != recipient_id:
        yield told.sender.note if told.sender.local else to_plain_text(told.sender.note)


def _tidied(text: str) -> str:
    """Without blank lines and without blanks around it."""
    return str(_BLANK_LINES.sub("\n", text)).strip()
