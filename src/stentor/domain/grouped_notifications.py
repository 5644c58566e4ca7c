"""Which notifications make a group, and under which key (notifications.md 5.1, 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stentor.domain import times
from stentor.domain.notifications import BY_NAME, TRAITS, NotificationType
from stentor.domain.paging import Cursor

#: A group takes in what happens within so many hours of its first hour, and no longer.
SPAN_HOURS = 12
#: However late its activities come in, a group takes no more in so long after it was begun; so
#: the groups that a cursor cuts in two are among those begun in this time before it.
LIFETIME = 24 * times.HOUR
#: How many of a group's senders are kept at hand.
SAMPLE = 8

GROUPABLE = frozenset(one for one, traits in TRAITS.items() if traits.groupable)


class OpenGroup(NamedTuple):
    """The group of a prefix that was touched last: its first hour, first and last touch."""

    bucket: int
    newest_at: int
    oldest_at: int


class Group(NamedTuple):
    """A group as a list shows it, or a notification that stands alone (a group of one).

    Its figures are those of its row, or of its members within a page's range (`PageRange`).
    """

    #: Its representative on the page.
    id: int
    group_key: str
    type: str
    status_id: int | None
    size: int
    #: Up to SAMPLE pairs of notification and sender, newest first.
    newest: tuple[tuple[int, int], ...]
    newest_id: int
    newest_at: int
    oldest_id: int
    #: When its representative came.
    at: int
    #: Who sent its representative; 0 if he is known not to be suspended.
    sender: int
    #: What it is about if it stands alone, else 0.
    activity_id: int


def prefix(type: NotificationType, status_id: int | None) -> str | None:
    """What the keys of such notifications begin with; None if they are never grouped."""
    if type not in GROUPABLE:
        return None
    return type.value if status_id is None else f"{type.value}-{status_id}"


def hour(activity_at: int, *, now: int) -> int:
    """The hour of an activity, counted from the epoch.

    A time in the future counts as now, so that nobody can pin a group to it (weakness C-23).
    """
    return min(activity_at, now) // times.HOUR


def key(prefix: str, bucket: int) -> str:
    """The key of the group of a prefix that an hour names."""
    return f"{prefix}-{bucket}"


def prefix_of(group_key: str) -> str:
    """What `key` was made from."""
    return group_key.rpartition("-")[0]


def joinable(prefix: str, hour: int) -> tuple[str, str]:
    """Two keys: between them, byte by byte, are the groups that an activity of that hour may join.

    So is the one that its own hour names. All hours from 1981 to 2084 have six digits.
    """
    return key(prefix, hour - SPAN_HOURS), f"{prefix}."  # the dot is what follows the hyphen


def bucket(activity_at: int, last: OpenGroup | None, *, now: int) -> int:
    """The hour that names the group of an activity (notifications.md 5.1).

    It joins the last group of its prefix if it is less than twelve hours after that group's
    first hour and the group was touched in the last twelve hours; else it begins one, and a day
    after it was begun a group is closed whatever still arrives late.
    """
    at = hour(activity_at, now=now)
    if (
        last is not None
        and last.newest_at > now - SPAN_HOURS * times.HOUR
        and last.oldest_at > now - LIFETIME
        and at < last.bucket + SPAN_HOURS
    ):
        return last.bucket
    return at


def grouped_types(names: list[str]) -> frozenset[NotificationType]:
    """The types that a request wants grouped: none named means all that can be."""
    if not names:
        return GROUPABLE
    return frozenset(BY_NAME[name] for name in names if name in BY_NAME) & GROUPABLE


def ungrouped_id(group_key: str) -> int | None:
    """The notification id in ``ungrouped-<id>``; None for every other key."""
    number = group_key.removeprefix("ungrouped-")
    if number == group_key or not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    return int(number)


@dataclass(frozen=True, slots=True)
class PageRange:
    """The ids that a page of groups speaks for: ``low`` to ``high``, both included."""

    low: int
    high: int


def page_range(representatives: list[int], cursor: Cursor) -> PageRange:
    """Which members the statistics of a page count (notifications.md 5.4).

    ``representatives`` are the ids of the page, newest first, at least one.
    """
    first, last = representatives[0], representatives[-1]
    if len(representatives) == cursor.limit:
        return PageRange(last, first)
    if cursor.ascending:
        return PageRange(last, cursor.before - 1)
    return PageRange(cursor.after + 1 if cursor.after else 0, first)


def within(group: Group, span: PageRange) -> Group | None:
    """A group with the figures that a page with that range shows; None if its row lacks members.

    (notifications.md 5.4: what is above the range does not count, and nor does what is below
    it as the lowest id.)
    """
    low, high = span.low, span.high
    oldest_id, members = group.oldest_id, group.newest
    if oldest_id < low:
        seen = [one for one, _ in members if one >= low]
        if not seen or len(seen) == len(members):
            return None
        oldest_id = seen[-1]
    if group.newest_id <= high:
        return group._replace(oldest_id=oldest_id)
    upto = tuple(one for one in members if one[0] <= high)
    # Of a member of which it is not the representative, the row does not know the time.
    if len(members) < group.size or not upto or upto[0][0] != group.id:
        return None
    return group._replace(
        size=len(upto), newest=upto, newest_id=group.id, newest_at=group.at, oldest_id=oldest_id
    )
