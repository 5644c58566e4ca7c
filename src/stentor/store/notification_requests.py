"""Notification requests: who waits at the door, and how much he has to say."""

from __future__ import annotations

from stentor.store.database import Transaction

#: Counting stops here (notifications.md 6.2).
MOST = 100

# How many filtered mentions and quotes there are from one sender, and the newest one's status;
# uses notifications_requested.
COUNT = f"""
    SELECT count(*), max(id) FROM (
        SELECT id FROM notifications
        WHERE account_id = $1 AND from_account_id = $2 AND filtered
          AND type IN ('mention', 'quote')
        ORDER BY id DESC LIMIT {MOST}
    ) AS newest
"""

OPEN = """
    INSERT INTO notification_requests
        (id, account_id, from_account_id, last_status_id, notifications_count,
         created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (account_id, from_account_id) DO UPDATE SET
        last_status_id = excluded.last_status_id,
        notifications_count = excluded.notifications_count,
        updated_at = excluded.updated_at
"""


async def touch(
    tx: Transaction, *, request_id: int, account_id: int, from_account_id: int, now: int
) -> None:
    """Opens the request of that sender, or brings it up to date (notifications.md 6.2)."""
    count, last_status_id = await _count(tx, account_id, from_account_id)
    await tx.run(OPEN, request_id, account_id, from_account_id, last_status_id, count, now)


async def _count(tx: Transaction, account_id: int, from_account_id: int) -> tuple[int, int | None]:
    row = await tx.fetch_row(COUNT, account_id, from_account_id)
    count, newest = (0, None) if row is None else (row[0], row[1])
    if newest is None:
        return 0, None
    status_id = await tx.fetch_value(
        "SELECT status_id FROM notifications WHERE account_id = $1 AND id = $2",
        account_id,
        newest,
    )
    return count, status_id


async def evaluate(tx: Transaction, account_id: int, from_account_id: int) -> None:
    """Counts again after something was removed; nothing left ends the request (6.4).

    The last status is looked up anew too, so a deleted one never stands in the way (C-9).
    """
    count, last_status_id = await _count(tx, account_id, from_account_id)
    if count == 0:
        await tx.run(
            "DELETE FROM notification_requests WHERE account_id = $1 AND from_account_id = $2",
            account_id,
            from_account_id,
        )
        return
    await tx.run(
        "UPDATE notification_requests SET notifications_count = $3, last_status_id = $4"
        " WHERE account_id = $1 AND from_account_id = $2",
        account_id,
        from_account_id,
        count,
        last_status_id,
    )
