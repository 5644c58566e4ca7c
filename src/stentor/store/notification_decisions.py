"""What was decided about each thing somebody could have been told, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stentor.domain import times
from stentor.domain.paging import Cursor
from stentor.store.database import Reader, Transaction

#: Decisions are kept for so long.
KEPT = 7 * times.DAY


class NotificationDecision(NamedTuple):
    """A row of ``notification_decisions``; dropped ones have no notification."""

    id: int
    account_id: int
    from_account_id: int
    type: str
    activity_id: int
    status_id: int | None
    notification_id: int | None
    verdict: int
    reason: str
    created_at: int


# Told anew (an edit), a decision is about the newest; its place in the list stays.
ADD = """
    INSERT INTO notification_decisions (account_id, from_account_id, type, activity_id, status_id,
        notification_id, verdict, reason, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (account_id, type, activity_id) DO UPDATE SET
        notification_id = excluded.notification_id, verdict = excluded.verdict,
        reason = excluded.reason, created_at = excluded.created_at
"""


async def add(tx: Transaction, decisions: Sequence[NotificationDecision]) -> None:
    """Keeps them, of two about the same the second; their ``id`` is not looked at."""
    latest = {(one.account_id, one.type, one.activity_id): one[1:] for one in decisions}
    if latest:
        await tx.run_many(ADD, list(latest.values()))


COLUMNS = ", ".join(f"d.{name}" for name in NotificationDecision._fields)
# What was about a status, or came from somebody, that is gone by now is not shown.
_PAGE = f"""
    SELECT {COLUMNS} FROM notification_decisions d
    WHERE d.account_id = $1 AND d.id > $2 AND d.id < $3 %s
      AND EXISTS (SELECT 1 FROM accounts f WHERE f.id = d.from_account_id)
      AND (d.status_id IS NULL OR EXISTS (SELECT 1 FROM statuses s WHERE s.id = d.status_id))
    ORDER BY d.id %s LIMIT $4
"""


async def page(
    db: Reader,
    account_id: int,
    cursor: Cursor,
    *,
    verdict: int | None = None,
    from_account_id: int | None = None,
) -> list[NotificationDecision]:
    """A page of decisions about one account's inbox, the latest first.

    The table holds some days only, so a filter looks through a bounded range.
    """
    where, values = "", [account_id, cursor.after, cursor.before, cursor.limit]
    if verdict is not None:
        values.append(verdict)
        where += f" AND d.verdict = ${len(values)}"
    if from_account_id is not None:
        values.append(from_account_id)
        where += f" AND d.from_account_id = ${len(values)}"
    sql = _PAGE % (where, "ASC" if cursor.ascending else "DESC")
    found = [NotificationDecision._make(row) for row in await db.fetch(sql, *values)]
    return found[::-1] if cursor.ascending else found


async def sweep(tx: Transaction, *, now: int) -> int:
    """Forgets some of those that are older than KEPT; how many."""
    return await tx.run(
        "DELETE FROM notification_decisions WHERE (account_id, id) IN"
        " (SELECT account_id, id FROM notification_decisions WHERE created_at < $1 LIMIT 1000"
        " FOR UPDATE SKIP LOCKED)",
        now - KEPT,
    )
