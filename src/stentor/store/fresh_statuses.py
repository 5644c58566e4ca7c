"""The newest statuses of everybody, for whoever may not have heard of them."""

from __future__ import annotations

from stentor.store.database import Reader

# By the primary key.
SINCE = "SELECT id, account_id FROM statuses WHERE id >= $1 ORDER BY id LIMIT $2"


async def since(db: Reader, first: int, limit: int) -> list[tuple[int, int]]:
    """Statuses from that id on, with their authors, at most so many. One query."""
    return [(row[0], row[1]) for row in await db.fetch(SINCE, first, limit)]
