"""One row per recipient and group key, kept true in the notification's own transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

import msgspec

from stentor.domain.grouped_notifications import SAMPLE, OpenGroup, joinable, prefix_of
from stentor.store.database import Row, Transaction

#: Members of one segment; counting within a group never looks at more rows than this.
SEGMENT = 512


class Member(NamedTuple):
    """A notification that may join a group."""

    account_id: int
    id: int
    type: str
    from_account_id: int
    status_id: int | None
    created_at: int


_STATE = """account_id, group_key, bucket, newest_at, oldest_at, newest,
           segment_first_id, segment_count"""
# Those in a range of the primary key: one or two, so to sort them here would cost more than they.
OPEN = f"""
    SELECT {_STATE}, newest_id FROM notification_groups
    WHERE account_id = $1 AND group_key > $2 AND group_key < $3
"""
FIND = f"SELECT {_STATE} FROM notification_groups WHERE account_id = $1 AND group_key = $2"


@dataclass(slots=True)
class Group:
    """A group that members may join, as it is kept or as it will be."""

    account_id: int
    group_key: str
    #: The hour that names it, and its last and first touch, as `OpenGroup` wants them.
    open: OpenGroup
    #: Pairs of notification and sender, newest first.
    newest: list[list[int]]
    segment_first_id: int
    segment_count: int
    kept: bool = True
    joined: list[Member] = field(default_factory=list)
    #: First id and size of the segments that were filled up just now.
    full: list[tuple[int, int]] = field(default_factory=list)


_newest = msgspec.json.Decoder(list[list[int]])


def _encoded(newest: list[list[int]]) -> str:
    return msgspec.json.encode(newest).decode()


def _group(row: Row) -> Group:
    account_id, group_key, bucket, newest_at, oldest_at, newest, *segment = row
    last = OpenGroup(bucket, newest_at, oldest_at)
    return Group(account_id, group_key, last, _newest.decode(newest), *segment)


async def find_open(
    tx: Transaction, activities: Iterable[tuple[int, str, int]]
) -> dict[tuple[int, str], Group]:
    """By account and prefix the group touched last of those that its activities might join.

    An activity is an account, a prefix and an hour. Where there is no group, there is none by
    the activity's own hour either. One query.
    """
    earliest: dict[tuple[int, str], int] = {}
    for account_id, prefix, hour in activities:
        slot = (account_id, prefix)
        earliest[slot] = min(hour, earliest.get(slot, hour))
    wanted = [(slot[0], *joinable(slot[1], hour)) for slot, hour in earliest.items()]
    rows = await tx.fetch_many(OPEN, wanted)
    rows.sort(key=itemgetter(-1))
    return {(row[0], prefix_of(row[1])): _group(row[:-1]) for row in rows}


async def find(
    tx: Transaction, keys: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], Group]:  # fmt: skip
    """Those of the groups that there are. One query, none for nothing."""
    wanted = list(dict.fromkeys(keys))
    rows = await tx.fetch_many(FIND, wanted) if wanted else []
    return {(row[0], row[1]): _group(row) for row in rows}


# Of one that is kept already, what it began with stays.
WRITE = """
    INSERT INTO notification_groups (account_id, group_key, bucket, type, status_id,
        newest_id, newest_at, oldest_id, oldest_at, notifications_count,
        segment_first_id, segment_count, newest)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (account_id, group_key) DO UPDATE SET
        newest_id = excluded.newest_id, newest_at = excluded.newest_at, newest = excluded.newest,
        notifications_count = notification_groups.notifications_count
            + excluded.notifications_count,
        segment_first_id = excluded.segment_first_id, segment_count = excluded.segment_count
"""
CLOSE_SEGMENT = """
    INSERT INTO notification_group_segments (account_id, group_key, first_id, notifications_count)
    VALUES ($1, $2, $3, $4)
"""


def begin(account_id: int, group_key: str, bucket: int, *, now: int) -> Group:
    """A group that nobody has joined yet."""
    return Group(account_id, group_key, OpenGroup(bucket, now, now), [], 0, 0, kept=False)


def join(group: Group, member: Member) -> None:
    """Counts a new notification in, by an id that is the highest; `write` keeps it."""
    if group.segment_count >= SEGMENT:
        group.full.append((group.segment_first_id, group.segment_count))
        group.segment_first_id, group.segment_count = member.id, 0
    elif not group.kept and not group.joined:
        group.segment_first_id = member.id
    group.segment_count += 1
    group.newest = [[member.id, member.from_account_id], *group.newest][:SAMPLE]
    group.joined.append(member)


async def write(tx: Transaction, groups: Iterable[Group]) -> None:
    """Keeps who joined. The caller holds the inboxes, so their ids are the highest.

    One statement, and a second if a segment is full.
    """
    written: list[tuple[object, ...]] = []
    closed: list[tuple[object, ...]] = []
    for group in groups:
        if not group.joined:
            continue
        key = (group.account_id, group.group_key)
        first, last = group.joined[0], group.joined[-1]
        closed += [(*key, *one) for one in group.full]
        written.append((
            *key, group.open.bucket, first.type, first.status_id, last.id,
            last.created_at, first.id, first.created_at, len(group.joined),
            group.segment_first_id, group.segment_count, _encoded(group.newest),
        ))  # fmt: skip
    for sql, rows in ((WRITE, written), (CLOSE_SEGMENT, closed)):
        if rows:
            await tx.run_many(sql, rows)


# The newest members that are left; uses notifications_of_group.
NEWEST = f"""
    SELECT id, from_account_id, created_at FROM notifications
    WHERE account_id = $1 AND group_key = $2 ORDER BY id DESC LIMIT {SAMPLE}
"""
OLDEST = """
    SELECT id, created_at FROM notifications
    WHERE account_id = $1 AND group_key = $2 ORDER BY id LIMIT 1
"""
SHRINK = """
    UPDATE notification_groups SET notifications_count = $3, segment_count = segment_count - $4,
        newest = $5, newest_id = $6, newest_at = $7, oldest_id = $8, oldest_at = $9
    WHERE account_id = $1 AND group_key = $2
"""
LEAVE_SEGMENT = """
    UPDATE notification_group_segments SET notifications_count = notifications_count - 1
    WHERE account_id = $1 AND group_key = $2 AND first_id = (
        SELECT max(first_id) FROM notification_group_segments
        WHERE account_id = $1 AND group_key = $2 AND first_id <= $3)
"""


async def leave(tx: Transaction, account_id: int, group_key: str, removed: list[int]) -> None:
    """Counts removed notifications out; the last one takes the row with it."""
    row = await tx.fetch_row(
        "SELECT notifications_count, segment_first_id FROM notification_groups"
        " WHERE account_id = $1 AND group_key = $2",
        account_id,
        group_key,
    )
    if row is None:
        return
    count, first_id = row[0] - len(removed), row[1]
    if count <= 0:
        await tx.run(
            "DELETE FROM notification_groups WHERE account_id = $1 AND group_key = $2",
            account_id,
            group_key,
        )
        return
    earlier = [one for one in removed if one < first_id]
    for one in earlier:
        await tx.run(LEAVE_SEGMENT, account_id, group_key, one)
    left = await tx.fetch(NEWEST, account_id, group_key)
    oldest = await tx.fetch_row(OLDEST, account_id, group_key)
    if oldest is None:
        return
    newest = _encoded([[one[0], one[1]] for one in left])
    await tx.run(
        SHRINK, account_id, group_key, count, len(removed) - len(earlier), newest,
        left[0][0], left[0][2], *oldest,
    )  # fmt: skip
