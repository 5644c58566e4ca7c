"""Favourites: who likes which status."""

from __future__ import annotations

from stentor.domain.paging import Cursor
from stentor.store import marks
from stentor.store.database import Reader, Transaction


async def add(tx: Transaction, account_id: int, status_id: int, *, now: int) -> int | None:
    """Keeps a favourite; its id, or None if it was there. Raises RecordNotFound."""
    return await marks.add(tx, "favourites", account_id, status_id, now=now)


async def remove(tx: Transaction, account_id: int, status_id: int) -> int | None:
    """Removes a favourite; its id, or None if there was none."""
    return await marks.remove(tx, "favourites", account_id, status_id)


async def page(db: Reader, account_id: int, cursor: Cursor) -> list[tuple[int, int]]:
    """One account's favourites, newest first: pairs of row id and status id."""
    return await marks.page(db, "favourites", account_id, cursor)


# By (status, id). Left out: who is suspended or leaving; for a viewer ($4, or 0) also whom he
# blocks or mutes and who blocks him (surroundings C8).
ACCOUNTS = f"""
    SELECT f.id, f.account_id FROM favourites f JOIN accounts a ON a.id = f.account_id
    WHERE f.status_id = $1 AND f.id > $2 AND f.id < $3 AND {marks.SHOWN_ACCOUNT}
    ORDER BY f.id
"""


async def accounts_page(
    db: Reader, status_id: int, viewer_id: int | None, cursor: Cursor, *, now: int
) -> list[tuple[int, int]]:
    """Who favourited a status, newest first: pairs of row id and account id."""
    return await marks.accounts_page(db, ACCOUNTS, status_id, viewer_id, cursor, now=now)
