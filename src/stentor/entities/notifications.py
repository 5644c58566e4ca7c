"""Notification, flat (notifications.md 2.1)."""

from __future__ import annotations

from msgspec import UNSET, Raw, Struct, UnsetType

from stentor.domain import times
from stentor.domain.links import Links
from stentor.domain.notifications import BY_NAME, TRAITS, Attached
from stentor.domain.notifications import Notification as NotificationRow
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts, statuses


class Notification(Struct, gc=False):
    """The keys in the order of the wire; those that may be absent are unset."""

    id: str
    type: str
    created_at: str
    group_key: str
    account: Raw
    filtered: bool | UnsetType = UNSET
    status: Raw | UnsetType | None = UNSET


_WITH_STATUS = frozenset(
    name for name, type in BY_NAME.items() if TRAITS[type].attached is Attached.STATUS
)


def render(row: NotificationRow, loaded: LoadedStatuses, links: Links) -> Notification | None:
    """One notification as its owner may see it now; None if its sender is gone.

    ``status`` is there for the types that carry one, and null when the status is deleted or no
    longer his to read.
    """
    sender = loaded.accounts.get(row.from_account_id)
    if sender is None or row.type not in BY_NAME:
        return None
    entity = Notification(
        str(row.id),
        row.type,
        times.iso(row.created_at),
        row.effective_key,
        accounts.encoded(sender, links),
    )
    if row.filtered:
        entity.filtered = True
    if row.type in _WITH_STATUS:
        entity.status = (
            statuses.encoded(loaded, row.status_id, links)
            if row.status_id is not None and loaded.may_show(row.status_id)
            else None
        )
    return entity
