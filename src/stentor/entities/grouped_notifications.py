"""GroupedNotificationsResults and NotificationGroup (notifications.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from stentor.domain import times
from stentor.domain.attachments import Attachments
from stentor.domain.links import Links
from stentor.domain.notifications import BY_NAME, TRAITS, Attached
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts, attachments, notification_fallbacks, statuses
from stentor.entities.accounts import PartialAccount
from stentor.entities.notification_fallbacks import NotificationFallback

_WITH_STATUS = frozenset(
    name for name, type in BY_NAME.items() if TRAITS[type].attached is Attached.STATUS
)


class NotificationGroup(Struct, gc=False):
    """A group; the ``page_`` keys are there in lists only."""

    group_key: str
    notifications_count: int
    type: str
    most_recent_notification_id: int
    sample_account_ids: list[str]
    page_min_id: str | UnsetType = UNSET
    page_max_id: str | UnsetType = UNSET
    latest_page_notification_at: str | UnsetType = UNSET
    status_id: str | UnsetType | None = UNSET
    report: Any = UNSET
    event: Any = UNSET
    moderation_warning: Any = UNSET
    collection: Any = UNSET
    annual_report: Any = UNSET
    fallback: NotificationFallback | UnsetType = UNSET


class Results(Struct, gc=False):
    """Groups with the accounts and statuses that they name."""

    accounts: list[Raw]
    statuses: list[Raw]
    notification_groups: list[NotificationGroup]
    partial_accounts: list[PartialAccount] | UnsetType = UNSET


def render_group(
    *,
    group_key: str,
    type: str,
    status_id: int | None,
    count: int,
    most_recent_id: int,
    sample_account_ids: Iterable[int],
    loaded: LoadedStatuses,
) -> NotificationGroup:
    """A group without its ``page_`` keys; ``status_id`` is null if the status cannot be shown."""
    entity = NotificationGroup(
        group_key,
        count,
        type,
        most_recent_id,
        [str(one) for one in sample_account_ids if one in loaded.accounts],
    )
    if type in _WITH_STATUS:
        entity.status_id = str(status_id) if loaded.may_show(status_id) else None
    return entity


def add_details(
    group: NotificationGroup,
    activity_id: int,
    loaded: LoadedStatuses,
    links: Links,
    *,
    attached: Attachments,
    supported: frozenset[str] | None,
) -> None:
    """What a group is about, and words for clients that do not know its type.

    ``supported`` are the types that the client knows, None if it did not say.
    """
    given: dict[str, Any] = {
        "activity_id": activity_id,
        "attachments": attached,
        "accounts": loaded.accounts,
        "links": links,
    }
    attachments.attach(group, attachments.GROUP_KEYS, type=group.type, **given)
    senders = [loaded.accounts[int(one)] for one in group.sample_account_ids]
    fallback = notification_fallbacks.render(group.type, supported, senders=senders, **given)
    if fallback is not None:
        group.fallback = fallback


def add_page(group: NotificationGroup, *, min_id: int, latest_at: int) -> None:
    """The keys that only a list has (notifications.md 5.4)."""
    group.page_min_id = str(min_id)
    group.page_max_id = str(group.most_recent_notification_id)
    group.latest_page_notification_at = times.iso(latest_at)


def render(
    groups: list[NotificationGroup], loaded: LoadedStatuses, links: Links, *, partial: bool
) -> Results:
    """The envelope: every account and status once, in the order of the groups.

    With ``partial`` only the newest sender of each group is shown in full.
    """
    full: dict[str, None] = {}
    others: dict[str, None] = {}
    shown: dict[str, None] = {}
    for group in groups:
        for number, account_id in enumerate(group.sample_account_ids):
            (full if number == 0 or not partial else others)[account_id] = None
        if isinstance(group.status_id, str):
            shown[group.status_id] = None
    results = Results(
        [accounts.encoded(loaded.accounts[int(one)], links) for one in full],
        [statuses.encoded(loaded, int(one), links) for one in shown],
        groups,
    )
    if partial:
        results.partial_accounts = [
            accounts.render_partial(loaded.accounts[int(one)], links)
            for one in others
            if one not in full
        ]
    return results
