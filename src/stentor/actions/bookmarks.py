"""Bookmarks: set and removed; nobody is told (surroundings C8)."""

from __future__ import annotations

from stentor.actions.statuses import get_readable, gone_is_not_found
from stentor.store import bookmarks
from stentor.store.database import Database


async def bookmark(db: Database, *, account_id: int, status_id: int | None, now: int) -> None:
    """Bookmarks a status, or what a reblog reblogs. Raises NotFound if it cannot be read."""
    target = (await get_readable(db, status_id, account_id)).original
    with gone_is_not_found():
        async with db.transaction() as tx:
            await bookmarks.add(tx, account_id, target.id, now=now)


async def unbookmark(db: Database, *, account_id: int, status_id: int | None) -> None:
    """Removes a bookmark, if there is one. Raises NotFound if the status cannot be read."""
    target = (await get_readable(db, status_id, account_id)).original
    async with db.transaction() as tx:
        await bookmarks.remove(tx, account_id, target.id)
