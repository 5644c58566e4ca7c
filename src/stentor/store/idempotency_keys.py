"""Idempotency keys: which status a repeated request has made already (surroundings C6.1)."""

from __future__ import annotations

import hashlib

from stentor.domain import times
from stentor.store.database import Reader, Transaction

#: How long a key is remembered, in milliseconds.
REMEMBERED = times.HOUR


def _kept(key: str) -> str:
    """What is kept of a key: 64 characters, whatever a client thinks up."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


async def find(db: Reader, account_id: int, key: str, *, now: int) -> int | None:
    """The id of the status that was made with that key within the hour, be it gone by now."""
    found: int | None = await db.fetch_value(
        "SELECT status_id FROM idempotency_keys"
        " WHERE account_id = $1 AND key = $2 AND created_at > $3",
        account_id,
        _kept(key),
        now - REMEMBERED,
    )
    return found


async def claim(
    tx: Transaction, account_id: int, key: str, status_id: int, *, now: int
) -> int | None:
    """Takes a key for a status that is about to be made, and forgets the account's old keys.

    None if it was free. Otherwise the status of whoever had it first; a transaction that holds
    it and has not ended yet is waited for.
    """
    await tx.run(
        "DELETE FROM idempotency_keys WHERE account_id = $1 AND created_at <= $2",
        account_id,
        now - REMEMBERED,
    )
    taken = await tx.fetch_value(
        "INSERT INTO idempotency_keys (account_id, key, status_id, created_at)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, key) DO NOTHING RETURNING status_id",
        account_id,
        _kept(key),
        status_id,
        now,
    )
    return None if taken is not None else await find(tx, account_id, key, now=now)
