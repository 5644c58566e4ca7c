"""Attempts that all processes count together, and that no restart forgets."""

from __future__ import annotations

from stentor.store.database import Transaction

#: Rows that one sweep removes at most.
MOST = 500

ADD = """
    INSERT INTO rate_counts (name, who, ends_at, used) VALUES ($1, $2, $3, 1)
    ON CONFLICT (name, who, ends_at) DO UPDATE SET used = rate_counts.used + 1
    RETURNING used
"""


async def add(tx: Transaction, name: str, who: str, *, ends_at: int) -> int:
    """Counts one attempt in the window that ends then; how many there are with it."""
    used: int = await tx.fetch_value(ADD, name, who, ends_at)
    return used


SWEEP = """
    DELETE FROM rate_counts WHERE (name, who, ends_at) IN (
      SELECT name, who, ends_at FROM rate_counts WHERE ends_at <= $1 LIMIT $2
      FOR UPDATE SKIP LOCKED)
"""


async def sweep(tx: Transaction, *, now: int) -> int:
    """Forgets windows that have ended; how many rows."""
    return await tx.run(SWEEP, now, MOST)
