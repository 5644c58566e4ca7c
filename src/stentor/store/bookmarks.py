"""Bookmarks: what somebody wants to find again, and tells nobody."""

from __future__ import annotations

from stentor.domain.paging import Cursor
from stentor.store import marks
from stentor.store.database import Reader, Transaction


async def add(tx: Transaction, account_id: int, status_id: int, *, now: int) -> int | None:
    """Keeps a bookmark; its id, or None if it was there. Raises RecordNotFound."""
    return await marks.add(tx, "bookmarks", account_id, status_id, now=now)


async def remove(tx: Transaction, account_id: int, status_id: int) -> int | None:
    """Removes a bookmark; its id, or None if there was none."""
    return await marks.remove(tx, "bookmarks", account_id, status_id)


async def page(db: Reader, account_id: int, cursor: Cursor) -> list[tuple[int, int]]:
    """One account's bookmarks, newest first: pairs of row id and status id."""
    return await marks.page(db, "bookmarks", account_id, cursor)
