"""What few notifications and groups say beside the rest (notifications.md 2.1, 2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from stentor.domain.attachments import Attachments
from stentor.domain.links import Links
from stentor.domain.notifications import Attached
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import attachments, notification_fallbacks
from stentor.entities.accounts import encoder
from stentor.entities.notification_fallbacks import NotificationFallback


class Details(Struct, gc=False):
    """The keys that few of them have, after all others and in the order of the wire."""

    report: Any = UNSET
    event: Any = UNSET
    moderation_warning: Any = UNSET
    collection: Any = UNSET
    annual_report: Any = UNSET
    fallback: NotificationFallback | UnsetType = UNSET


def encoded(
    type: str,
    activity_id: int,
    senders: Iterable[int],
    loaded: LoadedStatuses,
    links: Links,
    *,
    keys: Mapping[Attached, str],
    attached: Attachments,
    supported: frozenset[str] | None,
) -> bytes:
    """What it is about, under one of ``keys``, and words for clients that do not know its type.

    A comma and JSON without its braces; nothing if there is nothing to say. Raises LookupError if
    one of the senders was not loaded.
    """
    entity = Details()
    given: dict[str, Any] = {
        "activity_id": activity_id,
        "attachments": attached,
        "accounts": loaded.accounts,
        "links": links,
    }
    attachments.attach(entity, keys, type=type, **given)
    shown = [loaded.accounts[one] for one in senders]
    fallback = notification_fallbacks.render(type, supported, senders=shown, **given)
    if fallback is not None:
        entity.fallback = fallback
    json = encoder.encode(entity)
    return b"" if json == b"{}" else b"," + json[1:-1]
