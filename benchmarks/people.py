"""People of a benchmark's own: accounts with a user, and a token where one is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stentor.store import access_tokens
from stentor.store.database import Transaction

SCOPES = "read write follow push"


async def add(tx: Transaction, names: Iterable[tuple[int, str]], *, now: int) -> None:
    """Local accounts by id and name, with the people behind them."""
    rows = [(number, name, now) for number, name in names]
    await tx.run_many(
        "INSERT INTO accounts (id, username, created_at, first_seen_at, updated_at)"
        " VALUES ($1, $2, $3, $3, $3)",
        rows,
    )
    await tx.run_many(
        "INSERT INTO users (account_id, email, password_hash, created_at, confirmed_at)"
        " VALUES ($1, $2::text || '@example.org', '!', $3, $3)",
        rows,
    )


async def tokens(tx: Transaction, account_ids: Sequence[int], *, now: int) -> list[str]:
    """A token for each of them."""
    return [
        await access_tokens.add(tx, application_id=None, account_id=one, scopes=SCOPES, now=now)
        for one in account_ids
    ]
