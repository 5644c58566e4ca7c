"""Statuses that somebody may read, and whether he may (surroundings C7)."""

from __future__ import annotations

from stentor.domain.statuses import Readable, Status, readable
from stentor.store.database import Reader, Row
from stentor.store.statuses import COLUMNS, FROM, WIDTH

# One status by its key, and what decides whether the viewer ($2, or 0) may read it: each of these
# is one look into a unique index.
FIND = f"""
    SELECT {COLUMNS}, a.suspended_at IS NOT NULL OR a.deletion_requested_at IS NOT NULL,
        EXISTS (SELECT 1 FROM follows f
                WHERE f.account_id = $2 AND f.target_account_id = s.account_id),
        EXISTS (SELECT 1 FROM blocks b
                WHERE b.account_id = s.account_id AND b.target_account_id = $2),
        EXISTS (SELECT 1 FROM mentions m WHERE m.status_id = s.id AND m.account_id = $2),
        EXISTS (SELECT 1 FROM blocks b
                WHERE b.account_id = $2 AND b.target_account_id = s.account_id)
    FROM {FROM} JOIN accounts a ON a.id = s.account_id WHERE s.id = $1
"""


async def find(db: Reader, status_id: int | None, viewer_id: int | None) -> Readable | None:
    """A status if the viewer may read it, and what it reblogs too (surroundings C7).

    One query, two for a reblog.
    """
    found = await _find(db, status_id, viewer_id)
    if found is None or found.status.reblog_of_id is None:
        return found
    original = await _find(db, found.status.reblog_of_id, viewer_id)
    return original and Readable(found.status, original.status, original.blocking)


async def _find(db: Reader, status_id: int | None, viewer_id: int | None) -> Readable | None:
    if status_id is None:
        return None
    row = await db.fetch_row(FIND, status_id, viewer_id or 0)
    return None if row is None else _readable(row, viewer_id)


def _readable(row: Row, viewer_id: int | None) -> Readable | None:
    suspended, following, blocked_by, mentioned, blocking = row[WIDTH:]
    status = Status._make(row[:WIDTH])
    if not readable(
        status,
        viewer_id,
        author_suspended=bool(suspended),
        following=bool(following),
        blocked_by=bool(blocked_by),
        mentioned=bool(mentioned),
    ):
        return None
    return Readable(status, status, bool(blocking))
