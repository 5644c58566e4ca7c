"""Hashtags as people ask for them: what they are known by, and how they were used lately."""

from __future__ import annotations

from typing import NamedTuple

from stentor.domain import limits, text, times

HISTORY_DAYS = 7


class Tag(NamedTuple):
    """A row of ``tags`` as one viewer sees it; ``id`` is None as long as nobody has used it."""

    id: int | None
    name: str
    following: bool = False
    featuring: bool = False


class FeaturedTag(NamedTuple):
    """A hashtag on an account's profile; ``name`` as it was typed. ``last_status_at`` in ms."""

    id: int
    name: str
    tag_name: str
    statuses_count: int
    last_status_at: int | None


class Day(NamedTuple):
    """How a hashtag was used on one day: ``day`` is its first second since the epoch."""

    day: int
    uses: int
    accounts: int


def typed(name: str) -> str | None:
    """A hashtag without its sign, as it was typed; None if it is none (surroundings C6.4)."""
    bare = name.strip()
    if bare.startswith(("#", "＃")):
        bare = bare[1:]
    found = text.find_hashtags(f"#{bare}")
    if (
        len(found) != 1
        or found[0].display != bare
        or len(found[0].name.encode()) > (limits.TAG_BYTES)
    ):
        return None
    return bare


def normalised(name: str | None) -> str | None:
    """What a hashtag is known by, with or without its sign; None if it is none."""
    bare = typed(name) if name else None
    return text.hashtag_name(bare) if bare else None


def first_day(now: int) -> int:
    """The first millisecond of the history that is shown now."""
    return now - now % times.DAY - (HISTORY_DAYS - 1) * times.DAY


def history(used: dict[int, tuple[int, int]], now: int) -> list[Day]:
    """Seven days, today first; ``used`` maps days since the first to uses and accounts."""
    first = first_day(now)
    return [
        Day((first + day * times.DAY) // times.SECOND, *used.get(day, (0, 0)))
        for day in reversed(range(HISTORY_DAYS))
    ]


def prefix(q: str) -> str:
    """What normalised names must begin with to be found by this; '' finds nothing."""
    bare = q.strip()
    if bare.startswith(("#", "＃")):
        bare = bare[1:]
    # What no hashtag can hold finds nothing, instead of what is found without it.
    if any(c.isspace() or (c.isascii() and not (c.isalnum() or c == "_")) for c in bare):
        return ""
    return text.hashtag_name(bare)
