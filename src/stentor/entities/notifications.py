"""Notification, flat (notifications.md 2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from stentor import telemetry
from stentor.domain import times
from stentor.domain.attachments import ORDINARY, Attachments
from stentor.domain.links import Links
from stentor.domain.notifications import BY_NAME, TRAITS, Attached
from stentor.domain.notifications import Notification as NotificationRow
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts, attachments, notification_fallbacks, statuses
from stentor.entities.notification_fallbacks import NotificationFallback


class Notification(Struct, gc=False):
    """The keys in the order of the wire; those that may be absent are unset."""

    id: str
    type: str
    created_at: str
    group_key: str
    account: Raw
    filtered: bool | UnsetType = UNSET
    status: Raw | UnsetType | None = UNSET
    report: Any = UNSET
    event: Any = UNSET
    moderation_warning: Any = UNSET
    collection: Any = UNSET
    fallback: NotificationFallback | UnsetType = UNSET


_WITH_STATUS = frozenset(
    name for name, type in BY_NAME.items() if TRAITS[type].attached is Attached.STATUS
)


def render_page(
    rows: Iterable[NotificationRow],
    loaded: LoadedStatuses,
    links: Links,
    *,
    attached: Attachments,
    supported: frozenset[str] | None = None,
) -> list[Notification]:
    """Notifications as their owner may see them now; one that cannot be shown is left out.

    ``status`` is there for the types that carry one, and null when the status is deleted or no
    longer his to read. A status that several are about is put together once. ``supported`` are
    the types that the client knows; unless None, others get words that any client can show.
    """
    known: dict[int, Raw] = {}
    rendered = []
    for row in rows:
        try:
            entity = _render(row, loaded, links, known)
            if row.type not in ORDINARY:
                _add_details(entity, row, loaded, links, attached=attached, supported=supported)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row (T55)
            telemetry.skipped("notification", row.id, problem)
        else:
            rendered.append(entity)
    return rendered


def _add_details(
    entity: Notification,
    row: NotificationRow,
    loaded: LoadedStatuses,
    links: Links,
    *,
    attached: Attachments,
    supported: frozenset[str] | None,
) -> None:
    given: dict[str, Any] = {
        "activity_id": row.activity_id,
        "attachments": attached,
        "accounts": loaded.accounts,
        "links": links,
    }
    attachments.attach(entity, attachments.KEYS, type=row.type, **given)
    senders = [loaded.accounts[row.from_account_id]]
    fallback = notification_fallbacks.render(row.type, supported, senders=senders, **given)
    if fallback is not None:
        entity.fallback = fallback


def _render(
    row: NotificationRow, loaded: LoadedStatuses, links: Links, known: dict[int, Raw]
) -> Notification:
    """Raises LookupError if its sender is gone, or if nobody knows its type."""
    (number, type, _, from_account_id, status_id, group_key, filtered, created_at) = row
    if type not in BY_NAME:
        raise LookupError(type)
    entity = Notification(
        str(number),
        type,
        times.iso(created_at),
        group_key or f"ungrouped-{number}",
        accounts.encoded(loaded.accounts[from_account_id], links),
    )
    if filtered:
        entity.filtered = True
    if type in _WITH_STATUS:
        entity.status = _status(status_id, loaded, links, known)
    return entity


def _status(
    status_id: int | None, loaded: LoadedStatuses, links: Links, known: dict[int, Raw]
) -> Raw | None:
    if status_id is None or not loaded.may_show(status_id):
        return None
    if status_id not in known:
        known[status_id] = statuses.encoded(loaded, status_id, links)
    return known[status_id]
