"""Notification requests: who waits at the door, and how much he has to say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stentor.domain.paging import Cursor
from stentor.store.database import Reader, Transaction

#: Counting stops here (notifications.md 6.2).
MOST = 100

# How many filtered mentions and quotes there are from one sender, and the newest one's status;
# uses notifications_requested.
COUNT = f"""
    SELECT counted, (
        SELECT status_id FROM notifications
        WHERE account_id = $1 AND filtered = TRUE AND id = newest_id)
    FROM (
        SELECT count(*) AS counted, max(id) AS newest_id FROM (
            SELECT id FROM notifications /*+ notifications_requested */
            WHERE account_id = $1 AND from_account_id = $2 AND filtered
              AND (type IN ('mention', 'quote')) IS TRUE
            ORDER BY id DESC LIMIT {MOST}
        ) AS latest
    ) AS waiting
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
    return (0, None) if row is None else (row[0], row[1])


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


class NotificationRequest(NamedTuple):
    """A row of ``notification_requests``."""

    id: int
    from_account_id: int
    last_status_id: int | None
    notifications_count: int
    created_at: int
    updated_at: int


COLUMNS = ", ".join(f"r.{name}" for name in NotificationRequest._fields)
_PAGE = f"""
    SELECT {COLUMNS} FROM notification_requests r CROSS JOIN accounts f
    WHERE f.id = r.from_account_id AND r.account_id = $1 AND r.id > $2 AND r.id < $3
      AND f.suspended_at IS NULL AND f.deletion_requested_at IS NULL
    ORDER BY r.id %s LIMIT $4
"""
PAGE = {False: _PAGE % "DESC", True: _PAGE % "ASC"}


async def page(db: Reader, account_id: int, cursor: Cursor) -> list[NotificationRequest]:
    """A page of requests, the latest opened first; suspended senders are left out (1.16)."""
    rows = await db.fetch(
        PAGE[cursor.ascending], account_id, cursor.after, cursor.before, cursor.limit
    )
    found = [NotificationRequest._make(row) for row in rows]
    return found[::-1] if cursor.ascending else found


async def find(db: Reader, account_id: int, request_id: int | None) -> NotificationRequest | None:
    """One request of that account, whatever has become of its sender."""
    if request_id is None:
        return None
    row = await db.fetch_row(
        f"SELECT {COLUMNS} FROM notification_requests r WHERE r.id = $1 AND r.account_id = $2",
        request_id,
        account_id,
    )
    return None if row is None else NotificationRequest._make(row)


async def summary(db: Reader, account_id: int) -> tuple[int, int]:
    """How many requests wait, and how many notifications in them (6.8)."""
    row = await db.fetch_row(
        "SELECT count(*), COALESCE(sum(r.notifications_count), 0)::bigint"
        " FROM notification_requests r CROSS JOIN accounts f"
        " WHERE f.id = r.from_account_id AND r.account_id = $1"
        " AND f.suspended_at IS NULL AND f.deletion_requested_at IS NULL",
        account_id,
    )
    return (0, 0) if row is None else (row[0], int(row[1]))


# What waits behind each request, by type and by the rule that filtered it.
WAITING = """
    SELECT from_account_id, type, reason, count(*)
    FROM notifications /*+ notifications_by_sender */
    WHERE account_id = $1 AND from_account_id = ANY($2) AND filtered
    GROUP BY from_account_id, type, reason ORDER BY from_account_id, type, reason
"""


async def waiting(
    db: Reader, account_id: int, from_account_ids: Iterable[int]
) -> dict[int, list[tuple[str, str, int]]]:
    """Type, reason and number of what is filtered of each sender; one query."""
    found: dict[int, list[tuple[str, str, int]]] = {}
    for sender, type, reason, count in await db.fetch(WAITING, account_id, list(from_account_ids)):
        found.setdefault(sender, []).append((type, reason, count))
    return found


async def senders(db: Reader, account_id: int, request_ids: Iterable[int]) -> list[int]:
    """Whose requests those are; foreign and unknown ones are left out."""
    rows = await db.fetch(
        "SELECT from_account_id FROM notification_requests"
        " WHERE id = ANY($1) AND account_id = $2 ORDER BY from_account_id",
        list(request_ids),
        account_id,
    )
    return [row[0] for row in rows]


async def take(tx: Transaction, account_id: int, request_ids: Iterable[int]) -> list[int]:
    """Removes those requests of the account; their senders."""
    rows = await tx.fetch(
        "DELETE FROM notification_requests WHERE id = ANY($1) AND account_id = $2"
        " RETURNING from_account_id",
        list(request_ids),
        account_id,
    )
    return sorted(row[0] for row in rows)


async def remove(tx: Transaction, account_id: int, from_account_id: int) -> None:
    """Removes a sender's request, if there is one."""
    await tx.run(
        "DELETE FROM notification_requests WHERE account_id = $1 AND from_account_id = $2",
        account_id,
        from_account_id,
    )


async def other_merges(tx: Transaction, account_id: int, key: str) -> bool:
    """True if the account has merges to be done beside the one with that key."""
    found = await tx.fetch_value(
        "SELECT 1 FROM jobs WHERE account_id = $1 AND kind = 'merge_notifications'"
        " AND key <> $2 AND failed_at IS NULL LIMIT 1",
        account_id,
        key,
    )
    return found is not None
