"""What stands between two accounts, and what may be done about it (surroundings C3.5, C14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stentor.domain import languages, limits, times
from stentor.domain.accounts import Account


class FollowOptions(NamedTuple):
    """What one wants to see of whom one follows; ``languages`` None is all of them."""

    show_reblogs: bool = True
    notify: bool = False
    languages: tuple[str, ...] | None = None


class Mute(NamedTuple):
    """A mute that holds; ``expires_at`` is None for one without an end."""

    hide_notifications: bool
    expires_at: int | None


class Relationship(NamedTuple):
    """One account as another one, the viewer, stands to it."""

    account_id: int
    following: FollowOptions | None = None
    requested: FollowOptions | None = None
    followed_by: bool = False
    requested_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: Mute | None = None
    domain_blocking: bool = False
    endorsed: bool = False
    note: str = ""


class WantedOptions(NamedTuple):
    """What a request says of the options; None for what it leaves as it is.

    ``languages`` empty means all of them.
    """

    show_reblogs: bool | None = None
    notify: bool | None = None
    languages: tuple[str, ...] | None = None

    def over(self, options: FollowOptions) -> FollowOptions:
        """Those options with what is said replaced (C14)."""
        return FollowOptions(
            options.show_reblogs if self.show_reblogs is None else self.show_reblogs,
            options.notify if self.notify is None else self.notify,
            options.languages if self.languages is None else (self.languages or None),
        )


def follow_languages(codes: Sequence[str]) -> tuple[str, ...] | None:
    """The languages of a follow, each once, blanks left out; None if one of them is none."""
    wanted = [languages.normalise(code) for code in codes if code.strip()]
    known = [code for code in wanted if code is not None]
    return tuple(dict.fromkeys(known)) if len(known) == len(wanted) else None


def may_follow(relationship: Relationship, target: Account) -> bool:
    """False if either blocks the other, the target's domain is blocked, or it has moved."""
    return not (
        relationship.blocking
        or relationship.blocked_by
        or relationship.domain_blocking
        or target.moved_to_id is not None
    )


def needs_request(follower: Account, target: Account) -> bool:
    """True if a follow has to be asked for: by the locked, of the limited, and elsewhere."""
    return bool(target.locked) or follower.silenced_at is not None or not target.local


def follow_limit(followers_count: int) -> int:
    """How many accounts somebody with so many followers may follow (D1)."""
    return max(limits.FOLLOWING, round(followers_count * limits.FOLLOWING_PER_FOLLOWER))


def mute_end(duration: int, now: int) -> int | None:
    """When a mute of so many seconds ends; None for never, which 0 and less mean."""
    if duration <= 0:
        return None
    return min(now + duration * times.SECOND, times.LATEST)
