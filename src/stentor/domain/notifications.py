"""What a notification is: its types and their nature, what happened, what is kept.

Source: notifications.md 1.2 (order), 3.1 (nature of each type).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from stentor.domain.roles import Permission, Role


class NotificationType(Enum):
    """The seventeen types, in their canonical order."""

    MENTION = "mention"
    STATUS = "status"
    REBLOG = "reblog"
    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow_request"
    FAVOURITE = "favourite"
    POLL = "poll"
    UPDATE = "update"
    SEVERED_RELATIONSHIPS = "severed_relationships"
    MODERATION_WARNING = "moderation_warning"
    ANNUAL_REPORT = "annual_report"
    ADMIN_SIGN_UP = "admin.sign_up"
    ADMIN_REPORT = "admin.report"
    QUOTE = "quote"
    QUOTED_UPDATE = "quoted_update"
    ADDED_TO_COLLECTION = "added_to_collection"
    COLLECTION_UPDATE = "collection_update"


class Attached(Enum):
    """The key under which a notification carries what it is about."""

    NOTHING = ""
    STATUS = "status"
    REPORT = "report"
    EVENT = "event"
    MODERATION_WARNING = "moderation_warning"
    ANNUAL_REPORT = "annual_report"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One type's whole nature; a type without a row here does not exist."""

    #: Policies may drop or filter it.
    filterable: bool
    #: It may be told by e-mail.
    mailable: bool
    #: Several of them make a group.
    groupable: bool
    #: Every client knows it; others are sent a fallback on request.
    baseline: bool
    #: What it carries.
    attached: Attached
    #: A person may cause it for himself.
    from_oneself: bool = False
    #: A newer one of the same activity replaces the older (edits).
    replaces: bool = False


_T, _A = NotificationType, Attached

TRAITS: dict[NotificationType, Traits] = {
    _T.MENTION: Traits(
        filterable=True, mailable=True, groupable=False, baseline=True, attached=_A.STATUS
    ),
    _T.STATUS: Traits(
        filterable=False, mailable=False, groupable=False, baseline=True, attached=_A.STATUS
    ),
    _T.REBLOG: Traits(
        filterable=True, mailable=True, groupable=True, baseline=True, attached=_A.STATUS
    ),
    _T.FOLLOW: Traits(
        filterable=True, mailable=True, groupable=True, baseline=True, attached=_A.NOTHING
    ),
    _T.FOLLOW_REQUEST: Traits(
        filterable=True, mailable=True, groupable=False, baseline=True, attached=_A.NOTHING
    ),
    _T.FAVOURITE: Traits(
        filterable=True, mailable=True, groupable=True, baseline=True, attached=_A.STATUS
    ),
    _T.POLL: Traits(
        filterable=False, mailable=False, groupable=False, baseline=True, attached=_A.STATUS,
        from_oneself=True,
    ),
    _T.UPDATE: Traits(
        filterable=False, mailable=False, groupable=False, baseline=True, attached=_A.STATUS,
        replaces=True,
    ),
    _T.SEVERED_RELATIONSHIPS: Traits(
        filterable=False, mailable=False, groupable=False, baseline=False, attached=_A.EVENT,
        from_oneself=True,
    ),
    _T.MODERATION_WARNING: Traits(
        filterable=False, mailable=False, groupable=False, baseline=False,
        attached=_A.MODERATION_WARNING, from_oneself=True,
    ),
    _T.ANNUAL_REPORT: Traits(
        filterable=False, mailable=False, groupable=False, baseline=True,
        attached=_A.ANNUAL_REPORT, from_oneself=True,
    ),
    _T.ADMIN_SIGN_UP: Traits(
        filterable=False, mailable=False, groupable=True, baseline=False, attached=_A.NOTHING
    ),
    _T.ADMIN_REPORT: Traits(
        filterable=False, mailable=False, groupable=False, baseline=False, attached=_A.REPORT
    ),
    _T.QUOTE: Traits(
        filterable=True, mailable=True, groupable=False, baseline=True, attached=_A.STATUS
    ),
    _T.QUOTED_UPDATE: Traits(
        filterable=False, mailable=False, groupable=False, baseline=True, attached=_A.STATUS,
        replaces=True,
    ),
    _T.ADDED_TO_COLLECTION: Traits(
        filterable=True, mailable=False, groupable=False, baseline=False, attached=_A.COLLECTION
    ),
    _T.COLLECTION_UPDATE: Traits(
        filterable=False, mailable=False, groupable=False, baseline=False,
        attached=_A.COLLECTION, replaces=True,
    ),
}  # fmt: skip

#: By the name on the wire.
BY_NAME = {one.value: one for one in NotificationType}


class Event(NamedTuple):
    """Something that happened and that people may be told of.

    ``activity_id`` is the row that caused it: mention, status (for ``status`` and edits), the
    reblogging status, follow, follow request, favourite, poll, report … (notifications.md 3.1).
    ``from_account_id`` is None when everybody is told in his own name (warnings, severances).
    ``created_at`` is the activity's time. ``silenced``: treat the sender as limited.
    """

    type: NotificationType
    activity_id: int
    from_account_id: int | None
    recipients: tuple[int, ...]
    created_at: int
    status_id: int | None = None
    silenced: bool = False


class Notification(NamedTuple):
    """A row of ``notifications`` as it is listed."""

    id: int
    type: str
    activity_id: int
    from_account_id: int
    status_id: int | None
    group_key: str | None
    filtered: bool
    created_at: int

    @property
    def effective_key(self) -> str:
        """The stored group key, or ``ungrouped-<id>`` (notifications.md 5.2)."""
        return self.group_key or f"ungrouped-{self.id}"


#: What a role must permit for a type to be told and shown (reliability T20); none otherwise.
STAFF_TYPES = {
    NotificationType.ADMIN_SIGN_UP: Permission.MANAGE_USERS,
    NotificationType.ADMIN_REPORT: Permission.MANAGE_REPORTS,
}


@lru_cache(maxsize=64)
def hidden_from(role: Role) -> frozenset[NotificationType]:
    """The types that somebody with that role does not see, though he may have been told once."""
    return frozenset(one for one, needed in STAFF_TYPES.items() if not role.may(needed))


def wanted_types(
    types: list[str] | None, exclude_types: list[str]
) -> frozenset[NotificationType] | None:
    """Which types a list shows; None for all of them (notifications.md 1.2).

    ``types`` None means not given. Unknown names are left out; a list of nothing but unknown
    names, a single blank included, shows nothing.
    """
    excluded = {BY_NAME[name] for name in exclude_types if name in BY_NAME}
    if types is None:
        return frozenset(NotificationType) - excluded if excluded else None
    return frozenset(BY_NAME[name] for name in types if name in BY_NAME) - excluded
