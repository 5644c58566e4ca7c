"""GroupedNotificationsResults and NotificationGroup (notifications.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from stentor import telemetry
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
    """A group without its ``page_`` keys; ``status_id`` is null if the status cannot be shown.

    Raises LookupError for a type that nobody knows.
    """
    if type not in BY_NAME:
        raise LookupError(type)
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

    With ``partial`` only the newest sender of each group is shown in full. A group of which
    something cannot be shown is left out.
    """
    full: dict[str, Raw] = {}
    others: dict[str, PartialAccount] = {}
    shown: dict[str, Raw] = {}
    kept = []
    for group in groups:
        # The newest sender stands for a group; without any there is nothing to show.
        first, *rest = group.sample_account_ids or [""]
        try:
            in_full = [first] if partial else [first, *rest]
            added = {one: _account(one, full, loaded, links) for one in in_full}
            partly = {one: _partial(one, loaded, links) for one in rest} if partial else {}
            status_id = group.status_id
            if isinstance(status_id, str) and status_id not in shown:
                shown[status_id] = statuses.encoded(loaded, int(status_id), links)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row (T55)
            telemetry.skipped("group", group.most_recent_notification_id, problem)
            continue
        full |= added
        others |= partly
        kept.append(group)
    results = Results(list(full.values()), list(shown.values()), kept)
    if partial:
        results.partial_accounts = [one for key, one in others.items() if key not in full]
    return results


def _account(key: str, known: dict[str, Raw], loaded: LoadedStatuses, links: Links) -> Raw:
    return known[key] if key in known else accounts.encoded(loaded.accounts[int(key)], links)


def _partial(key: str, loaded: LoadedStatuses, links: Links) -> PartialAccount:
    return accounts.render_partial(loaded.accounts[int(key)], links)
