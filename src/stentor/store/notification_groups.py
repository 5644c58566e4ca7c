"""One row per recipient and group key, kept true in the notification's own transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass

from stentor.domain.grouped_notifications import SAMPLE, OpenGroup
from stentor.store.database import Reader, Transaction

#: Members of one segment; counting within a group never looks at more rows than this.
SEGMENT = 512


@dataclass(frozen=True, slots=True)
class Member:
    """A notification that may join a group."""

    account_id: int
    id: int
    type: str
    from_account_id: int
    status_id: int | None
    created_at: int


# The group of a prefix that was touched last; uses notification_groups_open.
OPEN = """
    SELECT bucket, newest_at, oldest_at FROM notification_groups
    WHERE account_id = $1 AND prefix = $2 ORDER BY newest_id DESC LIMIT 1
"""


async def find_open(db: Reader, account_id: int, prefix: str) -> OpenGroup | None:
    """The last group of that prefix, if there is one."""
    row = await db.fetch_row(OPEN, account_id, prefix)
    return None if row is None else OpenGroup(*row)


BEGIN = """
    INSERT INTO notification_groups (account_id, group_key, prefix, bucket, type, status_id,
        newest_id, newest_at, oldest_id, oldest_at, notifications_count,
        segment_first_id, segment_count, newest)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $8, 1, $7, 1, $9)
"""
GROW = """
    UPDATE notification_groups SET newest_id = $3, newest_at = $4, newest = $5,
        notifications_count = notifications_count + 1, segment_first_id = $6, segment_count = $7
    WHERE account_id = $1 AND group_key = $2
"""
CLOSE_SEGMENT = """
    INSERT INTO notification_group_segments (account_id, group_key, first_id, notifications_count)
    VALUES ($1, $2, $3, $4)
"""


async def join(
    tx: Transaction, member: Member, *, group_key: str, prefix: str, bucket: int
) -> None:
    """Counts a new notification in. The caller holds the inbox, so its id is the highest.

    Two statements, and a third for every five hundredth member.
    """
    own = [member.id, member.from_account_id]
    row = await tx.fetch_row(
        "SELECT newest, segment_first_id, segment_count FROM notification_groups"
        " WHERE account_id = $1 AND group_key = $2",
        member.account_id,
        group_key,
    )
    if row is None:
        await tx.run(
            BEGIN, member.account_id, group_key, prefix, bucket, member.type, member.status_id,
            member.id, member.created_at, json.dumps([own]),
        )  # fmt: skip
        return
    first_id, count = row[1], row[2] + 1
    if count > SEGMENT:
        await tx.run(CLOSE_SEGMENT, member.account_id, group_key, first_id, count - 1)
        first_id, count = member.id, 1
    newest = json.dumps([own, *json.loads(row[0])][:SAMPLE])
    await tx.run(
        GROW, member.account_id, group_key, member.id, member.created_at, newest, first_id, count
    )


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
    newest = json.dumps([[one[0], one[1]] for one in left])
    await tx.run(
        SHRINK, account_id, group_key, count, len(removed) - len(earlier), newest,
        left[0][0], left[0][2], *oldest,
    )  # fmt: skip
