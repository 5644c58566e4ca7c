"""What a notification carries beside a status, under which key (notifications.md 2.1, 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stentor.domain.accounts import Account
from stentor.domain.attachments import (
    Attachment,
    Attachments,
    LoadedCollection,
    attached,
)
from stentor.domain.links import Links
from stentor.domain.moderation import AccountWarning
from stentor.domain.notifications import Attached
from stentor.domain.reports import Report
from stentor.domain.severed_relationships import SeveranceEvent
from stentor.entities import account_warnings, collections, reports, severed_relationships

#: The key of each kind; an annual report is named in groups only (C-36).
KEYS: dict[Attached, str] = {
    Attached.REPORT: "report",
    Attached.EVENT: "event",
    Attached.MODERATION_WARNING: "moderation_warning",
    Attached.COLLECTION: "collection",
}
GROUP_KEYS: dict[Attached, str] = {**KEYS, Attached.ANNUAL_REPORT: "annual_report"}


def attach(
    entity: Any,
    keys: Mapping[Attached, str],
    *,
    type: str,
    activity_id: int,
    attachments: Attachments,
    accounts: Mapping[int, Account],
    links: Links,
) -> None:
    """Sets the key that belongs to the type, to null if the object is gone; or nothing."""
    key = keys.get(attached(type))
    if key is not None:
        setattr(entity, key, render(attachments.get(type, activity_id), accounts, links))


def render(found: Attachment | None, accounts: Mapping[int, Account], links: Links) -> Any:
    """The object as JSON will have it, or None."""
    if isinstance(found, SeveranceEvent):
        return severed_relationships.render(found)
    if isinstance(found, LoadedCollection):
        return collections.render(found, links)
    if isinstance(found, Report | AccountWarning):
        target = accounts.get(found.target_account_id)
        if target is None:
            return None
        if isinstance(found, Report):
            return reports.render(found, target, links)
        return account_warnings.render(found, target, links)
    return None if found is None else {"year": str(found)}
