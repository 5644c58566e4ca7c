"""Conversations as they are read: what is above a status, and what is below it."""

from __future__ import annotations

from stentor.domain.limits import ThreadSize
from stentor.domain.statuses import depth_first
from stentor.store.database import Reader

# Up the chain by primary key. The bound on the depth ends a cycle, too.
ANCESTORS = """
    WITH RECURSIVE up (id, parent_id, depth) AS (
        SELECT s.id, s.in_reply_to_id, 0 FROM statuses s WHERE s.id = $1
        UNION ALL
        SELECT s.id, s.in_reply_to_id, up.depth + 1 FROM up JOIN statuses s ON s.id = up.parent_id
        WHERE up.depth < $2
    )
    SELECT id FROM up WHERE depth > 0 ORDER BY depth DESC
"""

# Down the tree by the index of replies, level by level, and no further than the limit: what is
# cut off of an enormous conversation is its deepest part.
DESCENDANTS = """
    WITH RECURSIVE down (id, parent_id, depth) AS (
        SELECT s.id, s.in_reply_to_id, 1 FROM statuses s WHERE s.in_reply_to_id = $1
        UNION ALL
        SELECT s.id, s.in_reply_to_id, down.depth + 1
        FROM down JOIN statuses s ON s.in_reply_to_id = down.id WHERE down.depth < $2
    )
    SELECT id, parent_id FROM down LIMIT $3
"""

# Those of the authors ($2) whom the viewer ($1) does not want to see: blocked, muted, or of a
# blocked domain.
HIDDEN = """
    SELECT b.target_account_id FROM blocks b
    WHERE b.account_id = $1 AND b.target_account_id = ANY($2)
    UNION SELECT m.target_account_id FROM mutes m
    WHERE m.account_id = $1 AND m.target_account_id = ANY($2)
      AND (m.expires_at IS NULL OR m.expires_at > $3)
    UNION SELECT a.id FROM accounts a JOIN account_domain_blocks d ON d.domain = a.domain
    WHERE d.account_id = $1 AND a.id = ANY($2) AND a.domain <> ''
"""


async def ancestors(db: Reader, status_id: int, size: ThreadSize) -> list[int]:
    """The ids above a status, from the first on, whoever may read them. One query."""
    return [row[0] for row in await db.fetch(ANCESTORS, status_id, size.ancestors)]


async def descendants(db: Reader, status_id: int, size: ThreadSize) -> list[int]:
    """The ids below a status, each followed by its replies, oldest first. One query."""
    rows = await db.fetch(DESCENDANTS, status_id, size.depth, size.descendants)
    return depth_first(status_id, ((row[0], row[1]) for row in rows))


async def hidden(db: Reader, viewer_id: int | None, author_ids: set[int], *, now: int) -> set[int]:
    """Those of the authors whom the viewer has blocked or muted; nobody is hidden from nobody."""
    if viewer_id is None or not author_ids:
        return set()
    return {row[0] for row in await db.fetch(HIDDEN, viewer_id, list(author_ids), now)}
