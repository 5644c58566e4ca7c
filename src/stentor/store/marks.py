"""What favourites, bookmarks and pins have in common: a table of (id, account, status)."""

from __future__ import annotations

from typing import Literal

from stentor.domain.paging import Cursor
from stentor.store.database import Reader, Row, Transaction

Table = Literal["favourites", "bookmarks", "status_pins"]

# The account `a` may be listed to the viewer $4 (0 for nobody) at the time $5.
SHOWN_ACCOUNT = """a.suspended_at IS NULL AND a.deletion_requested_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM blocks b
                      WHERE b.account_id = $4 AND b.target_account_id = a.id)
      AND NOT EXISTS (SELECT 1 FROM blocks b
                      WHERE b.account_id = a.id AND b.target_account_id = $4)
      AND NOT EXISTS (SELECT 1 FROM mutes m WHERE m.account_id = $4 AND m.target_account_id = a.id
                      AND (m.expires_at IS NULL OR m.expires_at > $5))"""


async def add(
    tx: Transaction, table: Table, account_id: int, status_id: int, *, now: int
) -> int | None:
    """Keeps a mark, once; its id, or None if it was there. Raises RecordNotFound."""
    added: int | None = await tx.fetch_value(
        f"INSERT INTO {table} (account_id, status_id, created_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id, status_id) DO NOTHING RETURNING id",
        account_id,
        status_id,
        now,
    )
    return added


async def remove(tx: Transaction, table: Table, account_id: int, status_id: int) -> int | None:
    """Removes a mark; its id, or None if there was none."""
    removed: int | None = await tx.fetch_value(
        f"DELETE FROM {table} WHERE account_id = $1 AND status_id = $2 RETURNING id",
        account_id,
        status_id,
    )
    return removed


async def page(db: Reader, table: Table, account_id: int, cursor: Cursor) -> list[tuple[int, int]]:
    """One account's marks, newest first, by (account, id): pairs of row id and status id."""
    rows = await db.fetch(
        f"SELECT id, status_id FROM {table} WHERE account_id = $1 AND id > $2 AND id < $3"
        f" ORDER BY id {direction(cursor)} LIMIT $4",
        account_id,
        cursor.after,
        cursor.before,
        cursor.limit,
    )
    return newest_first(rows, cursor)


async def accounts_page(
    db: Reader, sql: str, status_id: int, viewer_id: int | None, cursor: Cursor, *, now: int
) -> list[tuple[int, int]]:  # fmt: skip
    """Who did something to a status, newest first: pairs of row id and account id.

    ``sql`` takes status, open interval, viewer and time, and ends with its ORDER BY.
    """
    rows = await db.fetch(
        f"{sql} {direction(cursor)} LIMIT $6",
        status_id,
        cursor.after,
        cursor.before,
        viewer_id or 0,
        now,
        cursor.limit,
    )
    return newest_first(rows, cursor)


# By (original, account). Left out are also the reblogs that only followers may see.
REBLOGGED_BY = f"""
    SELECT s.id, s.account_id FROM statuses s JOIN accounts a ON a.id = s.account_id
    WHERE s.reblog_of_id = $1 AND s.id > $2 AND s.id < $3
      AND s.visibility IN ('public', 'unlisted') AND {SHOWN_ACCOUNT}
    ORDER BY s.id
"""


async def reblogged_by(
    db: Reader, status_id: int, viewer_id: int | None, cursor: Cursor, *, now: int
) -> list[tuple[int, int]]:
    """Who reblogged a status, newest first: pairs of the reblog's id and the account's."""
    return await accounts_page(db, REBLOGGED_BY, status_id, viewer_id, cursor, now=now)


def direction(cursor: Cursor) -> str:
    """How the rows of a page are fetched."""
    return "ASC" if cursor.ascending else "DESC"


def newest_first(rows: list[Row], cursor: Cursor) -> list[tuple[int, int]]:
    """Fetched rows in the order in which a page lists them."""
    pairs = [(int(row[0]), int(row[1])) for row in rows]
    return pairs[::-1] if cursor.ascending else pairs
