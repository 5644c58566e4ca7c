"""Quotes: which status quotes which, and whether it may."""

from __future__ import annotations

from collections.abc import Iterable

from stentor.domain.paging import Cursor
from stentor.domain.quotes import ACCEPTED, DELETED, Quote
from stentor.store.database import Reader, Transaction
from stentor.store.marks import direction, newest_first

_COLUMNS = f"""
    q.id, q.status_id, q.account_id, q.quoted_status_id, q.quoted_account_id,
    CASE WHEN q.quoted_status_id IS NULL THEN '{DELETED}' ELSE q.state END
"""

# By the unique key of the quoting status ($1); what the viewer ($2, or 0) thinks of the quoted
# account at the time $3 is one look into a unique index each.
LOAD = f"""
    SELECT {_COLUMNS},
        EXISTS (SELECT 1 FROM blocks b
                WHERE b.account_id = $2 AND b.target_account_id = q.quoted_account_id),
        EXISTS (SELECT 1 FROM account_domain_blocks d JOIN accounts a ON a.domain = d.domain
                WHERE d.account_id = $2 AND a.id = q.quoted_account_id AND a.domain <> ''),
        EXISTS (SELECT 1 FROM mutes m
                WHERE m.account_id = $2 AND m.target_account_id = q.quoted_account_id
                  AND (m.expires_at IS NULL OR m.expires_at > $3))
    FROM quotes q WHERE q.status_id = ANY($1)
"""


async def load(
    db: Reader, status_ids: Iterable[int], viewer_id: int | None, *, now: int
) -> dict[int, Quote]:
    """The quotes in those statuses, by the status's id. One query."""
    rows = await db.fetch(LOAD, list(status_ids), viewer_id or 0, now)
    return {row[1]: Quote(*row[:6], *map(bool, row[6:])) for row in rows}


async def find(db: Reader, status_id: int | None) -> Quote | None:
    """What a status quotes."""
    if status_id is None:
        return None
    row = await db.fetch_row(f"SELECT {_COLUMNS} FROM quotes q WHERE q.status_id = $1", status_id)
    return None if row is None else Quote(*row)


# Along the index of a status's accepted quotes.
PAGE = """
    SELECT id, status_id FROM quotes WHERE quoted_status_id = $1 AND state = 'accepted'
    AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4
"""


async def page(db: Reader, quoted_status_id: int, cursor: Cursor) -> list[tuple[int, int]]:
    """A status's accepted quotes, newest first: pairs of row id and quoting status's id."""
    sql = PAGE.replace("id DESC", f"id {direction(cursor)}")
    rows = await db.fetch(sql, quoted_status_id, cursor.after, cursor.before, cursor.limit)
    return newest_first(rows, cursor)


async def follows(db: Reader, account_id: int, target_account_id: int) -> bool:
    """True if an account follows another, which may let it quote him."""
    found = await db.fetch_value(
        "SELECT 1 FROM follows WHERE account_id = $1 AND target_account_id = $2",
        account_id,
        target_account_id,
    )
    return found is not None


ADD = """
    INSERT INTO quotes
        (status_id, account_id, quoted_status_id, quoted_account_id, state, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""


async def add(
    tx: Transaction,
    status_id: int,
    account_id: int,
    *,
    quoted_status_id: int,
    quoted_account_id: int,
    now: int,
) -> int:
    """Lets a status quote another, accepted; its id. Raises RecordNotFound if that is gone."""
    added: int = await tx.fetch_value(
        ADD, status_id, account_id, quoted_status_id, quoted_account_id, ACCEPTED, now
    )
    return added


async def set_state(tx: Transaction, quote_id: int, state: str) -> None:
    """Changes how a quote stands; the statuses on both sides are locked."""
    await tx.run("UPDATE quotes SET state = $2 WHERE id = $1", quote_id, state)
