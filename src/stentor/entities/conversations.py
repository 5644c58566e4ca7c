"""Conversation as JSON (surroundings C5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Raw, Struct

from stentor.domain.links import Links
from stentor.domain.statuses import LoadedStatuses
from stentor.entities import accounts, statuses


class Conversation(Struct, gc=False):
    """Direct messages with certain others."""

    id: str
    unread: bool
    accounts: list[Raw]
    last_status: Raw | None


def render(
    loaded: LoadedStatuses,
    conversation_id: int,
    participant_ids: Sequence[int],
    last_status_id: int,
    links: Links,
    *,
    unread: object,
) -> Conversation:
    """Conversation; ``loaded`` holds the last status and the participants.

    Whoever is gone is left out, and if that is everybody the viewer stands in: the list is
    never empty.
    """
    known = [one for one in participant_ids if one in loaded.accounts]
    if not known and loaded.viewer_id in loaded.accounts:
        known = [loaded.viewer_id]
    return Conversation(
        str(conversation_id),
        bool(unread),
        [accounts.encoded(loaded.accounts[one], links) for one in known],
        statuses.encoded(loaded, last_status_id, links)
        if loaded.may_show(last_status_id)
        else None,
    )
