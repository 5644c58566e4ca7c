"""RelationshipSeveranceEvent: how many connections somebody lost (notifications.md 2.8)."""

from __future__ import annotations

from msgspec import Struct

from stentor.domain import times
from stentor.domain.severed_relationships import SeveranceEvent


class RelationshipSeveranceEvent(Struct, gc=False):
    """The keys in the order of the wire."""

    id: str
    type: str
    purged: bool
    target_name: str
    followers_count: int
    following_count: int
    created_at: str


def render(event: SeveranceEvent) -> RelationshipSeveranceEvent:
    """For the one who lost them."""
    return RelationshipSeveranceEvent(
        str(event.id),
        event.type,
        bool(event.purged),
        event.target_name,
        event.followers_count,
        event.following_count,
        times.iso(event.created_at),
    )
