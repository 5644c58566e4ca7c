"""Relationship as JSON (surroundings C3.5)."""

from __future__ import annotations

from msgspec import Raw, Struct

from stentor.domain import times
from stentor.domain.relationships import FollowOptions
from stentor.domain.relationships import Relationship as RelationshipRow

_NONE = FollowOptions(show_reblogs=False, notify=False, languages=None)


class Relationship(Struct, gc=False, kw_only=True):
    """How the viewer stands to another account: sixteen keys, always all of them."""

    id: str
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: tuple[str, ...] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: str | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


class FamiliarFollowers(Struct, gc=False):
    """Who among those that the viewer follows follows an account."""

    id: str
    accounts: list[Raw]


def render(row: RelationshipRow) -> Relationship:
    """Relationship; the options are those of the follow, or of the request while it waits."""
    options = row.following or row.requested or _NONE
    mute = row.muting
    expires_at = None if mute is None else mute.expires_at
    return Relationship(
        id=str(row.account_id),
        following=row.following is not None,
        showing_reblogs=options.show_reblogs,
        notifying=options.notify,
        languages=options.languages,
        followed_by=row.followed_by,
        blocking=row.blocking,
        blocked_by=row.blocked_by,
        muting=mute is not None,
        muting_notifications=mute is not None and mute.hide_notifications,
        muting_expires_at=None if expires_at is None else times.iso_seconds(expires_at),
        requested=row.requested is not None,
        requested_by=row.requested_by,
        domain_blocking=row.domain_blocking,
        endorsed=row.endorsed,
        note=row.note,
    )
