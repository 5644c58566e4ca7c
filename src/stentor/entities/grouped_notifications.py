"""GroupedNotificationsResults and NotificationGroup (notifications.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from stentor import telemetry
from stentor.domain import times
from stentor.domain.attachments import ORDINARY, Attachments
from stentor.domain.grouped_notifications import Group
from stentor.domain.links import Links
from stentor.domain.notifications import TRAITS, Attached
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts, attachments, notification_fallbacks, statuses
from stentor.entities.accounts import PartialAccount
from stentor.entities.notification_fallbacks import NotificationFallback

#: Whether groups of a type have a status, by the type's name.
_WITH_STATUS = {type.value: TRAITS[type].attached is Attached.STATUS for type in TRAITS}


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


@dataclass(slots=True)
class _Named:
    """What the groups of a page name, each once, in the order of the groups."""

    loaded: LoadedStatuses
    links: Links
    accounts: dict[int, Raw] = field(default_factory=dict)
    partly: dict[int, PartialAccount] = field(default_factory=dict)
    statuses: dict[int, Raw] = field(default_factory=dict)

    def add(self, senders: list[int], status_id: int | None, *, partial: bool) -> None:
        """Adds what one group names; raises without having added an account, if one cannot be."""
        everyone, links, known = self.loaded.accounts, self.links, self.accounts
        added = {
            one: accounts.encoded(everyone[one], links)
            for one in (senders[:1] if partial else senders)
            if one not in known
        }
        partly = (
            {one: accounts.render_partial(everyone[one], links) for one in senders[1:]}
            if partial
            else {}
        )
        if status_id is not None and status_id not in self.statuses:
            self.statuses[status_id] = statuses.encoded(self.loaded, status_id, links)
        known |= added
        self.partly |= partly


def render(
    groups: Iterable[Group],
    loaded: LoadedStatuses,
    links: Links,
    *,
    attached: Attachments,
    supported: frozenset[str] | None = None,
    partial: bool = False,
    listed: bool = True,
) -> Results:
    """Groups as their owner may see them now, every account and status once, in their order.

    With ``partial`` only the newest sender of each group is shown in full. A group of which
    something cannot be shown is left out. ``supported`` are the types that the client knows;
    unless None, others get words that any client can show. Only if they are ``listed`` groups
    have the ``page_`` keys.
    """
    named = _Named(loaded, links)
    kept = []
    for group in groups:
        try:
            senders = [one for _, one in group.newest if one in loaded.accounts]
            entity = _render(group, senders, listed=listed)
            status_id = None
            if _WITH_STATUS[group.type]:
                status_id = group.status_id if loaded.may_show(group.status_id) else None
                entity.status_id = None if status_id is None else str(status_id)
            if group.type not in ORDINARY:
                _add_details(entity, group, loaded, links, attached=attached, supported=supported)
            named.add(senders, status_id, partial=partial)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one row (T55)
            telemetry.skipped("group", group.newest_id, problem)
        else:
            kept.append(entity)
    results = Results(list(named.accounts.values()), list(named.statuses.values()), kept)
    if partial:
        results.partial_accounts = [
            one for key, one in named.partly.items() if key not in named.accounts
        ]
    return results


def _render(group: Group, senders: list[int], *, listed: bool) -> NotificationGroup:
    """A group by its figures. Raises LookupError if there is nobody who can be shown."""
    if not senders:
        raise LookupError(group.group_key)
    entity = NotificationGroup(
        group.group_key,
        group.size,
        group.type,
        group.newest_id,
        [str(one) for one in senders],
    )
    if listed:
        entity.page_min_id = str(group.oldest_id)
        entity.page_max_id = str(group.newest_id)
        entity.latest_page_notification_at = times.iso(group.newest_at)
    return entity


def _add_details(
    entity: NotificationGroup,
    group: Group,
    loaded: LoadedStatuses,
    links: Links,
    *,
    attached: Attachments,
    supported: frozenset[str] | None,
) -> None:
    """What a group is about, and words for clients that do not know its type."""
    given: dict[str, Any] = {
        "activity_id": group.activity_id,
        "attachments": attached,
        "accounts": loaded.accounts,
        "links": links,
    }
    attachments.attach(entity, attachments.GROUP_KEYS, type=group.type, **given)
    senders = [loaded.accounts[int(one)] for one in entity.sample_account_ids]
    fallback = notification_fallbacks.render(group.type, supported, senders=senders, **given)
    if fallback is not None:
        entity.fallback = fallback
