"""Poll as JSON (surroundings C11.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from stentor.domain import polls as domain
from stentor.domain import times


class Option(Struct, gc=False):
    """One thing to choose."""

    title: str
    votes_count: int | None


class Poll(Struct, gc=False, kw_only=True):
    """A poll as one viewer sees it; an anonymous one has neither ``voted`` nor ``own_votes``."""

    id: str
    expires_at: str | None
    expired: bool
    multiple: bool
    votes_count: int
    voters_count: int
    voted: bool | UnsetType = UNSET
    own_votes: list[int] | UnsetType = UNSET
    options: list[Option]
    emojis: list[Any]


def render(poll: domain.Poll, votes: Sequence[int] | None, *, own: bool, now: int) -> Poll:
    """Poll; ``votes`` are the viewer's, None if nobody is signed in; ``own``: it is his."""
    expired = poll.expired(now)
    hidden = poll.hide_totals and not expired
    return Poll(
        id=str(poll.id),
        expires_at=times.iso_or_none(poll.expires_at),
        expired=expired,
        multiple=poll.multiple,
        votes_count=poll.votes_count,
        voters_count=poll.voters_count,
        voted=UNSET if votes is None else own or bool(votes),
        own_votes=UNSET if votes is None else list(votes),
        options=[Option(title, None if hidden else count) for title, count in poll.options],
        emojis=[],
    )
