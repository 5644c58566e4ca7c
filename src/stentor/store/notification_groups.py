"""One row per recipient and group key, kept true in the notification's own transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass

from stentor.domain.grouped_notifications import SAMPLE, OpenGroup
from stentor.store.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Member:
    """A notification that joins a group."""

    account_id: int
    id: int
    type: str
    from_account_id: int
    status_id: int | None
    created_at: int


# The group of a prefix that was touched last; uses notification_groups_open.
OPEN = """
    SELECT bucket, newest_at FROM notification_groups
    WHERE account_id = $1 AND prefix = $2 ORDER BY newest_id DESC LIMIT 1
"""


async def find_open(db: Reader, account_id: int, prefix: str) -> OpenGroup | None:
    """The last group of that prefix, if there is one."""
    row = await db.fetch_row(OPEN, account_id, prefix)
    return None if row is None else OpenGroup(*row)


JOIN = """
    INSERT INTO notification_groups (account_id, group_key, prefix, bucket, type, status_id,
        newest_id, newest_at, oldest_id, notifications_count, newest)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, 1, $9)
    ON CONFLICT (account_id, group_key) DO UPDATE SET
        newest_id = excluded.newest_id, newest_at = excluded.newest_at,
        newest = excluded.newest,
        notifications_count = notification_groups.notifications_count + 1
"""


async def join(
    tx: Transaction, member: Member, *, group_key: str, prefix: str, bucket: int
) -> None:
    """Counts a new notification in. The caller holds the inbox, so its id is the highest."""
    before = await tx.fetch_value(
        "SELECT newest FROM notification_groups WHERE account_id = $1 AND group_key = $2",
        member.account_id,
        group_key,
    )
    newest = [[member.id, member.from_account_id], *(json.loads(before) if before else [])]
    await tx.run(
        JOIN,
        member.account_id,
        group_key,
        prefix,
        bucket,
        member.type,
        member.status_id,
        member.id,
        member.created_at,
        json.dumps(newest[:SAMPLE]),
    )


# The newest members that are left; uses notifications_of_group.
NEWEST = """
    SELECT id, from_account_id, created_at FROM notifications
    WHERE account_id = $1 AND group_key = $2 ORDER BY id DESC LIMIT 8
"""


async def leave(tx: Transaction, account_id: int, group_key: str, removed: list[int]) -> None:
    """Counts removed notifications out; the last one takes the row with it."""
    row = await tx.fetch_row(
        "SELECT notifications_count, newest, oldest_id FROM notification_groups"
        " WHERE account_id = $1 AND group_key = $2",
        account_id,
        group_key,
    )
    if row is None:
        return
    count, newest, oldest_id = row[0] - len(removed), json.loads(row[1]), row[2]
    if count <= 0:
        await tx.run(
            "DELETE FROM notification_groups WHERE account_id = $1 AND group_key = $2",
            account_id,
            group_key,
        )
        return
    if not {one for one, _ in newest}.isdisjoint(removed):
        left = await tx.fetch(NEWEST, account_id, group_key)
        await tx.run(
            "UPDATE notification_groups SET newest = $3, newest_id = $4, newest_at = $5"
            " WHERE account_id = $1 AND group_key = $2",
            account_id,
            group_key,
            json.dumps([[one[0], one[1]] for one in left]),
            left[0][0],
            left[0][2],
        )
    if oldest_id in removed:
        oldest_id = await tx.fetch_value(
            "SELECT min(id) FROM notifications WHERE account_id = $1 AND group_key = $2",
            account_id,
            group_key,
        )
    await tx.run(
        "UPDATE notification_groups SET notifications_count = $3, oldest_id = $4"
        " WHERE account_id = $1 AND group_key = $2",
        account_id,
        group_key,
        count,
        oldest_id,
    )
